import Core
import Support
import XCTest

/// A rate, and one who takes permits from it as a gate does: one slot ahead, which is used when its time has come.
private struct OneTaker {
    var limit: RateLimit
    private var slot: Int64?

    init(perSecond: Double) { limit = RateLimit(perSecond: perSecond) }

    /// Nil: granted; else the instant of the slot.
    mutating func take(at now: Int64) -> Int64? {
        if let slot {
            if now < slot, limit.keeps(slot) { return slot }
            self.slot = nil
            if limit.keeps(slot) { return nil }
        }
        let next = limit.reserve(at: now)
        if next > now { slot = next }
        return next > now ? next : nil
    }

    mutating func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        limit.throttled(at: now, retryAfterMilliseconds: retryAfterMilliseconds)
    }
}

final class RateLimitTests: XCTestCase {
    private static let second: Int64 = 1_000_000_000

    /// Takes permits as fast as they are given, waking up to `late` nanoseconds late; the instants of the permits.
    private func drain(_ limit: inout OneTaker, _ count: Int, late: Int64 = 0, random: SeededRandom) -> [Int64] {
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
            var limit = OneTaker(perSecond: 20)
            let permits = drain(&limit, 500, late: late, random: SeededRandom(3))
            let seconds = Double(permits[499] - permits[0]) / Double(Self.second)
            XCTAssertEqual(seconds, 24.95, accuracy: 0.05, "the rate holds in spite of a timer that is \(late) ns late")
            XCTAssertLessThanOrEqual(most(permits, in: Self.second), 21)
        }
    }

    func testNoBurstAfterAPause() {
        var limit = OneTaker(perSecond: 20)
        XCTAssertNil(limit.take(at: 0))
        var given = 0
        while limit.take(at: 3_600 * Self.second) == nil { given += 1 }
        XCTAssertLessThanOrEqual(given, 2)
    }

    func testWithoutARateEverythingGoes() {
        for rate in [0, -1, .nan, -.infinity, Double.infinity] {
            var limit = OneTaker(perSecond: rate)
            for _ in 0..<1_000 { XCTAssertNil(limit.take(at: 7)) }
        }
    }

    func testExtremesDoNotTrap() {
        for rate in [1e-300, 1e-3, 0.5, 1e300, .leastNonzeroMagnitude] {
            var limit = OneTaker(perSecond: rate)
            for now in [Int64.min, -1, 0, 1, .max - 1, .max] {
                _ = limit.take(at: now)
                limit.throttled(at: now, retryAfterMilliseconds: .max)
                limit.throttled(at: now, retryAfterMilliseconds: .min)
                _ = limit.take(at: now)
            }
        }
    }

    func testAThrottlingAnswerHalvesTheRateOnceForABurst() {
        var limit = OneTaker(perSecond: 20)
        _ = limit.take(at: 0)
        for millisecond in Int64(0)..<40 { limit.throttled(at: millisecond * 1_000_000, retryAfterMilliseconds: 0) }
        let first = limit.take(at: 100_000_000) ?? 0
        XCTAssertEqual(first, 0, "granted")
        let spacing = (limit.take(at: 100_000_000) ?? 0) - 100_000_000
        XCTAssertEqual(Double(spacing), 1e8, accuracy: 6e7, "ten a second, not twenty divided forty times")
    }

    func testRetryAfterIsHonouredAndClamped() {
        var limit = OneTaker(perSecond: 20)
        limit.throttled(at: 0, retryAfterMilliseconds: 3_000)
        XCTAssertEqual(limit.take(at: 1), 3 * Self.second)
        limit.throttled(at: 0, retryAfterMilliseconds: .max)
        XCTAssertEqual(limit.take(at: 1), 120 * Self.second)
    }

    /// Against a cloud that takes five a second where twenty are configured, the rate has to stay near five, not only
    /// after the first complaint.
    func testTheRateFollowsACloudThatTakesLess() {
        var limit = OneTaker(perSecond: 20)
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
        var limit = OneTaker(perSecond: 20)
        for _ in 0..<3 { limit.throttled(at: 0, retryAfterMilliseconds: 0) }
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
        _ limit: inout OneTaker, perSecond: Int64, until end: Int64, _ answer: (inout OneTaker, Int64, Int) -> Void
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
        var limit = OneTaker(perSecond: 0)
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
            // At a rate between two whole numbers seconds of both follow each other.
            XCTAssertGreaterThanOrEqual(second(n), second(n - 1) - 1, "second \(n)")
        }
        for _ in 0..<200 { XCTAssertNil(limit.take(at: 600 * Self.second), "in the end nothing is limited") }
    }

    /// One refusal in 500 says nothing about the rate. The throughput stays, with and without a configured rate.
    func testARefusalNowAndThenCostsLittle() {
        for (load, configured, every) in [(633, 0.0, 500), (290, 0, 500), (633, 700, 500), (100, 0, 100)] {
            var limit = OneTaker(perSecond: configured)
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
            var limit = OneTaker(perSecond: 0)
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

    // MARK: - What the provider counts

    /// The requests that a provider refuses which takes `most` in any second, by when they arrive; it counts the others.
    private func refused(_ arrivals: [Int64], most: Int) -> Int {
        var taken: [Int64] = []
        var refused = 0
        for at in arrivals.sorted() {
            if taken.count >= most, at - taken[taken.count - most] < Self.second {
                refused += 1
            } else {
                taken.append(at)
            }
        }
        return refused
    }

    /// A client at the limit is never refused, however its calls jitter: timers that fire up to 10 ms late, and up to 12 ms
    /// of connections and of the way. It pays with a fortieth of the rate.
    func testAClientAtTheLimitIsNeverRefused() {
        for seed in UInt64(1)...10 {
            let random = SeededRandom(seed)
            for limit in [1, 5, 20, 100, 500] {
                var taker = OneTaker(perSecond: RateLimit.pace(under: Double(limit)))
                let count = max(200, 3 * limit)
                let permits = drain(&taker, count, late: 10_000_000, random: random)
                let arrivals = permits.map { $0 + Int64(random.next() % 12_000_000) }
                XCTAssertEqual(refused(arrivals, most: limit), 0, "seed \(seed), \(limit) a second")
                let seconds = Double(permits[count - 1] - permits[0]) / Double(Self.second)
                XCTAssertEqual(Double(count - 1) / Double(limit) * 1.025, seconds, accuracy: 0.05)
            }
        }
        // At the limit itself the same jitter is refused: the room is needed.
        var bare = OneTaker(perSecond: 20)
        let random = SeededRandom(1)
        let permits = drain(&bare, 200, late: 10_000_000, random: random)
        XCTAssertGreaterThan(refused(permits.map { $0 + Int64(random.next() % 12_000_000) }, most: 20), 0)
    }

    /// All who share a rate are served in turn, and nobody asks twice for one permit.
    func testEightShareARate() {
        var limit = RateLimit(perSecond: 20)
        var now: Int64 = Self.second
        var slots = (0..<8).map { _ in limit.reserve(at: now) }
        var served = [Int](repeating: 0, count: 8)
        var permits: [Int64] = []
        var longest: Int64 = 0
        while now < 61 * Self.second {
            let next = slots.indices.min { slots[$0] < slots[$1] } ?? 0
            now = slots[next]
            permits.append(now)
            served[next] += 1
            slots[next] = limit.reserve(at: now)
            longest = max(longest, slots[next] - now)
        }
        XCTAssertLessThanOrEqual(most(permits, in: Self.second), 20)
        XCTAssertEqual(permits.count, 1_200, accuracy: 3)
        XCTAssertLessThanOrEqual((served.max() ?? 0) - (served.min() ?? 0), 1, "Jain's index is 1")
        XCTAssertLessThanOrEqual(longest, 400_000_001)
    }

    // MARK: - Complaints

    func testOneComplaintCostsAFewPercentAndSeveralInARowHalve() {
        var limit = RateLimit(perSecond: 20)
        limit.throttled(at: 0, retryAfterMilliseconds: 0)
        XCTAssertEqual(limit.inForce(at: 0), 19.2, accuracy: 0.01, "four percent")
        limit.throttled(at: 300_000_000, retryAfterMilliseconds: 0)
        XCTAssertGreaterThan(limit.inForce(at: 300_000_000), 18)
        limit.throttled(at: 600_000_000, retryAfterMilliseconds: 0)
        XCTAssertEqual(limit.inForce(at: 600_000_000), 10, accuracy: 0.01, "three within a second")
        for _ in 0..<50 { limit.throttled(at: 900_000_000, retryAfterMilliseconds: 0) }
        XCTAssertEqual(limit.inForce(at: 900_000_000), 10, accuracy: 0.01, "halved once")
        for _ in 0..<3 { limit.throttled(at: 1_700_000_000, retryAfterMilliseconds: 0) }
        XCTAssertEqual(limit.inForce(at: 1_700_000_000), 5.8, accuracy: 0.1, "and once more in the next second")
        XCTAssertEqual(limit.complaints, 56)
    }

    /// The rate comes back to a little below the one that was refused, and stays there for a while.
    func testRecoveryDoesNotOvershoot() {
        var limit = RateLimit(perSecond: 40)
        for _ in 0..<3 { limit.throttled(at: 0, retryAfterMilliseconds: 0) }
        XCTAssertEqual(limit.inForce(at: 0), 20, accuracy: 0.1)
        var before = 0.0
        for tenth in Int64(0)...600 {
            let rate = limit.inForce(at: tenth * Self.second / 10)
            XCTAssertGreaterThanOrEqual(rate, before, "it only grows")
            XCTAssertLessThanOrEqual(rate - before, tenth == 0 ? 20.1 : 0.41, "by steps")
            if tenth < 100 { XCTAssertLessThan(rate, 39) }
            before = rate
        }
        XCTAssertEqual(before, 40, "in a minute it is what was configured")
    }

    /// A strict limit below the configured rate: after the first seconds less than one call in fifty is refused, and the
    /// rate stays within a tenth of what is possible.
    func testARateIsLearnedThatNobodyHasConfigured() {
        for (configured, takes) in [(0.0, 20), (0, 7), (20, 12), (0, 150)] as [(Double, Int)] {
            var limit = OneTaker(perSecond: configured)
            var taken: [Int64] = []
            var refused: [Int64] = []
            _ = load(&limit, perSecond: 400, until: 301 * Self.second) { limit, now, _ in
                if taken.count >= takes, now - taken[taken.count - takes] < Self.second {
                    refused.append(now)
                    limit.throttled(at: now, retryAfterMilliseconds: 0)
                } else {
                    taken.append(now)
                }
            }
            let late = refused.filter { $0 > 15 * Self.second }.count
            let good = taken.filter { $0 > 15 * Self.second }.count
            print("\(configured) configured, \(takes) taken: \(good) good, \(late) refused in 286 s")
            XCTAssertLessThan(late * 50, good, "\(configured), \(takes)")
            XCTAssertGreaterThan(good * 10, takes * 286 * 9, "\(configured), \(takes)")
        }
    }

    func testASlotInAPauseIsLost() {
        var limit = RateLimit(perSecond: 1)
        _ = limit.reserve(at: 0)
        let slot = limit.reserve(at: 0)
        XCTAssertEqual(slot, Self.second)
        XCTAssertTrue(limit.keeps(slot))
        limit.throttled(at: 0, retryAfterMilliseconds: 5_000)
        XCTAssertFalse(limit.keeps(slot))
        XCTAssertEqual(limit.reserve(at: 0), 5 * Self.second)
        XCTAssertTrue(limit.keeps(5 * Self.second))
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
