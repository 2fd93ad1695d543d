// What the transport has to know of a URL, and texts about it that hold no secret. Pure.

struct URLParts: Equatable, Sendable {
    var isHTTPS: Bool
    /// As written, without brackets.
    var host: String
    /// As written or the scheme's own.
    var port: String

    /// Nil for what is no absolute http or https URL with a host and without a user.
    init?(_ url: String) {
        let bytes = url.utf8
        let afterScheme: Substring.UTF8View
        if Self.has(bytes, prefix: "https://") {
            isHTTPS = true
            afterScheme = bytes.dropFirst(8)
        } else if Self.has(bytes, prefix: "http://") {
            isHTTPS = false
            afterScheme = bytes.dropFirst(7)
        } else {
            return nil
        }
        let authority = afterScheme.prefix { byte in
            byte != UInt8(ascii: "/") && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
                && byte != UInt8(ascii: "\\")
        }
        guard !authority.isEmpty, !authority.contains(UInt8(ascii: "@")) else { return nil }
        var name = authority
        var rest = authority[authority.endIndex...]
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            name = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
        } else if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
            name = authority[..<colon]
            rest = authority[colon...]
        }
        guard !name.isEmpty else { return nil }
        host = String(Substring(name))
        if rest.isEmpty {
            port = isHTTPS ? "443" : "80"
        } else {
            let digits = rest.dropFirst()
            guard rest.first == UInt8(ascii: ":"), digits.count <= 5,
                digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
            else { return nil }
            port = digits.isEmpty ? (isHTTPS ? "443" : "80") : String(Substring(digits))
        }
    }

    /// "host:port", for messages.
    var label: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Cheap test before a URL is handed over: scheme, and nothing that a URL may not hold unescaped.
    static func isWellFormed(_ url: String) -> Bool {
        let bytes = url.utf8
        guard has(bytes, prefix: "https://") || has(bytes, prefix: "http://") else { return false }
        var text = url
        return text.withUTF8 { buffer in
            // libcurl reads "http:///x" as the host x; nobody who signs a URL does.
            let host = buffer.dropFirst(buffer.count > 4 && buffer[4] == UInt8(ascii: ":") ? 7 : 8).first
            if host == nil || host == UInt8(ascii: "/") || host == UInt8(ascii: "?") || host == UInt8(ascii: "#") {
                return false
            }
            var bad: UInt8 = 0
            for byte in buffer { bad |= (byte <= 0x20 ? 1 : 0) | (byte >= 0x7F ? 1 : 0) }
            return bad == 0
        }
    }

    private static func has(_ bytes: String.UTF8View, prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { wanted in
            var at = bytes.startIndex
            for byte in wanted {
                guard at != bytes.endIndex else { return false }
                // Letters without case; ":" and "/" have that bit set already.
                guard bytes[at] | 0x20 == byte else { return false }
                at = bytes.index(after: at)
            }
            return true
        }
    }
}
