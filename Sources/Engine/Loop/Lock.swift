internal import CPlatform

/// A mutex with a condition. `Synchronization.Mutex` has no condition variable and traps on re-entry. Any thread.
public final class Lock: @unchecked Sendable {
    // The C object is its own synchronisation.
    private let lock: OpaquePointer

    public init() throws(OutOfMemory) {
        guard let lock = aigcp_lock_new() else { throw OutOfMemory() }
        self.lock = lock
    }

    public struct OutOfMemory: Error {
        public init() {}
    }

    deinit { aigcp_lock_free(lock) }

    @inline(__always)
    public func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        aigcp_lock_lock(lock)
        defer { aigcp_lock_unlock(lock) }
        return try body()
    }

    /// Lock held. Waits for `broadcast` until a monotonic instant (nil: without limit). False when the time is up.
    public func wait(until: Int64?) -> Bool { aigcp_lock_wait(lock, until ?? -1) == 0 }

    /// Lock held. Wakes those who wait, once the lock is free.
    public func broadcast() { aigcp_lock_broadcast(lock) }
}
