import CCurl
import Core
import Glibc

/// Bodies that a server has packed although nobody asked for it: "Accept-Encoding: identity" is not heeded everywhere, and
/// an id in such an answer must not be lost. What is not packed after all stays as it is.
enum PackedBody {
    enum Outcome {
        case asItIs
        case unpacked([UInt8])
        case tooLarge, noMemory
    }

    static func read(_ body: [UInt8], _ headers: HTTPHeaders, most: Int) -> Outcome {
        // Nearly every answer begins so, and none that is packed.
        guard let first = body.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "<") else { return .asItIs }
        let isGzip = body.starts(with: [0x1F, 0x8B])
        let coding = headers["content-encoding"]?.lowercased() ?? ""
        guard isGzip || ["gzip", "deflate", "zlib"].contains(where: { coding.hasSuffix($0) }) else { return .asItIs }
        for isRaw in isGzip ? [false] : [false, true] {
            let outcome = unpack(body, isRaw: isRaw, most: most)
            if case .asItIs = outcome { continue }
            return outcome
        }
        return .asItIs
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
        case 1: return .tooLarge
        case -2: return .noMemory
        default: return .asItIs
        }
    }
}
