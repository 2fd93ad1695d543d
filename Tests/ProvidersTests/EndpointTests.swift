import Core
import Providers
import XCTest

final class EndpointTests: XCTestCase {
    func testForms() throws {
        let cases: [(String, String, String, String)] = [
            (
                "aicontent.aliyuncs.com", "aicontent.aliyuncs.com", "https://aicontent.aliyuncs.com",
                "aicontent.aliyuncs.com"
            ),
            ("Example.COM:8443", "example.com:8443", "https://example.com:8443", "example.com:8443"),
            ("https://example.com", "example.com", "https://example.com", "example.com"),
            ("HTTPS://example.com:443", "example.com", "https://example.com", "example.com"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:80", "localhost", "http://localhost", "http://localhost"),
            ("http://localhost:443", "localhost:443", "http://localhost:443", "http://localhost:443"),
            ("https://[::1]:8443", "[::1]:8443", "https://[::1]:8443", "[::1]:8443"),
            ("[2001:DB8::1]", "[2001:db8::1]", "https://[2001:db8::1]", "[2001:db8::1]"),
            ("my_host-1:1", "my_host-1:1", "https://my_host-1:1", "my_host-1:1"),
        ]
        for (text, authority, origin, canonical) in cases {
            let endpoint = try Endpoint(parsing: text, key: "k")
            XCTAssertEqual(endpoint.authority, authority, text)
            XCTAssertEqual(endpoint.origin, origin, text)
            XCTAssertEqual(endpoint.text, canonical, text)
            XCTAssertEqual(try Endpoint(parsing: endpoint.text, key: "k"), endpoint, "not stable: \(text)")
        }
    }

    func testRefusals() throws {
        let texts = [
            "", "https://", "ftp://example.com", "https://example.com/", "example.com/path", "https://user@example.com",
            "user:secret@example.com", "example.com?x=1", "example.com#x", "example.com:", "example.com:0",
            "example.com:65536", "example.com:1:2", "example.com:+80", "example..com", ".example.com", "example.com.",
            "-example.com", "exa mple.com", "exam\nple.com", "ex\u{e4}mple.com", "[::1", "[::1]x", "[::g]", "[]",
            "[::1]:99999", "example.com\\@evil.com", String(repeating: "a", count: 64) + ".com",
            String(repeating: "a.", count: 150) + "com", "http:example.com", "//example.com",
        ]
        for text in texts {
            let failure = try refusal { _ = try Endpoint(parsing: text, key: "alibaba.endpoint") }
            XCTAssertEqual(failure.status, .invalidArgument, text)
            XCTAssertEqual(failure.field, "alibaba.endpoint", text)
            XCTAssertFalse(failure.message.contains("\n"), text)
        }
    }

    /// Fault 13: a password can stand in any place of a malformed URL.
    func testRefusalsShowNothingOfTheText() throws {
        let forms = [
            "http://user:", "https://user:", "user:", "http://h:1/", "https://h:", "h/", "h?", "h#", "http://h?key=",
            "ftp://user:", "http://[", "http://[::1]", "http://[::1]:", "http://-", "h..", "\u{e9}", "http://h:1 ",
        ]
        for form in forms {
            for text in [form + "S3cret", form + "S3cret/x", form + "S3cret?y", form + "S3cret@host"] {
                let failure = try refusal { _ = try Endpoint(parsing: text, key: "tencent.endpoint") }
                XCTAssertFalse(failure.message.contains("S3c"), "\(text): \(failure.message)")
                XCTAssertTrue(failure.message.contains("Reading tencent.endpoint: "), failure.message)
            }
        }
        let listed = try refusal { _ = try Endpoint(parsing: "a/b", key: "tencent.cos_hosts", entry: 3) }
        XCTAssertTrue(listed.message.contains("tencent.cos_hosts (entry 3)"), listed.message)
    }

    func testDefaultsOfAlibaba() throws {
        let cases: [(AlibabaSettings, String)] = [
            (AlibabaSettings(), "aicontent.aliyuncs.com"),
            (AlibabaSettings(endpoint: ""), "aicontent.aliyuncs.com"),
            (AlibabaSettings(region: "public"), "aicontent.aliyuncs.com"),
            (AlibabaSettings(region: "cn-shanghai"), "aicontent.aliyuncs.com"),
            (AlibabaSettings(region: "cn-shanghai", network: "public"), "aicontent.aliyuncs.com"),
            (AlibabaSettings(region: "cn-shanghai", network: "vpc"), "aicontent-vpc.cn-shanghai.aliyuncs.com"),
            (AlibabaSettings(network: "vpc"), "aicontent-vpc.cn-shanghai.aliyuncs.com"),
            (AlibabaSettings(region: "cn-beijing"), "aicontent.cn-beijing.aliyuncs.com"),
            (AlibabaSettings(region: "cn-hangzhou"), "aicontent.cn-hangzhou.aliyuncs.com"),
            (
                AlibabaSettings(region: "cn-hangzhou", network: "dualstack"),
                "aicontent-dualstack.cn-hangzhou.aliyuncs.com"
            ),
            (AlibabaSettings(endpoint: "http://127.0.0.1:9", region: "cn-beijing"), "http://127.0.0.1:9"),
        ]
        for (settings, text) in cases {
            let reference = try alibaba(settings).reference(operation: "inference", remoteID: "1")
            XCTAssertEqual(reference.endpoint, text)
            XCTAssertEqual(reference.region, settings.region)
        }
        for (settings, field) in [
            (AlibabaSettings(endpoint: "a/b"), "alibaba.endpoint"), (AlibabaSettings(region: "a b"), "alibaba.region"),
            (AlibabaSettings(region: "oss-cn-shanghai"), "alibaba.region"),
            (AlibabaSettings(network: "wifi"), "alibaba.network"),
            (AlibabaSettings(assetEncoding: "hex"), "alibaba.asset_encoding"),
            (AlibabaSettings(userAgentSuffix: "a\r\nb: c"), "http.user_agent"),
        ] {
            XCTAssertEqual(try refusal { _ = try alibaba(settings) }.field, field)
        }
    }

    func testDefaultsOfTencent() throws {
        let cases: [(TencentSettings, String)] = [
            (TencentSettings(), "mps.tencentcloudapi.com"),
            (TencentSettings(region: "ap-guangzhou"), "mps.tencentcloudapi.com"),
            (TencentSettings(site: .intl), "mps.intl.tencentcloudapi.com"),
            (TencentSettings(region: "ap-singapore", site: .intl), "mps.intl.tencentcloudapi.com"),
            (
                TencentSettings(region: "ap-shanghai-fsi", usesRegionalHost: true),
                "mps.ap-shanghai-fsi.tencentcloudapi.com"
            ),
            (TencentSettings(endpoint: "https://example.com:8443"), "example.com:8443"),
        ]
        for (settings, text) in cases {
            XCTAssertEqual(try tencent(settings).reference(operation: "aigc_image", remoteID: "1").endpoint, text)
        }
        for (settings, field) in [
            (TencentSettings(endpoint: "a/b"), "tencent.endpoint"), (TencentSettings(region: "\n"), "tencent.region"),
            (TencentSettings(usesRegionalHost: true), "tencent.region"),
            (TencentSettings(language: "de\r\n"), "tencent.language"),
        ] {
            XCTAssertEqual(try refusal { _ = try tencent(settings) }.field, field)
        }
    }

    /// A token must never lead signed requests to a stranger's host.
    func testForeignTokens() throws {
        let ours = try alibaba(AlibabaSettings(endpoint: "http://127.0.0.1:9"))
        let theirs = try tencent(TencentSettings(endpoint: "http://127.0.0.1:9"))
        let good = [
            "http://127.0.0.1:9", "aicontent.aliyuncs.com", "aicontent.cn-beijing.aliyuncs.com",
            "aicontent-vpc.cn-shanghai.aliyuncs.com",
        ]
        let bad = [
            "127.0.0.1:9", "http://127.0.0.1:8", "http://aicontent.aliyuncs.com", "aicontent.aliyuncs.com:8443",
            "aicontent.aliyuncs.com.evil.com", "evil.com", "evilaicontent.aliyuncs.com",
            // Names that strangers can have.
            "aicontent.oss-cn-shanghai.aliyuncs.com", "aicontent.s3.aliyuncs.com", "aicontent.fcapp.aliyuncs.com",
            "x.cn-shanghai.aliyuncs.com", "aicontent.cn-shanghai.log.aliyuncs.com", "mps.tencentcloudapi.com", "a/b",
            "",
        ]
        let goodTencent = [
            "http://127.0.0.1:9", "mps.tencentcloudapi.com", "mps.intl.tencentcloudapi.com",
            "mps.ap-singapore.tencentcloudapi.com",
        ]
        let badTencent = [
            "http://mps.tencentcloudapi.com", "cvm.tencentcloudapi.com", "mps.evil.tencentcloudapi.com",
            "mps.ap-singapore.tencentcloudapi.com.evil.com", "mps.tencentcloudapi.com:444", "aicontent.aliyuncs.com",
            "mps.ap-guangzhou.myqcloud.com",
        ]
        let secret = Credentials(id: "id", secret: Secret("s"))
        func check(_ provider: any CheckingProvider, _ operation: String, _ endpoint: String, _ allowed: Bool) throws {
            let reference = JobReference(
                provider: provider.name, operation: operation, region: "", endpoint: endpoint, remoteID: "1")
            let call = provider.statusCall(reference)
            let sign = {
                _ = try provider.sign(
                    call, credentials: secret, unixSeconds: 1, nonce: String(repeating: "0", count: 32))
            }
            if allowed {
                XCTAssertNoThrow(try provider.validate(reference), endpoint)
                XCTAssertNoThrow(try sign(), endpoint)
            } else {
                XCTAssertEqual(try refusal { try provider.validate(reference) }.status, .invalidArgument, endpoint)
                XCTAssertEqual(try refusal { try sign() }.status, .invalidArgument, endpoint)
            }
        }
        for endpoint in good { try check(ours, "inference", endpoint, true) }
        for endpoint in bad { try check(ours, "inference", endpoint, false) }
        for endpoint in goodTencent { try check(theirs, "aigc_image", endpoint, true) }
        for endpoint in badTencent { try check(theirs, "aigc_image", endpoint, false) }
    }

    func testReferenceParts() throws {
        let provider = try alibaba()
        let good = provider.reference(operation: "inference", remoteID: "girl-1/\u{56fe} 1")
        XCTAssertNoThrow(try provider.validate(good))
        let changes: [(inout JobReference) -> Void] = [
            { $0.provider = "tencent" }, { $0.operation = "inference_asset" }, { $0.operation = "inferense" },
            { $0.operation = "" }, { $0.region = "a\nb" }, { $0.region = String(repeating: "a", count: 41) },
            { $0.remoteID = "" }, { $0.remoteID = "   " }, { $0.remoteID = "a\u{0}b" }, { $0.remoteID = "a\r\nb" },
            { $0.remoteID = String(repeating: "1", count: 1_025) },
        ]
        for (index, change) in changes.enumerated() {
            var reference = good
            change(&reference)
            XCTAssertEqual(try refusal { try provider.validate(reference) }.status, .invalidArgument, "\(index)")
        }
        var misspelled = good
        misspelled.operation = "inferense"
        XCTAssertTrue(try refusal { try provider.validate(misspelled) }.message.contains("\"inference\""))
    }
}
