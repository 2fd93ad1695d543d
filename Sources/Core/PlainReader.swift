/// Reads a text as the letters and digits in it, in lower case, whatever way it is written: percent-encoded, with escapes
/// of JSON, C or HTML, each within each, with blanks and signs between.
struct PlainReader {
    private let bytes: UnsafeRawBufferPointer
    /// The place behind the last character that was read, and the place where this character began.
    private(set) var at = 0
    private(set) var start = 0

    /// Escapes within escapes, no deeper than this: the cost of a character is bounded.
    private static let layers = 3

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> UInt8? {
        while at < bytes.count {
            start = at
            let byte = bytes[at]  // safe: at < count
            at += 1
            if let plain = Self.folded(byte) { return plain }
            guard Self.begins(byte), let found = unit(start, Self.layers) else { continue }
            at = found.end
            if let plain = Self.folded(found.value) { return plain }
        }
        return nil
    }

    /// A letter in lower case, a digit, or a byte of a character that is not ASCII; nil for a sign.
    static func folded(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x80...0xFF: return byte
        case 0x41...0x5A: return byte | 0x20
        default: return nil
        }
    }

    private static let percentSign = UInt8(ascii: "%")
    private static let backslash = UInt8(ascii: "\\")
    private static let ampersand = UInt8(ascii: "&")
    /// What stands for a sign, and for a character that is not ASCII.
    private static let sign = UInt8(ascii: " ")

    private static func begins(_ byte: UInt8) -> Bool {
        byte == percentSign || byte == backslash || byte == ampersand
    }

    private typealias Unit = (value: UInt8, end: Int)

    /// The character at a place when so many layers of escapes are taken off; nil at the end of the text.
    private func unit(_ place: Int, _ layers: Int) -> Unit? {
        guard place < bytes.count else { return nil }
        let byte = bytes[place]  // safe: checked
        guard layers > 0, Self.begins(byte), let first = unit(place, layers - 1) else { return (byte, place + 1) }
        switch first.value {
        case Self.percentSign: return percent(first.end, layers - 1) ?? first
        case Self.backslash: return escape(first.end, layers - 1) ?? first
        case Self.ampersand: return entity(first.end, layers - 1) ?? first
        default: return first
        }
    }

    /// Behind a "%": "2f", "u002f".
    private func percent(_ place: Int, _ layers: Int) -> Unit? {
        if let found = number(place, 2...2, 16, layers) { return (UInt8(truncatingIfNeeded: found.value), found.end) }
        guard let mark = unit(place, layers), mark.value == UInt8(ascii: "u") else { return nil }
        return number(mark.end, 4...4, 16, layers).map(Self.character)
    }

    /// Behind a backslash. Several backslashes ("\\\\n" in JSON inside JSON) count as one.
    private func escape(_ place: Int, _ layers: Int) -> Unit? {
        var place = place
        while let next = unit(place, layers), next.value == Self.backslash { place = next.end }
        guard let mark = unit(place, layers) else { return (Self.backslash, place) }
        switch mark.value {
        case UInt8(ascii: "u"):
            if let brace = unit(mark.end, layers), brace.value == UInt8(ascii: "{"),
                let found = number(brace.end, 1...8, 16, layers), let end = unit(found.end, layers),
                end.value == UInt8(ascii: "}")
            {
                return Self.character((found.value, end.end))
            }
            if let found = number(mark.end, 4...4, 16, layers) { return Self.character(found) }
        case UInt8(ascii: "U"): if let found = number(mark.end, 8...8, 16, layers) { return Self.character(found) }
        case UInt8(ascii: "x"):
            if let found = number(mark.end, 2...2, 16, layers) {
                return (UInt8(truncatingIfNeeded: found.value), found.end)
            }
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): return (Self.sign, mark.end)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            if let found = number(place, 3...3, 8, layers) { return Self.character(found) }
        default: break
        }
        return (Self.backslash, place)
    }

    /// Behind an "&": "#47;", "#x2f;", "amp;", the numbers also without the ";". Anything else is text.
    private func entity(_ place: Int, _ layers: Int) -> Unit? {
        guard let first = unit(place, layers) else { return nil }
        guard first.value == UInt8(ascii: "#") else { return name(place, layers) }
        var found = number(first.end, 1...8, 10, layers)
        if found == nil, let mark = unit(first.end, layers), mark.value | 0x20 == UInt8(ascii: "x") {
            found = number(mark.end, 1...8, 16, layers)
        }
        guard let found else { return nil }
        let end = unit(found.end, layers)
        return Self.character((found.value, end?.value == UInt8(ascii: ";") ? end?.end ?? found.end : found.end))
    }

    /// The name of an entity: one that is no "&" is a sign.
    private func name(_ place: Int, _ layers: Int) -> Unit? {
        var place = place
        var letters: UInt64 = 0
        for count in 0..<8 {
            guard let next = unit(place, layers) else { return nil }
            place = next.end
            if next.value == UInt8(ascii: ";") {
                guard count > 0 else { return nil }
                return (letters == 0x61_6D70 ? Self.ampersand : Self.sign, place)  // "amp"
            }
            guard (0x61...0x7A).contains(next.value) else { return nil }
            letters = letters << 8 | UInt64(next.value)
        }
        return nil
    }

    private static func character(_ found: (value: UInt32, end: Int)) -> Unit {
        (found.value < 0x80 ? UInt8(found.value) : sign, found.end)
    }

    /// So many digits, not one more than there may be.
    private func number(
        _ place: Int, _ counts: ClosedRange<Int>, _ base: UInt32, _ layers: Int
    ) -> (value: UInt32, end: Int)? {
        var value: UInt32 = 0
        var place = place
        var count = 0
        while count < counts.upperBound, let next = unit(place, layers),
            let digit = Hex.value(next.value).map(UInt32.init),
            digit < base
        {
            value = value &* base &+ digit
            place = next.end
            count += 1
        }
        return count < counts.lowerBound ? nil : (value, place)
    }
}
