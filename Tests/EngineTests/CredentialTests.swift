import Core
import Support
import XCTest

@testable import Engine

/// The state of credentials behind the engine: one request at a time, ahead of the end, and no trap when there is nothing.
final class CredentialTests: XCTestCase {
    private static let none = Failure(.noCredentials, "None was found")

    func testManyJobsWaitForOneResolution() throws {
        let harness = try Harness()
        for number in 0..<50 { harness.submit("t\(number)") }
        harness.runToTheEnd()
        XCTAssertEqual(harness.resolver.calls, 1)
        harness.checkPromises("one resolution")
    }

    /// The second job meets a failure that is known already: it ends on the spot, in the middle of being admitted.
    func testAJobThatFailsWhileItIsAdmitted() throws {
        let harness = try Harness(resolver: FakeResolver([.failure(Self.none)]))
        let first = harness.submit("a")
        harness.run(until: 100)
        let second = harness.submit("b")
        let third = harness.attach("job-7", deadline: 60_000)
        harness.runToTheEnd()
        for job in [first, second] {
            XCTAssertEqual(job.snapshot.failure?.status, .noCredentials)
        }
        // An accepted job waits for credentials until its deadline, which tells what was missing.
        XCTAssertEqual(third.snapshot.failure?.status, .deadline)
        XCTAssertTrue(third.snapshot.failure?.message.hasSuffix("failed: None was found") == true)
        XCTAssertEqual(first.snapshot.failure?.outcome, .notSent)
        harness.checkPromises("no credentials")
    }

    func testAProviderWithoutAResolver() throws {
        let harness = try Harness(resolverless: true)
        let jobs = [harness.submit("a"), harness.submit("b")]
        harness.run(until: 500)
        let late = harness.submit("c")
        harness.runToTheEnd()
        for job in jobs + [late] { XCTAssertEqual(job.snapshot.failure?.status, .noCredentials) }
        harness.checkPromises("no resolver")
    }

    /// A source that fails for a while does not end a job that has been accepted.
    func testASourceThatFailsForAWhile() throws {
        let outage = Failure(.network, "STS does not answer", isRetryable: true)
        let harness = try Harness(
            resolver: FakeResolver([.failure(outage), .failure(outage), .success(FakeResolver.credentials("k"))]))
        let job = harness.attach(harness.cloud.plant(tag: "a", at: harness.clock.nanoseconds()))
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertEqual(harness.resolver.calls, 3)
    }

    /// The deadline comes while the first search runs, for instance a command that hangs: the error says so.
    func testADeadlineDuringASearch() throws {
        let harness = try Harness()
        harness.credentials.delayMilliseconds = 60_000
        let new = harness.submit("a", deadline: 5_000)
        let accepted = harness.attach("job-7", deadline: 5_000)
        harness.run(until: 10_000)
        let end = " failed: The search for credentials of fake had not ended"
        XCTAssertEqual(
            new.snapshot.failure?.message,
            "Job deadline passed before it ended; it had not been sent; the newest try" + end)
        XCTAssertEqual(new.snapshot.failure?.status, .deadline)
        XCTAssertEqual(new.snapshot.failure?.outcome, .notSent)
        XCTAssertTrue(accepted.snapshot.failure?.message.hasSuffix("the newest status call" + end) == true)
        harness.runToTheEnd()
        harness.checkPromises("a deadline during a search")
    }

    // MARK: - Renewal

    func testRenewedAheadOfTheEndByOneRequestWhileTheOldOnesServe() throws {
        let unix = VirtualClock().unixMilliseconds()
        let harness = try Harness(
            resolver: FakeResolver([
                .success(FakeResolver.credentials("old", expiresAtMilliseconds: unix + 400_000)),
                .success(FakeResolver.credentials("new", expiresAtMilliseconds: unix + 4_000_000)),
            ]))
        harness.cloud.runningMilliseconds = 600_000
        harness.credentials.delayMilliseconds = 20_000
        let jobs = (0..<20).map { harness.submit("t\($0)") }
        harness.run(until: 395_000)
        XCTAssertEqual(harness.resolver.calls, 2, "one request at a time")
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        let during = harness.cloud.arrivals.filter { (102_000..<119_000).contains(($0.at - harness.start) / 1_000_000) }
        XCTAssertFalse(during.isEmpty, "calls kept running while the new ones were fetched")
        XCTAssertTrue(during.allSatisfy { $0.key == "old" })
        XCTAssertEqual(harness.cloud.arrivals.last?.key, "new")
    }

    /// A source that hands out what has ended (a file, a wrong clock) is asked at a pace, not as fast as the machine can.
    func testASourceOfEndedCredentialsIsNotHammered() throws {
        let harness = try Harness(resolver: FakeResolver(expiresAtMilliseconds: 1_000))
        harness.credentials.delayMilliseconds = 1
        let job = harness.submit("a", deadline: 60_000)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.failure?.status, .deadline, "\(String(describing: job.snapshot.failure))")
        XCTAssertTrue(job.snapshot.failure?.message.contains("have already ended") == true)
        XCTAssertEqual(job.snapshot.failure?.outcome, .notSent)
        XCTAssertLessThan(harness.resolver.calls, 20)
        XCTAssertTrue(harness.cloud.arrivals.isEmpty, "ended credentials are not used")
        harness.checkPromises("ended credentials")
    }

    /// Credentials that live shorter than the renewal looks ahead serve; they are not renewed for each call.
    func testShortLivedCredentialsAreNotRenewedForEachCall() throws {
        var now: () -> Int64 = { 0 }
        let harness = try Harness(
            resolver: FakeResolver {
                .success(FakeResolver.credentials("k\($0)", expiresAtMilliseconds: now() + 120_000))
            })
        now = { [unowned harness] in harness.clock.unixMilliseconds() }
        harness.cloud.runningMilliseconds = 50_000
        let jobs = (0..<100).map { harness.submit("t\($0)") }
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertLessThan(harness.resolver.calls, 15, "asked \(harness.resolver.calls) times within a minute")
    }

    /// Calls that waited long for their rate go out with the credentials of today.
    func testCallsThatWaitedForTheirRateUseNewCredentials() throws {
        var settings = EngineSettings()
        settings.rates["fake/submit"] = 1
        let harness = try Harness(settings: settings)
        harness.push("old")
        let jobs = (0..<30).map { harness.submit("t\($0)") }
        harness.run(until: 5_500)
        harness.cloud.staleKeys = ["old"]
        harness.push("new")
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(harness.arrivals("submit").filter { $0.key == "old" }.count, 6, "as many as had left before")
        harness.checkPromises("rotation")
    }

    // MARK: - Credentials that the host gives

    func testTheHostIsAskedOnceBeforeTheEnd() throws {
        let harness = try Harness()
        let unix = harness.clock.unixMilliseconds()
        harness.push("first", expiresAtMilliseconds: unix + 610_000)
        harness.cloud.runningMilliseconds = 900_000
        let jobs = (0..<5).map { harness.submit("t\($0)") }
        harness.run(until: 400_000)
        XCTAssertEqual(harness.events.filter { $0.type == .credentialsNeeded }.count, 1)
        XCTAssertLessThan(
            abs((harness.events.first { $0.type == .credentialsNeeded }?.at ?? 0) - harness.start - 310_000_000_000),
            6_000_000_000)
        harness.push("second")
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(harness.resolver.calls, 0, "what the host gives replaces all other sources")
    }

    /// Ended or refused, an accepted job waits for new ones; it is not given up.
    func testAJobSurvivesTheEndOfTheHostsCredentials() throws {
        for refused in [false, true] {
            let harness = try Harness()
            let unix = harness.clock.unixMilliseconds()
            harness.push("first", expiresAtMilliseconds: refused ? 0 : unix + 10_000)
            harness.cloud.runningMilliseconds = 60_000
            let job = harness.submit("a")
            harness.run(until: 10_000)
            if refused { harness.cloud.staleKeys = ["first"] }
            harness.run(until: 120_000)
            XCTAssertFalse(job.snapshot.state.isTerminal, "\(String(describing: job.snapshot.failure))")
            XCTAssertEqual(harness.events.filter { $0.type == .credentialsNeeded }.count, 1)
            let before = harness.cloud.arrivals.count
            harness.run(until: 300_000)
            XCTAssertEqual(harness.cloud.arrivals.count, before, "refused credentials are not offered again and again")
            harness.push("second")
            harness.runToTheEnd()
            XCTAssertEqual(job.snapshot.state, .succeeded)
            harness.checkPromises("refused \(refused)")
        }
    }

    /// Each rotation of a host can be refused as well: an accepted job waits for the one that is right.
    func testAJobSurvivesManyRefusedRotations() throws {
        let harness = try Harness()
        harness.push("0")
        harness.cloud.runningMilliseconds = 300_000
        let job = harness.submit("a")
        harness.run(until: 1_000)
        harness.cloud.staleKeys = ["0", "1", "2", "3"]
        for id in 1...3 {
            harness.run(for: 60_000)
            harness.push("\(id)")
        }
        harness.run(for: 60_000)
        XCTAssertFalse(job.snapshot.state.isTerminal, "\(String(describing: job.snapshot.failure))")
        XCTAssertEqual(harness.events.filter { $0.type == .credentialsNeeded }.count, 4, "asked for each time")
        harness.push("good")
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        harness.checkPromises("rotations")
    }

    /// A source that gives the same again makes a new object of it: a refusal of the old object means the new one, too.
    func testARefusalMeansTheCredentialsNotTheObject() {
        var state = CredentialState()
        let expires: Int64 = 2_000_000_000_000
        let first = FakeResolver.credentials("k", expiresAtMilliseconds: expires)
        let again = FakeResolver.credentials("k", expiresAtMilliseconds: expires)
        for found in [first, again] {
            state.resolved(.success(found), aheadMilliseconds: 0, at: 0, unixMilliseconds: 1_700_000_000_000)
        }
        XCTAssertFalse(state.refused(first))
        let asked = state.ask(at: 1, unixMilliseconds: 1_700_000_000_000)
        guard case .wait = asked.answer else { return XCTFail("the refused ones are offered again: \(asked.answer)") }
        XCTAssertTrue(asked.startsResolving)
        state.resolved(
            .success(FakeResolver.credentials("new")), aheadMilliseconds: 0, at: 2, unixMilliseconds: 1_700_000_000_000)
        XCTAssertFalse(state.refused(first), "an old refusal does not touch the new ones")
        XCTAssertEqual(state.current?.id, "new")
    }

    func testAResolutionThatComesAfterThePushIsIgnored() throws {
        let harness = try Harness()
        harness.credentials.delayMilliseconds = 1_000
        harness.submit("a")
        harness.run(until: 100)
        harness.push("pushed")
        harness.runToTheEnd()
        XCTAssertTrue(harness.cloud.arrivals.allSatisfy { $0.key == "pushed" })
        harness.checkPromises("push during a resolution")
    }

    /// A token that the cloud calls ended is renewed once, for all jobs that meet it together.
    func testAStaleTokenIsRenewedOnce() throws {
        let harness = try Harness(
            resolver: FakeResolver([
                .success(FakeResolver.credentials("old")), .success(FakeResolver.credentials("new")),
            ]))
        harness.cloud.staleKeys = ["old"]
        let jobs = (0..<30).map { harness.submit("t\($0)") }
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(harness.resolver.calls, 2)
        harness.checkPromises("stale")
    }

    /// Temporary credentials have another id each time: the state of the old ones is dropped.
    func testRotatedAccountsAreForgotten() throws {
        var settings = EngineSettings()
        settings.rates["fake/submit"] = 20
        let harness = try Harness(settings: settings)
        for number in 0..<2_000 {
            harness.push("sts-\(number)")
            harness.submit("t\(number)")
            harness.run(for: 2_000)
        }
        harness.runToTheEnd()
        XCTAssertLessThan(harness.core.calls.scheduler.gateCount, 100)
        XCTAssertLessThan(harness.rates.count, 600)
        harness.checkPromises("rotation")
    }

    func testASecretIsNowhereInWhatIsTold() throws {
        let harness = try Harness()
        for fault in Fault.ofCalls {
            harness.transport.setScript { _ in fault }
            harness.submit("\(fault)", deadline: 10_000)
            harness.run(for: 60_000)
        }
        for record in harness.records.values {
            XCTAssertFalse("\(record.snapshot)".contains("s3cr3t"))
        }
    }
}
