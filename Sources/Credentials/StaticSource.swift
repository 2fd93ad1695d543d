internal import Core

/// Credentials that the configuration gives.
struct StaticSource: CredentialSource {
    let name = "configuration"
    let credentials: Credentials

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard !credentials.id.isEmpty, !credentials.secret.isEmpty else {
            throw CredentialUnavailable(.wrong, "the key id or the secret is empty")
        }
        return credentials
    }
}
