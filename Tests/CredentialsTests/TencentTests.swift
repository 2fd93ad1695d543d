import Codec
import Core
import Foundation
import Signing
import XCTest

@testable import Credentials

final class TencentTests: CredentialTestCase {
    func testFile() throws {
        let path = try write(
            "keys",
            "; comment\n[other]\nsecret_id=x\n[default]\n secret_id = i#1 \nsecret_key=s\ntoken = t\nrole_arn=ignored\n"
        )
        let named = ["TENCENTCLOUD_CREDENTIALS_FILE": path]
        assert(try TencentFileSource().fetch(context(named)), "i#1", "s", "t", "profile")
        XCTAssertEqual(
            refusal(TencentFileSource(), context())?.reason,
            "there is neither \(home)/.tencentcloud/credentials nor \(home)/root/etc/tencentcloud/credentials")
        XCTAssertEqual(
            refusal(TencentFileSource(), context(["TENCENTCLOUD_CREDENTIALS_FILE": home + "/none"]))?.reason,
            "TENCENTCLOUD_CREDENTIALS_FILE names a file that cannot be used: there is no \(home)/none")
        for (text, kind) in [
            ("", CredentialUnavailable.Kind.wrong), ("[other]\nsecret_id=i", .wrong),
            ("[default]\nsecret_id=i", .wrong),
            ("[default\nsecret_id=i", .wrong),
        ] {
            try write("keys", text)
            XCTAssertEqual(refusal(TencentFileSource(), context(named))?.kind, kind, text)
        }
    }

    func testMetadata() throws {
        let server = ScriptedServer { [self] request in
            request.url.hasSuffix("/") ? ScriptedServer.reply(200, "my-role") : ScriptedServer.reply(200, cvmAnswer)
        }
        assert(
            try TencentMetadataSource().fetch(context([:], server)), "AKIDcvm", "c-key", "c-token", "cvm_role",
            end: endMilliseconds)
        XCTAssertEqual(
            server.requests.map(\.url),
            [
                "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials/",
                "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials/my-role",
            ])
        XCTAssertTrue(server.options.allSatisfy { $0.bypassProxy && $0.connectTimeoutMilliseconds == 1_000 })
        for (names, keys, kind) in [
            ((404, ""), (200, ""), CredentialUnavailable.Kind.absent), ((200, ""), (200, ""), .transient),
            ((200, "a b"), (200, ""), .transient), ((200, "r"), (404, ""), .wrong),
            ((200, "r"), (200, "{}"), .transient),
            ((200, "r"), (200, #"{"Code":"Success"}"#), .transient),
            ((200, "r"), (200, cvmAnswer.replacingOccurrences(of: "1767229200", with: "1")), .transient),
            ((200, "r"), (200, cvmAnswer.replacingOccurrences(of: "1767229200", with: "1e300")), .transient),
        ] {
            let server = ScriptedServer { request in
                let (status, body) = request.url.hasSuffix("/") ? names : keys
                return ScriptedServer.reply(status, body)
            }
            XCTAssertEqual(refusal(TencentMetadataSource(), context([:], server))?.kind, kind, "\(names) \(keys)")
        }
        XCTAssertEqual(refusal(TencentMetadataSource(), context())?.kind, .nobody)
    }

    func testOIDC() throws {
        let token = try write("token", "web-token\n")
        let environment = [
            "TKE_REGION": "ap-beijing", "TKE_PROVIDER_ID": "cls-1", "TKE_WEB_IDENTITY_TOKEN_FILE": token,
            "TKE_ROLE_ARN": "qcs::cam::uin/1:roleName/r",
        ]
        let server = ScriptedServer { [self] _ in ScriptedServer.reply(200, tencentSTSAnswer) }
        assert(
            try TencentOIDCSource().fetch(context(environment, server)), "AKIDtmp", "t-key", "t-token", "oidc_role",
            end: endMilliseconds)
        try write("token", "renewed")
        _ = try TencentOIDCSource().fetch(context(environment, server))
        let headers = HTTPHeaders(server.requests[0].headers)
        XCTAssertEqual(server.requests[0].url, "https://sts.tencentcloudapi.com/")
        XCTAssertEqual(headers["authorization"], "SKIP")
        XCTAssertEqual(headers["x-tc-action"], "AssumeRoleWithWebIdentity")
        XCTAssertEqual(headers["x-tc-region"], "ap-beijing")
        let body = try JSONValue.parse(server.requests[0].body)
        XCTAssertEqual(body["WebIdentityToken"], "web-token")
        XCTAssertEqual(body["ProviderId"], "cls-1")
        XCTAssertEqual(body["DurationSeconds"], 7200)
        XCTAssertEqual(try JSONValue.parse(server.requests[1].body)["WebIdentityToken"], "renewed")
        XCTAssertEqual(refusal(TencentOIDCSource(), context(["TKE_REGION": "x"], server))?.kind, .wrong)
    }

    func testAssumeRole() throws {
        let server = ScriptedServer { [self] _ in ScriptedServer.reply(200, tencentSTSAnswer) }
        let base = Credentials(id: "AKIDbase", secret: Secret("base-key"))
        let chain = CredentialChain(
            plan: .tencent, explicit: base,
            context: context([:], server) {
                $0.role = CredentialSettings.Role(
                    arn: "qcs::cam::uin/1:roleName/r", sessionName: "me", durationSeconds: 900, policy: #"{"a":1}"#,
                    externalID: "e")
                $0.stsEndpoint = "http://127.0.0.1:9999"
            })
        assert(try chain.resolve().result.get(), "AKIDtmp", "t-key", "t-token", "assume_role", end: endMilliseconds)
        let request = try XCTUnwrap(server.requests.first)
        XCTAssertEqual(request.url, "http://127.0.0.1:9999/")
        let stages = try TC3.stages(
            host: "127.0.0.1:9999", service: "sts", contentType: "application/json", body: request.body,
            credentials: base,
            unixSeconds: Self.now / 1000)
        XCTAssertEqual(HTTPHeaders(request.headers)["authorization"], stages.authorization)
        XCTAssertEqual(
            String(decoding: request.body, as: UTF8.self),
            #"{"RoleArn":"qcs::cam::uin/1:roleName/r","RoleSessionName":"me","DurationSeconds":900,"#
                + #""Policy":"%7B%22a%22%3A1%7D","ExternalId":"e"}"#)
    }

    func testRefusalsOfSTS() throws {
        let base = Credentials(id: "AKIDbase", secret: Secret("hunter2"))
        for (code, isRetryable) in [
            ("AuthFailure.SignatureFailure", false), ("InternalError", true),
            ("RequestLimitExceeded.UinLimitExceeded", true),
            ("hun ter", false),
        ] {
            let server = ScriptedServer { _ in
                ScriptedServer.reply(
                    200, #"{"Response":{"Error":{"Code":"\#(code)","Message":"hunter2"},"RequestId":"r"}}"#)
            }
            let chain = CredentialChain(
                plan: .tencent, explicit: base,
                context: context([:], server) { $0.role = CredentialSettings.Role(arn: "qcs::cam::uin/1:roleName/r") })
            guard case .failure(let failure) = chain.resolve().result else { return XCTFail("gave") }
            XCTAssertEqual(failure.isRetryable, isRetryable, code)
            XCTAssertFalse(failure.message.contains("hunter2"))
            XCTAssertEqual(failure.message.contains(code), !code.contains(" "), failure.message)
        }
    }
}
