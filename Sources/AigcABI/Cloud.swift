internal import Core
internal import Credentials
internal import Providers

/// A cloud as a client needs to know it. A further cloud is a further row of `all`, its keys are rows of `ConfigTable`,
/// and its request table is named in `Clouds.requests`; the rest of a cloud is in files of its own.
struct Cloud: Sendable {
    /// The keys that give credentials in the configuration itself.
    struct Keys: Sendable {
        let id: TextKey
        let secret: SecretKey
        let token: SecretKey
    }

    let credentials: CredentialPlan
    let keys: Keys
    /// Calls a second of one account, by the kind of the call: "submit" or "query".
    let rates: [(kind: String, key: DoubleKey)]
    let make: @Sendable (ConfigValues) throws(Failure) -> any Provider

    var name: String { credentials.provider }

    static let all: [Cloud] = [.alibaba, .tencent]
}

extension Cloud {
    static let alibaba = Cloud(
        credentials: .alibaba,
        keys: Keys(id: .alibabaAccessKeyID, secret: .alibabaAccessKeySecret, token: .alibabaSecurityToken),
        rates: [("submit", .rateAlibabaSubmitPerSecond), ("query", .rateAlibabaQueryPerSecond)],
        make: { (values) throws(Failure) in
            try AlibabaProvider(
                AlibabaSettings(
                    endpoint: values.optional(.alibabaEndpoint), region: values[.alibabaRegion],
                    network: values[.alibabaNetwork], assetEncoding: values[.alibabaAssetEncoding],
                    userAgentSuffix: values[.httpUserAgent]))
        })

    static let tencent = Cloud(
        credentials: .tencent,
        keys: Keys(id: .tencentSecretID, secret: .tencentSecretKey, token: .tencentToken),
        rates: [("submit", .rateTencentCreatePerSecond), ("query", .rateTencentDescribePerSecond)],
        make: { (values) throws(Failure) in
            try TencentProvider(
                TencentSettings(
                    endpoint: values.optional(.tencentEndpoint), region: values[.tencentRegion],
                    site: TencentSettings.Site(rawValue: values[.tencentSite]) ?? .mainland,
                    usesRegionalHost: values[.tencentRegionalHost], language: values[.tencentLanguage],
                    cosHosts: values[.tencentCOSHosts], userAgentSuffix: values[.httpUserAgent]))
        })
}

extension Cloud {
    /// The credentials that the configuration itself gives. Id and secret belong together: one alone is a mistake that is
    /// better told than passed over.
    func explicitCredentials(_ values: ConfigValues) throws(Failure) -> Credentials? {
        let (idName, secretName) = (keys.id.row.name.description, keys.secret.row.name.description)
        let id = values.optional(keys.id)
        let secret = values[keys.secret]
        let token = values[keys.token]
        switch (id, secret) {
        case (let id?, let secret?):
            return Credentials(id: id, secret: secret, token: token, source: token == nil ? "static_ak" : "static_sts")
        case (nil, nil):
            guard token == nil else {
                throw Failure(
                    .invalidArgument,
                    "Making a client: \(keys.token.row.name) is set without \(idName) and \(secretName)",
                    field: idName)
            }
            return nil
        default:
            let missing = id == nil ? idName : secretName
            throw Failure(
                .invalidArgument, "Making a client: \(idName) and \(secretName) belong together; set \(missing) too",
                field: missing)
        }
    }
}
