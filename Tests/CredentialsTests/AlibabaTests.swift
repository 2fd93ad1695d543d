import Codec
import Core
import Foundation
import Signing
import XCTest

@testable import Credentials

final class AlibabaTests: CredentialTestCase {
    private func sts() -> ScriptedServer {
        ScriptedServer { [self] _ in ScriptedServer.reply(200, alibabaSTSAnswer()) }
    }

    private func parameters(_ query: Substring) throws -> [(name: String, value: String)] {
        try query.split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), try XCTUnwrap(Percent.decode(String(parts[1]))))
        }
    }

    // MARK: ~/.aliyun/config.json

    private func config(_ profiles: String, current: String = "p") throws {
        try write(".aliyun/config.json", #"{"current":"\#(current)","profiles":[\#(profiles)],"meta_path":""}"#)
    }

    func testKeysOfAProfile() throws {
        let keys = #""access_key_id":"i","access_key_secret":"s""#
        try config(
            #"{"name":"p","mode":"AK",\#(keys),"sts_token":"stale"},{"name":"q","mode":"StsToken",\#(keys),"sts_token":"t"}"#
        )
        assert(try AlibabaCLISource().fetch(context()), "i", "s", nil, "default/cli_profile/static_ak")
        assert(
            try AlibabaCLISource().fetch(context(["ALIBABA_CLOUD_PROFILE": "q"])), "i", "s", "t",
            "default/cli_profile/static_sts")
        assert(try AlibabaCLISource().fetch(context { $0.profile = "q" }), "i", "s", "t")
    }

    func testRoleOfAProfile() throws {
        try config(
            #"{"name":"p","mode":"RamRoleArn","access_key_id":"i","access_key_secret":"s","ram_role_arn":"acs:ram::1:role/r","#
                + #""ram_session_name":"me","expired_seconds":900,"policy":"{}","external_id":"e","sts_region":"cn-hangzhou","#
                + #""enable_vpc":true}"#)
        let server = sts()
        assert(
            try AlibabaCLISource().fetch(context([:], server)), "STS.id", "sts-secret", "sts-token",
            "default/cli_profile/ram_role_arn/static_ak", end: endMilliseconds)
        let url = try XCTUnwrap(server.requests.first).url
        XCTAssertTrue(url.hasPrefix("https://sts-vpc.cn-hangzhou.aliyuncs.com/?"))
        let sent = try parameters(url.split(separator: "?")[1])
        let values = Dictionary(uniqueKeysWithValues: sent.map { ($0.name, $0.value) })
        for (name, value) in [
            "Action": "AssumeRole", "Version": "2015-04-01", "Format": "JSON", "DurationSeconds": "900",
            "RoleArn": "acs:ram::1:role/r", "RoleSessionName": "me", "Policy": "{}", "ExternalId": "e",
            "AccessKeyId": "i", "Timestamp": "2026-01-01T00:00:00Z", "SignatureMethod": "HMAC-SHA1",
        ] {
            XCTAssertEqual(values[name], value, name)
        }
        XCTAssertNil(values["SecurityToken"])
        let again = try RPCSignature.stages(
            method: "GET", parameters: sent.filter { $0.name != "Signature" },
            credentials: Credentials(id: "i", secret: Secret("s")))
        XCTAssertEqual(values["Signature"], again.signature)
        XCTAssertFalse(try XCTUnwrap(server.options.first).bypassProxy)
    }

    func testChainedRolesAndCircles() throws {
        let keys = #""access_key_id":"i","access_key_secret":"s""#
        let role = #""mode":"ChainableRamRoleArn","ram_role_arn":"acs:ram::1:role/r""#
        try config(#"{"name":"p",\#(role),"source_profile":"q"},{"name":"q","mode":"AK",\#(keys)}"#)
        let server = sts()
        XCTAssertEqual(try AlibabaCLISource().fetch(context([:], server)).id, "STS.id")
        XCTAssertEqual(server.requests.count, 1)
        try config(#"{"name":"p",\#(role),"source_profile":"q"},{"name":"q",\#(role),"source_profile":"p"}"#)
        XCTAssertEqual(
            refusal(AlibabaCLISource(), context([:], server))?.reason,
            "the profiles of \(home)/.aliyun/config.json form a circle: \"p\" -> \"q\" -> \"p\"")
        try config(#"{"name":"p",\#(role),"source_profile":"p"}"#)
        XCTAssertEqual(refusal(AlibabaCLISource(), context([:], server))?.kind, .wrong)
        try config(
            (0..<20).map { #"{"name":"\#($0)",\#(role),"source_profile":"\#($0 + 1)"}"# }.joined(separator: ","),
            current: "0")
        XCTAssertEqual(refusal(AlibabaCLISource(), context([:], server))?.kind, .wrong)
        XCTAssertEqual(server.requests.count, 1)
    }

    func testOIDCAndInstanceRoleOfAProfile() throws {
        let token = try write("token", " web-token\n")
        try config(
            #"{"name":"p","mode":"OIDC","ram_role_arn":"acs:ram::1:role/r","oidc_provider_arn":"acs:ram::1:oidc-provider/x","#
                + #""oidc_token_file":"\#(token)","role_session_name":"me"}"#)
        let server = sts()
        let found = try AlibabaCLISource().fetch(context([:], server))
        XCTAssertEqual(found.source, "default/cli_profile/oidc_role_arn")
        let request = try XCTUnwrap(server.requests.first)
        XCTAssertEqual(request.method, .post)
        XCTAssertFalse(request.url.contains("web-token"), "a token in a URL ends up in logs")
        let sent = try parameters(Substring(String(decoding: request.body, as: UTF8.self)))
        XCTAssertEqual(sent.first { $0.name == "OIDCToken" }?.value, "web-token")
        XCTAssertEqual(sent.first { $0.name == "RoleSessionName" }?.value, "me")
        XCTAssertNil(sent.first { $0.name == "Signature" })

        try config(#"{"name":"p","mode":"EcsRamRole","ram_role_name":"my role"}"#)
        let metadata = ScriptedServer { [self] request in
            request.method == .put ? ScriptedServer.reply(200, "session") : ScriptedServer.reply(200, metadataAnswer())
        }
        XCTAssertEqual(
            try AlibabaCLISource().fetch(context([:], metadata)).source, "default/cli_profile/ecs_ram_role")
        XCTAssertEqual(
            metadata.requests.last?.url, "http://100.100.100.200/latest/meta-data/ram/security-credentials/my%20role")
    }

    func testExternalOfAProfile() throws {
        try config(#"{"name":"p","mode":"External","process_command":"tool 'two words' \"x\""}"#)
        let processes = ScriptedProcesses()
        let context = context(processes: processes)
        processes.output = #"{"mode":"AK","access_key_id":"i","access_key_secret":"s"}"#
        assert(try AlibabaCLISource().fetch(context), "i", "s", nil, "default/cli_profile/external")
        XCTAssertEqual(processes.asked, [["tool", "two words", "x"]])
        processes.output =
            #"{"mode":"StsToken","access_key_id":"i","access_key_secret":"s","sts_token":"t","expiration":"\#(end)"}"#
        assert(try AlibabaCLISource().fetch(context), "i", "s", "t", end: endMilliseconds)
        processes.output = #"{"mode":"StsToken","access_key_id":"i","access_key_secret":"s","sts_token":"t"}"#
        XCTAssertGreaterThan(try AlibabaCLISource().fetch(context).expiresAtMilliseconds, Self.now)
        for bad in [
            "", "hunter2", "{}", #"{"mode":"StsToken","access_key_id":"i","access_key_secret":"hunter2"}"#,
            #"{"mode":"AK","access_key_id":"i","access_key_secret":"hunter2","expiration":"soon"}"#,
            #"{"mode":"AK","access_key_id":"i","access_key_secret":"hunter2","expiration":"2025-01-01T00:00:00Z"}"#,
        ] {
            processes.output = bad
            let failure = refusal(AlibabaCLISource(), context)
            XCTAssertNotNil(failure)
            XCTAssertFalse(failure?.reason.contains("hunter2") ?? true)
        }
        for twice in [
            #"{"mode":"AK","access_key_id":"i","access_key_id":"j","access_key_secret":"s"}"#,
            #"{"access_key_id":"i","access_key_secret":"s","access_key_secret":"t"}"#,
            #"{"access_key_id":"i","access_key_secret":"s","\u0061ccess_key_id":"j"}"#,
        ] {
            processes.output = twice
            XCTAssertTrue(refusal(AlibabaCLISource(), context)?.reason.contains("is there twice") == true, twice)
        }
        let forbidden = self.context(processes: processes) { $0.useProcesses = false }
        let count = processes.asked.count
        XCTAssertEqual(refusal(AlibabaCLISource(), forbidden)?.kind, .wrong)
        XCTAssertEqual(processes.asked.count, count)
    }

    func testWrongConfigs() throws {
        for (text, piece) in [
            ("", "is empty"), ("{", "cannot be read"), ("[]", "names no current profile"),
            (#"{"current":"p"}"#, "has no profile \"p\""), (#"{"current":"p","profiles":[{"name":"p"}]}"#, "mode"),
            (#"{"current":"p","profiles":[{"name":"p","mode":"CloudSSO"}]}"#, "\"CloudSSO\" of profile \"p\""),
            (
                #"{"current":"p","profiles":[{"name":"p","mode":"StsToken","access_key_id":"i","access_key_secret":"s"}]}"#,
                "sts_token"
            ),
            (
                #"{"current":"p","profiles":[{"name":"p","mode":"RamRoleArn","access_key_id":"i","access_key_secret":"s"}]}"#,
                "ram_role_arn"
            ),
            (#"{"current":"p","profiles":[{"name":"p","mode":"External","process_command":"'open"}]}"#, "open quote"),
            (#"{"current":"p\nq","profiles":7}"#, "has no profile \"p q\""),
            (#"{"current":"p","profiles":[{"name":"p","mode":"A\nK\u007f"}]}"#, "\"A K \" of profile"),
        ] {
            try write(".aliyun/config.json", text)
            let failure = refusal(AlibabaCLISource(), context())
            XCTAssertEqual(failure?.kind, .wrong, text)
            XCTAssertTrue(failure?.reason.contains(piece) ?? false, "\(piece) in \(failure?.reason ?? "")")
        }
        XCTAssertEqual(
            refusal(AlibabaCLISource(), CredentialContext(environment: [:], transport: ScriptedServer()))?.reason,
            "there is no home directory: HOME is not set, and the user database names none")
    }

    // MARK: credentials.ini

    func testINITypes() throws {
        let token = try write("token", "web-token")
        let path = try write(
            "elsewhere.ini",
            """
            # a comment
            [default]
            type = access_key   # kept out
            access_key_id = i # mine
            Access_Key_Secret: s
            enable = True # on

            [role]
            type=ram_role_arn
            access_key_id=i
            access_key_secret=s
            role_arn=acs:ram::1:role/r
            [oidc]
            type=oidc_role_arn
            role_arn=acs:ram::1:role/r
            oidc_provider_arn=p
            oidc_token_file_path=\(token)
            [ecs]
            type=ecs_ram_role
            role_name=r
            [rsa]
            type=rsa_key_pair
            [bent]
            type=a\u{1}b\(String(repeating: "\u{301}", count: 99))
            [path]
            type=oidc_role_arn
            role_arn=acs:ram::1:role/r
            oidc_provider_arn=p
            oidc_token_file_path=/no\u{7}where
            [none]
            access_key_id=i
            """)
        let file = ["ALIBABA_CLOUD_CREDENTIALS_FILE": path]
        assert(try AlibabaINISource().fetch(context(file)), "i", "s", nil, "default/profile/static_ak")
        let server = ScriptedServer { [self] request in
            request.url.hasPrefix("https:")
                ? ScriptedServer.reply(200, alibabaSTSAnswer()) : ScriptedServer.reply(200, metadataAnswer("ecs"))
        }
        for (profile, id) in [("role", "STS.id"), ("oidc", "STS.id"), ("ecs", "ecs")] {
            var environment = file
            environment["ALIBABA_CLOUD_PROFILE"] = profile
            XCTAssertEqual(try AlibabaINISource().fetch(context(environment, server)).id, id)
        }
        for (profile, kind) in [
            ("rsa", CredentialUnavailable.Kind.wrong), ("none", .wrong), ("missing", .wrong),
        ] {
            XCTAssertEqual(refusal(AlibabaINISource(), context(file) { $0.profile = profile })?.kind, kind)
        }
        let bent = refusal(AlibabaINISource(), context(file) { $0.profile = "bent" })?.reason ?? ""
        XCTAssertTrue(bent.hasPrefix("the type \"a ") && bent.utf8.count < 300, bent)
        let bentPath = refusal(AlibabaINISource(), context(file) { $0.profile = "path" })?.reason ?? ""
        XCTAssertTrue(bentPath.hasSuffix("/no where"), bentPath)
        XCTAssertFalse((bent + bentPath).utf8.contains { $0 < 0x20 }, bent + bentPath)
        try write(
            ".alibabacloud/credentials.ini", "[default]\ntype=access_key\naccess_key_id=home\naccess_key_secret=s")
        XCTAssertEqual(try AlibabaINISource().fetch(context()).id, "home")
    }

    /// Some of the vendor's tools skip such a section, others use it: its account does not pay, and no other one does.
    func testASectionThatIsSwitchedOffDoesNotPay() throws {
        for (word, pays) in [
            ("false", false), ("False", false), ("0", false), ("no", false), ("off", false), ("", false),
            ("flase", false),
            ("true", true), ("TRUE", true), ("1", true), ("yes", true), ("on", true),
        ] {
            try write(
                ".alibabacloud/credentials.ini",
                "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\nenable = \(word)\n")
            let server = ScriptedServer { [self] request in
                if request.url.hasSuffix("/latest/api/token") { return ScriptedServer.reply(200, "session") }
                if request.url.hasSuffix("security-credentials/") { return ScriptedServer.reply(200, "role") }
                return ScriptedServer.reply(200, metadataAnswer("ecs"))
            }
            let chain = CredentialChain(plan: .alibaba, explicit: nil, context: context([:], server))
            switch chain.resolve().result {
            case .success(let found): XCTAssertEqual(pays ? found.id : "nobody", "ini", word)
            case .failure(let failure):
                XCTAssertFalse(pays, word)
                XCTAssertTrue(failure.message.contains("enable of [default] in "), failure.message)
            }
            XCTAssertEqual(server.requests.count, 0)
        }
    }

    // MARK: STS, metadata, URI

    func testSTSEndpoints() {
        func endpoint(
            _ environment: [String: String] = [:], _ role: AlibabaRole = AlibabaRole(arn: ""),
            _ change: (inout CredentialSettings) -> Void = { _ in }
        ) -> String { AlibabaSTS.endpoint(role, context(environment, ScriptedServer(), change)) }
        XCTAssertEqual(endpoint(), "https://sts.aliyuncs.com")
        XCTAssertEqual(endpoint(["ALIBABA_CLOUD_STS_REGION": "cn-beijing"]), "https://sts.cn-beijing.aliyuncs.com")
        XCTAssertEqual(
            endpoint(["ALIBABA_CLOUD_STS_REGION": "cn-beijing", "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED": "true"]),
            "https://sts-vpc.cn-beijing.aliyuncs.com")
        XCTAssertEqual(endpoint(["ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED": "true"]), "https://sts.aliyuncs.com")
        XCTAssertEqual(
            endpoint(["ALIBABA_CLOUD_STS_REGION": "cn-beijing"], AlibabaRole(arn: "", stsRegion: "x", usesVPC: false)),
            "https://sts.x.aliyuncs.com")
        XCTAssertEqual(endpoint { $0.stsEndpoint = "http://127.0.0.1:8080/" }, "http://127.0.0.1:8080")
        XCTAssertEqual(endpoint { $0.stsEndpoint = "sts.internal" }, "https://sts.internal")
    }

    func testSTSFailures() throws {
        let environment = [
            "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p",
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE": try write("token", "hunter2"),
        ]
        let cases: [(TransferResult, CredentialUnavailable.Kind, String)] = [
            (
                ScriptedServer.reply(403, #"{"Code":"NoPermission","Message":"hunter2"}"#), .wrong,
                "HTTP 403 (NoPermission)"
            ),
            (ScriptedServer.reply(400, #"{"Code":"bad code hunter2"}"#), .wrong, "HTTP 400"),
            (ScriptedServer.reply(503, "<html>hunter2"), .transient, "HTTP 503"),
            (ScriptedServer.reply(200, "hunter2"), .transient, "no JSON"),
            (
                ScriptedServer.reply(200, #"{"Credentials":{"AccessKeyId":"i","AccessKeyId":"hunter2"}}"#), .transient,
                "no JSON that can be used: it is JSON in which the name \"AccessKeyId\" is there twice"
            ),
            (ScriptedServer.reply(200, "{}"), .transient, "without credentials"),
            (ScriptedServer.reply(200, #"{"Credentials":{"AccessKeyId":"i"}}"#), .transient, "SecurityToken"),
            (
                ScriptedServer.reply(
                    200, #"{"Credentials":{"AccessKeyId":"i","AccessKeySecret":"hunter2","SecurityToken":"t"}}"#),
                .transient, "when they end"
            ),
            (
                ScriptedServer.reply(200, alibabaSTSAnswer().replacingOccurrences(of: "2026", with: "2025")),
                .transient,
                "already ended"
            ),
            (
                .failed(TransferFailure(.timeout, requestMayHaveLeft: true, detail: "timed out")), .transient,
                "timed out"
            ),
            (.failed(TransferFailure(.tls, requestMayHaveLeft: false, detail: "no CA")), .wrong, "no CA"),
        ]
        for (answer, kind, piece) in cases {
            let failure = refusal(AlibabaOIDCSource(), context(environment, ScriptedServer { _ in answer }))
            XCTAssertEqual(failure?.kind, kind, piece)
            XCTAssertTrue(failure?.reason.contains(piece) ?? false, "\(piece) in \(failure?.reason ?? "")")
            XCTAssertFalse(failure?.reason.contains("hunter2") ?? true)
        }
        for (path, text) in [("missing", nil), ("empty", " \n"), ("binary", "a\u{0}b")] as [(String, String?)] {
            if let text { try write(path, text) }
            var broken = environment
            broken["ALIBABA_CLOUD_OIDC_TOKEN_FILE"] = home + "/" + path
            XCTAssertEqual(refusal(AlibabaOIDCSource(), context(broken, sts()))?.kind, .wrong)
        }
    }

    func testMetadataWithASession() throws {
        let server = ScriptedServer { [self] request in
            if request.method == .put { return ScriptedServer.reply(200, "session-token") }
            guard request.headers == [HTTPHeader("X-aliyun-ecs-metadata-token", "session-token")] else {
                return ScriptedServer.reply(403, "")
            }
            return request.url.hasSuffix("/")
                ? ScriptedServer.reply(200, "r\nother") : ScriptedServer.reply(200, metadataAnswer())
        }
        let found = try AlibabaMetadataSource().fetch(context(["ALIBABA_CLOUD_IMDSV1_DISABLED": "true"], server))
        assert(found, "STS.id", "sts-secret", "sts-token", "default/ecs_ram_role", end: endMilliseconds)
        XCTAssertEqual(
            server.requests.map(\.url),
            [
                "http://100.100.100.200/latest/api/token",
                "http://100.100.100.200/latest/meta-data/ram/security-credentials/",
                "http://100.100.100.200/latest/meta-data/ram/security-credentials/r",
            ])
        XCTAssertEqual(server.requests[0].headers, [HTTPHeader("X-aliyun-ecs-metadata-token-ttl-seconds", "21600")])
        for options in server.options {
            XCTAssertTrue(options.bypassProxy)
            XCTAssertEqual(options.connectTimeoutMilliseconds, 1_000)
            XCTAssertLessThanOrEqual(options.exchangeTimeoutMilliseconds, 2_000)
            XCTAssertFalse(options.publicAddressesOnly)
        }
    }

    func testMetadataWithoutASession() throws {
        let old = ScriptedServer { [self] request in
            if request.method == .put { return ScriptedServer.reply(404, "") }
            return request.headers.isEmpty ? ScriptedServer.reply(200, metadataAnswer()) : ScriptedServer.reply(500, "")
        }
        let named = ["ALIBABA_CLOUD_ECS_METADATA": "r"]
        XCTAssertEqual(try AlibabaMetadataSource().fetch(context(named, old)).id, "STS.id")
        var strict = named
        strict["ALIBABA_CLOUD_IMDSV1_DISABLED"] = "true"
        let before = old.requests.count
        XCTAssertNotNil(refusal(AlibabaMetadataSource(), context(strict, old)))
        XCTAssertEqual(old.requests.count, before + 1, "nothing is asked without a session")
        // A session that the second call does not honour.
        let odd = ScriptedServer { [self] request in
            if request.method == .put { return ScriptedServer.reply(200, "t") }
            return request.headers.isEmpty ? ScriptedServer.reply(200, metadataAnswer()) : ScriptedServer.reply(403, "")
        }
        XCTAssertEqual(try AlibabaMetadataSource().fetch(context(named, odd)).id, "STS.id")
        XCTAssertNotNil(refusal(AlibabaMetadataSource(), context(strict, odd)))
    }

    func testMetadataThatIsNotThere() {
        let server = ScriptedServer()
        XCTAssertEqual(refusal(AlibabaMetadataSource(), context([:], server))?.kind, .nobody)
        XCTAssertEqual(server.requests.count, 1, "one wait is enough")
        XCTAssertEqual(
            refusal(AlibabaMetadataSource(), context(["ALIBABA_CLOUD_ECS_METADATA_DISABLED": "TRUE"], server))?.kind,
            .absent)
        XCTAssertEqual(refusal(AlibabaMetadataSource(), context([:], server) { $0.useMetadata = false })?.kind, .absent)
        XCTAssertEqual(server.requests.count, 1)
        let noRole = ScriptedServer { request in
            request.method == .put ? ScriptedServer.reply(200, "t") : ScriptedServer.reply(404, "")
        }
        XCTAssertEqual(refusal(AlibabaMetadataSource(), context([:], noRole))?.reason, "the instance has no role")
    }

    func testCredentialsURI() throws {
        let server = ScriptedServer { [self] _ in ScriptedServer.reply(200, metadataAnswer()) }
        let uri = ["ALIBABA_CLOUD_CREDENTIALS_URI": "http://localhost:6666/?user=a"]
        assert(
            try CredentialsURISource().fetch(context(uri, server)), "STS.id", "sts-secret", "sts-token",
            "default/credential_uri", end: endMilliseconds)
        XCTAssertEqual(server.requests.map(\.url), ["http://localhost:6666/?user=a"])
        XCTAssertEqual(server.options.first?.bypassProxy, true, "keys in clear do not pass a proxy")
        let refused = ScriptedServer { _ in ScriptedServer.reply(200, #"{"Code":"Failed"}"#) }
        XCTAssertEqual(
            refusal(CredentialsURISource(), context(uri, refused))?.reason, "the credentials URI refused (Failed)")
        XCTAssertEqual(
            refusal(CredentialsURISource(), context(["ALIBABA_CLOUD_CREDENTIALS_URI": "http://a b"], server))?.kind,
            .wrong)
    }
}
