import Core
import Foundation
import XCTest

@testable import CurlTransport

/// Answers that come packed although "Accept-Encoding: identity" was sent.
final class PackedBodyTests: XCTestCase {
    private static let text = #"{"Response":{"TaskId":"4-AigcImage-1","RequestId":"r"}}"#

    /// Python packs: a `how` of gzip, zlib or raw.
    private func packed(_ how: String, _ expression: String) throws -> [UInt8] {
        let python = Process()
        let output = Pipe()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let bits = ["gzip": 31, "zlib": 15, "raw": -15][how] ?? 0
        python.arguments = [
            "python3", "-c",
            "import sys, zlib; c = zlib.compressobj(9, zlib.DEFLATED, \(bits));"
                + " sys.stdout.buffer.write(c.compress(\(expression)) + c.flush())",
        ]
        python.standardOutput = output
        try python.run()
        let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        python.waitUntilExit()
        return bytes
    }

    private func result(
        _ body: [UInt8], _ headers: [String], _ options: TransferOptions, sink: RecordingSink? = nil,
        chunked: Bool = false
    ) throws -> TransferResult {
        let server = RawServer { connection in
            guard connection.request() != nil else { return }
            let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.count)"
            connection.send((["HTTP/1.1 200 OK", framing] + headers).joined(separator: "\r\n") + "\r\n\r\n")
            if chunked { connection.send(String(body.count, radix: 16) + "\r\n") }
            connection.send(body)
            if chunked { connection.send("\r\n0\r\n\r\n") }
        }
        defer { server.stop() }
        return try Harness().run(.post(server.url()), options, sink: sink)
    }

    func testPackedAnswersAreRead() throws {
        for (how, names) in [
            ("gzip", ["gzip", "GZIP", "x-gzip", ""]), ("zlib", ["deflate", "", "gzip", "identity"]),
            ("raw", ["deflate"]),
        ] {
            let bytes = try packed(how, "b'\(Self.text)'")
            for name in names {
                let headers = name.isEmpty ? [] : ["Content-Encoding: \(name)"]
                for chunked in [false, true] {
                    let result = try result(bytes, headers, .submission, chunked: chunked)
                    XCTAssertEqual(result.text, Self.text, "\(how) called \(name)")
                }
            }
        }
    }

    /// The id stands before the limit: it is not lost with what stands behind it.
    func testTheBeginningOfWhatIsTooLargeIsHandedOn() throws {
        let large = "b'\(Self.text)' + bytes(200000)"
        let options = TransferOptions.submission.with { $0.maximumReplyBytes = 100_000 }
        for (how, header) in [("gzip", "gzip"), ("zlib", "deflate"), ("raw", "deflate")] {
            let bytes = try packed(how, large)
            let failure = try result(bytes, ["Content-Encoding: \(header)"], options).failure
            XCTAssertEqual(failure?.kind, .tooLarge, how)
            XCTAssertEqual(failure?.reply?.body.count, 100_000, how)
            XCTAssertTrue(failure?.reply?.body.starts(with: Self.text.utf8) ?? false, how)
            let quick = options.with { $0.isSubmission = false }
            XCTAssertNil(try result(bytes, ["Content-Encoding: \(header)"], quick).failure?.reply, how)
        }
        let twice = try packed(
            "gzip", "(lambda d: (lambda c: c.compress(d) + c.flush())(zlib.compressobj(9, 8, 31)))(\(large))")
        let failure = try result(twice, ["Content-Encoding: gzip, gzip"], options).failure
        XCTAssertTrue(failure?.reply?.body.starts(with: Self.text.utf8) ?? false)
    }

    func testWhatIsNotPackedStaysAsItIs() throws {
        for name in ["gzip", "deflate", "br", "utf-8", "identity"] {
            for text in [Self.text, " " + Self.text, "plain", "\u{FEFF}{}"] {
                let result = try result(Array(text.utf8), ["Content-Encoding: \(name)"], .submission)
                XCTAssertEqual(result.text, text, name)
            }
        }
    }

    func testTheLimitIsOfUnpackedBytes() throws {
        let options = TransferOptions.submission.with { $0.maximumReplyBytes = 100_000 }
        let fits = try packed("gzip", "b'a' * 100000")
        XCTAssertEqual(try result(fits, ["Content-Encoding: gzip"], options).reply?.body.count, 100_000)
        for size in [100_001, 50_000_000] {
            let bomb = try packed("gzip", "b'a' * \(size)")
            XCTAssertLessThanOrEqual(bomb.count, 100_000)
            XCTAssertEqual(try result(bomb, ["Content-Encoding: gzip"], options).failure?.kind, .tooLarge)
        }
    }

    /// Whatever the level, zlib tells itself; what only begins like it stays as it is.
    func testZlibWithoutAnAnnouncement() throws {
        for level in 0...9 {
            let bytes = try packed("zlib", "b'\(Self.text)'")
            XCTAssertEqual(bytes.first, 0x78)
            let made = try packed("gzip", "__import__('zlib').compress(b'\(Self.text)', \(level))")
            XCTAssertEqual(try result(made, ["Content-Encoding: gzip"], .submission).text, Self.text, "\(level)")
            XCTAssertEqual(try result(made, [], .submission).text, Self.text, "\(level)")
            XCTAssertEqual(try result(bytes, [], .submission).text, Self.text)
        }
        for text in ["x^2 + y^2 = z^2", "x^", "x", "8\u{1D}", "H\u{C7}", "x\u{1}\u{0}", "h\u{5}", "x^{\"TaskId\":1}"] {
            XCTAssertEqual(try result(Array(text.utf8), [], .submission).text, text)
        }
        // The id before a cut is handed on, as with gzip.
        let large = try packed("zlib", "b'\(Self.text)' + bytes(200000)")
        let options = TransferOptions.submission.with { $0.maximumReplyBytes = 100_000 }
        let failure = try result(large, [], options).failure
        XCTAssertTrue(failure?.reply?.body.starts(with: Self.text.utf8) ?? false)
    }

    /// An id before the cut is not lost.
    func testACutAnswerIsUnpackedAsFarAsItCame() throws {
        let whole = try packed("gzip", "b'\(Self.text)'")
        let server = RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(whole.count)\r\n\r\n")
            connection.send(Array(whole.dropLast(9)))
        }
        defer { server.stop() }
        let failure = try Harness().run(.post(server.url()), .submission).failure
        XCTAssertEqual(failure?.kind, .cutReply)
        let body = String(decoding: failure?.reply?.body ?? [], as: UTF8.self)
        XCTAssertTrue(body.hasPrefix(#"{"Response":{"TaskId":"4-AigcImage-1"#), body)
    }

    /// Several packed texts behind one another are one text; a text that was packed twice is unpacked twice.
    func testMembersAndLayersAreRead() throws {
        let text = Array(Self.text.utf8)
        let half = text.count / 2
        let halves = [String(Self.text.prefix(half)), String(Self.text.dropFirst(half))]
        let parts = try halves.map { try packed("gzip", "b'\($0)'") }
        XCTAssertEqual(try result(parts[0] + parts[1], ["Content-Encoding: gzip"], .submission).text, Self.text)
        for name in ["gzip, gzip", "gzip", "deflate,gzip"] {
            let inner = name.hasPrefix("deflate") ? "zlib" : "gzip"
            let twice = try packed("gzip", "__import__('\(inner)').compress(b'\(Self.text)')")
            XCTAssertEqual(try result(twice, ["Content-Encoding: \(name)"], .submission).text, Self.text, name)
        }
        // A packed text of packed texts without an end is not followed for ever.
        let deep = try packed("gzip", "(lambda g: g(g(g(g(b'x')))))(__import__('gzip').compress)")
        XCTAssertEqual(try result(deep, ["Content-Encoding: gzip"], .submission).reply?.body.prefix(2), [0x1F, 0x8B])
        let bomb = try packed("gzip", "b'a' * 100001")
        let options = TransferOptions.submission.with { $0.maximumReplyBytes = 200_000 }
        XCTAssertEqual(try result(bomb + bomb, [], options).failure?.kind, .tooLarge)
    }

    /// A host that packs an image all the same gives the image: by gzip in one piece and in several, and by zlib.
    func testADownloadIsUnpacked() throws {
        let options = TransferOptions.quick.with { $0.isForStore = true }
        let gzip = try packed("gzip", "bytes(range(256)) * 1000")
        let zlib = try packed("zlib", "bytes(range(256)) * 1000")
        let wanted = (0..<1000).flatMap { _ in (0...255).map { UInt8($0) } }
        for (bytes, name) in [(gzip, "gzip"), (gzip, "x-gzip"), (zlib, "deflate"), (gzip + [0, 0, 7], "gzip")] {
            for chunked in [false, true] {
                let sink = RecordingSink()
                let done = try result(bytes, ["Content-Encoding: \(name)"], options, sink: sink, chunked: chunked)
                XCTAssertEqual(done.reply?.status, 200, name)
                XCTAssertEqual(done.reply?.wasUnpacked, true, "its own checksum was right")
                XCTAssertTrue(sink.bytes == wanted, "\(name): \(sink.bytes.count) bytes")
            }
        }
        // Without a head, in several layers, and in a small window.
        let raw = try packed("raw", "bytes(range(256)) * 1000")
        let png = Array("\u{89}PNG".utf8)
        let rawPNG = try packed("raw", "b'\\xc2\\x89PNG'")
        let layers = { (outer: String, inner: String) in
            let bits = ["gzip": 31, "zlib": 15, "raw": -15, "small": 9][inner] ?? 0
            return try self.packed(
                outer,
                "(lambda c: c.compress(bytes(range(256)) * 1000) + c.flush())"
                    + "(__import__('zlib').compressobj(9, 8, \(bits)))")
        }
        for (bytes, name, wanted) in [
            (raw, "deflate", wanted), (rawPNG, "deflate", png), (try layers("gzip", "gzip"), "gzip, gzip", wanted),
            (try layers("gzip", "gzip"), "gzip", wanted), (try layers("gzip", "zlib"), "deflate, gzip", wanted),
            (try layers("gzip", "raw"), "deflate,gzip", wanted), (try layers("raw", "gzip"), "gzip, deflate", wanted),
            (try layers("zlib", "small"), "deflate, deflate", wanted),
            (try layers("raw", "raw"), "deflate, deflate", wanted),
        ] {
            for chunked in [false, true] {
                let sink = RecordingSink()
                let done = try result(bytes, ["Content-Encoding: \(name)"], options, sink: sink, chunked: chunked)
                XCTAssertEqual(done.reply?.wasUnpacked, true, name)
                XCTAssertTrue(sink.bytes == wanted, "\(name): \(sink.bytes.count) bytes")
                let cut = RecordingSink()
                let half = Array(bytes.prefix(bytes.count / 2))
                let ended = try result(half, ["Content-Encoding: \(name)"], options, sink: cut, chunked: chunked)
                XCTAssertEqual(ended.failure?.kind, .cutReply, "\(name), cut")
            }
        }
        // What is not packed as it is called stays as it is.
        for text in [
            "{\"Code\":\"NoSuchKey\"}", "<Error/>", "RIFF\u{4}\u{0}\u{0}\u{0}WEBPVP8 ", "BM", "R0lGODlh", "x", "", "no",
        ] {
            let sink = RecordingSink()
            let done = try result(Array(text.utf8), ["Content-Encoding: deflate"], options, sink: sink)
            XCTAssertEqual(done.reply?.wasUnpacked, false, text)
            XCTAssertTrue(sink.bytes == Array(text.utf8), text)
        }
        let plain = Array("\u{89}PNG and more".utf8)
        for (bytes, name) in [(plain, "gzip"), (plain, "deflate"), (gzip, "identity"), (gzip, ""), (zlib, "gzip")] {
            let sink = RecordingSink()
            let done = try result(bytes, name.isEmpty ? [] : ["Content-Encoding: \(name)"], options, sink: sink)
            XCTAssertEqual(done.reply?.wasUnpacked, false)
            XCTAssertTrue(sink.bytes == bytes, name)
        }
        // Cut, and damaged: the image is not whole.
        for (bytes, kind) in [
            (Array(gzip.dropLast(12)), TransferFailure.Kind.cutReply),
            (Array(gzip.prefix(30)) + [UInt8](repeating: 0xFF, count: 300), .malformedReply),
        ] {
            let sink = RecordingSink()
            XCTAssertEqual(
                try result(bytes, ["Content-Encoding: gzip"], options, sink: sink).failure?.kind, kind)
        }
        let sink = RecordingSink()
        sink.limit = 1_000
        XCTAssertEqual(try result(gzip, ["Content-Encoding: gzip"], options, sink: sink).failure?.kind, .sink)
        XCTAssertLessThan(sink.bytes.count, 40_000)
    }
}
