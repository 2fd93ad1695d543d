// What a permit and a ranking cost, with the library's own code. usage: permits permit|rank TIMES
import Glibc

func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

let what = CommandLine.arguments.dropFirst().first ?? "permit"
let times = max(1, Int(CommandLine.arguments.last ?? "") ?? 1)
if what == "permit" {
    var limit = RateLimit(perSecond: 19.5)
    var now: Int64 = 1
    var sum: Int64 = 0
    let began = nanoseconds()
    for _ in 0..<times {
        let slot = limit.reserve(at: now)
        if limit.keeps(slot) { sum &+= slot }
        now = slot
    }
    print("a permit: \(Double(nanoseconds() - began) / Double(times)) ns (\(sum & 1))")
} else {
    // 100,000 calls wait, and 20 of them leave each second.
    var history = PollHistory()
    for number in 0..<64 { history.add(notDoneAt: Int64(7_000 + number * 20), doneAt: Int64(8_000 + number * 20)) }
    let survivals = [PollSurvival.unknown, history.survival() ?? .unknown]
    var line = PollLine(patienceMilliseconds: 20_000)
    for number in 0..<100_000 {
        let at = Int64(number) * 100_000
        let look = PollLook(acceptedAt: at, openAt: Int32(number % 5_000), kind: Int32(number % 2))
        line.append(UInt64(number + 1), look, at: at)
    }
    var now: Int64 = 20_000_000_000
    let began = nanoseconds()
    for _ in 0..<times {
        for _ in 0..<20 {
            _ = line.pop(at: now, survivals)
            now += 50_000_000
        }
    }
    print("ranking: \(Double(nanoseconds() - began) / Double(times) / 1e6) ms a second, \(line.ranked.times) rankings")
}
