public import Core

/// Writes an image to `<name>.<id>.part` in the target's folder, verifies it, and only then gives it its name. `<id>`
/// comes from the identity and the name, so that a later sink for the same image finds the .part and continues it.
///
/// The .part file and its note have mode 0600; the image too, or 0666 less the umask (`followsUmask`). A
/// relative path is resolved when the sink is made; changing the working folder afterwards is harmless. While it is open a
/// sink holds two descriptors and 64 KiB. In a child of a fork it touches no file.
public final class FileSink: AssetSink {
    private let store: FileStore
    private let receiver: Receiver<FileStore>

    /// Checks the form of the path only, and asks for the working folder. Any thread.
    public convenience init(path: String, options: Assets.Options) throws(Failure) {
        try self.init(path: path, options: options, calls: .system)
    }

    init(path: String, options: Assets.Options, calls: FileCalls) throws(Failure) {
        let place = try FilePlace(path: path, identity: options.identity)
        store = FileStore(
            place: place, overwrite: options.overwrite, followsUmask: options.followsUmask, calls: calls)
        receiver = Receiver(options: options, store: store, identity: place.identity)
    }

    public var resumeOffset: Int64 { receiver.resumeOffset }
    public var resumeValidator: String? { receiver.resumeValidator }
    public var received: Int64 { receiver.received }
    public var expected: Int64 { receiver.expected }

    public func aim(at object: String) { receiver.aim(at: object) }

    /// Refuses a bad target (`fileExists`, `file`, `noResources`), opens or takes over the .part file and reads
    /// its bytes. After an error nothing is open and no file was left behind.
    public func prepare() throws(Failure) {
        let found = try store.open()
        receiver.boot = Machine.bootIdentity()
        guard let found else { return }
        let kept = receiver.restore(found.note, size: found.size) { store.read(at: $0, into: $1) }
        do throws(Failure) {
            try store.resume(from: kept)
            if kept == 0 { try receiver.restart() }
        } catch {
            store.discard(keep: false)
            throw error
        }
    }

    public func pause() {
        guard store.isOurs else { return }
        store.discard(keep: receiver.leave())
        receiver.forget()
    }

    public func begin(status: Int, headers: HTTPHeaders) -> Bool { receiver.begin(status: status, headers: headers) }
    public func receive(_ bytes: UnsafeRawBufferPointer) -> Bool { receiver.receive(bytes) }
    public func finish(_ result: TransferResult) -> AssetFinish { receiver.finish(result) }
    public func restart() throws(Failure) { try receiver.restart() }

    public func commit() throws(Failure) -> AssetResult {
        guard receiver.isVerified, let format = receiver.verifier?.format else {
            throw Failure(.internal, "Publishing an image that has not been verified")
        }
        let file = try store.publish(format)
        var warnings = receiver.warnings
        if format.contradicts(store.place.name), !store.place.isOpen {
            warnings.append(
                "File '\(FileFailure.shown(file.path))' holds a \(format.rawValue.uppercased()), which its suffix does "
                    + "not say; a path that ends in .* gets the right suffix")
        }
        return AssetResult(
            contentType: format.contentType, byteCount: file.count, path: file.path, bytes: nil, warnings: warnings)
    }

    public func abandon(keepPartial: Bool) {
        store.discard(keep: keepPartial && store.isOurs && receiver.leave())
    }
}
