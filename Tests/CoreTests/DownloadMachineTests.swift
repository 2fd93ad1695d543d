import Core
import XCTest

/// Every event in every state of a download. The table is Tests/fixtures/machines/download.txt.
final class DownloadMachineTests: XCTestCase {
    private static let cut = Failure(.network, "cut")
    private static let wrong = Failure(.corrupt, "wrong")

    private static func make(_ events: [DownloadEvent], canDescribe: Bool = true) -> DownloadMachine {
        var machine = DownloadMachine(canDescribe: canDescribe)
        for event in events { _ = machine.tell(event) }
        return machine
    }

    private static func refused(_ kind: FailureKind) -> DownloadEvent {
        .transferEnded(.refused(MachineText.failure(kind)), received: 0)
    }

    private static let states: [(String, DownloadMachine)] = [
        ("new", make([])),
        ("queued", make([.start])),
        ("preparing", make([.start, .granted(isOpen: false)])),
        ("preparing-cancelled", make([.start, .granted(isOpen: false), .cancel])),
        ("fetching", make([.start, .granted(isOpen: false), .prepared(nil)])),
        ("fetching-a-call", make([.start, .granted(isOpen: false), .prepared(nil)], canDescribe: false)),
        (
            "waiting",
            make([.start, .granted(isOpen: false), .prepared(nil), .transferEnded(.incomplete(cut), received: 5)])
        ),
        ("describing", make([.start, .granted(isOpen: false), .prepared(nil), refused(.expired)])),
        ("described", make([.start, .granted(isOpen: false), .prepared(nil), refused(.expired), .described(nil)])),
        (
            "corrupt-twice",
            make([
                .start, .granted(isOpen: false), .prepared(nil), .transferEnded(.corrupt(wrong), received: 9), .timer,
                .transferEnded(.corrupt(wrong), received: 9), .timer,
            ])
        ),
        (
            "redirected-thrice",
            make(
                [.start, .granted(isOpen: false), .prepared(nil)]
                    + Array(repeating: .transferEnded(.redirected, received: 0), count: 3))
        ),
        ("clock-fixed", make([.start, .granted(isOpen: false), .prepared(nil), refused(.clockSkew)])),
        ("token-renewed", make([.start, .granted(isOpen: false), .prepared(nil), refused(.staleCredentials)])),
        (
            "committing",
            make([.start, .granted(isOpen: false), .prepared(nil), .transferEnded(.complete, received: 9)])
        ),
        (
            "committing-cancelled",
            make([.start, .granted(isOpen: false), .prepared(nil), .transferEnded(.complete, received: 9), .cancel])
        ),
        ("cancelled", make([.start, .granted(isOpen: false), .prepared(nil), .cancel])),
        (
            "succeeded",
            make([
                .start, .granted(isOpen: false), .prepared(nil), .transferEnded(.complete, received: 9),
                .committed(nil),
            ])
        ),
    ]

    private static var events: [(String, DownloadEvent)] {
        var all: [(String, DownloadEvent)] = [
            ("start", .start), ("granted", .granted(isOpen: false)), ("granted-open", .granted(isOpen: true)),
            ("prepared", .prepared(nil)),
            ("unprepared-full", .prepared(Failure(.noResources, "too many files", isRetryable: true))),
            ("unprepared", .prepared(Failure(.file, "no such folder"))),
            ("complete", .transferEnded(.complete, received: 9)),
            ("incomplete", .transferEnded(.incomplete(cut), received: 7)),
            ("corrupt", .transferEnded(.corrupt(wrong), received: 9)),
            ("failed", .transferEnded(.failed(Failure(.file, "read only")), received: 3)),
            ("full", .transferEnded(.failed(Failure(.noSpace, "disk full")), received: 3)),
            ("redirected", .transferEnded(.redirected, received: 0)),
        ]
        for (name, kind) in MachineText.kinds { all.append(("refused:" + name, refused(kind))) }
        all.append(("described", .described(nil)))
        for (name, kind) in MachineText.kinds {
            all.append(("undescribed:" + name, .described(MachineText.failure(kind))))
        }
        return all + [
            ("committed", .committed(nil)), ("uncommitted", .committed(Failure(.file, "rename"))),
            ("commit-full", .committed(Failure(.noSpace, "quota"))),
            ("timer", .timer), ("deadline", .deadline), ("cancel", .cancel), ("close", .close),
        ]
    }

    func testEveryEventInEveryState() throws {
        var lines: [String] = []
        for (state, machine) in Self.states {
            for (event, value) in Self.events {
                var machine = machine
                let actions = machine.tell(value)
                if actions.isEmpty { continue }
                lines.append("\(state) \(event): \(actions) -> \(machine.state)")
            }
        }
        try Table.check(lines, "download.txt")
    }

    /// A URL that runs out again and again is asked for again once, then it is EXPIRED.
    func testAnExpiredURLIsAskedForOnce() {
        var machine = Self.make([.start, .granted(isOpen: false), .prepared(nil)])
        XCTAssertEqual(machine.tell(Self.refused(.expired)), "describe")
        XCTAssertEqual(machine.tell(.described(nil)), "fetch")
        XCTAssertEqual(
            machine.tell(Self.refused(.expired)), "withdrawCall unschedule abandon ended(expired) finished")
    }

    /// Asking for a fresh URL can itself meet a clock or a token that has to be fixed.
    func testADescribeThatIsFixedIsMadeAgain() {
        var machine = Self.make([.start, .granted(isOpen: false), .prepared(nil), Self.refused(.expired)])
        XCTAssertEqual(machine.tell(.described(MachineText.failure(.clockSkew))), "describe")
        XCTAssertEqual(machine.tell(.described(MachineText.failure(.staleCredentials))), "describe")
        XCTAssertEqual(machine.tell(.described(nil)), "fetch")
    }

    /// While a worker has the sink an end waits for it: nothing is taken from under it, and what it has published counts.
    func testAnEndWaitsForTheWorker() {
        for (event, word) in [(DownloadEvent.cancel, "cancelled"), (.close, "cancelled"), (.deadline, "deadline")] {
            var queued = Self.make([.start])
            let words = "withdrawCall unschedule abandon(keep) ended(\(word)) finished"
            XCTAssertEqual(queued.tell(event), words)
            // A worker that hangs is not waited for without end.
            for after in [DownloadEvent.prepared(nil), .prepared(Failure(.file, "no folder")), .timer] {
                var machine = Self.make([.start, .granted(isOpen: false)])
                XCTAssertEqual(machine.tell(event), "schedule+2000")
                XCTAssertEqual(machine.tell(after), words)
                XCTAssertEqual(machine.tell(.prepared(nil)), "")
            }
            let whole: [DownloadEvent] = [
                .start, .granted(isOpen: false), .prepared(nil), .transferEnded(.complete, received: 9), event,
            ]
            var machine = Self.make(whole)
            XCTAssertEqual(machine.state, .running)
            XCTAssertEqual(machine.tell(.committed(nil)), "ended(ok) finished")
            XCTAssertEqual(machine.state, .succeeded)
            machine = Self.make(whole)
            XCTAssertEqual(
                machine.tell(.committed(Failure(.file, "rename"))), "unschedule abandon(keep) ended(\(word)) finished")
        }
    }

    /// Fault 8: of several ends that are asked for while a worker has the sink the first one counts.
    func testTheFirstEndThatIsAskedForCounts() {
        let ends: [(DownloadEvent, String)] = [(.cancel, "cancelled"), (.deadline, "deadline"), (.close, "cancelled")]
        for (first, word) in ends {
            for (second, _) in ends {
                for third in ends.map(\.0) {
                    var machine = Self.make([.start, .granted(isOpen: false), first, second, third])
                    XCTAssertEqual(
                        machine.tell(.prepared(nil)),
                        "withdrawCall unschedule abandon(keep) ended(\(word)) finished")
                    XCTAssertEqual(machine.state, word == "deadline" ? .failed : .cancelled)
                    machine = Self.make([
                        .start, .granted(isOpen: false), .prepared(nil), .transferEnded(.complete, received: 9), first,
                        second, third,
                    ])
                    let failed = DownloadEvent.committed(Failure(.file, "rename"))
                    XCTAssertEqual(machine.tell(failed), "unschedule abandon(keep) ended(\(word)) finished")
                    XCTAssertEqual(machine.state, word == "deadline" ? .failed : .cancelled)
                }
            }
        }
    }

    func testCorruptThriceIsCorrupt() {
        var machine = Self.make([.start, .granted(isOpen: false), .prepared(nil)])
        for _ in 0..<2 {
            XCTAssertEqual(
                machine.tell(.transferEnded(.corrupt(Self.wrong), received: 9)).prefix(16), "restart schedule")
            XCTAssertEqual(machine.tell(.timer), "fetch")
        }
        XCTAssertEqual(
            machine.tell(.transferEnded(.corrupt(Self.wrong), received: 9)),
            "withdrawCall unschedule abandon ended(corrupt) finished")
    }

    /// Tries are counted without progress: a slow line that gives a little each time gets there.
    func testProgressResetsTheTries() {
        var machine = Self.make([.start, .granted(isOpen: false), .prepared(nil)])
        for received in 1...50 {
            XCTAssertEqual(
                machine.tell(.transferEnded(.incomplete(Self.cut), received: Int64(received))), "schedule+1000")
            XCTAssertEqual(machine.tell(.timer), "fetch")
        }
        var words = ""
        for _ in 0..<2 {
            words = machine.tell(.transferEnded(.incomplete(Self.cut), received: 50))
            _ = machine.tell(.timer)
        }
        XCTAssertEqual(words, "withdrawCall unschedule abandon(keep) ended(network) finished")
    }

    func testRandomEventsEndOnce() {
        var seed: UInt64 = 99
        let events = Self.events
        for round in 0..<20_000 {
            var machine = DownloadMachine(canDescribe: round % 2 == 0)
            var ended = 0
            var abandoned = 0
            for _ in 0..<40 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                var actions: [DownloadAction] = []
                machine.handle(
                    events[Int(seed >> 33) % events.count].1, at: MachineText.now, policy: MachineText.policy.retry,
                    random: seed, into: &actions)
                if ended > 0 { XCTAssertEqual(actions, [], "round \(round)") }
                for action in actions {
                    if case .ended(let failure) = action {
                        ended += 1
                        XCTAssertEqual(failure == nil, machine.state == .succeeded)
                        XCTAssertEqual(actions.last, .finished)
                    }
                    if case .abandon = action { abandoned += 1 }
                }
            }
            XCTAssertLessThanOrEqual(ended, 1)
            XCTAssertEqual(abandoned, machine.state.isTerminal && machine.state != .succeeded ? 1 : 0)
        }
    }
}
