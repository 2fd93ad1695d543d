import Core
import Foundation
import XCTest

@testable import CurlTransport

/// Proxies from the settings and the snapshot, CA files, and the texts of messages.
final class ProxyAndTrustTests: XCTestCase {
    private func rules(_ environment: [String: String], proxy: String? = nil, noProxy: String? = nil) -> ProxyRules {
        ProxyRules(CurlSettings(proxy: proxy, noProxy: noProxy, environment: environment))
    }

    func testPrecedence() {
        let all = [
            "http_proxy": "h", "HTTP_PROXY": "H", "https_proxy": "s", "HTTPS_PROXY": "S", "all_proxy": "a",
            "ALL_PROXY": "A",
        ]
        func both(_ environment: [String: String], _ proxy: String? = nil) -> [String] {
            let rules = rules(environment, proxy: proxy)
            return [rules.proxy(isHTTPS: false, host: "x.example"), rules.proxy(isHTTPS: true, host: "x.example")]
        }
        XCTAssertEqual(both(all), ["h", "s"])
        XCTAssertEqual(both(all.filter { $0.key != "https_proxy" && $0.key != "http_proxy" }), ["a", "S"])
        XCTAssertEqual(both(["HTTP_PROXY": "H"]), ["", ""])
        XCTAssertEqual(both(["ALL_PROXY": "A"]), ["A", "A"])
        XCTAssertEqual(both(["https_proxy": "", "ALL_PROXY": "A"]), ["A", "A"])
        XCTAssertEqual(both(all, ""), ["", ""])
        XCTAssertEqual(both(all, "mine"), ["mine", "mine"])
        XCTAssertEqual(both([:]), ["", ""])
        XCTAssertTrue(rules([:]).areEmpty)
        XCTAssertFalse(rules(["ALL_PROXY": "A"]).areEmpty)
    }

    func testExceptions() {
        let list = "example.com, .corp.example 10.0.0.0/8,192.168.1.7,::1,fd00::/8,trailing.example."
        let rules = rules(["all_proxy": "p", "no_proxy": list])
        for host in [
            "example.com", "EXAMPLE.com", "www.example.com", "example.com.", "corp.example", "a.corp.example",
            "10.1.2.3",
            "192.168.1.7", "0xc0a80107", "::1", "0:0::1", "fd12::1", "trailing.example",
        ] { XCTAssertEqual(rules.proxy(isHTTPS: true, host: host), "", host) }
        for host in ["notexample.com", "example.com.evil", "11.0.0.1", "192.168.1.8", "::2", "fe80::1", "example"] {
            XCTAssertEqual(rules.proxy(isHTTPS: true, host: host), "p", host)
        }
        XCTAssertTrue(self.rules(["all_proxy": "p", "NO_PROXY": "*"]).areEmpty)
        let explicit = self.rules(["all_proxy": "p", "no_proxy": "a.example"], noProxy: "b.example")
        XCTAssertEqual(explicit.proxy(isHTTPS: true, host: "a.example"), "p")
        XCTAssertEqual(explicit.proxy(isHTTPS: true, host: "b.example"), "")
        let v4 = IPAddress.v4(0x0A01_0203)
        XCTAssertTrue(v4.isIn(.v4(0x0A00_0000), bits: 8))
        XCTAssertFalse(v4.isIn(.v4(0x0A00_0000), bits: 16))
        XCTAssertFalse(v4.isIn(.v4(0x0A01_0203), bits: 33))
        XCTAssertFalse(v4.isIn(.v6(high: 0, low: 0), bits: 1))
        XCTAssertTrue(IPAddress.v6(high: 1, low: 5).isIn(.v6(high: 1, low: 4), bits: 127))
    }

    /// The environment of the process is none of our business: libcurl would look there.
    func testTheProcessEnvironmentIsNotRead() throws {
        let trap = RawServer { $0.serve("trap") }
        defer { trap.stop() }
        let server = RawServer { $0.serve("direct") }
        defer { server.stop() }
        setenv("http_proxy", trap.url(""), 1)
        setenv("all_proxy", trap.url(""), 1)
        setenv("no_proxy", "images.example", 1)
        defer { for name in ["http_proxy", "all_proxy", "no_proxy"] { unsetenv(name) } }
        XCTAssertEqual(try Harness(CurlSettings()).run(.get(server.url())).text, "direct")
        let own = try Harness(CurlSettings(environment: ["http_proxy": server.url("")]))
        XCTAssertEqual(own.run(.get("http://images.example/")).text, "direct")
        XCTAssertEqual(trap.connections, 0)
    }

    func testBypass() throws {
        let proxy = RawServer { $0.serve("proxy") }
        defer { proxy.stop() }
        let server = RawServer { $0.serve("direct") }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: proxy.url("")))
        XCTAssertEqual(harness.run(.get(server.url())).text, "proxy")
        XCTAssertEqual(harness.run(.get(server.url()), .quick.with { $0.bypassProxy = true }).text, "direct")
        XCTAssertEqual(harness.run(.get(server.url())).text, "proxy")
    }

    func testTunnelsAndTheirFailures() throws {
        let status = Box("407 Authenticate")
        let proxy = RawServer { connection in
            guard connection.request() != nil else { return }
            connection.answer(
                "", status: status.value, headers: ["Proxy-Authenticate: Basic realm=x", "Connection: close"])
        }
        defer { proxy.stop() }
        let settings = CurlSettings(proxy: "http://user:geheim@127.0.0.1:\(proxy.port)")
        for (answer, code) in [("407 Authenticate", "407"), ("502 Bad", "502"), ("403 No", "403")] {
            status.value = answer
            let failure = try Harness(settings).run(
                .post("https://api.example/x?y=1", [HTTPHeader("Authorization", "sig")]), .submission
            ).failure
            XCTAssertEqual(failure?.kind, .proxy, "\(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, false)
            XCTAssertTrue(failure?.detail.contains(code) ?? false, "\(String(describing: failure))")
            XCTAssertFalse(failure?.detail.contains("geheim") ?? true)
        }
        for head in proxy.requests {
            XCTAssertTrue(head.hasPrefix("CONNECT api.example:443 HTTP/1.1\r\n"), head)
            XCTAssertFalse(head.contains("sig"), "headers for the server must not be shown to the proxy")
        }
        proxy.stop()
        let failure = try Harness(settings).run(.post("https://api.example/"), .submission).failure
        XCTAssertEqual(failure?.kind, .proxy, "\(String(describing: failure))")
        XCTAssertEqual(failure?.requestMayHaveLeft, false)
        let nowhere = try Harness(CurlSettings(proxy: "http://no-such-host.invalid:1")).run(.get("http://a.example/"))
            .failure
        XCTAssertEqual(nowhere?.kind, .proxy)
        XCTAssertEqual(nowhere?.requestMayHaveLeft, false)
    }

    func testTLSThroughATunnel() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let proxy = RawServer { connection in
            guard let head = connection.request()?.head else { return }
            let target = head.split(separator: " ")[1].split(separator: ":")
            guard let port = UInt16(target[1]) else { return }
            let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(fd) }
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            inet_pton(AF_INET, "127.0.0.1", &name.sin_addr)
            let connected = withUnsafePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, 16) }
            }
            guard connected == 0 else { return }
            connection.send("HTTP/1.1 200 Established\r\nX-Proxy: yes\r\n\r\n")
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                var entries = [
                    pollfd(fd: fd, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: connection.fd, events: Int16(POLLIN), revents: 0),
                ]
                _ = poll(&entries, 2, 10_000)
                let (from, to) = entries[0].revents != 0 ? (fd, connection.fd) : (connection.fd, fd)
                let count = read(from, &chunk, chunk.count)
                if count <= 0 { return }
                _ = send(to, chunk, count, Int32(MSG_NOSIGNAL))
            }
        }
        defer { proxy.stop() }
        var settings = server.settings
        settings.proxy = proxy.url("")
        let harness = try Harness(settings)
        let reply = harness.run(.post(server.url("/echo")), .submission)
        XCTAssertTrue(reply.text.hasPrefix("POST /echo HTTP/1.1\r\nHost: localhost:\(server.port)\r\n"), "\(reply)")
        XCTAssertNil(reply.reply?.headers["x-proxy"])
        let failure = harness.run(.post(server.url("/raw-close")), .submission).failure
        XCTAssertEqual(failure?.requestMayHaveLeft, true)
    }

    func testTrustAnchors() throws {
        let folder = NSTemporaryDirectory() + "aigc-trust-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/a.pem"
        let other = folder + "/b.pem"
        for path in [file, other] { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) }
        func anchors(_ settings: CurlSettings, known: [String] = []) -> TrustAnchors {
            TrustAnchors(settings, knownFiles: known, libraryDefaults: [])
        }
        XCTAssertEqual(anchors(CurlSettings(caFile: file, environment: ["SSL_CERT_FILE": other])).file, file)
        XCTAssertEqual(
            anchors(CurlSettings(environment: ["SSL_CERT_FILE": other, "CURL_CA_BUNDLE": file])).file, other)
        XCTAssertEqual(anchors(CurlSettings(environment: ["CURL_CA_BUNDLE": file])).file, file)
        XCTAssertEqual(
            anchors(CurlSettings(environment: ["SSL_CERT_DIR": "/nowhere:" + folder])).path, "/nowhere:" + folder)
        XCTAssertNil(anchors(CurlSettings(environment: ["SSL_CERT_DIR": "/nowhere:" + folder])).problem)
        XCTAssertEqual(anchors(CurlSettings(environment: ["SSL_CERT_FILE": ""]), known: ["/nowhere", file]).file, file)
        let none = anchors(CurlSettings())
        XCTAssertTrue(none.problem?.contains("ca-certificates") ?? false)
        XCTAssertTrue(anchors(CurlSettings(caFile: "/nowhere/x.pem")).problem?.contains("/nowhere/x.pem") ?? false)
        XCTAssertNotNil(anchors(CurlSettings(environment: ["SSL_CERT_DIR": "/nowhere"])).problem)
        XCTAssertNil(TrustAnchors(CurlSettings()).problem, "this machine has certificate authorities")
    }

    /// libcurl keeps the authorities for a day. One that was exchanged meanwhile, or read in a moment without memory, is
    /// no reason to be cut off for so long.
    func testAuthoritiesAreReadAgainAfterAFailure() throws {
        let server = try TLSServer()
        let stranger = try TLSServer()
        defer {
            server.stop()
            stranger.stop()
        }
        let file = server.folder + "/authorities.pem"
        func trust(_ other: TLSServer) throws {
            try FileManager.default.contents(atPath: other.caFile)?.write(to: URL(fileURLWithPath: file))
        }
        try trust(stranger)
        let harness = try Harness(CurlSettings(proxy: "", caFile: file))
        XCTAssertEqual(harness.run(.get(server.url("/ok"))).failure?.kind, .tls)
        try trust(server)
        XCTAssertEqual(harness.run(.get(server.url("/ok"))).text, "ok", "at once")
        // Each on a connection of its own: the server ends it.
        for pause: UInt32 in [0, 0, 1_100_000, 0, 1_100_000, 0] {
            usleep(pause)
            _ = harness.run(.get(server.url("/die")))
            XCTAssertEqual(harness.run(.get(server.url("/ok"))).text, "ok")
        }
    }

    func testURLParts() {
        XCTAssertEqual(URLParts("https://a.example")?.label, "a.example:443")
        XCTAssertEqual(URLParts("HTTP://a.example:?x")?.label, "a.example:80")
        XCTAssertEqual(URLParts("http://a.example:8080/x:y@z")?.label, "a.example:8080")
        XCTAssertEqual(URLParts("https://[::1]:9/")?.label, "[::1]:9")
        XCTAssertEqual(URLParts("https://[::1]/")?.host, "::1")
        for url in [
            "https://", "https://u@h/", "https://[::1", "https://h:x/", "https://h:123456/", "ftp://h/", "h",
            "https://:1/",
        ] {
            XCTAssertNil(URLParts(url), url)
        }
    }

    func testRedaction() {
        XCTAssertEqual(
            redacted("failed: https://u:p@host/p?Signature=abc,\nnext\tline"), "failed: https://host/p?... next line")
        XCTAssertEqual(redacted("a\u{1b}[2Jb"), "a?[2Jb")
        XCTAssertEqual(withoutUser("http://u:p@host:1"), "host:1")
        XCTAssertEqual(withoutUser("http://host:1"), "http://host:1")
    }
}
