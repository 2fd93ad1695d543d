internal import Glibc

/// JPEG: SOI, segments with a length, entropy-coded data after each SOS (where FF is followed by 00, a restart marker
/// or another FF), until EOI. A frame header and a scan must have been there. Bytes between two segments, which
/// decoders skip, are a flaw.
struct JPEGWalker: FormatWalker {
    private enum Step {
        case start, marker, code, length, body, entropy, entropyCode
    }

    private(set) var state = WalkState.going
    private(set) var flaw: Flaw?
    private var step = Step.start
    private var gathered = Gatherer()
    private var left = 0
    private var segment: UInt8 = 0
    private var hasFrame = false
    private var hasScan = false

    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        while position < bytes.count, state == .going {
            let byte = bytes[position]
            switch step {
            case .start:
                position += gathered.take(bytes.from(position), upTo: 2)
                guard gathered.count == 2 else { continue }
                if gathered.read({ $0.bigEndian16 }) != 0xFFD8 { state = .broken("the JPEG start marker is damaged") }
                gathered.reset()
                step = .marker
            case .marker:
                position += 1
                if byte == 0xFF { step = .code } else { skip(byte) }
            case .code:
                position += 1
                if byte == 0 {
                    // No marker: FF was one of the bytes between.
                    skip(0xFF)
                    skip(byte)
                    step = .marker
                } else if byte != 0xFF {
                    open(byte)
                }
            case .length:
                position += gathered.take(bytes.from(position), upTo: 2)
                guard gathered.count == 2 else { continue }
                left = Int(gathered.read { $0.bigEndian16 }) - 2
                gathered.reset()
                if left < 0 { state = .broken("a JPEG segment has an impossible length") }
                if left == 0 { closeSegment() } else { step = .body }
            case .body:
                let piece = min(left, bytes.count - position)
                left -= piece
                position += piece
                if left == 0 { closeSegment() }
            case .entropy:
                let rest = bytes.from(position)
                guard let start = rest.baseAddress, let found = memchr(start, 0xFF, rest.count) else {
                    return bytes.count
                }
                position += UnsafeRawPointer(found) - start + 1
                step = .entropyCode
            case .entropyCode:
                position += 1
                switch byte {
                case 0x00, 0xD0...0xD7: step = .entropy
                case 0xFF: break
                default: open(byte)
                }
            }
        }
        return position
    }

    private mutating func skip(_ byte: UInt8) {
        var found = flaw ?? Flaw("bytes stand between two segments of the JPEG")
        found.add(UInt64(byte))
        flaw = found
    }

    private mutating func open(_ code: UInt8) {
        segment = code
        switch code {
        case 0xD9:
            state = hasFrame && hasScan ? .ended : .broken("the JPEG ends without image data")
        case 0x00, 0x02...0xBF, 0xD8:
            state = .broken("a JPEG marker is none")
        case 0x01, 0xD0...0xD7:
            step = .marker
        default:
            step = .length
        }
    }

    private mutating func closeSegment() {
        switch segment {
        case 0xC4, 0xC8, 0xCC: break
        case 0xC0...0xCF: hasFrame = true
        case 0xDA: hasScan = true
        default: break
        }
        step = segment == 0xDA ? .entropy : .marker
    }
}

extension UnsafeRawBufferPointer {
    /// The first two bytes; 0 if there are less.
    var bigEndian16: UInt16 {
        count >= 2 ? UInt16(bigEndian: loadUnaligned(as: UInt16.self)) : 0
    }
}
