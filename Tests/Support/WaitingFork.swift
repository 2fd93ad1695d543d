internal import CPlatform
internal import Foundation

/// A fork() on a thread of its own, while the test's thread is inside a call's turn.
public final class WaitingFork: @unchecked Sendable {
    // Guarded by `lock`.
    private let lock = NSLock()
    private var hasCallEnded = false
    private var hasForked = false
    private var wasLetIn = false
    private var childStatus: Int32 = -1
    private let done = DispatchSemaphore(value: 0)

    private init() {}

    /// What `prepare` returns runs inside a turn while the fork waits. The status of the child: 0 where it may use journals;
    /// nil: the fork waited for the end of the call. A fork that waited in vain for a second, as on a loaded machine, is tried
    /// again.
    public static func letIn(_ prepare: () throws -> () throws -> Void) throws -> Int32? {
        for _ in 0..<10 {
            let body = try prepare()
            let fork = WaitingFork()
            aigcp_turn_register()
            aigcp_turn_enter()
            fork.start()
            do {
                defer {
                    fork.locked { fork.hasCallEnded = true }
                    aigcp_turn_leave()
                    fork.join()
                }
                try body()
            }
            if fork.wasLetIn { return fork.childStatus }
        }
        return nil
    }

    private func locked<R>(_ body: () -> R) -> R {
        lock.lock()
        defer { lock.unlock() }
        return body()
    }

    /// Returns once the fork waits.
    private func start() {
        let before: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
            guard let context else { return }
            let me = Unmanaged<WaitingFork>.fromOpaque(context).takeUnretainedValue()
            me.locked { me.wasLetIn = !me.hasCallEnded }
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard aigcp_fork_register(before, context) == 0 else { fatalError("no memory") }
        Thread.detachNewThread { [self] in
            // Swift hides fork().
            let fork = unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> Int32).self)
            let child = fork()
            if child == 0 { _exit(aigcp_fork_was_late()) }
            var status: Int32 = -1
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            locked {
                childStatus = status
                hasForked = true
            }
            done.signal()
        }
        while aigcp_turn_wanted_ns() < 0, !locked({ hasForked }) { usleep(100) }
    }

    private func join() {
        done.wait()
        aigcp_fork_unregister(Unmanaged.passUnretained(self).toOpaque())
    }
}
