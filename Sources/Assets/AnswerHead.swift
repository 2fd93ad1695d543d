internal import Codec
internal import Core

/// The facts about an object in the head of its answer. Every field is checked: a malformed field counts as
/// absent.
struct AnswerHead: Equatable, Sendable {
    struct ContentRange: Equatable, Sendable {
        /// nil in "bytes */N".
        var first: Int64?
        var last: Int64?
        /// nil in "bytes a-b/*".
        var total: Int64?
    }

    /// Of this answer's body; -1 if unknown.
    var length: Int64 = -1
    var range: ContentRange?
    /// The value for If-Range: a strong ETag, or else a Last-Modified that is one (RFC 9110, 13.1.5). Nil beside a weak ETag:
    /// the server itself says that other bytes may have the same ETag, and most formats would not show where they were
    /// joined.
    var validator: String?
    /// What is not sent and is compared all the same: the date beside a strong ETag.
    var beside: String?
    var crc64: UInt64?
    /// Whether the body is compressed: its length, checksum and offsets are then not those of the image.
    var isEncoded = false
    /// Whether a length says where the body ends, of whatever the body is.
    var isDelimited = false
    private var tag: String?
    /// Two tags that differ say nothing.
    private var isTwofold = false
    private var date: String?

    init(_ headers: HTTPHeaders) {
        range = headers.agreed("content-range").flatMap(Self.contentRange)
        tag = headers["etag"]
        isTwofold = tag != nil && headers.agreed("etag") == nil
        date = headers["last-modified"]
        let bodyLength = headers["content-length"].flatMap(Self.number)
        isDelimited = bodyLength != nil
        if let coding = headers["content-encoding"], coding.lowercased() != "identity", !coding.isEmpty {
            isEncoded = true
            return
        }
        length = bodyLength ?? -1
        guard !isTwofold else { return }
        let strong = tag.flatMap(Self.strongTag)
        validator = strong ?? (tag.map(Self.isWeak) == true ? nil : Self.strongDate(headers))
        beside = strong == nil ? nil : date.flatMap(Self.date)
        let crc = headers["x-cos-hash-crc64ecma"] ?? headers["x-oss-hash-crc64ecma"]
        crc64 = crc.flatMap { Self.digits($0.utf8) ? UInt64($0) : nil }
    }

    /// Whether this answer is of another object than the one of a validator. A tag is only compared with a tag; a weak one
    /// is the same as none. A date alone says little, so that it must be repeated.
    func contradicts(_ validator: String) -> Bool {
        guard validator.utf8.first == UInt8(ascii: "\"") else {
            return !(date?.isSame(as: validator) ?? false) || tag.map(Self.isWeak) == true
        }
        guard let tag else { return false }
        return !tag.isSame(as: validator)
    }

    /// Whether the answer with the rest says that the object is the one of a validator. A server repeats the tag there
    /// (RFC 9110, 15.3.7); one that does not may have ignored If-Range, and only the date can speak for it.
    func confirms(_ validator: String, beside: String?) -> Bool {
        guard validator.utf8.first == UInt8(ascii: "\""), !isTwofold else { return !isTwofold }
        guard tag == nil else { return true }
        return beside.map { date?.isSame(as: $0) == true } ?? false
    }

    /// The same of what stands beside the validator. Where a tag says that the object is the same, its date does not count.
    func contradicts(beside: String) -> Bool {
        tag == nil && date.map { !$0.isSame(as: beside) } ?? false
    }

    static func isBeside(_ text: String) -> Bool { date(text) != nil }

    private static func isWeak(_ tag: String) -> Bool {
        let bytes = tag.utf8
        return bytes.first.map(ASCIIText.lower) == UInt8(ascii: "w") && bytes.dropFirst().first == UInt8(ascii: "/")
    }

    /// A validator in a form for headers and notes: no control characters, one of the two forms.
    static func isValidator(_ text: String) -> Bool { strongTag(text) != nil || date(text) != nil }

    private static func strongTag(_ text: String) -> String? {
        let bytes = text.utf8
        // "" is what some proxies give every object.
        guard (3...256).contains(bytes.count), bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"")
        else { return nil }
        for byte in bytes.dropFirst().dropLast() where byte < 0x21 || byte == 0x22 || byte > 0x7E { return nil }
        return text
    }

    /// A date counts seconds: an object that was written again in the second of its answer keeps it, and without the answer's
    /// own date nobody can know (RFC 9110, 8.8.2.2).
    private static func strongDate(_ headers: HTTPHeaders) -> String? {
        guard let text = headers["last-modified"].flatMap(date) else { return nil }
        guard let answered = headers["date"].flatMap(DateText.parseHTTPDate),
            let modified = DateText.parseHTTPDate(text)
        else { return nil }
        return answered > modified ? text : nil
    }

    private static func date(_ text: String) -> String? {
        let bytes = text.utf8
        guard (20...40).contains(bytes.count) else { return nil }
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20, 0x2C, 0x3A, 0x2D: continue
            default: return nil
            }
        }
        return text
    }

    private static func contentRange(_ text: String) -> ContentRange? {
        let lower = text.lowercased()
        guard lower.hasPrefix("bytes ") else { return nil }
        let parts = lower.dropFirst(6).split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 2, let left = parts.first, let right = parts.last else { return nil }
        let total = right == "*" ? nil : number(right)
        if right != "*", total == nil { return nil }
        if left == "*" { return ContentRange(first: nil, last: nil, total: total) }
        let ends = left.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard ends.count == 2, let first = ends.first.flatMap(number), let last = ends.last.flatMap(number),
            first <= last, total.map({ last < $0 }) ?? true
        else { return nil }
        return ContentRange(first: first, last: last, total: total)
    }

    private static func number(_ text: some StringProtocol) -> Int64? { digits(text.utf8) ? Int64(text) : nil }

    private static func digits(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
}
