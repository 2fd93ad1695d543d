import Core
import Support
import XCTest

final class RateLimitTests: XCTestCase {
    private static let second: Int64 = 1_000_000_000

    /// Takes permits as fast as they are given, waking up to `late` nanoseconds late; the instants of the permits.
    private func drain(_ limit: inout RateLimit, _ count: Int, late: Int64 = 0, random: SeededRandom) -> [Int64] {
        var now: Int64 = 5 * Self.second
        var permits: [Int64] = []
        while permits.count < count {
            if let again = limit.take(at: now) {
                XCTAssertGreaterThan(again, now, "asked to come again in the past")
                now = again + (late > 0 ? Int64(random.next() % UInt64(late)) : 0)
            } else {
                permits.append(now)
            }
        }
        return permits
    }

    private func most(_ permits: [Int64], in window: Int64) -> Int {
        var most = 0
        var first = 0
        for last in permits.indices {
            while permits[last] - permits[first] >= window { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }

    func testFiveHundredAtTwentyASecond() {
        for late in [Int64(0), 1_000_000, 20_000_000] {
            var limit = RateLimit(perSecond: 20)
            let permits = drain(&limit, 500, late: late, random: SeededRandom(3))
            let seconds = Double(permits[499] - permits[0]) / Double(Self.second)
            XCTAssertEqual(seconds, 24.95, accuracy: 0.05, "the rate holds in spite of a timer that is \(late) ns late")
            XCTAssertLessThanOrEqual(most(permits, in: Self.second), 21)
        }
    }

    func testNoBurstAfterAPause() {
        var limit = RateLimit(perSecond: 20)
        XCTAssertNil(limit.take(at: 0))
        var given = 0
        while limit.take(at: 3_600 * Self.second) == nil { given += 1 }
        XCTAssertLessThanOrEqual(given, 2)
    }

    func testWithoutARateEverythingGoes() {
        for rate in [0, -1, .nan, -.infinity, Double.infinity] {
            var limit = RateLimit(perSecond: rate)
            for _ in 0..<1_000 { XCTAssertNil(limit.take(at: 7)) }
        }
    }

    func testExtremesDoNotTrap() {
        for rate in [1e-300, 1e-3, 0.5, 1e300, .leastNonzeroMagnitude] {
            var limit = RateLimit(perSecond: rate)
            for now in [Int64.min, -1, 0, 1, .max - 1, .max] {
                _ = limit.take(at: now)
                limit.throttled(at: now, retryAfterMilliseconds: .max)
                limit.throttled(at: now, retryAfterMilliseconds: .min)
                _ = limit.take(at: now)
            }
        }
    }

    func testAThrottlingAnswerHalvesTheRateOnceForABurst() {
        var limit = RateLimit(perSecond: 20)
        _ = limit.take(at: 0)
        for millisecond in Int64(0)..<40 { limit.throttled(at: millisecond * 1_000_000, retryAfterMilliseconds: 0) }
        let first = limit.take(at: 100_000_000) ?? 0
        XCTAssertEqual(first, 0, "granted")
        let spacing = (limit.take(at: 100_000_000) ?? 0) - 100_000_000
        XCTAssertEqual(Double(spacing), 1e8, accuracy: 6e7, "ten a second, not twenty divided forty times")
    }

    func testRetryAfterIsHonouredAndClamped() {
        var limit = RateLimit(perSecond: 20)
        limit.throttled(at: 0, retryAfterMilliseconds: 3_000)
        XCTAssertEqual(limit.take(at: 1), 3 * Self.second)
        limit.throttled(at: 0, retryAfterMilliseconds: .max)
        XCTAssertEqual(limit.take(at: 1), 120 * Self.second)
    }

    /// Against a cloud that takes five a second where twenty are configured, the rate has to stay near five, not only
    /// after the first complaint.
    func testTheRateFollowsACloudThatTakesLess() {
        var limit = RateLimit(perSecond: 20)
        var now: Int64 = 0
        var taken: [Int64] = []
        var refused: [Int64] = []
        while now < 120 * Self.second {
            if let again = limit.take(at: now) {
                now = again
                continue
            }
            if taken.suffix(5).count == 5, now - taken[taken.count - 5] < Self.second {
                refused.append(now)
                limit.throttled(at: now, retryAfterMilliseconds: 0)
            } else {
                taken.append(now)
            }
        }
        let late = refused.filter { $0 > 10 * Self.second }.count
        XCTAssertLessThan(Double(late) / 110, 1.5, "refusals a second")
        XCTAssertGreaterThan(Double(taken.count) / 120, 3, "and it does not starve")
    }

    func testItRecovers() {
        var limit = RateLimit(perSecond: 20)
        limit.throttled(at: 0, retryAfterMilliseconds: 0)
        var permits: [Int64] = []
        var now: Int64 = 1
        while now < 30 * Self.second {
            if let again = limit.take(at: now) { now = again } else { permits.append(now) }
        }
        let second = { (n: Int64) in permits.filter { $0 / Self.second == n }.count }
        XCTAssertLessThanOrEqual(second(0), 11)
        XCTAssertEqual(second(20), 20, accuracy: 1)
    }

    /// Takes permits as fast as they are given, but never faster than `perSecond`, and calls `answer` after each.
    private func load(
        _ limit: inout RateLimit, perSecond: Int64, until end: Int64, _ answer: (inout RateLimit, Int64, Int) -> Void
    ) -> [Int64] {
        var permits: [Int64] = []
        var now = Self.second
        while now < end {
            if let again = limit.take(at: now) {
                now = again
                continue
            }
            permits.append(now)
            answer(&limit, now, permits.count)
            now += Self.second / perSecond
        }
        return permits
    }

    private func perSecond(_ permits: [Int64], from: Int64, to: Int64) -> Int {
        permits.filter { $0 >= from * Self.second && $0 < to * Self.second }.count / Int(to - from)
    }

    /// Without a configured rate, a crowd of refusals halves the rate within a second, and the rate comes back gradually.
    func testARateIsFoundWhereNoneIsConfigured() {
        var limit = RateLimit(perSecond: 0)
        for number in Int64(0)..<100 { _ = limit.take(at: number * 10_000_000) }
        for _ in 0..<20 { limit.throttled(at: Self.second, retryAfterMilliseconds: 0) }
        var permits: [Int64] = []
        var now = Self.second
        while now < 40 * Self.second {
            if let again = limit.take(at: now) { now = again } else { permits.append(now) }
        }
        let second = { (n: Int64) in permits.filter { $0 / Self.second == n }.count }
        XCTAssertEqual(second(1), 53, accuracy: 5, "half of 100, and a tenth more within the second")
        XCTAssertEqual(second(8), 104, accuracy: 10, "after eight seconds without a refusal all of it")
        for n in Int64(2)..<39 {
            XCTAssertLessThanOrEqual(second(n), second(n - 1) * 12 / 10 + 1, "second \(n): gradually")
            XCTAssertGreaterThanOrEqual(second(n), second(n - 1), "second \(n)")
        }
        for _ in 0..<200 { XCTAssertNil(limit.take(at: 600 * Self.second), "in the end nothing is limited") }
    }

    /// One refusal in 500 says nothing about the rate. The throughput stays, with and without a configured rate.
    func testARefusalNowAndThenCostsLittle() {
        for (load, configured, every) in [(633, 0.0, 500), (290, 0, 500), (633, 700, 500), (100, 0, 100)] {
            var limit = RateLimit(perSecond: configured)
            let permits = self.load(&limit, perSecond: Int64(load), until: 120 * Self.second) { limit, now, number in
                if number % every == 0 { limit.throttled(at: now, retryAfterMilliseconds: 0) }
            }
            for minute in [Int64(1), 61, 110] {
                let got = perSecond(permits, from: minute, to: minute + 9)
                XCTAssertGreaterThan(
                    got, load * 85 / 100, "\(load) a second, one in \(every) refused, from second \(minute)")
            }
        }
    }

    /// A cloud with a limit that nobody has configured: the rate stays near the limit, from far above and from near.
    func testARateFollowsALimitThatNobodyHasConfigured() {
        for (load, takes) in [(600, 5), (600, 50), (600, 500), (40, 20)] as [(Int64, Int)] {
            var limit = RateLimit(perSecond: 0)
            var taken: [Int64] = []
            var refused: [Int64] = []
            _ = self.load(&limit, perSecond: load, until: 120 * Self.second) { limit, now, _ in
                if taken.count >= takes, now - taken[taken.count - takes] < Self.second {
                    refused.append(now)
                    limit.throttled(at: now, retryAfterMilliseconds: 0)
                } else {
                    taken.append(now)
                }
            }
            let words = "a load of \(load), a limit of \(takes)"
            let good = perSecond(taken, from: 20, to: 119)
            let bad = perSecond(refused, from: 20, to: 119)
            print("\(words): \(good) taken and \(bad) refused a second")
            XCTAssertGreaterThanOrEqual(good, takes * 6 / 10, words)
            XCTAssertLessThanOrEqual(bad, max(2, takes / 8), words)
        }
    }

    func testTheBudget() {
        var budget = RetryBudget()
        var granted = 0
        while budget.spend() { granted += 1 }
        XCTAssertEqual(granted, 100)
        for _ in 0..<9 { budget.succeeded() }
        XCTAssertFalse(budget.spend())
        budget.succeeded()
        XCTAssertTrue(budget.spend())
        for _ in 0..<100_000 { budget.succeeded() }
        granted = 0
        while budget.spend() { granted += 1 }
        XCTAssertEqual(granted, 100, "successes are not saved up for ever")
    }
}

private func XCTAssertEqual(_ value: Int, _ wanted: Int, accuracy: Int, _ words: String = "") {
    XCTAssertLessThanOrEqual(abs(value - wanted), accuracy, "\(value) is not \(wanted): \(words)")
}
