// Which addresses are on the public internet. Pure: no state, no I/O; any thread.

internal import Core

/// An IP address in the bytes of the wire.
enum IPAddress: Equatable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// From 4 or 16 bytes in network order.
    init?(bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// False for everything that is not globally reachable unicast (IANA special-purpose registries), and for addresses
    /// that carry such an IPv4 address inside.
    var isPublic: Bool {
        switch self {
        case .v4(let address): Self.isPublic(v4: address)
        case .v6(let high, let low): Self.isPublic(high: high, low: low)
        }
    }

    private static let refusedV4: [(prefix: UInt32, bits: UInt32)] = [
        (0x0000_0000, 8),  // 0.0.0.0/8, "this network"
        (0x0A00_0000, 8),  // 10.0.0.0/8, private
        (0x6440_0000, 10),  // 100.64.0.0/10, carrier NAT; holds Alibaba's metadata address 100.100.100.200
        (0x7F00_0000, 8),  // 127.0.0.0/8, loopback
        (0xA9FE_0000, 16),  // 169.254.0.0/16, link-local; holds the metadata address 169.254.169.254
        (0xAC10_0000, 12),  // 172.16.0.0/12, private
        (0xC000_0000, 24),  // 192.0.0.0/24, protocol assignments
        (0xC000_0200, 24),  // 192.0.2.0/24, documentation
        (0xC058_6300, 24),  // 192.88.99.0/24, 6to4 relays
        (0xC0A8_0000, 16),  // 192.168.0.0/16, private
        (0xC612_0000, 15),  // 198.18.0.0/15, benchmarks
        (0xC633_6400, 24),  // 198.51.100.0/24, documentation
        (0xCB00_7100, 24),  // 203.0.113.0/24, documentation
        (0xE000_0000, 4),  // 224.0.0.0/4, multicast
        (0xF000_0000, 4),  // 240.0.0.0/4, reserved, and broadcast
    ]

    private static func isPublic(v4 address: UInt32) -> Bool {
        for entry in refusedV4 where (address ^ entry.prefix) >> (32 - entry.bits) == 0 { return false }
        return true
    }

    private static func isPublic(high: UInt64, low: UInt64) -> Bool {
        let lowestV4 = UInt32(truncatingIfNeeded: low)
        // ::ffff:a.b.c.d, mapped, and 64:ff9b::a.b.c.d, NAT64: what counts is the IPv4 address.
        if high == 0, low >> 32 == 0xFFFF { return isPublic(v4: lowestV4) }
        if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { return isPublic(v4: lowestV4) }
        // Only 2000::/3 is global unicast: loopback, unspecified, ULA, link-local and multicast are not in it.
        guard high >> 61 == 0b001 else { return false }
        // 2002:a.b.c.d::/48, 6to4.
        if high >> 48 == 0x2002, !isPublic(v4: UInt32(truncatingIfNeeded: high >> 16)) { return false }
        // 2001::/23, protocol assignments (Teredo, ORCHID, benchmarks); 2001:db8::/32 and 3fff::/20, documentation.
        if high >> 41 == 0x2001_0000 >> 9 { return false }
        if high >> 32 == 0x2001_0DB8 || high >> 44 == 0x3FFF0 { return false }
        // Interface id of ISATAP: ::0:5efe:a.b.c.d, with or without the "universal" bit.
        if (low >> 32) & ~0x0200_0000 == 0x5EFE, !isPublic(v4: lowestV4) { return false }
        return true
    }
}

/// What the host part of a URL is.
enum HostLiteral: Equatable, Sendable {
    case name
    case address(IPAddress)
    /// Ends like a number and is none, or holds an escape that does not belong there: nothing to be trusted.
    case invalid

    /// Reads a host as resolvers do: also decimal, octal and hexadecimal IPv4, fewer than four parts, a dot at the end,
    /// percent escapes, and IPv6 in brackets or not, with or without a zone.
    static func parse(_ host: some StringProtocol) -> HostLiteral {
        guard var bytes = unescaped(host) else { return .invalid }
        if bytes.first == UInt8(ascii: "[") {
            guard bytes.last == UInt8(ascii: "]") else { return .invalid }
            guard let address = parseV6(bytes.dropFirst().dropLast()) else { return .invalid }
            return .address(address)
        }
        if bytes.contains(UInt8(ascii: ":")) {
            guard let address = parseV6(bytes[...]) else { return .invalid }
            return .address(address)
        }
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // A name has no empty part between two dots; resolvers disagree about "127.0.0.1..".
        guard let last = labels.last, !labels.contains(where: \.isEmpty) else { return .invalid }
        guard isNumber(last) else { return .name }
        guard let address = parseV4(labels) else { return .invalid }
        return .address(.v4(address))
    }

    /// Whether an image may be asked for there: what is no public address, or cannot be one, is refused.
    /// - isResolvedHere: the address of a name is looked at before it is connected to; a proxy looks at nothing.
    static func mayBePublic(_ host: String, isResolvedHere: Bool) -> Bool {
        switch parse(host) {
        case .address(let address): address.isPublic && (isResolvedHere || !isOctal(host))
        case .invalid: false
        case .name: !isLocalName(host) && (isResolvedHere || !isInnerName(host))
        }
    }

    /// Whether a number begins with a zero: octal here, and decimal for many a proxy (0127.0.0.1).
    private static func isOctal(_ host: some StringProtocol) -> Bool {
        plain(host).split(separator: ".").contains {
            $0.utf8.first == UInt8(ascii: "0")
                && ($0.utf8.dropFirst().first.map { (0x30...0x39).contains($0) } ?? false)
        }
    }

    /// "localhost" and names under it are loopback whatever a resolver says.
    static func isLocalName(_ host: some StringProtocol) -> Bool {
        let name = plain(host)
        return name == "localhost" || name.hasSuffix(".localhost")
    }

    /// A name that only an inner network gives a meaning to: without a dot, or under a domain that is set aside for that
    /// (RFC 6761, 6762 with its appendix G, 8375; ".internal" by ICANN; what /etc/hosts calls the loopback), or that a cloud
    /// gives to its own machines alone: Tencent's metadata service, "oss-cn-hangzhou-internal.aliyuncs.com".
    static func isInnerName(_ host: some StringProtocol) -> Bool {
        let name = plain(host)
        if !name.utf8.contains(UInt8(ascii: ".")) { return true }
        let domains = [
            ".local", ".internal", ".localdomain", ".localdomain4", ".localdomain6", ".home.arpa", ".lan", ".intranet",
            ".private", ".corp", ".home",
            ".svc", ".tencentyun.com",
        ]
        if domains.contains(where: { name.hasSuffix($0) }) { return true }
        let clouds = [".aliyuncs.com", ".tencentcloudapi.com", ".myqcloud.com", ".tencentcos.cn"]
        guard clouds.contains(where: { name.hasSuffix($0) }) else { return false }
        return name.split(separator: ".").contains { $0 == "internal" || $0.hasSuffix("-internal") }
    }

    /// Escapes decoded, lower case, no dots at the end.
    private static func plain(_ host: some StringProtocol) -> String {
        var name = (unescaped(host).map { String(decoding: $0, as: UTF8.self) } ?? String(host)).lowercased()
        while name.utf8.last == UInt8(ascii: ".") { name.removeLast() }
        return name
    }

    private static func unescaped(_ host: some StringProtocol) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = Array(host.utf8)[...]
        let isV6 = rest.contains(UInt8(ascii: ":"))
        while let byte = rest.popFirst() {
            // In IPv6 "%25" and "%" begin a zone, which is cut off later.
            guard byte == UInt8(ascii: "%"), !isV6 else {
                result.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                return nil
            }
            result.append(high << 4 | low)
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt64? { Hex.value(byte).map(UInt64.init) }

    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        guard let first = label.first, let value = digit(first), value < 10 else { return false }
        let isHex = value == 0 && label.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
        return (isHex ? label.dropFirst(2) : label).allSatisfy { digit($0).map { $0 < (isHex ? 16 : 10) } ?? false }
    }

    private static func number(_ label: ArraySlice<UInt8>) -> UInt64? {
        var base: UInt64 = 10
        var digits = label
        if label.count > 1, label.first == UInt8(ascii: "0") {
            let isHex = label.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
            base = isHex ? 16 : 8
            digits = label.dropFirst(isHex ? 2 : 1)
        } else if label.isEmpty {
            return nil
        }
        var value: UInt64 = 0
        for byte in digits {
            guard let next = digit(byte), next < base, value <= 0xFFFF_FFFF else { return nil }
            value = value * base + next
        }
        return value <= 0xFFFF_FFFF ? value : nil
    }

    private static func parseV4(_ labels: [ArraySlice<UInt8>]) -> UInt32? {
        guard labels.count <= 4 else { return nil }
        var address: UInt64 = 0
        for (index, label) in labels.enumerated() {
            guard let value = number(label) else { return nil }
            let isLast = index == labels.count - 1
            // The last part fills what is left: 127.1 is 127.0.0.1.
            let bits = UInt64(isLast ? 8 * (5 - labels.count) : 8)
            guard value >> bits == 0 else { return nil }
            address = address << bits | value
        }
        return UInt32(exactly: address)
    }

    private static func parseV6(_ text: ArraySlice<UInt8>) -> IPAddress? {
        let withoutZone = text.prefix { $0 != UInt8(ascii: "%") }
        var head: [UInt16] = []
        var tail: [UInt16]?
        let parts = withoutZone.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        for (index, part) in parts.enumerated() {
            let isEdge = index == 0 || index == parts.count - 1
            if part.isEmpty {
                if isEdge {
                    let neighbour = index == 0 ? 1 : parts.count - 2
                    guard parts.indices.contains(neighbour), parts[neighbour].isEmpty else { return nil }
                    continue
                }
                guard tail == nil else { return nil }
                tail = []
                continue
            }
            var groups: [UInt16] = []
            if part.contains(UInt8(ascii: ".")) {
                let labels = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                guard index == parts.count - 1, labels.count == 4, let v4 = parseV4(labels) else { return nil }
                groups = [UInt16(truncatingIfNeeded: v4 >> 16), UInt16(truncatingIfNeeded: v4)]
            } else {
                guard part.count <= 4 else { return nil }
                var value: UInt64 = 0
                for byte in part {
                    guard let next = digit(byte) else { return nil }
                    value = value << 4 | next
                }
                groups = [UInt16(truncatingIfNeeded: value)]
            }
            if tail == nil { head += groups } else { tail? += groups }
        }
        let count = head.count + (tail?.count ?? 0)
        guard tail == nil ? count == 8 : count < 8 else { return nil }
        let groups = head + Array(repeating: 0, count: 8 - count) + (tail ?? [])
        return .v6(
            high: groups.prefix(4).reduce(0) { $0 << 16 | UInt64($1) },
            low: groups.suffix(4).reduce(0) { $0 << 16 | UInt64($1) })
    }
}
