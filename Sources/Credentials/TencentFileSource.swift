internal import Core

/// `~/.tencentcloud/credentials`, else `/etc/tencentcloud/credentials`; or the file that TENCENTCLOUD_CREDENTIALS_FILE
/// names, alone. Of it the section that `credentials.profile` names, else [default].
struct TencentFileSource: CredentialSource {
    let name = "credentials file"

    func whatIsSet(_ context: CredentialContext) -> String? {
        context.variable("TENCENTCLOUD_CREDENTIALS_FILE").map {
            "TENCENTCLOUD_CREDENTIALS_FILE names \($0.shown(limit: 80))"
        }
    }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        let path: String
        let bytes: [UInt8]
        if let named = context.variable("TENCENTCLOUD_CREDENTIALS_FILE") {
            (path, bytes) = (named, try context.namedFile(named, by: "TENCENTCLOUD_CREDENTIALS_FILE"))
        } else {
            do throws(CredentialUnavailable) {
                (path, bytes) = try usual(context)
            } catch {
                guard let profile = context.settings.profile, error.kind == .absent else { throw error }
                throw CredentialUnavailable(
                    .wrong,
                    "credentials.profile names the profile \"\(profile.shown(limit: 60))\", which no file has: "
                        + error.reason)
            }
        }
        // The vendor's tools know [default] alone; who names another one means another account.
        let named = context.settings.profile
        let profile = named ?? "default"
        let names = ["secret_id", "secret_key", "token"]
        guard let section = try context.section(profile, of: bytes, path, names: names, hashCutsValues: false) else {
            let why = named == nil ? "" : ", which credentials.profile names"
            throw CredentialUnavailable(.wrong, "\(path) has no section [\(profile.shown(limit: 60))]\(why)")
        }
        let place = "of [\(profile.shown(limit: 60))] in \(path)"
        return try Checked.credentials(
            context, id: section["secret_id"], secret: section["secret_key"], token: section["token"],
            source: "profile",
            named: ("secret_id \(place)", "secret_key \(place)", "token \(place)"))
    }

    private func usual(_ context: CredentialContext) throws(CredentialUnavailable) -> (String, [UInt8]) {
        let system = context.settings.systemRoot + "/etc/tencentcloud/credentials"
        let own: String
        do throws(CredentialUnavailable) {
            own = try context.inHome(".tencentcloud/credentials")
        } catch {
            guard error.kind == .absent else { throw error }
            return (system, try context.secretFile(system))
        }
        do throws(CredentialUnavailable) {
            return (own, try context.secretFile(own))
        } catch {
            // A file that cannot be read is an error: the next source would be another identity.
            guard error.kind == .absent else { throw error }
        }
        do throws(CredentialUnavailable) {
            return (system, try context.secretFile(system))
        } catch {
            throw error.kind == .absent
                ? CredentialUnavailable(.absent, "there is neither \(own) nor \(system)") : error
        }
    }
}
