import Core
import Support
import XCTest

@testable import Engine

/// A cloud that runs only so many tasks of an account at once: submissions wait for a slot, and nothing else waits.
final class SlotTests: XCTestCase {
    private func submits(_ harness: Harness) -> Int { harness.arrivals("submit").count }

    /// 60 tasks of 30 s, ten at once: three minutes, and few refusals.
    func testSlotsAreUsedAsTheyComeFree() throws {
        let harness = try Harness()
        harness.cloud.mostTasks = 10
        harness.cloud.runningMilliseconds = 30_000
        let jobs = (0..<60).map { harness.submit("t\($0)") }
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(harness.cloud.executionCount, 60)
        print("60 tasks, ten at once: \(submits(harness)) submissions, \(harness.elapsed / 1_000) s")
        XCTAssertLessThan(harness.elapsed, 240_000, "ideal are 183 s")
        XCTAssertLessThan(submits(harness), 60 + 50 + 70)
        XCTAssertEqual(harness.warnings.count, 1, "\(harness.warnings)")
        XCTAssertTrue(harness.core.jobs.slots.isEmpty)
        harness.checkPromises("slots")
    }

    /// Others use the account: the oldest job asks every 5 to 8 s, and 300 that wait cost hardly more calls than one.
    func testWaitingIsCheapAndOrderly() throws {
        for count in [1, 300] {
            let harness = try Harness()
            harness.cloud.mostTasks = 5
            harness.cloud.tasksOfOthers = 5
            let jobs = (0..<count).map { harness.submit("t\($0)") }
            harness.run(until: 10_000)
            let first = submits(harness)
            harness.run(until: 310_000)
            let tries = submits(harness) - first
            print("\(count) jobs wait for a slot: \(tries) tries in 300 s")
            XCTAssertGreaterThanOrEqual(tries, 300 / 8)
            XCTAssertLessThanOrEqual(tries, 2 * 300 / 5)
            for job in jobs {
                XCTAssertEqual(job.snapshot.state, .queued)
                XCTAssertEqual(job.snapshot.waitReason?.providerCode, "crowd", "why it waits can be read")
            }
            // Room for all: each one that is accepted lets the next one try.
            harness.cloud.mostTasks = 0
            harness.run(for: 60_000)
            for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
            let accepted = harness.events.filter { $0.type == .jobAccepted }.map(\.job)
            XCTAssertEqual(accepted, accepted.sorted(), "the oldest first")
            harness.checkPromises("waiting, \(count)")
        }
    }

    /// Between two tries of one job there are 5 to 8 s, whatever the back-off of the configuration is.
    func testThePauseIsFiveToEightSeconds() throws {
        var settings = EngineSettings()
        settings.jobPolicy.retry = RetryPolicy(backoff: Backoff(baseMilliseconds: 1, capMilliseconds: 10))
        let harness = try Harness(settings: settings)
        harness.transport.setScript { $0.kind == .submit && $0.indexOfKind < 20 ? .tooManyTasks : nil }
        let job = harness.submit("a")
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        let times = harness.arrivals("submit").map { $0.at / 1_000_000 }
        XCTAssertEqual(times.count, 21)
        for (one, next) in zip(times, times.dropFirst()) {
            XCTAssertGreaterThanOrEqual(next - one, 5_000)
            XCTAssertLessThanOrEqual(next - one, 8_000 + 100)
        }
    }

    /// Status calls, and submissions of another kind, are as quick as ever.
    func testOtherCallsAreNotSlowed() throws {
        var settings = EngineSettings()
        settings.rates = ["fake/submit": 20, "fake/query": 20]
        func statusCalls(crowded: Bool) throws -> Int {
            let harness = try Harness(settings: settings)
            harness.cloud.runningMilliseconds = 600_000
            harness.transport.setScript {
                crowded && $0.kind == .submit && $0.subject.hasPrefix("crowd") ? .tooManyTasks : nil
            }
            for number in 0..<30 { harness.submit("t\(number)") }
            for number in 0..<30 { harness.submit("crowd\(number)", follow: false) }
            harness.run(until: 60_000)
            let before = submits(harness)
            let late = (0..<40).map { harness.submit("late\($0)", operation: "paint") }
            harness.run(for: 2_500)
            for job in late { XCTAssertEqual(job.snapshot.outcome, .accepted, "20 a second") }
            XCTAssertGreaterThanOrEqual(submits(harness) - before, 40)
            return harness.arrivals("status").count
        }
        XCTAssertGreaterThan(try statusCalls(crowded: true), try statusCalls(crowded: false) * 9 / 10)
    }

    /// What waits can be cancelled and has its deadline; the line continues without it.
    func testEndsOfWhatWaits() throws {
        let harness = try Harness()
        harness.cloud.mostTasks = 1
        harness.cloud.tasksOfOthers = 1
        let cancelled = harness.submit("a")
        let late = harness.submit("b", deadline: 60_000)
        let last = harness.submit("c")
        harness.run(until: 30_000)
        harness.cancel(cancelled)
        harness.run(until: 120_000)
        XCTAssertEqual(cancelled.snapshot.failure?.status, .cancelled)
        XCTAssertEqual(late.snapshot.failure?.status, .deadline)
        XCTAssertEqual(late.snapshot.failure?.outcome, .notSent)
        XCTAssertTrue(late.snapshot.failure?.message.contains("the newest try failed: The cloud said crowd") == true)
        harness.cloud.tasksOfOthers = 0
        harness.run(for: 20_000)
        XCTAssertEqual(last.snapshot.state, .succeeded)
        harness.runToTheEnd()
        XCTAssertTrue(harness.core.jobs.slots.isEmpty)
        harness.checkPromises("ends")
    }

    /// A limit of tries counts here too.
    func testALimitOfTriesHolds() throws {
        var settings = EngineSettings()
        settings.jobPolicy.retry.maximumAttempts = 3
        let harness = try Harness(settings: settings)
        harness.transport.setScript { _ in .tooManyTasks }
        let job = harness.submit("a")
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.failure?.status, .throttled)
        XCTAssertEqual(submits(harness), 3)
        XCTAssertTrue(harness.core.jobs.slots.isEmpty)
        harness.checkPromises("three tries")
    }

    // MARK: - The limit

    /// 200 jobs where five may run: few refusals, and hardly a moment without five that run. Jobs of 2, 12 and 60 s, with
    /// the rates of Tencent and without any.
    ///
    /// An end is seen by a status call, and used by a submission after its answer: if each answer takes 50 ms and calls
    /// leave 51 ms apart, then 4 % of 2 s are lost by that alone.
    func testTwoHundredJobsWhereFiveMayRun() throws {
        for (latency, rated) in [(15, true), (15, false), (50, true), (50, false)] as [(Int64, Bool)] {
            for (pending, running) in [(500, 1_500), (2_000, 10_000), (10_000, 50_000)] as [(Int64, Int64)] {
                let life = pending + running
                let words = "200 jobs of \(life) ms, answers after \(latency) ms, \(rated ? "rated" : "unrated")"
                let seeds = life == 2_000 ? [1, 2, 3] : [1]
                let found = try seeds.map { try fiveMayRun(pending, running, latency, rated, seed: UInt64($0)) }
                let refused = found.map(\.refused).max() ?? 0
                let busy = found.map(\.busy).reduce(0, +) / Double(seeds.count)
                print("\(words): \(refused) refusals, \(busy) busy, \(found[0].calls) status calls a job")
                XCTAssertLessThanOrEqual(refused, 10, words)
                if refused > 1_000 { return }  // nothing is learned: the other rounds would only take long
                XCTAssertGreaterThanOrEqual(busy, life == 2_000 && latency == 50 && rated ? 0.93 : 0.95, words)
            }
        }
    }

    private func fiveMayRun(
        _ pending: Int64, _ running: Int64, _ latency: Int64, _ rated: Bool, seed: UInt64
    ) throws -> (refused: Int, busy: Double, calls: Int) {
        var settings = EngineSettings()
        if rated { settings.rates = ["fake/submit": 20, "fake/query": 20] }
        let harness = try Harness(seed: seed, settings: settings)
        harness.mostCalls = 50_000  // 250 for each job; without a limit there are millions
        harness.transport.setLatency { _ in latency }
        if rated { harness.cloud.limits = ["submit": 20, "status": 20] }
        harness.cloud.mostTasks = 5
        (harness.cloud.pendingMilliseconds, harness.cloud.runningMilliseconds) = (pending, running)
        let jobs = (0..<200).map { harness.submit("t\($0)") }
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(harness.cloud.executionCount, 200)
        harness.checkPromises("five may run")
        let life = pending + running
        let submits = harness.arrivals("submit").map { ($0.at - harness.start) / 1_000_000 }
        let span = (submits.last ?? 0) - (submits.first ?? 0) + life
        return (
            submits.count - 200, Double(200 * life) / Double(5 * span), harness.arrivals("status").count / 200
        )
    }

    /// What waits for its permit when a refusal teaches the limit does not leave: it would be refused as well.
    func testARefusalTakesBackWhatHasNotLeft() throws {
        for journal in [nil, FakeJournal()] { try takesBack(journal) }
    }

    private func takesBack(_ journal: FakeJournal?) throws {
        var settings = EngineSettings()
        settings.rates = ["fake/submit": 20, "fake/query": 20]
        let harness = try Harness(settings: settings, journal: journal)
        harness.cloud.mostTasks = 2
        harness.cloud.runningMilliseconds = 600_000
        let jobs = (0..<20).map { journal == nil ? harness.submit("t\($0)") : harness.submit(key: "t\($0)") }
        harness.run(until: 3_000)
        XCTAssertLessThanOrEqual(submits(harness), 2 + 2, "the third one, and one that left before its answer came")
        XCTAssertEqual(jobs.filter { $0.snapshot.outcome == .accepted }.count, 2)
        for job in jobs[2...] {
            XCTAssertEqual(job.snapshot.state, .queued)
            XCTAssertEqual(job.snapshot.waitReason?.providerCode, "crowd", "why it waits can be read")
        }
        harness.cancel(jobs[5])
        harness.cloud.mostTasks = 0
        harness.run(for: 120_000)
        for (number, job) in jobs.enumerated() where number != 5 {
            XCTAssertEqual(job.snapshot.outcome, .accepted, "\(number)")
        }
        harness.runToTheEnd()
        harness.checkPromises("taken back")
    }

    /// What the host has set is kept, and nothing has to be refused for it.
    func testTheHostsNumberIsKept() throws {
        var settings = EngineSettings()
        settings.maximumTasks = 3
        let harness = try Harness(settings: settings)
        harness.cloud.mostTasks = 3
        let jobs = (0..<30).map { harness.submit("t\($0)") }
        let loose = harness.submit("loose", follow: false)
        harness.run(until: 500)
        XCTAssertEqual(submits(harness), 3)
        XCTAssertEqual(jobs[29].snapshot.state, .queued)
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(loose.snapshot.outcome, .accepted)
        XCTAssertEqual(submits(harness), 31, "nothing was refused")
        harness.checkPromises("three")
    }

    /// A held submission can be cancelled and has its deadline, and what ends here makes room.
    func testEndsOfWhatIsHeld() throws {
        var settings = EngineSettings()
        settings.maximumTasks = 1
        let harness = try Harness(settings: settings)
        harness.cloud.runningMilliseconds = 600_000
        let first = harness.submit("a")
        let cancelled = harness.submit("b")
        let late = harness.submit("c", deadline: 5_000)
        let last = harness.submit("d")
        harness.run(until: 2_000)
        harness.cancel(cancelled)
        harness.run(until: 10_000)
        XCTAssertEqual(cancelled.snapshot.failure?.outcome, .notSent)
        XCTAssertEqual(late.snapshot.failure?.status, .deadline)
        XCTAssertEqual(submits(harness), 1)
        harness.cancel(first)
        harness.run(for: 1_000)
        XCTAssertEqual(last.snapshot.outcome, .accepted, "nobody follows the first one any more")
        harness.close(grace: 0)
        harness.runToTheEnd()
        harness.checkPromises("held")
    }

    /// Others give their slots back: more is tried, at first one, then more.
    func testALimitThatGrowsIsFound() throws {
        let harness = try Harness()
        harness.cloud.mostTasks = 20
        harness.cloud.tasksOfOthers = 18
        harness.cloud.runningMilliseconds = 30_000
        for number in 0..<300 { harness.submit("t\(number)") }
        harness.run(until: 120_000)
        let before = submits(harness)
        harness.cloud.tasksOfOthers = 0
        harness.run(until: 400_000)
        let running = harness.core.jobs.active.values.filter { $0.machine.outcome == .accepted }.count
        XCTAssertGreaterThanOrEqual(running, 19, "all slots are found")
        print("a limit that grows: \(submits(harness) - before) submissions in 280 s, \(running) run")
        harness.runToTheEnd()
        harness.checkPromises("grows")
    }

    func testTheLimit() {
        let failure = CallFailure(.concurrencyLimit, Failure(.throttled, "crowd"))
        let second: Int64 = 1_000_000_000
        var limit = TaskLimit()
        for id in UInt64(1)...8 { XCTAssertTrue(limit.wants(id, at: 0)) }
        for id in UInt64(9)...17 { XCTAssertFalse(limit.wants(id, at: 0), "at first eight may be unanswered") }
        XCTAssertFalse(limit.waitsForEnds, "nothing has been refused")
        for id in UInt64(1)...3 { limit.accepted(id, isFollowed: true) }
        XCTAssertEqual((0..<6).map { _ in limit.next(at: 0) }, [9, 10, 11, 12, 13, 14], "two for each accepted")
        XCTAssertNil(limit.next(at: 0))
        for id in UInt64(4)...14 { limit.refused(id, failure, at: second) }
        XCTAssertEqual(limit.learned, 3)
        XCTAssertTrue(limit.waitsForEnds)
        for id in UInt64(4)...17 { XCTAssertFalse(limit.wants(id, at: second)) }
        XCTAssertNil(limit.next(at: second))
        limit.forget(2)
        XCTAssertEqual(limit.next(at: second), 4, "the oldest")
        XCTAssertNil(limit.next(at: second))
        limit.accepted(4, isFollowed: true)
        XCTAssertEqual(limit.wakeAt(after: second), 31 * second)
        XCTAssertEqual(limit.next(at: 31 * second), 5, "one more is tried")
        XCTAssertNil(limit.next(at: 31 * second))
        limit.refused(5, failure, at: 31 * second)
        XCTAssertEqual(limit.learned, 3)
        XCTAssertEqual(limit.wakeAt(after: 31 * second), 91 * second, "and the next one twice as late")
        XCTAssertFalse(limit.wants(5, at: 32 * second))
        XCTAssertEqual(limit.next(at: 91 * second), 5)
        limit.accepted(5, isFollowed: true)
        XCTAssertEqual(limit.learned, 4)
        XCTAssertEqual([limit.next(at: 91 * second), limit.next(at: 91 * second)], [6, 7], "two more at once")
        XCTAssertNil(limit.next(at: 91 * second))
        for id in UInt64(1)...17 { limit.forget(id) }
        XCTAssertFalse(limit.isCrowded)
        XCTAssertTrue(limit.wants(20, at: 92 * second))
        limit.refused(20, failure, at: 92 * second)
        XCTAssertEqual(limit.learned, 0, "others have all of it")
        XCTAssertTrue(limit.wants(20, at: 97 * second), "where nothing runs one may always try")
        XCTAssertFalse(limit.wants(21, at: 97 * second))
        limit.refused(20, failure, at: 98 * second)
        XCTAssertNil(limit.next(at: 98 * second), "the refused one is older, and tries first")
        XCTAssertEqual(limit.wakeAt(after: 98 * second), 122 * second)
    }

    // MARK: - The line

    func testTheLine() {
        var line = SlotLine()
        XCTAssertEqual(line.join(7), 0)
        XCTAssertEqual(line.join(3), 0)
        XCTAssertEqual(line.join(5), 1)
        XCTAssertEqual(line.join(7), 2)
        XCTAssertNil(line.next(), "no slot is free")
        line.slotFreed()
        line.slotFreed()
        XCTAssertEqual(line.next(), 3)
        XCTAssertEqual(line.next(), 5)
        XCTAssertNil(line.next())
        XCTAssertEqual(line.join(3), 0, "refused again: it is the oldest still")
        line.slotFreed()
        XCTAssertEqual(line.next(), 3)
        XCTAssertTrue(line.leave(3))
        XCTAssertFalse(line.leave(3))
        line.slotFreed()
        XCTAssertEqual(line.next(), 7)
        line.slotFreed()
        XCTAssertNil(line.next(), "both try")
        line.rests(5)
        XCTAssertNil(line.next(), "a slot that nobody took is not kept")
        line.slotFreed()
        XCTAssertEqual(line.next(), 5)
        XCTAssertTrue(line.leave(5))
        XCTAssertTrue(line.leave(7))
        XCTAssertTrue(line.isEmpty)
        line.slotFreed()
        XCTAssertEqual(line.join(1), 0)
        XCTAssertNil(line.next(), "a slot that came free while nobody waited says nothing")
    }

    // MARK: - job.max_followed

    /// Ten at once: the others wait, whether the ten were submitted or attached; jobs that are not followed do not wait.
    func testSoManyJobsAreFollowedAtOnce() throws {
        var settings = EngineSettings()
        settings.maximumFollowed = 10
        let harness = try Harness(settings: settings)
        harness.cloud.life = { _ in 20_000 }
        let attached = (0..<4).map { harness.attach(harness.cloud.plant(tag: "a\($0)", at: harness.start)) }
        let jobs = (0..<30).map { harness.submit("t\($0)") }
        let unfollowed = harness.submit("u", follow: false)
        harness.run(until: 10_000)
        XCTAssertEqual(jobs.filter { $0.snapshot.outcome == .accepted }.count, 6)
        XCTAssertEqual(unfollowed.snapshot.outcome, .accepted)
        XCTAssertEqual(jobs[6].snapshot.state, .queued)
        harness.follow(jobs[0], false)
        harness.cancel(jobs[20])
        harness.run(for: 1_000)
        XCTAssertEqual(jobs.filter { $0.snapshot.outcome == .accepted }.count, 7, "one that is not followed makes room")
        harness.follow(unfollowed, true)
        harness.run(for: 200_000)
        for (number, job) in jobs.enumerated() where number != 0 && number != 20 {
            XCTAssertEqual(job.snapshot.state, .succeeded, "\(number)")
        }
        for job in attached + [unfollowed] { XCTAssertEqual(job.snapshot.state, .succeeded) }
        let accepted = harness.events.filter { $0.type == .jobAccepted }
        XCTAssertEqual(accepted.count, 30)
        XCTAssertEqual(harness.warnings, [])
    }

    func testMoreAttachedThanAreToBeFollowed() throws {
        var settings = EngineSettings()
        settings.maximumFollowed = 2
        settings.maximumTasks = 1
        let harness = try Harness(settings: settings)
        harness.cloud.life = { _ in 5_000 }
        for number in 0..<5 { harness.attach(harness.cloud.plant(tag: "a\(number)", at: harness.start)) }
        let jobs = (0..<3).map { harness.submit("t\($0)") }
        harness.run(until: 2_000)
        for job in jobs { XCTAssertEqual(job.snapshot.state, .queued) }
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        harness.checkNothingLeft("attached")
    }
}
