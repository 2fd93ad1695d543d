internal import CSQLite
internal import Core
internal import Glibc

/// An error of the file system about a file of the journal, with advice.
enum FileError {
    static func isFull(_ error: Int32) -> Bool { error == ENOSPC || error == EDQUOT }

    static let tooLarge = EFBIG

    /// The limit of the size of files that holds for this process, as words; nil: there is none.
    static var limit: String? {
        var about = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &about) == 0, about.rlim_cur != .max else {
            return nil
        }
        return "this process may write no file larger than \(about.rlim_cur) bytes; raise the limit (ulimit -f)"
    }

    static func words(_ error: Int32) -> String {
        let bytes = [UInt8](unsafeUninitializedCapacity: 128) { space, count in
            count = 0
            guard let start = space.baseAddress, aigcs_error_text(error, start, space.count) == 0 else { return }
            count = space.firstIndex(of: 0) ?? 0
        }
        return bytes.isEmpty ? "error \(error)" : String(decoding: bytes, as: UTF8.self)
    }

    static func make(_ path: String, _ doing: String, _ error: Int32) -> Failure {
        let start = "Journal \(path): \(doing): "
        switch error {
        case ENOSPC: return Failure(.noSpace, start + "the disk is full; make room", isRetryable: true)
        case EDQUOT: return Failure(.noSpace, start + "the disk quota is used up; make room", isRetryable: true)
        case EFBIG: return Failure(.journal, start + (limit ?? "the file is larger than the file system allows"))
        case EMFILE, ENFILE:
            return Failure(
                .noResources, start + "too many files are open; close some or raise the limit (ulimit -n)",
                isRetryable: true)
        case ENOMEM: return Failure(.noResources, start + "memory is exhausted", isRetryable: true)
        case EACCES, EPERM:
            return Failure(.journal, start + "permission denied; choose a folder that this user may write to")
        case EROFS: return Failure(.journal, start + "the file system is read-only; choose another folder")
        case ENOENT: return Failure(.journal, start + "the folder around it does not exist; create it first")
        case ENOTDIR: return Failure(.journal, start + "it is no folder; choose another path")
        case ELOOP: return Failure(.journal, start + "a symbolic link is in the way; remove it")
        default: return Failure(.journal, start + "\(words(error)) (errno \(error))")
        }
    }
}
