internal import Codec
internal import Core
internal import Signing

/// Private COS buckets: which URLs are signed for, and how.
///
/// The caller names the hosts, each exactly. A URL belongs to a host if scheme, host name and port are the same; whatever
/// else it is (another name of the same bucket, user information in front, a sub-domain) is fetched like any stranger's,
/// with nothing in hand.
struct TencentStore: Sendable {
    static let maximumHosts = 64
    /// Clocks behind ours are allowed for; a signature that is caught on the way is soon worth nothing.
    private static let validBefore: Int64 = 60
    private static let validAfter: Int64 = 600

    private let hosts: [Endpoint]

    /// `hosts`: the value of tencent.cos_hosts.
    init(hosts text: String) throws(Failure) {
        var hosts: [Endpoint] = []
        for part in text.split(separator: ",") {
            // Blanks beside the commas are for people.
            let name = part.split(separator: " ")
            guard let only = name.first else { continue }
            let host = try Endpoint(parsing: name.count == 1 ? String(only) : String(part), key: "tencent.cos_hosts")
            if !hosts.contains(host) { hosts.append(host) }
        }
        guard hosts.count <= Self.maximumHosts else {
            throw Failure(
                .invalidArgument,
                "Reading tencent.cos_hosts: it names \(hosts.count) hosts, at most \(Self.maximumHosts) are taken",
                field: "tencent.cos_hosts")
        }
        self.hosts = hosts
    }

    // MARK: - Which

    func access(_ url: String) -> AssetAccess {
        guard !hosts.isEmpty, let target = Target(url), hosts.contains(target.endpoint), !target.isSigned else {
            return .url(url)
        }
        let call = ProviderCall(
            kind: .asset, provider: TencentProvider.providerName, action: "COS object",
            endpoint: target.endpoint.text, region: "", method: .get, path: target.text)
        return .store(call, url: target.endpoint.origin + target.text)
    }

    /// A URL, taken apart.
    private struct Target {
        let endpoint: Endpoint
        /// Path and query as they were given, without a fragment.
        let text: String

        init?(_ url: String) {
            let bytes = Array(url.utf8)
            guard bytes.count <= RequestTable.maximumURLBytes, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                return nil
            }
            let scheme: String
            if Words.range(of: "https://", in: Array(bytes.prefix(8))) != nil {
                scheme = "https://"
            } else if Words.range(of: "http://", in: Array(bytes.prefix(7))) != nil {
                scheme = "http://"
            } else {
                return nil
            }
            let rest = bytes.dropFirst(scheme.utf8.count)
            let end = rest.firstIndex { [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) }
            let authority = String(decoding: rest[..<(end ?? rest.endIndex)], as: UTF8.self)
            let behind = rest[(end ?? rest.endIndex)...].prefix { $0 != UInt8(ascii: "#") }
            guard behind.first == UInt8(ascii: "/"),
                let endpoint = try? Endpoint(parsing: scheme + authority, key: "url")
            else { return nil }
            self.endpoint = endpoint
            text = String(decoding: behind, as: UTF8.self)
        }

        /// It carries a signature of its own, beside which another one is an error.
        var isSigned: Bool {
            TencentStore.split(text).query.contains { part in
                let name = part.prefix { $0 != "=" }.lowercased()
                return ["q-signature", "sign", "signature", "x-cos-signature", "x-amz-signature"].contains(name)
            }
        }
    }

    private static func split(_ text: String) -> (path: Substring, query: [Substring]) {
        let mark = text.firstIndex(of: "?") ?? text.endIndex
        return (text[..<mark], text[mark...].dropFirst().split(separator: "&"))
    }

    // MARK: - How

    /// `call` comes from `access`. The URL is sent as it was given; what it means, decoded, is signed.
    func sign(_ call: ProviderCall, credentials: Credentials, unixSeconds: Int64) throws(Failure) -> HTTPRequest {
        let endpoint = try Endpoint(parsing: call.endpoint, key: "tencent.cos_hosts")
        guard hosts.contains(endpoint) else {
            throw Failure(
                .invalidArgument,
                "Signing \(call.action): \(endpoint.text) is none of tencent.cos_hosts, and nothing is signed for others",
                field: "tencent.cos_hosts")
        }
        func malformed() -> Failure {
            Failure(.invalidArgument, "Signing \(call.action): its URL is not percent-coded UTF-8", field: "url")
        }
        let (rawPath, rawQuery) = Self.split(call.path)
        guard let path = Percent.decode(String(rawPath)) else { throw malformed() }
        var parameters: [(name: String, value: String)] = []
        for part in rawQuery {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair.first.flatMap({ Percent.decode(String($0)) }),
                let value = pair.count > 1 ? pair.last.flatMap({ Percent.decode(String($0)) }) : ""
            else { throw malformed() }
            parameters.append((name: name, value: value))
        }
        let headers = try COSSignature.headers(
            method: "GET", host: endpoint.authority, path: path, parameters: parameters, credentials: credentials,
            validFrom: unixSeconds.subtracting(Self.validBefore), validUntil: unixSeconds.adding(Self.validAfter))
        return HTTPRequest(method: .get, url: endpoint.origin + call.path, headers: headers)
    }
}
