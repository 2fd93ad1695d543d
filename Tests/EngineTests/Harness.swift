import Core
import Support
import XCTest

@testable import Engine

/// An engine without threads: turned by hand on a virtual clock, exactly to the next thing that is due.
final class Harness {
    struct Told {
        let at: Int64
        let type: EventType
        let job: UInt64
        let state: JobState?
        let status: Status
        var message: String?
        var log: LogRecord?
        var fields: LogRecord?
    }

    let clock = VirtualClock()
    let cloud = SimulatedCloud()
    let sinks = FakeSinkFactory()
    let random: SeededRandom
    let transport: ScriptedTransport
    let provider: FakeProvider
    let resolver: FakeResolver
    let mailbox: Mailbox
    let rates: RateRegistry
    let files: DelayedWorker
    let credentials: DelayedWorker
    let core: EngineCore
    /// Off: events stay in the queue.
    var takesEvents = true
    /// Off: for runs that measure memory.
    var keepsRecords = true
    /// An engine that makes more calls is broken: its run is a failure, and stops. Raise it for a test that needs more.
    var mostCalls = 100_000
    private(set) var events: [Told] = []
    private(set) var records: [UInt64: JobRecord] = [:]
    private(set) var tags: [UInt64: String] = [:]
    private var nextID: UInt64 = 1
    let start: Int64

    init(
        seed: UInt64 = 1, settings: EngineSettings = EngineSettings(), provider: FakeProvider = FakeProvider(),
        resolver: FakeResolver = FakeResolver(), resolverless: Bool = false,
        journal: FakeJournal? = nil
    ) throws {
        random = SeededRandom(seed)
        transport = ScriptedTransport(cloud: cloud, clock: clock)
        self.provider = provider
        self.resolver = resolver
        mailbox = try Mailbox()
        rates = try RateRegistry()
        files = DelayedWorker(clock: clock, delayMilliseconds: 3)
        credentials = DelayedWorker(clock: clock, delayMilliseconds: 20)
        core = EngineCore(
            settings: settings, mailbox: mailbox, transport: transport, clock: clock, random: random,
            providers: [provider], resolvers: resolverless ? [:] : [provider.name: resolver], rates: rates,
            fileWorker: files, credentialWorker: credentials, journal: journal)
        start = clock.nanoseconds()
        mailbox.eventsObserved = true
    }

    /// Virtual milliseconds since the beginning.
    var elapsed: Int64 { (clock.nanoseconds() - start) / 1_000_000 }

    // MARK: - The host's calls

    func record(
        isDownload: Bool = false, operation: String = "draw", _ snapshot: JobSnapshot = JobSnapshot(state: .queued)
    ) -> JobRecord {
        let record = JobRecord(
            id: nextID, provider: provider.name, operation: operation, isDownload: isDownload, snapshot: snapshot)
        nextID += 1
        if keepsRecords { records[record.id] = record }
        record.handles = 1
        record.hasHadHandle = true
        return record
    }

    @discardableResult
    func submit(
        _ tag: String, operation: String = "draw", variant: String = "", follow: Bool = true,
        deadline: Int64 = 3_600_000
    ) -> JobRecord {
        let made = record(operation: operation)
        if keepsRecords { tags[made.id] = tag }
        let call = provider.call(submit: tag, variant: variant)
        _ = mailbox.post(.submit(made, call, follow: follow, deadlineMilliseconds: deadline))
        return made
    }

    @discardableResult
    func attach(_ id: String, follow: Bool = true, deadline: Int64 = 3_600_000) -> JobRecord {
        let reference = provider.reference(operation: "draw", remoteID: id)
        var snapshot = JobSnapshot(state: .pending)
        snapshot.outcome = .accepted
        snapshot.reference = reference
        let made = record(snapshot)
        _ = mailbox.post(.attach(made, follow: follow, deadlineMilliseconds: deadline))
        return made
    }

    /// As `Engine.download`.
    @discardableResult
    func download(_ job: JobRecord, _ index: Int = 0) throws -> JobRecord {
        let reference = try XCTUnwrap(job.snapshot.reference)
        let asset = job.snapshot.assets[index]
        return try order(
            provider.assetAccess(reference, asset), job: reference, index: index,
            expires: asset.expiresAtMilliseconds)
    }

    func order(_ access: AssetAccess, job: JobReference? = nil, index: Int = 0, expires: Int64 = 0) throws -> JobRecord
    {
        let sink = try sinks.make(path: nil, isAPIAnswer: false, identity: "\(nextID)")
        let made = record(isDownload: true)
        let order = DownloadOrder(
            access: access, sink: sink, job: job, index: index, expiresAtMilliseconds: expires)
        _ = mailbox.post(.download(made, order))
        return made
    }

    func cancel(_ job: JobRecord) { _ = mailbox.post(.cancel(job.id)) }
    func follow(_ job: JobRecord, _ on: Bool) { _ = mailbox.post(.setFollow(job.id, on)) }
    func deadline(_ job: JobRecord, _ milliseconds: Int64) { _ = mailbox.post(.setDeadline(job.id, milliseconds)) }

    func push(_ id: String, expiresAtMilliseconds: Int64 = 0) {
        _ = mailbox.post(
            .setCredentials(
                provider.name, FakeResolver.credentials(id, expiresAtMilliseconds: expiresAtMilliseconds)))
    }

    /// As `Engine.refresh` without the waiting; the number to look for in `refreshesDone`.
    @discardableResult
    func refresh(_ job: JobRecord, _ waiter: Waiter? = nil) -> Int {
        if job.snapshot.state.isTerminal { return job.refreshesAsked }  // refused
        _ = mailbox.post { .refresh(job, job.askRefresh(waiter)) }
        return job.refreshesAsked
    }

    /// As `Engine.close`.
    func close(grace: Int64) { _ = mailbox.close(graceMilliseconds: grace) }

    // MARK: - Time

    /// Everything that can happen without time going by.
    func settle(file: StaticString = #filePath, line: UInt = #line) {
        var turns = 0
        while true {
            let before = (
                transport.started, transport.inFlight, core.calls.scheduler.count, events.count, core.jobs.active.count
            )
            core.turn(mayWait: false)
            takeEvents()
            var worked = false
            while files.runDue() { worked = true }
            while credentials.runDue() { worked = true }
            let after = (
                transport.started, transport.inFlight, core.calls.scheduler.count, events.count, core.jobs.active.count
            )
            let now = clock.nanoseconds()
            let more =
                worked || before != after || !mailbox.inbox.isEmpty || (core.timers.nextDue ?? .max) <= now
                || (transport.nextDue ?? .max) <= now
            if !more { return }
            turns += 1
            if turns > 200_000 {
                XCTFail("the engine spins at one instant", file: file, line: line)
                return
            }
        }
    }

    var nextDue: Int64? {
        let due = [core.timers.nextDue, transport.nextDue, files.nextDue, credentials.nextDue].compactMap { $0 }.min()
        guard let by = core.closeBy, !core.isDone, by > clock.nanoseconds(), by < .max else { return due }
        return min(due ?? .max, by)
    }

    /// Lets time go by until `limit` (virtual milliseconds since the beginning).
    func run(until limit: Int64, file: StaticString = #filePath, line: UInt = #line) {
        let end = start.adding(.nanoseconds(milliseconds: limit))
        while true {
            settle(file: file, line: line)
            if makesTooManyCalls(file, line) { return }
            guard let next = nextDue, next <= end else { break }
            clock.advance(to: next)
        }
        clock.advance(to: end)
        settle(file: file, line: line)
    }

    func run(for milliseconds: Int64) { run(until: elapsed + milliseconds) }

    /// Lets time go by until nothing is left to do. Gates may keep their timers.
    func runToTheEnd(limit: Int64 = 20 * 3_600_000, file: StaticString = #filePath, line: UInt = #line) {
        let end = start.adding(.nanoseconds(milliseconds: limit))
        while true {
            settle(file: file, line: line)
            if core.isDone || makesTooManyCalls(file, line) { return }
            guard let next = nextDue else { return }
            if next > end {
                XCTFail("not at rest after \(limit) ms", file: file, line: line)
                return
            }
            clock.advance(to: next)
        }
    }

    private func makesTooManyCalls(_ file: StaticString, _ line: UInt) -> Bool {
        guard transport.started > mostCalls else { return false }
        XCTFail("\(transport.started) calls after \(elapsed) ms, and no end", file: file, line: line)
        return true
    }

    private func takeEvents() {
        guard takesEvents else { return }
        mailbox.lock.withLock {
            while let event = mailbox.events.pop() {
                events.append(
                    Told(
                        at: clock.nanoseconds(), type: event.type, job: event.job?.id ?? 0, state: event.state,
                        status: event.status, message: event.message, log: event.log,
                        fields: event.fields))
            }
            mailbox.eventsChanged()
        }
    }

    // MARK: - Looking

    var warnings: [String] { events.filter { $0.type == .warning }.compactMap(\.message) }

    func events(_ type: EventType, of job: JobRecord) -> [Told] {
        events.filter { $0.type == type && $0.job == job.id }
    }

    func arrivals(_ action: String) -> [SimulatedCloud.Arrival] { cloud.arrivals.filter { $0.action == action } }
}
