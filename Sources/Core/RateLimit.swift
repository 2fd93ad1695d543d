/// Evenly spaced permits: at most `perSecond` a second, slowed by throttling answers and recovering after each.
///
/// A value on a monotonic clock in nanoseconds; the engine keeps one per account and operation behind a lock.
///
/// Each complaint takes ten permits a second off the rate, at most half of the rate within one second. So one refusal in
/// hundreds costs hardly anything, and a crowd of refusals halves the rate once a second until the refusals stop. Between
/// complaints the rate grows by a tenth each second. With a configured rate the growth is a tenth of the configured rate
/// and ends there; without one the growth is a tenth of the rate in force, until the limit is so high that it is dropped.
public struct RateLimit: Equatable, Sendable {
    /// The configured rate; 0 is none until the provider complains.
    public let perSecond: Double
    /// The rate in force, never above the configured one; 0 is none.
    private var current: Double
    private var nextAt: Int64 = .min
    /// When the newest second of complaints began, and the rate at that moment; `.min` when nothing is slowed.
    private var slowedAt: Int64 = .min
    private var slowedFrom: Double = 0
    /// Until when the growth of the rate has been added.
    private var changedAt: Int64 = .min
    /// Permits of the last full second, to know a rate where none is configured.
    private var windowStart: Int64 = .min
    private var windowCount = 0
    private var lastWindowCount = 0

    private static let slowest = 0.5
    /// A rate below one in eleven days is one in eleven days.
    private static let longestSpacing = 1e15
    private static let second: Int64 = 1_000_000_000
    /// What one complaint takes off the rate, in permits a second.
    private static let complaintCost = 10.0
    private static let growthPerSecond = 0.1
    /// Growth is added in steps of this length, so that a permit costs no arithmetic of its own.
    private static let growthStep: Int64 = 100_000_000
    /// Without a configured rate a limit beyond this limits nothing.
    private static let fastest = 100_000.0
    /// A second that has just begun says little: its permits count as if they had taken at least this long.
    private static let shortestWindow = 0.25

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

    /// The provider said "too many": nothing for `retryAfterMilliseconds`, then a slower rate.
    public mutating func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        recover(at: now)
        if current <= 0 { current = measured(at: now) }
        if slowedAt == .min || now.subtracting(slowedAt) > Self.second {
            slowedFrom = current
            slowedAt = now
        }
        let least = max(min(Self.slowest, slowedFrom), slowedFrom / 2)
        current = max(min(least, current), current - Self.complaintCost)
        let pause = min(max(retryAfterMilliseconds, 0), RetryPolicy.longestRetryAfterMilliseconds)
        nextAt = max(nextAt, now.adding(.nanoseconds(milliseconds: pause)))
        // The rate does not grow while nothing may be sent.
        changedAt = max(now, now.adding(.nanoseconds(milliseconds: pause)))
    }

    private mutating func recover(at now: Int64) {
        guard slowedAt != .min else { return }
        let quiet = now.subtracting(changedAt)
        guard quiet >= Self.growthStep else { return }
        changedAt = now
        let seconds = min(Double(quiet) / Double(Self.second), 1_000)
        if perSecond > 0 {
            current = min(perSecond, current + perSecond * Self.growthPerSecond * seconds)
            if current >= perSecond { slowedAt = .min }
        } else {
            for _ in 0..<Int(seconds) { current *= 1 + Self.growthPerSecond }  // safe: 0...1,000
            current *= 1 + Self.growthPerSecond * (seconds - seconds.rounded(.down))
            if current >= Self.fastest {
                current = 0
                slowedAt = .min
            }
        }
    }

    /// Permits a second, as far as they have been counted.
    private func measured(at now: Int64) -> Double {
        guard windowStart != .min else { return 2 }
        let seconds = max(Double(now.subtracting(windowStart)) / Double(Self.second), Self.shortestWindow)
        return max(Double(lastWindowCount), Double(windowCount) / seconds, 2)
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
