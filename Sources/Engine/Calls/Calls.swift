internal import Core

/// What the engine does for the scheduler of calls: it enters calls, puts them onto the wire, and tells the machines of
/// those that never left.
extension EngineCore {
    func enter(_ owner: CallOwner, _ lane: CallLane, expiresAtMilliseconds: Int64 = 0) {
        let ticket = Ticket(id: scheduler.newTicket(), owner: owner)
        let now = clock.instant
        let task = owner.task
        task.ticket = ticket.id
        task.askedAt = Moment(now.monotonic)
        scheduler.handle(
            .enter(ticket, lane, expiresAtMilliseconds: expiresAtMilliseconds), at: now, into: &callActions)
    }

    /// Forgets a call. One that is on the wire is cut, except a submission, whose answer may hold an id.
    func withdraw(_ id: UInt64) {
        var actions: [CallAction] = []
        scheduler.handle(.withdraw(id), at: clock.instant, into: &actions)
        // At once: cutting feeds no machine, and the sink has to be out of the transfer before it is closed.
        for action in actions { carryOut(action) }
    }

    func startReadyCalls() {
        repeat {
            scheduler.handle(.tick, at: clock.instant, into: &callActions)
            // A call that ended before the wire has left a place for the next.
        } while settle()
    }

    /// Carries out what the scheduler has asked for, and what follows from it, until nothing is left: no machine is fed
    /// while another one's actions are carried out. False if there was nothing.
    @discardableResult
    func settle() -> Bool {
        guard !callActions.isEmpty else { return false }
        var next = 0
        while next < callActions.count {
            // Moved out: a copy of credentials costs more than a look.
            var action = CallAction.wake(at: .max)
            swap(&action, &callActions[next])  // safe: next < count
            next += 1
            carryOut(action)
        }
        callActions.removeAll(keepingCapacity: callActions.capacity <= 1_024)
        return true
    }

    private func carryOut(_ action: CallAction) {
        switch action {
        case .resolve(let provider): resolve(provider)
        case .askHost(let provider): tellNeed(of: provider)
        case .record(let ticket): record(ticket)
        case .send(let ticket, let lane, let credentials): send(ticket, lane, credentials)
        case .refuse(let ticket, let lane, let failed): refused(ticket, lane, failed)
        case .cut(let ticket):
            guard let call = onWire.removeValue(forKey: ticket.id) else { return }
            transport.cancel(id: ticket.id)
            observeCut(call)
        case .wake(let at): timers.set(callTimer, due: at)
        }
    }

    // MARK: - On the wire

    private func send(_ ticket: Ticket, _ lane: CallLane, _ credentials: Credentials?) {
        // One that was withdrawn meanwhile never goes onto the wire.
        guard ticket.owner.task.ticket == ticket.id, let call = CallTicket(ticket, lane, credentials) else {
            return leave(ticket.id, .nothing)
        }
        do throws(Failure) {
            try start(call)
        } catch {
            leave(ticket.id, .nothing)
            // Memory may be there again in a moment: an accepted job is not given up for it.
            fail(call, CallFailure(error.status == .noResources ? .notSent : .unsigned, error))
        }
    }

    private func refused(_ ticket: Ticket, _ lane: CallLane, _ failed: CallFailure) {
        // Withdrawn meanwhile: nobody waits for it.
        guard ticket.owner.task.ticket == ticket.id, let call = CallTicket(ticket, lane, nil) else { return }
        fail(call, failed)
    }

    /// A call is off the wire, or could not be put onto it.
    func leave(_ id: UInt64, _ verdict: CallVerdict) {
        scheduler.handle(.left(id, verdict), at: clock.instant, into: &callActions)
    }

    private func start(_ ticket: CallTicket) throws(Failure) {
        var options = TransferOptions(
            connectTimeoutMilliseconds: settings.connectTimeoutMilliseconds,
            exchangeTimeoutMilliseconds: settings.exchangeTimeoutMilliseconds,
            idleTimeoutMilliseconds: settings.idleTimeoutMilliseconds,
            maximumReplyBytes: settings.maximumReplyBytes)
        var request = try signed(ticket)
        if ticket.call?.kind == .submit {
            options.isSubmission = true
            options.exchangeTimeoutMilliseconds = settings.submitTimeoutMilliseconds
            // A cloud that thinks in silence is waited for: given up early, nobody knows what became of the job.
            options.idleTimeoutMilliseconds = 0
        }
        options.publicAddressesOnly = !ticket.url.isEmpty && !ticket.isOnOwnHost
        options.isForStore = !ticket.url.isEmpty
        var sink: (any BodySink)?
        if case .fetch(let download) = ticket.owner {
            sink = download.sink
            options.exchangeTimeoutMilliseconds = 0
            // Some image hosts answer nobody who says no name.
            if !ticket.url.isEmpty { request.headers.append(HTTPHeader("User-Agent", download.provider.userAgent)) }
            if !ticket.url.isEmpty, download.sink.resumeOffset > 0, let validator = download.sink.resumeValidator {
                request.headers.append(HTTPHeader("Range", "bytes=\(download.sink.resumeOffset)-"))
                request.headers.append(HTTPHeader("If-Range", validator))
                ticket.resumedAt = download.sink.resumeOffset
            }
        }
        onWire[ticket.id] = ticket
        if options.isSubmission, case .job(let job) = ticket.owner { step(.sending, job) }
        let trace = observeStart(ticket, request)
        // The host's trace is for the API; a store gets nothing that it does not need.
        if let trace, ticket.url.isEmpty { request.headers += trace.headers }
        transport.start(id: ticket.id, request: request, options: options, sink: sink)
    }

    private func signed(_ ticket: CallTicket) throws(Failure) -> HTTPRequest {
        guard let call = ticket.call else { return HTTPRequest(method: .get, url: ticket.url) }
        guard let provider = providers[call.provider], let credentials = ticket.credentials else {
            throw Failure(.internal, "A call of \(call.provider) has nobody to sign it")
        }
        let offset = clockOffsets[call.endpoint] ?? 0
        let seconds = (clock.unixMilliseconds() / 1_000).adding(offset)
        return try provider.sign(
            call, credentials: credentials, unixSeconds: seconds, nonce: provider.wantsNonce ? nonce() : "")
    }

    private func nonce() -> String {
        let digits: StaticString = "0123456789abcdef"
        let high = random.next()
        let low = random.next()
        return String(unsafeUninitializedCapacity: 32) { text in
            for index in 0..<32 {
                let word = index < 16 ? high : low
                let nibble = Int((word >> UInt64((index & 15) * 4)) & 15)
                text[index] = digits.utf8Start[nibble]  // safe: index < 32, nibble < 16
            }
            return 32
        }
    }
}
