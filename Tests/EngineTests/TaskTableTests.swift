import Core
import Foundation
import Support
import XCTest

@testable import Engine

/// What processes know together of how many tasks may run, and what becomes of it when one is killed or stopped.
final class TaskTableTests: XCTestCase {
    private let second: Int64 = 1_000_000_000
    private var folder = ""

    override func setUp() {
        folder = NSTemporaryDirectory() + "aigc-tasks-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    override func tearDown() { try? FileManager.default.removeItem(atPath: folder) }

    private func file() throws -> RateFile {
        try RateFile(
            folder + "/rates",
            hash: { bytes in
                var words = [UInt64](repeating: 0xCBF2_9CE4_8422_2325, count: 4)
                for byte in bytes {
                    for place in 0..<4 {
                        words[place] = (words[place] ^ (UInt64(byte) + UInt64(place))) &* 0x100_0000_01B3
                    }
                }
                return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }
            }, patience: 60 * second, networkName: { _ in nil })
    }

    private func member(_ number: UInt64, _ running: Int, asking: Int = 0, wants: Bool = false) -> TaskTable.Member {
        TaskTable.Member(number: number, wants: wants, asking: asking, running: running)
    }

    // MARK: - The table

    func testTheTable() {
        let now = 1_000 * second
        var table = TaskTable(nil, me: 1, at: now)
        XCTAssertNil(table.limit)
        XCTAssertNil(table.part(of: member(1, 3)))
        table.refused(running: 3, probeAt: now + 30 * second, pause: 30 * second)
        XCTAssertEqual(table.limit, 3)
        let words = table.words(with: member(1, 3, asking: 1, wants: true), at: now)
        XCTAssertEqual(words.count, RateFile.payload)
        table = TaskTable(words, me: 1, at: now)
        XCTAssertEqual(table.others, [], "nobody else")
        table = TaskTable(words, me: 2, at: now + second)
        XCTAssertEqual(table.limit, 3)
        XCTAssertEqual(table.probeAt, now + 30 * second)
        XCTAssertEqual(table.probePause, 30 * second)
        XCTAssertEqual(table.others.map(\.taken), [4])
        XCTAssertEqual(table.part(of: member(2, 0, wants: true)), 0)
        table.noteRunning(2)
        XCTAssertEqual(table.limit, 5, "five run, so five may")
        XCTAssertEqual(TaskTable(words, me: 2, at: now + 14 * second).others.count, 1)
        XCTAssertEqual(TaskTable(words, me: 2, at: now + 16 * second).others.count, 0, "silent for too long")
        XCTAssertEqual(
            TaskTable(words, me: 2, at: now - second / 2).others.count, 1, "its clock was read a little later")
        XCTAssertEqual(TaskTable(table.words(with: nil, at: now), me: 3, at: now).others.map(\.number), [1])
    }

    /// A refusal says that as many run as may, wherever they run; unanswered submissions say nothing.
    func testARefusalTeachesTheTasksOfAll() {
        let now = 1_000 * second
        var table = TaskTable(nil, me: 1, at: now)
        for other in [member(2, 3, asking: 2), member(3, 5)] {
            table = TaskTable(table.words(with: other, at: now), me: 1, at: now)
        }
        table.refused(running: 4, probeAt: .min, pause: 0)
        XCTAssertEqual(table.limit, 12)
        table.refused(running: 1, probeAt: .min, pause: 0)
        XCTAssertEqual(table.limit, 9, "a newer refusal counts")
    }

    /// Of ten, one that waits takes what is free; as long as another one waits that has less than its part, an equal part.
    func testEqualParts() {
        let now = 1_000 * second
        func part(_ others: [TaskTable.Member], _ me: TaskTable.Member) -> Int? {
            var table = TaskTable(nil, me: 0, at: now)
            table.refused(running: 10, probeAt: .min, pause: 0)
            for other in others { table = TaskTable(table.words(with: other, at: now), me: me.number, at: now) }
            return table.part(of: me)
        }
        XCTAssertEqual(part([], member(1, 4, wants: true)), 10)
        XCTAssertEqual(part([member(2, 3)], member(1, 4, wants: true)), 7, "the other one wants nothing")
        XCTAssertEqual(
            part([member(2, 3, wants: true)], member(1, 6, wants: true)), 5, "the other one has less than its part")
        XCTAssertEqual(part([member(2, 3, wants: true)], member(1, 2, wants: true)), 5)
        XCTAssertEqual(part([member(2, 5, wants: true)], member(1, 4, wants: true)), 5)
        XCTAssertEqual(part([member(2, 10, wants: true)], member(1, 0, wants: true)), 0)
        let many = (2...21).map { member(UInt64($0), 0, wants: true) }
        XCTAssertEqual(part(many, member(1, 0, wants: true)), 1, "more processes than tasks: one each")
    }

    /// Words that anybody may have written: no trap, and no wait that is longer than the longest pause.
    func testForeignWords() {
        let random = SeededRandom(5)
        for round in 0..<5_000 {
            var words = (0..<RateFile.payload).map { _ in random.next() }
            if round % 2 == 0 { words[0] = 1 | UInt64(random.below(1 << 16)) << 16 }
            if round % 3 == 0 { words[1] = UInt64(random.below(2_000_000)) }
            if round % 5 == 0 { words = Array(words.prefix(random.below(27))) }
            let now = Int64(random.below(1 << 60))
            var table = TaskTable(words, me: 7, at: now)
            table.noteRunning(random.below(2_000))
            let me = member(7, random.below(5_000), asking: random.below(100), wants: true)
            XCTAssertGreaterThanOrEqual(table.part(of: me) ?? 0, 0)
            XCTAssertLessThanOrEqual(table.probeAt, now + 1_200 * second)
            XCTAssertEqual(table.words(with: me, at: now).count, RateFile.payload)
            XCTAssertLessThanOrEqual(table.others.count, RateFile.payload - 3)
        }
    }

    // MARK: - Processes

    /// Processes with jobs to submit, at an account that runs so many tasks, in steps of 50 ms.
    private final class World {
        struct Process {
            var limit = TaskLimit()
            let shared: SharedTasks?
            var waiting: [UInt64]
            var running: [(id: UInt64, end: Int64)] = []
            var isStopped = false
            var isGone = false
            var done = 0
        }

        let most: Int
        let life: Int64
        var processes: [Process]
        var ends: [Int64] = []
        var now: Int64 = 1_000_000_000_000
        var (refused, busy, steps) = (0, 0, 0)
        private let failure = CallFailure(.concurrencyLimit, Failure(.throttled, "crowd"))

        init(_ count: Int, jobs: Int, most: Int, life: Int64, file: () throws -> RateFile?) throws {
            (self.most, self.life) = (most, life)
            processes = try (0..<count).map { number in
                let shared = try file().flatMap {
                    SharedTasks($0, provider: "p", account: "a", operation: "o", number: UInt64(number + 1))
                }
                return Process(shared: shared, waiting: (0..<jobs).map { UInt64($0 + 1) })
            }
        }

        var isDone: Bool {
            processes.allSatisfy { $0.isGone || $0.isStopped || $0.waiting.isEmpty && $0.running.isEmpty }
        }

        func step() {
            ends.removeAll { $0 <= now }
            busy += ends.count
            steps += 1
            for index in processes.indices where !processes[index].isGone && !processes[index].isStopped {
                turn(&processes[index])
            }
            now += 50_000_000
        }

        private func turn(_ process: inout Process) {
            for job in process.running where job.end <= now {
                process.limit.forget(job.id)
                process.done += 1
            }
            process.running.removeAll { $0.end <= now }
            process.shared?.share(&process.limit, at: now, begins: true)
            for id in process.waiting.prefix(1) where !process.limit.heldJobs.contains(id) {
                if process.limit.wants(id, at: now) { send(id, &process) }
            }
            if let id = process.limit.next(at: now) { send(id, &process) }
            process.shared?.share(&process.limit, at: now)
        }

        private func send(_ id: UInt64, _ process: inout Process) {
            process.shared?.share(&process.limit, at: now)
            if ends.count < most {
                ends.append(now + life)
                process.running.append((id, now + life))
                process.waiting.removeAll { $0 == id }
                process.limit.accepted(id, isFollowed: true)
            } else {
                refused += 1
                process.limit.refused(id, failure, at: now)
            }
        }
    }

    /// Eight processes where ten tasks may run: the first refusals teach all of them.
    func testWhatOneLearnsServesTheOthers() throws {
        let together = try World(8, jobs: 25, most: 10, life: 12 * second) { try file() }
        while !together.isDone && together.steps < 100_000 { together.step() }
        XCTAssertTrue(together.isDone)
        let busy = Double(together.busy) / Double(10 * together.steps)
        print("8 processes, 10 tasks: \(together.refused) refused, \(busy) busy")
        XCTAssertLessThanOrEqual(together.refused, 20)
        XCTAssertGreaterThanOrEqual(busy, 0.95)
    }

    /// One is killed and one is stopped: after the patience of the table their parts are the others', and the one that runs
    /// again is counted again.
    func testOneIsKilledAndOneIsStopped() throws {
        let world = try World(6, jobs: 200, most: 12, life: 6 * second) { try file() }
        while world.now < 1_060 * second { world.step() }
        let parts = world.processes.map(\.done)
        XCTAssertLessThanOrEqual((parts.max() ?? 0) - (parts.min() ?? 0), 4, "alike: \(parts)")
        world.processes[0].isGone = true
        world.processes[1].isStopped = true
        let refused = world.refused
        while world.now < 1_080 * second { world.step() }
        (world.busy, world.steps) = (0, 0)
        let before = world.processes.map(\.done)
        while world.now < 1_200 * second { world.step() }
        XCTAssertGreaterThanOrEqual(Double(world.busy) / Double(12 * world.steps), 0.95, "the others use all of it")
        let gained = (2..<6).map { world.processes[$0].done - before[$0] }
        XCTAssertLessThanOrEqual((gained.max() ?? 0) - (gained.min() ?? 0), 6, "alike: \(gained)")
        world.processes[1].isStopped = false
        let stopped = world.processes[1].done
        while world.now < 1_260 * second { world.step() }
        XCTAssertGreaterThanOrEqual(world.processes[1].done - stopped, 10, "it has its part again")
        print("one killed, one stopped: \(world.refused - refused) refused in 200 s")
        XCTAssertLessThanOrEqual(world.refused - refused, 20)
    }

    /// While one process tries one task more than may run, no other one does: until the answer, or for five seconds if the
    /// process was killed.
    func testOneTriesAtATime() throws {
        for isKilled in [false, true] {
            let file = try file()
            let account = isKilled ? "a" : "b"
            func shared(_ number: UInt64) throws -> SharedTasks {
                try XCTUnwrap(SharedTasks(file, provider: "p", account: account, operation: "o", number: number))
            }
            let parts = try (1...3).map { try shared(UInt64($0)) }
            var limits = [TaskLimit(), TaskLimit(), TaskLimit()]
            var now = 1_000 * second
            // Three tasks of the third process run, and a fourth one was refused.
            for id in UInt64(1)...4 { XCTAssertTrue(limits[2].wants(id, at: now)) }
            for id in UInt64(1)...3 { limits[2].accepted(id, isFollowed: true) }
            limits[2].refused(4, CallFailure(.concurrencyLimit, Failure(.throttled, "crowd")), at: now)
            parts[2].share(&limits[2], at: now)
            limits[2].forget(4)
            for index in 0..<2 {
                parts[index].share(&limits[index], at: now)
                XCTAssertFalse(limits[index].wants(9, at: now))
            }
            for _ in 0..<30 {
                for index in 0..<2 { XCTAssertNil(limits[index].next(at: now)) }
                now += second
                for index in 0..<3 { parts[index].share(&limits[index], at: now) }
            }
            now += second
            XCTAssertEqual(limits[0].next(at: now), 9, "half a minute after the refusal")
            parts[0].share(&limits[0], at: now)
            parts[1].share(&limits[1], at: now, begins: true)
            XCTAssertNil(limits[1].next(at: now), "the first one's try has no answer yet")
            now += 4 * second
            parts[1].share(&limits[1], at: now, begins: true)
            XCTAssertNil(limits[1].next(at: now))
            if isKilled {
                now += 2 * second
            } else {
                limits[0].accepted(9, isFollowed: true)
                parts[0].share(&limits[0], at: now)
                now += SharedTasks.crowdedPause
            }
            parts[1].share(&limits[1], at: now, begins: true)
            XCTAssertEqual(limits[1].next(at: now), 9, "killed: \(isKilled)")
        }
    }

    /// A process that comes later knows the number without a refusal, and one that leaves is not counted.
    func testOneThatComesLater() throws {
        let file = try file()
        func shared(_ number: UInt64) throws -> SharedTasks {
            try XCTUnwrap(SharedTasks(file, provider: "p", account: "a", operation: "o", number: number))
        }
        let failure = CallFailure(.concurrencyLimit, Failure(.throttled, "crowd"))
        let now = 1_000 * second
        let (one, other) = (try shared(1), try shared(2))
        var (first, second) = (TaskLimit(), TaskLimit())
        for id in UInt64(1)...4 { XCTAssertTrue(first.wants(id, at: now)) }
        for id in UInt64(1)...3 { first.accepted(id, isFollowed: true) }
        one.share(&first, at: now)
        XCTAssertFalse(one.isActive, "nothing is known, and nothing is written")
        other.share(&second, at: now)
        first.refused(4, failure, at: now)
        one.share(&first, at: now)
        XCTAssertTrue(one.isActive)
        other.share(&second, at: now + 1)
        XCTAssertFalse(other.isActive, "it looks once a second")
        other.share(&second, at: now + self.second)
        XCTAssertTrue(other.isActive)
        XCTAssertFalse(second.wants(9, at: now + self.second), "the three are taken")
        XCTAssertEqual(second.wakeAt(after: now + self.second), now + self.second + SharedTasks.crowdedPause)
        one.share(&first, at: now + 2 * self.second, leaves: true)
        other.share(&second, at: now + 2 * self.second)
        XCTAssertEqual(second.next(at: now + 2 * self.second), 9, "nobody else is there")
    }
}
