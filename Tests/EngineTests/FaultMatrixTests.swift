import Core
import Support
import XCTest

@testable import Engine

/// A fault at the n-th action, for every n and every fault.
final class FaultMatrixTests: XCTestCase {
    /// Two jobs from the submission to the image, one of them with a URL that has run out.
    private func play(_ fault: Fault?, at index: Int, byCall: Bool = false) throws -> Harness {
        var settings = EngineSettings()
        // More status calls, and each of them a place for a fault.
        settings.learnsPauses = false
        let harness = try Harness(seed: 7, settings: settings, provider: FakeProvider(assetsByCall: byCall))
        if let fault { harness.transport.setScript { $0.index == index ? fault : nil } }
        let jobs = [harness.submit("a"), harness.submit("b")]
        harness.run(until: 120_000)
        // The second image is asked for after its URL has run out.
        for (number, job) in jobs.enumerated() where job.snapshot.state == .succeeded {
            if number == 1 { harness.run(for: harness.cloud.urlLifetimeMilliseconds) }
            try harness.download(job)
        }
        harness.runToTheEnd()
        return harness
    }

    func testWithoutAFault() throws {
        for byCall in [false, true] {
            let harness = try play(nil, at: 0, byCall: byCall)
            harness.checkPromises("no fault")
            XCTAssertEqual(harness.records.values.filter { $0.snapshot.state == .succeeded }.count, 4)
            XCTAssertEqual(harness.sinks.made.filter { $0.image != nil }.count, 2)
        }
    }

    func testFaultAtEveryAction() throws {
        for byCall in [false, true] {
            let actions = try play(nil, at: 0, byCall: byCall).transport.started
            XCTAssertGreaterThanOrEqual(actions, 10)
            for index in 0..<actions {
                for fault in Fault.ofImages {
                    let harness = try play(fault, at: index, byCall: byCall)
                    harness.checkPromises("\(fault) at action \(index), byCall \(byCall)")
                }
            }
        }
    }

    /// A fault of the wire on a read ends nothing: what the cloud finished is finished here, each image is whole.
    func testTransientFaultOfAReadEndsNothing() throws {
        let actions = try play(nil, at: 0).transport.started
        for index in 2..<actions {
            for fault in Fault.transient {
                let harness = try play(fault, at: index)
                XCTAssertEqual(
                    harness.records.values.filter { $0.snapshot.state == .succeeded }.count, 4, "\(fault) at \(index)")
                XCTAssertEqual(harness.sinks.made.filter { $0.image != nil }.count, 2, "\(fault) at \(index)")
            }
        }
    }

    /// What each fault of a submission means, as the table of the architecture says it.
    func testOutcomeOfEveryFaultOfASubmission() throws {
        var settings = EngineSettings()
        settings.jobPolicy.retry.maximumAttempts = 6
        for fault in Fault.ofCalls {
            let harness = try Harness(settings: settings)
            harness.transport.setScript { $0.kind == .submit ? fault : nil }
            let job = harness.submit("a")
            harness.runToTheEnd()
            harness.checkPromises("\(fault)")
            let sent = harness.transport.told(of: "a").sent
            let failure = job.snapshot.failure
            switch fault {
            case .unendedReply:
                XCTAssertEqual(job.snapshot.state, .succeeded, "the id is there, whatever ends the answer")
                XCTAssertEqual(sent, 1)
            case .slowConnection:
                XCTAssertEqual(job.snapshot.state, .succeeded, "the connection stood within timeout.connect_ms")
                XCTAssertEqual(sent, 1)
            case .delay(let milliseconds) where milliseconds < 60_000:  // within timeout.submit_ms
                XCTAssertEqual(job.snapshot.state, .succeeded, "\(fault)")
                XCTAssertEqual(sent, 1, "\(fault)")
            case _ where fault.leavesDoubt || fault == .delay(milliseconds: 90_000):
                XCTAssertEqual(job.snapshot.state, .unknown, "\(fault)")
                XCTAssertEqual(failure?.status, .outcomeUnknown, "\(fault)")
                XCTAssertEqual(failure?.outcome, .unknown, "\(fault)")
                XCTAssertEqual(sent, 1, "\(fault): an unknown outcome is never sent again")
            case _ where !fault.leaves:
                XCTAssertEqual(job.snapshot.state, .failed, "\(fault)")
                XCTAssertEqual(failure?.outcome, .notSent, "\(fault)")
                XCTAssertEqual(harness.transport.started, 6, "\(fault): tried as often as the policy says")
                XCTAssertEqual(sent, 0, "\(fault)")
            case .throttle, .tooManyTasks:
                XCTAssertEqual(failure?.status, .throttled, "\(fault)")
                XCTAssertEqual(failure?.outcome, .notSent, "\(fault)")
                XCTAssertEqual(sent, 6, "\(fault)")
            case .clockSkew, .staleCredentials:
                XCTAssertEqual(failure?.outcome, .notSent, "\(fault)")
                XCTAssertEqual(sent, 2, "\(fault): fixed once")
            default:
                XCTAssertEqual(job.snapshot.state, .failed, "\(fault)")
                XCTAssertEqual(failure?.outcome, .notSent, "\(fault)")
                XCTAssertEqual(sent, 1, "\(fault): refused is refused")
            }
        }
    }

    /// Fault 6: what was provably not executed is tried until the deadline of the job, and then accepted if the fault is over.
    func testWhatWasNotExecutedIsTriedUntilTheDeadline() throws {
        let faults = Fault.ofCalls.filter {
            switch $0 {
            case .throttle, .tooManyTasks: true
            default: !$0.leaves
            }
        }
        XCTAssertEqual(faults.count, 8)
        for fault in faults {
            for heals in [false, true] {
                let harness = try Harness()
                harness.transport.setScript { $0.kind == .submit ? fault : nil }
                let job = harness.submit("a", deadline: 1_800_000)
                harness.run(until: 1_700_000)
                XCTAssertEqual(job.snapshot.state, .queued, "\(fault)")
                XCTAssertNotNil(job.snapshot.waitReason, "\(fault)")
                XCTAssertGreaterThan(harness.transport.started, 50, "\(fault)")
                if heals { harness.transport.setScript { _ in nil } }
                harness.runToTheEnd()
                harness.checkPromises("\(fault)")
                XCTAssertEqual(job.snapshot.failure?.status, heals ? nil : .deadline, "\(fault)")
                XCTAssertEqual(job.snapshot.outcome, heals ? .accepted : .notSent, "\(fault)")
            }
        }
    }

    /// One fault that the next try fixes: the job succeeds and was paid once.
    func testASubmissionThatProvablyDidNotRunIsSentAgain() throws {
        let mendable: [Fault] = [
            .resolveFailure, .refuseConnection, .tlsFailure, .connectTimeout, .noDescriptors,
            .throttle(milliseconds: 0), .throttle(milliseconds: 2_000),
        ]
        for fault in mendable {
            let harness = try Harness()
            harness.transport.setScript { $0.index == 0 ? fault : nil }
            let job = harness.submit("a")
            harness.runToTheEnd()
            harness.checkPromises("\(fault)")
            XCTAssertEqual(job.snapshot.state, .succeeded, "\(fault)")
            XCTAssertEqual(harness.cloud.executions(of: "a").count, 1, "\(fault)")
        }
    }

    /// A minute without a free descriptor: a job does not stand still for longer once there is one.
    func testAPauseForThisMachineIsShort() throws {
        for isSubmission in [true, false] {
            let harness = try Harness()
            let job = harness.submit("a")
            if !isSubmission { harness.run(for: 200) }
            harness.transport.setScript { ($0.kind == .submit) == isSubmission ? .noDescriptors : nil }
            harness.run(for: 60_000)
            harness.transport.setScript { _ in nil }
            let before = harness.cloud.arrivals.count
            harness.run(for: 1_200)
            XCTAssertGreaterThan(harness.cloud.arrivals.count, before, "submission: \(isSubmission)")
            harness.runToTheEnd()
            harness.checkPromises("submission: \(isSubmission)")
            XCTAssertEqual(job.snapshot.state, .succeeded)
        }
    }

    /// A cloud whose clock is an hour off: learned once from the refusal, for all jobs after it.
    func testClockSkewIsLearnedOnce() throws {
        let harness = try Harness()
        harness.cloud.clockOffsetSeconds = 3_600
        let first = harness.submit("a")
        harness.run(until: 1_000)
        let second = harness.submit("b")
        harness.runToTheEnd()
        harness.checkPromises("clock")
        XCTAssertEqual(first.snapshot.state, .succeeded)
        XCTAssertEqual(second.snapshot.state, .succeeded)
        XCTAssertEqual(harness.transport.told(of: "a").sent, 2)
        XCTAssertEqual(harness.transport.told(of: "b").sent, 1)
    }

    /// A skew that comes back after the submission was fixed is fixed again, and does not end the accepted job.
    func testClockSkewAfterACorrectedSubmissionDoesNotEndTheJob() throws {
        let harness = try Harness()
        harness.cloud.clockOffsetSeconds = 3_600
        let job = harness.submit("a")
        harness.run(until: 400)
        XCTAssertEqual(job.snapshot.outcome, .accepted)
        harness.cloud.clockOffsetSeconds = -3_600
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded, "\(String(describing: job.snapshot.failure))")
        harness.checkPromises("clock twice")
    }
}
