internal import CCrypto
internal import Codec
public import Core

/// Digests and HMAC over OpenSSL. They fail only when libcrypto does (no memory, a policy without the algorithm).
public enum Hash {
    public enum Algorithm: Sendable {
        case sha256, sha1

        var native: aigcc_algorithm { self == .sha256 ? AIGCC_SHA256 : AIGCC_SHA1 }
        var size: Int { self == .sha256 ? 32 : 20 }
    }

    /// Lower-case hexadecimal SHA-256 of no bytes at all.
    public static let emptySHA256Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    public static func digest(_ algorithm: Algorithm, _ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        try run(algorithm) { out in
            bytes.withUnsafeBytes { aigcc_digest(algorithm.native, $0.baseAddress, $0.count, out) }
        }
    }

    public static func sha256(_ bytes: [UInt8]) throws(Failure) -> [UInt8] { try digest(.sha256, bytes) }
    public static func sha256Hex(_ bytes: [UInt8]) throws(Failure) -> String {
        bytes.isEmpty ? emptySHA256Hex : Hex.lowerText(try digest(.sha256, bytes))
    }
    public static func sha1Hex(_ bytes: [UInt8]) throws(Failure) -> String { Hex.lowerText(try digest(.sha1, bytes)) }

    /// HMAC with a key that stays where it is.
    public static func hmac(_ algorithm: Algorithm, key: Secret, _ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        try run(algorithm) { out in
            key.withBytes { key in
                bytes.withUnsafeBytes {
                    aigcc_hmac(algorithm.native, key.baseAddress, key.count, $0.baseAddress, $0.count, out)
                }
            }
        }
    }

    /// HMAC with `prefix + key + suffix` as the key, put together in memory that is wiped.
    public static func hmac(
        _ algorithm: Algorithm, prefix: StaticString, key: Secret, suffix: StaticString, _ bytes: [UInt8]
    ) throws(Failure) -> [UInt8] {
        let head = UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
        let tail = UnsafeRawBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount)
        let size = head.count + key.count + tail.count  // safe: sizes of objects in memory
        return try run(algorithm) { out in
            withUnsafeTemporaryAllocation(byteCount: size + 1, alignment: 1) { joined in
                defer { aigcc_cleanse(joined.baseAddress, joined.count) }
                joined.copyBytes(from: head)
                key.withBytes { UnsafeMutableRawBufferPointer(rebasing: joined[head.count...]).copyBytes(from: $0) }
                UnsafeMutableRawBufferPointer(rebasing: joined[(head.count + key.count)...]).copyBytes(from: tail)
                return bytes.withUnsafeBytes {
                    aigcc_hmac(algorithm.native, joined.baseAddress, size, $0.baseAddress, $0.count, out)
                }
            }
        }
    }

    private static func run(
        _ algorithm: Algorithm, _ body: (UnsafeMutablePointer<UInt8>?) -> Int32
    ) throws(Failure) -> [UInt8] {
        var code: Int32 = 0
        let digest = [UInt8](unsafeUninitializedCapacity: algorithm.size) { out, count in
            code = body(out.baseAddress)
            count = code == 0 ? algorithm.size : 0
        }
        guard code == 0 else { throw refused(algorithm) }
        return digest
    }

    static func refused(_ algorithm: Algorithm) -> Failure {
        if aigcc_knows(algorithm.native) != 0 {
            return Failure(.noResources, "signing: no memory to compute a digest", isRetryable: true)
        }
        let file = aigcc_configuration().map { "the file \(String(cString: $0)), which OPENSSL_CONF names," }
        let name = algorithm == .sha256 ? "SHA-256" : "SHA-1"
        return Failure(
            .noResources,
            "signing: \(String(cString: aigcc_version())) on this machine has no \(name): "
                + "\((file ?? "its configuration (openssl.cnf)").shown(limit: 300)) activates no provider that has it; let "
                + "the configuration activate the provider \"default\", or set OPENSSL_CONF to a file that does")
    }

    /// A SHA-256 or HMAC-SHA256 outside the heap.
    struct SHA256 {
        fileprivate var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        /// Nil if libcrypto refuses.
        init?(_ bytes: UnsafeRawBufferPointer) {
            let code = withUnsafeMutableBytes(of: &words) { out in
                aigcc_digest(AIGCC_SHA256, bytes.baseAddress, bytes.count, out.bindMemory(to: UInt8.self).baseAddress)
            }
            guard code == 0 else { return nil }
        }

        init?(key: Secret, _ bytes: UnsafeRawBufferPointer) {
            let code = withUnsafeMutableBytes(of: &words) { out in
                key.withBytes { key in
                    aigcc_hmac(
                        AIGCC_SHA256, key.baseAddress, key.count, bytes.baseAddress, bytes.count,
                        out.bindMemory(to: UInt8.self).baseAddress)
                }
            }
            guard code == 0 else { return nil }
        }

        var hex: String { withUnsafeBytes(of: words) { Hex.lowerText(Array($0)) } }
    }
}

/// Builds text in memory of the caller. Text that does not fit is left out, and `isFull` says so.
struct ByteWriter {
    private let memory: UnsafeMutableBufferPointer<UInt8>
    private var count = 0
    private(set) var isFull = false

    init(_ memory: UnsafeMutableBufferPointer<UInt8>) { self.memory = memory }

    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]) }
    var text: String { String(decoding: written, as: UTF8.self) }

    mutating func clear() { count = 0 }

    mutating func add(_ text: String) {
        // Without a copy, which the mutable `withUTF8` needs.
        if text.utf8.withContiguousStorageIfAvailable({ add(UnsafeRawBufferPointer($0)) }) == nil {
            Array(text.utf8).withUnsafeBytes { add($0) }
        }
    }

    mutating func add(_ text: StaticString) {
        add(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard let out = room(for: bytes.count), let source = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(out).copyMemory(from: source, byteCount: bytes.count)
    }

    mutating func add(hex digest: Hash.SHA256) {
        guard let out = room(for: 64) else { return }
        withUnsafeBytes(of: digest.words) { aigcc_hex($0.baseAddress, $0.count, out) }
    }

    private mutating func room(for bytes: Int) -> UnsafeMutablePointer<UInt8>? {
        guard !isFull, memory.count - count >= bytes, let start = memory.baseAddress else {
            isFull = true
            return nil
        }
        defer { count += bytes }
        return start + count
    }
}

extension Secret {
    /// Takes bytes over into memory that is wiped, and wipes where they were.
    convenience init(wiping bytes: inout [UInt8]) {
        self.init(bytes: bytes)
        bytes.withUnsafeMutableBytes { aigcc_cleanse($0.baseAddress, $0.count) }
    }
}

/// Base64 with padding, for what is short enough to be in memory twice.
public enum Base64 {
    public static func encode(_ bytes: [UInt8]) -> String {
        let size = aigcc_base64_encoded_size(bytes.count)
        let text = [UInt8](unsafeUninitializedCapacity: size) { out, count in
            count = max(
                0, Int(bytes.withUnsafeBytes { aigcc_base64_encode($0.baseAddress, $0.count, out.baseAddress) }))
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// 32 lower-case hexadecimal digits that nobody can guess; new for each attempt at a call. There is no weaker way out:
/// without randomness it fails.
public func randomNonce() throws(Failure) -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    guard bytes.withUnsafeMutableBytes({ aigcc_random($0.baseAddress, $0.count) }) == 0 else {
        throw Failure(.noResources, "making a nonce: the system gives no random bytes", isRetryable: true)
    }
    return Hex.lowerText(bytes)
}

/// What becomes a header line or a part of the text that is signed must not be able to end a line.
enum HeaderText {
    static func check(_ text: String, _ what: StaticString, field: String? = nil) throws(Failure) {
        var text = text
        let isClean = text.withUTF8 { ByteScan.hasNoControls(UnsafeRawBufferPointer($0)) }
        if !isClean, let byte = firstControl(text) {
            throw Failure(
                .invalidArgument,
                "signing: the \(what) holds \(name(byte)); it must be one line of printable text", field: field)
        }
    }

    /// As `check`, and nothing that could lead the URL elsewhere.
    static func checkHost(_ host: String) throws(Failure) {
        try check(host, "host")
        var host = host
        let isPlain = host.withUTF8 { bytes in
            !bytes.isEmpty
                && bytes.allSatisfy { byte in
                    switch byte {
                    case 0x09, 0x20, 0x23, 0x2F, 0x3F, 0x40, 0x5C: return false  // blanks # / ? @ and backslash
                    default: return byte < 0x80
                    }
                }
        }
        guard isPlain else {
            throw Failure(
                .invalidArgument, "signing: the host must be a plain host name or address, with \":port\" if any")
        }
    }

    private static func firstControl(_ text: String) -> UInt8? {
        var text = text
        return text.withUTF8 { bytes in bytes.first { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F } }
    }

    static func check(_ credentials: Credentials) throws(Failure) {
        guard !credentials.id.isEmpty, !credentials.secret.isEmpty else {
            throw Failure(.noCredentials, "signing: the key \(credentials.id.isEmpty ? "id" : "secret") is empty")
        }
        try check(credentials.id, "key id")
        guard credentials.token?.withBytes({ $0.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) ?? true else {
            throw Failure(
                .invalidArgument, "signing: the security token holds a control character; it must be one line of text")
        }
    }

    private static func name(_ byte: UInt8) -> String {
        switch byte {
        case 0: return "a NUL"
        case 0x0A, 0x0D: return "a line break"
        default: return "a control character"
        }
    }
}
