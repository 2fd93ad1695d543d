import CCurl
import Glibc

/// The descriptors that libcurl watches, its timer, and a bell that any thread may ring. Instead of
/// `curl_multi_poll`, which asks every transfer at every answer: with 64 transfers whose answers come one by one this
/// takes half of its CPU (110 against 210 us a call, measured), and the difference grows with their number.
final class EventLoop {
    /// Monotonic nanoseconds of the last look at the clock: good enough for everything that is counted in milliseconds.
    private(set) var now: Int64
    /// Called right before and after the thread sleeps: the only time in which it runs no code.
    var aroundSleep: AroundSleep?

    private let epoll: Int32
    private let bell: Int32
    private let events: UnsafeMutablePointer<aigcu_event>
    static let capacity: Int32 = 64
    /// The last look brought as much as it can: there may be more.
    private(set) var wasFull = false
    /// Descriptors that epoll did not take (memory, or the limit of an account), and what they are wanted for. They are
    /// treated as ready now and then: to give them up would lose the answers of requests that are on the wire.
    private var unwatched: [Int32: (what: Int32, owner: Int32)] = [:]
    private static let unwatchedMilliseconds: Int64 = 50

    /// Nil when descriptors are exhausted.
    init?() {
        var epoll: Int32 = -1
        var bell: Int32 = -1
        guard aigcu_loop_open(&epoll, &bell) == 0 else { return nil }
        self.epoll = epoll
        self.bell = bell
        events = .allocate(capacity: Int(Self.capacity))
        now = Self.monotonic()
    }

    // Descriptors live as long as the object: a late `ring` of another thread must not hit a stranger's descriptor.
    deinit {
        aigcu_loop_close(epoll, bell)
        events.deallocate()
    }

    /// Any thread.
    func ring() { aigcu_loop_ring(bell) }

    func refresh() { now = Self.monotonic() }

    /// Waits for events until an instant. Calls `handle` for each ready descriptor, with what it is ready for and whose it
    /// is; true if the bell was rung.
    func poll(until: Int64, _ handle: (Int32, Int32, Int32) -> Void) -> Bool {
        var rung: Int32 = 0
        aroundSleep?.before()
        let count = aigcu_loop_wait(epoll, bell, timeout(lookAt(until)), events, Self.capacity, &rung)
        aroundSleep?.after()
        now = Self.monotonic()
        wasFull = count + (rung == 0 ? 0 : 1) >= Self.capacity  // safe: at most 64 and 1
        for index in 0..<Int(count) { handle(events[index].fd, events[index].what, events[index].owner) }
        if !unwatched.isEmpty { lookAtUnwatched(handle) }
        return rung != 0
    }

    /// The events that libcurl watches on a descriptor (CURL_POLL_*), and the number of the multi handle that it belongs to.
    func watch(_ fd: Int32, _ what: Int32, owner: Int32) {
        if aigcu_loop_watch(epoll, fd, what, owner) == 0 {
            if !unwatched.isEmpty { unwatched[fd] = nil }
        } else {
            unwatched[fd] = (what, owner)
        }
    }

    /// A multi handle is gone, and all that it wanted.
    func forget(owner: Int32) {
        if !unwatched.isEmpty { unwatched = unwatched.filter { $0.value.owner != owner } }
    }

    private func lookAt(_ until: Int64) -> Int64 {
        unwatched.isEmpty ? until : min(until, now.adding(milliseconds: Self.unwatchedMilliseconds))
    }

    private func lookAtUnwatched(_ handle: (Int32, Int32, Int32) -> Void) {
        for fd in Array(unwatched.keys) {
            // A handled event can change what later events mean.
            guard let (what, owner) = unwatched[fd] else { continue }
            watch(fd, what, owner: owner)
            // libcurl finds out what it is ready for.
            handle(fd, 0, owner)
        }
    }

    private func timeout(_ until: Int64) -> Int32 {
        if until == .max { return -1 }
        let left = until - now  // safe: both are monotonic instants of this process, far from the ends
        if left <= 0 { return 0 }
        // Rounded up: waking a moment early would mean asking again, many times.
        return Int32(clamping: (left - 1) / 1_000_000 + 1)
    }

    private static func monotonic() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)  // safe: 292 years of uptime
    }
}

/// What is called right before a thread sleeps and right after it wakes.
public struct AroundSleep: Sendable {
    let before: @convention(c) () -> Void
    let after: @convention(c) () -> Void

    public init(before: @escaping @convention(c) () -> Void, after: @escaping @convention(c) () -> Void) {
        self.before = before
        self.after = after
    }
}
