internal import Codec
internal import Core
internal import Signing

/// A role at Alibaba's Security Token Service.
struct AlibabaRole: Equatable, Sendable {
    var arn: String
    var sessionName: String?
    var durationSeconds: Int64?
    var policy: String?
    var externalID: String?
    var stsRegion: String?
    /// nil: as the environment says.
    var usesVPC: Bool?
}

/// AssumeRole and AssumeRoleWithOIDC, version 2015-04-01.
enum AlibabaSTS {
    static let server = "Alibaba STS"
    private static let version = "2015-04-01"

    /// `source` is what the provider calls it, without whose credentials it was assumed with.
    static func assumeRole(
        _ role: AlibabaRole, with base: Credentials, _ context: CredentialContext, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        let endpoint = endpoint(role, context)
        let query: String
        do throws(Failure) {
            query = try RPCSignature.sign(
                method: "GET", parameters: try parameters("AssumeRole", role, context), credentials: base,
                unixSeconds: context.unixMilliseconds() / 1000, nonce: try randomNonce())
        } catch {
            throw CredentialUnavailable(.wrong, error.message)
        }
        let request = HTTPRequest(
            method: .get, url: "\(endpoint)/?\(query)", headers: [HTTPHeader("Accept", "application/json")])
        let answer = try context.json(request, context.options(for: endpoint), server, isMade: true)
        return try credentials(answer, role, context, source: "\(source)/\(base.source)")
    }

    /// As the vendor's Go package sends it: what is asked for in the query, who asks in the body. A token in a query ends
    /// up in logs.
    static func assumeRoleWithOIDC(
        _ role: AlibabaRole, providerARN: String, tokenFile: String, _ context: CredentialContext, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        let token = try context.tokenFile(tokenFile)
        let endpoint = endpoint(role, context)
        var fields: [(name: String, value: String)]
        do throws(Failure) {
            fields = try parameters("AssumeRoleWithOIDC", role, context)
        } catch {
            throw CredentialUnavailable(.wrong, error.message)
        }
        let common: Set = ["Action", "Format", "Version"]
        var query = fields.filter { common.contains($0.name) }
        query.append(("Timestamp", DateText.acs(context.unixMilliseconds() / 1000)))
        fields.removeAll { common.contains($0.name) }
        fields.append(("OIDCProviderArn", providerARN))
        fields.append(("OIDCToken", token))
        let request = HTTPRequest(
            method: .post, url: "\(endpoint)/?\(ACS3.canonical(query: query))",
            headers: [
                HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeader("Accept", "application/json"),
            ], body: Array(ACS3.canonical(query: fields).utf8))
        let answer = try context.json(request, context.options(for: endpoint), server, isMade: true)
        return try credentials(answer, role, context, source: source)
    }

    private static func parameters(
        _ action: String, _ role: AlibabaRole, _ context: CredentialContext
    ) throws(Failure) -> [(name: String, value: String)] {
        let duration = role.durationSeconds.flatMap { $0 > 0 ? $0 : nil } ?? 3600
        guard duration >= 900 else {
            throw Failure(.invalidArgument, "the role is to last \(duration) seconds; the least is 900")
        }
        let session = role.sessionName.flatMap { $0.isEmpty ? nil : $0 }
        var list: [(name: String, value: String)] = [
            ("Action", action), ("Format", "JSON"), ("Version", version), ("DurationSeconds", String(duration)),
            ("RoleArn", role.arn),
            ("RoleSessionName", session ?? context.variable("ALIBABA_CLOUD_ROLE_SESSION_NAME") ?? "libaigc"),
        ]
        if let policy = role.policy, !policy.isEmpty { list.append(("Policy", policy)) }
        if let id = role.externalID, !id.isEmpty { list.append(("ExternalId", id)) }
        return list
    }

    static func endpoint(_ role: AlibabaRole, _ context: CredentialContext) -> String {
        if let given = context.settings.stsEndpoint { return CredentialContext.base(given, scheme: "https") }
        let own = role.stsRegion.flatMap { $0.isEmpty ? nil : $0 }
        guard let region = own ?? context.settings.stsRegion ?? context.variable("ALIBABA_CLOUD_STS_REGION") else {
            return "https://sts.aliyuncs.com"
        }
        let usesVPC = role.usesVPC ?? ((try? context.flag("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED")) ?? false)
        return "https://sts\(usesVPC ? "-vpc" : "").\(Percent.encode(region)).aliyuncs.com"
    }

    private static func credentials(
        _ answer: JSONValue, _ role: AlibabaRole, _ context: CredentialContext, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        if let got = account(answer["AssumedRoleUser"]?["Arn"]?.stringValue), let asked = account(role.arn),
            !got.isSame(as: asked)
        {
            throw CredentialUnavailable(
                .transient, "\(server) answered with keys of account \(got), and account \(asked) was asked for")
        }
        return try temporary(answer["Credentials"], context, server: server, source: source)
    }

    /// The number of the account in "acs:ram::123:role/name"; nil if there is none.
    private static func account(_ arn: String?) -> String? {
        let parts = arn?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        guard parts.count >= 5, let account = parts.dropFirst(3).first, !account.isEmpty,
            account.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return String(account)
    }

    /// The object that STS, the metadata service and credentials URIs have in common.
    static func temporary(
        _ object: JSONValue?, _ context: CredentialContext, server: String, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        guard let object else { throw CredentialUnavailable(.transient, "\(server) answered without credentials") }
        guard let token = object["SecurityToken"]?.stringValue, !token.isEmpty else {
            throw CredentialUnavailable(.transient, "\(server) answered without a SecurityToken")
        }
        return try Checked.credentials(
            context, id: object["AccessKeyId"]?.stringValue, secret: object["AccessKeySecret"]?.stringValue,
            token: token,
            expiresAtMilliseconds: try CredentialContext.expiry(object["Expiration"], server), source: source,
            named: ("AccessKeyId of \(server)", "AccessKeySecret of \(server)", "SecurityToken of \(server)"))
    }
}
