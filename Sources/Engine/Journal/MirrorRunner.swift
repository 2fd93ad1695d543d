internal import Core

/// Follows jobs whose key the journal already knew: it watches the jobs of other clients in the journal, and begins the
/// other jobs in this client. Engine thread only.
final class MirrorRunner {
    private var mirrors: [UInt64: MirroredJob] = [:]
    /// When to look again.
    private let watch = TimerNode()
    private var isLooking = false
    private let steps: JournalSteps
    private let timers: Timers
    private let mailbox: Mailbox
    private let reporter: Reporter
    private let clock: any Clock
    /// Begins and feeds the jobs that this client drives itself; it owns this object.
    unowned let core: EngineCore

    /// The pause between two looks at the steps of other clients.
    private static let pauseMilliseconds: Int64 = 250

    init(
        _ steps: JournalSteps, timers: Timers, _ mailbox: Mailbox, _ reporter: Reporter,
        clock: any Clock, core: EngineCore
    ) {
        self.steps = steps
        self.timers = timers
        self.mailbox = mailbox
        self.reporter = reporter
        self.clock = clock
        self.core = core
    }

    func begin(_ record: JobRecord, _ start: JournalledStart) {
        guard let provider = core.provider(of: record) else {
            steps.forgetKey(of: record)
            return core.refuse(record)
        }
        guard let place = start.place else { return submit(record, start, provider) }
        reporter.observeBegin(record)
        let mirror = MirroredJob(
            record: record, start: start, place: place, beganAt: Moment(clock.nanoseconds()))
        mirrors[record.id] = mirror
        timers.set(mirror, due: core.deadline(after: start.deadlineMilliseconds))
        follow(mirror, place)
        if core.closeBy != nil { end(mirror, .cancelled, Self.closedHere(mirror)) }
    }

    private func submit(_ record: JobRecord, _ start: JournalledStart, _ provider: any Provider) {
        let job = core.jobs.add(record, provider, JobMachine(follows: start.follows), submission: start.call)
        job.journal = JournalledJob(
            steps.journal, key: start.key, claim: start.claim, hold: start.isHeld ? .wanted : .none)
        core.begin(job, start.deadlineMilliseconds)
    }

    /// A job of this client whose key another client took a moment earlier: nothing of this job has left.
    func watch(_ job: ActiveJob, _ place: JournalPlace) {
        core.jobs.remove(job)
        let start = JournalledStart(
            call: job.submission, key: job.journal?.key, claim: job.journal?.claim, place: place,
            follows: job.machine.follows, deadlineMilliseconds: -1)
        let mirror = MirroredJob(record: job.record, start: start, place: place, beganAt: job.beganAt)
        mirrors[job.record.id] = mirror
        timers.set(mirror, due: job.deadlineAt)
        follow(mirror, place)
    }

    /// The host lets a job leave that another client has: if this client takes the job over, it is not held again.
    func release(_ id: UInt64) { mirrors[id]?.start.isHeld = false }

    /// Carries out the next step for the place of a key.
    private func follow(_ mirror: MirroredJob, _ place: JournalPlace) {
        mirror.place = place
        switch (place.entry.state, place.holder) {
        case (.claimed, .here):
            guard mirror.start.call != nil, let provider = core.provider(of: mirror.record) else {
                let failure = Failure(
                    .cancelled, "Following a key: its client is gone and had not sent it; submit its request",
                    isRetryable: true, outcome: .notSent)
                if let key = mirror.start.key { steps.journal?.record(.refused(failure), of: key, done: nil) }
                return end(mirror, .failed, failure)
            }
            forget(mirror)
            submit(mirror.record, mirror.start, provider)
        case (.accepted, .here), (.succeeded, _), (.failed, _): attach(mirror)
        case (.claimed, _): show(mirror, .queued)
        case (.sending, _): show(mirror, .submitting)
        case (.accepted, _): show(mirror, .pending)
        case (.refused, _):
            let failure = Failure(
                Status(rawValue: place.entry.status) ?? .cancelled,
                "The submission under this key was refused, or ended before it was sent, in another client; it may be "
                    + "submitted again",
                providerCode: place.entry.providerCode.isEmpty ? nil : place.entry.providerCode, outcome: .notSent)
            end(mirror, .failed, failure)
        case (.unknown, _), (.abandoned, _):
            var text = "Submission outcome unknown, it may run and be billed, and is not sent again"
            if !place.entry.note.isEmpty { text += ": " + place.entry.note }
            end(mirror, .unknown, Failure(.outcomeUnknown, text, outcome: .unknown))
        }
        watchMirrors()
    }

    private func show(_ mirror: MirroredJob, _ state: JobState) {
        let record = mirror.record
        let entry = mirror.place.entry
        mailbox.lock.withLock {
            record.snapshot.outcome = entry.outcome
            if !mirror.hasToldID, let reference = entry.reference {
                record.snapshot.reference = reference
                mirror.hasToldID = true
                mailbox.push(.jobAccepted, record)
            }
            guard record.snapshot.state != state else { return }
            record.snapshot.state = state
            mailbox.push(.jobState, record)
        }
    }

    /// From here on this engine asks the provider itself.
    private func attach(_ mirror: MirroredJob) {
        guard let reference = mirror.place.entry.reference, let provider = core.provider(of: mirror.record) else {
            return end(
                mirror, .failed, Failure(.journal, "Following a key: the journal has lost the id of its job"))
        }
        do throws(Failure) { try provider.validate(reference) } catch {
            // Another client may be set up for it.
            if mirror.place.entry.state == .accepted, let key = mirror.start.key {
                steps.journal?.record(.released, of: key, done: nil)
            }
            return end(mirror, .failed, error)
        }
        show(mirror, .pending)
        forget(mirror)
        let record = mirror.record
        let isOver = mirror.place.entry.state != .accepted
        core.calls.attached(reference)
        let machine = JobMachine(attached: reference.remoteID, follows: mirror.follows || isOver)
        let job = core.jobs.add(record, provider, machine)
        let note = JournalledJob(steps.journal, key: mirror.start.key, hold: .none)
        note.sender = mirror.place.entry.account
        job.journal = note
        core.begin(job, mirror.start.deadlineMilliseconds, isObserved: true)
        if !mirror.follows, !isOver { steps.letGo(job) }
    }

    private func forget(_ mirror: MirroredJob) {
        timers.remove(mirror)
        mirrors.removeValue(forKey: mirror.record.id)
    }

    private func end(_ mirror: MirroredJob, _ state: JobState, _ failure: Failure) {
        forget(mirror)
        steps.forgetKey(of: mirror.record)
        var failure = failure
        if failure.outcome == .none { failure.outcome = mirror.place.entry.outcome }
        reporter.observeDone(mirror.record, state, failure, began: mirror.beganAt)
        mailbox.end(mirror.record) { record in
            record.snapshot.state = state
            record.snapshot.outcome = failure.outcome
            record.snapshot.failure = failure
            mailbox.endRefreshes(of: record)
        }
    }

    // MARK: - What the host wants

    var records: [JobRecord] { mirrors.values.map(\.record) }

    /// Nil if the job is no mirror.
    func find(_ id: UInt64) -> MirroredJob? { mirrors[id] }

    func cancel(_ mirror: MirroredJob) {
        end(mirror, .cancelled, Failure(.cancelled, "Job ended here by a cancel" + Self.driven))
    }

    /// A timer has fired that is no task's.
    func fired(_ node: TimerNode) {
        if let mirror = node as? MirroredJob { deadlinePassed(mirror) }
        if node === watch { look() }
    }

    private func deadlinePassed(_ mirror: MirroredJob) {
        end(mirror, .failed, Failure(.deadline, "Job deadline passed before it ended" + Self.driven, isRetryable: true))
    }

    /// A caller wants a status call: this engine polls the job itself from now on.
    func refresh(_ mirror: MirroredJob) {
        guard mirror.place.entry.reference != nil else { return }
        attach(mirror)
        if let job = core.jobs.active[mirror.record.id] { core.feed(.refresh, to: job) }
    }

    func close() {
        for mirror in Array(mirrors.values) { end(mirror, .cancelled, Self.closedHere(mirror)) }
    }

    private static func closedHere(_ mirror: MirroredJob) -> Failure {
        Failure(.cancelled, "Job ended here because the client was closed" + driven)
    }

    private static let driven = "; the client that drives it keeps driving it, and its key finds it again"

    // MARK: - Watching

    private func watchMirrors() {
        guard !mirrors.isEmpty, !isLooking, watch.due == .max else { return }
        timers.set(
            watch, due: clock.nanoseconds().adding(.nanoseconds(milliseconds: Self.pauseMilliseconds)))
    }

    private func look() {
        guard let journal = steps.journal, !mirrors.isEmpty, !isLooking else { return }
        isLooking = true
        let mailbox = self.mailbox
        journal.look(mirrors.values.map(\.place)) { places in mailbox.postInternal(.looked(places)) }
    }

    func looked(_ places: [JournalPlace]) {
        isLooking = false
        if !places.isEmpty {
            let found = Dictionary(places.map { ($0.entry.key, $0) }) { $1 }
            for mirror in Array(mirrors.values) {
                if let place = found[mirror.place.entry.key], place != mirror.place { follow(mirror, place) }
            }
        }
        watchMirrors()
    }
}
