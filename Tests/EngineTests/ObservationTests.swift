import Core
import Support
import XCTest

@testable import Engine

/// What the engine tells of itself: counts that add up, log records in order, traces that go where they may.
final class ObservationTests: XCTestCase {
    private func harness(
        _ level: LogLevel = .off, capacity: Int = 1_024, provider: FakeProvider = FakeProvider()
    ) throws -> Harness {
        var settings = EngineSettings()
        settings.logLevel = level
        settings.logCapacity = capacity
        settings.learnsPauses = false
        let harness = try Harness(settings: settings, provider: provider)
        harness.mailbox.events = EventQueue(logCapacity: capacity)
        return harness
    }

    private func calls(_ harness: Harness, _ action: String) throws -> Statistics.Calls {
        try XCTUnwrap(harness.mailbox.counts.statistics.calls.first { $0.name.action == action })
    }

    private func logs(_ harness: Harness) -> [LogRecord] { harness.events.compactMap(\.log) }

    private func field(_ record: LogRecord?, _ name: String) -> LogRecord.Value? {
        record?.fields.first { $0.name.description == name }?.value
    }

    // MARK: - Counts

    func testTheCountsAreThoseOfTheCloud() throws {
        let harness = try harness()
        harness.cloud.assetCount = 2
        let jobs = (0..<20).map { harness.submit($0 % 5 == 0 ? "bad\($0)" : "t\($0)") }
        harness.runToTheEnd()
        for job in jobs where job.snapshot.state == .succeeded { try harness.download(job) }
        harness.runToTheEnd()

        let submits = try calls(harness, "submit")
        XCTAssertEqual(submits.name.kind, .submit)
        XCTAssertEqual(submits.started, 20)
        XCTAssertEqual(submits.answered, 20)
        XCTAssertEqual(submits.durations.count, 20)
        XCTAssertEqual(submits.waits.count, 20)
        XCTAssertEqual(submits.durations.sumMilliseconds, 20 * 50, accuracy: 0.1)
        XCTAssertGreaterThan(submits.sentBytes, 0)
        let polls = try calls(harness, "status")
        XCTAssertEqual(polls.started, UInt64(harness.arrivals("status").count))
        XCTAssertEqual(polls.answered, polls.started)
        XCTAssertGreaterThan(polls.receivedBytes, 0)
        let images = try calls(harness, "GET")
        XCTAssertEqual(images.name.kind, .image)
        XCTAssertEqual(images.started, 16)
        XCTAssertEqual(images.receivedBytes, UInt64(harness.sinks.made.reduce(0) { $0 + ($1.image?.count ?? 0) }))

        let statistics = harness.mailbox.counts.statistics
        XCTAssertEqual(statistics.calls.map(\.inFlight), [0, 0, 0])
        XCTAssertEqual(statistics.callsWaiting, 0)
        let drawn = try XCTUnwrap(statistics.jobs.first { !$0.name.isDownload })
        XCTAssertEqual(
            [drawn.started, drawn.accepted, drawn.succeeded, drawn.failed, drawn.active], [20, 20, 16, 4, 0])
        XCTAssertEqual(drawn.durations.count, 16)
        let fetched = try XCTUnwrap(statistics.jobs.first { $0.name.isDownload })
        XCTAssertEqual([fetched.started, fetched.succeeded], [16, 16])
        XCTAssertEqual(statistics.lookups.map(\.found), [1])
    }

    func testFailuresRepetitionsAndThrottles() throws {
        let harness = try harness()
        harness.transport.setScript { action in
            guard action.kind == .status else { return nil }
            return action.indexOfKind < 2
                ? .unavailable(executed: true) : action.indexOfKind == 2 ? .throttle(milliseconds: 0) : nil
        }
        harness.submit("a")
        harness.runToTheEnd()
        let polls = try calls(harness, "status")
        XCTAssertEqual(polls.repeated, 3)
        XCTAssertEqual(polls.throttled, 1)
        XCTAssertEqual(polls.failed.reduce(0, +), 3)
        XCTAssertEqual(polls.failed[try XCTUnwrap(Status.allCases.firstIndex(of: .throttled))], 1)
        XCTAssertEqual(polls.answered, polls.started - 3)
    }

    /// Whatever happens and whenever it ends: nothing stays in flight, and every job is in one end.
    func testTheCountsAddUpInRandomLives() throws {
        for seed in UInt64(0)..<60 {
            let random = SeededRandom(seed)
            let harness = try harness()
            let plan = (0..<400).map { _ in random.chance(30) ? random.pick(Fault.ofImages) : nil }
            harness.transport.setScript { plan[$0.index % plan.count] }
            let jobs = (0..<12).map { harness.submit("t\($0)", deadline: 120_000) }
            for step in 0..<8 {
                harness.run(for: Int64(random.below(4_000)))
                if random.chance(40) { harness.cancel(random.pick(jobs)) }
                for job in jobs where job.snapshot.state == .succeeded && step % 3 == 0 { try harness.download(job) }
            }
            if random.chance(50) { harness.close(grace: 1_000) }
            harness.runToTheEnd()
            harness.core.reporter.observeTheEnd()
            for row in harness.mailbox.counts.statistics.calls {
                XCTAssertEqual(row.inFlight, 0, "seed \(seed) \(row.name)")
                // What failed before the wire is among the failures too.
                let ended = row.answered + row.failed.reduce(0, +) + row.cut
                XCTAssertGreaterThanOrEqual(ended, row.started, "seed \(seed) \(row.name)")
            }
            for row in harness.mailbox.counts.statistics.jobs {
                XCTAssertEqual(row.active, 0, "seed \(seed) \(row.name)")
            }
        }
    }

    func testWhatStaysOnTheWireIsCutAtTheEnd() throws {
        let harness = try harness()
        harness.transport.setLatency { _ in 60_000 }
        harness.submit("a")
        harness.run(for: 100)
        XCTAssertEqual(try calls(harness, "submit").inFlight, 1)
        harness.close(grace: 500)
        harness.runToTheEnd()
        harness.core.reporter.observeTheEnd()
        XCTAssertEqual(try calls(harness, "submit").inFlight, 0)
        XCTAssertEqual(try calls(harness, "submit").cut, 1)
    }

    /// A host that calls by ever new names does not fill the memory.
    func testRowsAreBounded() {
        var statistics = Statistics()
        for number in 0..<10_000 {
            let name = Statistics.CallName(provider: "p\(number % 2)", action: "a\(number)", kind: .read)
            let place = statistics.place(of: name)
            statistics.withCalls(place) { $0.started += 1 }
        }
        XCTAssertLessThan(statistics.calls.count, 210)
        XCTAssertEqual(statistics.calls.reduce(0) { $0 + $1.started }, 10_000)
    }

    // MARK: - Logs

    func testALifeInTheLog() throws {
        let harness = try harness(.info)
        let job = harness.submit("a")
        harness.runToTheEnd()
        let lines = logs(harness)
        XCTAssertEqual(
            lines.map(\.message.description),
            [
                "Credentials found", "Job state changed", "Job accepted", "Job state changed", "Job state changed",
                "Job ended",
            ])
        XCTAssertTrue(lines.dropFirst().allSatisfy { $0.job == job.id && $0.provider == "fake" })
        XCTAssertEqual(field(lines.last, "remote_id"), .text("job-1"))
        XCTAssertEqual(field(lines.last, "state"), .state(.succeeded))
        // The log tells of the end before the event does, which some hosts take for the last word.
        let done = try XCTUnwrap(harness.events.firstIndex { $0.type == .jobDone })
        let said = try XCTUnwrap(harness.events.firstIndex { $0.log?.message.description == "Job ended" })
        XCTAssertLessThan(said, done)
    }

    func testEachLevelTellsWhatTheOneBeforeItDid() throws {
        var before: [String] = []
        for level in LogLevel.allCases {
            let harness = try harness(level)
            harness.transport.setScript {
                $0.kind == .status && $0.indexOfKind == 0 ? .unavailable(executed: true) : nil
            }
            harness.submit("bad thing")
            harness.runToTheEnd()
            let lines = logs(harness)
            XCTAssertTrue(lines.allSatisfy { $0.level <= level })
            let words = lines.map(\.message.description)
            XCTAssertEqual(words.filter { before.contains($0) }, before, "\(level)")
            XCTAssertEqual(level == .off, words.isEmpty)
            before = words
            // The prompt is for the last level alone.
            XCTAssertEqual(lines.contains { "\($0.fields)".contains("bad thing") }, level == .debug, "\(level)")
        }
    }

    func testAttemptsAreCounted() throws {
        let harness = try harness(.debug)
        harness.transport.setScript { $0.kind == .status && $0.indexOfKind < 2 ? .unavailable(executed: true) : nil }
        harness.submit("a")
        harness.runToTheEnd()
        let polls = logs(harness).filter {
            $0.message.description == "Call started" && field($0, "action") == .text("status")
        }
        XCTAssertEqual(polls.prefix(4).map { field($0, "attempt") }, [.number(1), .number(2), .number(3), .number(1)])
    }

    func testOfTooManyTheOldestGoAndThatIsTold() {
        var ring = LogRing(capacity: 20)
        for number in 0..<100 {
            ring.push(LogRecord(.info, "x", job: UInt64(number), atMilliseconds: 0), after: 0)
        }
        XCTAssertEqual(ring.lost, 80)
        let first = ring.pop(slot: nil)
        XCTAssertEqual(first?.message.description, "Log records were not kept")
        XCTAssertEqual(field(first, "lost"), .number(80))
        XCTAssertEqual((0..<20).map { _ in ring.pop(slot: nil)?.job }, (80..<100).map { $0 })
        XCTAssertNil(ring.pop(slot: nil))
        XCTAssertTrue(ring.isEmpty)
    }

    /// Logs and job events come in the order in which they were queued, as far as events of a job are not merged.
    func testLogsKeepTheirPlaceAmongEvents() {
        let random = SeededRandom(9)
        for _ in 0..<40 {
            var queue = EventQueue(logCapacity: 100_000)
            var expected: [String] = []
            var got: [String] = []
            func take() {
                guard let event = queue.pop() else { return }
                got.append(event.log.map { "log \($0.job)" } ?? "job \(event.job?.id ?? 0)")
            }
            for number in UInt64(1)...2_000 {
                switch random.below(5) {
                case 0...1:
                    queue.push(LogRecord(.info, "x", job: number, atMilliseconds: 0))
                    expected.append("log \(number)")
                case 2...3:
                    let record = JobRecord(
                        id: number, provider: "fake", operation: "draw", isDownload: false,
                        snapshot: JobSnapshot(state: .queued))
                    queue.push(.jobState, record)
                    expected.append("job \(number)")
                default: take()
                }
            }
            while !queue.isEmpty { take() }
            XCTAssertEqual(got, expected)
        }
    }

    // MARK: - Traces

    func testTheTraceGoesWithTheCallsOfTheAPIAndNowhereElse() throws {
        for byCall in [false, true] {
            let harness = try harness(provider: FakeProvider(assetsByCall: byCall))
            harness.transport.keepActions()
            let trace = try TraceContext(
                parent: "00-" + String(repeating: "a", count: 32) + "-1234567890abcdef-01", state: "")
            let job = harness.submit("a")
            harness.mailbox.setTrace(trace, of: job)
            let other = harness.submit("b")
            harness.runToTheEnd()
            let download = try harness.download(job)
            harness.mailbox.setTrace(trace, of: download)
            harness.runToTheEnd()
            XCTAssertEqual(download.snapshot.state, .succeeded)
            for action in harness.transport.actions {
                let has = action.request.headers.contains { $0.name == "traceparent" && $0.value == trace.parent }
                let isOthers =
                    action.subject == "b" || action.subject.hasSuffix(other.snapshot.reference?.remoteID ?? "-")
                XCTAssertEqual(has, action.kind != nil && !isOthers, "\(action.subject)")
            }
        }
    }
}
