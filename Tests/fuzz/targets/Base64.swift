import CAssets
import Core
import Signing

@testable import Assets

/// Base64 of images, and the checksums beside them. However it is cut the text decodes to the same, with the quick
/// loops as without them, and what a plain decoder makes of it; what was encoded decodes to what it was.
let base64Target = Target(name: "base64", maximumBytes: 2_048) { input in
    var input = input
    let isQuoted = input.choice(2) == 1
    let seed = input.choice(256)
    let bytes = input.bytes
    let whole = decoded([bytes], isQuoted: isQuoted)
    var short = Cuts(seed, longest: 7)
    var long = Cuts(seed, longest: 200)
    requireEqual(decoded(short.pieces(of: bytes), isQuoted: isQuoted), whole, "cut into short pieces")
    requireEqual(decoded(long.pieces(of: bytes), isQuoted: isQuoted), whole, "cut into long pieces")
    for level in [1, 2] as [Int32] {
        aigca_portable_only(level)
        requireEqual(decoded([bytes], isQuoted: isQuoted), whole, "without quick loops, \(level)")
    }
    aigca_portable_only(0)
    if !isQuoted { requireEqual(whole.fault == nil ? whole.bytes : nil, plainly(bytes), "a plain decoder") }
    let again = decoded([Array(Signing.Base64.encode(bytes).utf8)], isQuoted: false)
    requireEqual(again, Decoded(bytes: bytes, fault: nil), "encoded and decoded")
    checksums(bytes, &long)
}

private struct Decoded: Equatable {
    var bytes: [UInt8]
    var fault: String?
}

private func decoded(_ pieces: [[UInt8]], isQuoted: Bool) -> Decoded {
    var decoder = Base64Decoder(isQuoted: isQuoted)
    var output: [UInt8] = []
    func room(_ count: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        // Exactly what was asked for, so that writing beyond it is seen.
        let space = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 1)
        let written = body(space)
        require(written <= count, "more was written than there is room for")
        output.append(contentsOf: UnsafeRawBufferPointer(start: space, count: written))
        space.deallocate()
    }
    for piece in pieces {
        room(Base64Decoder.room(for: piece.count)) { out in piece.withUnsafeBytes { decoder.decode($0, into: out) } }
    }
    room(4) { decoder.finish(into: $0) }
    // What came before a fault depends on the pieces, and is thrown away.
    return Decoded(bytes: decoder.failure == nil ? output : [], fault: decoder.failure)
}

/// Bit by bit; nil for what is no Base64.
private func plainly(_ text: [UInt8]) -> [UInt8]? {
    var characters = text.filter { !Base64Decoder.isBlank($0) }
    var padding = 0
    while padding < 2, characters.last == UInt8(ascii: "=") {
        characters.removeLast()
        padding += 1
    }
    if padding > 0, (characters.count + padding) % 4 != 0 { return nil }
    if characters.count % 4 == 1 { return nil }
    var output: [UInt8] = []
    var bits: UInt32 = 0
    var count: UInt32 = 0
    for character in characters {
        guard let value = Base64Decoder.value(character) else { return nil }
        bits = bits << 6 | value
        count += 6
        if count >= 8 {
            count -= 8
            output.append(UInt8(truncatingIfNeeded: bits >> count))
        }
    }
    return output
}

private func checksums(_ bytes: [UInt8], _ cuts: inout Cuts) {
    let pieces = cuts.pieces(of: bytes)
    let crc64 = aigca_crc64(0, bytes, bytes.count)
    let crc32 = aigca_crc32(0, bytes, bytes.count)
    requireEqual(pieces.reduce(0) { aigca_crc64($0, $1, $1.count) }, crc64, "CRC-64 of pieces")
    requireEqual(pieces.reduce(0) { aigca_crc32($0, $1, $1.count) }, crc32, "CRC-32 of pieces")
    for level in [1, 2] as [Int32] {
        aigca_portable_only(level)
        requireEqual(aigca_crc64(0, bytes, bytes.count), crc64, "CRC-64 without quick loops, \(level)")
        requireEqual(aigca_crc32(0, bytes, bytes.count), crc32, "CRC-32 without quick loops, \(level)")
    }
    aigca_portable_only(0)
}
