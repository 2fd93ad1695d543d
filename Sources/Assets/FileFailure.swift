internal import Core
internal import Glibc

/// An error of the file system, with advice.
enum FileFailure {
    /// - action: "writing", "creating" and so on.
    static func make(_ action: String, _ path: String, error: Int32) -> Failure {
        let (status, advice) = meaning(error)
        let passes = status == .noResources || error == EWOULDBLOCK
        return Failure(status, "Image file: \(action) '\(shown(path))': \(advice)", isRetryable: passes)
    }

    /// The path in a form for messages.
    static func shown(_ path: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in path.unicodeScalars.prefix(300) {
            text.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : scalar)
        }
        return String(text) + (path.unicodeScalars.count > 300 ? "..." : "")
    }

    private static func meaning(_ error: Int32) -> (Status, String) {
        switch error {
        case ENOSPC: return (.noSpace, "the disk is full; free some space or choose another folder")
        case EDQUOT: return (.noSpace, "the disk quota is used up; free some space or choose another folder")
        case EMFILE, ENFILE:
            return (.noResources, "too many files are open; close some or raise the limit (ulimit -n)")
        case ENOMEM, ENOBUFS: return (.noResources, "memory is exhausted")
        case EWOULDBLOCK:
            return (.file, "another process holds a lease on that name; end that process or choose another name")
        case EEXIST:
            return (.fileExists, "there is such a file already; choose another name or turn download.overwrite on")
        case EACCES, EPERM: return (.file, "permission denied; choose a folder that this process may write to")
        case EROFS: return (.file, "the file system is read-only; choose another folder")
        case ENOENT: return (.file, "the folder does not exist; create it first")
        case ENOTDIR: return (.file, "a part of the path is no folder; choose another one")
        case ENAMETOOLONG: return (.file, "the name is too long; choose a shorter one (255 bytes in all at most)")
        case EISDIR: return (.file, "that is a folder; name a file in it")
        case ELOOP: return (.file, "a symbolic link is in the way; remove it or choose another name")
        case EFBIG:
            return (
                .file, "the file is larger than this process or the file system allows; raise the limit (ulimit -f)"
            )
        case EIO: return (.file, "the disk reports a fault; choose another one")
        default: return (.file, "\(String(cString: strerror(error))) (errno \(error))")
        }
    }
}
