internal import Core

/// Percent coding as all signatures here want it: everything but A-Z a-z 0-9 - _ . ~ becomes %XX of its UTF-8 bytes.
public enum Percent {
    public static func encode(_ text: String) -> String {
        var text = text
        return text.withUTF8 { encode($0) }
    }

    public static func encode(bytes: [UInt8]) -> String { bytes.withUnsafeBufferPointer { encode($0) } }

    private static func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var output: [UInt8] = []
        append(bytes, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends the encoded form of a text to a buffer.
    public static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { append($0, to: &output) }
    }

    private static func append(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        output.reserveCapacity(output.count + bytes.count)
        for byte in bytes {
            if isUnreserved(byte) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(Hex.upper(byte >> 4))
                output.append(Hex.upper(byte))
            }
        }
    }

    /// The bytes behind a percent-encoded text, "+" left as it is; nil for a "%" without two hexadecimal digits.
    public static func decodeBytes(_ text: String) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                output.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(Hex.value), let low = iterator.next().flatMap(Hex.value) else {
                return nil
            }
            output.append(high << 4 | low)
        }
        return output
    }

    /// The text behind a percent-encoded text; nil also if that is not UTF-8.
    public static func decode(_ text: String) -> String? {
        decodeBytes(text).flatMap { String(validating: $0, as: UTF8.self) }
    }

    @inlinable public static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 95, 46, 126: return true
        default: return false
        }
    }
}
