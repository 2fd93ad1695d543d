internal import Core

// Texts, numbers, true and false.
extension TOMLParser {
    // MARK: - Texts

    mutating func basic() throws(TOMLError) -> String {
        let start = at
        at += 1
        var text: [UInt8] = []
        while let byte = next {
            if byte == UInt8(ascii: "\"") {
                at += 1
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                text += try escape()
                continue
            }
            if byte == newline || byte == UInt8(ascii: "\r") { break }
            guard !isControl(byte) else { throw wrong("a text has a control character; write it as \\u00XX") }
            text.append(byte)
            at += 1
        }
        throw wrong("the text has no end: a \" is missing in its line", at: start)
    }

    mutating func literal() throws(TOMLError) -> String {
        let start = at
        at += 1
        while let byte = next, byte != newline, byte != UInt8(ascii: "\r") {
            if byte == UInt8(ascii: "'") {
                at += 1
                return String(decoding: bytes[(start + 1)..<(at - 1)], as: UTF8.self)
            }
            guard !isControl(byte) else { throw wrong("a text has a control character; remove it") }
            at += 1
        }
        throw wrong("the text has no end: a ' is missing in its line", at: start)
    }

    mutating func longBasic() throws(TOMLError) -> String {
        let start = at
        at += 3
        _ = skipNewline()
        var text: [UInt8] = []
        while let byte = next {
            if byte == UInt8(ascii: "\""), let quotes = closing(byte) {
                text += [UInt8](repeating: byte, count: quotes)
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                if try skipFold() { continue }
                text += try escape()
                continue
            }
            text += try character(byte)
        }
        throw wrong("the text has no end: \"\"\" is missing", at: start)
    }

    mutating func longLiteral() throws(TOMLError) -> String {
        let start = at
        at += 3
        _ = skipNewline()
        var text: [UInt8] = []
        while let byte = next {
            if byte == UInt8(ascii: "'"), let quotes = closing(byte) {
                text += [UInt8](repeating: byte, count: quotes)
                return String(decoding: text, as: UTF8.self)
            }
            text += try character(byte)
        }
        throw wrong("the text has no end: ''' is missing", at: start)
    }

    /// A character of a text of several lines; every end of a line is one "\n".
    mutating func character(_ byte: UInt8) throws(TOMLError) -> [UInt8] {
        if skipNewline() { return [newline] }
        guard !isControl(byte) else { throw wrong("a text has a control character; remove it") }
        at += 1
        return [byte]
    }

    /// Past the three quotes that end a text, and how many quotes before them belong to it (at most two); nil where the
    /// text continues.
    mutating func closing(_ quote: UInt8) -> Int? {
        var count = 0
        while count < 5, byte(at + count) == quote { count += 1 }
        guard count >= 3 else { return nil }
        at += count
        return count - 3
    }

    /// Past a "\" at the end of a line and the blanks and lines behind it.
    mutating func skipFold() throws(TOMLError) -> Bool {
        let before = at
        at += 1
        skipBlanks()
        guard skipNewline() else {
            at = before
            return false
        }
        repeat { skipBlanks() } while skipNewline()
        return true
    }

    mutating func escape() throws(TOMLError) -> [UInt8] {
        let start = at
        at += 1
        let letter = next
        at += 1
        switch letter {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "\""): return [0x22]
        case UInt8(ascii: "\\"): return [0x5C]
        case UInt8(ascii: "u"): return try scalar(digits: 4, start)
        case UInt8(ascii: "U"): return try scalar(digits: 8, start)
        default:
            throw wrong(
                "a \"\\\" begins an escape that TOML does not have; write \\\\ for one \"\\\", or put the text into "
                    + "single quotes",
                at: start)
        }
    }

    mutating func scalar(digits: Int, _ start: Int) throws(TOMLError) -> [UInt8] {
        var number: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = next, let digit = Self.digit(byte), digit < 16 else {
                throw wrong("an escape needs \(digits) hexadecimal digits", at: start)
            }
            number = number << 4 | UInt32(digit)  // safe: eight digits of four bits
            at += 1
        }
        guard let scalar = UnicodeScalar(number) else { throw wrong("an escape names no character", at: start) }
        return Array(String(Character(scalar)).utf8)
    }

    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48  // safe: the range above
        case 65...70: byte - 55  // safe: the range above
        case 97...102: byte - 87  // safe: the range above
        default: nil
        }
    }

    // MARK: - Numbers, true, false

    mutating func word() throws(TOMLError) -> TOMLValue {
        let start = at
        while let byte = next,
            ASCIIText.isLetterOrDigit(byte) || [43, 45, 46, 58, 95].contains(byte)  // + - . : _
        { at += 1 }
        guard at > start else { throw wrong("\(found); a value is a text in quotes, a number, true or false") }
        let word = Array(bytes[start..<at])
        switch String(decoding: word, as: UTF8.self) {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "inf", "+inf": return .double(.infinity)
        case "-inf": return .double(-.infinity)
        case "nan", "+nan", "-nan": return .double(.nan)
        default: break
        }
        let beginsAsNumber = word.first.map { (48...57).contains($0) || $0 == 43 || $0 == 45 || $0 == 46 } == true
        guard beginsAsNumber else { throw wrong("a text stands in quotes", at: start) }
        if isDate(word) { throw wrong("dates and times mean nothing here; put a text into quotes", at: start) }
        if let number = try whole(word, start) { return .int(number) }
        if let number = try fraction(word, start) { return .double(number) }
        throw wrong("that is no number; put a text into quotes", at: start)
    }

    /// 2026-11-30..., 07:30...
    func isDate(_ word: [UInt8]) -> Bool {
        word.contains(UInt8(ascii: ":"))
            || word.count >= 8 && word.prefix(4).allSatisfy { (48...57).contains($0) }
                && word.dropFirst(4).first == UInt8(ascii: "-")
    }

    mutating func whole(_ word: [UInt8], _ start: Int) throws(TOMLError) -> Int64? {
        var digits = word[...]
        let sign = digits.first
        let hasSign = sign == 43 || sign == 45
        if hasSign { digits = digits.dropFirst() }
        var radix: Int64 = 10
        if digits.first == UInt8(ascii: "0"), digits.count > 1, let letter = digits.dropFirst().first {
            switch letter {
            case UInt8(ascii: "x"): radix = 16
            case UInt8(ascii: "o"): radix = 8
            case UInt8(ascii: "b"): radix = 2
            default: break
            }
            if radix != 10 {
                guard !hasSign else { throw wrong("such a number has no sign", at: start) }
                digits = digits.dropFirst(2)
            }
        }
        guard Self.areGrouped(digits, { byte in Self.digit(byte).map { Int64($0) < radix } == true }) else {
            return nil
        }
        if radix == 10, digits.first == UInt8(ascii: "0"), digits.count > 1 {
            throw wrong("a number does not begin with 0; remove it", at: start)
        }
        var number: Int64 = 0
        for byte in digits {
            guard let digit = Self.digit(byte) else { continue }  // "_"
            let (scaled, isBig) = number.multipliedReportingOverflow(by: radix)
            // Negative numbers reach one further.
            let (sum, isBigger) = scaled.subtractingReportingOverflow(Int64(digit))
            guard !isBig, !isBigger else { throw wrong("the number does not fit into 64 bits", at: start) }
            number = sum
        }
        if sign == 45 { return number }
        guard number != .min else { throw wrong("the number does not fit into 64 bits", at: start) }
        return 0 - number  // safe: not the smallest
    }

    mutating func fraction(_ word: [UInt8], _ start: Int) throws(TOMLError) -> Double? {
        var rest = word[...]
        if let sign = rest.first, sign == 43 || sign == 45 { rest = rest.dropFirst() }
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
        let whole = rest.prefix { isDigit($0) || $0 == 95 }
        rest = rest.dropFirst(whole.count)
        guard Self.areGrouped(whole, isDigit) else { return nil }
        if whole.first == UInt8(ascii: "0"), whole.count > 1 {
            throw wrong("a number does not begin with 0; remove it", at: start)
        }
        if rest.first == UInt8(ascii: ".") {
            let part = rest.dropFirst().prefix { isDigit($0) || $0 == 95 }
            guard Self.areGrouped(part, isDigit) else { return nil }
            rest = rest.dropFirst(1 + part.count)
        }
        if rest.first.map(ASCIIText.lower) == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == 43 || sign == 45 { rest = rest.dropFirst() }
            guard Self.areGrouped(rest, isDigit) else { return nil }
            rest = []
        }
        guard rest.isEmpty else { return nil }
        let plain = String(decoding: word.filter { $0 != 95 }, as: UTF8.self)
        guard let number = Double(plain), number.isFinite else { throw wrong("the number is too large", at: start) }
        return number
    }

    /// Digits, with single "_" between them.
    static func areGrouped(_ digits: ArraySlice<UInt8>, _ isDigit: (UInt8) -> Bool) -> Bool {
        var wasDigit = false
        for byte in digits {
            if isDigit(byte) {
                wasDigit = true
            } else {
                guard byte == 95, wasDigit else { return false }
                wasDigit = false
            }
        }
        return wasDigit
    }
}
