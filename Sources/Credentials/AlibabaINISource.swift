internal import Core

/// `~/.alibabacloud/credentials.ini`, or the file that ALIBABA_CLOUD_CREDENTIALS_FILE names.
struct AlibabaINISource: CredentialSource {
    let name = "credentials.ini"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.alibabaSTS }

    private static let provider = "default/profile"
    private static let names = [
        "enable", "type", "access_key_id", "access_key_secret", "role_arn", "role_session_name", "policy",
        "oidc_provider_arn", "oidc_token_file_path", "role_name",
    ]

    func whatIsSet(_ context: CredentialContext) -> String? {
        context.variable("ALIBABA_CLOUD_CREDENTIALS_FILE").map {
            "ALIBABA_CLOUD_CREDENTIALS_FILE names \($0); set ALIBABA_CLOUD_CLI_PROFILE_DISABLED to true if you mean that file"
        }
    }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        let named = context.namedProfile
        let path: String
        let bytes: [UInt8]
        if let file = context.variable("ALIBABA_CLOUD_CREDENTIALS_FILE") {
            (path, bytes) = (file, try context.namedFile(file, by: "ALIBABA_CLOUD_CREDENTIALS_FILE"))
        } else {
            do throws(CredentialUnavailable) {
                let file = try context.inHome(".alibabacloud/credentials.ini")
                (path, bytes) = (file, try context.secretFile(file))
            } catch {
                guard let named, error.kind == .absent else { throw error }
                throw CredentialUnavailable(
                    .wrong,
                    "\(named.by) names the profile \"\(named.name.shown(limit: 60))\", which no file has: "
                        + error.reason)
            }
        }
        let profile = named?.name ?? "default"
        let found = try context.section(profile, of: bytes, path, names: Self.names, hashCutsValues: true)
        guard let section = found else {
            let why = named.map { ", which \($0.by) names" } ?? ""
            throw CredentialUnavailable(.wrong, "\(path) has no section [\(profile.shown(limit: 60))]\(why)")
        }
        let place = "of [\(profile.shown(limit: 60))] in \(path)"
        // The vendor's tools do not agree on whether they look at it: no account pays that somebody has switched off.
        if let enabled = section["enable"]?.lowercased(), !["true", "yes", "on", "1"].contains(enabled) {
            throw CredentialUnavailable(
                .wrong,
                "the key enable \(place) is \"\(enabled.shown(limit: 20))\", not true: set it to true, or remove it")
        }
        switch section["type"] ?? "" {
        case "access_key": return try keys(section, place, context, source: "\(Self.provider)/static_ak")
        case "ram_role_arn":
            let role = AlibabaRole(
                arn: try required(section, "role_arn", place), sessionName: section["role_session_name"],
                policy: section["policy"])
            return try AlibabaSTS.assumeRole(
                role, with: try keys(section, place, context, source: "static_ak"), context,
                source: "\(Self.provider)/ram_role_arn")
        case "oidc_role_arn":
            let role = AlibabaRole(
                arn: try required(section, "role_arn", place), sessionName: section["role_session_name"],
                policy: section["policy"])
            return try AlibabaSTS.assumeRoleWithOIDC(
                role, providerARN: try required(section, "oidc_provider_arn", place),
                tokenFile: try required(section, "oidc_token_file_path", place), context,
                source: "\(Self.provider)/oidc_role_arn")
        case "ecs_ram_role":
            let metadata = AlibabaMetadataSource(
                roleName: section["role_name"], providerName: "\(Self.provider)/ecs_ram_role")
            do throws(CredentialUnavailable) {
                return try metadata.fetch(context)
            } catch {
                throw error.ofWhatIsSetUp
            }
        case "": throw CredentialUnavailable(.wrong, "the key type \(place) is missing")
        case let type:
            throw CredentialUnavailable(
                .wrong,
                "the type \"\(type.shown(limit: 40))\" \(place) is not supported; access_key, ram_role_arn, oidc_role_arn and "
                    + "ecs_ram_role are")
        }
    }

    private func keys(
        _ section: [String: String], _ place: String, _ context: CredentialContext, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        try Checked.credentials(
            context, id: section["access_key_id"], secret: section["access_key_secret"], source: source,
            named: ("access_key_id \(place)", "access_key_secret \(place)", ""))
    }

    private func required(
        _ section: [String: String], _ key: String, _ place: String
    ) throws(CredentialUnavailable) -> String {
        guard let value = section[key], !value.isEmpty else {
            throw CredentialUnavailable(.wrong, "the key \(key) \(place) is missing or empty")
        }
        return value
    }
}
