import Core
import Foundation
import XCTest

@testable import CurlTransport

/// What a server sends without being asked is nobody's answer: each request gets its own, whatever came before it.
final class StrayAnswerTests: XCTestCase {
    /// How the answer before the stray one ends.
    private static let shapes: [(name: String, status: Int, answer: String)] = [
        ("a length", 200, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"),
        ("length 0", 200, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("204", 204, "HTTP/1.1 204 No Content\r\n\r\n"),
        ("304", 304, "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"),
        ("204 with a length", 204, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
        ("503", 503, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"),
        ("chunks", 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n"),
        (
            "chunks, trailer", 200,
            "HTTP/1.1 200 OK\r\ntransfer-encoding:  Chunked\r\n\r\n5;a=b\r\nfirst\r\n0\r\nA: b\r\n\r\n"
        ),
        ("no chunk", 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("two codings", 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"),
        ("both", 200, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("16 KB", 200, long(16_300)), ("16 KiB", 200, long(16_384)), ("20 KB", 200, long(20_000)),
        ("200 KB", 200, long(200_000)), ("64 KiB chunk", 200, longChunk(65_536)),
    ]

    private static func long(_ count: Int) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n" + String(repeating: "x", count: count)
    }

    private static func longChunk(_ count: Int) -> String {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(count, radix: 16) + "\r\n"
            + String(repeating: "x", count: count) + "\r\n0\r\n\r\n"
    }

    private static let stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"

    /// The first request of the first connection gets `script`; every other request the name of its path.
    private func server(_ script: @escaping @Sendable (Connection) -> Void) -> RawServer {
        RawServer { connection in
            var isFirst = connection.number == 1
            while let request = connection.request() {
                if isFirst { script(connection) } else if !connection.answer(request.target) { return }
                isFirst = false
            }
        }
    }

    /// One request, a pause, and two more: how each of these was answered, and over how many connections all came.
    private func second(
        pause: Int64, options: TransferOptions = .submission, _ script: @escaping @Sendable (Connection) -> Void
    ) throws -> (first: TransferResult, texts: [String], connections: Int) {
        let server = server(script)
        defer { server.stop() }
        let harness = try Harness()
        let first = harness.run(.post(server.url("/1")), options)
        if pause > 0 {
            let end = Date(timeIntervalSinceNow: Double(pause) / 1000)
            while Date() < end { _ = harness.transport.wait(milliseconds: 5) }
        }
        let texts = ["/2", "/3"].map { harness.run(.post(server.url($0)), options).text }
        return (first, texts, server.connections)
    }

    func testASecondAnswerInTheSameWrite() throws {
        for shape in Self.shapes {
            for options in [TransferOptions.submission, .quick] {
                let (first, texts, connections) = try second(pause: 60, options: options) {
                    $0.send(shape.answer + Self.stray)
                }
                XCTAssertEqual(first.reply?.status, shape.status, "\(shape.name): \(first)")
                XCTAssertEqual(texts, ["/2", "/3"], shape.name)
                XCTAssertEqual(connections, 2, shape.name)
            }
        }
    }

    /// The rest of the second answer comes when the next request has left: by then nothing tells them apart.
    func testHalfASecondAnswerInTheSameWrite() throws {
        for shape in Self.shapes {
            for cut in ["H", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Self.stray] {
                let (_, texts, connections) = try second(pause: 0) { connection in
                    connection.send(shape.answer + cut)
                    connection.awaitBytes()
                    connection.send(String(Self.stray.dropFirst(cut.count)) + Self.stray)
                }
                XCTAssertEqual(texts, ["/2", "/3"], "\(shape.name), \(cut.count) bytes of the stray answer")
                XCTAssertEqual(connections, 2, shape.name)
            }
        }
    }

    func testASecondAnswerLater() throws {
        let late = [
            Self.stray, "H", "\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 408 Request Time-out\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        ]
        for shape in Self.shapes {
            for bytes in late {
                let (_, texts, connections) = try second(pause: 60) { connection in
                    connection.send(shape.answer)
                    usleep(20_000)
                    connection.send(bytes)
                }
                XCTAssertEqual(texts, ["/2", "/3"], "\(shape.name), \(bytes)")
                XCTAssertEqual(connections, 2, shape.name)
            }
        }
    }

    /// As servers do that have waited long enough.
    func testAnAnswerToNothingAndTheEndOfTheConnection() throws {
        let (_, texts, connections) = try second(pause: 60) { connection in
            connection.answer("first")
            usleep(20_000)
            connection.send("HTTP/1.1 408 Request Time-out\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            connection.close()
        }
        XCTAssertEqual(texts, ["/2", "/3"])
        XCTAssertEqual(connections, 2)
    }

    /// Several connections that are all spoiled: the request still leaves, once.
    func testEveryIdleConnectionIsSpoiled() throws {
        let all = DispatchSemaphore(value: 0)
        let server = RawServer { connection in
            guard let request = connection.request() else { return }
            connection.answer(request.target)
            guard connection.number <= 8 else { return connection.serve("late") }
            all.wait()
            connection.send(Self.stray)
            connection.awaitEnd()
        }
        defer { server.stop() }
        let harness = try Harness()
        let ids = (0..<8).map { harness.start(.post(server.url("/\($0)")), .submission) }
        XCTAssertEqual(harness.results(of: ids).count, 8)
        for _ in 0..<8 { all.signal() }
        _ = harness.transport.wait(milliseconds: 50)
        usleep(20_000)
        for index in 0..<16 {
            XCTAssertEqual(harness.run(.post(server.url("/late\(index)")), .submission).reply?.status, 200)
        }
        XCTAssertFalse(server.requests.isEmpty)
        for index in 0..<16 {
            XCTAssertEqual(server.requests.filter { $0.hasPrefix("POST /late\(index) ") }.count, 1)
        }
    }

    /// A server that speaks before it is asked, on every connection: nothing is sent, and the failure says why. Its bytes
    /// come with a proxy's last word, so that they are there whichever thread is the faster one.
    func testAServerThatSpeaksFirst() throws {
        let server = RawServer { connection in
            connection.acceptSOCKS(andSend: Self.stray)
            _ = connection.request()
        }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "socks5h://127.0.0.1:\(server.port)"))
        let failure = harness.run(.post("http://cloud.test/submit"), .submission).failure
        XCTAssertEqual(failure?.requestMayHaveLeft, false)
        XCTAssertEqual(failure?.detail.contains("before it was asked"), true, failure?.detail ?? "an answer")
        XCTAssertEqual(server.requests, [])
    }

    /// Answers "first" to a small request to /1, and to any other one before its body has been read.
    private func answersDuringBody(_ answer: @escaping RawServer.Script) -> RawServer {
        RawServer { connection in
            while let request = connection.request(bodyLimit: 0) {
                if request.target == "/1" {
                    connection.buffered(drop: 20)
                    connection.answer("first")
                } else {
                    answer(connection)
                    connection.awaitEnd()
                    return
                }
            }
        }
    }

    /// A refusal that comes while the body is still being sent belongs to its request.
    func testARefusalDuringALargeBodyIsAnAnswer() throws {
        let server = answersDuringBody { $0.answer("no", status: "413 Too Large", headers: ["Connection: close"]) }
        defer { server.stop() }
        let harness = try Harness()
        XCTAssertEqual(harness.run(.post(server.url("/1")), .submission).text, "first")
        for bytes in [300_000, 20_000_000] {
            let result = harness.run(.post(server.url("/2"), bytes: bytes), .submission)
            XCTAssertEqual(result.reply?.status, 413, "\(result)")
        }
    }

    /// After an answer with the status 200 libcurl sends the rest of the body. The other end then has the whole submission and
    /// may carry it out, whatever the answer that came too early said: nobody knows the outcome.
    func testAnAnswerDuringALargeBodyIsAStranger() throws {
        for answer in ["{\"TaskId\":\"stray\"}", "{\"Error\":\"RequestLimitExceeded\"}"] {
            let server = answersDuringBody { $0.answer(answer) }
            defer { server.stop() }
            let harness = try Harness()
            XCTAssertEqual(harness.run(.post(server.url("/1")), .submission).text, "first")
            let result = harness.run(.post(server.url("/2"), bytes: 20_000_000), .submission)
            XCTAssertNil(result.reply, "\(result)")
            XCTAssertEqual(result.failure?.requestMayHaveLeft, true, "\(result)")
        }
    }

    func testAnswersInChunksKeepTheConnection() throws {
        let server = RawServer { connection in
            while connection.request() != nil {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
                usleep(2000)
                connection.send("1\r\n!\r\n0\r\n")
                usleep(2000)
                connection.send("\r\n")
            }
        }
        defer { server.stop() }
        let harness = try Harness()
        for _ in 0..<5 { XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok!") }
        let sink = RecordingSink()
        XCTAssertNotNil(harness.run(.get(server.url("/image")), sink: sink).reply)
        XCTAssertEqual(sink.bytes, Array("ok!".utf8))
        XCTAssertEqual(server.connections, 1)
    }

    // MARK: TLS

    func testTheSameOverTLS() throws {
        for arguments in [[], ["--tls12"]] {
            let server = try TLSServer(arguments)
            defer { server.stop() }
            for path in [
                "/twice", "/twice-records", "/twice-later", "/twice-empty", "/twice-chunked", "/twice-long",
                "/twice-half", "/408", "/408-close",
            ] {
                for pause: Int64 in [0, 60] where pause > 0 || path == "/twice" || path == "/twice-half" {
                    let harness = try Harness(server.settings)
                    XCTAssertNotNil(harness.run(.post(server.url("\(path)?a")), .submission).reply, path)
                    let end = Date(timeIntervalSinceNow: Double(pause) / 1000)
                    while Date() < end { _ = harness.transport.wait(milliseconds: 5) }
                    for name in ["b", "c"] {
                        let result = harness.run(.post(server.url("/name?\(name)")), .submission)
                        XCTAssertEqual(result.text, "/name?\(name)", "\(path) \(arguments)")
                    }
                }
            }
        }
    }

    func testConnectionsOverTLSAreKept() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let harness = try Harness(server.settings)
        for _ in 0..<5 { XCTAssertEqual(harness.run(.post(server.url("/ok")), .submission).text, "ok") }
        XCTAssertEqual(harness.run(.get(server.url("/count"))).text, "5 1")
    }
}
