import Core
import Foundation
import XCTest

@testable import CurlTransport

/// Proxies from the settings and the snapshot, CA files, and the texts of messages.
final class ProxyAndTrustTests: XCTestCase {
    /// It says who this machine is, and whoever an image is fetched from has no business with that.
    func testAClientCertificateIsShownToTheAPIAndToNoStore() throws {
        let server = try TLSServer(["--ask"])
        defer { server.stop() }
        var settings = server.settings
        settings.clientCertificate = server.caFile
        settings.clientKey = server.folder + "/key.pem"
        let harness = try Harness(settings)
        let store = TransferOptions.quick.with { $0.isForStore = true }
        // Neither way is a connection of the other taken.
        for (options, wanted) in [(.quick, "shown"), (store, "none"), (.submission, "shown"), (store, "none")] {
            XCTAssertEqual(harness.run(.get(server.url("/certificate")), options).text, wanted)
        }
    }

    private func rules(_ environment: [String: String], proxy: String? = nil, noProxy: String? = nil) throws
        -> ProxyRules
    {
        try ProxyRules(CurlSettings(proxy: proxy, noProxy: noProxy, environment: environment))
    }

    func testPrecedence() throws {
        let all = [
            "http_proxy": "h", "HTTP_PROXY": "H", "https_proxy": "s", "HTTPS_PROXY": "S", "all_proxy": "a",
            "ALL_PROXY": "A",
        ]
        func both(_ environment: [String: String], _ proxy: String? = nil) throws -> [String] {
            let rules = try rules(environment, proxy: proxy)
            return [
                rules.proxy(isHTTPS: false, host: "x.example", port: "80"),
                rules.proxy(isHTTPS: true, host: "x.example", port: "443"),
            ]
        }
        XCTAssertEqual(try both(all), ["h", "s"])
        XCTAssertEqual(try both(all.filter { $0.key != "https_proxy" && $0.key != "http_proxy" }), ["a", "S"])
        XCTAssertEqual(try both(["HTTP_PROXY": "H"]), ["", ""])
        XCTAssertEqual(try both(["ALL_PROXY": "A"]), ["A", "A"])
        XCTAssertEqual(try both(["https_proxy": "", "ALL_PROXY": "A"]), ["A", "A"])
        XCTAssertEqual(try both(all, ""), ["", ""])
        XCTAssertEqual(try both(all, "mine"), ["mine", "mine"])
        XCTAssertEqual(try both([:]), ["", ""])
        XCTAssertTrue(try rules([:]).areEmpty)
        XCTAssertFalse(try rules(["ALL_PROXY": "A"]).areEmpty)
    }

    func testExceptions() throws {
        let list = "example.com, .corp.example 10.0.0.0/8,192.168.1.7,::1,fd00::/8,trailing.example."
        let rules = try rules(["all_proxy": "p", "no_proxy": list])
        for host in [
            "example.com", "EXAMPLE.com", "www.example.com", "example.com.", "corp.example", "a.corp.example",
            "10.1.2.3",
            "192.168.1.7", "0xc0a80107", "::1", "0:0::1", "fd12::1", "trailing.example",
        ] { XCTAssertEqual(rules.proxy(isHTTPS: true, host: host, port: "443"), "", host) }
        for host in ["notexample.com", "example.com.evil", "11.0.0.1", "192.168.1.8", "::2", "fe80::1", "example"] {
            XCTAssertEqual(rules.proxy(isHTTPS: true, host: host, port: "443"), "p", host)
        }
        // As files of variables and of YAML give a list.
        for list in [
            "\"a.example,b.example\"", "'a.example, b.example'", "\"a.example\",\"b.example\"",
            "a.example\nb.example\r\n",
            "a.example\n  b.example", "a.example;b.example", "https://a.example/,'b.example:https'",
            "a.example:HTTPS,.b.example:443",
            "x:https,\u{B}a.example\u{C}b.example",
        ] {
            let rules = try self.rules(["all_proxy": "p", "no_proxy": list])
            for host in ["a.example", "b.example"] {
                XCTAssertEqual(rules.proxy(isHTTPS: true, host: host, port: "443"), "", "\(host) \(list)")
            }
            XCTAssertEqual(rules.proxy(isHTTPS: true, host: "c.example", port: "443"), "p", list)
        }
        let schemes = try self.rules(["all_proxy": "p", "no_proxy": "a.example:https,b.example:http"])
        XCTAssertEqual(schemes.proxy(isHTTPS: false, host: "a.example", port: "80"), "p")
        XCTAssertEqual(schemes.proxy(isHTTPS: false, host: "b.example", port: "80"), "")
        XCTAssertTrue(try self.rules(["all_proxy": "p", "NO_PROXY": "\"*\""]).areEmpty)
        XCTAssertTrue(try self.rules(["all_proxy": "p", "NO_PROXY": "*"]).areEmpty)
        let explicit = try self.rules(["all_proxy": "p", "no_proxy": "a.example"], noProxy: "b.example")
        XCTAssertEqual(explicit.proxy(isHTTPS: true, host: "a.example", port: "443"), "p")
        XCTAssertEqual(explicit.proxy(isHTTPS: true, host: "b.example", port: "443"), "")
        let v4 = IPAddress.v4(0x0A01_0203)
        XCTAssertTrue(v4.isIn(.v4(0x0A00_0000), bits: 8))
        XCTAssertFalse(v4.isIn(.v4(0x0A00_0000), bits: 16))
        XCTAssertFalse(v4.isIn(.v4(0x0A01_0203), bits: 33))
        XCTAssertFalse(v4.isIn(.v6(high: 0, low: 0), bits: 1))
        XCTAssertTrue(IPAddress.v6(high: 1, low: 5).isIn(.v6(high: 1, low: 4), bits: 127))
    }

    /// Fault 13: what cannot be read without doubt is refused, and nothing of it is shown.
    func testProxiesThatCannotBeReadAreRefused() throws {
        for bad in [
            "http://user:S3cret/pw@host", "http://user:S3cret?pw@host:3128", "http://user:S3cret#pw@host",
            "http://user:S3cret pw@host", "http://user:S3cret\\pw@host", "http://user:S3cret@pw@host",
            "http://user:S3cret@host:port", "http://user:S3cret@host:0", "http://user:S3cret@host:65536",
            "http://user:S3cret@host:123456", "http://user:S3cret@", "user:S3cret@", "http://user:S3cret%2@host",
            "http://user:S3cret%zz@host", "http://user:S3cret%00@host", "http://user:S3cret\n@host",
            "user:12/S3cret@host",
            "http://user:S3cret@[::1", "http://user:S3cret@ho st", "http://user:S3cret@ho$t", "ftp://user:S3cret@host",
            "S3cret://user@host", "http://", "http://user:S3cret@:3128", "://S3cret@host", "http://S3cret:pw",
        ] {
            for (settings, name) in [
                (CurlSettings(proxy: bad), "http.proxy"),
                (CurlSettings(environment: ["https_proxy": bad]), "https_proxy"),
                (CurlSettings(environment: ["ALL_PROXY": bad]), "ALL_PROXY"),
            ] {
                XCTAssertThrowsError(try ProxyRules(settings), bad) { error in
                    guard let failure = error as? Failure else { return XCTFail("\(error)") }
                    XCTAssertEqual(failure.status, .invalidArgument)
                    XCTAssertTrue(failure.message.contains(name), failure.message)
                    XCTAssertTrue(failure.message.contains("percent-encode user name and password"), failure.message)
                    XCTAssertFalse(failure.message.contains("S3c"), failure.message)
                }
                XCTAssertThrowsError(try CurlTransport(settings), bad)
                XCTAssertThrowsError(try NetworkSummary(settings), bad)
            }
        }
    }

    func testProxiesThatCanBeRead() throws {
        for (good, text, password) in [
            ("http://host", "http://host", nil), ("host:3128", "host:3128", nil),
            ("http://host:3128/", "http://host:3128", nil),
            ("http://user:S3cret%2Fpw@host:1", "http://user:S3cret%2Fpw@host:1", "S3cret/pw"),
            ("user:p:w@host", "user:p:w@host", "p:w"), ("http://token@host", "http://token@host", "token"),
            ("socks5h://u:@[::1]:1080", "socks5h://u:@[::1]:1080", "u"), ("HTTPS://h", "HTTPS://h", nil),
            ("http://u:%C3%A9%20!@h", "http://u:%C3%A9%20!@h", "é !"),
            ("socks://127.0.0.1:1080/", "socks://127.0.0.1:1080", nil),
        ] as [(String, String, String?)] {
            let rules = try rules([:], proxy: good)
            XCTAssertEqual(rules.proxy(isHTTPS: true, host: "x.example", port: "443"), text)
            XCTAssertEqual(rules.passwords.first?.revealed(), password, good)
        }
        // A variable that is never used is not read.
        XCTAssertTrue(try rules(["ALL_PROXY": "http://a b", "no_proxy": "localhost, *"]).areEmpty)
        XCTAssertTrue(try rules(["ALL_PROXY": "http://a b"], proxy: "").areEmpty)
    }

    /// Fault 22: forms that other tools know are not ignored.
    func testExceptionsInTheFormsOfOtherTools() throws {
        let list =
            "*.wild.example,port.example:443,http://whole.example/path,[::2]:8443,[fd00::]/8,10.1.0.0/16:80,192.168.*,*end.test,"
            + "172.16.0.0/12,bad.example:,300.0.0.0/8,203.0.113.9:8443,*"
        let rules = try rules(["all_proxy": "p", "no_proxy": String(list.dropLast(2))])
        for (host, port) in [
            ("a.wild.example", "443"), ("wild.example", "80"), ("port.example", "443"), ("a.port.example", "443"),
            ("whole.example", "80"), ("::2", "8443"), ("192.168.3.4", "80"), ("friend.test", "1"),
            ("172.31.255.1", "443"),
            ("bad.example", "443"), ("203.0.113.9", "8443"), ("A.WILD.example.", "443"),
        ] { XCTAssertEqual(rules.proxy(isHTTPS: true, host: host, port: port), "", "\(host):\(port)") }
        for (host, port) in [
            ("xwild.example", "443"), ("port.example", "80"), ("::2", "443"), ("172.32.0.1", "443"),
            ("192.169.1.1", "80"),
            ("203.0.113.9", "443"), ("end.tests", "80"),
        ] { XCTAssertEqual(rules.proxy(isHTTPS: true, host: host, port: port), "p", "\(host):\(port)") }
        XCTAssertTrue(try self.rules(["all_proxy": "p", "no_proxy": list]).areEmpty)
    }

    func testBlocks() throws {
        func goesDirect(_ list: String, _ host: String) throws -> Bool {
            try rules(["all_proxy": "p", "no_proxy": list]).proxy(isHTTPS: true, host: host, port: "443").isEmpty
        }
        for (list, inside, outside) in [
            ("0.0.0.0/0", ["1.2.3.4", "0.0.0.0", "255.255.255.255", "10.0.0.1"], ["::1", "a.example"]),
            ("::/0", ["::1", "fd00::1", "2001:db8::1"], ["1.2.3.4", "a.example"]),
            ("0.0.0.0/0,::/0", ["1.2.3.4", "::1"], ["a.example"]),
            ("10.0.0.0/255.0.0.0", ["10.0.0.1", "10.255.0.1"], ["11.0.0.1", "::1"]),
            ("192.168.4.0/255.255.252.0", ["192.168.7.255"], ["192.168.8.0"]),
            ("10.1.2.3/255.255.255.255", ["10.1.2.3"], ["10.1.2.4"]), ("10.1.2.3/0.0.0.0", ["11.0.0.1"], ["::1"]),
            ("10.1.2.3/32", ["10.1.2.3"], ["10.1.2.2"]), ("::1/128", ["::1"], ["::2"]),
            ("fd00::/ff00::", ["fdff::1"], ["fe00::1"]),
            ("fd00::/ffff:ffff:ffff:ffff:8000::", ["fd00::1"], ["fd00::8000:0:0:1"]),
            ("169.254.169.254/latest", ["169.254.169.254"], ["169.254.169.253"]),
            ("10.0.0.1/path,a.example", ["10.0.0.1", "a.example"], ["10.0.0.2"]),
            ("10.0.0.1/v1.2/x", ["10.0.0.1"], ["10.0.0.2"]), ("10.0.0.1/2021/meta:443", ["10.0.0.1"], ["10.0.0.2"]),
            ("10.0.0.0/8#lan", ["10.1.2.3"], ["11.0.0.1"]), ("10.0.0.1#lan", ["10.0.0.1"], ["10.0.0.2"]),
            ("10.0.0.1/?a=b", ["10.0.0.1"], ["10.0.0.2"]), ("a.example#b", ["a.example"], ["b.example"]),
            ("fd00::1/face", ["fd00::1"], ["fd00::2"]),
            ("10/8", ["10.1.2.3"], ["11.0.0.1", "0.0.0.10"]), ("192.168/16", ["192.168.7.1"], ["192.169.0.1"]),
            ("172.16.0/255.255.255.0", ["172.16.0.9"], ["172.16.1.9"]),
            ("10.0.0.0/255.0.0.0:443", ["10.0.0.1"], ["11.0.0.1"]), ("10.0.0.0/", ["10.0.0.0"], ["10.0.0.1"]),
            ("\u{FEFF}10.0.0.0/8,a.example", ["10.1.1.1", "a.example"], ["b.example"]),
            ("a.example,\u{FEFF}b.example\u{200B}", ["a.example", "b.example"], ["c.example"]),
            ("\u{201C}a.example,b.example\u{201D}", ["a.example", "b.example"], ["c.example"]),
            ("\"'a.example'\",\u{2018}10.0.0.0/8\u{2019}", ["a.example", "10.1.1.1"], ["c.example"]),
            ("a.example\u{FF0C}b.example\u{3001}`c.example`", ["a.example", "b.example", "c.example"], ["d.example"]),
        ] {
            for host in inside { XCTAssertTrue(try goesDirect(list, host), "\(list) \(host)") }
            for host in outside { XCTAssertFalse(try goesDirect(list, host), "\(list) \(host)") }
        }
        XCTAssertTrue(try rules(["all_proxy": "p", "NO_PROXY": "\u{FEFF}*"]).areEmpty)
    }

    /// A block that cannot be one is told, where a proxy is used at all.
    func testBlocksThatCannotBeReadAreRefused() throws {
        for bad in [
            "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.0/0.255.255.255", "10.0.0.0/-1", "10.0.0.0/8.0", "::/129",
            "fd00::/255.0.0.0", "10.0.0.0/ff00::", "fd00::/ff00:1::", "10.0.0.0/300.0.0.0",
            "10.0.0.0/9999999999999999999", "10/33",
        ] {
            for (settings, name) in [
                (CurlSettings(proxy: "p", noProxy: "a.example,\(bad)"), "http.no_proxy"),
                (CurlSettings(environment: ["https_proxy": "p", "no_proxy": bad]), "NO_PROXY"),
            ] {
                XCTAssertThrowsError(try ProxyRules(settings), bad) { error in
                    guard let failure = error as? Failure else { return XCTFail("\(error)") }
                    XCTAssertEqual(failure.status, .invalidArgument)
                    XCTAssertTrue(failure.message.contains(name), failure.message)
                    XCTAssertTrue(failure.message.contains("\"\(bad)\""), failure.message)
                    XCTAssertTrue(failure.message.contains("10.0.0.0/8"), failure.message)
                }
            }
            XCTAssertNoThrow(try rules(["no_proxy": bad]))
            XCTAssertNoThrow(try rules(["all_proxy": "p", "no_proxy": bad + ",*"]))
        }
        XCTAssertThrowsError(try rules(["all_proxy": "http://\u{FEFF}p.example:1"]))
        XCTAssertThrowsError(try rules(["all_proxy": "\u{FEFF}http://p.example:1"]))
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

    func testWebURL() {
        XCTAssertEqual(WebURL("https://a.example")?.label, "a.example:443")
        XCTAssertEqual(WebURL("HTTP://a.example:?x")?.label, "a.example:80")
        XCTAssertEqual(WebURL("http://a.example:8080/x:y@z")?.label, "a.example:8080")
        XCTAssertEqual(WebURL("https://[::1]:9/")?.label, "[::1]:9")
        XCTAssertEqual(WebURL("https://[::1]/")?.host, "::1")
        for url in [
            "https://", "https://u@h/", "https://[::1", "https://h:x/", "https://h:123456/", "ftp://h/", "h",
            "https://:1/",
        ] {
            XCTAssertNil(WebURL(url), url)
        }
    }

    func testRedaction() {
        XCTAssertEqual(
            Redaction.line("failed: https://u:p@host/p?Signature=abc,\nnext\tline"),
            "failed: https://host/p?... next line")
        XCTAssertEqual(Redaction.line("a\u{1b}[2Jb"), "a?[2Jb")
        XCTAssertEqual(withoutUser("http://u:p@host:1"), "host:1")
        XCTAssertEqual(withoutUser("http://host:1"), "http://host:1")
    }
}
