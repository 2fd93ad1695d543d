/// One cloud: encodes, signs, decodes. Pure: no clock, no I/O, no state; called from any thread.
public protocol Provider: AnyObject, Sendable {
    var name: String { get }
    var operations: [OperationDescription] { get }

    /// Checks that all required fields are there, and encodes a submission. Runs on the caller's thread.
    func submission(operation: String, fields: RequestFields) throws(Failure) -> ProviderCall
    /// The reference of the job that an accepted submission has started.
    func reference(operation: String, remoteID: String) -> JobReference
    /// Refuses references (from tokens) whose endpoint is neither configured nor one of the provider's own hosts.
    func validate(_ reference: JobReference) throws(Failure)
    func statusCall(_ reference: JobReference) -> ProviderCall
    func assetAccess(_ reference: JobReference, _ asset: AssetReference) -> AssetAccess
    /// The way to fetch a URL, decided by its own host alone.
    func access(url: String) -> AssetAccess
    /// Whether the caller has named the host of a URL as the caller's own: it may have an inner address, and a redirect
    /// from there to such a host is judged by `access` again. Redirects of other hosts are never signed.
    func isOwn(url: String) -> Bool
    /// The `User-Agent` for image hosts.
    var userAgent: String { get }
    /// The asset that a fetch operation names, checked. Runs on the caller's thread.
    func fetch(operation: String, fields: RequestFields) throws(Failure) -> AssetAccess
    /// Any call of the product by its own name, with a JSON object (nil: an empty one); `isDirect` is set. Refuses to
    /// read with an action that is known to submit. Runs on the caller's thread.
    func call(action: String, json: [UInt8]?, reads: Bool) throws(Failure) -> ProviderCall

    /// Whether `sign` uses its nonce; otherwise the nonce may be empty.
    var wantsNonce: Bool { get }
    /// The signed request for a call. `nonce` is 32 lower-case hex digits, new each time.
    func sign(
        _ call: ProviderCall, credentials: Credentials, unixSeconds: Int64, nonce: String
    ) throws(Failure) -> HTTPRequest

    /// The body of a call for a debug log: bounded, without secrets and without the queries of URLs.
    func shown(_ call: ProviderCall) -> String
    /// Reads the answer to a submission or a status call.
    func decode(
        _ call: ProviderCall, operation: String, reply: HTTPReply, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure>
    /// Reads an answer that should be an image and is not: an error status, or a JSON envelope with HTTP 200.
    /// `access` says which kind of server sent it.
    func decodeAssetFailure(_ access: AssetAccess, reply: HTTPReply) -> CallFailure
}

extension Provider {
    public var wantsNonce: Bool { true }

    public func access(url: String) -> AssetAccess { .url(url) }

    public func shown(_ call: ProviderCall) -> String { "" }

    public func call(action: String, json: [UInt8]?, reads: Bool) throws(Failure) -> ProviderCall {
        throw Failure(.invalidArgument, "Calling \(name) by name: it has no such calls", field: "action")
    }
}
