import Core
import Support
import XCTest

@testable import Engine

/// A scheduler of calls with a clock, and a judge that looks at every action.
final class CallBench {
    enum Kind { case submit, status, image, url }

    /// What can go wrong with an action that is carried out.
    enum Fault: CaseIterable {
        /// Nothing is found, the record fails, the call cannot be signed.
        case fails
        /// As above, and it may get better.
        case failsForNow
        /// The call is withdrawn before the answer comes, which comes all the same.
        case isWithdrawn
        /// The answer comes twice.
        case comesTwice
        /// The answer takes half a minute.
        case isLate
    }

    private(set) var scheduler: CallScheduler
    private let clock = VirtualClock()
    private var lanes: CallLanes
    private let record: JobRecord
    private let job: ActiveJob
    private let perSecond: Double
    /// All credentials have one id: only then the rate of an account is the rate of the bench.
    private let hasOneAccount: Bool
    private let calls: Int
    private let images: Int

    private(set) var newest = 0
    private(set) var actions: [CallAction] = []
    private var wakeAt: Int64 = .max

    // What the judge knows.
    private(set) var violations: [String] = []
    private(set) var recording: [UInt64] = []
    private(set) var onWire: [UInt64] = []
    private(set) var credentials: [UInt64: Credentials] = [:]
    private var kinds: [UInt64: Kind] = [:]
    private var recorded: Set<UInt64> = []
    private var sent: Set<UInt64> = []
    private var ended: [UInt64: String] = [:]
    private var permits: [String: [Int64]] = [:]
    private(set) var held: [UInt64] = []

    // What answers actions; nil: the test does.
    private var answering = false
    private var fault: Fault?
    private var faultAt = 0
    private(set) var carriedOut = 0

    init(calls: Int, images: Int, perSecond: Double = 0, hasOneAccount: Bool = false) throws {
        self.hasOneAccount = hasOneAccount
        self.calls = calls
        self.images = images
        self.perSecond = perSecond
        lanes = CallLanes(rates: ["fake/submit": perSecond, "fake/query": perSecond])
        scheduler = CallScheduler(maximumInFlight: calls, maximumDownloads: images, rates: try RateRegistry())
        let provider = FakeProvider()
        record = JobRecord(
            id: 1, provider: provider.name, operation: "draw", isDownload: false, snapshot: JobSnapshot(state: .queued))
        job = ActiveJob(
            record: record, provider: provider, polls: PollLearner(JobMachine.Policy(), learns: false),
            machine: JobMachine(follows: true))
    }

    // MARK: - Events

    @discardableResult
    func enter(_ kind: Kind, _ count: Int = 1) -> CallBench {
        for _ in 0..<count {
            newest += 1
            let id = scheduler.newTicket()
            kinds[id] = kind
            tell(.enter(Ticket(id: id, owner: .job(job)), lane(kind), expiresAtMilliseconds: 0))
        }
        return self
    }

    @discardableResult
    func withdraw(_ id: UInt64) -> CallBench {
        let isSent = onWire.contains(id)
        if kinds[id] != nil, ended[id] == nil, !(isSent && kinds[id] == .submit) { end(id, "withdrawn") }
        tell(.withdraw(id))
        if isSent, ended[id] == "withdrawn" {
            let cuts = actions.filter { if case .cut(let ticket) = $0 { return ticket.id == id } else { return false } }
            if cuts.count != 1 { violations.append("\(id) was withdrawn from the wire and not cut") }
        }
        return self
    }

    @discardableResult
    func know(_ id: String? = "key-1", isRetryable: Bool = false) -> CallBench {
        let result: Result<Credentials, Failure> =
            id.map { .success(make($0)) }
            ?? .failure(Failure(.noCredentials, "None", isRetryable: isRetryable))
        return tell(.credentials("fake", .found(result, aheadMilliseconds: 0)))
    }

    /// `seconds`: 0 is for ever.
    @discardableResult
    func given(_ id: String = "given", lives seconds: Int64) -> CallBench {
        let end = seconds == 0 ? 0 : clock.unixMilliseconds() + seconds * 1_000
        return tell(.credentials("fake", .given(make(id, end))))
    }

    private func make(_ id: String, _ end: Int64 = 0) -> Credentials {
        FakeResolver.credentials(hasOneAccount ? "key-1" : id, expiresAtMilliseconds: end)
    }

    @discardableResult
    func recorded(_ id: UInt64, _ failure: Failure? = nil) -> CallBench {
        if let place = recording.firstIndex(of: id) {
            recording.remove(at: place)
            if failure == nil { recorded.insert(id) }
        }
        return tell(.recorded(id, failure))
    }

    /// The permit that it had is another call's.
    @discardableResult
    func held(_ id: UInt64) -> CallBench {
        if let place = recording.firstIndex(of: id) {
            recording.remove(at: place)
            held.append(id)
            if let kind = kinds[id] { _ = permits["\(kind)"]?.popLast() }
        }
        return tell(.held(id))
    }

    @discardableResult
    func released(_ id: UInt64) -> CallBench {
        held.removeAll { $0 == id }
        return tell(.released(id))
    }

    @discardableResult
    func left(_ id: UInt64, _ verdict: CallVerdict = .nothing) -> CallBench {
        if onWire.contains(id) { end(id, "left") }
        return tell(.left(id, verdict))
    }

    @discardableResult
    func tick() -> CallBench { tell(.tick) }

    @discardableResult
    func wait(_ milliseconds: Int64) -> CallBench {
        clock.advance(milliseconds: milliseconds)
        return self
    }

    /// Answers everything well until nothing is left.
    func finish() {
        fault = faultAt < carriedOut ? nil : fault
        answering = true
        know().given(lives: 0)
        for id in held { released(id) }
        for id in recording { recorded(id) }
        for id in onWire { left(id) }
        var rounds = 0
        while scheduler.count > 0, rounds < 5_000 {
            rounds += 1
            tick()
            if scheduler.count > 0 { clock.advance(to: wakeAt == .max ? clock.nanoseconds() + 1_000_000 : wakeAt) }
        }
        for id in kinds.keys where ended[id] == nil { violations.append("\(id) has not ended") }
    }

    /// From now on every action is answered at once, the one with this number by a fault.
    func answers(faulting fault: Fault?, at index: Int) {
        answering = true
        self.fault = fault
        faultAt = index
    }

    // MARK: - Looking

    var figures: String {
        "\(scheduler.waiting) waits, \(scheduler.callsInFlight)+\(scheduler.downloadsInFlight) on the wire"
    }

    var ends: [String: Int] { ended.values.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

    var text: String { actions.map(text).joined(separator: " ") }

    func forgetActions() { actions = [] }

    private func text(_ action: CallAction) -> String {
        switch action {
        case .resolve: return "resolve"
        case .askHost: return "askHost"
        case .record(let ticket): return "record(\(ticket.id))"
        case .send(let ticket, _, let credentials):
            return "send(" + (["\(ticket.id)"] + (credentials.map { [$0.id] } ?? [])).joined(separator: " ") + ")"
        case .refuse(let ticket, _, let failed):
            return "refuse(\(ticket.id) \(failed.kind) \(failed.failure.status))"
        case .cut(let ticket): return "cut(\(ticket.id))"
        case .rest(_, let milliseconds): return "rest(\(milliseconds))"
        case .wake(let at): return at == .max ? "sleep" : "wake+\((at - clock.nanoseconds()) / 1_000_000)"
        }
    }

    // MARK: - The judge

    private func lane(_ kind: Kind) -> CallLane {
        switch kind {
        case .submit: lanes.lane(call(.submit, "submit"), .submit)
        case .status: lanes.lane(call(.status, "status"), .status)
        case .image: lanes.lane(call(.asset, "asset"), .image)
        case .url: lanes.plainLane("fake")
        }
    }

    private func call(_ kind: CallKind, _ action: String) -> ProviderCall {
        ProviderCall(
            kind: kind, provider: "fake", action: action, endpoint: "cloud.test", region: "", method: .post, path: "/")
    }

    private func end(_ id: UInt64, _ how: String) {
        if let before = ended[id] { violations.append("\(id) ended twice: \(before), \(how)") }
        ended[id] = how
        onWire.removeAll { $0 == id }
        recording.removeAll { $0 == id }
        held.removeAll { $0 == id }
    }

    @discardableResult
    private func tell(_ event: CallEvent) -> CallBench {
        var new: [CallAction] = []
        scheduler.handle(event, at: clock.instant, into: &new)
        actions += new
        for action in new { judge(action) }
        checkPlaces()
        if answering { for action in new { answer(action) } }
        return self
    }

    private func judge(_ action: CallAction) {
        switch action {
        case .record(let ticket):
            if kinds[ticket.id] != .submit { violations.append("\(ticket.id) is recorded and is no submission") }
            if ended[ticket.id] != nil { violations.append("\(ticket.id) is recorded after its end") }
            recording.append(ticket.id)
            permit(ticket.id)
        case .send(let ticket, let lane, let given):
            let id = ticket.id
            if let end = ended[id] { violations.append("\(id) is sent though it was \(end)") }
            if !sent.insert(id).inserted { violations.append("\(id) is sent twice") }
            if lane.isSubmission, !recorded.contains(id) { violations.append("\(id) is sent without its record") }
            if lane.isPlain != (given == nil) { violations.append("\(id): a URL gets credentials, or a call none") }
            onWire.append(id)
            credentials[id] = given
            if !lane.isSubmission, !lane.isPlain { permit(id) }
        case .refuse(let ticket, _, _):
            if sent.contains(ticket.id) { violations.append("\(ticket.id) is refused after it was sent") }
            end(ticket.id, "refused")
        case .rest: break
        case .wake(let at): wakeAt = at
        case .resolve, .askHost, .cut: break
        }
    }

    private func checkPlaces() {
        let images = onWire.filter { kinds[$0] == .image || kinds[$0] == .url }.count
        let calls = onWire.count - images + recording.count
        if calls > self.calls || images > self.images {
            violations.append("\(calls) calls and \(images) images on the wire")
        }
        // A record that was answered gives back its place only with an event of its own.
        if calls > scheduler.callsInFlight || images != scheduler.downloadsInFlight {
            violations.append("\(calls)+\(images) are on the wire, the scheduler says \(figures)")
        }
    }

    /// At most the rate, and one to make up for a timer that was late, in any second.
    private func permit(_ id: UInt64) {
        guard perSecond > 0, hasOneAccount, let kind = kinds[id] else { return }
        let now = clock.nanoseconds()
        let times = (permits["\(kind)"] ?? []).filter { now - $0 < 1_000_000_000 } + [now]
        permits["\(kind)"] = times
        if Double(times.count) > perSecond + 1 { violations.append("\(times.count) permits in a second for \(kind)") }
    }

    // MARK: - Answers

    private func answer(_ action: CallAction) {
        switch action {
        case .wake, .rest, .cut, .refuse, .askHost: return
        case .resolve, .record, .send: break
        }
        let isFault = fault != nil && carriedOut == faultAt
        carriedOut += 1
        guard isFault, let fault else { return answerWell(action) }
        switch (fault, action) {
        case (.fails, .resolve): know(nil)
        case (.failsForNow, .resolve): know(nil, isRetryable: true)
        case (.fails, .record(let ticket)): recorded(ticket.id, Failure(.internal, "damaged"))
        case (.failsForNow, .record(let ticket)): recorded(ticket.id, Failure(.noSpace, "full", isRetryable: true))
        case (.isWithdrawn, .record(let ticket)), (.isWithdrawn, .send(let ticket, _, _)):
            withdraw(ticket.id)
            answerWell(action)
        case (.isWithdrawn, .resolve):
            withdraw(1)
            answerWell(action)
        case (.comesTwice, _):
            answerWell(action)
            answerWell(action)
        case (.isLate, _):
            wait(30_000).tick()
            answerWell(action)
        // A call that cannot be signed has left at once.
        default: answerWell(action)
        }
    }

    private func answerWell(_ action: CallAction) {
        switch action {
        case .resolve: know()
        case .record(let ticket): recorded(ticket.id)
        case .send(let ticket, _, _): left(ticket.id)
        case .refuse, .askHost, .cut, .rest, .wake: break
        }
    }
}
