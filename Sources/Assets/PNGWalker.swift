internal import CAssets

/// PNG: signature, chunks with a length and a CRC-32 each, from IHDR to IEND. A chunk that no decoder needs, a text for
/// instance, may have a wrong CRC: that is a flaw.
struct PNGWalker: FormatWalker {
    private enum Step {
        case signature, header, body, checksum
    }

    private(set) var state = WalkState.going
    private(set) var flaw: Flaw?
    private var step = Step.signature
    private var gathered = Gatherer()
    private var left: UInt32 = 0
    private var crc: UInt32 = 0
    private var chunks = 0
    private var isEnd = false
    private var isNeeded = true
    private var hasData = false

    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        while position < bytes.count, state == .going {
            let rest = bytes.from(position)
            switch step {
            case .signature:
                position += gathered.take(rest, upTo: 8)
                guard gathered.count == 8 else { continue }
                if !gathered.read({ $0.elementsEqual(ImageFormat.pngSignature) }) {
                    state = .broken("the PNG signature is damaged")
                }
                advance(to: .header)
            case .header:
                position += gathered.take(rest, upTo: 8)
                if gathered.count == 8 { openChunk() }
            case .body:
                let piece = min(Int(left), rest.count)  // safe: UInt32 fits Int
                crc = aigca_crc32(crc, rest.baseAddress, piece)
                left -= UInt32(piece)  // safe: piece is at most left
                position += piece
                if left == 0 { advance(to: .checksum) }
            case .checksum:
                position += gathered.take(rest, upTo: 4)
                if gathered.count == 4 { closeChunk() }
            }
        }
        return position
    }

    private mutating func advance(to next: Step) {
        step = next
        gathered.reset()
    }

    private mutating func openChunk() {
        let (length, type) = gathered.read { ($0.bigEndian32(at: 0), $0.bigEndian32(at: 4)) }
        crc = gathered.read { aigca_crc32(0, $0.from(4).baseAddress, 4) }
        left = length
        chunks = min(chunks + 1, 2)
        advance(to: length == 0 ? .checksum : .body)
        guard length <= 0x7FFF_FFFF, Self.isName(type) else {
            state = .broken("a PNG chunk has an impossible header")
            return
        }
        if (chunks == 1) != (type == Self.name("IHDR")) || (chunks == 1 && length != 13) {
            state = .broken("a PNG must begin with its one header chunk")
        }
        if type == Self.name("IDAT") { hasData = true }
        // The case of a name's first letter says so.
        isNeeded = (type >> 24) & 0x20 == 0
        isEnd = type == Self.name("IEND")
        if isEnd, length != 0 || !hasData { state = .broken("the PNG ends without image data") }
    }

    private mutating func closeChunk() {
        let told = gathered.read { $0.bigEndian32(at: 0) }
        if told != crc {
            guard !isNeeded else {
                state = .broken("the checksum of a PNG chunk is wrong")
                return
            }
            var found = flaw ?? Flaw("the checksum of a PNG chunk beside the image is wrong")
            found.add(UInt64(told) << 32 | UInt64(crc))
            flaw = found
        }
        if isEnd { state = .ended }
        advance(to: .header)
    }

    private static func isName(_ type: UInt32) -> Bool {
        for shift in [24, 16, 8, 0] as [UInt32] {
            let letter = (type >> shift) & 0xDF
            if letter < 0x41 || letter > 0x5A { return false }
        }
        return true
    }

    private static func name(_ text: StaticString) -> UInt32 {
        text.withUTF8Buffer { UnsafeRawBufferPointer($0).bigEndian32(at: 0) }
    }
}
