internal import Core

/// A rate limit that is shared by all clients of the process that use one account for one operation, and with a file by
/// all processes that use the file.
public final class SharedRate: @unchecked Sendable {
    // Everything is guarded by the lock.
    private let lock: Lock
    /// With a file: the last words of the file, in case that it can no longer be read.
    private var limit: RateLimit
    private let file: RateFile?
    private var place: RateFile.Place?
    /// The file could not be read or written.
    private var hasFailed = false

    init(perSecond: Double, file: RateFile? = nil, name: [String] = []) throws(Lock.OutOfMemory) {
        lock = try Lock()
        limit = RateLimit(perSecond: RateLimit.pace(under: perSecond))
        self.file = file
        place = file?.place(of: name)
    }

    func reserve(at now: Int64) -> Int64 { change(at: now) { $0.reserve(at: now) } }

    func throttled(at now: Int64, retryAfterMilliseconds: Int64) {
        change(at: now) { $0.throttled(at: now, retryAfterMilliseconds: retryAfterMilliseconds) }
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

    private func change<R>(at now: Int64, _ body: (inout RateLimit) -> R) -> R {
        lock.withLock {
            guard let file, var place else { return body(&limit) }
            var result: R?
            let isWritten = file.update(&place, unixSeconds: SystemClock().unixMilliseconds() / 1_000) { words in
                // A file that was cut short, or a record that was given away, holds nothing: this process keeps its own figures.
                if let words, words.contains(where: { $0 != 0 }) {
                    limit = RateLimit(perSecond: limit.perSecond, words, at: now) ?? limit.fresh
                }
                result = body(&limit)
                return limit.words + RateFile.Words(repeating: 0, count: RateFile.payload - RateLimit.wordCount)
            }
            self.place = place
            hasFailed = hasFailed || !isWritten
            return result ?? body(&limit)
        }
    }

    /// Whether a read or write of the file has failed: since then this process may use its own pace.
    var isAlone: Bool { lock.withLock { hasFailed } }
}

/// Finds the shared rate of an account and operation. One a process and file: a forked child makes its own.
public final class RateBoard: @unchecked Sendable {
    // `rates` is guarded by the lock.
    private let lock: Lock
    private var rates: [String: SharedRate] = [:]
    private let file: RateFile?

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
        let parts = [provider, account, action, "\(perSecond)"]
        let name = parts.joined(separator: "\u{0}")
        return lock.withLock {
            if let known = rates[name] { return known }
            if rates.count >= Self.crowd { forgetUnused() }
            guard let made = try? SharedRate(perSecond: perSecond, file: file, name: ["rate"] + parts) else {
                return nil
            }
            rates[name] = made
            return made
        }
    }
}
