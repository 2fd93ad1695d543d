import CCurl
import Core
import Glibc

/// Bodies that a server has compressed without being asked: not every server obeys "Accept-Encoding: identity", and
/// an id in such an answer must not be lost. A body that is not compressed after all stays unchanged.
/// gzip and zlib are found without an announcement too.
enum PackedBody {
    enum Outcome {
        case asItIs
        case unpacked([UInt8])
        /// The limit, and what came before it.
        case tooLarge([UInt8])
        case noMemory
    }

    static func read(_ body: [UInt8], _ headers: HTTPHeaders, most: Int) -> Outcome {
        // Almost every answer begins like this, and no compressed one does.
        guard let first = body.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "<") else { return .asItIs }
        var codings = PackedForm.codings(headers, all: true)
        var unpacked: [UInt8]?
        var isTooLarge = false
        let result = { (bytes: [UInt8]?) -> Outcome in
            guard let bytes else { return .asItIs }
            return isTooLarge ? .tooLarge(bytes) : .unpacked(bytes)
        }
        for _ in 0..<PackedForm.maximumLayers {
            let outcome = unpack(unpacked ?? body, isCalledDeflate: codings.popLast() ?? false, most: most)
            switch outcome {
            case .unpacked(let bytes): unpacked = bytes
            case .tooLarge(let bytes): (unpacked, isTooLarge) = (bytes, true)
            case .asItIs: return result(unpacked)
            case .noMemory: return outcome
            }
        }
        return result(unpacked)
    }

    private static func unpack(_ body: [UInt8], isCalledDeflate: Bool, most: Int) -> Outcome {
        // Bare deflate has neither a head nor a checksum, so that it is tried only where it is announced.
        let isGzip = PackedForm.isGzip(body)
        guard isGzip || isCalledDeflate || PackedForm.isZlib(body) else { return .asItIs }
        for isRaw in isCalledDeflate && !isGzip ? [false, true] : [false] {
            let outcome = unpack(body, isRaw: isRaw, most: most)
            switch outcome {
            case .asItIs: continue
            // Two bytes of text can be a head of zlib: "x^".
            case .unpacked(let bytes) where !isGzip && !isCalledDeflate && !isAnswer(bytes): continue
            case .tooLarge(let bytes) where !isGzip && !isCalledDeflate && !isAnswer(bytes): continue
            case .unpacked, .tooLarge, .noMemory: return outcome
            }
        }
        return .asItIs
    }

    /// Whether what was unpacked begins like an answer, or is packed once more.
    private static func isAnswer(_ bytes: [UInt8]) -> Bool {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        if PackedForm.isGzip(bytes) || PackedForm.isZlib(bytes) { return true }
        guard let first = text.first(where: { $0 > 0x20 }) else { return false }
        return [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "<"), UInt8(ascii: "\"")].contains(first)
    }

    private static func unpack(_ body: [UInt8], isRaw: Bool, most: Int) -> Outcome {
        var block: UnsafeMutableRawPointer?
        var count = 0
        let status = body.withUnsafeBytes {
            aigcu_unpack($0.baseAddress, $0.count, isRaw ? 1 : 0, max(most, 0), &block, &count)
        }
        defer { free(block) }
        switch status {
        case 0: return .unpacked(Array(UnsafeRawBufferPointer(start: block, count: count)))
        case 1: return .tooLarge(Array(UnsafeRawBufferPointer(start: block, count: count)))
        case -2: return .noMemory
        default: return .asItIs
        }
    }
}
