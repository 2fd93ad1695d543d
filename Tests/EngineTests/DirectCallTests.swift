import Core
import Support
import XCTest

@testable import Engine

/// Calls by name on the engine: a write leaves at most once whatever happens, a read gets its answer in the end.
final class DirectCallTests: XCTestCase {
    private func write(_ harness: Harness, _ tag: String) -> JobRecord {
        let call = harness.provider.direct(harness.provider.call(submit: tag), as: .submit)
        let record = harness.record()
        _ = harness.mailbox.post(.submit(record, call, follow: true, deadlineMilliseconds: 600_000))
        return record
    }

    private func read(_ harness: Harness, deadline: Int64 = 600_000) -> JobRecord {
        let job = harness.cloud.plant(tag: "planted", at: harness.clock.nanoseconds())
        let status = harness.provider.statusCall(harness.provider.reference(operation: "draw", remoteID: job))
        let call = harness.provider.direct(status, as: .read)
        let record = harness.record()
        _ = harness.mailbox.post(.read(record, call, deadlineMilliseconds: deadline))
        return record
    }

    func testAWriteGivesItsAnswerAndNothingElse() throws {
        let harness = try Harness()
        let record = write(harness, "change")
        harness.runToTheEnd()
        XCTAssertEqual(record.snapshot.state, .succeeded)
        XCTAssertEqual(record.snapshot.outcome, .accepted)
        XCTAssertEqual(String(decoding: record.snapshot.response, as: UTF8.self), "accepted job-1 .")
        XCTAssertNil(record.snapshot.reference)
        XCTAssertEqual(record.snapshot.assets, [])
        XCTAssertEqual(harness.events(.jobAccepted, of: record).count, 0)
        XCTAssertEqual(harness.cloud.arrivals.count, 1)
        harness.checkPromises("a write")
    }

    /// Every fault at the first request of a write: it is executed at most once, and the outcome says what is known.
    func testEveryFaultOfAWrite() throws {
        for fault in Fault.ofCalls {
            let harness = try Harness()
            harness.transport.setScript { $0.index == 0 ? fault : nil }
            let record = write(harness, "change")
            harness.runToTheEnd()
            let executed = harness.cloud.executions(of: "change").count
            XCTAssertLessThanOrEqual(executed, 1, "\(fault)")
            switch record.snapshot.outcome {
            case .accepted: XCTAssertEqual(executed, 1, "\(fault)")
            case .notSent: XCTAssertEqual(executed, 0, "\(fault)")
            case .unknown:
                XCTAssertEqual(record.snapshot.failure?.status, .outcomeUnknown, "\(fault)")
                XCTAssertEqual(record.snapshot.failure?.isRetryable, false, "\(fault)")
            case .none: XCTFail("\(fault): no outcome")
            }
            // An answer without its end is believed for the id in it, and this one has none.
            let leavesDoubt = fault.leavesDoubt || [.unendedReply, .delay(milliseconds: 90_000)].contains(fault)
            XCTAssertEqual(record.snapshot.outcome == .unknown, leavesDoubt, "\(fault)")
            harness.checkPromises("a write and \(fault)")
        }
    }

    func testAReadGetsItsAnswerThroughWhateverAWireDoes() throws {
        for fault in Fault.transient {
            let harness = try Harness()
            harness.transport.setScript { $0.index < 5 ? fault : nil }
            let record = read(harness)
            harness.runToTheEnd()
            XCTAssertEqual(
                record.snapshot.state, .succeeded, "\(fault): \(String(describing: record.snapshot.failure))")
            XCTAssertEqual(record.snapshot.outcome, .none)
            XCTAssertTrue(
                String(decoding: record.snapshot.response, as: UTF8.self).hasPrefix("state job-1"), "\(fault)")
            harness.checkPromises("a read and \(fault)")
        }
    }

    /// A read is no submission to the transport, and keeps the limits of one: it may use old connections.
    func testHowAReadIsSent() throws {
        let harness = try Harness()
        harness.transport.keepActions()
        _ = read(harness)
        _ = write(harness, "change")
        harness.runToTheEnd()
        XCTAssertEqual(harness.transport.actions.map(\.options.isSubmission).filter { $0 }.count, 1)
        XCTAssertEqual(harness.transport.actions.count, 2)
    }

    func testAReadEndsByRefusalDeadlineCancelAndClose() throws {
        let refused = try Harness()
        refused.transport.setScript { _ in .notFound }
        let missing = read(refused)
        refused.runToTheEnd()
        XCTAssertEqual(missing.snapshot.failure?.status, .notFound)
        XCTAssertEqual(refused.transport.started, 1)
        refused.checkPromises("not found")

        for end in ["deadline", "cancel", "close"] {
            let harness = try Harness()
            harness.transport.setScript { _ in .unavailable(executed: false) }
            let record = read(harness, deadline: end == "deadline" ? 5_000 : 600_000)
            harness.run(until: 5_000)
            if end == "cancel" { harness.cancel(record) }
            if end == "close" { harness.close(grace: 1_000) }
            harness.runToTheEnd()
            XCTAssertEqual(record.snapshot.failure?.status, end == "deadline" ? .deadline : .cancelled, end)
            XCTAssertEqual(record.snapshot.failure?.outcome, SubmitOutcome.none, end)
            harness.checkPromises(end)
        }
    }

    /// A write that is cancelled on the wire still learns its answer, and says so without a second end.
    func testTheAnswerToACancelledWriteIsKept() throws {
        let harness = try Harness()
        harness.transport.setLatency { _ in 1_000 }
        let record = write(harness, "change")
        harness.run(until: 500)
        XCTAssertEqual(record.snapshot.state, .submitting)
        harness.cancel(record)
        harness.run(until: 600)
        XCTAssertEqual(record.snapshot.state, .cancelled)
        XCTAssertEqual(record.snapshot.outcome, .unknown)
        harness.runToTheEnd()
        XCTAssertEqual(record.snapshot.state, .cancelled)
        XCTAssertEqual(record.snapshot.outcome, .accepted)
        XCTAssertEqual(String(decoding: record.snapshot.response, as: UTF8.self), "accepted job-1 .")
        harness.checkPromises("a late answer")
    }
}
