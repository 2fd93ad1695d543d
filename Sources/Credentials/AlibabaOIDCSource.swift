internal import Core

/// A role assumed with the token that a Kubernetes cluster mounts, as the environment names it.
struct AlibabaOIDCSource: CredentialSource {
    let name = "OIDC role"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.alibabaSTS }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard let arn = context.variable("ALIBABA_CLOUD_ROLE_ARN"),
            let provider = context.variable("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"),
            let file = context.variable("ALIBABA_CLOUD_OIDC_TOKEN_FILE")
        else {
            throw CredentialUnavailable(
                .absent,
                "ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE are not all set"
            )
        }
        return try AlibabaSTS.assumeRoleWithOIDC(
            AlibabaRole(arn: arn), providerARN: provider, tokenFile: file, context, source: "default/oidc_role_arn")
    }
}
