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
    fileprivate static let maximumLayers = 4

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
    static func isZlib(_ body: [UInt8]) -> Bool {
        guard body.count > 2 else { return false }
        let (method, flags) = (body[0], body[1])  // safe: there are three
        return method & 0x0F == 8 && method >> 4 <= 7 && flags & 0x20 == 0
            && (UInt16(method) << 8 | UInt16(flags)) % 31 == 0
    }

    /// Whether it begins like what is not packed: an image, its Base64, or an answer in words.
    static func isPlain(_ head: [UInt8]) -> Bool {
        let words: [[UInt8]] = [
            Array("RIFF".utf8), Array("BM".utf8), Array("GIF8".utf8), [0x89, 0x50, 0x4E, 0x47], [0xFF, 0xD8, 0xFF],
            [0xEF, 0xBB, 0xBF], Array("iVBORw".utf8), Array("/9j/".utf8), Array("UklGR".utf8), Array("R0lGOD".utf8),
            Array("data:".utf8),
        ]
        if words.contains(where: { head.starts(with: $0) }) { return true }
        // One byte says little: a text has no control characters either.
        guard let first = head.first, [0x7B, 0x3C, 0x5B, 0x22].contains(first) else { return false }
        return head.prefix(64).allSatisfy { $0 >= 0x20 || [0x09, 0x0A, 0x0D].contains($0) }
    }

    /// Whether the first bytes of something can be unpacked; isWhole: they are all of it.
    static func begins(_ head: [UInt8], isRaw: Bool, isWhole: Bool) -> Bool {
        guard let unpacker = aigcu_unpacker_new(isRaw ? 1 : 0) else { return false }
        defer { aigcu_unpacker_free(unpacker) }
        return head.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { space in
                var rest = bytes[...]
                var all = 0
                // The rest of what makes more than that is as good as its beginning.
                for _ in 0..<8 where !rest.isEmpty {
                    var used = 0
                    var made = 0
                    let input = UnsafeRawBufferPointer(rebasing: rest)
                    let code = aigcu_unpacker_run(
                        unpacker, input.baseAddress, input.count, &used, space.baseAddress, space.count, &made)
                    if code < 0 { return false }
                    if code == 1 { return true }
                    rest = rest.dropFirst(used)
                    all += made  // safe: at most eight pieces
                }
                return all > 0 || !isWhole
            }
        }
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

/// The same for what goes to a sink piece by piece: an image that its host has packed, or an error in the place of one. Only
/// what is announced as packed is looked at: the bytes of a part of an image can be any. Engine thread.
final class PackedStream {
    enum Step {
        case ok, refused, malformed, noMemory
    }

    private enum Form {
        /// What came first does not tell yet.
        case unknown
        case plain
        case packed(OpaquePointer)
    }

    /// Whether something was packed, and whether all of it has come.
    private(set) var isUsed = false
    var isAtEnd: Bool { !isUsed || hasEnded && (inner?.isAtEnd ?? true) }

    private var form = Form.unknown
    private var hasEnded = false
    /// What came before the form was known.
    private var head: [UInt8] = []
    /// As in `PackedBody.codings`: the last one was put on last.
    private var codings: [Bool]
    private let depth: Int
    /// For what comes out of this one, which may be packed as well.
    private var inner: PackedStream?
    private var handedIn = 0

    private static let pieceBytes = 16 << 10
    /// By so many bytes every form is told.
    private static let headBytes = 1 << 10
    /// So much passes between two layers at most: a few bytes can be packed so that they never end.
    private static let maximumBetweenLayers = 256 << 20

    /// Whether a body may be packed, as its headers say.
    static func isNeeded(_ headers: HTTPHeaders) -> Bool {
        headers["content-encoding"].map { !$0.isEmpty && $0.lowercased() != "identity" } ?? false
    }

    convenience init(_ headers: HTTPHeaders) { self.init(PackedBody.codings(headers), depth: 1) }

    private init(_ codings: [Bool], depth: Int) {
        self.codings = codings
        self.depth = depth
    }

    deinit {
        if case .packed(let unpacker) = form { aigcu_unpacker_free(unpacker) }
    }

    /// Hands on what the next bytes hold. What follows the end of the packed ones is dropped.
    func add(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool) -> Step {
        switch form {
        case .plain: return bytes.isEmpty || take(bytes) ? .ok : .refused
        case .packed(let unpacker): return unpack(bytes, unpacker, take)
        case .unknown:
            head.append(contentsOf: bytes)
            return judge(atEnd: false, take)
        }
    }

    /// Nothing follows: hands on what was waiting.
    func finish(_ take: (UnsafeRawBufferPointer) -> Bool) -> Step {
        if case .unknown = form {
            let step = judge(atEnd: true, take)
            if step != .ok { return step }
        }
        return inner?.finish(take) ?? .ok
    }

    private func judge(atEnd: Bool, _ take: (UnsafeRawBufferPointer) -> Bool) -> Step {
        guard let isRaw = told(atEnd: atEnd) else { return .ok }
        if let isRaw {
            guard let made = aigcu_unpacker_new(isRaw ? 1 : 0) else { return .noMemory }
            form = .packed(made)
            isUsed = true
        } else {
            form = .plain
        }
        let waiting = head
        head = []
        return waiting.withUnsafeBytes { add($0, take) }
    }

    /// Nil: more must be seen. Nil inside: not packed. Else whether it has no head.
    private func told(atEnd: Bool) -> Bool?? {
        let isCalledDeflate = codings.last ?? false
        if head.count < 2, !atEnd { return .none }
        if head.starts(with: [0x1F, 0x8B]) { return .some(false) }
        let isZlib = PackedBody.isZlib(head)
        guard isCalledDeflate || isZlib && depth > 1, !PackedBody.isPlain(head) else { return .some(nil) }
        if head.count < Self.headBytes, !atEnd { return .none }
        if isZlib, PackedBody.begins(head, isRaw: false, isWhole: atEnd) { return .some(false) }
        // Bare deflate has neither a head nor a checksum: what cannot be it tells at once.
        if isCalledDeflate, PackedBody.begins(head, isRaw: true, isWhole: atEnd) { return .some(true) }
        return .some(isZlib && isCalledDeflate ? false : nil)
    }

    private func unpack(
        _ bytes: UnsafeRawBufferPointer, _ unpacker: OpaquePointer, _ take: (UnsafeRawBufferPointer) -> Bool
    ) -> Step {
        guard !hasEnded else { return .ok }
        return withUnsafeTemporaryAllocation(byteCount: Self.pieceBytes, alignment: 16) { space in
            var rest = bytes[...]
            while true {
                var used = 0
                var made = 0
                let input = UnsafeRawBufferPointer(rebasing: rest)
                let code = aigcu_unpacker_run(
                    unpacker, input.baseAddress, input.count, &used, space.baseAddress, space.count, &made)
                if code == -2 { return .noMemory }
                if made > 0 {
                    let step = hand(UnsafeRawBufferPointer(rebasing: space.prefix(made)), take)
                    if step != .ok { return step }
                }
                if code < 0 { return .malformed }
                rest = rest.dropFirst(used)
                hasEnded = code == 1
                if hasEnded || (rest.isEmpty && made < space.count) || (used == 0 && made == 0) { return .ok }
            }
        }
    }

    private func hand(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool) -> Step {
        guard depth < PackedBody.maximumLayers else { return take(bytes) ? .ok : .refused }
        if inner == nil { inner = PackedStream(Array(codings.dropLast()), depth: depth + 1) }
        guard let inner else { return .noMemory }
        if inner.isUsed {
            handedIn += bytes.count  // safe: a piece more than the limit
            if handedIn > Self.maximumBetweenLayers { return .malformed }
        }
        return inner.add(bytes, take)
    }
}
