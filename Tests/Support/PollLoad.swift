internal import Core
internal import Glibc

/// Loads of jobs on a clock of their own: how late the ends of jobs are seen and how many status calls a job takes, with
/// one line for the permits of status calls and one for those of submissions.
public struct PollLoad: Sendable {
    public enum Shape: Sendable { case inFlight(Int), perSecond(Double), batch(Int) }

    public enum Durations: String, Sendable {
        case lognormal = "lognormal 12 s"
        /// 70 % of about 8 s, 30 % of about 60 s, with a spread of a fifth.
        case mix
    }

    public enum Way: Sendable {
        /// A call at once and one each 5 s, first come, first served.
        case loop
        /// At the learned ages, first come, first served.
        case learned
        /// At the learned ages, and the call that is worth most first.
        case ranked
        /// Each job in turn, as often as there are permits.
        case roundRobin
    }

    public struct Figures: Sendable {
        public var lags: [Double] = []
        public var calls = 0
        /// When the last end was seen, in milliseconds.
        public var end: Int64 = 0
        public var mean: Double { lags.reduce(0, +) / Double(max(1, lags.count)) / 1_000 }
        public var p95: Double { lags.isEmpty ? 0 : lags.sorted()[lags.count * 95 / 100] / 1_000 }
        public var callsAJob: Double { Double(calls) / Double(max(1, lags.count)) }
    }

    public let durations: Durations
    public let shape: Shape
    public let kindKnown: Bool

    public init(_ durations: Durations, _ shape: Shape, kindKnown: Bool = false) {
        self.durations = durations
        self.shape = shape
        self.kindKnown = kindKnown
    }

    /// The rows of the table.
    public static let table = [
        PollLoad(.lognormal, .inFlight(200)),
        PollLoad(.mix, .inFlight(200)),
        PollLoad(.mix, .inFlight(200), kindKnown: true),
        PollLoad(.mix, .inFlight(1_000), kindKnown: true),
        PollLoad(.mix, .inFlight(5_000), kindKnown: true),
        PollLoad(.lognormal, .perSecond(8)),
        PollLoad(.mix, .perSecond(6), kindKnown: true),
        PollLoad(.lognormal, .batch(1_000)),
        PollLoad(.mix, .batch(5_000), kindKnown: true),
    ]

    public var text: String {
        let load: String
        switch shape {
        case .inFlight(let count): load = "\(count) in flight"
        case .perSecond(let rate): load = "\(Int(rate)) submits/s"
        case .batch(let count): load = "batch of \(count)"
        }
        return "\(durations.rawValue)\(kindKnown ? ", kind known" : "") | \(load)"
    }

    private func uniform(_ random: SeededRandom) -> Double { Double(random.next() >> 11) / Double(UInt64(1) << 53) }

    private func normal(_ random: SeededRandom) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + uniform(random) }
    }

    /// Milliseconds, and which kind.
    private func life(_ random: SeededRandom) -> (Int64, Int) {
        switch durations {
        case .lognormal: return (Int64(12_000 * exp(0.5 * normal(random))), 0)
        case .mix:
            let isLong = random.below(10) >= 7
            return (Int64((isLong ? 60_000 : 8_000) * exp(0.2 * normal(random))), isLong ? 1 : 0)
        }
    }

    private struct Job {
        let accepted: Int64
        let life: Int64
        let kind: Int
        var openAt: Int64 = 0
        /// Among those that run, by the age at which they were last seen open.
        var isCounted = false
    }

    /// - perSecond: the limit of the provider, for submissions and for status calls.
    public func run(_ way: Way, seed: UInt64, perSecond: Double = 20) -> Figures {
        let random = SeededRandom(seed)
        var jobs: [Job] = []
        var histories = [PollHistory(), PollHistory()]
        let none = [Double](repeating: 0, count: PollAges.count)
        var running = [none, none]
        var survivals = [PollSurvival.unknown, .unknown]
        var schedule = PollSchedule()
        schedule.loopsUntilKnown = true
        var schedules = [schedule, schedule]
        var due = DueHeap()
        var line = PollLine(patienceMilliseconds: 4 * schedule.maximumMilliseconds)
        var queue: [Int] = []
        var head = 0
        var figures = Figures()
        let learns = way == .learned || way == .ranked
        let spacing = Int64(1_000 / (way == .roundRobin ? perSecond : RateLimit.pace(under: perSecond)))
        var permitAt: Int64 = 0
        var submitAt: Int64 = 0
        let (warm, end): (Int64, Int64)
        if case .batch = shape { (warm, end) = (0, .max) } else { (warm, end) = (150_000, 600_000) }

        func start(at asked: Int64) {
            let at = max(asked, submitAt)
            submitAt = at + spacing
            let (life, kind) = life(random)
            let kindOf = kindKnown ? kind : 0
            jobs.append(Job(accepted: at, life: life, kind: kindOf))
            let first = learns ? schedules[kindOf].pause(sinceAcceptedMilliseconds: 0, random: random.next()) : 0
            due.push(at + first, jobs.count - 1)
        }
        switch shape {
        case .inFlight(let count), .batch(let count): for _ in 0..<count { start(at: 0) }
        case .perSecond(let rate):
            var at = 0.0
            while at < Double(end) {
                at -= log(1 - uniform(random)) / rate * 1_000
                start(at: Int64(at))
            }
        }
        func waiting() -> Int { way == .ranked ? line.count : queue.count - head }
        while waiting() > 0 || !due.isEmpty {
            let at = waiting() > 0 ? permitAt : max(permitAt, due.first ?? 0)
            if at > end { break }
            while let first = due.first, first <= at, let (asked, index) = due.pop() {
                guard way == .ranked else {
                    queue.append(index)
                    continue
                }
                let job = jobs[index]
                line.append(
                    UInt64(index + 1),
                    PollLook(
                        acceptedAt: job.accepted * 1_000_000, openAt: Int32(clamping: job.openAt), kind: Int32(job.kind)
                    ), at: asked * 1_000_000)
            }
            var index: Int
            if way == .ranked {
                guard let id = line.pop(at: at * 1_000_000, survivals) else { break }
                index = Int(id) - 1
            } else {
                index = queue[head]
                head += 1
            }
            permitAt = at + spacing
            let counts = at >= warm
            if counts { figures.calls += 1 }
            let job = jobs[index]
            let age = at - job.accepted
            if !job.isCounted {
                jobs[index].isCounted = true
                running[job.kind][0] += 1
            }
            guard age >= job.life else {
                running[job.kind][PollAges.index(of: job.openAt)] -= 1
                running[job.kind][PollAges.index(of: age)] += 1
                jobs[index].openAt = age
                let pause: Int64
                switch way {
                case .loop: pause = 5_000
                case .roundRobin: pause = 0
                case .learned, .ranked:
                    pause = schedules[job.kind].pause(sinceAcceptedMilliseconds: age, random: random.next())
                }
                due.push(at + pause, index)
                continue
            }
            figures.end = at
            if counts { figures.lags.append(Double(age - job.life)) }
            if case .inFlight = shape { start(at: at) }
            guard learns else { continue }
            running[job.kind][PollAges.index(of: job.openAt)] -= 1
            histories[job.kind].add(notDoneAt: job.openAt, doneAt: age)
            let known = histories[job.kind].jobs
            guard known < 64 || known % 64 == 0 else { continue }
            let running = running[job.kind]
            if let rates = histories[job.kind].rates(pauseMilliseconds: 5_000, running: running) {
                schedules[job.kind].rates = rates
            }
            if let survival = histories[job.kind].survival(running: running) { survivals[job.kind] = survival }
        }
        return figures
    }
}

/// The earliest first; of the same instant, the one that came first.
private struct DueHeap {
    private var items: [(at: Int64, number: Int, job: Int)] = []
    private var pushed = 0

    var isEmpty: Bool { items.isEmpty }
    var first: Int64? { items.first?.at }

    private func isLess(_ a: Int, _ b: Int) -> Bool {
        (items[a].at, items[a].number) < (items[b].at, items[b].number)
    }

    mutating func push(_ at: Int64, _ job: Int) {
        pushed += 1
        items.append((at, pushed, job))
        var child = items.count - 1
        while child > 0, isLess(child, (child - 1) / 2) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (Int64, Int)? {
        guard let first = items.first else { return nil }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < items.count && isLess(child, least) { least = child }
            if least == at { return (first.at, first.job) }
            items.swapAt(at, least)
            at = least
        }
    }
}
