// Which proxy a host is reached through. Pure: decided from the settings and the snapshot of the environment, because
// libcurl would call getenv() on the engine thread while the host changes its environment.

internal import Core

/// The proxies of one transport, with libcurl's precedence: the setting, then `<scheme>_proxy` in lower and (https
/// only) upper case, then `all_proxy` and `ALL_PROXY`; an empty variable counts as unset.
struct ProxyRules: Sendable {
    private let http: ProxyAddress?
    private let https: ProxyAddress?
    private let exceptions: [ProxyException]
    private let isOff: Bool

    init(_ settings: CurlSettings) throws(Failure) {
        let environment = settings.environment
        func first(_ names: String...) -> (name: String, value: String)? {
            for name in names { if let value = environment[name], !value.isEmpty { return (name, value) } }
            return nil
        }
        func read(_ found: (name: String, value: String)?) throws(Failure) -> ProxyAddress? {
            guard let found else { return nil }
            return try ProxyAddress(found.value, from: "the variable \(found.name)", field: nil)
        }
        let list = settings.noProxy ?? first("no_proxy", "NO_PROXY")?.value ?? ""
        exceptions = Self.entries(list).map(ProxyException.init)
        let isNeverUsed = exceptions.contains { $0.isEverything }
        if let proxy = settings.proxy {
            http = proxy.isEmpty ? nil : try ProxyAddress(proxy, from: "http.proxy", field: "http.proxy")
            https = http
        } else if isNeverUsed {
            (http, https) = (nil, nil)
        } else {
            // HTTP_PROXY is ignored: a web server puts the header "Proxy:" of its clients there.
            http = try read(first("http_proxy", "all_proxy", "ALL_PROXY"))
            https = try read(first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
        }
        isOff = isNeverUsed || (http == nil && https == nil)
        if !isOff, let bad = exceptions.first(where: { $0.fault != nil }) {
            let origin = settings.noProxy != nil ? "http.no_proxy" : "the variable NO_PROXY"
            throw Failure(
                .invalidArgument,
                "Reading the hosts without a proxy of \(origin): \"\(bad.text.shown(limit: 80))\" \(bad.fault ?? "")",
                field: settings.noProxy != nil ? "http.no_proxy" : nil)
        }
    }

    /// The entries of a list between commas, semicolons and blanks. Quotation marks come from files of variables that nobody
    /// has taken them off of; line breaks from YAML; a byte order mark and its like from editors.
    private static func entries(_ list: String) -> [String] {
        func separates(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case ",", ";", "\"", "'", "`", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{FF0C}", "\u{FF1B}",
                "\u{3001}":
                true
            default: String(scalar).isBlank
            }
        }
        return list.unicodeScalars.split(whereSeparator: separates).map { String($0) }
    }

    /// True when no host is reached through a proxy, so that nothing has to be asked.
    var areEmpty: Bool { isOff }

    /// As they are sent, for those who take secrets out of texts.
    var passwords: [Secret] { [http?.password, https?.password].compactMap { $0 } }

    /// Whether libcurl resolves names for such a proxy here, and gives it addresses.
    static func isGivenAddresses(_ proxy: String) -> Bool { ["socks", "socks4", "socks5"].contains(scheme(of: proxy)) }

    /// SOCKS 4 has a place for four bytes.
    static func takesIPv6(_ proxy: String) -> Bool { scheme(of: proxy) == "socks5" }

    private static func scheme(of proxy: String) -> String {
        guard proxy.saysScheme else { return "" }
        return String(decoding: proxy.utf8.prefix { $0 != UInt8(ascii: ":") }.map(ASCIIText.lower), as: UTF8.self)
    }

    /// The proxy for a host, "" for none. The host without brackets.
    func proxy(isHTTPS: Bool, host: String, port: String) -> String {
        if isOff { return "" }
        guard let proxy = isHTTPS ? https : http else { return "" }
        if exceptions.isEmpty { return proxy.text }
        let literal = HostLiteral.parse(host)
        return exceptions.contains { $0.matches(host, literal, port: port) } ? "" : proxy.text
    }
}

/// A proxy's URL, taken apart: what cannot be read without doubt is refused, because a password in it would be shown as a
/// part of the host or of the path.
struct ProxyAddress: Sendable {
    /// As libcurl gets it: scheme, user, host and port as they were written.
    let text: String
    /// Decoded; nil for none.
    let password: Secret?

    private static let schemes = ["http", "https", "socks", "socks4", "socks4a", "socks5", "socks5h"]

    /// `origin` names the setting in messages, which show nothing of the text.
    init(_ text: String, from origin: String, field: String?) throws(Failure) {
        func refuse(_ why: String) -> Failure {
            Failure(
                .invalidArgument,
                "Reading the proxy of \(origin): \(why); give scheme://host:port or scheme://user:password@host:port, and "
                    + "percent-encode user name and password (\"/\" is %2F, \"@\" is %40, a blank is %20)", field: field
            )
        }
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), text.isVisible else {
            throw refuse("it holds a blank, a control character or an invisible character")
        }
        var begin = 0
        if let end = Self.endOfScheme(bytes) {
            let scheme = String(decoding: bytes[..<end], as: UTF8.self).lowercased()  // safe: found in them
            guard Self.schemes.contains(scheme) else {
                throw refuse("its scheme is none of \(Self.schemes.joined(separator: ", "))")
            }
            begin = end + 3
        }
        let rest = bytes[begin...]  // safe: at most count
        let authority = rest.prefix {
            $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\")
        }
        guard !rest[authority.endIndex...].contains(UInt8(ascii: "@")) else {  // safe: a part of it
            throw refuse("a \"/\", \"?\", \"#\" or \"\\\" stands before its \"@\"")
        }
        var place = authority
        var user: ArraySlice<UInt8>?
        if let at = authority.firstIndex(of: UInt8(ascii: "@")) {
            user = authority[..<at]
            place = authority[(at + 1)...]  // safe: behind an index
            guard !place.contains(UInt8(ascii: "@")) else { throw refuse("it holds several \"@\"") }
        }
        if let why = Self.fault(ofPlace: place) { throw refuse(why) }
        var password: Secret?
        if let user {
            let parts = user.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap(Self.decoded),
                let secret = parts.count < 2 ? [] : parts.last.flatMap(Self.decoded)
            else { throw refuse("a \"%\" before its \"@\" is not followed by two hexadecimal digits") }
            guard !name.contains(where: Self.isControl), !secret.contains(where: Self.isControl) else {
                throw refuse("user name or password hold a control character")
            }
            // A name without a password is mostly a token.
            password = Secret(bytes: secret.isEmpty ? name : secret)
        }
        self.text = String(decoding: bytes[..<authority.endIndex], as: UTF8.self)  // safe: a part of them
        self.password = password
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    private static func endOfScheme(_ bytes: [UInt8]) -> Int? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return bytes[colon...].starts(with: "://".utf8) ? colon : nil
    }

    /// What is wrong with "host", "host:port" or "[address]:port"; nil for nothing.
    private static func fault(ofPlace place: ArraySlice<UInt8>) -> String? {
        var host = place
        var port = place[place.endIndex...]
        if place.first == UInt8(ascii: "[") {
            guard let end = place.firstIndex(of: UInt8(ascii: "]")) else { return "a \"]\" is missing" }
            host = place[(place.startIndex + 1)..<end]  // safe: "[" and "]" are two
            port = place[(end + 1)...]  // safe: behind an index
            guard
                host.allSatisfy({
                    ASCIIText.isLetterOrDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
                        || $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                })
            else { return "its IPv6 address is malformed" }
        } else {
            if let colon = place.firstIndex(of: UInt8(ascii: ":")) { (host, port) = (place[..<colon], place[colon...]) }
            guard
                host.allSatisfy({
                    ASCIIText.isLetterOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                        || $0 == UInt8(ascii: "_") || $0 >= 0x80
                })
            else { return "its host name is malformed" }
        }
        if host.isEmpty { return "it has no host" }
        let digits = port.dropFirst()
        guard
            port.isEmpty
                || port.first == UInt8(ascii: ":") && digits.count <= 5
                    && digits.allSatisfy({ (48...57).contains($0) })
        else { return "its port is not a number from 1 to 65535" }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 48) }  // safe: five digits
        guard digits.isEmpty || (1...65_535).contains(number) else {
            return "its port is not a number from 1 to 65535"
        }
        return nil
    }

    /// nil for a "%" that begins no escape.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                output.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16),
                digits.allSatisfy(ASCIIText.isLetterOrDigit)
            else { return nil }
            output.append(value)
            rest = rest.dropFirst(2)
        }
        return output
    }
}

/// One entry of NO_PROXY. As libcurl 7.88 a name means itself and everything under it, with or without a leading dot, and
/// an address itself or a block ("10.0.0.0/8", "10.0.0.0/255.0.0.0"; "0.0.0.0/0" is all of IPv4);
/// and as other tools have it: "*.host", "host:443", "[::1]", "192.168.*", and
/// a whole URL, of which the host counts.
struct ProxyException: Sendable {
    private enum Hosts {
        case everything
        /// In lower case, without dots at its ends.
        case name([UInt8])
        /// With "*" for any characters, in lower case.
        case pattern([UInt8])
        case block(IPAddress, bits: Int?)
    }

    private let hosts: Hosts
    let text: String
    /// What is wrong with it; nil for nothing.
    private(set) var fault: String?
    /// nil: every port.
    private let port: String?

    var isEverything: Bool {
        if case .everything = hosts { return port == nil }
        return false
    }

    init(_ entry: some StringProtocol) {
        let entry = String(entry)
        self.text = entry
        var text = entry[...]
        if entry.saysScheme, let colon = text.firstIndex(of: ":") {
            text = text[colon...].dropFirst(3).prefix { $0 != "/" }
        }
        // Behind these is no part of a host: what is left of a URL, or a note.
        text = text.prefix { $0 != "#" && $0 != "?" }
        var port: String?
        var isBracketed = false
        if text.first == "[", let end = text.firstIndex(of: "]") {
            let behind = text[end...].dropFirst()
            port = behind.first == ":" ? String(behind.dropFirst()) : nil
            text = text[..<end].dropFirst()
            isBracketed = true
        }
        if !isBracketed, let colon = text.firstIndex(of: ":"), text[colon...].dropFirst().allSatisfy(\.isWholeNumber),
            !text[colon...].dropFirst().isEmpty
        {
            // Two colons are an IPv6 address.
            port = String(text[colon...].dropFirst())
            text = text[..<colon]
        }
        // A scheme stands for its port.
        if !isBracketed, let colon = text.firstIndex(of: ":"),
            let number = ["http": "80", "https": "443"][text[colon...].dropFirst().lowercased()]
        {
            port = number
            text = text[..<colon]
        }
        // A colon without a port is a slip of the pen; two colons are an IPv6 address.
        if !isBracketed, text.last == ":", text.utf8.filter({ $0 == UInt8(ascii: ":") }).count == 1 {
            text = text.dropLast()
        }
        self.port = port.flatMap { $0.isEmpty ? nil : $0 }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if let base = parts.first, case .address(let address) = HostLiteral.parse(base) {
            guard parts.count > 1, Self.isMeantAsBits(parts[1]) else {  // safe: two
                // "10.0.0.1/path" is what is left of a URL.
                hosts = .block(address, bits: nil)
                return
            }
            let address = Self.network(base) ?? address
            let bits = address.bits(of: parts[1])  // safe: two
            if bits == nil {
                fault =
                    "is no block of addresses: give the bits behind the \"/\", such as \"10.0.0.0/8\" or \"fd00::/8\""
            }
            hosts = .block(address, bits: bits ?? .max)
            return
        }
        var name = Array(text.utf8.prefix { $0 != UInt8(ascii: "/") }.map(ASCIIText.lower))
        if name == [UInt8(ascii: "*")] {
            hosts = .everything
            return
        }
        if name.starts(with: "*.".utf8) { name.removeFirst() }
        if name.last == UInt8(ascii: ".") { name.removeLast() }
        if name.contains(UInt8(ascii: "*")) {
            hosts = .pattern(name)
            return
        }
        if name.first == UInt8(ascii: ".") { name.removeFirst() }
        hosts = .name(name)
    }

    /// Whether the text behind the "/" of an address is a number or a mask, rightly written or not.
    private static func isMeantAsBits(_ text: Substring) -> Bool {
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text
        if !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }) {
            return true
        }
        guard text.contains(":"), case .address = HostLiteral.parse(text) else { return false }
        return true
    }

    /// A block whose address has fewer than four parts lacks those at its end: "10/8", "192.168/16". Nil for others.
    private static func network(_ base: Substring) -> IPAddress? {
        let parts = base.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count < 4, parts.allSatisfy({ $0 == "0" || $0.first != "0" }) else { return nil }
        let bytes = parts.compactMap { UInt8($0) }
        guard bytes.count == parts.count else { return nil }
        let missing = UInt32(4 - parts.count)
        return .v4(bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * missing))
    }

    func matches(_ host: String, _ literal: HostLiteral, port: String) -> Bool {
        if let own = self.port, own != port { return false }
        switch hosts {
        case .everything: return true
        case .block(let block, let bits):
            guard case .address(let address) = literal else { return false }
            return bits.map { address.isIn(block, bits: $0) } ?? (address == block)
        case .pattern(let pattern): return Self.fits(Self.name(host), pattern[...])
        case .name(let name):
            if case .address = literal { return false }
            let host = Self.name(host)
            if name.isEmpty || host.count < name.count || !host.suffix(name.count).elementsEqual(name) { return false }
            return host.count == name.count || host.dropLast(name.count).last == UInt8(ascii: ".")
        }
    }

    private static func name(_ host: String) -> ArraySlice<UInt8> {
        let name = host.utf8.map(ASCIIText.lower)
        return name.last == UInt8(ascii: ".") ? name.dropLast() : name[...]
    }

    /// Whether a name is as a pattern says; the length of both is bounded by that of a variable and of a host name.
    private static func fits(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var name = name
        var pattern = pattern
        // The place of the newest "*", and the part of the name that it matches.
        var star: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
        while let byte = name.first {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                star = (pattern, name)
            } else if pattern.first == byte {
                name = name.dropFirst()
                pattern = pattern.dropFirst()
            } else if let last = star {
                name = last.name.dropFirst()
                pattern = last.pattern
                star = (pattern, name)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension IPAddress {
    /// How many bits of an address a block keeps: "8", or "255.0.0.0". Nil for another text, and for a mask with gaps.
    func bits(of text: Substring) -> Int? {
        let width = if case .v4 = self { 32 } else { 128 }
        if text.utf8.count <= 3, text.utf8.allSatisfy({ (48...57).contains($0) }), let bits = Int(text) {
            return bits <= width ? bits : nil
        }
        guard text.contains(where: { $0 == "." || $0 == ":" }), case .address(let mask) = HostLiteral.parse(text) else {
            return nil
        }
        let ones: [Int]
        switch (self, mask) {
        case (.v4, .v4(let mask)):
            ones = [(~mask).leadingZeroBitCount]
            guard ~mask & (~mask &+ 1) == 0 else { return nil }
        case (.v6, .v6(let high, let low)):
            ones = [(~high).leadingZeroBitCount, (~low).leadingZeroBitCount]
            guard ~high & (~high &+ 1) == 0, ~low & (~low &+ 1) == 0, low == 0 || ~high == 0 else { return nil }
        default: return nil
        }
        return ones.reduce(0, +)
    }

    /// True if the first `bits` bits agree; 0 bits are all addresses of the kind.
    func isIn(_ block: IPAddress, bits: Int) -> Bool {
        switch (self, block) {
        case (.v4(let a), .v4(let b)):
            if bits <= 0 || bits >= 32 { return bits == 0 || bits == 32 && a == b }
            return (a ^ b) >> UInt32(32 - bits) == 0
        case (.v6(let highA, let lowA), .v6(let highB, let lowB)):
            if bits <= 0 || bits >= 128 { return bits == 0 || bits == 128 && self == block }
            if bits <= 64 { return (highA ^ highB) >> UInt64(64 - bits) == 0 }
            return highA == highB && (lowA ^ lowB) >> UInt64(128 - bits) == 0
        default:
            return false
        }
    }
}
