import Foundation
import XCTest

@testable import Credentials

final class ProcessTests: CredentialTestCase {
    private func run(
        _ arguments: [String], environment: [String: String] = ["PATH": "/usr/bin:/bin"], timeout: Int64 = 20_000,
        maximum: Int = 65_536, isWhole: ([UInt8]) -> Bool = { _ in true },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> String {
        String(
            decoding: try LocalProcesses().run(
                arguments, environment: environment, timeoutMilliseconds: timeout, maximumBytes: maximum,
                isWhole: isWhole, isCancelled: isCancelled), as: UTF8.self)
    }

    private func refusal(_ body: () throws -> Void) -> CredentialUnavailable? {
        do {
            try body()
            XCTFail("was not refused")
            return nil
        } catch {
            return error as? CredentialUnavailable
        }
    }

    func testOutputAndEnvironment() throws {
        XCTAssertEqual(try run(["printf", "%s|", "a b", "$HOME", "'"]), "a b|$HOME|'|")
        XCTAssertEqual(try run(["/bin/sh", "-c", "echo $X; echo hidden >&2"], environment: ["X": "y"]), "y\n")
        XCTAssertEqual(try run(["cat"]), "", "standard input is empty")
        XCTAssertEqual(try run(["head", "-c", "60000", "/dev/zero"]).utf8.count, 60_000)
    }

    func testFailures() {
        XCTAssertEqual(refusal { _ = try run(["sh", "-c", "exit 3"]) }?.reason, "ended with exit status 3")
        XCTAssertEqual(refusal { _ = try run(["sh", "-c", "kill -9 $$"]) }?.reason, "was ended by signal 9")
        XCTAssertEqual(
            refusal { _ = try run(["/nonexistent/tool"]) }?.reason, "could not be started: the program does not exist")
        XCTAssertEqual(refusal { _ = try run(["/etc/passwd"]) }?.reason, "could not be started: permission denied")
        XCTAssertEqual(refusal { _ = try run(["a\0b"]) }?.reason, "names no program")
        XCTAssertEqual(refusal { _ = try run([]) }?.reason, "names no program")
        XCTAssertEqual(
            refusal { _ = try run(["cat", "/dev/zero"], maximum: 1000) }?.reason, "printed more than 1000 bytes")
    }

    func testTimeLimitAndCancelling() {
        XCTAssertEqual(refusal { _ = try run(["sleep", "60"], timeout: 150) }?.reason, "took longer than 150 ms")
        XCTAssertEqual(
            refusal { _ = try run(["sh", "-c", "sleep 60; exit 0"], timeout: 150) }?.reason, "took longer than 150 ms")
        // It has closed its output and does not end.
        XCTAssertEqual(
            refusal { _ = try run(["sh", "-c", "exec >&-; sleep 60"], timeout: 300) }?.reason, "was ended by signal 9")
        XCTAssertEqual(
            refusal { _ = try run(["sleep", "60"], isCancelled: { true }) }?.reason,
            "was ended because the client is closing")
    }

    /// An agent that a command starts keeps the output open for as long as it runs, which is longer than any limit here.
    func testACommandThatLeavesAProcessBehindHasEnded() throws {
        let limit: Int64 = 600_000
        let pid = home + "/pid"
        let agent = "sleep 900 & echo $! > '\(pid)'; "
        func end() {
            let text = (try? String(contentsOfFile: pid, encoding: .utf8)) ?? ""
            guard let id = text.split(separator: "\n").first.flatMap({ pid_t($0) }) else { return XCTFail("no agent") }
            XCTAssertEqual(kill(id, SIGTERM), 0, "the agent was ended with the command")
        }
        XCTAssertEqual(try run(["sh", "-c", agent + "printf whole; exit 0"], timeout: limit), "whole")
        end()
        XCTAssertEqual(
            try run(["sh", "-c", agent + "head -c 60000 /dev/zero"], timeout: limit).utf8.count, 60_000)
        end()
        XCTAssertEqual(
            refusal { _ = try run(["sh", "-c", agent + "exit 3"], timeout: limit, isWhole: { _ in false }) }?.reason,
            "ended with exit status 3")
        end()
        // What it started prints the rest.
        let rest = "(sleep 0.5; printf b; exec sleep 900) & echo $! > '\(pid)'; printf a"
        XCTAssertEqual(
            try run(["sh", "-c", rest], timeout: limit, isWhole: { $0 == Array("ab".utf8) }), "ab")
        end()
        XCTAssertEqual(
            refusal { _ = try run(["sh", "-c", agent], timeout: 1_500, isWhole: { _ in false }) }?.reason,
            "has ended, and a process that it started kept the output open, which was not whole after 1500 ms")
        end()
        var status: Int32 = 0
        XCTAssertEqual(waitpid(-1, &status, WNOHANG), -1, "a child was left unreaped")
    }

    func testNothingIsInheritedAndNothingIsLeft() throws {
        let leak = open("/dev/null", O_RDONLY)  // without close-on-exec
        defer { close(leak) }
        let listed = try run(["ls", "/proc/self/fd"]).split(separator: "\n")
        XCTAssertFalse(listed.contains("\(leak)"), "\(listed)")
        XCTAssertEqual(Set(listed.prefix(3)), ["0", "1", "2"])
        // Blocked signals are not handed on: a worker thread blocks all of them.
        var all = sigset_t()
        var old = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &old)
        let blocked = try run(["grep", "SigBlk", "/proc/self/status"])
        pthread_sigmask(SIG_SETMASK, &old, nil)
        XCTAssertTrue(blocked.contains("0000000000000000"), blocked)
        let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        for _ in 0..<20 { _ = try run(["true"]) }
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count, before)
        var status: Int32 = 0
        XCTAssertEqual(waitpid(-1, &status, WNOHANG), -1, "a child was left unreaped")
    }

    func testShellWords() {
        for (text, words) in [
            ("", []), ("  a  b\tc ", ["a", "b", "c"]), ("'a b' \"c d\"", ["a b", "c d"]),
            (#"a\ b \'x"#, ["a b", "'x"]),
            (#""a\"b\\c\d""#, [#"a"b\c\d"#]), ("a'b'\"c\"", ["abc"]), ("'' \"\"", ["", ""]), (#"'a\b'"#, [#"a\b"#]),
            ("$HOME `x` *", ["$HOME", "`x`", "*"]),
        ] as [(String, [String])] {
            XCTAssertEqual(ShellWords.split(text), words, text)
        }
        for bad in ["'", "\"", "a\\", "'a", "\"a\\", "\"\\"] { XCTAssertNil(ShellWords.split(bad), bad) }
    }
}

final class FileTests: CredentialTestCase {
    private func read(_ path: String, _ maximum: Int = 100) -> Result<CredentialFile, CredentialFileFault> {
        LocalFiles().read(path, maximumBytes: maximum)
    }

    private func fault(_ result: Result<CredentialFile, CredentialFileFault>) -> CredentialFileFault? {
        if case .failure(let fault) = result { return fault }
        return nil
    }

    func testRegularFilesOnly() throws {
        let path = try write("f", "text", mode: 0o604)
        let file = try read(path).get()
        XCTAssertEqual(file.bytes, Array("text".utf8))
        XCTAssertTrue(file.isReadableByAll)
        XCTAssertFalse(try read(try write("g", "", mode: 0o640)).get().isReadableByAll)
        XCTAssertEqual(fault(read(home + "/none")), .missing)
        XCTAssertEqual(fault(read(path + "/below")), .unreadable("its folder is a file"))
        XCTAssertEqual(fault(read(path + "/below/x")), .missing)
        XCTAssertEqual(fault(read(home)), .unreadable("not a regular file"))
        XCTAssertEqual(fault(read("/dev/zero")), .unreadable("not a regular file"))
        XCTAssertEqual(mkfifo(home + "/fifo", 0o600), 0)
        XCTAssertEqual(fault(read(home + "/fifo")), .unreadable("not a regular file"))
        let exact = try write("exact", String(repeating: "x", count: 100))
        XCTAssertEqual(try read(exact).get().bytes.count, 100)
        XCTAssertEqual(fault(read(exact, 99)), .unreadable("larger than 99 bytes"))
    }

    func testNoiseNeverCrashes() throws {
        var state: UInt64 = 99
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let pieces = Array("policy[]=:#;\n\r \tabc\"'\\{},0é\u{0}".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(next() % 60)).map { _ in pieces[Int(next() % UInt64(pieces.count))] }
            _ = INIFile(bytes, names: ["a", "ab", "policy"], hashCutsValues: next() % 2 == 0)
            _ = ShellWords.split(String(decoding: bytes, as: UTF8.self))
            _ = try? MetadataText.firstLine(bytes, "x")
        }
    }
}
