/// Evenly spaced permits: at most `perSecond` a second, slowed by a throttling answer and recovering after.
///
/// A value on a monotonic clock in nanoseconds; the engine keeps one per account and operation behind a lock.
public struct RateLimit: Equatable, Sendable {
    /// The configured rate; 0 is none until the provider complains.
    public let perSecond: Double
    /// The rate in force, never above the configured one.
    private var current: Double
    private var nextAt: Int64 = .min
    /// The newest complaint that slowed, and the newest change of the rate; `.min` when nothing is slowed.
    private var slowedAt: Int64 = .min
    private var changedAt: Int64 = .min
    /// Permits of the last full second, to know a rate where none is configured.
    private var windowStart: Int64 = .min
    private var windowCount = 0
    private var lastWindowCount = 0

    private static let slowest = 0.5
    /// A rate below one in eleven days is one in eleven days.
    private static let longestSpacing = 1e15
    private static let second: Int64 = 1_000_000_000

    public init(perSecond: Double) {
        let rate = perSecond.isFinite && perSecond > 0 ? min(perSecond, 1_000_000) : 0
        self.perSecond = rate
        current = rate
    }

    /// Takes a permit: nil when granted, else the instant at which to ask again.
    public mutating func take(at now: Int64) -> Int64? {
        recover(at: now)
        if now < nextAt { return nextAt }
        count(at: now)
        guard current > 0 else { return nil }
        let spacing = Int64(min(Double(Self.second) / current, Self.longestSpacing))  // safe: 1e3...1e15
        // A little late is made up for, up to one spacing, so that the rate holds in spite of a coarse timer.
        nextAt = max(nextAt == .min ? now : nextAt, now.adding(-spacing)).adding(spacing)
        if nextAt <= now { nextAt = now }
        return nil
    }

    /// The provider said "too many": nothing for `retryAfterMilliseconds`, then half the rate.
    public mutating func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        // A burst of refusals for one burst of requests counts once.
        if slowedAt == .min || now.subtracting(slowedAt) > Self.second {
            let base = current > 0 ? current : Double(max(lastWindowCount, windowCount, 2))
            current = max(min(Self.slowest, base), base / 2)
            slowedAt = now
        }
        changedAt = now
        let pause = min(max(retryAfterMilliseconds, 0), RetryPolicy.longestRetryAfterMilliseconds)
        nextAt = max(nextAt, now.adding(.nanoseconds(milliseconds: pause)))
    }

    /// A tenth more for each second without a complaint; where no rate is configured, none again after a minute.
    private mutating func recover(at now: Int64) {
        guard slowedAt != .min else { return }
        let quiet = now.subtracting(changedAt) / Self.second
        guard quiet >= 1 else { return }
        if perSecond > 0 {
            current = min(perSecond, current + perSecond * 0.1 * Double(quiet))
            changedAt = now
            if current >= perSecond { slowedAt = .min }
        } else if quiet >= 60 {
            current = 0
            slowedAt = .min
        }
    }

    private mutating func count(at now: Int64) {
        if windowStart == .min || now.subtracting(windowStart) >= Self.second {
            lastWindowCount = windowStart == .min || now.subtracting(windowStart) >= 2 * Self.second ? 0 : windowCount
            windowCount = 0
            windowStart = now
        }
        windowCount += 1
    }
}

/// Keeps a sick endpoint from being hammered: retries spend from it, successes refill it.
public struct RetryBudget: Equatable, Sendable {
    private static let capacity = 1_000
    private static let cost = 10
    private static let refill = 1
    private var tokens = RetryBudget.capacity

    public init() {}

    public mutating func succeeded() { tokens = min(Self.capacity, tokens + Self.refill) }

    /// True if a retry may be made with its own back-off; false: only at the slowest pace.
    public mutating func spend() -> Bool {
        guard tokens >= Self.cost else { return false }
        tokens -= Self.cost
        return true
    }
}
