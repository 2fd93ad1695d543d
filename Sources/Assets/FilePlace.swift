internal import CCrypto
internal import Core

/// The names that belong to a target path.
struct FilePlace: Sendable {
    /// As `open` takes it.
    let folder: String
    /// What the caller sees in front of the file's name: empty or ending in "/".
    let prefix: String
    /// Without ".*".
    let name: String
    /// The real extension is to be appended.
    let isOpen: Bool
    let part: String
    let note: String
    /// SHA-256 of identity and name; empty if the caller gave no identity.
    let identity: String

    /// Only judges the form.
    init(path: String, identity given: String) throws(Failure) {
        let shown = FileFailure.shown(path)
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw Failure(.invalidArgument, "Download path '\(shown)': it must be the path of a file", field: "path")
        }
        let bytes = Array(path.utf8)
        let cut = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        prefix = String(decoding: bytes[..<cut], as: UTF8.self)
        folder = prefix.isEmpty ? "." : prefix
        let last = String(decoding: bytes[cut...], as: UTF8.self)
        isOpen = last.hasSuffix(".*")
        name = isOpen ? String(last.dropLast(2)) : last
        guard !name.isEmpty, name != ".", name != ".." else {
            throw Failure(
                .invalidArgument, "Download path '\(shown)': it ends without the name of a file; append one",
                field: "path")
        }
        guard let hex = given.isEmpty ? Self.random() : Self.sha256("\(given)\0\(last)") else {
            throw Failure(.internal, "Download path '\(shown)': libcrypto computes no SHA-256; check its configuration")
        }
        identity = given.isEmpty ? "" : hex
        // ".", ten digits, ".part" and ".info" must fit behind it.
        part = "\(Self.shortened(name, to: 255 - 21)).\(hex.prefix(10)).part"
        note = part + ".info"
    }

    func fileName(_ format: ImageFormat) -> String { isOpen ? "\(name).\(format.fileExtension)" : name }

    /// 64 hexadecimal digits; nil if libcrypto cannot.
    static func sha256(_ text: String) -> String? {
        var digest = [UInt8](repeating: 0, count: Int(AIGCC_MAX_DIGEST))
        let bytes = Array(text.utf8)
        return aigcc_digest(AIGCC_SHA256, bytes, bytes.count, &digest) == 0 ? hexadecimal(digest) : nil
    }

    private static func random() -> String? {
        var digest = [UInt8](repeating: 0, count: Int(AIGCC_MAX_DIGEST))
        return aigcc_random(&digest, digest.count) == 0 ? hexadecimal(digest) : nil
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }  // safe: half a byte
        return String(decoding: text, as: UTF8.self)
    }

    /// At a character's border.
    private static func shortened(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var short = text.unicodeScalars.prefix(limit)
        while String(short).utf8.count > limit { short = short.dropLast() }
        return String(short)
    }
}
