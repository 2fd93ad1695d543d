internal import Core
internal import Glibc

// Opening: the folder, the target's name, the .part file and its lock.
extension FileStore {
    /// Opens folder and file. Returns the note and the length of a .part file that an earlier sink has left.
    func open() throws(Failure) -> (note: ResumeNote, size: Int64)? {
        guard folder < 0 else { return nil }
        process = getpid()
        reserved = 0
        if followsUmask { modeMask = Machine.fileModeMask() }
        folder = try descriptor(calls.openFolder(place.prefix), "opening the folder of", place.prefix + place.name)
        do throws(Failure) {
            if place.isOpen {
                try checkLength(of: place.fileName(.webp))  // the longest extension
            } else {
                try checkTarget(place.name)
            }
            let size = try openPart()
            if size > 0, let note = readNote() { return (note, size) }
            // A note without its file, or a useless note.
            isNoted = true
            written = size
            try clear()
            return nil
        } catch {
            discard(keep: false)
            throw error
        }
    }

    /// Resumes behind so many bytes of the file.
    func resume(from length: Int64) throws(Failure) {
        written = Int64.max  // so that the cut is made in any case
        try cut(to: length)
    }

    /// Creates the .part file or takes over one that nobody uses. Returns its length.
    func openPart() throws(Failure) -> Int64 {
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

    enum Claim {
        case taken(Int64)
        case retry, busy
        case refused(Failure)
    }

    func claim(_ candidate: Int32, isNew: Bool) -> Claim {
        let locked = calls.lock(candidate)
        if locked == -Int(EWOULDBLOCK) { return .busy }
        // A file system without locks: a file that this sink has just created belongs to this sink all the same.
        if locked < 0, !isNew { return .refused(FileFailure.make("locking", shownPart, error: Int32(-locked))) }
        var here = stat()
        var named = stat()
        let known = calls.status(candidate, &here)
        if known < 0 { return .refused(FileFailure.make("looking at", shownPart, error: Int32(-known))) }
        // The former holder may have renamed or removed the file between open and lock.
        guard calls.statusOf(folder, place.part, &named) >= 0, here.st_ino == named.st_ino, here.st_dev == named.st_dev
        else { return .retry }
        // A file server may give a new file to another user (root_squash, uid=).
        let hasOtherOwner = here.st_uid != geteuid()
        if isNew, hasOtherOwner { isDoubtful = true }
        guard here.st_mode & S_IFMT == S_IFREG, isNew || !hasOtherOwner else {
            return .refused(
                Failure(
                    .file,
                    "Image file: creating '\(shownPart)': there is something of that name that is no file of "
                        + "ours; remove it or choose another name"))
        }
        if here.st_nlink > 1 {
            // A crash between linking and unlinking: the image is published under its own name.
            _ = calls.remove(folder, place.part)
            return .retry
        }
        return .taken(Int64(here.st_size))
    }

    var busy: Failure {
        Failure(
            .file,
            "Image file: creating '\(shownPart)': another download of the same image is writing it; wait for that "
                + "one or choose another path", isRetryable: true)
    }

    /// Refuses a target that cannot or must not be replaced.
    func checkTarget(_ name: String) throws(Failure) {
        var there = stat()
        let result = calls.statusOf(folder, name, &there)
        if result == -Int(ENOENT) { return }
        if result < 0 { throw FileFailure.make("looking at", place.prefix + name, error: Int32(-result)) }
        switch there.st_mode & S_IFMT {
        case S_IFDIR: throw FileFailure.make("creating", place.prefix + name, error: EISDIR)
        case S_IFREG, S_IFLNK: break
        default:
            throw Failure(
                .file,
                "Image file: creating '\(FileFailure.shown(place.prefix + name))': there is a device, pipe or "
                    + "socket of that name; choose another one")
        }
        if !overwrite { throw FileFailure.make("creating", place.prefix + name, error: EEXIST) }
    }

    func checkLength(of name: String) throws(Failure) {
        var there = stat()
        if calls.statusOf(folder, name, &there) == -Int(ENAMETOOLONG) {
            throw FileFailure.make("creating", place.prefix + name, error: ENAMETOOLONG)
        }
    }
}
