internal import CPlatform
internal import Core
internal import Glibc

/// What a client writes into its file `owners/<id>`, for whoever takes its jobs over: which of its recorded submissions have
/// not left yet, and ids that the journal could not take at once. No write waits for the disk: the kernel keeps what a
/// killed process has written. What a machine that fails has kept is old, so that the first kind counts for one boot only.
///
/// The file: a head, ids one behind the other, and marks of a fixed size. A mark is the key of a submission; it is taken
/// away right before the first byte leaves. Without a file, a head or a mark, the submission may have left.
final class OwnerNotes: @unchecked Sendable {
    // Everything that changes is guarded by `lock`.
    private let lock: OpaquePointer
    /// Of the client's lease, which stays open for the client's life.
    private let file: Int32
    private let owner: Int64
    private let path: String
    private let identity: (device: UInt64, node: UInt64)
    private var size: Int64 = 0
    private var marks: [JournalKey: Int] = [:]
    private var free: [Int] = []
    private var slots = 0
    private var ids: [JournalKey: (place: Int64, id: String)] = [:]
    private var idsEnd = OwnerNotes.idsStart

    static let headBytes = 128
    static let idsStart: Int64 = 128
    static let marksStart: Int64 = 128 << 10
    static let markBytes: Int64 = 512
    private static let marksAtOnce = 64
    /// More than `http.max_in_flight` allows.
    static let mostMarks = 10_240

    init(_ file: Int32, owner: Int64, path: String) throws(Failure) {
        guard let lock = aigcp_lock_new() else {
            throw Failure(.noResources, "Opening the journal: out of memory", isRetryable: true)
        }
        var about = stat()
        guard fstat(file, &about) == 0 else {
            let error = errno
            aigcp_lock_free(lock)
            throw FileError.make(path, "looking at the file of an owner", error)
        }
        identity = (UInt64(about.st_dev), UInt64(about.st_ino))
        self.lock = lock
        self.file = file
        self.owner = owner
        self.path = path
    }

    deinit { aigcp_lock_free(lock) }

    private func locked<R>(_ body: () throws(Failure) -> R) throws(Failure) -> R {
        aigcp_lock_lock(lock)
        defer { aigcp_lock_unlock(lock) }
        return try body()
    }

    /// Whether a taker would find anything.
    var isEmpty: Bool {
        aigcp_lock_lock(lock)
        defer { aigcp_lock_unlock(lock) }
        return marks.isEmpty && ids.isEmpty
    }

    // MARK: - Submissions that have not left

    /// A submission is about to be recorded, and has not left. Signals held.
    func mark(_ key: JournalKey) throws(Failure) {
        try locked { () throws(Failure) in
            // An id of an earlier job under this key.
            erase(id: key)
            if marks[key] == nil { try place(key) }
        }
    }

    /// Lock held.
    private func place(_ key: JournalKey) throws(Failure) {
        var error: Int32 = 0
        let slot = free.popLast() ?? slots
        if slot == slots {
            error = slots < Self.mostMarks ? makeRoom(for: slots + 1) : ENOSPC
            if error == 0 { slots += 1 }
        }
        guard error == 0 else { throw failure("making room in", error) }
        var bytes = [UInt8(truncatingIfNeeded: key.bytes.count), UInt8(truncatingIfNeeded: key.bytes.count >> 8)]
        bytes += key.bytes
        error = put(bytes, at: Self.place(of: slot))
        guard error == 0 else {
            // A part of the key may stand there, in front of what an earlier one has left: the place is not used again.
            _ = put([0, 0], at: Self.place(of: slot))
            throw failure("writing to", error)
        }
        marks[key] = slot
    }

    /// The first byte of a submission is about to leave. Throws if it must not: a taker would find that it has not left.
    /// Engine thread.
    func leaves(_ key: JournalKey) throws(Failure) {
        try locked { () throws(Failure) in
            guard marks[key] != nil else { return }
            let error = unmark(key)
            guard error == 0 else { throw failure("writing to", error) }
        }
    }

    /// The job of a key has ended, whatever has left of it.
    func forget(_ key: JournalKey) {
        aigcp_lock_lock(lock)
        defer { aigcp_lock_unlock(lock) }
        guard marks[key] != nil else { return }
        let signals = aigcp_signals_hold()
        _ = unmark(key)
        aigcp_signals_release(signals)
    }

    /// Lock held. 0 or errno: then the mark keeps its place, so that no other one of its key can be made.
    private func unmark(_ key: JournalKey) -> Int32 {
        guard let slot = marks[key] else { return 0 }
        let error = put([0, 0], at: Self.place(of: slot))
        if error == 0 {
            marks[key] = nil
            free.append(slot)
        }
        return error
    }

    private static func place(of slot: Int) -> Int64 { marksStart + Int64(slot) * markBytes }  // safe: < mostMarks

    // MARK: - Ids

    /// Keeps the id of an accepted job until the journal has it. What does not fit is not kept.
    func keep(_ key: JournalKey, remoteID: String, requestID: String) {
        aigcp_lock_lock(lock)
        defer { aigcp_lock_unlock(lock) }
        if let known = ids[key] {
            if known.id.isSame(as: remoteID) { return }
            erase(id: key)
        }
        let signals = aigcp_signals_hold()
        defer { aigcp_signals_release(signals) }
        guard makeRoom(for: slots) == 0 else { return }
        let note = IDNote(key: key.bytes, remoteID: Array(remoteID.utf8), requestID: Array(requestID.utf8))
        guard let bytes = note.bytes, idsEnd + Int64(bytes.count) <= Self.marksStart,
            put(bytes, at: idsEnd) == 0
        else { return }
        ids[key] = (idsEnd, remoteID)
        idsEnd += Int64(bytes.count)
    }

    /// The journal has the id of a key.
    func drop(_ key: JournalKey) {
        aigcp_lock_lock(lock)
        defer { aigcp_lock_unlock(lock) }
        erase(id: key)
    }

    /// Lock held.
    private func erase(id key: JournalKey) {
        guard !ids.isEmpty, let place = ids[key]?.place else { return }
        let signals = aigcp_signals_hold()
        defer { aigcp_signals_release(signals) }
        guard put([IDNote.dead], at: place) == 0 else { return }
        ids[key] = nil
        guard ids.isEmpty, put([0], at: Self.idsStart) == 0 else { return }
        idsEnd = Self.idsStart
    }

    // MARK: - The file

    /// Lock held. Makes the file large enough: a later write needs no more room on the disk. 0 or errno.
    private func makeRoom(for slots: Int) -> Int32 {
        let needed = Self.marksStart + Int64(slots) * Self.markBytes
        if needed <= size { return 0 }
        let wanted = needed + Int64(Self.marksAtOnce) * Self.markBytes
        var error = isOurs ? aigcp_allocate(file, wanted) : ESTALE
        if error == 0, size == 0 { error = put(Self.head(identity) ?? Self.title, at: 0) }
        if error == 0 { size = wanted }
        return error
    }

    /// A host that closes all descriptors has ended the lease, and the number may be that of a file of the host.
    private var isOurs: Bool {
        var about = stat()
        return fstat(file, &about) == 0 && UInt64(about.st_dev) == identity.device
            && UInt64(about.st_ino) == identity.node && about.st_nlink > 0
    }

    private func failure(_ doing: String, _ error: Int32) -> Failure {
        guard error == ESTALE else { return FileError.make(path, "\(doing) its file owners/\(owner)", error) }
        return Failure(
            .journal,
            "Journal \(path): its file owners/\(owner) was closed or removed by this program or another one; start the "
                + "program anew")
    }

    /// 0 or errno; ESTALE: the file is closed or removed, and others take this client for dead.
    private func put(_ bytes: [UInt8], at offset: Int64) -> Int32 {
        guard isOurs else { return ESTALE }
        return bytes.withUnsafeBytes { bytes in
            while true {
                let count = pwrite(file, bytes.baseAddress, bytes.count, off_t(offset))
                if count == bytes.count { return 0 }
                guard count < 0 else { return EIO }
                let error = errno
                if error != EINTR { return error }
            }
        }
    }

    private static let title = Array("aigc owner 1 ".utf8)

    /// Says of which boot and of which file the marks are: those in a copy of the folder are about the original's jobs. Nil:
    /// the boot is not known.
    private static func head(_ identity: (device: UInt64, node: UInt64)) -> [UInt8]? {
        let boot = Machine.bootIdentity()
        return boot.isEmpty ? nil : title + Array("\(boot) \(identity.device) \(identity.node)\n".utf8)
    }

    // MARK: - For those who take over

    enum Finding: Equatable {
        /// Not one byte of it has left.
        case unsent
        case accepted(remoteID: String, requestID: String)
    }

    /// What the notes of an owner that is gone say about a submission that was recorded; nil: nothing.
    static func finding(
        _ key: JournalKey, in bytes: [UInt8], of identity: (device: UInt64, node: UInt64)
    ) -> Finding? {
        guard bytes.starts(with: title) else { return nil }
        if let note = IDNote.newest(of: key, in: bytes) { return note }
        guard let head = head(identity), bytes.starts(with: head) else { return nil }
        let mark =
            [UInt8(truncatingIfNeeded: key.bytes.count), UInt8(truncatingIfNeeded: key.bytes.count >> 8)] + key.bytes
        var at = Int(marksStart)
        while at < bytes.count {
            if bytes[at...].starts(with: mark) { return .unsent }  // safe: at < count
            at += Int(markBytes)
        }
        return nil
    }

    /// The most that a file of notes has.
    static let mostBytes = Int(marksStart) + (mostMarks + marksAtOnce) * Int(markBytes)
}

/// An id as it stands in the file: a byte that says whether it counts, three lengths, a sum over all that follows, and the
/// texts. Each number is little-endian.
struct IDNote {
    var key: [UInt8]
    var remoteID: [UInt8]
    var requestID: [UInt8]

    static let live: UInt8 = 1
    static let dead: UInt8 = 2
    private static let headBytes = 16

    /// Nil: one of them is too long.
    var bytes: [UInt8]? {
        guard key.count <= 255, (1...4_096).contains(remoteID.count), requestID.count <= 4_096 else { return nil }
        let texts = key + remoteID + requestID
        var head: [UInt8] = [Self.live, 0]
        for count in [key.count, remoteID.count, requestID.count] { head += Self.number(UInt64(count), bytes: 2) }
        head += Self.number(Self.sum(head[2...], texts[...]), bytes: 8)
        return head + texts
    }

    /// The newest of a key that counts.
    static func newest(of key: JournalKey, in bytes: [UInt8]) -> OwnerNotes.Finding? {
        var found: OwnerNotes.Finding?
        var at = Int(OwnerNotes.idsStart)
        let end = min(bytes.count, Int(OwnerNotes.marksStart))
        while end - at >= headBytes {
            let head = bytes[at..<at + headBytes]  // safe: so many are left
            guard head.first == live || head.first == dead else { break }
            let counts = [2, 4, 6].map { Int(value(head.dropFirst($0).prefix(2))) }
            let length = counts.reduce(0, +)
            let start = at + headBytes
            guard end - start >= length else { break }
            let texts = bytes[start..<start + length]  // safe: so many are left
            guard value(head.suffix(8)) == sum(head.dropFirst(2).prefix(6), texts) else { break }
            let keyCount = counts.first ?? 0
            let idCount = counts.dropFirst().first ?? 0
            if head.first == live, texts.prefix(keyCount).elementsEqual(key.bytes) {
                let rest = texts.dropFirst(keyCount)
                found = .accepted(
                    remoteID: String(decoding: rest.prefix(idCount), as: UTF8.self),
                    requestID: String(decoding: rest.dropFirst(idCount), as: UTF8.self))
            }
            at = start + length
        }
        return found
    }

    private static func number(_ value: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    private static func value(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// FNV-1a: of a record that was written in part, the sum does not agree.
    private static func sum(_ parts: ArraySlice<UInt8>...) -> UInt64 {
        parts.joined().reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
