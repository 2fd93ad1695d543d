import Core
import XCTest

/// Calls by name in the machine of jobs: a write is a submission that ends with its answer, a read is repeated until then.
final class DirectCallMachineTests: XCTestCase {
    private static let answer = JobAnswer(state: .succeeded, response: [0x7B, 0x7D])

    private static func make(_ machine: JobMachine, _ events: [JobEvent]) -> JobMachine {
        var machine = machine
        for event in events { _ = machine.tell(event) }
        return machine
    }

    private static func failed(_ kind: FailureKind) -> JobEvent { .pollEnded(.failure(MachineText.failure(kind))) }

    // MARK: - Writes

    /// No id, no token: nothing is announced as accepted.
    func testAWriteEndsWithItsAnswer() {
        var machine = Self.make(JobMachine(follows: true), [.start, .sending])
        XCTAssertEqual(machine.tell(.submitEnded(.success(Self.answer))), "unschedule ended(ok) finished")
        XCTAssertEqual(machine.state, .succeeded)
        XCTAssertEqual(machine.outcome, .accepted)
        XCTAssertEqual(machine.answer?.response, Self.answer.response)
    }

    func testAWriteIsSentAgainOnlyIfNothingWasExecuted() {
        for (name, kind) in MachineText.kinds {
            var machine = Self.make(JobMachine(follows: true), [.start, .sending])
            let actions = machine.tell(.submitEnded(.failure(MachineText.failure(kind))))
            switch kind {
            case .notSent, .throttled: XCTAssertEqual(actions, "changed schedule+1000", name)
            case .concurrencyLimit: XCTAssertEqual(actions, "changed schedule+6000", name)
            case .clockSkew, .staleCredentials: XCTAssertEqual(actions, "changed submit", name)
            case .transient, .unreadable:
                XCTAssertEqual(actions, "unschedule ended(outcomeUnknown/unknown) finished", name)
            default: XCTAssertTrue(actions.hasSuffix("/notSent) finished"), name + ": " + actions)
            }
        }
    }

    /// The answer to a write that was cancelled on the wire is still told, though there is no id to tell.
    func testALateAnswerIsKept() {
        for end in [JobEvent.cancel, .deadline, .close] {
            var machine = Self.make(JobMachine(follows: true), [.start, .sending, end])
            let state = machine.state
            XCTAssertEqual(machine.outcome, .unknown)
            XCTAssertEqual(machine.tell(.submitEnded(.success(Self.answer))), "changed finished")
            XCTAssertEqual(machine.outcome, .accepted)
            XCTAssertEqual(machine.state, state)
            XCTAssertEqual(machine.answer?.response, Self.answer.response)
        }
    }

    // MARK: - Reads

    func testAReadAsksAtOnceAndEndsWithItsAnswer() {
        var machine = JobMachine.read()
        XCTAssertEqual(machine.state, .queued)
        XCTAssertEqual(machine.tell(.start), "changed poll")
        XCTAssertEqual(machine.state, .running)
        XCTAssertEqual(machine.tell(.pollEnded(.success(Self.answer))), "unschedule ended(ok) finished")
        XCTAssertEqual(machine.state, .succeeded)
        XCTAssertEqual(machine.outcome, .none)
    }

    /// What passes is waited for; what is an answer ends it at once, also "not found": nothing was made that may appear.
    func testWhatAReadIsRepeatedFor() {
        for (name, kind) in MachineText.kinds {
            var machine = Self.make(.read(), [.start])
            let actions = machine.tell(Self.failed(kind))
            switch kind {
            case .notSent, .throttled, .concurrencyLimit, .transient, .unreadable:
                XCTAssertEqual(actions, "schedule+1000", name)
            case .clockSkew, .staleCredentials: XCTAssertEqual(actions, "schedule+0", name)
            default:
                XCTAssertTrue(actions.hasPrefix("unschedule ended("), name + ": " + actions)
                XCTAssertFalse(actions.contains("/"), "a read has no outcome: " + actions)
                XCTAssertEqual(machine.state, .failed)
            }
        }
    }

    func testAReadIsRepeatedUntilItsDeadline() {
        var machine = Self.make(.read(), [.start])
        for _ in 0..<2_000 {
            XCTAssertTrue(machine.tell(Self.failed(.transient)).hasPrefix("schedule+"))
            XCTAssertEqual(machine.tell(.timer), "poll")
        }
        var actions: [JobAction] = []
        machine.handle(.deadline, at: 0, policy: MachineText.policy, random: 0, into: &actions)
        guard case .ended(let failure)? = actions.first(where: { if case .ended = $0 { true } else { false } }) else {
            return XCTFail("no end")
        }
        XCTAssertEqual(
            failure?.message, "Job deadline passed before it ended; the newest try failed: said transient")
        XCTAssertEqual(failure?.outcome, SubmitOutcome.none)
    }

    func testAReadIsCancelledAtEveryMoment() {
        let moments: [[JobEvent]] = [[], [.start], [.start, Self.failed(.transient)]]
        for events in moments {
            var machine = Self.make(.read(), events)
            let actions = machine.tell(.cancel)
            XCTAssertTrue(actions.hasSuffix("unschedule ended(cancelled) finished"), actions)
            XCTAssertEqual(machine.outcome, .none)
            XCTAssertEqual(machine.tell(.pollEnded(.success(Self.answer))), "")
        }
    }
}
