internal import Core

/// The time in an endpoint's last answer.
public struct ServerDate: Equatable, Sendable {
    /// The received header.
    public let text: String
    /// When the header came, by this machine's clock, in Unix milliseconds.
    public let arrivedAtMilliseconds: Int64
}

/// Reads answers, and keeps the facts about endpoints that answers contain. Engine thread only.
final class CallReader {
    /// The provider's clock minus this machine's clock, in seconds, by endpoint.
    private var clockOffsets = FewKeys<Int64>()
    private var budgets = FewKeys<RetryBudget>()
    private var known = KnownAnswers()
    private let mailbox: Mailbox
    private let reporter: Reporter
    private let clock: any Clock
    private let random: any RandomSource
    private let longestPause: Int64

    init(_ mailbox: Mailbox, _ reporter: Reporter, clock: any Clock, random: any RandomSource, longestPause: Int64) {
        self.mailbox = mailbox
        self.reporter = reporter
        self.clock = clock
        self.random = random
        self.longestPause = longestPause
    }

    /// Notes an attached job: an answer that names this job is no answer to a submission.
    func note(_ reference: JobReference) { known.note(job: reference.remoteID, of: reference.provider) }

    /// The time at an endpoint, from its last answer.
    func unixSeconds(at endpoint: String) -> Int64 {
        (clock.unixMilliseconds() / 1_000).adding(clockOffsets[endpoint] ?? 0)
    }

    /// - hostRenews: only the host can renew the credentials of the call.
    func read(
        _ call: ProviderCall, _ ticket: CallTicket, _ result: TransferResult, hostRenews: () -> Bool
    ) -> Result<JobAnswer, CallFailure> {
        let provider = ticket.owner.task.provider
        let operation = ticket.owner.record.operation
        let answer: Result<JobAnswer, CallFailure>
        switch result {
        case .reply(let reply):
            noteDate(reply, of: call.endpoint)
            let said = provider.decode(
                call, operation: operation, reply: reply, unixMilliseconds: clock.unixMilliseconds())
            answer = known.believed(said, reply, call, at: clock.nanoseconds(), doing: ticket.doing)
        case .failed(let failure):
            answer = readPart(call, ticket, failure)
        }
        switch answer {
        case .success:
            if !budgets.isEmpty { budgets[call.endpoint]?.succeeded() }
            reporter.observePassed(call.provider)
        case .failure(var failed):
            learn(&failed, call, ticket, hostRenews: hostRenews)
            return .failure(failed)
        }
        return answer
    }

    /// An answer that accepts a submission and lacks nothing that matters: the id must not be lost. One that only names
    /// a job reports that job, so that a person can look for it.
    private func readPart(
        _ call: ProviderCall, _ ticket: CallTicket, _ failure: TransferFailure
    ) -> Result<JobAnswer, CallFailure> {
        var failed = failure.meaning(doing: ticket.doing)
        guard call.kind == .submit, let reply = failure.reply else { return .failure(failed) }
        let now = clock.nanoseconds()
        let answer = ticket.owner.task.provider.decode(
            call, operation: ticket.owner.record.operation, reply: reply, unixMilliseconds: clock.unixMilliseconds())
        switch answer {
        case .success(let job):
            if !job.remoteID.isEmpty { return known.believed(answer, reply, call, at: now, doing: ticket.doing) }
            _ = known.isRepeated(job.requestID, reply, call, at: now)
            failed.response = reply.body
        case .failure(let part):
            _ = known.isRepeated(part.failure.requestID, reply, call, at: now)
            failed.response = part.response
            failed.namedJob = part.namedJob
            if let id = part.namedJob { failed.failure.message += "; what came of the answer names the job \(id)" }
        }
        return .failure(failed)
    }

    /// The refusal of an image, if it belongs to this call.
    func believed(refusal failed: CallFailure, _ reply: HTTPReply, _ call: ProviderCall, doing: String) -> CallFailure {
        known.believed(refusal: failed, reply, call, at: clock.nanoseconds(), doing: doing)
    }

    /// The effect of a failure beyond its own call: rates, clock, credentials, health of the endpoint.
    func learn(_ failed: inout CallFailure, _ call: ProviderCall, _ ticket: CallTicket, hostRenews: () -> Bool) {
        switch failed.kind {
        case .throttled:
            ticket.verdict = .throttled(retryAfterMilliseconds: failed.failure.retryAfterMilliseconds)
            reporter.observeRefusalOfMany(failed, call)
        case .concurrencyLimit:
            // Too many tasks at once say nothing about the rate of calls.
            reporter.observeRefusalOfMany(failed, call)
        case .clockSkew:
            if let server = failed.serverUnixSeconds {
                let offset = server.adding(-(clock.unixMilliseconds() / 1_000))
                clockOffsets[call.endpoint] = offset
                reporter.observeClock(call.endpoint, offsetSeconds: offset)
            }
        case .staleCredentials:
            if let used = ticket.credentials { ticket.verdict = .staleCredentials(used) }
            // The host renews its credentials when it can. Until then all calls fail before the wire, as this one does:
            // nothing was executed, and an accepted job does not end because of it.
            if hostRenews() { failed.kind = .notSent }
        case .transient, .unreadable, .notSent:
            // After the budget is spent, a failing endpoint gets calls at the slowest pace, for any number of jobs.
            if !budgets[call.endpoint, default: RetryBudget()].spend() {
                failed.restMilliseconds = slowestPause()
            }
        case .unsigned, .refused, .notFound, .expired, .local: break
        }
    }

    /// One to four times the longest pause, so that jobs that failed together do not try again together.
    private func slowestPause() -> Int64 {
        let cap = min(longestPause, RetryPolicy.longestRetryAfterMilliseconds)
        return cap + Int64(random.next() % UInt64(3 * cap + 1))  // safe: 0...120,000
    }

    /// Kept as text: it is parsed only when a caller asks for it.
    private func noteDate(_ reply: HTTPReply, of endpoint: String) {
        guard let text = reply.headers["date"] else { return }
        let date = ServerDate(text: text, arrivedAtMilliseconds: clock.unixMilliseconds())
        mailbox.counts.lock.withLock { mailbox.counts.serverDates[endpoint] = date }
    }
}
