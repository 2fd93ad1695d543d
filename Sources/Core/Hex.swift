/// Hexadecimal digits.
public enum Hex {
    /// The lower-case digit of the low four bits.
    @inlinable public static func lower(_ nibble: UInt8) -> UInt8 {
        let value = nibble & 15
        return value < 10 ? 48 &+ value : 87 &+ value
    }

    /// The upper-case digit of the low four bits.
    @inlinable public static func upper(_ nibble: UInt8) -> UInt8 {
        let value = nibble & 15
        return value < 10 ? 48 &+ value : 55 &+ value
    }

    /// The value of a digit of either case, or nil.
    @inlinable public static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: return digit - 48
        case 65...70: return digit - 55
        case 97...102: return digit - 87
        default: return nil
        }
    }

    /// Bytes as lower-case text.
    public static func lowerText(_ bytes: [UInt8]) -> String {
        // safe: twice the size of what is in memory
        String(unsafeUninitializedCapacity: bytes.count * 2) { write(bytes, to: $0) }
    }

    /// A word as 16 lower-case digits.
    public static func lowerText(_ word: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { digits in
            for index in 0..<16 {
                digits[index] = lower(UInt8(truncatingIfNeeded: word >> UInt64(60 - index * 4)))  // safe: index < 16
            }
            return 16
        }
    }

    /// Appends bytes as lower-case digits to a buffer.
    public static func append(_ bytes: [UInt8], to output: inout [UInt8]) {
        // safe: as above
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count * 2) { digits in
            let count = write(bytes, to: digits)
            output.append(contentsOf: UnsafeBufferPointer(rebasing: digits[..<count]))
        }
    }

    /// `digits` has room for twice as many bytes.
    private static func write(_ bytes: [UInt8], to digits: UnsafeMutableBufferPointer<UInt8>) -> Int {
        guard let out = digits.baseAddress else { return 0 }
        var index = 0
        for byte in bytes {
            out[index] = lower(byte >> 4)
            out[index + 1] = lower(byte)
            index += 2
        }
        return index
    }
}
