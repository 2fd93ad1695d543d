internal import Core

/// The order of sources, as the vendors' SDKs document it, behind what the configuration gives:
///
/// - Alibaba: environment, OIDC role, ~/.aliyun/config.json, credentials.ini, ECS instance role, credentials URI
/// - Tencent: environment, credentials file, CVM instance role, OIDC role
enum Chains {
    static func sources(
        provider: String, explicit: Credentials?, context: CredentialContext
    ) -> [any CredentialSource] {
        let settings = context.settings
        var sources: [any CredentialSource] = []
        if let explicit { sources.append(StaticSource(credentials: explicit)) }
        switch provider {
        case "alibaba":
            if settings.useEnvironment { sources += [EnvironmentSource.alibaba, AlibabaOIDCSource()] }
            if settings.useFiles { sources += [AlibabaCLISource(), AlibabaINISource()] }
            if settings.useMetadata { sources.append(AlibabaMetadataSource()) }
            if settings.useEnvironment { sources.append(CredentialsURISource()) }
        case "tencent":
            if settings.useEnvironment { sources.append(EnvironmentSource.tencent) }
            if settings.useFiles { sources.append(TencentFileSource()) }
            if settings.useMetadata { sources.append(TencentMetadataSource()) }
            if settings.useEnvironment { sources.append(TencentOIDCSource()) }
        default: break
        }
        guard let role = settings.role, isRole(role.arn, of: provider) else { return sources }
        let base = CredentialChain(provider: provider, sources: sources, context: context)
        return [AssumedRoleSource(role: role, base: base)]
    }

    private static func isRole(_ arn: String, of provider: String) -> Bool {
        switch provider {
        case "alibaba": return arn.hasPrefix("acs:")
        case "tencent": return arn.hasPrefix("qcs:")
        default: return false
        }
    }
}
