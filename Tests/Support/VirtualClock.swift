// Support: doubles of Core's ports for tests. May import Core and Foundation. No thread of its own, no sleep; what is used
// from several threads says so.

public import Core

/// A clock that moves only when it is told to. One thread.
public final class VirtualClock: Clock {
    private var now: Int64
    private let start: Int64
    private var unixAtStart: Int64

    public init(nanoseconds: Int64 = 1_000_000_000, unixMilliseconds: Int64 = 1_700_000_000_000) {
        now = nanoseconds
        start = nanoseconds
        unixAtStart = unixMilliseconds
    }

    /// Runs whenever somebody looks at the clock: a moment at which other threads can look at what is shared.
    public var beforeRead: () -> Void = {}

    public func nanoseconds() -> Int64 {
        beforeRead()
        return now
    }
    public func unixMilliseconds() -> Int64 { unixAtStart + (now - start) / 1_000_000 }

    /// Never goes back.
    public func advance(to instant: Int64) { now = max(now, instant) }
    public func advance(milliseconds: Int64) { now += milliseconds * 1_000_000 }

    /// What an administrator or NTP does to the time of day.
    public func shiftTimeOfDay(milliseconds: Int64) { unixAtStart += milliseconds }
}

/// The same numbers for the same seed (SplitMix64). One thread.
public final class SeededRandom: RandomSource {
    private var state: UInt64

    public init(_ seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    public func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0 ..< limit; 0 for a limit below 1.
    public func below(_ limit: Int) -> Int { limit < 1 ? 0 : Int(next() % UInt64(limit)) }

    public func chance(_ percent: Int) -> Bool { below(100) < percent }

    public func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}
