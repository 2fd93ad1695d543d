/// Counts of durations by size. The bounds never change, so that snapshots can be added and subtracted.
public struct Histogram: Equatable, Sendable {
    /// Upper bounds in milliseconds, inclusive; a longer duration is counted behind the last bound.
    public let bounds: [Int64]
    /// One more than there are bounds. Not cumulative.
    public private(set) var counts: [UInt64]
    public private(set) var sumMilliseconds: Double = 0

    /// From a call on loopback to the longest submission.
    public static let callBounds: [Int64] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000]
    /// From an image of seconds to a training of hours.
    public static let jobBounds: [Int64] = [
        1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
        14_400_000,
    ]

    public init(bounds: [Int64]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public var count: UInt64 { counts.reduce(0, &+) }

    public mutating func add(nanoseconds: Int64) {
        let time = max(0, nanoseconds)
        // Rounded up: a duration longer than a bound does not count as within the bound.
        let milliseconds = time / 1_000_000 + (time % 1_000_000 == 0 ? 0 : 1)
        var place = 0
        while place < bounds.count, milliseconds > bounds[place] { place += 1 }  // safe: place < count
        counts[place] &+= 1  // safe: there is one count more than bounds
        sumMilliseconds += Double(time) / 1_000_000
    }
}
