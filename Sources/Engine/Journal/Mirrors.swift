internal import Core

/// Jobs whose key the journal knew already.
extension EngineCore {
    func begin(_ record: JobRecord, _ start: JournalledStart) {
        guard let provider = providers[record.provider] else {
            forgetKey(of: record)
            return refuse(record)
        }
        guard let place = start.place else { return submit(record, start, provider) }
        observeBegin(record)
        let mirror = MirroredJob(
            record: record, start: start, place: place, beganAt: Moment(clock.nanoseconds()))
        journalRoom?.mirrors[record.id] = mirror
        timers.set(mirror, due: deadline(after: start.deadlineMilliseconds))
        follow(mirror, place)
        if closing { end(mirror, .cancelled, Self.closedHere(mirror)) }
    }

    private func submit(_ record: JobRecord, _ start: JournalledStart, _ provider: any Provider) {
        let job = ActiveJob(
            record: record, provider: provider, polls: polls.learner(of: record), machine: JobMachine(follows: start.follows))
        job.submission = start.call
        job.journal = JournalledJob(key: start.key, claim: start.claim, hold: start.isHeld ? .wanted : .none)
        begin(job, start.deadlineMilliseconds)
    }

    /// A job of this client's whose key another one had a moment earlier: nothing of it has left.
    func watch(_ job: ActiveJob, _ place: JournalPlace) {
        withdraw(job.ticket)
        job.ticket = 0
        jobs.removeValue(forKey: job.record.id)
        timers.remove(job)
        let start = JournalledStart(
            call: job.submission, key: job.journal?.key, claim: job.journal?.claim, place: place,
            follows: job.machine.follows, deadlineMilliseconds: -1)
        let mirror = MirroredJob(record: job.record, start: start, place: place, beganAt: job.beganAt)
        journalRoom?.mirrors[job.record.id] = mirror
        timers.set(mirror, due: job.deadlineAt)
        follow(mirror, place)
    }

    /// Does what the place of a key asks for.
    private func follow(_ mirror: MirroredJob, _ place: JournalPlace) {
        mirror.place = place
        switch (place.entry.state, place.holder) {
        case (.claimed, .here):
            guard mirror.start.call != nil, let provider = providers[mirror.record.provider] else {
                let failure = Failure(
                    .cancelled, "Following a key: its client is gone and had not sent it; submit its request",
                    isRetryable: true, outcome: .notSent)
                if let key = mirror.start.key { journalRoom?.journal.record(.refused(failure), of: key, done: nil) }
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
        shared.lock.withLock {
            record.snapshot.outcome = entry.outcome
            if !mirror.hasToldID, let reference = entry.reference {
                record.snapshot.reference = reference
                mirror.hasToldID = true
                shared.push(.jobAccepted, record)
            }
            guard record.snapshot.state != state else { return }
            record.snapshot.state = state
            shared.push(.jobState, record)
        }
    }

    /// From here on this engine asks the provider itself.
    private func attach(_ mirror: MirroredJob) {
        guard let reference = mirror.place.entry.reference, let provider = providers[mirror.record.provider] else {
            return end(
                mirror, .failed, Failure(.journal, "Following a key: the journal has lost the id of its job"))
        }
        do throws(Failure) { try provider.validate(reference) } catch { return end(mirror, .failed, error) }
        show(mirror, .pending)
        forget(mirror)
        let record = mirror.record
        let isOver = mirror.place.entry.state != .accepted
        _ = answeredJobs.add(reference.remoteID, of: record.provider)
        let machine = JobMachine(attached: reference.remoteID, follows: mirror.follows || isOver)
        let job = ActiveJob(record: record, provider: provider, polls: polls.learner(of: record), machine: machine)
        job.journal = JournalledJob(key: mirror.start.key, hold: .none)
        begin(job, mirror.start.deadlineMilliseconds, isObserved: true)
        if !mirror.follows, !isOver { letGo(job) }
    }

    private func forget(_ mirror: MirroredJob) {
        timers.remove(mirror)
        journalRoom?.mirrors.removeValue(forKey: mirror.record.id)
    }

    private func end(_ mirror: MirroredJob, _ state: JobState, _ failure: Failure) {
        forget(mirror)
        forgetKey(of: mirror.record)
        var failure = failure
        if failure.outcome == .none { failure.outcome = mirror.place.entry.outcome }
        observeDone(mirror.record, state, failure, began: mirror.beganAt)
        let record = mirror.record
        let waiters = shared.lock.withLock {
            record.snapshot.state = state
            record.snapshot.outcome = failure.outcome
            record.snapshot.failure = failure
            shared.endRefreshes(of: record)
            shared.push(.jobDone, record)
            return shared.takeWaiters(of: record)
        }
        for waiter in waiters { waiter.signal() }
    }

    // MARK: - What the host wants

    var mirroredRecords: [JobRecord] { journalRoom?.mirrors.values.map(\.record) ?? [] }

    /// Nil if the job is none of these.
    func mirror(_ id: UInt64) -> MirroredJob? { journalRoom?.mirrors[id] }

    func cancel(_ mirror: MirroredJob) {
        end(mirror, .cancelled, Failure(.cancelled, "Job ended here by a cancel" + Self.goesOn))
    }

    func deadlinePassed(_ mirror: MirroredJob) {
        end(mirror, .failed, Failure(.deadline, "Job deadline passed before it ended" + Self.goesOn, isRetryable: true))
    }

    /// A status call is wanted: this engine asks by itself from now on.
    func refresh(_ mirror: MirroredJob) {
        guard mirror.place.entry.reference != nil else { return }
        attach(mirror)
        if let job = jobs[mirror.record.id] { feed(.refresh, to: job) }
    }

    func closeMirrors() {
        for mirror in Array((journalRoom?.mirrors ?? [:]).values) { end(mirror, .cancelled, Self.closedHere(mirror)) }
    }

    private static func closedHere(_ mirror: MirroredJob) -> Failure {
        Failure(.cancelled, "Job ended here because the client was closed" + goesOn)
    }

    private static let goesOn = "; the client that drives it keeps driving it, and its key finds it again"

    // MARK: - Watching

    private func watchMirrors() {
        guard let room = journalRoom, !room.mirrors.isEmpty, !room.isLooking, room.watch.due == .max else { return }
        timers.set(
            room.watch,
            due: clock.nanoseconds().adding(.nanoseconds(milliseconds: JournalRoom.pauseMilliseconds)))
    }

    func lookAtMirrors() {
        guard let room = journalRoom, !room.mirrors.isEmpty, !room.isLooking else { return }
        room.isLooking = true
        let shared = shared
        room.journal.look(room.mirrors.values.map(\.place)) { places in shared.postInternal(.looked(places)) }
    }

    func looked(_ places: [JournalPlace]) {
        guard let room = journalRoom else { return }
        room.isLooking = false
        if !places.isEmpty {
            let found = Dictionary(places.map { ($0.entry.key, $0) }) { $1 }
            for mirror in Array(room.mirrors.values) {
                if let place = found[mirror.place.entry.key], place != mirror.place { follow(mirror, place) }
            }
        }
        watchMirrors()
    }
}
