import Core
import Foundation
import XCTest

@testable import Credentials

final class ChainTests: CredentialTestCase {
    private func alibabaServer() -> ScriptedServer {
        ScriptedServer { [self] request in
            if request.url.hasPrefix("http://uri.example/") { return ScriptedServer.reply(200, metadataAnswer("uri")) }
            if request.url.hasPrefix("https://sts") { return ScriptedServer.reply(200, alibabaSTSAnswer("oidc")) }
            if request.url.hasSuffix("/latest/api/token") { return ScriptedServer.reply(200, "session") }
            if request.url.hasSuffix("security-credentials/") { return ScriptedServer.reply(200, "role") }
            return ScriptedServer.reply(200, metadataAnswer("ecs"))
        }
    }

    /// Everything is set up; then one after the other is taken away, from the front.
    func testAlibabaOrder() throws {
        let token = try write("token", "oidc-token")
        try write(
            ".aliyun/config.json",
            #"{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"cli","access_key_secret":"s"}]}"#)
        try write(
            ".alibabacloud/credentials.ini", "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s")
        var environment = [
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s",
            "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p",
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE": token, "ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x",
        ]
        func winner(_ explicit: Credentials? = nil) throws -> String {
            let chain = CredentialChain(
                plan: .alibaba, explicit: explicit, context: context(environment, alibabaServer()))
            return try chain.resolve().result.get().id
        }
        XCTAssertEqual(try winner(Credentials(id: "explicit", secret: Secret("s"))), "explicit")
        XCTAssertEqual(try winner(), "env")
        environment["ALIBABA_CLOUD_ACCESS_KEY_ID"] = nil
        environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = nil
        XCTAssertEqual(try winner(), "oidc")
        environment = environment.filter { !$0.key.contains("OIDC") && $0.key != "ALIBABA_CLOUD_ROLE_ARN" }
        XCTAssertEqual(try winner(), "cli")
        environment["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"] = "TRUE"
        XCTAssertEqual(try winner(), "ini")
        try FileManager.default.removeItem(atPath: home + "/.alibabacloud")
        XCTAssertEqual(try winner(), "ecs")
        environment["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "True"
        XCTAssertEqual(try winner(), "uri")
        environment["ALIBABA_CLOUD_CREDENTIALS_URI"] = nil
        XCTAssertThrowsError(try winner())
    }

    /// Who sets credentials.profile means that account. Whatever else this machine is set up for belongs to others.
    func testAProfileOfTheConfigurationIsTheOnlySource() throws {
        let token = try write("token", "oidc-token")
        try write(
            ".aliyun/config.json",
            #"{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"cli","access_key_secret":"s"},"#
                + #"{"name":"prod","mode":"AK","access_key_id":"cli-prod","access_key_secret":"s"}]}"#)
        try write(
            ".alibabacloud/credentials.ini",
            "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\n"
                + "[second]\ntype=access_key\naccess_key_id=ini-second\naccess_key_secret=s\n")
        try write(
            ".tencentcloud/credentials",
            "[default]\nsecret_id=d\nsecret_key=s\n[prod]\nsecret_id=t-prod\nsecret_key=s\n")
        let keys = [
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s",
            "TENCENTCLOUD_SECRET_ID": "env", "TENCENTCLOUD_SECRET_KEY": "s",
        ]
        let others = [
            keys, keys.filter { $0.key.hasSuffix("ID") },
            [
                "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p",
                "ALIBABA_CLOUD_OIDC_TOKEN_FILE": token, "ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x",
                "ALIBABA_CLOUD_PROFILE": "p",
            ], [:],
        ]
        func resolve(
            _ plan: CredentialPlan, _ profile: String?, _ environment: [String: String], files: Bool = true,
            explicit: Credentials? = nil
        ) -> Resolution {
            let context = context(environment, alibabaServer()) {
                $0.profile = profile
                $0.useFiles = files
            }
            return CredentialChain(plan: plan, explicit: explicit, context: context).resolve()
        }
        for environment in others {
            for (plan, profile, id) in [
                (CredentialPlan.alibaba, "prod", "cli-prod"), (.alibaba, "second", "ini-second"),
                (.tencent, "prod", "t-prod"),
            ] {
                XCTAssertEqual(try resolve(plan, profile, environment).result.get().id, id)
                let mine = Credentials(id: "explicit", secret: Secret("s"))
                XCTAssertEqual(
                    try resolve(plan, profile, environment, explicit: mine).result.get().id, "explicit",
                    "keys of the configuration itself")
            }
            for plan in [CredentialPlan.alibaba, .tencent] {
                for files in [true, false] {
                    let profile = files ? "gone" : "prod"
                    guard case .failure(let failure) = resolve(plan, profile, environment, files: files).result else {
                        XCTFail("another account of \(plan.provider)")
                        continue
                    }
                    XCTAssertEqual(failure.status, .noCredentials)
                    XCTAssertFalse(failure.isRetryable)
                    for words in [profile, "credentials.profile", "no variables with keys"] {
                        XCTAssertTrue(failure.message.contains(words), failure.message)
                    }
                }
            }
        }
        // The variable that names a profile stays behind the variables with keys, as in the provider's packages.
        XCTAssertEqual(
            try resolve(.alibaba, nil, keys.merging(["ALIBABA_CLOUD_PROFILE": "prod"]) { $1 }).result.get().id, "env")
        XCTAssertEqual(try resolve(.tencent, nil, keys).result.get().id, "env")
        // No file at all.
        for folder in [".aliyun", ".alibabacloud", ".tencentcloud"] {
            try FileManager.default.removeItem(atPath: home + "/" + folder)
        }
        for plan in [CredentialPlan.alibaba, .tencent] {
            guard case .failure(let failure) = resolve(plan, "prod", keys).result else {
                return XCTFail("another account")
            }
            XCTAssertTrue(failure.message.contains("the profile \"prod\", which no file has"), failure.message)
        }
    }

    /// The vendors' order decides; but who has named another source is told that it is not the one that pays.
    func testWhatIsSetAndNotUsedIsAWarning() throws {
        let cli =
            #"{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"cli","access_key_secret":"s"}]}"#
        let ini = "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s"
        let tencent = "[default]\nsecret_id=file\nsecret_key=s"
        let keys = ["ALIBABA_CLOUD_ACCESS_KEY_ID": "env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"]
        let table: [(CredentialPlan, [String: String], [String: String], String, String?)] = [
            (
                .alibaba, ["ALIBABA_CLOUD_CREDENTIALS_FILE": "/nowhere/x.ini"], [".aliyun/config.json": cli], "cli",
                "ALIBABA_CLOUD_CREDENTIALS_FILE names /nowhere/x.ini"
            ),
            (
                .alibaba, ["ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x"], [".aliyun/config.json": cli],
                "cli",
                "ALIBABA_CLOUD_CREDENTIALS_URI is set"
            ),
            (
                .alibaba, ["ALIBABA_CLOUD_ECS_METADATA": "role"], [".alibabacloud/credentials.ini": ini], "ini",
                "ALIBABA_CLOUD_ECS_METADATA names the role role"
            ),
            (
                .alibaba, ["ALIBABA_CLOUD_ACCESS_KEY_ID": "", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ""],
                [".aliyun/config.json": cli], "cli", "ALIBABA_CLOUD_ACCESS_KEY_ID is set: it is empty"
            ),
            (
                .alibaba, ["ALICLOUD_SECRET_KEY": ""], [:], "ecs", "ALICLOUD_SECRET_KEY is set: it is empty"
            ),
            (
                .alibaba, ["ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x"], [:], "ecs",
                "ALIBABA_CLOUD_CREDENTIALS_URI is set"
            ),
            (
                .tencent, ["TENCENTCLOUD_SECRET_ID": ""], [".tencentcloud/credentials": tencent], "file",
                "TENCENTCLOUD_SECRET_ID is set: it is empty"
            ),
            (
                .tencent, ["TKE_ROLE_ARN": "qcs::cam::uin/1:roleName/r"], [".tencentcloud/credentials": tencent],
                "file",
                "TKE_ROLE_ARN names the role qcs::cam::uin/1:roleName/r"
            ),
            (.alibaba, [:], [".aliyun/config.json": cli], "cli", nil),
            (.alibaba, keys, [".aliyun/config.json": cli], "env", nil),
            (
                .alibaba, keys.merging(["ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x"]) { $1 }, [:], "env",
                nil
            ),
            (
                .alibaba,
                [
                    "ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x",
                    "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
                ], [:], "uri", nil
            ),
        ]
        for (plan, environment, files, id, warning) in table {
            for (path, text) in files { try write(path, text) }
            let chain = CredentialChain(plan: plan, explicit: nil, context: context(environment, alibabaServer()))
            let found = chain.resolve()
            XCTAssertEqual(try found.result.get().id, id, "\(environment)")
            if let warning {
                XCTAssertEqual(found.warnings.count, 1, "\(found.warnings)")
                XCTAssertTrue(found.warnings.first?.contains(warning) ?? false, "\(found.warnings)")
            } else {
                XCTAssertEqual(found.warnings, [], "\(environment)")
            }
            for path in files.keys { try FileManager.default.removeItem(atPath: home + "/" + path) }
        }
    }

    /// Each call of a source gets the answers to its other calls, and a page in their place: none is taken for its own, and
    /// no account is used that was not meant.
    func testAnswersToOtherCallsAreNotBelieved() throws {
        let token = try write("token", "web-token")
        let alibaba = [
            "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p",
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE": token,
        ]
        let tencent = [
            "TKE_REGION": "ap-beijing", "TKE_PROVIDER_ID": "cls-1", "TKE_WEB_IDENTITY_TOKEN_FILE": token,
            "TKE_ROLE_ARN": "qcs::cam::uin/1:roleName/r",
        ]
        let user = { (account: Int) in #","AssumedRoleUser":{"Arn":"acs:ram::\#(account):assumed-role/r/s"}}"# }
        let stranger = alibabaSTSAnswer().dropLast() + user(2)
        let strays = [
            "session-token", "role", metadataAnswer("stray"), alibabaSTSAnswer("stray"), cvmAnswer, tencentSTSAnswer,
            "<html>", "<!DOCTYPE html><html>", "{}", #"{"Code":"Success"}"#, "", "\n", String(stranger),
        ]
        // The steps of a source, by a piece of their URLs, and the answers that are right for each.
        let sources: [(any CredentialSource, [String: String], [(String, String)], [String])] = [
            (
                AlibabaMetadataSource(), [:],
                [
                    ("/latest/api/token", "session-token"), ("security-credentials/", "role"),
                    ("security-credentials/role", metadataAnswer()),
                ], ["session-token", "role", metadataAnswer("stray")]
            ),
            (
                TencentMetadataSource(), [:],
                [("security-credentials/", "role"), ("security-credentials/role", cvmAnswer)],
                ["session-token", "role", cvmAnswer]
            ),
            (AlibabaOIDCSource(), alibaba, [("https://sts", alibabaSTSAnswer())], [alibabaSTSAnswer("stray")]),
            (TencentOIDCSource(), tencent, [("https://sts", tencentSTSAnswer)], [tencentSTSAnswer]),
        ]
        for (source, environment, steps, possible) in sources {
            for wrongStep in steps.indices {
                for stray in strays {
                    // A name in the place of a name, keys in the place of keys: nothing tells them apart.
                    let isName = !steps[wrongStep].1.contains("{")
                    if possible.contains(stray), isName == !stray.contains("{") { continue }
                    let server = ScriptedServer { request in
                        let step = steps.lastIndex { step in
                            step.0.hasPrefix("https") ? request.url.hasPrefix(step.0) : request.url.hasSuffix(step.0)
                        }
                        guard let step else { return ScriptedServer.reply(404, "") }
                        return ScriptedServer.reply(200, step == wrongStep ? stray : steps[step].1)
                    }
                    // Without a session token the older form of the service serves.
                    let mayPass = steps[wrongStep].0.hasSuffix("api/token")
                    let name = "\(source.name), step \(wrongStep): \(stray)"
                    do throws(CredentialUnavailable) {
                        let found = try source.fetch(context(environment, server))
                        XCTAssertTrue(mayPass && !found.id.contains("stray"), name)
                    } catch {
                        XCTAssertEqual(error.kind, .transient, "\(name): \(error.reason)")
                    }
                    XCTAssertFalse(server.requests.contains { $0.url.contains("%7B") || $0.url.contains("%3C") }, name)
                }
            }
        }
        // The role's own account in any of its forms, and an answer that does not say whose it is.
        for answer in [alibabaSTSAnswer(), alibabaSTSAnswer().dropLast() + user(1)] {
            let server = ScriptedServer { _ in ScriptedServer.reply(200, String(answer)) }
            XCTAssertEqual(try AlibabaOIDCSource().fetch(context(alibaba, server)).id, "STS.id")
        }
        for (source, environment, answer) in [
            (AlibabaOIDCSource() as any CredentialSource, alibaba, alibabaSTSAnswer()),
            (TencentOIDCSource(), tencent, tencentSTSAnswer),
        ] {
            let server = ScriptedServer { _ in
                .reply(
                    HTTPReply(status: 200, headers: HTTPHeaders([HTTPHeader("Age", "31")]), body: Array(answer.utf8)))
            }
            let error = refusal(source, context(environment, server))
            XCTAssertEqual(error?.kind, .transient)
            XCTAssertTrue(error?.reason.contains("comes from a cache") ?? false, error?.reason ?? "")
        }
    }

    /// A key of the configuration that is set to nothing is often a secret that did not arrive.
    func testAnEmptyKeyOfTheConfigurationIsAWarning() throws {
        try write(".tencentcloud/credentials", "[default]\nsecret_id=file\nsecret_key=s")
        let keys = ["TENCENTCLOUD_SECRET_ID": "env", "TENCENTCLOUD_SECRET_KEY": "s"]
        for (environment, id) in [([:], "file"), (keys, "env")] {
            let chain = CredentialChain(
                plan: .tencent, explicit: nil,
                context: context(environment) {
                    $0.emptyKeys = ["tencent": "tencent.secret_id", "alibaba": "alibaba.access_key_id"]
                })
            let found = chain.resolve()
            XCTAssertEqual(try found.result.get().id, id)
            XCTAssertEqual(found.warnings.count, 1, "\(found.warnings)")
            XCTAssertTrue(found.warnings.first?.contains("although tencent.secret_id is set: it is empty") ?? false)
        }
    }

    /// "~/.aliyun" is a file: something is there that was meant for this, and another account must not pay.
    func testAFileInThePlaceOfTheFolderIsNotAbsent() throws {
        for (plan, place, variables) in [
            (CredentialPlan.alibaba, ".aliyun", ["ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x"]),
            (.alibaba, ".alibabacloud", [:]), (.tencent, ".tencentcloud", [:]),
            (.tencent, "root/etc/tencentcloud", [:]),
        ] {
            try write(place, "what should be in the folder")
            let chain = CredentialChain(plan: plan, explicit: nil, context: context(variables, alibabaServer()))
            guard case .failure(let failure) = chain.resolve().result else { return XCTFail("another account pays") }
            XCTAssertTrue(failure.message.contains("its folder is a file"), failure.message)
            try FileManager.default.removeItem(atPath: home + "/" + place)
        }
        // An impossible home has no files.
        let nowhere = CredentialContext(
            environment: [:], transport: alibabaServer(), homeDirectory: "/dev/null", unixMilliseconds: { Self.now })
        let chain = CredentialChain(plan: .alibaba, explicit: nil, context: nowhere)
        XCTAssertEqual(try chain.resolve().result.get().id, "ecs")
    }

    /// A metadata service that has named a role and gives no keys for now: the next source would be another account.
    func testAServiceThatNamesARoleIsNotSkipped() {
        let token = [
            "TKE_REGION": "ap-guangzhou", "TKE_PROVIDER_ID": "p", "TKE_ROLE_ARN": "qcs::cam::uin/1:roleName/r",
        ]
        for answer in [
            ScriptedServer.reply(503, ""), ScriptedServer.reply(404, ""), ScriptedServer.reply(200, "no JSON"),
            ScriptedServer.reply(200, #"{"Code":"Failed"}"#),
        ] {
            let server = ScriptedServer { [self] request in
                if request.url.hasPrefix("http://uri.example/") {
                    return ScriptedServer.reply(200, metadataAnswer("uri"))
                }
                if request.url.hasSuffix("/latest/api/token") { return ScriptedServer.reply(200, "session") }
                return request.url.hasSuffix("security-credentials/") ? ScriptedServer.reply(200, "role") : answer
            }
            for (plan, environment) in [
                (CredentialPlan.alibaba, ["ALIBABA_CLOUD_CREDENTIALS_URI": "http://uri.example/x"]),
                (CredentialPlan.tencent, token),
            ] {
                let chain = CredentialChain(plan: plan, explicit: nil, context: context(environment, server))
                guard case .failure(let failure) = chain.resolve().result else {
                    return XCTFail("another account pays")
                }
                XCTAssertTrue(failure.message.contains("instance role is set up"), failure.message)
            }
        }
    }

    func testTencentOrder() throws {
        let token = try write("token", "web-token")
        let own = try write(".tencentcloud/credentials", "[default]\nsecret_id = own\nsecret_key = s\n")
        let system = try write("root/etc/tencentcloud/credentials", "[default]\nsecret_id = system\nsecret_key = s\n")
        var environment = [
            "TENCENTCLOUD_SECRET_ID": "env", "TENCENTCLOUD_SECRET_KEY": "s", "TKE_REGION": "ap-guangzhou",
            "TKE_PROVIDER_ID": "p", "TKE_WEB_IDENTITY_TOKEN_FILE": token, "TKE_ROLE_ARN": "qcs::cam::uin/1:roleName/r",
        ]
        func winner(hasMetadata: Bool = true) throws -> String {
            let server = ScriptedServer { [self] request in
                if request.url.hasPrefix("https://sts.tencentcloudapi.com") {
                    return ScriptedServer.reply(200, tencentSTSAnswer)
                }
                if !hasMetadata { return .failed(ScriptedServer.nobody) }
                return request.url.hasSuffix("/")
                    ? ScriptedServer.reply(200, "my-role\n") : ScriptedServer.reply(200, cvmAnswer)
            }
            return try CredentialChain(plan: .tencent, explicit: nil, context: context(environment, server))
                .resolve().result.get().id
        }
        XCTAssertEqual(try winner(), "env")
        environment["TENCENTCLOUD_SECRET_ID"] = nil
        environment["TENCENTCLOUD_SECRET_KEY"] = nil
        XCTAssertEqual(try winner(), "own")
        try FileManager.default.removeItem(atPath: own)
        XCTAssertEqual(try winner(), "system")
        try FileManager.default.removeItem(atPath: system)
        XCTAssertEqual(try winner(), "AKIDcvm")
        XCTAssertEqual(try winner(hasMetadata: false), "AKIDtmp")
        environment["TKE_REGION"] = nil
        XCTAssertThrowsError(try winner(hasMetadata: false))
    }

    func testNoneFoundListsEachSource() throws {
        let chain = CredentialChain(plan: .alibaba, explicit: nil, context: context())
        guard case .failure(let failure) = chain.resolve().result else { return XCTFail("found something") }
        XCTAssertEqual(failure.status, .noCredentials)
        XCTAssertFalse(failure.isRetryable, "off the cloud a job is to fail at once")
        XCTAssertFalse(failure.message.contains("\n"))
        for piece in [
            "environment: ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are not set",
            "OIDC role: ALIBABA_CLOUD_ROLE_ARN,", "~/.aliyun/config.json: there is no \(home)",
            "credentials.ini: there is no \(home)", "ECS instance role: the ECS metadata service does not answer",
            "credentials URI: ALIBABA_CLOUD_CREDENTIALS_URI is not set",
        ] {
            XCTAssertTrue(failure.message.contains(piece), "\(piece) in \(failure.message)")
        }
        XCTAssertNil(chain.resolve().foundIn)
    }

    /// A source that has given credentials stays in use: a later failure is reported, not hidden by another identity.
    func testStaysWithItsSource() throws {
        let path = try write(".tencentcloud/credentials", "[default]\nsecret_id=first\nsecret_key=s\n")
        let server = ScriptedServer { [self] request in
            request.url.hasSuffix("/") ? ScriptedServer.reply(200, "r") : ScriptedServer.reply(200, cvmAnswer)
        }
        let chain = CredentialChain(plan: .tencent, explicit: nil, context: context([:], server))
        let first = chain.resolve()
        XCTAssertEqual(try first.result.get().id, "first")
        XCTAssertEqual(first.foundIn, "credentials file")
        try write(".tencentcloud/credentials", "[default]\nsecret_id=second\nsecret_key=s\n")
        XCTAssertEqual(try chain.resolve().result.get().id, "second")
        try FileManager.default.removeItem(atPath: path)
        guard case .failure(let failure) = chain.resolve().result else { return XCTFail("wandered off") }
        XCTAssertTrue(failure.message.hasPrefix("renewing the credentials for tencent from credentials file: "))
        XCTAssertTrue(server.requests.isEmpty)
    }

    /// Not even for a source that would give at once: the identity would be another one, and stay.
    func testASourceThatIsSetUpAndFailsForAWhileIsWaitedFor() throws {
        try write(
            ".aliyun/config.json",
            #"{"current":"p","profiles":[{"name":"p","mode":"RamRoleArn","access_key_id":"a","access_key_secret":"b","#
                + #""ram_role_arn":"acs:ram::1:role/r"}]}"#)
        try write(".alibabacloud/credentials.ini", "[default]\ntype=access_key\naccess_key_id=x\naccess_key_secret=y\n")
        var status = 503
        let server = ScriptedServer { [self] _ in ScriptedServer.reply(status, alibabaSTSAnswer()) }
        let chain = CredentialChain(plan: .alibaba, explicit: nil, context: context([:], server))
        guard case .failure(let failure) = chain.resolve().result else { return XCTFail("passed over") }
        XCTAssertTrue(failure.isRetryable)
        XCTAssertTrue(failure.message.contains("~/.aliyun/config.json is set up"), failure.message)
        XCTAssertNil(chain.resolve().foundIn)
        status = 200
        XCTAssertEqual(try chain.resolve().result.get().id, "STS.id")
    }

    func testMetadataThatHasGivenAndFallsSilentIsWorthARetry() throws {
        nonisolated(unsafe) var isUp = true
        let server = ScriptedServer { [self] request in
            if !isUp { return .failed(ScriptedServer.nobody) }
            return request.url.hasSuffix("/") ? ScriptedServer.reply(200, "r") : ScriptedServer.reply(200, cvmAnswer)
        }
        let chain = CredentialChain(plan: .tencent, explicit: nil, context: context([:], server))
        let found = chain.resolve()
        XCTAssertEqual(try found.result.get().id, "AKIDcvm")
        XCTAssertEqual(found.aheadMilliseconds, 300_000)
        isUp = false
        guard case .failure(let failure) = chain.resolve().result else { return XCTFail("gave") }
        XCTAssertTrue(failure.isRetryable)
    }

    func testSwitches() throws {
        try write(".tencentcloud/credentials", "[default]\nsecret_id=file\nsecret_key=s\n")
        let environment = ["TENCENTCLOUD_SECRET_ID": "env", "TENCENTCLOUD_SECRET_KEY": "s"]
        let server = ScriptedServer()
        var chain = CredentialChain(
            plan: .tencent, explicit: nil, context: context(environment, server) { $0.useEnvironment = false })
        XCTAssertEqual(try chain.resolve().result.get().id, "file")
        chain = CredentialChain(
            plan: .tencent, explicit: nil,
            context: context(environment, server) {
                $0.useEnvironment = false
                $0.useFiles = false
                $0.useMetadata = false
            })
        XCTAssertThrowsError(try chain.resolve().result.get())
        XCTAssertTrue(server.requests.isEmpty)
    }

    func testReadableByAllIsToldOnce() throws {
        let path = try write(".tencentcloud/credentials", "[default]\nsecret_id=i\nsecret_key=s\n", mode: 0o644)
        let chain = CredentialChain(plan: .tencent, explicit: nil, context: context())
        XCTAssertEqual(chain.resolve().warnings, ["\(path) can be read by every user of this machine: chmod 600 it"])
        XCTAssertEqual(chain.resolve().warnings, [])
        try write(".tencentcloud/credentials", "[default]\nsecret_id=i\nsecret_key=s\n", mode: 0o640)
        let tidy = CredentialChain(plan: .tencent, explicit: nil, context: context())
        let resolution = tidy.resolve()
        XCTAssertEqual(try resolution.result.get().id, "i")
        XCTAssertEqual(resolution.warnings, [])
    }

    func testUnreadableFileIsNotPassedOverForTheSystemsOne() throws {
        try FileManager.default.createDirectory(
            atPath: home + "/.tencentcloud/credentials", withIntermediateDirectories: true)
        try write("root/etc/tencentcloud/credentials", "[default]\nsecret_id=system\nsecret_key=s\n")
        XCTAssertEqual(refusal(TencentFileSource(), context())?.kind, .wrong)
    }

    func testRoleOfTheConfiguration() throws {
        let role = CredentialSettings.Role(arn: "acs:ram::1:role/r", sessionName: "me", externalID: "ext")
        let server = ScriptedServer { [self] _ in ScriptedServer.reply(200, alibabaSTSAnswer()) }
        let explicit = Credentials(id: "base", secret: Secret("s"), token: Secret("base-token"))
        let chain = CredentialChain(
            plan: .alibaba, explicit: explicit, context: context([:], server) { $0.role = role })
        assert(
            try chain.resolve().result.get(), "STS.id", "sts-secret", "sts-token", "ram_role_arn/static",
            end: endMilliseconds)
        let url = try XCTUnwrap(server.requests.first?.url)
        for piece in [
            "Action=AssumeRole&", "AccessKeyId=base&", "RoleSessionName=me&", "ExternalId=ext&",
            "SecurityToken=base-token&",
        ] {
            XCTAssertTrue(url.contains(piece), piece)
        }
        // The other cloud's chain is as without it.
        let other = CredentialChain(
            plan: .tencent, explicit: explicit, context: context([:], server) { $0.role = role })
        XCTAssertEqual(try other.resolve().result.get().id, "base")
    }
}
