import Core
import XCTest

@testable import CurlTransport

/// Sizes, headers and sinks.
final class BoundsTests: XCTestCase {
    private func server(_ text: String) -> RawServer {
        RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send(text)
        }
    }

    private func result(_ text: String, _ options: TransferOptions = .quick) throws -> TransferResult {
        let server = server(text)
        defer { server.stop() }
        return try Harness().run(.get(server.url()), options)
    }

    func testReplySize() throws {
        let options = TransferOptions.quick.with { $0.maximumReplyBytes = 1000 }
        let fits = String(repeating: "x", count: 1000)
        XCTAssertEqual(try result("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\(fits)", options).text, fits)
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n\(fits)x", "HTTP/1.1 200 OK\r\n\r\n\(fits)x",
            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n\(fits)x\r\n0\r\n\r\n",
        ] {
            let failure = try result(text, options).failure
            XCTAssertEqual(failure?.kind, .tooLarge)
            XCTAssertEqual(failure?.requestMayHaveLeft, true)
        }
    }

    func testHeaderCountAndBytes() throws {
        func head(_ lines: Int, _ width: Int) -> String {
            "HTTP/1.1 200 OK\r\n"
                + (0..<lines).map { "X-\($0): " + String(repeating: "v", count: width) + "\r\n" }.joined()
        }
        XCTAssertEqual(try result(head(99, 1) + "Content-Length: 0\r\n\r\n").reply?.headers.lines.count, 100)
        XCTAssertEqual(try result(head(20_001, 1) + "Content-Length: 0\r\n\r\n").failure?.kind, .tooLarge)
        XCTAssertEqual(try result(head(290, 1000) + "Content-Length: 0\r\n\r\n").reply?.status, 200)
        let large = try result(head(320, 1000) + "Content-Length: 0\r\n\r\n").failure
        XCTAssertEqual(large?.kind, .tooLarge)
        XCTAssertEqual(large?.detail.contains("headers have more than"), true, large?.detail ?? "")
        XCTAssertEqual(try result(head(1, 110_000) + "Content-Length: 0\r\n\r\n").failure?.kind, .tooLarge)
        let interim = String(
            repeating: "HTTP/1.1 100 Continue\r\nX-A: \(String(repeating: "v", count: 900))\r\n\r\n", count: 400)
        XCTAssertEqual(try result(interim + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").failure?.kind, .tooLarge)
    }

    /// Codings that nobody knows, and long heads: a status answer is read, an image arrives.
    func testStrangeFormsOfReads() throws {
        let many = (0..<200).map { "X-\($0): v\r\n" }.joined()
        for lines in [
            "Transfer-Encoding: other\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip\r\n", many,
        ] {
            for length in ["", "Content-Length: 5\r\n"] {
                XCTAssertEqual(try result("HTTP/1.1 200 OK\r\n\(lines)\(length)\r\nhello").text, "hello", lines)
            }
        }
        let server = server("HTTP/1.1 200 OK\r\n\(many)Content-Length: 5\r\n\r\nhello")
        defer { server.stop() }
        let sink = RecordingSink()
        XCTAssertEqual(try Harness().run(.get(server.url()), sink: sink).reply?.status, 200)
        XCTAssertEqual(sink.bytes, Array("hello".utf8))
    }

    /// libcurl itself gives up a line without an end, and calls that a lack of memory.
    func testAHeaderLineWithoutAnEnd() throws {
        for beginning in ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A:"] {
            let server = RawServer { connection in
                guard connection.request() != nil else { return }
                connection.send(beginning)
                let piece = [UInt8](repeating: 0x61, count: 64 << 10)
                while connection.send(piece) {}
            }
            defer { server.stop() }
            for options in [TransferOptions.quick, .submission] {
                let failure = try Harness().run(.post(server.url()), options).failure
                XCTAssertEqual(failure?.kind, .tooLarge, "\(beginning): \(String(describing: failure))")
                XCTAssertEqual(failure?.detail.contains("headers have more than"), true, failure?.detail ?? "")
            }
        }
    }

    func testHeadersOfTheFinalResponseOnly() throws {
        let reply = try result(
            "HTTP/1.1 100 Continue\r\nX-A: interim\r\n\r\nHTTP/1.1 103 Hints\r\nX-B: interim\r\n\r\n"
                + "HTTP/1.1 429 Slow\r\nRETRY-After:   7 \r\nX-Empty:\r\nSet: a\r\nset: b\r\nX-Fold: one\r\n  two\r\n"
                + "X-Bytes: \u{e9}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
                + "2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"
        ).reply
        XCTAssertEqual(reply?.status, 429)
        XCTAssertEqual(reply.map { String(decoding: $0.body, as: UTF8.self) }, "ok")
        XCTAssertEqual(
            reply?.headers.lines,
            [
                HTTPHeader("retry-after", "7"), HTTPHeader("x-empty", ""), HTTPHeader("set", "a"),
                HTTPHeader("set", "b"),
                HTTPHeader("x-fold", "one    two"), HTTPHeader("x-bytes", "\u{e9}"),
                HTTPHeader("transfer-encoding", "chunked"), HTTPHeader("trailer", "X-Late"),
            ])
    }

    func testAnswersWithoutABody() throws {
        for text in [
            "HTTP/1.1 204 No\r\n\r\n", "HTTP/1.1 304 Same\r\nETag: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ] {
            let sink = RecordingSink()
            let server = server(text)
            defer { server.stop() }
            let result = try Harness().run(.get(server.url()), sink: sink)
            XCTAssertNotNil(result.reply)
            XCTAssertEqual(sink.began.count, 1)
            XCTAssertEqual(sink.bytes, [])
        }
    }

    func testSinkGetsEverythingOnceAndTheReplyNothing() throws {
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let server = RawServer { connection in
            while connection.request() != nil {
                connection.send(
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 206 Part\r\nX: y\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.send(body)
            }
        }
        defer { server.stop() }
        let sink = RecordingSink()
        let harness = try Harness()
        let options = TransferOptions.quick.with { $0.maximumReplyBytes = 10 }
        let id = harness.start(.get(server.url()), options, sink: sink)
        var seen: [Int64] = []
        sink.onReceive = { seen.append(harness.transport.progress(id: id).received) }
        let reply = harness.results(of: [id])[id]?.reply
        XCTAssertEqual(reply?.status, 206)
        XCTAssertEqual(reply?.headers["x"], "y")
        XCTAssertEqual(reply?.body, [])
        XCTAssertEqual(sink.began.map(\.status), [206])
        XCTAssertEqual(sink.began.first?.headers["content-length"], "1000000")
        XCTAssertTrue(sink.bytes == body)
        XCTAssertEqual(seen.last, 1_000_000)
        XCTAssertEqual(seen, seen.sorted())
        XCTAssertEqual(harness.transport.progress(id: id).total, -1, "an id that has ended is not known")
    }

    func testProgressKnowsTheTotal() throws {
        let server = RawServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
            connection.awaitEnd()
        }
        defer { server.stop() }
        let harness = try Harness()
        let id = harness.start(.get(server.url()))
        XCTAssertEqual(harness.transport.progress(id: id).total, -1)
        while harness.transport.progress(id: id).received < 10 { _ = harness.transport.wait(milliseconds: 20) }
        XCTAssertEqual(harness.transport.progress(id: id).total, 100)
        harness.transport.cancel(id: id)
    }

    func testASinkCanEndTheTransfer() throws {
        let server = RawServer { $0.serve(String(repeating: "x", count: 300_000)) }
        defer { server.stop() }
        let harness = try Harness()
        let unwilling = RecordingSink()
        unwilling.acceptsBegin = false
        XCTAssertEqual(harness.run(.get(server.url()), sink: unwilling).failure?.kind, .sink)
        XCTAssertEqual(unwilling.bytes, [])
        let full = RecordingSink()
        full.limit = 100_000
        let failure = harness.run(.get(server.url()), sink: full).failure
        XCTAssertEqual(failure?.kind, .sink)
        XCTAssertEqual(failure?.requestMayHaveLeft, true)
        // The broken connection is not used again.
        XCTAssertEqual(harness.run(.get(server.url())).reply?.body.count, 300_000)
    }

    func testASinkMayCallTheTransport() throws {
        let server = RawServer { $0.serve(String(repeating: "x", count: 300_000)) }
        defer { server.stop() }
        let harness = try Harness()
        let other = harness.start(.get(server.url("/other")), .quick.with { $0.exchangeTimeoutMilliseconds = 5000 })
        let sink = RecordingSink()
        let id = harness.start(.get(server.url()), sink: sink)
        let late: UInt64 = 900
        sink.onReceive = { [unowned sink] in
            if sink.pieces > 1 { return }
            harness.transport.cancel(id: id)
            harness.transport.start(id: late, request: .get(server.url("/late")), options: .quick, sink: nil)
        }
        let results = harness.results(of: [other, late])
        XCTAssertEqual(results[late]?.reply?.body.count, 300_000)
        XCTAssertNil(results[id], "a transfer that was cancelled has no result")
        XCTAssertEqual(sink.pieces, 1)
    }
}
