public import Core

/// What the credential chain of one cloud is made of.
public struct CredentialPlan: Sendable {
    public typealias AssumeRole =
        @Sendable (CredentialSettings.Role, Credentials, CredentialContext) throws(CredentialUnavailable) -> Credentials

    public let provider: String
    /// How the ARN of a role of this cloud begins.
    public let rolePrefix: String
    /// The form of such an ARN, for messages.
    public let roleForm: String
    /// The sources in the order of the vendor's SDK, without those that the settings switch off. What the configuration
    /// itself gives comes before them.
    let sources: @Sendable (CredentialSettings) -> [any CredentialSource]
    /// Those of them that know profiles, whatever the settings switch off.
    let files: [any CredentialSource]
    /// Exchanges credentials for those of a role at the cloud's STS. Blocks.
    let assumeRole: AssumeRole

    public init(
        provider: String, rolePrefix: String, roleForm: String,
        files: [any CredentialSource] = [],
        sources: @escaping @Sendable (CredentialSettings) -> [any CredentialSource], assumeRole: @escaping AssumeRole
    ) {
        self.provider = provider
        self.rolePrefix = rolePrefix
        self.roleForm = roleForm
        self.files = files
        self.sources = sources
        self.assumeRole = assumeRole
    }

    /// All sources of a client, the configuration's first. A role of this cloud comes before them and asks them.
    /// Who sets `credentials.profile` means that profile: nothing but the files that have profiles is asked then.
    func chain(_ explicit: Credentials?, _ context: CredentialContext) -> [any CredentialSource] {
        var all = context.settings.profile.map { named($0, context.settings) } ?? sources(context.settings)
        if let explicit { all.insert(StaticSource(credentials: explicit), at: 0) }
        guard let role = context.settings.role, role.arn.hasPrefix(rolePrefix) else { return all }
        return [AssumedRoleSource(role: role, base: CredentialChain(plan: self, sources: all, context: context))]
    }

    private func named(_ profile: String, _ settings: CredentialSettings) -> [any CredentialSource] {
        if files.isEmpty { return sources(settings) }
        return settings.useFiles ? files : [UnreadableProfile(profile: profile)]
    }
}

extension CredentialPlan {
    /// Environment, OIDC role, ~/.aliyun/config.json, credentials.ini, ECS instance role, credentials URI.
    public static let alibaba = CredentialPlan(
        provider: "alibaba", rolePrefix: "acs:ram::", roleForm: "acs:ram::ACCOUNT:role/NAME (Alibaba)",
        files: [AlibabaCLISource(), AlibabaINISource()],
        sources: { settings in
            var sources: [any CredentialSource] = []
            if settings.useEnvironment { sources += [EnvironmentSource.alibaba, AlibabaOIDCSource()] }
            if settings.useFiles { sources += [AlibabaCLISource(), AlibabaINISource()] }
            if settings.useMetadata { sources.append(AlibabaMetadataSource()) }
            if settings.useEnvironment { sources.append(CredentialsURISource()) }
            return sources
        },
        assumeRole: { (role, base, context) throws(CredentialUnavailable) in
            let theirs = AlibabaRole(
                arn: role.arn, sessionName: role.sessionName.isEmpty ? nil : role.sessionName,
                durationSeconds: role.durationSeconds, policy: role.policy, externalID: role.externalID)
            return try AlibabaSTS.assumeRole(theirs, with: base, context, source: "ram_role_arn")
        })

    /// Environment, credentials file, CVM instance role, OIDC role.
    public static let tencent = CredentialPlan(
        provider: "tencent", rolePrefix: "qcs::cam::", roleForm: "qcs::cam::uin/ACCOUNT:roleName/NAME (Tencent)",
        files: [TencentFileSource()],
        sources: { settings in
            var sources: [any CredentialSource] = []
            if settings.useEnvironment { sources.append(EnvironmentSource.tencent) }
            if settings.useFiles { sources.append(TencentFileSource()) }
            if settings.useMetadata { sources.append(TencentMetadataSource()) }
            if settings.useEnvironment { sources.append(TencentOIDCSource()) }
            return sources
        },
        assumeRole: { (role, base, context) throws(CredentialUnavailable) in
            try TencentSTS.assumeRole(role, with: base, context)
        })
}

/// A profile that the configuration names and forbids to read.
private struct UnreadableProfile: CredentialSource {
    let name = "credentials.profile"
    let profile: String

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        throw CredentialUnavailable(
            .wrong,
            "it names the profile \"\(profile.shown(limit: 60))\", and credentials.use_files, which allows to read the "
                + "files with profiles, is false")
    }
}
