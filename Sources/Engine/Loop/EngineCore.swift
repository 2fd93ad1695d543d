internal import CPlatform
internal import Core

/// The engine without its thread: takes commands, fires timers, lets calls leave and takes their answers. One turn at a
/// time, on one thread; tests turn it by hand on a virtual clock.
///
/// Everything else has one owner: `JobRunner` and `DownloadRunner` have the tasks, `CallRunner` has the calls,
/// `CredentialStore` finds credentials, `Reporter` reports. A machine is never fed while another one's actions are carried
/// out: `settle` tells owners the results of their calls after the turn of the machine that asked.
final class EngineCore {
    let jobs: JobRunner
    let downloads: DownloadRunner
    let calls: CallRunner
    let credentials: CredentialStore
    let reporter: Reporter
    let timers = Timers()
    let transport: any Transport
    private let mailbox: Mailbox
    private let settings: EngineSettings
    private let clock: any Clock
    private let steps: JournalSteps
    private(set) lazy var mirrors = MirrorRunner(
        steps, timers: timers, mailbox, reporter, clock: clock, core: self)
    private var providers = FewKeys<any Provider>()
    /// When the engine ends in spite of remaining jobs; nil: it has not been closed.
    private(set) var closeBy: Int64?
    private var commands: [Command] = []

    init(
        settings: EngineSettings, mailbox: Mailbox, transport: any Transport, clock: any Clock,
        random: any RandomSource,
        providers: [any Provider], resolvers: [String: any CredentialResolver], rates: RateRegistry,
        fileWorker: any Worker, credentialWorker: any Worker, journal: (any JobJournal)? = nil
    ) {
        self.settings = settings
        self.mailbox = mailbox
        self.transport = transport
        self.clock = clock
        for provider in providers.reversed() { self.providers[provider.name] = provider }
        steps = JournalSteps(journal, mailbox)
        reporter = Reporter(mailbox, clock: clock, level: settings.logLevel)
        credentials = CredentialStore(resolvers, worker: credentialWorker, mailbox)
        let reader = CallReader(
            mailbox, reporter, clock: clock, random: random,
            longestPause: settings.jobPolicy.retry.backoff.capMilliseconds)
        let book = SurvivalBook()
        calls = CallRunner(
            settings: settings, rates: rates, book: book, timers: timers, transport: transport,
            credentials: credentials,
            reader: reader, reporter: reporter, clock: clock, random: random)
        // Each command is a process of its own: an old answer may hold the id of a job of the process before.
        for reference in journal?.newestJobs() ?? [] { reader.note(reference) }
        jobs = JobRunner(
            settings: settings, steps: steps, calls: calls, timers: timers, mailbox, reporter, book: book,
            file: rates.file, clock: clock, random: random)
        downloads = DownloadRunner(
            settings: settings, calls: calls, timers: timers, worker: fileWorker, mailbox, reporter, clock: clock,
            random: random)
    }

    /// True when a close has been carried out and the engine waits for nothing.
    var isDone: Bool {
        guard let closeBy else { return false }
        // The engine does not wait without end for a file system that hangs.
        if downloads.isAwaitingWorker, clock.nanoseconds() < Self.givesUpWorkers(closeBy) { return false }
        return jobs.active.isEmpty || clock.nanoseconds() >= closeBy
    }

    /// The tasks that callers may still wait for.
    var records: [JobRecord] {
        let own = jobs.active.values.map(\.record) + downloads.active.values.map(\.record)
        return steps.journal == nil ? own : own + mirrors.records
    }

    private static func givesUpWorkers(_ closeBy: Int64) -> Int64 {
        closeBy.adding(.nanoseconds(milliseconds: ThreadWorker.patienceMilliseconds))
    }

    /// One turn. `mayWait`: whether to wait for bytes, timers or commands when there is nothing to do.
    func turn(mayWait: Bool) {
        timers.turn.begin()
        defer { timers.turn.end() }
        drainInbox()
        fireTimers()
        while let job = jobs.nextForFreeSlot() { feed(.slotFree, to: job) }
        jobs.enterHeld()
        startReadyCalls()
        let results = transport.wait(milliseconds: waitLimit(mayWait))
        mailbox.lock.withLock { mailbox.beginWork() }
        for (id, result) in results { transferEnded(id, result) }
        downloads.sweepProgress()
        if isDone { jobs.acceptKept() }
    }

    func waitLimit(_ mayWait: Bool) -> Int64? {
        let rests = mayWait && !isDone
        let waiting = UInt64(max(0, calls.waiting + jobs.heldBack))
        let sleeps = mailbox.lock.withLock {
            mailbox.endWork()
            mailbox.engineSleeps = rests && mailbox.inbox.isEmpty
            mailbox.callsWaiting = waiting
            return mailbox.engineSleeps
        }
        guard sleeps else { return 0 }
        var due = timers.nextDue
        // After the grace the engine waits only for workers, which wake it or are abandoned.
        if let closeBy {
            due = min(due ?? .max, closeBy > clock.nanoseconds() ? closeBy : Self.givesUpWorkers(closeBy))
        }
        if settings.progressEvents && calls.downloadsInFlight > 0 {
            due = min(due ?? .max, clock.nanoseconds().adding(DownloadRunner.progressPause))
        }
        guard let due, due != .max else { return nil }
        let left = due.adding(-clock.nanoseconds())
        return left <= 0 ? 0 : left / 1_000_000 + 1
    }

    // MARK: - Commands

    private func drainInbox() {
        // Two arrays that change places, so that neither is made anew each time.
        mailbox.lock.withLock {
            swap(&commands, &mailbox.inbox)
            // Announce first: carrying out this many commands takes long, and commands announce nothing themselves.
            if commands.count > Mailbox.mostUnannounced { mailbox.announceAll() }
        }
        for command in commands { carryOut(command) }
        commands.removeAll(keepingCapacity: commands.capacity <= 1_024)
    }

    private func carryOut(_ command: Command) {
        switch command {
        case .submit(let record, let call, let follow, let deadline):
            guard let provider = providers[record.provider] else { return refuse(record) }
            begin(jobs.add(record, provider, JobMachine(follows: follow), submission: call), deadline)
        case .read(let record, let call, let deadline):
            guard let provider = providers[record.provider] else { return refuse(record) }
            let job = jobs.add(record, provider, .read())
            job.read = call
            begin(job, deadline)
        case .attach(let record, let follow, let deadline):
            guard let provider = providers[record.provider],
                let reference = mailbox.lock.withLock({ record.snapshot.reference })
            else { return refuse(record) }
            calls.attached(reference)
            begin(jobs.add(record, provider, JobMachine(attached: reference.remoteID, follows: follow)), deadline)
        case .download(let record, let order):
            guard let provider = providers[record.provider] else { return refuse(record) }
            begin(downloads.add(record, provider, order), settings.downloadDeadlineMilliseconds)
        case .cancel(let id):
            if let task = task(id) { feed(.cancel, to: task) }
            if let mirror = mirror(id) { mirrors.cancel(mirror) }
        case .refresh(let record, let serial):
            // A refresh at the moment of an answer, or of the end, shares that answer.
            let isOpen = mailbox.lock.withLock { record.refreshesDone < serial }
            if isOpen, let job = jobs.active[record.id] {
                feed(.refresh, to: job)
                calls.hurry(job)
            }
            if isOpen, let mirror = mirror(record.id) { mirrors.refresh(mirror) }
        case .setFollow(let id, let on):
            if let job = jobs.active[id] {
                feed(.setFollow(on), to: job)
                if on { jobs.followed(job) } else { jobs.unfollowed(job) }
                if !on, job.machine.outcome == .accepted { steps.letGo(job) }
            }
            if let mirror = mirror(id) { mirror.follows = on }
        case .setDeadline(let id, let milliseconds):
            if let task = task(id) {
                task.deadlineAt = deadline(after: milliseconds)
                timers.schedule(task)
            }
            if let mirror = mirror(id) { timers.set(mirror, due: deadline(after: milliseconds)) }
        case .journalled(let record, let start): mirrors.begin(record, start)
        case .release(let id): release(id)
        case .recorded(let id, let call, let answer): recorded(id, call, answer)
        case .kept(let id):
            guard let job = jobs.active[id] else { return }
            jobs.kept(job)
            settle()
        case .looked(let places): mirrors.looked(places)
        case .setCredentials(let provider, let given):
            calls.given(provider, given)
            settle()
        case .resolved(let provider, let resolution):
            calls.found(provider, resolution)
            settle()
        case .prepared(let id, let failure):
            guard let download = downloads.active[id] else { return }
            downloads.prepared(download, failure)
            settle()
        case .committed(let id, let result):
            guard let download = downloads.active[id] else { return }
            downloads.committed(download, result)
            settle()
        case .close(let grace): close(grace)
        }
    }

    private func task(_ id: UInt64) -> ActiveTask? { jobs.active[id] ?? downloads.active[id] }

    /// A job that another client drives.
    private func mirror(_ id: UInt64) -> MirroredJob? { steps.journal == nil ? nil : mirrors.find(id) }

    func provider(of record: JobRecord) -> (any Provider)? { providers[record.provider] }

    func deadline(after milliseconds: Int64) -> Int64 {
        milliseconds < 0 ? .max : clock.nanoseconds().adding(.nanoseconds(milliseconds: milliseconds))
    }

    func begin(_ task: ActiveTask, _ deadlineMilliseconds: Int64, isObserved: Bool = false) {
        task.beganAt = Moment(clock.nanoseconds())
        if !isObserved { reporter.observeBegin(task.record) }
        task.deadlineAt = deadline(after: deadlineMilliseconds)
        timers.schedule(task)
        feed(.start, to: task)
        if closeBy != nil { feed(.close, to: task) }
    }

    /// A job that nobody can drive ends as well.
    func refuse(_ record: JobRecord) {
        mailbox.end(record) { record in
            record.snapshot.state = .failed
            record.snapshot.failure = Failure(
                .invalidArgument, "Starting a job: this client has no provider \"\(record.provider)\"",
                field: "provider")
            mailbox.endRefreshes(of: record)
        }
    }

    private func close(_ graceMilliseconds: Int64) {
        let by = deadline(after: graceMilliseconds)
        if let closeBy {
            // A second close has a shorter grace than the first.
            self.closeBy = min(closeBy, by)
            return
        }
        closeBy = by
        for job in Array(jobs.active.values) { feed(.close, to: job as ActiveTask) }
        for download in Array(downloads.active.values) { feed(.close, to: download as ActiveTask) }
        if steps.journal != nil { mirrors.close() }
    }

    // MARK: - Timers

    private func fireTimers() {
        let now = clock.nanoseconds()
        while let node = timers.popDue(at: now) {
            // The alarm of the calls only ends the wait: the scheduler is asked in every turn.
            guard let task = node as? ActiveTask else {
                if steps.journal != nil { mirrors.fired(node) }
                continue
            }
            let isDeadline = task.deadlineAt <= now
            if isDeadline { task.deadlineAt = .max } else { task.timerAt = .max }
            timers.schedule(task)
            if isDeadline, let job = task as? ActiveJob, calls.isAsking(job.ticket) {
                let provider = job.record.provider
                job.machine.waited(
                    for: Failure(.noCredentials, "The search for credentials of \(provider) had not ended"))
            }
            feed(isDeadline ? .deadline : .timer, to: task)
        }
    }

    // MARK: - Machines

    private func feed(_ event: TaskEvent, to task: ActiveTask) {
        if let job = task as? ActiveJob {
            if event.isEnd { jobs.cutUnsent(job) }
            feed(event.ofJob, to: job)
        } else if let download = task as? ActiveDownload {
            downloads.step(event.ofDownload, download)
            settle()
        }
    }

    func feed(_ event: JobEvent, to job: ActiveJob) {
        jobs.step(event, job)
        settle()
    }

    // MARK: - Calls

    private func startReadyCalls() {
        repeat {
            calls.tick()
            // A call that ended before the wire, or that is held, has freed a place.
        } while settle()
    }

    /// Carries out the actions of machines, and all further actions, until none is left. True if a call has
    /// ended before the wire or is held: its place is free.
    @discardableResult
    private func settle() -> Bool {
        var hasFreed = false
        while let outcome = calls.next() {
            switch outcome {
            case .leaves(let call, let request):
                if call.lane.isSubmission, case .job(let job) = call.owner { jobs.step(.sending, job) }
                if case .fetch(let download) = call.owner {
                    downloads.granted(download, call, request)
                } else {
                    calls.start(call, request)
                }
            case .records(let ticket): if record(ticket) { hasFreed = true }
            case .failed(let call, let failed):
                hasFreed = true
                endedBeforeTheWire(call, failed)
            }
        }
        return hasFreed
    }

    /// Lets a submission leave after the host's release and the journal's record. True if it is held.
    private func record(_ ticket: Ticket) -> Bool {
        guard case .job(let job) = ticket.owner, let note = job.journal else {
            calls.recorded(ticket.id, nil)
            return false
        }
        switch steps.leave(ticket.id, job, note, account: calls.account(of: job.record.provider)) {
        case .now: calls.recorded(ticket.id, nil)
        case .isRecorded: break
        case .isHeld:
            calls.held(ticket.id)
            return true
        }
        return false
    }

    /// The journal has a submission, or could not take it, or another client was faster.
    private func recorded(_ id: UInt64, _ call: UInt64, _ answer: JournalAnswer) {
        let job = jobs.active[id]
        var failure: Failure?
        switch answer {
        case .written: break
        case .failed(let why): failure = why
        case .taken(let place):
            // A call that was withdrawn meanwhile has ended.
            if let job, job.ticket == call { mirrors.watch(job, place) }
            settle()
            return
        }
        if let job, job.ticket == call, failure == nil { job.journal?.isSending = true }
        calls.recorded(call, failure)
        settle()
        if let note = job?.journal, !calls.isOnWire(call) { steps.returned(note) }
    }

    /// The host lets a held submission leave.
    private func release(_ id: UInt64) {
        guard let job = jobs.active[id] else { return mirrors.release(id) }
        guard let note = job.journal, let call = steps.released(job, note) else { return }
        calls.released(call)
        settle()
    }

    private func endedBeforeTheWire(_ call: CallTicket, _ failed: CallFailure) {
        reporter.observeRefusal(call, failed.failure)
        call.owner.task.ticket = 0
        switch call.owner {
        case .job(let job): jobs.callEnded(call, .failure(failed), job)
        case .fetch(let download), .describe(let download): downloads.callFailed(call, failed, download)
        }
        reporter.observeTrouble(call, failed.failure)
    }

    private func transferEnded(_ id: UInt64, _ result: TransferResult) {
        guard let call = calls.arrived(id) else { return }
        switch call.owner {
        case .job(let job): jobs.callEnded(call, calls.read(call, result), job)
        case .describe(let download): downloads.described(download, calls.read(call, result))
        case .fetch(let download): downloads.fetched(download, call, result)
        }
        settle()
        if case .failed(let failure) = result, !failure.requestMayHaveLeft {
            reporter.observeTrouble(call, failure.meaning(doing: call.doing).failure)
        }
    }
}
