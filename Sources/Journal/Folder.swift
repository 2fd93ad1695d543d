internal import CPlatform
internal import CSQLite
internal import Core
internal import Glibc

/// The journal's folder and its files:
///
///     jobs.db (and -wal, -shm)   the record
///     lock                       held around every write
///     owners/<id>                locked by each client for its life; what `OwnerNotes` holds
///     ballast                    blocks for the one write that must not fail
///     rates                      the paces that processes share; the engine's, see `RateFile`
///
/// All is made by us, for us alone, before SQLite opens it. The database's files are never opened and closed here: any close
/// of them in this process would drop the locks that SQLite holds.
struct Folder: Sendable {
    /// Absolute, so that a change of the working directory does not matter.
    let path: String
    let descriptor: Int32
    /// A warning about the file system; nil: none.
    let warning: String?
    /// Tells folders apart, whatever their path.
    let device: UInt64
    let node: UInt64

    static let ballastBytes: Int64 = 256 << 10

    var database: String { path + "/jobs.db" }

    /// `creates`: for writers; tools only read an existing journal.
    init(_ given: String, creates: Bool) throws(Failure) {
        guard !given.isEmpty else {
            throw Failure(
                .invalidArgument, "Opening a journal: the path is empty; name a folder", field: "journal.path")
        }
        if creates, mkdir(given, 0o700) == 0 { Self.flushFolder(of: given) }
        let descriptor = open(given, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let error = errno
            throw error == ENOENT ? Self.missing(given, creates) : FileError.make(given, "opening the folder", error)
        }
        do throws(Failure) {
            guard let real = realpath(given, nil) else { throw FileError.make(given, "finding the folder", errno) }
            path = String(cString: real)
            free(real)
            var about = stat()
            guard fstat(descriptor, &about) == 0 else { throw FileError.make(given, "looking at the folder", errno) }
            device = UInt64(about.st_dev)
            node = UInt64(about.st_ino)
            guard about.st_uid == geteuid() else {
                throw Failure(
                    .journal,
                    "Journal \(given): the folder belongs to another user (\(about.st_uid)); choose one of your own")
            }
            guard about.st_mode & 0o022 == 0 else {
                throw Failure(
                    .journal,
                    "Journal \(given): others may write to the folder; take that right away (chmod 700) or choose another"
                )
            }
            warning = try Self.judge(descriptor, given)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    func close() { _ = Glibc.close(descriptor) }

    private static func missing(_ given: String, _ creates: Bool) -> Failure {
        let whole = absolute(given)
        guard creates else {
            return Failure(
                .journal,
                "Journal \(given): there is no folder \(whole); name the folder that a client has as journal.path, which its "
                    + "first job makes")
        }
        let around = parent(of: whole)
        return Failure(
            .journal, "Journal \(given): the folder around it, \(around), does not exist; make it first (mkdir -p)")
    }

    /// As somebody in another working folder would write it; the path itself where that is not known.
    private static func absolute(_ path: String) -> String {
        guard !path.utf8.starts(with: "/".utf8), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return String(cString: here) + "/" + path
    }

    private static func parent(of path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    /// Refuses file systems whose locks do not exclude other machines.
    private static func judge(_ descriptor: Int32, _ path: String) throws(Failure) -> String? {
        var name: UnsafePointer<CChar>?
        var error: Int32 = 0
        let kind = aigcs_file_system(descriptor, &name, &error)
        guard kind >= 0 else { throw FileError.make(path, "asking for the file system", error) }
        let system = name.map { String(cString: $0) } ?? "this"
        switch Int(kind) {
        case AIGCS_NETWORK:
            throw Failure(
                .journal,
                "Journal \(path): the folder is on a network file system (\(system)), whose locks cannot be relied on; "
                    + "choose a folder on a local disk")
        case AIGCS_VOLATILE:
            return "Journal \(path): the folder is on \(system), which may not outlive this machine or container; "
                + "choose a folder on a disk that stays"
        default: return nil
        }
    }

    private static func flushFolder(of path: String) {
        let descriptor = open(parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        _ = Glibc.close(descriptor)
    }

    // MARK: - Files

    /// The lock file, made if need be.
    func openLock() throws(Failure) -> Int32 {
        let lock = openat(descriptor, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw FileError.make(path, "opening its lock", errno) }
        return lock
    }

    /// Makes the missing files. The journal's lock is held.
    func prepare() throws(Failure) {
        if mkdirat(descriptor, "owners", 0o700) != 0, errno != EEXIST {
            throw FileError.make(path, "making a folder", errno)
        }
        // Only where there is none: a file that exists may be open in this process.
        let made = openat(descriptor, "jobs.db", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if made >= 0 {
            _ = Glibc.close(made)
            _ = fsync(descriptor)
        } else if errno != EEXIST {
            throw FileError.make(path, "making the file", errno)
        }
        _ = try identity()
        try fillBallast()
    }

    /// The identity of the file: another file under the same name is not the opened one. By its path, as other clients
    /// find it: a folder that was moved away is nobody's journal, and a client that writes there pays for known keys.
    func identity() throws(Failure) -> UInt64 {
        var about = stat()
        guard lstat(database, &about) == 0 else {
            let error = errno
            if error == ENOENT || error == ENOTDIR { throw replaced }
            throw FileError.make(path, "looking at the file jobs.db", error)
        }
        guard UInt64(about.st_dev) == device else { throw replaced }
        guard about.st_mode & S_IFMT == S_IFREG, about.st_uid == geteuid() else {
            throw Failure(.journal, "Journal \(path): jobs.db is no plain file of this user; choose another folder")
        }
        return UInt64(about.st_ino)
    }

    /// The identity of SQLite's log; 0: there is none. An open log is not removed unless SQLite's locks were lost.
    var log: UInt64 {
        var about = stat()
        return fstatat(descriptor, "jobs.db-wal", &about, AT_SYMLINK_NOFOLLOW) == 0 ? UInt64(about.st_ino) : 0
    }

    /// A step that is written into the removed log is in nobody's journal, and its key is paid again.
    var lostLog: Failure {
        Failure(
            .journal,
            "Journal \(path): another process has removed the log jobs.db-wal while this one used it: this process has opened "
                + "a file of the journal itself, and with its close SQLite's locks ended; start the program anew")
    }

    var hasFile: Bool { faccessat(descriptor, "jobs.db", F_OK, AT_SYMLINK_NOFOLLOW) == 0 }

    /// There is no file, and nobody wants one made.
    static func empty(_ path: String) -> Failure {
        Failure(.journal, "Journal \(path): there is none yet; the first job of a client makes it")
    }

    var replaced: Failure {
        Failure(
            .journal,
            "Journal \(path): the folder or its jobs.db was moved, deleted or replaced while it was in use; put it back, "
                + "or start the program anew")
    }

    /// The database's file as it is on the disk.
    var databaseBytes: Int64 {
        var sum: Int64 = 0
        for name in ["jobs.db", "jobs.db-wal"] {
            var about = stat()
            if fstatat(descriptor, name, &about, AT_SYMLINK_NOFOLLOW) == 0 { sum += Int64(about.st_size) }
        }
        return sum
    }

    /// The free space for this user, in bytes; -1 if unknown.
    var freeBytes: Int64 {
        var about = statvfs()
        guard fstatvfs(descriptor, &about) == 0 else { return -1 }
        return Int64(
            clamping: UInt64(about.f_bavail).multipliedReportingOverflow(by: UInt64(about.f_frsize)).partialValue)
    }

    // MARK: - Ballast

    func fillBallast() throws(Failure) {
        let file = openat(descriptor, "ballast", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw FileError.make(path, "making its ballast", errno) }
        defer { _ = Glibc.close(file) }
        var about = stat()
        if fstat(file, &about) == 0, Int64(about.st_blocks) * 512 >= Self.ballastBytes { return }
        let error = aigcp_allocate(file, Self.ballastBytes)
        guard error == 0 else {
            _ = ftruncate(file, 0)
            throw FileError.make(path, "keeping \(Self.ballastBytes >> 10) KiB in reserve", error)
        }
    }

    /// Gives the blocks of the ballast back to the disk.
    func dropBallast() {
        let file = openat(descriptor, "ballast", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return }
        _ = ftruncate(file, 0)
        _ = fsync(file)
        _ = Glibc.close(file)
    }

    // MARK: - Owners

    /// Makes and locks the file of a new owner. Its descriptor stays open for the owner's life. There may be a file of that
    /// number already, from a process that ended before it could commit its row, or from before jobs.db was put back: what
    /// it says is about another owner.
    func lease(_ owner: Int64) throws(Failure) -> Int32 {
        let file = openat(descriptor, "owners/\(owner)", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw FileError.make(path, "making the file of an owner", errno) }
        let locked = aigcp_lease(file)
        guard locked <= 0 else {
            _ = Glibc.close(file)
            throw Failure(
                .journal,
                "Journal \(path): a client that lives has the number \(owner) of the new one: jobs.db was deleted or replaced "
                    + "while that client used it; end that client first")
        }
        var error = -locked
        if error == 0, ftruncate(file, 0) != 0 { error = errno }
        if error == 0, aigcp_fork_closes(file) != 0 { error = ENOMEM }
        guard error == 0 else {
            _ = Glibc.close(file)
            forgetOwner(owner)
            throw FileError.make(path, "locking the file of an owner", error)
        }
        return file
    }

    static func endLease(_ file: Int32) {
        aigcp_fork_keeps(file)
        aigcp_close(file)
    }

    func name(of owner: Int64) -> LocalOwners.Name { LocalOwners.Name(device: device, node: node, owner: owner) }

    /// The lock decides, not the number of a process: such numbers are given again, and differ in each container.
    func isAlive(_ owner: Int64) -> Bool {
        guard owner != 0 else { return false }
        return LocalOwners.contains(name(of: owner)) || isLeased(owner)
    }

    /// Whether somebody holds the file of an owner. If this cannot be found out, the answer is yes.
    private func isLeased(_ owner: Int64) -> Bool {
        let file = openat(descriptor, "owners/\(owner)", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return errno != ENOENT }
        defer { _ = Glibc.close(file) }
        return aigcp_is_leased(file) != 0
    }

    /// What the notes of an owner that is gone say about a submission; nil: nothing, or they cannot be read.
    func finding(_ key: JournalKey, of owner: Int64) -> OwnerNotes.Finding? {
        let file = openat(descriptor, "owners/\(owner)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { _ = Glibc.close(file) }
        var about = stat()
        guard fstat(file, &about) == 0, (1...OwnerNotes.mostBytes).contains(Int(about.st_size)) else { return nil }
        let size = Int(about.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { space, count in
            count = 0
            while count < size {
                let read = pread(file, space.baseAddress?.advanced(by: count), size - count, off_t(count))
                if read < 0, errno == EINTR { continue }
                guard read > 0 else { return }
                count += read
            }
        }
        return OwnerNotes.finding(key, in: bytes, of: (UInt64(about.st_dev), UInt64(about.st_ino)))
    }

    /// The numbers of all files of owners.
    func ownerFiles() -> [Int64] {
        guard let folder = opendir(path + "/owners") else { return [] }
        defer { closedir(folder) }
        var found: [Int64] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int64(name), number > 0 { found.append(number) }
        }
        return found
    }

    func forgetOwner(_ owner: Int64) { _ = unlinkat(descriptor, "owners/\(owner)", 0) }
}

/// The owners that live in this process: their files need no look.
enum LocalOwners {
    struct Name: Hashable, Sendable {
        let device: UInt64
        let node: UInt64
        let owner: Int64
    }

    private final class Table: @unchecked Sendable {
        // Guarded by the process lock, which a fork renews.
        var generation: UInt64 = 0
        var names: Set<Name> = []
    }

    private static let table = Table()

    private static func locked<R>(_ body: (Table) -> R) -> R {
        let generation = aigcp_generation_enter()
        aigcp_process_lock()
        defer { aigcp_process_unlock() }
        // A child has inherited no lock of its parent's.
        if table.generation != generation {
            table.generation = generation
            table.names = []
        }
        return body(table)
    }

    static func insert(_ name: Name) { locked { _ = $0.names.insert(name) } }
    static func remove(_ name: Name) { locked { _ = $0.names.remove(name) } }
    static func contains(_ name: Name) -> Bool { locked { $0.names.contains(name) } }
}

/// For files beside the journal that only processes of one machine can share.
public enum LocalDisk {
    /// The network file system that a descriptor is on; nil: it is on none.
    public static func networkName(_ descriptor: Int32) -> String? {
        var name: UnsafePointer<CChar>?
        var error: Int32 = 0
        guard Int(aigcs_file_system(descriptor, &name, &error)) == AIGCS_NETWORK else { return nil }
        return name.map { String(cString: $0) } ?? "one of other machines"
    }
}
