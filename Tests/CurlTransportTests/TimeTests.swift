import Core
import Foundation
import XCTest

@testable import CurlTransport

/// Limits on the monotonic clock, and waiting that costs nothing.
final class TimeTests: XCTestCase {
    private func timed(_ script: @escaping RawServer.Script, _ options: TransferOptions, body: Int = 10) throws
        -> (TransferFailure?, Double)
    {
        let server = RawServer(script)
        defer { server.stop() }
        let harness = try Harness()
        var failure: TransferFailure?
        let took = milliseconds { failure = harness.run(.post(server.url(), bytes: body), options).failure }
        return (failure, took)
    }

    /// Another process may hold the processor for a while: the best of five counts.
    private func assertTook(
        _ range: ClosedRange<Double>, file: StaticString = #filePath, line: UInt = #line, _ body: () throws -> Double
    ) rethrows {
        var took: [Double] = []
        while took.count < 5, !(took.last.map(range.contains) ?? false) { took.append(try body()) }
        XCTAssertTrue(took.last.map(range.contains) ?? false, "\(took) ms", file: file, line: line)
    }

    func testADripIsEndedByTheExchangeLimit() throws {
        let options = TransferOptions.quick.with {
            $0.exchangeTimeoutMilliseconds = 400
            $0.idleTimeoutMilliseconds = 350
        }
        try assertTook(400...500) {
            let (failure, took) = try timed(
                { connection in
                    _ = connection.request()
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while connection.pause(milliseconds: 40), connection.send("x") {}
                }, options)
            XCTAssertEqual(failure?.kind, .timeout)
            XCTAssertTrue(failure?.detail.contains("400 ms") ?? false, "\(String(describing: failure))")
            return took
        }
    }

    /// On each connection an answer at once, and a second one after a pause.
    private static func answeringTwice(pauseMilliseconds: Int32) -> RawServer {
        RawServer { connection in
            _ = connection.request()
            _ = connection.answer("ok")
            _ = connection.request()
            _ = connection.pause(milliseconds: pauseMilliseconds)
            _ = connection.answer("the id")
            connection.awaitEnd()
        }
    }

    /// A process that was stopped, or got no processor, finds an answer when it runs again: it is not thrown away because its
    /// time is over. Of a submission it holds the id.
    func testAnAnswerThatCameWhileThisProcessStoodStillIsTaken() throws {
        for idle in [Int64(0), 250] {
            let server = Self.answeringTwice(pauseMilliseconds: 100)
            defer { server.stop() }
            let harness = try Harness()
            // On a kept connection libcurl has no timer of its own that would look at the socket.
            XCTAssertEqual(harness.run(.post(server.url())).text, "ok")
            let id = harness.start(
                .post(server.url()),
                .submission.with {
                    $0.exchangeTimeoutMilliseconds = idle > 0 ? 10_000 : 300
                    $0.idleTimeoutMilliseconds = idle
                })
            while server.requests.count < 2 { _ = harness.transport.wait(milliseconds: 1) }
            usleep(600_000)
            XCTAssertEqual(harness.results(of: [id])[id]?.text, "the id", "idle limit \(idle)")
        }
    }

    /// The same for more answers than one look at the sockets brings.
    func testAllAnswersThatCameWhileThisProcessStoodStillAreTaken() throws {
        let server = Self.answeringTwice(pauseMilliseconds: 300)
        defer { server.stop() }
        let count = 200
        let harness = try Harness(CurlSettings(proxy: "", maxConnectionsPerHost: count))
        func all(_ limit: Int64) -> [UInt64] {
            (0..<count).map { _ in
                harness.start(.post(server.url()), .submission.with { $0.exchangeTimeoutMilliseconds = limit })
            }
        }
        XCTAssertEqual(harness.results(of: all(30_000)).count, count)
        let ids = all(2_000)
        while server.requests.count < 2 * count { _ = harness.transport.wait(milliseconds: 1) }
        usleep(2_500_000)
        let texts = harness.results(of: ids).values.map(\.text)
        XCTAssertEqual(texts.filter { $0 == "the id" }.count, count)
    }

    func testSilenceIsEndedByTheIdleLimit() throws {
        try assertTook(600...700) {
            let (failure, took) = try timed(
                { connection in
                    _ = connection.request()
                    connection.send("HTTP/1.1 200 OK\r\n")
                    for _ in 0..<3 where connection.pause(milliseconds: 100) { connection.send("X-A: b\r\n") }
                    connection.awaitEnd()
                }, .quick.with { $0.idleTimeoutMilliseconds = 300 })
            XCTAssertEqual(failure?.kind, .timeout)
            XCTAssertTrue(failure?.detail.contains("300 ms") ?? false, "\(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, true)
            return took
        }
    }

    /// Sending counts as well: a slow reader of a large body is not idle.
    func testASlowUploadIsNotIdle() throws {
        let bytes = 40_000_000
        let server = RawServer { connection in
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            var left = bytes
            while left > 0 {
                let count = read(connection.fd, &chunk, chunk.count)
                if count <= 0 { return }
                left -= count
                usleep(UInt32(count / 40))
            }
            connection.answer("ok")
        }
        defer { server.stop() }
        let harness = try Harness()
        var result: TransferResult?
        let took = milliseconds {
            result = harness.run(.post(server.url(), bytes: bytes), .quick.with { $0.idleTimeoutMilliseconds = 500 })
        }
        XCTAssertNotNil(result?.reply, "\(String(describing: result)) after \(took) ms")
        XCTAssertGreaterThan(took, 600)
    }

    func testAnUploadThatNobodyReadsIsIdle() throws {
        try assertTook(200...400) {
            let (failure, took) = try timed(
                { connection in
                    connection.awaitBytes()
                    usleep(900_000)
                },
                .quick.with { $0.idleTimeoutMilliseconds = 200 }, body: 30_000_000)
            XCTAssertEqual(failure?.kind, .timeout)
            return took
        }
    }

    func testConnectLimitCoversTLS() throws {
        let server = RawServer { $0.awaitEnd() }
        defer { server.stop() }
        let harness = try Harness()
        let options = TransferOptions.submission.with { $0.connectTimeoutMilliseconds = 200 }
        assertTook(195...300) {
            var failure: TransferFailure?
            let took = milliseconds {
                failure = harness.run(.post("https://127.0.0.1:\(server.port)/"), options).failure
            }
            XCTAssertEqual(failure?.kind, .timeout, "\(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, false)
            return took
        }
    }

    func testTheExchangeLimitRunsWhileATransferWaitsForAConnection() throws {
        let server = RawServer { connection in
            _ = connection.request()
            connection.awaitEnd()
        }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", maxConnectionsPerHost: 1))
        let first = harness.start(.get(server.url("/1")))
        _ = harness.transport.wait(milliseconds: 20)
        assertTook(200...300) {
            var failure: TransferFailure?
            let took = milliseconds {
                failure =
                    harness.run(.get(server.url("/2")), .quick.with { $0.exchangeTimeoutMilliseconds = 200 }).failure
            }
            XCTAssertEqual(failure?.kind, .timeout)
            XCTAssertEqual(failure?.requestMayHaveLeft, false)
            return took
        }
        XCTAssertEqual(server.requests.count, 1)
        harness.transport.cancel(id: first)
    }

    func testWaitingCostsNothing() throws {
        let server = RawServer { connection in
            _ = connection.request()
            connection.awaitEnd()
        }
        defer { server.stop() }
        let harness = try Harness()
        let id = harness.start(.get(server.url()), .quick.with { $0.idleTimeoutMilliseconds = 60_000 })
        while server.requests.isEmpty { _ = harness.transport.wait(milliseconds: 5) }
        let before = threadCPU()
        assertTook(300...350) { milliseconds { XCTAssertTrue(harness.transport.wait(milliseconds: 300).isEmpty) } }
        XCTAssertLessThan(threadCPU() - before, 5)
        harness.transport.cancel(id: id)
    }

    func testWakeIsRememberedAndEndsAWait() throws {
        let harness = try Harness()
        harness.transport.wake()
        XCTAssertLessThan(milliseconds { _ = harness.transport.wait(milliseconds: nil) }, 200)
        let waker = Unchecked(harness.transport)
        Thread.detachNewThread {
            usleep(50_000)
            waker.value.wake()
        }
        let took = milliseconds { _ = harness.transport.wait(milliseconds: nil) }
        XCTAssertTrue((40...500).contains(took), "\(took) ms")
        XCTAssertTrue(
            (90...200).contains(milliseconds { _ = harness.transport.wait(milliseconds: 100) }), "rung once, heard once"
        )
        XCTAssertLessThan(milliseconds { _ = harness.transport.wait(milliseconds: 0) }, 50)
        XCTAssertLessThan(milliseconds { _ = harness.transport.wait(milliseconds: -5) }, 50)
    }

    func testCancelIsImmediateAndWithoutAResult() throws {
        let server = RawServer { connection in
            _ = connection.request()
            connection.awaitEnd()
        }
        defer { server.stop() }
        let harness = try Harness()
        let id = harness.start(.get(server.url()))
        while server.requests.isEmpty { _ = harness.transport.wait(milliseconds: 5) }
        XCTAssertLessThan(milliseconds { harness.transport.cancel(id: id) }, 50)
        harness.transport.cancel(id: id)
        harness.transport.cancel(id: 4711)
        XCTAssertTrue(harness.transport.wait(milliseconds: 30).isEmpty)
        // Before the first wait, and while a name is being resolved.
        let early = harness.start(.get(server.url()))
        harness.transport.cancel(id: early)
        let resolving = harness.start(.get("http://no-such-host.invalid/"))
        _ = harness.transport.wait(milliseconds: 0)
        XCTAssertLessThan(milliseconds { harness.transport.cancel(id: resolving) }, 50)
        let failed = harness.start(.get("nonsense"))
        harness.transport.cancel(id: failed)
        XCTAssertTrue(harness.transport.wait(milliseconds: 30).isEmpty)
    }
}

final class Unchecked<T>: @unchecked Sendable {
    let value: T
    init(_ value: T) { self.value = value }
}
