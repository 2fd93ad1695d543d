import CCurl
import Core

/// What goes to a sink piece by piece: an image that its host has packed, or an error in the place of one. Only
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
    /// As in `PackedForm.codings`: the last one was put on last.
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

    convenience init(_ headers: HTTPHeaders) { self.init(PackedForm.codings(headers), depth: 1) }

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
        if PackedForm.isGzip(head) { return .some(false) }
        let isZlib = PackedForm.isZlib(head)
        guard isCalledDeflate || isZlib && depth > 1, !PackedForm.isPlain(head) else { return .some(nil) }
        if head.count < Self.headBytes, !atEnd { return .none }
        if isZlib, PackedForm.begins(head, isRaw: false, isWhole: atEnd) { return .some(false) }
        // Bare deflate has neither a head nor a checksum: what cannot be it tells at once.
        if isCalledDeflate, PackedForm.begins(head, isRaw: true, isWhole: atEnd) { return .some(true) }
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
        guard depth < PackedForm.maximumLayers else { return take(bytes) ? .ok : .refused }
        if inner == nil { inner = PackedStream(Array(codings.dropLast()), depth: depth + 1) }
        guard let inner else { return .noMemory }
        if inner.isUsed {
            handedIn += bytes.count  // safe: a piece more than the limit
            if handedIn > Self.maximumBetweenLayers { return .malformed }
        }
        return inner.add(bytes, take)
    }
}
