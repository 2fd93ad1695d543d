/// An absolute http or https URL, read once and the same way in every layer: the library judges, signs and stores as an
/// identity exactly the bytes that are sent.
///
/// Read as curl and browsers do: blanks around the URL are dropped, blanks and bytes beyond ASCII inside it are
/// percent-encoded, percent escapes of the host are decoded, scheme and host get lower case, a fragment is dropped.
/// Everything else stays as it was written: an escape that is decoded or added could change what a signature covers.
public struct WebURL: Equatable, Sendable {
    public let isSecure: Bool
    /// Lower case; IPv6 without brackets.
    public let host: String
    /// The scheme's default port if the URL names none.
    public let port: Int
    /// "host" or "host:port", IPv6 in brackets, the port only if it is not the scheme's default.
    public let authority: String
    /// Path and query; begins with "/".
    public let target: String

    /// "https://host" or "http://host:port".
    public var origin: String { (isSecure ? "https://" : "http://") + authority }
    /// In ASCII, as it is sent.
    public var text: String { origin + target }
    /// "host:port", for messages.
    public var label: String { (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:" : "\(host):") + String(port) }

    /// Nil for a text that is no such URL, for a URL with a user, and for a URL with control characters.
    public init?(_ text: String) {
        var text = text
        guard let read = text.withUTF8({ WebURL(bytes: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = read
    }

    /// The same from received bytes, which may be no UTF-8.
    public init?(bytes all: UnsafeRawBufferPointer) {
        let bytes = Self.trimmed(all)
        guard ByteScan.hasNoControls(UnsafeRawBufferPointer(rebasing: bytes)),
            let (isSecure, start) = Self.scheme(of: bytes)
        else { return nil }
        let rest = bytes[start...]
        let end = rest.firstIndex(where: Self.endsAuthority) ?? rest.endIndex
        // A character that some clients read as "/" and others as a part of a name is refused in an authority.
        if end != rest.endIndex, rest[end] == UInt8(ascii: "\\") { return nil }
        guard let (host, port) = Self.read(authority: rest[..<end], isSecure: isSecure) else { return nil }
        self.init(isSecure: isSecure, host: host, port: port, target: Self.target(rest[end...]))
    }

    private init(isSecure: Bool, host: String, port: Int, target: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.target = target
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[" + host + "]" : host
        authority = port == (isSecure ? 443 : 80) ? name : name + ":" + String(port)
    }

    /// Whether a text can be sent as it is: a cheap test before a URL is handed over.
    public static func isReady(_ url: String) -> Bool {
        var text = url
        return text.withUTF8 { buffer in
            guard let (_, start) = scheme(of: UnsafeRawBufferPointer(buffer)[...]), start < buffer.count else {
                return false
            }
            // libcurl reads "http:///x" as the host x; nobody who signs a URL does.
            if endsAuthority(buffer[start]) { return false }
            var bad: UInt8 = 0
            for byte in buffer { bad |= (byte <= 0x20 ? 1 : 0) | (byte >= 0x7F ? 1 : 0) }
            return bad == 0
        }
    }

    /// Whether somebody else can read a text as such a URL, who knows host names beyond ASCII and what stands before an "@":
    /// no blanks, no control characters, and a host that begins as one.
    public static func isForOthers(_ url: String) -> Bool {
        var text = url
        return text.withUTF8 { buffer in
            let bytes = UnsafeRawBufferPointer(buffer)[...]
            guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let (_, start) = scheme(of: bytes),
                start < bytes.endIndex
            else { return false }
            let first = bytes[start]
            return isLetter(first) || isDigit(first) || first == UInt8(ascii: "[") || first >= 0x80
        }
    }

    /// Whether a text is such a URL but for its host, which is written in letters beyond ASCII: a resolver knows it by its
    /// punycode form.
    public static func hasHostBeyondASCII(_ url: String) -> Bool {
        var text = url
        return text.withUTF8 { buffer in
            let bytes = trimmed(UnsafeRawBufferPointer(buffer))
            guard let (_, start) = scheme(of: bytes) else { return false }
            return bytes[start...].prefix { !endsAuthority($0) }.contains { $0 >= 0x80 }
        }
    }

    /// Compared by bytes.
    public static func == (a: WebURL, b: WebURL) -> Bool {
        a.isSecure == b.isSecure && a.port == b.port && a.host.utf8.elementsEqual(b.host.utf8)
            && a.target.utf8.elementsEqual(b.target.utf8)
    }

    // MARK: - Redirects

    /// The target of a `Location` in an answer from this URL: absolute, or relative as RFC 3986 (5.2) says. Nil for what
    /// is no http or https URL.
    public func resolving(_ location: [UInt8]) -> WebURL? {
        location.withUnsafeBytes { all -> WebURL? in
            let bytes = Self.trimmed(all)
            if Self.saysScheme(bytes) { return WebURL(bytes: UnsafeRawBufferPointer(rebasing: bytes)) }
            let known = Array(origin.utf8)
            guard let first = bytes.first else { return nil }
            let isSlash = first == UInt8(ascii: "/")
            var whole: [UInt8]
            if isSlash, bytes.dropFirst().first == UInt8(ascii: "/") {
                whole = Array((isSecure ? "https:" : "http:").utf8) + bytes
            } else if isSlash {
                whole = known + Self.withoutDots(Array(bytes))
            } else {
                let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
                switch first {
                case UInt8(ascii: "?"): whole = known + path + bytes
                case UInt8(ascii: "#"): whole = known + target.utf8
                default:
                    let folder = path.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? path[...]
                    whole = known + Self.withoutDots(Array(folder) + bytes)
                }
            }
            return whole.withUnsafeBytes { WebURL(bytes: $0) }
        }
    }

    /// "." and ".." of a path are carried out (RFC 3986, 5.2.4). What follows "?" or "#" is left alone.
    private static func withoutDots(_ text: [UInt8]) -> [UInt8] {
        let end = text.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? text.endIndex
        var kept: [ArraySlice<UInt8>] = []
        let parts = text[..<end].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            if part.elementsEqual(".".utf8) {
                if isLast { kept.append([]) }
            } else if part.elementsEqual("..".utf8) {
                _ = kept.popLast()
                if isLast { kept.append([]) }
            } else {
                kept.append(part)
            }
        }
        return kept.flatMap { [UInt8(ascii: "/")] + $0 } + text[end...]
    }

    // MARK: - Reading

    private typealias Bytes = Slice<UnsafeRawBufferPointer>

    private static func trimmed(_ all: UnsafeRawBufferPointer) -> Bytes {
        var bytes = all[...]
        while let first = bytes.first, first <= 0x20 { bytes = bytes.dropFirst() }
        while let last = bytes.last, last <= 0x20 { bytes = bytes.dropLast() }
        return bytes
    }

    /// Where the authority begins.
    private static func scheme(of bytes: Bytes) -> (isSecure: Bool, start: Int)? {
        if has(bytes, prefix: "https://") { return (true, bytes.startIndex + 8) }
        if has(bytes, prefix: "http://") { return (false, bytes.startIndex + 7) }
        return nil
    }

    /// Whether a `Location` begins with a scheme: letters, digits, "+", "-" and "." up to a colon.
    private static func saysScheme(_ bytes: Bytes) -> Bool {
        let end = bytes.firstIndex { byte in
            !(Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "."))
        }
        guard let end, let first = bytes.first else { return false }
        return isLetter(first) && bytes[end] == UInt8(ascii: ":")
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
            || byte == UInt8(ascii: "\\")
    }

    private static func read(authority: Bytes, isSecure: Bool) -> (host: String, port: Int)? {
        guard !authority.contains(UInt8(ascii: "@")) else { return nil }
        var name = authority
        var behind = authority[authority.endIndex...]
        var host: String?
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            name = authority[(authority.startIndex + 1)..<end]
            behind = authority[(end + 1)...]
            host = address(name)
        } else {
            if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
                name = authority[..<colon]
                behind = authority[colon...]
            }
            host = self.name(name)
        }
        guard let host else { return nil }
        let own = isSecure ? 443 : 80
        guard !behind.isEmpty else { return (host, own) }
        let digits = behind.dropFirst()
        guard behind.first == UInt8(ascii: ":"), digits.count <= 5, digits.allSatisfy(isDigit) else { return nil }
        let port = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }  // safe: five digits at most
        guard port <= 65_535 else { return nil }
        return (host, digits.isEmpty ? own : port)
    }

    /// The text between brackets; the code that needs an address judges its form.
    private static func address(_ bytes: Bytes) -> String? {
        guard bytes.contains(UInt8(ascii: ":")),
            bytes.allSatisfy({
                isLetter($0) || isDigit($0) || [58, 46, 37, 45, 95, 126].contains($0)  // : . % - _ ~
            })
        else { return nil }
        return String(decoding: bytes.map(lower), as: UTF8.self)
    }

    /// A host name with its escapes decoded, as libcurl does before it asks a resolver or a proxy. Nil where a byte comes
    /// out that no host may have.
    private static func name(_ bytes: Bytes) -> String? {
        var decoded: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            var byte = byte
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                    return nil
                }
                byte = high << 4 | low
            }
            guard isLetter(byte) || isDigit(byte) || standsInNames(byte) else { return nil }
            decoded.append(lower(byte))
        }
        return decoded.isEmpty ? nil : String(decoding: decoded, as: UTF8.self)
    }

    /// Besides letters and digits: - . _ ~ and what RFC 3986 calls sub-delims.
    private static func standsInNames(_ byte: UInt8) -> Bool {
        switch byte {
        case 33, 36, 38...46, 59, 61, 95, 126: return true  // ! $ & ' ( ) * + , - . ; = _ ~
        default: return false
        }
    }

    private static func target(_ rest: Bytes) -> String {
        let known = rest.prefix { $0 != UInt8(ascii: "#") }
        var output: [UInt8] = []
        output.reserveCapacity(known.count + 1)
        if known.first != UInt8(ascii: "/") { output.append(UInt8(ascii: "/")) }
        for byte in known {
            if byte > 0x20, byte < 0x7F {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(Hex.upper(byte >> 4))
                output.append(Hex.upper(byte))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func has(_ bytes: Bytes, prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { wanted in
            // Letters without case; ":" and "/" have that bit set already.
            bytes.count >= wanted.count && zip(bytes, wanted).allSatisfy { $0 | 0x20 == $1 }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}

extension WebURL {
    /// A text that should be a URL, for a message: without user and query, which can be secrets, whatever the rest is.
    public static func shown(_ text: String) -> String {
        let behindUser = text.utf8.lastIndex(of: UInt8(ascii: "@")).map { text.utf8.index(after: $0) }
        let rest = text[(behindUser ?? text.startIndex)...].prefix { $0 != "?" && $0 != "#" }
        return String(rest).shown(limit: 80)
    }
}

extension String {
    /// Whether the text names its scheme, as "https://host" does. (`contains("://")` would link Swift's regex engine.)
    public var saysScheme: Bool {
        let end = utf8.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }.endIndex
        return end != utf8.startIndex && utf8[end...].starts(with: "://".utf8)
    }
}
