internal import Core

/// What the engine does for a job's machine, and what callers get to see of it.
extension EngineCore {
    func perform(_ action: JobAction, _ job: ActiveJob) {
        switch action {
        case .submit:
            guard let call = job.submission else { return }
            if !slots.isEmpty { slots[job.record.provider]?.tries(job.record.id) }
            enter(.job(job), lanes.lane(call, .submit))
        case .poll:
            if let read = job.read {
                enter(.job(job), lanes.lane(read, .read))
            } else if let reference = job.reference {
                enter(.job(job), job.polls.lane { lanes.lane(job.provider.statusCall(reference), .status) })
            }
        case .schedule(let at):
            job.timerAt = at
            schedule(job)
        case .unschedule:
            job.timerAt = .max
            schedule(job)
        case .withdrawCall:
            withdraw(job.ticket)
            job.ticket = 0
        case .changed:
            publish(job, .jobState)
        case .accepted:
            let reference = shared.once(
                job.provider.reference(operation: job.record.operation, remoteID: job.machine.remoteID))
            job.submission = nil
            observeAccepted(job.record, job.machine.remoteID, requestID: job.machine.answer?.requestID)
            publish(job, .jobAccepted, reference: reference)
            if job.machine.correctedFailure != nil { observeLateID(job.record, reference) }
            // Where there was room for one, there may be room for more.
            if !slots.isEmpty, slots[job.record.provider]?.leave(job.record.id) == true {
                slots[job.record.provider]?.slotFreed()
            }
        case .refreshed(let failure):
            refreshed(job, failure)
        case .ended(let failure):
            job.deadlineAt = .max
            schedule(job)
            ended(job, failure)
        case .finished:
            if job.journal != nil { forgetKey(of: job.record) }
            timers.remove(job)
            jobs.removeValue(forKey: job.record.id)
        }
    }

    private func publish(_ job: ActiveJob, _ event: EventType, reference: JobReference? = nil) {
        let changed = shared.lock.withLock { show(job, event, reference) }
        if changed { observeState(job) }
    }

    /// Lock held. True if the state is another now, and no end.
    private func show(_ job: ActiveJob, _ event: EventType, _ reference: JobReference? = nil) -> Bool {
        let record = job.record
        let before = record.snapshot.state
        let progress = record.snapshot.progress
        fill(&record.snapshot, job)
        if let reference { record.snapshot.reference = reference }
        // A poll that brought nothing new is no event; what was accepted has changed its state as well.
        let changed = before != record.snapshot.state
        if changed { shared.push(.jobState, record) }
        if settings.progressEvents, progress != record.snapshot.progress { shared.push(.jobProgress, record) }
        if event != .jobState { shared.push(event, record) }
        return changed
    }

    private func fill(_ snapshot: inout JobSnapshot, _ job: ActiveJob) {
        if !job.machine.state.isTerminal {
            snapshot.state = job.machine.state
            snapshot.waitReason = job.machine.waitReason
        } else if !snapshot.state.isTerminal {
            // An end is seen together with its reason, never before: who has waited looks at both. `ended` comes next.
            snapshot.outcome = job.machine.outcome
            return
        } else if let failure = job.machine.correctedFailure {
            // What became known after the end: outcome and error change in one moment.
            snapshot.failure = failure
        }
        snapshot.outcome = job.machine.outcome
        snapshot.progress = job.machine.progress
        guard let answer = job.machine.answer else { return }
        if !answer.providerState.isEmpty, answer.providerState != snapshot.providerState {
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
            // Told together with the end, which comes next.
            shared.lock.withLock { record.refreshFailure = failure }
            job.endsARefresh = true
            return
        }
        let (changed, waiters) = shared.lock.withLock {
            record.answerRefreshes(failure)
            let changed = show(job, .jobRefreshed)
            return (changed, shared.takeWaiters(of: record))
        }
        if changed { observeState(job) }
        for waiter in waiters { waiter.signal() }
    }

    private func ended(_ job: ActiveJob, _ failure: Failure?) {
        let record = job.record
        if let lifetime = job.machine.lifetime {
            job.polls.learn(notDoneAt: lifetime.notDoneAt, doneAt: lifetime.doneAt)
        }
        if job.machine.outcome != .unknown { job.submission = nil }
        if job.journal != nil { noteEnd(job, failure) }
        // Before the event, which some hosts take for the last word.
        observeDone(record, job.machine.state, failure, began: job.beganAt)
        let waiters = shared.lock.withLock {
            record.snapshot.state = job.machine.state
            record.snapshot.failure = failure
            fill(&record.snapshot, job)
            if failure != nil { record.snapshot.assets = [] }
            if job.endsARefresh {
                record.answerRefreshes(record.refreshFailure)
                shared.push(.jobRefreshed, record)
            } else {
                shared.endRefreshes(of: record)
            }
            shared.push(.jobDone, record)
            return shared.takeWaiters(of: record)
        }
        for waiter in waiters { waiter.signal() }
        if !slots.isEmpty { slotMayBeFree(job) }
    }

    // MARK: - Slots

    /// The try of a submission has failed: it keeps its place in the line.
    func submissionFailed(_ failed: CallFailure, _ job: ActiveJob) {
        if !slots.isEmpty, failed.kind != .concurrencyLimit { slots[job.record.provider]?.rests(job.record.id) }
    }

    /// A job has ended: at the provider, which frees a slot, or while it waited, and then another one is the oldest.
    private func slotMayBeFree(_ job: ActiveJob) {
        let provider = job.record.provider
        let waited = slots[provider]?.leave(job.record.id) == true
        if waited || job.machine.isDoneAtProvider { slots[provider]?.slotFreed() }
    }

    /// Lets submissions try at once for which there may be a slot.
    func useFreeSlots() {
        for provider in providers.keys {
            while let id = slots[provider]?.next() {
                if let job = jobs[id] { feed(.slotFree, to: job) }
            }
            if slots[provider]?.isEmpty == true {
                slots[provider] = nil
                troubles.ended(.tooManyTasks, of: provider)
            }
        }
    }
}
