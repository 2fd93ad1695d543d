internal import Codec
internal import Core
internal import Signing

/// AssumeRole and AssumeRoleWithWebIdentity, version 2018-08-13.
enum TencentSTS {
    static let server = "Tencent STS"
    private static let version = "2018-08-13"

    static func assumeRole(
        _ role: CredentialSettings.Role, with base: Credentials, _ context: CredentialContext
    ) throws(CredentialUnavailable) -> Credentials {
        var body = JSONValue.object([
            JSONMember("RoleArn", .string(role.arn)),
            JSONMember("RoleSessionName", .string(role.sessionName.isEmpty ? "libaigc" : role.sessionName)),
            JSONMember("DurationSeconds", .int(role.durationSeconds > 0 ? role.durationSeconds : 7200)),
        ])
        // The API wants the policy percent-encoded inside its JSON.
        if let policy = role.policy, !policy.isEmpty { body.set("Policy", to: .string(Percent.encode(policy))) }
        if let id = role.externalID, !id.isEmpty { body.set("ExternalId", to: .string(id)) }
        let bytes = body.serialized()
        let endpoint = endpoint(context)
        let headers: [HTTPHeader]
        do throws(Failure) {
            headers = try TC3.sign(
                host: CredentialContext.host(endpoint), action: "AssumeRole", version: version, service: "sts",
                region: context.settings.stsRegion ?? "ap-guangzhou", body: bytes, credentials: base,
                unixSeconds: context.unixMilliseconds() / 1000)
        } catch {
            throw CredentialUnavailable(.wrong, error.message)
        }
        return try call(endpoint, headers, bytes, context, source: "assume_role")
    }

    static func assumeRoleWithWebIdentity(
        region: String, providerID: String, tokenFile: String, roleARN: String, _ context: CredentialContext
    ) throws(CredentialUnavailable) -> Credentials {
        let token = try context.tokenFile(tokenFile)
        guard region.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CredentialUnavailable(.wrong, "TKE_REGION is no region")
        }
        let body = JSONValue.object([
            JSONMember("ProviderId", .string(providerID)), JSONMember("WebIdentityToken", .string(token)),
            JSONMember("RoleArn", .string(roleARN)), JSONMember("RoleSessionName", "libaigc"),
            JSONMember("DurationSeconds", .int(7200)),
        ])
        let headers = [
            HTTPHeader("Content-Type", "application/json"), HTTPHeader("X-TC-Action", "AssumeRoleWithWebIdentity"),
            HTTPHeader("X-TC-Version", version), HTTPHeader("X-TC-Region", region),
            HTTPHeader("X-TC-Timestamp", String(context.unixMilliseconds() / 1000)),
            HTTPHeader("Authorization", "SKIP"),
        ]
        return try call(endpoint(context), headers, body.serialized(), context, source: "oidc_role")
    }

    private static func endpoint(_ context: CredentialContext) -> String {
        CredentialContext.base(context.settings.stsEndpoint ?? "https://sts.tencentcloudapi.com", scheme: "https")
    }

    private static func call(
        _ endpoint: String, _ headers: [HTTPHeader], _ body: [UInt8], _ context: CredentialContext, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        let request = HTTPRequest(method: .post, url: endpoint + "/", headers: headers, body: body)
        let answer = try context.json(request, context.options(for: endpoint), server, isMade: true)
        guard let response = answer["Response"] else {
            throw CredentialUnavailable(.transient, "\(server) answered without a Response")
        }
        if let error = response["Error"], !error.isNull, !ASCIIText.saysNoError(error["Code"]?.lenientString ?? "") {
            let code = error["Code"]?.stringValue ?? ""
            let isTransient = ["InternalError", "RequestLimitExceeded", "ServiceUnavailable"].contains {
                code == $0 || code.hasPrefix($0 + ".")
            }
            throw CredentialUnavailable(
                isTransient ? .transient : .wrong, "\(server) refused\(CredentialContext.code(error["Code"]))",
                isOfServer: true)
        }
        let credentials = response["Credentials"]
        guard let token = credentials?["Token"]?.stringValue, !token.isEmpty else {
            throw CredentialUnavailable(.transient, "\(server) answered without credentials")
        }
        return try Checked.credentials(
            context, id: credentials?["TmpSecretId"]?.stringValue, secret: credentials?["TmpSecretKey"]?.stringValue,
            token: token,
            expiresAtMilliseconds: try CredentialContext.expiry(unixSeconds: response["ExpiredTime"], server),
            source: source,
            named: ("TmpSecretId of \(server)", "TmpSecretKey of \(server)", "Token of \(server)"))
    }
}
