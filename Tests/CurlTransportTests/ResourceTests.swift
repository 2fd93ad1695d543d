import Core
import Foundation
import XCTest

@testable import CurlTransport

/// Descriptors, many transfers, blocking calls, the end.
final class ResourceTests: XCTestCase {
    private func descriptors() -> [Int32] {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.compactMap { Int32($0) } ?? []
    }

    func testNoDescriptorOfATransferIsInherited() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        // With what they are: a server of an earlier test may still be closing, and its numbers are given out again.
        let before = Set(descriptors().map { "\($0) \(target($0))" })
        func fresh() -> [Int32] { descriptors().filter { !before.contains("\($0) \(target($0))") } }
        let harness = try Harness()
        XCTAssertGreaterThanOrEqual(fresh().count, 4)
        XCTAssertEqual(harness.run(.get(server.url())).text, "ok")
        for fd in fresh() {
            // Those of the server in this process are its own affair.
            if isServerSide(fd, port: server.port) { continue }
            let flags = fcntl(fd, F_GETFD)
            XCTAssertTrue(flags == -1 || flags & FD_CLOEXEC != 0, "descriptor \(fd): \(target(fd))")
        }
    }

    private func target(_ fd: Int32) -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(fd)")) ?? ""
    }

    private func isServerSide(_ fd: Int32, port: Int) -> Bool {
        var name = sockaddr_in()
        var length = socklen_t(16)
        let known = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &length) }
        }
        return known == 0 && Int(UInt16(bigEndian: name.sin_port)) == port
    }

    func testDescriptorsExhausted() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        // Servers of earlier tests may still be closing theirs.
        var last = -1
        for _ in 0..<100 where last != descriptors().count {
            last = descriptors().count
            usleep(50_000)
        }
        var held: [Int32] = []
        var low = limit
        low.rlim_cur = rlim_t((descriptors().max() ?? 0) + 1)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &low)
        func exhaust() {
            while true {
                let fd = open("/dev/null", O_RDONLY)
                if fd < 0 { return }
                held.append(fd)
            }
        }
        var failures: [TransferFailure?] = []
        for url in [server.url(), "https://127.0.0.1:\(server.port)/", "http://no-such-host.invalid/"] {
            exhaust()
            failures.append(harness.run(.post(url), .submission).failure)
        }
        exhaust()
        let blocking = CurlBlockingTransport(CurlSettings(proxy: ""))
        failures.append(blocking.exchange(.get(server.url()), options: .quick).failure)
        exhaust()
        let made = Result { try CurlTransport(CurlSettings()) }
        for fd in held { close(fd) }
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        for failure in failures {
            XCTAssertEqual(failure?.kind, .resources, "\(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, false)
        }
        XCTAssertThrowsError(try made.get()) { XCTAssertEqual(($0 as? Failure)?.status, .noResources) }
        XCTAssertEqual(harness.run(.post(server.url()), .submission).text, "ok", "it works again afterwards")
    }

    func testManyTransfersThroughFewConnections() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", maxConnectionsPerHost: 8))
        let ids = (0..<500).map { harness.start(.get(server.url("/\($0)"))) }
        let results = harness.results(of: ids)
        XCTAssertEqual(results.values.filter { $0.text == "ok" }.count, 500)
        XCTAssertLessThanOrEqual(server.connections, 8)
        XCTAssertEqual(server.requests.count, 500)
    }

    /// When those that hold the connections fail or are cancelled, the waiting ones continue.
    func testWaitingTransfersContinueWhenOthersEndBadly() throws {
        let server = RawServer { connection in
            guard let request = connection.request() else { return }
            if request.target == "/hang" { connection.awaitEnd() } else { connection.answer("ok") }
        }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", maxConnectionsPerHost: 2))
        let hanging = (0..<4).map { _ in
            harness.start(.get(server.url("/hang")), .quick.with { $0.exchangeTimeoutMilliseconds = 200 })
        }
        let cancelled = harness.start(.get(server.url("/hang")))
        // Images: libcurl may send their requests again when a connection has died.
        let store = TransferOptions.quick.with { $0.isForStore = true }
        let waiting = (0..<20).map { _ in harness.start(.get(server.url("/ok")), store, sink: RecordingSink()) }
        _ = harness.transport.wait(milliseconds: 20)
        harness.transport.cancel(id: cancelled)
        let results = harness.results(of: hanging + waiting)
        XCTAssertEqual(waiting.filter { results[$0]?.reply != nil }.count, 20)
        XCTAssertEqual(hanging.filter { results[$0]?.failure?.kind == .timeout }.count, 4)
    }

    /// A call that was waiting for a connection and is cancelled leaves its buffer with libcurl, which then takes no other
    /// size for it: a download on the same handle works all the same.
    func testADownloadAfterACallThatWaitedInVain() throws {
        let server = RawServer { connection in
            while let request = connection.request() {
                if request.target == "/hang" { return connection.awaitEnd() }
                connection.answer("image")
            }
        }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", maxConnectionsPerHost: 1))
        let hanging = harness.start(.get(server.url("/hang")))
        let waiting = harness.start(.get(server.url("/waits")))
        _ = harness.transport.wait(milliseconds: 50)
        harness.transport.cancel(id: waiting)
        let store = TransferOptions.quick.with { $0.isForStore = true }
        let download = harness.start(.get(server.url("/image")), store, sink: RecordingSink())
        harness.transport.cancel(id: hanging)
        let result = harness.results(of: [download])[download]
        XCTAssertEqual(result?.reply?.status, 200, result?.failure?.detail ?? "no result")
    }

    func testNothingIsLeftOpen() throws {
        let server = RawServer { $0.serve() }
        let tls = try TLSServer()
        defer { tls.stop() }
        func round() throws {
            let harness = try Harness(tls.settings)
            let ids =
                (0..<30).map { harness.start(.post(server.url("/\($0)"))) }
                + (0..<10).map { _ in harness.start(.post(tls.url("/ok"))) }
            for id in ids.prefix(5) { harness.transport.cancel(id: id) }
            XCTAssertEqual(harness.results(of: Array(ids.dropFirst(5))).count, 35)
            _ = harness.start(.get("http://no-such-host.invalid/"))
            _ = harness.start(.get(server.url("/left")))
        }
        try round()
        server.stop()
        let before = openSockets()
        let again = RawServer { $0.serve() }
        let base = openSockets()
        for _ in 0..<3 {
            let harness = try Harness()
            for _ in 0..<10 { _ = harness.run(.get(again.url())) }
        }
        again.stop()
        for _ in 0..<200 where openSockets() > before { usleep(10_000) }
        XCTAssertLessThanOrEqual(openSockets(), max(before, base - 1))
    }

    private func openSockets() -> Int { descriptors().filter { target($0).hasPrefix("socket") }.count }

    func testIdsThatAreInUseAreRefused() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness()
        harness.transport.start(id: 7, request: .get(server.url("/a")), options: .quick, sink: nil)
        harness.transport.start(id: 7, request: .get(server.url("/b")), options: .quick, sink: nil)
        var results: [TransferResult] = []
        while results.count < 2 { results += harness.transport.wait(milliseconds: 1000).map(\.result) }
        XCTAssertEqual(results.filter { $0.failure?.kind == .cancelled }.count, 1)
        XCTAssertEqual(server.requests.count, 1)
    }

    func testShutdownEndsEverythingAndLaterCallsDoNothing() throws {
        let server = RawServer { connection in
            _ = connection.request()
            connection.awaitEnd()
        }
        defer { server.stop() }
        let harness = try Harness()
        _ = harness.start(.get(server.url()))
        _ = harness.start(.get("http://no-such-host.invalid/"))
        _ = harness.transport.wait(milliseconds: 20)
        XCTAssertLessThan(milliseconds { harness.transport.shutdown() }, 100)
        harness.transport.shutdown()
        harness.transport.wake()
        harness.transport.cancel(id: 1)
        XCTAssertEqual(harness.transport.wait(milliseconds: nil).count, 0)
        harness.transport.start(id: 9, request: .get(server.url()), options: .quick, sink: nil)
        XCTAssertEqual(harness.transport.wait(milliseconds: nil).first?.result.failure?.requestMayHaveLeft, false)
    }

    func testBlockingTransportFromManyThreads() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let tls = try TLSServer()
        defer { tls.stop() }
        let transport = CurlBlockingTransport(tls.settings)
        let good = Box(0)
        let lock = NSLock()
        let (plain, secure) = (server.url("/c"), tls.url("/ok"))
        DispatchQueue.concurrentPerform(iterations: 16) { index in
            let url = index % 2 == 0 ? plain : secure
            if transport.exchange(.get(url), options: .quick).text == "ok" { lock.withLock { good.value += 1 } }
        }
        XCTAssertEqual(good.value, 16)
        let failure = transport.exchange(.get("http://127.0.0.1:1/"), options: .quick).failure
        XCTAssertEqual(failure?.kind, .connect)
        XCTAssertEqual(failure?.requestMayHaveLeft, false)
    }

    /// Each exchange has a connection of its own: what a server says behind an answer, at once or later, belongs to no other.
    func testStrayAnswersOfBlockingExchanges() throws {
        let stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
        let second = RawServer { connection in
            while let request = connection.request() {
                let text = request.target
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)\(stray)")
                if connection.number % 2 == 0 { _ = connection.pause(milliseconds: 5) }
                connection.send(stray)
            }
        }
        defer { second.stop() }
        let transport = CurlBlockingTransport(CurlSettings(proxy: ""))
        for number in 0..<10 {
            XCTAssertEqual(transport.exchange(.post(second.url("/\(number)")), options: .quick).text, "/\(number)")
        }
    }

    /// The host may have any action for SIGPIPE: none of ours must reach it.
    func testBlockingTransportRaisesNoSignal() throws {
        signal(SIGPIPE, SIG_DFL)
        defer { signal(SIGPIPE, SIG_IGN) }
        let tls = try TLSServer()
        defer { tls.stop() }
        let transport = CurlBlockingTransport(tls.settings)
        for _ in 0..<5 {
            _ = transport.exchange(.post(tls.url("/rst"), bytes: 300_000), options: .quick)
            _ = transport.exchange(.post(tls.url("/raw-close"), bytes: 300_000), options: .quick)
        }
        var set = sigset_t()
        sigpending(&set)
        XCTAssertEqual(sigismember(&set, SIGPIPE), 0)
        pthread_sigmask(SIG_SETMASK, nil, &set)
        XCTAssertEqual(sigismember(&set, SIGPIPE), 0)
    }

    func testIPv6() throws {
        let server = RawServer(address: "::1") { $0.serve() }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", addressFamily: .ipv6))
        XCTAssertEqual(harness.run(.get(server.url(host: "[::1]"))).text, "ok")
        XCTAssertTrue(server.requests[0].contains("Host: [::1]:\(server.port)\r\n"))
    }
}
