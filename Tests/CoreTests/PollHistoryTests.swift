@testable import Core
import Support
import XCTest

/// What is learned of durations saves calls where no job ends, and nothing that is learned can make a pause senseless.
final class PollHistoryTests: XCTestCase {
    private let random = SeededRandom(11)

    private func uniform() -> Double { Double(random.next() >> 11) / Double(UInt64(1) << 53) }

    /// About so long: most of a sum of three.
    private func duration(_ middle: Double, _ spread: Double) -> Int64 {
        Int64(middle * (1 + spread * (uniform() + uniform() + uniform() - 1.5)))
    }

    /// Mean lag in milliseconds and calls of jobs that are followed, each teaching the next.
    private func follow(_ jobs: Int, learns: Bool = true, skip: Int = 100, _ duration: () -> Int64) -> (
        lag: Double, calls: Double
    ) {
        var history = PollHistory()
        var schedule = PollSchedule()
        var lag = 0.0
        var made = 0.0
        for number in 0..<jobs {
            let end = duration()
            var at: Int64 = 0
            var before: Int64 = 0
            var count = 0.0
            while at < end {
                before = at
                at += schedule.pause(sinceAcceptedMilliseconds: at, random: random.next())
                count += 1
            }
            history.add(notDoneAt: before, doneAt: at)
            if learns, let rates = history.rates(pauseMilliseconds: 5_000) { schedule.rates = rates }
            if number >= skip {
                lag += Double(at - end)
                made += count
            }
        }
        return (lag / Double(jobs - skip), made / Double(jobs - skip))
    }

    /// What a loop comes to that makes a call at once and one after each 5 s.
    private func loop(_ jobs: Int, _ duration: () -> Int64) -> (lag: Double, calls: Double) {
        var lag = 0.0
        var made = 0.0
        for _ in 0..<jobs {
            let end = duration()
            let pauses = (end + 4_999) / 5_000
            lag += Double(pauses * 5_000 - end)
            made += Double(1 + pauses)
        }
        return (lag / Double(jobs), made / Double(jobs))
    }

    func testCallsGoWhereJobsEnd() {
        for seconds in [3.0, 6, 12, 30, 60, 180, 600] {
            let learned = follow(1_000) { self.duration(seconds * 1_000, 0.5) }
            let fixed = loop(4_000) { self.duration(seconds * 1_000, 0.5) }
            let text = "jobs of \(seconds) s: \(learned), a loop: \(fixed)"
            XCTAssertLessThanOrEqual(learned.calls, fixed.calls, text)
            // Old ages are told apart less finely.
            XCTAssertLessThan(learned.lag, fixed.lag * (seconds <= 30 ? 0.5 : 0.55), text)
        }
        let plain = follow(1_000, learns: false) { self.duration(12_000, 0.5) }
        let learned = follow(1_000) { self.duration(12_000, 0.5) }
        XCTAssertLessThan(learned.calls, plain.calls / 2)
        XCTAssertLessThan(learned.lag, plain.lag * 1.2, "hardly later")
    }

    /// Ten of two hundred jobs have ended within two seconds, and the others have not: that few were quick does not make
    /// all of them quick. At ages that no job has reached, polls continue as in a loop.
    func testJobsThatStillRunCount() throws {
        var history = PollHistory()
        for _ in 0..<10 { history.add(notDoneAt: 1_800, doneAt: 2_000) }
        var running = [Double](repeating: 0, count: PollAges.count)
        running[PollAges.index(of: 3_000)] = 190
        let blind = try XCTUnwrap(history.rates(pauseMilliseconds: 5_000))
        let seeing = try XCTUnwrap(history.rates(pauseMilliseconds: 5_000, running: running))
        let quick = PollAges.index(of: 1_900)
        XCTAssertGreaterThan(blind[quick], seeing[quick] * 1.3)
        for (index, rate) in seeing.enumerated() where index > PollAges.index(of: 3_000) {
            XCTAssertGreaterThanOrEqual(rate, 1 / 5_000.0, "nobody knows of age \(PollAges.lower(index))")
        }
        XCTAssertEqual(history.rates(pauseMilliseconds: 5_000, running: [1]), blind, "not of this table")
    }

    /// While nothing is known: the calls of a loop, without the one at once, which finds nothing.
    func testUntilItIsKnownItIsALoop() {
        var schedule = PollSchedule()
        schedule.loopsUntilKnown = true
        for life in [100, 2_000, 2_600, 4_000, 7_000, 12_000, 33_000, 60_000, 600_000] as [Int64] {
            var lag = 0.0
            var calls = 0
            for _ in 0..<200 {
                var at: Int64 = 0
                while at < life {
                    at += schedule.pause(sinceAcceptedMilliseconds: at, random: random.next())
                    calls += 1
                }
                lag += Double(at - life) / 200
            }
            let pauses = (life + 4_999) / 5_000
            // Of a job that ends exactly at a call of the loop, every second one is seen at the next call.
            XCTAssertLessThanOrEqual(calls, 200 * Int(1 + pauses) + (life % 5_000 == 0 ? 150 : 0), "jobs of \(life) ms")
            // A loop is lucky where a job ends right before a call.
            let loop = Double(pauses * 5_000 - life)
            XCTAssertLessThanOrEqual(lag, max(loop, 2_500) + 130, "jobs of \(life) ms: a loop \(loop)")
        }
        var odd = PollSchedule(initialMilliseconds: 1, maximumMilliseconds: .max)
        odd.loopsUntilKnown = true
        for elapsed in [0, 1, 1_000_000_000, .max] as [Int64] {
            XCTAssertGreaterThan(odd.pause(sinceAcceptedMilliseconds: elapsed, random: .max), 0)
        }
    }

    func testAServiceThatBecomesQuickerOrSlowerIsNoticed() {
        var number = 0
        let quicker = follow(1_200, skip: 1_000) {
            number += 1
            return self.duration(number < 600 ? 30_000 : 5_000, 0.4)
        }
        XCTAssertLessThan(quicker.lag, 1_500)
        number = 0
        let slower = follow(1_200, skip: 1_000) {
            number += 1
            return self.duration(number < 600 ? 5_000 : 60_000, 0.4)
        }
        XCTAssertLessThan(slower.calls, 15)
        XCTAssertLessThan(slower.lag, 3_000)
    }

    func testTheFirstJobsOfASlowerServiceAreSeenWithinTheLongestPause() {
        var number = 0
        let first = follow(601, skip: 600) {
            number += 1
            return number <= 600 ? self.duration(5_000, 0.4) : 300_000
        }
        XCTAssertLessThanOrEqual(first.lag, 22_000)
        number = 0
        let quick = follow(601, skip: 600) {
            number += 1
            return number <= 600 ? self.duration(300_000, 0.4) : 1_500
        }
        XCTAssertLessThanOrEqual(quick.lag, 22_000)
    }

    func testFewJobsTeachNothing() {
        var history = PollHistory()
        for _ in 1..<PollHistory.fewestJobs { history.add(notDoneAt: 9_000, doneAt: 10_000) }
        XCTAssertNil(history.rates(pauseMilliseconds: 5_000))
        history.add(notDoneAt: 10_000, doneAt: 10_000)
        XCTAssertNil(history.rates(pauseMilliseconds: 5_000), "no time between two looks")
        history.add(notDoneAt: 9_000, doneAt: 10_000)
        XCTAssertEqual(history.rates(pauseMilliseconds: 5_000)?.count, PollAges.count)
    }

    func testNoDurationMakesARateThatIsNoNumber() throws {
        var history = PollHistory()
        let ages: [Int64] = [.min, -1, 0, 1, 255, 256, 12_000, PollAges.end - 1, PollAges.end, .max]
        for _ in 0..<30 { for start in ages { for end in ages { history.add(notDoneAt: start, doneAt: end) } } }
        for pause in [Int64.min, 0, 1, 5_000, .max] {
            for rate in try XCTUnwrap(history.rates(pauseMilliseconds: pause)) {
                XCTAssertTrue(rate.isFinite && rate > 0, "\(pause) ms: \(rate)")
            }
        }
    }

    func testClassesOfAges() {
        XCTAssertEqual(PollAges.index(of: -5), 0)
        for index in 0..<PollAges.count {
            XCTAssertEqual(PollAges.index(of: Int64(PollAges.lower(index))), index)
            XCTAssertEqual(PollAges.index(of: Int64(PollAges.upper(index)) - 1), index)
            if index > 0 { XCTAssertEqual(PollAges.lower(index), PollAges.upper(index - 1)) }
        }
        XCTAssertEqual(PollAges.index(of: PollAges.end), PollAges.count - 1)
        XCTAssertEqual(PollAges.index(of: .max), PollAges.count - 1)
    }

    func testPausesStayWithinTheirLimits() throws {
        var history = PollHistory()
        for _ in 0..<50 { history.add(notDoneAt: 600_000, doneAt: 601_000) }
        history.add(notDoneAt: .min, doneAt: .max)
        history.add(notDoneAt: .max, doneAt: .max)
        for mean in [Int64.min, 1, 5_000, .max] {
            var schedule = PollSchedule(initialMilliseconds: 700, maximumMilliseconds: 5_000)
            schedule.rates = try XCTUnwrap(history.rates(pauseMilliseconds: mean))
            for elapsed in [Int64.min, -1, 0, 1, 599_999, 600_500, PollAges.end - 1, PollAges.end, .max] {
                for random in [UInt64.min, 1 << 63, .max] {
                    let pause = schedule.pause(sinceAcceptedMilliseconds: elapsed, random: random)
                    XCTAssertTrue((630...20_000).contains(pause), "a mean of \(mean), \(elapsed) ms: \(pause)")
                }
            }
        }
        var vast = PollSchedule(initialMilliseconds: 1, maximumMilliseconds: .max)
        vast.rates = try XCTUnwrap(history.rates(pauseMilliseconds: 5_000))
        XCTAssertGreaterThan(vast.pause(sinceAcceptedMilliseconds: 0, random: 0), 0)
        vast.rates = [1]
        XCTAssertGreaterThan(vast.pause(sinceAcceptedMilliseconds: 0, random: 0), 0, "not of this table")
    }

    func testAnAttachedJobIsOfUnknownAge() throws {
        var history = PollHistory()
        for _ in 0..<50 { history.add(notDoneAt: 59_000, doneAt: 60_000) }
        var schedule = PollSchedule()
        schedule.rates = try XCTUnwrap(history.rates(pauseMilliseconds: 5_000))
        XCTAssertGreaterThan(schedule.pause(sinceAcceptedMilliseconds: 0, random: 0), 5_000)
        XCTAssertLessThan(schedule.pause(sinceAcceptedMilliseconds: 0, random: 0, startIsKnown: false), 1_200)
    }

    func testTheLifetimeThatAFollowerSaw() {
        let policy = JobMachine.Policy()
        let second: Int64 = 1_000_000_000
        func run(_ machine: inout JobMachine, _ event: JobEvent, at now: Int64) {
            var actions: [JobAction] = []
            machine.handle(event, at: now * second, policy: policy, random: 0, into: &actions)
        }
        var machine = JobMachine(follows: true)
        run(&machine, .start, at: 1)
        run(&machine, .sending, at: 1)
        run(&machine, .submitEnded(.success(JobAnswer(remoteID: "j", state: .pending))), at: 2)
        run(&machine, .timer, at: 6)
        run(&machine, .pollEnded(.success(JobAnswer(state: .running))), at: 6)
        XCTAssertNil(machine.lifetime)
        run(&machine, .timer, at: 12)
        run(&machine, .pollEnded(.success(JobAnswer(state: .succeeded))), at: 12)
        XCTAssertEqual(machine.lifetime?.notDoneAt, 4_000)
        XCTAssertEqual(machine.lifetime?.doneAt, 10_000)

        var attached = JobMachine(attached: "j", follows: true)
        run(&attached, .start, at: 1)
        run(&attached, .pollEnded(.success(JobAnswer(state: .succeeded))), at: 2)
        XCTAssertNil(attached.lifetime)
        var cancelled = JobMachine(follows: true)
        run(&cancelled, .start, at: 1)
        run(&cancelled, .sending, at: 1)
        run(&cancelled, .submitEnded(.success(JobAnswer(remoteID: "j", state: .pending))), at: 2)
        run(&cancelled, .cancel, at: 9)
        XCTAssertNil(cancelled.lifetime)
    }

    // MARK: - As bytes

    func testAHistoryIsTheSameAfterItWasKept() throws {
        var history = PollHistory()
        for _ in 0..<300 {
            let end = duration(12_000, 0.5)
            history.add(notDoneAt: end - 500, doneAt: end)
        }
        let again = try XCTUnwrap(PollHistory(bytes: history.bytes))
        XCTAssertEqual(again.jobs, 300)
        let rates = try XCTUnwrap(history.rates(pauseMilliseconds: 5_000))
        let later = try XCTUnwrap(again.rates(pauseMilliseconds: 5_000))
        for (one, other) in zip(rates, later) { XCTAssertEqual(one, other, accuracy: one * 1e-3) }
        XCTAssertEqual(try XCTUnwrap(PollHistory(bytes: PollHistory().bytes)).jobs, 0)
    }

    /// Foreign bytes are refused, or make pauses that are no shorter and no longer than those of any history.
    func testForeignBytesDoNoHarm() throws {
        var good = PollHistory()
        for _ in 0..<100 { good.add(notDoneAt: 9_000, doneAt: 9_500) }
        let bytes = good.bytes
        for count in 0...bytes.count + 2 where count != bytes.count {
            XCTAssertNil(PollHistory(bytes: Array((bytes + [0, 0]).prefix(count))), "\(count) bytes")
        }
        var accepted = 0
        for _ in 0..<20_000 {
            var foreign = bytes
            for _ in 0...random.below(6) { foreign[random.below(foreign.count)] = UInt8(random.below(256)) }
            if random.chance(20) { foreign = bytes.map { _ in UInt8(random.below(256)) } }
            if random.chance(50) { foreign[0] = 1 }
            guard var history = PollHistory(bytes: foreign) else { continue }
            accepted += 1
            var schedule = PollSchedule()
            for _ in 0..<3 {
                if let rates = history.rates(pauseMilliseconds: 5_000) { schedule.rates = rates }
                let pause = schedule.pause(
                    sinceAcceptedMilliseconds: Int64(random.below(100_000)), random: random.next())
                XCTAssertTrue((800...22_000).contains(pause), "\(pause)")
                if let survival = history.survival() {
                    let worth = survival.worth(lookedAt: 100, now: Double(random.below(10_000_000)))
                    XCTAssertFalse(worth.isNaN)
                }
                history.add(notDoneAt: 100, doneAt: 5_000)
            }
        }
        XCTAssertGreaterThan(accepted, 100)
    }
}
