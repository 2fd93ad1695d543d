import Core
import Providers
import XCTest

/// Answers that came where an image was asked for.
final class AssetFailureTests: XCTestCase {
    private func signed(_ reply: HTTPReply) throws -> CallFailure {
        let provider = try alibaba()
        let reference = provider.reference(operation: "inference", remoteID: "1")
        return provider.decodeAssetFailure(
            provider.assetAccess(reference, AssetReference(id: "0000.png", modelID: "m", promptID: "p")), reply: reply)
    }

    private func linked(_ reply: HTTPReply) throws -> CallFailure {
        let provider = try tencent()
        return provider.decodeAssetFailure(.url("https://a/b.png?q-signature=SECRET"), reply: reply)
    }

    func testSignedCalls() throws {
        for (http, body, kind, status) in [
            (200, try Fixtures.bytes("alibaba_service_error.json"), FailureKind.notFound, Status.notFound),
            (404, try Fixtures.bytes("alibaba_service_error.json"), .notFound, .notFound),
            (403, try Fixtures.bytes("alibaba_gateway_forbidden.json"), .refused, .permission),
            (400, try Fixtures.bytes("alibaba_gateway_error.json"), .refused, .auth),
            (400, try Fixtures.bytes("alibaba_gateway_error.xml"), .throttled, .throttled),
            (400, Array(#"{"Code":"SignatureNonceUsed","RequestId":"r"}"#.utf8), .transient, .provider),
            (400, Array(#"{"Code":"InvalidTimeStamp.Expired","RequestId":"r"}"#.utf8), .clockSkew, .clock),
            (400, Array(#"{"Code":"InvalidSecurityToken.Expired","RequestId":"r"}"#.utf8), .staleCredentials, .auth),
            (500, Array(#"{"success":false,"errCode":"UNKNOWN_ERROR"}"#.utf8), .transient, .provider),
            (502, try Fixtures.bytes("proxy_502.html"), .unreadable, .badResponse),
            (503, [], .unreadable, .badResponse),
            // Success, and no image.
            (200, try Fixtures.bytes("proxy_502.html"), .unreadable, .notAnImage), (200, [], .unreadable, .notAnImage),
            (200, Array("not an image".utf8), .unreadable, .notAnImage),
            (200, Array("\"bm90IGFuIGltYWdl\"".utf8), .unreadable, .notAnImage),
            (200, Array(#"{"success":true,"data":"bm90"}"#.utf8), .unreadable, .notAnImage),
            (200, Array(#"{"success":true,"data":null}"#.utf8), .unreadable, .notAnImage),
        ] {
            let failed = try signed(reply(http, body))
            let shown = "\(http) \(String(decoding: body.prefix(60), as: UTF8.self))"
            XCTAssertEqual(failed.kind, kind, shown)
            XCTAssertEqual(failed.failure.status, status, shown)
            XCTAssertEqual(failed.failure.httpStatus, http)
        }
        let words = try signed(reply(400, try Fixtures.bytes("alibaba_gateway_error.xml")))
        XCTAssertEqual(words.failure.providerMessage, "Request was denied due to <user> flow control & more.")
        XCTAssertEqual(words.failure.requestID, "4C467B38-3910-447D-87BC-AC049166F218")
        XCTAssertEqual(
            try signed(reply(200, try Fixtures.bytes("alibaba_service_error.json"))).failure.providerMessage,
            "资源没有找到")
    }

    func testPlainURLs() throws {
        func xml(_ code: String, _ message: String = "m") -> [UInt8] {
            Array("<Error><Code>\(code)</Code><Message>\(message)</Message><RequestId>r1</RequestId></Error>".utf8)
        }
        for (http, body, kind, status) in [
            (403, try Fixtures.bytes("store_expired.xml"), FailureKind.expired, Status.expired),
            (403, xml("AccessDenied", "Request has expired"), .expired, .expired),
            (403, xml("AccessDenied", "The provided token has EXPIRED."), .expired, .expired),
            (400, xml("ExpiredToken"), .expired, .expired), (403, xml("RequestTimeTooSkewed"), .expired, .expired),
            (403, xml("AccessDenied", "Access Denied."), .refused, .permission),
            (403, xml("SignatureDoesNotMatch"), .refused, .permission),
            (403, xml("InvalidAccessKeyId"), .refused, .permission),
            // A fresh URL is worth one question; what the caller is told is what the store said.
            (404, try Fixtures.bytes("store_no_such_key.xml"), .expired, .notFound),
            (404, xml("NoSuchBucket"), .expired, .notFound), (404, xml("Unheard"), .expired, .notFound),
            (404, [], .expired, .notFound), (410, [], .expired, .notFound),
            (410, Array("gone".utf8), .expired, .notFound),
            (503, xml("SlowDown"), .throttled, .throttled), (429, [], .throttled, .throttled),
            (500, xml("InternalError"), .transient, .provider), (503, xml("ServiceUnavailable"), .transient, .provider),
            (500, xml("NoSuchKey"), .transient, .provider), (400, xml("RequestTimeout"), .transient, .provider),
            (416, xml("InvalidRange"), .transient, .provider), (400, xml("Unheard"), .refused, .requestRefused),
            (404, try Fixtures.bytes("proxy_502.html"), .unreadable, .badResponse),
            (502, try Fixtures.bytes("proxy_502.html"), .unreadable, .badResponse),
            (503, [], .unreadable, .badResponse),
            (403, [], .unreadable, .badResponse), (302, [], .unreadable, .badResponse),
            (200, try Fixtures.bytes("proxy_502.html"), .unreadable, .notAnImage), (200, [], .unreadable, .notAnImage),
            (200, try Fixtures.bytes("store_expired.xml"), .unreadable, .notAnImage),
            (200, try Fixtures.bytes("alibaba_service_error.json"), .unreadable, .notAnImage),
        ] {
            let failed = try linked(reply(http, body))
            let shown = "\(http) \(String(decoding: body.prefix(90), as: UTF8.self))"
            XCTAssertEqual(failed.kind, kind, shown)
            XCTAssertEqual(failed.failure.status, status, shown)
            XCTAssertFalse("\(failed)".contains("SECRET"))
        }
        XCTAssertEqual(try linked(reply(404, [UInt8](), [("x-cos-request-id", "c1")])).failure.requestID, "c1")
        XCTAssertEqual(try linked(reply(404, xml("NoSuchKey"))).failure.requestID, "r1")
        XCTAssertEqual(
            try linked(reply(503, xml("SlowDown"), [("Retry-After", "2")])).failure.retryAfterMilliseconds, 2_000)
        // Alibaba reads URLs the same way.
        let provider = try alibaba()
        XCTAssertEqual(
            provider.decodeAssetFailure(.url("https://a/b"), reply: reply(403, try Fixtures.bytes("store_expired.xml")))
                .kind,
            .expired)
    }

    func testErrorXMLIsReadWholeOrNotAtAll() throws {
        let whole = try Fixtures.bytes("store_expired.xml")
        let end = try XCTUnwrap(whole.lastIndex(of: UInt8(ascii: ">"))) + 1
        for count in 0..<end {
            let failed = try linked(reply(403, Array(whole.prefix(count))))
            XCTAssertEqual(failed.kind, .unreadable, "cut at \(count)")
        }
        for text in [
            "<Error><Code>&#x41;ccessDenied</Code>"
                + "<Message>a &lt;expired&gt; &amp; &#233; &#x; &bogus; &#1114112; &</Message></Error>",
            "\u{FEFF}<Error a='b'><Code>AccessDenied</Code><Message>expired</Message></Error>",
        ] {
            XCTAssertEqual(try linked(reply(403, text)).kind, .expired, text)
        }
        for text in [
            "<Errors><Code>AccessDenied</Code></Errors>", "<Error><code>AccessDenied</code></Error>", "<Error/>",
            "<Error>",
            "</Error>", "<?xml", "<?xml?>", "<Error></Error", "<Error><Code>x</Error>", "<Error </Error>",
            "<!DOCTYPE x><Error><Code>AccessDenied</Code></Error>",
        ] {
            XCTAssertEqual(try linked(reply(403, text)).kind, .unreadable, text)
        }
        XCTAssertEqual(
            try linked(
                reply(403, [UInt8]("<Error><Code>A</Code><Message>".utf8) + [0xFF] + [UInt8]("</Message></Error>".utf8))
            )
            .failure.providerMessage, nil)
    }
}
