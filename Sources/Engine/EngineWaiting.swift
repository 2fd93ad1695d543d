internal import CPlatform
public import Core

/// What a caller's thread reads, waits for and takes.
extension Engine {
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
        var serial = 0
        let isPosted = try shared.post { () throws(Failure) in
            if record.isDownload { throw Failure(.wrongState, "Refreshing a job: it is a download") }
            if record.snapshot.state.isTerminal { throw Failure(.wrongState, "Refreshing a job: it has ended") }
            if record.snapshot.reference == nil {
                throw Failure(.wrongState, "Refreshing a job: the provider has not given an id yet")
            }
            record.refreshesAsked += 1
            serial = record.refreshesAsked
            return .refresh(record, serial)
        }
        guard isPosted else { throw Self.closed }
        guard milliseconds != 0 else { return nil }
        // In the hold in which it is found done: another refresh may end in the next moment.
        var failure: Failure?
        let isAnswered = { (record: JobRecord) in
            failure = record.refreshFailure
            return record.refreshesDone >= serial
        }
        guard let snapshot = try wait(record, milliseconds, until: isAnswered) else { return nil }
        if let failure { return .failure(failure) }
        return .success(snapshot)
    }

    private func wait(
        _ record: JobRecord, _ milliseconds: Int64, until done: (JobRecord) -> Bool
    ) throws(Failure) -> JobSnapshot? {
        let limit: Int64? =
            milliseconds < 0
            ? nil : clock.nanoseconds().adding(.nanoseconds(milliseconds: milliseconds))
        while true {
            let found: JobSnapshot? = shared.lock.withLock {
                guard done(record) else { return nil }
                shared.announceAll()
                return record.snapshot
            }
            if let found { return found }
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
                    shared.wakes -= 1
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

    /// How many events wait now.
    public func queuedEvents() -> Int { shared.lock.withLock { shared.events.length } }

    public func wake() {
        shared.lock.withLock {
            // One for each that waits; where none does, the next one alone.
            shared.wakes = min(shared.wakes + 1, max(1, shared.eventWaiters))
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
}
