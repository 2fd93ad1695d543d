public import Core

/// A place that may have credentials.
public protocol CredentialSource: Sendable {
    /// For people: "environment", "~/.aliyun/config.json".
    var name: String { get }
    /// How long before their end to renew the credentials, in milliseconds; 0 for credentials that do not end.
    var refreshAheadMilliseconds: Int64 { get }
    /// True for a source that needs no configuration: it asks a service that may not be there.
    func isProbe(_ context: CredentialContext) -> Bool
    /// What somebody has set that leads to this source, in words, for the case that another source is used; nil: nothing.
    func whatIsSet(_ context: CredentialContext) -> String?

    /// One generation of credentials, id, secret and token together. Blocks for as long as its time-outs allow.
    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials
}

extension CredentialSource {
    public var refreshAheadMilliseconds: Int64 { 0 }
    public func isProbe(_ context: CredentialContext) -> Bool { false }
    public func whatIsSet(_ context: CredentialContext) -> String? { nil }
}

/// Why a source gave nothing. One clause for people, never with a secret.
public struct CredentialUnavailable: Error, Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// This source is not configured.
        case absent
        /// This source is configured and cannot be used; another try would fail too.
        case wrong
        /// The same may work later: a server's fault, a lost connection.
        case transient
        /// No metadata service answers: as `absent` on a machine that has none, as `transient` once it has given.
        case nobody
    }

    /// A reason is one line of at most so many bytes, whatever file or server it repeats.
    static let maximumBytes = 1_000

    public var kind: Kind
    public let reason: String
    /// True for the word of a server that was asked; otherwise it is what this machine's files and variables hold.
    public var isOfServer: Bool
    /// A service that nobody configured has named a role: this machine is set up for that role.
    public private(set) var isOfNamedRole = false

    public init(_ kind: Kind, _ reason: String, isOfServer: Bool = false) {
        self.kind = kind
        self.reason = reason.shown(limit: Self.maximumBytes)
        self.isOfServer = isOfServer
    }

    /// The same for a configured source: it is a mistake if such a source finds nothing.
    var ofWhatIsSetUp: CredentialUnavailable {
        kind == .absent ? CredentialUnavailable(.wrong, reason, isOfServer: isOfServer) : self
    }

    /// The same for the keys of a role that a metadata service has named.
    var ofNamedRole: CredentialUnavailable {
        var error = ofWhatIsSetUp
        error.isOfNamedRole = true
        return error
    }
}

/// How long before their end temporary credentials are renewed, by kind of source, in milliseconds. As the vendors'
/// tools have it, except that Tencent's renew after a tenth of the life of an assumed role, which this does not need.
public enum RefreshAhead {
    public static let alibabaSTS: Int64 = 15 * 60_000
    public static let alibabaMetadata: Int64 = 15 * 60_000
    public static let credentialsURI: Int64 = 15 * 60_000
    public static let external: Int64 = 3 * 60_000
    public static let tencentMetadata: Int64 = 5 * 60_000
    public static let tencentSTS: Int64 = 12 * 60_000
}
