import CCurl
import Core

/// What a packed body looks like: the facts that `PackedBody` and `PackedStream` share. They decide differently on purpose.
/// A whole answer can be unpacked and looked at, so that it need not be announced as packed. The bytes of a part of an image
/// can be any, so that a stream believes its headers first.
enum PackedForm {
    /// Packed bodies within packed bodies, no deeper than this.
    static let maximumLayers = 4

    /// The codings in the order in which they were put on: whether each is "deflate". What gzip has packed tells itself.
    /// `all`: also those of the transfer, which libcurl does not take off the answer to a submission.
    static func codings(_ headers: HTTPHeaders, all: Bool = false) -> [Bool] {
        var found: [Bool] = []
        for header in all ? ["content-encoding", "transfer-encoding"] : ["content-encoding"] {
            guard let text = headers[header]?.lowercased() else { continue }
            for coding in text.split(separator: ",") {
                let name = coding.drop { $0 == " " || $0 == "\t" }
                if !name.hasPrefix("chunked") { found.append(name.hasPrefix("deflate") || name.hasPrefix("zlib")) }
            }
        }
        return found
    }

    static func isGzip(_ body: [UInt8]) -> Bool { body.starts(with: [0x1F, 0x8B]) }

    /// The head of zlib: method 8, a window of at most 32 KB, no dictionary, and a check of both bytes (RFC 1950, 2.2).
    static func isZlib(_ body: [UInt8]) -> Bool {
        guard body.count > 2 else { return false }
        let (method, flags) = (body[0], body[1])  // safe: there are three
        return method & 0x0F == 8 && method >> 4 <= 7 && flags & 0x20 == 0
            && (UInt16(method) << 8 | UInt16(flags)) % 31 == 0
    }

    /// Whether it begins like what is not packed: an image, its Base64, or an answer in words.
    static func isPlain(_ head: [UInt8]) -> Bool {
        let words: [[UInt8]] = [
            Array("RIFF".utf8), Array("BM".utf8), Array("GIF8".utf8), [0x89, 0x50, 0x4E, 0x47], [0xFF, 0xD8, 0xFF],
            [0xEF, 0xBB, 0xBF], Array("iVBORw".utf8), Array("/9j/".utf8), Array("UklGR".utf8), Array("R0lGOD".utf8),
            Array("data:".utf8),
        ]
        if words.contains(where: { head.starts(with: $0) }) { return true }
        // One byte says little: a text has no control characters either.
        guard let first = head.first, [0x7B, 0x3C, 0x5B, 0x22].contains(first) else { return false }
        return head.prefix(64).allSatisfy { $0 >= 0x20 || [0x09, 0x0A, 0x0D].contains($0) }
    }

    /// Whether the first bytes of something can be unpacked; isWhole: they are all of it.
    static func begins(_ head: [UInt8], isRaw: Bool, isWhole: Bool) -> Bool {
        guard let unpacker = aigcu_unpacker_new(isRaw ? 1 : 0) else { return false }
        defer { aigcu_unpacker_free(unpacker) }
        return head.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { space in
                var rest = bytes[...]
                var all = 0
                // The rest of what makes more than that is as good as its beginning.
                for _ in 0..<8 where !rest.isEmpty {
                    var used = 0
                    var made = 0
                    let input = UnsafeRawBufferPointer(rebasing: rest)
                    let code = aigcu_unpacker_run(
                        unpacker, input.baseAddress, input.count, &used, space.baseAddress, space.count, &made)
                    if code < 0 { return false }
                    if code == 1 { return true }
                    rest = rest.dropFirst(used)
                    all += made  // safe: at most eight pieces
                }
                return all > 0 || !isWhole
            }
        }
    }
}
