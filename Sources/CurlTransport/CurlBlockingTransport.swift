public import Core

import CCurl

/// One exchange after another on the calling thread, for credential sources. Any thread, any number at a time.
public final class CurlBlockingTransport: BlockingTransport {
    private let settings: CurlSettings

    public init(_ settings: CurlSettings) {
        self.settings = settings
    }

    public func exchange(_ request: HTTPRequest, options: TransferOptions) -> TransferResult {
        .failed(TransferFailure(.resources, requestMayHaveLeft: false, detail: "not built yet"))
    }
}
