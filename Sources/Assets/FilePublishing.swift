internal import Core
internal import Glibc

// The end of a .part file: published, kept or removed.
extension FileStore {
    /// Makes the .part file the file that was asked for. Returns its path and its length.
    func publish(_ format: ImageFormat) throws(Failure) -> (path: String, count: Int64) {
        try flush()
        guard part >= 0 else { throw notOpen }
        let name = place.fileName(format)
        let path = place.prefix + name
        // What was reserved too much goes back.
        if reserved > written { _ = calls.truncate(part, written) }
        // Where the mask is unknown the file stays 0600.
        if followsUmask, let mask = Machine.fileModeMask() { _ = calls.setMode(part, 0o666 & ~mask) }
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

    func release() {
        if part >= 0 { _ = calls.close(part) }
        part = -1
        free(buffer)
        buffer = nil
        buffered = 0
    }

    func closeFolder() {
        if folder >= 0 { _ = calls.close(folder) }
        folder = -1
    }
}
