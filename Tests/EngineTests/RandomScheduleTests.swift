import Core
import Foundation
import Support
import XCTest

@testable import Engine

/// Random lives: faults at random calls, the host's calls at random moments. The same seed is the same life.
/// AIGC_LONG=1 plays 10,000 of each kind; AIGC_SEED=n plays one.
final class RandomScheduleTests: XCTestCase {
    /// Decides what each request meets. On one thread, as the harness is.
    private final class Plan: @unchecked Sendable {
        let random: SeededRandom
        let faults: [Fault]
        let percent: Int
        var isOver = false

        init(_ random: SeededRandom, _ faults: [Fault], _ percent: Int) {
            self.random = random
            self.faults = faults
            self.percent = percent
        }

        func fault(_ action: ScriptedTransport.Action) -> Fault? {
            !isOver && random.chance(percent) ? random.pick(faults) : nil
        }
    }

    private struct Life {
        let harness: Harness
        let random: SeededRandom
        let plan: Plan
        /// Jobs that the host ended or bounded.
        var touched: Set<UInt64> = []
        var closed = false
        /// The cloud refuses also the only credentials that the source has.
        var refusesTheSource = false
    }

    private func begin(_ seed: UInt64, _ faults: [Fault]) throws -> Life {
        let random = SeededRandom(seed)
        var settings = EngineSettings()
        settings.maximumInFlight = random.pick([1, 2, 8, 64])
        settings.maximumDownloads = random.pick([1, 3, 16])
        if random.chance(40) { settings.rates["fake/submit"] = Double(random.pick([1, 5, 20])) }
        if random.chance(40) { settings.rates["fake/query"] = Double(random.pick([2, 5, 20])) }
        let harness = try Harness(
            seed: random.next(), settings: settings, provider: FakeProvider(assetsByCall: random.chance(30)))
        harness.cloud.pendingMilliseconds = Int64(random.below(3_000))
        harness.cloud.runningMilliseconds = Int64(random.below(40_000))
        harness.cloud.assetCount = 1 + random.below(3)
        if random.chance(15) { harness.cloud.limits["status"] = 3 }
        if random.chance(15) { harness.cloud.urlLifetimeMilliseconds = 20_000 }
        harness.files.delayMilliseconds = Int64(random.below(200))
        harness.credentials.delayMilliseconds = Int64(random.below(3_000))
        let longest = random.pick([20, 200, 5_000])
        let plan = Plan(SeededRandom(random.next()), faults, random.pick([0, 5, 20, 50]))
        harness.transport.setScript { plan.fault($0) }
        harness.transport.setLatency { _ in Int64(plan.random.below(longest)) }
        return Life(harness: harness, random: random, plan: plan)
    }

    /// One thing that a host does.
    private func act(_ life: inout Life) throws {
        let (harness, random) = (life.harness, life.random)
        let jobs = harness.records.values.sorted { $0.id < $1.id }
        switch random.below(20) {
        case 0...3:
            harness.submit(
                (random.chance(15) ? "bad" : "t") + "\(jobs.count)-\(random.below(1_000_000))",
                follow: random.chance(80))
        case 4:
            harness.attach(
                harness.cloud.plant(tag: "p\(jobs.count)", at: harness.clock.nanoseconds()), follow: random.chance(80))
        case 5...6:
            guard let job = jobs.randomly(random) else { return }
            harness.cancel(job)
            life.touched.insert(job.id)
        case 7:
            guard let job = jobs.randomly(random) else { return }
            harness.deadline(job, random.pick([-1, 0, 1, 500, 20_000, .max, .min]))
            life.touched.insert(job.id)
        case 8...10:
            if let job = jobs.filter({ !$0.isDownload }).randomly(random) { harness.refresh(job) }
        case 11...12:
            if let job = jobs.filter({ !$0.isDownload }).randomly(random) { harness.follow(job, random.chance(50)) }
        case 13:
            let unix = harness.clock.unixMilliseconds()
            harness.push(
                "pushed-\(random.below(3))",
                expiresAtMilliseconds: random.pick([
                    0, unix + 2_000, unix + 290_000, unix - 1, unix + 100_000_000, .max,
                ]))
        case 14:
            harness.cloud.staleKeys =
                random.chance(50) ? [] : life.refusesTheSource ? ["pushed-0", "key-1"] : ["pushed-0"]
        case 15...18:
            guard let job = jobs.filter({ $0.snapshot.state == .succeeded && !$0.isDownload }).randomly(random) else {
                return
            }
            try harness.download(job, random.below(job.snapshot.assets.count))
        default:
            harness.clock.shiftTimeOfDay(milliseconds: random.pick([-7_200_000, 0, 3_000, 7_200_000]))
        }
    }

    private func play(_ seed: UInt64, _ faults: [Fault], closes: Bool) throws -> Life {
        var life = try begin(seed, faults)
        let harness = life.harness
        life.refusesTheSource = closes
        for _ in 0..<(3 + life.random.below(40)) {
            try act(&life)
            if life.random.chance(70) { harness.run(for: Int64(life.random.below(life.random.pick([5, 300, 8_000])))) }
            if closes, life.random.chance(2) {
                harness.close(grace: life.random.pick([0, 50, 5_000, -1]))
                life.closed = true
                break
            }
        }
        // The weather clears, and what was left alone is followed to its end.
        life.plan.isOver = true
        harness.cloud.staleKeys = []
        harness.cloud.limits = [:]
        if !life.closed {
            harness.push("the-last")
            for record in harness.records.values where !record.isDownload { harness.follow(record, true) }
        }
        harness.runToTheEnd()
        return life
    }

    private func seeds() -> Range<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["AIGC_SEED"].flatMap({ UInt64($0) }) { return one..<(one + 1) }
        return environment["AIGC_LONG"] == "1" ? 0..<10_000 : 0..<400
    }

    func testEveryFaultAndEveryCallOfTheHost() throws {
        var ends: [JobState: Int] = [:]
        for seed in seeds() {
            let life = try play(seed, Fault.ofImages, closes: true)
            // A close whose grace ran out leaves what is on the wire.
            let left = life.closed && !life.harness.core.jobs.active.isEmpty
            life.harness.checkPromises("seed \(seed)", closed: left)
            for record in life.harness.records.values { ends[record.snapshot.state, default: 0] += 1 }
            if (testRun?.totalFailureCount ?? 0) > 0 { return XCTFail("stopped at seed \(seed)") }
        }
        if seeds().count > 100 {
            for state in JobState.allCases where state.isTerminal {
                XCTAssertGreaterThan(ends[state] ?? 0, 5, "\(state)")
            }
        }
    }

    /// Only what a wire does to a request: no accepted job that the host left alone may end otherwise than at the cloud.
    func testATransientFaultEndsNoAcceptedJob() throws {
        var checked = 0
        for seed in seeds() {
            let life = try play(seed &+ 1_000_000, Fault.transient, closes: false)
            let harness = life.harness
            harness.checkPromises("seed \(seed)")
            for record in harness.records.values where !record.isDownload && !life.touched.contains(record.id) {
                guard record.snapshot.outcome == .accepted else { continue }
                let fails = harness.tags[record.id]?.contains(harness.cloud.failingWord) == true
                XCTAssertEqual(
                    record.snapshot.state, fails ? .failed : .succeeded,
                    "seed \(seed): \(String(describing: record.snapshot.failure))")
                if fails { XCTAssertEqual(record.snapshot.failure?.status, .jobFailed, "seed \(seed)") }
                checked += 1
            }
            if (testRun?.totalFailureCount ?? 0) > 0 { return XCTFail("stopped at seed \(seed)") }
        }
        if seeds().count > 100 { XCTAssertGreaterThan(checked, seeds().count) }
    }
}

extension Array {
    fileprivate func randomly(_ random: SeededRandom) -> Element? { isEmpty ? nil : self[random.below(count)] }
}
