internal import CPlatform
public import Core
internal import Foundation

/// A transport without a network: each request meets what the script says, then the simulated cloud.
///
/// Two ways of time. On a virtual clock `wait` returns at once with what is due (`wait(0)`), or first moves the clock to
/// the next thing (`wait(n)`), and everything runs on one thread. On a real clock `wait` blocks like a real transport, and
/// `wake` works from any thread.
public final class ScriptedTransport: Transport, @unchecked Sendable {
    /// One request as the script sees it.
    public struct Action: Sendable {
        /// Counted over all requests, from 0.
        public let index: Int
        /// Counted over the requests of its kind, from 0.
        public let indexOfKind: Int
        /// Nil for a plain URL.
        public let kind: CallKind?
        /// The tag of a submission; the URL otherwise.
        public let subject: String
        public let request: HTTPRequest
        public let options: TransferOptions
    }

    /// The outcome of a submission, as far as the engine knows.
    public struct Told: Sendable {
        public var acceptedID: String?
        /// A request left whose fate nobody can know, or that is still under way.
        public var inDoubt = false
        public var sent = 0
    }

    private struct Flight {
        let startedAt: Int64
        let dueAt: Int64
        let action: Action
        let reply: HTTPReply?
        let failure: TransferFailure?
        /// Of the body, what comes before the failure.
        let partOfBody: [UInt8]
        let sink: (any BodySink)?
        let departure: (any Departure)?
        let tag: String?
        let doubt: Bool
        /// Not one byte of the request has left.
        let isUnsent: Bool
        /// The request leaves when it is due.
        let isConnecting: Bool
    }

    public let cloud: SimulatedCloud
    private let clock: any Clock
    private let virtual: VirtualClock?
    // Guarded by the condition, for `wake` and for tests that look on while the engine runs.
    private let condition = NSCondition()
    private var script: @Sendable (Action) -> Fault?
    private var latency: @Sendable (Action) -> Int64 = { _ in 50 }
    private var flights: [UInt64: Flight] = [:]
    private var counts: [String: Int] = [:]
    private var told: [String: Told] = [:]
    private var actionCount = 0
    private var woken = false
    private var down = false
    private var faultsOfThePort: [String] = []
    private var most = 0
    private var beforeWake: @Sendable () -> Void = {}
    private var beforeDelivery: () -> Void = {}
    private var keepsActions = false
    private var kept: [Action] = []

    /// On a virtual clock, for one thread.
    public init(cloud: SimulatedCloud, clock: VirtualClock) {
        self.cloud = cloud
        self.clock = clock
        virtual = clock
        script = { _ in nil }
    }

    /// On a real clock.
    public init(cloud: SimulatedCloud, realClock: any Clock) {
        self.cloud = cloud
        clock = realClock
        virtual = nil
        script = { _ in nil }
    }

    // MARK: - For tests

    public func setScript(_ body: @escaping @Sendable (Action) -> Fault?) { locked { script = body } }
    public func setLatency(_ body: @escaping @Sendable (Action) -> Int64) { locked { latency = body } }
    /// What the tries of one submission meet, in order; then nothing.
    public func setFaults(ofSubmission tag: String, _ faults: [Fault]) {
        nonisolated(unsafe) var left = faults
        setScript { $0.kind == .submit && $0.subject == tag && !left.isEmpty ? left.removeFirst() : nil }
    }
    /// Runs at the head of `wake`, on the thread that wakes.
    public func setBeforeWake(_ body: @escaping @Sendable () -> Void) { locked { beforeWake = body } }
    /// Runs when answers have come that the engine has not seen.
    public func setBeforeDelivery(_ body: @escaping () -> Void) { locked { beforeDelivery = body } }
    /// Forgets all results so far.
    public func forget() { locked { told = [:] } }
    public var isDown: Bool { locked { down } }
    public func keepActions() { locked { keepsActions = true } }
    public var actions: [Action] { locked { kept } }
    public var started: Int { locked { actionCount } }
    public var inFlight: Int { locked { flights.count } }
    public var mostInFlight: Int { locked { most } }
    public func told(of tag: String) -> Told { locked { told[tag] ?? Told() } }
    /// Calls that broke the rules of the port or of the promises: has to stay empty.
    public var violations: [String] { locked { faultsOfThePort } }
    public var nextDue: Int64? { locked { flights.values.map(\.dueAt).min() } }

    private func locked<R>(_ body: () -> R) -> R {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    // MARK: - The port

    public func start(
        id: UInt64, request: HTTPRequest, options: TransferOptions, sink: (any BodySink)?, departure: (any Departure)?
    ) {
        locked {
            if down { faultsOfThePort.append("start after shutdown") }
            if flights[id] != nil { faultsOfThePort.append("id \(id) is in use") }
            let kind = Self.kind(of: request)
            let subject = kind == .submit ? String(decoding: request.body, as: UTF8.self) : request.url
            let name = kind.map { "\($0)" } ?? "url"
            let action = Action(
                index: actionCount, indexOfKind: counts[name] ?? 0, kind: kind, subject: subject, request: request,
                options: options)
            actionCount += 1
            counts[name, default: 0] += 1
            if keepsActions { kept.append(action) }
            if options.isSubmission != (kind == .submit) { faultsOfThePort.append("isSubmission is wrong") }
            if kind == nil, request.headers.contains(where: { $0.name.hasPrefix("x-") }) {
                faultsOfThePort.append("a URL got a signature")
            }
            flights[id] = flight(action, sink, departure, script(action))
            most = max(most, flights.count)
        }
    }

    private func flight(
        _ action: Action, _ sink: (any BodySink)?, _ departure: (any Departure)?, _ fault: Fault?
    ) -> Flight {
        let now = clock.nanoseconds()
        let tag = action.kind == .submit ? action.subject : nil
        var isConnecting = false
        if case .slowConnection? = fault { isConnecting = true }
        var leaves = fault?.leaves ?? true && !isConnecting
        let objection = leaves ? departure?.objection() : nil
        if objection != nil { leaves = false }
        var reply: HTTPReply?
        if leaves {
            if let tag {
                if told[tag]?.inDoubt == true || told[tag]?.acceptedID != nil {
                    faultsOfThePort.append("\(tag) was sent again though it may have been executed")
                }
                told[tag, default: Told()].sent += 1
                told[tag]?.inDoubt = true
            }
            reply = cloud.handle(
                action.request, kind: action.kind, at: now, unixMilliseconds: clock.unixMilliseconds(), fault: fault)
        }
        var wait = latency(action)
        var failure: TransferFailure?
        var part: [UInt8] = []
        switch fault {
        case .resolveFailure: failure = TransferFailure(.resolve, requestMayHaveLeft: false, detail: "no such host")
        case .refuseConnection: failure = TransferFailure(.connect, requestMayHaveLeft: false, detail: "refused")
        case .tlsFailure: failure = TransferFailure(.tls, requestMayHaveLeft: false, detail: "bad certificate")
        case .noDescriptors: failure = TransferFailure(.resources, requestMayHaveLeft: false, detail: "EMFILE")
        case .connectTimeout:
            wait = action.options.connectTimeoutMilliseconds
            failure = TransferFailure(.timeout, requestMayHaveLeft: false, detail: "connecting")
        case .slowConnection(let milliseconds):
            wait = min(milliseconds, action.options.connectTimeoutMilliseconds)
            if wait < milliseconds {
                failure = TransferFailure(.timeout, requestMayHaveLeft: false, detail: "connecting")
            }
        case .beforeTheWire(let kind): failure = TransferFailure(kind, requestMayHaveLeft: false, detail: "here")
        case .reset: failure = TransferFailure(.receive, requestMayHaveLeft: true, detail: "reset")
        case .emptyReply: failure = TransferFailure(.emptyReply, requestMayHaveLeft: true, detail: "")
        case .cutReply:
            part = Array((reply?.body ?? []).prefix((reply?.body.count ?? 0) / 2))
            failure = TransferFailure(.cutReply, requestMayHaveLeft: true, detail: "half")
        case .unendedReply:
            part = reply?.body ?? []
            failure = TransferFailure(
                .cutReply, requestMayHaveLeft: true, detail: "no end", reply: tag == nil ? nil : reply)
        case .silence:
            wait = .max
            failure = TransferFailure(.timeout, requestMayHaveLeft: true, detail: "silence")
        case .garbage: reply = HTTPReply(status: 200, body: [0xFF, 0x00, 0x80, 0x41])
        case .html: reply = HTTPReply(status: 502, body: Array("<html>Bad gateway</html>".utf8))
        case .unavailable: reply = HTTPReply(status: 503)
        case .internalError: reply = HTTPReply(status: 500, body: Array("error internal .".utf8))
        case .delay(let milliseconds): wait = milliseconds
        case .corrupt:
            if let count = reply?.body.count, count > 40 { reply?.body[30] ^= 0x20 }
        default: break
        }
        if let objection { failure = TransferFailure(.departure, requestMayHaveLeft: false, detail: objection) }
        let exchange = action.options.exchangeTimeoutMilliseconds
        let idle = action.options.idleTimeoutMilliseconds
        let limit = min(exchange > 0 ? exchange : .max, idle > 0 ? idle : .max)
        var doubt = fault?.leavesDoubt ?? false
        if wait > limit {
            wait = limit
            if failure == nil {
                failure = TransferFailure(.timeout, requestMayHaveLeft: leaves, detail: "too slow")
                doubt = leaves
            }
        }
        return Flight(
            startedAt: now, dueAt: now.adding(.nanoseconds(milliseconds: wait)), action: action,
            reply: failure == nil ? reply : nil, failure: failure, partOfBody: part, sink: sink, departure: departure,
            tag: tag,
            doubt: objection == nil && doubt,
            isUnsent: !leaves, isConnecting: isConnecting && failure == nil)
    }

    public func cancelUnsent(id: UInt64) -> Bool {
        locked {
            if down { faultsOfThePort.append("cancelUnsent after shutdown") }
            guard flights[id]?.isUnsent == true else { return false }
            flights[id] = nil
            return true
        }
    }

    public func cancel(id: UInt64) {
        locked {
            if down { faultsOfThePort.append("cancel after shutdown") }
            if let gone = flights.removeValue(forKey: id), gone.tag != nil {
                faultsOfThePort.append("the answer to \(gone.action.subject) was thrown away")
            }
        }
    }

    public func wait(milliseconds: Int64?) -> [(id: UInt64, result: TransferResult)] {
        condition.lock()
        if down { faultsOfThePort.append("wait after shutdown") }
        if let virtual {
            if milliseconds != 0, !woken, !flights.values.contains(where: { $0.dueAt <= virtual.nanoseconds() }) {
                let limit = milliseconds.map { virtual.nanoseconds().adding(.nanoseconds(milliseconds: $0)) } ?? .max
                let next = min(limit, flights.values.map(\.dueAt).min() ?? .max)
                if next < .max { virtual.advance(to: next) }
            }
        } else {
            let limit = milliseconds.map { clock.nanoseconds().adding(.nanoseconds(milliseconds: $0)) } ?? .max
            while !woken {
                let next = min(limit, flights.values.map(\.dueAt).min() ?? .max)
                let left = next.adding(-clock.nanoseconds())
                if left <= 0 { break }
                // Like a real transport: who sleeps is outside all turns, and waits for one without a lock.
                let depth = aigcp_turn_pause()
                if next == .max {
                    condition.wait()
                } else {
                    _ = condition.wait(until: Date(timeIntervalSinceNow: Double(left) / 1e9))
                }
                condition.unlock()
                aigcp_turn_resume(depth)
                condition.lock()
            }
        }
        woken = false
        let now = clock.nanoseconds()
        for (id, flight) in flights where flight.isConnecting && flight.dueAt <= now {
            flights[id] = self.flight(flight.action, flight.sink, flight.departure, nil)
        }
        let due = flights.filter { $0.value.dueAt <= now }.sorted {
            ($0.value.dueAt, $0.key) < ($1.value.dueAt, $1.key)
        }
        for (id, _) in due { flights[id] = nil }
        let hook = beforeDelivery
        condition.unlock()
        if !due.isEmpty { hook() }
        return due.map { (id: $0.key, result: land($0.value)) }
    }

    /// Hands a body to its sink and tells the books what the engine now knows.
    private func land(_ flight: Flight) -> TransferResult {
        if let tag = flight.tag, flight.action.kind == .submit {
            locked {
                if flight.doubt { return }
                told[tag]?.inDoubt = flight.failure?.reply != nil
                if let reply = flight.reply ?? flight.failure?.reply,
                    let text = String(validating: reply.body, as: UTF8.self), text.hasPrefix("accepted ")
                {
                    told[tag]?.inDoubt = false
                    told[tag]?.acceptedID = text.split(separator: " ").dropFirst().first.map(String.init)
                }
            }
        }
        if let failure = flight.failure {
            if let sink = flight.sink, !flight.partOfBody.isEmpty {
                let headers = HTTPHeaders([HTTPHeader("etag", Self.job(in: flight.action.request.url))])
                let isRange = flight.action.request.headers.contains { $0.name == "Range" }
                if !isRange, sink.begin(status: 200, headers: headers) {
                    _ = flight.partOfBody.withUnsafeBytes { sink.receive($0) }
                }
            }
            return .failed(failure)
        }
        guard var reply = flight.reply else {
            return .failed(TransferFailure(.emptyReply, requestMayHaveLeft: true, detail: ""))
        }
        if let sink = flight.sink {
            let body = reply.body
            reply.body = []
            var wantsMore = sink.begin(status: reply.status, headers: reply.headers)
            for part in [body.prefix(body.count / 2), body.suffix(body.count - body.count / 2)] where wantsMore {
                if !part.isEmpty { wantsMore = part.withUnsafeBytes { sink.receive($0) } }
            }
            if !wantsMore { return .failed(TransferFailure(.sink, requestMayHaveLeft: true, detail: "")) }
        }
        return .reply(reply)
    }

    public func wake() {
        locked { beforeWake }()
        locked {
            if down { faultsOfThePort.append("wake after shutdown") }
            woken = true
            condition.signal()
        }
    }

    public func shutdown() {
        locked {
            if down { faultsOfThePort.append("shutdown twice") }
            down = true
            flights = [:]
        }
    }

    private static func kind(of request: HTTPRequest) -> CallKind? {
        if request.url.hasSuffix("/submit") { return .submit }
        if request.url.contains("/status/") { return .status }
        return request.url.contains("/asset/") ? .asset : nil
    }

    private static func job(in url: String) -> String {
        url.split(separator: "/").first { $0.hasPrefix("job-") }.map(String.init) ?? ""
    }
}
