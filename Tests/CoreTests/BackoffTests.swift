import Core
import Support
import XCTest

final class BackoffTests: XCTestCase {
    func testFullJitterFillsTheWholeRange() {
        let backoff = Backoff(baseMilliseconds: 500, capMilliseconds: 30_000)
        let random = SeededRandom(1)
        for (attempt, ceiling) in [
            (0, 500), (1, 1_000), (2, 2_000), (5, 16_000), (6, 30_000), (60, 30_000), (.max, 30_000),
        ] {
            XCTAssertEqual(backoff.ceiling(attempt: attempt), Int64(ceiling))
            let delays = (0..<2_000).map { _ in backoff.delay(attempt: attempt, random: random.next()) }
            XCTAssertTrue(delays.allSatisfy { (0...Int64(ceiling)).contains($0) })
            XCTAssertLessThan(delays.min() ?? .max, Int64(ceiling) / 20)
            XCTAssertGreaterThan(delays.max() ?? 0, Int64(ceiling) * 19 / 20)
            let mean = delays.reduce(0, +) / Int64(delays.count)
            XCTAssertLessThan(abs(mean - Int64(ceiling) / 2), Int64(ceiling) / 20)
        }
        XCTAssertEqual(backoff.ceiling(attempt: -3), 500)
    }

    func testRetryAfterWinsOverAShorterDelayAndIsClamped() {
        let backoff = Backoff(baseMilliseconds: 500, capMilliseconds: 30_000)
        XCTAssertEqual(backoff.delay(attempt: 0, atLeast: 7_000, random: 3), 7_000)
        XCTAssertEqual(backoff.delay(attempt: 0, atLeast: .max, random: 3), 120_000)
        XCTAssertEqual(backoff.delay(attempt: 0, atLeast: .min, random: 3), 3)
    }

    func testExtremeSettingsDoNotTrap() {
        for base in [Int64.min, -1, 0, 1, .max] {
            for cap in [Int64.min, 0, 1, .max] {
                let backoff = Backoff(baseMilliseconds: base, capMilliseconds: cap)
                for random in [0, 1, UInt64.max, UInt64(Int64.max)] {
                    XCTAssertGreaterThanOrEqual(backoff.delay(attempt: 63, random: random), 0)
                }
                for growth in [Int64.min, 0, .max] {
                    let polls = PollSchedule(initialMilliseconds: base, maximumMilliseconds: cap, growthPercent: growth)
                    for elapsed in [Int64.min, 0, .max] {
                        let pause = polls.pause(sinceAcceptedMilliseconds: elapsed, random: .max)
                        XCTAssertGreaterThan(pause, 0)
                    }
                }
            }
        }
        XCTAssertEqual(RetryPolicy(maximumAttempts: .min).maximumAttempts, 0)
        XCTAssertEqual(Int64.nanoseconds(milliseconds: .max), .max)
        XCTAssertEqual(Int64.nanoseconds(milliseconds: .min), .min)
        XCTAssertEqual(Int64.max.adding(1), .max)
        XCTAssertEqual(Int64.min.adding(-1), .min)
        XCTAssertEqual(Int64.max.subtracting(-1), .max)
        XCTAssertEqual(Int64(-2).subtracting(.max), .min)
        XCTAssertEqual(Int64(-2).subtracting(.min), .max - 1)
    }

    func testPollsGrowWithTheAgeOfTheJob() {
        let polls = PollSchedule(initialMilliseconds: 1_000, maximumMilliseconds: 5_000, growthPercent: 15)
        let random = SeededRandom(2)
        for (elapsed, middle) in [(0, 1_000), (5_000, 1_000), (20_000, 3_000), (60_000, 5_000), (3_600_000, 5_000)] {
            let pauses = (0..<500).map { _ in
                polls.pause(sinceAcceptedMilliseconds: Int64(elapsed), random: random.next())
            }
            let spread = Int64(middle) / 10
            XCTAssertTrue(pauses.allSatisfy { abs($0 - Int64(middle)) <= spread + 1 }, "\(elapsed)")
            XCTAssertGreaterThan(Set(pauses).count, 100, "jobs that were submitted together come apart")
        }
    }
}
