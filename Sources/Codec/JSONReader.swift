internal import Core

/// Reads the plain JSON that the clouds send, without jansson: a sixth of what such an answer costs otherwise (26,400 against
/// 4,200 instructions for a Tencent status, measured). It judges nothing: whatever is not plainly right, or not plain
/// (`\u`, exponents, odd or long numbers, equal names, deep nesting), gives nil, and others have the last word. What it does
/// read is what jansson reads, which a test holds for every fixture and for damaged ones.
struct JSONReader {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0
    /// How many values more this reader takes.
    private var left = JSONValue.mostValuesKept

    /// Deeper texts are jansson's: this one recurses once a level too.
    private static let maximumDepth = 16
    /// Names are compared each with each.
    private static let maximumMembers = 32

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The value of a whole text; nil is no verdict.
    static func read(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) -> JSONValue? {
        var reader = JSONReader(bytes)
        reader.skipBlanks()
        guard let value = reader.value(min(maximumDepth, Self.maximumDepth)) else { return nil }
        reader.skipBlanks()
        return reader.at == bytes.count ? value : nil
    }

    // Below, `at` only grows, and every access to a byte at `at` stands behind a check against the count.

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }  // safe: at < count

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        at += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - at >= count else { return false }
        for index in 0..<count where bytes[at + index] != word.utf8Start[index] { return false }  // safe: checked above
        at += count
        return true
    }

    private mutating func value(_ depth: Int) -> JSONValue? {
        left -= 1
        if left < 0 { return nil }
        switch next {
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "{"): return depth > 0 ? object(depth - 1) : nil
        case UInt8(ascii: "["): return depth > 0 ? array(depth - 1) : nil
        case UInt8(ascii: "t"): return take(word: "true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take(word: "false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return take(word: "null") ? .null : nil
        default: return number()
        }
    }

    private mutating func object(_ depth: Int) -> JSONValue? {
        at += 1
        var members: [JSONMember] = []
        skipBlanks()
        if take(UInt8(ascii: "}")) { return .object(members) }
        members.reserveCapacity(8)
        while members.count < Self.maximumMembers {
            guard next == UInt8(ascii: "\""), let name = string() else { return nil }
            for member in members where member.name.isSame(as: name) { return nil }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { return nil }
            skipBlanks()
            guard let value = value(depth) else { return nil }
            members.append(JSONMember(name, value))
            skipBlanks()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { return nil }
            skipBlanks()
        }
        return nil
    }

    private mutating func array(_ depth: Int) -> JSONValue? {
        at += 1
        var values: [JSONValue] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            guard let value = value(depth) else { return nil }
            values.append(value)
            skipBlanks()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { return nil }
            skipBlanks()
        }
    }

    private mutating func string() -> String? {
        at += 1
        let start = at
        var seen: UInt8 = 0
        at += ByteScan.plainJSON(bytes, from: at, seen: &seen)
        while at < bytes.count {
            let byte = bytes[at]  // safe: at < count
            if byte == UInt8(ascii: "\"") {
                let text = UnsafeRawBufferPointer(rebasing: bytes[start..<at])
                at += 1
                return seen < 0x80 ? String(decoding: text, as: UTF8.self) : String(validating: text, as: UTF8.self)
            }
            if byte < 0x20 { return nil }
            if byte == UInt8(ascii: "\\") { return escapedString(start) }
            seen |= byte
            at += 1
        }
        return nil
    }

    /// The same for a text with escapes, from its start.
    private mutating func escapedString(_ start: Int) -> String? {
        var text = Array(bytes[start..<at])
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case 0..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard let escaped = next, let meant = Self.meaning(of: escaped) else { return nil }
                at += 1
                text.append(meant)
            default: text.append(byte)
            }
        }
        return nil
    }

    static func meaning(of escaped: UInt8) -> UInt8? {
        switch escaped {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return escaped
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        default: return nil
        }
    }

    /// At most fifteen digits, so that integers cannot overflow and a quotient by a power of ten is rounded once.
    private mutating func number() -> JSONValue? {
        let isNegative = take(UInt8(ascii: "-"))
        var whole: Int64 = 0
        let first = at
        while let byte = next, byte &- 0x30 < 10 {
            guard at - first < 15 else { return nil }
            whole = whole * 10 + Int64(byte - 0x30)  // safe: at most fifteen digits
            at += 1
        }
        // No digit, a leading zero, or minus zero.
        guard at > first, bytes[first] != 0x30 || at == first + 1, !isNegative || whole != 0 else { return nil }
        let digits = at - first
        guard let byte = next else { return .int(isNegative ? -whole : whole) }
        switch byte {
        case UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
        case UInt8(ascii: "."): break
        default: return .int(isNegative ? -whole : whole)
        }
        at += 1
        var power = 1.0
        let point = at
        while let byte = next, byte &- 0x30 < 10 {
            guard digits + at - point < 15 else { return nil }
            whole = whole * 10 + Int64(byte - 0x30)  // safe: at most fifteen digits
            power *= 10
            at += 1
        }
        guard at > point, next != UInt8(ascii: "e"), next != UInt8(ascii: "E") else { return nil }
        let value = Double(whole) / power
        // What would be written in another form (1.50, 0.00001) is left to the other reader.
        let endsInZero = bytes[at - 1] == 0x30  // safe: at > point
        let isOneDigit = at == point + 1
        guard !endsInZero || isOneDigit, value >= 1e-4 || whole == 0 && isOneDigit else { return nil }
        return .double(isNegative ? -value : value)
    }
}
