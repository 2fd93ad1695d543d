internal import Core

/// Reports the work of the engine: counts, log records and warnings. Decides nothing. Engine thread.
final class Reporter {
    private let mailbox: Mailbox
    private let clock: any Clock
    private let level: LogLevel
    /// The troubles that were reported to the host.
    private var troubles = TroubleBook()

    init(_ mailbox: Mailbox, clock: any Clock, level: LogLevel) {
        self.mailbox = mailbox
        self.clock = clock
        self.level = level
    }

    // MARK: - Calls

    /// A call goes to the wire. Returns the trace that goes with it.
    func observeStart(_ ticket: CallTicket, _ request: HTTPRequest) -> TraceContext? {
        let now = clock.nanoseconds()
        ticket.startedAt = now
        let owner = ticket.owner
        let waited = owner.task.askedAt.elapsed(now)
        count { statistics in
            statistics.withCalls(place(of: ticket, in: &statistics)) { row in
                row.started &+= 1
                row.inFlight &+= 1
                if owner.task.failures > 0 { row.repeated &+= 1 }
                row.sentBytes &+= UInt64(request.body.count)
                row.waits.add(nanoseconds: waited)
            }
        }
        let trace = mailbox.hasTraces ? mailbox.lock.withLock { owner.record.trace } : nil
        if logs(.debug) {
            var line = line(.debug, "Call started", ticket)
            line.add("waited_ms", waited / 1_000_000)
            if let call = ticket.call, call.kind == .submit { line.add("body", owner.task.provider.shown(call)) }
            line.add("trace_id", (trace?.traceID).map(String.init))
            log(line)
        }
        return trace
    }

    func observeEnd(_ ticket: CallTicket, _ result: TransferResult, _ answer: Result<JobAnswer, CallFailure>) {
        switch answer {
        case .success(let answer):
            observeEnd(ticket, result, nil, requestID: answer.requestID)
            if answer.stateIsUnknown { observeUnknownState(answer.providerState, ticket.owner.record) }
            guard let warning = answer.warning, logs(.warning) else { return }
            var line = line(.warning, "A part of the answer is missing, or could not be used and was left out", ticket)
            line.add("detail", warning)
            line.add("request_id", answer.requestID)
            log(line)
        case .failure(let failed): observeEnd(ticket, result, failed)
        }
    }

    func observeEnd(
        _ ticket: CallTicket, _ result: TransferResult, _ judgement: DownloadEvent.Judgement, received: Int64
    ) {
        switch judgement {
        case .complete, .redirected: observeEnd(ticket, result, nil, received: received)
        case .incomplete(let failure), .corrupt(let failure), .failed(let failure):
            observeEnd(ticket, result, CallFailure(.transient, failure), received: received)
        case .refused(let failed): observeEnd(ticket, result, failed, received: received)
        }
    }

    /// A call came back from the wire, with an answer that could be read or a failure.
    private func observeEnd(
        _ ticket: CallTicket, _ result: TransferResult, _ failed: CallFailure?, requestID: String? = nil,
        received: Int64? = nil
    ) {
        var bytes = received ?? 0
        var status = 0
        if case .reply(let reply) = result {
            bytes = received ?? Int64(reply.body.count)
            status = reply.status
        }
        let took = clock.nanoseconds().subtracting(ticket.startedAt)
        ended(ticket) { row in
            row.receivedBytes &+= UInt64(max(0, bytes))
            row.durations.add(nanoseconds: took)
            if let failed {
                row.fail(failed.failure.status)
                if failed.kind == .throttled || failed.kind == .concurrencyLimit { row.throttled &+= 1 }
            } else {
                row.answered &+= 1
            }
        }
        let level = failed == nil ? LogLevel.debug : .warning
        if logs(level) {
            var line = line(level, failed == nil ? "Call answered" : "Call failed", ticket)
            line.add("duration_ms", took / 1_000_000)
            if let failed {
                line.add(failed.failure)
            } else {
                line.add("request_id", requestID)
                if status != 0 { line.add("http_status", Int64(status)) }
                line.add("received_bytes", bytes)
            }
            log(line)
        }
        if failed == nil { ticket.owner.task.failures = 0 } else { countFailure(of: ticket) }
    }

    /// A call failed before it left.
    func observeRefusal(_ ticket: CallTicket, _ failure: Failure) {
        count { $0.withCalls(place(of: ticket, in: &$0)) { $0.fail(failure.status) } }
        if logs(.warning) {
            var line = line(.warning, "Call failed before it left", ticket)
            line.add(failure)
            log(line)
        }
        countFailure(of: ticket)
    }

    private func countFailure(of ticket: CallTicket) {
        ticket.owner.task.failures = min(ticket.owner.task.failures, 1_000_000) + 1
    }

    /// This process ended a call on the wire.
    func observeCut(_ ticket: CallTicket) {
        ended(ticket) { $0.cut &+= 1 }
        if logs(.debug) { log(line(.debug, "Call cut", ticket)) }
    }

    private func ended(_ ticket: CallTicket, _ body: (inout Statistics.Calls) -> Void) {
        count { statistics in
            statistics.withCalls(place(of: ticket, in: &statistics)) { row in
                row.inFlight &-= 1
                body(&row)
            }
        }
    }

    private func count(_ body: (inout Statistics) -> Void) {
        mailbox.counts.lock.withLock { body(&mailbox.counts.statistics) }
    }

    private func place(of ticket: CallTicket, in statistics: inout Statistics) -> Int {
        if ticket.lane.row < 0 { ticket.lane.row = statistics.place(of: ticket.lane.name) }
        return ticket.lane.row
    }

    /// Counts the calls that get no answer, after the engine has ended.
    func observeTheEnd() {
        mailbox.lock.withLock {
            mailbox.callsWaiting = 0
            mailbox.announceAll()
        }
        count { $0.end() }
    }

    // MARK: - Jobs

    func observeBegin(_ record: JobRecord) {
        count { $0.withJobs(of: record) { $0.started &+= 1 } }
    }

    func observeAccepted(_ record: JobRecord, _ remoteID: String, requestID: String?) {
        count { $0.withJobs(of: record) { $0.accepted &+= 1 } }
        guard logs(.info) else { return }
        var line = line(.info, "Job accepted", record)
        line.add("remote_id", remoteID)
        line.add("request_id", requestID)
        log(line)
    }

    /// The provider's id has come after the end of its job in this process: a job runs that nobody follows.
    func observeLateID(_ record: JobRecord, _ reference: JobReference) {
        let token = TokenText.encode(reference)
        var fields = line(.warning, "Job accepted after it had ended here: it runs and is billed", record)
        fields.add("remote_id", reference.remoteID)
        fields.add("token", token)
        if logs(.warning) { log(fields) }
        var text = "\(record.provider) has accepted a job after it had ended here: it runs and is billed. Its id is "
        text += reference.remoteID.shown(limit: 200)
        if let token { text += ", its token \(token)" }
        warn(text, of: record.provider, about: record, fields)
    }

    /// A call of the provider was answered: the next failure before the wire is a new trouble.
    func observePassed(_ provider: String) {
        if !troubles.isQuiet { troubles.passed(provider, at: clock.nanoseconds()) }
    }

    /// No submission waits for a free slot any more.
    func observeRoomForTasks(_ provider: String) { troubles.ended(.tooManyTasks, of: provider) }

    /// Asks the host for new credentials.
    func askHost(_ provider: String) {
        mailbox.lock.withLock {
            mailbox.events.pushNeed(of: provider)
            mailbox.announce()
        }
    }

    func warn(_ text: String, of provider: String, about record: JobRecord? = nil, _ fields: LogRecord? = nil) {
        mailbox.lock.withLock {
            mailbox.events.pushWarning(text, of: provider, about: record, fields)
            mailbox.announce()
        }
    }

    /// A call has failed before it left, and is tried again: the host gets one warning, not one for each call.
    func observeTrouble(_ ticket: CallTicket, _ failure: Failure) {
        let record = ticket.owner.record
        let hasEnded = mailbox.lock.withLock { record.snapshot.state.isTerminal }
        guard !hasEnded,
            troubles.tells(
                .beforeTheWire(failure.status), of: record.provider, at: clock.nanoseconds(),
                since: ticket.startedAt > 0 ? ticket.startedAt : .max)
        else { return }
        let text = "Calls to \(record.provider) fail on this machine and are tried again until their jobs' deadlines: "
        warn(text + failure.message, of: record.provider)
    }

    /// The job counts as running: whoever knows the word can end it.
    private func observeUnknownState(_ word: String, _ record: JobRecord) {
        guard troubles.tells(.unknownState(word), of: record.provider, at: clock.nanoseconds()) else { return }
        var text = "\(record.provider) calls the state of a job \"\(word)\", which this library does not know: the job "
        text += "counts as running until its deadline, and may have ended"
        warn(text, of: record.provider, about: record)
    }

    /// The effect of a refusal on other calls.
    func observeRefusalOfMany(_ failed: CallFailure, _ call: ProviderCall) {
        let pause = failed.failure.retryAfterMilliseconds
        switch failed.kind {
        case .throttled where pause >= TroubleBook.longRestMilliseconds:
            warnOfRest(call.provider, call.action, pause, failed.failure.message)
        case .concurrencyLimit:
            guard troubles.tells(.tooManyTasks, of: call.provider, at: clock.nanoseconds()) else { return }
            let text = "\(call.provider) takes no more tasks at once: submissions wait until others of the account end "
            warn(text + "(\(failed.failure.message))", of: call.provider)
        default: break
        }
    }

    /// Calls wait for the end of a pause. The client that was told so has warned of it already.
    func observeRest(_ call: Statistics.CallName, milliseconds: Int64) {
        warnOfRest(call.provider, call.action, milliseconds, "another client of this account was told so")
    }

    private func warnOfRest(_ provider: String, _ action: String, _ pause: Int64, _ reason: String) {
        guard troubles.tells(.rest(action: action), of: provider, at: clock.nanoseconds()) else { return }
        let text = "\(provider) has asked for a rest: no \(action) of this account is called for "
        warn(text + "\(pause / 1_000) s (\(reason))", of: provider)
    }

    func observeState(_ job: ActiveJob) {
        guard logs(.info) else { return }
        var line = line(.info, "Job state changed", job.record)
        line.add("remote_id", job.machine.remoteID)
        line.add("state", .state(job.machine.state))
        log(line)
    }

    /// A job or a download has ended.
    func observeDone(_ record: JobRecord, _ state: JobState, _ failure: Failure?, began: Moment) {
        let took = began.elapsed(clock.nanoseconds())
        count { statistics in
            statistics.withJobs(of: record) { row in
                switch state {
                case .succeeded:
                    row.succeeded &+= 1
                    row.durations.add(nanoseconds: took)
                case .cancelled: row.cancelled &+= 1
                case .unknown: row.unknown &+= 1
                case .failed, .queued, .submitting, .pending, .running: row.failed &+= 1
                }
                row.end(failure?.status ?? .ok)
            }
        }
        let level: LogLevel = failure == nil || state == .cancelled ? .info : .error
        guard logs(level) else { return }
        var line = line(level, record.isDownload ? "Download ended" : "Job ended", record)
        line.add("state", .state(state))
        line.add("duration_ms", took / 1_000_000)
        let (reference, result) = mailbox.lock.withLock { (record.snapshot.reference, record.snapshot.result) }
        line.add("remote_id", reference?.remoteID)
        if let failure {
            line.add(failure)
        } else if let result {
            line.add("received_bytes", result.byteCount)
            line.add("content_type", result.contentType)
            line.add("path", result.path)
        }
        log(line)
    }

    /// A job that was followed was seen done, between two looks at these ages.
    func observeLag(_ record: JobRecord, notDoneAt: Int64, doneAt: Int64, kindsKnown: Int) {
        let lag = max(0, doneAt.subtracting(notDoneAt)) / 2
        count { statistics in
            statistics.kindsKnown = UInt64(kindsKnown)
            statistics.withJobs(of: record) { $0.lags.add(nanoseconds: .nanoseconds(milliseconds: lag)) }
        }
    }

    // MARK: - What a call has taught

    func observeClock(_ endpoint: String, offsetSeconds: Int64) {
        guard logs(.warning) else { return }
        var line = LogRecord(
            .warning, "This machine's clock is off: requests are dated by the provider's from now on",
            atMilliseconds: clock.unixMilliseconds())
        line.add("endpoint", endpoint)
        line.add("offset_s", offsetSeconds)
        log(line)
    }

    func observeWarning(_ text: String, of record: JobRecord) {
        guard logs(.warning) else { return }
        var line = LogRecord(
            .warning, "Image is handed over with a warning", provider: record.provider,
            atMilliseconds: clock.unixMilliseconds())
        line.add("warning", text)
        log(line)
    }

    func observeLookup(_ provider: String, _ result: Result<Credentials, Failure>, foundIn: String?) {
        var found = false
        if case .success = result { found = true }
        count { $0.lookedUp(provider, found: found) }
        let level: LogLevel = found ? .info : .warning
        guard logs(level) else { return }
        var line = LogRecord(
            level, found ? "Credentials found" : "Credentials not found", provider: provider,
            atMilliseconds: clock.unixMilliseconds())
        switch result {
        case .success(let credentials):
            line.add("found_in", foundIn ?? credentials.source)
            line.add("expires_at_ms", credentials.expiresAtMilliseconds == 0 ? nil : credentials.expiresAtMilliseconds)
        case .failure(let failure): line.add(failure)
        }
        log(line)
    }

    // MARK: - Lines

    private func logs(_ level: LogLevel) -> Bool { level <= self.level }

    private func log(_ line: LogRecord) {
        mailbox.lock.withLock {
            mailbox.events.push(line)
            mailbox.announce()
        }
    }

    private func line(_ level: LogLevel, _ message: StaticString, _ record: JobRecord) -> LogRecord {
        LogRecord(
            level, message, provider: record.provider, job: record.id, atMilliseconds: clock.unixMilliseconds())
    }

    private func line(_ level: LogLevel, _ message: StaticString, _ ticket: CallTicket) -> LogRecord {
        var line = line(level, message, ticket.owner.record)
        line.add("action", ticket.call?.action ?? "GET")
        line.add("attempt", Int64(ticket.owner.task.failures) + 1)
        switch ticket.owner {
        case .job(let job): line.add("remote_id", job.reference?.remoteID)
        case .fetch(let download), .describe(let download): line.add("remote_id", download.job?.remoteID)
        }
        return line
    }
}
