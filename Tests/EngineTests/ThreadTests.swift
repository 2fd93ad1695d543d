import CPlatform
import Core
import Foundation
import Support
import XCTest

@testable import Engine

/// The public engine with real threads on the real clock, without a network. No test here depends on how fast it runs.
final class ThreadTests: XCTestCase {
    private let provider = FakeProvider()

    private final class Parts {
        let cloud = SimulatedCloud()
        let transport: ScriptedTransport
        let sinks = FakeSinkFactory()
        let engine: Engine

        init(
            _ settings: EngineSettings? = nil, resolver: any CredentialResolver = FakeResolver(),
            journal: FakeJournal? = nil
        ) throws {
            cloud.pendingMilliseconds = 0
            cloud.runningMilliseconds = 5
            transport = ScriptedTransport(cloud: cloud, realClock: SystemClock())
            transport.setLatency { _ in 1 }
            var quick = settings ?? EngineSettings()
            quick.jobPolicy.polls = PollSchedule(initialMilliseconds: 5, maximumMilliseconds: 20)
            quick.jobPolicy.retry = RetryPolicy(
                maximumAttempts: 5, backoff: Backoff(baseMilliseconds: 1, capMilliseconds: 10))
            engine = try Engine(
                settings: quick, providers: [FakeProvider()], resolvers: ["fake": resolver], transport: transport,
                sinks: sinks, rates: RateRegistry(), journal: journal)
        }
    }

    private func threads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> () throws -> Void {
        let group = DispatchGroup()
        for number in 0..<count {
            group.enter()
            let thread = Thread {
                body(number)
                group.leave()
            }
            thread.stackSize = 256 << 10
            thread.start()
        }
        return {
            guard group.wait(timeout: .now() + 20) == .success else { throw Hang() }
        }
    }

    private struct Hang: Error {}

    private func submit(_ engine: Engine, _ tag: String) throws -> JobRecord {
        let job = try engine.submit(
            provider.call(submit: tag), operation: "draw", follow: true, deadlineMilliseconds: -1)
        engine.retain(job)
        return job
    }

    /// A takeover of very many jobs.
    func testAResumeLetsAForkInBetweenTwoPages() throws {
        let journal = FakeJournal()
        let engine = try Parts(journal: journal).engine
        defer { engine.close(graceMilliseconds: 0) }
        XCTAssertEqual(try engine.resume(follow: false, deadlineMilliseconds: -1), 0)
        let status = try WaitingFork.letIn {
            journal.left = (0..<3).map { page in
                let key = JournalKey("k\(page)-\(UUID().uuidString)")!
                let entry = JournalEntry(
                    key: key, state: .accepted, provider: "fake", operation: "draw", region: "", endpoint: "",
                    digest: [])
                return [JournalPlace(entry, .other)]
            }
            return { XCTAssertEqual(try engine.resume(follow: false, deadlineMilliseconds: -1), 3) }
        }
        XCTAssertEqual(status, 0)
    }

    /// A close that overtakes the start of the thread: nobody who is gone is parked at exit().
    func testACloseDuringTheStartLeavesNothingForExit() throws {
        let before = aigcp_exit_count()
        for _ in 0..<1_000 {
            let engine = try Parts().engine
            let provider = provider
            let join = threads(2) { number in
                if number == 0 {
                    engine.close(graceMilliseconds: 0)
                } else {
                    _ = try? engine.submit(
                        provider.call(submit: "a"), operation: "draw", follow: true, deadlineMilliseconds: -1)
                }
            }
            try join()
            engine.close(graceMilliseconds: 0)
        }
        XCTAssertEqual(aigcp_exit_count(), before)
    }

    /// Threads that wait for events sleep until there is one, also beside each other.
    func testThreadsThatWaitForEventsSleep() throws {
        let parts = try Parts()
        let engine = parts.engine
        _ = try submit(engine, "a")
        let before = timesAwake()
        let join = threads(3) { _ in
            while let event = engine.nextEvent(milliseconds: 300) {
                if let about = event.job { engine.release(about) }
            }
        }
        try join()
        XCTAssertLessThan(timesAwake() - before, 1_000)
        engine.close(graceMilliseconds: 0)
    }

    /// How often threads of this process went to sleep so far.
    private func timesAwake() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_nvcsw
    }

    func testEachWakeLetsOneThreadGo() throws {
        for _ in 0..<10 {
            let engine = try Parts().engine
            let asleep = Lines()
            let join = threads(2) { _ in
                let began = aigcp_monotonic_ns()
                _ = engine.nextEvent(milliseconds: 2_000)
                if aigcp_monotonic_ns() - began > 1_900_000_000 { asleep.add("slept on") }
            }
            while engine.mailbox.lock.withLock({ engine.mailbox.eventWaiters }) < 2 { usleep(100) }
            engine.wake()
            engine.wake()
            try join()
            XCTAssertEqual(asleep.all, [])
            engine.wake()
            engine.wake()
            XCTAssertNil(engine.nextEvent(milliseconds: 60_000), "one that nobody waited for is kept")
            XCTAssertNil(engine.nextEvent(milliseconds: 0))
            engine.close(graceMilliseconds: 0)
        }
    }

    /// A job that fails at a refresh: nobody sees its end without the reason, however many wait and are woken in turn.
    func testAnEndIsSeenTogetherWithItsReason() throws {
        let wrong = Lines()
        for _ in 0..<100 {
            let parts = try Parts()
            parts.cloud.runningMilliseconds = 0
            let engine = parts.engine
            let id = parts.cloud.plant(tag: "bad", at: SystemClock().nanoseconds())
            let job = try engine.attach(
                provider.reference(operation: "draw", remoteID: id), follow: false, deadlineMilliseconds: -1)
            engine.retain(job)
            let join = threads(8) { _ in
                do {
                    let ended = try engine.wait(job, milliseconds: 10_000)
                    if ended?.failure == nil { wrong.add("\(String(describing: ended?.state)) without a reason") }
                } catch { wrong.add("\(error)") }
            }
            usleep(2_000)
            guard case .success(let seen)? = try engine.refresh(job, milliseconds: 10_000) else {
                return XCTFail("the call brings an answer")
            }
            if seen.state != .failed || seen.failure == nil { wrong.add("refresh: \(seen.state) without a reason") }
            try join()
            var told: [EventType] = []
            while let event = engine.nextEvent(milliseconds: 0) { told.append(event.type) }
            XCTAssertEqual(told, [.jobRefreshed, .jobDone])
            engine.close(graceMilliseconds: 0)
        }
        XCTAssertEqual(wrong.all, [])
    }

    /// Threads that look at jobs all the time, in the lock and by events, while the engine ends them in every way: an end
    /// has its reason, an outcome fits to the error, and nothing that was seen once is taken back (fault 8).
    func testReadersNeverSeeHalfAnEnd() throws {
        let wrong = Lines()
        for round in 0..<10 {
            let parts = try Parts()
            parts.transport.setLatency { $0.kind == .submit ? Int64($0.indexOfKind % 7) : 1 }
            // Some submissions are answered with the end at once: accepted and failed in one answer.
            parts.transport.setScript { action in
                switch action.indexOfKind % 8 {
                case 1 where action.kind == .submit: .refusal
                case 2 where action.kind == .submit: .reset(executed: true)
                case 3 where action.kind == .submit: .throttle(milliseconds: 0)
                case 4 where action.kind == .status: .unavailable(executed: true)
                default: nil
                }
            }
            let engine = parts.engine
            let words = ["bad", "hopeless", "t", "t", "t"]
            let jobs = try (0..<48).map { try submit(engine, "\(words[$0 % 5])-\(round)-\($0)") }
            let over = Flag()
            let check: @Sendable (JobSnapshot, String) -> Void = { seen, who in
                for text in Referee.contradictions(seen) { wrong.add("\(who): \(text)") }
            }
            let join = threads(4) { number in
                if number == 3 {
                    while let event = engine.nextEvent(milliseconds: over.isSet ? 0 : 5) {
                        guard let job = event.job else { continue }
                        let seen = engine.read(job)
                        check(seen, "\(event.type)")
                        if event.type == .jobDone, !seen.state.isTerminal { wrong.add("JOB_DONE and \(seen.state)") }
                        if event.type == .jobDone, seen.failure?.status ?? .ok != event.status {
                            wrong.add("JOB_DONE says \(event.status), the job \(String(describing: seen.failure))")
                        }
                        engine.release(job)
                    }
                    return
                }
                var ended: Set<UInt64> = []
                while !over.isSet {
                    for job in jobs {
                        let seen = engine.read(job)
                        check(seen, "reader")
                        if seen.state.isTerminal {
                            ended.insert(job.id)
                        } else if ended.contains(job.id) {
                            wrong.add("an end was taken back")
                        }
                    }
                }
            }
            for (index, job) in jobs.enumerated() where index % 3 == 0 {
                usleep(500)
                engine.cancel(job)
            }
            for job in jobs { _ = try engine.wait(job, milliseconds: 10_000) }
            usleep(10_000)  // late answers
            over.set()
            try join()
            for job in jobs { check(engine.read(job), "in the end") }
            engine.close(graceMilliseconds: 1_000)
        }
        XCTAssertEqual(Array(wrong.all.prefix(5)), [])
    }

    private final class Flag: @unchecked Sendable {
        private let lock = NSLock()
        private var value = false
        var isSet: Bool { lock.withLock { value } }
        func set() { lock.withLock { value = true } }
    }

    func testSixteenThreadsWaitForAThousandJobs() throws {
        let parts = try Parts()
        let engine = parts.engine
        let jobs = try (0..<1_000).map { try submit(engine, "t\($0)") }
        let results = Lines()
        let join = threads(16) { number in
            for (index, job) in jobs.enumerated() where index % 16 == number || index % 50 == 0 {
                do {
                    guard let snapshot = try engine.wait(job, milliseconds: 15_000) else {
                        results.add("no answer in time")
                        continue
                    }
                    if snapshot.state != .succeeded { results.add("\(snapshot.state)") }
                } catch { results.add("\(error)") }
            }
        }
        try join()
        XCTAssertEqual(results.all, [])
        XCTAssertEqual(parts.cloud.executionCount, 1_000)
        XCTAssertEqual(parts.cloud.tagsExecutedTwice, [])
        engine.close(graceMilliseconds: 0)
        XCTAssertEqual(parts.transport.violations, [])
    }

    /// Every waiting thread is released with the true state; none hangs.
    func testCloseWhileSixteenThreadsWait() throws {
        for round in 0..<20 {
            let parts = try Parts()
            parts.cloud.runningMilliseconds = 3_600_000
            let engine = parts.engine
            let jobs = try (0..<40).map { try submit(engine, "t\($0)") }
            let results = Lines()
            let join = threads(16) { number in
                let job = jobs[number % jobs.count]
                do {
                    switch number % 4 {
                    case 0, 1:
                        let ended = try engine.wait(job, milliseconds: -1)
                        if ended?.failure?.status != .cancelled {
                            results.add("wait: \(String(describing: ended?.failure))")
                        }
                    case 2:
                        while let event = engine.nextEvent(milliseconds: -1) {
                            if let about = event.job { engine.release(about) }
                        }
                    default:
                        while true {
                            if case .success? = try engine.refresh(job, milliseconds: -1) { continue }
                            if engine.read(job).state.isTerminal { break }
                        }
                    }
                } catch let failure as Failure {
                    if failure.status != .wrongState && failure.status != .closed { results.add("\(failure)") }
                } catch { results.add("\(error)") }
            }
            usleep(UInt32(round) * 500)
            let closers = threads(3) { _ in engine.close(graceMilliseconds: 50) }
            try closers()
            try join()
            XCTAssertEqual(results.all, [])
            for job in jobs { XCTAssertTrue(engine.read(job).state.isTerminal) }
            XCTAssertEqual(parts.transport.violations, [])
            XCTAssertThrowsError(try submit(engine, "late")) { XCTAssertEqual(($0 as? Failure)?.status, .closed) }
            XCTAssertEqual(parts.cloud.tagsExecutedTwice, [])
        }
    }

    func testCloseWhileASubmissionIsInFlightWithGrace() throws {
        let parts = try Parts()
        parts.transport.setLatency { $0.kind == .submit ? 100 : 1 }
        let job = try submit(parts.engine, "a")
        while parts.transport.started == 0 { usleep(200) }
        parts.engine.close(graceMilliseconds: 10_000)
        let snapshot = parts.engine.read(job)
        XCTAssertEqual(snapshot.state, .cancelled)
        XCTAssertEqual(snapshot.outcome, .accepted)
        XCTAssertEqual(snapshot.reference?.remoteID, parts.cloud.executions(of: "a").first)
        var types: [EventType] = []
        while let event = parts.engine.nextEvent(milliseconds: 0) { types.append(event.type) }
        XCTAssertTrue(
            types.contains(.jobAccepted) && types.contains(.jobDone), "queued events can still be taken: \(types)")
    }

    func testCloseDoesNotOutstayItsGrace() throws {
        let parts = try Parts()
        parts.transport.setScript { _ in .silence(executed: true) }
        let job = try submit(parts.engine, "a")
        while parts.transport.started == 0 { usleep(200) }
        let clock = SystemClock()
        let began = clock.nanoseconds()
        parts.engine.close(graceMilliseconds: 100)
        let milliseconds = (clock.nanoseconds() - began) / 1_000_000
        XCTAssertGreaterThanOrEqual(milliseconds, 99)
        XCTAssertLessThan(milliseconds, 1_500)
        XCTAssertEqual(parts.engine.read(job).outcome, .unknown)
    }

    /// Everything at once from 16 threads, and a close in the middle: no crash, no hang, and the port's rules are kept:
    /// nothing is called after the shutdown, also not by somebody who was just about to wake the engine.
    func testEverythingAtOnceAndAClose() throws {
        for round in 0..<60 {
            let parts = try Parts()
            let engine = parts.engine
            let provider = provider
            let join = threads(8) { number in
                let random = SeededRandom(UInt64(round * 100 + number))
                var jobs: [JobRecord] = []
                do {
                    for step in 0..<400 {
                        switch random.below(8) {
                        case 0, 1:
                            let job = try engine.submit(
                                provider.call(submit: "\(number)-\(step)"), operation: "draw",
                                follow: random.chance(80),
                                deadlineMilliseconds: random.chance(20) ? 3 : -1)
                            engine.retain(job)
                            jobs.append(job)
                        case 2: if let job = jobs.last { engine.cancel(job) }
                        case 3:
                            if let job = jobs.first {
                                _ = try? engine.refresh(job, milliseconds: Int64(random.below(3)))
                            }
                        case 4: try engine.setCredentials(FakeResolver.credentials("k\(step % 3)"), provider: "fake")
                        case 5:
                            if let event = engine.nextEvent(milliseconds: 1), let job = event.job {
                                engine.release(job)
                            }
                        case 6: if let job = jobs.last { try engine.setFollow(job, random.chance(50)) }
                        default: if let job = jobs.last { _ = try engine.wait(job, milliseconds: 2) }
                        }
                        if jobs.count > 10 { engine.release(jobs.removeFirst()) }
                    }
                } catch {
                    if (error as? Failure)?.status != .closed { XCTFail("\(error)") }
                }
            }
            usleep(UInt32(round) * 300)
            engine.close(graceMilliseconds: Int64(round % 3) * 20)
            try join()
            XCTAssertEqual(parts.transport.violations, [], "round \(round)")
            XCTAssertEqual(parts.cloud.tagsExecutedTwice, [])
        }
    }

    /// Who wakes the engine can be slow: it has ended by itself and shut its transport down before the wake arrives.
    func testNobodyWakesATransportThatIsShutDown() throws {
        for slow in ["post", "close"] {
            let parts = try Parts()
            let engine = parts.engine
            let job = try submit(engine, "a")
            parts.cloud.runningMilliseconds = 3_600_000
            while parts.transport.started < 3 { usleep(200) }
            let transport = parts.transport
            transport.setBeforeWake { for _ in 0..<50 where !transport.isDown { usleep(1_000) } }
            if slow == "post" {
                let join = threads(4) { _ in for _ in 0..<20 { engine.cancel(job) } }
                engine.close(graceMilliseconds: 0)
                try join()
            } else {
                engine.close(graceMilliseconds: 0)
            }
            XCTAssertEqual(transport.violations, [], slow)
        }
    }

    // MARK: - Workers

    /// A worker's failures, and its slowness, reach the job and nothing else.
    func testWorkerFailures() throws {
        let parts = try Parts()
        let engine = parts.engine
        defer { engine.close(graceMilliseconds: 0) }
        let count = Counter()
        parts.sinks.onMake { sink in
            switch count.next() % 3 {
            case 0: sink.prepareFailure = Failure(.file, "no such folder")
            case 1: sink.commitFailure = Failure(.noSpace, "disk full")
            default: break
            }
        }
        let job = try submit(engine, "a")
        _ = try engine.wait(job, milliseconds: 10_000)
        var ends: [Status] = []
        for _ in 0..<9 {
            let download = try engine.download(job, index: 0, path: nil)
            engine.retain(download)
            ends.append(try engine.wait(download, milliseconds: 10_000)?.failure?.status ?? .ok)
        }
        XCTAssertEqual(ends, Array(repeating: [Status.file, .noSpace, .ok], count: 3).flatMap { $0 })
        XCTAssertThrowsError(try engine.download(job, index: 1, path: nil)) {
            XCTAssertEqual(($0 as? Failure)?.status, .invalidArgument)
        }
        XCTAssertThrowsError(try engine.download(job, index: -1, path: nil))
        XCTAssertThrowsError(try engine.download(job, index: 0, path: "")) {
            XCTAssertEqual(($0 as? Failure)?.field, "path")
        }
    }

    func testADownloadOfAJobThatHasNotSucceededIsRefused() throws {
        let parts = try Parts()
        defer { parts.engine.close(graceMilliseconds: 0) }
        parts.cloud.runningMilliseconds = 60_000
        let job = try submit(parts.engine, "a")
        XCTAssertThrowsError(try parts.engine.download(job, index: 0, path: nil)) {
            XCTAssertEqual(($0 as? Failure)?.status, .wrongState)
        }
    }

    func testAThreadStartsWithTheFirstJobAndIsGoneAfterTheClose() throws {
        func names() -> [String] {
            let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
            return tasks.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8) }
                .filter { $0.hasPrefix("aigc-") }
        }
        XCTAssertEqual(names(), [])
        let parts = try Parts()
        XCTAssertEqual(names(), [])
        let job = try submit(parts.engine, "a")
        XCTAssertTrue(names().contains("aigc-engine\n"))
        _ = try parts.engine.wait(job, milliseconds: 10_000)
        parts.engine.close(graceMilliseconds: 0)
        XCTAssertEqual(names(), [])
    }
}

/// Lines from many threads.
final class Lines: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [String] = []
    var all: [String] { lock.withLock { lines } }
    func add(_ line: String) { lock.withLock { lines.append(line) } }
}

private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = -1
    func next() -> Int {
        lock.withLock {
            value += 1
            return value
        }
    }
}
