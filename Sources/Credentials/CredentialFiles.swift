internal import Glibc

/// Reads the files that credentials are in.
public protocol CredentialFiles: Sendable {
    /// The whole of a regular file of at most `maximumBytes`.
    func read(_ path: String, maximumBytes: Int) -> Result<CredentialFile, CredentialFileFault>
}

public struct CredentialFile: Sendable {
    public var bytes: [UInt8]
    /// Whether users other than the owner and his group can read it.
    public var isReadableByAll: Bool
    /// Whether it belongs to another user (root does not count), or users other than its owner can write it.
    public var isWritableByOthers: Bool

    public init(bytes: [UInt8], isReadableByAll: Bool, isWritableByOthers: Bool = false) {
        self.bytes = bytes
        self.isReadableByAll = isReadableByAll
        self.isWritableByOthers = isWritableByOthers
    }
}

public enum CredentialFileFault: Error, Equatable, Sendable {
    case missing
    /// For people: "permission denied", "larger than 1048576 bytes".
    case unreadable(String)
}

/// The file system.
public struct LocalFiles: CredentialFiles {
    public init() {}

    public func read(_ path: String, maximumBytes: Int) -> Result<CredentialFile, CredentialFileFault> {
        // Without O_NONBLOCK a FIFO would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        let code = descriptor < 0 ? errno : 0
        guard descriptor >= 0 else {
            guard code == ENOENT || code == ENOTDIR else { return .failure(.unreadable(Self.text(code))) }
            // "~/.aliyun" is a file. Where HOME itself is none ("/dev/null"), nobody has put anything there.
            if code == ENOTDIR, Self.folderIsFile(path) { return .failure(.unreadable("its folder is a file")) }
            // A broken link is not the same as a missing file: a person has put it there.
            return .failure(Self.isLink(path) ? .unreadable("a link to a file that is not there") : .missing)
        }
        defer { close(descriptor) }
        var status = stat()
        let unknown = fstat(descriptor, &status) == 0 ? 0 : errno
        guard unknown == 0 else { return .failure(.unreadable(Self.text(unknown))) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.unreadable("not a regular file")) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let (count, code) = piece.withUnsafeMutableBytes { piece in
                let count = Glibc.read(descriptor, piece.baseAddress, piece.count)
                return (count, count < 0 ? errno : 0)
            }
            if count == 0 { break }
            guard count > 0 else {
                if code == EINTR { continue }
                return .failure(.unreadable(Self.text(code)))
            }
            bytes.append(contentsOf: piece.prefix(count))
            if bytes.count > maximumBytes { return .failure(.unreadable("larger than \(maximumBytes) bytes")) }
        }
        let isOwn = status.st_uid == geteuid() || status.st_uid == 0
        return .success(
            CredentialFile(
                bytes: bytes, isReadableByAll: status.st_mode & S_IROTH != 0,
                isWritableByOthers: !isOwn || status.st_mode & (S_IWGRP | S_IWOTH) != 0))
    }

    /// Whether the path, or the folder that it is in, is a link.
    private static func isLink(_ path: String) -> Bool {
        var folder = path
        while let last = folder.utf8.last, last != UInt8(ascii: "/") { folder.removeLast() }
        while folder.utf8.last == UInt8(ascii: "/") { folder.removeLast() }
        return [path, folder].contains { place in
            var status = stat()
            return lstat(place, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
        }
    }

    /// Whether what should be the folder of a path is there, and is no folder.
    private static func folderIsFile(_ path: String) -> Bool {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return false }
        var status = stat()
        return stat(String(path[..<slash]), &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    static func text(_ code: Int32) -> String {
        switch code {
        case EACCES, EPERM: return "permission denied"
        case EISDIR: return "a folder"
        case ELOOP: return "a circle of links"
        case ENAMETOOLONG: return "the name is too long"
        case EMFILE, ENFILE: return "no descriptor is left"
        default: return "error \(code)"
        }
    }
}
