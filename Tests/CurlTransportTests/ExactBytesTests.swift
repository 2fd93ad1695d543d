import Core
import XCTest

@testable import CurlTransport

/// What was signed is what is sent.
final class ExactBytesTests: XCTestCase {
    private func head(_ make: (String) -> HTTPRequest, base: (Int) -> String = { "http://127.0.0.1:\($0)" }) throws
        -> (String, [UInt8], Int)
    {
        let bodies = Box<[UInt8]>([])
        let server = RawServer { connection in
            while let request = connection.request() {
                bodies.value = request.body
                connection.answer("ok")
            }
        }
        defer { server.stop() }
        let harness = try Harness()
        let result = harness.run(make(base(server.port)))
        XCTAssertEqual(result.text, "ok", "\(result)")
        return (server.requests.first ?? "", bodies.value, server.port)
    }

    func testPostIsSentAsGiven() throws {
        let body = Array(#"{"a":"\u00e9 é"}"#.utf8)
        let (head, sent, port) = try head { base in
            HTTPRequest(
                method: .post, url: base + "/a/../b/./%7Ex//c?q=1&q=%20&e=&z",
                headers: [
                    HTTPHeader("X-TC-Action", "Describe"),
                    HTTPHeader("content-type", "application/json; charset=utf-8"),
                    HTTPHeader("Authorization", "TC3-HMAC-SHA256 Credential=a/b, Signature=c"),
                    HTTPHeader("X-Empty", ""),
                    HTTPHeader("x-odd", "ü  two  blanks"),
                ], body: body)
        }
        XCTAssertEqual(
            head,
            """
            POST /a/../b/./%7Ex//c?q=1&q=%20&e=&z HTTP/1.1\r
            Host: 127.0.0.1:\(port)\r
            X-TC-Action: Describe\r
            content-type: application/json; charset=utf-8\r
            Authorization: TC3-HMAC-SHA256 Credential=a/b, Signature=c\r
            X-Empty:\r
            x-odd: ü  two  blanks\r
            Accept-Encoding: identity\r
            Content-Length: \(body.count)\r
            \r

            """)
        XCTAssertEqual(sent, body)
    }

    /// What a call of an API adds; a fetch from a store adds nothing at all.
    private let identity = "Accept-Encoding: identity\r\n"

    func testNothingIsAddedToARequestWithoutHeaders() throws {
        for bytes in [0, 10, 5000, 2_000_000] {
            let (head, sent, port) = try head { .post($0 + "/p", bytes: bytes) }
            XCTAssertEqual(
                head,
                "POST /p HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(identity)Content-Length: \(bytes)\r\n\r\n")
            XCTAssertEqual(sent.count, bytes)
        }
        let (head, _, port) = try head { .get($0) }
        XCTAssertEqual(head, "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(identity)\r\n")
    }

    func testOtherMethods() throws {
        let (put, body, _) = try head { HTTPRequest(method: .put, url: $0 + "/p", body: [0, 255, 10]) }
        XCTAssertTrue(put.hasPrefix("PUT /p HTTP/1.1\r\n"))
        XCTAssertEqual(body, [0, 255, 10])
        let (get, sent, _) = try head { HTTPRequest(method: .get, url: $0 + "/g?", body: [1, 2]) }
        XCTAssertTrue(get.hasPrefix("GET /g? HTTP/1.1\r\n"))
        XCTAssertEqual(sent, [1, 2])
    }

    func testAHandleThatWasUsedLeavesNothingBehind() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness()
        let requests: [HTTPRequest] = [
            .post(server.url("/1"), [HTTPHeader("Accept", "a/b"), HTTPHeader("X-One", "1")]), .get(server.url("/2")),
            HTTPRequest(method: .put, url: server.url("/3"), body: [1]),
            .get(server.url("/4"), [HTTPHeader("X-Four", "4")]),
            .post(server.url("/5"), bytes: 0),
        ]
        for request in requests { XCTAssertEqual(harness.run(request).text, "ok") }
        let host = "Host: 127.0.0.1:\(server.port)\r\n"
        XCTAssertEqual(
            server.requests,
            [
                "POST /1 HTTP/1.1\r\n\(host)Accept: a/b\r\nX-One: 1\r\n\(identity)Content-Length: 20\r\n\r\n",
                "GET /2 HTTP/1.1\r\n\(host)\(identity)\r\n",
                "PUT /3 HTTP/1.1\r\n\(host)\(identity)Content-Length: 1\r\n\r\n",
                "GET /4 HTTP/1.1\r\n\(host)X-Four: 4\r\n\(identity)\r\n",
                "POST /5 HTTP/1.1\r\n\(host)\(identity)Content-Length: 0\r\n\r\n",
            ])
    }

    func testHostAndLengthAreDerivedWhateverTheHeadersSay() throws {
        let (head, _, port) = try head {
            .post($0 + "/p", bytes: 3, [HTTPHeader("Host", "evil"), HTTPHeader("Content-Length", "1")])
        }
        XCTAssertEqual(head, "POST /p HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(identity)Content-Length: 3\r\n\r\n")
    }

    func testHeadersThatAreNoHeadersAreRefused() throws {
        let harness = try Harness()
        for header in [
            HTTPHeader("X", "a\r\nY: b"), HTTPHeader("X", "a\u{0}b"), HTTPHeader("X Y", "a"), HTTPHeader("", "a"),
            HTTPHeader("X:", "a"), HTTPHeader("X\n", "a"), HTTPHeader("X;", "a"),
        ] {
            let failure = harness.run(.get("http://127.0.0.1:1/", [header])).failure
            XCTAssertEqual(failure?.kind, .badURL, "\(header)")
            XCTAssertEqual(failure?.requestMayHaveLeft, false)
        }
    }

    func testInvalidURLsAreRefused() throws {
        let harness = try Harness()
        for url in [
            "", "127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http:///x", "https://a b/",
            "http://user@127.0.0.1/", "http://user:secret@127.0.0.1/", "http://127.0.0.1/\u{7f}", "http://127.0.0.1/é",
            "http://127.0.0.1:99999/", "http://127.0.0.1/\r\nX: y", "gopher://x/", "http://[::1/",
        ] {
            let failure = harness.run(.get(url)).failure
            XCTAssertEqual(failure?.kind, .badURL, url)
            XCTAssertEqual(failure?.requestMayHaveLeft, false, url)
            XCTAssertFalse(failure?.detail.contains("secret") ?? true, failure?.detail ?? "")
        }
    }

    func testBodiesAreHandedOverUndecoded() throws {
        let server = RawServer { connection in
            while connection.request() != nil { connection.answer("not gzip", headers: ["Content-Encoding: gzip"]) }
        }
        defer { server.stop() }
        let reply = try Harness().run(.get(server.url()))
        XCTAssertEqual(reply.text, "not gzip")
    }
}

final class Box<T>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: T
    init(_ value: T) { stored = value }
    var value: T {
        get { lock.withLock { stored } }
        set { lock.withLock { stored = newValue } }
    }
}
