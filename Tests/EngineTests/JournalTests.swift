import Core
import Foundation
import Support
import XCTest

@testable import Engine

/// What waits for the journal, and what the journal gets to hear.
final class JournalTests: XCTestCase {
    private var journal = FakeJournal()

    private func harness(seed: UInt64 = 1, settings: EngineSettings = EngineSettings()) throws -> Harness {
        journal = FakeJournal()
        return try Harness(seed: seed, settings: settings, journal: journal)
    }

    /// A job whose answer has come, and whose id waits for the disk.
    private func answered() throws -> (Harness, JobRecord) {
        let harness = try harness()
        journal.isFast = false
        let job = harness.submit(key: "k")
        harness.run(for: 100)
        journal.commit()
        harness.run(for: 60_000)
        return (harness, job)
    }

    func testNothingLeavesBeforeItIsOnTheDisk() throws {
        let harness = try harness()
        journal.isFast = false
        let job = harness.submit(key: "k")
        harness.run(for: 60_000)
        XCTAssertEqual(harness.arrivals("submit").count, 0)
        XCTAssertEqual(job.snapshot.state, .queued)
        XCTAssertEqual(journal.waiting.count, 1)
        XCTAssertEqual(journal.waiting.map { FakeJournal.name($0.step) }, ["sending"])
        journal.commit()
        harness.run(for: 1_000)
        XCTAssertEqual(harness.arrivals("submit").count, 1)
    }

    /// The process before, which is gone, has had the answer: this one gets it once more.
    func testTheIDOfAnEarlierProcessIsNotTakenAgain() throws {
        journal.jobs = [FakeProvider().reference(operation: "draw", remoteID: "job-1")]
        let harness = try Harness(journal: journal)
        let job = harness.submit(key: "k")
        harness.run(for: 60_000)
        XCTAssertEqual(harness.cloud.executions(of: "k"), ["job-1"])
        XCTAssertEqual(job.snapshot.outcome, .unknown)
        XCTAssertNil(job.snapshot.reference)
        XCTAssertEqual(harness.arrivals("submit").count, 1)
        XCTAssertEqual(journal.steps("k"), ["sending", "unknown"])
    }

    func testAnIDIsToldOnceItIsOnTheDisk() throws {
        let (harness, job) = try answered()
        XCTAssertEqual(harness.cloud.executions(of: "k"), ["job-1"])
        XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 0)
        XCTAssertNil(job.snapshot.reference)
        XCTAssertEqual(harness.arrivals("status").count, 0)
        journal.commit()
        harness.run(for: 60_000)
        XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 1)
        XCTAssertEqual(job.snapshot.state, .succeeded)
        journal.commit()
        XCTAssertEqual(journal.steps("k"), ["sending", "accepted job-1", "succeeded 1"])
        XCTAssertTrue(harness.mailbox.keys.isEmpty)
    }

    func testWhatCannotBeWrittenIsNotSent() throws {
        for isRetryable in [true, false] {
            let harness = try harness()
            journal.failing = Set(1...100)
            journal.failure = Failure(.journal, "Journal: it is broken", isRetryable: isRetryable)
            let job = harness.submit(key: "k")
            harness.runToTheEnd()
            XCTAssertEqual(harness.arrivals("submit").count, 0)
            XCTAssertEqual(job.snapshot.state, .failed)
            XCTAssertEqual(job.snapshot.failure?.status, .journal)
            XCTAssertEqual(job.snapshot.failure?.outcome, .notSent)
            XCTAssertEqual(journal.steps("k").last, "refused journal")
        }
    }

    func testAnIDThatCannotBeWrittenIsToldAndFollowed() throws {
        let harness = try harness()
        journal.failing = [2]
        let job = harness.submit(key: "k")
        harness.runToTheEnd()
        XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 1)
        XCTAssertEqual(job.snapshot.state, .succeeded)
    }

    /// Another process is stopped while it has the journal's lock.
    func testAnIDThatTheDiskDoesNotTakeIsToldAtTheEndOfAClose() throws {
        let (harness, job) = try answered()
        harness.close(grace: 2_000)
        harness.run(for: 1_000)
        XCTAssertEqual(job.snapshot.state, .cancelled)
        XCTAssertEqual(job.snapshot.outcome, .unknown)
        harness.run(for: 2_000)
        XCTAssertEqual(job.snapshot.outcome, .accepted)
        XCTAssertEqual(job.snapshot.reference?.remoteID, "job-1")
        XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 1)
        journal.commit()
        XCTAssertEqual(journal.steps("k"), ["sending", "accepted job-1", "released"])
    }

    func testACancelBeforeTheDiskIsThrough() throws {
        let harness = try harness()
        journal.isFast = false
        let job = harness.submit(key: "k")
        harness.run(for: 100)
        harness.cancel(job)
        harness.run(for: 100)
        XCTAssertEqual(job.snapshot.state, .cancelled)
        XCTAssertEqual(job.snapshot.outcome, .notSent)
        journal.commit()
        harness.runToTheEnd()
        journal.commit()
        XCTAssertEqual(harness.arrivals("submit").count, 0)
        XCTAssertEqual(journal.steps("k"), ["sending", "refused cancelled"])
    }

    func testALateAnswerAfterACancelKeepsItsID() throws {
        let harness = try harness()
        harness.transport.setScript { $0.kind == .submit ? .delay(milliseconds: 20_000) : nil }
        let job = harness.submit(key: "k")
        harness.run(for: 1_000)
        harness.cancel(job)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .cancelled)
        XCTAssertEqual(job.snapshot.outcome, .accepted)
        XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 1)
        XCTAssertEqual(journal.steps("k"), ["sending", "accepted job-1", "released"])
    }

    /// The record says that the submission may be on the wire, but its connection is still being made: the key comes back.
    func testAnEndWhileTheConnectionIsMadeGivesTheKeyBack() throws {
        for end in ["cancel", "deadline", "close"] {
            for faults in [
                [Fault.slowConnection(milliseconds: 9_000)], [.refuseConnection, .slowConnection(milliseconds: 9_000)],
            ] {
                let harness = try harness()
                harness.transport.setFaults(ofSubmission: "k", faults)
                let job = harness.submit(key: "k")
                harness.run(for: 3_000)
                XCTAssertEqual(job.snapshot.state, .submitting, end)
                switch end {
                case "cancel": harness.cancel(job)
                case "deadline": harness.deadline(job, 0)
                default: harness.close(grace: 0)
                }
                harness.settle()
                XCTAssertEqual(job.snapshot.outcome, .notSent, end)
                XCTAssertNil(harness.mailbox.keys[try XCTUnwrap(JournalKey("k"))], end)
                let steps = journal.steps("k")
                XCTAssertEqual(steps.suffix(2).first, "sending", "\(end): \(steps)")
                XCTAssertEqual(steps.last, end == "deadline" ? "refused deadline" : "refused cancelled", end)
                if end == "close" { continue }
                let again = harness.submit(key: "k")
                harness.runToTheEnd()
                XCTAssertEqual(again.snapshot.outcome, .accepted, end)
                XCTAssertEqual(harness.arrivals("submit").count, 1, end)
            }
        }
    }

    /// Each try asks the journal once, when its connection stands; one that gets no connection does not.
    func testASubmissionLeavesWhenTheJournalHasNotedIt() throws {
        let harness = try harness()
        harness.transport.setFaults(
            ofSubmission: "k", [.refuseConnection, .slowConnection(milliseconds: 2_000)])
        let job = harness.submit(key: "k")
        harness.run(for: 1_500)
        XCTAssertEqual(journal.departures, [])
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.outcome, .accepted)
        XCTAssertEqual(journal.departures, ["k"])
    }

    func testNothingLeavesThatTheJournalCannotNote() throws {
        for isSlow in [false, true] {
            let harness = try harness()
            if isSlow {
                harness.transport.setFaults(ofSubmission: "k", [.slowConnection(milliseconds: 2_000)])
            }
            journal.objection = Failure(.journal, "Journal: the file of its owner is gone")
            let job = harness.submit(key: "k")
            harness.runToTheEnd()
            XCTAssertEqual(job.snapshot.outcome, .notSent)
            XCTAssertEqual(job.snapshot.failure?.status, .journal)
            XCTAssertTrue(job.snapshot.failure?.message.contains("the file of its owner is gone") == true)
            XCTAssertEqual(harness.arrivals("submit").count, 0)
            XCTAssertEqual(journal.steps("k").first, "sending")
            XCTAssertEqual(Set(journal.steps("k").dropFirst()), ["refused journal"])
            journal.objection = nil
            let again = harness.submit(key: "k")
            harness.runToTheEnd()
            XCTAssertEqual(again.snapshot.outcome, .accepted)
        }
    }

    func testEveryFaultOfASubmission() throws {
        for fault in Fault.ofCalls {
            let harness = try harness()
            nonisolated(unsafe) var isFirst = true
            harness.transport.setScript { action in
                guard action.kind == .submit, isFirst else { return nil }
                isFirst = false
                return fault
            }
            let job = harness.submit(key: "k")
            harness.runToTheEnd()
            let steps = journal.steps("k")
            XCTAssertEqual(steps.first, "sending", "\(fault)")
            switch job.snapshot.outcome {
            case .accepted:
                XCTAssertTrue(steps.contains { $0.hasPrefix("accepted") }, "\(fault): \(steps)")
                // Every try has a step of its own.
                XCTAssertEqual(
                    steps.filter { $0 == "sending" }.count, steps.filter { $0 == "returned" }.count + 1, "\(fault)")
            case .unknown: XCTAssertEqual(steps.last, "unknown", "\(fault)")
            case .notSent: XCTAssertTrue(steps.last?.hasPrefix("refused") == true, "\(fault): \(steps)")
            case .none: XCTFail("\(fault): no outcome")
            }
        }
    }

    func testAReleasedJobIsRecorded() throws {
        let harness = try harness()
        let unfollowed = harness.submit(key: "a", follow: false)
        let dropped = harness.submit(key: "b")
        let late = harness.submit(key: "c", deadline: 1_500)
        let closed = harness.submit(key: "d")
        harness.cloud.runningMilliseconds = 100_000
        harness.run(for: 1_000)
        harness.follow(dropped, false)
        harness.run(for: 2_000)
        harness.close(grace: 0)
        harness.runToTheEnd()
        XCTAssertEqual(unfollowed.snapshot.state, .cancelled)
        XCTAssertEqual(late.snapshot.failure?.status, .deadline)
        XCTAssertEqual(closed.snapshot.state, .cancelled)
        for key in ["a", "b", "c", "d"] { XCTAssertEqual(journal.steps(key).last, "released", key) }
    }

    func testCredentialsThatEndWhileTheDiskIsSlow() throws {
        let harness = try harness()
        journal.isFast = false
        harness.push("one", expiresAtMilliseconds: harness.clock.unixMilliseconds() + 5_000)
        let job = harness.submit(key: "k")
        harness.run(for: 6_000)
        XCTAssertEqual(journal.waiting.map { FakeJournal.name($0.step) }, ["sending"])
        journal.commit()
        harness.run(for: 1_000)
        XCTAssertEqual(harness.arrivals("submit").count, 0)
        journal.isFast = true
        journal.commit()
        harness.push("two")
        harness.runToTheEnd()
        XCTAssertEqual(harness.cloud.executions(of: "k").count, 1)
        XCTAssertEqual(job.snapshot.state, .succeeded)
        let steps = journal.steps("k").filter { $0 == "sending" || $0 == "returned" }
        XCTAssertEqual(steps, ["sending", "returned", "sending"], "what did not leave is not left in doubt")
    }

    // MARK: - Hold

    func testAHeldJobWaitsForItsHost() throws {
        let harness = try harness()
        let job = harness.submit(key: "k", isHeld: true)
        harness.run(for: 60_000)
        XCTAssertEqual(harness.events(.jobReady, of: job).count, 1)
        XCTAssertEqual(harness.arrivals("submit").count, 0)
        XCTAssertEqual(journal.steps("k"), [], "the host comes first")
        _ = harness.mailbox.post(.release(job.id))
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertEqual(harness.events(.jobReady, of: job).count, 1)
        XCTAssertEqual(journal.steps("k"), ["sending", "accepted job-1", "succeeded 1"])
    }

    /// Any number of jobs is held beside others that go through, and each leaves once, at the rate, when its host says so.
    func testHeldJobsKeepNobodyOffTheWire() throws {
        var settings = EngineSettings()
        settings.maximumInFlight = 4
        settings.rates = ["fake/submit": 20]
        for hasJournal in [true, false] {
            let harness = try Harness(seed: 3, settings: settings, journal: hasJournal ? FakeJournal() : nil)
            let held = (0..<300).map { harness.submit(key: "h\($0)", isHeld: true) }
            harness.run(for: 10_000)
            XCTAssertEqual(held.map { harness.events(.jobReady, of: $0).count }, Array(repeating: 1, count: 300))
            XCTAssertEqual(harness.arrivals("submit").count, 0)
            XCTAssertEqual(harness.core.calls.scheduler.callsInFlight, 0)
            let others = (0..<20).map { harness.submit(key: "o\($0)") }
            harness.run(for: 60_000)
            XCTAssertTrue(others.allSatisfy { $0.snapshot.state == .succeeded })
            for job in held[0..<297] { _ = harness.mailbox.post(.release(job.id)) }
            harness.cancel(held[297])
            _ = harness.mailbox.post(.setDeadline(held[298].id, 5_000))
            let before = harness.arrivals("submit").count
            harness.run(for: 10_000)
            let pace = harness.arrivals("submit").count - before
            XCTAssertTrue((150...201).contains(pace), "\(pace) in ten seconds at 20 a second")
            harness.run(for: 60_000)
            XCTAssertEqual(held.map { harness.cloud.executions(of: $0.key?.text ?? "").count }.prefix(3), [1, 1, 1])
            for (index, job) in held.enumerated() {
                XCTAssertEqual(harness.cloud.executions(of: "h\(index)").count, index < 297 ? 1 : 0)
                if index < 297 { XCTAssertEqual(job.snapshot.state, .succeeded, "\(index)") }
            }
            XCTAssertEqual(held[297].snapshot.failure?.status, .cancelled)
            XCTAssertEqual(held[298].snapshot.failure?.status, .deadline)
            harness.close(grace: 1_000)
            harness.runToTheEnd()
            for job in held[297...] { XCTAssertEqual(job.snapshot.outcome, .notSent) }
            XCTAssertEqual(held[299].snapshot.state, .cancelled)
        }
    }

    /// The engine may sleep after this turn: nothing else would wake it for the next job.
    func testAHeldJobMakesRoomInTheSameTurn() throws {
        var settings = EngineSettings()
        settings.maximumInFlight = 1
        let harness = try Harness(seed: 4, settings: settings)
        harness.submit(key: "first")
        harness.run(for: 60_000)
        let jobs = (0..<5).map { harness.submit(key: "h\($0)", isHeld: true) }
        harness.core.turn(mayWait: false)
        for job in jobs { XCTAssertEqual(harness.core.jobs.active[job.id]?.journal?.hold, .told) }
    }

    func testAHeldJobThatIsReleasedIsNotHeldAgain() throws {
        let harness = try harness()
        nonisolated(unsafe) var tries = 0
        harness.transport.setScript { action in
            guard action.kind == .submit else { return nil }
            tries += 1
            return tries < 3 ? .refuseConnection : nil
        }
        let job = harness.submit(key: "k", isHeld: true)
        _ = harness.mailbox.post(.release(job.id))
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertEqual(tries, 3)
        XCTAssertEqual(harness.events(.jobReady, of: job).count, 0)
    }

    func testAHeldJobEndsByACancelADeadlineOrAClose() throws {
        let harness = try harness()
        let cancelled = harness.submit(key: "a", isHeld: true)
        let late = harness.submit(key: "b", isHeld: true, deadline: 1_000)
        let closed = harness.submit(key: "c", isHeld: true)
        harness.run(for: 500)
        harness.cancel(cancelled)
        harness.run(for: 1_000)
        XCTAssertEqual(harness.core.calls.scheduler.callsInFlight, 0)
        harness.close(grace: 1_000)
        harness.runToTheEnd()
        for job in [cancelled, late, closed] {
            XCTAssertEqual(job.snapshot.outcome, .notSent)
            _ = harness.mailbox.post(.release(job.id))
        }
        harness.settle()
        XCTAssertEqual(harness.arrivals("submit").count, 0)
        XCTAssertTrue(harness.core.isDone)
    }

    // MARK: - Jobs of others

    func testAJobOfAnotherClientIsWatched() throws {
        let harness = try harness()
        let id = harness.cloud.plant(tag: "k", at: harness.clock.nanoseconds())
        let job = harness.submit(key: "k", harness.place("k", .claimed, .other))
        harness.run(for: 1_000)
        XCTAssertEqual(job.snapshot.state, .queued)
        XCTAssertEqual(journal.looks.count, 1, "one look at a time")
        journal.answer([])
        harness.run(for: 100)
        XCTAssertEqual(journal.looks.count, 0, "and a pause between two")
        harness.run(for: 200)
        journal.answer([harness.place("k", .sending, .other)])
        harness.run(for: 300)
        XCTAssertEqual(job.snapshot.state, .submitting)
        XCTAssertEqual(job.snapshot.outcome, .unknown)
        journal.answer([harness.place("k", .accepted, .other, id: id)])
        harness.run(for: 300)
        XCTAssertEqual(job.snapshot.state, .pending)
        XCTAssertEqual(job.snapshot.reference?.remoteID, id)
        XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 1)
        XCTAssertEqual(harness.arrivals("status").count, 0, "its client asks")
        harness.run(for: 10_000)
        journal.answer([harness.place("k", .succeeded, .nobody, id: id)])
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertEqual(harness.arrivals("status").count, 1, "one call brings the images")
        XCTAssertEqual(harness.arrivals("submit").count, 0)
        XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 1)
        XCTAssertEqual(harness.events(.jobDone, of: job).count, 1)
        XCTAssertTrue(harness.mailbox.keys.isEmpty)
    }

    func testAJobOfADeadClientIsTakenOver() throws {
        let harness = try harness()
        let id = harness.cloud.plant(tag: "b", at: harness.clock.nanoseconds())
        let unsent = harness.submit(key: "a", harness.place("a", .claimed, .other))
        let accepted = harness.submit(key: "b", harness.place("b", .accepted, .other, id: id))
        let doubtful = harness.submit(key: "c", harness.place("c", .sending, .other))
        let withoutCall = harness.submit(key: "d", harness.place("d", .claimed, .other), call: false)
        harness.run(for: 300)
        journal.answer([
            harness.place("a", .claimed, .here), harness.place("b", .accepted, .here, id: id),
            harness.place("c", .unknown, .nobody), harness.place("d", .claimed, .here),
        ])
        harness.runToTheEnd()
        XCTAssertEqual(unsent.snapshot.state, .succeeded)
        XCTAssertEqual(harness.cloud.executions(of: "a").count, 1)
        XCTAssertEqual(accepted.snapshot.state, .succeeded)
        XCTAssertEqual(doubtful.snapshot.state, .unknown)
        XCTAssertEqual(doubtful.snapshot.failure?.status, .outcomeUnknown)
        XCTAssertEqual(withoutCall.snapshot.failure?.outcome, .notSent)
        XCTAssertEqual(journal.steps("d"), ["refused cancelled"], "whoever has its request may submit it")
        XCTAssertEqual(harness.arrivals("submit").count, 1)
        XCTAssertEqual(journal.steps("a"), ["sending", "accepted job-2", "succeeded 1"])
        XCTAssertEqual(journal.steps("b"), ["succeeded 1"])
    }

    /// The host's release counts for a job that another client has as well: nobody is told to release the job again.
    func testAReleasedJobOfADeadClientIsTakenOverWithoutAHold() throws {
        let harness = try harness()
        let released = harness.submit(key: "a", harness.place("a", .claimed, .other), isHeld: true)
        let held = harness.submit(key: "b", harness.place("b", .claimed, .other), isHeld: true)
        harness.run(for: 100)
        _ = harness.mailbox.post(.release(released.id))
        harness.run(for: 300)
        journal.answer([harness.place("a", .claimed, .here), harness.place("b", .claimed, .here)])
        harness.run(for: 60_000)
        XCTAssertEqual(released.snapshot.state, .succeeded)
        XCTAssertEqual(harness.events(.jobReady, of: released).count, 0)
        XCTAssertEqual(held.snapshot.state, .queued)
        XCTAssertEqual(harness.events(.jobReady, of: held).count, 1)
        _ = harness.mailbox.post(.release(held.id))
        harness.runToTheEnd()
        XCTAssertEqual(held.snapshot.state, .succeeded)
    }

    func testAWatchedJobEndsHereByACancelADeadlineOrAClose() throws {
        let harness = try harness()
        let cancelled = harness.submit(key: "a", harness.place("a", .sending, .other))
        let late = harness.submit(key: "b", harness.place("b", .sending, .other), deadline: 1_000)
        let closed = harness.submit(key: "c", harness.place("c", .sending, .other))
        harness.run(for: 500)
        harness.cancel(cancelled)
        harness.run(for: 1_000)
        XCTAssertEqual(cancelled.snapshot.failure?.status, .cancelled)
        XCTAssertEqual(late.snapshot.failure?.status, .deadline)
        harness.close(grace: 0)
        harness.runToTheEnd()
        XCTAssertEqual(closed.snapshot.failure?.status, .cancelled)
        for job in [cancelled, late, closed] {
            XCTAssertEqual(harness.events(.jobDone, of: job).count, 1)
            XCTAssertEqual(job.snapshot.failure?.outcome, .unknown)
        }
        XCTAssertEqual(journal.written, [], "its client keeps driving it")
        journal.answer([harness.place("a", .claimed, .here)])
        harness.settle()
        XCTAssertEqual(harness.arrivals("submit").count, 0)
    }

    func testARefreshOfAWatchedJobAsksTheProvider() throws {
        let harness = try harness()
        let id = harness.cloud.plant(tag: "k", at: harness.clock.nanoseconds())
        let job = harness.submit(key: "k", harness.place("k", .accepted, .other, id: id), follow: false)
        harness.run(for: 100)
        let serial = harness.refresh(job)
        harness.run(for: 5_000)
        XCTAssertEqual(job.refreshesDone, serial)
        XCTAssertEqual(harness.arrivals("status").count, 1)
    }

    /// Two clients want a key at the same moment: the file decides when the submission is about to leave.
    func testAnotherClientWasFaster() throws {
        let harness = try harness()
        let id = harness.cloud.plant(tag: "k", at: harness.clock.nanoseconds())
        journal.taken["k"] = harness.place("k", .sending, .other)
        let job = harness.submit(key: "k")
        harness.run(for: 300)
        XCTAssertEqual(job.snapshot.state, .submitting)
        XCTAssertEqual(harness.core.calls.scheduler.callsInFlight, 0)
        journal.answer([harness.place("k", .succeeded, .nobody, id: id)])
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        XCTAssertEqual(harness.arrivals("submit").count, 0)
        XCTAssertEqual(harness.events(.jobDone, of: job).count, 1)
    }

    func testAnotherClientWithAnotherRequestWasFaster() throws {
        let harness = try harness()
        journal.failing = [1]
        journal.failure = Failure(.keyConflict, "another request")
        let job = harness.submit(key: "k")
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.failure?.status, .keyConflict)
        XCTAssertEqual(job.snapshot.failure?.outcome, .notSent)
        XCTAssertEqual(harness.arrivals("submit").count, 0)
    }

    /// A provider that does not know a job, as one of another account's, has not said how it ended.
    func testAJobThatIsNotFoundIsReleased() throws {
        let harness = try harness()
        let stranger = harness.place("k", .accepted, .here, id: "job-of-another-account")
        let job = harness.submit(key: "k", stranger, call: false)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.failure?.status, .notFound)
        XCTAssertEqual(journal.steps("k"), ["released"])
    }

    /// Another access key may be one of the same account, or not: one status call tells.
    func testAJobThatWasSentWithAnotherAccessKey() throws {
        let harness = try harness()
        let id = harness.cloud.plant(tag: "mine", at: harness.clock.nanoseconds())
        let mine = harness.submit(
            key: "mine", harness.place("mine", .accepted, .here, id: id, account: "an older key"), call: false)
        let strangers = harness.submit(
            key: "strangers", harness.place("strangers", .accepted, .here, id: "job-of-others", account: "their key"),
            call: false)
        harness.run(for: 5_000)
        XCTAssertEqual(strangers.snapshot.state, .failed, "not held for the time that a new job gets")
        XCTAssertEqual(strangers.snapshot.failure?.status, .notFound)
        XCTAssertEqual(strangers.snapshot.failure?.message.contains("another access key"), true)
        XCTAssertEqual(strangers.snapshot.outcome, .accepted)
        XCTAssertEqual(journal.steps("strangers"), ["released"])
        harness.runToTheEnd()
        XCTAssertEqual(mine.snapshot.state, .succeeded)
        XCTAssertEqual(journal.steps("mine"), ["succeeded 1"])
    }

    /// The same access key: the provider may not know a new job yet.
    func testAJobOfTheSameAccessKeyIsWaitedFor() throws {
        let harness = try harness()
        let job = harness.submit(
            key: "k", harness.place("k", .accepted, .here, id: "new", account: "key-1"), call: false)
        harness.run(for: 5_000)
        XCTAssertFalse(job.snapshot.state.isTerminal)
        harness.runToTheEnd()
        XCTAssertEqual(journal.steps("k"), ["released"])
    }

    // MARK: - Random lives

    /// The disk is slow and fails now and then, the wire too, and the host cancels: nothing is sent that the journal does not
    /// have, and what it has is the truth or the safe side of it.
    func testRandomLivesWithAJournal() throws {
        let lives = ProcessInfo.processInfo.environment["AIGC_LONG"] == "1" ? 10_000 : 300
        for seed in 0..<UInt64(lives) {
            let random = SeededRandom(seed &* 7_919 &+ 3)
            let harness = try harness(seed: seed)
            journal.isFast = random.chance(30)
            journal.failing = Set((0..<10).map { _ in 1 + random.below(60) })
            nonisolated(unsafe) let plan = SeededRandom(random.next())
            harness.transport.setScript { _ in plan.chance(30) ? plan.pick(Fault.ofCalls) : nil }
            var jobs: [JobRecord] = []
            for step in 0..<40 {
                if random.chance(50) { jobs.append(harness.submit(key: "s\(seed)-\(step)", isHeld: random.chance(10))) }
                if random.chance(10), !jobs.isEmpty { harness.cancel(random.pick(jobs)) }
                if random.chance(30), !jobs.isEmpty { _ = harness.mailbox.post(.release(random.pick(jobs).id)) }
                harness.run(for: Int64(random.below(3_000)))
                if random.chance(60) { journal.commit() }
            }
            harness.transport.setScript { _ in nil }
            journal.isFast = true
            for job in jobs { _ = harness.mailbox.post(.release(job.id)) }
            journal.commit()
            harness.runToTheEnd()
            journal.commit()
            for job in jobs { try check(job, harness, seed) }
        }
    }

    /// The n-th commit fails, or that and all after it, for every n.
    func testEveryCommitFails() throws {
        for isForEver in [false, true] {
            for number in 1...20 {
                let harness = try harness(seed: UInt64(number))
                journal.failing = isForEver ? Set(number...1_000) : [number]
                var jobs: [JobRecord] = []
                for index in 0..<4 {
                    jobs.append(harness.submit(key: "n\(number)-\(index)", isHeld: index == 3))
                    harness.run(for: 700)
                }
                _ = harness.mailbox.post(.release(jobs[3].id))
                harness.runToTheEnd()
                for job in jobs { try check(job, harness, UInt64(number)) }
                if isForEver, number == 1 { XCTAssertEqual(harness.arrivals("submit").count, 0) }
            }
        }
    }

    private func check(_ job: JobRecord, _ harness: Harness, _ seed: UInt64) throws {
        let key = try XCTUnwrap(job.key).text
        let steps = journal.steps(key)
        let where_ = "seed \(seed), \(key): \(steps)"
        XCTAssertTrue(job.snapshot.state.isTerminal, where_)
        let created = harness.cloud.executions(of: key)
        XCTAssertLessThanOrEqual(created.count, 1, where_)
        let sent = harness.arrivals("submit").filter { $0.subject == key }.count
        XCTAssertLessThanOrEqual(sent, steps.filter { $0 == "sending" }.count, where_)
        // What the file ends with.
        var state = "claimed"
        for step in steps {
            switch (step, state) {
            case ("sending", _):
                XCTAssertEqual(state, "claimed", "sent twice: \(where_)")
                state = "sending"
            case ("returned", "sending"): state = "claimed"
            case ("unknown", "sending"): state = "unknown"
            case ("refused", _): break
            default:
                if step.hasPrefix("accepted") { state = step }
                if step.hasPrefix("refused"), state == "claimed" || state == "sending" { state = "refused" }
            }
        }
        switch job.snapshot.outcome {
        case .accepted: XCTAssertEqual(state, "accepted " + (created.first ?? "?"), where_)
        case .unknown: XCTAssertEqual(state, "unknown", where_)
        case .none, .notSent:
            XCTAssertEqual(state, "refused", where_)
            XCTAssertEqual(created, [], where_)
        }
    }
}
