internal import Core

/// The endpoint of Tencent's MPS. The values come from the configuration keys "tencent.*".
public struct TencentSettings: Equatable, Sendable {
    public enum Site: String, Sendable, CaseIterable {
        case mainland
        /// The international site: other accounts, another host.
        case intl
    }

    /// Key tencent.endpoint: "host", "host:port", "https://host[:port]" or "http://host[:port]". Nil or empty: the host
    /// of the site.
    public var endpoint: String?
    /// Key tencent.region: sent as X-TC-Region if it is set; image tasks do not need one.
    public var region: String
    /// Key tencent.site.
    public var site: Site
    /// Key tencent.regional_host: true uses mps.<region>.tencentcloudapi.com, which both sites share.
    public var usesRegionalHost: Bool
    /// Key tencent.language: language of the provider's messages, "en-US" or "zh-CN". Empty: the provider's own choice.
    public var language: String
    /// Key tencent.cos_hosts: hosts of private buckets between commas, each in the form of an endpoint. Images at exactly
    /// one of these are fetched with a COS signature. Empty: none is.
    public var cosHosts: String
    /// Key http.user_agent: put behind the library's own name; empty for none.
    public var userAgentSuffix: String

    public init(
        endpoint: String? = nil, region: String = "", site: Site = .mainland, usesRegionalHost: Bool = false,
        language: String = "en-US", cosHosts: String = "", userAgentSuffix: String = ""
    ) {
        self.endpoint = endpoint
        self.region = region
        self.site = site
        self.usesRegionalHost = usesRegionalHost
        self.language = language
        self.cosHosts = cosHosts
        self.userAgentSuffix = userAgentSuffix
    }

    func resolvedEndpoint() throws(Failure) -> Endpoint {
        guard region.isEmpty || Endpoint.isRegion(region) else {
            throw Failure(
                .invalidArgument,
                "Reading tencent.region\(region.shownAsSetting): it is no region; "
                    + "give one such as ap-guangzhou",
                field: "tencent.region")
        }
        guard language.utf8.count <= 16,
            language.utf8.allSatisfy({ ASCIIText.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
        else {
            throw Failure(
                .invalidArgument,
                "Reading tencent.language\(language.shownAsSetting): give en-US or zh-CN",
                field: "tencent.language")
        }
        if let endpoint, !endpoint.isEmpty { return try Endpoint(parsing: endpoint, key: "tencent.endpoint") }
        if usesRegionalHost {
            guard !region.isEmpty else {
                throw Failure(
                    .invalidArgument,
                    "Reading tencent.regional_host: it needs tencent.region; set it to the host's region",
                    field: "tencent.region")
            }
            return Endpoint(official: "mps.\(region).tencentcloudapi.com")
        }
        return Endpoint(official: site == .intl ? "mps.intl.tencentcloudapi.com" : "mps.tencentcloudapi.com")
    }

    /// Whether a host is the product's own.
    static func isOfficial(_ endpoint: Endpoint) -> Bool {
        guard endpoint.isSecure, endpoint.port == nil else { return false }
        if endpoint.host == "mps.tencentcloudapi.com" || endpoint.host == "mps.intl.tencentcloudapi.com" { return true }
        let labels = endpoint.host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count == 4 && labels[0] == "mps" && labels[2...].elementsEqual(["tencentcloudapi", "com"])
            && Endpoint.isRegion(labels[1])
    }
}
