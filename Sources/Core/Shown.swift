extension String {
    /// A foreign text in a form for messages: no control characters, at most `limit` bytes (and "..." where it was
    /// cut), cut between characters.
    public func shown(limit: Int) -> String {
        if utf8.count <= limit, utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return self }
        var output = ""
        var size = 0
        for scalar in unicodeScalars {
            let width = UTF8.width(scalar)
            if size + width > limit {
                output.append("...")
                break
            }
            if Self.isControl(scalar) {
                if output.unicodeScalars.last == " " { continue }
                output.append(" ")
                size += 1
            } else {
                output.unicodeScalars.append(scalar)
                size += width
            }
        }
        return output
    }

    /// The value of a setting that is to be a word or a number, for messages: a blank and the value in quotes. Empty for a
    /// value that may be a URL, which can hold a password or a key.
    public var shownAsSetting: String {
        let isWord = utf8.allSatisfy {
            ASCIIText.isLetterOrDigit($0) || $0 >= 0x80 || $0 < 0x20 || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_")
                || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: " ")
        }
        return isWord ? " \"\(shown(limit: 80))\"" : ""
    }

    /// The same with invisible characters as escapes, for names: "a\\u{202E}b".
    public func shownWithEscapes(limit: Int) -> String {
        var output = ""
        for scalar in unicodeScalars {
            let part =
                Self.isInvisible(scalar) ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
            if output.utf8.count + part.utf8.count > limit {
                output += "..."
                break
            }
            output += part
        }
        return output
    }

    /// Whether every character is visible: no control characters, no marks of direction, nothing without a width, no
    /// replacement characters. A name with invisible characters may be mistaken for another name.
    public var isVisible: Bool {
        let isPlain = utf8.withContiguousStorageIfAvailable { ByteScan.isPlain(UnsafeRawBufferPointer($0)) }
        return isPlain == true || unicodeScalars.allSatisfy { !Self.isInvisible($0) }
    }

    /// Whether the text has characters and none is visible: blanks of any width, and what `isVisible` refuses.
    public var isBlank: Bool { !isEmpty && unicodeScalars.allSatisfy { Self.isSpace($0) || Self.isInvisible($0) } }

    /// White space, and characters that are a blank by their shape: braille without a dot, a note without a head, and the
    /// blanks and fillers of other scripts.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x80: scalar.value == 0x20 || (0x09...0x0D).contains(scalar.value)
        case 0x2800, 0x1D159, 0x13441...0x13442, 0x16FE4: true
        default: scalar.properties.isWhitespace
        }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        if isControl(scalar) { return true }
        switch scalar.value {
        case 0x600...0x605, 0x6DD, 0x70F, 0xFFF9...0xFFFD: return true
        case let value where value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(value): return true
        default: return scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    /// C0, DEL, C1, line and paragraph separators, and the marks that turn the direction of a terminal's line.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x61C, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: return true
        default: return false
        }
    }
}
