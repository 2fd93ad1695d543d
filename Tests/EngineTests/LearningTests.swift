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

    // MARK: - Kinds

    private func status(_ harness: Harness, _ jobs: Int, _ name: String, variant: String, seconds: Int64) -> Int {
        let before = harness.arrivals("status").count
        harness.cloud.life = { _ in seconds * 1_000 }
        for number in 0..<jobs {
            harness.submit("\(name)-\(number)", variant: variant)
            harness.runToTheEnd()
        }
        return harness.arrivals("status").count - before
    }

    /// Two models of one operation, 6 s and 60 s: each has calls where its own jobs end.
    func testEachKindLearnsForItself() throws {
        let harness = try Harness()
        for round in 0..<6 {
            _ = status(harness, 8, "quick\(round)", variant: "a", seconds: 6)
            _ = status(harness, 8, "slow\(round)", variant: "b", seconds: 60)
        }
        XCTAssertEqual(harness.mailbox.counts.statistics.kindsKnown, 2)
        let slow = status(harness, 8, "slow", variant: "b", seconds: 60)
        XCTAssertLessThanOrEqual(
            slow, 8 * 14, "a loop takes 13, and none of them is spent on the age of the quick ones")
        // A kind that nobody knows uses what is known of the operation.
        harness.cloud.life = { _ in 6_000 }
        let job = harness.submit("new", variant: "c")
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertEqual(harness.mailbox.counts.statistics.kindsKnown, 2)
    }

    func testInventedVariantsAreOneKindInTheEnd() throws {
        let harness = try Harness()
        harness.cloud.life = { _ in 3_000 }
        for number in 0..<400 { harness.submit("t\(number)", variant: "v\(number)") }
        harness.runToTheEnd()
        for job in harness.records.values { XCTAssertEqual(job.snapshot.state, .succeeded) }
        harness.checkNothingLeft("variants")
    }

    // MARK: - The journal

    /// A fresh client knows what earlier ones have learned, and tells what it has learned.
    func testTheJournalRemembersKinds() throws {
        let journal = FakeJournal()
        let first = try Harness(journal: journal)
        _ = status(first, 40, "a", variant: "m\t1", seconds: 12)
        first.core.jobs.keepHistories(isEnd: true)
        var kept: [String: JournalHistory] = [:]
        for history in journal.kept.joined() { kept[history.kind] = history }
        XCTAssertEqual(Set(kept.keys), ["fake\tdraw\t", "fake\tdraw\tm\t1"])
        let jobs = try XCTUnwrap(PollHistory(bytes: XCTUnwrap(kept["fake\tdraw\tm\t1"]).bins)).jobs
        XCTAssertEqual(jobs, 40)
        XCTAssertLessThanOrEqual(journal.kept.count, 25, "480 s: not more than one write in 30 s, and one at the end")
        first.core.jobs.keepHistories(isEnd: true)
        XCTAssertLessThanOrEqual(journal.kept.count, 25, "nothing is new")

        let again = FakeJournal()
        again.learned = Array(kept.values) + [JournalHistory(kind: "fake\tdraw\tbad", bins: [1, 2, 3])]
        let second = try Harness(journal: again)
        let learned = status(second, 1, "b", variant: "m\t1", seconds: 12)
        let cold = try Harness()
        let unlearned = status(cold, 1, "b", variant: "m\t1", seconds: 12)
        XCTAssertLessThanOrEqual(learned, unlearned + 1)
        XCTAssertTrue(learner(second, "m\t1").isKnown)
        XCTAssertFalse(learner(second, "bad").isKnown)
    }

    private func learner(_ harness: Harness, _ variant: String) -> PollLearner {
        var learners = harness.core.jobs.polls
        return learners.learner(PollLearners.Kind(provider: "fake", operation: "draw", variant: variant))
    }

    func testWhereNothingIsToBeLearnedNothingIsReadOrKept() throws {
        let journal = FakeJournal()
        var settings = EngineSettings()
        settings.learnsPauses = false
        let harness = try Harness(settings: settings, journal: journal)
        _ = status(harness, 20, "a", variant: "m", seconds: 6)
        harness.core.jobs.keepHistories(isEnd: true)
        XCTAssertEqual(journal.kept.count, 0)
    }

    // MARK: - Ranked permits

    /// 600 jobs of two known kinds at 20 status calls a second: the mean lag is below that of first come, first served.
    func testAPermitGoesToTheCallThatIsWorthMost() throws {
        var settings = EngineSettings()
        settings.rates = ["fake/query": 20]
        settings.maximumInFlight = 1_000
        let harness = try Harness(settings: settings)
        _ = status(harness, 70, "quick", variant: "a", seconds: 8)
        _ = status(harness, 70, "slow", variant: "b", seconds: 60)
        harness.cloud.life = { $0.hasPrefix("a") ? 8_000 : 60_000 }
        let jobs = (0..<600).map {
            $0 % 3 == 0 ? harness.submit("b\($0)", variant: "b") : harness.submit("a\($0)", variant: "a")
        }
        harness.runToTheEnd()
        var lag = 0.0
        for (number, job) in jobs.enumerated() {
            let events = harness.events.filter { $0.job == job.id }
            let accepted = try XCTUnwrap(events.first { $0.type == .jobAccepted }).at
            let done = try XCTUnwrap(events.first { $0.type == .jobDone }).at
            lag += Double(done - accepted) / 1e9 - (number % 3 == 0 ? 60 : 8)
        }
        print("600 jobs at once: mean lag \(lag / 600) s")
        XCTAssertLessThan(lag / 600, 15, "400 of 8 s take 20 s to look at, 200 of 60 s ten more")
        harness.checkPromises("ranked")
    }

    /// What the host asks for does not wait behind what is worth more.
    func testARefreshGoesFirst() throws {
        var settings = EngineSettings()
        settings.rates = ["fake/query": 10]
        let harness = try Harness(settings: settings)
        harness.cloud.life = { _ in 600_000 }
        let jobs = (0..<300).map { harness.submit("t\($0)") }
        harness.run(until: 40_000)
        let job = jobs[150]
        let asked = harness.refresh(job)
        harness.run(for: 3_000)
        XCTAssertGreaterThanOrEqual(job.refreshesDone, asked)
    }
}
