extension JSONValue {
    /// What a word without quotes means: a number, true, false, or nothing (null, NaN, Infinity ...).
    static func word(_ word: String) -> JSONValue {
        if let number = numeral(word) { return number }
        switch word.lowercased() {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: return .null
        }
    }

    /// A number in the form of JSON, in a case that writes it as it was; nil for what is none.
    static func numeral(_ text: String) -> JSONValue? {
        guard JSONNumber.isNumber(text.utf8) else { return nil }
        if text.utf8.count <= 20, let value = Int64(text), String(value).utf8.elementsEqual(text.utf8) {
            return .int(value)
        }
        if let value = Double(text), value.description.utf8.elementsEqual(text.utf8) { return .double(value) }
        return .number(text)
    }
}

/// The grammar of JSON's numbers.
enum JSONNumber {
    static func isNumber(_ text: some Collection<UInt8>) -> Bool {
        var rest = text[...]
        func digits() -> Int {
            let count = rest.prefix { $0 &- 0x30 < 10 }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let startsWithZero = rest.first == 0x30
        let whole = digits()
        guard whole == 1 || whole > 1 && !startsWithZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// Whether it has no point and no exponent.
    static func isWhole(_ text: some Collection<UInt8>) -> Bool {
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
        return !digits.isEmpty && digits.allSatisfy { $0 &- 0x30 < 10 }
    }
}
