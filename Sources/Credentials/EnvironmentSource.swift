internal import Core

/// Credentials in environment variables. Names come in families, one for each of the vendor's tools; id, secret and
/// token are never mixed across families. The first family whose id or secret is set is the one.
struct EnvironmentSource: CredentialSource {
    struct Family {
        var id: String
        var secret: String
        var tokens: [String]
    }

    let name = "environment"
    let families: [Family]
    /// What the provider calls it.
    let providerName: String

    static let alibaba = EnvironmentSource(
        families: [
            // SDKs and CLI today; older SDKs; older CLI; Terraform.
            Family(
                id: "ALIBABA_CLOUD_ACCESS_KEY_ID", secret: "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                tokens: ["ALIBABA_CLOUD_SECURITY_TOKEN"]),
            Family(
                id: "ALIBABACLOUD_ACCESS_KEY_ID", secret: "ALIBABACLOUD_ACCESS_KEY_SECRET",
                tokens: ["ALIBABACLOUD_SECURITY_TOKEN"]),
            Family(
                id: "ALICLOUD_ACCESS_KEY_ID", secret: "ALICLOUD_ACCESS_KEY_SECRET",
                tokens: ["ALICLOUD_SECURITY_TOKEN"]),
            Family(id: "ALICLOUD_ACCESS_KEY", secret: "ALICLOUD_SECRET_KEY", tokens: ["ALICLOUD_SECURITY_TOKEN"]),
        ], providerName: "default/env")

    static let tencent = EnvironmentSource(
        families: [
            // SDKs and, for the token, the Node SDK and TCCLI; the runtime of cloud functions.
            Family(
                id: "TENCENTCLOUD_SECRET_ID", secret: "TENCENTCLOUD_SECRET_KEY",
                tokens: ["TENCENTCLOUD_SESSION_TOKEN", "TENCENTCLOUD_TOKEN"]),
            Family(
                id: "TENCENTCLOUD_SECRETID", secret: "TENCENTCLOUD_SECRETKEY", tokens: ["TENCENTCLOUD_SESSIONTOKEN"]),
        ], providerName: "env")

    /// Empty variables count as not set, as for the vendors' tools; often they are secrets that did not arrive.
    func whatIsSet(_ context: CredentialContext) -> String? {
        for family in families {
            for name in [family.id, family.secret] where context.environment[name]?.isEmpty == true {
                return "\(name) is set: it is empty, which counts as not set"
            }
        }
        return nil
    }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        for family in families {
            let id = context.variable(family.id)
            let secret = context.variable(family.secret)
            let token = token(of: family, context)
            if id == nil && secret == nil {
                guard let token, !isOfAnother(token.name, than: family, context) else { continue }
                throw CredentialUnavailable(
                    .wrong, "\(token.name) is set but \(family.id) and \(family.secret) are not")
            }
            guard id != nil, secret != nil else {
                let (there, missing) = id == nil ? (family.secret, family.id) : (family.id, family.secret)
                throw CredentialUnavailable(.wrong, "\(there) is set but \(missing) is not")
            }
            return try Checked.credentials(
                context, id: id, secret: secret, token: token?.value, source: providerName,
                named: (family.id, family.secret, token?.name ?? ""))
        }
        let usual = families.first.map { "\($0.id) and \($0.secret) are" } ?? "nothing is"
        throw CredentialUnavailable(.absent, "\(usual) not set")
    }

    private func token(of family: Family, _ context: CredentialContext) -> (name: String, value: String)? {
        for name in family.tokens {
            if let value = context.variable(name) { return (name, value) }
        }
        return nil
    }

    /// Two families share a variable for the token: it belongs to the one whose id or secret is set.
    private func isOfAnother(_ token: String, than family: Family, _ context: CredentialContext) -> Bool {
        families.contains { other in
            other.id != family.id && other.tokens.contains(token)
                && (context.variable(other.id) != nil || context.variable(other.secret) != nil)
        }
    }
}
