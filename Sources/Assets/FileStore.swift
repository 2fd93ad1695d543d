internal import Core
internal import Glibc

/// The .part file beside the target, its note and the publishing of it. The .part is locked (flock) as long as it is open:
/// whoever holds it is the only writer, in this process and in all others.
///
/// The steps on the disk, in this order, so that a crash between any two leaves nothing, a .part, or the whole file:
/// create .part (0600) and lock it; write; note (.part.info) beside it; fchmod to 0666 less the umask, as other tools make
/// files; fsync; remove the note; rename (or link and unlink); fsync of the folder.
final class FileStore: ImageStore {
    private static let bufferLength = 64 << 10
    /// Smaller images find out soon enough that the disk is full.
    private static let reserveThreshold: Int64 = 1 << 20
    private static let attempts = 8

    let place: FilePlace
    private let overwrite: Bool
    private let calls: FileCalls
    private var folder: Int32 = -1
    private var part: Int32 = -1
    private var buffer: UnsafeMutableRawPointer?
    private var buffered = 0
    /// Of the image, on the file.
    private var written: Int64 = 0
    private var isNoted = false
    /// A child of a fork must not touch the files of its parent.
    private var process: pid_t = 0
    var isOurs: Bool { process == getpid() }

    init(place: FilePlace, overwrite: Bool, calls: FileCalls) {
        self.place = place
        self.overwrite = overwrite
        self.calls = calls
    }

    deinit { discard(keep: false) }

    // MARK: Opening

    /// Opens everything. Returns the note and the length of a .part file that another sink has left.
    func open() throws(Failure) -> (note: ResumeNote, size: Int64)? {
        guard folder < 0 else { return nil }
        process = getpid()
        folder = try descriptor(calls.openFolder(place.folder), "opening the folder of", place.prefix + place.name)
        do throws(Failure) {
            if place.isOpen {
                try checkLength(of: place.fileName(.webp))  // the longest extension
            } else {
                try checkTarget(place.name)
            }
            let size = try openPart()
            guard size > 0 else { return nil }
            if let note = readNote() {
                isNoted = true
                return (note, size)
            }
            written = size
            try clear()
            return nil
        } catch {
            discard(keep: false)
            throw error
        }
    }

    /// Goes on behind so many bytes of what is there.
    func goOn(from length: Int64) throws(Failure) {
        written = Int64.max  // so that the cut is made in any case
        try cut(to: length)
    }

    /// Creates the .part file or takes over one that nobody uses. Returns its length.
    private func openPart() throws(Failure) -> Int64 {
        for _ in 0..<Self.attempts {
            var result = calls.open(folder, place.part, O_RDWR | O_CREAT | O_EXCL)
            let isNew = result >= 0
            if result == -Int(EEXIST) {
                result = calls.open(folder, place.part, O_RDWR)
                if result == -Int(ENOENT) { continue }
            }
            let candidate = try descriptor(result, "creating", shownPart)
            switch claim(candidate, isNew: isNew) {
            case .taken(let size):
                part = candidate
                return size
            case .retry: _ = calls.close(candidate)
            case .busy:
                _ = calls.close(candidate)
                throw busy
            case .refused(let failure):
                if isNew { _ = calls.remove(folder, place.part) }
                _ = calls.close(candidate)
                throw failure
            }
        }
        throw busy
    }

    private enum Claim {
        case taken(Int64)
        case retry, busy
        case refused(Failure)
    }

    private func claim(_ candidate: Int32, isNew: Bool) -> Claim {
        let locked = calls.lock(candidate)
        if locked == -Int(EWOULDBLOCK) { return .busy }
        // A file system without locks: a file that we have just created is ours all the same.
        if locked < 0, !isNew { return .refused(FileFailure.make("locking", shownPart, error: Int32(-locked))) }
        var here = stat()
        var named = stat()
        let known = calls.status(candidate, &here)
        if known < 0 { return .refused(FileFailure.make("looking at", shownPart, error: Int32(-known))) }
        // Whoever held it before may have renamed or removed it between our opening and our locking.
        guard calls.statusOf(folder, place.part, &named) >= 0, here.st_ino == named.st_ino, here.st_dev == named.st_dev
        else { return .retry }
        guard here.st_mode & S_IFMT == S_IFREG, here.st_uid == geteuid() else {
            return .refused(
                Failure(
                    .file, "Image file: creating '\(shownPart)': there is something of that name that is no file of "
                        + "ours; remove it or choose another name"))
        }
        if here.st_nlink > 1 {
            // A crash between linking and unlinking: the image is published under its own name.
            _ = calls.remove(folder, place.part)
            return .retry
        }
        return .taken(Int64(here.st_size))
    }

    private var busy: Failure {
        Failure(
            .file, "Image file: creating '\(shownPart)': another download of the same image is writing it; wait for that "
                + "one or choose another path", isRetryable: true)
    }

    /// Refuses a target that cannot or must not be replaced.
    private func checkTarget(_ name: String) throws(Failure) {
        var there = stat()
        let result = calls.statusOf(folder, name, &there)
        if result == -Int(ENOENT) { return }
        if result < 0 { throw FileFailure.make("looking at", place.prefix + name, error: Int32(-result)) }
        switch there.st_mode & S_IFMT {
        case S_IFDIR: throw FileFailure.make("creating", place.prefix + name, error: EISDIR)
        case S_IFREG, S_IFLNK: break
        default:
            throw Failure(
                .file, "Image file: creating '\(FileFailure.shown(place.prefix + name))': there is a device, pipe or "
                    + "socket of that name; choose another one")
        }
        if !overwrite { throw FileFailure.make("creating", place.prefix + name, error: EEXIST) }
    }

    private func checkLength(of name: String) throws(Failure) {
        var there = stat()
        if calls.statusOf(folder, name, &there) == -Int(ENAMETOOLONG) {
            throw FileFailure.make("creating", place.prefix + name, error: ENAMETOOLONG)
        }
    }

    // MARK: Writing

    func announce(_ total: Int64) throws(Failure) {
        guard total >= Self.reserveThreshold, part >= 0 else { return }
        let result = calls.reserve(part, total)
        switch Int32(truncatingIfNeeded: -result) {
        case ENOSPC, EDQUOT, EFBIG: throw FileFailure.make("reserving \(total) bytes for", shownPart, error: Int32(-result))
        default: break  // a file system that cannot reserve
        }
    }

    func settle(_ format: ImageFormat) throws(Failure) {
        if place.isOpen { try checkTarget(place.fileName(format)) }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        if bytes.count > Self.bufferLength - buffered { try flush() }
        if bytes.count >= Self.bufferLength { return try write(bytes) }
        let space = try room(bytes.count)
        space.copyMemory(from: start, byteCount: bytes.count)
        buffered += bytes.count
    }

    func room(_ count: Int) throws(Failure) -> UnsafeMutableRawPointer {
        if count > Self.bufferLength - buffered { try flush() }
        if buffer == nil { buffer = malloc(Self.bufferLength) }
        guard let buffer, count <= Self.bufferLength else {
            throw Failure(.noResources, "Image file: no memory for a buffer of \(Self.bufferLength) bytes")
        }
        return buffer + buffered
    }

    func advance(_ count: Int) { buffered += count }

    func flush() throws(Failure) {
        guard buffered > 0 else { return }
        let count = buffered
        buffered = 0
        try write(UnsafeRawBufferPointer(start: buffer, count: count))
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
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

    private func cut(to length: Int64) throws(Failure) {
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

    private func forgetNote() {
        guard isNoted else { return }
        _ = calls.remove(folder, place.note)
        isNoted = false
    }

    private func readNote() -> ResumeNote? {
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

    // MARK: The end

    /// Makes the .part file the file that was asked for. Returns its path and its length.
    func publish(_ format: ImageFormat) throws(Failure) -> (path: String, count: Int64) {
        try flush()
        guard part >= 0 else { throw notOpen }
        let name = place.fileName(format)
        let path = place.prefix + name
        // Where the mask is unknown the file stays 0600.
        if let mask = Machine.fileModeMask() { _ = calls.setMode(part, 0o666 & ~mask) }
        try check(calls.flush(part), "flushing", shownPart)
        forgetNote()
        if overwrite {
            try check(calls.rename(folder, place.part, name), "publishing", path)
        } else {
            try publishExclusively(name, path)
        }
        let count = written
        release()
        // Some file systems cannot flush a folder; they need not.
        let flushed = calls.flush(folder)
        closeFolder()
        if flushed < 0, flushed != -Int(EINVAL), flushed != -Int(ENOTSUP) {
            try check(flushed, "flushing the folder of", path)
        }
        return (path, count)
    }

    private func publishExclusively(_ name: String, _ path: String) throws(Failure) {
        let result = calls.renameExclusive(folder, place.part, name)
        switch Int32(truncatingIfNeeded: -result) {
        case 0: return
        case EINVAL, ENOSYS, ENOTSUP: break
        default: try check(result, "publishing", path)
        }
        // A file system without that: a link does not replace anything either.
        let linked = calls.link(folder, place.part, name)
        switch Int32(truncatingIfNeeded: -linked) {
        case 0: _ = calls.remove(folder, place.part)
        case EPERM, ENOSYS, ENOTSUP, EMLINK:
            throw Failure(
                .file, "Image file: publishing '\(FileFailure.shown(path))': this file system can neither rename without "
                    + "replacing nor link; turn download.overwrite on")
        default: try check(linked, "publishing", path)
        }
    }

    /// Lets go of everything. Without `keep` no file remains.
    func discard(keep: Bool) {
        if part >= 0, isOurs {
            if keep {
                // Without what was reserved beyond its end.
                _ = calls.truncate(part, written)
            } else {
                forgetNote()
                _ = calls.remove(folder, place.part)
            }
        }
        release()
        closeFolder()
    }

    private func release() {
        if part >= 0 { _ = calls.close(part) }
        part = -1
        free(buffer)
        buffer = nil
        buffered = 0
    }

    private func closeFolder() {
        if folder >= 0 { _ = calls.close(folder) }
        folder = -1
    }

    // MARK: Words

    private var shownPart: String { place.prefix + place.part }
    private var notOpen: Failure { Failure(.internal, "Image file: '\(FileFailure.shown(shownPart))' is not open") }

    private func check(_ result: Int, _ action: String, _ path: String) throws(Failure) {
        if result < 0 { throw FileFailure.make(action, path, error: Int32(truncatingIfNeeded: -result)) }
    }

    private func descriptor(_ result: Int, _ action: String, _ path: String) throws(Failure) -> Int32 {
        try check(result, action, path)
        guard let descriptor = Int32(exactly: result) else { throw notOpen }
        return descriptor
    }
}
