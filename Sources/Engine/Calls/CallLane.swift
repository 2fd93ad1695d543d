internal import Core

/// Calls of one kind: one action of one provider. They have one line for each account, and one row in the statistics.
/// Engine thread.
final class CallLane {
    let name: Statistics.CallName
    /// A plain URL, which needs neither credentials nor a permit.
    let isPlain: Bool
    /// The configured rate; 0 is none.
    let perSecond: Double
    /// Index of the row in the statistics; -1: not known yet. The reporter keeps it.
    var row = -1

    var isSubmission: Bool { name.kind == .submit }
    /// Whether the call that is worth most leaves first. Without a rate calls hardly wait, and leave as they come.
    var isRanked: Bool { name.kind == .status && perSecond > 0 }
    /// Whether its calls take the places of downloads.
    var servesImages: Bool { name.kind == .image }

    init(_ name: Statistics.CallName, isPlain: Bool = false, perSecond: Double = 0) {
        self.name = name
        self.isPlain = isPlain
        self.perSecond = perSecond
    }
}

/// The lanes of an engine. Calls of one kind come in a row, so a search tries the newest lane of each kind first.
struct CallLanes {
    private struct Name: Hashable {
        let call: Statistics.CallName
        let isPlain: Bool
        let isOfStore: Bool
    }

    /// A caller that invents names of calls creates lanes: beyond so many, all lanes are dropped, and made anew.
    private static let most = 256

    private var lanes: [Name: CallLane] = [:]
    private var newest: (submit: CallLane?, status: CallLane?, image: CallLane?, read: CallLane?)
    private let rates: [String: Double]

    init(rates: [String: Double]) { self.rates = rates }

    /// - isOfStore: the call fetches from a store, which has no rate of the API.
    mutating func lane(_ call: ProviderCall, _ kind: Statistics.CallName.Kind, isOfStore: Bool = false) -> CallLane {
        if !isOfStore, let lane = lastUsed(kind), lane.name.action == call.action, lane.name.provider == call.provider {
            return lane
        }
        let name = Statistics.CallName(provider: call.provider, action: call.action, kind: kind)
        let lane = find(Name(call: name, isPlain: false, isOfStore: isOfStore)) { [rates] in
            let rate = rates[call.provider + (kind == .submit ? "/submit" : "/query")] ?? 0
            return CallLane(name, perSecond: isOfStore ? 0 : rate)
        }
        if !isOfStore { remember(lane) }
        return lane
    }

    /// Plain URLs of a provider.
    mutating func plainLane(_ provider: String) -> CallLane {
        let name = Statistics.CallName(provider: provider, action: "GET", kind: .image)
        return find(Name(call: name, isPlain: true, isOfStore: true)) { CallLane(name, isPlain: true) }
    }

    private mutating func find(_ name: Name, _ make: () -> CallLane) -> CallLane {
        if let known = lanes[name] { return known }
        if lanes.count >= Self.most { lanes = [:] }
        let lane = make()
        lanes[name] = lane
        return lane
    }

    private func lastUsed(_ kind: Statistics.CallName.Kind) -> CallLane? {
        switch kind {
        case .submit: newest.submit
        case .status: newest.status
        case .image: newest.image
        case .read: newest.read
        }
    }

    private mutating func remember(_ lane: CallLane) {
        switch lane.name.kind {
        case .submit: newest.submit = lane
        case .status: newest.status = lane
        case .image: newest.image = lane
        case .read: newest.read = lane
        }
    }
}

/// Calls of one lane and one account, which wait for a permit of their rate and then for a place.
final class CallGate: TimerNode {
    let lane: CallLane
    let account: String
    fileprivate var permits: Permits
    private var queue = TicketQueue()
    /// Instead of the queue, in a ranked lane.
    private var line: PollLine?
    /// Calls that wait in the line and have not been withdrawn.
    private var wanted = 0
    private let book: SurvivalBook
    /// Whether the gate is in the line for places; it is there at most once.
    var isInLine = false

    fileprivate init(
        _ lane: CallLane, _ account: String, _ permits: Permits, _ book: SurvivalBook, patienceMilliseconds: Int64
    ) {
        self.book = book
        if lane.isRanked { line = PollLine(patienceMilliseconds: patienceMilliseconds) }
        self.lane = lane
        self.account = account
        self.permits = permits
        super.init()
    }

    // MARK: - Who waits

    func append(_ ticket: Ticket, at now: Instant) {
        guard line != nil else { return queue.append(ticket.id) }
        wanted += 1
        line?.append(ticket.id, ticket.owner.look(at: now), at: now.monotonic)
    }

    func hurry(_ id: UInt64) { line?.hurry(id) }

    /// A call that waited here is no longer wanted.
    func withdrew() { if line != nil { wanted -= 1 } }

    /// Whether a call waits. `isWanted`: not withdrawn.
    func hasWaiting(_ isWanted: (UInt64) -> Bool) -> Bool {
        if line != nil { return wanted > 0 }
        while let id = queue.first {
            if isWanted(id) { return true }
            _ = queue.popFirst()
        }
        return false
    }

    /// Takes out the call that leaves next.
    func next(at now: Int64, _ isWanted: (UInt64) -> Bool) -> UInt64? {
        while let id = line == nil ? queue.popFirst() : line?.pop(at: now, book.survivals) {
            if isWanted(id) {
                if line != nil { wanted -= 1 }
                return id
            }
        }
        wanted = 0
        return nil
    }

    // MARK: - Permits

    func permit(at now: Int64) -> Permit { permits.take(at: now) }

    /// How long the provider wants no call of this lane and account, whoever was told so; in nanoseconds.
    func pause(at now: Int64) -> Int64 { permits.pause(at: now) }

    /// The call that had the permit does not leave now.
    func giveBack(at now: Int64) { permits.giveBack(at: now) }

    func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        permits.throttled(at: now, retryAfterMilliseconds: retryAfterMilliseconds)
    }
}

enum Permit {
    case granted
    /// The slot of the next call: ask again at this monotonic instant.
    case notBefore(Int64)
}

/// How a gate gets its permits: the gate reserves one slot ahead, never more, and waits for it.
struct Permits {
    /// A slot that passed longer ago is lost. A call that is less late delays those that have no slot yet.
    static let lateness: Int64 = 50_000_000

    private let rate: SharedRate
    private var slot: Int64?
    /// The time of a slot that was granted and not used.
    private var returned: Int64?
    /// Whether the slot before this one was lost. The next slot is kept: a late gate must not wait forever.
    private var hasLost = false

    init(_ rate: SharedRate) { self.rate = rate }

    mutating func take(at now: Int64) -> Permit {
        if let returned {
            self.returned = nil
            if now.subtracting(returned) <= Self.lateness, rate.keeps(returned, at: now) { return .granted }
        }
        if let slot {
            if now < slot { return .notBefore(slot) }
            self.slot = nil
            let isLate = !rate.takesLate(slot, at: now, atMost: Self.lateness) && !hasLost
            if !isLate, rate.keeps(slot, at: now) {
                hasLost = false
                return .granted
            }
            hasLost = isLate
        }
        let next = rate.reserve(at: now)
        if next <= now {
            hasLost = false
            return .granted
        }
        slot = next
        return .notBefore(next)
    }

    mutating func giveBack(at now: Int64) { returned = now }

    func pause(at now: Int64) -> Int64 { rate.look(at: now).pause(at: now) }

    func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        rate.throttled(at: now, retryAfterMilliseconds: retryAfterMilliseconds)
    }
}

/// The gates of an engine, by lane and account.
struct CallGates {
    private struct Name: Hashable {
        let call: Statistics.CallName
        let account: String
        let perSecond: Double
    }

    /// Temporary credentials bring a new id each time, so beyond this many gates the idle ones are dropped.
    private static let most = 64

    private var gates: [Name: CallGate] = [:]
    /// The gates that were asked for last, the newest first: calls of a lane nearly always come with the same account.
    private var recent: [CallGate] = []
    private static let mostRecent = 4
    private let rates: RateRegistry
    private let book: SurvivalBook
    private let patience: Int64

    init(rates: RateRegistry, book: SurvivalBook, patienceMilliseconds: Int64) {
        self.rates = rates
        self.book = book
        patience = patienceMilliseconds
    }

    var count: Int { gates.count }

    /// Nil when memory has run out.
    mutating func gate(_ lane: CallLane, account: String) -> CallGate? {
        if let known = recent.first(where: { $0.lane === lane && $0.account.isSame(as: account) }) { return known }
        guard let found = find(lane, account) else { return nil }
        recent.insert(found, at: 0)
        if recent.count > Self.mostRecent { recent.removeLast() }
        return found
    }

    private mutating func find(_ lane: CallLane, _ account: String) -> CallGate? {
        let name = Name(call: lane.name, account: account, perSecond: lane.perSecond)
        if let known = gates[name] { return known }
        guard
            let rate = rates.rate(
                provider: lane.name.provider, account: account, action: lane.name.action, perSecond: lane.perSecond)
        else { return nil }
        let gate = CallGate(lane, account, Permits(rate), book, patienceMilliseconds: patience)
        if gates.count >= Self.most {
            gates = gates.filter { $0.value.isInLine || $0.value.isScheduled }
            recent.removeAll()
        }
        gates[name] = gate
        return gate
    }
}
