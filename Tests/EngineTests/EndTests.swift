import Core
import Support
import XCTest

@testable import Engine

/// Cancel, deadline and close, at every moment of a job's life.
final class EndTests: XCTestCase {
    /// At every 5 ms from the queue to the last poll: one end at that instant, and no id lost.
    private func endAtEveryMoment(
        _ what: String, _ end: (Harness, JobRecord) -> Void, status: Status, meeting faults: [Fault] = [],
        file: StaticString = #filePath, line: UInt = #line
    ) throws {
        for moment in stride(from: Int64(0), through: 3_000, by: 5) {
            let harness = try Harness()
            harness.transport.setLatency { _ in 130 }
            harness.transport.setFaults(ofSubmission: "a", faults)
            let job = harness.submit("a")
            let other = harness.submit("b")
            harness.run(until: moment)
            let instant = harness.clock.nanoseconds()
            end(harness, job)
            harness.settle()
            XCTAssertEqual(
                harness.events(.jobDone, of: job).first?.at, instant, "\(what) at \(moment) ms", file: file, line: line)
            XCTAssertEqual(job.snapshot.failure?.status, status, file: file, line: line)
            if !harness.transport.told(of: "a").inDoubt, harness.cloud.executions(of: "a").isEmpty {
                XCTAssertEqual(
                    job.snapshot.outcome, .notSent, "\(what) at \(moment) ms: at once", file: file, line: line)
                XCTAssertNil(harness.core.jobs.active[job.id], "\(what) at \(moment) ms", file: file, line: line)
            }
            harness.runToTheEnd()
            XCTAssertEqual(other.snapshot.state, .succeeded, file: file, line: line)
            // The answer was on its way: its id is known now.
            if !harness.cloud.executions(of: "a").isEmpty {
                XCTAssertEqual(job.snapshot.outcome, .accepted, "\(what) at \(moment) ms", file: file, line: line)
                XCTAssertEqual(
                    job.snapshot.reference?.remoteID, harness.cloud.executions(of: "a").first, file: file, line: line)
            } else {
                XCTAssertEqual(job.snapshot.outcome, .notSent, file: file, line: line)
            }
            // Whoever asks for the error now hears what is known now (fault 8).
            XCTAssertEqual(
                job.snapshot.failure?.outcome, job.snapshot.outcome, "\(what) at \(moment) ms", file: file, line: line)
            XCTAssertEqual(job.snapshot.failure?.status, status, file: file, line: line)
            harness.checkPromises("\(what) at \(moment) ms", file: file, line: line)
        }
    }

    func testCancelAtEveryMoment() throws {
        try endAtEveryMoment("cancel", { $0.cancel($1) }, status: .cancelled)
    }

    func testDeadlineAtEveryMoment() throws {
        try endAtEveryMoment("deadline", { $0.deadline($1, 0) }, status: .deadline)
    }

    /// The connection of a submission is still being made when its job ends: at once it is known that nothing was sent, and
    /// nothing leaves afterwards. From the first byte on its answer is waited for, as ever.
    func testAnEndWhileTheConnectionIsMade() throws {
        for faults in [
            [Fault.slowConnection(milliseconds: 700)],
            [.throttle(milliseconds: 0), .slowConnection(milliseconds: 700)],
        ] {
            try endAtEveryMoment("cancel", { $0.cancel($1) }, status: .cancelled, meeting: faults)
            try endAtEveryMoment("deadline", { $0.deadline($1, 0) }, status: .deadline, meeting: faults)
        }
    }

    /// A place on the wire is free again when its submission is cut.
    func testACutSubmissionMakesRoom() throws {
        var settings = EngineSettings()
        settings.maximumInFlight = 1
        let harness = try Harness(settings: settings)
        harness.transport.setFaults(ofSubmission: "a", [.slowConnection(milliseconds: 9_000)])
        let hanging = harness.submit("a")
        let next = harness.submit("b")
        harness.run(until: 1_000)
        XCTAssertEqual(hanging.snapshot.state, .submitting)
        XCTAssertEqual(next.snapshot.state, .queued)
        harness.cancel(hanging)
        harness.run(until: 1_100)
        XCTAssertEqual(next.snapshot.outcome, .accepted)
        harness.runToTheEnd()
        XCTAssertEqual(hanging.snapshot.outcome, .notSent)
        XCTAssertEqual(harness.arrivals("submit").map(\.subject), ["b"])
        harness.checkPromises("cut")
    }

    /// Fault 8: whenever the engine looks at its clock, another thread could look at the jobs. None of them is half ended.
    func testNoMomentShowsHalfAnEnd() throws {
        for fault in [nil] + Fault.ofCalls.map(Optional.some) {
            for follow in [true, false] {
                let harness = try Harness()
                var looks = 0
                var wrong: Set<String> = []
                harness.clock.beforeRead = { [unowned harness] in
                    looks += 1
                    for record in harness.records.values {
                        for text in Referee.contradictions(record.snapshot) { wrong.insert(text) }
                    }
                }
                if let fault { harness.transport.setScript { $0.indexOfKind == 1 ? fault : nil } }
                let tags = ["hopeless", "t", "bad", "t", "hopeless"]
                let jobs = tags.enumerated().map { harness.submit("\($1)-\($0)", follow: follow) }
                harness.run(until: 35)
                harness.cancel(jobs[3])
                for second in Int64(1)...5 {
                    harness.run(until: second * 1_000)
                    for job in jobs where !follow { harness.refresh(job) }
                }
                harness.close(grace: 200_000)
                harness.runToTheEnd()
                XCTAssertGreaterThan(looks, 50)
                XCTAssertEqual(wrong, [], "\(String(describing: fault)), follow \(follow)")
            }
        }
    }

    /// An id that comes after the end is told three times: as JOB_ACCEPTED, as a warning, and in the log.
    func testALateIDIsToldAsAWarning() throws {
        var settings = EngineSettings()
        settings.logLevel = .warning
        for end in ["cancel", "deadline", "close"] {
            let harness = try Harness(settings: settings)
            let job = harness.submit("a", deadline: end == "deadline" ? 45 : -1)
            let other = harness.submit("b")
            harness.run(until: 40)
            if end == "cancel" { harness.cancel(job) }
            if end == "close" { harness.close(grace: 1_000) }
            harness.runToTheEnd()
            XCTAssertEqual(harness.events(.jobAccepted, of: job).count, 1, end)
            let warnings = harness.events.filter { $0.type == .warning && $0.job == job.id }
            XCTAssertEqual(warnings.count, 1, end)
            let id = try XCTUnwrap(harness.cloud.executions(of: "a").first)
            XCTAssertTrue(warnings.first?.message?.contains("Its id is \(id), its token ") == true, end)
            let named = try XCTUnwrap(warnings.first?.fields?.fields)
            XCTAssertTrue(named.contains { $0.name.description == "remote_id" && $0.value == .text(id) }, end)
            XCTAssertTrue(named.contains { $0.name.description == "token" }, end)
            XCTAssertNil(warnings.first?.log, end)
            let logs = harness.events.compactMap(\.log).filter { $0.job == job.id && $0.level == .warning }
            XCTAssertEqual(logs.count, 1, end)
            if end != "close" { XCTAssertEqual(harness.events(.warning, of: other).count, 0, end) }
            XCTAssertEqual(job.snapshot.failure?.outcome, .accepted, end)
            harness.checkPromises(end)
        }
    }

    /// Even if it were asked to: the engine never throws the answer to a submission away.
    func testASubmissionOnTheWireCannotBeWithdrawn() throws {
        let harness = try Harness()
        let job = harness.submit("a")
        harness.run(until: 40)
        let active = try XCTUnwrap(harness.core.jobs.active[job.id])
        XCTAssertTrue(harness.core.calls.scheduler.isOnWire(active.ticket))
        harness.core.calls.withdraw(active)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        harness.checkPromises("withdrawn")
    }

    /// A deadline that is set while only a late answer is awaited leaves no timer behind.
    func testADeadlineAfterTheEndLeavesNoTimer() throws {
        let harness = try Harness()
        let job = harness.submit("a")
        harness.run(until: 40)
        harness.cancel(job)
        harness.deadline(job, 3_600_000)
        harness.run(until: 200)
        XCTAssertEqual(job.snapshot.outcome, .accepted)
        harness.checkNothingLeft("right after the late answer")
    }

    func testCancelIsIdempotent() throws {
        let harness = try Harness()
        let job = harness.submit("a")
        harness.run(until: 70)
        for _ in 0..<5 { harness.cancel(job) }
        harness.runToTheEnd()
        harness.cancel(job)
        harness.runToTheEnd()
        harness.checkPromises("cancel")
    }

    /// A deadline holds to the instant, whatever the network does.
    func testDeadlinesAreExact() throws {
        for fault in [nil] + Fault.ofCalls.map(Optional.some) {
            for deadline in [Int64(1), 60, 777, 5_000, 61_000] {
                let harness = try Harness()
                harness.cloud.runningMilliseconds = 3_600_000
                if let fault { harness.transport.setScript { $0.kind == .status ? fault : nil } }
                let job = harness.submit("a", deadline: deadline)
                harness.runToTheEnd()
                guard job.snapshot.failure?.status == .deadline else {
                    // Refused for good before the deadline.
                    XCTAssertTrue(
                        [.refusal, .staleCredentials, .expired, .notFound, .clockSkew(seconds: 3_600)].contains(fault),
                        "\(String(describing: fault))")
                    continue
                }
                let ended = harness.events(.jobDone, of: job).first?.at ?? 0
                XCTAssertEqual(
                    (ended - harness.start) / 1_000, deadline * 1_000, "\(String(describing: fault)), \(deadline)")
            }
        }
    }

    /// None, the longest there is, one in the past.
    func testExtremeDeadlines() throws {
        for deadline in [Int64(-1), .min, .max, .max - 1, .max / 1_000_000] {
            let harness = try Harness()
            let job = harness.submit("a", deadline: deadline)
            harness.runToTheEnd()
            XCTAssertEqual(job.snapshot.state, .succeeded, "\(deadline)")
            harness.checkPromises("deadline \(deadline)")
        }
        let harness = try Harness()
        let job = harness.submit("a", deadline: 0)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.failure?.status, .deadline)
        XCTAssertEqual(job.snapshot.outcome, .notSent)
        XCTAssertEqual(harness.transport.started, 0, "nothing left")
    }

    func testADeadlineCanBeMovedAndTakenAway() throws {
        let harness = try Harness()
        harness.cloud.runningMilliseconds = 60_000
        let sooner = harness.submit("a", deadline: 50_000)
        let later = harness.submit("b", deadline: 1_000)
        let never = harness.submit("c", deadline: 1_000)
        harness.run(until: 500)
        harness.deadline(sooner, 200)
        harness.deadline(later, 30_000)
        harness.deadline(never, -1)
        harness.runToTheEnd()
        XCTAssertEqual(harness.events(.jobDone, of: sooner).first?.at, harness.start + 700_000_000)
        XCTAssertEqual(harness.events(.jobDone, of: later).first?.at, harness.start + 30_500_000_000)
        XCTAssertEqual(never.snapshot.state, .succeeded)
        harness.checkPromises("moved")
    }

    // MARK: - Close

    /// At every 5 ms: all jobs end, an answer that comes within the grace gives its id, the engine is done in time.
    func testCloseAtEveryMomentWithGrace() throws {
        for moment in stride(from: Int64(0), through: 3_200, by: 5) {
            let harness = try Harness()
            harness.transport.setLatency { _ in 130 }
            harness.transport.setFaults(ofSubmission: "b", [.slowConnection(milliseconds: 1_000)])
            let jobs = [harness.submit("a"), harness.submit("b", follow: false)]
            harness.run(until: moment)
            harness.close(grace: 200)
            let closed = harness.clock.nanoseconds()
            harness.runToTheEnd()
            XCTAssertTrue(harness.core.isDone)
            XCTAssertLessThanOrEqual(harness.clock.nanoseconds() - closed, 200_000_000)
            for job in jobs where harness.transport.told(of: harness.tags[job.id] ?? "").sent > 0 {
                XCTAssertEqual(job.snapshot.outcome, .accepted, "at \(moment) ms")
                XCTAssertNotNil(job.snapshot.reference)
            }
            harness.checkPromises("close at \(moment) ms")
        }
    }

    /// The grace is shorter than the answer: the outcome stays unknown, which is the truth.
    func testCloseWithoutGrace() throws {
        for grace in [Int64(0), 20] {
            let harness = try Harness()
            harness.transport.setLatency { _ in 130 }
            let job = harness.submit("a")
            harness.run(until: 60)
            harness.close(grace: grace)
            harness.runToTheEnd()
            XCTAssertTrue(harness.core.isDone)
            XCTAssertEqual(harness.elapsed, 60 + grace)
            XCTAssertEqual(job.snapshot.state, .cancelled)
            XCTAssertEqual(job.snapshot.outcome, .unknown)
            harness.checkPromises("close, grace \(grace)", closed: true)
        }
    }

    /// Not even a grace is needed while the connection is made: the outcome is known.
    func testCloseWhileConnectionsAreMade() throws {
        for grace in [Int64(0), 20, -1] {
            let harness = try Harness()
            harness.transport.setScript { $0.kind == .submit ? .slowConnection(milliseconds: 9_000) : nil }
            let jobs = (0..<5).map { harness.submit("a\($0)") }
            harness.run(until: 1_000)
            XCTAssertEqual(jobs.map(\.snapshot.state), Array(repeating: .submitting, count: 5))
            harness.close(grace: grace)
            harness.runToTheEnd()
            XCTAssertEqual(harness.elapsed, 1_000)
            for job in jobs {
                XCTAssertEqual(job.snapshot.state, .cancelled)
                XCTAssertEqual(job.snapshot.outcome, .notSent)
            }
            XCTAssertEqual(harness.arrivals("submit").count, 0)
            harness.checkPromises("close, grace \(grace)")
        }
    }

    /// AIGC_FOREVER waits for every submission that is on the wire; the submit time-out bounds it.
    func testCloseWithEndlessGrace() throws {
        let harness = try Harness()
        harness.transport.setLatency { _ in 20_000 }
        harness.transport.setScript { $0.indexOfKind == 1 ? .silence(executed: true) : nil }
        let job = harness.submit("a")
        let silent = harness.submit("b")
        harness.run(until: 1_000)
        harness.close(grace: -1)
        harness.runToTheEnd()
        XCTAssertTrue(harness.core.isDone)
        XCTAssertEqual(job.snapshot.outcome, .accepted)
        XCTAssertEqual(silent.snapshot.outcome, .unknown)
        XCTAssertLessThan(harness.elapsed, 61_000)
        harness.checkPromises("endless grace")
    }

    /// The shortest of all graces counts, in any order.
    func testASecondCloseMayShortenTheGrace() throws {
        for graces in [[20_000, 500], [500, 20_000], [-1, 500], [500, -1]] as [[Int64]] {
            let harness = try Harness()
            harness.transport.setScript { _ in .silence(executed: true) }
            let job = harness.submit("a")
            harness.run(until: 1_000)
            for grace in graces { harness.close(grace: grace) }
            harness.runToTheEnd()
            XCTAssertEqual(harness.elapsed, 1_500, "\(graces)")
            XCTAssertEqual(job.snapshot.outcome, .unknown)
            harness.checkPromises("closed twice, \(graces)", closed: true)
        }
    }

    /// The grace is over and a worker still writes: the engine sleeps until it is told, or gives the worker up; it does not
    /// turn in circles.
    func testAClosingEngineDoesNotSpinWhileAWorkerWrites() throws {
        let harness = try Harness()
        let job = harness.submit("a")
        harness.runToTheEnd()
        harness.files.delayMilliseconds = 30
        try harness.download(job)
        harness.run(for: 1)
        harness.close(grace: 0)
        harness.settle()
        XCTAssertFalse(harness.core.isDone)
        // Nothing is due before the download is ended without its worker.
        XCTAssertGreaterThan(harness.core.waitLimit(true) ?? .max, 1_900)
        harness.runToTheEnd()
        XCTAssertTrue(harness.core.isDone)
    }

    /// Fault 12: a worker that hangs in a file system bounds neither a cancel nor a close.
    func testAWorkerThatHangsIsNotWaitedForWithoutEnd() throws {
        let harness = try Harness()
        let job = harness.submit("a")
        harness.runToTheEnd()
        harness.files.delayMilliseconds = 3_600_000
        let cancelled = try harness.download(job)
        harness.run(for: 1)
        harness.cancel(cancelled)
        harness.run(for: 2_100)
        XCTAssertEqual(cancelled.snapshot.state, .cancelled)
        let began = harness.elapsed
        harness.close(grace: 1_000)
        while !harness.core.isDone, harness.elapsed < began + 60_000 { harness.run(for: 100) }
        XCTAssertTrue(harness.core.isDone)
        XCTAssertLessThan(harness.elapsed - began, 6_500)
    }

    func testCloseWhileWorkersHaveSinks() throws {
        for moment in stride(from: Int64(0), through: 100, by: 2) {
            let harness = try Harness()
            let job = harness.submit("a")
            harness.runToTheEnd()
            harness.files.delayMilliseconds = 30
            let download = try harness.download(job)
            harness.run(for: moment)
            harness.close(grace: 0)
            harness.runToTheEnd()
            XCTAssertTrue(harness.core.isDone)
            XCTAssertTrue(download.snapshot.state.isTerminal)
            let sink = harness.sinks.made[0]
            XCTAssertTrue(sink.abandoned != nil || sink.commits == 1)
            harness.checkPromises("close at \(moment)")
        }
    }

    /// What is posted before the close is carried out and ended by it; what comes after is refused.
    func testCommandsAroundAClose() throws {
        let harness = try Harness()
        let before = harness.submit("a")
        harness.close(grace: 100)
        XCTAssertFalse(harness.mailbox.post(.cancel(before.id)))
        harness.runToTheEnd()
        XCTAssertEqual(before.snapshot.failure?.status, .cancelled)
        XCTAssertEqual(harness.transport.started, 0)
        harness.checkPromises("before")
    }

    /// A command for a provider that the engine does not have ends the job; nobody waits for ever.
    func testAJobOfAnUnknownProviderEnds() throws {
        let harness = try Harness()
        let call = harness.provider.call(submit: "a")
        let commands: [(JobRecord) -> Command] = [
            { .attach($0, follow: true, deadlineMilliseconds: -1) },
            { .submit($0, call, follow: true, deadlineMilliseconds: -1) },
            { .read($0, call, deadlineMilliseconds: -1) },
        ]
        for (number, command) in commands.enumerated() {
            let record = JobRecord(
                id: UInt64(77 + number), provider: "nobody", operation: "x", isDownload: false,
                snapshot: JobSnapshot(state: .pending))
            record.snapshot.reference = JobReference(
                provider: "nobody", operation: "x", region: "", endpoint: "e", remoteID: "1")
            record.handles = 1
            _ = harness.mailbox.post(command(record))
            harness.runToTheEnd()
            XCTAssertTrue(record.snapshot.state.isTerminal)
            XCTAssertEqual(record.snapshot.failure?.status, .invalidArgument)
            XCTAssertEqual(harness.events(.jobDone, of: record).count, 1)
        }
    }
}
