internal import CPlatform
internal import Core
internal import Glibc

/// The helper thread of a journal: writes steps in groups. While one group is on its way to the disk the next one collects.
final class JournalWriter: @unchecked Sendable {
    // Everything that changes is guarded by `lock`, but for `owed` and `needsBallast`, which the helper thread alone uses.
    private let store: Store
    private let owner: Int64
    private let hash: @Sendable ([UInt8]) -> [UInt8]
    private let warn: @Sendable (String) -> Void
    private let lock: OpaquePointer
    private var items: [Item] = []
    private var works: [@Sendable () -> Void] = []
    /// Keys with steps that are not in the file yet, and how many.
    private var pending: [JournalKey: Int] = [:]
    /// Somebody waits: tidying up has to be done now.
    private var isUrgent = false
    private var thread: pthread_t?
    private var isAlive = false
    private var isClosing = false
    /// Steps that must not be lost and could not be written. Tried again with each group.
    private var owed: [Item] = []
    private var needsBallast = false

    struct Item: Sendable {
        let step: JournalStep
        let key: JournalKey
        let done: (@Sendable (Failure?) -> Void)?
    }

    /// What only tidies up waits for so long for a commit that has to be made anyway.
    private static let tidyNanoseconds: Int64 = 50_000_000
    private static let owedNanoseconds: Int64 = 1_000_000_000
    private static let idleNanoseconds: Int64 = 2_000_000_000
    private static let stackBytes: UInt = 512 << 10
    private static let mostInGroup = 4_096

    init(
        _ store: Store, owner: Int64, hash: @escaping @Sendable ([UInt8]) -> [UInt8],
        warn: @escaping @Sendable (String) -> Void
    ) throws(Failure) {
        guard let lock = aigcp_lock_new() else {
            throw Failure(.noResources, "Opening the journal: out of memory", isRetryable: true)
        }
        self.lock = lock
        self.store = store
        self.owner = owner
        self.hash = hash
        self.warn = warn
    }

    deinit { aigcp_lock_free(lock) }

    private func locked<R>(_ body: () -> R) -> R {
        aigcp_lock_lock(lock)
        defer { aigcp_lock_unlock(lock) }
        return body()
    }

    // MARK: - Any thread

    func add(_ item: Item) {
        let mayWait = locked {
            items.append(item)
            pending[item.key, default: 0] += 1
            return wake()
        }
        if !mayWait { withoutThread() }
    }

    /// Runs something between two groups. False when that cannot be.
    func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        locked {
            guard wake() else { return false }
            works.append(work)
            return true
        }
    }

    /// There is no thread to be had: what must not begin fails. The rest stays for the next thread, or for the end.
    private func withoutThread() {
        let failure = Failure(
            .noResources, "Starting the journal's thread failed: too many threads or no memory", isRetryable: true)
        let group = locked {
            let group = items.filter { $0.done != nil }
            items = items.filter { !$0.step.leaves }.map { Item(step: $0.step, key: $0.key, done: nil) }
            for item in group where item.step.leaves { settle(item.key) }
            return group
        }
        for item in group { item.done?(failure) }
    }

    /// Lock held.
    private func settle(_ key: JournalKey) {
        let left = (pending[key] ?? 1) - 1
        pending[key] = left > 0 ? left : nil
    }

    /// Waits until every step of a key is in the file, or has failed.
    func flush(_ key: JournalKey) {
        locked {
            while pending[key] != nil, isAlive {
                isUrgent = true
                aigcp_lock_broadcast(lock)
                _ = aigcp_lock_wait(lock, -1)
            }
        }
    }

    /// Ends after what has been given, on the disk or failed for good.
    func close() {
        let ended: pthread_t? = locked {
            isClosing = true
            aigcp_lock_broadcast(lock)
            defer { thread = nil }
            return thread
        }
        if let ended, pthread_equal(ended, pthread_self()) == 0 { _ = aigcp_thread_join(ended) }
        drain()
    }

    /// Lock held. False when the thread cannot be started.
    private func wake() -> Bool {
        if isAlive {
            aigcp_lock_broadcast(lock)
            return true
        }
        if isClosing { return false }
        if let ended = thread {
            _ = aigcp_thread_join(ended)
            thread = nil
        }
        let context = Unmanaged.passRetained(self)
        var started = pthread_t()
        guard aigcp_thread_start(&started, Self.stackBytes, "aigc-journal", writerBody, context.toOpaque()) == 0 else {
            context.release()
            return false
        }
        thread = started
        isAlive = true
        return true
    }

    // MARK: - The helper thread

    fileprivate func body() {
        // Inside a turn while it works, so that no fork finds a lock of the runtime held by it.
        while let (group, works) = next() {
            aigcp_turn_enter()
            carryOut(group, works)
            aigcp_turn_leave()
        }
    }

    /// Nil: the thread ends.
    private func next() -> ([Item], [@Sendable () -> Void])? {
        locked {
            var tidyBy: Int64?
            while true {
                let now = aigcp_monotonic_ns()
                if items.contains(where: \.step.isSynced) || !works.isEmpty || isUrgent { return take() }
                if !items.isEmpty {
                    let by = tidyBy ?? now.adding(Self.tidyNanoseconds)
                    tidyBy = by
                    if isClosing || now >= by || items.count >= Self.mostInGroup { return take() }
                    _ = aigcp_lock_wait(lock, by)
                    continue
                }
                if isClosing {
                    isAlive = false
                    aigcp_lock_broadcast(lock)
                    return nil
                }
                if aigcp_lock_wait(lock, now.adding(owed.isEmpty ? Self.idleNanoseconds : Self.owedNanoseconds)) != 0,
                    items.isEmpty, works.isEmpty, !isUrgent, !isClosing
                {
                    if !owed.isEmpty { return ([], []) }
                    isAlive = false
                    aigcp_lock_broadcast(lock)
                    return nil
                }
            }
        }
    }

    /// Lock held.
    private func take() -> ([Item], [@Sendable () -> Void]) {
        isUrgent = false
        let group = Array(items.prefix(Self.mostInGroup))
        items.removeFirst(group.count)
        defer { works = [] }
        return (group, works)
    }

    /// What is left at the end, on the thread that closes.
    private func drain() {
        aigcp_turn_enter()
        defer { aigcp_turn_leave() }
        while true {
            let (group, works) = locked { take() }
            carryOut(group, works)
            if group.isEmpty, works.isEmpty { return }
        }
    }

    /// Inside a turn.
    private func carryOut(_ group: [Item], _ works: [@Sendable () -> Void]) {
        if !group.isEmpty || !owed.isEmpty {
            let results = write(group)
            for (item, failure) in zip(group, results) { item.done?(failure) }
            locked {
                for item in group { settle(item.key) }
                aigcp_lock_broadcast(lock)
            }
        }
        for work in works { work() }
    }

    // MARK: - Groups

    /// For each item, in order, nil or why it failed.
    private func write(_ group: [Item]) -> [Failure?] {
        var results = [Failure?](repeating: nil, count: group.count)
        var open = Array(group.indices)
        if needsBallast, group.contains(where: \.step.leaves) {
            if let failure = refillBallast() { refuse(&results, &open, group, failure) }
        }
        guard let failure = attempt(group, open, &results) else { return results }
        // What must not begin does not begin. The rest has happened already, and must not be forgotten.
        refuse(&results, &open, group, failure)
        if failure.status == .noSpace {
            store.folder.dropBallast()
            needsBallast = true
        }
        guard !open.isEmpty || !owed.isEmpty, let again = attempt(group, open, &results) else { return results }
        for index in open where group.indices.contains(index) {
            let item = group[index]  // safe: checked above
            results[index] = again  // safe: as many results as items
            owed.append(Item(step: item.step, key: item.key, done: nil))
            if case .accepted(let remoteID, _) = item.step {
                warn(
                    "The journal cannot keep the id \"\(remoteID.shown(limit: 100))\" of key "
                        + "\"\(item.key.text.shown(limit: 100))\" now, and tries again each second; keep the job's token: "
                        + again.message)
            }
        }
        return results
    }

    private func refillBallast() -> Failure? {
        do throws(Failure) {
            try store.folder.fillBallast()
            needsBallast = false
            return nil
        } catch { return error }
    }

    /// Fails the submissions that have not left yet.
    private func refuse(_ results: inout [Failure?], _ open: inout [Int], _ group: [Item], _ failure: Failure) {
        var rest: [Int] = []
        for index in open where group.indices.contains(index) {
            if group[index].step.leaves {  // safe: checked above
                results[index] = failure  // safe: as many results as items
            } else {
                rest.append(index)
            }
        }
        open = rest
    }

    /// One transaction with all that is owed and all that is open. Nil: it is in the file.
    private func attempt(_ group: [Item], _ open: [Int], _ results: inout [Failure?]) -> Failure? {
        if open.isEmpty, owed.isEmpty { return nil }
        var missing: [Int] = []
        let isSynced = open.contains { group.indices.contains($0) && group[$0].step.isSynced } || !owed.isEmpty
        do throws(Failure) {
            missing = try store.write(synced: isSynced, inTurn: true) { (database) throws(Failure) in
                var missing: [Int] = []
                for item in owed { _ = try database.write(item.step, item.key, owner: owner, account: hash) }
                for index in open where group.indices.contains(index) {
                    let item = group[index]  // safe: checked above
                    if try !database.write(item.step, item.key, owner: owner, account: hash) { missing.append(index) }
                }
                return missing
            }
        } catch { return error }
        owed = []
        for index in missing where group.indices.contains(index) && group[index].step.mustBeThere {
            results[index] = Failure(  // safe: as many results as items
                .journal,
                "Journal \(store.folder.path): key \"\(group[index].key.text.shown(limit: 100))\" is not this client's any "
                    + "more: it was pruned or resolved by hand")
        }
        return nil
    }
}

extension JournalStep {
    /// Whether a submission leaves after it.
    fileprivate var leaves: Bool {
        if case .sending = self { return true }
        return false
    }

    /// Whether it is a fault if there is no such row.
    fileprivate var mustBeThere: Bool {
        switch self {
        case .sending, .accepted: true
        default: false
        }
    }
}

private func writerBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<JournalWriter>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
