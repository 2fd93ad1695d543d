internal import CPlatform
internal import Core
internal import Glibc

/// The helper thread of a journal: writes steps in groups. While one group is on its way to the disk the next one collects.
final class JournalWriter: @unchecked Sendable {
    // Everything that changes is guarded by `lock`, but for `owed` and `needsBallast`, which the helper thread uses, and after
    // its end the thread that closes.
    private let store: Store
    private let notes: OwnerNotes
    private let owner: Int64
    private let hash: @Sendable ([UInt8]) -> [UInt8]
    private let warn: @Sendable (FolderWarning) -> Void
    private let lock: OpaquePointer
    private var items: [Item] = []
    private var claims = HeldClaims<Item>()
    /// How many of them have to be on the disk soon.
    private var syncedItems = 0
    private var works: [@Sendable () -> Void] = []
    /// If steps came together, the writer waits a moment for more: a commit of many steps costs little more than one of few.
    private var newestGroup = 0
    private var isGathering = false
    /// Keys with steps that are not in the file yet, and how many.
    private var pending: [JournalKey: Int] = [:]
    /// A caller waits: tidying up must be done now.
    private var isUrgent = false
    /// Callers that wait until the steps of a key are in the file.
    private var waiting = 0
    private var thread: pthread_t?
    private var isAlive = false
    /// When the group began that is being written; monotonic nanoseconds.
    private var writesSince: Int64?
    private var hasNotedQueue = false
    private var isClosing = false
    /// Steps that must not be lost and could not be written. Tried again with each group.
    private var owed: [Item] = []
    private var needsBallast = false
    /// The newest account: most clients have one.
    private var account: (id: String, name: [UInt8]) = ("", [])

    struct Item: Sendable {
        let step: JournalStep
        let key: JournalKey
        let done: (@Sendable (JournalAnswer) -> Void)?
    }

    /// How long a step that only tidies up waits for a commit that is needed anyway.
    private static let tidyNanoseconds: Int64 = 50_000_000
    private static let gatherNanoseconds: Int64 = 1_000_000
    private static let enough = 64
    /// A group that takes longer waits for another process or for a slow disk.
    private static let lateNanoseconds: Int64 = 5_000_000
    private static let owedNanoseconds: Int64 = 1_000_000_000
    private static let idleNanoseconds: Int64 = 2_000_000_000
    private static let stackBytes: UInt = 512 << 10
    private static let mostInGroup = 4_096

    init(
        _ store: Store, _ notes: OwnerNotes, owner: Int64, hash: @escaping @Sendable ([UInt8]) -> [UInt8],
        warn: @escaping @Sendable (FolderWarning) -> Void
    ) throws(Failure) {
        guard let lock = aigcp_lock_new() else {
            throw Failure(.noResources, "Opening the journal: out of memory", isRetryable: true)
        }
        self.lock = lock
        self.store = store
        self.notes = notes
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
        if item.step.isAcceptance, let waiting = locked({ lateAcceptances() }) {
            for item in waiting + [item] { keepID(of: item) }
        }
        let mayWait = locked {
            queue(item)
            if item.step.isSynced { syncedItems += 1 }
            // The thread finds steps that only tidy up when it looks next.
            if item.step.isSynced, !isGathering || syncedItems >= Self.enough { aigcp_lock_broadcast(lock) }
            return haveThread()
        }
        if !mayWait { withoutThread() }
    }

    /// Lock held. Nil: the group that is being written is not late. Otherwise the ids behind it that are not noted yet: those
    /// that came before the group was late, once.
    private func lateAcceptances() -> [Item]? {
        guard let since = writesSince, aigcp_monotonic_ns().subtracting(since) >= Self.lateNanoseconds else {
            return nil
        }
        if hasNotedQueue { return [] }
        hasNotedQueue = true
        return items.filter(\.step.isAcceptance)
    }

    /// Of a job whose row must wait: a taker finds it if this process is killed meanwhile.
    private func keepID(of item: Item) {
        guard case .accepted(let remoteID, let requestID) = item.step else { return }
        notes.keep(item.key, remoteID: remoteID, requestID: requestID)
    }

    /// Lock held.
    private func queue(_ item: Item) {
        var item = item
        switch item.step {
        case .claimed:
            pending[item.key, default: 0] += 1
            guard let second = claims.add(item, item.key, since: aigcp_monotonic_ns()) else { return }
            item = second
        case .sending:
            // It takes the key.
            if claims.remove(item.key) == nil { pending[item.key, default: 0] += 1 }
        default:
            if let claim = claims.remove(item.key) { items.append(claim) }
            pending[item.key, default: 0] += 1
        }
        items.append(item)
    }

    /// Runs something between two groups. False when that cannot be.
    func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        locked {
            guard haveThread() else { return false }
            works.append(work)
            aigcp_lock_broadcast(lock)
            return true
        }
    }

    /// No thread can be started: steps that begin a submission fail. The other steps wait for the next thread or the end.
    private func withoutThread() {
        let failure = Failure(
            .noResources, "Starting the journal's thread failed: too many threads or no memory", isRetryable: true)
        let group = locked {
            let group = items.filter { $0.done != nil }
            items = items.filter { !$0.step.leaves }.map { Item(step: $0.step, key: $0.key, done: nil) }
            syncedItems = items.count { $0.step.isSynced }
            for item in group where item.step.leaves { settle(item.key) }
            return group
        }
        for item in group { item.done?(.failed(failure)) }
    }

    /// Lock held.
    private func settle(_ key: JournalKey) {
        guard let place = pending.index(forKey: key) else { return }
        if pending.values[place] > 1 { pending.values[place] -= 1 } else { pending.remove(at: place) }  // safe: found
    }

    /// Waits until every step of a key is in the file, or has failed.
    func flush(_ key: JournalKey) {
        locked {
            waiting += 1
            defer { waiting -= 1 }
            while pending[key] != nil, isAlive {
                if let claim = claims.remove(key) { items.append(claim) }
                isUrgent = true
                aigcp_lock_broadcast(lock)
                _ = aigcp_lock_wait(lock, -1)
            }
        }
    }

    /// Ends after all given steps are on disk or have failed for good.
    func close() {
        store.hurryUp()
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
    private func haveThread() -> Bool {
        if isAlive { return true }
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
            aigcp_turn_tidy()
            aigcp_turn_leave()
        }
    }

    /// Nil: the thread ends.
    private func next() -> ([Item], [@Sendable () -> Void])? {
        locked {
            let began = aigcp_monotonic_ns()
            var tidyBy: Int64?
            var gatherBy: Int64?
            while true {
                if !works.isEmpty || isUrgent || items.count >= Self.mostInGroup { return take() }
                let now = aigcp_monotonic_ns()
                if syncedItems > 0 {
                    let by = gatherBy ?? now.adding(newestGroup > 2 ? Self.gatherNanoseconds : 0)
                    gatherBy = by
                    if isClosing || now >= by || syncedItems >= Self.enough { return take() }
                    isGathering = true
                    _ = aigcp_lock_wait(lock, by)
                    isGathering = false
                    continue
                }
                if !items.isEmpty { tidyBy = tidyBy ?? now.adding(Self.tidyNanoseconds) }
                var by = tidyBy
                if let oldest = claims.oldest { by = min(by ?? .max, oldest.adding(Self.tidyNanoseconds)) }
                if let by, isClosing || now >= by { return take() }
                let idle = now.subtracting(began)
                if isClosing || by == nil && owed.isEmpty && idle >= Self.idleNanoseconds {
                    isAlive = false
                    aigcp_lock_broadcast(lock)
                    return nil
                }
                if !owed.isEmpty, idle >= Self.owedNanoseconds { return take() }
                // Woken for urgent steps only.
                _ = aigcp_lock_wait(lock, by ?? now.adding(Self.tidyNanoseconds))
            }
        }
    }

    /// Lock held.
    private func take() -> ([Item], [@Sendable () -> Void]) {
        isUrgent = false
        let until = isClosing ? Int64.max : aigcp_monotonic_ns().subtracting(Self.tidyNanoseconds)
        var group = claims.due(until: until, limit: Self.mostInGroup)
        let rest = min(items.count, Self.mostInGroup - group.count)
        if group.isEmpty, rest == items.count {
            swap(&group, &items)
        } else {
            group += items.prefix(rest)
            items.removeFirst(rest)
        }
        newestGroup = syncedItems
        syncedItems = items.isEmpty ? 0 : items.count { $0.step.isSynced }
        defer { works = [] }
        return (group, works)
    }

    /// Writes the remaining steps at the end, on the thread that closes.
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
            locked {
                writesSince = aigcp_monotonic_ns()
                hasNotedQueue = false
            }
            let results = write(group)
            locked { writesSince = nil }
            for (item, answer) in zip(group, results) { item.done?(answer) }
            locked {
                for item in group { settle(item.key) }
                if waiting > 0 { aigcp_lock_broadcast(lock) }
            }
        }
        for work in works { work() }
    }

    // MARK: - Groups

    /// The result of each item, in order.
    private func write(_ group: [Item]) -> [JournalAnswer] {
        var results = [JournalAnswer](repeating: .written, count: group.count)
        var open = Array(group.indices)
        if needsBallast, group.contains(where: \.step.begins) {
            if let failure = refillBallast() { refuse(&results, &open, group, failure) }
        }
        guard let failure = attempt(group, open, &results) else { return results }
        // Steps that begin a submission fail. The other steps report what has already happened, and must not be lost.
        refuse(&results, &open, group, failure)
        if open.isEmpty, owed.isEmpty { return results }
        keepIDs(group)
        if failure.status == .noSpace {
            store.folder.dropBallast()
            needsBallast = true
        }
        guard let reason = attempt(group, open, &results) else { return results }
        for index in open where group.indices.contains(index) {
            let item = group[index]  // safe: checked above
            results[index] = .failed(reason)  // safe: as many results as items
            owed.append(Item(step: item.step, key: item.key, done: nil))
            if case .accepted(let remoteID, _) = item.step {
                let again = locked { isClosing } ? "once" : "each second"
                let text =
                    "The journal cannot keep the id \"\(remoteID.shown(limit: 100))\" of key "
                    + "\"\(item.key.text.shown(limit: 100))\" now, and tries again \(again); keep the job's token: "
                    + reason.message
                warn(FolderWarning(text, unkept: (item.key, remoteID)))
            }
        }
        return results
    }

    /// Of all jobs whose rows must wait.
    private func keepIDs(_ group: [Item]) {
        for item in group { keepID(of: item) }
        for item in locked({ items.filter(\.step.isAcceptance) }) { keepID(of: item) }
    }

    private func refillBallast() -> Failure? {
        do throws(Failure) {
            try store.folder.fillBallast()
            needsBallast = false
            return nil
        } catch { return error }
    }

    /// Fails the steps that begin a submission: they would use up the room for the other steps.
    private func refuse(_ results: inout [JournalAnswer], _ open: inout [Int], _ group: [Item], _ failure: Failure) {
        var rest: [Int] = []
        for index in open where group.indices.contains(index) {
            if group[index].step.begins {  // safe: checked above
                results[index] = .failed(failure)  // safe: as many results as items
            } else {
                rest.append(index)
            }
        }
        open = rest
    }

    /// One transaction with all that is owed and all that is open. Nil: it is in the file.
    private func attempt(_ group: [Item], _ open: [Int], _ results: inout [JournalAnswer]) -> Failure? {
        if open.isEmpty, owed.isEmpty { return nil }
        var answers: [(index: Int, answer: JournalAnswer)] = []
        let isSynced = open.contains { group.indices.contains($0) && group[$0].step.isSynced } || !owed.isEmpty
        do throws(Failure) {
            answers = try store.write(synced: isSynced, waits: { keepIDs(group) }) { (database) throws(Failure) in
                var answers: [(Int, JournalAnswer)] = []
                for item in owed { _ = try carryOut(item, database) }
                for index in open where group.indices.contains(index) {
                    let item = group[index]  // safe: checked above
                    let answer = try carryOut(item, database)
                    if answer != .written { answers.append((index, answer)) }
                }
                return answers
            }
        } catch { return error }
        for item in owed { tidyNotes(of: item) }
        for index in open where group.indices.contains(index) { tidyNotes(of: group[index]) }  // safe: checked
        owed = []
        for (index, answer) in answers where results.indices.contains(index) {
            results[index] = answer  // safe: checked above
        }
        return nil
    }

    /// The file has a step: what it says needs no note.
    private func tidyNotes(of item: Item) {
        switch item.step {
        case .accepted:
            notes.drop(item.key)
            notes.forget(item.key)
        case .refused, .unknown: notes.forget(item.key)
        case .claimed, .sending, .returned, .succeeded, .failed, .released: break
        }
    }

    private func carryOut(_ item: Item, _ database: Database) throws(Failure) -> JournalAnswer {
        let folder = store.folder
        switch item.step {
        case .claimed(let claim):
            // Taken or in conflict: the step that sends says so.
            _ = try database.take(claim, owner: owner, folder)
            return .written
        case .sending(let claim, let id):
            let account = name(of: id)
            var isNoted = try database.send(claim, account: account, owner: owner)
            if !isNoted { isNoted = try database.sendAgain(item.key, account: account, owner: owner) }
            if !isNoted {
                if let answer = try database.take(claim, owner: owner, folder) { return answer }
                isNoted = try database.sendAgain(item.key, account: account, owner: owner)
            }
            if isNoted {
                // Before the commit: a row without its mark may have left.
                try notes.mark(item.key)
                return .written
            }
        case .accepted:
            if try database.write(item.step, item.key, owner: owner) { return .written }
        case .returned, .succeeded, .failed, .refused, .unknown, .released:
            _ = try database.write(item.step, item.key, owner: owner)
            return .written
        }
        return .failed(
            Failure(
                .journal,
                "Journal \(folder.path): key \"\(item.key.text.shown(limit: 100))\" is not this client's any more: it was "
                    + "pruned or resolved by hand"))
    }
}

extension JournalWriter {
    /// What is kept of an account.
    func name(of id: String) -> [UInt8] {
        locked {
            if account.name.isEmpty || !account.id.isSame(as: id) {
                account = (id, Array(hash(Array(id.utf8)).prefix(8)))
            }
            return account.name
        }
    }
}

extension JournalStep {
    /// Whether nothing has happened yet.
    fileprivate var begins: Bool {
        if case .claimed = self { return true }
        return leaves
    }

    fileprivate var isAcceptance: Bool {
        if case .accepted = self { return true }
        return false
    }

    /// Whether a submission leaves after it.
    fileprivate var leaves: Bool {
        if case .sending = self { return true }
        return false
    }
}

private func writerBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<JournalWriter>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
