/// Whether a text can be a key's id, a key or a token: printable ASCII without blanks. Messages never repeat the text.
public enum KeyText {
    /// A clause that completes "<name> ...", or nil if nothing is wrong. Says what to remove, and never shows the text.
    public static func fault(_ text: String) -> String? {
        var text = text
        return text.withUTF8 { fault(UnsafeRawBufferPointer($0)) }
    }

    /// The same for bytes that must not be copied.
    public static func fault(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard let first = bytes.first, let last = bytes.last else { return nil }
        for (index, byte) in bytes.enumerated() {
            if byte >= 0x80 { return foreign(bytes, index) }
            if byte > 0x20 && byte != 0x7F { continue }
            let isBreak = byte == 0x0A || byte == 0x0D
            let name = isBreak ? "a line break" : byte == 0x20 || byte == 0x09 ? "a blank" : "a control character"
            if index == 0 { return "begins with \(name): remove it" }
            if bytes[index...].allSatisfy({ $0 <= 0x20 }) { return "ends in \(name): remove it" }
            return byte == 0x20 || byte == 0x09 || isBreak
                ? "holds a blank or a line break: remove it" : "holds a control character: remove it"
        }
        if quotes.contains(first) || quotes.contains(last) {
            return bytes.count > 1 && first == last
                ? "stands in quotation marks: remove them"
                : "\(quotes.contains(first) ? "begins" : "ends") with a quotation mark: remove it"
        }
        return nil
    }

    private static let quotes: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")]

    /// The character at `index` is not ASCII.
    private static func foreign(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> String {
        let end = min(bytes.count, index + 4)  // safe: a character has at most four bytes
        guard let scalar = String(decoding: bytes[index..<end], as: UTF8.self).unicodeScalars.first else {
            return "is not ASCII"
        }
        let place = index == 0 ? "begins with" : index + UTF8.width(scalar) >= bytes.count ? "ends in" : "holds"
        let number = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - number.count)) + number
        switch scalar.value {
        case 0xFFFD: return "is not text: it \(place) a byte that is not UTF-8"
        case 0x2018...0x201F, 0xAB, 0xBB, 0x300C...0x300F, 0xFF02, 0xFF07:
            return "\(place) a quotation mark (\(code)): remove it"
        default:
            return isInvisible(scalar.value)
                ? "\(place) an invisible character (\(code)): remove it"
                : "\(place) a character that is not ASCII (\(code)): copy the key again"
        }
    }

    /// Blanks, controls and marks without a shape. (The tables of the standard library would be linked for it.)
    private static func isInvisible(_ value: UInt32) -> Bool {
        switch value {
        case 0x80...0xA0, 0xAD, 0x34F, 0x61C, 0x115F...0x1160, 0x1680, 0x17B4...0x17B5, 0x180B...0x180F,
            0x2000...0x200F,
            0x2028...0x202F, 0x205F...0x206F, 0x2800, 0x3000, 0x3164, 0xFE00...0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9...0xFFFC,
            0xE0000...0xE0FFF:
            return true
        default: return false
        }
    }
}
