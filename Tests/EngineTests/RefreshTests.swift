import Core
import Support
import XCTest

@testable import Engine

/// aigc_job_refresh and following.
final class RefreshTests: XCTestCase {
    private func attached(_ harness: Harness, follow: Bool = false, tag: String = "a") -> JobRecord {
        harness.attach(harness.cloud.plant(tag: tag, at: harness.clock.nanoseconds()), follow: follow)
    }

    func testARefreshIsExactlyOneCall() throws {
        let harness = try Harness()
        let job = attached(harness)
        harness.run(until: 60_000)
        XCTAssertEqual(harness.transport.started, 0, "not followed: nothing is sent by itself")
        harness.refresh(job)
        harness.run(for: 60_000)
        XCTAssertEqual(harness.transport.started, 1)
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertEqual(harness.events(.jobRefreshed, of: job).count, 1)
        harness.runToTheEnd()
        harness.checkPromises("refresh")
    }

    /// Whatever happens to the one call: it is not repeated, and it does not end the job.
    func testAFailedRefreshIsNotRepeatedAndEndsNothing() throws {
        for fault in Fault.ofCalls {
            let harness = try Harness()
            harness.cloud.runningMilliseconds = 3_600_000 / 2
            harness.transport.setScript { _ in fault }
            let job = attached(harness)
            harness.refresh(job)
            harness.run(until: 600_000)
            XCTAssertEqual(harness.transport.started, 1, "\(fault)")
            XCTAssertFalse(job.snapshot.state.isTerminal, "\(fault)")
            XCTAssertEqual(job.refreshesDone, 1, "\(fault)")
            if ![.delay(milliseconds: 20_000), .slowConnection(milliseconds: 4_000)].contains(fault) {
                XCTAssertNotNil(job.refreshFailure, "\(fault)")
                XCTAssertEqual(harness.events(.jobRefreshed, of: job).first?.status, job.refreshFailure?.status)
            }
            if fault == .clockSkew(seconds: 3_600) { continue }  // what was learned from it was not true
            // And the next one, with the network in order again, is good.
            harness.transport.setScript { _ in nil }
            harness.refresh(job)
            harness.run(for: 10_000)
            XCTAssertEqual(harness.transport.started, 2, "\(fault)")
            XCTAssertNil(job.refreshFailure, "\(fault)")
            XCTAssertEqual(job.snapshot.state, .running)
        }
    }

    /// A refresh takes the place of the next poll of a followed job, or is answered by the one under way.
    func testARefreshOfAFollowedJob() throws {
        let harness = try Harness()
        let job = attached(harness, follow: true)
        harness.run(until: 500)
        let before = harness.transport.started
        harness.refresh(job)
        harness.run(until: 600)
        XCTAssertEqual(harness.transport.started, before + 1)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        harness.checkPromises("followed")
    }

    /// A refresh at every 5 ms of a life that a poll, a cancel or a deadline ends meanwhile: it is always answered.
    func testARefreshNeverHangs() throws {
        for moment in stride(from: Int64(0), through: 4_500, by: 5) {
            let harness = try Harness()
            let jobs = [
                attached(harness, follow: true), attached(harness, follow: false, tag: "b"), harness.submit("c"),
            ]
            harness.deadline(jobs[1], 2_000)
            harness.run(until: moment)
            if moment % 3 == 0 { harness.cancel(jobs[moment % 2 == 0 ? 0 : 2]) }
            for job in jobs { harness.refresh(job) }
            if moment % 7 == 0 { harness.cancel(jobs[0]) }
            harness.runToTheEnd()
            for job in jobs { XCTAssertEqual(job.refreshesDone, job.refreshesAsked, "at \(moment) ms") }
            harness.checkPromises("refresh at \(moment) ms")
        }
    }

    func testManyRefreshesAtOnceShareTheCall() throws {
        let harness = try Harness()
        let job = attached(harness)
        for _ in 0..<10 { harness.refresh(job) }
        harness.run(until: 1_000)
        XCTAssertEqual(harness.transport.started, 1)
        XCTAssertEqual(job.refreshesDone, 10)
    }

    /// The answer has come and the engine has not looked at it yet: a refresh that is asked for now shares it.
    func testARefreshInTheMomentOfAnAnswerSharesIt() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 60_000
        let job = attached(harness)
        harness.refresh(job)
        harness.transport.setBeforeDelivery { [unowned harness] in
            harness.transport.setBeforeDelivery {}
            harness.refresh(job)
        }
        harness.run(until: 1_000)
        XCTAssertEqual(harness.transport.started, 1)
        XCTAssertEqual(job.refreshesDone, 2)
        XCTAssertNil(job.refreshFailure)
    }

    /// The same where the answer ends the job: nothing is told after the end.
    func testARefreshInTheMomentOfTheEndIsToldBeforeIt() throws {
        for follows in [true, false] {
            let harness = try Harness()
            let job = attached(harness, follow: follows)
            if !follows {
                harness.run(until: 10_000)
                harness.refresh(job)
            }
            harness.transport.setBeforeDelivery { [unowned harness] in
                // With the answer that ends the job.
                if harness.elapsed >= 2_000 || !follows { harness.refresh(job) }
            }
            harness.runToTheEnd()
            XCTAssertEqual(job.snapshot.state, .succeeded)
            XCTAssertEqual(job.refreshesDone, job.refreshesAsked)
            let told = harness.events.filter { $0.job == job.id }.map(\.type)
            XCTAssertTrue(told.contains(.jobRefreshed), "\(told)")
            XCTAssertEqual(told.last, .jobDone, "\(told)")
            harness.checkPromises("refresh at the end")
        }
    }

    /// A waiting thread gets the result of its own refresh, however late it wakes up.
    func testAWaiterGetsItsOwnRefresh() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 600_000
        let job = attached(harness)
        let waiters = try (0..<3).map { _ in try Waiter() }
        harness.refresh(job, waiters[0])
        harness.run(until: 1_000)
        harness.transport.setScript { _ in .reset(executed: false) }
        harness.refresh(job, waiters[1])
        harness.run(until: 2_000)
        // The last one is still asked for when the job ends.
        harness.refresh(job, waiters[2])
        harness.cancel(job)
        harness.run(until: 3_000)
        XCTAssertEqual(waiters[0].awaits, .nothing(nil))
        guard case .nothing(let second?) = waiters[1].awaits, case .nothing(let third?) = waiters[2].awaits else {
            return XCTFail("\(waiters.map(\.awaits))")
        }
        XCTAssertEqual(second.status, .network)
        XCTAssertEqual(third.status, .cancelled)
        XCTAssertTrue(job.waiters.isEmpty)
    }

    /// A refresh that a closed client refuses leaves no event.
    func testARefreshAfterCloseIsNotAskedFor() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 600_000
        let job = attached(harness)
        harness.run(until: 100)
        harness.close(grace: 0)
        harness.refresh(job)
        harness.runToTheEnd()
        XCTAssertEqual(job.refreshesAsked, 0)
        XCTAssertEqual(harness.events(.jobRefreshed, of: job).count, 0)
    }

    // MARK: - Following

    func testFollowingOffAndOn() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 100_000
        let job = harness.submit("a")
        harness.run(until: 10_000)
        harness.follow(job, false)
        harness.run(until: 11_000)
        let off = harness.transport.started
        harness.run(until: 90_000)
        XCTAssertEqual(harness.transport.started, off, "nothing is polled")
        harness.follow(job, true)
        harness.run(until: 90_200)
        XCTAssertEqual(harness.transport.started, off + 1, "seen at once")
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        harness.checkPromises("follow")
    }

    func testTogglingDoesNotMultiplyPolls() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 60_000
        let job = harness.submit("a")
        for round in 0..<200 {
            harness.run(for: 1)
            harness.follow(job, round % 2 == 0)
        }
        harness.follow(job, true)
        harness.run(until: 1_000)
        XCTAssertLessThan(harness.arrivals("status").count, 8)
        harness.runToTheEnd()
        harness.checkPromises("toggle")
    }

    func testAnUnfollowedJobEndsByItsDeadline() throws {
        let harness = try Harness()
        let job = attached(harness)
        harness.deadline(job, 5_000)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.failure?.status, .deadline)
        XCTAssertEqual(harness.elapsed, 5_000)
    }
}
