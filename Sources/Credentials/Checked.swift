internal import Core

/// Credentials are only made here, from parts that a header and a signature can carry.
enum Checked {
    /// `what` names the origin in messages: "variable X", "key access_key_id of profile p".
    static func credentials(
        _ context: CredentialContext, id: String?, secret: String?, token: String? = nil,
        expiresAtMilliseconds: Int64 = 0, source: String, named names: (id: String, secret: String, token: String)
    ) throws(CredentialUnavailable) -> Credentials {
        let id = try part(id, names.id)
        let secret = try part(secret, names.secret)
        var given: Secret?
        if let token, !token.isEmpty { given = Secret(try part(token, names.token)) }
        if expiresAtMilliseconds != 0, expiresAtMilliseconds <= context.unixMilliseconds() {
            throw CredentialUnavailable(.transient, "what it gave has already ended; is the clock right?")
        }
        let found = Credentials(
            id: id, secret: Secret(secret), token: given, expiresAtMilliseconds: expiresAtMilliseconds, source: source)
        context.secrets.add(found)
        return found
    }

    private static func part(_ text: String?, _ name: String) throws(CredentialUnavailable) -> String {
        guard let text, !text.isEmpty else { throw CredentialUnavailable(.wrong, "\(name) is missing or empty") }
        // A trailing line break is the usual accident of a mounted secret, and would only show as a refused signature.
        if let fault = KeyText.fault(text) { throw CredentialUnavailable(.wrong, "\(name) \(fault)") }
        return text
    }
}
