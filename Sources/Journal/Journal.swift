// Journal: the record of keys that outlives the process. Imports Core, CPlatform and, as the only one, CSQLite. Its files
// and its states are those of `Folder` and `JournalState`; every write holds the journal's lock (`Store`).

internal import CPlatform
public import Core
internal import Glibc

/// The journal as one client sees it: the file, the client's lease, and the helper thread that writes.
public final class Journal: JobJournal, @unchecked Sendable {
    // Constant but for `lease`, which is written once; the store and the writer synchronise themselves.
    private let store: Store
    private let writer: JournalWriter
    private let me: Int64
    private let lease: Int32
    private let notes: OwnerNotes
    private let watch = Watch()

    public struct Settings: Sendable {
        public var path: String
        /// Whether the disk is waited for.
        public var syncs = true
        /// Ended keys older than this go when a client is made; -1: never.
        public var keepMilliseconds: Int64 = -1
        /// The salt that makes an account's name unreadable.
        public var hash: @Sendable ([UInt8]) -> [UInt8]
        /// Called with faults of the helper thread.
        public var warn: @Sendable (FolderWarning) -> Void

        public init(
            path: String, hash: @escaping @Sendable ([UInt8]) -> [UInt8],
            warn: @escaping @Sendable (FolderWarning) -> Void
        ) {
            self.path = path
            self.hash = hash
            self.warn = warn
        }
    }

    /// Opens the journal, making it if need be.
    public init(_ settings: Settings) throws(Failure) {
        let store = try Store(settings.path, creates: true, syncs: settings.syncs)
        let folder = store.folder
        var made: (owner: Int64, lease: Int32)?
        do throws(Failure) {
            try store.write(synced: false) { (database) throws(Failure) in
                made = try Self.register(database, folder)
                try Self.tidyOwners(database, folder)
            }
        } catch {
            if let made { Self.dismiss(made.owner, made.lease, folder, hasNotes: false) }
            throw error
        }
        guard let (owner, lease) = made else { throw Failure(.internal, "Opening the journal: a step was left out") }
        self.store = store
        me = owner
        self.lease = lease
        do throws(Failure) {
            notes = try OwnerNotes(lease, owner: owner, path: folder.path)
            writer = try JournalWriter(store, notes, owner: owner, hash: settings.hash, warn: settings.warn)
        } catch {
            Self.dismiss(owner, lease, folder, hasNotes: false)
            throw error
        }
        if let warning = folder.warning { settings.warn(FolderWarning(warning)) }
        if settings.keepMilliseconds >= 0 { _ = try Self.prune(store, olderThan: settings.keepMilliseconds) }
    }

    /// A warning about the folder; nil: none.
    public var warning: String? { store.folder.warning }

    /// A new owner, alive before anybody can read of it.
    private static func register(_ database: Database, _ folder: Folder) throws(Failure) -> (Int64, Int32) {
        try database.change(
            Statements.newOwner,
            [
                .int(Int64(getpid())), .text(Machine.processStart()), .text(Machine.bootIdentity()),
                .text(Machine.host()), .text(Machine.program()), .int(aigcp_unix_ms()),
            ])
        let owner = try database.number(Statements.newestOwner) ?? 0
        LocalOwners.insert(folder.name(of: owner))
        do throws(Failure) {
            return (owner, try folder.lease(owner))
        } catch {
            LocalOwners.remove(folder.name(of: owner))
            throw error
        }
    }

    /// Killed clients leave their rows and files. A file is needed as long as a submission of its owner is not settled for
    /// good: not in the call that settles it, which may be rolled back. Removes a few idle rows each time.
    private static func tidyOwners(_ database: Database, _ folder: Folder) throws(Failure) {
        for owner in folder.ownerFiles() where !folder.isAlive(owner) {
            if try database.number(Statements.sendingOf, [.int(owner)]) == nil { folder.forgetOwner(owner) }
        }
        var idle: [Int64] = []
        try database.each(Statements.idleOwners) { (row: borrowing FileRow) throws(Failure) in idle.append(row.int(0)) }
        for owner in idle where !folder.isAlive(owner) {
            try database.change(Statements.forgetOwner, [.int(owner)])
        }
    }

    /// `hasNotes`: the journal does not know all that the notes say, and who takes the jobs over needs them.
    private static func dismiss(_ owner: Int64, _ lease: Int32, _ folder: Folder, hasNotes: Bool) {
        if !hasNotes { folder.forgetOwner(owner) }
        Folder.endLease(lease)
        LocalOwners.remove(folder.name(of: owner))
    }

    deinit { close() }

    private let closing = CloseOnce()

    public func close() {
        guard closing.isFirst() else { return }
        writer.close()
        let me = me
        try? store.write(synced: false) { (database) throws(Failure) in
            try database.change(Statements.forgetOwner, [.int(me)])
        }
        Self.dismiss(me, lease, store.folder, hasNotes: !notes.isEmpty)
        store.end()
    }

    // MARK: - The caller's thread

    public func claim(_ claim: JournalClaim, isFresh: Bool) throws(Failure) -> JournalClaimed {
        do throws(Failure) {
            if !isFresh {
                writer.flush(claim.key)
                var entry = try store.read { (database) throws(Failure) in try database.find(claim.key) }
                if let left = entry, left.state == .sending, isLeft(left) { entry = try settled(left.key) }
                switch Database.judge(entry, claim, isAlive: isAlive) {
                case .free: break
                case .conflict: throw Database.conflict(claim, entry)
                case .known: if let known = try known(claim.key, entry) { return .known(known) }
                }
            }
            writer.add(JournalWriter.Item(step: .claimed(claim), key: claim.key, done: nil))
            return .new
        } catch {
            var failure = error
            failure.outcome = .notSent
            throw failure
        }
    }

    /// A submission that was on its way when its owner went.
    private func settled(_ key: JournalKey) throws(Failure) -> JournalEntry? {
        try store.write(synced: true) { (database) throws(Failure) in
            guard let entry = try database.find(key) else { return nil }
            return isLeft(entry) ? try database.settle(entry, store.folder) : entry
        }
    }

    /// A job that is known: taken over if its owner is gone.
    private func known(_ key: JournalKey, _ entry: JournalEntry?) throws(Failure) -> JournalPlace? {
        if let entry, !isLeft(entry) { return holder(entry) }
        return try store.write(synced: true) { (database) throws(Failure) in
            guard let entry = try database.find(key) else { return nil }
            return try place(entry, database)
        }
    }

    public func find(_ key: JournalKey) throws(Failure) -> JournalPlace? {
        writer.flush(key)
        guard let entry = try store.read({ (database) throws(Failure) in try database.find(key) }) else { return nil }
        if !isLeft(entry) { return holder(entry) }
        return try store.write(synced: true) { (database) throws(Failure) in
            guard var entry = try database.find(key) else { return nil }
            if isLeft(entry) { entry = try database.settle(entry, store.folder) }
            // A job that was never sent is left to the clients that have its request.
            if entry.state == .claimed, !isAlive(entry.owner) { return JournalPlace(entry, .nobody) }
            return try place(entry, database)
        }
    }

    public func takeOver(limit: Int, after cursor: inout JournalCursor) throws(Failure) -> [JournalPlace] {
        let start = cursor
        let (taken, end) = try store.write(synced: true) { (database) throws(Failure) in
            var cursor = start
            var taken: [JournalPlace] = []
            while taken.count < limit {
                if cursor.owner < 0 || cursor.owner == me || isAlive(cursor.owner) {
                    guard try Self.moveOn(&cursor, database) else { break }
                    continue
                }
                // A page may have nothing to take, and more rows behind it.
                if let page = try inherit(&cursor, limit - taken.count, database) {
                    taken += page
                } else if !(try Self.moveOn(&cursor, database)) {
                    break
                }
            }
            return (taken, cursor)
        }
        cursor = end
        return taken
    }

    /// To the next owner; false: there is none.
    private static func moveOn(_ cursor: inout JournalCursor, _ database: Database) throws(Failure) -> Bool {
        guard let next = try database.number(Statements.nextOwner, [.int(cursor.owner)]) else { return false }
        cursor.owner = next
        cursor.row = 0
        return true
    }

    /// What is to be taken of the next rows of an owner that is gone; nil: there are no more, and it is forgotten.
    private func inherit(_ cursor: inout JournalCursor, _ limit: Int, _ database: Database) throws(Failure)
        -> [JournalPlace]?
    {
        let owner = cursor.owner
        var last = cursor.row
        var entries: [JournalEntry] = []
        try database.each(Statements.openOf, [.int(owner), .int(Int64(limit)), .int(last)]) {
            (row: borrowing FileRow) throws(Failure) in
            last = row.int(Statements.behind)
            if let entry = row.entry { entries.append(entry) }
        }
        guard last > cursor.row else {
            // Its file stays until the row has gone for good: who rolls this back needs the notes.
            if owner != 0 { try database.change(Statements.forgetOwner, [.int(owner)]) }
            return nil
        }
        // The many are accepted: one statement takes them all.
        let now = aigcp_unix_ms()
        try database.change(Statements.ownAll, [.int(owner), .int(me), .int(now), .int(cursor.row), .int(last)])
        var taken: [JournalPlace] = []
        for var entry in entries {
            if entry.state == .accepted {
                entry.owner = me
                entry.changedAt = max(now, entry.changedAt)
                taken.append(JournalPlace(entry, .here))
            } else {
                let settled = try database.settle(entry, store.folder)
                // One that never left is for the clients that have its request.
                if settled.state != .claimed { taken.append(try database.inherit(settled, by: me, store.folder)) }
            }
        }
        cursor.row = last
        return taken
    }

    /// Who holds a row as it is; a dead owner's is taken over.
    private func place(_ entry: JournalEntry, _ database: Database) throws(Failure) -> JournalPlace {
        if !isLeft(entry) { return holder(entry) }
        return try database.inherit(entry, by: me, store.folder)
    }

    private func holder(_ entry: JournalEntry) -> JournalPlace {
        JournalPlace(entry, !entry.state.isOpen ? .nobody : entry.owner == me ? .here : .other)
    }

    /// Whether a job has to be taken over: it is open, and the client that had it is gone.
    private func isLeft(_ entry: JournalEntry) -> Bool {
        entry.state.isOpen && entry.owner != me && !isAlive(entry.owner)
    }

    private func isAlive(_ owner: Int64) -> Bool { store.folder.isAlive(owner) }

    // MARK: - The helper thread

    public func record(_ step: JournalStep, of key: JournalKey, done: (@Sendable (JournalAnswer) -> Void)?) {
        writer.add(JournalWriter.Item(step: step, key: key, done: done))
    }

    public func leaves(_ key: JournalKey) throws(Failure) { try notes.leaves(key) }

    public func accountName(_ id: String) -> [UInt8] { writer.name(of: id) }

    public func look(_ known: [JournalPlace], done: @escaping @Sendable ([JournalPlace]) -> Void) {
        if !writer.run({ [self] in done(changes(since: known)) }) { done([]) }
    }

    public func newestJobs() -> [JobReference] {
        let found = try? store.read { (database) throws(Failure) in
            var found: [JobReference] = []
            try database.each(Statements.newestJobs) { (row: borrowing FileRow) throws(Failure) in
                found.append(
                    JobReference(
                        provider: row.text(0), operation: row.text(1), region: row.text(2), endpoint: row.text(3),
                        remoteID: row.text(4)))
            }
            return found
        }
        return found ?? []
    }

    public func histories() -> [JournalHistory] { Self.readHistories(store) }

    public func keep(_ histories: [JournalHistory]) {
        guard !histories.isEmpty else { return }
        _ = writer.run { [store] in Self.write(histories, to: store) }
    }

    /// Helper thread. Rows that cannot be read now are not reported: the next look may read them.
    private func changes(since known: [JournalPlace]) -> [JournalPlace] {
        do throws(Failure) {
            try watch.begin(store)
            defer { watch.end(known) }
            var changed: [JournalPlace] = []
            var dead: [JournalKey] = []
            var alive: [Int64: Bool] = [:]
            try store.look { (database) throws(Failure) in
                for place in known {
                    var now = place
                    if watch.mayDiffer(place.entry.key) {
                        guard let entry = try database.find(place.entry.key) else { continue }
                        now = holder(entry)
                    }
                    if now.entry.state.isOpen, now.entry.owner != me {
                        let owner = now.entry.owner
                        let lives = alive[owner] ?? isAlive(owner)
                        alive[owner] = lives
                        if !lives {
                            dead.append(now.entry.key)
                            continue
                        }
                    }
                    if now != place { changed.append(now) }
                }
            }
            if !dead.isEmpty {
                changed += try store.write(synced: true) { (database) throws(Failure) in
                    var taken: [JournalPlace] = []
                    for key in dead {
                        guard let entry = try database.find(key) else { continue }
                        taken.append(try place(entry, database))
                    }
                    return taken
                }
            }
            return changed
        } catch {
            watch.forget()
            return []
        }
    }

    // MARK: - For tools

    static func prune(_ store: Store, olderThan milliseconds: Int64) throws(Failure) -> Int {
        // From the newest change on, not from now: for a clock that is ahead, each key would be old, and paid again.
        let newest = try store.readLong { (database) throws(Failure) in
            try database.number(Statements.newestChange, [.int(aigcp_unix_ms())])
        }
        guard let newest else { return 0 }
        let before = newest.subtracting(max(0, milliseconds))
        var removed = 0
        var last = Int64.min
        // Along the rows, each part a write of its own: between two of them others write, and a fork() need not wait.
        while true {
            let (end, count) = try store.write(synced: false) { (database) throws(Failure) in
                let end = try database.number(Statements.endOfPart, [.int(last), .int(1_999)])
                try database.change(Statements.prune, [.int(before), .int(last), .int(end ?? .max)])
                return (end, database.changes)
            }
            removed += count
            guard let end else { return removed }
            last = end
            aigcp_turn_yield()
        }
    }
}

/// Which rows another connection may have written since the last look. Helper thread only.
private final class Watch: @unchecked Sendable {
    // Used on the helper thread alone.
    private var version: (opening: Int, number: Int64)?
    private var hasChanged = true
    private var keys: Set<JournalKey> = []

    func begin(_ store: Store) throws(Failure) {
        let now = try store.look { (database) throws(Failure) in
            (store.opening, try database.number(Statements.dataVersion) ?? 0)
        }
        hasChanged = version.map { $0 != now } ?? true
        version = now
    }

    /// A job that the last look did not have may have changed before that look.
    func mayDiffer(_ key: JournalKey) -> Bool { hasChanged || !keys.contains(key) }

    func end(_ known: [JournalPlace]) { keys = Set(known.map(\.entry.key)) }

    func forget() { version = nil }
}

/// True once.
private final class CloseOnce: @unchecked Sendable {
    // Guarded by the process lock.
    private var isDone = false

    func isFirst() -> Bool {
        aigcp_process_lock()
        defer { aigcp_process_unlock() }
        guard !isDone else { return false }
        isDone = true
        return true
    }
}

/// The facts about an owner.
enum Machine {
    static func bootIdentity() -> String {
        String(text("/proc/sys/kernel/random/boot_id").prefix { $0.isHexDigit || $0 == "-" })
    }

    /// In ticks since the machine began; empty if unknown.
    static func processStart() -> String {
        // The name in brackets may hold anything.
        let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 19 ? String(fields[19]) : ""  // safe: checked before
    }

    static func program() -> String { String(text("/proc/self/comm").prefix { $0 != "\n" }) }

    static func host() -> String { String(text("/proc/sys/kernel/hostname").prefix { $0 != "\n" }) }

    private static func text(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { _ = Glibc.close(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 1_024) { space, count in
            count = max(0, Glibc.read(file, space.baseAddress, 1_024))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
