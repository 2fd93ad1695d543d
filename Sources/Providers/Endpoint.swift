public import Core

/// Where a provider is reached: scheme, host and port of a configuration key or a token. A `WebURL` of nothing else, whose
/// host is written in plain letters.
public struct Endpoint: Equatable, Sendable {
    public let isSecure: Bool
    /// Lower case; IPv6 addresses in brackets.
    public let host: String
    /// Nil where it is the scheme's own.
    public let port: Int?

    /// What a `Host` line holds and signatures cover: the port only where it is not the scheme's own.
    public let authority: String
    /// `authority`, behind "http://" only if that is the scheme: the form of `JobReference.endpoint`.
    public let text: String
    /// What a path is put behind.
    public let origin: String

    /// Reads "host", "host:port", "https://host[:port]" or "http://host[:port]". `key` names the configuration key (or
    /// "token") in the error, and `entry` says which one of a list it is. The error shows nothing of the text: whatever part
    /// of a malformed URL can be a password or a key.
    public init(parsing text: String, key: String, entry: Int? = nil) throws(Failure) {
        func refuse(_ why: String) -> Failure {
            let place = entry.map { " (entry \($0))" } ?? ""
            return Failure(
                .invalidArgument,
                "Reading \(key)\(place): \(why); give host, host:port, https://host[:port] or http://host[:port]",
                field: key)
        }
        var rest = text[...]
        if let scheme = Endpoint.scheme(of: text) {
            guard ["https", "http"].contains(scheme.lowercased()) else {
                throw refuse("its scheme is neither https nor http")
            }
            rest = text.dropFirst(scheme.count + 3)
        }
        if rest.utf8.contains(UInt8(ascii: "@")) { throw refuse("it holds user information") }
        if rest.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            throw refuse("it holds a query or a fragment")
        }
        if rest.utf8.contains(UInt8(ascii: "/")) { throw refuse("it holds a path") }
        if let why = Endpoint.fault(ofPlace: rest) { throw refuse(why) }
        guard let url = WebURL(rest.startIndex == text.startIndex ? "https://" + text : text) else {
            throw refuse("its host name is malformed")
        }
        self.init(url)
    }

    /// What is wrong with "host", "host:port" or "[address]:port", in words; nil for nothing.
    private static func fault(ofPlace place: Substring) -> String? {
        var host = place
        var port = place[place.endIndex...]
        if place.first == "[" {
            guard let end = place.firstIndex(of: "]") else { return "a \"]\" is missing" }
            host = place[...end]
            port = place[place.index(after: end)...]
            if !port.isEmpty, port.first != ":" { return "something stands behind its \"]\"" }
            guard isIPv6(host) else { return "its IPv6 address is malformed" }
        } else {
            if let colon = place.firstIndex(of: ":") { (host, port) = (place[..<colon], place[colon...]) }
            if host.utf8.contains(where: { $0 >= 0x80 }) {
                return "its host name is not in ASCII; give its punycode form (xn--...)"
            }
            guard isHostName(host) else { return "its host name is malformed" }
        }
        let digits = port.dropFirst()
        guard
            port.isEmpty
                || digits.utf8.count <= 5 && digits.utf8.allSatisfy({ (48...57).contains($0) })
                    && Int(digits).map({ (1...65535).contains($0) }) == true
        else { return "its port is not a number from 1 to 65535" }
        return nil
    }

    /// An official host: https, own port.
    init(official host: String) {
        isSecure = true
        self.host = host
        port = nil
        authority = host
        text = host
        origin = "https://" + host
    }

    private init(_ url: WebURL) {
        isSecure = url.isSecure
        let isOwnPort = url.port == (url.isSecure ? 443 : 80)
        host = url.host.utf8.contains(UInt8(ascii: ":")) ? "[" + url.host + "]" : url.host
        port = isOwnPort ? nil : url.port
        authority = url.authority
        text = url.isSecure ? url.authority : url.origin
        origin = url.origin
    }

    private static func scheme(of text: String) -> Substring? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        return text[..<colon]
    }

    /// Underscores are not DNS, but container networks use them.
    private static func isHostName(_ text: Substring) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    ASCIIText.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }

    /// Shape only: the resolver judges the rest.
    private static func isIPv6(_ text: Substring) -> Bool {
        let inner = text.utf8.dropFirst().dropLast()
        return (2...45).contains(inner.count) && inner.contains(UInt8(ascii: ":"))
            && inner.allSatisfy {
                (48...57).contains($0) || (65...70).contains($0) || (97...102).contains($0) || $0 == UInt8(ascii: ":")
                    || $0 == UInt8(ascii: ".")
            }
    }

    /// Whether a text has the form of a region, "cn-shanghai" or "ap-shanghai-fsi". Endpoint rules rest on it: under
    /// aliyuncs.com strangers own host names such as <bucket>.oss-cn-shanghai.aliyuncs.com, and those are no regions.
    static func isRegion(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard (2...5).contains(parts.count), let first = parts.first, text.utf8.count <= 40 else { return false }
        return first.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
            }
    }
}
