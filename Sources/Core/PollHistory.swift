/// How long jobs of one kind have taken, as far as polls could show, and when to poll the next jobs.
///
/// With a fixed number of calls a job is seen done earliest, on average, if the frequency of its polls follows
/// the square root of its hazard: the share of jobs that end at an age, of the jobs that get that old. So calls are saved
/// while hardly any job ends, and spent where most do.
///
/// A job that still runs counts as "not ended at this age" (the estimator of Kaplan and Meier). Otherwise the first jobs to
/// end, which are the short ones, would make all jobs look short. At ages that no job has reached, polls continue as in a
/// loop. A value; the engine keeps one for each kind of job, and one for each operation.
public struct PollHistory: Equatable, Sendable {
    /// Fewer jobs than this teach nothing.
    public static let fewestJobs = 8
    /// The weight of a job, compared with the next one: about the last hundred jobs count.
    private static let decay = 0.99
    /// So many jobs are assumed to end at every age: the library then notices a service that becomes quicker or slower.
    private static let unknownJobs = 0.5
    /// An age that fewer jobs than this have reached says nothing.
    private static let fewestAtRisk = 4.0
    /// An age that so many jobs have left is known, however many jobs come after them.
    private static let manyAtRisk = 20.0
    /// Until so many jobs have ended, a part of the calls stays those of a loop.
    private static let jobsToTrust = 64.0

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
    /// - running: how many jobs have each age now and have not ended; empty: none, or nobody knows.
    public func rates(pauseMilliseconds: Int64, running: [Double] = []) -> [Double]? {
        guard let seen = Seen(weights, jobs: jobs, running) else { return nil }
        let unknown = Self.unknownJobs / Double(PollAges.count)
        var unknownLeft = Self.unknownJobs
        var survival = 1.0
        var expected = 0.0
        var age = 0.0
        var rates: [Double] = []
        rates.reserveCapacity(PollAges.count)
        for index in weights.indices {
            // safe: indices of arrays of that length
            let width = PollAges.upper(index) - PollAges.lower(index)
            let ending = weights[index] + unknown
            let rate = (ending / (max(seen.atRisk[index] + unknownLeft - ending / 2, 1e-9) * width)).squareRoot()
            rates.append(rate)
            unknownLeft -= unknown
            guard seen.isKnown(index) else { continue }
            let share = seen.atRisk[index] > 1e-9 ? min(1, weights[index] / seen.atRisk[index]) : 1
            let middle = survival * (1 - share / 2)
            expected += rate * width * middle
            age += width * middle
            survival *= 1 - share
        }
        guard expected > 0 else { return nil }
        let loop = 1 / Double(max(1, pauseMilliseconds))
        // The loop makes 1.5 calls and one for each pause in a job's life. Some calls are kept: ages are known only roughly.
        // The last call of a job comes half a pause too late on average. Jobs that live on keep their last call.
        let calls =
            seen.isCensored ? 0.9 * (1 - survival) + 0.95 * age * loop : 0.9 + 0.95 * ages / seen.known * loop
        let factor = calls / expected
        // The first few ends say where jobs end, and little about where they do not.
        let trust = min(1, Double(jobs) / Self.jobsToTrust)
        return rates.indices.map { index in
            let rate = rates[index] * factor  // safe: its own index
            return seen.isKnown(index) ? trust * rate + (1 - trust) * loop : loop
        }
    }

    /// How many jobs are open at each age; nil while too few jobs are known.
    /// - running: as above.
    public func survival(running: [Double] = []) -> PollSurvival? {
        guard let seen = Seen(weights, jobs: jobs, running) else { return nil }
        let unknown = Self.unknownJobs / Double(PollAges.count)
        var unknownLeft = Self.unknownJobs
        return PollSurvival(
            ending: weights.indices.map { index in
                defer { unknownLeft -= unknown }
                guard seen.isKnown(index) else { return PollSurvival.openEnded(index) }
                // safe: an index of arrays of one length
                return (weights[index] + unknown) / max(seen.atRisk[index] + unknownLeft, 1e-9)
            })
    }

    /// What was seen of jobs that have ended and of jobs that run.
    private struct Seen {
        /// The weight of all jobs that have ended.
        let known: Double
        let isCensored: Bool
        /// The jobs that reach an age are the jobs that ended there or later, and the jobs that are there or beyond. A job
        /// that is in a class now has passed half of the class.
        private(set) var atRisk: [Double] = []
        private var reached = 0
        /// Whether more jobs have left a class than are in it or before it, so that the ends in it are known.
        private var isPassed: [Bool] = []

        init?(_ weights: [Double], jobs: Int, _ running: [Double]) {
            guard jobs >= PollHistory.fewestJobs else { return nil }
            known = weights.reduce(0, +)
            guard known > 0 else { return nil }
            isCensored = running.count == PollAges.count
            let open = isCensored ? running : [Double](repeating: 0, count: PollAges.count)
            atRisk.reserveCapacity(PollAges.count)
            isPassed.reserveCapacity(PollAges.count)
            var left = known + open.reduce(0, +)
            var before = 0.0
            for index in weights.indices {
                // safe: indices of arrays of that length
                let jobs = left - open[index] / 2
                atRisk.append(jobs)
                if jobs >= PollHistory.fewestAtRisk || weights[index] > 0 { reached = index + 1 }
                before += open[index]
                isPassed.append(left - open[index] >= min(before, PollHistory.manyAtRisk))
                left = max(0, left - weights[index] - open[index])
            }
        }

        func isKnown(_ index: Int) -> Bool { index < reached && isPassed[index] }  // safe: an index of the classes
    }
}

/// Ages of jobs in classes: up to 256 ms, then four an octave, up to 70 minutes.
public enum PollAges {
    public static let count = 57
    static let end: Int64 = 256 << 14

    // Indices below are in 0..<count, so no shift is beyond 14.

    static func lower(_ index: Int) -> Double {
        guard index > 0 else { return 0 }
        let octave = Int64((index - 1) / 4)
        return Double((256 << octave) + (64 << octave) * Int64((index - 1) % 4))
    }

    static func upper(_ index: Int) -> Double { index + 1 < count ? lower(index + 1) : Double(end) }

    public static func index(of milliseconds: Int64) -> Int {
        guard milliseconds >= 256 else { return 0 }
        guard milliseconds < end else { return count - 1 }
        let octave = 63 - milliseconds.leadingZeroBitCount - 8
        return 1 + octave * 4 + Int(((milliseconds >> Int64(octave)) - 256) / 64)
    }
}

// MARK: - As bytes, to be kept

extension PollHistory {
    private static let format: UInt8 = 1
    private static let header = 13
    /// One byte for the format, the jobs (4), the sum of ages (8), a weight for each class (4 each), little-endian.
    static let byteCount = header + 4 * PollAges.count
    /// More than this no weight can be: jobs count less and less.
    private static let mostWeight = 1 / (1 - decay) + 1

    public var bytes: [UInt8] {
        var bytes = [Self.format]
        bytes.reserveCapacity(Self.byteCount)
        withUnsafeBytes(of: UInt32(clamping: jobs).littleEndian) { bytes += $0 }
        withUnsafeBytes(of: ages.bitPattern.littleEndian) { bytes += $0 }
        for weight in weights { withUnsafeBytes(of: Float(weight).bitPattern.littleEndian) { bytes += $0 } }
        return bytes
    }

    /// Nil for what is no history: foreign bytes never change how often a job is asked for beyond what jobs can teach.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes.first == Self.format else { return nil }
        self.init()
        bytes.withUnsafeBytes { space in
            jobs = Int(UInt32(littleEndian: space.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
            ages = Double(bitPattern: UInt64(littleEndian: space.loadUnaligned(fromByteOffset: 5, as: UInt64.self)))
            for index in weights.indices {
                let word = space.loadUnaligned(fromByteOffset: Self.header + 4 * index, as: UInt32.self)
                weights[index] = Double(Float(bitPattern: UInt32(littleEndian: word)))  // safe: its own index
            }
        }
        guard jobs <= 1_000_000, ages >= 0, ages <= Self.mostWeight * Double(PollAges.end) else { return nil }
        var sum = 0.0
        for weight in weights {
            guard weight >= 0, weight <= Self.mostWeight else { return nil }
            sum += weight
        }
        guard sum <= Self.mostWeight, sum > 0 || jobs == 0 else { return nil }
    }
}
