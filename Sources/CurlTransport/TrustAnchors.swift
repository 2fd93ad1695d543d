import Core
import CCurl
import Glibc

/// Where the certificate authorities are. Looked for once, when a transport is made.
struct TrustAnchors: Sendable {
    var file: String?
    var path: String?
    /// Why no https transfer can work, or nil.
    var problem: String?

    /// The bundles of Debian, Red Hat, SUSE and Alpine.
    static let knownFiles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    init(_ settings: CurlSettings, knownFiles: [String] = Self.knownFiles, libraryDefaults: [String]? = nil) {
        func set(_ name: String) -> String? {
            guard let value = settings.environment[name], !value.isEmpty else { return nil }
            return value
        }
        if settings.caFile != nil || settings.caPath != nil {
            file = settings.caFile
            path = settings.caPath
            problem = Self.missing(file: file, path: path, from: "the configured")
            return
        }
        file = set("SSL_CERT_FILE") ?? set("CURL_CA_BUNDLE")
        path = set("SSL_CERT_DIR")
        if file != nil || path != nil {
            problem = Self.missing(file: file, path: path, from: "the environment's")
            return
        }
        let places = (libraryDefaults ?? Self.libraryDefault()) + knownFiles
        file = places.first { Self.isReadable($0) }
        if file == nil {
            problem =
                "no certificate authorities were found: install the package ca-certificates, or configure a CA file "
                + "(SSL_CERT_FILE works too)"
        }
    }

    private static func libraryDefault() -> [String] {
        guard let version = aigcu_version(), let file = version.pointee.cainfo else { return [] }
        return [String(cString: file)]
    }

    private static func missing(file: String?, path: String?, from origin: String) -> String? {
        if let file, !isReadable(file) {
            return
                "\(origin) CA file \(Redaction.line(file)) cannot be read: name a PEM file of certificate authorities"
        }
        // A list of directories is separated by colons, as in OpenSSL; one existing directory is enough.
        if let path, !path.split(separator: ":").contains(where: { isReadable(String($0)) }) {
            return
                "\(origin) CA directory \(Redaction.line(path)) cannot be read: name a directory of hashed certificates"
        }
        return nil
    }

    private static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
