/// Evenly spaced slots: at most `perSecond` a second, slowed by throttling answers and recovering after each.
///
/// A value on a monotonic clock in nanoseconds. Whoever wants a permit reserves a slot once, waits until it, and sends. So
/// all who share a rate are served in the order in which they asked, and nobody asks again.
///
/// A single complaint takes four percent off the rate, at most ten permits a second; three within a second halve it, once
/// a second, until they stop. Then the rate grows back by a tenth each second up to the ceiling: a little below the rate at
/// which the provider complained. Above the ceiling the rate grows slowly at first, then faster: so a limit is hardly ever
/// overshot, and one that is gone is left behind within minutes. A complaint after many calls says little about the rate,
/// and leaves the ceiling alone.
public struct RateLimit: Equatable, Sendable {
    /// The configured rate; 0 is none until the provider complains.
    public let perSecond: Double
    private var nextAt: Int64 = .min
    /// The rate right after the newest complaint; 0 is none.
    private var current: Double
    /// From when on the rate grows again; `.min` when nothing is slowed.
    private var changedAt: Int64 = .min
    /// Up to here the rate recovers quickly.
    private var ceiling = 0.0
    /// When the newest second of complaints began, and the rate at that moment.
    private var slowedAt: Int64 = .min
    private var slowedFrom: Double = 0
    /// Complaints in that second.
    private var strikes = 0
    /// Permits of the last full second, to know a rate where none is configured.
    private var windowStart: Int64 = .min
    private var windowCount = 0
    private var lastWindowCount = 0
    /// Complaints so far.
    public private(set) var complaints: UInt64 = 0

    private static let slowest = 0.5
    /// A rate below one in eleven days is one in eleven days.
    private static let longestSpacing = 1e15
    private static let second: Int64 = 1_000_000_000
    /// What one complaint takes off the rate: a share of it, at most so many permits a second.
    private static let complaintShare = 0.04
    private static let complaintCost = 10.0
    /// So many complaints within a second halve the rate.
    private static let strikesThatHalve = 3
    /// A complaint after fewer calls than this is about the rate.
    private static let fewCalls = 50.0
    /// The ceiling after complaints, compared with the rate at which they began.
    private static let ceilingAfterOne = 0.98
    private static let ceilingAfterMany = 0.97
    private static let growthPerSecond = 0.1
    /// Beyond the ceiling the rate grows by this share of it, times the cube of the seconds.
    private static let probing = 1e-5
    /// Without a configured rate a limit beyond this limits nothing.
    private static let fastest = 100_000.0
    /// A second that has just begun says little: its permits count as if they had taken at least this long.
    private static let shortestWindow = 0.25
    /// Whoever asks so little too late gets the slot that has just gone by.
    private static let slack: Int64 = 10_000_000

    /// Providers count what arrives in a second. Connections, timers and the way there move each call by some
    /// milliseconds: with so much room in each second, a strict limit is kept in spite of it.
    private static let jitterSeconds = 0.025

    /// The pace that keeps a limit which is counted where the calls arrive.
    public static func pace(under limit: Double) -> Double { limit / (1 + jitterSeconds) }

    public init(perSecond: Double) {
        let rate = perSecond.isFinite && perSecond > 0 ? min(perSecond, 1_000_000) : 0
        self.perSecond = rate
        current = rate
    }

    /// Reserves the next slot: a call may leave at this instant, and not before. It is never earlier than now.
    public mutating func reserve(at now: Int64) -> Int64 {
        let rate = inForce(at: now)
        if changedAt != .min, rate <= 0 || perSecond > 0 && rate >= perSecond { forgetComplaints() }
        if perSecond <= 0 { count(at: now) }
        guard rate > 0 else { return max(now, nextAt) }
        let spacing = Int64(min(Double(Self.second) / rate, Self.longestSpacing))  // safe: 1e3...1e15
        // A little late is made up for, so that the rate holds in spite of a coarse timer.
        let slot = nextAt == .min ? now : max(nextAt, now.adding(-Self.slack))
        nextAt = slot.adding(spacing)
        return max(slot, now)
    }

    /// So much later than its slot a call may leave, and no second holds more calls than the limit.
    public static let room = Int64(jitterSeconds * Double(second))

    /// A call leaves later than the room allows: a second that begins with it must not hold one call too many, so the slots
    /// that are not reserved yet come later. False if those of the whole second are reserved: it must not leave.
    public mutating func takesLate(_ slot: Int64, at now: Int64) -> Bool {
        let late = now.subtracting(slot)
        guard late > Self.room, inForce(at: now) > 0 else { return true }
        guard nextAt <= slot.adding(Self.second).adding(Self.room) else { return false }
        nextAt = nextAt.adding(late.subtracting(Self.room))
        return true
    }

    /// Whether a slot that was reserved earlier still counts: a pause of the provider takes those that lie in it.
    public func keeps(_ slot: Int64) -> Bool { changedAt == .min || slot >= changedAt }

    /// The provider said "too many": nothing for `retryAfterMilliseconds`, then a slower rate.
    public mutating func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        complaints &+= 1
        var rate = inForce(at: now)
        if rate <= 0 { rate = measured(at: now) }
        if changedAt == .min { ceiling = rate }
        let calls = changedAt == .min ? .infinity : seconds(from: changedAt, to: now) * rate
        if slowedAt == .min || now.subtracting(slowedAt) > Self.second {
            slowedAt = now
            slowedFrom = rate
            strikes = 0
        }
        strikes = min(strikes, 1_000) + 1
        let least = max(min(Self.slowest, slowedFrom), slowedFrom / 2)
        if strikes < Self.strikesThatHalve {
            current = max(min(least, rate), rate - min(Self.complaintCost, slowedFrom * Self.complaintShare))
            if calls < Self.fewCalls { ceiling = min(ceiling, slowedFrom * Self.ceilingAfterOne) }
        } else {
            current = min(least, rate)
            ceiling = min(ceiling, slowedFrom * Self.ceilingAfterMany)
        }
        ceiling = max(ceiling, current)
        let pause = min(max(retryAfterMilliseconds, 0), RetryPolicy.longestRetryAfterMilliseconds)
        let end = now.adding(.nanoseconds(milliseconds: pause))
        nextAt = max(nextAt, end)
        // The rate does not grow while nothing may be sent.
        changedAt = changedAt == .min ? end : max(changedAt, end)
    }

    /// How long nothing may be sent, because the provider has asked for a pause; in nanoseconds.
    public func pause(at now: Int64) -> Int64 { changedAt == .min ? 0 : max(0, changedAt.subtracting(now)) }

    /// The rate at an instant; 0: nothing is limited.
    public func inForce(at now: Int64) -> Double {
        guard changedAt != .min else { return perSecond }
        let quiet = seconds(from: changedAt, to: now)
        let growth = ceiling * Self.growthPerSecond
        let untilCeiling = growth > 0 ? max(0, ceiling - current) / growth : 0
        let beyond = quiet - untilCeiling
        let rate =
            beyond <= 0 ? current + growth * quiet : ceiling * (1 + Self.probing * beyond * beyond * beyond)
        if perSecond > 0 { return min(rate, perSecond) }
        return rate >= Self.fastest ? 0 : rate
    }

    private func seconds(from start: Int64, to end: Int64) -> Double {
        max(0, Double(end.subtracting(start)) / Double(Self.second))
    }

    private mutating func forgetComplaints() {
        current = perSecond
        changedAt = .min
        slowedAt = .min
        ceiling = 0
        strikes = 0
    }

    // MARK: - As words, to be shared

    public static let wordCount = 11

    public var words: [UInt64] {
        [
            UInt64(bitPattern: nextAt), current.bitPattern, UInt64(bitPattern: changedAt), ceiling.bitPattern,
            UInt64(bitPattern: slowedAt), slowedFrom.bitPattern, UInt64(clamping: strikes),
            UInt64(bitPattern: windowStart), UInt64(clamping: windowCount), UInt64(clamping: lastWindowCount),
            complaints,
        ]
    }

    /// Nil for invalid words, or words of a clock that shows another time: foreign words never make a caller wait
    /// longer than a provider may ask for, and a minute for those who stand in line.
    public init?(perSecond: Double, _ words: [UInt64], at now: Int64) {
        guard words.count >= Self.wordCount, words.contains(where: { $0 != 0 }) else { return nil }
        self.init(perSecond: perSecond)
        // safe: the count was checked
        (nextAt, changedAt) = (Int64(bitPattern: words[0]), Int64(bitPattern: words[2]))
        (slowedAt, windowStart) = (Int64(bitPattern: words[4]), Int64(bitPattern: words[7]))
        (current, ceiling) = (Double(bitPattern: words[1]), Double(bitPattern: words[3]))
        slowedFrom = Double(bitPattern: words[5])
        strikes = Int(clamping: words[6])
        (windowCount, lastWindowCount) = (Int(clamping: words[8]), Int(clamping: words[9]))
        complaints = words[10]
        for rate in [current, ceiling, slowedFrom] where !(rate >= 0 && rate <= 1_000_000_000) { return nil }
        guard strikes <= 1_000_000, windowCount <= 1_000_000_000, lastWindowCount <= 1_000_000_000 else { return nil }
        let longestPause = Int64.nanoseconds(milliseconds: RetryPolicy.longestRetryAfterMilliseconds)
        // Others may have looked at the clock a little later.
        let soon = now.adding(60 * Self.second)
        guard changedAt <= soon.adding(longestPause), slowedAt <= soon, windowStart <= soon else { return nil }
        let least = 0.99 * (perSecond > 0 ? min(Self.slowest, perSecond) : Self.slowest)
        guard changedAt == .min || current >= least && ceiling >= least else { return nil }
        let rate = inForce(at: now)
        let spacing = rate > 0 ? min(Double(Self.second) / rate, Self.longestSpacing) : 0
        // safe: at most 1e15 times 255
        let queue = Int64(spacing * Self.longestQueue)
        guard nextAt <= soon.adding(longestPause).adding(queue) else { return nil }
    }

    /// So many may stand in line for slots.
    private static let longestQueue = 255.0

    /// The same rate, of which nothing is known.
    public var fresh: RateLimit { RateLimit(perSecond: perSecond) }

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
