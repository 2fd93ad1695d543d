import Core
import Foundation
import Glibc
import XCTest

@testable import CurlTransport

/// Until the connection stands, a transfer can be ended and provably nothing has left; from the first byte on it cannot.
final class UnsentTests: XCTestCase {
    /// A listener that answers no SYN: its queue is full.
    private final class FullListener {
        let port: Int
        private let listener: Int32
        private var fillers: [Int32] = []

        init() {
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            inet_pton(AF_INET, "127.0.0.1", &name.sin_addr)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            for step in 0..<5 {
                let fd =
                    step == 0 ? listener : socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                withUnsafeMutablePointer(to: &name) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        guard step == 0 else { return _ = connect(fd, $0, length) }
                        precondition(bind(fd, $0, length) == 0 && listen(fd, 0) == 0)
                        getsockname(fd, $0, &length)
                    }
                }
                if step > 0 { fillers.append(fd) }
            }
            port = Int(UInt16(bigEndian: name.sin_port))
        }

        deinit { for fd in fillers + [listener] { Glibc.close(fd) } }
    }

    /// Each way in which a connection can hang before it stands.
    func testWhileTheConnectionIsMadeNothingHasLeft() throws {
        let full = FullListener()
        let silent = RawServer { $0.awaitEnd() }
        defer { silent.stop() }
        let port = silent.port
        for (what, url, proxy) in [
            ("TCP", "http://127.0.0.1:\(full.port)/", ""), ("TLS", "https://127.0.0.1:\(port)/", ""),
            ("CONNECT", "https://127.0.0.1:9/", "http://127.0.0.1:\(port)"),
            ("SOCKS 4", "http://127.0.0.1:9/", "socks4://127.0.0.1:\(port)"),
            ("SOCKS 5", "http://127.0.0.1:9/", "socks5h://127.0.0.1:\(port)"),
            ("TLS to the proxy", "http://127.0.0.1:9/", "https://127.0.0.1:\(port)"),
            ("TCP to the proxy", "http://127.0.0.1:9/", "http://127.0.0.1:\(full.port)"),
        ] {
            let harness = try Harness(CurlSettings(proxy: proxy))
            let before = silent.connections
            let id = harness.start(.post(url), .submission)
            let hangsInTCP = what.hasPrefix("TCP")
            let end = Date(timeIntervalSinceNow: 5)
            repeat {
                XCTAssertTrue(harness.transport.wait(milliseconds: 20).isEmpty, what)
            } while !hangsInTCP
                && silent.connections == before && Date() < end
            XCTAssertTrue(harness.transport.cancelUnsent(id: id), what)
            XCTAssertFalse(harness.transport.cancelUnsent(id: id), "\(what): it is gone")
            XCTAssertTrue(harness.transport.wait(milliseconds: 20).isEmpty, "\(what): no result")
        }
        XCTAssertFalse(silent.requests.contains { $0.contains("POST") })
    }

    /// What must be noted before the first byte is noted when the connection stands, on a new and on a used one.
    func testARequestAsksBeforeItLeaves() throws {
        let server = RawServer { connection in
            while connection.request() != nil { connection.answer("ok") }
        }
        defer { server.stop() }
        let harness = try Harness()
        for (number, objection) in [nil, "no place", nil, nil, "no place", nil].enumerated() {
            let gate = Gate(objection) { server.requests.count }
            let url = server.url("/\(number)")
            switch harness.run(.post(url), .submission, departure: gate) {
            case .reply(let reply):
                XCTAssertNil(objection)
                XCTAssertEqual(reply.status, 200)
            case .failed(let failure):
                XCTAssertEqual(failure.kind, .departure)
                XCTAssertFalse(failure.requestMayHaveLeft)
                XCTAssertTrue(failure.detail.contains("no place"), failure.detail)
            }
            XCTAssertEqual(
                gate.asked, [server.requests.count - (objection == nil ? 1 : 0)], "before each request, once")
        }
        XCTAssertEqual(
            server.requests.map { $0.split(separator: " ").dropFirst().first.map(String.init) },
            ["/0", "/2", "/3", "/5"])
    }

    func testBeforeTheFirstTurnAndInLineNothingHasLeft() throws {
        let server = RawServer { connection in
            while let request = connection.request() {
                if request.target == "/hang" { return connection.awaitEnd() }
                connection.answer("ok")
            }
        }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", maxConnectionsPerHost: 1))
        XCTAssertTrue(harness.transport.cancelUnsent(id: harness.start(.post(server.url("/early")), .submission)))
        let hanging = harness.start(.get(server.url("/hang")))
        while server.requests.isEmpty { _ = harness.transport.wait(milliseconds: 5) }
        let waits = harness.start(.post(server.url("/waits")), .submission)
        _ = harness.transport.wait(milliseconds: 20)
        XCTAssertTrue(harness.transport.cancelUnsent(id: waits), "each connection is in use")
        let failed = harness.start(.post("nonsense"), .submission)
        XCTAssertTrue(harness.transport.cancelUnsent(id: failed), "it has failed before the wire")
        XCTAssertFalse(harness.transport.cancelUnsent(id: 4711), "nobody knows it")
        harness.transport.cancel(id: hanging)
        XCTAssertEqual(harness.run(.post(server.url("/after")), .submission).text, "ok")
        XCTAssertEqual(server.requests.map { $0.split(separator: " ")[1] }, ["/hang", "/after"])
    }

    /// The last word of a handshake is there already, unread: what was said to have not left does not leave.
    func testNothingLeavesAfterwards() throws {
        for scheme in ["http", "socks5h", "socks4"] {
            let asked = DispatchSemaphore(value: 0)
            let mayAnswer = DispatchSemaphore(value: 0)
            let answered = DispatchSemaphore(value: 0)
            let ended = DispatchSemaphore(value: 0)
            nonisolated(unsafe) var more: [UInt8] = [1]
            let proxy = RawServer { connection in
                connection.awaitBytes()
                asked.signal()
                mayAnswer.wait()
                if scheme == "http" {
                    _ = connection.request()
                    connection.send("HTTP/1.1 200 Fine\r\n\r\n")
                } else {
                    connection.acceptSOCKS()
                }
                answered.signal()
                more = connection.take(1)
                ended.signal()
            }
            defer { proxy.stop() }
            let harness = try Harness(CurlSettings(proxy: "\(scheme)://127.0.0.1:\(proxy.port)"))
            let url = scheme == "http" ? "https://a.example/" : "http://127.0.0.1:9/"
            let id = harness.start(.post(url), .submission)
            while asked.wait(timeout: .now()) != .success { _ = harness.transport.wait(milliseconds: 1) }
            mayAnswer.signal()
            // SOCKS 5 has a second question, which is not asked any more.
            if scheme != "socks5h" { answered.wait() }
            XCTAssertTrue(harness.transport.cancelUnsent(id: id), scheme)
            XCTAssertTrue(harness.transport.wait(milliseconds: 20).isEmpty, scheme)
            XCTAssertEqual(ended.wait(timeout: .now() + 10), .success, "\(scheme): the connection is closed")
            XCTAssertEqual(more, [], "\(scheme): and no byte came")
        }
    }

    /// One byte is enough: the other end may have got it.
    func testOnceAByteMayHaveLeftTheResultIsWaitedFor() throws {
        for bytes in [0, 20, 5_000_000] {
            let goesOn = DispatchSemaphore(value: 0)
            let server = RawServer { connection in
                connection.awaitBytes()
                goesOn.wait()
                _ = connection.request()
                connection.answer("the id")
                connection.awaitEnd()
            }
            defer { server.stop() }
            let harness = try Harness()
            let id = harness.start(.post(server.url(), bytes: bytes), .submission)
            while server.connections == 0 { XCTAssertTrue(harness.transport.wait(milliseconds: 1).isEmpty) }
            _ = harness.transport.wait(milliseconds: 50)
            XCTAssertFalse(harness.transport.cancelUnsent(id: id), "\(bytes)")
            goesOn.signal()
            XCTAssertEqual(harness.results(of: [id])[id]?.text, "the id", "\(bytes)")
        }
    }

    /// After any number of turns, on new and on kept connections, with and without a proxy: a submission either was cut and
    /// never arrives, or could not be cut and arrives once.
    func testTheAnswerIsTrueAtEveryMoment() throws {
        for scheme in ["", "socks5h"] {
            let server = RawServer { connection in
                if !scheme.isEmpty { connection.acceptSOCKS() }
                while connection.request() != nil, connection.answer("ok") {}
            }
            defer { server.stop() }
            let proxy = scheme.isEmpty ? "" : "\(scheme)://127.0.0.1:\(server.port)"
            var cut: Set<String> = []
            var sent: Set<String> = []
            for round in 0..<60 {
                // Half of them find a kept connection.
                let harness = try Harness(CurlSettings(proxy: proxy, maxConnectionsPerHost: 3))
                if round % 2 == 1 { XCTAssertEqual(harness.run(.post(server.url("/first"))).text, "ok") }
                let ids = (0..<6).map { number in
                    let path = "/\(round)-\(number)"
                    return (harness.start(.post(server.url(path), bytes: number * 20_000), .submission), path)
                }
                var ended: Set<UInt64> = []
                for _ in 0..<(round / 2) {
                    for (id, result) in harness.transport.wait(milliseconds: 0) {
                        XCTAssertEqual(result.text, "ok")
                        ended.insert(id)
                    }
                }
                var left: [UInt64] = []
                for (id, path) in ids {
                    if !ended.contains(id), harness.transport.cancelUnsent(id: id) {
                        cut.insert(path)
                        continue
                    }
                    sent.insert(path)
                    if !ended.contains(id) { left.append(id) }
                }
                let results = harness.results(of: left)
                for id in left { XCTAssertEqual(results[id]?.text, "ok", "round \(round)") }
            }
            let arrived = server.requests.map { String($0.split(separator: " ")[1]) }.filter { $0 != "/first" }
            XCTAssertEqual(Set(arrived), sent, scheme)
            XCTAssertEqual(arrived.count, sent.count, "\(scheme): none came twice")
            XCTAssertGreaterThan(cut.count, 20, scheme)
            XCTAssertGreaterThan(sent.count, 20, scheme)
        }
    }

    func testTheAnswerIsTrueOverTLS() throws {
        let server = try TLSServer()
        defer { server.stop() }
        func arrived(_ harness: Harness) -> Int {
            Int(harness.run(.get(server.url("/count"))).text.split(separator: " ").first ?? "") ?? -1
        }
        var sent = 0
        var cut = 0
        let judge = try Harness(server.settings)
        for round in 0..<40 {
            let harness = try Harness(server.settings)
            let id = harness.start(.post(server.url("/ok")), .submission)
            var result: TransferResult?
            for _ in 0..<round where result == nil { result = harness.transport.wait(milliseconds: 1).first?.result }
            if result == nil, harness.transport.cancelUnsent(id: id) {
                cut += 1
            } else {
                sent += 1
                if result == nil { result = harness.results(of: [id])[id] }
                XCTAssertEqual(result?.text, "ok", "round \(round)")
            }
        }
        XCTAssertEqual(arrived(judge), sent)
        XCTAssertGreaterThan(cut, 0)
        XCTAssertGreaterThan(sent, 0)
    }
}

/// Counts how often it is asked, and what had arrived by then.
private final class Gate: Departure {
    private let answer: String?
    private let arrived: () -> Int
    private(set) var asked: [Int] = []

    init(_ answer: String?, _ arrived: @escaping () -> Int) {
        self.answer = answer
        self.arrived = arrived
    }

    func objection() -> String? {
        asked.append(arrived())
        return answer
    }
}
