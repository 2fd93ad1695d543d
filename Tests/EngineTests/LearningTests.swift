import Core
import Foundation
import Support
import XCTest

@testable import Engine

/// The engine learns how long jobs take, from jobs that it has followed from their beginning.
final class LearningTests: XCTestCase {
    private func harness(learns: Bool) throws -> Harness {
        var settings = EngineSettings()
        settings.learnsPauses = learns
        let harness = try Harness(settings: settings)
        harness.cloud.pendingMilliseconds = 4_000
        harness.cloud.runningMilliseconds = 16_000
        return harness
    }

    /// Exchanges of so many jobs, one after another: one submission and some status calls each.
    private func exchanges(_ harness: Harness, _ jobs: Int, _ name: String) -> Int {
        let before = harness.transport.started
        for number in 0..<jobs {
            harness.submit("\(name)-\(number)")
            harness.runToTheEnd()
        }
        harness.checkNothingLeft(name)
        return harness.transport.started - before
    }

    func testLaterJobsTakeFewerCalls() throws {
        let harness = try harness(learns: true)
        let first = exchanges(harness, 4, "first")
        _ = exchanges(harness, 40, "middle")
        let last = exchanges(harness, 4, "last")
        XCTAssertLessThanOrEqual(first, 4 * 8, "while nothing is known, no more than a loop")
        XCTAssertLessThanOrEqual(last, 4 * 7, "a submission, and five calls in 20 s and one at once")
    }

    func testNothingIsLearnedWhereNothingIsToBe() throws {
        let harness = try harness(learns: false)
        let first = exchanges(harness, 4, "first")
        _ = exchanges(harness, 40, "middle")
        XCTAssertGreaterThan(exchanges(harness, 4, "last"), first * 3 / 4)
    }

    func testAttachedJobsTeachNothing() throws {
        let harness = try harness(learns: true)
        for number in 0..<40 {
            harness.attach(harness.cloud.plant(tag: "t\(number)", at: harness.clock.nanoseconds()))
            harness.runToTheEnd()
        }
        XCTAssertEqual(harness.mailbox.counts.statistics.kindsKnown, 0)
        _ = exchanges(harness, 8, "submitted")
        XCTAssertEqual(harness.mailbox.counts.statistics.kindsKnown, 1)
    }

    /// The first batch of a fresh client, 200 jobs at once: no more calls and no more lag than a loop that asks at once and
    /// every 5 s, however long the jobs take.
    func testTheFirstBatchIsNoWorseThanALoop() throws {
        let random = SeededRandom(7)
        func normal() -> Double {
            (0..<12).reduce(-6.0) { sum, _ in sum + Double(random.next() >> 11) / Double(UInt64(1) << 53) }
        }
        func lives(_ make: (Int) -> Double) -> [Int64] { (0..<200).map { Int64(max(100, make($0) * 1_000)) } }
        let kinds: [(String, [Int64])] = [
            ("2 s", lives { _ in 2 * exp(0.5 * normal()) }), ("12 s", lives { _ in 12 * exp(0.5 * normal()) }),
            ("60 s", lives { _ in 60 * exp(0.5 * normal()) }),
            ("the mix", lives { ($0 % 10 < 7 ? 8 : 60) * exp(0.3 * normal()) }),
            ("exactly 12 s", lives { _ in 12 }),
        ]
        for (name, lives) in kinds {
            for perSecond in [0.0, 20] {
                var settings = EngineSettings()
                settings.rates = ["fake/submit": perSecond]
                let harness = try Harness(settings: settings)
                harness.cloud.life = { tag in lives[Int(tag.dropFirst()) ?? 0] }
                let jobs = (0..<200).map { harness.submit("t\($0)") }
                harness.runToTheEnd()
                var lag = 0.0
                var loopLag = 0.0
                var loopCalls = 0.0
                for (number, job) in jobs.enumerated() {
                    let events = harness.events.filter { $0.job == job.id }
                    let accepted = try XCTUnwrap(events.first { $0.type == .jobAccepted }).at
                    let done = try XCTUnwrap(events.first { $0.type == .jobDone }).at
                    lag += Double(done - accepted) / 1e6 - Double(lives[number])
                    let pauses = (lives[number] + 4_999) / 5_000
                    loopLag += Double(pauses * 5_000 - lives[number])
                    loopCalls += Double(1 + pauses)
                }
                let calls = Double(harness.arrivals("status").count)
                let ours = "lag \(lag / 200) ms and \(calls / 200) calls"
                let words =
                    "jobs of \(name), \(perSecond) submissions a second: \(ours), a loop \(loopLag / 200) ms and "
                    + "\(loopCalls / 200)"
                print(words)
                XCTAssertLessThanOrEqual(calls, loopCalls * 1.1, words)
                // The calls of the loop would take their 50 ms as well.
                XCTAssertLessThanOrEqual(lag, loopLag * 1.05 + 200 * 50, words)
            }
        }
    }

    func testASilenceTeachesNothing() throws {
        let book = PollLearner(JobMachine.Policy(), learns: true)
        for _ in 0..<40 { book.learn(notDoneAt: 0, doneAt: 31_000) }
        XCTAssertTrue(book.policy.polls.rates.isEmpty, "the longest pause is 20 s, and a call may take some time")
        for _ in 0..<40 { book.learn(notDoneAt: .min, doneAt: .max) }
        XCTAssertTrue(book.policy.polls.rates.isEmpty)
        for _ in 0..<40 { book.learn(notDoneAt: 0, doneAt: 19_000) }
        XCTAssertFalse(book.policy.polls.rates.isEmpty)
    }
}
