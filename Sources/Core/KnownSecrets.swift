private import Synchronization

/// The keys, tokens and passwords that one client uses, so that they can be taken out of every text that leaves it: an
/// exact search before any guess by shape. A server may echo them percent-encoded, escaped (each up to three times, mixed
/// too), in Base64, in hexadecimal, as a list of bytes or split over lines, and may cut them: any run of twelve letters
/// and digits of one is hidden. Not found: what is encrypted, packed, spelled backwards, or in Base64 twice.
///
/// Keeps no secret: only short hashes of its pieces. Any thread.
public final class KnownSecrets: Sendable {
    private struct State {
        /// The secrets that the host has configured: kept as long as the client.
        var lasting: [SecretPieces] = []
        /// The secrets that sources have given: the newest of many generations.
        var passing: [SecretPieces] = []
        var table = SecretTable([], seed: 0)
    }

    private let state = Mutex(State())
    private let seed: UInt64
    /// Pieces of passing secrets that are kept: two generations of the longest tokens that clouds give, or many of others.
    private static let maximumPieces = 40_000

    public init() { seed = UInt64.random(in: 1...UInt64.max) }

    /// `lasts`: it is the host's own, and not one generation of many.
    public func add(_ secret: Secret, lasts: Bool = false) {
        let pieces = secret.withBytes { SecretPieces($0, seed: seed) }
        guard !pieces.isEmpty else { return }
        state.withLock { state in
            let isKnown = { (other: SecretPieces) in other.mark == pieces.mark }
            guard !state.lasting.contains(where: isKnown), !state.passing.contains(where: isKnown) else { return }
            if lasts { state.lasting.append(pieces) } else { state.passing.append(pieces) }
            var count = state.passing.reduce(0) { $0 + $1.hashes.count }
            while count > Self.maximumPieces, state.passing.count > 2 {
                count -= state.passing.removeFirst().hashes.count
            }
            state.table = SecretTable(state.lasting + state.passing, seed: seed)
        }
    }

    public func add(_ text: String, lasts: Bool = false) { add(Secret(text), lasts: lasts) }

    public func add(_ credentials: Credentials, lasts: Bool = false) {
        add(credentials.secret, lasts: lasts)
        if let token = credentials.token { add(token, lasts: lasts) }
    }

    /// The text with "***" for each secret in it.
    public func hidden(_ text: String) -> String {
        let table = state.withLock { $0.table }
        guard !table.isEmpty else { return text }
        var text = text
        let clean = text.withUTF8 { table.hide(UnsafeRawBufferPointer($0)) }
        return clean.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// The bytes with "***" for each secret in them; nil if they hold no secret.
    public func hidden(_ bytes: [UInt8]) -> [UInt8]? {
        let table = state.withLock { $0.table }
        return table.isEmpty ? nil : bytes.withUnsafeBytes { table.hide($0) }
    }

    /// The failure without secrets in its texts.
    public func hidden(_ failure: Failure) -> Failure {
        var clean = failure
        clean.message = hidden(failure.message)
        clean.providerCode = failure.providerCode.map { hidden($0) }
        clean.providerMessage = failure.providerMessage.map { hidden($0) }
        clean.requestID = failure.requestID.map { hidden($0) }
        return clean
    }
}

/// Hashes of all runs of eight letters and digits in all forms of one secret.
struct SecretPieces: Sendable {
    /// Tells this secret from another.
    private(set) var mark: UInt64
    private(set) var hashes: [UInt32] = []
    /// The shortest run of a text that is hidden: for a short secret the whole secret.
    private(set) var run: UInt8 = 0
    /// A secret of fewer than eight letters and digits, raw and in Base64: its letters alone occur in ordinary words.
    private(set) var literals: [[UInt8]] = []

    static let least = 6
    static let window = 8
    static let longestRun = 12

    var isEmpty: Bool { hashes.isEmpty && literals.isEmpty }

    init(_ bytes: UnsafeRawBufferPointer, seed: UInt64) {
        mark = seed
        for byte in bytes { mark = Self.mixed(mark ^ UInt64(byte), seed) }
        let plain = Self.plain(bytes)
        guard plain.count >= Self.window else {
            guard bytes.count >= Self.least else { return }
            literals.append(Array(bytes))
            literals.append(Self.percentEncoded(bytes))
            for offset in 0...2 {
                let text = Self.base64(bytes, offset: offset)
                if text.count >= Self.least { literals.append(text) }
            }
            return
        }
        run = UInt8(min(plain.count, Self.longestRun))
        insert(plain, seed)
        insert(Self.hexadecimal(bytes), seed)
        insert(Self.hexadecimal(bytes, before: "0x"), seed)
        insert(Self.decimal(bytes), seed)
        for offset in 0...2 { insert(Self.base64(bytes, offset: offset), seed) }
    }

    /// The letters and digits of a text.
    private mutating func insert(_ text: [UInt8], _ seed: UInt64) {
        var word: UInt64 = 0
        var count = 0
        for byte in text {
            guard let plain = PlainReader.folded(byte) else { continue }
            word = word << 8 | UInt64(plain)
            count += 1
            if count >= Self.window { hashes.append(Self.hash(word, seed)) }
        }
    }

    static func hash(_ word: UInt64, _ seed: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: mixed(word, seed) >> 32) }

    private static func mixed(_ word: UInt64, _ seed: UInt64) -> UInt64 {
        var x = (word ^ seed) &* 0x9E37_79B9_7F4A_7C15
        x ^= x >> 32
        x &*= 0xD6E8_FEB8_6659_FD93
        return x ^ x >> 29
    }

    private static func plain(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var reader = PlainReader(bytes)
        var result: [UInt8] = []
        while let byte = reader.next() { result.append(byte) }
        return result
    }

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer, before: StaticString = "") -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes {
            result += UnsafeBufferPointer(start: before.utf8Start, count: before.utf8CodeUnitCount)
            result.append(Hex.lower(byte >> 4))
            result.append(Hex.lower(byte))
        }
        return result
    }

    /// As lists of bytes are written: "[104, 116]".
    private static func decimal(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        bytes.flatMap { "\($0)".utf8 }
    }

    private static func percentEncoded(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes {
            if byte < 0x80, PlainReader.folded(byte) != nil {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(Hex.upper(byte >> 4))
                result.append(Hex.upper(byte))
            }
        }
        return result
    }

    /// As it stands in the Base64 of a text that has so many bytes before it, without the characters that mix it with its
    /// neighbours.
    private static func base64(_ bytes: UnsafeRawBufferPointer, offset: Int) -> [UInt8] {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var result: [UInt8] = []
        var bits: UInt32 = 0
        // Only the number of the bytes before counts: characters that hold bits of these bytes are left out.
        var held = offset * 8
        var mixed = offset == 0 ? 0 : offset + 1
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                let character = alphabet.utf8Start[Int(bits >> UInt32(held) & 63)]  // safe: six bits
                if mixed > 0 { mixed -= 1 } else { result.append(character) }
            }
        }
        return result
    }
}

/// All pieces of all secrets, for the search. Never changes.
final class SecretTable: Sendable {
    /// Hashes by their low bits, each at the next free place: the hash, and the shortest run that is hidden; 0 is free.
    private let places: [UInt64]
    private let mask: Int
    /// A run that is hidden has at least so many pieces, one after another.
    private let pieces: Int
    private let literals: [[UInt8]]
    private let seed: UInt64

    init(_ secrets: [SecretPieces], seed: UInt64) {
        self.seed = seed
        var literals: [[UInt8]] = []
        var count = 0
        for secret in secrets {
            literals += secret.literals
            count += secret.hashes.count
        }
        self.literals = literals
        // A quarter is used at most: a look-up mostly finds a free place at once.
        var size = count == 0 ? 0 : 64
        while size < count * 4 { size *= 2 }
        var places = [UInt64](repeating: 0, count: size)
        for secret in secrets {
            for hash in secret.hashes {
                var at = Int(hash) & (size - 1)
                while places[at] != 0, places[at] >> 8 != UInt64(hash) { at = (at + 1) & (size - 1) }  // safe: masked
                let run = places[at] == 0 ? secret.run : min(secret.run, UInt8(truncatingIfNeeded: places[at]))
                places[at] = UInt64(hash) << 8 | UInt64(run)
            }
        }
        self.places = places
        mask = size - 1
        let shortest = secrets.lazy.filter { !$0.hashes.isEmpty }.map { Int($0.run) }.min() ?? SecretPieces.window
        pieces = shortest - SecretPieces.window + 1
    }

    var isEmpty: Bool { places.isEmpty && literals.isEmpty }

    /// nil: there is nothing to hide. Allocates nothing then.
    func hide(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var found: [Range<Int>] = []
        if !places.isEmpty, mayHold(bytes) { search(bytes, &found) }
        for literal in literals { Self.search(bytes, literal, &found) }
        if found.isEmpty { return nil }
        if !literals.isEmpty { found.sort { $0.lowerBound < $1.lowerBound } }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var done = 0
        for place in found {
            if place.lowerBound >= done {
                output.append(contentsOf: bytes[done..<place.lowerBound])
                output.append(contentsOf: "***".utf8)
            }
            done = max(done, place.upperBound)
        }
        output.append(contentsOf: bytes[done...])  // safe: at most count
        return output
    }

    private static func search(_ bytes: UnsafeRawBufferPointer, _ literal: [UInt8], _ found: inout [Range<Int>]) {
        var at = 0
        while at + literal.count <= bytes.count {
            var same = 0
            while same < literal.count, bytes[at + same] == literal[same] { same += 1 }  // safe: both are within
            if same == literal.count { found.append(at..<at + same) }
            at += max(1, same == literal.count ? same : 1)
        }
    }

    /// Looks at one of so many pieces as a hidden run has: most texts hold none, and are not searched in full.
    private func mayHold(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = PlainReader(bytes)
        var word: UInt64 = 0
        var left = SecretPieces.window
        while let byte = reader.next() {
            word = word << 8 | UInt64(byte)
            left -= 1
            if left > 0 { continue }
            if least(word) != 0 { return true }
            left = pieces
        }
        return false
    }

    /// Finds the runs that belong to a secret.
    private func search(_ bytes: UnsafeRawBufferPointer, _ found: inout [Range<Int>]) {
        var reader = PlainReader(bytes)
        var word: UInt64 = 0
        var read = 0
        // Where the last eight letters and digits began.
        var starts: (Int, Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0, 0)
        var run = 0
        var needed = UInt8.max
        var begin = 0
        var end = 0
        while let byte = reader.next() {
            word = word << 8 | UInt64(byte)
            read += 1
            starts = (reader.start, starts.0, starts.1, starts.2, starts.3, starts.4, starts.5, starts.6)
            let least = read >= SecretPieces.window ? least(word) : 0
            if least == 0 {
                if run >= Int(needed) { found.append(begin..<end) }
                (run, needed) = (0, .max)
                continue
            }
            if run == 0 { begin = starts.7 }
            run = run == 0 ? SecretPieces.window : run + 1
            needed = min(needed, least)
            end = reader.at
        }
        if run >= Int(needed) { found.append(begin..<end) }
    }

    /// The shortest run with these eight that is hidden; 0: they belong to no secret.
    private func least(_ word: UInt64) -> UInt8 {
        let hash = SecretPieces.hash(word, seed)
        var at = Int(hash) & mask
        while places[at] != 0 {  // safe: masked
            if places[at] >> 8 == UInt64(hash) { return UInt8(truncatingIfNeeded: places[at]) }
            at = (at + 1) & mask
        }
        return 0
    }
}
