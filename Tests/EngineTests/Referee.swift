import Core
import Support
import XCTest

@testable import Engine

/// The promises, checked on an engine that has come to rest.
extension Harness {
    /// - closedBy: the grace ran out: submissions may still have been on the wire.
    func checkPromises(
        _ what: @autoclosure () -> String, closed: Bool = false, file: StaticString = #filePath, line: UInt = #line
    ) {
        XCTAssertEqual(transport.violations, [], what(), file: file, line: line)
        XCTAssertEqual(cloud.tagsExecutedTwice, [], "paid twice: \(what())", file: file, line: line)
        XCTAssertEqual(cloud.nonceRepetitions, 0, "a nonce came again: \(what())", file: file, line: line)
        for record in records.values {
            let done = events(.jobDone, of: record)
            XCTAssertEqual(done.count, 1, "JOB_DONE of job \(record.id): \(what())", file: file, line: line)
            XCTAssertTrue(record.snapshot.state.isTerminal, "job \(record.id): \(what())", file: file, line: line)
            XCTAssertEqual(
                record.snapshot.state == .succeeded, record.snapshot.failure == nil, what(), file: file, line: line)
            XCTAssertEqual(
                done.first?.status ?? .ok, record.snapshot.failure?.status ?? .ok, what(), file: file, line: line)
            XCTAssertTrue(record.waiters.isEmpty, what(), file: file, line: line)
            XCTAssertEqual(
                record.refreshesDone, record.refreshesAsked, "a refresh hangs: \(what())", file: file, line: line)
            if let tag = tags[record.id] { checkSubmission(record, tag, what(), closed, file, line) }
        }
        for sink in sinks.made {
            XCTAssertEqual(sink.misuse, [], what(), file: file, line: line)
        }
        if !closed { checkNothingLeft(what(), file: file, line: line) }
    }

    private func checkSubmission(
        _ record: JobRecord, _ tag: String, _ what: String, _ closed: Bool, _ file: StaticString, _ line: UInt
    ) {
        let told = transport.told(of: tag)
        let executed = cloud.executions(of: tag)
        let outcome = record.snapshot.outcome
        func check(_ right: Bool, _ words: String) {
            XCTAssertTrue(
                right, "job \(record.id) (\(tag), \(outcome), \(told), \(executed)): \(words): \(what)", file: file,
                line: line)
        }
        if closed, core.jobs.active[record.id] != nil {
            check(outcome == .unknown && told.acceptedID == nil, "on the wire when the grace ran out")
        } else if let id = told.acceptedID {
            check(outcome == .accepted, "accepted, and not said")
            check(record.snapshot.reference?.remoteID == id, "the id is lost")
            check(events(.jobAccepted, of: record).count == 1, "JOB_ACCEPTED")
        } else if told.inDoubt {
            check(outcome == .unknown, "in doubt, and not said")
        } else {
            check(outcome == .notSent, "provably not executed, and not said")
            check(executed.isEmpty, "executed")
        }
        if outcome == .notSent { check(executed.isEmpty, "NOT_SENT and executed") }
        if record.snapshot.state == .succeeded { check(outcome == .accepted, "succeeded without an id") }
        if record.snapshot.state == .unknown {
            check(record.snapshot.failure?.status == .outcomeUnknown, "UNKNOWN with another status")
            check(record.snapshot.failure?.isRetryable == false, "UNKNOWN and retryable")
        }
    }

    /// No job, download, call or timer may be left when all has ended.
    func checkNothingLeft(_ what: String, file: StaticString = #filePath, line: UInt = #line) {
        XCTAssertEqual(core.jobs.active.count, 0, "jobs: \(what)", file: file, line: line)
        XCTAssertEqual(core.downloads.active.count, 0, "downloads: \(what)", file: file, line: line)
        XCTAssertEqual(core.calls.scheduler.count, 0, "tickets: \(what)", file: file, line: line)
        XCTAssertEqual(core.calls.leftovers, 0, "actions, and calls on the wire: \(what)", file: file, line: line)
        XCTAssertEqual(core.calls.scheduler.callsInFlight, 0, "calls: \(what)", file: file, line: line)
        XCTAssertEqual(core.calls.scheduler.downloadsInFlight, 0, "downloads: \(what)", file: file, line: line)
        XCTAssertEqual(transport.inFlight, 0, "transfers: \(what)", file: file, line: line)
        // An engine that is closed does not wait for a rate's next permit, nor for the end of credentials.
        let others = core.closeBy == nil ? 0 : 1
        XCTAssertLessThanOrEqual(core.timers.count, others, "timers: \(what)", file: file, line: line)
        XCTAssertEqual(core.calls.scheduler.askingCount, 0, "waiting for credentials: \(what)", file: file, line: line)
    }
}

/// What no caller may ever see of a job.
enum Referee {
    static func contradictions(_ seen: JobSnapshot) -> [String] {
        var found: [String] = []
        if seen.state.isTerminal {
            if (seen.state == .succeeded) != (seen.failure == nil) {
                found.append("\(seen.state), \(String(describing: seen.failure))")
            }
            if let failure = seen.failure, failure.outcome != seen.outcome {
                found.append("\(seen.state), outcome \(seen.outcome), its error says \(failure.outcome)")
            }
            if seen.state == .succeeded, seen.assets.isEmpty { found.append("a success without images") }
        } else {
            if seen.failure != nil { found.append("a reason before the end") }
            if seen.progress == 1 { found.append("all done, and \(seen.state)") }
            if seen.providerState == "succeeded" || seen.providerState == "failed" {
                found.append("\(seen.providerState) before the end")
            }
            if !seen.assets.isEmpty { found.append("images before the end") }
        }
        if seen.reference != nil, seen.outcome != .accepted { found.append("an id, and outcome \(seen.outcome)") }
        return found
    }
}
