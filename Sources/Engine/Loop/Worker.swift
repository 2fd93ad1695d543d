internal import CPlatform
internal import Core

/// Runs slow work (fsync, credential files, STS) one piece after another, off the engine thread.
public protocol Worker: AnyObject {
    func run(_ work: @escaping @Sendable () -> Void)
    /// Ends after the given work, or abandons a thread that does not come back.
    func close()
}

/// A thread that exists while there is work and a moment longer.
public final class ThreadWorker: Worker, @unchecked Sendable {
    // Everything is guarded by the lock.
    private let lock: Lock
    private let name: String
    private var queue: [@Sendable () -> Void] = []
    private var thread: pthread_t?
    private var alive = false
    private var closing = false

    private static let idleNanoseconds: Int64 = 2_000_000_000
    private static let lookNanoseconds: Int64 = 100_000_000
    /// How long a close waits for work that hangs in a file system.
    static let patienceMilliseconds: Int64 = 5_000
    private static let stackBytes: UInt = 512 << 10

    public init(name: String) throws(Lock.OutOfMemory) {
        lock = try Lock()
        self.name = name
    }

    /// If no thread can be started, the work is done on the caller's thread.
    public func run(_ work: @escaping @Sendable () -> Void) {
        var inline = false
        lock.withLock {
            queue.append(work)
            if alive {
                lock.broadcast()
                return
            }
            joinEnded()
            let context = Unmanaged.passRetained(self)
            var started = pthread_t()
            let error = aigcp_thread_start(&started, Self.stackBytes, name, workerBody, context.toOpaque())
            if error == 0 {
                thread = started
                alive = true
            } else {
                context.release()
                queue.removeLast()
                inline = true
            }
        }
        // No thread can be started: the work is slower, but nothing is lost.
        guard inline else { return }
        let signals = aigcp_signals_hold()
        Self.carryOut(work)
        aigcp_signals_release(signals)
    }

    public func close() {
        lock.withLock {
            closing = true
            lock.broadcast()
        }
        let ended: pthread_t? = lock.withLock {
            // In exit() the thread may sleep forever at the gate: then no thread waits for it.
            let until = aigcp_monotonic_ns() + Self.patienceMilliseconds * 1_000_000
            while alive, aigcp_monotonic_ns() < until {
                if aigcp_exit_has_begun() != 0 { return nil }
                _ = lock.wait(until: min(until, aigcp_monotonic_ns() + Self.lookNanoseconds))
            }
            let ended = alive ? nil : thread
            thread = nil
            return ended
        }
        if let ended { _ = aigcp_thread_join(ended) }
    }

    private func joinEnded() {
        if let ended = thread {
            _ = aigcp_thread_join(ended)
            thread = nil
        }
    }

    fileprivate func body() {
        // Inside a turn while it works, so that no fork finds a lock of the runtime held by it; credential calls leave the
        // turn while they wait for the network.
        while let work = next() {
            aigcp_turn_enter()
            Self.carryOut(work)
            aigcp_turn_tidy()
            aigcp_turn_leave()
        }
    }

    /// exit() waits until the worker is out of TLS, and lets no worker in afterwards.
    private static func carryOut(_ work: () -> Void) {
        aigcp_gate_enter()
        work()
        aigcp_gate_leave()
    }

    private func next() -> (@Sendable () -> Void)? {
        lock.withLock {
            let until = aigcp_monotonic_ns() + Self.idleNanoseconds
            while queue.isEmpty {
                if closing || !lock.wait(until: until) {
                    if queue.isEmpty {
                        alive = false
                        lock.broadcast()
                        return nil
                    }
                }
            }
            return queue.removeFirst()
        }
    }
}

private func workerBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<ThreadWorker>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
