internal import Codec
internal import Core

/// The role of a CVM instance, from its metadata service.
struct TencentMetadataSource: CredentialSource {
    let name = "CVM instance role"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.tencentMetadata }
    func isProbe(_ context: CredentialContext) -> Bool { true }

    private static let server = "the CVM metadata service"
    private static let path = "/latest/meta-data/cam/security-credentials/"

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard context.settings.useMetadata else {
            throw CredentialUnavailable(.absent, "switched off by the configuration")
        }
        let base = CredentialContext.base(
            context.settings.metadataEndpoint ?? "http://metadata.tencentyun.com", scheme: "http")
        let names = try context.exchange(
            HTTPRequest(method: .get, url: base + Self.path), context.metadataOptions, Self.server)
        guard names.status == 200 else {
            throw CredentialUnavailable(
                names.status == 404 ? .absent : CredentialContext.kind(names.status),
                names.status == 404
                    ? "the instance has no role" : "\(Self.server) answered HTTP \(names.status) for the role",
                isOfServer: true)
        }
        let role = try MetadataText.firstLine(names.body, Self.server)
        do throws(CredentialUnavailable) {
            return try keys(of: role, base, context)
        } catch {
            throw error.ofNamedRole
        }
    }

    private func keys(
        of role: String, _ base: String, _ context: CredentialContext
    ) throws(CredentialUnavailable) -> Credentials {
        let answer = try context.json(
            HTTPRequest(method: .get, url: base + Self.path + Percent.encode(role)), context.metadataOptions,
            Self.server)
        guard ASCIIText.saysNoError(answer["Code"]?.stringValue ?? "") else {
            throw CredentialUnavailable(.transient, "\(Self.server) refused\(CredentialContext.code(answer["Code"]))")
        }
        guard let token = answer["Token"]?.stringValue, !token.isEmpty else {
            throw CredentialUnavailable(.transient, "\(Self.server) answered without a Token")
        }
        return try Checked.credentials(
            context, id: answer["TmpSecretId"]?.stringValue, secret: answer["TmpSecretKey"]?.stringValue, token: token,
            expiresAtMilliseconds: try CredentialContext.expiry(unixSeconds: answer["ExpiredTime"], Self.server),
            source: "cvm_role",
            named: ("TmpSecretId of \(Self.server)", "TmpSecretKey of \(Self.server)", "Token of \(Self.server)"))
    }
}
