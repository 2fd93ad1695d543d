internal import Core

/// The endpoint of Alibaba's AiContent. The values come from the configuration keys "alibaba.*".
public struct AlibabaSettings: Equatable, Sendable {
    /// Key alibaba.endpoint: "host", "host:port", "https://host[:port]" or "http://host[:port]". Nil or empty: the host
    /// of the region.
    public var endpoint: String?
    /// Key alibaba.region: such as "cn-shanghai". Empty: the main host.
    public var region: String
    /// Key alibaba.network: "public" or empty, "vpc", "dualstack". Without effect beside an endpoint.
    public var network: String
    /// Key alibaba.asset_encoding: "raw" or empty asks for image bytes, "base64" for Base64 text; what is stored is the
    /// same.
    public var assetEncoding: String
    /// Key http.user_agent: put behind the library's own name; empty for none.
    public var userAgentSuffix: String

    public init(
        endpoint: String? = nil, region: String = "", network: String = "", assetEncoding: String = "",
        userAgentSuffix: String = ""
    ) {
        self.endpoint = endpoint
        self.region = region
        self.network = network
        self.assetEncoding = assetEncoding
        self.userAgentSuffix = userAgentSuffix
    }

    /// The host for all regions that have none of their own, and for none.
    static let mainHost = "aicontent.aliyuncs.com"

    /// The configured endpoint, or the region's. Where the vendor's table lists a public host that wins; anything else
    /// follows the vendor's rule aicontent[-network].<region>.aliyuncs.com, so that new regions work at once. The
    /// vendor's own client ignores the network in Shanghai; here it counts.
    func resolvedEndpoint() throws(Failure) -> Endpoint {
        guard region.isEmpty || region == "public" || Endpoint.isRegion(region) else {
            throw Failure(
                .invalidArgument,
                "Reading alibaba.region\(region.shownAsSetting): it is no region; "
                    + "give one such as cn-shanghai",
                field: "alibaba.region")
        }
        guard ["", "public", "vpc", "dualstack"].contains(network) else {
            throw Failure(
                .invalidArgument,
                "Reading alibaba.network\(network.shownAsSetting): give public, vpc or dualstack",
                field: "alibaba.network")
        }
        if let endpoint, !endpoint.isEmpty { return try Endpoint(parsing: endpoint, key: "alibaba.endpoint") }
        let isMain = region.isEmpty || region == "public" || region == "cn-shanghai"
        if network.isEmpty || network == "public" {
            return Endpoint(official: isMain ? Self.mainHost : "aicontent.\(region).aliyuncs.com")
        }
        return Endpoint(official: "aicontent-\(network).\(isMain ? "cn-shanghai" : region).aliyuncs.com")
    }

    /// Whether a host is the product's own. Nothing but a region may stand in the middle: names such as
    /// aicontent.oss-cn-shanghai.aliyuncs.com are buckets of strangers.
    static func isOfficial(_ endpoint: Endpoint) -> Bool {
        guard endpoint.isSecure, endpoint.port == nil else { return false }
        if endpoint.host == mainHost { return true }
        let labels = endpoint.host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 4, labels[2...].elementsEqual(["aliyuncs", "com"]) else { return false }
        return ["aicontent", "aicontent-vpc", "aicontent-dualstack"].contains(String(labels[0]))
            && Endpoint.isRegion(labels[1])
    }
}
