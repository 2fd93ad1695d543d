import Core
import Foundation
import Synchronization
import XCTest

@testable import CurlTransport

/// Which addresses are public, in every spelling, and that nothing else is connected to.
final class AddressTests: XCTestCase {
    private func isPublic(_ host: String) -> Bool? {
        if case .address(let address) = HostLiteral.parse(host) { address.isPublic } else { nil }
    }

    func testV4Blocks() {
        // First and last of each refused block, and the neighbours on both sides where they are public.
        let blocks: [(first: String, last: String, before: String?, after: String?)] = [
            ("0.0.0.0", "0.255.255.255", nil, "1.0.0.0"), ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
            ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
            ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
            ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"),
            ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"),
            ("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"),
            ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
            ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"),
            ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"),
            ("224.0.0.0", "239.255.255.255", "223.255.255.255", nil), ("240.0.0.0", "255.255.255.255", nil, nil),
        ]
        for block in blocks {
            for address in [block.first, block.last] { XCTAssertEqual(isPublic(address), false, address) }
            for address in [block.before, block.after] {
                if let address { XCTAssertEqual(isPublic(address), true, address) }
            }
        }
        for address in ["100.100.100.200", "169.254.169.254", "169.254.0.23"] {
            XCTAssertEqual(isPublic(address), false)
        }
        for address in ["8.8.8.8", "47.74.0.1", "119.29.29.29", "1.1.1.1"] { XCTAssertEqual(isPublic(address), true) }
    }

    /// Every /16 against the registry, so that no block is too wide either.
    func testV4AgainstARegistryOfSecondsOctets() {
        for high in UInt32(0)..<65536 {
            let (a, b) = (high >> 8, high & 255)
            let wholly =
                a == 0 || a == 10 || a == 127 || a >= 224 || (a == 100 && (64..<128).contains(b))
                || (a == 169 && b == 254) || (a == 172 && (16..<32).contains(b)) || (a == 192 && b == 168)
                || (a == 198 && (b == 18 || b == 19))
            XCTAssertEqual(IPAddress.v4(high << 16 | 0x0A01).isPublic, !wholly, "\(a).\(b)")
        }
    }

    func testV6() {
        for address in [
            "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1",
            "::127.0.0.1",
            "::8.8.8.8", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "100::1", "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1",
            "2001:db8::1", "2001:db8:ffff::1", "2002:7f00:1::1", "2002:a00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:1::1",
            "3fff::1", "3fff:fff:ffff::1", "fc00::1", "fdff:ffff::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
            "febf::1", "fec0::1", "ff02::1", "ff0e::1", "4000::1", "5f00::1", "8000::1", "2a00::5efe:10.0.0.1",
            "2a00::200:5efe:192.168.1.1",
        ] {
            XCTAssertEqual(isPublic(address), false, address)
            XCTAssertEqual(isPublic("[\(address)]"), false, address)
        }
        for address in [
            "2606:4700:4700::1111", "2400:3200::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1",
            "2002:808:808::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "3ffe::1", "2a00::5efe:8.8.8.8", "240e::1",
            "3fff:1000::1",
        ] { XCTAssertEqual(isPublic(address), true, address) }
    }

    func testSpellingsOfOneAddress() {
        for host in [
            "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "017700000001", "0177.0.0.1",
            "0177.0x0.0.01", "127.0.0.1.", "%31%32%37.0.0.1", "127%2e0%2E0%2e1", "0x7f.0.0x1", "00000177.1",
        ] { XCTAssertEqual(HostLiteral.parse(host), .address(.v4(0x7F00_0001)), host) }
        for host in ["::1", "0:0:0:0:0:0:0:1", "0000::0001", "[::1]", "[::0.0.0.1]", "::1%lo", "[::1%25lo]"] {
            XCTAssertEqual(HostLiteral.parse(host), .address(.v6(high: 0, low: 1)), host)
        }
    }

    func testWhatIsNoAddress() {
        for host in ["example.com", "a", "1.example", "0x7f.com", "example.c0m", "127.0.0.1.example", "x-1", "0xg"] {
            XCTAssertEqual(HostLiteral.parse(host), .name, host)
        }
        for host in [
            "", ".", "256.1.1.1", "1.2.3.4.5", "127.0.0.256", "4294967296", "0x100000000", "1..1", "08", "example.1",
            "99999999999999999999999", "%zz", "%3", "[::1", "[1.2.3.4]", "1:2", ":::", "1::2::3",
            "1:2:3:4:5:6:7:8:9", "::12345", "::g", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "::1.2.3", "1.2.3.4::",
        ] {
            XCTAssertEqual(HostLiteral.parse(host), .invalid, host)
        }
        for host in ["localhost", "LOCALHOST", "localhost.", "a.localhost", "x.LocalHost.."] {
            XCTAssertTrue(HostLiteral.isLocalName(host), host)
        }
        for host in ["notlocalhost", "localhost.example", "local"] {
            XCTAssertFalse(HostLiteral.isLocalName(host), host)
        }
        for host in ["127.0.0.1..", "a..b", ".a", "..", "localhost..", "2130706433..", "%2e.", "1.2.3.4%2e."] {
            XCTAssertEqual(HostLiteral.parse(host), .invalid, host)
        }
    }

    /// Fault 16: every way to write an inner host, also for a proxy that resolves names itself.
    func testHostsThatMayNotBeAskedForAnImage() {
        let never = [
            "localhost", "loc%61lhost", "localhost.", "localhost%2e", "a.localhost", "127.0.0.1", "127.0.0.1.",
            "127.0.0.1..", "127.1", "0177.0.0.1",
            "0x7f.1", "2130706433", "017700000001", "0x7f000001", "127%2e0.0.1",
            "0", "0.0.0.0", "10.0.0.1", "169.254.169.254", "0xa9fea9fe", "100.100.100.200", "::1", "::",
            "::ffff:7f00:1",
            "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "fe80::1%25eth0", "fe80::1%eth0", "fd00::1",
            "fec0::1", "2002:7f00:1::", "ff02::1", "[::1]", "1.2.3.4.5", "256.0.0.1", "",
        ]
        for host in never {
            for isResolvedHere in [true, false] {
                XCTAssertFalse(HostLiteral.mayBePublic(host, isResolvedHere: isResolvedHere), host)
            }
        }
        for host in [
            "0127.0.0.1", "0127.0.0.1.", "8.8.8.010", "kubernetes.default.svc", "metadata", "metadata.google.internal",
            "printer.local", "ip6-localhost", "localhost.localdomain",
            "localhost4.localdomain4", "localhost6.localdomain6.",
            "router.home.arpa", "router.lan", "x.corp.", "db.intranet", "a.private", "a.home", "METADATA.",
            "metadat%61.google.intern%61l", "metadata.tencentyun.com", "METADATA.tencentyun.com.",
            "b.oss-cn-hangzhou-internal.aliyuncs.com", "sts.internal.tencentcloudapi.com",
            "cos-internal.ap-guangzhou.tencentcos.cn",
        ] {
            XCTAssertTrue(HostLiteral.mayBePublic(host, isResolvedHere: true), host)
            XCTAssertFalse(HostLiteral.mayBePublic(host, isResolvedHere: false), host)
        }
        for host in [
            "example.com", "b.cos.ap-guangzhou.myqcloud.com", "8.8.8.8", "2001:4860:4860::8888", "internal.example",
        ] {
            XCTAssertTrue(HostLiteral.mayBePublic(host, isResolvedHere: false), host)
        }
    }

    func testParsingNeverTraps() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789abcdefxX.:%[]-g \u{e9}")
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "0" })
            _ = HostLiteral.parse(text)
            _ = ProxyException(Substring(String(text.reversed()))).matches(text, HostLiteral.parse(text), port: "443")
            _ = WebURL("http://" + text)
        }
        for count in 0...20 {
            let bytes = [UInt8](repeating: 255, count: count)
            XCTAssertEqual(bytes.withUnsafeBytes { IPAddress(bytes: $0) } != nil, count == 4 || count == 16)
        }
    }

    // MARK: on the wire

    private let publicOnly = TransferOptions.quick.with { $0.publicAddressesOnly = true }

    func testPrivateAddressesAreNotConnectedTo() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness()
        for host in [
            "127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "x.localhost",
            "[::ffff:127.0.0.1]", "0",
        ] {
            let failure = harness.run(.get(server.url(host: host)), publicOnly).failure
            XCTAssertEqual(failure?.kind, .addressRefused, "\(host): \(String(describing: failure))")
            XCTAssertEqual(failure?.requestMayHaveLeft, false)
        }
        XCTAssertEqual(server.connections, 0)
    }

    /// A public name that resolves to this machine: the name of this host does.
    func testAddressesBehindANameAreLookedAt() throws {
        let server = RawServer(address: "0.0.0.0") { $0.serve() }
        defer { server.stop() }
        var buffer = [CChar](repeating: 0, count: 256)
        gethostname(&buffer, 255)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let harness = try Harness(CurlSettings(proxy: "", addressFamily: .ipv4))
        guard harness.run(.get(server.url(host: name))).reply != nil, !HostLiteral.isLocalName(name) else {
            throw XCTSkip("the name of this host does not resolve to it")
        }
        let before = server.connections
        let fresh = try Harness(CurlSettings(proxy: "", addressFamily: .ipv4))
        let failure = fresh.run(.get(server.url(host: name)), publicOnly).failure
        XCTAssertEqual(failure?.kind, .addressRefused, "\(String(describing: failure))")
        XCTAssertEqual(failure?.requestMayHaveLeft, false)
        XCTAssertEqual(server.connections, before)
        // Nor is a connection reused that another transfer was allowed to open.
        let reused = harness.run(.get(server.url("/image", host: name)), publicOnly).failure
        XCTAssertEqual(reused?.kind, .addressRefused, "\(String(describing: reused))")
        XCTAssertEqual(reused?.requestMayHaveLeft, false)
        XCTAssertFalse(server.requests.contains { $0.contains("/image") })
    }

    func testSandboxesCanAllowThem() throws {
        let server = RawServer { $0.serve() }
        defer { server.stop() }
        let harness = try Harness(CurlSettings(proxy: "", allowPrivateAddresses: true))
        XCTAssertEqual(harness.run(.get(server.url()), publicOnly).text, "ok")
    }

    func testThroughAProxyTheLiteralHostIsStillLookedAt() throws {
        let proxy = RawServer { $0.serve() }
        defer { proxy.stop() }
        let harness = try Harness(CurlSettings(proxy: proxy.url("")))
        for host in ["127.0.0.1", "169.254.169.254", "0xa9fea9fe", "[fd00:ec2::254]", "localhost"] {
            XCTAssertEqual(harness.run(.get("http://\(host)/"), publicOnly).failure?.kind, .addressRefused, host)
        }
        XCTAssertEqual(proxy.connections, 0)
        // The proxy itself may well be private.
        XCTAssertEqual(harness.run(.get("http://images.example/x"), publicOnly).text, "ok")
        XCTAssertTrue(proxy.requests[0].hasPrefix("GET http://images.example/x HTTP/1.1\r\nHost: images.example\r\n"))
    }

    /// Fault 16: for "socks5://" and "socks4://" libcurl resolves here and looks at nothing. What a name leads to is looked at,
    /// and the proxy gets the address that was looked at.
    func testAddressesBehindASOCKSProxyAreLookedAt() throws {
        let wanted = Mutex<[[UInt8]]>([])
        let proxy = RawServer { connection in
            let place = connection.acceptSOCKS()
            wanted.withLock { $0.append(place) }
            connection.serve()
        }
        defer { proxy.stop() }
        var buffer = [CChar](repeating: 0, count: 256)
        gethostname(&buffer, 255)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for scheme in ["socks5", "SOCKS5", "socks4", "socks"] {
            let settings = CurlSettings(proxy: "\(scheme)://127.0.0.1:\(proxy.port)", addressFamily: .ipv4)
            let harness = try Harness(settings)
            for host in [name, "127.0.0.1", "0x7f.1", "localhost", "a.localhost"] {
                let failure = harness.run(.get("http://\(host)/image"), publicOnly).failure
                let isRefused = failure?.kind == .addressRefused || failure?.kind == .resolve
                XCTAssertTrue(isRefused, "\(scheme) \(host): \(failure as Any)")
                XCTAssertEqual(failure?.requestMayHaveLeft, false)
            }
            XCTAssertEqual(wanted.withLock { $0 }, [], scheme)
            // A public address, which needs no resolver; twice, on one connection or two.
            for _ in 0..<2 {
                let result = harness.run(.get("http://8.8.4.4/image"), publicOnly)
                XCTAssertEqual(result.text, "ok", "\(scheme): \(result)")
            }
            XCTAssertEqual(wanted.withLock { $0 }.first, [1, 8, 8, 4, 4], scheme)
            // The endpoints of the API are the caller's own.
            XCTAssertEqual(harness.run(.get("http://127.0.0.1/own")).text, "ok")
            wanted.withLock { $0 = [] }
        }
        // The proxy itself resolves: it gets the name.
        let harness = try Harness(CurlSettings(proxy: "socks5h://127.0.0.1:\(proxy.port)"))
        XCTAssertEqual(harness.run(.get("http://images.example/x"), publicOnly).text, "ok")
        XCTAssertEqual(wanted.withLock { $0 }.last, [3] + Array("images.example".utf8))
        // Where private addresses are allowed nothing is looked at.
        let open = CurlSettings(proxy: "socks5://127.0.0.1:\(proxy.port)", allowPrivateAddresses: true)
        XCTAssertEqual(try Harness(open).run(.get("http://127.0.0.1/x"), publicOnly).text, "ok")
    }
}
