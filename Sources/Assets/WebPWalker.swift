/// WebP: a RIFF file whose header announces its length, made of chunks that must fill it exactly, one of them an image. A
/// header that announces more than its chunks hold is a flaw where nothing follows.
struct WebPWalker: FormatWalker {
    private enum Step {
        case header, chunk, body
    }

    private(set) var state = WalkState.going
    private var step = Step.header
    private var gathered = Gatherer()
    /// Of the file and of the chunk.
    private var fileLeft: Int64 = 0
    private var chunkLeft: Int64 = 0
    private var hasImage = false

    var flawAtEnd: Flaw? {
        guard state == .going, step == .chunk, gathered.count == 0, hasImage else { return nil }
        var found = Flaw("the header of the WebP announces more bytes than its chunks hold")
        found.add(UInt64(bitPattern: fileLeft))
        return found
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        while position < bytes.count, state == .going {
            let rest = bytes.from(position)
            switch step {
            case .header:
                position += gathered.take(rest, upTo: 12)
                guard gathered.count == 12 else { continue }
                let isWebP = gathered.read {
                    $0.starts(with: Array("RIFF".utf8)) && $0.from(8).elementsEqual(Array("WEBP".utf8))
                }
                // The announced size counts from behind itself: "WEBP" is in it.
                fileLeft = Int64(gathered.read { $0.littleEndian32(at: 4) }) - 4
                gathered.reset()
                step = .chunk
                if !isWebP || fileLeft < 8 { state = .broken("the WebP header is damaged") }
            case .chunk:
                position += gathered.take(rest, upTo: 8)
                guard gathered.count == 8 else { continue }
                openChunk()
            case .body:
                let piece = Int(min(chunkLeft, Int64(rest.count)))  // safe: at most rest.count
                chunkLeft -= Int64(piece)
                position += piece
                if chunkLeft == 0 { closeChunk() }
            }
        }
        return position
    }

    private mutating func openChunk() {
        let size = Int64(gathered.read { $0.littleEndian32(at: 4) })
        let isImage = gathered.read { head in
            ["VP8 ", "VP8L", "ANMF"].contains { head.starts(with: Array($0.utf8)) }
        }
        gathered.reset()
        hasImage = hasImage || isImage
        fileLeft -= 8
        // A chunk of odd size is padded; some writers leave the pad of the last one out.
        chunkLeft = min(size + (size & 1), max(fileLeft, size))
        guard chunkLeft <= fileLeft else {
            state = .broken("a WebP chunk is longer than its file")
            return
        }
        fileLeft -= chunkLeft
        step = .body
        if chunkLeft == 0 { closeChunk() }
    }

    private mutating func closeChunk() {
        step = .chunk
        if fileLeft == 0 {
            state = hasImage ? .ended : .broken("the WebP ends without an image")
        } else if fileLeft < 8 {
            // Less than a chunk header: padding that belongs to nothing.
            step = .body
            chunkLeft = fileLeft
            fileLeft = 0
        }
    }
}
