internal import Core

/// A role assumed with the token that a Kubernetes cluster mounts, as the environment names it.
struct AlibabaOIDCSource: CredentialSource {
    let name = "OIDC role"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.alibabaSTS }

    func whatIsSet(_ context: CredentialContext) -> String? {
        context.variable("ALIBABA_CLOUD_OIDC_TOKEN_FILE").map {
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE names \($0.shown(limit: 80))"
        }
    }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard let arn = context.variable("ALIBABA_CLOUD_ROLE_ARN"),
            let provider = context.variable("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"),
            let file = context.variable("ALIBABA_CLOUD_OIDC_TOKEN_FILE")
        else {
            throw context.notAllSet(
                ["ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"])
        }
        return try AlibabaSTS.assumeRoleWithOIDC(
            AlibabaRole(arn: arn), providerARN: provider, tokenFile: file, context, source: "default/oidc_role_arn")
    }
}
