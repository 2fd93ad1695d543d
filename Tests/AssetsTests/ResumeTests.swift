import Core
import Foundation
import XCTest

@testable import Assets

final class ResumeTests: XCTestCase {
    private static let image = Fixture.bigPNG(300_000)
    private var image: [UInt8] { Self.image }
    private let folder = Folder()

    override func tearDown() { folder.remove() }

    private var target: String { folder.file("cat.png") }

    private func open(_ options: Assets.Options = options()) throws -> FileSink {
        let sink = try FileSink(path: target, options: options)
        try sink.prepare()
        return sink
    }

    /// Leaves a partial file behind, as a process does that is told to end.
    private func leave(_ count: Int, _ answer: Answer? = nil, _ options: Assets.Options = options()) throws {
        let sink = try open(options)
        XCTAssertEqual(sink.run((answer ?? Answer.whole(image)).cut(after: count)).word, "incomplete")
        sink.abandon(keepPartial: true)
    }

    private func finish(_ sink: FileSink, _ answer: Answer, line: UInt = #line) throws {
        XCTAssertEqual(sink.run(answer).word, "complete", line: line)
        let result = try sink.commit()
        XCTAssertEqual(result.path, target, line: line)
        XCTAssertTrue(folder.read("cat.png") == image, line: line)
        XCTAssertEqual(folder.names, ["cat.png"], line: line)
    }

    func testWithinOneSinkForFileAndMemory() throws {
        let file = try open()
        let memory = MemorySink(options: options())
        for sink in [file, memory] as [any AssetSink] {
            XCTAssertEqual(sink.resumeOffset, 0)
            XCTAssertNil(sink.resumeValidator)
            var held = 0
            for count in [70_001, 1, 130_000] {
                let answer = held == 0 ? Answer.whole(image) : Answer.rest(of: image, from: held)
                XCTAssertEqual(sink.run(answer.cut(after: count)).word, "incomplete")
                held += count
                XCTAssertEqual(sink.resumeOffset, Int64(held))
                XCTAssertEqual(sink.received, Int64(held))
                XCTAssertEqual(sink.expected, Int64(image.count))
                XCTAssertEqual(sink.resumeValidator, "\"one\"")
            }
            XCTAssertEqual(sink.run(Answer.rest(of: image, from: held)).word, "complete")
        }
        XCTAssertTrue(try memory.commit().bytes?.array == image)
        XCTAssertEqual(try file.commit().byteCount, Int64(image.count))
        XCTAssertTrue(folder.read("cat.png") == image)
    }

    func testAfterARestartOfTheProcess() throws {
        try leave(123_456)
        let part = try XCTUnwrap(folder.partName)
        XCTAssertEqual(folder.names, [part, part + ".info"])
        XCTAssertEqual(folder.read(part)?.count, 123_456)
        XCTAssertEqual(folder.mode(part), 0o600)
        XCTAssertEqual(folder.mode(part + ".info"), 0o600)
        let sink = try open()
        XCTAssertEqual(sink.resumeOffset, 123_456)
        XCTAssertEqual(sink.resumeValidator, "\"one\"")
        XCTAssertEqual(sink.expected, Int64(image.count))
        try finish(sink, Answer.rest(of: image, from: 123_456))
    }

    func testAfterACutAtAnyPlace() throws {
        let small = Fixture.bytes("baseline.jpg")
        for count in stride(from: 1, through: small.count, by: 37) {
            let folder = Folder()
            let path = folder.file("x.*")
            let first = try FileSink(path: path, options: options())
            try first.prepare()
            _ = first.run(Answer.whole(small, crc: true).cut(after: count))
            first.abandon(keepPartial: true)
            let second = try FileSink(path: path, options: options())
            try second.prepare()
            // Not the whole, even if all is there: one byte asks the server to confirm the rest.
            XCTAssertLessThan(second.resumeOffset, Int64(small.count))
            let offset = Int(second.resumeOffset)
            XCTAssertEqual(second.run(offset == 0 ? .whole(small) : .rest(of: small, from: offset)).word, "complete")
            XCTAssertEqual(try second.commit().path, folder.file("x.jpg"))
            XCTAssertTrue(folder.read("x.jpg") == small)
            XCTAssertEqual(folder.names, ["x.jpg"])
        }
    }

    func testAKilledProcessLosesNoMoreThanABuffer() throws {
        let big = Fixture.bigPNG(3 << 20)
        var sink: FileSink? = try FileSink(path: target, options: options())
        try sink?.prepare()
        let headers = HTTPHeaders(Answer.whole(big).headers.map { HTTPHeader($0.0, $0.1) })
        XCTAssertEqual(sink?.begin(status: 200, headers: headers), true)
        for start in stride(from: 0, to: 2_500_000, by: 16_384) {
            let piece = Array(big[start..<min(start + 16_384, 2_500_000)])
            XCTAssertEqual(piece.withUnsafeBytes { sink?.receive($0) }, true)
        }
        // What a kill leaves is what lies on the disk now.
        let part = try XCTUnwrap(folder.partName)
        let (left, note) = (folder.read(part) ?? [], folder.read(part + ".info") ?? [])
        sink?.abandon(keepPartial: false)
        sink = nil
        XCTAssertEqual(folder.names, [])
        folder.write(part, left)
        folder.write(part + ".info", note)
        chmod(folder.file(part), 0o600)
        let second = try open()
        XCTAssertGreaterThan(second.resumeOffset, 2_500_000 - 65_536)
        XCTAssertEqual(second.run(Answer.rest(of: big, from: Int(second.resumeOffset))).word, "complete")
        _ = try second.commit()
        XCTAssertTrue(folder.read("cat.png") == big)
    }

    func testAChangedObjectStartsOver() throws {
        let other = Fixture.bytes("plain.png")
        try leave(1000)
        var sink = try open()
        // If-Range did its work: the whole new object comes with 200.
        XCTAssertEqual(sink.run(Answer.whole(other, etag: "\"two\"")).word, "complete")
        _ = try sink.commit()
        XCTAssertTrue(folder.read("cat.png") == other)
        // A server that sends a part of it all the same.
        for change in 0..<5 {
            let folder = Folder()
            sink = try FileSink(path: folder.file("a"), options: options())
            try sink.prepare()
            XCTAssertEqual(sink.run(Answer.whole(image, crc: true).cut(after: 1000)).word, "incomplete")
            var answer = Answer.rest(of: image, from: 1000)
            switch change {
            case 0: answer.headers[1].1 = "\"two\""
            case 1: answer.headers[0].1 = "bytes 1000-\(image.count)/\(image.count + 1)"
            case 2: answer.headers[0].1 = "bytes 999-\(image.count - 1)/\(image.count)"
            case 3: answer.headers.removeFirst()
            default: answer.headers.append(("x-cos-hash-crc64ecma", "12345"))
            }
            let finish = sink.run(answer)
            XCTAssertEqual(finish.word, "corrupt", "change \(change)")
            XCTAssertTrue(finish.failure?.message.contains("start over") ?? false, "by its head: change \(change)")
            XCTAssertEqual(folder.names.count, 2)
            try sink.restart()
            XCTAssertEqual(folder.names.count, 1, "the note goes before other bytes come")
            XCTAssertEqual(sink.resumeOffset, 0)
            XCTAssertEqual(sink.received, 0)
            XCTAssertEqual(sink.run(Answer.whole(image)).word, "complete")
            _ = try sink.commit()
            XCTAssertTrue(folder.read("a") == image)
        }
    }

    func testWrongBytesInTheRestAreNeverPublished() throws {
        let jpeg = Fixture.bytes("baseline.jpg")
        let sink = try open()
        XCTAssertEqual(sink.run(Answer.whole(jpeg, crc: true).cut(after: 600)).word, "incomplete")
        var answer = Answer.rest(of: jpeg, from: 600)
        answer.body[100] ^= 1
        XCTAssertEqual(sink.run(answer).word, "corrupt", "by the checksum of the first answer")
        sink.abandon(keepPartial: false)
        XCTAssertEqual(folder.names, [])
    }

    func testOnlyWithAValidatorThatIsFit() throws {
        let date = "Tue, 21 Oct 2025 07:28:00 GMT"
        let later = "Tue, 21 Oct 2025 07:28:05 GMT"
        let cases: [([(String, String)], String?)] = [
            ([("ETag", "W/\"weak\"")], nil), ([("ETag", "unquoted")], nil), ([], nil), ([("ETag", "\"a\nb\"")], nil),
            ([("ETag", "W/\"weak\""), ("Last-Modified", date), ("Date", later)], nil),
            ([("Last-Modified", date), ("Date", later)], date), ([("Last-Modified", date)], nil),
            ([("ETag", "\"strong\""), ("Last-Modified", date)], "\"strong\""),
            ([("Last-Modified", "yesterday\r\nX: y")], nil),
            ([("ETag", "\"\(String(repeating: "x", count: 300))\"")], nil),
        ]
        for (headers, validator) in cases {
            let sink = try open()
            var answer = Answer.whole(image, etag: nil)
            answer.headers += headers
            XCTAssertEqual(sink.run(answer.cut(after: 5000)).word, "incomplete")
            XCTAssertEqual(sink.resumeValidator, validator)
            XCTAssertEqual(sink.resumeOffset, validator == nil ? 0 : 5000)
            XCTAssertEqual(sink.received, 5000)
            sink.abandon(keepPartial: true)
            XCTAssertEqual(folder.names.count, validator == nil ? 0 : 2)
            try open().abandon(keepPartial: false)
            XCTAssertEqual(folder.names, [])
        }
    }

    func testUnsatisfiableRange() throws {
        // The length was never announced, all is there, and the connection broke: 416 says that nothing is missing.
        for total in [image.count, image.count + 1] {
            var first = Answer(body: image)
            first.headers = [("ETag", "\"one\"")]
            let sink = MemorySink(options: options())
            XCTAssertEqual(sink.run(first.cut(after: image.count)).word, "incomplete")
            XCTAssertEqual(sink.resumeOffset, Int64(image.count))
            let refused = Answer(status: 416, headers: [("Content-Range", "bytes */\(total)")])
            XCTAssertEqual(sink.run(refused).word, total == image.count ? "complete" : "corrupt")
        }
        // What is held is not the whole: start over. Nothing is held: not for us to judge.
        let sink = MemorySink(options: options())
        XCTAssertEqual(sink.run(Answer.whole(image).cut(after: 100)).word, "incomplete")
        XCTAssertEqual(sink.run(Answer(status: 416, headers: [("Content-Range", "bytes */100")])).word, "corrupt")
        try sink.restart()
        XCTAssertEqual(sink.run(Answer(status: 416)).word, "notAnImage")
    }

    /// Fault 9: two objects of one path, size and date are two; one that is signed anew is one.
    func testAnotherObjectIsNotContinued() throws {
        let date = ("Last-Modified", "Tue, 21 Oct 2025 07:28:00 GMT")
        for asks in [false, true] {
            let sink = try open(options(identity: "a job's image"))
            sink.aim(at: "https://h/a.png?version=1")
            var first = Answer.whole(image, etag: nil)
            first.headers += [date, ("Date", "Tue, 21 Oct 2025 07:28:05 GMT")]
            XCTAssertEqual(sink.run(first.cut(after: 50_000)).word, "incomplete")
            XCTAssertEqual(sink.resumeOffset, 50_000)
            sink.abandon(keepPartial: true)
            XCTAssertEqual(folder.names.count, 2)
            let second = try open(options(identity: "a job's image"))
            // A redirect leads there: what is held waits for the place that it came from.
            second.aim(at: "https://h/redirects")
            XCTAssertEqual(second.resumeOffset, 0)
            XCTAssertNil(second.resumeValidator)
            XCTAssertEqual(second.run(Answer(status: 302)).word, "notAnImage")
            second.aim(at: "https://h/a.png?version=1")
            XCTAssertEqual(second.resumeOffset, 50_000)
            second.aim(at: "https://h/a.png?version=2")
            XCTAssertEqual(second.resumeOffset, 0)
            if asks {
                // A server that sends a part all the same.
                var rest = Answer.rest(of: image, from: 50_000, etag: nil)
                rest.headers.append(date)
                XCTAssertEqual(second.run(rest).word, "corrupt")
                try second.restart()
            }
            XCTAssertEqual(second.run(Answer.whole(image, etag: nil)).word, "complete")
            second.abandon(keepPartial: false)
            XCTAssertEqual(folder.names, [])
        }
    }

    /// Fault 12: while it waits for another try a sink can close its files.
    func testAPauseCostsNothing() throws {
        let sink = try open()
        sink.aim(at: "one")
        XCTAssertEqual(sink.run(Answer.whole(image).cut(after: 50_000)).word, "incomplete")
        sink.pause()
        sink.pause()
        XCTAssertEqual(folder.names.count, 2)
        XCTAssertEqual(sink.resumeOffset, 0)
        try sink.prepare()
        sink.aim(at: "one")
        XCTAssertEqual(sink.resumeOffset, 50_000)
        try finish(sink, Answer.rest(of: image, from: 50_000))
        // Without anything to keep, and before anything came.
        for count in [0, 100] {
            let other = try FileSink(path: folder.file("b.png"), options: options())
            try other.prepare()
            var answer = Answer.whole(image, etag: nil)
            if count > 0 { XCTAssertEqual(other.run(answer.cut(after: count)).word, "incomplete") }
            other.pause()
            XCTAssertEqual(folder.names, ["cat.png"])
            try other.prepare()
            answer.body = image
            XCTAssertEqual(other.run(answer).word, "complete")
            _ = try other.commit()
            XCTAssertEqual(remove(folder.file("b.png")), 0)
        }
    }

    /// Between a cut and the next try a download may be ended while another URL is asked: what is held is kept.
    func testWhatIsHeldOutlivesAnotherURL() throws {
        let sink = try open()
        sink.aim(at: "one")
        XCTAssertEqual(sink.run(Answer.whole(image).cut(after: 50_000)).word, "incomplete")
        sink.aim(at: "two")
        XCTAssertEqual(sink.run(Answer(status: 503).cut(after: 0)).word, "notAnImage")
        sink.abandon(keepPartial: true)
        let second = try open()
        second.aim(at: "one")
        XCTAssertEqual(second.resumeOffset, 50_000)
        second.abandon(keepPartial: false)
    }

    /// A date counts seconds: it vouches for nothing in the second of the answer, nor where it is not repeated.
    func testADateAloneVouchesForLittle() throws {
        let date = "Tue, 21 Oct 2025 07:28:00 GMT"
        for (answered, isFit) in [
            (date, false), ("Tue, 21 Oct 2025 07:28:01 GMT", true), ("nonsense", false), ("", false),
        ] {
            let sink = MemorySink(options: options())
            var first = Answer.whole(image, etag: nil)
            first.headers += [("Last-Modified", date), ("Date", answered)]
            XCTAssertEqual(sink.run(first.cut(after: 5_000)).word, "incomplete")
            XCTAssertEqual(sink.resumeOffset, isFit ? 5_000 : 0, answered)
            guard isFit else { continue }
            XCTAssertEqual(sink.run(Answer.rest(of: image, from: 5_000, etag: nil)).word, "corrupt")
        }
    }

    func testAnErrorInBetweenCostsNothing() throws {
        let sink = try open()
        XCTAssertEqual(sink.run(Answer.whole(image).cut(after: 90_000)).word, "incomplete")
        for answer in [
            Answer(status: 503, body: [1, 2, 3]), Answer(status: 403), Answer.whole(Array("<html>captive</html>".utf8)),
            Answer(body: []),
        ] {
            XCTAssertEqual(sink.run(answer).word, "notAnImage")
            XCTAssertEqual(sink.resumeOffset, 90_000)
        }
        try finish(sink, Answer.rest(of: image, from: 90_000))
    }

    func testAPIAnswersStartOver() throws {
        let sink = try open(options(.api))
        XCTAssertEqual(sink.run(Answer.whole(image).cut(after: 90_000)).word, "incomplete")
        XCTAssertEqual(sink.resumeOffset, 0)
        XCTAssertEqual(sink.run(Answer.rest(of: image, from: 90_000)).word, "corrupt")
        try finish(sink, Answer.whole(image))
        let second = try FileSink(path: folder.file("b.png"), options: options(.api))
        try second.prepare()
        _ = second.run(Answer.whole(image).cut(after: 90_000))
        second.abandon(keepPartial: true)
        XCTAssertEqual(folder.names, ["cat.png"])
    }

    func testAnotherImageDoesNotContinueIt() throws {
        try leave(1000)
        let other = try open(options(identity: "token#1"))
        XCTAssertEqual(other.resumeOffset, 0)
        other.abandon(keepPartial: false)
        XCTAssertEqual(folder.names.count, 2, "the first one is left alone")
        let same = try open()
        XCTAssertEqual(same.resumeOffset, 1000)
        same.abandon(keepPartial: true)
        XCTAssertEqual(folder.names.count, 2)
    }

    /// Where nothing says which start of the machine this is, two notes that say nothing are not the same one.
    func testWithoutABootIdentityOnlyAChecksumCounts() throws {
        try leave(50_000)
        let part = try XCTUnwrap(folder.partName)
        let data = try XCTUnwrap(folder.read(part))
        var note = try XCTUnwrap(ResumeNote(try XCTUnwrap(folder.read(part + ".info"))))
        for (boot, crc64, taken) in [("", nil, 0), ("", UInt64(1), 50_000), ("x", nil, 50_000)]
            as [(String, UInt64?, Int64)]
        {
            let receiver = Receiver(
                options: options(), store: MemoryStore(maximumBytes: 64 << 20), identity: note.identity)
            receiver.boot = boot
            note.boot = boot
            note.crc64 = crc64
            let length = receiver.restore(note, size: Int64(data.count)) { offset, space in
                let rest = data[Int(offset)...].prefix(space.count)
                space.copyBytes(from: rest)
                return rest.count
            }
            XCTAssertEqual(length, taken, "\(boot) \(String(describing: crc64))")
        }
    }

    func testHostileNotesMeanStartingOver() throws {
        try leave(50_000)
        let part = try XCTUnwrap(folder.partName)
        let data = try XCTUnwrap(folder.read(part))
        let note = try XCTUnwrap(folder.read(part + ".info"))
        let good = try XCTUnwrap(ResumeNote(note))
        XCTAssertEqual(good.encoded(), note)

        var notes: [[UInt8]] = [[], [0], Array("{}".utf8), note + [10], [UInt8](repeating: 0x41, count: 100_000)]
        for index in note.indices {
            var damaged = note
            damaged[index] ^= 1
            notes.append(damaged)
            notes.append(Array(note.prefix(index)))
        }
        // Well-formed, but not true or not for us.
        var edited = good
        edited.identity = String(repeating: "0", count: 64)
        notes.append(edited.encoded())
        edited = good
        edited.format = .jpeg
        notes.append(edited.encoded())
        edited = good
        edited.total = Int64.max
        notes.append(edited.encoded())
        edited = good
        edited.total = 0
        notes.append(edited.encoded())
        edited = good
        edited.validator = "\"x\"\r\nHost: evil"
        notes.append(edited.encoded())
        edited = good
        edited.boot = "another start of the machine"
        notes.append(edited.encoded())
        for hostile in notes {
            folder.write(part, data)
            folder.write(part + ".info", hostile)
            let sink = try open()
            XCTAssertEqual(sink.resumeOffset, 0, String(decoding: hostile.prefix(300), as: UTF8.self))
            XCTAssertEqual(folder.read(part), [])
            sink.abandon(keepPartial: true)
            XCTAssertEqual(folder.names, [])
        }
        // After a crash of the machine only a checksum can tell whether the bytes are all there.
        edited.crc64 = Reference.crc64(image)
        folder.write(part, data)
        folder.write(part + ".info", edited.encoded())
        let sink = try open()
        XCTAssertEqual(sink.resumeOffset, 50_000)
        try finish(sink, Answer.rest(of: image, from: 50_000))
    }

    func testDamagedPartialFiles() throws {
        try leave(50_000)
        let part = try XCTUnwrap(folder.partName)
        let data = try XCTUnwrap(folder.read(part))
        let note = try XCTUnwrap(folder.read(part + ".info"))
        var flipped = data
        flipped[20_000] ^= 1
        for damaged in [[], flipped, [UInt8](repeating: 0, count: 1000), image + image] {
            folder.write(part, damaged)
            folder.write(part + ".info", note)
            let sink = try open()
            // A flip in the chunk that is not closed yet shows when it is.
            XCTAssertTrue([0, 50_000, image.count - 1].contains(Int(sink.resumeOffset)))
            let rest = Answer.rest(of: image, from: Int(sink.resumeOffset))
            let word = sink.run(sink.resumeOffset == 0 ? .whole(image) : rest).word
            if word == "corrupt" {
                try sink.restart()
                XCTAssertEqual(sink.run(.whole(image)).word, "complete")
            }
            _ = try sink.commit()
            XCTAssertTrue(folder.read("cat.png") == image)
            try FileManager.default.removeItem(atPath: target)
            XCTAssertEqual(folder.names, [])
        }
    }

    func testNotesHoldNoSecret() throws {
        let url = "https://bucket.cos.example.com/secret-path/cat.png"
        try leave(1000, nil, options(identity: url))
        let part = try XCTUnwrap(folder.partName)
        let text = String(decoding: folder.read(part + ".info") ?? [], as: UTF8.self)
        for word in ["bucket", "secret-path", "http"] {
            XCTAssertFalse(text.contains(word))
            XCTAssertFalse(part.contains(word))
        }
    }

    func testPartialFilesAreKeptOnlyWhenWanted() throws {
        try leave(1000, nil, options(keepPartial: false))
        XCTAssertEqual(folder.names, [])
        let sink = try open()
        _ = sink.run(Answer.whole(image).cut(after: 1000))
        sink.abandon(keepPartial: false)
        XCTAssertEqual(folder.names, [])
        try leave(1000, nil, options(identity: ""))
        XCTAssertEqual(folder.names, [], "without an identity nobody could find it")
        try leave(2 << 20, Answer.whole(Fixture.bigPNG(3 << 20)), options(identity: ""))
        XCTAssertEqual(folder.names, [])
        // Cancelled in the middle of a transfer.
        let cancelled = try open()
        let headers = HTTPHeaders(Answer.whole(image).headers.map { HTTPHeader($0.0, $0.1) })
        XCTAssertTrue(cancelled.begin(status: 200, headers: headers))
        XCTAssertTrue(image.prefix(2000).withUnsafeBytes { cancelled.receive($0) })
        cancelled.abandon(keepPartial: true)
        XCTAssertEqual(try open().resumeOffset, 2000)
    }
}
