internal import CCrypto
internal import Core
internal import Glibc

/// The names that belong to a target path.
struct FilePlace: Sendable {
    /// As `open` takes it, and in front of the file's name for the caller: it ends in "/".
    let prefix: String
    /// Without ".*".
    let name: String
    /// The real extension is to be appended.
    let isOpen: Bool
    let part: String
    let note: String
    /// SHA-256 of identity and name; empty if the caller gave no identity.
    let identity: String

    /// Judges the form. A relative path starts at the working folder of now: the host may have another one when the file
    /// is opened.
    init(path given: String, identity: String) throws(Failure) {
        let shown = FileFailure.shown(given)
        guard !given.isEmpty, !given.utf8.contains(0) else {
            throw Failure(.invalidArgument, "Download path '\(shown)': it must be the path of a file", field: "path")
        }
        let path = try Self.absolute(given)
        let bytes = Array(path.utf8)
        let cut = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        prefix = String(decoding: bytes[..<cut], as: UTF8.self)
        let last = String(decoding: bytes[cut...], as: UTF8.self)
        isOpen = last.hasSuffix(".*")
        name = isOpen ? String(last.dropLast(2)) : last
        guard !name.isEmpty, name != ".", name != ".." else {
            throw Failure(
                .invalidArgument, "Download path '\(shown)': it ends without the name of a file; append one",
                field: "path")
        }
        guard let hex = identity.isEmpty ? Self.random() : Self.sha256("\(identity)\0\(last)") else {
            throw Failure(.internal, "Download path '\(shown)': libcrypto computes no SHA-256; check its configuration")
        }
        self.identity = identity.isEmpty ? "" : hex
        // ".", ten digits, ".part" and ".info" must fit behind it.
        part = "\(Self.shortened(name, to: 255 - 21)).\(hex.prefix(10)).part"
        note = part + ".info"
    }

    private static func absolute(_ path: String) throws(Failure) -> String {
        if path.utf8.first == UInt8(ascii: "/") { return path }
        guard let text = getcwd(nil, 0) else {
            throw FileFailure.make("finding the working folder for", path, error: errno)
        }
        defer { free(text) }
        // A name that is not UTF-8 is no String: such a folder is found when the file is opened.
        guard let folder = String(validatingCString: text) else { return "./" + path }
        guard folder.utf8.first == UInt8(ascii: "/") else {
            throw FileFailure.make("finding the working folder for", path, error: ENOENT)
        }
        return folder + (folder.utf8.last == UInt8(ascii: "/") ? "" : "/") + path
    }

    func fileName(_ format: ImageFormat) -> String { isOpen ? "\(name).\(format.fileExtension)" : name }

    /// 64 hexadecimal digits; nil if libcrypto cannot.
    static func sha256(_ text: String) -> String? {
        var digest = [UInt8](repeating: 0, count: Int(AIGCC_MAX_DIGEST))
        let bytes = Array(text.utf8)
        return aigcc_digest(AIGCC_SHA256, bytes, bytes.count, &digest) == 0 ? Hex.lowerText(digest) : nil
    }

    private static func random() -> String? {
        var digest = [UInt8](repeating: 0, count: Int(AIGCC_MAX_DIGEST))
        return aigcc_random(&digest, digest.count) == 0 ? Hex.lowerText(digest) : nil
    }

    /// At a character's border.
    private static func shortened(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var short = text.unicodeScalars.prefix(limit)
        while String(short).utf8.count > limit { short = short.dropLast() }
        return String(short)
    }
}
