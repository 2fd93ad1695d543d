// CurlTransport: HTTP over libcurl's multi interface. May import Core, CCurl and Glibc; the only importer of CCurl.
// A transport's state belongs to the engine thread: every call but `wake` is made there, one at a time.

public import Core

import CCurl

/// Moves bytes for one engine thread.
public final class CurlTransport: Transport {
    /// - Throws: `noResources` when libcurl cannot be set up (memory, descriptors).
    public init(_ settings: CurlSettings) throws(Failure) {
    }

    public func start(id: UInt64, request: HTTPRequest, options: TransferOptions, sink: (any BodySink)?) {}
    public func cancel(id: UInt64) {}
    public func wait(milliseconds: Int64?) -> [(id: UInt64, result: TransferResult)] { [] }
    public func wake() {}
    public func progress(id: UInt64) -> (received: Int64, total: Int64) { (0, -1) }
    public func shutdown() {}
}
