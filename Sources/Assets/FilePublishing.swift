internal import Core
internal import Glibc

// The end of a .part file: published, kept or removed.
extension FileStore {
    /// Publishes the .part file under the target's name. Returns its path and its length.
    func publish(_ format: ImageFormat) throws(Failure) -> (path: String, count: Int64) {
        try flush()
        guard part >= 0 else { throw notOpen }
        let name = place.fileName(format)
        let path = place.prefix + name
        // Gives back the disk space that was reserved beyond the end.
        if reserved > written { _ = calls.truncate(part, written) }
        // Where the mask is unknown the file stays 0600.
        if followsUmask, let mask = Machine.fileModeMask() ?? modeMask { _ = calls.setMode(part, 0o666 & ~mask) }
        let isFlushed = calls.flush(part)
        if isFlushed < 0 { isDoubtful = true }
        try check(isFlushed, "flushing", shownPart)
        try checkName()
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

    func publishExclusively(_ name: String, _ path: String) throws(Failure) {
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
                .file,
                "Image file: publishing '\(FileFailure.shown(path))': this file system can neither rename without "
                    + "replacing nor link; turn download.overwrite on")
        default: try check(linked, "publishing", path)
        }
    }

    /// Whether `.part` still names this sink's file: it may have been removed, and replaced by another sink's.
    private func isStillNamed() throws(Failure) -> Bool {
        var here = stat()
        var named = stat()
        try check(calls.status(part, &here), "looking at", shownPart)
        let result = calls.statusOf(folder, place.part, &named)
        if result == -Int(ENOENT) { return false }
        try check(result, "looking at", shownPart)
        return here.st_ino == named.st_ino && here.st_dev == named.st_dev
    }

    private func checkName() throws(Failure) {
        guard try isStillNamed() else {
            throw Failure(
                .file,
                "Image file: publishing from '\(FileFailure.shown(shownPart))': it was removed or replaced while it was "
                    + "written; leave .part files alone and download again", isRetryable: true)
        }
    }

    /// Closes file and folder. Without `keep` no file remains.
    func discard(keep: Bool) {
        if part >= 0, isOurs {
            // A file that cannot be inspected counts as this sink's own.
            let isNamed = (try? isStillNamed()) ?? true
            let isKept = keep && isNamed && !isDoubtful
            // Without what was reserved beyond its end.
            if isKept { _ = calls.truncate(part, written) }
            if !isKept { removePart(isNamed) }
            // Some file systems say only here that they could not write.
            if !release(), isKept { removePart(true) }
        }
        release()
        closeFolder()
    }

    private func removePart(_ isNamed: Bool) {
        forgetNote()
        if isNamed { _ = calls.remove(folder, place.part) }
    }

    /// False if the .part file could not be closed well.
    @discardableResult
    func release() -> Bool {
        var isClosed = true
        if part >= 0 {
            // A child of a fork may hold a copy of the descriptor, and would keep holding the lock.
            if isOurs { _ = calls.unlock(part) }
            isClosed = calls.close(part) >= 0
        }
        part = -1
        free(buffer)
        buffer = nil
        buffered = 0
        return isClosed
    }

    func closeFolder() {
        if folder >= 0 { _ = calls.close(folder) }
        folder = -1
    }
}
