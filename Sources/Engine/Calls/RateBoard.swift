internal import Core

/// A rate limit that is shared by all clients of the process that use one account for one operation.
public final class SharedRate: @unchecked Sendable {
    // `limit` is guarded by the lock.
    private let lock: Lock
    private var limit: RateLimit

    init(perSecond: Double) throws(Lock.OutOfMemory) {
        lock = try Lock()
        limit = RateLimit(perSecond: RateLimit.pace(under: perSecond))
    }

    func reserve(at now: Int64) -> Int64 { lock.withLock { limit.reserve(at: now) } }

    func keeps(_ slot: Int64) -> Bool { lock.withLock { limit.keeps(slot) } }

    func inForce(at now: Int64) -> Double { lock.withLock { limit.inForce(at: now) } }

    func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        lock.withLock { limit.throttled(at: now, retryAfterMilliseconds: retryAfterMilliseconds) }
    }
}

/// Finds the shared rate of an account and operation. One a process: a forked child makes its own.
public final class RateBoard: @unchecked Sendable {
    // `rates` is guarded by the lock.
    private let lock: Lock
    private var rates: [String: SharedRate] = [:]

    public init() throws(Lock.OutOfMemory) { lock = try Lock() }

    /// Temporary credentials have another id each time: beyond so many accounts those that nobody holds any more go.
    private static let crowd = 512

    var count: Int { lock.withLock { rates.count } }

    private func forgetUnused() {
        for name in Array(rates.keys) {
            guard var rate = rates.removeValue(forKey: name) else { continue }
            if !isKnownUniquelyReferenced(&rate) { rates[name] = rate }
        }
    }

    func rate(provider: String, account: String, action: String, perSecond: Double) -> SharedRate? {
        // The rate is part of the name: clients configured differently do not share.
        let name = "\(provider)\u{0}\(account)\u{0}\(action)\u{0}\(perSecond)"
        return lock.withLock {
            if let known = rates[name] { return known }
            if rates.count >= Self.crowd { forgetUnused() }
            guard let made = try? SharedRate(perSecond: perSecond) else { return nil }
            rates[name] = made
            return made
        }
    }
}
