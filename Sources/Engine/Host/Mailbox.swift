internal import CPlatform
internal import Core
internal import Synchronization

/// The commands of callers to the engine thread. Large values are kept apart: a host may post 100,000 at once, and the
/// array that holds them must be one piece.
enum Command: Sendable {
    case submit(JobRecord, ProviderCall, follow: Bool, deadlineMilliseconds: Int64)
    case read(JobRecord, ProviderCall, deadlineMilliseconds: Int64)
    /// The record holds the reference already.
    case attach(JobRecord, follow: Bool, deadlineMilliseconds: Int64)
    indirect case download(JobRecord, DownloadOrder)
    case cancel(UInt64)
    /// The number of the refresh, counted by job.
    case refresh(JobRecord, Int)
    case setFollow(UInt64, Bool)
    case setDeadline(UInt64, Int64)
    /// A submission with a key or a hold, and what the journal knows of a key.
    indirect case journalled(JobRecord, JournalledStart)
    case release(UInt64)
    case setCredentials(String, Credentials)
    case close(graceMilliseconds: Int64)
    // From the workers.
    case prepared(UInt64, Failure?)
    indirect case committed(UInt64, Result<AssetResult, Failure>)
    indirect case resolved(String, Resolution)
    // From the journal: a step before the wire, by job and call; an id, by job; what others have written.
    indirect case recorded(UInt64, UInt64, JournalAnswer)
    case kept(UInt64)
    case looked([JournalPlace])

    /// Of a command that begins a job or refreshes one: somebody may wait for it.
    var record: JobRecord? {
        switch self {
        case .submit(let record, _, _, _), .read(let record, _, _), .attach(let record, _, _),
            .download(let record, _), .refresh(let record, _), .journalled(let record, _):
            record
        default: nil
        }
    }
}

/// A download as the caller ordered it.
struct DownloadOrder: @unchecked Sendable {
    // The sink is handed from the caller's thread to the engine thread and not used by the caller again.
    let access: AssetAccess
    let sink: any AssetSink
    /// The job and image it belongs to, to ask for a fresh URL; nil for a fetch.
    let job: JobReference?
    let index: Int
    let expiresAtMilliseconds: Int64
}

/// The state that callers' threads and the engine thread share, almost all of it under one lock that is held only briefly.
final class Mailbox: @unchecked Sendable {
    let lock: Lock
    // Below: under `lock`.
    var inbox: [Command] = []
    var events = EventQueue()
    var eventsObserved = false
    var bell = EventBell()
    var wakes = 0
    var eventWaiters = 0
    var closed = false
    var engineSleeps = false
    private var engineWorks = false
    private var unannounced = 0
    var exit = ExitStage.notAsked
    var engineGone = false
    private var references = SharedReferences()
    /// The credentials in use, by provider.
    var credentialNotes: [String: CredentialNote] = [:]
    var callsWaiting: UInt64 = 0
    /// The jobs of keys that this client drives or watches.
    var keys: [JournalKey: JobRecord] = [:]

    // Below: with a lock of their own.
    let counts: CallCounts
    let waker: TransportWaker

    /// Whether any job has ever had a trace. Almost none has, and the engine then skips the search at each call.
    var hasTraces: Bool { tracesSeen.load(ordering: .relaxed) }
    private let tracesSeen = Atomic<Bool>(false)

    /// After so many events, or before so many commands, the host is woken at once and not at the end of the turn.
    static let mostUnannounced = 16

    init() throws(Lock.OutOfMemory) {
        lock = try Lock()
        counts = try CallCounts()
        waker = try TransportWaker()
    }

    deinit { aigcp_close(bell.descriptor) }

    func setTrace(_ trace: TraceContext?, of record: JobRecord) {
        if trace != nil { tracesSeen.store(true, ordering: .relaxed) }
        lock.withLock { record.trace = trace }
    }

    /// Hands a command to the engine, made by `make` under the lock. False after close.
    func post<E: Error>(_ make: () throws(E) -> Command) throws(E) -> Bool {
        var mustWake = false
        let isTaken = try lock.withLock { () throws(E) in
            if closed { return false }
            mustWake = add(try make())
            return true
        }
        if mustWake { waker.wake() }
        return isTaken
    }

    func post(_ command: Command) -> Bool { post { command } }

    /// Asks for the end of all jobs; a second call asks for an earlier end. True the first time.
    func close(graceMilliseconds: Int64) -> Bool {
        lock.withLock {
            let first = !closed
            closed = true
            _ = add(.close(graceMilliseconds: graceMilliseconds))
            return first
        }
    }

    /// From workers: also while closing.
    func postInternal(_ command: Command) {
        if lock.withLock({ add(command) }) { waker.wake() }
    }

    /// Lock held. True if the engine sleeps: it must be woken, without the lock.
    private func add(_ command: Command) -> Bool {
        inbox.append(command)
        defer { engineSleeps = false }
        return engineSleeps
    }

    /// Keeps the common part of references once for many jobs.
    func once(_ reference: JobReference) -> JobReference {
        lock.withLock { references.sharing(reference) }
    }

    // MARK: - Events; lock held

    func push(_ type: EventType, _ record: JobRecord) {
        if record.isForgotten && !eventsObserved { return }
        events.push(type, record)
        announce()
    }

    /// The queue has a new event. While the engine works, one wake announces many events: each wake of a
    /// sleeping thread costs more than a call.
    func announce() {
        unannounced += 1
        if engineWorks, unannounced < Self.mostUnannounced { return }
        announceAll()
    }

    func announceAll() {
        guard unannounced > 0 else { return }
        unannounced = 0
        eventsChanged()
    }

    /// The threads that wait for a job, to be woken without the lock. What they are woken for is announced by then: who has
    /// waited for a job finds the descriptor readable.
    func takeWaiters(of record: JobRecord) -> [Waiter] {
        guard !record.waiters.isEmpty else { return [] }
        announceAll()
        defer { record.waiters = [] }
        return record.waiters
    }

    /// Ends a record. `change` writes the end under the lock; the threads that wait for it are woken without the lock.
    func end(_ record: JobRecord, _ change: (JobRecord) -> Void) {
        let waiters = lock.withLock {
            change(record)
            push(.jobDone, record)
            return takeWaiters(of: record)
        }
        for waiter in waiters { waiter.signal() }
    }

    /// Lock held, in the same hold in which a job ends: no refresh is reported after that.
    func endRefreshes(of record: JobRecord) {
        guard record.refreshesDone < record.refreshesAsked else { return }
        record.answerRefreshes(Failure(.wrongState, "Refreshing a job: it has ended"))
        push(.jobRefreshed, record)
    }

    /// The engine begins to work on bytes, timers or commands.
    func beginWork() {
        engineSleeps = false
        engineWorks = true
    }

    /// The engine is about to wait, or to end: events that were not announced yet are announced now.
    func endWork() {
        engineWorks = false
        announceAll()
    }

    func eventsChanged() {
        let wanted = !events.isEmpty || wakes > 0
        if wanted, eventWaiters > 0 { lock.broadcast() }
        bell.set(wanted)
    }
}

/// The descriptor that is readable while events are queued. Under `Mailbox.lock`.
struct EventBell {
    var descriptor: Int32 = -1
    private var isRaised = false

    mutating func set(_ wanted: Bool) {
        guard descriptor >= 0, wanted != isRaised else { return }
        if wanted { aigcp_eventfd_raise(descriptor) } else { aigcp_eventfd_clear(descriptor) }
        isRaised = wanted
    }
}

/// The progress of exit(): it asks the engine to sleep forever, and the engine does.
enum ExitStage { case notAsked, asked, parked }

/// Keeps the common part of references once for many jobs: the next reference is almost always like the newest.
struct SharedReferences {
    private var newest: JobReference?

    mutating func sharing(_ reference: JobReference) -> JobReference {
        let shared = reference.sharing(newest)
        newest = shared
        return shared
    }
}

/// The notes of each call: counts, and the newest `Date` header by endpoint. No other code takes its lock while calls are
/// made.
final class CallCounts: @unchecked Sendable {
    let lock: Lock
    // Under `lock`.
    var statistics = Statistics()
    var serverDates = FewKeys<ServerDate>()

    init() throws(Lock.OutOfMemory) { lock = try Lock() }
}

/// Wakes the transport, and never one that has been shut down.
final class TransportWaker: @unchecked Sendable {
    /// Set once before any other thread sees this object.
    nonisolated(unsafe) var action: @Sendable () -> Void = {}
    /// Held while the transport is woken.
    private let lock: Lock
    private var isUp = true

    init() throws(Lock.OutOfMemory) { lock = try Lock() }

    func wake() { lock.withLock { if isUp { action() } } }

    /// Called before the transport is shut down: waits for a wake that has begun, and lets no other wake begin.
    func end() { lock.withLock { isUp = false } }
}
