public import Core

import CCurl
import CPlatform

/// One exchange after another on the calling thread, for credential sources. Any thread, any number at a time; nothing
/// is kept between calls, no connection and no descriptor. Blocks for as long as the options' limits allow.
public final class CurlBlockingTransport: BlockingTransport {
    private let settings: CurlSettings
    private let isCancelled: (@Sendable () -> Bool)?
    private let aroundSleep: AroundSleep?

    /// How soon a cancellation is noticed.
    private static let sliceMilliseconds: Int64 = 50

    /// - Parameters:
    ///   - isCancelled: asked now and then while an exchange runs; true ends it as cancelled. Nil: never asked.
    ///   - aroundSleep: as `CurlTransport.setAroundSleep`.
    public init(
        _ settings: CurlSettings, aroundSleep: AroundSleep? = nil, isCancelled: (@Sendable () -> Bool)? = nil
    ) {
        self.settings = settings
        self.aroundSleep = aroundSleep
        self.isCancelled = isCancelled
    }

    public func exchange(_ request: HTTPRequest, options: TransferOptions) -> TransferResult {
        // OpenSSL writes to sockets without MSG_NOSIGNAL.
        let signals = aigcp_signals_hold()
        defer { aigcp_signals_release(signals) }
        let transport: CurlTransport
        do {
            transport = try CurlTransport(settings)
        } catch {
            return .failed(TransferFailure(.resources, requestMayHaveLeft: false, detail: error.message))
        }
        defer { transport.shutdown() }
        if let aroundSleep { transport.setAroundSleep(aroundSleep) }
        transport.start(id: 1, request: request, options: options, sink: nil)
        while true {
            let slice = isCancelled == nil ? nil : Self.sliceMilliseconds
            if let ended = transport.wait(milliseconds: slice).first { return ended.result }
            if isCancelled?() == true {
                return .failed(
                    TransferFailure(.cancelled, requestMayHaveLeft: true, detail: "ended because nobody waits any more")
                )
            }
        }
    }
}
