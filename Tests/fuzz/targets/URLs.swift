import CCurl
import Codec
import Core
import Glibc

@testable import CurlTransport
@testable import Engine
@testable import Providers

/// URLs, hosts and addresses. Where we and libcurl both read a URL we read the same host; what a resolver takes for an
/// address is judged as that address; a redirect leads where its text says; a message shows no query.
let urlsTarget = Target(name: "urls", maximumBytes: 512) { input in
    var input = input
    guard let url = String(validating: input.part(), as: UTF8.self),
        let other = String(validating: input.bytes, as: UTF8.self)
    else { return }
    sameHost(url)
    literal(url)
    // From what the transport would have fetched.
    if WebURL.isReady(url), let target = Redirect.target(Array(other.utf8), from: url) {
        redirect(target, other, from: url)
    }
    coded(url)
    shown(url)
    endpoint(url)
    if let milliseconds = URLExpiry.milliseconds(of: url) {
        require(milliseconds <= 253_402_300_799_000, "it ends after the year 9999")
    }
    bucket(url)
}

private func sameHost(_ url: String) {
    guard WebURL.isReady(url), let parts = WebURL(url), let place = place(url) else { return }
    requireEqual(parts.isSecure ? "https" : "http", place.scheme, "the scheme of \(url)")
    // libcurl undoes percent escapes in a name, keeps the brackets of IPv6 and writes addresses in their usual form; so
    // does our reading of the host.
    // An escape that was behind an escape is not undone twice.
    guard !contains(place.host, "%") else { return }
    let ours = HostLiteral.parse(parts.host)
    let theirs = HostLiteral.parse(place.host)
    if case .name = ours, case .name = theirs {
        // No name that is no UTF-8 is ever found.
        guard let host = Percent.decode(parts.host) else { return }
        requireEqual(host.lowercased(), place.host, "the host of \(url)")
    } else {
        require(ours == theirs || ours == .invalid, "the host of \(url): \(ours) and \(theirs)")
    }
    requireEqual(parts.port, Int(place.port), "the port of \(url)")
}

/// As the C library reads numbers; a name resolver does the same.
private func literal(_ text: String) {
    let host = String(text.prefix { $0 != "/" })
    guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "%") }) else { return }
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &found) == 0, let found else { return }
    defer { freeaddrinfo(found) }
    guard let address = found.pointee.ai_addr else { return }
    let bytes: [UInt8]
    switch found.pointee.ai_family {
    case AF_INET:
        bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) }
        }
    case AF_INET6:
        bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
        }
    default: return
    }
    let theirs = bytes.withUnsafeBytes { IPAddress(bytes: $0) }
    switch HostLiteral.parse(host) {
    case .address(let ours): requireEqual(ours, theirs, "the address \(host)")
    case .invalid: break
    case .name: require(false, "\(host) is taken for a name, and is an address")
    }
}

private func redirect(_ target: String, _ location: String, from url: String) {
    guard let to = place(target) else { return }
    require(to.scheme == "https" || to.scheme == "http", "a redirect to \(to.scheme)")
    if url.lowercased().hasPrefix("https://") { requireEqual(to.scheme, "https", "a redirect from https") }
    if location.hasPrefix("/"), !location.hasPrefix("//"), let from = place(url) {
        require(to == from, "a redirect within a host leads to another: \(target)")
    }
}

private func coded(_ text: String) {
    let coded = Percent.encode(text)
    requireEqual(Percent.decode(coded), text, "coded and decoded")
    require(coded.utf8.allSatisfy { Percent.isUnreserved($0) || $0 == UInt8(ascii: "%") }, "coded: \(coded)")
    if let bytes = Percent.decodeBytes(text) {
        requireEqual(Percent.decodeBytes(Percent.encode(bytes: bytes)), bytes, "decoded and coded")
    }
}

/// Behind a fixed beginning, whatever follows.
private func shown(_ text: String) {
    let tail = text.filter { !$0.isWhitespace }
    requirePresentable(Redaction.line("https://user:\(marker)@host/path \(text)"))
    requirePresentable(Redaction.line("no luck with https://host/\(tail)?q-signature=\(marker)"))
    requirePresentable(Redaction.line(text))
    requirePresentable(text.shown(limit: 300))
    require(text.shown(limit: 100).utf8.count <= 103, "longer than its limit")
}

private func endpoint(_ text: String) {
    do throws(Failure) {
        let endpoint = try Endpoint(parsing: text, key: "token")
        requireEqual(try? Endpoint(parsing: endpoint.text, key: "token"), endpoint, "written and read again")
        // libcurl writes addresses anew.
        guard HostLiteral.parse(endpoint.host) == .name, let place = place(endpoint.origin + "/") else { return }
        requireEqual(place.host, endpoint.host, "the host of \(text)")
        requireEqual(place.port, String(endpoint.port ?? (endpoint.isSecure ? 443 : 80)), "the port of \(text)")
    } catch {
        requirePresentable(error)
    }
}

// safe: the host is a plain one
private let withBucket = try! TencentProvider(TencentSettings(cosHosts: "b.cos.ap-guangzhou.myqcloud.com"))

/// A URL of a bucket is signed for that bucket alone, and is sent as it was.
private func bucket(_ url: String) {
    for access in [withBucket.access(url: url), standardTencent.access(url: url)] {
        guard case .store(let call, let sent) = access else { continue }
        let host = "b.cos.ap-guangzhou.myqcloud.com"
        requireEqual(place(sent)?.host, host, "where \(url) is signed for")
        requireEqual(place(sent)?.scheme, "https", "how \(url) is sent")
        guard
            let request = try? withBucket.sign(
                call, credentials: markedCredentials, unixSeconds: 1_795_252_765, nonce: "")
        else { continue }
        requireEqual(request.url, sent, "what is signed and what is sent")
    }
}
