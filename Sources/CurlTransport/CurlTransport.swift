// CurlTransport: HTTP over libcurl's multi interface. May import Core, CCurl, CPlatform and Glibc; the only importer of CCurl.
// A transport's state belongs to the engine thread: every call but `wake` is made there, one at a time.
//
// At most once. libcurl sends a request again by itself when a kept-alive connection dies before the first byte of an
// answer. It asks CURLOPT_PREREQFUNCTION before each sending, the second too: a submission gets a yes until libcurl could
// write a byte of it, and never on a connection that the other end has ended. Measured (instructions a call, TLS, 16 in
// flight): libcurl as it is 127,000; so guarded 128,300; with a body that cannot be rewound, which protects no request
// without a body, 135,400; with a connection for each submission 7,735,000.
//
// The right answer. HTTP/1.1 has no numbers: whatever comes next on a connection is taken for the answer to what was asked
// last. So no request goes onto a connection on which bytes wait; bytes behind the end of an answer end its connection; and
// transfers that may use HTTP/2 have a pool of their own (MultiHandle.Pool).

public import Core

import CCurl
import CPlatform
import Glibc

/// Moves bytes for one engine thread. Signals: the thread that calls `wait` is to have SIGPIPE blocked or ignored,
/// because OpenSSL writes to sockets in a way that raises it.
public final class CurlTransport: Transport {
    private let shared: SlotSettings
    private let proxies: ProxyRules
    private let loop: EventLoop
    /// One for each pool of connections. Nil before the first transfer of a pool, and after one was given up.
    private var multi: MultiHandle?
    private var multi2: MultiHandle?
    private var active: [UInt64: Slot] = [:]
    private var spare: [Slot] = []
    private var ended: [(id: UInt64, result: TransferResult)] = []
    /// Transfers that send a large body.
    private var uploads: [Slot] = []
    /// No limit of an active transfer passes before this instant.
    private var nextDeadline = Int64.max
    /// Set while libcurl runs, when it may not be called: what a sink asks for then is done afterwards.
    private var isInsideLibrary = false
    private var deferred: [() -> Void] = []
    private var isShutDown = false
    private var trustCache = TrustCache()
    /// The newest URL of a call that was found to be well-formed: the next one is mostly the same.
    private var goodURL = ""

    private static let spareLimit = 64

    /// - Throws: `noResources` when libcurl cannot be set up (memory, descriptors), `internal` when it is too old.
    public convenience init(_ settings: CurlSettings) throws(Failure) {
        try self.init(settings, resendGuard: .oneRequest)
    }

    init(_ settings: CurlSettings, resendGuard: ResendGuard) throws(Failure) {
        guard Library.isReady, let loop = EventLoop() else { throw Self.noResources }
        shared = SlotSettings(settings: settings, trust: TrustAnchors(settings), resendGuard: resendGuard)
        proxies = try ProxyRules(settings)
        self.loop = loop
        let lacksOption = Failure(
            .internal, "libcurl \(CurlVersion.curl) lacks an option: 7.87 or newer is needed")
        switch MultiHandle.open(settings, .http1, loop: loop) {
        case .handle(let handle): multi = handle
        case .noMemory: throw Self.noResources
        case .lacksOption: throw lacksOption
        }
        guard let first = Slot(shared, loop: loop) else { throw lacksOption }
        spare.append(first)
    }

    private static let noResources = Failure(
        .noResources, "starting the network failed: descriptors or memory are exhausted (ulimit -n)")

    deinit { shutdown() }

    /// Has two functions called around each sleep of the thread that waits. Set it before the first `wait`.
    public func setAroundSleep(_ calls: AroundSleep) { loop.aroundSleep = calls }

    public func start(
        id: UInt64, request: HTTPRequest, options: TransferOptions, sink: (any BodySink)?, departure: (any Departure)?
    ) {
        if isInsideLibrary {
            deferred.append { [unowned self] in
                start(id: id, request: request, options: options, sink: sink, departure: departure)
            }
            return
        }
        loop.refresh()
        if let failure = tryStart(id, request, options, sink, departure) { ended.append((id, .failed(failure))) }
    }

    private func tryStart(
        _ id: UInt64, _ request: HTTPRequest, _ options: TransferOptions, _ sink: (any BodySink)?,
        _ departure: (any Departure)?
    ) -> TransferFailure? {
        var request = request
        func failure(_ kind: TransferFailure.Kind, _ detail: String) -> TransferFailure {
            TransferFailure(kind, requestMayHaveLeft: false, detail: detail)
        }
        guard !isShutDown, active[id] == nil else {
            return failure(.cancelled, "the transport is closed or the id is used")
        }
        if request.url != goodURL {
            guard WebURL.isReady(request.url) else {
                return failure(.badURL, "not an absolute http or https URL in printable ASCII")
            }
            if sink == nil { goodURL = request.url }
        }
        var proxy = ""
        let checksHost = options.publicAddressesOnly && !shared.settings.allowPrivateAddresses
        if checksHost || !(proxies.areEmpty || options.bypassProxy) || shared.trust.problem != nil {
            guard let parts = WebURL(request.url) else {
                return failure(.badURL, "the URL has no host that can be read, or a user in it")
            }
            if !options.bypassProxy {
                proxy = proxies.proxy(isHTTPS: parts.isSecure, host: parts.host, port: String(parts.port))
            }
            if parts.isSecure, let problem = shared.trust.problem { return failure(.tls, "\(parts.label): \(problem)") }
            // What was judged is what libcurl, a resolver and a proxy get to read.
            if checksHost { request.url = parts.text }
            let isResolvedHere = proxy.isEmpty || ProxyRules.isGivenAddresses(proxy)
            if checksHost, !HostLiteral.mayBePublic(parts.host, isResolvedHere: isResolvedHere) {
                return failure(
                    .addressRefused,
                    "\(Redaction.line(parts.label)) is not a public address; image URLs may lead to public addresses only"
                )
            }
        }
        guard let slot = spare.popLast() ?? Slot(shared, loop: loop) else {
            return failure(.resources, "no memory for a transfer")
        }
        slot.departure = departure
        slot.trustSeconds = trustCache.seconds(at: loop.now)
        if let failure = slot.begin(id: id, request: request, options: options, sink: sink, proxy: proxy) {
            retire(slot)
            return failure
        }
        guard let multi = usableMulti(slot.pool) else {
            retire(slot)
            return failure(.resources, "no memory for a transfer")
        }
        if let problem = slot.join(multi) {
            retire(slot)
            return failure(.connect, "libcurl did not begin the transfer: \(problem)")
        }
        active[id] = slot
        if slot.isUploading { uploads.append(slot) }
        nextDeadline = min(nextDeadline, deadline(of: slot).at)
        return nil
    }

    private func usableMulti(_ pool: MultiHandle.Pool) -> MultiHandle? {
        let found = pool == .http1 ? multi : multi2
        if let found, found.problem == nil { return found }
        if found != nil { collect() }
        guard case .handle(let handle) = MultiHandle.open(shared.settings, pool, loop: loop) else { return nil }
        if pool == .http1 { multi = handle } else { multi2 = handle }
        return handle
    }

    public func cancel(id: UInt64) {
        ended.removeAll { $0.id == id }
        if isInsideLibrary {
            active[id]?.stop = .cancelled
            deferred.append { [unowned self] in cancel(id: id) }
            return
        }
        if let slot = active.removeValue(forKey: id) { release(slot) }
    }

    /// libcurl asks `Slot.mayRequest` when the connection stands, proxy and TLS included, and before it writes the first byte
    /// of the request: also on a reused connection and on a stream of HTTP/2, and before TLS early data, which is off. So a
    /// request that has got no yes has not left, and one that libcurl no longer has gets none.
    public func cancelUnsent(id: UInt64) -> Bool {
        let result = ended.first { $0.id == id }?.result
        if case .failed(let failure)? = result, !failure.requestMayHaveLeft {
            cancel(id: id)
            return true
        }
        // Stricter than `requestMayHaveLeft`: TLS may hold a part of a record that libcurl counts as not written.
        guard let slot = active[id], slot.requestsAllowed == 0 else { return false }
        cancel(id: id)
        return true
    }

    public func wait(milliseconds: Int64?) -> [(id: UInt64, result: TransferResult)] {
        guard !isShutDown else { return takeEnded() }
        loop.refresh()
        let until = milliseconds.map { loop.now.adding(milliseconds: max($0, 0)) } ?? .max
        var wasRung = false
        var hasPolled = false
        while true {
            if let multi, multi.timerAt <= loop.now { runTimer(of: multi) }
            if let multi2, multi2.timerAt <= loop.now { runTimer(of: multi2) }
            collect()
            if loop.now >= nextDeadline {
                // This process may have stood still: what came meanwhile came in time as far as anybody can tell.
                var looks = active.count / Int(EventLoop.capacity) + 2
                repeat {
                    if loop.poll(until: loop.now, { run($0, $1, owner: $2) }) { wasRung = true }
                    collect()
                    looks -= 1
                } while loop.wasFull && looks > 0
                expire()
            }
            if !uploads.isEmpty { uploads.removeAll { !$0.isUploading } }
            let isDue = wasRung || !ended.isEmpty || loop.now >= until
            if isDue && hasPolled { return takeEnded() }
            let timer = min(multi?.timerAt ?? .max, multi2?.timerAt ?? .max)
            let next = isDue ? loop.now : min(until, timer, nextDeadline)
            if loop.poll(until: next, { run($0, $1, owner: $2) }) { wasRung = true }
            hasPolled = true
            for slot in uploads { slot.noticeUpload() }
        }
    }

    public func wake() { loop.ring() }

    /// For tests: bytes received so far by a transfer, and the announced total or -1. A sink tells the engine itself.
    func progress(id: UInt64) -> (received: Int64, total: Int64) {
        guard let slot = active[id] else { return (0, -1) }
        return (slot.received, slot.announced)
    }

    public func shutdown() {
        guard !isShutDown else { return }
        isShutDown = true
        let signals = aigcp_signals_hold()
        for slot in active.values { slot.multi?.remove(slot) }
        active.removeAll()
        uploads.removeAll()
        spare.removeAll()
        multi = nil
        multi2 = nil
        aigcp_signals_release(signals)
    }

    // MARK: the loop

    /// Lets libcurl work on one descriptor.
    private func run(_ fd: curl_socket_t, _ what: Int32, owner: Int32) {
        guard let multi = owner == MultiHandle.Pool.http1.rawValue ? multi : multi2 else { return }
        run(multi, fd, what)
    }

    private func runTimer(of multi: MultiHandle) {
        multi.timerAt = .max
        run(multi, CURL_SOCKET_TIMEOUT, 0)
    }

    private func run(_ multi: MultiHandle, _ fd: curl_socket_t, _ what: Int32) {
        isInsideLibrary = true
        multi.run(fd, what)
        isInsideLibrary = false
        if !deferred.isEmpty {
            let work = deferred
            deferred.removeAll()
            for item in work { item() }
        }
    }

    /// Takes out what libcurl has ended.
    private func collect() {
        if let multi { collect(multi) }
        if let multi2 { collect(multi2) }
    }

    private func collect(_ multi: MultiHandle) {
        while let (slot, code) = multi.nextDone() {
            if case .unusable = slot.stop, !slot.wantsNewConnection {
                startAnew(slot, multi)
            } else if slot.knowsAddress {
                goOn(slot, multi)
            } else {
                finish(slot) { $0.result(code) }
            }
        }
        if let problem = multi.problem { giveUp(multi, problem) }
    }

    /// Nothing of the request was sent: it gets a connection of its own.
    private func startAnew(_ slot: Slot, _ multi: MultiHandle) {
        multi.remove(slot)
        slot.startAnew()
        if let problem = multi.add(slot) { finish(slot) { $0.givenUp(problem) } }
    }

    /// The address is known that the proxy is to connect to: the transfer itself begins.
    private func goOn(_ slot: Slot, _ multi: MultiHandle) {
        multi.remove(slot)
        guard slot.goThroughProxy() else { return finish(slot) { $0.givenUp("libcurl refused an option") } }
        if let problem = multi.add(slot) { finish(slot) { $0.givenUp(problem) } }
    }

    /// libcurl does not say which transfer its multi handle has failed of: all of them end, and the next one has a new
    /// handle.
    private func giveUp(_ multi: MultiHandle, _ problem: String) {
        for slot in Array(active.values) where slot.multi === multi { finish(slot) { $0.givenUp(problem) } }
        if multi.pool == .http1 { self.multi = nil } else { multi2 = nil }
    }

    /// Ends what has passed a limit of ours: libcurl counts idle time in whole seconds, and none while a transfer waits
    /// for a connection.
    private func expire() {
        guard loop.now >= nextDeadline else { return }
        nextDeadline = .max
        var late: [(Slot, Bool)] = []
        for slot in active.values {
            let (at, isIdle) = deadline(of: slot)
            if at <= loop.now { late.append((slot, isIdle)) } else { nextDeadline = min(nextDeadline, at) }
        }
        for (slot, isIdle) in late { finish(slot) { $0.timedOut(isIdle: isIdle) } }
    }

    private func deadline(of slot: Slot) -> (at: Int64, isIdle: Bool) {
        let limit = slot.options.idleTimeoutMilliseconds
        // Until the request may leave, the connect limit counts; but the first look must not come too late.
        guard limit > 0 else { return (slot.exchangeEnd, false) }
        let idleEnd = (slot.requestMayHaveLeft ? slot.lastActivity : loop.now).adding(milliseconds: limit)
        return idleEnd < slot.exchangeEnd ? (idleEnd, true) : (slot.exchangeEnd, false)
    }

    private func finish(_ slot: Slot, _ result: (Slot) -> TransferResult) {
        guard active.removeValue(forKey: slot.id) != nil else { return }
        let result = result(slot)
        trustCache.note(result, of: slot, at: loop.now)
        ended.append((slot.id, result))
        release(slot)
    }

    private func release(_ slot: Slot) {
        if slot.bodyBytes > 0, !uploads.isEmpty { uploads.removeAll { $0 === slot } }
        slot.multi?.remove(slot)
        retire(slot)
        if active.isEmpty { nextDeadline = .max }
    }

    private func retire(_ slot: Slot) {
        // A handle that has refused an option may refuse it again.
        let isSound = slot.refusal == nil
        slot.clear()
        if isSound, spare.count < Self.spareLimit { spare.append(slot) }
    }

    private func takeEnded() -> [(id: UInt64, result: TransferResult)] {
        guard !ended.isEmpty else { return [] }
        var result: [(id: UInt64, result: TransferResult)] = []
        swap(&result, &ended)
        return result
    }
}

/// libcurl reads the authorities once and keeps them for a day: also those of a file that was exchanged since, and what
/// came of them in a moment without memory. After a connection that was not trusted they are read anew.
private struct TrustCache {
    /// When the authorities were first in doubt; nil while they are not.
    private var doubtedSince: Int64?

    private static let day = 86_400

    /// How old what libcurl keeps may be; 0: it is neither used nor replaced.
    func seconds(at now: Int64) -> Int {
        guard let doubtedSince else { return Self.day }
        // libcurl counts in whole seconds: only then is what it keeps older than one for sure, and is replaced.
        return now >= doubtedSince.adding(milliseconds: 1_000) ? 1 : 0
    }

    mutating func note(_ result: TransferResult, of slot: Slot, at now: Int64) {
        if case .failed(let failure) = result, failure.kind == .tls, !failure.requestMayHaveLeft {
            if doubtedSince == nil { doubtedSince = now }
        } else if slot.trustSeconds == 1, slot.hasOpenedSocket, slot.requestMayHaveLeft, slot.url.hasPrefix("https") {
            doubtedSince = nil
        }
    }
}

/// libcurl's own state of the process: made once, by the first transport, never unmade.
enum Library {
    static let isReady = aigcu_global_init() == CURLE_OK
}
