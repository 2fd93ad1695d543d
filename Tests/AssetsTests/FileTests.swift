import Core
import Foundation
import XCTest

@testable import Assets

final class FileTests: XCTestCase {
    private static let image = Fixture.bytes("plain.png")
    private var image: [UInt8] { Self.image }
    private let folder = Folder()

    override func tearDown() { folder.remove() }

    private func failure(_ path: String, _ options: Assets.Options = options()) -> Failure? {
        do throws(Failure) {
            let sink = try FileSink(path: path, options: options)
            try sink.prepare()
            sink.abandon(keepPartial: false)
            return nil
        } catch {
            XCTAssertFalse(error.message.contains("\n"))
            return error
        }
    }

    @discardableResult
    private func download(_ path: String, _ options: Assets.Options = options(), _ bytes: [UInt8]? = nil) throws
        -> String?
    {
        let sink = try Assets.makeSink(path: path, options: options)
        try sink.prepare()
        XCTAssertEqual(sink.run(Answer.whole(bytes ?? image)).word, "complete")
        return try sink.commit().path
    }

    func testExtensionOfTheFormat() throws {
        for name in Fixture.names {
            let path = try download(folder.file("a.b.*"), options(overwrite: true), Fixture.bytes(name))
            XCTAssertEqual(path, folder.file("a.b." + Fixture.format(name).fileExtension))
        }
        XCTAssertEqual(folder.names, ["a.b.bmp", "a.b.gif", "a.b.jpg", "a.b.png", "a.b.webp"])
        // Other stars are just characters, and so is the extension that the caller chose.
        XCTAssertEqual(try download(folder.file("*")), folder.file("*"))
        XCTAssertEqual(try download(folder.file("x.jpg")), folder.file("x.jpg"))
    }

    func testModeFollowsTheMask() throws {
        let mask = umask(0o027)
        defer { umask(mask) }
        try download(folder.file("a"))
        XCTAssertEqual(folder.mode("a"), 0o640)
    }

    func testExistingFiles() throws {
        folder.write("a.png", [1])
        XCTAssertEqual(failure(folder.file("a.png"))?.status, .fileExists)
        XCTAssertEqual(folder.names, ["a.png"])
        // The extension is known with the first bytes.
        let open = try FileSink(path: folder.file("a.*"), options: options())
        try open.prepare()
        XCTAssertEqual(open.run(Answer.whole(image)).word, "failed fileExists")
        open.abandon(keepPartial: false)
        XCTAssertEqual(folder.names, ["a.png"])
        // It appears while the download runs.
        let late = try FileSink(path: folder.file("b.png"), options: options())
        try late.prepare()
        XCTAssertEqual(late.run(Answer.whole(image)).word, "complete")
        folder.write("b.png", [2])
        XCTAssertThrowsError(try late.commit()) { XCTAssertEqual(($0 as? Failure)?.status, .fileExists) }
        late.abandon(keepPartial: false)
        XCTAssertEqual(folder.read("b.png"), [2])
        XCTAssertEqual(folder.names, ["a.png", "b.png"])
        try download(folder.file("a.png"), options(overwrite: true))
        XCTAssertTrue(folder.read("a.png") == image)
        // A link is replaced, not followed; a dangling one is something that exists.
        symlink("/nowhere/at/all", folder.file("l.png"))
        XCTAssertEqual(failure(folder.file("l.png"))?.status, .fileExists)
        try download(folder.file("l.png"), options(overwrite: true))
        XCTAssertTrue(folder.read("l.png") == image)
    }

    func testPathsThatCannotBe() throws {
        for path in ["", "/", "a/", ".", "..", "x/..", ".*", "x/.*", "a\0b"] {
            XCTAssertEqual(failure(path)?.status, .invalidArgument, path)
        }
        mkdir(folder.file("sub"), 0o755)
        folder.write("plain", [1])
        let long = String(repeating: "x", count: 256)
        let cases: [(String, String)] = [
            (folder.file("sub"), "folder"), (folder.file("none/a.png"), "does not exist"),
            (folder.file("plain/a.png"), "no folder"), (folder.file(long), "too long"),
            (folder.file(String(repeating: "x", count: 251) + ".*"), "too long"),
            (String(repeating: "x/", count: 3000) + "a", "too long"), ("/sys/a.png", "denied"), ("/dev/null", "device"),
        ]
        for (path, word) in cases {
            let found = failure(path, options(overwrite: true))
            XCTAssertEqual(found?.status, .file, path)
            XCTAssertTrue(found?.message.contains(word) ?? false, found?.message ?? "no error for \(path)")
        }
        XCTAssertEqual(folder.names, ["plain", "sub"])
        // The longest names that a folder takes are fine.
        let name = String(repeating: "é", count: 127) + "a"
        XCTAssertEqual(try download(folder.file(name)), folder.file(name))
        XCTAssertEqual(folder.names.count, 3)
    }

    func testARelativePathSurvivesAChangeOfFolder() throws {
        let before = FileManager.default.currentDirectoryPath
        defer { XCTAssertEqual(chdir(before), 0) }
        XCTAssertEqual(chdir(folder.path), 0)
        let here = FileManager.default.currentDirectoryPath
        let sink = try FileSink(path: "here.*", options: options())
        let other = try FileSink(path: "./there.png", options: options())
        try sink.prepare()
        XCTAssertEqual(chdir("/"), 0)
        // Fault 11: what counts is the folder of the moment of the call, although a worker opens it later.
        try other.prepare()
        for (sink, name) in [(sink, "/here.png"), (other, "/./there.png")] {
            XCTAssertEqual(sink.run(Answer.whole(image)).word, "complete")
            XCTAssertEqual(try sink.commit().path, here + name)
        }
        XCTAssertEqual(folder.names, ["here.png", "there.png"])
    }

    func testAWorkingFolderThatIsGone() throws {
        let before = FileManager.default.currentDirectoryPath
        defer { XCTAssertEqual(chdir(before), 0) }
        XCTAssertEqual(mkdir(folder.file("gone"), 0o700), 0)
        XCTAssertEqual(chdir(folder.file("gone")), 0)
        XCTAssertEqual(rmdir(folder.file("gone")), 0)
        XCTAssertThrowsError(try FileSink(path: "here.*", options: options())) {
            XCTAssertEqual(($0 as? Failure)?.status, .file)
            XCTAssertTrue(($0 as? Failure)?.message.contains("working folder") == true, "\($0)")
        }
    }

    /// A suffix that the bytes contradict is kept, and said.
    func testASuffixOfAnotherFormat() throws {
        for (name, warns) in [
            ("a.jpg", true), ("b.JPEG", true), ("c.png", false), ("d.*", false), ("e", false),
            ("results-v1.2", false), ("f.png.webp", true),
        ] {
            let sink = try FileSink(path: folder.file(name), options: options())
            try sink.prepare()
            XCTAssertEqual(sink.run(Answer.whole(image)).word, "complete")
            let result = try sink.commit()
            XCTAssertEqual(result.warnings.count, warns ? 1 : 0, name)
            XCTAssertEqual(result.path, folder.file(name == "d.*" ? "d.png" : name))
        }
    }

    /// Fault 12: neither a pipe nor a lease in the place of a .part file makes a worker wait.
    func testNobodyWaitsForTheHolderOfAName() throws {
        let part = try FilePlace(path: folder.file("a.png"), identity: "token#0").part
        let began = Date()
        for name in [part, part + ".info"] {
            XCTAssertEqual(mkfifo(folder.file(name), 0o600), 0)
            if name == part { XCTAssertEqual(failure(folder.file("a.png"))?.status, .file) }
            XCTAssertEqual(remove(folder.file(name)), 0)
        }
        folder.write(part, [1, 2, 3])
        let holder = Glibc.open(folder.file(part), O_RDONLY)
        defer { close(holder) }
        let before = signal(SIGIO, SIG_IGN)
        defer { signal(SIGIO, before) }
        let setLease: Int32 = 1_024
        guard fcntl(holder, setLease, Int32(F_RDLCK)) == 0 else { throw XCTSkip("no leases here") }
        let refused = failure(folder.file("a.png"))
        XCTAssertEqual(refused?.status, .file)
        XCTAssertEqual(refused?.isRetryable, true)
        XCTAssertTrue(refused?.message.contains("lease") == true, refused?.message ?? "it was opened")
        XCTAssertEqual(fcntl(holder, setLease, Int32(F_UNLCK)), 0)
        XCTAssertEqual(try download(folder.file("a.png")), folder.file("a.png"))
        XCTAssertLessThan(Date().timeIntervalSince(began), 5)
    }

    func testSomethingInThePlaceOfThePartialFile() throws {
        let part = try FilePlace(path: folder.file("a.png"), identity: "token#0").part
        folder.write("victim", [7])
        XCTAssertEqual(symlink(folder.file("victim"), folder.file(part)), 0)
        let refused = failure(folder.file("a.png"))
        XCTAssertEqual(refused?.status, .file)
        XCTAssertTrue(refused?.message.contains("symbolic link") ?? false, "not even opened")
        XCTAssertEqual(folder.read("victim"), [7])
        unlink(folder.file(part))
        XCTAssertEqual(symlink("/nowhere", folder.file(part)), 0)
        XCTAssertEqual(failure(folder.file("a.png"))?.status, .file)
        unlink(folder.file(part))
        mkdir(folder.file(part), 0o755)
        XCTAssertEqual(failure(folder.file("a.png"))?.status, .file)
        rmdir(folder.file(part))
        XCTAssertEqual(mkfifo(folder.file(part), 0o600), 0)
        XCTAssertEqual(failure(folder.file("a.png"))?.status, .file)
        unlink(folder.file(part))
        // A second name of another file (what a crash between linking and unlinking leaves) is dropped, not written.
        XCTAssertEqual(link(folder.file("victim"), folder.file(part)), 0)
        try download(folder.file("a.png"))
        XCTAssertEqual(folder.read("victim"), [7])
        XCTAssertEqual(folder.names, ["a.png", "victim"])
        // A link in the place of the note is neither read nor written through.
        symlink(folder.file("victim"), folder.file(part + ".info"))
        let sink = try FileSink(path: folder.file("a.png"), options: options(overwrite: true))
        try sink.prepare()
        _ = sink.run(Answer.whole(image).cut(after: 100))
        sink.abandon(keepPartial: true)
        XCTAssertEqual(folder.read("victim"), [7])
    }

    func testTwoSinksNeverWriteOneFile() throws {
        let first = try FileSink(path: folder.file("a.png"), options: options())
        try first.prepare()
        XCTAssertEqual(first.run(Answer.whole(image).cut(after: 500)).word, "incomplete")
        let second = failure(folder.file("a.png"))
        XCTAssertEqual(second?.status, .file)
        XCTAssertTrue(second?.message.contains("another download") ?? false)
        XCTAssertEqual(folder.names.count, 2, "the second one touched nothing")
        XCTAssertEqual(first.run(Answer.rest(of: image, from: 500)).word, "complete")
        _ = try first.commit()
        XCTAssertTrue(folder.read("a.png") == image)
        // Another image to the same name: both run, one wins, the other is told.
        let a = try FileSink(path: folder.file("b.png"), options: options(identity: "1"))
        let b = try FileSink(path: folder.file("b.png"), options: options(identity: "2"))
        try a.prepare()
        try b.prepare()
        for sink in [a, b] { XCTAssertEqual(sink.run(Answer.whole(image)).word, "complete") }
        _ = try b.commit()
        XCTAssertThrowsError(try a.commit()) { XCTAssertEqual(($0 as? Failure)?.status, .fileExists) }
        a.abandon(keepPartial: false)
        XCTAssertEqual(folder.names, ["a.png", "b.png"])
    }

    func testAnotherProcessHoldsThePartialFile() throws {
        let part = try FilePlace(path: folder.file("a.png"), identity: "token#0").part
        let other = Process()
        let (told, ends) = (Pipe(), Pipe())
        other.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        other.arguments = [folder.file(part), "sh", "-c", "echo held; read line"]
        other.standardOutput = told
        other.standardInput = ends
        try other.run()
        XCTAssertEqual(told.fileHandleForReading.readData(ofLength: 5), Data("held\n".utf8))
        XCTAssertEqual(failure(folder.file("a.png"))?.status, .file)
        XCTAssertEqual(folder.names, [part])
        try ends.fileHandleForWriting.close()
        other.waitUntilExit()
        try download(folder.file("a.png"))
        XCTAssertEqual(folder.names, ["a.png"])
    }

    func testAChildOfAForkTouchesNothing() throws {
        let sink = try FileSink(path: folder.file("a.png"), options: options())
        let store = FileStore(
            place: try FilePlace(path: folder.file("b.png"), identity: "x"), overwrite: false, followsUmask: true,
            calls: .system)
        XCTAssertNil(try store.open())
        store.process += 1  // as seen from a child
        store.discard(keep: false)
        XCTAssertEqual(folder.names.count, 1)
        sink.abandon(keepPartial: true)
        sink.abandon(keepPartial: false)
    }

    func testDiskFull() throws {
        let big = Fixture.bigPNG(3 << 20)
        guard geteuid() == 0, mount("none", folder.path, "tmpfs", 0, "size=1m") == 0 else {
            throw XCTSkip("mounting a small file system needs root")
        }
        defer { umount2(folder.path, 2) }
        for answer in [Answer.whole(big), Answer(body: big)] {
            let sink = try FileSink(path: folder.file("a.png"), options: options())
            try sink.prepare()
            var pieces = answer
            pieces.pieces = [Int](repeating: 16_384, count: 200)
            XCTAssertEqual(sink.run(pieces).word, "failed noSpace")
            sink.abandon(keepPartial: false)
            XCTAssertEqual(folder.names, [])
        }
        try download(folder.file("a.png"))
    }

    func testFileSizeLimit() throws {
        let big = Fixture.bigPNG(3 << 20)
        let handler = signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(1), &limit)
        var small = limit
        small.rlim_cur = 1 << 20
        setrlimit(__rlimit_resource_t(1), &small)
        let sink = try FileSink(path: folder.file("a.png"), options: options())
        try sink.prepare()
        let words = [sink.run(Answer(body: big)), sink.run(Answer.whole(big))].map(\.word)
        setrlimit(__rlimit_resource_t(1), &limit)
        signal(SIGXFSZ, handler)
        XCTAssertEqual(words, ["failed file", "failed file"])
        sink.abandon(keepPartial: false)
        XCTAssertEqual(folder.names, [])
    }

    func testPiecesOfEverySizeAroundTheBuffer() throws {
        let big = Fixture.bigPNG(400_000)
        let text = Array(Data(big).base64EncodedString().utf8)
        for (round, length) in [1000, 4095, 4096, 4097, 61_441, 65_000, 65_535, 65_536, 65_537, 131_073].enumerated() {
            for (mode, body) in [(Assets.Mode.url, big), (.api, text)] {
                let sinks: [any AssetSink] = [
                    try FileSink(path: folder.file("\(round)\(mode)"), options: options(mode)),
                    MemorySink(options: options(mode)),
                ]
                for sink in sinks {
                    try sink.prepare()
                    var answer = Answer.whole(body)
                    answer.pieces = (0..<2000).map { $0 % 3 == 0 ? 7 : length }
                    XCTAssertEqual(sink.run(answer).word, "complete")
                    let result = try sink.commit()
                    XCTAssertTrue((result.bytes?.array ?? folder.read("\(round)\(mode)")) == big, "\(length) \(mode)")
                }
            }
        }
    }

    func testTheFactoryAppliesItsSettings() throws {
        let sinks = AssetSinks(overwrite: true, maximumBytes: 100)
        XCTAssertTrue(try sinks.make(path: nil, isAPIAnswer: false, identity: "") is MemorySink)
        XCTAssertThrowsError(try sinks.make(path: "", isAPIAnswer: true, identity: "x"))
        folder.write("a.png", [1])
        let sink = try sinks.make(path: folder.file("a.png"), isAPIAnswer: false, identity: "x")
        XCTAssertEqual(folder.names, ["a.png"], "no file is touched yet")
        try sink.prepare()
        XCTAssertEqual(sink.run(Answer.whole(image)).word, "failed tooLarge")
        sink.abandon(keepPartial: false)
        XCTAssertEqual(folder.read("a.png"), [1])
    }

    func testDescriptorsAreNotLeaked() throws {
        func open() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1 }
        try download(folder.file("warm-up"))
        let before = open()
        for round in 0..<20 {
            try download(folder.file("a\(round)"))
            XCTAssertEqual(failure(folder.file("a\(round)"))?.status, .fileExists)
            let sink = try FileSink(path: folder.file("c"), options: options())
            try sink.prepare()
            _ = sink.run(Answer.whole(image).cut(after: 300))
            if round % 2 == 0 { sink.abandon(keepPartial: round % 4 == 0) }  // otherwise by dropping it
        }
        XCTAssertEqual(open(), before)
    }
}
