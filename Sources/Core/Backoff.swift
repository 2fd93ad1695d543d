/// Exponential back-off with full jitter: the n-th delay is uniform in 0...min(cap, base * 2^n).
///
/// Full jitter spreads a crowd of clients best, see the table: base 500 ms, cap 30 s.
///
///     attempt   0     1     2     3     4     5      6 ...
///     at most   0.5   1     2     4     8     16     30 s
public struct Backoff: Equatable, Sendable {
    public var baseMilliseconds: Int64
    public var capMilliseconds: Int64

    public init(baseMilliseconds: Int64, capMilliseconds: Int64) {
        self.baseMilliseconds = max(0, baseMilliseconds)
        self.capMilliseconds = max(0, capMilliseconds)
    }

    /// The largest delay of an attempt, counted from 0. Never overflows.
    public func ceiling(attempt: Int) -> Int64 {
        let doublings = min(max(attempt, 0), 40)
        let (value, overflow) = baseMilliseconds.multipliedReportingOverflow(by: Int64(1) << Int64(doublings))
        return overflow ? capMilliseconds : min(value, capMilliseconds)
    }

    /// A delay in milliseconds, at least `atLeast` (a server's Retry-After wins over a shorter one of ours).
    public func delay(attempt: Int, atLeast: Int64 = 0, random: UInt64) -> Int64 {
        let top = ceiling(attempt: attempt)
        let jittered = top <= 0 ? 0 : Int64(random % (UInt64(top) + 1))  // safe: 1...Int64.max, so the rest fits
        return max(jittered, min(atLeast, RetryPolicy.longestRetryAfterMilliseconds))
    }
}

/// When and how often the library tries again.
public struct RetryPolicy: Equatable, Sendable {
    /// A provider's Retry-After is clamped to this.
    public static let longestRetryAfterMilliseconds: Int64 = 120_000

    /// Tries in all, the first included, of a submission that was provably not sent and of a download without progress;
    /// 0: as many as the deadline leaves room for.
    public var maximumAttempts: Int
    public var backoff: Backoff

    public init(
        maximumAttempts: Int = 0, backoff: Backoff = Backoff(baseMilliseconds: 500, capMilliseconds: 30_000)
    ) {
        self.maximumAttempts = max(0, maximumAttempts)
        self.backoff = backoff
    }

    /// Whether there is one more try after `tries` that failed.
    public func allowsAnother(after tries: Int) -> Bool { maximumAttempts == 0 || tries < maximumAttempts }

    /// The pause before the next try of a call that has failed. What this machine lacks spares no server by a longer pause,
    /// and a connection of the client itself may be free in a moment.
    func pause(after failed: CallFailure, attempt: Int, random: UInt64) -> Int64 {
        let delay = backoff.delay(attempt: attempt, atLeast: failed.pauseMilliseconds, random: random)
        guard failed.kind == .notSent, failed.failure.status == .noResources else { return delay }
        return min(delay, 500 + Int64(random % 501))  // safe: 0...500
    }

    /// The pause of a submission that was one task too many: 5 to 8 s. A slot comes free only when another task of
    /// the account ends, so a quicker try costs a call and gains nothing.
    public static func pauseForASlot(random: UInt64) -> Int64 {
        5_000 + Int64(random % 3_001)  // safe: 0...3,000
    }
}

/// A budget of retries, which spares a failing endpoint: retries spend from it, successes refill it.
public struct RetryBudget: Equatable, Sendable {
    private static let capacity = 1_000
    private static let cost = 10
    private static let refill = 1
    private var tokens = RetryBudget.capacity

    public init() {}

    public mutating func succeeded() { tokens = min(Self.capacity, tokens + Self.refill) }

    /// True if a retry may use its own back-off; false: only the slowest pace.
    public mutating func spend() -> Bool {
        guard tokens >= Self.cost else { return false }
        tokens -= Self.cost
        return true
    }
}
