/// Letters of ASCII in text from outside: classes, case, searches, and lists for messages.
public enum ASCIIText {
    @inlinable public static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: return true
        default: return false
        }
    }

    /// "a, b or c".
    public static func list(_ names: [String]) -> String {
        guard let last = names.last else { return "nothing" }
        return names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " or " + last
    }

    /// Whether a text contains another, both compared without the case of A to Z. `needle` in lower case.
    public static func contains(_ text: String, _ needle: String) -> Bool {
        range(of: needle, in: Array(text.utf8)) != nil
    }

    /// Whether a text contains another, byte for byte.
    public static func contains(_ text: String, exactly needle: String) -> Bool {
        place(of: needle.utf8, in: Array(text.utf8)[...]) != nil
    }

    /// Where a text begins in bytes, byte for byte.
    public static func place(of text: some Collection<UInt8>, in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= text.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - text.count)).first { bytes[$0...].starts(with: text) }
    }

    /// Where `needle` (lower case) starts and ends in `bytes` from `start` on.
    public static func range(of needle: String, in bytes: [UInt8], from start: Int = 0) -> Range<Int>? {
        let wanted = Array(needle.utf8)
        guard !wanted.isEmpty, start >= 0, bytes.count >= wanted.count else { return nil }
        var index = start
        while index <= bytes.count - wanted.count {
            var offset = 0
            while offset < wanted.count, lower(bytes[index + offset]) == wanted[offset] { offset += 1 }
            if offset == wanted.count { return index..<(index + wanted.count) }
            index += 1
        }
        return nil
    }

    /// Whether an error code says that there is no error: "Success", "OK", "0", in any case.
    public static func saysNoError(_ code: String) -> Bool {
        guard code.utf8.count <= 64 else { return false }
        let letters = code.utf8.filter(isLetterOrDigit).map(lower)
        guard !letters.isEmpty else { return false }
        if letters.allSatisfy({ $0 == UInt8(ascii: "0") }) { return true }
        return successCodes.contains { letters.elementsEqual($0.utf8) }
    }

    private static let successCodes = [
        "success", "successful", "succeed", "succeeded", "ok", "200", "none", "null", "nil", "noerror",
    ]

    @inlinable public static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}
