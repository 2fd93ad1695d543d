import Core
import Support

@testable import Engine

/// Runs work on the spot.
final class ImmediateWorker: Worker {
    func run(_ work: @escaping @Sendable () -> Void) { work() }
    func close() {}
}

/// Runs work when the virtual clock says so.
final class DelayedWorker: Worker {
    var delayMilliseconds: Int64
    private let clock: VirtualClock
    private var queue: [(due: Int64, work: @Sendable () -> Void)] = []

    init(clock: VirtualClock, delayMilliseconds: Int64) {
        self.clock = clock
        self.delayMilliseconds = delayMilliseconds
    }

    var nextDue: Int64? { queue.first?.due }

    func run(_ work: @escaping @Sendable () -> Void) {
        // One after another, like the thread.
        let due = clock.nanoseconds() + delayMilliseconds * 1_000_000
        queue.append((max(due, queue.last?.due ?? due), work))
    }

    func close() {}

    /// True if there was something to do.
    func runDue() -> Bool {
        guard let first = queue.first, first.due <= clock.nanoseconds() else { return false }
        queue.removeFirst()
        first.work()
        return true
    }
}

/// Gives credentials from a list, the last one again and again, or as a closure says.
final class FakeResolver: CredentialResolver, @unchecked Sendable {
    // Used on one thread, or by one worker at a time.
    private let answer: (Int) -> Result<Credentials, Failure>
    private(set) var calls = 0

    init(_ answers: [Result<Credentials, Failure>]) { answer = { answers[min($0, answers.count - 1)] } }
    init(_ answer: @escaping (Int) -> Result<Credentials, Failure>) { self.answer = answer }

    convenience init(id: String = "key-1", expiresAtMilliseconds: Int64 = 0) {
        self.init([.success(FakeResolver.credentials(id, expiresAtMilliseconds: expiresAtMilliseconds))])
    }

    static func credentials(_ id: String, expiresAtMilliseconds: Int64 = 0) -> Credentials {
        Credentials(id: id, secret: Secret("s3cr3t-of-" + id), expiresAtMilliseconds: expiresAtMilliseconds)
    }

    func resolve() -> Resolution {
        defer { calls += 1 }
        return Resolution(answer(calls))
    }
}
