// Engine: the one thread of a client. Imports Core and CPlatform; knows no cloud, no JSON and no curl by name.
// State is owned by `EngineCore` (engine thread only) or by `Mailbox` (under its lock); nothing foreign runs under a lock.

internal import CPlatform
public import Core

/// One client's engine: owns the thread, the transport and the state that the threads share. Any thread may call it.
public final class Engine: @unchecked Sendable {
    // `thread` and `started` are guarded by `startLock`; the rest is constant or under `Mailbox.lock`.
    let mailbox: Mailbox
    let startLock: Lock
    let core: EngineCore
    let workers: [any Worker]
    var thread: pthread_t?
    var started = false
    private let settings: EngineSettings
    private let providers: [any Provider]
    private let sinks: any AssetSinkFactory
    let clock: any Clock

    let journal: (any JobJournal)?
    /// One key after the other: what the journal says of it, and the job that this client makes of that.
    let keyLock: Lock
    private let rates: RateRegistry

    static let stackBytes: UInt = 1 << 20

    public init(
        settings: EngineSettings, providers: [any Provider], resolvers: [String: any CredentialResolver],
        transport: any Transport, sinks: any AssetSinkFactory, rates: RateRegistry,
        journal: (any JobJournal)? = nil
    ) throws(Lock.OutOfMemory) {
        self.journal = journal
        self.rates = rates
        keyLock = try Lock()
        mailbox = try Mailbox()
        startLock = try Lock()
        let fileWorker = try ThreadWorker(name: "aigc-file")
        let credentialWorker = try ThreadWorker(name: "aigc-cred")
        workers = [fileWorker, credentialWorker]
        let clock = SystemClock()
        core = EngineCore(
            settings: settings, mailbox: mailbox, transport: transport, clock: clock, random: SystemRandom(),
            providers: providers, resolvers: resolvers, rates: rates, fileWorker: fileWorker,
            credentialWorker: credentialWorker, journal: journal)
        self.settings = settings
        self.providers = providers
        self.sinks = sinks
        self.clock = clock
        mailbox.events = EventQueue(logCapacity: settings.logCapacity)
        mailbox.counts.statistics.startedAtMilliseconds = clock.unixMilliseconds()
        let wake = WakeBox(transport: transport)
        mailbox.waker.action = { wake.transport.wake() }
    }

    /// `Transport.wake` is the one call that any thread may make.
    private struct WakeBox: @unchecked Sendable {
        let transport: any Transport
    }

    // MARK: - Jobs

    public func provider(_ name: String) -> (any Provider)? { providers.first { $0.name.isSame(as: name) } }

    /// Queues a checked submission. Never blocks on the network.
    public func submit(
        _ call: ProviderCall, operation: String, follow: Bool, deadlineMilliseconds: Int64, trace: TraceContext? = nil
    ) throws(Failure) -> JobRecord {
        let record = newRecord(call.provider, operation, isDownload: false, JobSnapshot(state: .queued))
        mailbox.setTrace(trace, of: record)
        try start()
        try post(.submit(record, call, follow: follow, deadlineMilliseconds: deadlineMilliseconds))
        return record
    }

    /// Queues a call by name: a write runs like a submission, a read is repeated until it is answered.
    public func call(_ call: ProviderCall, deadlineMilliseconds: Int64) throws(Failure) -> JobRecord {
        if call.kind == .submit {
            return try submit(call, operation: call.action, follow: true, deadlineMilliseconds: deadlineMilliseconds)
        }
        let record = newRecord(call.provider, call.action, isDownload: false, JobSnapshot(state: .queued))
        try start()
        try post(.read(record, call, deadlineMilliseconds: deadlineMilliseconds))
        return record
    }

    public func attach(
        _ reference: JobReference, follow: Bool, deadlineMilliseconds: Int64
    ) throws(Failure) -> JobRecord {
        let reference = mailbox.once(reference)
        var snapshot = JobSnapshot(state: .pending)
        snapshot.outcome = .accepted
        snapshot.reference = reference
        let record = newRecord(reference.provider, reference.operation, isDownload: false, snapshot)
        try start()
        try post(.attach(record, follow: follow, deadlineMilliseconds: deadlineMilliseconds))
        return record
    }

    /// Downloads image `index` of a job that has succeeded.
    public func download(_ job: JobRecord, index: Int, path: String?) throws(Failure) -> JobRecord {
        let snapshot = read(job)
        guard !job.isDownload, snapshot.state == .succeeded, let reference = snapshot.reference,
            let provider = provider(job.provider)
        else {
            throw Failure(.wrongState, "Downloading an image: the job has not succeeded (yet); wait for it first")
        }
        guard snapshot.assets.indices.contains(index) else {
            throw Failure(
                .invalidArgument,
                "Downloading an image: index \(index) is not below the job's \(snapshot.assets.count)",
                field: "index")
        }
        let asset = snapshot.assets[index]  // safe: checked above
        let access = provider.assetAccess(reference, asset)
        do throws(Failure) {
            return try order(
                access, provider: job.provider, operation: job.operation, job: reference, index: asset.place(at: index),
                path: path, expiresAtMilliseconds: asset.expiresAtMilliseconds,
                trace: mailbox.lock.withLock { job.trace },
                identity: [
                    reference.provider, reference.endpoint, reference.region, reference.operation, reference.remoteID,
                    String(index),
                ].joined(separator: "\n"))
        } catch {
            throw error.about(reference)
        }
    }

    /// Downloads one image by its id or URL.
    public func fetch(
        _ access: AssetAccess, provider: String, operation: String, identity: String, path: String?,
        trace: TraceContext? = nil
    ) throws(Failure) -> JobRecord {
        try order(
            access, provider: provider, operation: operation, job: nil, index: 0, path: path, expiresAtMilliseconds: 0,
            trace: trace, identity: identity)
    }

    private func order(
        _ access: AssetAccess, provider: String, operation: String, job: JobReference?, index: Int, path: String?,
        expiresAtMilliseconds: Int64, trace: TraceContext?, identity: String
    ) throws(Failure) -> JobRecord {
        var isAPIAnswer = false
        if case .call = access { isAPIAnswer = true }
        let sink = try sinks.make(path: path, isAPIAnswer: isAPIAnswer, identity: identity)
        var snapshot = JobSnapshot(state: .queued)
        if let job { snapshot.imageOf = job }
        let record = newRecord(provider, operation, isDownload: true, snapshot)
        mailbox.setTrace(trace, of: record)
        let order = DownloadOrder(
            access: access, sink: sink, job: job, index: index, expiresAtMilliseconds: expiresAtMilliseconds)
        try start()
        try post(.download(record, order))
        return record
    }

    public func cancel(_ record: JobRecord) { _ = mailbox.post(.cancel(record.id)) }

    public func setFollow(_ record: JobRecord, _ follow: Bool) throws(Failure) {
        try post(.setFollow(record.id, follow))
    }

    public func setDeadline(_ record: JobRecord, milliseconds: Int64) throws(Failure) {
        try post(.setDeadline(record.id, milliseconds))
    }

    public func setCredentials(_ credentials: Credentials, provider: String) throws(Failure) {
        try start()
        try post(.setCredentials(provider, credentials))
    }

    /// The credentials that are in use for a provider; nil before the first call.
    public func credentialNote(of provider: String) -> CredentialNote? {
        mailbox.lock.withLock { mailbox.credentialNotes[provider] }
    }

    /// What the last answer of an endpoint (as in `JobReference.endpoint`) said about the time; nil before the first.
    public func serverDate(of endpoint: String) -> ServerDate? {
        mailbox.counts.lock.withLock { mailbox.counts.serverDates[endpoint] }
    }

    /// The trace that goes along with the calls about a job, from its next call on.
    public func setTrace(_ record: JobRecord, _ trace: TraceContext?) {
        mailbox.setTrace(trace, of: record)
    }

    /// The present counts.
    public func statistics() -> Statistics {
        var copy = mailbox.counts.lock.withLock { mailbox.counts.statistics }
        copy.rates = rates.rows(at: clock.nanoseconds())
        return mailbox.lock.withLock {
            copy.callsWaiting = mailbox.callsWaiting
            copy.eventsQueued = mailbox.events.count
            copy.logsLost = mailbox.events.logsLost
            return copy
        }
    }

    func newRecord(
        _ provider: String, _ operation: String, isDownload: Bool, _ snapshot: JobSnapshot
    ) -> JobRecord {
        JobRecord(
            id: aigcp_next_id(), provider: provider, operation: operation, isDownload: isDownload,
            snapshot: snapshot)
    }

    static var closed: Failure { Failure(.closed, "The client has been closed") }

    func post(_ command: Command) throws(Failure) {
        guard mailbox.post(command) else { throw Self.closed }
    }
}
