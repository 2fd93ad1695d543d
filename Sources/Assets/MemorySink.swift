public import Core

/// An image to memory, handed over without a copy. Resumes within its own life only.
public final class MemorySink: AssetSink {
    private let store: MemoryStore
    private let receiver: Receiver<MemoryStore>

    /// Any thread.
    public init(options: Assets.Options) {
        store = MemoryStore(maximumBytes: options.maximumBytes)
        receiver = Receiver(options: options, store: store)
    }

    public var resumeOffset: Int64 { receiver.resumeOffset }
    public var resumeValidator: String? { receiver.resumeValidator }
    public var received: Int64 { receiver.received }
    public var expected: Int64 { receiver.expected }

    public func aim(at object: String) { receiver.aim(at: object) }
    public func prepare() throws(Failure) {}
    public func pause() {}
    public func begin(status: Int, headers: HTTPHeaders) -> Bool { receiver.begin(status: status, headers: headers) }
    public func receive(_ bytes: UnsafeRawBufferPointer) -> Bool { receiver.receive(bytes) }
    public func finish(_ result: TransferResult) -> AssetFinish { receiver.finish(result) }
    public func restart() throws(Failure) { try receiver.restart() }

    public func commit() throws(Failure) -> AssetResult {
        guard receiver.isVerified, let format = receiver.verifier?.format, let bytes = store.take() else {
            throw Failure(.internal, "Handing over an image that has not been verified")
        }
        return AssetResult(
            contentType: format.contentType, byteCount: Int64(bytes.count), path: nil, bytes: bytes,
            warnings: receiver.warnings)
    }

    public func abandon(keepPartial: Bool) {
        do throws(Failure) {
            try store.clear()
        } catch {
            // Freeing memory cannot fail.
        }
    }
}
