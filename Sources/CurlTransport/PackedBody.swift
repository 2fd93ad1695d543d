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

    /// Packed bodies within packed bodies, no deeper than this.
    private static let maximumLayers = 4

    static func read(_ body: [UInt8], _ headers: HTTPHeaders, most: Int) -> Outcome {
        // Almost every answer begins like this, and no compressed one does.
        guard let first = body.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "<") else { return .asItIs }
        var codings = codings(headers, all: true)
        var unpacked: [UInt8]?
        var isTooLarge = false
        let result = { (bytes: [UInt8]?) -> Outcome in
            guard let bytes else { return .asItIs }
            return isTooLarge ? .tooLarge(bytes) : .unpacked(bytes)
        }
        for _ in 0..<maximumLayers {
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

    /// The codings in the order in which they were put on: whether each is "deflate". What gzip has packed tells itself.
    /// `all`: also those of the transfer, which libcurl does not take off the answer to a submission.
    static func codings(_ headers: HTTPHeaders, all: Bool = false) -> [Bool] {
        var found: [Bool] = []
        for header in all ? ["content-encoding", "transfer-encoding"] : ["content-encoding"] {
            guard let text = headers[header]?.lowercased() else { continue }
            for coding in text.split(separator: ",") {
                let name = coding.drop { $0 == " " || $0 == "\t" }
                if !name.hasPrefix("chunked") { found.append(name.hasPrefix("deflate") || name.hasPrefix("zlib")) }
            }
        }
        return found
    }

    private static func unpack(_ body: [UInt8], isCalledDeflate: Bool, most: Int) -> Outcome {
        // Bare deflate has neither a head nor a checksum, so that it is tried only where it is announced.
        let isGzip = body.starts(with: [0x1F, 0x8B])
        guard isGzip || isCalledDeflate || isZlib(body) else { return .asItIs }
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
        if bytes.starts(with: [0x1F, 0x8B]) || isZlib(bytes) { return true }
        guard let first = text.first(where: { $0 > 0x20 }) else { return false }
        return [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "<"), UInt8(ascii: "\"")].contains(first)
    }

    /// The head of zlib: method 8, a window of at most 32 KB, no dictionary, and a check of both bytes (RFC 1950, 2.2).
    private static func isZlib(_ body: [UInt8]) -> Bool {
        guard body.count > 2 else { return false }
        let (method, flags) = (body[0], body[1])  // safe: there are three
        return method & 0x0F == 8 && method >> 4 <= 7 && flags & 0x20 == 0
            && (UInt16(method) << 8 | UInt16(flags)) % 31 == 0
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

/// The same for what goes to a sink piece by piece: an image that its host has packed, or an error in the place of one.
/// Engine thread.
final class PackedStream {
    enum Step {
        case ok, refused, malformed, noMemory
    }

    /// Whether everything that was packed has come.
    private(set) var isAtEnd = false
    private let unpacker: OpaquePointer

    private static let pieceBytes = 16 << 10

    /// Whether a body that begins so is packed as its headers say: no image and no text of a provider begins like that.
    static func isNeeded(_ first: UInt8, _ headers: HTTPHeaders) -> Bool {
        guard first == 0x1F || first == 0x78 else { return false }
        guard let text = headers["content-encoding"]?.lowercased() else { return false }
        return first == 0x1F ? !text.isEmpty && text != "identity" : PackedBody.codings(headers).last == true
    }

    /// Nil without memory.
    init?() {
        guard let unpacker = aigcu_unpacker_new() else { return nil }
        self.unpacker = unpacker
    }

    deinit { aigcu_unpacker_free(unpacker) }

    /// Hands on what the next bytes hold. What follows the end of the packed ones is dropped.
    func add(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool) -> Step {
        withUnsafeTemporaryAllocation(byteCount: Self.pieceBytes, alignment: 16) { space in
            var rest = bytes[...]
            while true {
                var used = 0
                var made = 0
                let input = UnsafeRawBufferPointer(rebasing: rest)
                let code = aigcu_unpacker_run(
                    unpacker, input.baseAddress, input.count, &used, space.baseAddress, space.count, &made)
                if code == -2 { return .noMemory }
                if made > 0, !take(UnsafeRawBufferPointer(rebasing: space.prefix(made))) { return .refused }
                if code < 0 { return .malformed }
                rest = rest.dropFirst(used)
                isAtEnd = code == 1
                if isAtEnd || (rest.isEmpty && made < space.count) || (used == 0 && made == 0) { return .ok }
            }
        }
    }
}
