import Core
import XCTest

@testable import CurlTransport

/// What each fault of a server is called, whether the request may have left, and how often the server saw it; on a new
/// connection and on one that has already answered.
final class FaultTableTests: XCTestCase {
    private struct Fault {
        var name: String
        /// On a new connection; any of them where the kernel decides.
        var fresh: [TransferFailure.Kind]
        /// On a reused one; nil: the same.
        var reused: [TransferFailure.Kind]?
        var mayHaveLeft = true
        var seen = 1...1
        var body = 100
        var script: @Sendable (Connection) -> Void
    }

    private static func answering(_ text: String) -> @Sendable (Connection) -> Void {
        { connection in
            guard connection.request() != nil else { return }
            connection.send(text)
        }
    }

    /// The answer to a submission that lacks nothing but its end is handed on: it may hold an id.
    func testWhatCameOfTheAnswerToASubmissionIsHandedOn() throws {
        for (text, whole) in [
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", "hello"),
            ("HTTP/1.1 502 Bad\r\nContent-Length: 100\r\n\r\nhel", "hel"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", ""), ("HTTP/1.1 200 OK\r\nContent-Le", nil),
        ] as [(String, String?)] {
            for isSilent in [false, true] {
                let server = RawServer { connection in
                    guard connection.request() != nil else { return }
                    connection.send(text)
                    if isSilent { connection.awaitEnd() }
                }
                defer { server.stop() }
                for isSubmission in [true, false] {
                    let harness = try Harness()
                    let options = TransferOptions.quick.with {
                        $0.isSubmission = isSubmission
                        $0.exchangeTimeoutMilliseconds = 300
                    }
                    let failure = harness.run(.post(server.url()), options).failure
                    XCTAssertNotNil(failure, text)
                    let came = failure?.reply.map { String(decoding: $0.body, as: UTF8.self) }
                    XCTAssertEqual(came, isSubmission ? whole : nil, "\(text) \(isSilent)")
                    if came != nil { XCTAssertEqual(failure?.reply?.status, text.contains("502") ? 502 : 200) }
                }
            }
        }
    }

    /// However strange the form of an answer to a submission: what libcurl reads of its body is handed on.
    func testAStrangeFormHidesNoID() throws {
        let id = #"{"Response":{"TaskId":"4-AigcImage-1","RequestId":"r"}}"#
        let length = "Content-Length: \(id.utf8.count)\r\n"
        let chunks = String(id.utf8.count, radix: 16) + "\r\n\(id)\r\n0\r\n\r\n"
        let many = { (count: Int, width: Int) in
            (0..<count).map { "X-\($0): \(String(repeating: "v", count: width))\r\n" }.joined()
        }
        let ok = "HTTP/1.1 200 OK\r\n"
        for text in [
            ok + many(101, 1) + length + "\r\n" + id, ok + many(4_000, 1) + length + "\r\n" + id,
            ok + many(1, 80_000) + length + "\r\n" + id, ok + many(25, 10_000) + length + "\r\n" + id,
            "http/1.1 200 OK\r\n" + length + "\r\n" + id, "HTTP/1.1   200 OK\r\n" + length + "\r\n" + id,
            ok + length + length + "\r\n" + id, ok + length + "Content-Length: 900\r\n\r\n" + id,
            ok + "Transfer-Encoding: identity\r\n" + length + "\r\n" + id,
            ok + "Transfer-Encoding: identity\r\n\r\n" + id, ok + "Transfer-Encoding: other\r\n\r\n" + id,
            ok + "Transfer-Encoding: gzip\r\n" + length + "\r\n" + id,
            ok + "Transfer-Encoding: other\r\n\r\n" + chunks, ok + "Transfer-Encoding: gzip\r\n\r\n" + chunks,
            ok + "Transfer-Encoding: Chunked\r\n" + length + "\r\n" + chunks,
            ok + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks,
            ok + "Transfer-Encoding: chunked;q=1\r\n\r\n" + chunks,
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
            ok + "Transfer-Encoding: chunked\r\n\r\n" + id, ok + "Transfer-Encoding: chunked\r\n\r\n0x" + chunks,
            ok + "Transfer-Encoding: chunked\r\n\r\n 3\r\n" + id,
            ok + "Transfer-Encoding: chunked\r\n\r\n00000000000000000000" + chunks,
            ok + "Transfer-Encoding: chunked\r\n\r\n5\r\n     \r\nzz\r\n" + id,
            "\r\n" + ok + length + "\r\n" + id, "ICY 200 OK\r\n" + length + "\r\n" + id, id,
            "HTTP/1.1 100 Continue\r\n\r\n" + id,
        ] {
            let server = RawServer { connection in
                guard connection.request() != nil else { return }
                connection.send(text)
            }
            defer { server.stop() }
            let name = String(text.prefix(80).debugDescription)
            let result = try Harness().run(.post(server.url()), .submission)
            let body = (result.reply ?? result.failure?.reply)?.body ?? []
            XCTAssertTrue(String(decoding: body, as: UTF8.self).contains(id), "\(name): \(result)")
            XCTAssertNotEqual(result.failure?.requestMayHaveLeft, false, name)
            // A reply that is no submission's is judged as before.
            let read = try Harness().run(.post(server.url()), .quick)
            XCTAssertNil(read.failure?.reply, name)
        }
    }

    /// No end of a body in chunks comes: the time runs out, and what came is handed on.
    func testAnEndlessEndHidesNoID() throws {
        for piece in ["x", "X: y\r\n"] {
            let server = RawServer { connection in
                guard connection.request() != nil else { return }
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0")
                connection.send(piece == "x" ? ";" : "\r\n")
                while connection.pause(milliseconds: 5), connection.send(piece) {}
            }
            defer { server.stop() }
            let options = TransferOptions.submission.with { $0.exchangeTimeoutMilliseconds = 300 }
            let failure = try Harness().run(.post(server.url()), options).failure
            XCTAssertEqual(failure?.kind, .timeout)
            XCTAssertEqual(failure?.reply.map { String(decoding: $0.body, as: UTF8.self) }, "hello")
        }
    }

    private static let table: [Fault] = [
        Fault(
            name: "reset before read", fresh: [.receive, .send], reused: [.emptyReply, .send], seen: 0...0,
            script: { connection in
                connection.awaitBytes()
                connection.reset()
            }),
        Fault(
            name: "reset after half of the request", fresh: [.receive, .send], reused: [.receive, .send, .emptyReply],
            body: 8_000_000,
            script: { connection in
                _ = connection.request(bodyLimit: 100_000)
                connection.reset()
            }),
        Fault(
            name: "reset after the whole request", fresh: [.receive], reused: [.emptyReply],
            script: { connection in
                _ = connection.request()
                connection.reset()
            }),
        Fault(
            name: "close without an answer", fresh: [.emptyReply], script: { _ = $0.request() }),
        Fault(
            name: "silence", fresh: [.timeout],
            script: { connection in
                _ = connection.request()
                connection.awaitEnd()
            }),
        Fault(
            name: "cut in the status line", fresh: [.cutReply, .emptyReply, .malformedReply],
            script: answering("HTTP/1.1 2")),
        Fault(name: "cut after the status line", fresh: [.cutReply], script: answering("HTTP/1.1 200 OK\r\n")),
        Fault(name: "cut in a header", fresh: [.cutReply], script: answering("HTTP/1.1 200 OK\r\nContent-Le")),
        Fault(
            name: "cut before the body", fresh: [.cutReply],
            script: answering("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")),
        Fault(
            name: "cut in the body", fresh: [.cutReply],
            script: answering("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12345678")),
        Fault(
            name: "reset in the body", fresh: [.cutReply],
            script: { connection in
                _ = connection.request()
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234")
                // The reset must not overtake what was sent.
                _ = connection.pause(milliseconds: 30)
                connection.reset()
            }),
        Fault(
            name: "cut after 100 Continue", fresh: [.cutReply, .emptyReply],
            script: answering("HTTP/1.1 100 Continue\r\n\r\n")),
        Fault(name: "garbage", fresh: [.malformedReply], script: answering("SSH-2.0-OpenSSH_9.2\r\n\r\n")),
        Fault(name: "HTTP/0.9", fresh: [.malformedReply], script: answering("<html>hello</html>")),
        Fault(
            name: "a length that is no number", fresh: [.malformedReply],
            script: answering("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n123")),
        Fault(
            name: "switching protocols", fresh: [.malformedReply, .cutReply],
            script: answering("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello")),
        Fault(
            name: "chunked cut", fresh: [.cutReply],
            script: answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")),
        Fault(
            name: "chunked garbage", fresh: [.malformedReply],
            script: answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")),
        Fault(
            name: "drip", fresh: [.timeout],
            script: { connection in
                _ = connection.request()
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while connection.pause(milliseconds: 20), connection.send("x") {}
            }),
    ]

    func testTable() throws {
        for fault in Self.table {
            for isReused in [false, true] {
                for isSubmission in [true, false] {
                    try check(fault, isReused: isReused, isSubmission: isSubmission)
                }
            }
        }
    }

    private func check(_ fault: Fault, isReused: Bool, isSubmission: Bool) throws {
        let name = "\(fault.name), \(isReused ? "reused" : "new"), \(isSubmission ? "submission" : "read")"
        let server = RawServer { connection in
            if isReused, connection.number == 1 {
                guard connection.request() != nil else { return }
                connection.answer("ok")
            }
            fault.script(connection)
        }
        defer { server.stop() }
        let harness = try Harness()
        if isReused { XCTAssertEqual(harness.run(.get(server.url("/first"))).text, "ok", name) }
        let options = TransferOptions.quick.with {
            $0.isSubmission = isSubmission
            $0.exchangeTimeoutMilliseconds = fault.fresh == [.timeout] ? 250 : 10_000
        }
        let result = harness.run(.post(server.url("/submit?secret=1"), bytes: fault.body), options)
        let failure = try XCTUnwrap(result.failure, "\(name): \(result)")
        // A read is tried again on a new connection, where the same happens to it.
        let wanted = isReused && isSubmission ? fault.reused ?? fault.fresh : fault.fresh + (fault.reused ?? [])
        XCTAssertTrue(
            wanted.contains(failure.kind) || isReused && failure.kind == .emptyReply && fault.fresh == [.receive],
            "\(name): \(failure)")
        XCTAssertEqual(failure.requestMayHaveLeft, fault.mayHaveLeft, name)
        XCTAssertTrue(failure.detail.contains("127.0.0.1:\(server.port)"), failure.detail)
        XCTAssertFalse(failure.detail.contains("secret"), failure.detail)
        let seen = server.requests.filter { $0.contains("/submit") }.count
        if isSubmission { XCTAssertTrue(fault.seen.contains(seen), "\(name): seen \(seen) times") }
    }

    func testRefusedConnection() throws {
        for isReused in [false, true] {
            let server = RawServer { connection in
                guard connection.request() != nil else { return }
                connection.answer("ok")
            }
            let harness = try Harness()
            if isReused {
                XCTAssertEqual(harness.run(.get(server.url())).text, "ok")
                _ = harness.transport.wait(milliseconds: 30)
            }
            server.stop()
            let failure = harness.run(.post(server.url("/submit")), .submission).failure
            XCTAssertEqual(failure?.kind, .connect, "\(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, false)
        }
    }

    /// The connection dies after the submission was read, and a new one would be refused: that is not "not sent".
    func testARefusedSecondConnectionDoesNotMakeItNotSent() throws {
        let stop = Box<() -> Void>({})
        let server = RawServer { connection in
            guard connection.request() != nil else { return }
            connection.answer("ok")
            guard connection.request() != nil else { return }
            stop.value()
        }
        stop.value = { server.stopListening() }
        let harness = try Harness()
        XCTAssertEqual(harness.run(.get(server.url("/first"))).text, "ok")
        let failure = harness.run(.post(server.url("/submit")), .submission).failure
        XCTAssertEqual(failure?.requestMayHaveLeft, true)
        XCTAssertEqual(failure?.kind, .emptyReply)
    }

    func testNamesThatDoNotResolve() throws {
        let failure = try Harness().run(.post("http://no-such-host.invalid/x"), .submission).failure
        XCTAssertEqual(failure?.kind, .resolve, "\(String(describing: failure))")
        XCTAssertEqual(failure?.requestMayHaveLeft, false)
        XCTAssertTrue(failure?.detail.contains("no-such-host.invalid") ?? false)
    }

    func testAShorterLengthIsWhatCounts() throws {
        let server = RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n123456789")
            connection.awaitEnd()
        }
        defer { server.stop() }
        let harness = try Harness()
        XCTAssertEqual(harness.run(.get(server.url())).text, "123")
        // The rest must not be taken for the next answer.
        XCTAssertEqual(harness.run(.get(server.url())).text, "123")
        XCTAssertEqual(server.connections, 2)
    }

    func testTLSFailuresAreNotSent() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let stranger = try TLSServer(subjectAltName: "DNS:other.example")
        defer { stranger.stop() }
        let old = try TLSServer(["--max-tls", "1.1"])
        defer { old.stop() }
        let resetting = try TLSServer(["--reset-handshake"])
        defer { resetting.stop() }
        let plain = RawServer { connection in
            connection.awaitBytes()
            connection.send("HTTP/1.1 400 This is no TLS\r\n\r\n")
            _ = connection.request()
        }
        defer { plain.stop() }
        let cases: [(String, CurlSettings, String)] = [
            ("another authority", stranger.settings, server.url("/ok")),
            ("another name", stranger.settings, stranger.url("/ok")),
            ("TLS 1.1", old.settings, old.url("/ok")),
            ("reset in the handshake", resetting.settings, resetting.url("/ok")),
            ("no TLS at all", server.settings, "https://localhost:\(plain.port)/"),
            ("a missing CA file", CurlSettings(proxy: "", caFile: "/nowhere/ca.pem"), server.url("/ok")),
            ("an invalid CA file", CurlSettings(proxy: "", caFile: "/etc/hosts"), server.url("/ok")),
        ]
        for (name, settings, url) in cases {
            let failure = try Harness(settings).run(.post(url), .submission).failure
            XCTAssertEqual(failure?.kind, .tls, "\(name): \(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, false, name)
        }
        XCTAssertEqual(try Harness(server.settings).run(.post(server.url("/ok")), .submission).text, "ok")
        XCTAssertEqual(plain.requests.filter { $0.hasPrefix("POST") }, [])
    }

    func testTLSFaultsAfterTheRequest() throws {
        let server = try TLSServer()
        defer { server.stop() }
        for (path, kinds) in [
            ("/die", [TransferFailure.Kind.emptyReply]), ("/raw-close", [.emptyReply]), ("/rst", [.receive]),
            ("/cut", [.cutReply]),
        ] {
            let failure = try Harness(server.settings).run(.post(server.url(path)), .submission).failure
            XCTAssertTrue(failure.map { kinds.contains($0.kind) } ?? false, "\(path): \(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, true)
        }
    }
}
