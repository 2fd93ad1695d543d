// What a poll schedule comes to: seconds between the end of a job and the call that sees it, and calls, over job
// durations that are drawn from log-normal distributions. Deterministic. usage: polls MEDIAN_S SPREAD JOBS
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

/// One job: how late its end is seen, and with how many calls, if `pause` says how long to wait after `elapsed` seconds
/// and `calls` calls.
func follow(_ duration: Double, callsAtOnce: Bool, _ pause: (Double, Int) -> Double) -> (lag: Double, calls: Int) {
    var at = 0.0
    var calls = 0
    if callsAtOnce { calls = 1 }
    while true {
        at += pause(at, calls)
        calls += 1
        if at >= duration { return (at - duration, calls) }
    }
}

func mean(_ durations: [Double], callsAtOnce: Bool, _ pause: (Double, Int) -> Double) -> String {
    var lag = 0.0
    var calls = 0
    for duration in durations {
        let one = follow(duration, callsAtOnce: callsAtOnce, pause)
        lag += one.lag
        calls += one.calls
    }
    return "{\"lag\":\(lag / Double(durations.count)),\"calls\":\(Double(calls) / Double(durations.count))}"
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
    let schedule = PollSchedule()
    let ours = mean(durations, callsAtOnce: false) { elapsed, _ in
        Double(schedule.pause(sinceAcceptedMilliseconds: Int64(elapsed * 1_000), random: numbers.next())) / 1_000
    }
    let fixed = mean(durations, callsAtOnce: true) { _, _ in 5 }
    let others = mean(durations, callsAtOnce: true, dashScope)
    print("{\"fixed\":\(fixed),\"dashscope\":\(others),\"ours\":\(ours)}")
}

run()
