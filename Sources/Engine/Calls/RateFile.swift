internal import CPlatform
public import Core
internal import Glibc

/// A file of records that processes share: 256 bytes each, a header first.
///
///     header   "aigc rates 1"
///     record   name (32 bytes), checksum (8), used at (8, Unix seconds), 26 words
///
/// A name is a hash of the record's subject, the boot and the time namespace: the clock in the records starts at
/// boot, so no process reads an instant of another clock. A damaged record counts as unused.
///
/// The file is read and written, and never mapped: if a mapped file is cut short, the kernel kills the process that reads
/// it. A record is locked for the microseconds of a change. Nobody waits long: a process that is stopped inside its
/// change blocks nobody, and one slot may then be given twice. Any thread.
public final class RateFile: Sendable {
    typealias Words = [UInt64]

    static let recordBytes = 256
    static let records = 255
    /// The words of a record that belong to its user.
    static let payload = 26
    static let bytes = Int64(recordBytes * (records + 1))
    /// A name is within so many records of the record that its hash names.
    private static let neighbours = 16
    private static let patienceAtFirst: Int64 = 2_000_000_000
    private static let title: StaticString = "aigc rates 1\n"

    let path: String
    private let descriptor: Int32
    private let clockName: [UInt8]
    /// How long a change waits for its lock, in nanoseconds: longer means that its holder is stopped or hangs.
    private let patience: Int64
    private let hash: @Sendable ([UInt8]) -> [UInt8]

    /// - hash: SHA-256; an empty array if it fails.
    /// - patience: how long a change waits for its lock, in nanoseconds; tests wait longer on a loaded machine.
    /// - networkName: the name of a descriptor's file system, if it is a network file system.
    public init(
        _ path: String, hash: @escaping @Sendable ([UInt8]) -> [UInt8], patience: Int64 = 3_000_000,
        networkName: (Int32) -> String?
    ) throws(Failure) {
        self.path = path
        self.patience = patience
        self.hash = hash
        clockName = Self.clockName()
        // A pipe must not be waited for.
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path, "opening it", errno) }
        let signals = aigcp_signals_hold()
        defer { aigcp_signals_release(signals) }
        do throws(Failure) {
            try Self.judge(descriptor, path, networkName)
            try prepare()
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    deinit { Glibc.close(descriptor) }

    // MARK: - Opening

    private static func failure(_ path: String, _ doing: String, _ error: Int32) -> Failure {
        let start = "Rates in \(path): \(doing): "
        switch error {
        case ENOSPC, EDQUOT: return Failure(.noSpace, start + "the disk is full; make room", isRetryable: true)
        case EFBIG:
            return Failure(
                .file,
                start + "the file is larger than this process or the file system allows; raise the limit (ulimit -f)")
        case EMFILE, ENFILE, ENOMEM:
            return Failure(.noResources, start + "memory or descriptors are used up", isRetryable: true)
        case EACCES, EPERM, EROFS:
            return Failure(.file, start + "permission denied; name a file that this user may write")
        case ENOENT: return Failure(.file, start + "its folder does not exist; make the folder first")
        case EISDIR, ENOTDIR: return Failure(.file, start + "a folder and a file are mixed up; name a file")
        case ELOOP: return Failure(.file, start + "it is a symbolic link; name the file itself")
        default: return Failure(.file, start + "the system refused it (errno \(error)); name another file")
        }
    }

    private static func judge(
        _ descriptor: Int32, _ path: String, _ networkName: (Int32) -> String?
    ) throws(Failure) {
        var about = stat()
        guard fstat(descriptor, &about) == 0 else { throw failure(path, "looking at it", errno) }
        guard about.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.file, "Rates in \(path): it is no plain file; name another one")
        }
        guard about.st_uid == geteuid() else {
            throw Failure(
                .file, "Rates in \(path): it belongs to another user (\(about.st_uid)); name a file of your own")
        }
        guard about.st_mode & 0o022 == 0 else {
            throw Failure(.file, "Rates in \(path): others may write to it; take that right away (chmod 600)")
        }
        if let name = networkName(descriptor) {
            throw Failure(
                .file,
                "Rates in \(path): it is on a network file system (\(name)), and only processes of one machine can share "
                    + "rates; name a file on a local disk")
        }
    }

    private func prepare() throws(Failure) {
        let locked = aigcp_range_lock(descriptor, 0, Int64(Self.recordBytes), Self.patienceAtFirst)
        guard locked >= 0 else { throw Self.failure(path, "locking it", -locked) }
        defer { if locked == 0 { aigcp_range_unlock(descriptor, 0, Int64(Self.recordBytes)) } }
        var about = stat()
        guard fstat(descriptor, &about) == 0 else { throw Self.failure(path, "looking at it", errno) }
        guard let header = read(at: 0, Self.recordBytes) else { throw Self.failure(path, "reading it", errno) }
        if about.st_size > 0, header.contains(where: { $0 != 0 }) {
            guard header.starts(with: Self.titleBytes) else {
                throw Failure(
                    .file,
                    "Rates in \(path): the file holds something else, or was made by a newer version of this library; "
                        + "name another file, or remove this one if nobody needs it")
            }
        } else if about.st_size > Self.bytes {
            throw Failure(.file, "Rates in \(path): the file holds something else; name another file")
        }
        // All blocks at once: a full disk is reported now, and never in the middle of the work.
        let error = aigcp_allocate(descriptor, Self.bytes)
        guard error == 0 else {
            if about.st_size == 0 { _ = ftruncate(descriptor, 0) }
            throw Self.failure(path, "making it", error)
        }
        guard write(Self.titleBytes, at: 0) else { throw Self.failure(path, "writing it", errno) }
    }

    private static var titleBytes: [UInt8] { title.withUTF8Buffer { Array($0) } }

    /// The identity of a clock: the boot, and the namespace that may shift the clock.
    private static func clockName() -> [UInt8] {
        var name: [UInt8] = []
        let boot = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        if boot >= 0 {
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = Glibc.read(boot, &bytes, bytes.count)
            if count > 0 { name += bytes.prefix(count) }
            Glibc.close(boot)
        }
        var link = [UInt8](repeating: 0, count: 64)
        let count = link.withUnsafeMutableBytes { space in
            guard let start = space.baseAddress else { return 0 }
            return readlink("/proc/self/ns/time", start.assumingMemoryBound(to: CChar.self), space.count)
        }
        if count > 0 { name += link.prefix(count) }
        return name
    }

    // MARK: - Records

    /// The last place of a name's record, which saves a search.
    struct Place {
        let name: [UInt8]
        fileprivate var index = -1

        fileprivate init(_ name: [UInt8]) { self.name = name }
    }

    /// Nil if no hash can be made.
    func place(of parts: [String]) -> Place? {
        var bytes = clockName
        for part in parts {
            let text = Array(part.utf8)
            // Each part behind its length, so that no two names are one text.
            bytes += Array(String(text.count).utf8) + [UInt8(ascii: ":")] + text
        }
        let name = hash(bytes)
        return name.count == 32 ? Place(name) : nil
    }

    /// Changes a record. `body` gets its words, or nil if there was none, and returns the words to write; nil: nothing.
    /// False if the file cannot be read or written.
    func update(_ place: inout Place, unixSeconds: Int64, _ body: (Words?) -> Words?) -> Bool {
        if place.index < 0, !find(&place) { return false }
        if let isWritten = change(place, unixSeconds, body) { return isWritten }
        // The record belongs to another name now.
        return find(&place) && change(place, unixSeconds, body) == true
    }

    /// The words of a record as they are, without a lock; nil if there is none.
    func look(_ place: inout Place) -> Words? {
        if place.index < 0, !find(&place) { return nil }
        guard let record = read(record: place.index), record.name == place.name else { return nil }
        return record.words
    }

    /// Nil if the record belongs to another name, or cannot be read: `body` has not run. False if it cannot be written.
    private func change(_ place: Place, _ unixSeconds: Int64, _ body: (Words?) -> Words?) -> Bool? {
        let start = Int64((place.index + 1) * Self.recordBytes)
        // Without the lock after a while: its holder is stopped or hangs.
        let locked = aigcp_range_lock(descriptor, start, Int64(Self.recordBytes), patience)
        defer { if locked == 0 { aigcp_range_unlock(descriptor, start, Int64(Self.recordBytes)) } }
        guard let bytes = read(at: start, Self.recordBytes) else { return nil }
        let record = Record(bytes)
        if let record, record.name != place.name { return nil }
        guard let words = body(record?.words) else { return true }
        return write(Record(name: place.name, usedAt: unixSeconds, words: words).bytes, at: start)
    }

    /// The record of a name, or a place for it: an unused record, or the record that was unused for longest.
    private func find(_ place: inout Place) -> Bool {
        let locked = aigcp_range_lock(descriptor, 0, 1, patience)
        defer { if locked == 0 { aigcp_range_unlock(descriptor, 0, 1) } }
        let first = place.name.prefix(4).reduce(0) { ($0 << 8 | Int($1)) } % Self.records
        var oldest: (index: Int, usedAt: Int64)?
        for step in 0..<Self.neighbours {
            let index = (first + step) % Self.records
            guard let record = read(record: index) else {
                if oldest.map({ $0.usedAt > .min }) ?? true { oldest = (index, .min) }
                continue
            }
            if record.name == place.name {
                place.index = index
                return true
            }
            if oldest.map({ record.usedAt < $0.usedAt }) ?? true { oldest = (index, record.usedAt) }
        }
        guard let oldest else { return false }
        place.index = oldest.index
        let empty = Record(name: place.name, usedAt: .max, words: Words(repeating: 0, count: Self.payload))
        return write(empty.bytes, at: Int64((oldest.index + 1) * Self.recordBytes))
    }

    private func read(record index: Int) -> Record? {
        read(at: Int64((index + 1) * Self.recordBytes), Self.recordBytes).flatMap { Record($0) }
    }

    private struct Record {
        let name: [UInt8]
        let usedAt: Int64
        let words: Words

        init(name: [UInt8], usedAt: Int64, words: Words) {
            self.name = name
            self.usedAt = usedAt
            self.words = words
        }

        /// Nil for what is no record.
        init?(_ bytes: [UInt8]) {
            guard bytes.count == RateFile.recordBytes else { return nil }
            let words = Words(unsafeUninitializedCapacity: 28) { words, count in
                UnsafeMutableRawBufferPointer(words).copyBytes(from: bytes[32...])  // safe: 28 words are left
                count = 28
            }
            name = Array(bytes[0..<32])  // safe: 256 bytes
            usedAt = Int64(bitPattern: words[1])  // safe: 28 words
            self.words = Array(words[2...])
            guard words[0] == sum else { return nil }  // safe: 28 words
        }

        /// Protects against chance, not against intent: a user who may write the file may also send calls.
        private var sum: UInt64 {
            var sum: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in name { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
            func add(_ word: UInt64) {
                sum = (sum ^ word) &* 0x100_0000_01B3
                sum ^= sum >> 29
            }
            add(UInt64(bitPattern: usedAt))
            for word in words { add(word) }
            return sum
        }

        var bytes: [UInt8] {
            let words = [sum, UInt64(bitPattern: usedAt)] + words
            return words.withUnsafeBytes { name + $0 }
        }
    }

    // MARK: - Bytes

    /// Bytes beyond the end of a cut file read as zeros.
    private func read(at start: Int64, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            let got = pread(descriptor, &bytes, count, off_t(start))
            if got >= 0 { return bytes }
            if errno != EINTR { return nil }
        }
    }

    private func write(_ bytes: [UInt8], at start: Int64) -> Bool {
        while true {
            let done = pwrite(descriptor, bytes, bytes.count, off_t(start))
            if done == bytes.count { return true }
            if done >= 0 || errno != EINTR { return false }
        }
    }
}
