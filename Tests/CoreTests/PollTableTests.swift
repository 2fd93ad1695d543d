import Foundation
import Support
import XCTest

@testable import Core

/// The table of loads: how late the ends of jobs are seen, by a loop of 5 s and by what is learned, with one line for the
/// permits of status calls. `Tests/bench/polls` prints all of it; the suite looks at three rows.
final class PollTableTests: XCTestCase {
    private enum Load {
        case inFlight(Int), perSecond(Double), batch(Int)
    }

    private struct Row {
        let durations: String
        let load: Load
        let kindKnown: Bool
    }

    private struct Result {
        var lags: [Double] = []
        var calls = 0
        var mean: Double { lags.reduce(0, +) / Double(max(1, lags.count)) / 1_000 }
        var p95: Double { lags.isEmpty ? 0 : lags.sorted()[lags.count * 95 / 100] / 1_000 }
        var callsAJob: Double { Double(calls) / Double(max(1, lags.count)) }
    }

    private static let rows = [
        Row(durations: "lognormal 12 s", load: .inFlight(200), kindKnown: false),
        Row(durations: "mix", load: .inFlight(200), kindKnown: false),
        Row(durations: "mix", load: .inFlight(200), kindKnown: true),
        Row(durations: "mix", load: .inFlight(1_000), kindKnown: true),
        Row(durations: "lognormal 12 s", load: .perSecond(8), kindKnown: false),
        Row(durations: "mix", load: .perSecond(6), kindKnown: true),
        Row(durations: "lognormal 12 s", load: .batch(1_000), kindKnown: false),
        Row(durations: "mix", load: .batch(5_000), kindKnown: true),
    ]

    private func normal(_ random: SeededRandom) -> Double {
        (0..<12).reduce(-6) { sum, _ in sum + Double(random.next() >> 11) / Double(UInt64(1) << 53) }
    }

    /// Milliseconds, and which kind.
    private func life(_ row: Row, _ random: SeededRandom) -> (Int64, Int) {
        if row.durations != "mix" { return (Int64(12_000 * exp(0.5 * normal(random))), 0) }
        let long = random.below(10) >= 7
        return (Int64((long ? 60_000 : 8_000) * exp(0.3 * normal(random))), long ? 1 : 0)
    }

    private struct Job {
        let accepted: Int64
        let life: Int64
        let kind: Int
        var openAt: Int64 = 0
        var isDone = false
    }

    private func run(_ row: Row, learns: Bool, seed: UInt64) -> Result {
        let random = SeededRandom(seed)
        var jobs: [Job] = []
        var histories = [PollHistory(), PollHistory()]
        var schedule = PollSchedule()
        schedule.loopsUntilKnown = true
        var schedules = [schedule, schedule]
        var due = Heap()
        var result = Result()
        let spacing = Int64(1_000 / RateLimit.pace(under: 20))
        var permitAt: Int64 = 0
        var submitAt: Int64 = 0
        let (warm, end): (Int64, Int64)
        if case .batch = row.load { (warm, end) = (0, .max) } else { (warm, end) = (150_000, 600_000) }

        func start(at asked: Int64) {
            let at = max(asked, submitAt)
            submitAt = at + spacing
            let (life, kind) = life(row, random)
            jobs.append(Job(accepted: at, life: life, kind: row.kindKnown ? kind : 0))
            let kindOf = row.kindKnown ? kind : 0
            let first = learns ? schedules[kindOf].pause(sinceAcceptedMilliseconds: 0, random: random.next()) : 0
            due.push(at + first, jobs.count - 1)
        }
        switch row.load {
        case .inFlight(let count), .batch(let count): for _ in 0..<count { start(at: 0) }
        case .perSecond(let rate):
            var at = 0.0
            while at < Double(end) {
                at -= log(1 - Double(random.next() >> 11) / Double(UInt64(1) << 53)) / rate * 1_000
                start(at: Int64(at))
            }
        }
        while let (asked, index) = due.pop() {
            let at = max(asked, permitAt)
            if at > end { break }
            permitAt = at + spacing
            let counts = at >= warm
            if counts { result.calls += 1 }
            let job = jobs[index]
            let age = at - job.accepted
            guard age >= job.life else {
                jobs[index].openAt = age
                let pause =
                    learns ? schedules[job.kind].pause(sinceAcceptedMilliseconds: age, random: random.next()) : 5_000
                due.push(at + pause, index)
                continue
            }
            jobs[index].isDone = true
            if counts { result.lags.append(Double(age - job.life)) }
            if case .inFlight = row.load { start(at: at) }
            guard learns else { continue }
            histories[job.kind].add(notDoneAt: job.openAt, doneAt: age)
            let known = histories[job.kind].jobs
            guard known < 64 || known % 64 == 0 else { continue }
            var running = [Double](repeating: 0, count: PollAges.count)
            for job in jobs where !job.isDone && job.accepted <= at {
                running[PollAges.index(of: at - job.accepted)] += 1
            }
            if let rates = histories[job.kind].rates(pauseMilliseconds: 5_000, running: running) {
                schedules[job.kind].rates = rates
            }
        }
        return result
    }

    private func text(_ row: Row) -> String {
        let load: String
        switch row.load {
        case .inFlight(let count): load = "\(count) in flight"
        case .perSecond(let rate): load = "\(Int(rate)) submits/s"
        case .batch(let count): load = "batch of \(count)"
        }
        return "\(row.durations)\(row.kindKnown ? ", kind known" : "") | \(load)"
    }

    private func look(_ row: Row, seeds: ClosedRange<UInt64>) -> (loop: [Result], learned: [Result]) {
        (seeds.map { run(row, learns: false, seed: $0) }, seeds.map { run(row, learns: true, seed: $0) })
    }

    private func figures(_ results: [Result]) -> String {
        func mean(_ value: (Result) -> Double) -> Double { results.map(value).reduce(0, +) / Double(results.count) }
        return String(
            format: "%.2f / %.1f s, %.1f calls", mean { $0.mean }, mean { $0.p95 }, mean { $0.callsAJob })
    }

    func testTheTable() throws {
        guard ProcessInfo.processInfo.environment["AIGC_POLL_TABLE"] != nil else {
            throw XCTSkip("Tests/bench/polls prints the table")
        }
        print("| durations | load | 5 s loops | learned |\n|---|---|---|---|")
        for row in Self.rows {
            let (loop, learned) = look(row, seeds: 1...3)
            print("| \(text(row)) | \(figures(loop)) | \(figures(learned)) |")
        }
    }

    func testWhatIsLearnedIsBetterThanALoop() {
        for index in [0, 4, 6] {
            let row = Self.rows[index]
            let (loop, learned) = look(row, seeds: 1...1)
            let words = "\(text(row)): \(figures(loop)), learned \(figures(learned))"
            print(words)
            XCTAssertLessThanOrEqual(learned[0].mean, loop[0].mean, words)
        }
    }
}

/// The earliest first.
private struct Heap {
    private var items: [(at: Int64, job: Int)] = []

    mutating func push(_ at: Int64, _ job: Int) {
        items.append((at, job))
        var child = items.count - 1
        while child > 0, items[child].at < items[(child - 1) / 2].at {
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
            for child in [2 * at + 1, 2 * at + 2] where child < items.count {
                if items[child].at < items[least].at { least = child }
            }
            if least == at { return first }
            items.swapAt(at, least)
            at = least
        }
    }
}
