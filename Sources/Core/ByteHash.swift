/// A number that stands for bytes, within one process: two different texts have the same number once in 10^19 times. Cheaper
/// than `Hasher`, which takes some 500 instructions for an id.
public enum ByteHash {
    /// Of this process alone, so that no server can choose texts that have the same number.
    private static let secret = UInt64(bitPattern: Int64(Hasher().finalize()))
    /// Odd, and half of its bits are set.
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// `after`: the number of what stands before these bytes.
    public static func number(of bytes: UnsafeRawBufferPointer, after earlier: UInt64 = 0) -> UInt64 {
        var number = mixed(secret ^ earlier, UInt64(truncatingIfNeeded: bytes.count))
        var at = 0
        while bytes.count - at >= 8 {
            number = mixed(number, bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))  // safe: eight are left
            at += 8
        }
        var rest: UInt64 = 0
        while at < bytes.count {
            rest = rest << 8 | UInt64(bytes[at])  // safe: at < count
            at += 1
        }
        return mixed(mixed(number, rest), secret)
    }

    /// Of the text's bytes: texts that == calls equal may have different ones.
    public static func number(of text: String, after earlier: UInt64 = 0) -> UInt64 {
        var text = text
        return text.withUTF8 { number(of: UnsafeRawBufferPointer($0), after: earlier) }
    }

    /// The two halves of a product, one over the other: each bit of the input changes about half of the result.
    private static func mixed(_ number: UInt64, _ word: UInt64) -> UInt64 {
        let product = (number ^ word).multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }
}
