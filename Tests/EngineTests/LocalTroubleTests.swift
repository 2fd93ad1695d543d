import Core
import Support
import XCTest

@testable import Engine

/// Fault 6: trouble of this machine, about which the provider has said nothing, ends no accepted job. Every way in which a
/// status call or an image call can fail before the wire is here.
final class LocalTroubleTests: XCTestCase {
    private static let second: Int64 = 1_000

    private struct Trouble {
        let name: String
        /// Whether the same trouble ends a new submission at once.
        let endsSubmissions: Bool
        let begin: (Harness, Switch) -> Void
        let end: (Harness, Switch) -> Void
    }

    /// What the resolver and the transport look at.
    private final class Switch: @unchecked Sendable {
        // Used on one thread.
        var fault: Fault?
        var lookup: Failure?
    }

    private static func wire(_ name: String, _ fault: Fault, endsSubmissions: Bool = false) -> Trouble {
        Trouble(
            name: name, endsSubmissions: endsSubmissions, begin: { $1.fault = fault }, end: { $1.fault = nil })
    }

    private static func lookup(_ name: String, _ failure: Failure) -> Trouble {
        Trouble(
            name: name, endsSubmissions: !failure.isRetryable,
            begin: { $1.lookup = failure }, end: { $1.lookup = nil })
    }

    private static func sign(_ name: String, _ failure: Failure) -> Trouble {
        Trouble(
            name: name, endsSubmissions: failure.status != .noResources,
            begin: { harness, _ in harness.provider.signFailure = failure },
            end: { harness, _ in harness.provider.signFailure = nil })
    }

    private static var troubles: [Trouble] {
        [
            lookup("an empty credentials file", Failure(.noCredentials, "The file is empty")),
            lookup("a credentials file that cannot be read", Failure(.noCredentials, "EACCES")),
            lookup("a key that cannot be used", Failure(.auth, "The id holds a line break")),
            lookup("STS that does not answer", Failure(.network, "STS does not answer", isRetryable: true)),
            lookup("no memory for the lookup", Failure(.noResources, "Out of memory", isRetryable: true)),
            lookup("a fault of the source", Failure(.internal, "What is this?")),
            sign("an id that cannot be signed with", Failure(.invalidArgument, "The id holds a line break")),
            sign("a secret that cannot be signed with", Failure(.auth, "The secret is empty")),
            sign("no memory to sign", Failure(.noResources, "Out of memory", isRetryable: true)),
            Trouble(
                name: "a bad id given by the host", endsSubmissions: true,
                begin: { harness, _ in
                    let bad = Credentials(id: "bad\n", secret: Secret(""), expiresAtMilliseconds: 0)
                    _ = harness.mailbox.post(.setCredentials("fake", bad))
                }, end: { harness, _ in harness.push("good") }),
            wire("DNS", .beforeTheWire(.resolve)), wire("a refused connection", .beforeTheWire(.connect)),
            wire("TLS", .beforeTheWire(.tls)), wire("the proxy", .beforeTheWire(.proxy)),
            wire("no time to connect", .connectTimeout), wire("no descriptors", .beforeTheWire(.resources)),
            wire("sending failed before the first byte", .beforeTheWire(.send)),
            wire("cut here", .beforeTheWire(.cancelled)),
            wire("a refused address", .beforeTheWire(.addressRefused), endsSubmissions: true),
            wire("an unusable URL", .beforeTheWire(.badURL), endsSubmissions: true),
        ]
    }

    private func harness(_ it: Switch, byCall: Bool = false) throws -> Harness {
        var now: () -> Int64 = { 0 }
        // Credentials live for a minute: a lookup that fails is met soon.
        var settings = EngineSettings()
        settings.learnsPauses = false
        let harness = try Harness(
            settings: settings, provider: FakeProvider(assetsByCall: byCall),
            resolver: FakeResolver { _ in
                if let failure = it.lookup { return .failure(failure) }
                return .success(FakeResolver.credentials("key", expiresAtMilliseconds: now() + 60_000))
            })
        now = { [unowned harness] in harness.clock.unixMilliseconds() }
        harness.transport.setScript { _ in it.fault }
        return harness
    }

    func testNoTroubleOfThisMachineEndsAnAcceptedJob() throws {
        for trouble in Self.troubles {
            let it = Switch()
            let harness = try harness(it)
            harness.cloud.runningMilliseconds = 300 * Self.second
            let jobs = (0..<20).map { harness.submit("t\($0)") }
            let attached = harness.attach(harness.cloud.plant(tag: "a", at: harness.clock.nanoseconds()))
            harness.run(until: 20 * Self.second)
            for job in jobs { XCTAssertEqual(job.snapshot.outcome, .accepted, trouble.name) }
            trouble.begin(harness, it)
            harness.run(for: 600 * Self.second)
            let calls = harness.cloud.arrivals.count
            harness.run(for: 600 * Self.second)
            for job in jobs + [attached] {
                XCTAssertFalse(
                    job.snapshot.state.isTerminal, "\(trouble.name): \(String(describing: job.snapshot.failure))")
            }
            XCTAssertEqual(harness.cloud.arrivals.count, calls, "\(trouble.name): nothing reaches the cloud")
            XCTAssertEqual(harness.warnings.count, 1, "\(trouble.name): \(harness.warnings)")
            trouble.end(harness, it)
            harness.run(for: 300 * Self.second)
            for job in jobs + [attached] {
                XCTAssertEqual(
                    job.snapshot.state, .succeeded, "\(trouble.name): \(String(describing: job.snapshot.failure))")
            }
            XCTAssertEqual(harness.warnings.count, 1, "\(trouble.name): told once: \(harness.warnings)")
            harness.runToTheEnd()
            harness.checkPromises(trouble.name)
        }
    }

    /// A job that meets the trouble with its first status call waits as well: it is accepted, whoever submitted it.
    func testAJobThatIsAttachedIntoTroubleWaits() throws {
        for trouble in Self.troubles {
            let it = Switch()
            let harness = try harness(it)
            let id = harness.cloud.plant(tag: "a", at: harness.clock.nanoseconds())
            trouble.begin(harness, it)
            let attached = harness.attach(id)
            harness.run(until: 60 * Self.second)
            XCTAssertEqual(attached.snapshot.state, .pending, trouble.name)
            XCTAssertEqual(harness.warnings.count, 1, "\(trouble.name): \(harness.warnings)")
            trouble.end(harness, it)
            harness.run(for: 60 * Self.second)
            XCTAssertEqual(attached.snapshot.state, .succeeded, trouble.name)
            harness.checkPromises(trouble.name)
        }
    }

    /// The deadline holds, and its message says what was wrong.
    func testTheDeadlineTellsTheTrouble() throws {
        for trouble in Self.troubles {
            let it = Switch()
            let harness = try harness(it)
            harness.cloud.runningMilliseconds = 3_600 * Self.second
            let job = harness.submit("a", deadline: 100 * Self.second)
            harness.run(until: 10 * Self.second)
            trouble.begin(harness, it)
            harness.runToTheEnd()
            XCTAssertEqual(job.snapshot.failure?.status, .deadline, trouble.name)
            XCTAssertEqual(job.snapshot.failure?.outcome, .accepted, trouble.name)
            XCTAssertTrue(
                job.snapshot.failure?.message.contains("the newest status call failed: ") == true,
                "\(trouble.name): \(String(describing: job.snapshot.failure))")
        }
    }

    /// A refresh is one call: it tells the trouble at once.
    func testARefreshTellsTheTrouble() throws {
        for trouble in Self.troubles {
            let it = Switch()
            let harness = try harness(it)
            harness.cloud.runningMilliseconds = 3_600 * Self.second
            let job = harness.submit("a", follow: false)
            harness.run(until: 10 * Self.second)
            trouble.begin(harness, it)
            harness.run(for: 70 * Self.second)
            harness.refresh(job)
            harness.run(for: 11 * Self.second)
            XCTAssertEqual(job.refreshesDone, job.refreshesAsked, trouble.name)
            XCTAssertNotNil(job.refreshFailure, trouble.name)
            XCTAssertFalse(job.snapshot.state.isTerminal, trouble.name)
        }
    }

    /// Images of an accepted job wait as well, those by URL and those by a signed call, until the deadline of the download.
    func testNoTroubleOfThisMachineEndsADownload() throws {
        for trouble in Self.troubles {
            for byCall in [false, true] {
                // A refused address and an unusable URL are verdicts about the URL of an image: they end its download.
                if trouble.name == "a refused address" || trouble.name == "an unusable URL" { continue }
                let it = Switch()
                let harness = try harness(it, byCall: byCall)
                let job = harness.submit("a")
                harness.run(until: 20 * Self.second)
                trouble.begin(harness, it)
                harness.run(for: 70 * Self.second)
                let download = try harness.download(job)
                harness.run(for: 600 * Self.second)
                let meets = byCall || it.fault != nil
                XCTAssertEqual(download.snapshot.state.isTerminal, !meets, "\(trouble.name), by call \(byCall)")
                XCTAssertEqual(harness.warnings.count, meets ? 1 : 0, "\(trouble.name): \(harness.warnings)")
                trouble.end(harness, it)
                harness.run(for: 120 * Self.second)
                XCTAssertEqual(
                    download.snapshot.state, .succeeded,
                    "\(trouble.name), by call \(byCall): \(String(describing: download.snapshot.failure))")
                harness.checkPromises(trouble.name)
            }
        }
    }

    /// A new submission: what may get better is tried until the deadline; what must be put right first ends it at once.
    func testWhatANewSubmissionWaitsFor() throws {
        for trouble in Self.troubles {
            let it = Switch()
            let harness = try harness(it)
            trouble.begin(harness, it)
            harness.settle()
            let job = harness.submit("a")
            harness.run(until: 1_200 * Self.second)
            if trouble.endsSubmissions {
                XCTAssertEqual(job.snapshot.state, .failed, trouble.name)
                XCTAssertEqual(job.snapshot.failure?.outcome, .notSent, trouble.name)
                XCTAssertEqual(harness.warnings, [], "\(trouble.name): the error of the job tells")
            } else {
                XCTAssertEqual(job.snapshot.state, .queued, trouble.name)
                XCTAssertNotNil(job.snapshot.waitReason, trouble.name)
                XCTAssertEqual(harness.warnings.count, 1, trouble.name)
                trouble.end(harness, it)
                harness.run(for: 180 * Self.second)
                XCTAssertEqual(job.snapshot.state, .succeeded, trouble.name)
                XCTAssertNil(job.snapshot.waitReason, trouble.name)
            }
            harness.checkPromises(trouble.name)
        }
    }

    /// A call by name that reads, and a fetch of what the caller names, tell at once that there are no credentials.
    func testWhatCanBeOrderedAgainDoesNotWaitForCredentials() throws {
        let it = Switch()
        it.lookup = Failure(.noCredentials, "None was found")
        let harness = try harness(it)
        let read = harness.record()
        let call = harness.provider.statusCall(harness.provider.reference(operation: "draw", remoteID: "job-1"))
        _ = harness.mailbox.post(
            .read(read, harness.provider.direct(call, as: .read), deadlineMilliseconds: 3_600_000))
        let reference = harness.provider.reference(operation: "draw", remoteID: "job-1")
        let image = FakeProvider(assetsByCall: true).assetAccess(reference, AssetReference(id: "0"))
        let fetch = try harness.order(image)
        harness.run(until: 1 * Self.second)
        for job in [read, fetch] { XCTAssertEqual(job.snapshot.failure?.status, .noCredentials) }
        harness.checkPromises("calls by name")
    }

    /// A trouble that comes and goes is told again, at most once a minute.
    func testATroubleThatComesAndGoesIsNoFlood() throws {
        let it = Switch()
        let harness = try harness(it)
        harness.cloud.runningMilliseconds = 3_600 * Self.second
        for number in 0..<10 { harness.submit("t\(number)", deadline: -1) }
        harness.run(until: 10 * Self.second)
        for _ in 0..<60 {
            it.fault = .beforeTheWire(.resolve)
            harness.run(for: 5 * Self.second)
            it.fault = nil
            harness.run(for: 10 * Self.second)
        }
        XCTAssertGreaterThan(harness.warnings.count, 5)
        XCTAssertLessThanOrEqual(harness.warnings.count, 16)
    }

    // MARK: - Unknown states

    /// A word that nobody knows ends no job, and the host is told the word: once, for any number of jobs and calls.
    func testAnUnknownStateIsTold() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 60 * Self.second
        harness.cloud.runningWord = { $0.hasPrefix("odd") ? "strange" : "running" }
        let plain = (0..<5).map { harness.submit("t\($0)") }
        harness.run(until: 30 * Self.second)
        XCTAssertEqual(harness.warnings, [])
        let odd = (0..<5).map { harness.submit("odd\($0)") }
        harness.run(for: 30 * Self.second)
        XCTAssertEqual(harness.warnings.count, 1, "\(harness.warnings)")
        XCTAssertTrue(harness.warnings[0].contains("\"strange\", which this library does not know"))
        harness.runToTheEnd()
        for job in plain + odd { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertEqual(harness.warnings.count, 1, "\(harness.warnings)")
    }

    /// A server with a new word for each answer hides no other trouble.
    func testUnknownStatesLeaveRoomForOtherTroubles() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 60 * Self.second
        harness.cloud.runningWord = { "strange" + $0 }
        for index in 0..<400 { harness.submit("t\(index)") }
        harness.run(until: 40 * Self.second)
        let told = harness.warnings.count
        XCTAssertGreaterThan(told, 3)
        XCTAssertLessThanOrEqual(told, 16)
        harness.transport.setScript { _ in .beforeTheWire(.resolve) }
        harness.run(for: 10 * Self.second)
        XCTAssertEqual(harness.warnings.count, told + 1, "\(harness.warnings)")
    }

    // MARK: - Rests

    /// One huge Retry-After stops the calls of an account for two minutes: the host is told, once.
    func testALongRestIsTold() throws {
        let harness = try Harness()
        harness.transport.setScript { $0.index < 3 && $0.kind == .submit ? .throttle(milliseconds: 86_400_000) : nil }
        let jobs = (0..<10).map { harness.submit("t\($0)") }
        harness.run(until: 10 * Self.second)
        XCTAssertEqual(harness.warnings.count, 1, "\(harness.warnings)")
        XCTAssertTrue(harness.warnings[0].contains("no submit of this account is called for "), harness.warnings[0])
        harness.runToTheEnd()
        for job in jobs { XCTAssertEqual(job.snapshot.state, .succeeded) }
        XCTAssertLessThan(harness.elapsed, 250 * Self.second)

        let short = try Harness()
        short.transport.setScript { $0.index == 0 ? .throttle(milliseconds: 2_000) : nil }
        short.submit("a")
        short.runToTheEnd()
        XCTAssertEqual(short.warnings, [], "a short rest is no news")
    }
}
