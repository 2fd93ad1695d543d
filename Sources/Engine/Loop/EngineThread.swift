internal import CPlatform
internal import Core

/// The life of the engine's thread: started by the first job, joined by close, parked by exit().
extension Engine {
    // MARK: - The thread

    func start() throws(Failure) {
        let failure: Failure? = startLock.withLock { () -> Failure? in
            if started { return nil }
            if mailbox.lock.withLock({ mailbox.closed }) { return Failure(.closed, "The client has been closed") }
            let context = Unmanaged.passRetained(self)
            // Before the thread, which takes it back at its end: a close that came meanwhile can end it at once.
            let registered = aigcp_exit_register(askEngineToPark, awaitParkedEngine, context.toOpaque())
            guard registered == 0 else {
                context.release()
                return registered > 0
                    ? Failure(.closed, "Starting the engine's thread: the process is ending, exit() has begun")
                    : Failure(.noResources, "Starting the engine's thread failed: no memory", isRetryable: true)
            }
            var thread = pthread_t()
            let error = aigcp_thread_start(&thread, Self.stackBytes, "aigc-engine", engineBody, context.toOpaque())
            guard error == 0 else {
                aigcp_exit_unregister(context.toOpaque())
                context.release()
                return Failure(
                    .noResources, "Starting the engine's thread failed (errno \(error)): too many threads or no memory",
                    isRetryable: true)
            }
            self.thread = thread
            started = true
            return nil
        }
        if let failure { throw failure }
    }

    /// Ends all jobs in this process and joins the threads. May be called any number of times.
    public func close(graceMilliseconds: Int64) {
        let first = mailbox.close(graceMilliseconds: graceMilliseconds)
        mailbox.waker.wake()
        // Without the lock of the start, which every new job takes. No thread is started from here on.
        if startLock.withLock({ thread != nil }) { awaitTheEnd() }
        let isOver = startLock.withLock {
            guard let running = thread else {
                if first { gone() }
                return true
            }
            // In exit() the thread sleeps for good: nobody waits for it, nor for a worker.
            if mailbox.lock.withLock({ mailbox.exit == .parked }) { return false }
            _ = aigcp_thread_join(running)
            thread = nil
            return true
        }
        guard first, isOver else { return }
        for worker in workers { worker.close() }
        closeJournal()
    }

    /// Until the thread ends, or sleeps for good because of an exit() that came meanwhile.
    private func awaitTheEnd() {
        mailbox.lock.withLock { while !mailbox.engineGone { _ = mailbox.lock.wait(until: nil) } }
    }

    /// No more signals will come: releases all waiting threads.
    private func gone() {
        mailbox.lock.withLock {
            mailbox.engineGone = true
            mailbox.endWork()
            mailbox.lock.broadcast()
        }
    }

    /// The memory that the calls of a moment share.
    private static let bytesThatComeAndGo: UInt = 512 << 10

    fileprivate func run() {
        aigcp_turn_enter()
        defer {
            aigcp_turn_tidy()
            aigcp_turn_leave()
        }
        aigcp_expect_blocks(Self.bytesThatComeAndGo)
        while !core.isDone {
            core.turn(mayWait: true)
            parkIfAsked()
        }
        core.jobs.keepHistories(isEnd: true)
        core.jobs.leaveCrowds()
        core.reporter.observeTheEnd()
        mailbox.waker.end()
        core.transport.shutdown()
        gone()
        aigcp_exit_unregister(Unmanaged.passUnretained(self).toOpaque())
    }

    // MARK: - exit()

    private func parkIfAsked() {
        mailbox.lock.withLock {
            guard mailbox.exit == .asked else { return }
            mailbox.exit = .parked
            mailbox.endWork()
            // Waiting threads are released: handlers of the host may still run.
            mailbox.engineGone = true
            let records =
                core.records
                + mailbox.inbox.compactMap(\.record)
            for record in records { for waiter in mailbox.takeWaiters(of: record) { waiter.signal() } }
            mailbox.lock.broadcast()
            // The process is ending: never touch TLS again, and block no fork.
            aigcp_turn_leave()
            while true { _ = mailbox.lock.wait(until: nil) }
        }
    }

    /// Runs in exit(), before OpenSSL takes itself down.
    fileprivate func askToPark() {
        mailbox.lock.withLock { if mailbox.exit == .notAsked { mailbox.exit = .asked } }
        mailbox.waker.wake()
    }

    /// Waits, not for long, until the engine is out of it.
    fileprivate func awaitParking(until limit: Int64) {
        mailbox.lock.withLock {
            while mailbox.exit != .parked && !mailbox.engineGone {
                if !mailbox.lock.wait(until: limit) { return }
            }
        }
    }
}

private func engineBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Engine>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

private func askEngineToPark(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<Engine>.fromOpaque(context).takeUnretainedValue().askToPark()
}

private func awaitParkedEngine(_ context: UnsafeMutableRawPointer?, _ limit: Int64) {
    guard let context else { return }
    Unmanaged<Engine>.fromOpaque(context).takeUnretainedValue().awaitParking(until: limit)
}
