/// How a job is polled between its acceptance and its end.
///
/// The pause grows with the time that the job has already taken: a job of 10 s is seen done within a second or so, one of
/// ten minutes costs few calls. Jitter of a fifth keeps jobs that were submitted together apart. Where it is known how long
/// such jobs take (`PollHistory`), the calls go to the ages at which they end.
public struct PollSchedule: Equatable, Sendable {
    public var initialMilliseconds: Int64
    public var maximumMilliseconds: Int64
    /// Pause as a share of the time since acceptance, in percent.
    public var growthPercent: Int64
    /// Calls a millisecond by age, from `PollHistory.rates`; empty while nothing is known.
    public var rates: [Double] = []
    /// Until it is known how long such jobs take, as many calls as a loop makes, at nearly its times.
    public var loopsUntilKnown = false
    /// Somebody waits for the end of this job, and so many milliseconds between two calls can be afforded; 0: nobody does.
    public var crowdMilliseconds: Int64 = 0
    /// While somebody waits, the pause is at most this share of the age of the job.
    private static let crowdShare: Int64 = 20
    /// Where jobs end is known, and somebody waits: the next call leaves soon after the answer to the last one.
    private static let shortestInACrowd: Int64 = 10

    public init(initialMilliseconds: Int64 = 1_000, maximumMilliseconds: Int64 = 5_000, growthPercent: Int64 = 15) {
        self.initialMilliseconds = max(1, initialMilliseconds)
        self.maximumMilliseconds = max(self.initialMilliseconds, maximumMilliseconds)
        self.growthPercent = max(0, growthPercent)
    }

    /// - startIsKnown: false for an attached job, whose age is unknown.
    public func pause(sinceAcceptedMilliseconds: Int64, random: UInt64, startIsKnown: Bool = true) -> Int64 {
        let elapsed = min(max(0, sinceAcceptedMilliseconds), 1_000_000_000)
        if startIsKnown, let learned = learnedPause(elapsed, random) { return learned }
        if loopsUntilKnown, startIsKnown, crowdMilliseconds == 0 { return loopPause(elapsed, random) }
        let grown = elapsed * min(growthPercent, 1_000) / 100
        var pause = min(maximumMilliseconds, max(initialMilliseconds, grown))
        if crowdMilliseconds > 0 { pause = min(pause, max(crowdMilliseconds, elapsed / Self.crowdShare)) }
        let spread = pause / 5
        let jitter = spread > 0 ? Int64(random % UInt64(spread + 1)) : 0  // safe: spread is in 1...Int64.max/5
        return (pause - spread / 2).adding(jitter)
    }

    /// A loop asks at once and after each longest pause. The call at once finds nothing: a call before the first half of the
    /// first pause is over finds the quick jobs, and the other calls are those of the loop. So a job takes about as many
    /// calls as in the loop, and is seen about as early.
    private func loopPause(_ elapsed: Int64, _ random: UInt64) -> Int64 {
        let first = max(initialMilliseconds, maximumMilliseconds / 20 * 9)
        let next = (elapsed.adding(maximumMilliseconds / 4) / maximumMilliseconds).adding(1)
        let (multiple, overflow) = next.multipliedReportingOverflow(by: maximumMilliseconds)
        let due = elapsed < first - first / 4 ? first : overflow ? .max : multiple
        let pause = max(initialMilliseconds, due.subtracting(elapsed))
        let spread = pause / 20
        let jitter = spread > 0 ? Int64(random % UInt64(spread + 1)) : 0  // safe: spread is in 1...Int64.max/20
        return (pause - spread / 2).adding(jitter)
    }

    /// With learned pauses, calls are saved for the ages at which jobs end.
    public var longestMilliseconds: Int64 {
        let (four, overflow) = maximumMilliseconds.multipliedReportingOverflow(by: 4)
        return overflow ? .max : four
    }

    /// The next call is due when the rate, summed up from now, makes one. Never sooner than the shortest pause.
    private func learnedPause(_ elapsed: Int64, _ random: UInt64) -> Int64? {
        guard rates.count == PollAges.count, elapsed < PollAges.end else { return nil }
        var left = 0.9 + 0.2 * Double(random >> 11) / Double(UInt64(1) << 53)
        var at = Double(elapsed)
        for index in PollAges.index(of: elapsed)..<PollAges.count {
            let rate = rates[index]  // safe: the counts are equal
            let inside = rate * (PollAges.upper(index) - at)
            if inside >= left {
                at += left / rate
                left = 0
                break
            }
            left -= inside
            at = PollAges.upper(index)
        }
        if left > 0 { return maximumMilliseconds }
        let pause = Int64(min(max(at - Double(elapsed), 1), Double(PollAges.end)))  // safe: 1...the end of all ages
        let shortest = crowdMilliseconds > 0 ? min(initialMilliseconds, Self.shortestInACrowd) : initialMilliseconds
        return min(longestMilliseconds, max(shortest, pause))
    }
}
