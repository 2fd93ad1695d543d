internal import CPlatform
public import Core

/// One client's engine: owns the thread, the transport and what the threads share. Any thread may call it.
public final class Engine: @unchecked Sendable {
    // `thread` and `started` are guarded by `startLock`; the rest is constant or under `Shared.lock`.
    private let shared: Shared
    private let startLock: Lock
    private let core: EngineCore
    private let workers: [any Worker]
    private var thread: pthread_t?
    private var started = false
    private let settings: EngineSettings
    private let providers: [any Provider]
    private let sinks: any AssetSinkFactory
    private let clock: any Clock

    private static let stackBytes: UInt = 1 << 20

    public init(
        settings: EngineSettings, providers: [any Provider], resolvers: [String: any CredentialResolver],
        transport: any Transport, sinks: any AssetSinkFactory, rates: RateBoard
    ) throws(Lock.OutOfMemory) {
        shared = try Shared()
        startLock = try Lock()
        let fileWorker = try ThreadWorker(name: "aigc-file")
        let credentialWorker = try ThreadWorker(name: "aigc-cred")
        workers = [fileWorker, credentialWorker]
        let clock = SystemClock()
        core = EngineCore(
            settings: settings, shared: shared, transport: transport, clock: clock, random: SystemRandom(),
            providers: providers, resolvers: resolvers, rates: rates, fileWorker: fileWorker,
            credentialWorker: credentialWorker)
        self.settings = settings
        self.providers = providers
        self.sinks = sinks
        self.clock = clock
        let wake = WakeBox(transport: transport)
        shared.transportWake = { wake.transport.wake() }
    }

    /// `Transport.wake` is the one call that any thread may make.
    private struct WakeBox: @unchecked Sendable {
        let transport: any Transport
    }

    // MARK: - Jobs

    public func provider(_ name: String) -> (any Provider)? { providers.first { $0.name == name } }

    /// Queues a checked submission. Never blocks on the network.
    public func submit(
        _ call: ProviderCall, operation: String, follow: Bool, deadlineMilliseconds: Int64
    ) throws(Failure) -> JobRecord {
        let record = newRecord(call.provider, operation, isDownload: false, JobSnapshot(state: .queued))
        try start()
        try post(.submit(record, call, follow: follow, deadlineMilliseconds: deadlineMilliseconds))
        return record
    }

    /// Queues a call by name: a write like a submission, a read to be repeated until it is answered.
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
        let reference = shared.once(reference)
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
        return try order(
            access, provider: job.provider, operation: job.operation, job: reference, index: index, path: path,
            expiresAtMilliseconds: asset.expiresAtMilliseconds,
            identity: "\(reference.provider)/\(reference.endpoint)/\(reference.remoteID)/\(index)")
    }

    /// Downloads one image that is known by id or URL.
    public func fetch(
        _ access: AssetAccess, provider: String, operation: String, identity: String, path: String?
    ) throws(Failure) -> JobRecord {
        try order(
            access, provider: provider, operation: operation, job: nil, index: 0, path: path, expiresAtMilliseconds: 0,
            identity: identity)
    }

    private func order(
        _ access: AssetAccess, provider: String, operation: String, job: JobReference?, index: Int, path: String?,
        expiresAtMilliseconds: Int64, identity: String
    ) throws(Failure) -> JobRecord {
        var isAPIAnswer = false
        if case .call = access { isAPIAnswer = true }
        let sink = try sinks.make(path: path, isAPIAnswer: isAPIAnswer, identity: identity)
        let record = newRecord(provider, operation, isDownload: true, JobSnapshot(state: .queued))
        let order = DownloadOrder(
            access: access, sink: sink, job: job, index: index, expiresAtMilliseconds: expiresAtMilliseconds)
        try start()
        try post(.download(record, order))
        return record
    }

    public func cancel(_ record: JobRecord) { _ = shared.post(.cancel(record.id)) }

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
        shared.lock.withLock { shared.credentialNotes[provider] }
    }

    /// What the last answer of an endpoint (as in `JobReference.endpoint`) said about the time; nil before the first.
    public func serverDate(of endpoint: String) -> ServerDate? {
        shared.lock.withLock { shared.serverDates[endpoint] }
    }

    // MARK: - Waiting

    public func read(_ record: JobRecord) -> JobSnapshot { shared.lock.withLock { record.snapshot } }

    /// Lends the snapshot for the length of the call, without a copy. `body` does nothing foreign.
    public func withSnapshot<R>(_ record: JobRecord, _ body: (borrowing JobSnapshot) -> R) -> R {
        shared.lock.withLock { body(record.snapshot) }
    }

    /// Nil when the time is up before the job has ended.
    public func wait(_ record: JobRecord, milliseconds: Int64) throws(Failure) -> JobSnapshot? {
        try wait(record, milliseconds) { $0.snapshot.state.isTerminal }
    }

    /// Makes one status call and waits for it. Nil when the time is up before it has ended.
    public func refresh(_ record: JobRecord, milliseconds: Int64) throws(Failure) -> Result<JobSnapshot, Failure>? {
        let refused: Failure? = shared.lock.withLock {
            let state = record.snapshot.state
            if record.isDownload { return Failure(.wrongState, "Refreshing a job: it is a download") }
            if state.isTerminal { return Failure(.wrongState, "Refreshing a job: it has ended") }
            if record.snapshot.reference == nil {
                return Failure(.wrongState, "Refreshing a job: the provider has not given an id yet")
            }
            return nil
        }
        if let refused { throw refused }
        let serial = shared.lock.withLock {
            record.refreshesAsked += 1
            return record.refreshesAsked
        }
        try post(.refresh(record))
        guard milliseconds != 0 else { return nil }
        guard let snapshot = try wait(record, milliseconds, until: { $0.refreshesDone >= serial }) else { return nil }
        if let failure = shared.lock.withLock({ record.refreshFailure }) { return .failure(failure) }
        return .success(snapshot)
    }

    private func wait(
        _ record: JobRecord, _ milliseconds: Int64, until done: (JobRecord) -> Bool
    ) throws(Failure) -> JobSnapshot? {
        let limit: Int64? =
            milliseconds < 0
            ? nil : clock.nanoseconds().adding(.nanoseconds(milliseconds: milliseconds))
        while true {
            if let snapshot = shared.lock.withLock({ done(record) ? record.snapshot : nil }) { return snapshot }
            if let limit, clock.nanoseconds() >= limit { return nil }
            guard let waiter = try? Waiter() else { throw Failure(.noResources, "Waiting for a job: out of memory") }
            let registered = shared.lock.withLock {
                if done(record) || shared.engineGone { return false }
                record.waiters.append(waiter)
                return true
            }
            if registered {
                let signalled = waiter.wait(until: limit)
                if !signalled { shared.lock.withLock { record.waiters.removeAll { $0 === waiter } } }
            } else if let snapshot = shared.lock.withLock({ done(record) ? record.snapshot : nil }) {
                return snapshot
            } else {
                throw Failure(.closed, "Waiting for a job: the client has been closed")
            }
        }
    }

    // MARK: - Events

    /// The level-triggered descriptor, made at the first call; -1 when descriptors are exhausted.
    public func eventDescriptor() -> Int32 {
        shared.lock.withLock {
            shared.eventsObserved = true
            if shared.eventDescriptor < 0 {
                var error: Int32 = 0
                shared.eventDescriptor = aigcp_eventfd(&error)
                shared.eventsChanged()
            }
            return shared.eventDescriptor
        }
    }

    /// The next event; nil when none came in time or `wake` was called.
    public func nextEvent(milliseconds: Int64) -> Event? {
        let limit: Int64? =
            milliseconds < 0
            ? nil : clock.nanoseconds().adding(.nanoseconds(milliseconds: milliseconds))
        return shared.lock.withLock {
            shared.eventsObserved = true
            while true {
                if let event = shared.events.pop() {
                    event.job?.handles += 1
                    event.job?.hasHadHandle = true
                    shared.eventsChanged()
                    return event
                }
                if shared.wakes > 0 {
                    shared.wakes = 0
                    shared.eventsChanged()
                    return nil
                }
                shared.eventsChanged()
                if milliseconds == 0 || shared.engineGone { return nil }
                shared.eventWaiters += 1
                let inTime = shared.lock.wait(until: limit)
                shared.eventWaiters -= 1
                if !inTime && shared.events.isEmpty && shared.wakes == 0 { return nil }
            }
        }
    }

    public func wake() {
        shared.lock.withLock {
            shared.wakes = 1
            shared.eventsChanged()
        }
    }

    // MARK: - Handles

    public func retain(_ record: JobRecord) {
        shared.lock.withLock {
            record.handles += 1
            record.hasHadHandle = true
        }
    }

    public func release(_ record: JobRecord) {
        shared.lock.withLock {
            record.handles -= 1
            // Nobody can ask for these events any more, and nobody has ever asked for any.
            if record.handles == 0 && !shared.eventsObserved {
                shared.events.drop(record)
                shared.eventsChanged()
            }
        }
    }

    /// Takes the bytes of a download to memory, once.
    public func takeBytes(_ record: JobRecord) throws(Failure) -> (bytes: AssetBytes, contentType: String) {
        let taken: (AssetBytes, String)? = shared.lock.withLock {
            guard record.snapshot.state == .succeeded, let result = record.snapshot.result, let bytes = result.bytes
            else {
                return nil
            }
            record.snapshot.result?.bytes = nil
            return (bytes, result.contentType)
        }
        guard let taken else {
            throw Failure(
                .wrongState,
                "Taking an image's bytes: the job is not a download to memory that has succeeded, or they were taken")
        }
        return taken
    }

    public func userData(_ record: JobRecord) -> UInt { shared.lock.withLock { record.userData } }
    public func setUserData(_ record: JobRecord, _ value: UInt) { shared.lock.withLock { record.userData = value } }

    // MARK: - The thread

    private func newRecord(
        _ provider: String, _ operation: String, isDownload: Bool, _ snapshot: JobSnapshot
    ) -> JobRecord {
        JobRecord(
            id: aigcp_next_id(), provider: provider, operation: operation, isDownload: isDownload,
            snapshot: snapshot)
    }

    private func post(_ command: Command) throws(Failure) {
        guard shared.post(command) else { throw Failure(.closed, "The client has been closed") }
    }

    private func start() throws(Failure) {
        let failure: Failure? = startLock.withLock {
            if started { return nil }
            if shared.lock.withLock({ shared.closed }) { return Failure(.closed, "The client has been closed") }
            let context = Unmanaged.passRetained(self)
            var thread = pthread_t()
            let error = aigcp_thread_start(&thread, Self.stackBytes, "aigc-engine", engineBody, context.toOpaque())
            guard error == 0 else {
                context.release()
                return Failure(
                    .noResources, "Starting the engine's thread failed (errno \(error)): too many threads or no memory",
                    isRetryable: true)
            }
            self.thread = thread
            started = true
            // A full table only means that exit() does not wait for this one.
            _ = aigcp_exit_register(parkAtExit, context.toOpaque())
            return nil
        }
        if let failure { throw failure }
    }

    /// Ends all jobs here and joins the threads. Any number of times.
    public func close(graceMilliseconds: Int64) {
        let first = shared.lock.withLock {
            if shared.closed { return false }
            shared.closed = true
            shared.inbox.append(.close(graceMilliseconds: graceMilliseconds))
            shared.engineSleeps = false
            return true
        }
        startLock.withLock {
            guard let running = thread else {
                if first { gone() }
                return
            }
            shared.wakeTransport()
            _ = aigcp_thread_join(running)
            thread = nil
        }
        guard first else { return }
        for worker in workers { worker.close() }
    }

    /// Nobody will signal any more: let go of everybody who waits.
    private func gone() {
        shared.lock.withLock {
            shared.engineGone = true
            shared.lock.broadcast()
        }
    }

    fileprivate func run() {
        aigcp_turn_enter()
        defer { aigcp_turn_leave() }
        while !core.isDone {
            core.turn(mayWait: true)
            parkIfAsked()
        }
        shared.endWakes()
        core.transport.shutdown()
        gone()
        aigcp_exit_unregister(Unmanaged.passUnretained(self).toOpaque())
    }

    // MARK: - exit()

    private func parkIfAsked() {
        shared.lock.withLock {
            guard shared.parking else { return }
            shared.parked = true
            shared.lock.broadcast()
            // The process is ending: never touch TLS again, and stand in no fork's way.
            aigcp_turn_leave()
            while true { _ = shared.lock.wait(until: nil) }
        }
    }

    /// Runs in exit(), before OpenSSL takes itself down: waits, not for long, until the engine is out of it.
    fileprivate func park() {
        shared.lock.withLock { shared.parking = true }
        shared.wakeTransport()
        shared.lock.withLock {
            let limit = aigcp_monotonic_ns().adding(1_000_000_000)
            while !shared.parked && !shared.engineGone {
                if !shared.lock.wait(until: limit) { return }
            }
        }
    }
}

private func engineBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Engine>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

private func parkAtExit(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<Engine>.fromOpaque(context).takeUnretainedValue().park()
}
