internal import CPlatform
internal import CSQLite
internal import Core
internal import Glibc

/// The file, opened when it is used, and the lock around every write and every checkpoint. Any thread.
final class Store: @unchecked Sendable {
    // Everything that changes is guarded by `mutex`; the fork hook runs while no thread is inside a turn.
    let folder: Folder
    /// Whether the disk is waited for at all (`journal.sync`).
    private let syncs: Bool
    private let creates: Bool
    private let mutex: OpaquePointer
    private var database: Database?
    /// For readers, guarded by `readers`: they never wait for a commit.
    private var reader: Database?
    private let readers: OpaquePointer
    private var lock: Int32 = -1
    private var node: UInt64 = 0
    /// Of both connections, from the moment when they are open.
    private var log: UInt64 = 0
    private var broken: Failure?
    private var isEnded = false
    /// Each time the file is opened it has another number.
    private(set) var opening = 0

    /// Nobody writes for so long. A process that was stopped in the middle of a write lets the others wait.
    private static let patience: Int64 = 10_000_000_000
    /// At a close, in all.
    private static let lastPatience: Int64 = 5_000_000_000
    /// Guarded by `pace`: from then on nobody waits for another process.
    private var hurriesAt = Int64.max
    private let pace: OpaquePointer

    /// `creates`: makes folder and file if they are not there.
    init(_ path: String, creates: Bool, syncs: Bool) throws(Failure) {
        if let problem = aigcs_load("libsqlite3.so.0") {
            throw Failure(.journal, "Opening the journal \(path): \(String(cString: problem))")
        }
        guard let mutex = aigcp_lock_new(), let readers = aigcp_lock_new(), let pace = aigcp_lock_new() else {
            throw Self.outOfMemory
        }
        self.pace = pace
        self.mutex = mutex
        self.readers = readers
        self.syncs = syncs
        self.creates = creates
        do throws(Failure) { folder = try Folder(path, creates: creates) } catch {
            aigcp_lock_free(mutex)
            aigcp_lock_free(readers)
            aigcp_lock_free(pace)
            throw error
        }
        aigcp_turn_register()
        // A child that opened a file which was open here would hold no lock on it: SQLite keeps a table of what is open, and
        // fork() copies it. So it is closed before each fork.
        guard aigcp_fork_register(closeBeforeFork, Unmanaged.passUnretained(self).toOpaque()) == 0 else {
            throw Self.outOfMemory
        }
    }

    deinit {
        aigcp_fork_unregister(Unmanaged.passUnretained(self).toOpaque())
        end()
        folder.close()
        aigcp_lock_free(mutex)
        aigcp_lock_free(readers)
        aigcp_lock_free(pace)
    }

    private static let outOfMemory = Failure(.noResources, "Opening the journal: out of memory", isRetryable: true)

    // MARK: - Use

    /// One transaction, alone in the world. `synced`: on the disk when this returns. `waits` is called once if another
    /// process has the lock.
    func write<R>(
        synced: Bool, waits: () -> Void = {}, _ body: (Database) throws(Failure) -> R
    ) throws(Failure) -> R {
        var result: R?
        try transact(synced, waits) { (database) throws(Failure) in result = try body(database) }
        return try Self.there(result)
    }

    /// Never waits for a commit.
    func read<R>(_ body: (Database) throws(Failure) -> R) throws(Failure) -> R {
        var result: R?
        try useReader { (database) throws(Failure) in result = try body(database) }
        return try Self.there(result)
    }

    /// For what reads much of the file: lets a fork() in that waits, and then begins anew.
    func readLong<R>(_ body: (Database) throws(Failure) -> R) throws(Failure) -> R {
        var pause: UInt32 = 1_000
        for attempt in 0..<20 {
            // Where forks come one after another, the later attempts let them wait, but not so long that a fork gives up.
            let patience: Int64 = attempt < 10 ? 0 : 400_000_000
            let result = try read { (database) throws(Failure) in
                try database.givingWay(after: patience) { () throws(Failure) in try body(database) }
            }
            if let result { return result }
            Self.rest(pause)
            pause = min(pause * 2, 500_000)
        }
        throw Failure(
            .journal,
            "Journal \(folder.path): this process forks so often that reading the file came to no end; read it in a process "
                + "of its own (aigc jobs check)", isRetryable: true)
    }

    /// On the connection that writes: sees only what others have written as a change.
    func look<R>(_ body: (Database) throws(Failure) -> R) throws(Failure) -> R {
        var result: R?
        try use(locked: false) { (database) throws(Failure) in result = try body(database) }
        return try Self.there(result)
    }

    private func useReader(_ body: (Database) throws(Failure) -> Void) throws(Failure) {
        while true {
            aigcp_turn_enter()
            aigcp_lock_lock(readers)
            defer {
                aigcp_lock_unlock(readers)
                aigcp_turn_leave()
            }
            if let reader {
                let signals = aigcp_signals_hold()
                defer { aigcp_signals_release(signals) }
                try checkFiles()
                return try body(reader)
            }
            // The one that writes looks at the file first, and is there as long as the reader is: the last connection that
            // closes moves the log.
            try use(locked: true) { (_: Database) throws(Failure) in
                let made = try Database(folder.database, writes: true)
                // SQLite opens the log with the first statement, and that is a step under the lock too.
                do throws(Failure) { _ = try made.number(Statements.version) } catch {
                    made.close(checkpoints: false)
                    throw error
                }
                reader = made
            }
        }
    }

    /// Outside all turns, so that no fork waits meanwhile.
    private static func rest(_ microseconds: UInt32) {
        let depth = aigcp_turn_pause()
        usleep(microseconds)
        aigcp_turn_resume(depth)
    }

    private static func there<R>(_ result: R?) throws(Failure) -> R {
        guard let result else { throw Failure(.internal, "Using the journal: a step was left out") }
        return result
    }

    // Not generic: these functions are large, and their bodies are small.

    private func transact(
        _ synced: Bool, _ waits: () -> Void, _ body: (Database) throws(Failure) -> Void
    ) throws(Failure) {
        try use(locked: true, waits: waits) { (database) throws(Failure) in
            try database.setSynced(synced && syncs)
            try database.change(Statements.begin)
            do throws(Failure) {
                try body(database)
                try database.change(Statements.commit)
            } catch {
                database.rollBack()
                throw error
            }
        }
    }

    private func use(
        locked: Bool, waits: () -> Void = {}, _ body: (Database) throws(Failure) -> Void
    ) throws(Failure) {
        aigcp_turn_enter()
        defer { aigcp_turn_leave() }
        let start = aigcp_monotonic_ns()
        let firstPause: UInt32 = 50
        var pause = firstPause
        while true {
            if try attempt(locked, body) { return }
            if pause == firstPause { waits() }
            let now = aigcp_monotonic_ns()
            guard now < min(start.adding(Self.patience), hurry) else {
                throw Failure(
                    .journal,
                    "Journal \(folder.path): another process has held its lock for "
                        + "\(now.subtracting(start) / 1_000_000_000) seconds; is one stopped?",
                    isRetryable: true)
            }
            Self.rest(pause)
            pause = min(pause * 2, 1_000)
        }
    }

    /// False: another process has the lock. Inside a turn.
    private func attempt(_ locked: Bool, _ body: (Database) throws(Failure) -> Void) throws(Failure) -> Bool {
        aigcp_lock_lock(mutex)
        defer { aigcp_lock_unlock(mutex) }
        if let broken { throw broken }
        guard !isEnded else { throw Failure(.closed, "Journal \(folder.path): it has been closed") }
        guard aigcp_fork_was_late() == 0 else {
            throw Failure(
                .forked,
                "Journal \(folder.path): this process was forked in the middle of a write; use it in a program of its own"
            )
        }
        // SQLite writes to the file of its shared memory even for a reader.
        let signals = aigcp_signals_hold()
        defer { aigcp_signals_release(signals) }
        let takesLock = locked || database == nil
        if takesLock {
            if lock < 0 { lock = try folder.openLock() }
            var error: Int32 = 0
            let taken = aigcs_try_lock(lock, &error)
            guard taken >= 0 else { throw FileError.make(folder.path, "taking its lock", error) }
            guard taken == 0 else { return false }
        }
        defer { if takesLock { aigcs_unlock(lock) } }
        let database = try opened()
        if hurry != .max { database.waits(atMost: hurry.subtracting(aigcp_monotonic_ns()) / 1_000_000) }
        do throws(Failure) {
            try body(database)
            return true
        } catch {
            if database.isBroken { broken = error }
            throw error
        }
    }

    /// Lock and mutex held, or the file is open.
    private func opened() throws(Failure) -> Database {
        if let database {
            try checkFiles()
            return database
        }
        if opening > 0 {
            // After a fork. A file that is gone is not made anew: the new one would not know the keys.
            guard try folder.identity() == node else { throw folder.replaced }
        } else {
            if creates { try folder.prepare() }
            guard folder.hasFile else { throw Folder.empty(folder.path) }
            node = try folder.identity()
        }
        let made = try Database(folder.database, writes: true)
        do throws(Failure) { try Schema.check(made, folder.path, creates: creates) } catch {
            if made.isBroken { broken = error }
            made.close(checkpoints: false)
            throw error
        }
        database = made
        log = folder.log
        opening += 1
        return made
    }

    /// Whether the open files are still those that other processes find.
    private func checkFiles() throws(Failure) {
        guard try folder.identity() == node else { throw folder.replaced }
        guard folder.log == log else { throw folder.lostLog }
    }

    // MARK: - The end

    /// A close has begun: what is left has five seconds, whatever other processes do.
    func hurryUp() {
        aigcp_lock_lock(pace)
        hurriesAt = min(hurriesAt, aigcp_monotonic_ns().adding(Self.lastPatience))
        aigcp_lock_unlock(pace)
    }

    private var hurry: Int64 {
        aigcp_lock_lock(pace)
        defer { aigcp_lock_unlock(pace) }
        return hurriesAt
    }

    /// Closes the file, and moves its log into it if the lock can be had.
    func end() {
        aigcp_turn_enter()
        aigcp_lock_lock(readers)
        aigcp_lock_lock(mutex)
        defer {
            aigcp_lock_unlock(mutex)
            aigcp_lock_unlock(readers)
            aigcp_turn_leave()
        }
        let signals = aigcp_signals_hold()
        defer { aigcp_signals_release(signals) }
        isEnded = true
        var error: Int32 = 0
        let isLocked = lock >= 0 && aigcs_try_lock(lock, &error) == 0
        reader?.close(checkpoints: false)
        reader = nil
        database?.close(checkpoints: isLocked)
        database = nil
        if lock >= 0 { aigcp_close(lock) }
        lock = -1
    }

    /// On the thread that forks, while no thread is inside a turn.
    func closeForFork() {
        let signals = aigcp_signals_hold()
        defer { aigcp_signals_release(signals) }
        reader?.close(checkpoints: false)
        reader = nil
        database?.close(checkpoints: false)
        database = nil
        // A child would hold what its parent has locked after the parent's death.
        if lock >= 0 { aigcp_close(lock) }
        lock = -1
    }
}

private func closeBeforeFork(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<Store>.fromOpaque(context).takeUnretainedValue().closeForFork()
}
