internal import Core

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
