internal import Core

/// A role assumed with the token that a TKE cluster mounts, as the environment names it.
struct TencentOIDCSource: CredentialSource {
    let name = "OIDC role"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.tencentSTS }

    func whatIsSet(_ context: CredentialContext) -> String? {
        context.variable("TKE_ROLE_ARN").map { "TKE_ROLE_ARN names the role \($0.shown(limit: 80))" }
    }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard let region = context.variable("TKE_REGION"), let provider = context.variable("TKE_PROVIDER_ID"),
            let file = context.variable("TKE_WEB_IDENTITY_TOKEN_FILE"), let arn = context.variable("TKE_ROLE_ARN")
        else {
            throw context.notAllSet(["TKE_REGION", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN"])
        }
        return try TencentSTS.assumeRoleWithWebIdentity(
            region: region, providerID: provider, tokenFile: file, roleARN: arn, context)
    }
}
