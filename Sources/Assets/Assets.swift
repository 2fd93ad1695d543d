// Assets: everything between the bytes of an answer and a published image: format, Base64, checksums, end markers, the
// .part file and its resumption. Imports Core, Codec, CCrypto (with CAssets) and Glibc; knows no cloud and no
// transport. A sink owns its state and is used by one thread at a time, as Core.AssetSink says: the engine thread, and
// a worker thread in `prepare` and `commit`. No globals, no locks.
public import Core

public enum Assets {
    /// Who answers.
    public enum Mode: Sendable {
        /// A provider's API: raw bytes, Base64 (bare, quoted, wrapped) or an error text. Cannot be resumed.
        case api
        /// A plain URL at an object store: the bytes of the image. Resumed with Range and If-Range.
        case url
    }

    public struct Options: Sendable {
        public var mode: Mode
        /// Replace an existing file. Off: `fileExists`, before any byte is fetched and again when
        /// publishing.
        public var overwrite: Bool
        /// A larger image is refused, as soon as its size is announced. 1 or more.
        public var maximumBytes: Int64
        /// The identity of the image, the same in every process: a job and an index, or a URL without its
        /// signature. It is hashed into the name of the .part file and into its notes, never stored. Empty: no
        /// resumption by another sink.
        public var identity: String
        /// False: `abandon` always removes the .part file.
        public var keepPartial: Bool
        /// True: a file gets 0666 less the umask, like files of other tools; false: 0600.
        public var followsUmask: Bool

        public init(
            mode: Mode, identity: String, overwrite: Bool = false, maximumBytes: Int64 = 512 << 20,
            keepPartial: Bool = true, followsUmask: Bool = true
        ) {
            self.mode = mode
            self.identity = identity
            self.overwrite = overwrite
            self.maximumBytes = maximumBytes
            self.keepPartial = keepPartial
            self.followsUmask = followsUmask
        }
    }

    /// A sink to a file, or to memory when `path` is nil. A path that ends in ".*" gets the extension of the format
    /// that comes: png, jpg, webp, gif or bmp. Only checks the form of the path (`invalidArgument`); `prepare` touches
    /// the disk. Any thread.
    public static func makeSink(path: String?, options: Options) throws(Failure) -> any AssetSink {
        guard let path else { return MemorySink(options: options) }
        return try FileSink(path: path, options: options)
    }
}

/// Makes sinks that share their settings.
public final class AssetSinks: AssetSinkFactory {
    private let overwrite: Bool
    private let maximumBytes: Int64
    private let keepPartial: Bool
    private let followsUmask: Bool

    /// As in `Assets.Options`.
    public init(
        overwrite: Bool = false, maximumBytes: Int64 = 512 << 20, keepPartial: Bool = true, followsUmask: Bool = true
    ) {
        self.overwrite = overwrite
        self.maximumBytes = maximumBytes
        self.keepPartial = keepPartial
        self.followsUmask = followsUmask
    }

    public func make(path: String?, isAPIAnswer: Bool, identity: String) throws(Failure) -> any AssetSink {
        try Assets.makeSink(
            path: path,
            options: Assets.Options(
                mode: isAPIAnswer ? .api : .url, identity: identity, overwrite: overwrite, maximumBytes: maximumBytes,
                keepPartial: keepPartial, followsUmask: followsUmask))
    }
}
