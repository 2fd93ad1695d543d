internal import Core

/// Carries out what `CallScheduler` asks for: signs calls, puts them onto the wire, cuts them and takes their answers.
/// Feeds no machine: the caller of `next` tells the owner of a call its result. Engine thread only.
final class CallRunner {
    /// News for the owner of a call.
    enum Outcome {
        /// Signed, and about to go onto the wire by `start`.
        case leaves(CallTicket, HTTPRequest)
        /// A submission that is about to leave: `recorded` says that it may.
        case records(Ticket)
        /// Ended before the wire.
        indirect case failed(CallTicket, CallFailure)
    }

    private(set) var scheduler: CallScheduler
    private(set) var lanes: CallLanes
    /// The actions of the scheduler that are not carried out yet.
    private var pending = CallActions()
    private var onWire: [UInt64: CallTicket] = [:]
    /// Wakes the engine for the scheduler.
    private let alarm = TimerNode()
    private let timers: Timers
    private let transport: any Transport
    private let credentials: CredentialStore
    private let reader: CallReader
    private let reporter: Reporter
    private let settings: EngineSettings
    private let clock: any Clock
    private let random: any RandomSource

    init(
        settings: EngineSettings, rates: RateRegistry, book: SurvivalBook, timers: Timers, transport: any Transport,
        credentials: CredentialStore, reader: CallReader, reporter: Reporter, clock: any Clock,
        random: any RandomSource
    ) {
        self.settings = settings
        self.timers = timers
        self.transport = transport
        self.credentials = credentials
        self.reader = reader
        self.reporter = reporter
        self.clock = clock
        self.random = random
        lanes = CallLanes(rates: settings.rates)
        scheduler = CallScheduler(
            maximumInFlight: settings.maximumInFlight, maximumDownloads: settings.maximumDownloads, rates: rates,
            book: book, patienceMilliseconds: settings.jobPolicy.polls.longestMilliseconds)
    }

    // Fields only: a scheduler is a large value to copy.
    var waiting: Int { scheduler.waiting }
    var downloadsInFlight: Int { scheduler.downloadsInFlight }

    /// For tests: the number of actions and calls that are left.
    var leftovers: Int { pending.count + onWire.count }

    // MARK: - Lanes

    func lane(_ call: ProviderCall, _ kind: Statistics.CallName.Kind, isOfStore: Bool = false) -> CallLane {
        lanes.lane(call, kind, isOfStore: isOfStore)
    }

    func plainLane(_ provider: String) -> CallLane { lanes.plainLane(provider) }

    // MARK: - Events of the scheduler

    func enter(_ owner: CallOwner, _ lane: CallLane, expiresAtMilliseconds: Int64 = 0) {
        let ticket = Ticket(id: scheduler.newTicket(), owner: owner)
        let now = clock.instant
        let task = owner.task
        task.ticket = ticket.id
        task.askedAt = Moment(now.monotonic)
        tell(.enter(ticket, lane, expiresAtMilliseconds: expiresAtMilliseconds), at: now)
    }

    /// Forgets the call of a task. One that is on the wire is cut, except a submission, whose answer may hold an id.
    func withdraw(_ task: ActiveTask) {
        var actions: [CallAction] = []
        scheduler.handle(.withdraw(task.ticket), at: clock.instant, into: &actions)
        task.ticket = 0
        // At once: cutting feeds no machine, and the sink must leave the transfer before it is closed.
        for action in actions { _ = carryOut(action) }
    }

    /// Cuts the submission of a task if provably not one byte of it has left: its connection is still being made. False:
    /// no submission is on the wire, or it stays there because its answer may hold an id.
    func cutUnsent(_ task: ActiveTask) -> Bool {
        guard let call = onWire[task.ticket], call.lane.isSubmission, transport.cancelUnsent(id: call.id) else {
            return false
        }
        onWire[call.id] = nil
        task.ticket = 0
        reporter.observeCut(call)
        leave(call)
        return true
    }

    /// The host waits for the status call of a job, which may have been asked for before.
    func hurry(_ job: ActiveJob) { if job.ticket != 0 { tell(.hurry(job.ticket), at: clock.instant) } }

    /// Lets every call leave that can.
    func tick() { tell(.tick, at: clock.instant) }

    func found(_ provider: String, _ resolution: Resolution) {
        let news = CredentialNews.found(resolution.result, aheadMilliseconds: resolution.aheadMilliseconds)
        tell(.credentials(provider, news), at: clock.instant)
        credentials.note(scheduler.credentials(of: provider), of: provider, foundIn: resolution.foundIn)
        reporter.observeLookup(provider, resolution.result, foundIn: resolution.foundIn)
        for text in resolution.warnings { reporter.warn(text, of: provider) }
    }

    func given(_ provider: String, _ given: Credentials) {
        tell(.credentials(provider, .given(given)), at: clock.instant)
        credentials.note(
            scheduler.credentials(of: provider), of: provider, foundIn: "aigc_client_set_credentials()")
    }

    /// The journal has recorded the intent of a submission, or has nothing to record (nil), or has failed.
    func recorded(_ id: UInt64, _ failure: Failure?) { tell(.recorded(id, failure), at: clock.instant) }

    /// A submission that was to be recorded waits for its host first.
    func held(_ id: UInt64) { tell(.held(id), at: clock.instant) }

    /// Its host lets it leave: it stands in line for a permit and a place again.
    func released(_ id: UInt64) { tell(.released(id), at: clock.instant) }

    func isOnWire(_ id: UInt64) -> Bool { onWire[id] != nil }

    /// Whether a call waits for credentials or in its line, and holds nothing.
    func isWaiting(_ id: UInt64) -> Bool { scheduler.isWaiting(id) }

    /// Whether a call waits for credentials.
    func isAsking(_ id: UInt64) -> Bool { scheduler.isAsking(id) }

    /// The id of the credentials that sign for a provider now; empty if there are no credentials.
    func account(of provider: String) -> String { scheduler.credentials(of: provider)?.id ?? "" }

    /// Notes a job: an answer that names this job is no answer to a submission.
    func attached(_ reference: JobReference) { reader.note(reference) }

    private func tell(_ event: CallEvent, at now: Instant) {
        timers.turn.expect()
        scheduler.handle(event, at: now, into: &pending.actions)
    }

    // MARK: - Actions of the scheduler

    /// Carries out the scheduler's actions up to the next news for an owner; nil when no action is left.
    func next() -> Outcome? {
        while let action = pending.popFirst() {
            if let outcome = carryOut(action) { return outcome }
        }
        return nil
    }

    private func carryOut(_ action: CallAction) -> Outcome? {
        switch action {
        case .resolve(let provider): credentials.resolve(provider)
        case .askHost(let provider): reporter.askHost(provider)
        case .record(let ticket): return isWanted(ticket) ? .records(ticket) : nil
        case .send(let ticket, let lane, let credentials): return make(ticket, lane, credentials)
        case .refuse(let ticket, let lane, let failed):
            // The call was withdrawn meanwhile: nobody waits for it.
            guard isWanted(ticket), let call = CallTicket(ticket, lane, nil) else { return nil }
            return .failed(call, failed)
        case .cut(let ticket):
            guard let call = onWire.removeValue(forKey: ticket.id) else { return nil }
            transport.cancel(id: ticket.id)
            reporter.observeCut(call)
        case .rest(let lane, let milliseconds): reporter.observeRest(lane.name, milliseconds: milliseconds)
        case .wake(let at): timers.set(alarm, due: at)
        }
        return nil
    }

    private func isWanted(_ ticket: Ticket) -> Bool { ticket.owner.task.ticket == ticket.id }

    private func make(_ ticket: Ticket, _ lane: CallLane, _ credentials: Credentials?) -> Outcome? {
        // One that was withdrawn meanwhile never goes onto the wire.
        guard isWanted(ticket), let call = CallTicket(ticket, lane, credentials) else {
            tell(.left(ticket.id, .nothing), at: clock.instant)
            return nil
        }
        do throws(Failure) {
            return .leaves(call, try signed(call))
        } catch {
            leave(call)
            // Memory may be free again in a moment: an accepted job does not end because of this.
            let passes = error.status == .noResources && error.isRetryable
            return .failed(call, CallFailure(passes ? .notSent : .unsigned, error))
        }
    }

    // MARK: - On the wire

    /// Puts a call onto the wire.
    func start(_ ticket: CallTicket, _ request: HTTPRequest) {
        var request = request
        var options = TransferOptions(
            connectTimeoutMilliseconds: settings.connectTimeoutMilliseconds,
            exchangeTimeoutMilliseconds: settings.exchangeTimeoutMilliseconds,
            idleTimeoutMilliseconds: settings.idleTimeoutMilliseconds,
            maximumReplyBytes: settings.maximumReplyBytes)
        var departure: (any Departure)?
        if ticket.lane.isSubmission {
            options.isSubmission = true
            options.exchangeTimeoutMilliseconds = settings.submitTimeoutMilliseconds
            // A cloud may stay silent while it works. Wait for it: an early end would make the outcome unknown.
            options.idleTimeoutMilliseconds = 0
            if case .job(let job) = ticket.owner { departure = job.journal }
        }
        options.publicAddressesOnly = !ticket.url.isEmpty && !ticket.isOnOwnHost
        options.isForStore = !ticket.url.isEmpty
        var sink: (any BodySink)?
        if case .fetch(let download) = ticket.owner {
            sink = download.sink
            options.exchangeTimeoutMilliseconds = 0
            // Some image hosts do not answer a request without a User-Agent.
            if !ticket.url.isEmpty { request.headers.append(HTTPHeader("User-Agent", download.provider.userAgent)) }
            if !ticket.url.isEmpty, download.sink.resumeOffset > 0, let validator = download.sink.resumeValidator {
                request.headers.append(HTTPHeader("Range", "bytes=\(download.sink.resumeOffset)-"))
                request.headers.append(HTTPHeader("If-Range", validator))
                ticket.resumedAt = download.sink.resumeOffset
            }
        }
        onWire[ticket.id] = ticket
        let trace = reporter.observeStart(ticket, request)
        // The host's trace is for the API; a store gets nothing that it does not need.
        if let trace, ticket.url.isEmpty { request.headers += trace.headers }
        transport.start(id: ticket.id, request: request, options: options, sink: sink, departure: departure)
    }

    private func signed(_ ticket: CallTicket) throws(Failure) -> HTTPRequest {
        guard let call = ticket.call else { return HTTPRequest(method: .get, url: ticket.url) }
        guard let credentials = ticket.credentials else {
            throw Failure(.internal, "A call of \(call.provider) is to be signed without credentials")
        }
        let provider = ticket.owner.task.provider
        return try provider.sign(
            call, credentials: credentials, unixSeconds: reader.unixSeconds(at: call.endpoint),
            nonce: provider.wantsNonce ? nonce() : "")
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

    // MARK: - Answers

    /// The call of a transfer that has ended; nil if it was cut.
    func arrived(_ id: UInt64) -> CallTicket? {
        timers.turn.expect()
        guard let call = onWire.removeValue(forKey: id) else { return nil }
        call.owner.task.ticket = 0
        return call
    }

    /// Reads the answer to a submission, a status call or a call by name. The call has left the wire then.
    func read(_ ticket: CallTicket, _ result: TransferResult) -> Result<JobAnswer, CallFailure> {
        guard let call = ticket.call else {
            leave(ticket)
            return .failure(CallFailure(.transient, Failure(.internal, "A URL was called as the API")))
        }
        let answer = reader.read(call, ticket, result) { scheduler.hostRenews(call.provider) }
        reporter.observeEnd(ticket, result, answer)
        leave(ticket)
        return answer
    }

    /// The refusal of an image, and its effect on later calls.
    func learn(_ failed: inout CallFailure, _ reply: HTTPReply, _ ticket: CallTicket) {
        guard let call = ticket.call else { return }
        // A store may stand behind a cache: what a URL names is the same for everybody.
        if ticket.url.isEmpty { failed = reader.believed(refusal: failed, reply, call, doing: ticket.doing) }
        reader.learn(&failed, call, ticket) { scheduler.hostRenews(call.provider) }
    }

    /// A call is off the wire, or could not be put onto it.
    func leave(_ ticket: CallTicket) { tell(.left(ticket.id, ticket.verdict), at: clock.instant) }
}

/// Actions in their order, taken out one by one while new ones come.
private struct CallActions {
    var actions: [CallAction] = []
    private var head = 0

    var count: Int { actions.count - head }

    mutating func popFirst() -> CallAction? {
        guard head < actions.count else { return nil }
        // Moved out, because a copy of credentials is expensive.
        var first = CallAction.wake(at: .max)
        swap(&first, &actions[head])  // safe: head < count
        head += 1
        if head == actions.count {
            actions.removeAll(keepingCapacity: actions.capacity <= 1_024)
            head = 0
        }
        return first
    }
}
