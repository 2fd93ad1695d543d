/// BMP: the header announces the size of the file; the dimensions of an uncompressed image give it a second time.
/// Writers leave the first at 0, so the larger of the two is what must be there. A header that announces more than the
/// pixels take is a flaw where nothing follows.
struct BMPWalker: FormatWalker {
    /// The sizes of the information headers that exist.
    static let headerSizes: Set<UInt32> = [12, 16, 40, 52, 56, 64, 108, 124]

    private(set) var state = WalkState.going
    private var head = Gatherer()
    private var taken: Int64 = 0
    /// 0 until the header is there.
    private var size: Int64 = 0
    /// Where the pixels end; 0 where the header does not tell.
    private var pixelsEnd: Int64 = 0

    var flawAtEnd: Flaw? {
        guard state == .going, size > 0, pixelsEnd > 0, taken >= pixelsEnd else { return nil }
        var found = Flaw("the header of the BMP announces more bytes than its pixels take")
        found.add(UInt64(bitPattern: size))
        return found
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        while size == 0, state == .going {
            let wanted = headLength
            position += head.take(bytes.from(position), upTo: wanted)
            if head.count < wanted { break }
            if wanted == headLength { measure() }
        }
        taken += Int64(position)
        guard size > 0, state == .going else { return position }
        let piece = Int(min(size - taken, Int64(bytes.count - position)))  // safe: at most bytes.count
        taken += Int64(piece)
        if taken == size { state = .ended }
        return position + piece
    }

    /// The length of the head, as far as it is known: its form is in bytes 14 to 17.
    private var headLength: Int {
        guard head.count >= 18 else { return 18 }
        switch head.read({ $0.littleEndian32(at: 14) }) {
        case 12: return 26
        case 16: return 30
        default: return 38
        }
    }

    private mutating func measure() {
        let known = head.read { head in
            (isBMP: head.starts(with: Array("BM".utf8)), form: head.littleEndian32(at: 14))
        }
        let isOld = known.form == 12
        let (announced, pixels, width, height, bits, compression, compressed) = head.read { head in
            (
                Int64(head.littleEndian32(at: 2)), Int64(head.littleEndian32(at: 10)),
                isOld
                    ? Int64(head.littleEndian32(at: 18) & 0xFFFF)
                    : Int64(Int32(bitPattern: head.littleEndian32(at: 18))),
                isOld
                    ? Int64(head.littleEndian32(at: 18) >> 16) : Int64(Int32(bitPattern: head.littleEndian32(at: 22))),
                isOld ? Int64(head.littleEndian32(at: 22) >> 16) : Int64(head.littleEndian32(at: 26) >> 16),
                head.littleEndian32(at: 30), Int64(head.littleEndian32(at: 34))
            )
        }
        guard known.isBMP, Self.headerSizes.contains(known.form), width > 0, height != 0, (1...64).contains(bits),
            pixels >= 14 + Int64(known.form)
        else {
            state = .broken("the BMP header is damaged")
            return
        }
        // 0 plain, 3 and 6 plain with masks; the others are compressed and say their size.
        var image = compressed
        if compression == 0 || compression == 3 || compression == 6 {
            let row = (width * bits + 31) / 32 * 4
            let (plain, overflow) = row.multipliedReportingOverflow(by: height.magnitude > 1 << 31 ? 0 : abs(height))
            image = overflow ? Int64.max / 2 : min(plain, Int64.max / 2)
        }
        pixelsEnd = image > 0 ? pixels + image : 0
        size = max(announced, pixels + image)
    }
}
