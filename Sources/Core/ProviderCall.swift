/// The purpose of a call: decides its rate, its retries and how its answer is read.
public enum CallKind: Equatable, Sendable {
    case submit
    case status
    case asset
    /// Any other read (credentials, lists).
    case read
}

/// A call that is not signed yet. It can be signed again at any time, with another date, nonce and credentials.
///
/// It never changes and is passed on often: as a class, each owner takes one reference instead of eight.
public final class ProviderCall: Sendable {
    public let kind: CallKind
    public let provider: String
    /// The provider's name of the call; with the account it names the rate limit.
    public let action: String
    /// As in `JobReference`.
    public let endpoint: String
    public let region: String
    public let method: HTTPRequest.Method
    public let path: String
    /// Not encoded; sorted by the signer.
    public let query: [(name: String, value: String)]
    public let body: [UInt8]
    /// The job of a status call, for answers that list several jobs. Empty if the call itself names the job.
    public let remoteID: String
    /// A call by name: its answer is the result. As a write (`CallKind.submit`) it is sent at most once like any
    /// submission, as a read (`CallKind.read`) it is repeated.
    public let isDirect: Bool
    /// Of a submission: its model, version and resolution as one text. Jobs that differ in these take differently long.
    public let variant: String

    public init(
        kind: CallKind, provider: String, action: String, endpoint: String, region: String, method: HTTPRequest.Method,
        path: String, query: [(name: String, value: String)] = [], body: [UInt8] = [], remoteID: String = "",
        isDirect: Bool = false, variant: String = ""
    ) {
        self.kind = kind
        self.provider = provider
        self.action = action
        self.endpoint = endpoint
        self.region = region
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.remoteID = remoteID
        self.isDirect = isDirect
        self.variant = variant
    }
}
