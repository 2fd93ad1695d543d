internal import Core
internal import Glibc

/// The .part file in the target's folder, its note, and its publishing. The .part is locked (flock) as long as it is
/// open: its holder is the only writer, in this process and in all other processes.
///
/// The steps on the disk, in this order, so that a crash between any two leaves nothing, a .part, or the whole file:
/// create .part (0600) and lock it; write; note (.part.info) beside it; fchmod to 0666 less the umask if that is
/// wanted; fsync; see that .part is still ours; remove the note; rename (or link and unlink); fsync of the folder.
final class FileStore: ImageStore {
    static let bufferLength = 64 << 10
    static let attempts = 8

    let place: FilePlace
    let overwrite: Bool
    let followsUmask: Bool
    let calls: FileCalls
    var folder: Int32 = -1
    var part: Int32 = -1
    var buffer: UnsafeMutableRawPointer?
    var buffered = 0
    /// Of the image, on the file.
    var written: Int64 = 0
    /// On the disk, possibly beyond the end of the file.
    var reserved: Int64 = 0
    var isNoted = false
    /// The bytes of the file are uncertain: a flush failed, or a later sink could not take the file over. Not kept.
    var isDoubtful = false
    /// What the kernel took from the mode of new files when this was opened.
    var modeMask: mode_t?
    /// A child of a fork must not touch the files of its parent.
    var process: pid_t = 0
    var isOurs: Bool { process == getpid() }

    init(place: FilePlace, overwrite: Bool, followsUmask: Bool, calls: FileCalls) {
        self.place = place
        self.overwrite = overwrite
        self.followsUmask = followsUmask
        self.calls = calls
    }

    deinit { discard(keep: false) }

    // MARK: Writing

    func announce(_ total: Int64) throws(Failure) {
        guard total >= calls.reserveFrom, part >= 0 else { return }
        let result = calls.reserve(part, total)
        reserved = max(reserved, total)
        switch Int32(truncatingIfNeeded: -result) {
        case ENOSPC, EDQUOT, EFBIG:
            throw FileFailure.make("reserving \(total) bytes for", shownPart, error: Int32(-result))
        default: break  // a file system that cannot reserve
        }
    }

    func settle(_ format: ImageFormat) throws(Failure) {
        if place.isOpen { try checkTarget(place.fileName(format)) }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        if bytes.count >= Self.bufferLength {
            try flush()
            return try write(bytes)
        }
        let space = try room(bytes.count)
        space.copyMemory(from: start, byteCount: bytes.count)
        buffered += bytes.count
    }

    func room(_ count: Int) throws(Failure) -> UnsafeMutableRawPointer {
        if count > Self.bufferLength - buffered { try spill() }
        if count > Self.bufferLength - buffered { try flush() }
        if buffer == nil { buffer = malloc(Self.bufferLength) }
        guard let buffer, count <= Self.bufferLength - buffered else {
            throw Failure(.noResources, "Image file: no memory for a buffer of \(Self.bufferLength) bytes")
        }
        return buffer + buffered
    }

    func advance(_ count: Int) { buffered += count }

    /// Writes whole pages of the file; the rest, less than a page, waits for more bytes.
    private func spill() throws(Failure) {
        guard let base = buffer else { return }
        let rest = min(buffered, Int((written + Int64(buffered)) & 4095))  // safe: below 4096
        let whole = buffered - rest
        buffered = 0
        try write(UnsafeRawBufferPointer(start: base, count: whole))
        memmove(base, base + whole, rest)
        buffered = rest
    }

    func flush() throws(Failure) {
        guard buffered > 0 else { return }
        let count = buffered
        buffered = 0
        try write(UnsafeRawBufferPointer(start: buffer, count: count))
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard part >= 0 else { throw notOpen }
        let result = calls.writeAll(part, bytes, at: written)
        written += Int64(result.written)
        if result.error != 0 { throw FileFailure.make("writing", shownPart, error: result.error) }
    }

    func read(at offset: Int64, into space: UnsafeMutableRawBufferPointer) -> Int {
        part >= 0 ? calls.readAll(part, space, at: offset) : 0
    }

    func clear() throws(Failure) {
        buffered = 0
        forgetNote()
        try cut(to: 0)
    }

    func cut(to length: Int64) throws(Failure) {
        guard written != length else { return }
        guard part >= 0 else { throw notOpen }
        let result = calls.truncate(part, length)
        if result < 0 { throw FileFailure.make("shortening", shownPart, error: Int32(-result)) }
        written = length
    }

    // MARK: The note

    func remember(_ note: ResumeNote) -> Bool {
        guard part >= 0 else { return false }
        forgetNote()
        let result = calls.open(folder, place.note, O_WRONLY | O_CREAT | O_EXCL)
        guard result >= 0, let file = Int32(exactly: result) else { return false }
        isNoted = true
        let ok = note.encoded().withUnsafeBytes { calls.writeAll(file, $0, at: 0).error == 0 }
        _ = calls.close(file)
        if !ok { forgetNote() }
        return ok
    }

    func forgetNote() {
        guard isNoted else { return }
        _ = calls.remove(folder, place.note)
        isNoted = false
    }

    func readNote() -> ResumeNote? {
        // Whatever lies there is ours to replace from here on.
        isNoted = true
        let result = calls.open(folder, place.note, O_RDONLY | O_NONBLOCK)
        guard result >= 0, let file = Int32(exactly: result) else { return nil }
        defer { _ = calls.close(file) }
        var about = stat()
        guard calls.status(file, &about) >= 0, about.st_mode & S_IFMT == S_IFREG, about.st_uid == geteuid() else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: ResumeNote.maximumLength + 1)
        let count = bytes.withUnsafeMutableBytes { calls.readAll(file, $0, at: 0) }
        return ResumeNote(Array(bytes.prefix(count)))
    }

    // MARK: Words

    var shownPart: String { place.prefix + place.part }
    var notOpen: Failure { Failure(.internal, "Image file: '\(FileFailure.shown(shownPart))' is not open") }

    func check(_ result: Int, _ action: String, _ path: String) throws(Failure) {
        if result < 0 { throw FileFailure.make(action, path, error: Int32(truncatingIfNeeded: -result)) }
    }

    func descriptor(_ result: Int, _ action: String, _ path: String) throws(Failure) -> Int32 {
        try check(result, action, path)
        guard let descriptor = Int32(exactly: result) else { throw notOpen }
        return descriptor
    }
}
