import CPlatform
import Core
import Foundation
import Glibc
import Support
import XCTest

@testable import Engine

/// The queue of events: merged, in order, bounded, level-triggered.
final class EventTests: XCTestCase {
    private func record(_ id: UInt64) -> JobRecord {
        let record = JobRecord(
            id: id, provider: "fake", operation: "draw", isDownload: false, snapshot: JobSnapshot(state: .queued))
        record.handles = 1
        return record
    }

    func testTheTypesAreThoseOfTheHeader() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let header = try String(contentsOf: root.appendingPathComponent("include/aigc.h"), encoding: .utf8)
        for type in EventType.allCases {
            let name = "\(type)".reduce(into: "") { $0 += $1.isUppercase ? "_\($1)" : $1.uppercased() }
            XCTAssertTrue(header.contains("AIGC_EVENT_\(name) = \(type.rawValue)"), name)
        }
    }

    func testEventsOfOneJobComeInOrderAndMerged() {
        var queue = EventQueue()
        let job = record(1)
        for type in [EventType.jobDone, .jobState, .jobProgress, .jobState, .jobRefreshed, .jobAccepted, .jobState] {
            queue.push(type, job)
        }
        var order: [EventType] = []
        while let event = queue.pop() { order.append(event.type) }
        XCTAssertEqual(order, [.jobAccepted, .jobState, .jobProgress, .jobRefreshed, .jobDone])
        XCTAssertTrue(queue.isEmpty)
    }

    /// Against the simplest model there is: a list of (job, type), each once.
    func testAgainstAModel() {
        let random = SeededRandom(5)
        for round in 0..<30 {
            var queue = EventQueue()
            let jobs = (1...[3, 200, 6_000][round % 3]).map { record(UInt64($0)) }
            var pending: [UInt64: Set<EventType>] = [:]
            let steps = round % 3 == 2 ? 30_000 : 3_000
            for _ in 0..<steps {
                let job = random.pick(jobs)
                switch random.below(10) {
                case 0...5:
                    let type = random.pick([EventType.jobState, .jobAccepted, .jobRefreshed, .jobProgress, .jobDone])
                    queue.push(type, job)
                    pending[job.id, default: []].insert(type)
                case 6...7:
                    queue.drop(job)
                    pending[job.id] = nil
                default:
                    if let event = queue.pop() {
                        let id = event.job?.id ?? 0
                        XCTAssertNotNil(pending[id]?.remove(event.type), "an event that nobody pushed")
                        if pending[id]?.isEmpty == true { pending[id] = nil }
                    } else {
                        XCTAssertTrue(pending.isEmpty)
                    }
                }
                if queue.isEmpty != pending.isEmpty { return XCTFail("empty or not") }
            }
            XCTAssertEqual(queue.length, pending.values.reduce(0) { $0 + $1.count })
            while let event = queue.pop() {
                XCTAssertNotNil(pending[event.job?.id ?? 0]?.remove(event.type))
            }
            XCTAssertTrue(pending.values.allSatisfy(\.isEmpty), "lost: \(pending)")
            XCTAssertTrue(jobs.allSatisfy { $0.eventSlot == -1 && $0.pendingEvents == 0 })
        }
    }

    /// A host that never asks and frees its handles: the queue does not grow with the jobs that were.
    func testDroppedJobsLeaveNothing() {
        var queue = EventQueue()
        let first = record(0)
        queue.push(.jobState, first)
        for number in 1...100_000 {
            let job = record(UInt64(number))
            queue.push(.jobDone, job)
            queue.drop(job)
        }
        XCTAssertLessThan(
            Mirror(reflecting: queue).descendant("slots").map { ($0 as? [JobRecord?])?.count ?? 0 } ?? 0, 10_000)
        XCTAssertEqual(queue.pop()?.job?.id, 0)
    }

    func testEachStateIsToldOnceAndInOrder() throws {
        let harness = try Harness()
        harness.cloud.pendingMilliseconds = 3_000
        let job = harness.submit("a")
        harness.runToTheEnd()
        let told = harness.events.filter { $0.job == job.id }
        XCTAssertEqual(told.map(\.type), [.jobState, .jobAccepted, .jobState, .jobState, .jobDone])
        XCTAssertEqual(told.map(\.state), [.submitting, .pending, .pending, .running, .succeeded])
    }

    /// Only for those who want them.
    func testProgressOfAJobIsToldWhenItIsWanted() throws {
        for wanted in [true, false] {
            var settings = EngineSettings()
            settings.progressEvents = wanted
            let harness = try Harness(settings: settings)
            let job = harness.submit("a")
            harness.runToTheEnd()
            XCTAssertEqual(job.snapshot.progress, 1)
            XCTAssertEqual(harness.events(.jobProgress, of: job).count, wanted ? 1 : 0)
            harness.checkPromises("progress")
        }
    }

    // MARK: - The descriptor

    private func engine() throws -> (Engine, SimulatedCloud) {
        let cloud = SimulatedCloud()
        cloud.pendingMilliseconds = 0
        cloud.runningMilliseconds = 0
        let transport = ScriptedTransport(cloud: cloud, realClock: SystemClock())
        transport.setLatency { _ in 1 }
        var settings = EngineSettings()
        settings.jobPolicy.polls = PollSchedule(initialMilliseconds: 1, maximumMilliseconds: 5)
        let engine = try Engine(
            settings: settings, providers: [FakeProvider()], resolvers: ["fake": FakeResolver()], transport: transport,
            sinks: FakeSinkFactory(), rates: RateRegistry())
        return (engine, cloud)
    }

    func testTheDescriptorIsReadableAsLongAsThereAreEvents() throws {
        let (engine, _) = try engine()
        defer { engine.close(graceMilliseconds: 0) }
        let descriptor = engine.eventDescriptor()
        XCTAssertGreaterThanOrEqual(descriptor, 0)
        XCTAssertEqual(engine.eventDescriptor(), descriptor)
        XCTAssertFalse(isReadable(descriptor))
        let job = try engine.submit(
            FakeProvider().call(submit: "a"), operation: "draw", follow: true, deadlineMilliseconds: -1)
        _ = try engine.wait(job, milliseconds: 5_000)
        var taken = 0
        while isReadable(descriptor) {
            XCTAssertTrue(isReadable(descriptor), "level, not edge")
            let event = try XCTUnwrap(engine.nextEvent(milliseconds: 0), "readable and nothing there")
            if let about = event.job { engine.release(about) }
            taken += 1
        }
        XCTAssertGreaterThanOrEqual(taken, 2)
        XCTAssertNil(engine.nextEvent(milliseconds: 0))
        engine.wake()
        XCTAssertTrue(isReadable(descriptor))
        XCTAssertNil(engine.nextEvent(milliseconds: 60_000), "returns early")
        XCTAssertFalse(isReadable(descriptor))
    }

    private func mailbox() throws -> Mailbox {
        let mailbox = try Mailbox()
        var error: Int32 = 0
        mailbox.bell.descriptor = aigcp_eventfd(&error)
        mailbox.eventsObserved = true
        return mailbox
    }

    /// The engine works through much at once: the host is woken at the end, or after so many.
    func testManyEventsAreAnnouncedOnce() throws {
        let mailbox = try mailbox()
        mailbox.push(.jobState, record(1))
        XCTAssertTrue(isReadable(mailbox.bell.descriptor), "the engine does nothing else just then")
        while mailbox.events.pop() != nil {}
        mailbox.eventsChanged()
        mailbox.beginWork()
        for number in 0..<15 { mailbox.push(.jobState, record(UInt64(number))) }
        XCTAssertFalse(isReadable(mailbox.bell.descriptor))
        mailbox.push(.jobState, record(15))
        XCTAssertTrue(isReadable(mailbox.bell.descriptor), "a long turn keeps nobody waiting")
        while mailbox.events.pop() != nil {}
        mailbox.eventsChanged()
        mailbox.push(.jobState, record(16))
        XCTAssertFalse(isReadable(mailbox.bell.descriptor))
        mailbox.endWork()
        XCTAssertTrue(isReadable(mailbox.bell.descriptor), "nothing is left unsaid when the engine waits")
    }

    /// What is left to say at the end of a turn is said before a crowd of commands, which take their time.
    func testAnEventDoesNotWaitForACrowdOfCommands() throws {
        for (crowd, isAnnounced) in [(1, false), (17, true)] {
            let harness = try Harness()
            harness.submit("first, so that there are credentials", follow: false)
            harness.run(until: 1_000)
            var error: Int32 = 0
            let descriptor = aigcp_eventfd(&error)
            harness.mailbox.bell.descriptor = descriptor
            harness.mailbox.lock.withLock { harness.mailbox.beginWork() }
            harness.mailbox.push(.jobState, record(1_000))
            for number in 0..<crowd { harness.submit("t\(number)") }
            let seen = Lines()
            harness.transport.setLatency { _ in
                seen.add("\(isReadable(descriptor))")
                return 1
            }
            harness.core.turn(mayWait: false)
            XCTAssertEqual(seen.all.first, "\(isAnnounced)", "\(crowd) commands")
            XCTAssertTrue(isReadable(descriptor))
        }
    }

    func testWhoHasWaitedForAJobFindsTheDescriptorReadable() throws {
        let mailbox = try mailbox()
        let job = record(1)
        mailbox.beginWork()
        job.waiters = [try Waiter()]
        mailbox.push(.jobDone, job)
        XCTAssertFalse(isReadable(mailbox.bell.descriptor))
        XCTAssertEqual(mailbox.takeWaiters(of: job).count, 1)
        XCTAssertTrue(isReadable(mailbox.bell.descriptor))
        XCTAssertTrue(job.waiters.isEmpty)
    }

    /// The last turn of an engine says what it has to say, too.
    func testAnEngineThatHasEndedHasAnnouncedEverything() throws {
        for _ in 0..<50 {
            let (engine, cloud) = try engine()
            cloud.runningMilliseconds = 3_600_000
            let descriptor = engine.eventDescriptor()
            let job = try engine.submit(
                FakeProvider().call(submit: "a"), operation: "draw", follow: true, deadlineMilliseconds: -1)
            engine.retain(job)
            engine.close(graceMilliseconds: 0)
            XCTAssertTrue(isReadable(descriptor))
        }
    }

    func testADescriptorThatIsMadeLateIsReadableForWhatWaits() throws {
        let (engine, _) = try engine()
        defer { engine.close(graceMilliseconds: 0) }
        let job = try engine.submit(
            FakeProvider().call(submit: "a"), operation: "draw", follow: true, deadlineMilliseconds: -1)
        engine.retain(job)
        _ = try engine.wait(job, milliseconds: 5_000)
        XCTAssertTrue(isReadable(engine.eventDescriptor()))
    }

    /// Nobody has ever asked: the events of a job go with its last handle.
    func testEventsGoWithTheLastHandleWhenNobodyHasEverAsked() throws {
        let (engine, _) = try engine()
        defer { engine.close(graceMilliseconds: 0) }
        for number in 0..<50 {
            let job = try engine.submit(
                FakeProvider().call(submit: "t\(number)"), operation: "draw", follow: true, deadlineMilliseconds: -1)
            engine.retain(job)
            _ = try engine.wait(job, milliseconds: 5_000)
            engine.release(job)
        }
        let kept = try engine.submit(
            FakeProvider().call(submit: "kept"), operation: "draw", follow: true, deadlineMilliseconds: -1)
        engine.retain(kept)
        _ = try engine.wait(kept, milliseconds: 5_000)
        var of: Set<UInt64> = []
        while let event = engine.nextEvent(milliseconds: 0) { of.insert(event.job?.id ?? 0) }
        XCTAssertEqual(of, [kept.id])
    }

    /// Somebody has asked once: events are kept, with or without a handle.
    func testEventsAreKeptOnceSomebodyHasAsked() throws {
        let (engine, _) = try engine()
        defer { engine.close(graceMilliseconds: 0) }
        XCTAssertNil(engine.nextEvent(milliseconds: 0))
        let job = try engine.submit(
            FakeProvider().call(submit: "a"), operation: "draw", follow: true, deadlineMilliseconds: -1)
        engine.retain(job)
        engine.release(job)
        var done = false
        while let event = engine.nextEvent(milliseconds: 5_000), !done {
            done = event.type == .jobDone && event.job?.id == job.id
            if done { break }
        }
        XCTAssertTrue(done)
    }

    /// A job can end before its maker has taken the first handle: its events are there all the same.
    func testEventsBeforeTheFirstHandleAreKept() throws {
        let (engine, _) = try engine()
        defer { engine.close(graceMilliseconds: 0) }
        let job = try engine.submit(
            FakeProvider().call(submit: "a"), operation: "draw", follow: true, deadlineMilliseconds: -1)
        _ = try engine.wait(job, milliseconds: 5_000)
        engine.retain(job)
        var types: [EventType] = []
        while let event = engine.nextEvent(milliseconds: 0) { types.append(event.type) }
        XCTAssertTrue(types.contains(.jobAccepted) && types.contains(.jobDone), "\(types)")
    }

    func testNextEventReturnsAtTheCloseAndInTime() throws {
        let (engine, _) = try engine()
        let clock = SystemClock()
        let began = clock.nanoseconds()
        XCTAssertNil(engine.nextEvent(milliseconds: 30))
        let waited = (clock.nanoseconds() - began) / 1_000_000
        XCTAssertGreaterThanOrEqual(waited, 29)
        let thread = Thread { engine.close(graceMilliseconds: 0) }
        thread.start()
        XCTAssertNil(engine.nextEvent(milliseconds: -1), "let go by the close")
    }
}

private func isReadable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) == 1
}
