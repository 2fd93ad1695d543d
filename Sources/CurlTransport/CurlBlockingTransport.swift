public import Core

import CCurl

/// One exchange after another on the calling thread, for credential sources. Any thread, any number at a time; nothing
/// is kept between calls, no connection and no descriptor. Blocks for as long as the options' limits allow.
public final class CurlBlockingTransport: BlockingTransport {
    private let settings: CurlSettings

    public init(_ settings: CurlSettings) {
        self.settings = settings
    }

    public func exchange(_ request: HTTPRequest, options: TransferOptions) -> TransferResult {
        let pipe = aigcu_sigpipe_hold()
        defer { aigcu_sigpipe_release(pipe) }
        let transport: CurlTransport
        do {
            transport = try CurlTransport(settings)
        } catch {
            return .failed(TransferFailure(.resources, requestMayHaveLeft: false, detail: error.message))
        }
        defer { transport.shutdown() }
        transport.start(id: 1, request: request, options: options, sink: nil)
        while true {
            if let ended = transport.wait(milliseconds: nil).first { return ended.result }
        }
    }
}
