/// The formats that are recognised, by their first bytes.
enum ImageFormat: String, CaseIterable, Sendable {
    case png, jpeg, webp, gif, bmp

    var contentType: String { "image/\(rawValue)" }
    var fileExtension: String { self == .jpeg ? "jpg" : rawValue }

    /// Whether a file's suffix is that of another format.
    func contradicts(_ name: String) -> Bool {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
        switch String(name[dot...].dropFirst()).lowercased() {
        case "png", "apng": return self != .png
        case "jpg", "jpeg", "jpe", "jfif": return self != .jpeg
        case "webp": return self != .webp
        case "gif": return self != .gif
        case "bmp", "dib": return self != .bmp
        default: return false
        }
    }

    /// Bytes that are enough to tell any format.
    static let headLength = 18

    enum Guess: Equatable {
        case format(ImageFormat)
        /// It can still become one.
        case unsure
        case none
    }

    /// Judges the first bytes of a file. `unsure` only for less than `headLength` bytes.
    static func guess(_ head: UnsafeRawBufferPointer) -> Guess {
        var unsure = false
        for format in allCases {
            switch format.matches(head) {
            case .format: return .format(format)
            case .unsure: unsure = true
            case .none: break
            }
        }
        return unsure ? .unsure : .none
    }

    private func matches(_ head: UnsafeRawBufferPointer) -> Guess {
        switch self {
        case .png: return Self.compare(head, Self.pngSignature, self)
        case .jpeg: return Self.compare(head, [0xFF, 0xD8, 0xFF], self)
        case .gif:
            let old = Self.compare(head, Array("GIF87a".utf8), self)
            return old == .none ? Self.compare(head, Array("GIF89a".utf8), self) : old
        case .webp:
            guard Self.compare(head, Array("RIFF".utf8), self) != .none else { return .none }
            guard head.count > 8 else { return .unsure }
            return Self.compare(UnsafeRawBufferPointer(rebasing: head.dropFirst(8)), Array("WEBP".utf8), self)
        case .bmp:
            // "BM" alone could begin any text: four reserved zeros and the size of a known header must follow.
            guard Self.compare(head, Array("BM".utf8), self) != .none else { return .none }
            for index in 6..<10 where head.count > index && head[index] != 0 { return .none }
            guard head.count >= Self.headLength else { return .unsure }
            return BMPWalker.headerSizes.contains(head.littleEndian32(at: 14)) ? .format(.bmp) : .none
        }
    }

    private static func compare(_ head: UnsafeRawBufferPointer, _ magic: [UInt8], _ format: ImageFormat) -> Guess {
        for index in 0..<min(head.count, magic.count) where head[index] != magic[index] { return .none }
        return head.count >= magic.count ? .format(format) : .unsure
    }

    static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
}

extension UnsafeRawBufferPointer {
    /// 0 beyond the end.
    func littleEndian32(at offset: Int) -> UInt32 {
        guard offset >= 0, count >= 4, offset <= count - 4 else { return 0 }
        return UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    func bigEndian32(at offset: Int) -> UInt32 {
        guard offset >= 0, count >= 4, offset <= count - 4 else { return 0 }
        return UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The part from an offset on, which must be at most `count`.
    func from(_ offset: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[offset...]) }
}
