import Core
import XCTest

@testable import Engine

/// What a transfer without an answer means: the money depends on it.
final class TransferFailureMeaningTests: XCTestCase {
    private let kinds: [TransferFailure.Kind] = [
        .resolve, .connect, .tls, .proxy, .send, .receive, .timeout, .emptyReply, .cutReply, .tooLarge, .addressRefused,
        .malformedReply, .badURL, .resources, .cancelled, .sink,
    ]

    /// Whatever the kind: what may have left is never "provably not sent", and what provably did not leave is never in doubt.
    func testWhatMayHaveLeftIsInDoubt() {
        for kind in kinds {
            let left = TransferFailure(kind, requestMayHaveLeft: true, detail: "")
                .meaning(doing: "x")
            XCTAssertEqual(left.kind, .transient, "\(kind)")
            let stayed = TransferFailure(kind, requestMayHaveLeft: false, detail: "")
                .meaning(doing: "x")
            XCTAssertTrue([.notSent, .local].contains(stayed.kind), "\(kind)")
        }
    }

    /// A machine that is told so ends as it must.
    func testTheOutcomeThatFollows() {
        for kind in kinds {
            for left in [true, false] {
                var machine = JobMachine(follows: true)
                let policy = JobMachine.Policy(retry: RetryPolicy(maximumAttempts: 1))
                var actions: [JobAction] = []
                let failed = TransferFailure(kind, requestMayHaveLeft: left, detail: "")
                    .meaning(doing: "x")
                for event in [JobEvent.start, .sending, .submitEnded(.failure(failed))] {
                    machine.handle(event, at: 0, policy: policy, random: 0, into: &actions)
                }
                XCTAssertEqual(machine.outcome, left ? .unknown : .notSent, "\(kind)")
                XCTAssertEqual(machine.state, left ? .unknown : .failed, "\(kind)")
            }
        }
    }

    func testAMessageSaysWhatWasDoneAndWhatWentWrong() {
        for kind in kinds {
            let failed = TransferFailure(kind, requestMayHaveLeft: true, detail: "host:443")
                .meaning(doing: "Asking")
            XCTAssertTrue(failed.failure.message.hasPrefix("Asking: "))
            XCTAssertTrue(failed.failure.message.hasSuffix("(host:443)"))
            XCTAssertFalse(failed.failure.message.contains("\n"))
            XCTAssertNotEqual(failed.failure.status, .ok)
        }
    }
}
