import Core
import Foundation
import XCTest

@testable import Assets

/// Bytes of two objects, of two writers or of a disk that lost some never become one image.
final class StitchTests: XCTestCase {
    private let folder = Folder()
    private static let date = "Tue, 21 Oct 2025 07:28:00 GMT"

    override func tearDown() { folder.remove() }

    private func open(_ calls: FileCalls = .system, _ name: String = "cat.png") throws -> FileSink {
        let sink = try FileSink(path: folder.file(name), options: options(), calls: calls)
        try sink.prepare()
        return sink
    }

    /// A body of unknown length that came to its end is all that the server has: what follows it is something else.
    func testABodyThatCameToItsEndIsNotContinued() throws {
        for name in ["baseline.jpg", "lossy.webp", "animated.gif", "plain.bmp", "plain.png"] {
            let whole = Fixture.bytes(name)
            let half = whole.count / 2
            var first = Answer(body: Array(whole.prefix(half)) + Array("<html>error</html>".utf8))
            first.headers = [("Transfer-Encoding", "chunked"), ("ETag", "\"one\"")]
            let sink = MemorySink(options: options())
            let finish = sink.run(first)
            XCTAssertEqual(finish.word, "corrupt", name)
            // The same cut off continues; its end is not known.
            let cut = MemorySink(options: options())
            first.body = Array(whole.prefix(half))
            XCTAssertEqual(cut.run(first.cut(after: half)).word, "incomplete", name)
            // A part of unknown total that came to its end says nothing of the end of the image.
            var part = Answer(status: 206, body: Array(whole[half..<half + 10]))
            part.headers = [
                ("Content-Range", "bytes \(half)-\(half + 9)/*"), ("ETag", "\"one\""), ("Content-Length", "10"),
            ]
            XCTAssertEqual(cut.run(part).word, "incomplete", name)
            XCTAssertEqual(cut.run(Answer.rest(of: whole, from: half + 10)).word, "complete", name)
        }
    }

    func testTheRestIsOfTheSameObject() throws {
        let jpeg = Fixture.bytes("baseline.jpg")
        let later = "Wed, 22 Oct 2025 07:28:00 GMT"
        let cases: [(before: [(String, String)], now: [(String, String)], isSame: Bool)] = [
            ([("ETag", "\"one\"")], [("ETag", "\"one\"")], true),
            ([("ETag", "\"one\"")], [], false),
            ([("ETag", "\"one\"")], [("Last-Modified", Self.date)], false),
            ([("ETag", "\"one\""), ("Last-Modified", Self.date)], [], false),
            ([("ETag", "\"\"")], [("ETag", "\"\"")], false),
            ([("ETag", "\"one\""), ("ETag", "\"two\"")], [("ETag", "\"one\""), ("ETag", "\"two\"")], false),
            ([("ETag", "\"one\"")], [("ETag", "\"one\""), ("ETag", "\"two\"")], false),
            ([("ETag", "\"one\""), ("ETag", "\"one\"")], [("ETag", "\"one\""), ("ETag", "\"one\"")], true),
            ([("ETag", "\"one\"")], [("ETag", "\"one\""), ("Content-Range", "bytes 0-9/10")], false),
            (
                [("ETag", "\"one\""), ("ETag", "\"two\""), ("Last-Modified", Self.date)],
                [("Last-Modified", Self.date)], false
            ),
            ([("ETag", "\"one\"")], [("ETag", "W/\"one\"")], false),
            ([("ETag", "\"one\"")], [("ETag", "\"two\"")], false),
            ([("ETag", "\"one\"")], [("ETag", "W/\"two\"")], false),
            ([("ETag", "\"one\"")], [("ETag", "two")], false),
            ([("ETag", "\"one\""), ("Last-Modified", Self.date)], [("Last-Modified", Self.date)], true),
            ([("Last-Modified", Self.date)], [("Last-Modified", Self.date)], true),
            ([("Last-Modified", Self.date)], [("Last-Modified", Self.date), ("ETag", "\"one\"")], true),
            ([("Last-Modified", Self.date)], [("Last-Modified", later)], false),
            ([("ETag", "\"one\""), ("Last-Modified", Self.date)], [("Last-Modified", later)], false),
            (
                [("ETag", "\"one\""), ("Last-Modified", Self.date)], [("ETag", "\"one\""), ("Last-Modified", later)],
                true
            ),
            (
                [("ETag", "W/\"1\""), ("Last-Modified", Self.date)],
                [("ETag", "W/\"2\""), ("Last-Modified", Self.date)], false
            ),
            (
                [("ETag", "W/\"1\""), ("Last-Modified", Self.date)],
                [("ETag", "W/\"1\""), ("Last-Modified", Self.date)], false
            ),
            ([("ETag", "W/\"1\""), ("Last-Modified", Self.date)], [("Last-Modified", Self.date)], false),
            ([("ETag", "W/\"1\"")], [("ETag", "W/\"1\"")], false),
            ([("ETag", "w/\"1\"")], [("ETag", "w/\"1\"")], false),
            ([], [], false),
            ([("Last-Modified", Self.date)], [("Last-Modified", Self.date), ("ETag", "W/\"1\"")], false),
            ([("Last-Modified", Self.date)], [("Last-Modified", later), ("ETag", "\"one\"")], false),
            ([("ETag", "\"one\"")], [("ETag", "\"one\""), ("Content-Encoding", "gzip")], false),
        ]
        for (before, now, isSame) in cases {
            let sink = MemorySink(options: options())
            var first = Answer.whole(jpeg, etag: nil)
            first.headers += before + [("Date", "Thu, 23 Oct 2025 07:28:00 GMT")]
            XCTAssertEqual(sink.run(first.cut(after: 600)).word, "incomplete")
            var rest = Answer.rest(of: jpeg, from: 600, etag: nil)
            rest.headers += now
            let finish = sink.run(rest)
            XCTAssertEqual(finish.word, isSame ? "complete" : "corrupt", "\(before) \(now)")
        }
    }

    /// No format but PNG shows where two files were joined: a server whose ETag may be that of other bytes gives no rest.
    func testAWeakETagContinuesNothing() throws {
        let date = [("Last-Modified", Self.date), ("Date", "Thu, 23 Oct 2025 07:28:00 GMT")]
        for name in ["plain.bmp", "baseline.jpg", "lossy.webp", "animated.gif", "plain.png"] {
            let old = Fixture.bytes(name)
            var new = old
            new[old.count - 30] ^= 1
            for tags in [["W/\"1\""], ["w/\"1\""], ["W/\"1\"", "date"], ["date without an answer's own"]] {
                var headers = tags.first.map { $0.contains("1") ? [("ETag", $0)] : [date[0]] } ?? []
                if tags.count > 1 { headers += date }
                let sink = try open(.system, name)
                var first = Answer.whole(old, etag: nil)
                first.headers += headers
                XCTAssertEqual(sink.run(first.cut(after: old.count / 2)).word, "incomplete")
                XCTAssertNil(sink.resumeValidator, "\(name) \(tags)")
                XCTAssertEqual(sink.resumeOffset, 0)
                // A server that sends a rest all the same gives no image.
                var rest = Answer.rest(of: new, from: old.count / 2, etag: nil)
                rest.headers += headers
                XCTAssertEqual(sink.run(rest).word, "corrupt", "\(name) \(tags)")
                sink.abandon(keepPartial: true)
                XCTAssertEqual(folder.names, [], "\(name) \(tags): nothing is left to be continued")
            }
        }
    }

    /// Our .part is removed by somebody, and another sink begins one of that name.
    func testAnothersFileIsNeitherPublishedNorRemoved() throws {
        let image = Fixture.bigPNG(300_000)
        for overwrite in [false, true] {
            for finishes in [true, false] {
                let folder = Folder()
                func open() throws -> FileSink {
                    let sink = try FileSink(path: folder.file("cat.png"), options: options(overwrite: overwrite))
                    try sink.prepare()
                    return sink
                }
                let ours = try open()
                let part = try XCTUnwrap(folder.partName)
                XCTAssertEqual(unlink(folder.file(part)), 0)
                let theirs = try open()
                XCTAssertEqual(theirs.run(Answer.whole(image).cut(after: 1_000)).word, "incomplete")
                if finishes {
                    XCTAssertEqual(ours.run(Answer.whole(image)).word, "complete")
                    XCTAssertThrowsError(try ours.commit()) { XCTAssertEqual(($0 as? Failure)?.status, .file) }
                }
                ours.abandon(keepPartial: false)
                XCTAssertNil(folder.read("cat.png"))
                XCTAssertEqual(folder.read(part)?.count, 1_000)
                XCTAssertEqual(theirs.run(Answer.rest(of: image, from: 1_000)).word, "complete")
                _ = try theirs.commit()
                XCTAssertTrue(folder.read("cat.png") == image)
            }
        }
    }

    /// What a failed fsync has lost nobody knows.
    func testAfterAFailedFlushNothingIsContinued() throws {
        let jpeg = Fixture.bytes("baseline.jpg")
        for error in [ENOSPC, EDQUOT, EIO] {
            for atClose in [false, true] {
                var calls = FileCalls.system
                if atClose {
                    calls.close = {
                        let result = FileCalls.system.close($0)
                        return result < 0 ? result : -Int(error)
                    }
                } else {
                    calls.flush = { _ in -Int(error) }
                }
                let sink = try open(calls, "a.jpg")
                if atClose {
                    XCTAssertEqual(sink.run(Answer.whole(jpeg).cut(after: 900)).word, "incomplete")
                } else {
                    XCTAssertEqual(sink.run(Answer.whole(jpeg)).word, "complete")
                    XCTAssertThrowsError(try sink.commit())
                }
                sink.abandon(keepPartial: true)
                XCTAssertEqual(folder.names, [], "\(error) \(atClose)")
            }
        }
    }

    /// A verdict is that of its own transfer, not of the one before.
    func testAVerdictIsNotRepeated() throws {
        let jpeg = Fixture.bytes("baseline.jpg")
        let failed = TransferResult.failed(TransferFailure(.timeout, requestMayHaveLeft: true, detail: "no answer"))
        for isRestarted in [false, true] {
            let sink = MemorySink(options: options())
            var wrong = Answer.whole(jpeg)
            wrong.headers.append(("x-cos-hash-crc64ecma", "1"))
            XCTAssertEqual(sink.run(wrong).word, "corrupt")
            if isRestarted { try sink.restart() }
            let finish = sink.finish(failed)
            XCTAssertEqual(finish.word, "incomplete")
            XCTAssertTrue(finish.failure?.message.contains("no answer") ?? false, "\(finish)")
        }
    }

    /// A child of a fork that holds a copy of our descriptor does not keep the lock.
    func testACopyOfTheDescriptorKeepsNoLock() throws {
        let image = Fixture.bigPNG(300_000)
        final class Copies: @unchecked Sendable { var all: [Int32] = [] }  // one thread
        let copies = Copies()
        defer { for copy in copies.all { close(copy) } }
        var calls = FileCalls.system
        calls.open = { folder, name, flags in
            let result = FileCalls.system.open(folder, name, flags)
            if result >= 0 { copies.all.append(dup(Int32(result))) }
            return result
        }
        let sink = try open(calls)
        XCTAssertEqual(sink.run(Answer.whole(image).cut(after: 1_000)).word, "incomplete")
        sink.abandon(keepPartial: true)
        let next = try open()
        XCTAssertEqual(next.resumeOffset, 1_000)
        next.abandon(keepPartial: false)
    }

    /// A server of files can make us the owner of nothing (root_squash, uid=).
    func testAFileOfOursMayHaveAnotherOwner() throws {
        var calls = FileCalls.system
        calls.status = {
            let result = FileCalls.system.status($0, $1)
            $1.pointee.st_uid = 65_534
            return result
        }
        let jpeg = Fixture.bytes("baseline.jpg")
        let sink = try open(calls, "a.jpg")
        XCTAssertEqual(sink.run(Answer.whole(jpeg).cut(after: 900)).word, "incomplete")
        sink.abandon(keepPartial: true)
        XCTAssertEqual(folder.names, [], "nobody could continue it")
        let again = try open(calls, "a.jpg")
        XCTAssertEqual(again.run(Answer.whole(jpeg)).word, "complete")
        _ = try again.commit()
        XCTAssertTrue(folder.read("a.jpg") == jpeg)
    }
}
