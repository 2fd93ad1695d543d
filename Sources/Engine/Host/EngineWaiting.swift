internal import CPlatform
public import Core

/// The reads and waits of callers' threads.
extension Engine {
    // MARK: - Waiting

    public func read(_ record: JobRecord) -> JobSnapshot { mailbox.lock.withLock { record.snapshot } }

    /// Lends the snapshot for the length of the call, without a copy. `body` calls no foreign code.
    public func withSnapshot<R>(_ record: JobRecord, _ body: (borrowing JobSnapshot) -> R) -> R {
        mailbox.lock.withLock { body(record.snapshot) }
    }

    /// Nil if the time is up before the job has ended.
    public func wait(_ record: JobRecord, milliseconds: Int64) throws(Failure) -> JobSnapshot? {
        let limit = limit(milliseconds)
        while true {
            if let ended = mailbox.lock.withLock({ ended(record) }) { return ended }
            if let limit, clock.nanoseconds() >= limit { return nil }
            let waiter = try newWaiter()
            let isRegistered = mailbox.lock.withLock {
                if record.snapshot.state.isTerminal || mailbox.engineGone { return false }
                record.waiters.append(waiter)
                return true
            }
            if isRegistered {
                if !waiter.wait(until: limit) { mailbox.lock.withLock { record.forget(waiter) } }
            } else if let ended = mailbox.lock.withLock({ ended(record) }) {
                return ended
            } else {
                throw Self.nobodySignals
            }
        }
    }

    /// Makes one status call and waits for it. Nil when the time is up before it has ended.
    public func refresh(_ record: JobRecord, milliseconds: Int64) throws(Failure) -> Result<JobSnapshot, Failure>? {
        let limit = limit(milliseconds)
        let waiter = milliseconds == 0 ? nil : try newWaiter()
        let isPosted = try mailbox.post { () throws(Failure) in
            if mailbox.engineGone { throw Self.nobodySignals }
            if record.isDownload { throw Failure(.wrongState, "Refreshing a job: it is a download") }
            if record.snapshot.state.isTerminal { throw Failure(.wrongState, "Refreshing a job: it has ended") }
            if record.snapshot.reference == nil {
                throw Failure(.wrongState, "Refreshing a job: the provider has not given an id yet")
            }
            return .refresh(record, record.askRefresh(waiter))
        }
        guard isPosted else { throw Self.closed }
        guard let waiter else { return nil }
        let isSignalled = waiter.wait(until: limit)
        let answer: Result<JobSnapshot, Failure>? = mailbox.lock.withLock {
            record.forget(waiter)
            guard case .nothing(let failure) = waiter.awaits else { return nil }
            mailbox.announceAll()
            return failure.map { .failure($0) } ?? .success(record.snapshot)
        }
        // The call was dropped without an answer: the process is in exit().
        if answer == nil, isSignalled { throw Self.nobodySignals }
        return answer
    }

    private static let nobodySignals = Failure(.closed, "Waiting for a job: the client has been closed")

    private func newWaiter() throws(Failure) -> Waiter {
        guard let waiter = try? Waiter() else { throw Failure(.noResources, "Waiting for a job: out of memory") }
        return waiter
    }

    /// When so many milliseconds are over; nil: never.
    private func limit(_ milliseconds: Int64) -> Int64? {
        milliseconds < 0 ? nil : clock.nanoseconds().adding(.nanoseconds(milliseconds: milliseconds))
    }

    /// Lock held. A caller that has seen the end finds its events in the queue.
    private func ended(_ record: JobRecord) -> JobSnapshot? {
        guard record.snapshot.state.isTerminal else { return nil }
        mailbox.announceAll()
        return record.snapshot
    }

    // MARK: - Events

    /// The level-triggered descriptor, made at the first call; -1 when descriptors are exhausted.
    public func eventDescriptor() -> Int32 {
        mailbox.lock.withLock {
            mailbox.eventsObserved = true
            if mailbox.bell.descriptor < 0 {
                var error: Int32 = 0
                mailbox.bell.descriptor = aigcp_eventfd(&error)
                mailbox.eventsChanged()
            }
            return mailbox.bell.descriptor
        }
    }

    /// The next event; nil when none came in time or `wake` was called.
    public func nextEvent(milliseconds: Int64) -> Event? {
        let limit = limit(milliseconds)
        return mailbox.lock.withLock {
            mailbox.eventsObserved = true
            while true {
                if let event = mailbox.events.pop() {
                    event.job?.handles += 1
                    event.job?.hasHadHandle = true
                    mailbox.eventsChanged()
                    return event
                }
                if mailbox.wakes > 0 {
                    mailbox.wakes -= 1
                    mailbox.eventsChanged()
                    return nil
                }
                mailbox.eventsChanged()
                if milliseconds == 0 || mailbox.engineGone { return nil }
                mailbox.eventWaiters += 1
                let inTime = mailbox.lock.wait(until: limit)
                mailbox.eventWaiters -= 1
                if !inTime && mailbox.events.isEmpty && mailbox.wakes == 0 { return nil }
            }
        }
    }

    /// Closed, and everything is taken: no event comes any more.
    public var hasNoMoreEvents: Bool { mailbox.lock.withLock { mailbox.engineGone && mailbox.events.isEmpty } }

    /// How many events wait now.
    public func queuedEvents() -> Int { mailbox.lock.withLock { mailbox.events.length } }

    public func wake() {
        mailbox.lock.withLock {
            // One wake for each waiting call; if none waits, only the next call returns early.
            mailbox.wakes = min(mailbox.wakes + 1, max(1, mailbox.eventWaiters))
            mailbox.eventsChanged()
        }
    }

    // MARK: - Handles

    public func retain(_ record: JobRecord) {
        mailbox.lock.withLock {
            record.handles += 1
            record.hasHadHandle = true
        }
    }

    public func release(_ record: JobRecord) {
        mailbox.lock.withLock {
            record.handles -= 1
            // If the host never takes events, a job's events are dropped with its last handle.
            if record.handles == 0 && !mailbox.eventsObserved {
                mailbox.events.drop(record)
                mailbox.eventsChanged()
            }
        }
    }

    /// Takes the bytes of a download to memory, once.
    public func takeBytes(_ record: JobRecord) throws(Failure) -> (bytes: AssetBytes, contentType: String) {
        let taken: (AssetBytes, String)? = mailbox.lock.withLock {
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

    public func userData(_ record: JobRecord) -> UInt { mailbox.lock.withLock { record.userData } }
    public func setUserData(_ record: JobRecord, _ value: UInt) { mailbox.lock.withLock { record.userData = value } }
}
