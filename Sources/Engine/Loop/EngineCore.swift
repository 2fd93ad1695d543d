internal import CPlatform
internal import Core

/// The engine without its thread: drains the inbox, feeds the machines, runs their actions, moves bytes. One turn at a
/// time, on one thread; tests turn it by hand on a virtual clock.
final class EngineCore {
    let settings: EngineSettings
    let shared: Shared
    let transport: any Transport
    let clock: any Clock
    let random: any RandomSource
    private(set) var providers = FewKeys<any Provider>()
    let resolvers: [String: any CredentialResolver]
    let fileWorker: any Worker
    let credentialWorker: any Worker
    /// Nil without a journal.
    let journalRoom: JournalRoom?

    var jobs: [UInt64: ActiveJob] = [:]
    var downloads: [UInt64: ActiveDownload] = [:]
    var timers = TimerHeap()
    var scheduler: CallScheduler
    var lanes: CallLanes
    /// What the scheduler has asked for and has not got yet.
    var callActions: [CallAction] = []
    /// Wakes the scheduler.
    let callTimer = TimerNode()
    var onWire: [UInt64: CallTicket] = [:]
    var polls: PollLearners
    /// Provider clock minus ours, in seconds, by endpoint.
    var clockOffsets = FewKeys<Int64>()
    var budgets = FewKeys<RetryBudget>()
    /// What submissions of this client were answered with, and the jobs that were attached.
    var answeredJobs = AnswerBook()
    var answeredRequests = AnswerBook()
    /// Submissions that wait until another task of their account ends, by provider.
    var slots = FewKeys<SlotLine>()
    var troubles = TroubleBook()
    var closing = false
    var closeBy: Int64 = .max
    var sweptAt: Int64 = .min
    private var commands: [Command] = []
    private var jobActions: [JobAction] = []
    private var downloadActions: [DownloadAction] = []

    init(
        settings: EngineSettings, shared: Shared, transport: any Transport, clock: any Clock, random: any RandomSource,
        providers: [any Provider], resolvers: [String: any CredentialResolver], rates: RateBoard,
        fileWorker: any Worker, credentialWorker: any Worker, journal: (any JobJournal)? = nil
    ) {
        journalRoom = journal.map { JournalRoom($0) }
        self.settings = settings
        polls = PollLearners(settings.jobPolicy, learns: settings.learnsPauses)
        self.shared = shared
        self.transport = transport
        self.clock = clock
        self.random = random
        self.resolvers = resolvers
        lanes = CallLanes(rates: settings.rates)
        scheduler = CallScheduler(
            maximumInFlight: settings.maximumInFlight, maximumDownloads: settings.maximumDownloads, rates: rates)
        self.fileWorker = fileWorker
        self.credentialWorker = credentialWorker
        for provider in providers.reversed() { self.providers[provider.name] = provider }
    }

    /// True when a close has been carried out and nothing is left to wait for.
    var isDone: Bool {
        guard closing else { return false }
        if downloads.values.contains(where: { $0.workerHasSink }) { return false }
        return jobs.isEmpty || clock.nanoseconds() >= closeBy
    }

    /// One turn. `mayWait`: whether to wait for bytes, timers or commands when there is nothing to do.
    func turn(mayWait: Bool) {
        drainInbox()
        fireTimers()
        if !slots.isEmpty { useFreeSlots() }
        startReadyCalls()
        let results = transport.wait(milliseconds: waitLimit(mayWait))
        shared.lock.withLock { shared.beginWork() }
        for (id, result) in results { transferEnded(id, result) }
        sweepProgress()
    }

    func waitLimit(_ mayWait: Bool) -> Int64? {
        let rests = mayWait && !isDone
        let waiting = UInt64(max(0, scheduler.waiting))
        let sleeps = shared.lock.withLock {
            shared.endWork()
            shared.engineSleeps = rests && shared.inbox.isEmpty
            shared.callsWaiting = waiting
            return shared.engineSleeps
        }
        guard sleeps else { return 0 }
        var due = timers.nextDue
        // Past the grace only workers are waited for, and they wake.
        if closing, closeBy > clock.nanoseconds() { due = min(due ?? .max, closeBy) }
        if settings.progressEvents && scheduler.downloadsInFlight > 0 {
            due = min(due ?? .max, clock.nanoseconds().adding(100_000_000))
        }
        guard let due, due != .max else { return nil }
        let left = due.adding(-clock.nanoseconds())
        return left <= 0 ? 0 : left / 1_000_000 + 1
    }

    private func drainInbox() {
        // Two arrays that change places, so that neither is made anew each time.
        shared.lock.withLock {
            swap(&commands, &shared.inbox)
            // They take their time, and say nothing themselves.
            if commands.count > Shared.mostUnannounced { shared.announceAll() }
        }
        for command in commands { carryOut(command) }
        commands.removeAll(keepingCapacity: commands.capacity <= 1_024)
    }

    private func carryOut(_ command: Command) {
        switch command {
        case .submit(let record, let call, let follow, let deadline):
            guard let provider = providers[record.provider] else { return refuse(record) }
            let job = ActiveJob(
                record: record, provider: provider, polls: polls.learner(of: record), machine: JobMachine(follows: follow))
            job.submission = call
            begin(job, deadline)
        case .read(let record, let call, let deadline):
            guard let provider = providers[record.provider] else { return refuse(record) }
            let job = ActiveJob(record: record, provider: provider, polls: polls.learner(of: record), machine: .read())
            job.read = call
            begin(job, deadline)
        case .attach(let record, let follow, let deadline):
            guard let provider = providers[record.provider],
                let reference = shared.lock.withLock({ record.snapshot.reference })
            else { return refuse(record) }
            _ = answeredJobs.add(reference.remoteID, of: record.provider)
            let machine = JobMachine(attached: reference.remoteID, follows: follow)
            let job = ActiveJob(record: record, provider: provider, polls: polls.learner(of: record), machine: machine)
            begin(job, deadline)
        case .download(let record, let order):
            guard let provider = providers[record.provider] else { return refuse(record) }
            let download = ActiveDownload(record: record, provider: provider, order: order)
            downloads[record.id] = download
            download.beganAt = Moment(clock.nanoseconds())
            observeBegin(record)
            download.deadlineAt = deadline(after: settings.downloadDeadlineMilliseconds)
            schedule(download)
            feed(.start, to: download)
            if closing { feed(.close, to: download) }
        case .cancel(let id):
            if let job = jobs[id] { feed(.cancel, to: job) }
            if let download = downloads[id] { feed(.cancel, to: download) }
            if let mirror = mirror(id) { cancel(mirror) }
        case .refresh(let record, let serial):
            // One that was asked for in the moment of an answer, or of the end, has been answered with it.
            let isOpen = shared.lock.withLock { record.refreshesDone < serial }
            if isOpen, let job = jobs[record.id] { feed(.refresh, to: job) }
            if isOpen, let mirror = mirror(record.id) { refresh(mirror) }
        case .setFollow(let id, let on):
            if let job = jobs[id] {
                feed(.setFollow(on), to: job)
                if !on, job.machine.outcome == .accepted { letGo(job) }
            }
            if let mirror = mirror(id) { mirror.follows = on }
        case .setDeadline(let id, let milliseconds):
            if let job = jobs[id] {
                job.deadlineAt = deadline(after: milliseconds)
                schedule(job)
            } else if let download = downloads[id] {
                download.deadlineAt = deadline(after: milliseconds)
                schedule(download)
            } else if let mirror = mirror(id) {
                timers.set(mirror, due: deadline(after: milliseconds))
            }
        case .journalled(let record, let start):
            begin(record, start)
        case .release(let id):
            release(id)
        case .recorded(let id, let call, let answer):
            recorded(id, call, answer)
        case .kept(let id):
            kept(id)
        case .looked(let places):
            looked(places)
        case .setCredentials(let provider, let credentials):
            taken(provider, credentials)
            settle()
        case .resolved(let provider, let resolution):
            resolved(provider, resolution)
            settle()
        case .prepared(let id, let failure):
            guard let download = downloads[id] else { return }
            workerReturned(download)
            feed(.prepared(failure), to: download)
            forgetIfFinished(download)
        case .committed(let id, let result):
            guard let download = downloads[id] else { return }
            committed(download, result)
        case .close(let grace):
            close(grace)
        }
    }

    func deadline(after milliseconds: Int64) -> Int64 {
        milliseconds < 0 ? .max : clock.nanoseconds().adding(.nanoseconds(milliseconds: milliseconds))
    }

    func begin(_ job: ActiveJob, _ deadlineMilliseconds: Int64, isObserved: Bool = false) {
        jobs[job.record.id] = job
        job.beganAt = Moment(clock.nanoseconds())
        if !isObserved { observeBegin(job.record) }
        job.deadlineAt = deadline(after: deadlineMilliseconds)
        schedule(job)
        feed(.start, to: job)
        if closing { feed(.close, to: job) }
    }

    /// A job that nobody can drive ends as well.
    func refuse(_ record: JobRecord) {
        let waiters = shared.lock.withLock {
            record.snapshot.state = .failed
            record.snapshot.failure = Failure(
                .invalidArgument, "Starting a job: this client has no provider \"\(record.provider)\"",
                field: "provider")
            shared.endRefreshes(of: record)
            shared.push(.jobDone, record)
            return shared.takeWaiters(of: record)
        }
        for waiter in waiters { waiter.signal() }
    }

    private func close(_ graceMilliseconds: Int64) {
        let by = deadline(after: graceMilliseconds)
        if closing {
            // Another thread is in more of a hurry than the one that closed first.
            closeBy = min(closeBy, by)
            return
        }
        closing = true
        closeBy = by
        for job in Array(jobs.values) { feed(.close, to: job) }
        for download in Array(downloads.values) { feed(.close, to: download) }
        closeMirrors()
    }

    // MARK: - Timers

    func schedule(_ task: ActiveTask) { timers.set(task, due: min(task.timerAt, task.deadlineAt)) }

    private func fireTimers() {
        let now = clock.nanoseconds()
        while let node = timers.popDue(at: now) {
            // The timer of the calls only ends the wait: the scheduler is asked in every turn.
            guard let task = node as? ActiveTask else {
                if let mirror = node as? MirroredJob { deadlinePassed(mirror) }
                if node is JournalWatch { lookAtMirrors() }
                continue
            }
            let isDeadline = task.deadlineAt <= now
            if isDeadline { task.deadlineAt = .max } else { task.timerAt = .max }
            schedule(task)
            if let job = task as? ActiveJob {
                feed(isDeadline ? .deadline : .timer, to: job)
            } else if let download = task as? ActiveDownload {
                feed(isDeadline ? .deadline : .timer, to: download)
            }
        }
    }

    // MARK: - Machines

    /// Tells a machine of something, and carries out what follows from it. Never from within `step`.
    func feed(_ event: JobEvent, to job: ActiveJob) {
        step(event, job)
        settle()
    }

    func feed(_ event: DownloadEvent, to download: ActiveDownload) {
        step(event, download)
        settle()
    }

    /// One event of one machine. What it asks the scheduler for is carried out after it, by `settle`.
    func step(_ event: JobEvent, _ job: ActiveJob) {
        var actions = jobActions
        jobActions = []
        job.machine.handle(
            event, at: clock.nanoseconds(), policy: job.polls.policy, random: random.next(), into: &actions)
        for action in actions { perform(action, job) }
        actions.removeAll(keepingCapacity: true)
        jobActions = actions
    }

    func step(_ event: DownloadEvent, _ download: ActiveDownload) {
        var actions = downloadActions
        downloadActions = []
        download.machine.handle(
            event, at: clock.nanoseconds(), policy: settings.downloadRetry, random: random.next(), into: &actions)
        for action in actions { perform(action, download) }
        actions.removeAll(keepingCapacity: true)
        downloadActions = actions
    }

    private func sweepProgress() {
        guard scheduler.downloadsInFlight > 0 else { return }
        let now = clock.nanoseconds()
        guard sweptAt == .min || now.adding(-sweptAt) >= 100_000_000 else { return }
        sweptAt = now
        for download in downloads.values where !download.workerHasSink { tellProgress(download) }
    }
}
