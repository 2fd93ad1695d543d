import Core
import XCTest

/// A provider that calls a job finished and lists no image: looked at again a few times, then told.
final class LacksAssetsTests: XCTestCase {
    private static let empty = JobEvent.pollEnded(
        .success(JobAnswer(state: .running, providerState: "DONE", lacksAssets: true)))
    private static let second: Int64 = 1_000_000_000

    private static func followed(_ follows: Bool = true) -> JobMachine {
        var machine = JobMachine(attached: "id", follows: follows)
        _ = machine.tell(.start)
        return machine
    }

    /// Feeds an answer at a time and returns the result.
    private static func tell(_ machine: inout JobMachine, _ event: JobEvent, second: Int64) -> [JobAction] {
        var actions: [JobAction] = []
        machine.handle(
            event, at: MachineText.now + second * Self.second, policy: MachineText.policy, random: 0, into: &actions)
        return actions
    }

    private static func end(_ actions: [JobAction]) -> Failure? {
        for action in actions { if case .ended(let failure) = action { return failure } }
        return nil
    }

    func testTheFifthSuchAnswerEndsTheJob() {
        var machine = Self.followed()
        for turn in 1...4 {
            XCTAssertNil(Self.end(Self.tell(&machine, Self.empty, second: Int64(turn))), "after \(turn)")
            XCTAssertEqual(machine.state, .running)
            XCTAssertTrue(Self.tell(&machine, .timer, second: Int64(turn)).contains(.poll))
        }
        let failure = Self.end(Self.tell(&machine, Self.empty, second: 5))
        XCTAssertEqual(failure?.status, .jobFailed)
        XCTAssertEqual(failure?.outcome, .accepted)
        XCTAssertEqual(
            failure?.message,
            "Job is finished at the provider (DONE) and 5 answers in a row listed no image; the job may be billed; the "
                + "provider's answer can be read, and the token attaches the job again if it is to be looked at later")
        XCTAssertEqual(machine.state, .failed)
    }

    func testAnyOtherAnswerStartsTheCountAnew() {
        var machine = Self.followed()
        for turn in 1...20 {
            let answer = turn % 4 == 0 ? JobEvent.pollEnded(.success(JobAnswer(state: .running))) : Self.empty
            XCTAssertNil(Self.end(Self.tell(&machine, answer, second: Int64(turn))), "\(turn)")
            _ = Self.tell(&machine, .timer, second: Int64(turn))
        }
    }

    /// A call that failed says nothing about the job: neither for nor against it.
    func testFailedCallsDoNotCount() {
        var machine = Self.followed()
        for turn in 1...9 {
            let isEmpty = turn % 2 == 1
            let answer = isEmpty ? Self.empty : .pollEnded(.failure(MachineText.failure(.transient)))
            let actions = Self.tell(&machine, answer, second: Int64(turn))
            XCTAssertEqual(Self.end(actions) != nil, turn == 9, "\(turn)")
            if turn < 9 { _ = Self.tell(&machine, .timer, second: Int64(turn)) }
        }
    }

    /// Whoever refreshes a hundred times in a second has not waited any longer for it.
    func testQuickRefreshesDoNotUseUpThePatience() {
        var machine = Self.followed(false)
        for _ in 1...100 {
            XCTAssertTrue(Self.tell(&machine, .refresh, second: 1).contains(.poll))
            XCTAssertNil(Self.end(Self.tell(&machine, Self.empty, second: 1)))
        }
        for turn in 2...5 {
            _ = Self.tell(&machine, .refresh, second: Int64(turn))
            let actions = Self.tell(&machine, Self.empty, second: Int64(turn))
            XCTAssertEqual(Self.end(actions) != nil, turn == 5, "\(turn)")
            XCTAssertTrue(actions.contains(.refreshed(nil)))
        }
    }

    func testTheImagesMayStillCome() {
        var machine = Self.followed()
        _ = Self.tell(&machine, Self.empty, second: 1)
        _ = Self.tell(&machine, .timer, second: 2)
        let done = JobAnswer(state: .succeeded, assets: [AssetReference(id: "a")])
        _ = Self.tell(&machine, .pollEnded(.success(done)), second: 2)
        XCTAssertEqual(machine.state, .succeeded)
        XCTAssertEqual(machine.answer?.assets.map(\.id), ["a"])
    }

    // MARK: - The end of the images

    private static func answer(_ state: RemoteState, end: Int64, _ own: [Int64] = []) -> JobEvent {
        var answer = JobAnswer(
            state: state, assets: own.map { AssetReference(id: "\($0)", expiresAtMilliseconds: $0) },
            lacksAssets: own.isEmpty)
        answer.assetsExpireAtMilliseconds = end
        return .pollEnded(.success(answer))
    }

    /// Twelve hours count from the first answer that said "finished", not from the one that listed the images.
    func testTheEarliestEndCounts() {
        var machine = Self.followed()
        _ = Self.tell(&machine, Self.answer(.running, end: 1_000), second: 1)
        _ = Self.tell(&machine, .timer, second: 2)
        _ = Self.tell(&machine, Self.answer(.running, end: 2_000), second: 2)
        _ = Self.tell(&machine, .timer, second: 3)
        _ = Self.tell(&machine, Self.answer(.succeeded, end: 3_000, [3_000, 700, 0]), second: 3)
        XCTAssertEqual(machine.answer?.assets.map(\.expiresAtMilliseconds), [1_000, 700, 1_000])
    }

    func testNothingIsMadeUpWhereNothingIsKnown() {
        var machine = Self.followed()
        _ = Self.tell(&machine, Self.answer(.succeeded, end: 0, [0, 5]), second: 1)
        XCTAssertEqual(machine.answer?.assets.map(\.expiresAtMilliseconds), [0, 5])
    }
}
