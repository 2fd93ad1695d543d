import CJSON

extension JSONValue {
    /// The deepest nesting that `parse` ever follows. It takes less than 32 KiB of stack then, half of the smallest
    /// stack that callers come with.
    public static let depthLimit = 64

    /// Parses one JSON value of any type; nothing but blanks may follow it.
    ///
    /// - UTF-8 is checked. `\u0000` is fine inside strings, an error inside names.
    /// - Of two members with one name the last wins: an answer with such a fault is still read, as most clients do.
    /// - An integer beyond Int64 becomes a double; a number beyond Double is an error.
    /// - Nesting deeper than `maximumDepth` (at most `depthLimit`) is an error that costs no stack.
    public static func parse(_ bytes: [UInt8], maximumDepth: Int = 64) throws(JSONError) -> JSONValue {
        let result = bytes.withUnsafeBytes { buffer -> Result<JSONValue, JSONError> in
            do throws(JSONError) {
                return .success(try parse(buffer, maximumDepth: maximumDepth))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The same from memory that stays where it is for the length of the call.
    public static func parse(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int = 64) throws(JSONError) -> JSONValue {
        if let plain = JSONReader.read(bytes, maximumDepth: maximumDepth) { return plain }
        return try parseStrictly(bytes, maximumDepth: maximumDepth)
    }

    /// By jansson, for everything that is not plain.
    static func parseStrictly(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) throws(JSONError) -> JSONValue {
        try checkDepth(bytes, maximum: max(0, min(maximumDepth, depthLimit)))
        var error = aigcj_error()
        if let root = aigcj_parse(bytes.baseAddress, bytes.count, &error) {
            defer { aigcj_free(root) }
            return convert(root)
        }
        guard error.reason == AIGCJ_TOO_LARGE, let patched = realsForBigIntegers(bytes),
            let root = patched.withUnsafeBytes({ aigcj_parse($0.baseAddress, $0.count, &error) })
        else { throw JSONError(words(error.reason), line: Int(error.line), position: Int(error.position)) }
        defer { aigcj_free(root) }
        return convert(root)
    }

    /// jansson recurses once a level, so this goes first, without recursion.
    private static func checkDepth(_ bytes: UnsafeRawBufferPointer, maximum: Int) throws(JSONError) {
        var depth = 0
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
                if depth > maximum {
                    throw JSONError("nested deeper than \(maximum) levels", line: 1, position: index)
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
            default: break
            }
            index += 1
        }
    }

    /// The text with ".0" behind each integer beyond Int64; nil if there is none. For the rare text that has one.
    private static func realsForBigIntegers(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var patched: [UInt8] = []
        var changed = false
        var index = 0
        let count = bytes.count
        while index < count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                let start = index
                index += 1
                while index < count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index = min(index + 1, count)
                patched.append(contentsOf: bytes[start..<index])
            } else if byte == UInt8(ascii: "-") || isDigit(byte) {
                let start = index
                index += 1
                while index < count, isNumberByte(bytes[index]) { index += 1 }
                let token = bytes[start..<index]
                patched.append(contentsOf: token)
                let isInteger = token.dropFirst().allSatisfy(isDigit)
                if isInteger, Int64(String(decoding: token, as: UTF8.self)) == nil {
                    patched.append(contentsOf: ".0".utf8)
                    changed = true
                }
            } else {
                patched.append(byte)
                index += 1
            }
        }
        return changed ? patched : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }

    /// Recursive: `checkDepth` has bounded it.
    private static func convert(_ node: OpaquePointer) -> JSONValue {
        var view = aigcj_view()
        aigcj_look(node, &view)
        switch view.type {
        case AIGCJ_STRING: return .string(text(view.text, view.count))
        case AIGCJ_INTEGER: return .int(view.integer)
        case AIGCJ_REAL: return .double(view.real)
        case AIGCJ_TRUE: return .bool(true)
        case AIGCJ_FALSE: return .bool(false)
        case AIGCJ_ARRAY: return .array(elements(node, view.count))
        case AIGCJ_OBJECT: return .object(members(node, view.count))
        default: return .null
        }
    }

    private static func elements(_ node: OpaquePointer, _ count: Int) -> [JSONValue] {
        var values: [JSONValue] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            if let element = aigcj_element(node, index) { values.append(convert(element)) }
        }
        return values
    }

    private static func members(_ node: OpaquePointer, _ count: Int) -> [JSONMember] {
        var members: [JSONMember] = []
        members.reserveCapacity(count)
        var cursor: UnsafeMutableRawPointer?
        var name: UnsafePointer<CChar>?
        var length = 0
        while let value = aigcj_member(node, &cursor, &name, &length) {
            members.append(JSONMember(text(name, length), convert(value)))
        }
        return members
    }

    private static func text(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
        guard let start else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Our words instead of jansson's, which quote the text.
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
