import Core
import Support
import XCTest

@testable import Engine

/// The credential desk behind the engine: one request at a time, ahead of the end, and no trap when there is nothing.
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
        let third = harness.attach("job-7")
        harness.runToTheEnd()
        for job in [first, second, third] {
            XCTAssertEqual(job.snapshot.failure?.status, .noCredentials)
        }
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
        XCTAssertFalse(during.isEmpty, "calls went on while the new ones were fetched")
        XCTAssertTrue(during.allSatisfy { $0.key == "old" })
        XCTAssertEqual(harness.cloud.arrivals.last?.key, "new")
    }

    // MARK: - Credentials that the host gives

    func testTheHostIsAskedOnceBeforeTheEnd() throws {
        let harness = try Harness()
        let unix = harness.clock.unixMilliseconds()
        harness.push("first", expiresAtMilliseconds: unix + 310_000)
        harness.cloud.runningMilliseconds = 600_000
        let jobs = (0..<5).map { harness.submit("t\($0)") }
        harness.run(until: 200_000)
        XCTAssertEqual(harness.events.filter { $0.type == .credentialsNeeded }.count, 1)
        XCTAssertLessThan(abs((harness.events.first { $0.type == .credentialsNeeded }?.at ?? 0) - harness.start - 10_000_000_000), 6_000_000_000)
        harness.push("second")
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(harness.resolver.calls, 0, "what the host gives replaces all other sources")
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
