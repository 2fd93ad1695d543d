internal import Core

/// Drives jobs: feeds their machines, carries out the machines' actions, and shows callers the present state.
/// Engine thread only.
final class JobRunner {
    private(set) var active: [UInt64: ActiveJob] = [:]
    /// Submissions that wait until another task of their account ends, by provider.
    private(set) var slots = FewKeys<SlotLine>()
    private(set) var polls: PollLearners
    /// Kinds of which submissions are held back.
    private var crowds: [TaskCrowd] = []
    private var kindsKnown = 0
    /// When the journal was last given what was learned.
    private var keptAt: Int64 = .min
    /// Wakes the engine for the next try beyond a limit.
    private let crowdAlarm = TimerNode()
    /// The buffer of `step`, so that it is not made anew each time.
    private var actions: [JobAction] = []
    /// Through which processes share what they know; nil: they do not.
    private let file: RateFile?
    private let steps: JournalSteps
    private let calls: CallRunner
    private let timers: Timers
    private let mailbox: Mailbox
    private let reporter: Reporter
    private let clock: any Clock
    private let random: any RandomSource
    private let progressEvents: Bool

    init(
        settings: EngineSettings, steps: JournalSteps, calls: CallRunner, timers: Timers, _ mailbox: Mailbox,
        _ reporter: Reporter, book: SurvivalBook, file: RateFile?, clock: any Clock, random: any RandomSource
    ) {
        self.file = file
        self.steps = steps
        self.calls = calls
        self.timers = timers
        self.mailbox = mailbox
        self.reporter = reporter
        self.clock = clock
        self.random = random
        polls = PollLearners(
            settings.jobPolicy, learns: settings.learnsPauses, mostTasks: settings.maximumTasks,
            mostFollowed: settings.maximumFollowed, book: book,
            remembered: settings.learnsPauses ? steps.journal?.histories() ?? [] : [])
        progressEvents = settings.progressEvents
    }

    /// - submission: nil for a job that the provider already has, whose kind is its operation.
    func add(
        _ record: JobRecord, _ provider: any Provider, _ machine: JobMachine, submission: ProviderCall? = nil
    ) -> ActiveJob {
        let learner = polls.learner(of: record, variant: submission?.variant ?? "")
        let job = ActiveJob(record: record, provider: provider, polls: learner, machine: machine)
        job.submission = submission
        active[record.id] = job
        if submission == nil { followed(job) }
        return job
    }

    /// Drops a job that another client drives. Nothing of this job has left.
    func remove(_ job: ActiveJob) {
        calls.withdraw(job)
        job.polls.tasks?.limit.forget(job.record.id)
        active.removeValue(forKey: job.record.id)
        timers.remove(job)
    }

    private func learn(_ notDoneAt: Int64, _ doneAt: Int64, _ job: ActiveJob) {
        let wasKnown = job.polls.isKnown
        job.polls.learn(notDoneAt: notDoneAt, doneAt: doneAt)
        if !wasKnown, job.polls.isKnown { kindsKnown += 1 }
        reporter.observeLag(job.record, notDoneAt: notDoneAt, doneAt: doneAt, kindsKnown: kindsKnown)
    }

    /// Counts a job as open at the age at which it was last seen open, or no longer.
    private func count(_ job: ActiveJob) {
        let now = job.machine.openClass
        guard now != job.countedClass else { return }
        job.polls.moved(from: job.countedClass, to: now)
        job.countedClass = now
    }

    /// Gives the journal what was learned, from time to time and at the end.
    func keepHistories(isEnd: Bool) {
        guard let journal = steps.journal else { return }
        let now = clock.nanoseconds()
        guard isEnd || keptAt == .min || now.subtracting(keptAt) >= Self.keepPause else { return }
        keptAt = now
        let unkept = polls.unkept()
        if !unkept.isEmpty { journal.keep(unkept) }
    }

    private static let keepPause: Int64 = 30_000_000_000

    /// An accepted job is followed from now on.
    func followed(_ job: ActiveJob) {
        guard job.machine.follows, job.machine.outcome == .accepted, !job.machine.state.isTerminal else { return }
        job.polls.tasks?.limit.followed(job.record.id)
    }

    /// The end of a job will not be seen here.
    func unfollowed(_ job: ActiveJob) {
        count(job)
        if job.machine.outcome == .accepted { job.polls.tasks?.limit.forget(job.record.id) }
    }

    /// Submissions that are held back because too many tasks run.
    var heldBack: Int { crowds.isEmpty ? 0 : crowds.reduce(0) { $0 + $1.limit.heldCount } }

    /// One event of one machine. Calls that it asks for enter, and are carried out later.
    func step(_ event: JobEvent, _ job: ActiveJob) {
        timers.turn.expect()
        var actions = actions
        self.actions = []
        job.machine.handle(
            event, at: clock.nanoseconds(), policy: job.polls.policyInUse, random: random.next(), into: &actions)
        for action in actions { perform(action, job) }
        actions.removeAll(keepingCapacity: true)
        self.actions = actions
    }

    /// Before an end in this process: a submission that has not left is cut, and its end says so at once.
    func cutUnsent(_ job: ActiveJob) {
        guard !job.machine.state.isTerminal, calls.cutUnsent(job) else { return }
        job.journal?.isSending = false
        step(.unsent, job)
    }

    /// The call of a job was answered, or has failed.
    func callEnded(_ call: CallTicket, _ answer: Result<JobAnswer, CallFailure>, _ job: ActiveJob) {
        keepUnread(answer, of: job)
        guard call.lane.isSubmission else {
            var answer = answer
            if let note = job.journal { answer = steps.judged(answer, note, key: call.credentials?.id ?? "") }
            step(.pollEnded(answer), job)
            return count(job)
        }
        noteForCrowd(answer, job)
        let answer = waitingForSlot(answer, job)
        if job.journal != nil, steps.keeps(answer, job) { return }
        step(.submitEnded(answer), job)
        if job.journal != nil { steps.noteFailure(answer, job) }
        if case .failure(let failed) = answer { submissionFailed(failed, job) }
    }

    /// Shows callers an answer that could not be used.
    private func keepUnread(_ answer: Result<JobAnswer, CallFailure>, of job: ActiveJob) {
        guard case .failure(let failed) = answer, !failed.response.isEmpty else { return }
        let requestID = failed.failure.requestID
        mailbox.lock.withLock { job.record.snapshot.keep(failed.response, requestID: requestID) }
    }

    /// The id of an accepted job is on the disk.
    func kept(_ job: ActiveJob) {
        guard let note = job.journal, let answer = note.answer else { return }
        note.answer = nil
        note.claim = nil
        step(.submitEnded(.success(answer)), job)
        // An end that came before its answer has been noted already, as far as it was known then.
        if !job.machine.follows || job.machine.state.isTerminal && !job.machine.isDoneAtProvider { steps.letGo(job) }
    }

    /// The end of a close: an id that the disk has not taken yet is told all the same. The journal tries once more.
    func acceptKept() {
        for job in Array(active.values) where job.journal?.answer != nil { kept(job) }
    }

    private func perform(_ action: JobAction, _ job: ActiveJob) {
        switch action {
        case .submit:
            guard let call = job.submission, mayEnter(job) else { return }
            if !slots.isEmpty { slots[job.record.provider]?.tries(job.record.id) }
            calls.enter(.job(job), calls.lane(call, .submit))
        case .poll:
            if let read = job.read {
                calls.enter(.job(job), calls.lane(read, .read))
            } else if let reference = job.reference {
                calls.enter(.job(job), job.polls.lane { calls.lane(job.provider.statusCall(reference), .status) })
            }
        case .schedule(let at):
            job.timerAt = at
            timers.schedule(job)
        case .unschedule:
            job.timerAt = .max
            timers.schedule(job)
        case .withdrawCall:
            calls.withdraw(job)
        case .changed:
            publish(job, .jobState)
        case .accepted:
            let reference = mailbox.once(
                job.provider.reference(operation: job.record.operation, remoteID: job.machine.remoteID))
            job.submission = nil
            count(job)
            reporter.observeAccepted(job.record, job.machine.remoteID, requestID: job.machine.answer?.requestID)
            publish(job, .jobAccepted, reference: reference)
            if job.machine.state.isTerminal, job.machine.correctedFailure != nil {
                reporter.observeLateID(job.record, reference)
            }
            // A slot for one task may mean slots for more.
            if !slots.isEmpty, slots[job.record.provider]?.leave(job.record.id) == true {
                slots[job.record.provider]?.slotFreed()
            }
        case .refreshed(let failure):
            refreshed(job, failure)
        case .ended(let failure):
            job.deadlineAt = .max
            timers.schedule(job)
            ended(job, failure)
        case .finished:
            if job.journal != nil { steps.forgetKey(of: job.record) }
            timers.remove(job)
            active.removeValue(forKey: job.record.id)
        }
    }

    private func publish(_ job: ActiveJob, _ event: EventType, reference: JobReference? = nil) {
        let changed = mailbox.lock.withLock { show(job, event, reference) }
        if changed { reporter.observeState(job) }
    }

    /// Lock held. True if the state has changed and the job has not ended.
    private func show(_ job: ActiveJob, _ event: EventType, _ reference: JobReference? = nil) -> Bool {
        let record = job.record
        let before = record.snapshot.state
        let progress = record.snapshot.progress
        fill(&record.snapshot, job)
        if let reference { record.snapshot.reference = reference }
        // A poll without news is no event; an acceptance changes the state too.
        let changed = before != record.snapshot.state
        if changed { mailbox.push(.jobState, record) }
        if progressEvents, progress != record.snapshot.progress { mailbox.push(.jobProgress, record) }
        if event != .jobState { mailbox.push(event, record) }
        return changed
    }

    private func fill(_ snapshot: inout JobSnapshot, _ job: ActiveJob) {
        if !job.machine.state.isTerminal {
            snapshot.state = job.machine.state
            snapshot.waitReason = job.machine.waitReason
        } else if !snapshot.state.isTerminal {
            // An end becomes visible together with its reason, never before: callers read both. `ended` comes next.
            snapshot.outcome = job.machine.outcome
            return
        } else if let failure = job.machine.correctedFailure {
            // Facts after the end: outcome and error change at the same moment.
            snapshot.failure = failure
        }
        snapshot.outcome = job.machine.outcome
        snapshot.progress = job.machine.progress
        guard let answer = job.machine.answer else { return }
        if !answer.providerState.isEmpty, !answer.providerState.isSame(as: snapshot.providerState) {
            snapshot.providerState = answer.providerState
        }
        snapshot.keep(answer.response, requestID: answer.requestID)
        if snapshot.resultID != nil || answer.resultID != nil { snapshot.resultID = answer.resultID }
        snapshot.assets = answer.assets
        job.machine.forgetAnswer()
    }

    private func refreshed(_ job: ActiveJob, _ failure: Failure?) {
        let record = job.record
        if job.machine.state.isTerminal, !record.snapshot.state.isTerminal {
            // Reported together with the end, which comes next.
            mailbox.lock.withLock { record.refreshFailure = failure }
            job.endsARefresh = true
            return
        }
        let (changed, waiters) = mailbox.lock.withLock {
            record.answerRefreshes(failure)
            let changed = show(job, .jobRefreshed)
            return (changed, mailbox.takeWaiters(of: record))
        }
        if changed { reporter.observeState(job) }
        for waiter in waiters { waiter.signal() }
    }

    private func ended(_ job: ActiveJob, _ failure: Failure?) {
        let record = job.record
        job.polls.tasks?.limit.forget(record.id)
        count(job)
        if let lifetime = job.machine.lifetime {
            learn(lifetime.notDoneAt, lifetime.doneAt, job)
            keepHistories(isEnd: false)
        }
        if job.machine.outcome != .unknown { job.submission = nil }
        if job.journal != nil { steps.noteEnd(job, failure) }
        // Before the event: some hosts read nothing after it.
        reporter.observeDone(record, job.machine.state, failure, began: job.beganAt)
        mailbox.end(record) { record in
            record.snapshot.state = job.machine.state
            record.snapshot.failure = failure
            fill(&record.snapshot, job)
            if failure != nil { record.snapshot.assets = [] }
            if job.endsARefresh {
                record.answerRefreshes(record.refreshFailure)
                mailbox.push(.jobRefreshed, record)
            } else {
                mailbox.endRefreshes(of: record)
            }
        }
        if !slots.isEmpty { slotMayBeFree(job) }
    }

    // MARK: - Slots

    /// A submission that the provider refuses because too many tasks run waits in line, behind the older ones.
    private func waitingForSlot(
        _ answer: Result<JobAnswer, CallFailure>, _ job: ActiveJob
    ) -> Result<JobAnswer, CallFailure> {
        guard case .failure(var failed) = answer, failed.kind == .concurrencyLimit, !job.machine.state.isTerminal
        else { return answer }
        let older = slots[job.record.provider, default: SlotLine()].join(job.record.id)
        if older > 0 { failed.restMilliseconds = SlotLine.restMilliseconds }
        return .failure(failed)
    }

    /// The try of a submission has failed: it keeps its place in the line.
    private func submissionFailed(_ failed: CallFailure, _ job: ActiveJob) {
        if !slots.isEmpty, failed.kind != .concurrencyLimit { slots[job.record.provider]?.rests(job.record.id) }
    }

    /// A job has ended: at the provider, which frees a slot, or while it waited, and then another one is the oldest.
    private func slotMayBeFree(_ job: ActiveJob) {
        let provider = job.record.provider
        let waited = slots[provider]?.leave(job.record.id) == true
        if waited || job.machine.isDoneAtProvider { slots[provider]?.slotFreed() }
    }

    /// A job whose submission is to try at once, because there may be a slot for it; nil: none.
    func nextForFreeSlot() -> ActiveJob? {
        guard !slots.isEmpty else { return nil }
        for provider in slots.keys {
            while let id = slots[provider]?.next() {
                if let job = active[id] { return job }
            }
            if slots[provider]?.isEmpty == true {
                slots[provider] = nil
                noteRoom(provider)
            }
        }
        return nil
    }

    // MARK: - Crowds

    /// Whether a submission may ask for its place now; else it is held back until a task of its kind has ended.
    private func mayEnter(_ job: ActiveJob) -> Bool {
        // What waits for its host's word holds no slot, and must not keep others from waiting for theirs.
        guard let crowd = job.polls.tasks, !waitsForItsHost(job) else { return true }
        if !job.machine.follows, crowd.limit.limitsFollowedOnly { return true }
        share(crowd, begins: true)
        if crowd.limit.wants(job.record.id, at: clock.nanoseconds()) { return true }
        list(crowd)
        if let refusal = crowd.limit.refusal { tellWhyItWaits(job, refusal) }
        return false
    }

    private func list(_ crowd: TaskCrowd) {
        crowd.hasWaited = true
        watch(crowd)
    }

    private func watch(_ crowd: TaskCrowd) {
        guard !crowd.isListed else { return }
        crowd.isListed = true
        crowds.append(crowd)
    }

    private func waitsForItsHost(_ job: ActiveJob) -> Bool {
        switch job.journal?.hold {
        case .wanted, .told: true
        case nil, .some(.none), .released: false
        }
    }

    private func tellWhyItWaits(_ job: ActiveJob, _ refusal: CallFailure) {
        mailbox.lock.withLock {
            job.record.snapshot.waitReason = job.machine.waitReason ?? refusal.failure
            if !refusal.response.isEmpty {
                job.record.snapshot.keep(refusal.response, requestID: refusal.failure.requestID)
            }
        }
    }

    /// What the answer to a submission says about how many tasks may run.
    private func noteForCrowd(_ answer: Result<JobAnswer, CallFailure>, _ job: ActiveJob) {
        guard let crowd = job.polls.tasks else { return }
        let id = job.record.id
        switch answer {
        case .success where !job.machine.state.isTerminal:
            crowd.limit.accepted(id, isFollowed: job.machine.follows)
            if crowd.tells { watch(crowd) }
        case .failure(let failed) where failed.kind == .concurrencyLimit:
            let isNews = crowd.limit.refusal == nil
            guard !job.machine.state.isTerminal else { return crowd.limit.forget(id) }
            crowd.limit.refused(id, failed, at: clock.nanoseconds())
            list(crowd)
            share(crowd)
            takeBack(crowd)
            guard isNews else { return }
            for held in crowd.limit.heldJobs { active[held].map { tellWhyItWaits($0, failed) } }
        case .success, .failure: crowd.limit.forget(id)
        }
    }

    /// A submission that waits for its permit would be refused as the one before it was.
    private func takeBack(_ crowd: TaskCrowd) {
        for id in crowd.limit.beyondLimit {
            guard let job = active[id], calls.isWaiting(job.ticket) else { continue }
            calls.withdraw(job)
            crowd.limit.takeBack(id)
            guard !crowd.limit.beyondLimit.isEmpty else { return }
        }
    }

    /// Lets held submissions ask for their places, as far as there is room for their tasks.
    func enterHeld() {
        guard !crowds.isEmpty else { return }
        let now = clock.nanoseconds()
        var wakeAt = Int64.max
        for crowd in crowds {
            share(crowd)
            while let id = crowd.limit.next(at: now) {
                guard let job = active[id], let call = job.submission else {
                    crowd.limit.forget(id)
                    continue
                }
                // A refused submission asks for its place by itself.
                if job.machine.isResting {
                    step(.slotFree, job)
                } else {
                    calls.enter(.job(job), calls.lane(call, .submit))
                }
            }
            share(crowd)
            wakeAt = min(wakeAt, crowd.limit.wakeAt(after: now))
            if crowd.tells { wakeAt = min(wakeAt, now.adding(SharedTasks.pulse)) }
            crowd.isListed = crowd.limit.isCrowded || crowd.tells
        }
        let relieved = crowds.filter { $0.hasWaited && !$0.limit.isCrowded }
        crowds.removeAll { !$0.isListed }
        for crowd in relieved {
            crowd.hasWaited = false
            noteRoom(crowd.provider)
        }
        timers.set(crowdAlarm, due: wakeAt)
    }

    /// Other processes of the account learn what this one knows, and the reverse.
    private func share(_ crowd: TaskCrowd, begins: Bool = false) {
        guard let file else { return }
        let account = calls.account(of: crowd.provider)
        crowd.share(file, account: account, at: clock.nanoseconds(), begins: begins) { [random] in random.next() }
    }

    /// The client ends: nobody has to count its tasks any longer.
    func leaveCrowds() { polls.leaveCrowds(at: clock.nanoseconds()) }

    /// Submissions of a provider waited for slots, and one reason for it is gone.
    private func noteRoom(_ provider: String) {
        let waits = slots[provider] != nil || crowds.contains { $0.provider == provider && $0.limit.isCrowded }
        if !waits { reporter.observeRoomForTasks(provider) }
    }
}
