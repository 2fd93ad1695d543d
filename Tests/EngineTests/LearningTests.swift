import Core
import Support
import XCTest

@testable import Engine

/// The engine learns how long jobs take, from jobs that it has followed from their beginning.
final class LearningTests: XCTestCase {
    private func harness(calls: Double) throws -> Harness {
        var settings = EngineSettings()
        settings.learnedCalls = calls
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
        let harness = try harness(calls: 4)
        let first = exchanges(harness, 4, "first")
        _ = exchanges(harness, 40, "middle")
        let last = exchanges(harness, 4, "last")
        XCTAssertGreaterThan(first, 4 * 10)
        XCTAssertLessThanOrEqual(last, 4 * 6)
    }

    func testNothingIsLearnedWhereNothingIsToBe() throws {
        let harness = try harness(calls: 0)
        let first = exchanges(harness, 4, "first")
        _ = exchanges(harness, 40, "middle")
        XCTAssertGreaterThan(exchanges(harness, 4, "last"), first * 3 / 4)
    }

    func testAttachedJobsTeachNothing() throws {
        let harness = try harness(calls: 4)
        for number in 0..<40 {
            harness.attach(harness.cloud.plant(tag: "t\(number)", at: harness.clock.nanoseconds()))
            harness.runToTheEnd()
        }
        XCTAssertGreaterThan(exchanges(harness, 4, "submitted"), 4 * 10)
    }
}
