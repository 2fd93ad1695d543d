internal import CAssets
internal import Core

/// Decodes Base64 text that comes in pieces, optionally the inside of a JSON string with its escapes. Blanks and line
/// ends are skipped, padding may be missing, the URL-safe alphabet is accepted; anything else is an error that stays.
struct Base64Decoder: Sendable {
    private(set) var failure: String?
    /// The closing quote has been seen.
    private(set) var isClosed = false

    private let isQuoted: Bool
    private var group: UInt32 = 0
    private var groupCount = 0
    private var padding = 0
    private var escape = Escape.none

    private enum Escape: Equatable, Sendable {
        case none
        case backslash
        case unicode(digits: Int, value: UInt32)
    }

    init(isQuoted: Bool) { self.isQuoted = isQuoted }

    /// Room that `decode` needs for so many characters.
    static func room(for count: Int) -> Int { count / 4 * 3 + 6 }

    /// Decodes all of `text` into `out`, which holds `room(for: text.count)` bytes. Returns the bytes written.
    mutating func decode(_ text: UnsafeRawBufferPointer, into out: UnsafeMutableRawPointer) -> Int {
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
        var written = 0
        var position = 0
        while position < text.count, failure == nil {
            if groupCount == 0, padding == 0, escape == .none, !isClosed {
                let target = (out + written).assumingMemoryBound(to: UInt8.self)
                let done = aigca_base64_run(start + position, text.count - position, target)
                position += done
                written += done / 4 * 3
                if position == text.count { break }
            }
            // One group by hand: blanks, escapes, padding, the end, or a group that is cut by the end of the piece.
            repeat {
                written += take(text[position], out + written)
                position += 1
            } while position < text.count && failure == nil
                && (groupCount != 0 || escape != .none || Self.isBlank(text[position]))
        }
        return written
    }

    /// Ends the text: writes the 0 to 2 bytes of a group without padding to `out`.
    mutating func finish(into out: UnsafeMutableRawPointer) -> Int {
        guard failure == nil else { return 0 }
        if isQuoted, !isClosed {
            failure = "the quoted text is not closed"
            return 0
        }
        switch (groupCount, padding) {
        case (0, _), (2, 0), (3, 0): break
        default:
            failure = "its length is no Base64 length"
            return 0
        }
        return flushPartial(out)
    }

    private mutating func take(_ byte: UInt8, _ out: UnsafeMutableRawPointer) -> Int {
        if isClosed {
            if !Self.isBlank(byte) { failure = "something follows the closing quote" }
            return 0
        }
        switch escape {
        case .none: break
        case .backslash:
            escape = .none
            switch byte {
            case UInt8(ascii: "/"): return character(byte, out)
            case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): break
            case UInt8(ascii: "u"): escape = .unicode(digits: 0, value: 0)
            default: failure = "an escape in it stands for no Base64 character"
            }
            return 0
        case .unicode(let digits, let value):
            guard let digit = Hex.value(byte).map(UInt32.init) else {
                failure = "an escape in it is damaged"
                return 0
            }
            let next = value << 4 | digit
            guard digits == 3 else {
                escape = .unicode(digits: digits + 1, value: next)
                return 0
            }
            escape = .none
            guard next < 0x80, let plain = UInt8(exactly: next) else {
                failure = "an escape in it stands for no Base64 character"
                return 0
            }
            return character(plain, out)
        }
        if isQuoted, byte == UInt8(ascii: "\\") {
            escape = .backslash
            return 0
        }
        if isQuoted, byte == UInt8(ascii: "\"") {
            isClosed = true
            return 0
        }
        return character(byte, out)
    }

    private mutating func character(_ byte: UInt8, _ out: UnsafeMutableRawPointer) -> Int {
        if Self.isBlank(byte) { return 0 }
        if byte == UInt8(ascii: "=") {
            padding += 1
            // A group of two characters takes two, one of three takes one.
            if groupCount < 2 && padding == 1 || padding > 2 { failure = "its padding is misplaced" }
            guard groupCount + padding == 4, failure == nil else { return 0 }
            padding = 2  // nothing may follow, another "=" neither
            return flushPartial(out)
        }
        guard padding == 0 else {
            failure = "something follows its padding"
            return 0
        }
        guard let value = Self.value(byte) else {
            failure = "it holds a byte that is no Base64 character"
            return 0
        }
        group = group << 6 | value
        groupCount += 1
        guard groupCount == 4 else { return 0 }
        out.storeBytes(of: UInt8(truncatingIfNeeded: group >> 16), as: UInt8.self)
        out.storeBytes(of: UInt8(truncatingIfNeeded: group >> 8), toByteOffset: 1, as: UInt8.self)
        out.storeBytes(of: UInt8(truncatingIfNeeded: group), toByteOffset: 2, as: UInt8.self)
        group = 0
        groupCount = 0
        return 3
    }

    /// The one or two bytes of a group of two or three characters.
    private mutating func flushPartial(_ out: UnsafeMutableRawPointer) -> Int {
        defer {
            group = 0
            groupCount = 0
        }
        switch groupCount {
        case 2:
            out.storeBytes(of: UInt8(truncatingIfNeeded: group >> 4), as: UInt8.self)
            return 1
        case 3:
            out.storeBytes(of: UInt8(truncatingIfNeeded: group >> 10), as: UInt8.self)
            out.storeBytes(of: UInt8(truncatingIfNeeded: group >> 2), toByteOffset: 1, as: UInt8.self)
            return 2
        default: return 0
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: return UInt32(byte) - 0x41
        case 0x61...0x7A: return UInt32(byte) - 0x61 + 26
        case 0x30...0x39: return UInt32(byte) - 0x30 + 52
        case 0x2B, 0x2D: return 62
        case 0x2F, 0x5F: return 63
        default: return nil
        }
    }
}
