internal import Core

/// Decides when a call may leave. No I/O and no clock: events come in, actions come out.
///
///                    credentials?          permit and place?       submission?
///     enter -> asking -----------> queued -----------------> + ---------------> recording -> onWire -> left
///                                                            +-------------------------------^
///       ^                                                                             |
///       +------------------------------ held <----------------------------------------+
///
/// - asking: waits for the credentials of its provider; holds nothing.
/// - queued: waits in the line of its gate (its kind of call, its account), or of the plain downloads; holds nothing.
/// - recording: the journal records its intent; holds its permit and its place. Nothing has left yet, so the call can be
///   withdrawn.
/// - held: waits for its host's word; has given its permit and its place back, and stands in line again after it.
/// - onWire: holds its place until `left`. A submission cannot be withdrawn any more; one that has not left is cut by
///   `CallRunner.cutUnsent`, which tells `left`.
///
/// Every call that entered ends once: by `left`, by `withdraw`, or by the action `refuse`. A submission is sent at most
/// once for each `enter`. A call asks for credentials again at each step, because a call can wait for longer
/// than its credentials live. Engine thread only.
struct CallScheduler {
    private enum Stage {
        case asking(CallLane)
        case queued(CallGate)
        case recording(CallGate)
        case held(CallLane)
        case onWire(CallGate)
        case plainQueued(CallLane)
        case plainOnWire(CallLane)
    }

    private struct Entry {
        let owner: CallOwner
        let stage: Stage
    }

    private var newestTicket: UInt64 = 0
    private var entries = TicketTable<Entry>()
    private var credentials = FewKeys<CredentialState>()
    private var alarms: [String: CredentialAlarm] = [:]
    private var asking: [String: [UInt64]] = [:]
    private var gates: CallGates
    /// Gates whose next call leaves as soon as it has a permit and there is a place.
    private var callLine: [CallGate] = []
    private var imageLine: [CallGate] = []
    private var signedImageIsNext = false
    private var plainDownloads = DownloadQueue()
    private var calls: Places
    private var images: Places
    private var timers = TimerHeap()
    private var wakeAt: Int64 = .max

    /// - book: what status calls are worth.
    /// - patienceMilliseconds: a status call that has waited for so long is not passed over for ever.
    init(
        maximumInFlight: Int, maximumDownloads: Int, rates: RateRegistry, book: SurvivalBook = SurvivalBook(),
        patienceMilliseconds: Int64 = 20_000
    ) {
        calls = Places(most: maximumInFlight)
        images = Places(most: maximumDownloads)
        gates = CallGates(rates: rates, book: book, patienceMilliseconds: patienceMilliseconds)
    }

    // MARK: - Looking

    /// Calls that wait for credentials, a permit or a place.
    @inline(__always) var waiting: Int { entries.count - calls.taken - images.taken }
    var callsInFlight: Int { calls.taken }
    @inline(__always) var downloadsInFlight: Int { images.taken }
    /// For tests: the number of kept entries.
    var count: Int { entries.count }
    var gateCount: Int { gates.count }
    var askingCount: Int { asking.values.joined().filter { entries[$0] != nil }.count }

    func isOnWire(_ id: UInt64) -> Bool {
        switch entries[id]?.stage {
        case .onWire, .plainOnWire: true
        default: false
        }
    }

    /// Whether a call waits for credentials or in its line, and holds nothing.
    func isWaiting(_ id: UInt64) -> Bool {
        switch entries[id]?.stage {
        case .asking, .queued: true
        default: false
        }
    }

    func isAsking(_ id: UInt64) -> Bool { if case .asking = entries[id]?.stage { true } else { false } }

    /// The credentials in use for a provider.
    func credentials(of provider: String) -> Credentials? { credentials[provider]?.current }

    /// Whether only the host can renew the credentials of a provider.
    func hostRenews(_ provider: String) -> Bool { credentials[provider]?.isPushed == true }

    // MARK: - Events

    mutating func newTicket() -> UInt64 {
        newestTicket &+= 1
        return newestTicket
    }

    mutating func handle(_ event: CallEvent, at now: Instant, into actions: inout [CallAction]) {
        switch event {
        case .enter(let ticket, let lane, let expires): enter(ticket, lane, expires, now, &actions)
        case .withdraw(let id): withdraw(id, &actions)
        case .hurry(let id): if case .queued(let gate) = entries[id]?.stage { gate.hurry(id) }
        case .credentials(let provider, let news): hear(provider, news, now, &actions)
        case .recorded(let id, let failure): recorded(id, failure, now, &actions)
        case .held(let id): held(id, now)
        case .released(let id): released(id, now, &actions)
        case .left(let id, let verdict): left(id, verdict, now, &actions)
        case .tick: tick(now, &actions)
        }
        let due = timers.nextDue ?? .max
        if due != wakeAt {
            wakeAt = due
            actions.append(.wake(at: due))
        }
    }

    private mutating func enter(
        _ ticket: Ticket, _ lane: CallLane, _ expires: Int64, _ now: Instant, _ actions: inout [CallAction]
    ) {
        if lane.isPlain {
            move(ticket, to: .plainQueued(lane))
            plainDownloads.append(ticket.id, expiresAtMilliseconds: expires)
        } else if let stage = admit(ticket, lane, now, &actions) {
            move(ticket, to: stage)
        }
    }

    private mutating func withdraw(_ id: UInt64, _ actions: inout [CallAction]) {
        guard let entry = entries[id] else { return }
        // Lines hold numbers only: they skip the number of a withdrawn call.
        switch entry.stage {
        case .onWire(let gate) where gate.lane.isSubmission: return
        case .onWire(let gate):
            giveBack(gate.lane)
            actions.append(.cut(Ticket(id: id, owner: entry.owner)))
        case .plainOnWire(let lane):
            giveBack(lane)
            actions.append(.cut(Ticket(id: id, owner: entry.owner)))
        case .recording(let gate): giveBack(gate.lane)
        case .queued(let gate): gate.withdrew()
        case .asking, .held, .plainQueued: break
        }
        entries[id] = nil
        if case .plainQueued = entry.stage { plainDownloads.withdraw { [entries] in entries[$0] != nil } }
    }

    private mutating func hear(
        _ provider: String, _ news: CredentialNews, _ now: Instant, _ actions: inout [CallAction]
    ) {
        switch news {
        case .found(let result, let ahead):
            credentials[provider, default: CredentialState()].resolved(
                result, aheadMilliseconds: ahead, at: now.monotonic, unixMilliseconds: now.unixMilliseconds)
        case .given(let given):
            let askAt = credentials[provider, default: CredentialState()].push(
                given, unixMilliseconds: now.unixMilliseconds)
            let alarm = alarms[provider] ?? CredentialAlarm(provider: provider)
            alarms[provider] = alarm
            alarm.askAt = askAt ?? .max
            wind(alarm, now)
        }
        for id in asking.removeValue(forKey: provider) ?? [] {
            guard let entry = entries[id], case .asking(let lane) = entry.stage else { continue }
            let stage = admit(Ticket(id: id, owner: entry.owner), lane, now, &actions)
            entries[id] = stage.map { Entry(owner: entry.owner, stage: $0) }
        }
    }

    private mutating func recorded(_ id: UInt64, _ failure: Failure?, _ now: Instant, _ actions: inout [CallAction]) {
        // One that was withdrawn meanwhile is gone, and nothing of it has left.
        guard let entry = entries[id], case .recording(let gate) = entry.stage else { return }
        let ticket = Ticket(id: id, owner: entry.owner)
        if let failure {
            giveBack(gate.lane)
            entries[id] = nil
            // Reported to the host at once: the same key may be submitted again when the journal can be written.
            actions.append(.refuse(ticket, gate.lane, CallFailure(.refused, failure)))
            return
        }
        switch askCredentials(ticket, gate.lane, now, &actions) {
        case .ready(let current):
            move(ticket, to: .onWire(gate))
            actions.append(.send(ticket, gate.lane, current))
        case .waits:
            giveBack(gate.lane)
            move(ticket, to: .asking(gate.lane))
        case .refused:
            giveBack(gate.lane)
            entries[id] = nil
        }
    }

    /// Any number may be held: they must not keep others off the wire. Whoever comes next has the permit.
    private mutating func held(_ id: UInt64, _ now: Instant) {
        guard let entry = entries[id], case .recording(let gate) = entry.stage else { return }
        giveBack(gate.lane)
        gate.giveBack(at: now.monotonic)
        open(gate)
        move(Ticket(id: id, owner: entry.owner), to: .held(gate.lane))
    }

    private mutating func released(_ id: UInt64, _ now: Instant, _ actions: inout [CallAction]) {
        guard let entry = entries[id], case .held(let lane) = entry.stage else { return }
        let stage = admit(Ticket(id: id, owner: entry.owner), lane, now, &actions)
        entries[id] = stage.map { Entry(owner: entry.owner, stage: $0) }
    }

    private mutating func left(
        _ id: UInt64, _ verdict: CallVerdict, _ now: Instant, _ actions: inout [CallAction]
    ) {
        guard let entry = entries.remove(id) else { return }
        switch entry.stage {
        case .plainOnWire(let lane): giveBack(lane)
        case .onWire(let gate):
            giveBack(gate.lane)
            learn(verdict, gate, now, &actions)
        // Not on the wire: it cannot leave it.
        case .asking, .queued, .recording, .held, .plainQueued: entries[id] = entry
        }
    }

    private mutating func learn(_ verdict: CallVerdict, _ gate: CallGate, _ now: Instant, _ actions: inout [CallAction])
    {
        switch verdict {
        case .nothing: break
        case .throttled(let pause): gate.throttled(at: now.monotonic, retryAfterMilliseconds: pause)
        case .staleCredentials(let used):
            let provider = gate.lane.name.provider
            if credentials[provider, default: CredentialState()].refused(used) { actions.append(.askHost(provider)) }
        }
    }

    private mutating func tick(_ now: Instant, _ actions: inout [CallAction]) {
        while let node = timers.popDue(at: now.monotonic) {
            if let gate = node as? CallGate {
                open(gate)
            } else if let alarm = node as? CredentialAlarm {
                ring(alarm, now, &actions)
            }
        }
        while calls.hasFree, let (ticket, gate) = Self.nextPermitted(&callLine, entries, &timers, now, &actions) {
            leave(ticket, gate, now, &actions)
        }
        while images.hasFree, startNextImage(now, &actions) {}
    }

    // MARK: - Credentials

    private enum Asked {
        case ready(Credentials)
        case waits
        case refused
    }

    /// The newest credentials. A call that must wait for credentials is noted; a call that cannot get any is refused.
    private mutating func askCredentials(
        _ ticket: Ticket, _ lane: CallLane, _ now: Instant, _ actions: inout [CallAction]
    ) -> Asked {
        let provider = lane.name.provider
        let asked = credentials[provider, default: CredentialState()].ask(
            at: now.monotonic, unixMilliseconds: now.unixMilliseconds)
        if asked.startsResolving { actions.append(.resolve(provider)) }
        if asked.needsHost { actions.append(.askHost(provider)) }
        switch asked.answer {
        case .ready(let current): return .ready(current)
        case .wait:
            asking[provider, default: []].append(ticket.id)
            return .waits
        case .failed(let failure):
            // The machine repeats a call after a passing fault; every other fault ends a new submission.
            let kind = failure.isRetryable ? FailureKind.notSent : .unsigned
            actions.append(.refuse(ticket, lane, CallFailure(kind, failure)))
            return .refused
        }
    }

    private mutating func ring(_ alarm: CredentialAlarm, _ now: Instant, _ actions: inout [CallAction]) {
        if credentials[alarm.provider]?.needsOthers(now.unixMilliseconds) == true {
            actions.append(.askHost(alarm.provider))
        }
        if alarm.askAt > now.unixMilliseconds { wind(alarm, now) }
    }

    private mutating func wind(_ alarm: CredentialAlarm, _ now: Instant) {
        let left = max(0, alarm.askAt.adding(-now.unixMilliseconds))
        timers.set(
            alarm, due: alarm.askAt == .max ? .max : now.monotonic.adding(.nanoseconds(milliseconds: left)))
    }

    // MARK: - Lines

    /// The present state of a call; nil if it was refused.
    private mutating func admit(
        _ ticket: Ticket, _ lane: CallLane, _ now: Instant, _ actions: inout [CallAction]
    ) -> Stage? {
        switch askCredentials(ticket, lane, now, &actions) {
        case .waits: return .asking(lane)
        case .refused: return nil
        case .ready(let current):
            guard let gate = gates.gate(lane, account: current.id) else {
                let failure = Failure(.noResources, "Out of memory", isRetryable: true)
                actions.append(.refuse(ticket, lane, CallFailure(.notSent, failure)))
                return nil
            }
            gate.append(ticket, at: now)
            open(gate)
            return .queued(gate)
        }
    }

    /// Puts a gate into the line for places. A permit is taken only when there is a place: calls that had a permit and
    /// waited would leave in a burst as soon as places come free.
    private mutating func open(_ gate: CallGate) {
        guard !gate.isInLine else { return }
        gate.isInLine = true
        if gate.lane.servesImages { imageLine.append(gate) } else { callLine.append(gate) }
    }

    /// The next call that has a permit. The gates take turns, so that no kind of call starves another.
    private static func nextPermitted(
        _ line: inout [CallGate], _ entries: TicketTable<Entry>, _ timers: inout TimerHeap, _ now: Instant,
        _ actions: inout [CallAction]
    ) -> (Ticket, CallGate)? {
        while let gate = line.first {
            line.removeFirst()
            guard gate.hasWaiting({ isQueued($0, entries) }) else {
                gate.isInLine = false
                timers.remove(gate)
                continue
            }
            switch gate.permit(at: now.monotonic) {
            case .notBefore(let again):
                gate.isInLine = false
                timers.set(gate, due: again)
                let wait = again.subtracting(now.monotonic) / 1_000_000
                if wait >= TroubleBook.longRestMilliseconds {
                    let pause = gate.pause(at: now.monotonic) / 1_000_000
                    if pause >= TroubleBook.longRestMilliseconds {
                        actions.append(.rest(gate.lane, milliseconds: pause))
                    }
                }
            case .granted:
                guard let id = gate.next(at: now.monotonic, { isQueued($0, entries) }), let entry = entries[id] else {
                    gate.giveBack(at: now.monotonic)
                    gate.isInLine = false
                    continue
                }
                line.append(gate)
                return (Ticket(id: id, owner: entry.owner), gate)
            }
        }
        return nil
    }

    private static func isQueued(_ id: UInt64, _ entries: TicketTable<Entry>) -> Bool {
        if let entry = entries[id], case .queued = entry.stage { return true }
        return false
    }

    /// Images by signed call and by plain URL in turns; among the URLs the one that ends first.
    private mutating func startNextImage(_ now: Instant, _ actions: inout [CallAction]) -> Bool {
        signedImageIsNext.toggle()
        if signedImageIsNext, startNextSignedImage(now, &actions) { return true }
        while let id = plainDownloads.popFirst() {
            guard let entry = entries[id], case .plainQueued(let lane) = entry.stage else { continue }
            let ticket = Ticket(id: id, owner: entry.owner)
            images.take()
            move(ticket, to: .plainOnWire(lane))
            actions.append(.send(ticket, lane, nil))
            return true
        }
        return startNextSignedImage(now, &actions)
    }

    private mutating func startNextSignedImage(_ now: Instant, _ actions: inout [CallAction]) -> Bool {
        guard let (ticket, gate) = Self.nextPermitted(&imageLine, entries, &timers, now, &actions) else { return false }
        leave(ticket, gate, now, &actions)
        return true
    }

    /// A call has its permit, and there is a place.
    private mutating func leave(
        _ ticket: Ticket, _ gate: CallGate, _ now: Instant, _ actions: inout [CallAction]
    ) {
        let lane = gate.lane
        switch askCredentials(ticket, lane, now, &actions) {
        case .waits: move(ticket, to: .asking(lane))
        case .refused: entries[ticket.id] = nil
        case .ready(let current):
            // The credentials have changed while it waited. Two gates at once would have two rates.
            if !gate.account.isSame(as: current.id), let other = gates.gate(lane, account: current.id) {
                gate.giveBack(at: now.monotonic)
                other.append(ticket, at: now)
                open(other)
                return move(ticket, to: .queued(other))
            }
            take(lane)
            if lane.isSubmission {
                move(ticket, to: .recording(gate))
                actions.append(.record(ticket))
            } else {
                move(ticket, to: .onWire(gate))
                actions.append(.send(ticket, lane, current))
            }
        }
    }

    private mutating func move(_ ticket: Ticket, to stage: Stage) {
        entries[ticket.id] = Entry(owner: ticket.owner, stage: stage)
    }

    private mutating func take(_ lane: CallLane) { if lane.servesImages { images.take() } else { calls.take() } }

    private mutating func giveBack(_ lane: CallLane) {
        if lane.servesImages { images.giveBack() } else { calls.giveBack() }
    }
}
