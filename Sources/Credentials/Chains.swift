internal import Core

/// The order of sources, as the vendors document it, behind what the configuration gives.
enum Chains {
    static func sources(
        provider: String, explicit: Credentials?, context: CredentialContext
    ) -> [any CredentialSource] {
        var sources: [any CredentialSource] = []
        if let explicit { sources.append(StaticSource(credentials: explicit)) }
        switch provider {
        case "alibaba": if context.settings.useEnvironment { sources.append(EnvironmentSource.alibaba) }
        case "tencent": if context.settings.useEnvironment { sources.append(EnvironmentSource.tencent) }
        default: break
        }
        return sources
    }
}
