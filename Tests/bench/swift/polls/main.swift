// What a poll schedule comes to: seconds between the end of a job and the call that sees it, and calls, over job
// durations that are drawn from log-normal distributions. Ours begins knowing nothing and learns as it goes; what its
// first eight jobs take is told apart, and what the best schedule takes that any knowledge of these durations allows.
// Deterministic. usage: polls MEDIAN_S SPREAD JOBS [INITIAL_MS MAXIMUM_MS]
import Core

struct Numbers: RandomNumberGenerator {
    var state: UInt64 = 42
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct Figures {
    var lag = 0.0
    var calls = 0.0
    var text: String { "{\"lag\":\(lag),\"calls\":\(calls)}" }
}

/// Jobs one after another: how late their ends are seen, and with how many calls, if `pause` says how long to wait after
/// so many seconds and calls. `learning` is told between which ages each job has ended.
func mean(
    _ durations: [Double], callsAtOnce: Bool, _ pause: (Double, Int) -> Double,
    learning: (Double, Double) -> Void = { _, _ in }
) -> Figures {
    var sum = Figures()
    for duration in durations {
        var (before, at, calls) = (0.0, 0.0, callsAtOnce ? 1 : 0)
        repeat {
            before = at
            at += pause(at, calls)
            calls += 1
        } while at < duration
        learning(before, at)
        sum.lag += at - duration
        sum.calls += Double(calls)
    }
    let count = Double(durations.count)
    return Figures(lag: sum.lag / count, calls: sum.calls / count)
}

/// The best that any schedule can do with so many calls: dynamic programming over the durations themselves, with a price
/// for a call that makes it come to that many.
func bestLag(_ durations: [Double], calls: Double, least: Double) -> Figures {
    let step = 0.1
    let last = (durations.max() ?? 0) + step
    let count = Int(last / step) + 1
    var alive = [Double](repeating: 0, count: count + 1)
    for duration in durations { for index in 0..<min(count, Int(duration / step) + 1) { alive[index] += 1 } }
    alive = alive.map { $0 / Double(durations.count) }
    var under = [0.0]
    for index in 0..<count { under.append(under[index] + (alive[index] + alive[index + 1]) / 2 * step) }
    func lag(_ from: Int, _ to: Int) -> Double { alive[from] * Double(to - from) * step - (under[to] - under[from]) }
    let (shortest, longest) = (max(1, Int((least / step).rounded())), Int(20 / step))

    func schedule(_ price: Double) -> Figures {
        var cost = [Double](repeating: 0, count: count + 1)
        var next = [Int](repeating: count, count: count + 1)
        for from in stride(from: count - 1, through: 0, by: -1) {
            var best = Double.infinity
            for to in stride(from: min(count, from + shortest), through: min(count, from + longest), by: 1) {
                let value = alive[from] * price + lag(from, to) + cost[to]
                if value < best { (best, next[from]) = (value, to) }
            }
            cost[from] = best
        }
        var figures = Figures()
        var at = 0
        while at < count {
            figures.calls += alive[at]
            figures.lag += lag(at, next[at])
            at = next[at]
        }
        return figures
    }
    var (low, high) = (0.001, 20.0)
    for _ in 0..<20 {
        let price = (low * high).squareRoot()
        if schedule(price).calls > calls { low = price } else { high = price }
    }
    return schedule(high)
}

/// 1, 1, 2, 2, 2, 4, 4, 4, 5, 5 ... after a first call at once: doubled at each third step, at most 5.
func dashScope(_ elapsed: Double, _ calls: Int) -> Double {
    min(5, calls < 3 ? 1 : calls < 6 ? 2 : calls < 9 ? 4 : 5)
}

func exponential(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for n in 1..<60 {
        term *= x / Double(n)
        sum += term
    }
    return sum
}

func run() {
    var numbers = Numbers()
    let words = CommandLine.arguments.dropFirst().compactMap { Double($0) }
    let median = words.first ?? 12
    let spread = words.count > 1 ? words[1] : 0.5
    let durations = (0..<Int(words.count > 2 ? words[2] : 20_000)).map { _ -> Double in
        // The sum of twelve uniform numbers is near enough to a normal one, and needs no mathematics library.
        let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &numbers) }
        return median * exponential(spread * normal)
    }
    var schedule = PollSchedule()
    if words.count > 4 {
        schedule = PollSchedule(initialMilliseconds: Int64(words[3]), maximumMilliseconds: Int64(words[4]))
    }
    let cold = mean(durations, callsAtOnce: false) { elapsed, _ in
        Double(schedule.pause(sinceAcceptedMilliseconds: Int64(elapsed * 1_000), random: numbers.next())) / 1_000
    }
    var history = PollHistory()
    let ours = mean(durations, callsAtOnce: false) { elapsed, _ in
        Double(schedule.pause(sinceAcceptedMilliseconds: Int64(elapsed * 1_000), random: numbers.next())) / 1_000
    } learning: { before, at in
        history.add(notDoneAt: Int64(before * 1_000), doneAt: Int64(at * 1_000))
        guard history.jobs < 64 || history.jobs % 8 == 0 else { return }
        if let rates = history.rates(pauseMilliseconds: schedule.maximumMilliseconds) { schedule.rates = rates }
    }
    let fixed = mean(durations, callsAtOnce: true) { _, _ in 5 }
    let others = mean(durations, callsAtOnce: true, dashScope)
    let best = bestLag(durations, calls: fixed.calls, least: Double(schedule.initialMilliseconds) / 1_000)
    print(
        "{\"fixed\":\(fixed.text),\"dashscope\":\(others.text),\"ours\":\(ours.text),\"cold\":\(cold.text),"
            + "\"best\":\(best.text)}")
}

run()
