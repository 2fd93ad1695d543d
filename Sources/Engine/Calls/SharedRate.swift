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
