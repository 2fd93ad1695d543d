import Core
import XCTest

@testable import CurlTransport

/// A submission leaves this machine at most once, whatever the connection does.
final class AtMostOnceTests: XCTestCase {
    private static let bodySizes = [0, 1, 900, 70_000, 300_000, 1_500_000]

    /// Answers the first request of a connection; reads the second whole and closes without a byte.
    private func dyingServer(reset: Bool) -> RawServer {
        RawServer { connection in
            guard connection.request() != nil else { return }
            connection.answer("ok")
            guard connection.request() != nil else { return }
            if reset { connection.reset() }
        }
    }

    /// The number of times the server read a POST of `bytes` on a kept-alive connection that dies.
    private func sent(
        _ guarding: ResendGuard, reset: Bool, method: HTTPRequest.Method = .post, bytes: Int
    ) throws -> (count: Int, result: TransferResult) {
        let server = dyingServer(reset: reset)
        defer { server.stop() }
        let harness = try Harness(resendGuard: guarding)
        XCTAssertEqual(harness.run(.get(server.url("/first"))).text, "ok")
        let request = HTTPRequest(method: method, url: server.url("/submit"), body: [UInt8](repeating: 1, count: bytes))
        let result = harness.run(request, .submission)
        return (server.requests.filter { $0.contains(" /submit ") }.count, result)
    }

    func testAConnectionThatDiesAfterTheRequestWasReadGetsNoSecondRequest() throws {
        for bytes in Self.bodySizes {
            for reset in [false, true] {
                let (count, result) = try sent(.oneRequest, reset: reset, bytes: bytes)
                XCTAssertEqual(count, 1, "\(bytes) bytes, reset \(reset)")
                let failure = try XCTUnwrap(result.failure, "\(bytes) bytes, reset \(reset)")
                XCTAssertTrue(failure.requestMayHaveLeft)
                XCTAssertTrue([.emptyReply, .receive, .send].contains(failure.kind), "\(failure)")
            }
        }
    }

    func testASubmissionWithoutABodyIsGuardedToo() throws {
        for method in [HTTPRequest.Method.get, .put] {
            let (count, result) = try sent(.oneRequest, reset: false, method: method, bytes: 0)
            XCTAssertEqual(count, 1)
            XCTAssertEqual(result.failure?.requestMayHaveLeft, true)
        }
    }

    /// What the guard is for: without it libcurl pays twice. If this fails, the tests above prove nothing.
    func testWithoutTheGuardLibcurlSendsAgain() throws {
        for bytes in [0, 900, 70_000] {
            let (count, result) = try sent(.none, reset: false, bytes: bytes)
            XCTAssertEqual(count, 2, "\(bytes) bytes")
            XCTAssertEqual(result.text, "ok")
        }
    }

    /// A fetch of an image is not guarded: a stale connection costs it nothing.
    func testAFetchOfAnImageIsSentAgain() throws {
        let server = dyingServer(reset: false)
        defer { server.stop() }
        let harness = try Harness()
        XCTAssertEqual(harness.run(.get(server.url("/first"))).text, "ok")
        let sink = RecordingSink()
        let store = TransferOptions.quick.with { $0.isForStore = true }
        XCTAssertNotNil(harness.run(.get(server.url("/image")), store, sink: sink).reply)
        XCTAssertEqual(sink.bytes, Array("ok".utf8))
        XCTAssertEqual(server.requests.filter { $0.contains(" /image ") }.count, 2)
    }

    /// A signature may be used once: who wants to ask again signs again.
    func testAReadIsNotSentAgainWithTheSameSignature() throws {
        let server = dyingServer(reset: false)
        defer { server.stop() }
        let harness = try Harness()
        XCTAssertEqual(harness.run(.get(server.url("/first"))).text, "ok")
        // An image of Alibaba is a signed call, too.
        for (path, sink) in [("/status", nil), ("/image", RecordingSink())] {
            let failure = harness.run(.post(server.url(path)), sink: sink).failure
            XCTAssertEqual(failure?.kind, .emptyReply)
            XCTAssertEqual(server.requests.filter { $0.contains(" \(path) ") }.count, 1)
            XCTAssertNotNil(harness.run(.post(server.url(path)), sink: sink).reply)
        }
    }

    /// The guard must hold as well when the second connection is an idle one, for which no socket is opened.
    func testNoSecondRequestOnAnotherIdleConnection() throws {
        let barrier = DispatchSemaphore(value: 0)
        let server = RawServer { connection in
            guard connection.request() != nil else { return }
            if connection.number == 1 { barrier.wait() } else { barrier.signal() }
            connection.answer("ok")
            _ = connection.request()
        }
        defer { server.stop() }
        let harness = try Harness()
        let ids = [harness.start(.get(server.url("/a"))), harness.start(.get(server.url("/b")))]
        XCTAssertEqual(harness.results(of: ids).values.compactMap(\.reply).count, 2)
        XCTAssertEqual(server.connections, 2)
        let result = harness.run(.post(server.url("/submit")), .submission)
        XCTAssertEqual(result.failure?.requestMayHaveLeft, true)
        XCTAssertEqual(server.requests.filter { $0.contains(" /submit ") }.count, 1)
    }

    /// libcurl 7.88 takes a connection that was reset for a live one: a submission that was never sent must leave no doubt.
    func testAConnectionThatWasResetWhileIdleIsReplacedBeforeTheRequestLeaves() throws {
        for options in [TransferOptions.submission, .quick] {
            let server = RawServer { connection in
                guard connection.request() != nil else { return }
                connection.answer("ok")
                connection.reset()
            }
            defer { server.stop() }
            let harness = try Harness()
            for number in 1...20 {
                XCTAssertEqual(harness.run(.post(server.url("/\(number)")), options).text, "ok", "\(number)")
                // The reset comes after the answer.
                _ = harness.transport.wait(milliseconds: 10)
            }
            XCTAssertEqual(server.requests.count, 20)
        }
    }

    /// The kernel refuses the first byte: the request has not left, and goes over another connection.
    func testARequestOfWhichNoByteCouldBeWrittenIsSentOverAnotherConnection() throws {
        for bytes in Self.bodySizes {
            let server = RawServer { connection in
                guard connection.request() != nil else { return }
                connection.answer("ok")
                // Says nothing when it is told that nothing more comes.
                if connection.request() == nil { usleep(500_000) } else { connection.answer("again") }
            }
            defer { server.stop() }
            let harness = try Harness()
            XCTAssertEqual(harness.run(.get(server.url("/first"))).text, "ok")
            XCTAssertEqual(Self.stopWriting(to: server.port), 1)
            let request = HTTPRequest(
                method: .post, url: server.url("/submit"), body: [UInt8](repeating: 1, count: bytes))
            let result = harness.run(request, .submission)
            XCTAssertEqual(result.text, "ok", "\(bytes) bytes: \(result)")
            XCTAssertEqual(server.requests.filter { $0.contains(" /submit ") }.count, 1)
            XCTAssertEqual(server.connections, 2)
        }
    }

    /// Ends the sending direction of each of our connections to a port; how many there were.
    private static func stopWriting(to port: Int) -> Int {
        var found = 0
        for fd in Int32(3)..<512 {
            var name = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let known = withUnsafeMutablePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(fd, $0, &length) }
            }
            guard known == 0, name.sin_family == sa_family_t(AF_INET), Int(UInt16(bigEndian: name.sin_port)) == port,
                shutdown(fd, Int32(SHUT_WR)) == 0
            else { continue }
            found += 1
        }
        return found
    }

    func testAConnectionThatWasClosedWhileIdleIsReplacedBeforeTheRequestLeaves() throws {
        let server = RawServer { connection in
            guard connection.request() != nil else { return }
            connection.answer("ok")
        }
        defer { server.stop() }
        let harness = try Harness()
        XCTAssertEqual(harness.run(.get(server.url("/first"))).text, "ok")
        _ = harness.transport.wait(milliseconds: 50)
        XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok")
        XCTAssertEqual(server.requests.filter { $0.contains(" /submit ") }.count, 1)
    }

    func testSubmissionsKeepTheConnection() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness()
        for _ in 0..<5 { XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok") }
        XCTAssertEqual(server.connections, 1)
    }

    func testSubmissionsCanBeKeptOffIdleConnections() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", maxIdleSecondsForSubmission: 0))
        for _ in 0..<3 { XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok") }
        XCTAssertEqual(server.connections, 3)
    }

    func testAConnectionThatWasIdleForLongIsNotUsedForASubmission() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", maxIdleSecondsForSubmission: 1))
        XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok")
        XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok")
        XCTAssertEqual(server.connections, 1)
        _ = harness.transport.wait(milliseconds: 1050)
        XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok")
        XCTAssertEqual(server.connections, 2)
    }

    func testRedirectsAndChallengesAreAnswersAndNotFollowed() throws {
        let server = RawServer { connection in
            while let request = connection.request() {
                switch request.target {
                case "/moved": connection.answer("", status: "307 Moved", headers: ["Location: /ok"])
                case "/bad-location": connection.answer("", status: "302 Found", headers: ["Location: http://[::"])
                case "/challenge":
                    connection.answer("", status: "401 No", headers: ["WWW-Authenticate: Basic realm=\"x\""])
                case "/expect": connection.answer("", status: "417 No")
                default: connection.answer("ok")
                }
            }
        }
        defer { server.stop() }
        let harness = try Harness()
        for (path, status) in [("/moved", 307), ("/bad-location", 302), ("/challenge", 401), ("/expect", 417)] {
            let result = harness.run(.post(server.url(path), bytes: 2_000_000), .submission)
            XCTAssertEqual(result.reply?.status, status, "\(result)")
        }
        XCTAssertEqual(server.requests.count, 4)
    }

    func testOverTLSTheSame() throws {
        let server = try TLSServer()
        defer { server.stop() }
        for (path, guarding, wanted) in [
            ("/die", ResendGuard.oneRequest, 1), ("/rst", .oneRequest, 1), ("/raw-close", .oneRequest, 1),
            ("/die", .none, 2),
        ] {
            for bytes in [0, 900, 70_000, 300_000] {
                let harness = try Harness(server.settings, resendGuard: guarding)
                let before = harness.run(.get(server.url("/count"))).text.split(separator: " ").compactMap { Int($0) }
                XCTAssertEqual(harness.run(.get(server.url("/ok"))).text, "ok")
                let result = harness.run(.post(server.url(path), bytes: bytes), .submission)
                let failure = try XCTUnwrap(result.failure)
                XCTAssertTrue(failure.requestMayHaveLeft)
                let after = harness.run(.get(server.url("/count"))).text.split(separator: " ").compactMap { Int($0) }
                // The first request of a connection is "/count", which is not counted; one more was "/ok".
                XCTAssertEqual(after[0] - before[0] - 1, wanted, "\(path) \(bytes) \(guarding) \(failure)")
            }
        }
    }

    func testSubmissionsUseHTTP11EvenWhereReadsMayUseHTTP2() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", allowHTTP2: true))
        XCTAssertEqual(harness.run(.post(server.url("/submit")), .submission).text, "ok")
        XCTAssertTrue(server.requests[0].hasPrefix("POST /submit HTTP/1.1\r\n"))
        XCTAssertFalse(server.requests[0].lowercased().contains("upgrade"))
    }
}
