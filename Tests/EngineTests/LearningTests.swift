import Core
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
        XCTAssertGreaterThan(first, 4 * 10)
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
        XCTAssertGreaterThan(exchanges(harness, 4, "submitted"), 4 * 10)
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
