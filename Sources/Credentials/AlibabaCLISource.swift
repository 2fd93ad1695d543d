internal import Codec
internal import Core

/// A profile of the Alibaba Cloud CLI: `~/.aliyun/config.json`. The file is read, never written.
struct AlibabaCLISource: CredentialSource {
    let name = "~/.aliyun/config.json"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.external }

    private static let provider = "default/cli_profile"

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard !(try context.flag("ALIBABA_CLOUD_CLI_PROFILE_DISABLED")) else {
            throw CredentialUnavailable(.absent, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true")
        }
        let path = try context.inHome(".aliyun/config.json")
        let bytes = try context.secretFile(path)
        guard !bytes.allSatisfy({ $0 <= 0x20 }) else { throw CredentialUnavailable(.wrong, "\(path) is empty") }
        let config: JSONValue
        do throws(JSONError) {
            config = try JSONValue.parseOnce(Array(bytes.withoutMark))
        } catch {
            throw CredentialUnavailable(.wrong, "\(path) cannot be read: \(error)")
        }
        let reading = Reading(path: path, config: config, context: context)
        if let named = context.namedProfile {
            // The same name may be in credentials.ini, which is asked next and says so if it is not there either.
            guard try profile(named.name, reading) != nil else {
                throw CredentialUnavailable(.absent, "\(path) has no profile \(Self.shown(named.name))")
            }
            return try credentials(named.name, reading, seen: [])
        }
        guard let current = config["current"]?.stringValue, !current.isEmpty else {
            throw CredentialUnavailable(.wrong, "\(path) names no current profile")
        }
        return try credentials(current, reading, seen: [])
    }

    /// One that is there twice cannot be used: nobody can know which account is to pay.
    private func profile(_ name: String, _ reading: Reading) throws(CredentialUnavailable) -> JSONValue? {
        let found = reading.config["profiles"]?.arrayValue?.filter {
            $0["name"]?.stringValue?.utf8.elementsEqual(name.utf8) == true
        }
        guard let found, found.count > 1 else { return found?.first }
        throw CredentialUnavailable(
            .wrong,
            "\(reading.path) cannot be used: the profile \(Self.shown(name)) stands there twice; remove one, so that it is "
                + "certain which account pays")
    }

    private struct Reading {
        var path: String
        var config: JSONValue
        var context: CredentialContext
    }

    /// `seen`: the profiles that lead here; a role may be assumed with another profile, and a circle never ends.
    private func credentials(
        _ name: String, _ reading: Reading, seen: [String]
    ) throws(CredentialUnavailable) -> Credentials {
        let shown = Self.shown(name)
        guard !seen.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else {
            throw CredentialUnavailable(
                .wrong,
                "the profiles of \(reading.path) form a circle: "
                    + (seen + [name]).map(Self.shown).joined(separator: " -> "))
        }
        guard seen.count < 8 else {
            throw CredentialUnavailable(.wrong, "the profiles of \(reading.path) form a chain of more than 8")
        }
        guard let profile = try profile(name, reading) else {
            throw CredentialUnavailable(.wrong, "\(reading.path) has no profile \(shown)")
        }
        let place = "of profile \(shown) in \(reading.path)"
        let context = reading.context
        switch profile["mode"]?.stringValue ?? "" {
        case "AK": return try keys(profile, place, context, source: "\(Self.provider)/static_ak")
        case "StsToken":
            return try keys(profile, place, context, token: "sts_token", source: "\(Self.provider)/static_sts")
        case "RamRoleArn":
            return try AlibabaSTS.assumeRole(
                try role(profile, "ram_session_name", place),
                with: try keys(profile, place, context, source: "static_ak"),
                context,
                source: "\(Self.provider)/ram_role_arn")
        case "ChainableRamRoleArn":
            let source = try required(profile, "source_profile", place)
            let found = try credentials(source, reading, seen: seen + [name])
            let base = found.renamed(String(found.source.dropFirst(Self.provider.count + 1)))
            return try AlibabaSTS.assumeRole(
                try role(profile, "ram_session_name", place), with: base, context,
                source: "\(Self.provider)/ram_role_arn")
        case "EcsRamRole":
            let metadata = AlibabaMetadataSource(
                roleName: profile["ram_role_name"]?.stringValue, providerName: "\(Self.provider)/ecs_ram_role")
            do throws(CredentialUnavailable) {
                return try metadata.fetch(context)
            } catch {
                throw error.ofWhatIsSetUp
            }
        case "OIDC":
            return try AlibabaSTS.assumeRoleWithOIDC(
                try role(profile, "role_session_name", place),
                providerARN: try required(profile, "oidc_provider_arn", place),
                tokenFile: try required(profile, "oidc_token_file", place), context,
                source: "\(Self.provider)/oidc_role_arn")
        case "External":
            return try ExternalCommand.fetch(
                try required(profile, "process_command", place), place, context, source: "\(Self.provider)/external")
        case "": throw CredentialUnavailable(.wrong, "the key mode \(place) is missing")
        case let mode:
            throw CredentialUnavailable(
                .wrong,
                "the mode \"\(mode.shown(limit: 40))\" \(place) is not supported; AK, StsToken, RamRoleArn, ChainableRamRoleArn, "
                    + "EcsRamRole, OIDC and External are")
        }
    }

    private func keys(
        _ profile: JSONValue, _ place: String, _ context: CredentialContext, token: String? = nil, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        if let token { _ = try required(profile, token, place) }
        return try Checked.credentials(
            context, id: profile["access_key_id"]?.stringValue, secret: profile["access_key_secret"]?.stringValue,
            token: token.flatMap { profile[$0]?.stringValue }, source: source,
            named: ("access_key_id \(place)", "access_key_secret \(place)", "\(token ?? "") \(place)"))
    }

    private func role(
        _ profile: JSONValue, _ sessionKey: String, _ place: String
    ) throws(CredentialUnavailable) -> AlibabaRole {
        AlibabaRole(
            arn: try required(profile, "ram_role_arn", place), sessionName: profile[sessionKey]?.stringValue,
            durationSeconds: profile["expired_seconds"]?.intValue, policy: profile["policy"]?.stringValue,
            externalID: profile["external_id"]?.stringValue, stsRegion: profile["sts_region"]?.stringValue,
            usesVPC: profile["enable_vpc"]?.boolValue)
    }

    private func required(
        _ profile: JSONValue, _ key: String, _ place: String
    ) throws(CredentialUnavailable) -> String {
        guard let value = profile[key]?.stringValue, !value.isEmpty else {
            throw CredentialUnavailable(.wrong, "the key \(key) \(place) is missing or empty")
        }
        return value
    }

    /// A name in quotes, short and on one line.
    private static func shown(_ name: String) -> String {
        "\"\(name.shown(limit: 60))\""
    }
}
