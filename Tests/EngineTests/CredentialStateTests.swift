import Core
import Support
import XCTest

@testable import Engine

/// When credentials are renewed, how often a source is asked, and when the host is.
final class CredentialStateTests: XCTestCase {
    private static let unix: Int64 = 1_700_000_000_000
    private static let second: Int64 = 1_000_000_000

    private func credentials(_ id: String, lives seconds: Int64) -> Credentials {
        FakeResolver.credentials(id, expiresAtMilliseconds: seconds == 0 ? 0 : Self.unix + seconds * 1_000)
    }

    /// Credentials of one provider, and a clock that both of its times hang on.
    private struct Bench {
        var state = CredentialState()
        var seconds: Double = 0
        var now: Int64 { Int64(seconds * 1e9) }
        var unix: Int64 { CredentialStateTests.unix + Int64(seconds * 1e3) }

        /// What a call gets, and whether a resolution is to be started and the host asked.
        mutating func ask() -> (id: String?, starts: Bool, needs: Bool) {
            let asked = state.ask(at: now, unixMilliseconds: unix)
            if case .ready(let credentials) = asked.answer {
                return (credentials.id, asked.startsResolving, asked.needsHost)
            }
            return (nil, asked.startsResolving, asked.needsHost)
        }

        mutating func resolved(_ credentials: Credentials, ahead seconds: Int64 = 0) {
            state.resolved(
                .success(credentials), aheadMilliseconds: seconds * 1_000, at: now, unixMilliseconds: unix)
        }

        mutating func failed() {
            state.resolved(
                .failure(Failure(.noCredentials, "no", isRetryable: true)), aheadMilliseconds: 0, at: now,
                unixMilliseconds: unix)
        }
    }

    /// Asks once a second; the seconds at which a resolution was started.
    private func starts(_ bench: inout Bench, until end: Int, answer: (inout Bench) -> Void) -> [Int] {
        var found: [Int] = []
        while bench.seconds < Double(end) {
            if bench.ask().starts {
                found.append(Int(bench.seconds))
                answer(&bench)
            }
            bench.seconds += 1
        }
        return found
    }

    func testTheSourceSaysHowLongAhead() {
        for ahead in [180, 720, 900] as [Int64] {
            var bench = Bench()
            XCTAssertTrue(bench.ask().starts)
            bench.resolved(credentials("a", lives: 3_600), ahead: ahead)
            bench.seconds = Double(3_600 - ahead) - 1
            XCTAssertFalse(bench.ask().starts)
            bench.seconds += 2
            let answer = bench.ask()
            XCTAssertEqual(answer.id, "a", "the old ones serve meanwhile")
            XCTAssertTrue(answer.starts)
            XCTAssertFalse(bench.ask().starts, "one request at a time")
        }
    }

    func testASourceThatDoesNotSayIsAskedFiveMinutesAhead() {
        var bench = Bench()
        _ = bench.ask()
        bench.resolved(credentials("a", lives: 3_600))
        bench.seconds = 3_299
        XCTAssertFalse(bench.ask().starts)
        bench.seconds = 3_301
        XCTAssertTrue(bench.ask().starts)
    }

    func testWhatLivesShorterThanTheLookAheadIsRenewedAtHalfOfItsLife() {
        var bench = Bench()
        _ = bench.ask()
        bench.resolved(credentials("a", lives: 60), ahead: 900)
        XCTAssertFalse(bench.ask().starts, "not for each call")
        bench.seconds = 29
        XCTAssertFalse(bench.ask().starts)
        bench.seconds = 31
        XCTAssertTrue(bench.ask().starts)
    }

    /// A metadata service hands out the same until it likes: it is asked again and again, with rests in between.
    func testARenewalThatChangedNothingIsFollowedByARest() {
        var bench = Bench()
        _ = bench.ask()
        let same = credentials("a", lives: 3_600)
        bench.resolved(same, ahead: 900)
        let asked = starts(&bench, until: 3_594) { $0.resolved(same, ahead: 900) }
        XCTAssertEqual(asked.first, 2_700)
        XCTAssertLessThan(asked.count, 40, "\(asked)")
        XCTAssertGreaterThan(asked.count, 12)
        for (earlier, later) in zip(asked, asked.dropFirst()) where later < 3_500 {
            XCTAssertGreaterThanOrEqual(later - earlier, min(60, (3_600 - earlier) / 4))
        }
        XCTAssertEqual(bench.ask().id, "a", "they serve to their end")
        bench.resolved(credentials("b", lives: 7_200), ahead: 900)
        XCTAssertEqual(bench.ask().id, "b")
        XCTAssertFalse(bench.ask().starts)
    }

    func testASourceThatIsDownIsAskedAtAPaceWhileTheOldOnesServe() {
        var bench = Bench()
        _ = bench.ask()
        bench.resolved(credentials("a", lives: 3_600), ahead: 900)
        let asked = starts(&bench, until: 3_500) { $0.failed() }
        XCTAssertLessThan(asked.count, 25, "\(asked)")
        XCTAssertEqual(bench.ask().id, "a")
        bench.seconds = 3_596
        XCTAssertNil(bench.ask().id, "not used in their last five seconds")
    }

    func testWithoutAnEndNothingIsRenewed() {
        var bench = Bench()
        _ = bench.ask()
        bench.resolved(credentials("a", lives: 0))
        XCTAssertEqual(starts(&bench, until: 5_000) { _ in }, [])
    }

    // MARK: - The host

    func testTheHostIsAskedOnceAndInTime() {
        for (lives, askAt) in [(3_600, 3_300), (100, 50), (7, 3)] as [(Int64, Int64)] {
            var bench = Bench()
            let due = bench.state.push(credentials("a", lives: lives), unixMilliseconds: bench.unix)
            XCTAssertEqual((due ?? 0) / 1_000, (Self.unix / 1_000) + askAt)
            bench.seconds = Double(askAt) - 1
            XCTAssertFalse(bench.ask().needs)
            bench.seconds = Double(askAt) + 1
            XCTAssertTrue(bench.ask().needs)
            XCTAssertFalse(bench.ask().needs, "once")
            XCTAssertFalse(bench.state.needsOthers(bench.unix))
        }
        var bench = Bench()
        XCTAssertNil(bench.state.push(credentials("a", lives: 0), unixMilliseconds: bench.unix))
    }

    /// Nobody has to make a call for the event to come.
    func testAnIdleHostIsAskedBeforeTheEnd() throws {
        let harness = try Harness()
        harness.push("first", expiresAtMilliseconds: harness.clock.unixMilliseconds() + 3_600_000)
        harness.run(until: 3_299_000)
        XCTAssertEqual(harness.events.map(\.type), [])
        harness.run(until: 3_301_000)
        XCTAssertEqual(harness.events.map(\.type), [.credentialsNeeded])
        harness.push("second", expiresAtMilliseconds: harness.clock.unixMilliseconds() + 3_600_000)
        harness.run(until: 6_000_000)
        XCTAssertEqual(harness.events.count, 1, "new ones came in time")
        harness.push("third")
        harness.run(until: 20_000_000)
        XCTAssertEqual(harness.events.count, 1, "these do not end")
    }

    // MARK: - Warnings

    private final class Warner: CredentialResolver, @unchecked Sendable {  // one worker at a time
        var waiting: [String]

        init(_ waiting: [String]) { self.waiting = waiting }

        func resolve() -> Resolution {
            defer { waiting = [] }
            return Resolution(.success(FakeResolver.credentials("k")), warnings: waiting)
        }
    }

    func testWarningsBecomeEvents() throws {
        var queue = EventQueue()
        XCTAssertTrue(queue.isEmpty)
        queue.pushWarning("chmod 600 it", of: "fake")
        XCTAssertFalse(queue.isEmpty)
        let event = try XCTUnwrap(queue.pop())
        XCTAssertEqual(event.type, .warning)
        XCTAssertEqual(event.message, "chmod 600 it")
        XCTAssertEqual(event.provider, "fake")
        XCTAssertNil(event.job)
        XCTAssertTrue(queue.isEmpty)
    }

    func testWarningsThatNobodyTakesAreBounded() throws {
        var queue = EventQueue()
        for number in 0..<1_000 { queue.pushWarning("\(number)", of: "fake") }
        var taken: [String] = []
        while let event = queue.pop() { taken.append(event.message ?? "") }
        XCTAssertEqual(taken.count, 65)
        XCTAssertEqual(taken.first, "0")
        XCTAssertTrue(taken.last?.hasPrefix("936 more warnings") == true, "\(taken.suffix(1))")
        XCTAssertTrue(queue.isEmpty)
    }

    func testAResolversWarningsReachTheHostOnce() throws {
        let mailbox = try Mailbox()
        mailbox.eventsObserved = true
        let clock = VirtualClock()
        let worker = DelayedWorker(clock: clock, delayMilliseconds: 1)
        let provider = FakeProvider()
        let core = EngineCore(
            settings: EngineSettings(), mailbox: mailbox,
            transport: ScriptedTransport(cloud: SimulatedCloud(), clock: clock),
            clock: clock, random: SeededRandom(1), providers: [provider], resolvers: ["fake": Warner(["one", "two"])],
            rates: try RateRegistry(), fileWorker: worker, credentialWorker: worker)
        for _ in 0..<2 {
            core.credentials.resolve("fake")
            clock.advance(milliseconds: 2)
            while worker.runDue() {}
            core.turn(mayWait: false)
        }
        var told: [String] = []
        while let event = mailbox.events.pop() { told.append("\(event.type) \(event.message ?? "")") }
        XCTAssertEqual(told, ["warning one", "warning two"])
        XCTAssertEqual(mailbox.credentialNotes["fake"]?.id, "k")
    }
}
