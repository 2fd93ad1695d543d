/// Text in an encoding that JSON should no longer have, and sometimes has.
enum UnicodeText {
    /// UTF-8 for a text in UTF-16 or UTF-32, told by a byte order mark or by where its NULs are; nil for any other.
    static func utf8(of bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard bytes.count >= 4 else { return nil }
        // safe: four are there
        let (a, b, c, d) = (bytes[0], bytes[1], bytes[2], bytes[3])
        switch (a, b, c, d) {
        case (0xFF, 0xFE, 0, 0): return wide(bytes, from: 4, isBig: false)
        case (0, 0, 0xFE, 0xFF): return wide(bytes, from: 4, isBig: true)
        case (0xFF, 0xFE, _, _): return narrow(bytes, from: 2, isBig: false)
        case (0xFE, 0xFF, _, _): return narrow(bytes, from: 2, isBig: true)
        case (1..., 0, 0, 0): return wide(bytes, from: 0, isBig: false)
        case (0, 0, 0, 1...): return wide(bytes, from: 0, isBig: true)
        case (1..., 0, 1..., 0): return narrow(bytes, from: 0, isBig: false)
        case (0, 1..., 0, 1...): return narrow(bytes, from: 0, isBig: true)
        default: return nil
        }
    }

    private static func narrow(_ bytes: UnsafeRawBufferPointer, from start: Int, isBig: Bool) -> [UInt8] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var at = start
        while bytes.count - at >= 2 {
            let unit = bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self)  // safe: two are left
            units.append(isBig ? UInt16(bigEndian: unit) : UInt16(littleEndian: unit))
            at += 2
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    private static func wide(_ bytes: UnsafeRawBufferPointer, from start: Int, isBig: Bool) -> [UInt8] {
        var units: [UInt32] = []
        units.reserveCapacity(bytes.count / 4)
        var at = start
        while bytes.count - at >= 4 {
            let unit = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)  // safe: four are left
            units.append(isBig ? UInt32(bigEndian: unit) : UInt32(littleEndian: unit))
            at += 4
        }
        return Array(String(decoding: units, as: UTF32.self).utf8)
    }
}
