internal import Core

/// A rate limit that is shared by all clients of the process that use one account for one operation, and with a file by
/// all processes that use the file.
public final class SharedRate: @unchecked Sendable {
    // Everything is guarded by the lock.
    private let lock: Lock
    /// With a file: the last words of the file, in case that it can no longer be read.
    private var limit: RateLimit
    private let file: RateFile?
    private let provider: String
    private let action: String
    private let perSecond: Double
    /// How long calls have waited for their slots.
    private var waited: UInt64 = 0
    private var place: RateFile.Place?
    /// The file could not be read or written.
    private var hasFailed = false

    init(
        provider: String, account: String, action: String, perSecond: Double, file: RateFile?
    ) throws(Lock.OutOfMemory) {
        lock = try Lock()
        (self.provider, self.action, self.perSecond) = (provider, action, perSecond)
        limit = RateLimit(perSecond: RateLimit.pace(under: perSecond))
        self.file = file
        place = file?.place(of: ["rate", provider, account, action, "\(perSecond)"])
    }

    func reserve(at now: Int64) -> Int64 {
        change(at: now) { limit, waited in
            let slot = limit.reserve(at: now)
            if slot > now { waited &+= UInt64(slot - now) }  // safe: slot > now, and both are instants
            return slot
        }
    }

    func row(at now: Int64) -> Statistics.Rate {
        let known = look(at: now)
        return Statistics.Rate(
            provider: provider, action: action, perSecond: perSecond, inForce: known.inForce(at: now),
            throttled: known.complaints, waited: lock.withLock { waited }, isShared: place != nil && !isAlone)
    }

    /// Whether a call may leave now for whose slot it is late; the slots that nobody has yet come later then.
    func takesLate(_ slot: Int64, at now: Int64, atMost longest: Int64) -> Bool {
        let late = now.subtracting(slot)
        if late <= RateLimit.room { return true }
        return late <= longest && change(at: now) { limit, _ in limit.takesLate(slot, at: now) }
    }

    func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        change(at: now) { limit, _ in limit.throttled(at: now, retryAfterMilliseconds: retryAfterMilliseconds) }
    }

    func keeps(_ slot: Int64, at now: Int64) -> Bool { look(at: now).keeps(slot) }

    /// The present figures of all processes.
    func look(at now: Int64) -> RateLimit {
        lock.withLock {
            guard let file, var place else { return limit }
            if let words = file.look(&place), let known = RateLimit(perSecond: limit.perSecond, words, at: now) {
                limit = known
            }
            self.place = place
            return limit
        }
    }

    private func change<R>(at now: Int64, _ body: (inout RateLimit, inout UInt64) -> R) -> R {
        lock.withLock {
            guard let file, var place else { return body(&limit, &waited) }
            var result: R?
            let isWritten = file.update(&place, unixSeconds: SystemClock().unixMilliseconds() / 1_000) { words in
                // A file that was cut short, or a record that was given away, holds nothing: this process keeps its own figures.
                if let words, words.contains(where: { $0 != 0 }) {
                    limit = RateLimit(perSecond: limit.perSecond, words, at: now) ?? limit.fresh
                }
                result = body(&limit, &waited)
                return limit.words + RateFile.Words(repeating: 0, count: RateFile.payload - RateLimit.wordCount)
            }
            self.place = place
            hasFailed = hasFailed || !isWritten
            return result ?? body(&limit, &waited)
        }
    }

    /// Whether a read or write of the file has failed: since then this process may use its own pace.
    var isAlone: Bool { lock.withLock { hasFailed } }
}

/// Finds the shared rate of an account and operation. One a process and file: a forked child makes its own.
public final class RateRegistry: @unchecked Sendable {
    // `rates` is guarded by the lock.
    private let lock: Lock
    private var rates: [String: SharedRate] = [:]
    /// Nil: other processes know nothing of this one.
    let file: RateFile?

    /// - file: shares the rates with other processes.
    public init(file: RateFile? = nil) throws(Lock.OutOfMemory) {
        lock = try Lock()
        self.file = file
    }

    /// Temporary credentials bring a new account id each time: beyond so many accounts, unused rates are dropped.
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
            guard
                let made = try? SharedRate(
                    provider: provider, account: account, action: action, perSecond: perSecond, file: file)
            else { return nil }
            rates[name] = made
            return made
        }
    }

    /// What is known of each action, over all accounts.
    func rows(at now: Int64) -> [Statistics.Rate] {
        var rows: [Statistics.Rate] = []
        for rate in lock.withLock({ Array(rates.values) }) {
            let row = rate.row(at: now)
            let same = rows.firstIndex {
                $0.action == row.action && $0.provider == row.provider && $0.perSecond == row.perSecond
            }
            guard let same else {
                rows.append(row)
                continue
            }
            // safe: just found; 0 limits nothing
            let (one, other) = (rows[same].inForce, row.inForce)
            rows[same].inForce = one > 0 && other > 0 ? min(one, other) : max(one, other)
            rows[same].throttled &+= row.throttled
            rows[same].waited &+= row.waited
        }
        return rows.sorted { ($0.provider, $0.action, $0.perSecond) < ($1.provider, $1.action, $1.perSecond) }
    }
}
