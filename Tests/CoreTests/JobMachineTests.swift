import Core
import Foundation
import XCTest

/// Every event in every state. The table is Tests/fixtures/machines/job.txt; a change of it is a change of the promise.
final class JobMachineTests: XCTestCase {
    private static let answered = JobAnswer(remoteID: "id", state: .pending)

    private static func followed() -> JobMachine {
        var machine = JobMachine(follows: true)
        _ = machine.tell(.start)
        _ = machine.tell(.sending)
        _ = machine.tell(.submitEnded(.success(answered)))
        return machine
    }

    private static func make(_ events: [JobEvent], _ machine: JobMachine = JobMachine(follows: true)) -> JobMachine {
        var machine = machine
        for event in events { _ = machine.tell(event) }
        return machine
    }

    /// Each state that a machine can be in, and the way there.
    private static let states: [(String, JobMachine)] = [
        ("new", JobMachine(follows: true)),
        ("new-attached", JobMachine(attached: "id", follows: true)),
        ("new-attached-unfollowed", JobMachine(attached: "id", follows: false)),
        ("queued", make([.start])),
        ("resting", make([.start, .sending, .submitEnded(.failure(MachineText.failure(.notSent)))])),
        (
            "last-try",
            make([
                .start, .sending, .submitEnded(.failure(MachineText.failure(.throttled))), .timer, .sending,
                .submitEnded(.failure(MachineText.failure(.throttled))), .timer, .sending,
            ])
        ),
        (
            "resting-for-a-slot",
            make([.start, .sending, .submitEnded(.failure(MachineText.failure(.concurrencyLimit)))])
        ),
        ("submitting", make([.start, .sending])),
        ("unsent", make([.start, .sending, .unsent])),
        ("clock-fixed", make([.start, .sending, .submitEnded(.failure(MachineText.failure(.clockSkew))), .sending])),
        (
            "token-renewed",
            make([.start, .sending, .submitEnded(.failure(MachineText.failure(.staleCredentials))), .sending])
        ),
        ("waiting", followed()),
        ("waiting-unfollowed", make([.setFollow(false)], followed())),
        ("polling", make([.timer], followed())),
        ("polling-unfollowed", make([.timer, .setFollow(false)], followed())),
        ("refreshing", make([.refresh], followed())),
        ("refreshing-unfollowed", make([.setFollow(false), .refresh], followed())),
        ("polling-then-refresh", make([.timer, .refresh], followed())),
        (
            "poll-clock-fixed",
            make([.timer, .pollEnded(.failure(MachineText.failure(.clockSkew))), .timer], followed())
        ),
        ("cancelled-before", make([.start, .cancel])),
        ("cancelled-in-flight", make([.start, .sending, .cancel])),
        ("late-in-flight", make([.start, .sending, .deadline])),
        ("closed-in-flight", make([.start, .sending, .close])),
        ("cancelled-accepted", make([.cancel], followed())),
        ("succeeded", make([.timer, .pollEnded(.success(JobAnswer(state: .succeeded)))], followed())),
        ("unknown", make([.start, .sending, .submitEnded(.failure(MachineText.failure(.transient)))])),
    ]

    private static var events: [(String, JobEvent)] {
        var all: [(String, JobEvent)] = [
            ("start", .start), ("sending", .sending), ("unsent", .unsent),
            ("submit:accepted", .submitEnded(.success(answered))),
            (
                "submit:failed",
                .submitEnded(
                    .success(
                        JobAnswer(remoteID: "id", state: .failed(Failure(.jobFailed, "no")))))
            ),
        ]
        for (name, kind) in MachineText.kinds {
            all.append(("submit:" + name, .submitEnded(.failure(MachineText.failure(kind)))))
        }
        all += [
            ("poll:pending", .pollEnded(.success(JobAnswer(state: .pending)))),
            ("poll:running", .pollEnded(.success(JobAnswer(state: .running, progress: 0.5)))),
            ("poll:succeeded", .pollEnded(.success(JobAnswer(state: .succeeded)))),
            ("poll:failed", .pollEnded(.success(JobAnswer(state: .failed(Failure(.jobFailed, "no")))))),
        ]
        for (name, kind) in MachineText.kinds {
            all.append(("poll:" + name, .pollEnded(.failure(MachineText.failure(kind)))))
        }
        return all + [
            ("timer", .timer), ("deadline", .deadline), ("cancel", .cancel), ("close", .close), ("refresh", .refresh),
            ("follow", .setFollow(true)), ("unfollow", .setFollow(false)), ("slotFree", .slotFree),
        ]
    }

    func testEveryEventInEveryState() throws {
        var lines: [String] = []
        for (state, machine) in Self.states {
            for (event, value) in Self.events {
                var machine = machine
                let actions = machine.tell(value)
                // Events that mean nothing in a state are left out of the table.
                if actions.isEmpty { continue }
                lines.append("\(state) \(event): \(actions) -> \(machine.state)/\(machine.outcome)")
            }
        }
        try Table.check(lines, "job.txt")
    }

    /// Whatever comes in whatever order: one end, one last word, never a second submission after one in doubt.
    func testRandomEventsKeepThePromises() {
        var seed: UInt64 = 20_240_901
        let events = Self.events
        for round in 0..<20_000 {
            let first = seed
            func next() -> Int {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(seed >> 33)
            }
            var machine =
                next() % 4 == 0
                ? JobMachine(attached: "id", follows: next() % 2 == 0) : JobMachine(follows: next() % 2 == 0)
            var ended = 0
            var finished = 0
            var asked = 0
            var onTheWire = false
            var doubt = false
            for _ in 0..<40 {
                let (name, event) = events[next() % events.count]
                // The engine answers only what is on the wire, and sends only what was asked for.
                if name == "sending" {
                    guard asked > 0, !onTheWire, machine.state == .queued else { continue }
                    asked -= 1
                    onTheWire = true
                    XCTAssertFalse(doubt, "round \(round), seed \(first): sent again after a doubt")
                }
                // It cuts a submission only for an end, which comes next.
                let isCut = name == "unsent"
                if isCut {
                    guard onTheWire, !machine.state.isTerminal else { continue }
                    onTheWire = false
                }
                if name.hasPrefix("submit:") {
                    guard onTheWire else { continue }
                    onTheWire = false
                    doubt =
                        doubt || name == "submit:transient" || name == "submit:unreadable" || name == "submit:accepted"
                        || name == "submit:failed"
                }
                var actions: [JobAction] = []
                machine.handle(
                    event, at: MachineText.now, policy: MachineText.policy, random: UInt64(next()), into: &actions)
                if actions.contains(.withdrawCall) { asked = 0 }
                XCTAssertEqual(
                    finished > 0 && !actions.allSatisfy { if case .refreshed = $0 { true } else { false } }, false,
                    "round \(round), seed \(first): \(actions) after finished")
                for action in actions {
                    if case .ended = action { ended += 1 }
                    if action == .finished { finished += 1 }
                    if action == .submit {
                        asked += 1
                        XCTAssertEqual(asked, 1, "round \(round), seed \(first): asked for two submissions")
                        XCTAssertFalse(onTheWire, "round \(round), seed \(first)")
                    }
                }
                XCTAssertLessThanOrEqual(ended, 1, "round \(round), seed \(first)")
                XCTAssertLessThanOrEqual(finished, ended, "round \(round), seed \(first)")
                XCTAssertEqual(machine.state.isTerminal, ended == 1, "round \(round), seed \(first)")
                guard isCut else { continue }
                let end = [JobEvent.cancel, .deadline, .close][next() % 3]
                XCTAssertEqual(actions, [], "round \(round), seed \(first)")
                XCTAssertTrue(machine.tell(end).hasSuffix("finished"), "round \(round), seed \(first): \(end)")
                XCTAssertEqual(machine.outcome, .notSent, "round \(round), seed \(first): \(end)")
                ended += 1
                finished += 1
            }
            _ = machine.tell(.cancel)
            XCTAssertTrue(machine.state.isTerminal)
        }
    }

    /// The id of a job whose answer came late is kept, whatever had ended it.
    func testALateAnswerKeepsItsID() {
        for end in [JobEvent.cancel, .deadline, .close] {
            var machine = Self.make([.start, .sending, end])
            XCTAssertEqual(machine.outcome, .unknown)
            XCTAssertEqual(machine.tell(.submitEnded(.success(Self.answered))), "accepted finished")
            XCTAssertEqual(machine.remoteID, "id")
            XCTAssertEqual(machine.outcome, .accepted)
        }
    }

    /// An end while the connection is still being made leaves no doubt, and waits for no answer.
    func testAnEndOfAnUnsentSubmissionIsNotSent() {
        for (end, status) in [(JobEvent.cancel, Status.cancelled), (.deadline, .deadline), (.close, .cancelled)] {
            var machine = Self.make([.start, .sending, .unsent])
            XCTAssertEqual(machine.state, .submitting, "the end comes next, and is shown together with its outcome")
            var actions: [JobAction] = []
            machine.handle(end, at: 0, policy: MachineText.policy, random: 0, into: &actions)
            XCTAssertEqual(actions.last, .finished)
            XCTAssertEqual(machine.outcome, .notSent)
            guard case .ended(let failure)? = actions.dropLast().last else { return XCTFail("no end") }
            XCTAssertEqual(failure?.status, status)
            XCTAssertEqual(failure?.outcome, .notSent)
            XCTAssertTrue(
                failure?.message.contains("its connection was still being made, and it had not been sent") == true)
        }
    }

    /// Whoever cancelled while the submission was on the wire learns that it provably did not run, if the answer says so.
    func testALateRefusalIsNotSent() {
        var machine = Self.make([.start, .sending, .cancel])
        XCTAssertEqual(machine.tell(.submitEnded(.failure(MachineText.failure(.throttled)))), "changed finished")
        XCTAssertEqual(machine.outcome, .notSent)
        XCTAssertEqual(machine.state, .cancelled)
    }

    /// What was provably not executed is tried again until the deadline, with pauses that stop growing.
    func testWithoutALimitOfTriesOnlyTheDeadlineEnds() {
        var policy = MachineText.policy
        policy.retry.maximumAttempts = 0
        for kind in [FailureKind.notSent, .throttled, .concurrencyLimit] {
            var machine = JobMachine(follows: true)
            var now: Int64 = 0
            func tell(_ event: JobEvent, _ random: UInt64 = 7) -> [JobAction] {
                var actions: [JobAction] = []
                machine.handle(event, at: now, policy: policy, random: random, into: &actions)
                return actions
            }
            _ = tell(.start)
            for number in 0..<5_000 {
                _ = tell(.sending)
                let random = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
                let actions = tell(.submitEnded(.failure(MachineText.failure(kind))), random)
                XCTAssertEqual(machine.state, .queued)
                XCTAssertEqual(machine.waitReason?.message, "said \(kind)")
                guard case .schedule(let at)? = actions.last else {
                    XCTAssertEqual(actions.last, .submit, "a back-off of 0")
                    continue
                }
                if kind == .concurrencyLimit {
                    XCTAssertGreaterThanOrEqual(at - now, 5_000_000_000)
                    XCTAssertLessThanOrEqual(at - now, number == 0 ? 8_000_000_000 : 30_000_000_000)
                }
                XCTAssertLessThanOrEqual(at - now, 30_000_000_000)
                now = at
                XCTAssertEqual(tell(.timer), [.submit])
            }
            let last = tell(.deadline).first { if case .ended = $0 { true } else { false } }
            guard case .ended(let failure)? = last else { return XCTFail("no end") }
            XCTAssertEqual(failure?.status, .deadline)
            XCTAssertEqual(failure?.outcome, .notSent)
            XCTAssertTrue(failure?.message.hasSuffix("; the newest try failed: said \(kind)") == true, "\(kind)")
        }
    }

    /// The pauses of jobs that wait for a slot differ: they do not come back as one herd.
    func testAWaitForASlotIsFiveToEightSeconds() {
        var pauses: Set<Int64> = []
        for random in UInt64(0)..<1_000 {
            pauses.insert(RetryPolicy.pauseForASlot(random: random &* 0x9E37_79B9_7F4A_7C15))
        }
        XCTAssertGreaterThanOrEqual(pauses.min() ?? 0, 5_000)
        XCTAssertLessThanOrEqual(pauses.max() ?? 0, 8_000)
        XCTAssertGreaterThan(pauses.count, 500)
    }

    /// Fault 8: after a cancel the error tells what is known now, and not what was known then.
    func testALateAnswerCorrectsTheError() {
        for (end, status) in [(JobEvent.cancel, Status.cancelled), (.deadline, .deadline), (.close, .cancelled)] {
            var machine = Self.make([.start, .sending, end])
            XCTAssertNil(machine.correctedFailure)
            _ = machine.tell(.submitEnded(.success(Self.answered)))
            XCTAssertEqual(machine.correctedFailure?.status, status)
            XCTAssertEqual(machine.correctedFailure?.outcome, .accepted)
            XCTAssertTrue(machine.correctedFailure?.message.contains("its token stays valid") == true)

            machine = Self.make([.start, .sending, end])
            _ = machine.tell(.submitEnded(.failure(MachineText.failure(.refused))))
            XCTAssertEqual(machine.correctedFailure?.status, status)
            XCTAssertEqual(machine.correctedFailure?.outcome, .notSent)
            XCTAssertTrue(machine.correctedFailure?.message.hasSuffix("not executed: said refused") == true)
        }
    }

    /// A timer that fires while a submission waits for its place must not ask for a second one.
    func testATimerWhileQueuedAsksForNothing() {
        var machine = Self.make([.start])
        XCTAssertEqual(machine.tell(.timer), "")
        machine = Self.make([.start, .sending, .submitEnded(.failure(MachineText.failure(.notSent)))])
        XCTAssertEqual(machine.tell(.timer), "submit")
        XCTAssertEqual(machine.tell(.timer), "")
    }

    func testWhatWasFixedForTheSubmissionIsFixedOnceMoreAfterIt() {
        for kind in [FailureKind.clockSkew, .staleCredentials] {
            var machine = Self.make([
                .start, .sending, .submitEnded(.failure(MachineText.failure(kind))), .sending,
                .submitEnded(.success(Self.answered)), .timer,
            ])
            let failed = JobEvent.pollEnded(.failure(MachineText.failure(kind)))
            XCTAssertEqual(machine.tell(failed), "schedule+0")
            _ = machine.tell(.timer)
            XCTAssertTrue(machine.tell(failed).contains("ended"))
        }
    }

    /// A call by name is not followed but made: turning following off does not leave it without an end.
    func testACallByNameRunsWithoutFollowing() {
        var machine = JobMachine.read()
        _ = machine.tell(.start)
        _ = machine.tell(.setFollow(false))
        XCTAssertEqual(machine.tell(.pollEnded(.failure(MachineText.failure(.transient)))), "schedule+1000")
        XCTAssertEqual(machine.tell(.timer), "poll")
    }

    func testNotFoundIsBelievedOnlyAfterTheGrace() {
        var machine = Self.make([.timer], Self.followed())
        let missing = JobEvent.pollEnded(.failure(MachineText.failure(.notFound)))
        XCTAssertEqual(machine.tell(missing, at: MachineText.now + 30_000_000_000), "schedule+31000")
        _ = machine.tell(.timer)
        XCTAssertEqual(
            machine.tell(missing, at: MachineText.now + 30_000_000_001), "unschedule ended(notFound/accepted) finished")
    }

    func testAMessageOfADeadlineNamesTheNewestTrouble() {
        var machine = Self.make([.timer, .pollEnded(.failure(MachineText.failure(.transient)))], Self.followed())
        var actions: [JobAction] = []
        machine.handle(.deadline, at: 0, policy: MachineText.policy, random: 0, into: &actions)
        guard case .ended(let failure)? = actions.first(where: { if case .ended = $0 { true } else { false } }) else {
            return XCTFail("no end")
        }
        XCTAssertTrue(failure?.message.contains("said transient") == true)
        XCTAssertTrue(failure?.message.contains("token stays valid") == true)
    }

    /// Progress from outside is put into 0...1.
    func testProgressIsClamped() {
        for (said, told) in [(2.0, 1.0), (-3, 0), (.nan, 0), (.infinity, 1), (0.25, 0.25)] {
            var machine = Self.make([.timer], Self.followed())
            _ = machine.tell(.pollEnded(.success(JobAnswer(state: .running, progress: said))))
            XCTAssertEqual(machine.progress, told, "\(said)")
        }
    }

    func testTimesAtTheEndsOfTheClockDoNotTrap() {
        for now in [Int64.min, -1, 0, .max] {
            for (_, machine) in Self.states {
                for (_, event) in Self.events {
                    var machine = machine
                    var actions: [JobAction] = []
                    machine.handle(event, at: now, policy: MachineText.policy, random: .max, into: &actions)
                }
            }
        }
    }

    /// A deadline does not claim that a job runs whose state nobody knows.
    func testADeadlineSaysThatTheStateIsUnknown() {
        for isUnknown in [true, false] {
            var answer = JobAnswer(remoteID: "id", state: .running, providerState: "ABORTED")
            answer.stateIsUnknown = isUnknown
            var machine = Self.make([.timer, .pollEnded(.success(answer))], Self.followed())
            var actions: [JobAction] = []
            machine.handle(
                .deadline, at: MachineText.now, policy: MachineText.policy, random: 0, into: &actions)
            let ends = actions.compactMap { action -> String? in
                guard case .ended(let failure) = action else { return nil }
                return failure?.message
            }
            let text = ends.first ?? ""
            XCTAssertEqual(text.contains("\"ABORTED\", which this library does not know"), isUnknown, text)
            XCTAssertEqual(text.contains("the provider keeps working on it"), !isUnknown, text)
            XCTAssertTrue(text.contains("its token stays valid"), text)
        }
    }
}
