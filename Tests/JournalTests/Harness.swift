import Core
import Foundation
import XCTest

@testable import Journal

/// A folder of its own, gone at the end.
final class Place {
    let path: String

    init(_ base: String = NSTemporaryDirectory()) {
        var template = Array((base + "/aigc-journal-XXXXXX").utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var journal: String { path + "/journal" }
    var file: String { journal + "/jobs.db" }
}

final class Words: @unchecked Sendable {
    private let lock = NSLock()
    private var words: [String] = []

    func add(_ word: String) {
        lock.lock()
        words.append(word)
        lock.unlock()
    }

    var all: [String] {
        lock.lock()
        defer { lock.unlock() }
        return words
    }
}

let warnings = Words()
/// Keys with ids that a journal could not keep.
let unkept = Words()

/// No hash: tests want to see that the account's name goes through it.
func open(_ path: String, keep: Int64 = -1) throws -> Journal {
    var settings = Journal.Settings(
        path: path, hash: { bytes in Array(bytes.reversed()) },
        warn: { warning in
            warnings.add(warning.text)
            if let (key, id) = warning.unkept { unkept.add(key.text + " " + id) }
        })
    settings.keepMilliseconds = keep
    return try Journal(settings)
}

func key(_ text: String) -> JournalKey { JournalKey(text)! }

func claim(_ text: String, payload: String = "a cat", request: [UInt8]? = nil) -> JournalClaim {
    JournalClaim(
        key: key(text), provider: "tencent", operation: "aigc_image", region: "", endpoint: "localhost:1",
        digest: Array(payload.utf8), request: request)
}

extension Journal {
    /// As a client that sends at once: the key is in the file when this returns.
    func take(_ claim: JournalClaim) throws -> JournalClaimed {
        let claimed = try self.claim(claim, isFresh: false)
        if claimed == .new { _ = try find(claim.key) }
        return claimed
    }

    /// Waits for the step. What failed is thrown.
    func step(_ step: JournalStep, _ text: String) throws {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var answer = JournalAnswer.written
        record(step, of: key(text)) {
            answer = $0
            done.signal()
        }
        XCTAssertEqual(done.wait(timeout: .now() + 30), .success)
        switch answer {
        case .written: break
        case .failed(let failure): throw failure
        case .taken(let place): throw Taken(place: place)
        }
    }

    /// From the first owner on.
    func takeOver(limit: Int) throws -> [JournalPlace] {
        var cursor = JournalCursor()
        return try takeOver(limit: limit, after: &cursor)
    }

    func state(_ text: String) throws -> JournalState? { try find(key(text))?.entry.state }

    func changes(since known: [JournalPlace]) -> [JournalPlace] {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var found: [JournalPlace] = []
        look(known) { places in
            found = places
            done.signal()
        }
        XCTAssertEqual(done.wait(timeout: .now() + 30), .success)
        return found
    }
}

/// Another client was faster.
struct Taken: Error, Equatable {
    let place: JournalPlace
}

extension JournalStep {
    /// Of the request that `claim` makes; where the key has no row of it, the step takes it.
    static func sending(_ account: String, _ text: String, payload: String = "a cat") -> JournalStep {
        .sending(JournalTests.claim(text, payload: payload), account: account)
    }
}

func status(_ body: () throws -> Void) -> Status? {
    do {
        try body()
        return nil
    } catch let failure as Failure {
        return failure.status
    } catch {
        return .internal
    }
}

/// This program once more, as one of `ChildTests`.
final class Child {
    let process = Process()
    private let output = Pipe()
    private let input = Pipe()

    init(_ role: String, _ path: String, _ argument: String = "") throws {
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["JournalTests.ChildTests/testRole"]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["AIGC_TEST_ROLE": role, "AIGC_TEST_PATH": path, "AIGC_TEST_ARGUMENT": argument]
        ) { $1 }
        process.standardOutput = output
        process.standardInput = input
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// The next line that it says with "> " in front.
    func line() -> String? {
        var text: [UInt8] = []
        while true {
            let byte = output.fileHandleForReading.readData(ofLength: 1)
            guard let first = byte.first else { return nil }
            if first == UInt8(ascii: "\n") {
                let said = String(decoding: text, as: UTF8.self)
                if said.hasPrefix("> ") { return String(said.dropFirst(2)) }
                text = []
            } else {
                text.append(first)
            }
        }
    }

    func go() { input.fileHandleForWriting.write(Data("\n".utf8)) }

    func kill(_ number: Int32 = SIGKILL) {
        Foundation.kill(process.processIdentifier, number)
        if number == SIGKILL { process.waitUntilExit() }
    }
}

/// What the other processes of these tests do; nothing when it is run by itself.
final class ChildTests: XCTestCase {
    func testRole() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let role = environment["AIGC_TEST_ROLE"], let path = environment["AIGC_TEST_PATH"] else { return }
        let journal = try open(path)
        switch role {
        case "hold":
            _ = try journal.take(claim("claimed"))
            _ = try journal.take(claim("sending"))
            try journal.step(.sending("id", "sending"), "sending")
            try journal.leaves(key("sending"))
            _ = try journal.take(claim("accepted"))
            try journal.step(.sending("id", "accepted"), "accepted")
            try journal.step(.accepted(remoteID: "r-1", requestID: "q-1"), "accepted")
            say("held")
            _ = readLine()
        case "notes":
            try journal.step(.sending("id", "recorded"), "recorded")
            try journal.step(.sending("id", "left"), "left")
            try journal.leaves(key("left"))
            // Its connection failed, and it is tried again.
            try journal.step(.sending("id", "returned"), "returned")
            journal.record(.returned, of: key("returned"), done: nil)
            // It was refused by a limit, and its second connection is being made.
            for name in ["again", "left again"] {
                try journal.step(.sending("id", name), name)
                try journal.leaves(key(name))
                try journal.step(.returned, name)
                try journal.step(.sending("id", name), name)
            }
            try journal.leaves(key("left again"))
            try journal.step(.sending("id", "noted"), "noted")
            try journal.leaves(key("noted"))
            say("ready")
            _ = readLine()
            journal.record(.accepted(remoteID: "r-noted", requestID: "q"), of: key("noted"), done: nil)
            say("answered")
            _ = readLine()
        case "race":
            say("ready")
            _ = readLine()
            var new = 0
            for index in 0..<1_000 {
                guard case .new = try journal.claim(claim("k\(index)"), isFresh: false) else { continue }
                do {
                    try journal.step(.sending("id", "k\(index)"), "k\(index)")
                    new += 1
                } catch is Taken {}
            }
            say("\(new)")
            _ = readLine()
        case "write":
            for index in 0... {
                let name = "\(environment["AIGC_TEST_ARGUMENT"] ?? "")-\(index)"
                _ = try journal.claim(claim(name), isFresh: true)
                try journal.step(.sending("id", name), name)
                try journal.step(.accepted(remoteID: "r", requestID: ""), name)
                say(name)
            }
        default: XCTFail("there is no role \(role)")
        }
        journal.close()
    }

    private func say(_ text: String) { FileHandle.standardOutput.write(Data("\n> \(text)\n".utf8)) }
}
