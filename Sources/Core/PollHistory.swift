/// How long jobs of one kind have taken, as far as polls could show, and when to poll the next jobs.
///
/// With a fixed number of calls a job is seen done earliest, on average, if the frequency of its polls follows
/// the square root of its hazard: the share of jobs that end at an age, of the jobs that get that old. So calls are saved
/// while hardly any job ends, and spent where most do. A value; the engine keeps one for each provider and operation.
public struct PollHistory: Equatable, Sendable {
    /// Fewer jobs than this teach nothing.
    public static let fewestJobs = 8
    /// The weight of a job, compared with the next one: about the last hundred jobs count.
    private static let decay = 0.99
    /// So many jobs are assumed to end at every age: the library then notices a service that becomes quicker or slower.
    private static let unknownJobs = 0.5

    public private(set) var jobs = 0
    /// Ended jobs by age.
    private var weights = [Double](repeating: 0, count: PollAges.count)
    /// The sum of their ages, in milliseconds, with the same weights.
    private var ages = 0.0

    public init() {}

    /// A job that was not done at one age and done at another, in milliseconds since its acceptance.
    public mutating func add(notDoneAt: Int64, doneAt: Int64) {
        let start = Double(min(max(0, notDoneAt), PollAges.end - 1))
        let end = Double(min(max(0, doneAt), PollAges.end))
        guard end > start else { return }
        jobs = min(jobs + 1, 1_000_000)
        ages = ages * Self.decay + (start + end) / 2
        for index in weights.indices {
            let overlap = min(end, PollAges.upper(index)) - max(start, PollAges.lower(index))
            weights[index] = weights[index] * Self.decay + max(0, overlap) / (end - start)
        }
    }

    /// Calls a millisecond for each age, so that a job takes no more calls, on average, than a loop that makes one at once
    /// and one after each such pause; nil while too few jobs are known.
    public func rates(pauseMilliseconds: Int64) -> [Double]? {
        guard jobs >= Self.fewestJobs else { return nil }
        let unknown = Self.unknownJobs / Double(PollAges.count)
        let known = weights.reduce(0, +)
        guard known > 0 else { return nil }
        var left = known + unknown * Double(PollAges.count)
        var leftOfKnown = known
        var expected = 0.0
        var rates: [Double] = []
        rates.reserveCapacity(PollAges.count)
        for index in weights.indices {
            let width = PollAges.upper(index) - PollAges.lower(index)
            let ending = weights[index] + unknown  // safe: index of its own array
            let rate = (ending / (max(left - ending / 2, 1e-9) * width)).squareRoot()
            expected += rate * width * (leftOfKnown - weights[index] / 2) / known
            left -= ending
            leftOfKnown = max(0, leftOfKnown - weights[index])
            rates.append(rate)
        }
        guard expected > 0 else { return nil }
        // The loop makes 1.5 calls and one for each pause in a job's life. Some calls are kept: ages are known only roughly.
        let calls = 1.4 + 0.95 * ages / known / Double(max(1, pauseMilliseconds))
        // The last call of a job comes half a pause too late on average.
        let factor = (calls - 0.5) / expected
        return rates.map { $0 * factor }
    }
}

/// Ages of jobs in classes: up to 256 ms, then four an octave, up to 70 minutes.
enum PollAges {
    static let count = 57
    static let end: Int64 = 256 << 14

    // Indices below are in 0..<count, so no shift is beyond 14.

    static func lower(_ index: Int) -> Double {
        guard index > 0 else { return 0 }
        let octave = Int64((index - 1) / 4)
        return Double((256 << octave) + (64 << octave) * Int64((index - 1) % 4))
    }

    static func upper(_ index: Int) -> Double { index + 1 < count ? lower(index + 1) : Double(end) }

    static func index(of milliseconds: Int64) -> Int {
        guard milliseconds >= 256 else { return 0 }
        guard milliseconds < end else { return count - 1 }
        let octave = 63 - milliseconds.leadingZeroBitCount - 8
        return 1 + octave * 4 + Int(((milliseconds >> Int64(octave)) - 256) / 64)
    }
}
