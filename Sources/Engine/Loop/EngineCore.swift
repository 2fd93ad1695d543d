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
    let rates: RateBoard
    let fileWorker: any Worker
    let credentialWorker: any Worker

    var jobs: [UInt64: ActiveJob] = [:]
    var downloads: [UInt64: ActiveDownload] = [:]
    var timers = TimerHeap()
    var tickets: [UInt64: CallTicket] = [:]
    /// Jobs whose status call waits behind many others, by the number of the call.
    var parked: [UInt64: ActiveJob] = [:]
    private var pollBooks: [PollKind: PollBook] = [:]
    /// Jobs of one kind come in a row.
    private var newestPolls: (kind: PollKind, book: PollBook)?
    private let otherPolls: PollBook
    var nextTicket: UInt64 = 1
    var desks = FewKeys<CredentialDesk>()
    var credentialAlarms: [String: CredentialAlarm] = [:]
    var waitingForCredentials: [String: [UInt64]] = [:]
    var gates: [GateName: RateGate] = [:]
    /// Calls of one kind come in a row.
    var newestGate: (name: GateName, gate: RateGate)?
    /// Gates whose next call leaves as soon as it has a permit and there is a place.
    var callLine: [RateGate] = []
    var imageLine: [RateGate] = []
    var callsForImageNext = false
    var readyDownloads = DownloadQueue()
    var callsInFlight = 0
    var downloadsInFlight = 0
    /// Provider clock minus ours, in seconds, by endpoint.
    var clockOffsets = FewKeys<Int64>()
    var budgets = FewKeys<RetryBudget>()
    var closing = false
    var closeBy: Int64 = .max
    var sweptAt: Int64 = .min
    private var commands: [Command] = []
    private var jobActions: [JobAction] = []
    private var downloadActions: [DownloadAction] = []

    private struct PollKind: Hashable {
        let provider: String
        let operation: String
    }

    struct GateName: Hashable {
        let provider: String
        let account: String
        let action: String
        /// A call by name may have the action of one of ours.
        let kind: Statistics.CallName.Kind
    }

    init(
        settings: EngineSettings, shared: Shared, transport: any Transport, clock: any Clock, random: any RandomSource,
        providers: [any Provider], resolvers: [String: any CredentialResolver], rates: RateBoard,
        fileWorker: any Worker, credentialWorker: any Worker
    ) {
        self.settings = settings
        otherPolls = PollBook(settings.jobPolicy, learns: false, isOfManyKinds: true)
        self.shared = shared
        self.transport = transport
        self.clock = clock
        self.random = random
        self.resolvers = resolvers
        self.rates = rates
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
        startReadyCalls()
        let results = transport.wait(milliseconds: waitLimit(mayWait))
        shared.lock.withLock { shared.beginWork() }
        for (id, result) in results { transferEnded(id, result) }
        sweepProgress()
    }

    func waitLimit(_ mayWait: Bool) -> Int64? {
        let rests = mayWait && !isDone
        let waiting = UInt64(max(0, tickets.count + parked.count - callsInFlight - downloadsInFlight))
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
        if settings.progressEvents && downloadsInFlight > 0 {
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
                record: record, provider: provider, polls: polls(of: record), machine: JobMachine(follows: follow))
            job.submission = call
            begin(job, deadline)
        case .read(let record, let call, let deadline):
            guard let provider = providers[record.provider] else { return refuse(record) }
            let job = ActiveJob(record: record, provider: provider, polls: polls(of: record), machine: .read())
            job.read = call
            begin(job, deadline)
        case .attach(let record, let follow, let deadline):
            guard let provider = providers[record.provider],
                let reference = shared.lock.withLock({ record.snapshot.reference })
            else { return refuse(record) }
            let machine = JobMachine(attached: reference.remoteID, follows: follow)
            let job = ActiveJob(record: record, provider: provider, polls: polls(of: record), machine: machine)
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
        case .refresh(let record, let serial):
            // One that was asked for in the moment of an answer, or of the end, has been answered with it.
            let isOpen = shared.lock.withLock { record.refreshesDone < serial }
            if isOpen, let job = jobs[record.id] { feed(.refresh, to: job) }
        case .setFollow(let id, let on):
            if let job = jobs[id] { feed(.setFollow(on), to: job) }
        case .setDeadline(let id, let milliseconds):
            if let job = jobs[id] {
                job.deadlineAt = deadline(after: milliseconds)
                schedule(job)
            } else if let download = downloads[id] {
                download.deadlineAt = deadline(after: milliseconds)
                schedule(download)
            }
        case .setCredentials(let provider, let credentials):
            taken(provider, credentials)
            releaseWaiting(for: provider)
        case .resolved(let provider, let resolution):
            resolved(provider, resolution)
            releaseWaiting(for: provider)
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

    private func deadline(after milliseconds: Int64) -> Int64 {
        milliseconds < 0 ? .max : clock.nanoseconds().adding(.nanoseconds(milliseconds: milliseconds))
    }

    private func polls(of record: JobRecord) -> PollBook {
        let kind = PollKind(provider: record.provider, operation: record.operation)
        if let newestPolls, newestPolls.kind == kind { return newestPolls.book }
        let book = newPolls(kind)
        newestPolls = (kind, book)
        return book
    }

    private func newPolls(_ kind: PollKind) -> PollBook {
        if let known = pollBooks[kind] { return known }
        // Operations are few, but a name that a caller makes up is one too: those beyond share a book that learns nothing.
        guard pollBooks.count < 256 else { return otherPolls }
        let book = PollBook(settings.jobPolicy, learns: settings.learnsPauses)
        pollBooks[kind] = book
        return book
    }

    private func begin(_ job: ActiveJob, _ deadlineMilliseconds: Int64) {
        jobs[job.record.id] = job
        job.beganAt = Moment(clock.nanoseconds())
        observeBegin(job.record)
        job.deadlineAt = deadline(after: deadlineMilliseconds)
        schedule(job)
        feed(.start, to: job)
        if closing { feed(.close, to: job) }
    }

    /// A job that nobody can drive ends as well.
    private func refuse(_ record: JobRecord) {
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
    }

    // MARK: - Timers

    func schedule(_ job: ActiveJob) { timers.set(job, due: min(job.timerAt, job.deadlineAt)) }
    func schedule(_ download: ActiveDownload) { timers.set(download, due: min(download.timerAt, download.deadlineAt)) }

    private func fireTimers() {
        let now = clock.nanoseconds()
        while let node = timers.popDue(at: now) {
            if let job = node as? ActiveJob {
                if job.deadlineAt <= now {
                    job.deadlineAt = .max
                    schedule(job)
                    feed(.deadline, to: job)
                } else {
                    job.timerAt = .max
                    schedule(job)
                    feed(.timer, to: job)
                }
            } else if let download = node as? ActiveDownload {
                if download.deadlineAt <= now {
                    download.deadlineAt = .max
                    schedule(download)
                    feed(.deadline, to: download)
                } else {
                    download.timerAt = .max
                    schedule(download)
                    feed(.timer, to: download)
                }
            } else if let gate = node as? RateGate {
                open(gate)
            } else if let alarm = node as? CredentialAlarm {
                ring(alarm)
            }
        }
    }

    // MARK: - Machines

    func feed(_ event: JobEvent, to job: ActiveJob) {
        // The buffer is taken and given back, so that a nested call has one of its own.
        var actions = jobActions
        jobActions = []
        actions.removeAll(keepingCapacity: true)
        job.machine.handle(
            event, at: clock.nanoseconds(), policy: job.polls.policy, random: random.next(), into: &actions)
        for action in actions { perform(action, job) }
        jobActions = actions
    }

    func feed(_ event: DownloadEvent, to download: ActiveDownload) {
        var actions = downloadActions
        downloadActions = []
        actions.removeAll(keepingCapacity: true)
        download.machine.handle(
            event, at: clock.nanoseconds(), policy: settings.downloadRetry, random: random.next(), into: &actions)
        for action in actions { perform(action, download) }
        downloadActions = actions
    }

    // MARK: - Waiting for credentials

    private func releaseWaiting(for provider: String) {
        guard let waiting = waitingForCredentials.removeValue(forKey: provider) else { return }
        for id in waiting { if let ticket = tickets[id] { admit(ticket) } }
    }

    private func sweepProgress() {
        guard downloadsInFlight > 0 else { return }
        let now = clock.nanoseconds()
        guard sweptAt == .min || now.adding(-sweptAt) >= 100_000_000 else { return }
        sweptAt = now
        for download in downloads.values where !download.workerHasSink { tellProgress(download) }
    }
}

/// Ticket numbers, first in first out, without moving the rest for each.
struct TicketQueue {
    private var items: [UInt64] = []
    private var head = 0

    var first: UInt64? { head < items.count ? items[head] : nil }  // safe: head < count
    var count: Int { items.count - head }

    mutating func append(_ id: UInt64) { items.append(id) }

    mutating func popFirst() -> UInt64? {
        guard head < items.count else { return nil }
        let id = items[head]  // safe: head < count
        head += 1
        if head == items.count || head > 4_096 {
            items.removeFirst(head)
            head = 0
        }
        return id
    }
}
