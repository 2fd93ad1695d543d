/// GIF: header, colour tables, extensions and images made of sub-blocks, until the trailer. A trailer that is missing behind
/// a whole image is a flaw where nothing follows.
struct GIFWalker: FormatWalker {
    private enum Step {
        case header, introducer, label, descriptor, codeSize, blockSize, skip
    }

    private(set) var state = WalkState.going
    private var step = Step.header
    private var afterSkip = Step.introducer
    private var gathered = Gatherer()
    private var left = 0
    private var hasImage = false
    /// An extension has announced an image that has not come.
    private var isImageDue = false

    var flawAtEnd: Flaw? {
        guard state == .going, step == .introducer, hasImage, !isImageDue else { return nil }
        return Flaw("the GIF lacks its trailer")
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        while position < bytes.count, state == .going {
            let byte = bytes[position]
            switch step {
            case .header:
                // Signature 6, screen 7; its fifth byte says whether a colour table follows.
                position += gathered.take(bytes.from(position), upTo: 13)
                guard gathered.count == 13 else { continue }
                let isGIF = gathered.read {
                    $0.starts(with: Array("GIF87a".utf8)) || $0.starts(with: Array("GIF89a".utf8))
                }
                if !isGIF { state = .broken("the GIF signature is damaged") }
                skipTable(flags: gathered.read { $0[10] }, then: .introducer)
            case .introducer:
                position += 1
                switch byte {
                case 0x21: step = .label
                case 0x2C: step = .descriptor
                case 0x3B: state = hasImage ? .ended : .broken("the GIF ends without an image")
                default: state = .broken("a GIF block begins with an unknown byte")
                }
            case .label:
                position += 1
                // Control of the image that follows.
                if byte == 0xF9 { isImageDue = true }
                step = .blockSize
            case .descriptor:
                position += gathered.take(bytes.from(position), upTo: 9)
                guard gathered.count == 9 else { continue }
                hasImage = true
                isImageDue = false
                skipTable(flags: gathered.read { $0[8] }, then: .codeSize)
            case .codeSize:
                position += 1
                step = .blockSize
            case .blockSize:
                position += 1
                left = Int(byte)
                afterSkip = .blockSize
                step = byte == 0 ? .introducer : .skip
            case .skip:
                let piece = min(left, bytes.count - position)
                left -= piece
                position += piece
                if left == 0 { step = afterSkip }
            }
        }
        return position
    }

    private mutating func skipTable(flags: UInt8, then next: Step) {
        gathered.reset()
        left = flags & 0x80 == 0 ? 0 : 3 << (Int(flags & 7) + 1)
        afterSkip = next
        step = left == 0 ? next : .skip
    }
}
