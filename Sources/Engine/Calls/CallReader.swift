internal import Core

/// What an endpoint's last answer said about the time.
public struct ServerDate: Equatable, Sendable {
    /// The header as it came.
    public let text: String
    /// When it came, by this machine's clock, in Unix milliseconds.
    public let arrivedAtMilliseconds: Int64
}

/// Reads what comes back from the wire, and keeps what answers teach about endpoints. Engine thread only.
final class CallReader {
    /// Provider clock minus ours, in seconds, by endpoint.
    private var clockOffsets = FewKeys<Int64>()
    private var budgets = FewKeys<RetryBudget>()
    private var known = KnownAnswers()
    private let shared: Shared
    private let reporter: Reporter
    private let clock: any Clock
    private let random: any RandomSource
    private let longestPause: Int64

    init(_ shared: Shared, _ reporter: Reporter, clock: any Clock, random: any RandomSource, longestPause: Int64) {
        self.shared = shared
        self.reporter = reporter
        self.clock = clock
        self.random = random
        self.longestPause = longestPause
    }

    /// A job that was attached: an answer to a submission that names it is not the submission's own.
    func note(_ reference: JobReference) { known.note(job: reference.remoteID, of: reference.provider) }

    /// The time at an endpoint, as far as its answers have told.
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
            answer = call.kind == .submit ? known.believed(said, reply, call, doing: ticket.doing) : said
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
    /// a job tells it, and can be looked at.
    private func readPart(
        _ call: ProviderCall, _ ticket: CallTicket, _ failure: TransferFailure
    ) -> Result<JobAnswer, CallFailure> {
        var failed = TransferReading.callFailure(failure, doing: ticket.doing)
        guard call.kind == .submit, let reply = failure.reply else { return .failure(failed) }
        let answer = ticket.owner.task.provider.decode(
            call, operation: ticket.owner.record.operation, reply: reply, unixMilliseconds: clock.unixMilliseconds())
        switch answer {
        case .success(let job):
            if !job.remoteID.isEmpty { return known.believed(answer, reply, call, doing: ticket.doing) }
            failed.response = reply.body
        case .failure(let part):
            failed.response = part.response
            failed.namedJob = part.namedJob
            if let id = part.namedJob { failed.failure.message += "; what came of the answer names the job \(id)" }
        }
        return .failure(failed)
    }

    /// What a failure teaches beyond its own call: rates, clock, credentials, health of the endpoint.
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
            // What the host gave it renews when it can. Until then calls fail before the wire, this one like them:
            // nothing was executed, and an accepted job does not end for it.
            if hostRenews() { failed.kind = .notSent }
        case .transient, .unreadable, .notSent:
            // A sick endpoint is asked at the slowest pace once the budget is spent, however many jobs there are.
            if !budgets[call.endpoint, default: RetryBudget()].spend() {
                failed.restMilliseconds = slowestPause()
            }
        case .unsigned, .refused, .notFound, .expired, .local: break
        }
    }

    /// One to four times the longest pause, so that jobs that failed together do not come back as one herd.
    private func slowestPause() -> Int64 {
        let cap = min(longestPause, RetryPolicy.longestRetryAfterMilliseconds)
        return cap + Int64(random.next() % UInt64(3 * cap + 1))  // safe: 0...120,000
    }

    /// Kept as text: it is read only when somebody asks for it.
    private func noteDate(_ reply: HTTPReply, of endpoint: String) {
        guard let text = reply.headers["date"] else { return }
        let date = ServerDate(text: text, arrivedAtMilliseconds: clock.unixMilliseconds())
        shared.counts.lock.withLock { shared.counts.serverDates[endpoint] = date }
    }
}
