public import Core

/// How a transport with these settings would reach a host, for people. Looked up when it is made; holds no secret.
public struct NetworkSummary: Sendable {
    /// The PEM file and the directory of certificate authorities that are trusted; nil: none of that kind.
    public let caFile: String?
    public let caPath: String?
    /// Why no https transfer can work, or nil.
    public let caProblem: String?
    public let clientCertificate: String?
    private let proxies: ProxyRules

    /// Refuses proxies that cannot be read.
    public init(_ settings: CurlSettings) throws(Failure) {
        let trust = TrustAnchors(settings)
        caFile = trust.file
        caPath = trust.path
        caProblem = trust.problem
        clientCertificate = settings.clientCertificate
        proxies = try ProxyRules(settings)
    }

    /// The passwords of the proxies, so that they can be removed from texts.
    public var passwords: [Secret] { proxies.passwords }

    /// The proxy for a URL, without user and password; nil for none.
    public func proxy(for url: String) -> String? {
        guard let parts = WebURL(url) else { return nil }
        let proxy = proxies.proxy(isHTTPS: parts.isSecure, host: parts.host, port: String(parts.port))
        guard !proxy.isEmpty else { return nil }
        // Without a scheme a user would not be recognised as one.
        return Redaction.line(proxy.saysScheme ? proxy : "http://" + proxy)
    }
}
