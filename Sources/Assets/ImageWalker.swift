/// The state of a walk through an image file.
enum WalkState: Equatable, Sendable {
    case going
    /// The end marker has been seen.
    case ended
    /// No decoder could continue; the text names the fault, for the message.
    case broken(String)
}

/// A flaw that decoders ignore, but that a damaged copy could also have.
struct Flaw: Equatable, Sendable {
    /// What it is, for a message.
    let reason: String
    /// Another one where something else is wrong.
    private(set) var mark: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ reason: String) { self.reason = reason }

    mutating func add(_ value: UInt64) { mark = (mark ^ value) &* 0x100_0000_01B3 }
}

/// Follows the structure of one format to its end, byte for byte as they come, keeping only counters.
protocol FormatWalker: Sendable {
    var state: WalkState { get }
    var flaw: Flaw? { get }
    /// What is wrong with the image if nothing follows: all of its pixels are there, and its end is not. Nil if pixels are
    /// missing.
    var flawAtEnd: Flaw? { get }
    /// Takes bytes up to the end of the image at most; returns how many. Takes all of them while the state is `going`.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int
}

extension FormatWalker {
    var flaw: Flaw? { nil }
    var flawAtEnd: Flaw? { nil }
}

/// A few bytes that must be seen together, gathered across pieces.
struct Gatherer: Sendable {
    // 40 bytes without an allocation.
    private var storage: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    private(set) var count = 0

    /// Takes bytes until `wanted` (at most 40) are there. Returns how many were taken.
    mutating func take(_ bytes: UnsafeRawBufferPointer, upTo wanted: Int) -> Int {
        let taken = max(0, min(min(wanted, 40) - count, bytes.count))
        let offset = count
        withUnsafeMutableBytes(of: &storage) { space in
            for index in 0..<taken { space[offset + index] = bytes[index] }
        }
        count += taken
        return taken
    }

    /// Lends what is there.
    func read<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withUnsafeBytes(of: storage) { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    mutating func reset() { count = 0 }
}

/// The walker of whichever format it is.
enum ImageWalker: Sendable {
    case png(PNGWalker)
    case jpeg(JPEGWalker)
    case webp(WebPWalker)
    case gif(GIFWalker)
    case bmp(BMPWalker)

    init(_ format: ImageFormat) {
        switch format {
        case .png: self = .png(PNGWalker())
        case .jpeg: self = .jpeg(JPEGWalker())
        case .webp: self = .webp(WebPWalker())
        case .gif: self = .gif(GIFWalker())
        case .bmp: self = .bmp(BMPWalker())
        }
    }

    var state: WalkState {
        switch self {
        case .png(let walker): return walker.state
        case .jpeg(let walker): return walker.state
        case .webp(let walker): return walker.state
        case .gif(let walker): return walker.state
        case .bmp(let walker): return walker.state
        }
    }

    var flaw: Flaw? {
        switch self {
        case .png(let walker): return walker.flaw
        case .jpeg(let walker): return walker.flaw
        case .webp, .gif, .bmp: return nil
        }
    }

    /// Only while the state is `going`.
    var flawAtEnd: Flaw? {
        switch self {
        case .webp(let walker): return walker.flawAtEnd
        case .gif(let walker): return walker.flawAtEnd
        case .bmp(let walker): return walker.flawAtEnd
        // Their last blocks tell that the pixels are all there.
        case .png, .jpeg: return nil
        }
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch self {
        case .png(var walker):
            defer { self = .png(walker) }
            return walker.feed(bytes)
        case .jpeg(var walker):
            defer { self = .jpeg(walker) }
            return walker.feed(bytes)
        case .webp(var walker):
            defer { self = .webp(walker) }
            return walker.feed(bytes)
        case .gif(var walker):
            defer { self = .gif(walker) }
            return walker.feed(bytes)
        case .bmp(var walker):
            defer { self = .bmp(walker) }
            return walker.feed(bytes)
        }
    }
}
