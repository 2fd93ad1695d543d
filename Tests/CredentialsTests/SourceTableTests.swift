import Core
import Foundation
import XCTest

@testable import Credentials

/// Each source in each state, in front of a source of another account. Only what is absent is passed over: whoever set a
/// source up never pays with another account because of a mistake in it.
final class SourceTableTests: CredentialTestCase {
    private enum End {
        /// The other account's source is asked.
        case passed
        /// The search ends: the message names the source and holds these words.
        case stops(String)
        case gives(String)
    }

    private struct Row {
        var name: String
        var environment: [String: String] = [:]
        /// Path below the home folder, and content; nil: a folder stands there, which is as unreadable as it gets for root.
        var files: [(path: String, text: String?)] = []
        var settings: @Sendable (inout CredentialSettings) -> Void = { _ in }
        var server: (@Sendable (HTTPRequest) -> TransferResult)?
        var end: End
    }

    private func check(
        _ provider: String, _ source: any CredentialSource, _ rows: [Row], _ line: UInt = #line
    ) throws {
        for row in rows {
            try? FileManager.default.removeItem(atPath: home)
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            for (path, text) in row.files {
                if let text {
                    try write(path, text)
                } else {
                    try FileManager.default.createDirectory(
                        atPath: home + "/" + path, withIntermediateDirectories: true)
                }
            }
            let environment = row.environment.mapValues { $0.replacingOccurrences(of: "HOME", with: home) }
            let server = ScriptedServer(row.server ?? { _ in .failed(ScriptedServer.nobody) })
            let context = context(environment, server, row.settings)
            let other = StaticSource(credentials: Credentials(id: "other-account", secret: Secret("s")))
            let chain = CredentialChain(plan: plan(of: provider), sources: [source, other], context: context)
            let label = "\(source.name), \(row.name)"
            switch (chain.resolve().result, row.end) {
            case (.success(let found), .passed): XCTAssertEqual(found.id, "other-account", label, line: line)
            case (.success(let found), .gives(let id)): XCTAssertEqual(found.id, id, label, line: line)
            case (.failure(let failure), .stops(let words)):
                XCTAssertEqual(failure.status, .noCredentials, label, line: line)
                XCTAssertFalse(failure.isRetryable, "\(label): \(failure.message)", line: line)
                XCTAssertTrue(
                    failure.message.hasPrefix(
                        "looking for credentials for \(provider): \(source.name) is set up and cannot be used: "),
                    "\(label): \(failure.message)", line: line)
                XCTAssertTrue(failure.message.contains(words), "\(label): \(failure.message)", line: line)
                XCTAssertFalse(failure.message.contains("hunter2"), "\(label): \(failure.message)", line: line)
                XCTAssertNil(chain.resolve().foundIn, label, line: line)
            case (let result, let end): XCTFail("\(label): \(result) for \(end)", line: line)
            }
        }
    }

    func testEnvironment() throws {
        for (source, provider) in [(EnvironmentSource.alibaba, "alibaba"), (.tencent, "tencent")] {
            for family in source.families {
                let (id, key) = (family.id, family.secret)
                var rows = [
                    Row(name: "absent", end: .passed),
                    Row(name: "empty", environment: [id: "", key: ""], end: .passed),
                    Row(name: "whole", environment: [id: "i", key: "hunter2"], end: .gives("i")),
                    Row(name: "id alone", environment: [id: "i"], end: .stops("\(id) is set but \(key) is not")),
                    Row(
                        name: "id and an empty key", environment: [id: "i", key: ""],
                        end: .stops("\(id) is set but \(key) is not")),
                    Row(
                        name: "key alone", environment: [key: "hunter2"], end: .stops("\(key) is set but \(id) is not")),
                ]
                for token in family.tokens {
                    rows.append(
                        Row(name: "token alone", environment: [token: "hunter2"], end: .stops("\(token) is set but ")))
                    rows.append(
                        Row(
                            name: "bad token", environment: [id: "i", key: "s", token: "hunter2\n"],
                            end: .stops("\(token) ends in a line break")))
                    rows.append(
                        Row(name: "empty token", environment: [id: "i", key: "s", token: ""], end: .gives("i")))
                }
                for (bad, words) in [
                    ("AKIDenv\n", "ends in a line break"), ("AKIDenv\r", "ends in a line break"),
                    (" AKIDenv", "begins with a blank"), ("AKIDenv\t", "ends in a blank"),
                    ("AKID env", "holds a blank"), ("\"AKIDenv\"", "stands in quotation marks"),
                    ("'AKIDenv", "begins with a quotation mark"),
                    ("\u{201C}AKIDenv\u{201D}", "quotation mark (U+201C)"),
                    ("\u{FEFF}AKIDenv", "begins with an invisible character (U+FEFF)"),
                    ("AKIDenv\u{200B}", "ends in an invisible character (U+200B)"),
                    ("AKIDenv\u{A0}", "ends in an invisible character (U+00A0)"),
                    ("AKIDénv", "not ASCII (U+00E9)"), ("AKID\u{1}env", "holds a control character"),
                    ("AKID\u{FFFD}", "is not text"), (" ", "begins with a blank"),
                    ("AKIDenv\u{7F}", "control character"),
                ] {
                    rows.append(Row(name: bad, environment: [id: bad, key: "hunter2"], end: .stops("\(id) ")))
                    rows.append(Row(name: bad, environment: [id: bad, key: "hunter2"], end: .stops(words)))
                    let secret = bad.replacingOccurrences(of: "AKID", with: "hunter2")
                    rows.append(Row(name: bad, environment: [id: "i", key: secret], end: .stops("\(key) ")))
                }
                try check(provider, source, rows)
            }
        }
    }

    /// The token's variable is one for two families: it does not make a half of the one that is not used.
    func testATokenThatTwoFamiliesShare() throws {
        try check(
            "alibaba", EnvironmentSource.alibaba,
            [
                Row(
                    name: "Terraform's names",
                    environment: [
                        "ALICLOUD_ACCESS_KEY": "i", "ALICLOUD_SECRET_KEY": "s", "ALICLOUD_SECURITY_TOKEN": "t",
                    ],
                    end: .gives("i")),
                Row(
                    name: "half of one family before a whole one",
                    environment: [
                        "ALIBABACLOUD_ACCESS_KEY_ID": "half", "ALICLOUD_ACCESS_KEY": "i", "ALICLOUD_SECRET_KEY": "s",
                    ], end: .stops("ALIBABACLOUD_ACCESS_KEY_SECRET is not")),
            ])
    }

    func testOIDC() throws {
        let answer =
            #"{"Credentials":{"AccessKeyId":"sts","AccessKeySecret":"s","SecurityToken":"t","#
            + #""Expiration":"2026-01-01T01:00:00Z"},"Response":{"ExpiredTime":1767229200,"#
            + #""Credentials":{"Token":"t","TmpSecretId":"sts","TmpSecretKey":"s"}}}"#
        let sts: @Sendable (HTTPRequest) -> TransferResult = { _ in ScriptedServer.reply(200, answer) }
        let sources: [(String, any CredentialSource, [String])] = [
            (
                "alibaba", AlibabaOIDCSource(),
                ["ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"]
            ),
            (
                "tencent", TencentOIDCSource(),
                ["TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN", "TKE_PROVIDER_ID", "TKE_REGION"]
            ),
        ]
        for (provider, source, names) in sources {
            var all = Dictionary(uniqueKeysWithValues: names.map { ($0, "x") })
            all[names[0]] = "HOME/jwt"
            var rows = [
                Row(name: "absent", end: .passed),
                Row(name: "whole", environment: all, files: [("jwt", "token\n")], server: sts, end: .gives("sts")),
                Row(name: "no file", environment: all, server: sts, end: .stops("there is no token file")),
                Row(name: "empty file", environment: all, files: [("jwt", "")], server: sts, end: .stops("is empty")),
                Row(
                    name: "no token", environment: all, files: [("jwt", "hunter2 hunter2")], server: sts,
                    end: .stops("holds no token")),
                Row(
                    name: "unreadable file", environment: all, files: [("jwt", nil)], server: sts,
                    end: .stops("cannot be read")),
                Row(
                    name: "refused", environment: all, files: [("jwt", "hunter2")],
                    server: { _ in ScriptedServer.reply(403, #"{"Code":"NoPermission"}"#) },
                    end: .stops("HTTP 403 (NoPermission)")),
            ]
            for name in names {
                rows.append(Row(name: "\(name) alone", environment: [name: "x"], end: .stops("are not all set")))
                var part = all
                part[name] = nil
                rows.append(
                    Row(name: "\(name) missing", environment: part, server: sts, end: .stops("set \(name) too")))
            }
            try check(provider, source, rows)
        }
    }

    func testConfigJSON() throws {
        func config(_ profile: String, current: String = "p") -> [(path: String, text: String?)] {
            [(".aliyun/config.json", #"{"current":"\#(current)","profiles":[\#(profile)]}"#)]
        }
        let ak = #"{"name":"p","mode":"AK","access_key_id":"i","access_key_secret":"hunter2"}"#
        let off = ["ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"]
        var rows = [
            Row(name: "absent", end: .passed), Row(name: "whole", files: config(ak), end: .gives("i")),
            Row(name: "switched off", environment: off, files: config("{"), end: .passed),
            Row(
                name: "neither on nor off", environment: ["ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "1"],
                files: config(ak), end: .stops("ALIBABA_CLOUD_CLI_PROFILE_DISABLED is neither true nor false")),
            Row(
                name: "with a mark", files: [(".aliyun/config.json", "\u{FEFF}" + (config(ak)[0].text ?? ""))],
                end: .gives("i")),
            Row(name: "empty", files: [(".aliyun/config.json", "")], end: .stops("config.json is empty")),
            Row(
                name: "a profile twice", files: config(ak + "," + ak),
                end: .stops("the profile \"p\" stands there twice")),
            Row(
                name: "a member twice", files: config("{\"access_key_id\":\"j\"," + ak.dropFirst()),
                end: .stops("the name \"access_key_id\" is there twice")),
            Row(
                name: "the current profile twice",
                files: [(".aliyun/config.json", "{\"current\":\"q\",\"profiles\":[\(ak)],\"current\":\"p\"}")],
                end: .stops("the name \"current\" is there twice")),
            Row(
                name: "half", files: [(".aliyun/config.json", #"{"current":"p","profiles":[{"na"#)],
                end: .stops("cannot be read")),
            Row(
                name: "unreadable", files: [(".aliyun/config.json", nil)],
                end: .stops("cannot be read: not a regular file")),
            Row(name: "no profile", files: config(""), end: .stops("has no profile \"p\"")),
            Row(name: "no current", files: config(ak, current: ""), end: .stops("names no current profile")),
            Row(
                name: "named profile, not in this file", environment: ["ALIBABA_CLOUD_PROFILE": "q"],
                files: config(ak), end: .passed),
        ]
        for (mode, words) in [
            (#""mode":"CloudSSO""#, "\"CloudSSO\""), (#""mode":"""#, "the key mode"), (#""mode":7"#, "the key mode"),
            (#""mode":"AK""#, "access_key_id"), (#""mode":"AK","access_key_id":"i""#, "access_key_secret"),
            (#""mode":"AK","access_key_id":"i\n","access_key_secret":"hunter2""#, "access_key_id of profile \"p\""),
            (#""mode":"AK","access_key_id":"i","access_key_secret":"\"hunter2\"""#, "stands in quotation marks"),
            (#""mode":"StsToken","access_key_id":"i","access_key_secret":"hunter2""#, "sts_token"),
            (#""mode":"RamRoleArn","access_key_id":"i","access_key_secret":"hunter2""#, "ram_role_arn"),
            (#""mode":"ChainableRamRoleArn","ram_role_arn":"r""#, "source_profile"),
            (#""mode":"ChainableRamRoleArn","ram_role_arn":"r","source_profile":"q""#, "no profile \"q\""),
            (#""mode":"OIDC","ram_role_arn":"r","oidc_provider_arn":"p""#, "oidc_token_file"),
            (
                #""mode":"OIDC","ram_role_arn":"r","oidc_provider_arn":"p","oidc_token_file":"/no/such""#,
                "no token file"
            ),
            (#""mode":"External","process_command":"/no/such/program""#, "does not exist"),
            (#""mode":"External","process_command":"false""#, "exit status 1"),
            (#""mode":"External","process_command":"echo {}""#, "access_key_id of the command"),
            (#""mode":"EcsRamRole","ram_role_name":"r""#, "the ECS metadata service does not answer"),
        ] { rows.append(Row(name: mode, files: config("{\"name\":\"p\",\(mode)}"), end: .stops(words))) }
        let external = #"{"name":"p","mode":"External","process_command":"true"}"#
        let ecs = #"{"name":"p","mode":"EcsRamRole"}"#
        rows += [
            Row(
                name: "commands are off", files: config(external), settings: { $0.useProcesses = false },
                end: .stops("switched off")),
            Row(
                name: "metadata is off", files: config(ecs), settings: { $0.useMetadata = false },
                end: .stops("switched off")),
            Row(
                name: "metadata is off", environment: ["ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"],
                files: config(ecs), end: .stops("ALIBABA_CLOUD_ECS_METADATA_DISABLED is true")),
            Row(
                name: "an instance without a role", files: config(ecs),
                server: { ScriptedServer.reply($0.method == .put ? 200 : 404, "token") },
                end: .stops("the instance has no role")),
        ]
        try check("alibaba", AlibabaCLISource(), rows)
    }

    func testCredentialsINI() throws {
        func ini(_ text: String) -> [(path: String, text: String?)] { [(".alibabacloud/credentials.ini", text)] }
        let whole = "[default]\r\ntype = access_key \r\naccess_key_id = i\t\r\naccess_key_secret = hunter2\r\n"
        let elsewhere = ["ALIBABA_CLOUD_CREDENTIALS_FILE": "HOME/x.ini"]
        var rows = [
            Row(name: "absent", end: .passed), Row(name: "whole", files: ini(whole), end: .gives("i")),
            Row(name: "with a mark", files: ini("\u{FEFF}" + whole), end: .gives("i")),
            Row(name: "named", environment: elsewhere, files: [("x.ini", whole)], end: .gives("i")),
            Row(
                name: "named and missing", environment: elsewhere, files: ini(whole),
                end: .stops("ALIBABA_CLOUD_CREDENTIALS_FILE names a file that cannot be used: there is no")),
            Row(
                name: "named and unreadable", environment: elsewhere, files: [("x.ini", nil)],
                end: .stops("cannot be read")),
            Row(name: "empty", files: ini("\n"), end: .stops("is empty")),
            Row(
                name: "half", files: ini("[default]\ntype=access_key\naccess_key_i"),
                end: .stops("access_key_id of [default]")),
            Row(name: "no INI", files: ini("[default"), end: .stops("no INI file")),
            Row(name: "unreadable", files: [(".alibabacloud/credentials.ini", nil)], end: .stops("cannot be read")),
            Row(name: "another section", files: ini("[x]\ntype=access_key\n"), end: .stops("no section [default]")),
            Row(
                name: "named profile", environment: ["ALIBABA_CLOUD_PROFILE": "q"], files: ini(whole),
                end: .stops("no section [q], which ALIBABA_CLOUD_PROFILE names")),
            Row(
                name: "named profile without a file", settings: { $0.profile = "q" },
                end: .stops("credentials.profile names the profile \"q\", which no file has")),
        ]
        for (section, words) in [
            ("", "the key type"), ("type=sts", "the type \"sts\""),
            ("type=access_key\naccess_key_id=i", "access_key_secret"),
            ("type=access_key\naccess_key_id=\"i\"\naccess_key_secret=hunter2", "stands in quotation marks"),
            ("type=access_key\naccess_key_id=i\u{200B}\naccess_key_secret=hunter2", "invisible character (U+200B)"),
            ("type=ram_role_arn\naccess_key_id=i\naccess_key_secret=hunter2", "role_arn"),
            ("type=oidc_role_arn\nrole_arn=r\noidc_provider_arn=p", "oidc_token_file_path"),
            ("type=ecs_ram_role", "does not answer"),
        ] { rows.append(Row(name: section, files: ini("[default]\n\(section)\n"), end: .stops(words))) }
        rows.append(
            Row(
                name: "twice", files: ini(whole + "[default]\ntype=access_key\n"),
                end: .stops("the section [default] stands there twice, in lines 1 and 5")))
        rows.append(
            Row(
                name: "a key twice", files: ini(whole + "access_key_secret = other"),
                end: .stops("access_key_secret stands there twice, in lines 4 and 5")))
        // A value over several lines, as configparser reads it, and what is no key of ours.
        for (name, text) in [
            (
                "a policy",
                "policy = {\n  \"Version\": \"1\",\n  \"Statement\":\n  [\n    {\n      \"Effect\": \"Allow\",\n"
                    + "      \"Action\":\n        [\"a\", \"b\"]\n    }, {\n      \"Effect\": \"Allow\"\n    }\n  ]\n }\n"
            ), ("notes", "// note: a\n// note: b\nhttps://a.example\nhttps://b.example\n"),
            ("another key twice", "region = a\nregion = a\n"),
        ] {
            rows.append(Row(name: name, files: ini(whole + text), end: .gives("i")))
            let before = whole.replacingOccurrences(of: "type =", with: text + "type =")
            rows.append(Row(name: name + " before", files: ini(before), end: .gives("i")))
        }
        // Also an indented key is a key.
        rows.append(
            Row(
                name: "indented", files: ini("[default]\ntype=access_key\n  access_key_id=i\n  access_key_secret=s"),
                end: .gives("i")))
        rows.append(
            Row(
                name: "indented twice", files: ini(whole + "  access_key_id = j\n"),
                end: .stops("access_key_id stands there twice, in lines 3 and 5")))
        try check("alibaba", AlibabaINISource(), rows)
    }

    func testTencentFile() throws {
        let own = ".tencentcloud/credentials"
        let system = "root/etc/tencentcloud/credentials"
        let whole = "[default]\r\nsecret_id = i\r\nsecret_key = hunter2  \r\n"
        let named = ["TENCENTCLOUD_CREDENTIALS_FILE": "HOME/named"]
        var rows = [
            Row(name: "absent", end: .passed), Row(name: "own", files: [(own, whole)], end: .gives("i")),
            Row(name: "system", files: [(system, whole)], end: .gives("i")),
            Row(name: "with a mark", files: [(own, "\u{FEFF}" + whole)], end: .gives("i")),
            Row(name: "named", environment: named, files: [("named", whole)], end: .gives("i")),
            Row(
                name: "named and missing", environment: named, files: [(own, whole)],
                end: .stops("TENCENTCLOUD_CREDENTIALS_FILE names a file that cannot be used: there is no")),
            Row(
                name: "named and unreadable", environment: named, files: [("named", nil), (own, whole)],
                end: .stops("cannot be read")),
            Row(name: "own unreadable", files: [(own, nil), (system, whole)], end: .stops("cannot be read")),
            Row(name: "own empty", files: [(own, ""), (system, whole)], end: .stops("is empty")),
            Row(name: "system unreadable", files: [(system, nil)], end: .stops("cannot be read")),
        ]
        for (text, words) in [
            ("secret_id=i\nsecret_key=hunter2\n", "no section [default]"),
            ("[other]\nsecret_id=i", "no section [default]"),
            ("[default]\nsecret_id=i\nsecret_k", "secret_key of [default]"),
            ("[default]\nsecret_key=hunter2", "secret_id of"),
            ("[default]\nsecret_id='i'\nsecret_key=hunter2", "stands in quotation marks"),
            ("[default]\nsecret_id=i\nsecret_key=hunter2\u{FEFF}", "secret_key of [default]"),
            ("[default", "no INI file"),
            ("[default]\nsecret_id=i\nsecret_key=hunter2\ntoken=hunter2 x", "token of [default]"),
        ] { rows.append(Row(name: text, files: [(own, text), (system, whole)], end: .stops(words))) }
        for (text, words) in [
            (
                whole + "[default]\nsecret_id=j\nsecret_key=s\n",
                "the section [default] stands there twice, in lines 1 and 4"
            ),
            (
                "[default]\nsecret_id=i\n\n# more\nsecret_id=j\nsecret_key=s\n",
                "secret_id stands there twice, in lines 2 and 5"
            ),
            ("[default]\nSecret_Key=a\nsecret_id=i\nsecret_key:b\n", "secret_key stands there twice, in lines 2 and 4"),
            (
                "[default]\n[x]\n[default]\nsecret_id=i\nsecret_key=s\n",
                "[default] stands there twice, in lines 1 and 3"
            ),
        ] { rows.append(Row(name: text, files: [(own, text), (system, whole)], end: .stops(words))) }
        // Another section, which nobody asks for, may say what it likes.
        let other = whole + "[x]\nsecret_id=a\nsecret_id=b\n[x]\n"
        rows.append(Row(name: "another section twice", files: [(own, other)], end: .gives("i")))
        // Another profile is another account.
        let two = "[default]\nsecret_id=i\nsecret_key=s\n[prod]\nsecret_id=p\nsecret_key=s"
        let profiles: [(String, String?, End)] = [
            ("prod", two, .gives("p")), ("Prod", two, .stops("no section [Prod]")),
            ("gone", two, .stops("no section [gone], which credentials.profile names")),
            ("prod", nil, .stops("the profile \"prod\", which no file has")),
        ]
        for (name, text, end) in profiles {
            let files = text.map { [(path: own, text: String?.some($0))] } ?? []
            let row = Row(name: "profile \(name)", files: files, settings: { $0.profile = name }, end: end)
            try check("tencent", TencentFileSource(), [row])
        }
        try check("tencent", TencentFileSource(), rows)
        // A link to nothing is something that somebody has put there.
        try FileManager.default.removeItem(atPath: home + "/" + own)
        XCTAssertEqual(symlink("gone", home + "/" + own), 0)
        XCTAssertEqual(refusal(TencentFileSource(), context())?.kind, .wrong)
        XCTAssertEqual(unlink(home + "/" + own), 0)
        XCTAssertEqual(rmdir(home + "/.tencentcloud"), 0)
        XCTAssertEqual(symlink("gone", home + "/.tencentcloud"), 0)
        XCTAssertEqual(refusal(TencentFileSource(), context())?.kind, .wrong)
    }

    /// A machine without the service is not set up for it; who names a role has set it up.
    func testMetadata() throws {
        let broken: @Sendable (HTTPRequest) -> TransferResult = { _ in ScriptedServer.reply(404, "") }
        let named = ["ALIBABA_CLOUD_ECS_METADATA": "role"]
        try check(
            "alibaba", AlibabaMetadataSource(),
            [
                Row(name: "nobody", end: .passed), Row(name: "no role", server: broken, end: .passed),
                Row(name: "garbage", server: { _ in ScriptedServer.reply(200, "<html> x") }, end: .passed),
                Row(name: "named, nobody", environment: named, end: .stops("does not answer")),
                Row(name: "named, not there", environment: named, server: broken, end: .stops("HTTP 404")),
                Row(
                    name: "named and off",
                    environment: ["ALIBABA_CLOUD_ECS_METADATA": "role", "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"],
                    end: .passed),
            ])
        try check(
            "tencent", TencentMetadataSource(),
            [Row(name: "nobody", end: .passed), Row(name: "no role", server: broken, end: .passed)])
    }

    func testURIAndRole() throws {
        let uri = "ALIBABA_CLOUD_CREDENTIALS_URI"
        try check(
            "alibaba", CredentialsURISource(),
            [
                Row(name: "absent", end: .passed),
                Row(name: "no URL", environment: [uri: "ftp://hunter2"], end: .stops(uri)),
                Row(name: "blank", environment: [uri: "http://x/hunter2 "], end: .stops(uri)),
                Row(
                    name: "refused", environment: [uri: "http://x/hunter2"],
                    server: { _ in ScriptedServer.reply(403, "") }, end: .stops("HTTP 403")),
            ])
        // The role is the one source; what it is assumed with is searched in the same way.
        for (provider, arn, half) in [
            ("alibaba", "acs:ram::1:role/r", ["ALIBABA_CLOUD_ACCESS_KEY_ID": "i"]),
            ("tencent", "qcs::cam::uin/1:roleName/r", ["TENCENTCLOUD_SECRET_ID": "i"]),
        ] {
            let chain = CredentialChain(
                plan: plan(of: provider), explicit: nil,
                context: context(half) { $0.role = CredentialSettings.Role(arn: arn) })
            guard case .failure(let failure) = chain.resolve().result else { return XCTFail("gave") }
            XCTAssertFalse(failure.isRetryable)
            XCTAssertTrue(failure.message.contains("environment is set up and cannot be used"), failure.message)
        }
    }

    /// The profile that is named may be in either of Alibaba's files; where it is in none the search ends there.
    func testANamedProfileIsLookedForInBothFiles() throws {
        try write(
            ".aliyun/config.json",
            #"{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"cli","access_key_secret":"s"}]}"#)
        try write(".alibabacloud/credentials.ini", "[q]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\n")
        func resolve(_ profile: String) -> Result<Credentials, Failure> {
            let server = ScriptedServer { [self] request in
                if request.method == .put { return ScriptedServer.reply(200, "t") }
                return ScriptedServer.reply(200, request.url.hasSuffix("/") ? "r" : metadataAnswer())
            }
            return CredentialChain(
                plan: .alibaba, explicit: nil, context: context(["ALIBABA_CLOUD_PROFILE": profile], server)
            ).resolve().result
        }
        XCTAssertEqual(try resolve("p").get().id, "cli")
        XCTAssertEqual(try resolve("q").get().id, "ini")
        guard case .failure(let failure) = resolve("none") else { return XCTFail("another account") }
        XCTAssertTrue(failure.message.contains("ALIBABA_CLOUD_PROFILE"), failure.message)
    }

    /// A tool that rewrites a file leaves it empty, half or away for a moment. What has given is read again.
    func testAFileThatIsBeingWrittenIsReadAgain() throws {
        let path = ".tencentcloud/credentials"
        let whole = "[default]\nsecret_id=i\nsecret_key=s\n"
        for text in ["", "[default]", "[default]\nsecret_id=i\nsecret_k", "[defau", nil] {
            try write(path, whole)
            let chain = CredentialChain(plan: .tencent, explicit: nil, context: context())
            XCTAssertEqual(try chain.resolve().result.get().id, "i")
            if let text { try write(path, text) } else { try FileManager.default.removeItem(atPath: home + "/" + path) }
            let resolution = chain.resolve()
            guard case .failure(let failure) = resolution.result else { return XCTFail("gave") }
            XCTAssertTrue(failure.isRetryable, failure.message)
            let warnings = resolution.warnings
            XCTAssertEqual(warnings.count, 1)
            XCTAssertTrue(
                warnings[0].hasPrefix("credentials file gave credentials before and gives none now: "), "\(warnings)")
            try write(path, whole.replacingOccurrences(of: "=i", with: "=new"))
            XCTAssertEqual(try chain.resolve().result.get().id, "new")
        }
    }

    /// What STS refuses stays refused: nobody is writing that.
    func testARefusalOfSTSIsFinalAfterARenewalToo() throws {
        try write(
            ".aliyun/config.json",
            #"{"current":"p","profiles":[{"name":"p","mode":"RamRoleArn","access_key_id":"a","access_key_secret":"b","#
                + #""ram_role_arn":"acs:ram::1:role/r"}]}"#)
        nonisolated(unsafe) var answer = ScriptedServer.reply(200, alibabaSTSAnswer())
        let chain = CredentialChain(
            plan: .alibaba, explicit: nil, context: context([:], ScriptedServer { _ in answer }))
        XCTAssertEqual(try chain.resolve().result.get().id, "STS.id")
        for (status, body, mayPass) in [
            (403, #"{"Code":"NoPermission"}"#, false), (302, "", true), (307, "", true), (503, "", true),
            (400, #"{"Code":"Throttling.User"}"#, true), (400, #"{"Code":"Throttling"}"#, true),
            (400, #"{"Code":"ThrottlingApi"}"#, true), (404, #"{"Code":"EntityNotExist.Role"}"#, false),
        ] {
            answer = ScriptedServer.reply(status, body)
            guard case .failure(let failure) = chain.resolve().result else { return XCTFail("gave") }
            XCTAssertEqual(failure.isRetryable, mayPass, failure.message)
        }
    }

    func testTheEnvironmentAsGetenvSeesIt() {
        setenv("AIGC_TEST_BYTES", "x", 1)
        defer { unsetenv("AIGC_TEST_BYTES") }
        // Bytes that are no text are not "not set".
        let bytes: [CChar] = [0x41, CChar(bitPattern: 0xFF), 0]
        bytes.withUnsafeBufferPointer { if let base = $0.baseAddress { setenv("AIGC_TEST_BYTES", base, 1) } }
        XCTAssertEqual(ProcessEnvironment.snapshot()["AIGC_TEST_BYTES"], "A\u{FFFD}")
        // A name that only looks like another is another: Swift's == calls the sign of Kelvin a K.
        setenv("AIGC_TEST_\u{212A}EY", "stranger", 1)
        defer { unsetenv("AIGC_TEST_\u{212A}EY") }
        XCTAssertNil(ProcessEnvironment.snapshot()["AIGC_TEST_KEY"])
        let file = INIFile(
            Array("[default]\nsecret_key=mine\nsecret_\u{212A}ey=stranger\nSECRET_ID=i\n".utf8),
            names: ["secret_key", "secret_id"], hashCutsValues: false)
        XCTAssertEqual(file?["default"]?.values, ["secret_key": "mine", "secret_id": "i"])
    }

    func testAValueOverSeveralLines() {
        for (text, values, other) in [
            (
                "[a]\npolicy = {\n  \"b\": [\n  [\"c\"]\n  ]\n }\nid = 1",
                ["policy": "{\n\"b\": [\n[\"c\"]\n]\n}", "id": "1"], nil
            ),
            ("[a]\npolicy = x # y\n  z # y\n\n # c\n  q", ["policy": "x\nz\nq"], nil),
            ("[a]\npolicy = x\nnote = y\n  z", ["policy": "x"], nil), ("[a]\npolicy = x\nz", ["policy": "x"], nil),
            ("[a]\nid = 1\n  z: 2", ["id": "1"], nil), ("[a]\npolicy = x\n  id = 1", ["policy": "x", "id": "1"], nil),
            // A section may be indented, too.
            ("[a]\nid = 1\n  [b] ; c\n  id = 2", ["id": "1"], ["id": "2"]),
            ("  [a]\n  id = 1\n    [b]\n    id = 2", ["id": "1"], ["id": "2"]),
        ] as [(String, [String: String], [String: String]?)] {
            let file = INIFile(Array(text.utf8), names: ["policy", "id"], hashCutsValues: true)
            XCTAssertEqual(file?["a"]?.values, values, text)
            XCTAssertEqual(file?["b"]?.values, other, text)
            XCTAssertNil(file?["a"]?.fault, text)
        }
    }
}
