internal import CAssets

/// What lies beside a .part file so that another process can continue it: no URL, no secret. Strict text with a
/// checksum; anything unexpected means that there is no note.
struct ResumeNote: Equatable, Sendable {
    /// SHA-256 of the identity and the file name, 64 hexadecimal digits.
    var identity: String
    /// SHA-256 of the object that the bytes are of (`AssetSink.aim`), 64 hexadecimal digits; "-" if nobody said. A job's
    /// image can move to another URL, and a redirect can lead elsewhere the next time.
    var object: String
    /// A strong ETag or a Last-Modified.
    var validator: String
    /// What stood beside the validator (`AnswerHead.beside`); nil: nothing.
    var beside: String?
    /// -1 if unknown.
    var total: Int64
    var crc64: UInt64?
    var format: ImageFormat
    /// Which start of the machine wrote it: what was not flushed to the disk before a crash of the machine may be
    /// missing inside the file.
    var boot: String

    static let maximumLength = 1024
    static let unknownObject = "-"
    private static let title = "libaigc-part 3"

    func encoded() -> [UInt8] {
        let lines = [
            Self.title, identity, object, validator, beside ?? "-", String(total), crc64.map { String($0) } ?? "-",
            format.rawValue, boot,
        ]
        var bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        let crc = aigca_crc64(0, bytes, bytes.count)
        bytes += Array("\(crc)\n".utf8)
        return bytes
    }

    init(
        identity: String, object: String, validator: String, beside: String?, total: Int64, crc64: UInt64?,
        format: ImageFormat, boot: String
    ) {
        self.identity = identity
        self.object = object
        self.validator = validator
        self.beside = beside
        self.total = total
        self.crc64 = crc64
        self.format = format
        self.boot = boot
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maximumLength, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        guard lines.count == 11, let format = ImageFormat(rawValue: lines[7]), let total = Int64(lines[5]), total >= -1
        else { return nil }
        self.init(
            identity: lines[1], object: lines[2], validator: lines[3], beside: lines[4] == "-" ? nil : lines[4],
            total: total, crc64: UInt64(lines[6]), format: format, boot: lines[8])
        // The same fields give the same bytes, title and checksum included.
        guard AnswerHead.isValidator(validator), beside.map(AnswerHead.isBeside) ?? true, encoded() == bytes else {
            return nil
        }
    }
}
