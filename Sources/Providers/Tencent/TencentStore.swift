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
        for (index, part) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            // Blanks beside the commas are for people.
            let name = part.split(separator: " ")
            guard let only = name.first else { continue }
            let host = try Endpoint(
                parsing: name.count == 1 ? String(only) : String(part), key: "tencent.cos_hosts", entry: index + 1)
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

    /// Whether a URL belongs to one of the hosts.
    func holds(_ url: String) -> Bool {
        guard !hosts.isEmpty, let target = WebURL(url) else { return false }
        return host(of: target) != nil
    }

    func access(_ url: String) -> AssetAccess {
        guard !hosts.isEmpty, url.utf8.count <= RequestTable.maximumURLBytes, let target = WebURL(url),
            let host = host(of: target), !target.isSigned, Self.namesAnObject(target)
        else { return .url(url) }
        let call = ProviderCall(
            kind: .asset, provider: TencentProvider.providerName, action: "COS object",
            endpoint: host.text, region: "", method: .get, path: target.target)
        return .store(call, url: target.text)
    }

    private func host(of url: WebURL) -> Endpoint? {
        hosts.first { $0.isSecure == url.isSecure && $0.authority.utf8.elementsEqual(url.authority.utf8) }
    }

    /// Behind "/" alone a bucket lists what it holds.
    private static func namesAnObject(_ url: WebURL) -> Bool {
        let second = url.target.utf8.dropFirst().first
        return second != nil && second != UInt8(ascii: "?")
    }

    private static func split(_ text: String) -> (path: Substring, query: [Substring]) {
        let mark = text.firstIndex(of: "?") ?? text.endIndex
        return (text[..<mark], text[mark...].dropFirst().split(separator: "&"))
    }

    // MARK: - How

    /// `call` comes from `access`. The bytes that are sent are signed, decoded.
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
