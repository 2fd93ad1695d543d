/// How the transport treats a transfer.
public struct TransferOptions: Equatable, Sendable {
    /// True for a submission: the transport must never send its bytes a second time, on whatever connection.
    public var isSubmission: Bool
    /// True for image URLs: addresses that are private, loopback or link-local are refused, also behind a public name.
    public var publicAddressesOnly: Bool
    /// True for a plain fetch from a store, which is no call of an API. libcurl may send it again, and it gets no client
    /// certificate. A signed call is sent once: its nonce is refused the second time.
    public var isForStore = false
    /// Credential calls to link-local metadata services never go through a proxy.
    public var bypassProxy: Bool
    /// Until the connection stands, TLS included.
    public var connectTimeoutMilliseconds: Int64
    /// The whole exchange; 0 is no limit.
    public var exchangeTimeoutMilliseconds: Int64
    /// The transfer ends after so long without a byte; 0 is no limit.
    public var idleTimeoutMilliseconds: Int64
    /// An answer kept in memory that grows beyond this ends the transfer. Does not bound what goes to a sink.
    public var maximumReplyBytes: Int

    public init(
        isSubmission: Bool = false, publicAddressesOnly: Bool = false, bypassProxy: Bool = false,
        connectTimeoutMilliseconds: Int64 = 10_000, exchangeTimeoutMilliseconds: Int64 = 30_000,
        idleTimeoutMilliseconds: Int64 = 30_000, maximumReplyBytes: Int = 8 << 20
    ) {
        self.isSubmission = isSubmission
        self.publicAddressesOnly = publicAddressesOnly
        self.bypassProxy = bypassProxy
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.exchangeTimeoutMilliseconds = exchangeTimeoutMilliseconds
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.maximumReplyBytes = maximumReplyBytes
    }
}

/// Why a transfer gave no answer.
public struct TransferFailure: Error, Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        case resolve, connect, tls, proxy, send, receive, timeout, emptyReply, cutReply, tooLarge
        case addressRefused, malformedReply, badURL, resources, cancelled
        /// The sink stopped it; the sink holds the reason.
        case sink
        /// `Departure` has said no.
        case departure
    }

    public var kind: Kind
    /// False only when provably not one byte of the request left this machine.
    public var requestMayHaveLeft: Bool
    /// One line for people, without secrets: host and port, address, what the library said.
    public var detail: String
    /// For a submission: the received part of the answer, if its head was whole. JSON shows its own end, so an id in it
    /// can be read although the end of the answer did not come.
    public var reply: HTTPReply?

    public init(_ kind: Kind, requestMayHaveLeft: Bool, detail: String, reply: HTTPReply? = nil) {
        self.kind = kind
        self.requestMayHaveLeft = requestMayHaveLeft
        self.detail = detail
        self.reply = reply
    }
}

public enum TransferResult: Sendable {
    case reply(HTTPReply)
    case failed(TransferFailure)
}

/// Takes the body of an answer as it comes, on the engine thread. `begin` is called once a transfer, `receive` any number
/// of times. Returning false ends the transfer with `TransferFailure.Kind.sink`.
public protocol BodySink: AnyObject {
    func begin(status: Int, headers: HTTPHeaders) -> Bool
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// Is asked when a connection stands, right before the first byte of a request leaves. Engine thread.
public protocol Departure: AnyObject {
    /// Why no byte may leave; nil: the request may.
    func objection() -> String?
}

/// Moves bytes. All calls on the engine thread but `wake`.
public protocol Transport: AnyObject {
    /// Starts a transfer. With a sink the body goes there and the reply's body is empty. The result comes out of `wait`.
    func start(
        id: UInt64, request: HTTPRequest, options: TransferOptions, sink: (any BodySink)?, departure: (any Departure)?)
    /// Ends a transfer without a result. Unknown ids are fine.
    func cancel(id: UInt64)
    /// Ends a transfer without a result if provably not one byte of its request has left, and from then on none can leave.
    /// False: a byte may have left, and the result comes out of `wait`; or the id is unknown.
    func cancelUnsent(id: UInt64) -> Bool
    /// Moves bytes, then waits until a transfer ends, `wake` is called, or the time is up (nil: no limit).
    /// Returns the ended transfers.
    func wait(milliseconds: Int64?) -> [(id: UInt64, result: TransferResult)]
    /// Makes `wait` return, now or the next time. Any thread.
    func wake()
    /// Closes all connections. Nothing is called afterwards.
    func shutdown()
}

extension Transport {
    /// A request that may leave whenever its connection stands.
    public func start(id: UInt64, request: HTTPRequest, options: TransferOptions, sink: (any BodySink)?) {
        start(id: id, request: request, options: options, sink: sink, departure: nil)
    }
}

/// A clock that never goes back, and the time of day.
public protocol Clock: AnyObject {
    func nanoseconds() -> Int64
    func unixMilliseconds() -> Int64
}

/// Randomness for jitter and nonces.
public protocol RandomSource: AnyObject {
    func next() -> UInt64
}

/// One exchange after another, on the calling thread. For credential sources, which run on a worker thread.
public protocol BlockingTransport: AnyObject, Sendable {
    func exchange(_ request: HTTPRequest, options: TransferOptions) -> TransferResult
}
