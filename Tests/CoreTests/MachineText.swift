import Core

/// Actions and events as short words, so that a table of them can be read.
enum MachineText {
    static let now: Int64 = 1_000_000_000_000
    static let policy = JobMachine.Policy(
        retry: RetryPolicy(maximumAttempts: 3, backoff: Backoff(baseMilliseconds: 1_000, capMilliseconds: 30_000)),
        polls: PollSchedule(initialMilliseconds: 1_000, maximumMilliseconds: 5_000))
    /// Makes every back-off as long as it can be: 1,000 ms for the first try.
    static let random: UInt64 = 1_000

    static let kinds: [(String, FailureKind)] = [
        ("notSent", .notSent), ("refused", .refused), ("throttled", .throttled), ("clockSkew", .clockSkew),
        ("stale", .staleCredentials), ("notFound", .notFound), ("expired", .expired), ("transient", .transient),
        ("unreadable", .unreadable), ("local", .local), ("unsigned", .unsigned), ("concurrency", .concurrencyLimit),
    ]

    static func failure(_ kind: FailureKind) -> CallFailure {
        let status: Status
        switch kind {
        case .notSent, .transient: status = .network
        case .refused: status = .requestRefused
        case .throttled, .concurrencyLimit: status = .throttled
        case .clockSkew: status = .clock
        case .staleCredentials: status = .auth
        case .notFound: status = .notFound
        case .expired: status = .expired
        case .unreadable: status = .badResponse
        case .local: status = .addressRefused
        case .unsigned: status = .noCredentials
        }
        return CallFailure(kind, Failure(status, "said \(kind)", isRetryable: true))
    }

    static func text(_ failure: Failure?) -> String {
        guard let failure else { return "ok" }
        return "\(failure.status)" + (failure.outcome == .none ? "" : "/\(failure.outcome)")
    }

    static func text(_ actions: [JobAction]) -> String {
        actions.map { action in
            switch action {
            case .schedule(let at): return "schedule+\((at - now) / 1_000_000)"
            case .refreshed(let failure): return "refreshed(\(text(failure)))"
            case .ended(let failure): return "ended(\(text(failure)))"
            default: return "\(action)"
            }
        }.joined(separator: " ")
    }

    static func text(_ actions: [DownloadAction]) -> String {
        actions.map { action in
            switch action {
            case .schedule(let at): return "schedule+\((at - now) / 1_000_000)"
            case .ended(let failure): return "ended(\(text(failure)))"
            case .abandon(let keep): return keep ? "abandon(keep)" : "abandon"
            default: return "\(action)"
            }
        }.joined(separator: " ")
    }
}

extension JobMachine {
    /// Feeds one event at `MachineText.now` and says what came of it.
    mutating func tell(_ event: JobEvent, at now: Int64 = MachineText.now) -> String {
        var actions: [JobAction] = []
        handle(event, at: now, policy: MachineText.policy, random: MachineText.random, into: &actions)
        return MachineText.text(actions)
    }
}

extension DownloadMachine {
    mutating func tell(_ event: DownloadEvent) -> String {
        var actions: [DownloadAction] = []
        handle(
            event, at: MachineText.now, policy: MachineText.policy.retry, random: MachineText.random, into: &actions)
        return MachineText.text(actions)
    }
}
