import CJSON
internal import Core

extension JSONValue {
    /// The deepest nesting that `parse` ever follows. It takes less than 32 KiB of stack then, half of the smallest
    /// stack that callers come with.
    public static let depthLimit = 64

    /// A value takes up to 50 times the memory of its text, and Swift ends the process where there is none: of a stranger's
    /// answer no more values are kept. The largest real ones are lists of tasks.
    public static let mostValuesKept = 100_000
    /// The same for `parse`, which also reads what the host itself has written: more is an error.
    public static let mostValues = 500_000

    /// Parses one JSON value of any type; nothing but blanks may follow it.
    ///
    /// - UTF-8 is checked. `\u0000` is fine inside strings, an error inside names.
    /// - Of two members with one name the last wins: an answer with such a fault is still read, as most clients do.
    /// - A number keeps its form, whatever its size.
    /// - Nesting deeper than `maximumDepth` (at most `depthLimit`) is an error that costs no stack, and more than `mostValues`
    ///   values are an error that costs no memory.
    public static func parse(_ bytes: [UInt8], maximumDepth: Int = 64) throws(JSONError) -> JSONValue {
        try parse(bytes, maximumDepth: maximumDepth, keepsDoubles: false)
    }

    private static func parse(
        _ bytes: [UInt8], maximumDepth: Int, keepsDoubles: Bool
    ) throws(JSONError) -> JSONValue {
        let result = bytes.withUnsafeBytes { buffer -> Result<JSONValue, JSONError> in
            if let plain = JSONReader.read(buffer, maximumDepth: maximumDepth) { return .success(plain) }
            do throws(JSONError) {
                return .success(
                    try parseStrictly(buffer, maximumDepth: maximumDepth, keepsDoubles: keepsDoubles))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The same for what a person or a program wrote, for what is paid, and for whose account pays: of two members with one
    /// name nobody can know which one is meant, so that they are an error.
    public static func parseOnce(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        let value = try parse(bytes, maximumDepth: depthLimit, keepsDoubles: true)
        guard let name = value.firstTwin else { return value }
        throw JSONError("JSON in which the name \"\(name.shown(limit: 60))\" is there twice")
    }

    /// The name of the first members of one object that have one name.
    private var firstTwin: String? {
        var waiting = [self]
        while let value = waiting.popLast() {
            switch value {
            case .array(let values): waiting.append(contentsOf: values)
            case .object(let members):
                // By their bytes: two names that only look the same are two.
                var seen: Set<[UInt8]> = []
                for member in members where !seen.insert(Array(member.name.utf8)).inserted { return member.name }
                waiting.append(contentsOf: members.map { $0.value })
            default: break
            }
        }
        return nil
    }

    /// jansson judges every text that is not plain JSON; the other reader, which keeps numbers as they are,
    /// reads its values.
    static func parseStrictly(
        _ bytes: UnsafeRawBufferPointer, maximumDepth: Int, keepsDoubles: Bool = false
    ) throws(JSONError) -> JSONValue {
        try checkSize(bytes, maximum: max(0, min(maximumDepth, depthLimit)))
        var error = aigcj_error()
        // jansson knows no number beyond Int64 and Double.
        let text = withoutNumbers(bytes)
        guard let root = text.withUnsafeBytes({ aigcj_parse($0.baseAddress, $0.count, &error) }) else {
            throw JSONError(words(error.reason), line: Int(error.line), position: Int(error.position))
        }
        aigcj_free(root)
        var reader = JSONAnswerReader(bytes, maximumDepth: depthLimit, keepsDoubles: keepsDoubles, mostValues: .max)
        guard let answer = reader.read(), !answer.isCut, !answer.isDamaged else { throw JSONError("not JSON") }
        return answer.value
    }

    /// jansson recurses once a level, so this goes first, without recursion.
    private static func checkSize(_ bytes: UnsafeRawBufferPointer, maximum: Int) throws(JSONError) {
        var depth = 0
        var values = 1
        var index = 0
        let count = bytes.count
        while index < count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                while index < count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                values += 1
                if depth > maximum {
                    throw JSONError("nested deeper than \(maximum) levels", line: 1, position: index)
                }
            case UInt8(ascii: ","): values += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
            default: break
            }
            if values > mostValues {
                throw JSONError("JSON with more than \(mostValues) values", line: 1, position: index)
            }
            index += 1
        }
    }

    /// The text with 0 and blanks in the place of each number that has the form of one.
    private static func withoutNumbers(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text = Array(bytes)
        var index = 0
        while index < text.count {
            let start = index
            let byte = text[index]  // safe: index < count
            index += 1
            if byte == UInt8(ascii: "\"") {
                while index < text.count, text[index] != UInt8(ascii: "\"") {
                    index += text[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index += 1
            } else if byte == UInt8(ascii: "-") || isDigit(byte) {
                while index < text.count, isNumberByte(text[index]) { index += 1 }
                guard JSONNumber.isNumber(text[start..<index]) else { continue }
                text[start] = 0x30
                for blank in (start + 1)..<index { text[blank] = 0x20 }  // safe: below index
            }
        }
        return text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }

    /// This library's words instead of jansson's, which quote the text.
    private static func words(_ reason: aigcj_reason) -> String {
        switch reason {
        case AIGCJ_NO_MEMORY: return "out of memory while JSON was read"
        case AIGCJ_BAD_UTF8: return "JSON with invalid UTF-8"
        case AIGCJ_CUT: return "JSON that ends too early"
        case AIGCJ_TRAILING: return "JSON with something behind its end"
        case AIGCJ_NUL_IN_NAME: return "JSON with a NUL in a name"
        case AIGCJ_TOO_LARGE: return "JSON with a number that is too large"
        default: return "not JSON"
        }
    }
}
