import CCurl
import Glibc

/// libcurl's multi handle: all transfers of a transport, and the connections that they share. Engine thread.
///
/// One whose call has failed is not used again but to let its transfers go. libcurl 7.88 that gets no memory for the
/// socket of a transfer keeps an empty table for it, and divides by its size when the socket is next looked at.
final class MultiHandle {
    private let multi: UnsafeMutableRawPointer
    private let loop: EventLoop
    /// Why it cannot be used any more.
    private(set) var problem: String?

    /// What a new one came to.
    enum Opened {
        case handle(MultiHandle)
        case noMemory
        /// libcurl is too old.
        case lacksOption
    }

    static func open(_ settings: CurlSettings, loop: EventLoop) -> Opened {
        guard let multi = aigcu_multi_open() else { return .noMemory }
        let handle = MultiHandle(multi, loop)
        let me = Unmanaged.passUnretained(loop).toOpaque()
        let perHost = max(1, settings.maxConnectionsPerHost)
        // Two hosts at their limit stay connected; without a number libcurl closes most when few transfers run.
        let kept = perHost.multipliedReportingOverflow(by: 2)
        let codes = [
            aigcu_multi_set_socket_callback(multi, onSocket, me), aigcu_multi_set_timer_callback(multi, onTimer, me),
            aigcu_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, perHost),
            aigcu_multi_set_long(multi, CURLMOPT_MAXCONNECTS, kept.overflow ? perHost : kept.partialValue),
        ]
        // CURLMOPT_QUICK_EXIT: cleaning up waits for no resolver. libcurl knows it since 8.20, and refuses it before.
        _ = aigcu_multi_set_long(multi, CURLMoption(rawValue: 21), 1)
        return codes.allSatisfy { $0 == CURLM_OK } ? .handle(handle) : .lacksOption
    }

    private init(_ multi: UnsafeMutableRawPointer, _ loop: EventLoop) {
        self.multi = multi
        self.loop = loop
    }

    /// Its transfers have been removed.
    deinit {
        curl_multi_cleanup(multi)
        loop.forget()
    }

    func add(_ slot: Slot) -> Bool { problem == nil && curl_multi_add_handle(multi, slot.easy) == CURLM_OK }

    func remove(_ slot: Slot) { curl_multi_remove_handle(multi, slot.easy) }

    /// Lets libcurl work on one descriptor, or on its timers.
    func run(_ fd: curl_socket_t, _ what: Int32) {
        guard problem == nil else { return }
        var running: Int32 = 0
        let code = curl_multi_socket_action(multi, fd, what, &running)
        if code != CURLM_OK {
            problem = curl_multi_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
        }
    }

    /// The next transfer that libcurl has ended.
    func nextDone() -> (Slot, CURLcode)? {
        var code = CURLE_OK
        while let easy = aigcu_multi_next_done(multi, &code) {
            if let slot = Slot.of(easy) { return (slot, code) }
        }
        return nil
    }
}

private let onSocket: curl_socket_callback = { _, fd, what, context, _ in
    guard let context else { return 0 }
    Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue().watch(fd, what)
    return 0
}

private let onTimer: curl_multi_timer_callback = { _, milliseconds, context in
    guard let context else { return 0 }
    let loop = Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue()
    loop.timerAt = milliseconds < 0 ? .max : loop.now.adding(milliseconds: Int64(milliseconds))
    return 0
}
