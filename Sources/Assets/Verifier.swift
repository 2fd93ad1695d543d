internal import CAssets

/// Holds an image against what is known of it while its bytes pass: structure, length, checksum. A value of a few dozen
/// bytes; the image itself is not kept.
struct Verifier: Sendable {
    enum Verdict: Equatable {
        case complete
        /// All bytes are there as far as length or end tell, and something about them is odd.
        case flawed(Flaw)
        /// More bytes must follow: why.
        case short(String)
        /// More bytes cannot help: why.
        case wrong(String)
    }

    let format: ImageFormat
    private(set) var count: Int64 = 0
    private(set) var crc64: UInt64 = 0
    private var walker: ImageWalker
    private let computesCRC: Bool
    private var trailing: Int64 = 0
    private var trailingIsPadding = true

    /// What may follow the end marker where nothing vouches for it.
    static let maximumPadding: Int64 = 64 << 10

    /// What is odd about an image that is complete all the same.
    var flaw: Flaw? { walker.flaw ?? (walker.state == .going ? walker.flawAtEnd : nil) }

    init(_ format: ImageFormat, computesCRC: Bool) {
        self.format = format
        self.computesCRC = computesCRC
        walker = ImageWalker(format)
    }

    /// Takes the next bytes. Returns what is wrong with them; nothing may be fed after that.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> String? {
        if computesCRC { crc64 = aigca_crc64(crc64, bytes.baseAddress, bytes.count) }
        count += Int64(bytes.count)
        let taken = walker.state == .ended ? 0 : walker.feed(bytes)
        if case .broken(let reason) = walker.state { return reason }
        if taken < bytes.count {
            trailing += Int64(bytes.count - taken)
            if trailingIsPadding { trailingIsPadding = Self.isPadding(bytes.from(taken)) }
        }
        return nil
    }

    /// - expected: the length of the image, -1 if unknown.
    /// - crc: the checksum that the server offered.
    /// - endIsCertain: the answer provably came to its end, though its length was not announced.
    ///
    /// Bytes behind the end marker belong to the object where length, checksum or a certain end say so, and are kept
    /// (cameras and editors append there). Where nothing vouches for them, only a little padding is tolerated. A flaw is
    /// the store's own where a checksum vouches for the bytes. So is an end that is missing behind whole pixels.
    func verdict(expected: Int64, crc: UInt64?, endIsCertain: Bool = false) -> Verdict {
        if expected >= 0, count < expected { return .short("\(count) of \(expected) bytes came") }
        if expected >= 0, count > expected { return .wrong("\(count) bytes came instead of \(expected)") }
        if let crc, crc != crc64 { return .wrong("its CRC-64 is not what the server announced") }
        guard walker.state == .ended else {
            if let flaw = walker.flawAtEnd {
                if crc != nil { return .complete }
                if expected >= 0 || endIsCertain {
                    // As many bytes the second time: a copy that was cut is another one.
                    var found = flaw
                    found.add(UInt64(bitPattern: count))
                    return .flawed(found)
                }
            }
            let reason = "it stops after \(count) bytes, before the end of the \(format.rawValue.uppercased())"
            return expected >= 0 || endIsCertain ? .wrong(reason) : .short(reason)
        }
        if trailing > 0, expected < 0, crc == nil, !endIsCertain, !trailingIsPadding || trailing > Self.maximumPadding {
            return .wrong("\(trailing) bytes follow the end of the \(format.rawValue.uppercased())")
        }
        guard let flaw = walker.flaw, crc == nil else { return .complete }
        return expected >= 0 || endIsCertain ? .flawed(flaw) : .wrong(flaw.reason)
    }

    private static func isPadding(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { $0 == 0 || $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }
    }
}
