// Which proxy a host is reached through. Pure: decided from the settings and the snapshot of the environment, because
// libcurl would call getenv() on the engine thread while the host changes its environment.

/// The proxies of one transport, with libcurl's precedence: the setting, then `<scheme>_proxy` in lower and (https
/// only) upper case, then `all_proxy` and `ALL_PROXY`; an empty variable counts as unset.
struct ProxyRules: Sendable {
    private let http: String
    private let https: String
    private let exceptions: [Substring]
    private let isOff: Bool

    init(_ settings: CurlSettings) {
        let environment = settings.environment
        func first(_ names: String...) -> String? {
            for name in names { if let value = environment[name], !value.isEmpty { return value } }
            return nil
        }
        if let proxy = settings.proxy {
            http = proxy
            https = proxy
        } else {
            // HTTP_PROXY is ignored: a web server puts the header "Proxy:" of its clients there.
            http = first("http_proxy", "all_proxy", "ALL_PROXY") ?? ""
            https = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") ?? ""
        }
        let list = settings.noProxy ?? first("no_proxy", "NO_PROXY") ?? ""
        isOff = list == "*" || (http.isEmpty && https.isEmpty)
        exceptions = list.split { $0 == "," || $0 == " " || $0 == "\t" }
    }

    /// True when no host is reached through a proxy, so that nothing has to be asked.
    var areEmpty: Bool { isOff }

    /// The proxy for a host, "" for none. The host without brackets.
    func proxy(isHTTPS: Bool, host: String) -> String {
        let proxy = isHTTPS ? https : http
        if isOff || proxy.isEmpty || exceptions.contains(where: { Self.matches(host, $0) }) { return "" }
        return proxy
    }

    /// As libcurl 7.88: a name matches itself and everything under it, with or without a leading dot; an address
    /// matches itself or a block ("10.0.0.0/8").
    static func matches(_ host: String, _ exception: Substring) -> Bool {
        if case .address(let address) = HostLiteral.parse(host) {
            let parts = exception.split(separator: "/", maxSplits: 1)
            guard let base = parts.first, case .address(let block) = HostLiteral.parse(base) else { return false }
            guard parts.count == 2 else { return address == block }
            guard let bits = Int(parts[1]), bits >= 0 else { return false }
            return address.isIn(block, bits: bits)
        }
        var pattern = exception.lowercased()
        var name = host.lowercased()
        if pattern.hasSuffix(".") { pattern.removeLast() }
        if pattern.hasPrefix(".") { pattern.removeFirst() }
        if name.hasSuffix(".") { name.removeLast() }
        return !pattern.isEmpty && (name == pattern || name.hasSuffix("." + pattern))
    }
}

extension IPAddress {
    /// True if the first `bits` bits agree; 0 bits mean the whole address, as libcurl reads them.
    func isIn(_ block: IPAddress, bits: Int) -> Bool {
        switch (self, block) {
        case (.v4(let a), .v4(let b)):
            return bits == 0 || bits >= 32 ? bits <= 32 && a == b : (a ^ b) >> UInt32(32 - bits) == 0
        case (.v6(let highA, let lowA), .v6(let highB, let lowB)):
            if bits == 0 || bits >= 128 { return bits <= 128 && self == block }
            if bits <= 64 { return (highA ^ highB) >> UInt64(64 - bits) == 0 }
            return highA == highB && (lowA ^ lowB) >> UInt64(128 - bits) == 0
        default:
            return false
        }
    }
}
