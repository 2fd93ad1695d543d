import Codec
import Core
import Providers
import XCTest

/// Private buckets: a signature for exactly the hosts that were named, and for nobody else.
final class StoreTests: XCTestCase {
    private let bucket = "mine-1250000000.cos.ap-guangzhou.myqcloud.com"
    private let credentials = Credentials(id: "AKID", secret: Secret("secret"))

    private func provider(_ hosts: String? = nil) throws -> TencentProvider {
        try tencent(TencentSettings(cosHosts: hosts ?? bucket))
    }

    private func store(_ provider: TencentProvider, _ url: String) -> (call: ProviderCall, url: String)? {
        guard case .store(let call, let url) = provider.access(url: url) else { return nil }
        return (call, url)
    }

    private func sign(
        _ provider: TencentProvider, _ url: String, _ credentials: Credentials? = nil
    ) throws -> HTTPRequest {
        try provider.sign(
            try XCTUnwrap(store(provider, url)).call, credentials: credentials ?? self.credentials,
            unixSeconds: 1_795_252_765, nonce: "")
    }

    // MARK: - Which

    func testExactlyTheNamedHostsAreSignedFor() throws {
        let provider = try provider("\(bucket), http://127.0.0.1:8080,other.example:8443")
        for url in [
            "https://\(bucket)/a.png", "https://\(bucket):443/a.png", "HTTPS://\(bucket.uppercased())/a.png",
            "https://\(bucket)/a/b%20c.png?x=1#fragment", "http://127.0.0.1:8080/bucket/a.png",
            "https://other.example:8443/a.png", "https://\(bucket)/ä.png", " https://\(bucket)/a b\n",
            "https://%6Dine-1250000000.cos.ap-guangzhou.myqcloud.com/a.png",
        ] {
            let found = try XCTUnwrap(store(provider, url), url)
            XCTAssertEqual(found.call.kind, .asset)
            XCTAssertEqual(found.call.provider, "tencent")
        }
        for url in [
            // Another scheme, port or host.
            "http://\(bucket)/a.png", "https://\(bucket):8443/a.png", "https://127.0.0.1:8080/a.png",
            "http://127.0.0.1/a.png", "http://127.0.0.1:80801/a.png", "https://other.example/a.png",
            "https://x\(bucket)/a.png", "https://x.\(bucket)/a.png", "https://\(bucket).evil.example/a.png",
            "https://\(bucket)./a.png", "https://\(bucket.dropFirst())/a.png", "https://evil.example/\(bucket)/a.png",
            // Tricks with what stands before or behind the host.
            "https://\(bucket)@evil.example/a.png", "https://\(bucket):443@evil.example/a.png",
            "https://user@\(bucket)/a.png", "https://evil.example\\@\(bucket)/a.png",
            "https://\(bucket)\\@evil.example/a.png", "https://\(bucket)%2eevil.example/a.png",
            "https://\(bucket)%00.evil.example/", "https://\(bucket)", "https://\(bucket)?/a.png",
            "https://evil.example?\(bucket)/a.png", "https://evil.example#@\(bucket)/a.png",
            "https:/\(bucket)/a.png", "https:///\(bucket)/a.png", "//\(bucket)/a.png", "ftp://\(bucket)/a.png",
            "https://[::1]:8080/a.png", "https://\(bucket)/", "https://\(bucket)/?prefix=a", "",
            // What carries a signature of its own.
            "https://\(bucket)/a.png?q-sign-algorithm=sha1&q-signature=1", "https://\(bucket)/a.png?sign=x",
            "https://\(bucket)/a.png?x=1&Signature=2",
        ] {
            guard case .url(let plain) = provider.access(url: url) else { return XCTFail("signed for: " + url) }
            XCTAssertEqual(plain, url)
        }
        XCTAssertNil(store(try self.provider(""), "https://\(bucket)/a.png"))
    }

    /// All ways to an image lead through the same judgement.
    func testEveryWayToAnImage() throws {
        let provider = try provider()
        let reference = provider.reference(operation: "aigc_image", remoteID: "1")
        var fields = RequestFields()
        for (url, isSigned) in [("https://\(bucket)/a.png", true), ("https://elsewhere.example/a.png", false)] {
            fields.values["url"] = .string(url)
            for access in [
                provider.assetAccess(reference, AssetReference(id: url, url: url)),
                try provider.fetch(operation: "aigc_image_asset", fields: fields), provider.access(url: url),
            ] {
                if case .store = access { XCTAssertTrue(isSigned, url) } else { XCTAssertFalse(isSigned, url) }
                XCTAssertEqual(access.url, url)
            }
        }
        // The other cloud signs for no store.
        guard case .url = try alibaba().access(url: "https://\(bucket)/a.png") else { return XCTFail("signed") }
    }

    func testInvalidHosts() throws {
        for hosts in [
            "*.myqcloud.com", "a b", "https://x/path", "user@x", "x:0", "x:99999", "ftp://x", "-x", "x?y", ".", "[::1",
        ] {
            let failure = try refusal { _ = try provider("good.example," + hosts) }
            XCTAssertEqual(failure.field, "tencent.cos_hosts", hosts)
        }
        XCTAssertNoThrow(try provider(" , a.example ,, b.example ,"))
        let many = (0...64).map { "h\($0).example" }.joined(separator: ",")
        XCTAssertEqual(try refusal { _ = try provider(many) }.field, "tencent.cos_hosts")
    }

    // MARK: - How

    /// The signature of the published algorithm over host and path, decoded; the URL leaves as it was given.
    func testTheRequest() throws {
        let provider = try provider()
        let request = try sign(provider, "https://\(bucket)/a%20b/%E4%B8%AD.png?response-content-type=image%2Fpng&x#f")
        XCTAssertEqual(request.method, .get)
        XCTAssertEqual(request.url, "https://\(bucket)/a%20b/%E4%B8%AD.png?response-content-type=image%2Fpng&x")
        XCTAssertTrue(request.body.isEmpty)
        XCTAssertEqual(request.headers.map { $0.name.lowercased() }, ["authorization"])
        let value = try XCTUnwrap(HTTPHeaders(request.headers)["authorization"])
        XCTAssertTrue(value.contains("q-sign-algorithm=sha1&q-ak=AKID&q-sign-time=1795252705;1795253365&"), value)
        XCTAssertTrue(value.contains("q-header-list=host&q-url-param-list=response-content-type;x&"), value)
        // HMAC-SHA1 of the documented text, computed apart from this library.
        XCTAssertTrue(value.hasSuffix("q-signature=\(Self.expected)"), value)
        XCTAssertFalse(value.contains("secret"))
    }

    private static let expected = "26773374ebf0adbedacc22202b9e4eb092dd582f"

    func testATokenTravelsSigned() throws {
        let temporary = Credentials(id: "AKID", secret: Secret("secret"), token: Secret("the token"))
        let request = try sign(try provider(), "https://\(bucket)/a.png", temporary)
        let headers = HTTPHeaders(request.headers)
        XCTAssertEqual(headers["x-cos-security-token"], "the token")
        XCTAssertTrue(headers["authorization"]?.contains("q-header-list=host;x-cos-security-token&") == true)
    }

    func testPathsThatCannotBeSigned() throws {
        for url in [
            "https://\(bucket)/%zz", "https://\(bucket)/%ff.png", "https://\(bucket)/a?%f", "https://\(bucket)/%",
        ] {
            let failure = try refusal { _ = try sign(try provider(), url) }
            XCTAssertEqual(failure.field, "url", url)
        }
    }

    /// A call that was made for one set of hosts is not signed by a provider that has another.
    func testACallForAStrangerIsNotSigned() throws {
        let call = try XCTUnwrap(store(try provider("evil.example"), "https://evil.example/a.png")).call
        let failure = try refusal {
            _ = try provider().sign(call, credentials: credentials, unixSeconds: 0, nonce: "")
        }
        XCTAssertEqual(failure.field, "tencent.cos_hosts")
    }

    // MARK: - Answers

    func testWhatABucketAnswers() throws {
        let provider = try provider()
        let access = provider.access(url: "https://\(bucket)/a.png")
        func failed(_ status: Int, _ code: String, _ message: String = "m") -> CallFailure {
            provider.decodeAssetFailure(
                access,
                reply: reply(
                    status, "<Error><Code>\(code)</Code><Message>\(message)</Message><RequestId>r</RequestId></Error>",
                    [("date", "Sat, 21 Nov 2026 09:31:26 GMT")]))
        }
        for (status, code, message, kind, wanted) in [
            (403, "AccessDenied", "Access Denied.", FailureKind.refused, Status.permission),
            (403, "AccessDenied", "Request has expired", .clockSkew, .clock),
            (403, "AccessDenied", "The provided token has expired.", .staleCredentials, .auth),
            (403, "RequestTimeTooSkewed", "m", .clockSkew, .clock),
            (403, "ExpiredToken", "m", .staleCredentials, .auth),
            (403, "SignatureDoesNotMatch", "m", .refused, .auth), (403, "InvalidAccessKeyId", "m", .refused, .auth),
            // What is in a bucket stays there: a fresh URL of the same job would lead to the same place.
            (404, "NoSuchKey", "m", .notFound, .notFound), (404, "NoSuchBucket", "m", .notFound, .notFound),
            (503, "SlowDown", "m", .throttled, .throttled), (500, "InternalError", "m", .transient, .provider),
        ] {
            let answer = failed(status, code, message)
            XCTAssertEqual(answer.kind, kind, code + message)
            XCTAssertEqual(answer.failure.status, wanted, code + message)
            XCTAssertEqual(answer.failure.requestID, "r")
            XCTAssertTrue(answer.failure.message.contains(bucket), answer.failure.message)
            XCTAssertEqual(answer.serverUnixSeconds, 1_795_253_486, code)
        }
        XCTAssertEqual(provider.decodeAssetFailure(access, reply: reply(404, "")).kind, .notFound)
        XCTAssertEqual(provider.decodeAssetFailure(access, reply: reply(200, "text")).failure.status, .notAnImage)
        XCTAssertEqual(provider.decodeAssetFailure(access, reply: reply(403, "<html>")).kind, .unreadable)
    }
}
