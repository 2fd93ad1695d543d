/// Reads text eight bytes at a time: most text on the path of a call is short and clean.
public enum ByteScan {
    @usableFromInline static let ones: UInt64 = 0x0101_0101_0101_0101
    @usableFromInline static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Not 0 if one of the bytes is `byte`; the lowest bit that is set is the first one's.
    @inlinable static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let other = word ^ (ones &* UInt64(byte))
        return (other &- ones) & ~other & tops
    }

    /// Not 0 if one of the bytes is below `limit`, which is at most 128.
    @inlinable static func below(_ word: UInt64, _ limit: UInt8) -> UInt64 {
        (word &- ones &* UInt64(limit)) & ~word & tops
    }

    /// Whether no byte is a control character: below 0x20, or 0x7F.
    @inlinable public static func hasNoControls(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while bytes.count - at >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)  // safe: eight are left
            if below(word, 0x20) | equal(word, 0x7F) != 0 { return false }
            at += 8
        }
        while at < bytes.count {
            if bytes[at] < 0x20 || bytes[at] == 0x7F { return false }  // safe: at < count
            at += 1
        }
        return true
    }

    /// Whether two pieces of equal length hold the same bytes.
    @inlinable public static func isSame(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count else { return false }
        var at = 0
        while a.count - at >= 8 {
            if !isSame(a, b, eightFrom: at) { return false }
            at += 8
        }
        if at == a.count { return true }
        // The last eight overlap with those before.
        if at > 0 { return isSame(a, b, eightFrom: a.count - 8) }
        while at < a.count {
            if a[at] != b[at] { return false }  // safe: at < count
            at += 1
        }
        return true
    }

    /// Both have at least eight bytes more.
    @inlinable static func isSame(
        _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, eightFrom at: Int
    ) -> Bool {
        a.loadUnaligned(fromByteOffset: at, as: UInt64.self) == b.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    }

    /// Whether every byte is a visible character of ASCII, and neither `a` nor `b`.
    @inlinable public static func isVisible(_ bytes: UnsafeRawBufferPointer, without a: UInt8, _ b: UInt8) -> Bool {
        var at = 0
        while bytes.count - at >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)  // safe: eight are left
            if below(word, 0x21) | equal(word, 0x7F) | equal(word, a) | equal(word, b) | word & tops != 0 {
                return false
            }
            at += 8
        }
        while at < bytes.count {
            let byte = bytes[at]  // safe: at < count
            if byte < 0x21 || byte >= 0x7F || byte == a || byte == b { return false }
            at += 1
        }
        return true
    }

    /// Whether every byte is a visible character of ASCII or a blank.
    @inlinable public static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while bytes.count - at >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)  // safe: eight are left
            if below(word, 0x20) | equal(word, 0x7F) | word & tops != 0 { return false }
            at += 8
        }
        while at < bytes.count {
            if bytes[at] < 0x20 || bytes[at] >= 0x7F { return false }  // safe: at < count
            at += 1
        }
        return true
    }

    /// Whether the bytes are the same, without the case of A to Z.
    public static func isSameInAnyCase(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count else { return false }
        for at in 0..<a.count where !isSameLetter(a[at], b[at]) { return false }  // safe: at < count
        return true
    }

    @inlinable static func isSameLetter(_ a: UInt8, _ b: UInt8) -> Bool {
        a == b || a & 0xDF == b & 0xDF && a & 0xDF >= 65 && a & 0xDF <= 90
    }

    /// The first index of a byte, from an index on; the count if there is none.
    @inlinable public static func index(of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while bytes.count - at >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))  // safe: as above
            let found = equal(word, byte)
            if found != 0 { return at + found.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < bytes.count, bytes[at] != byte { at += 1 }  // safe: at < count
        return at
    }

    /// How many bytes from an index on, in steps of eight, are no quote, no backslash and no control character below 0x20:
    /// text that stands in JSON as it is. `seen` collects their bits.
    @inlinable public static func plainJSON(
        _ bytes: UnsafeRawBufferPointer, from start: Int, seen: inout UInt8
    ) -> Int {
        var at = start
        var bits: UInt64 = 0
        while bytes.count - at >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)  // safe: as above
            if below(word, 0x20) | equal(word, UInt8(ascii: "\"")) | equal(word, UInt8(ascii: "\\")) != 0 { break }
            bits |= word
            at += 8
        }
        if bits & tops != 0 { seen |= 0x80 }
        return at - start
    }
}
