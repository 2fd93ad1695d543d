/// The result of a download.
public struct AssetResult: Sendable {
    /// "image/png" and so on, from the bytes.
    public var contentType: String
    public var byteCount: Int64
    /// The file that was written, or nil for memory.
    public var path: String?
    /// The bytes, for memory.
    public var bytes: AssetBytes?

    /// A warning about an image that is handed over all the same; holds no secret.
    public var warnings: [String]

    public init(
        contentType: String, byteCount: Int64, path: String?, bytes: AssetBytes?, warnings: [String] = []
    ) {
        self.warnings = warnings
        self.contentType = contentType
        self.byteCount = byteCount
        self.path = path
        self.bytes = bytes
    }
}

/// Image bytes in memory that can be handed over without a copy. Allocated with malloc, freed with free. Any
/// thread.
public final class AssetBytes: @unchecked Sendable {
    // Written once in init and never again, so it is safe to share.
    public let base: UnsafeMutableRawPointer
    public let count: Int
    private let release: @Sendable (UnsafeMutableRawPointer) -> Void

    public init(
        base: UnsafeMutableRawPointer, count: Int, release: @escaping @Sendable (UnsafeMutableRawPointer) -> Void
    ) {
        self.base = base
        self.count = count
        self.release = release
    }

    deinit { release(base) }
}

/// The next step after a transfer to an asset sink.
public enum AssetFinish: Sendable {
    /// All bytes are there and right: `commit` publishes them.
    case complete
    /// The answer was a text or an error status, and no image: the provider reads it.
    case notAnImage(HTTPReply)
    /// The bytes stop too early: a Range request can fetch the rest.
    case incomplete(Failure)
    /// The checksum or the end marker is wrong, or the object has changed: only a start from zero can help.
    case corrupt(Failure)
    /// The disk, the path or a size limit refuses the image: a repetition does not help.
    case failed(Failure)
}

/// Receives one image, decodes it (raw or Base64), checks it and publishes it. `begin`, `receive`, `finish` and `abandon`
/// run on the engine thread; `commit` may be slow (fsync, rename) and runs on a worker thread while nothing else is called.
public protocol AssetSink: BodySink {
    /// Bytes kept from an earlier transfer or process; above 0 asks for `Range: bytes=N-` with `If-Range: validator`.
    var resumeOffset: Int64 { get }
    var resumeValidator: String? { get }
    /// Bytes of the image received so far and in all (-1: unknown).
    var received: Int64 { get }
    var expected: Int64 { get }

    /// The next transfer asks for this object (`AssetAccess.object`). Bytes that are held of another one are neither
    /// continued nor taken for a part of it.
    func aim(at object: String)
    /// Opens the file of a transfer, once, and again after each `pause`. Slow work is allowed: this runs on a worker
    /// thread.
    func prepare() throws(Failure)
    /// Between two transfers: closes the file, and keeps the received bytes for the next `prepare`.
    func pause()
    /// After a transfer has ended: `result` is the transport's result.
    func finish(_ result: TransferResult) -> AssetFinish
    /// Forgets the received bytes: the next transfer starts from zero.
    func restart() throws(Failure)
    func commit() throws(Failure) -> AssetResult
    /// Ends without an image. A partial file is kept only when it can be resumed.
    func abandon(keepPartial: Bool)
}

/// Makes the sink of a download. Called on the caller's thread: it checks the path's form and touches no file.
public protocol AssetSinkFactory: AnyObject, Sendable {
    /// - path: the file, possibly ending in ".*"; nil for memory.
    /// - isAPIAnswer: the answer may be Base64 or an envelope; otherwise it is a plain object of a store.
    /// - identity: names the image across processes, without secrets; what a `.part` must match to be continued.
    func make(path: String?, isAPIAnswer: Bool, identity: String) throws(Failure) -> any AssetSink
}
