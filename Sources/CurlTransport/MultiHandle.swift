import CCurl
import Glibc

/// libcurl's multi handle: transfers of one pool, and the connections that they share. Engine thread.
///
/// One whose call has failed is not used again but to let its transfers go. libcurl 7.88 that gets no memory for the
/// socket of a transfer keeps an empty table for it, and divides by its size when the socket is next looked at.
final class MultiHandle {
    /// Transfers that may use HTTP/2 and those that may not share no connection. Where they do, libcurl 7.88 takes each
    /// connection to a host that has spoken HTTP/2 for one of many streams, also one of HTTP/1.1: two requests share it, and
    /// each gets the other's answer.
    enum Pool: Int32 {
        case http1, http2
    }

    let pool: Pool
    /// When libcurl wants to be called without an event; `Int64.max`: never.
    var timerAt = Int64.max
    /// In the pool of HTTP/2: the HTTP/1.1 connections that are in use, by their sockets, and by which transfer.
    private var holders: [Int32: UInt64] = [:]
    /// All that are open.
    let sockets: OpaquePointer
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

    static func open(_ settings: CurlSettings, _ pool: Pool, loop: EventLoop) -> Opened {
        guard let sockets = aigcu_sockets_new() else { return .noMemory }
        guard let multi = aigcu_multi_open() else {
            aigcu_sockets_free(sockets)
            return .noMemory
        }
        let handle = MultiHandle(multi, sockets, pool, loop)
        let me = Unmanaged.passUnretained(handle).toOpaque()
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

    private init(_ multi: UnsafeMutableRawPointer, _ sockets: OpaquePointer, _ pool: Pool, _ loop: EventLoop) {
        self.multi = multi
        self.sockets = sockets
        self.pool = pool
        self.loop = loop
    }

    /// Its transfers have been removed.
    deinit {
        curl_multi_cleanup(multi)
        aigcu_sockets_free(sockets)
        loop.forget(owner: pool.rawValue)
    }

    /// Nil, or why libcurl does not take it.
    func add(_ slot: Slot) -> String? {
        if let problem { return problem }
        let code = curl_multi_add_handle(multi, slot.easy)
        return code == CURLM_OK ? nil : Self.text(code)
    }

    func remove(_ slot: Slot) {
        curl_multi_remove_handle(multi, slot.easy)
        if pool == .http2 { release(slot) }
    }

    /// Takes an HTTP/1.1 connection of the pool of HTTP/2 for one transfer; false if another one is using it. isFresh: the
    /// transfer has opened it, and nobody else can know it: a number that a connection had before means nothing.
    func hold(_ socket: Int32, for slot: Slot, isFresh: Bool) -> Bool {
        if !isFresh, let holder = holders[socket], holder != slot.id { return false }
        release(slot)
        holders[socket] = slot.id
        return true
    }

    /// Before the slot gets another socket, and after its transfer.
    private func release(_ slot: Slot) {
        if holders[slot.socket] == slot.id { holders[slot.socket] = nil }
    }

    fileprivate func watch(_ fd: Int32, _ what: Int32) { loop.watch(fd, what, owner: pool.rawValue) }

    fileprivate func setTimer(milliseconds: Int) {
        timerAt = milliseconds < 0 ? .max : loop.now.adding(milliseconds: Int64(milliseconds))
    }

    private static func text(_ code: CURLMcode) -> String {
        curl_multi_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
    }

    /// Lets libcurl work on one descriptor, or on its timers.
    func run(_ fd: curl_socket_t, _ what: Int32) {
        guard problem == nil else { return }
        var running: Int32 = 0
        let code = curl_multi_socket_action(multi, fd, what, &running)
        if code != CURLM_OK {
            problem = Self.text(code)
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
    Unmanaged<MultiHandle>.fromOpaque(context).takeUnretainedValue().watch(fd, what)
    return 0
}

private let onTimer: curl_multi_timer_callback = { _, milliseconds, context in
    guard let context else { return 0 }
    Unmanaged<MultiHandle>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds: milliseconds)
    return 0
}
