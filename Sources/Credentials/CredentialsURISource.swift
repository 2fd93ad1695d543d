internal import Codec
internal import Core

/// A URL that answers with credentials, as the environment names it.
struct CredentialsURISource: CredentialSource {
    let name = "credentials URI"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.credentialsURI }

    func whatIsSet(_ context: CredentialContext) -> String? {
        context.variable("ALIBABA_CLOUD_CREDENTIALS_URI") == nil ? nil : "ALIBABA_CLOUD_CREDENTIALS_URI is set"
    }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard let uri = context.variable("ALIBABA_CLOUD_CREDENTIALS_URI") else {
            throw CredentialUnavailable(.absent, "ALIBABA_CLOUD_CREDENTIALS_URI is not set")
        }
        guard WebURL.isReady(uri) else {
            throw CredentialUnavailable(.wrong, "ALIBABA_CLOUD_CREDENTIALS_URI is no http or https URL")
        }
        let server = "the credentials URI"
        let answer = try context.json(HTTPRequest(method: .get, url: uri), context.options(for: uri), server)
        guard ASCIIText.saysNoError(answer["Code"]?.stringValue ?? "") else {
            throw CredentialUnavailable(.transient, "\(server) refused\(CredentialContext.code(answer["Code"]))")
        }
        return try AlibabaSTS.temporary(answer, context, server: server, source: "default/credential_uri")
    }
}
