import Core
import Support
import XCTest

@testable import Engine

/// Rates, places on the wire, fairness, and what a sick endpoint gets.
final class RateTests: XCTestCase {
    private func settings(_ rates: [String: Double]) -> EngineSettings {
        var settings = EngineSettings()
        settings.rates = rates
        return settings
    }

    /// The most arrivals of an action in any second.
    private func most(_ harness: Harness, _ action: String) -> Int {
        let times = harness.arrivals(action).map(\.at)
        var most = 0
        var first = 0
        for last in times.indices {
            while times[last] - times[first] >= 1_000_000_000 { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }

    func testFiveHundredSubmissionsAtOnceTakeTwentyFiveSecondsAndDrawNoComplaint() throws {
        let harness = try Harness(settings: settings(["fake/submit": 20, "fake/query": 20]))
        harness.cloud.limits = ["submit": 20, "status": 20]
        harness.cloud.runningMilliseconds = 15_000
        let jobs = (0..<500).map { harness.submit("t\($0)") }
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        let submits = harness.arrivals("submit")
        XCTAssertEqual(submits.count, 500, "no complaint, so nothing was sent again")
        // A fortieth of the rate is the price for never being refused.
        XCTAssertEqual(Double((submits.last?.at ?? 0) - harness.start) / 1e9, 25.6, accuracy: 0.2)
        XCTAssertLessThanOrEqual(most(harness, "submit"), 20)
        XCTAssertLessThanOrEqual(most(harness, "status"), 20)
        // Status calls kept running at their full rate while submissions waited.
        let during = harness.arrivals("status").filter { $0.at - harness.start < 25_000_000_000 }
        XCTAssertGreaterThan(during.count, 300)
        harness.checkPromises("500")
    }

    /// All places on the wire are taken by calls that hang, and come free at one instant: what waited must still not
    /// leave faster than its rate.
    func testTheRateHoldsWhenPlacesComeFreeAllAtOnce() throws {
        let harness = try Harness(settings: settings(["fake/submit": 20]))
        harness.transport.setLatency {
            $0.indexOfKind < 64 && $0.kind == .submit ? 30_000 - Int64($0.indexOfKind) * 50 : 10
        }
        for number in 0..<300 { harness.submit("t\(number)") }
        harness.runToTheEnd()
        XCTAssertLessThanOrEqual(most(harness, "submit"), 21)
        XCTAssertLessThanOrEqual(harness.transport.mostInFlight, 64)
        harness.checkPromises("burst")
    }

    /// A gate that wakes long after its slot has lost it: others may have left on time, and the provider would count both. Who
    /// is always late is not kept waiting for ever.
    func testALateGateReservesAnew() throws {
        let board = try RateRegistry()
        func permits() throws -> Permits {
            try Permits(XCTUnwrap(board.rate(provider: "p", account: "a", action: "x", perSecond: 2 * 1.025)))
        }
        var (late, other) = (try permits(), try permits())
        let ms: Int64 = 1_000_000
        XCTAssertTrue(late.take(at: 0).isGranted)
        XCTAssertEqual(late.take(at: 0).instant, 500 * ms)
        XCTAssertEqual(late.take(at: 499 * ms).instant, 500 * ms)
        XCTAssertEqual(other.take(at: 0).instant, 1_000 * ms, "one slot each")
        XCTAssertEqual(other.take(at: 0).instant, 1_000 * ms, "and one only, however often it asks")
        XCTAssertEqual(late.take(at: 551 * ms).instant, 1_500 * ms, "51 ms late")
        XCTAssertTrue(late.take(at: 1_600 * ms).isGranted, "late again, and served")
        XCTAssertEqual(late.take(at: 1_600 * ms).instant, 2_000 * ms)
        XCTAssertTrue(late.take(at: 2_025 * ms).isGranted, "25 ms are not late")
        XCTAssertEqual(late.take(at: 2_025 * ms).instant, 2_500 * ms)
        XCTAssertTrue(late.take(at: 2_540 * ms).isGranted, "40 ms are late")
        XCTAssertEqual(late.take(at: 2_540 * ms).instant, 3_015 * ms, "and what is beyond the room comes later")
    }

    /// Sixteen gates on a busy machine, each of which wakes up to 45 ms late: a cloud that counts strictly refuses at
    /// most five of 1,600 calls, and most of the rate is used.
    func testLateGatesKeepAStrictLimit() throws {
        let board = try RateRegistry()
        let random = SeededRandom(7)
        let ms: Int64 = 1_000_000
        var gates = try (0..<16).map { _ in
            try (
                permits: Permits(XCTUnwrap(board.rate(provider: "p", account: "a", action: "x", perSecond: 20))),
                wakesAt: Int64(0)
            )
        }
        var taken: [Int64] = []
        var (calls, refused, now) = (0, 0, Int64(0))
        while calls < 1_600 {
            let next = try XCTUnwrap(gates.indices.min { gates[$0].wakesAt < gates[$1].wakesAt })
            now = gates[next].wakesAt
            switch gates[next].permits.take(at: now) {
            case .notBefore(let slot): gates[next].wakesAt = slot + Int64(random.below(46)) * ms
            case .granted:
                calls += 1
                if taken.count >= 20, now - taken[taken.count - 20] < 1_000 * ms {
                    refused += 1
                } else {
                    taken.append(now)
                }
            }
        }
        let rate = Double(calls) / (Double(now) / 1e9)
        print("16 late gates: \(refused) of \(calls) refused, \(rate) a second")
        XCTAssertLessThanOrEqual(refused, 5)
        XCTAssertGreaterThanOrEqual(rate, 17)
    }

    /// New credentials while 100 submissions wait: what waits continues at one rate, signed by the new ones, and the statistics
    /// have one row for each action.
    func testACredentialChangeMakesNoSecondRate() throws {
        let harness = try Harness(settings: settings(["fake/submit": 20, "fake/query": 20]))
        harness.cloud.limits = ["submit": 20, "status": 20]
        harness.cloud.runningMilliseconds = 60_000
        harness.push("one")
        let first = (0..<100).map { harness.submit("t\($0)") }
        harness.run(until: 2_000)
        harness.push("two")
        let later = (0..<100).map { harness.submit("u\($0)") }
        harness.run(until: 15_000)
        for job in first + later { XCTAssertEqual(job.snapshot.outcome, .accepted) }
        XCTAssertLessThanOrEqual(most(harness, "submit"), 20)
        XCTAssertEqual(harness.arrivals("submit").count, 200, "nothing was refused")
        let late = harness.arrivals("submit").filter { $0.at - harness.start > 2_100_000_000 }
        XCTAssertEqual(Set(late.map(\.key)).count, 1, "the new credentials sign what waited")
        let rows = harness.rates.rows(at: harness.clock.nanoseconds())
        XCTAssertEqual(rows.count { $0.action == "submit" }, 1)
        for row in rows {
            XCTAssertEqual(row.throttled, 0)
            XCTAssertLessThanOrEqual(row.inForce, 20)
            XCTAssertGreaterThan(row.waited, 0)
        }
        harness.runToTheEnd()
        harness.checkPromises("new credentials")
    }

    /// Without a configured rate 2,000 submissions wait for a place; status calls take turns with them.
    func testStatusCallsTakeTurnsWithSubmissionsThatWaitForAPlace() throws {
        let harness = try Harness()
        harness.transport.setLatency { $0.kind == .submit ? 1_000 : 50 }
        harness.cloud.runningMilliseconds = 3_000
        let jobs = (0..<2_000).map { harness.submit("t\($0)") }
        harness.run(until: 8_000)
        XCTAssertLessThan(harness.arrivals("submit").count, 2_000, "submissions still wait")
        XCTAssertTrue(jobs[0].snapshot.state == .succeeded, "the first job has been seen done meanwhile")
        XCTAssertGreaterThan(harness.arrivals("status").count, 64)
        harness.runToTheEnd()
        harness.checkPromises("turns")
    }

    func testNeverMoreOnTheWireThanThereArePlaces() throws {
        var settings = EngineSettings()
        settings.maximumInFlight = 7
        settings.maximumDownloads = 3
        let harness = try Harness(settings: settings)
        let jobs = (0..<100).map { harness.submit("t\($0)") }
        harness.runToTheEnd()
        XCTAssertEqual(harness.transport.mostInFlight, 7)
        for job in jobs { try harness.download(job) }
        harness.runToTheEnd()
        XCTAssertEqual(harness.transport.mostInFlight, 7)
        harness.checkPromises("places")
    }

    /// A cloud that takes five a second where twenty are configured: all is sent in the end, little is refused.
    func testAThrottlingCloudIsFollowed() throws {
        let harness = try Harness(settings: settings(["fake/query": 20]))
        harness.cloud.limits = ["status": 5]
        harness.cloud.runningMilliseconds = 120_000
        for number in 0..<60 { harness.submit("t\(number)") }
        harness.run(until: 120_000)
        let calls = harness.arrivals("status").filter { $0.at - harness.start > 20_000_000_000 }
        XCTAssertLessThan(calls.count, 100 * 7, "about five a second, not twenty")
        XCTAssertGreaterThan(calls.count, 100 * 2)
        harness.cloud.limits = [:]
        harness.runToTheEnd()
        for record in harness.records.values { XCTAssertEqual(record.snapshot.state, .succeeded) }
        harness.checkPromises("throttling cloud")
    }

    func testRetryAfterStopsTheWholeAccount() throws {
        let harness = try Harness(settings: settings(["fake/submit": 20]))
        harness.transport.setScript { $0.index == 0 ? .throttle(milliseconds: 5_000) : nil }
        for number in 0..<10 { harness.submit("t\(number)") }
        harness.runToTheEnd()
        let times = harness.arrivals("submit").map { ($0.at - harness.start) / 1_000_000 }
        XCTAssertTrue(times.allSatisfy { $0 < 200 || $0 >= 5_050 }, "\(times)")
        harness.checkPromises("retry after")
    }

    /// A client that waits because another one was asked to wait says so, once.
    func testAPauseThatAnotherClientWasAskedForIsTold() throws {
        for (seconds, warns) in [(120, true), (11, true), (9, false)] {
            let harness = try Harness(settings: settings(["fake/submit": 20]))
            let rate = harness.rates.rate(provider: "fake", account: "key-1", action: "submit", perSecond: 20)
            rate?.throttled(at: harness.clock.nanoseconds(), retryAfterMilliseconds: Int64(seconds) * 1_000)
            for number in 0..<3 { harness.submit("t\(number)") }
            harness.run(for: 1_000)
            XCTAssertEqual(harness.arrivals("submit").count, 0)
            XCTAssertEqual(harness.warnings.count, warns ? 1 : 0, "\(harness.warnings)")
            XCTAssertTrue(harness.warnings.allSatisfy { $0.contains("another client") }, "\(harness.warnings)")
            harness.runToTheEnd()
            XCTAssertEqual(harness.arrivals("submit").count, 3)
            XCTAssertEqual(harness.warnings.count, warns ? 1 : 0, "\(harness.warnings)")
        }
    }

    /// The client that was asked says so with the provider's words, and not twice.
    func testAPauseIsToldOnce() throws {
        let harness = try Harness(settings: settings(["fake/submit": 20]))
        harness.transport.setScript { $0.index == 0 ? .throttle(milliseconds: 120_000) : nil }
        for number in 0..<3 { harness.submit("t\(number)") }
        harness.runToTheEnd()
        XCTAssertEqual(harness.warnings.filter { $0.contains("asked for a rest") }.count, 1, "\(harness.warnings)")
        XCTAssertFalse(harness.warnings.contains { $0.contains("another client") }, "\(harness.warnings)")
    }

    /// 20,000 submissions without a configured rate, one in 500 refused as too many: as quick as without the refusals.
    func testARefusalNowAndThenDoesNotSlowALongRun() throws {
        func seconds(_ every: Int) throws -> Int64 {
            let harness = try Harness()
            harness.takesEvents = false
            harness.cloud.runningMilliseconds = 0
            harness.transport.setLatency { _ in 220 }
            if every > 0 {
                harness.transport.setScript {
                    $0.kind == .submit && $0.indexOfKind % every == every - 1 ? .throttle(milliseconds: 0) : nil
                }
            }
            for number in 0..<20_000 { harness.submit("t\(number)", follow: false) }
            harness.run(until: 200_000)
            XCTAssertEqual(harness.cloud.executionCount, 20_000, "one in \(every)")
            XCTAssertEqual(harness.cloud.tagsExecutedTwice, [])
            let last = harness.arrivals("submit").last?.at ?? .max
            return (last - harness.start) / 1_000_000_000
        }
        let without = try seconds(0)
        let with = try seconds(500)
        print("20,000 submissions: \(without) s, with one refusal in 500 \(with) s")
        XCTAssertLessThanOrEqual(with, without * 115 / 100)
    }

    // MARK: - A sick endpoint

    /// 1,000 accepted jobs, and nobody answers any more.
    func testADeadEndpointIsNotHammered() throws {
        for fault in [Fault.refuseConnection, .reset(executed: true)] {
            let harness = try Harness()
            for number in 0..<1_000 {
                harness.attach(
                    harness.cloud.plant(tag: "t\(number)", at: harness.clock.nanoseconds()), deadline: 1_200_000)
            }
            harness.cloud.runningMilliseconds = 3_600_000
            harness.transport.setScript { _ in fault }
            var perMinute: [Int] = []
            var perSecond = 0
            for minute in Int64(1)...7 {
                let before = harness.transport.started
                for second in Int64(1)...60 {
                    let first = harness.transport.started
                    harness.run(until: (minute - 1) * 60_000 + second * 1_000)
                    if minute > 3 { perSecond = max(perSecond, harness.transport.started - first) }
                }
                perMinute.append(harness.transport.started - before)
            }
            print("dead endpoint, \(fault): attempts a minute \(perMinute), at most \(perSecond) a second")
            XCTAssertLessThan(perMinute[6], 1_200, "\(fault)")
            XCTAssertLessThan(perSecond, 60, "\(fault): they come apart, not in one herd")
            // The pause is ours: no error says that the provider asked for it.
            if let job = harness.records.values.first(where: { $0.snapshot.state == .pending }) {
                harness.refresh(job)
                harness.run(for: 1_000)
                XCTAssertNotNil(job.refreshFailure)
                XCTAssertEqual(job.refreshFailure?.retryAfterMilliseconds, 0)
            }
            // And when it comes back, everybody is served within the slowest pace.
            harness.transport.setScript { _ in nil }
            harness.cloud.pendingMilliseconds = 0
            harness.cloud.runningMilliseconds = 0
            harness.run(for: 130_000)
            let left = harness.records.values.filter { $0.snapshot.state != .succeeded }.count
            XCTAssertEqual(left, 0, "\(fault)")
            harness.checkPromises("dead endpoint")
        }
    }

    /// The budget allows a few failures.
    func testAFewFailuresAreTriedAgainQuickly() throws {
        let harness = try Harness()
        harness.transport.setScript { $0.kind == .status && $0.indexOfKind < 3 ? .unavailable(executed: true) : nil }
        let job = harness.submit("a")
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertLessThan(harness.elapsed, 15_000)
    }

    /// Where many wait, a status call is a number until its turn comes, and all that is known of it is right all the same.
    func testCallsThatStandInACrowd() throws {
        var settings = EngineSettings()
        settings.maximumInFlight = 2
        settings.learnsPauses = false
        let harness = try Harness(settings: settings)
        let jobs = (0..<300).map { harness.attach(harness.cloud.plant(tag: "t\($0)", at: harness.start)) }
        let cancelled = jobs[200]
        _ = harness.mailbox.post(.cancel(cancelled.id))
        harness.runToTheEnd()
        for job in jobs where job !== cancelled { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(cancelled.snapshot.state, .cancelled)
        harness.checkNothingLeft("a crowd")

        let calls = try XCTUnwrap(harness.mailbox.counts.statistics.calls.first { $0.name.action == "status" })
        XCTAssertEqual(calls.started, UInt64(harness.arrivals("status").count))
        XCTAssertGreaterThan(calls.started, 350, "many were asked for more than once")
        let longest = Double(harness.elapsed)
        XCTAssertLessThan(calls.waits.sumMilliseconds / Double(calls.started), longest, "counted from when it was due")
        XCTAssertGreaterThan(calls.waits.sumMilliseconds / Double(calls.started), 100, "they did wait")
    }

    /// Ten thousand jobs from submission to end, in seconds of real time.
    func testTenThousandJobs() throws {
        let harness = try Harness()
        harness.takesEvents = false
        let clock = SystemClock()
        let began = clock.nanoseconds()
        for number in 0..<10_000 { harness.submit("t\(number)") }
        harness.runToTheEnd()
        let seconds = Double(clock.nanoseconds() - began) / 1e9
        let done = harness.records.values.filter { $0.snapshot.state == .succeeded }.count
        XCTAssertEqual(done, 10_000)
        XCTAssertEqual(harness.cloud.executionCount, 10_000)
        print("10,000 jobs: \(harness.transport.started) calls in \(seconds) s, \(harness.elapsed / 1_000) s virtual")
        XCTAssertLessThan(seconds, 30)
        harness.checkNothingLeft("10,000")
    }
}

extension Permit {
    fileprivate var isGranted: Bool { if case .granted = self { true } else { false } }
    fileprivate var instant: Int64? { if case .notBefore(let at) = self { at } else { nil } }
}
