import Core
import Foundation
import Support
import XCTest

@testable import Engine

/// The way of a call to the wire, without an engine: what each event does in each stage.
final class CallSchedulerTests: XCTestCase {
    private static let states: [(String, @Sendable (CallBench) -> Void)] = [
        ("nothing", { _ in }),
        ("asking", { $0.enter(.submit) }),
        ("asking-poll", { $0.enter(.status) }),
        ("queued", { $0.know().enter(.submit) }),
        ("queued-poll", { $0.know().enter(.status) }),
        ("queued-image", { $0.know().enter(.image) }),
        ("queued-url", { $0.enter(.url) }),
        ("no-permit", { $0.know().enter(.submit).tick().recorded(1).left(1).enter(.submit).tick() }),
        ("no-place", { $0.know().enter(.status).tick().enter(.submit) }),
        ("recording", { $0.know().enter(.submit).tick() }),
        ("recording-next", { $0.know().enter(.submit, 2).tick() }),
        ("recording-ended", { $0.given(lives: 100).enter(.submit).tick().wait(100_000) }),
        ("held", { $0.know().enter(.submit).tick().held(1) }),
        ("held-next", { $0.know().enter(.submit, 2).tick().held(1) }),
        ("held-ended", { $0.given(lives: 100).enter(.submit).tick().held(1).wait(100_000) }),
        ("sent", { $0.know().enter(.submit).tick().recorded(1) }),
        ("sent-next", { $0.know().enter(.submit, 2).tick().recorded(1) }),
        ("sent-poll", { $0.know().enter(.status).tick() }),
        ("sent-image", { $0.know().enter(.image).tick() }),
        ("sent-url", { $0.enter(.url).tick() }),
        ("found-none", { $0.know(nil).wait(100) }),
        ("given", { $0.given(lives: 0).enter(.submit) }),
        ("given-ended", { $0.given(lives: 100).enter(.submit).wait(100_000) }),
    ]

    private static let events: [(String, @Sendable (CallBench) -> Void)] = [
        ("nothing", { _ in }),
        ("enter:submit", { $0.enter(.submit) }),
        ("enter:status", { $0.enter(.status) }),
        ("enter:image", { $0.enter(.image) }),
        ("enter:url", { $0.enter(.url) }),
        ("withdraw", { $0.withdraw(1) }),
        ("found", { $0.know() }),
        ("found-nothing", { $0.know(nil) }),
        ("found-nothing-yet", { $0.know(nil, isRetryable: true) }),
        ("given", { $0.given(lives: 600) }),
        ("recorded", { $0.recorded(1) }),
        ("recorded-not", { $0.recorded(1, Failure(.noSpace, "The journal is full", isRetryable: true)) }),
        ("recorded-never", { $0.recorded(1, Failure(.internal, "The journal is damaged")) }),
        ("held", { $0.held(1) }),
        ("released", { $0.released(1) }),
        ("left", { $0.left(1) }),
        ("left:throttled", { $0.left(1, .throttled(retryAfterMilliseconds: 3_000)) }),
        ("left:stale", { $0.left(1, .staleCredentials(FakeResolver.credentials("key-1"))) }),
        ("tick", { $0.tick() }),
        ("tick-later", { $0.wait(1_000).tick() }),
    ]

    /// What each event does in each stage, and what the tick after it does.
    /// Whoever changes the scheduler reads the difference of Tests/fixtures/machines/calls.txt.
    func testEveryEventInEveryStage() throws {
        var lines: [String] = []
        var idle: [String: String] = [:]
        for (state, prepare) in Self.states {
            for (event, tell) in Self.events {
                let bench = try CallBench(calls: 1, images: 1, perSecond: 2)
                prepare(bench)
                bench.forgetActions()
                let before = bench.figures
                tell(bench)
                let (actions, after) = (bench.text, bench.figures)
                bench.forgetActions()
                bench.tick()
                let next = bench.text.isEmpty ? "" : "; tick: \(bench.text)"
                // What changes nothing is left out of the table.
                if actions.isEmpty, before == after, next == idle[state] { continue }
                if event == "nothing" { idle[state] = next }
                lines.append("\(state) \(event): " + (actions.isEmpty ? "" : actions + " ") + "-> \(after)" + next)
            }
        }
        let (extra, missing) = try TableFile.differences(of: lines, from: "calls.txt")
        XCTAssertEqual(extra, [], "calls.txt: happens, and is not in the table")
        XCTAssertEqual(missing, [], "calls.txt: is in the table, and does not happen")
    }

    // MARK: - The record

    /// Between permit and wire: the call holds its place, and nothing of it has left.
    func testASubmissionIsRecordedBeforeItIsSent() throws {
        let bench = try CallBench(calls: 1, images: 1)
        bench.know().enter(.submit, 2).forgetActions()
        bench.tick()
        XCTAssertEqual(bench.text, "record(1)")
        XCTAssertEqual(bench.figures, "1 waits, 1+0 on the wire", "it holds its place")
        bench.wait(50).tick()
        XCTAssertEqual(bench.text, "record(1)", "the second one waits for the place")
        bench.recorded(1)
        XCTAssertEqual(bench.text, "record(1) send(1 key-1)")
    }

    func testOneThatIsWithdrawnWhileItIsRecordedIsNeverSent() throws {
        let bench = try CallBench(calls: 1, images: 1)
        bench.know().enter(.submit).tick().withdraw(1).forgetActions()
        bench.recorded(1)
        XCTAssertEqual(bench.text, "")
        XCTAssertEqual(bench.figures, "0 waits, 0+0 on the wire")
    }

    func testOneThatCannotBeRecordedIsRefusedAndWasNotSent() throws {
        let bench = try CallBench(calls: 1, images: 1)
        bench.know().enter(.submit).tick().forgetActions()
        bench.recorded(1, Failure(.noSpace, "The journal is full", isRetryable: true))
        XCTAssertEqual(bench.text, "refuse(1 refused noSpace)")
        XCTAssertEqual(bench.figures, "0 waits, 0+0 on the wire")
    }

    /// What signs is what is known when the record is there, not before.
    func testCredentialsAreAskedForAgainAfterTheRecord() throws {
        let bench = try CallBench(calls: 1, images: 1)
        bench.given("old", lives: 100).enter(.submit).tick().forgetActions()
        bench.given("new", lives: 100).recorded(1)
        XCTAssertEqual(bench.text, "send(1 new)")
    }

    func testAReadIsNotRecorded() throws {
        let bench = try CallBench(calls: 4, images: 4)
        bench.know().enter(.status).enter(.image).enter(.url).forgetActions()
        bench.tick()
        XCTAssertEqual(bench.text, "send(1 key-1) send(2 key-1) send(3)")
    }

    // MARK: - Whatever comes in whatever order

    private func seeds() -> Range<UInt64> {
        if let one = ProcessInfo.processInfo.environment["AIGC_SEED"].flatMap({ UInt64($0) }) { return one..<(one + 1) }
        return 0..<10_000
    }

    /// Ten thousand hosts, clouds and journals. `CallBench` checks each step.
    func testRandomSchedulesKeepThePromises() throws {
        var ends: [String: Int] = [:]
        for seed in seeds() {
            let random = SeededRandom(seed)
            let bench = try CallBench(
                calls: 1 + random.below(4), images: 1 + random.below(3), perSecond: random.pick([0, 1, 5, 20]),
                hasOneAccount: random.chance(50))
            for _ in 0..<(5 + random.below(60)) { act(bench, random) }
            bench.finish()
            XCTAssertEqual(bench.violations, [], "seed \(seed)")
            XCTAssertEqual(bench.figures, "0 waits, 0+0 on the wire", "seed \(seed)")
            XCTAssertEqual(bench.scheduler.count, 0, "seed \(seed)")
            for (end, count) in bench.ends { ends[end, default: 0] += count }
            if (testRun?.totalFailureCount ?? 0) > 0 { return XCTFail("stopped at seed \(seed)") }
        }
        if seeds().count > 100 {
            for end in ["left", "refused", "withdrawn"] { XCTAssertGreaterThan(ends[end] ?? 0, 5_000, end) }
        }
    }

    private func act(_ bench: CallBench, _ random: SeededRandom) {
        let known = bench.newest
        switch random.below(17) {
        case 0...3: bench.enter(random.pick([.submit, .submit, .status, .image, .url]), 1 + random.below(3))
        case 4: bench.withdraw(UInt64(1 + random.below(known)))
        case 5:
            bench.know(random.chance(70) ? "key-\(random.below(2))" : nil, isRetryable: random.chance(50))
        case 6 where random.chance(30):
            bench.given("given-\(random.below(2))", lives: random.pick([0, 1, 20, 400, 4_000]))
        case 7...8:
            if random.chance(20), let id = bench.held.randomly(random) { bench.released(id) }
            if let id = bench.recording.randomly(random) {
                if random.chance(20) { return _ = bench.held(id) }
                bench.recorded(id, random.chance(20) ? Failure(.noSpace, "full", isRetryable: true) : nil)
            }
        case 9...10:
            guard let id = bench.onWire.randomly(random) else { return }
            switch random.below(6) {
            case 0: bench.left(id, .throttled(retryAfterMilliseconds: Int64(random.below(4_000))))
            case 1: bench.left(id, .staleCredentials(bench.credentials[id] ?? FakeResolver.credentials("none")))
            default: bench.left(id)
            }
        // Answers that come twice, or that nobody waits for.
        case 11: bench.left(UInt64(1 + random.below(known)))
        case 12: bench.recorded(UInt64(1 + random.below(known)))
        case 13: bench.released(UInt64(1 + random.below(known)))
        default: bench.wait(Int64(random.pick([0, 1, 30, 400, 5_000]))).tick()
        }
    }

    /// A day of four calls, in which one action, whichever, goes wrong in each way that it can.
    func testAFaultAtEveryAction() throws {
        func play(_ fault: CallBench.Fault?, at index: Int) throws -> CallBench {
            let bench = try CallBench(calls: 2, images: 1, perSecond: 5)
            bench.answers(faulting: fault, at: index)
            bench.enter(.submit, 2).enter(.status).enter(.image).enter(.url).tick()
            bench.finish()
            return bench
        }
        let smooth = try play(nil, at: 0)
        XCTAssertEqual(smooth.ends, ["left": 5])
        XCTAssertEqual(smooth.carriedOut, 8, "one resolution, two records, five calls")
        for fault in CallBench.Fault.allCases {
            for index in 0..<smooth.carriedOut {
                let bench = try play(fault, at: index)
                XCTAssertEqual(bench.violations, [], "\(fault) at \(index)")
                XCTAssertEqual(bench.scheduler.count, 0, "\(fault) at \(index)")
                XCTAssertEqual(bench.ends.values.reduce(0, +), 5, "\(fault) at \(index): \(bench.ends)")
            }
        }
    }

    func testMemoryComesBackAfterACrowd() throws {
        let bench = try CallBench(calls: 1, images: 1)
        bench.know().enter(.status, 50_000)
        for id in 1...50_000 { bench.withdraw(UInt64(id)) }
        XCTAssertEqual(bench.scheduler.count, 0)
        bench.enter(.status).tick()
        XCTAssertEqual(bench.figures, "0 waits, 1+0 on the wire")
    }
}

extension Collection where Index == Int {
    fileprivate func randomly(_ random: SeededRandom) -> Element? { isEmpty ? nil : self[random.below(count)] }
}
