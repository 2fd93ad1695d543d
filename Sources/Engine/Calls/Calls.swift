internal import Core

/// The way of a call: credentials, then a permit of its rate, then a free place, then the wire.
extension EngineCore {
    /// Temporary credentials have another id each time: beyond so many gates those that nobody waits at go.
    private static let crowd = 64

    func newTicket() -> UInt64 {
        defer { nextTicket &+= 1 }
        return nextTicket
    }

    /// The owner may be fed in here already, when the call fails at the door: nothing of it may be borrowed meanwhile.
    func enter(_ ticket: CallTicket) {
        switch ticket.owner {
        case .job(let job): job.ticket = ticket.id
        case .fetch(let download), .describe(let download): download.ticket = ticket.id
        }
        ticket.owner.askedAt = Moment(clock.nanoseconds())
        tickets[ticket.id] = ticket
        admit(ticket)
    }

    /// Forgets a call. One that is on the wire is cut, except a submission, whose answer may hold an id.
    func withdraw(_ id: UInt64) {
        guard let ticket = tickets[id] else {
            if parked.removeValue(forKey: id) != nil, parked.isEmpty { parked = [:] }
            return
        }
        if ticket.stage == .inFlight {
            if ticket.call?.kind == .submit { return }
            transport.cancel(id: id)
            leftTheWire(ticket)
            observeCut(ticket)
        }
        // Queues hold numbers only: they skip one that is gone.
        tickets.removeValue(forKey: id)
        if ticket.stage == .waiting, ticket.call == nil { readyDownloads.withdraw { tickets[$0] != nil } }
    }

    // MARK: - Before the wire

    func admit(_ ticket: CallTicket) {
        guard let call = ticket.call else {
            guard case .fetch(let download) = ticket.owner else { return }
            readyDownloads.append(ticket.id, expiresAtMilliseconds: download.expiresAtMilliseconds)
            return
        }
        if let credentials = credentials(for: ticket, call) { queueForRate(ticket, call, credentials) }
    }

    /// The newest credentials. Nil when the call waits for some, or has failed for want of any.
    private func credentials(for ticket: CallTicket, _ call: ProviderCall) -> Credentials? {
        var startResolving = false
        var needed = false
        let answer = desks[call.provider, default: CredentialDesk()].ask(
            at: clock.nanoseconds(), unixMilliseconds: clock.unixMilliseconds(), startResolving: &startResolving,
            needed: &needed)
        if startResolving { resolve(call.provider) }
        if needed { tellNeed(of: call.provider) }
        switch answer {
        case .wait:
            waitingForCredentials[call.provider, default: []].append(ticket.id)
        case .failed(let failure):
            // What may get better by itself is tried again by the machine; the rest ends the job.
            fail(ticket, CallFailure(failure.isRetryable ? .notSent : .refused, failure))
        case .ready(let credentials):
            ticket.credentials = credentials
            return credentials
        }
        return nil
    }

    private func queueForRate(_ ticket: CallTicket, _ call: ProviderCall, _ credentials: Credentials) {
        let name = GateName(
            provider: call.provider, account: credentials.id, action: call.action, kind: kind(of: ticket))
        let gate: RateGate
        if let newestGate, newestGate.name == name {
            gate = newestGate.gate
        } else if let known = gates[name] {
            gate = known
        } else {
            let rates = call.kind == .submit ? "submit" : "query"
            // The rates are those of the API; a store has its own.
            let perSecond = ticket.url.isEmpty ? settings.rates["\(call.provider)/\(rates)"] ?? 0 : 0
            guard
                let rate = self.rates.rate(
                    provider: name.provider, account: name.account, action: name.action, perSecond: perSecond)
            else {
                fail(ticket, CallFailure(.notSent, Failure(.noResources, "Out of memory", isRetryable: true)))
                return
            }
            gate = RateGate(rate: rate, servesImages: name.kind == .image)
            if gates.count >= Self.crowd { gates = gates.filter { $0.value.isInLine || $0.value.isScheduled } }
            gates[name] = gate
        }
        newestGate = (name, gate)
        ticket.gate = gate
        if gate.queue.count >= settings.maximumInFlight { park(ticket) }
        gate.queue.append(ticket.id)
        open(gate)
    }

    /// A status call whose turn is far away is let go of and made again then: of 100,000 jobs that are due only the
    /// number of the call waits.
    private func park(_ ticket: CallTicket) {
        guard ticket.canBeMadeAgain, case .job(let job) = ticket.owner else { return }
        tickets.removeValue(forKey: ticket.id)
        parked[ticket.id] = job
        if !job.polls.isOfManyKinds { job.polls.crowd = ticket.gate }
    }

    /// The same for a call that would stand in a crowd: it is not even made. The gate is that of the last call of its kind
    /// that found one; its queue is empty once it is out of use.
    func parkUnmade(_ job: ActiveJob) -> Bool {
        guard let gate = job.polls.crowd, job.reference != nil else { return false }
        guard gate.queue.count >= settings.maximumInFlight else {
            job.polls.crowd = nil
            return false
        }
        job.ticket = newTicket()
        job.askedAt = Moment(clock.nanoseconds())
        parked[job.ticket] = job
        gate.queue.append(job.ticket)
        open(gate)
        return true
    }

    func statusTicket(_ id: UInt64, _ job: ActiveJob) -> CallTicket? {
        guard let reference = job.reference else { return nil }
        return CallTicket(id: id, owner: .job(job), call: job.provider.statusCall(reference), canBeMadeAgain: true)
    }

    /// The call of a number that stands at the head of a gate's queue; nil if it was withdrawn.
    private func next(in gate: RateGate) -> CallTicket? {
        while let id = gate.queue.first {
            if let ticket = tickets[id] { return ticket }
            if let job = parked.removeValue(forKey: id), let ticket = statusTicket(id, job) {
                // A dictionary never gives memory back by itself: after a crowd it starts anew.
                if parked.isEmpty { parked = [:] }
                ticket.gate = gate
                tickets[id] = ticket
                return ticket
            }
            _ = gate.queue.popFirst()
        }
        return nil
    }

    /// Puts a gate into the line for places. A permit is taken only when there is a place: what had one and waited
    /// would leave in a burst as soon as places come free.
    func open(_ gate: RateGate) {
        guard !gate.isInLine else { return }
        gate.isInLine = true
        if gate.servesImages { imageLine.append(gate) } else { callLine.append(gate) }
    }

    func startReadyCalls() {
        while callsInFlight < settings.maximumInFlight, let ticket = nextPermitted(&callLine) { start(ticket) }
        while downloadsInFlight < settings.maximumDownloads, let ticket = nextDownload() { start(ticket) }
    }

    /// The next call that has a permit. The gates take turns, so that no kind of call starves another.
    private func nextPermitted(_ line: inout [RateGate]) -> CallTicket? {
        while let gate = line.first {
            line.removeFirst()
            guard let ticket = next(in: gate) else {
                gate.isInLine = false
                timers.remove(gate)
                continue
            }
            if let again = gate.rate.take(at: clock.nanoseconds()) {
                gate.isInLine = false
                timers.set(gate, due: again)
                continue
            }
            _ = gate.queue.popFirst()
            line.append(gate)
            return ticket
        }
        return nil
    }

    /// Images by call and by URL in turn; of the URLs the one that ends first.
    private func nextDownload() -> CallTicket? {
        callsForImageNext.toggle()
        if callsForImageNext, let ticket = nextPermitted(&imageLine) { return ticket }
        while let id = readyDownloads.popFirst() {
            if let ticket = tickets[id] { return ticket }
        }
        return nextPermitted(&imageLine)
    }

    // MARK: - On the wire

    private func start(_ ticket: CallTicket) {
        var options = TransferOptions(
            connectTimeoutMilliseconds: settings.connectTimeoutMilliseconds,
            exchangeTimeoutMilliseconds: settings.exchangeTimeoutMilliseconds,
            idleTimeoutMilliseconds: settings.idleTimeoutMilliseconds,
            maximumReplyBytes: settings.maximumReplyBytes)
        var request: HTTPRequest
        if let call = ticket.call {
            // Asked again: a call can have waited for its rate longer than its credentials lived.
            guard let provider = providers[call.provider], let credentials = credentials(for: ticket, call) else {
                return
            }
            let offset = clockOffsets[call.endpoint] ?? 0
            let seconds = (clock.unixMilliseconds() / 1_000).adding(offset)
            do throws(Failure) {
                request = try provider.sign(
                    call, credentials: credentials, unixSeconds: seconds,
                    nonce: provider.wantsNonce ? nonce() : "")
            } catch {
                // Memory may be there again in a moment: an accepted job is not given up for it.
                fail(ticket, CallFailure(error.status == .noResources ? .notSent : .refused, error))
                return
            }
            if call.kind == .submit {
                options.isSubmission = true
                options.exchangeTimeoutMilliseconds = settings.submitTimeoutMilliseconds
                // A cloud that thinks in silence is waited for: given up early, nobody knows what became of the job.
                options.idleTimeoutMilliseconds = 0
            }
        } else {
            request = HTTPRequest(method: .get, url: ticket.url)
        }
        options.publicAddressesOnly = !ticket.url.isEmpty
        var sink: (any BodySink)?
        if case .fetch(let download) = ticket.owner {
            sink = download.sink
            options.exchangeTimeoutMilliseconds = 0
            if !ticket.url.isEmpty, download.sink.resumeOffset > 0, let validator = download.sink.resumeValidator {
                request.headers.append(HTTPHeader("Range", "bytes=\(download.sink.resumeOffset)-"))
                request.headers.append(HTTPHeader("If-Range", validator))
                ticket.resumedAt = download.sink.resumeOffset
            }
        }
        ticket.stage = .inFlight
        if sink != nil { downloadsInFlight += 1 } else { callsInFlight += 1 }
        if options.isSubmission, case .job(let job) = ticket.owner { feed(.sending, to: job) }
        let trace = observeStart(ticket, request)
        // The host's trace is for the API; a store gets nothing that it does not need.
        if let trace, ticket.url.isEmpty { request.headers += trace.headers }
        transport.start(id: ticket.id, request: request, options: options, sink: sink)
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

    func leftTheWire(_ ticket: CallTicket) {
        if case .fetch = ticket.owner { downloadsInFlight -= 1 } else { callsInFlight -= 1 }
    }
}
