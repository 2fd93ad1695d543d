internal import Core
internal import Providers

/// One configuration key: a row of the table that checks values, fills the settings and is the manual.
struct ConfigKey {
    enum Kind {
        case string
        case secret
        /// The id of a key, or another name that the cloud has made: printable ASCII without blanks.
        case identifier
        case bool
        case int(ClosedRange<Int64>)
        case double(ClosedRange<Double>)
        case duration(ClosedRange<Int64>)
        case bytes(ClosedRange<Int64>)
        /// The path of a file or folder.
        case path
        /// "choice: a|b|c"
        case choice(StaticString)
    }

    let name: StaticString
    let kind: Kind
    let fallback: StaticString
    let text: StaticString

    init(_ name: StaticString, _ kind: Kind, _ fallback: StaticString, _ text: StaticString) {
        self.name = name
        self.kind = kind
        self.fallback = fallback
        self.text = text
    }
}

/// A row whose value is a text; empty where nothing was set and the row has no default.
struct TextKey {
    let row: ConfigKey

    init(_ row: ConfigKey) { self.row = row }
}

/// A row whose value is "true" or "false".
struct BoolKey {
    let row: ConfigKey

    init(_ row: ConfigKey) { self.row = row }
}

/// A row whose value is a whole number: a count, milliseconds or bytes.
struct IntegerKey {
    let row: ConfigKey

    init(_ row: ConfigKey) { self.row = row }
}

struct DoubleKey {
    let row: ConfigKey

    init(_ row: ConfigKey) { self.row = row }
}

/// A row whose value is shown nowhere.
struct SecretKey {
    let row: ConfigKey

    init(_ row: ConfigKey) { self.row = row }
}

private let day: Int64 = 86_400_000
private let always: Int64 = 365 * 86_400_000

// The rows. Their names are those of the keys: a misspelt key does not compile.

extension TextKey {
    static let alibabaAccessKeyID = TextKey(
        ConfigKey(
            "alibaba.access_key_id", .identifier, "",
            "AccessKey id; empty: the library looks in the environment and in files"))
    static let profile = TextKey(
        ConfigKey(
            "profile", .string, "",
            "Profile of the configuration file; empty: AIGC_PROFILE or the default of the file; none: no profile"
        ))
    static let alibabaEndpoint = TextKey(
        ConfigKey(
            "alibaba.endpoint", .string, "",
            "Host[:port] or URL to call in place of the region's host; http:// is for sandboxes"))
    static let alibabaRegion = TextKey(
        ConfigKey(
            "alibaba.region", .string, "cn-shanghai", "Region; cn-shanghai, cn-beijing and cn-hangzhou have endpoints"))
    static let alibabaNetwork = TextKey(
        ConfigKey(
            "alibaba.network", .choice("choice: public|vpc|dualstack"), "public", "Network of the region's endpoint"))
    static let alibabaAssetEncoding = TextKey(
        ConfigKey(
            "alibaba.asset_encoding", .choice("choice: raw|base64"), "raw",
            "Encoding of images on the wire; you get the same image"))
    static let tencentSecretID = TextKey(
        ConfigKey(
            "tencent.secret_id", .identifier, "", "SecretId; empty: the library looks in the environment and in files"))
    static let tencentEndpoint = TextKey(
        ConfigKey(
            "tencent.endpoint", .string, "",
            "Host[:port] or URL to call in place of the site's host; http:// is for sandboxes"))
    static let tencentRegion = TextKey(
        ConfigKey(
            "tencent.region", .string, "", "Region (X-TC-Region), such as ap-guangzhou; empty: the header is not sent"))
    static let tencentSite = TextKey(
        ConfigKey(
            "tencent.site", .choice("choice: mainland|intl"), "mainland",
            "Site: mps.tencentcloudapi.com (mainland) or mps.intl.tencentcloudapi.com (intl)"))
    static let tencentCOSHosts = TextKey(
        ConfigKey(
            "tencent.cos_hosts", .string, "",
            "Hosts of your private COS buckets, separated by commas; the library signs only for these hosts"))
    static let tencentLanguage = TextKey(
        ConfigKey(
            "tencent.language", .choice("choice: |zh-CN|en-US"), "en-US",
            "Language of the messages; empty: the language of the account"))
    static let credentialsProfile = TextKey(
        ConfigKey(
            "credentials.profile", .string, "",
            "Profile in the providers' credential files, and then the only source; empty: all sources in their order"
        ))
    static let credentialsRoleARN = TextKey(
        ConfigKey(
            "credentials.role_arn", .identifier, "",
            "Role to assume with the found credentials; the ARN names the provider"))
    static let credentialsRoleSessionName = TextKey(
        ConfigKey("credentials.role_session_name", .string, "", "Session name of this role; empty: libaigc"))
    static let credentialsRolePolicy = TextKey(
        ConfigKey("credentials.role_policy", .string, "", "Policy (JSON) that limits the rights of this role"))
    static let credentialsRoleExternalID = TextKey(
        ConfigKey("credentials.role_external_id", .string, "", "External id that the owner of the role requires"))
    static let credentialsSTSRegion = TextKey(
        ConfigKey(
            "credentials.sts_region", .string, "",
            "Region of STS; empty: the region of the environment, or the provider's main host"))
    static let credentialsSTSEndpoint = TextKey(
        ConfigKey("credentials.sts_endpoint", .string, "", "Host or URL of STS; empty: the provider's host"))
    static let credentialsMetadataEndpoint = TextKey(
        ConfigKey(
            "credentials.metadata_endpoint", .string, "", "URL of the metadata service; empty: the provider's URL"))
    static let httpProxy = TextKey(
        ConfigKey(
            "http.proxy", .string, "",
            "Proxy URL; empty: http_proxy or https_proxy of the environment; \"none\": no proxy"))
    static let httpNoProxy = TextKey(
        ConfigKey("http.no_proxy", .string, "", "Hosts without a proxy; empty: NO_PROXY of the environment"))
    static let httpUserAgent = TextKey(
        ConfigKey("http.user_agent", .string, "", "Text that is added to the User-Agent header"))
    static let httpAddressFamily = TextKey(
        ConfigKey(
            "http.address_family", .choice("choice: any|ipv4|ipv6"), "any", "Family of the addresses to connect to"))
    static let tlsCAFile = TextKey(
        ConfigKey("tls.ca_file", .path, "", "PEM bundle to trust; empty: SSL_CERT_FILE, then the bundle of the system"))
    static let tlsCAPath = TextKey(
        ConfigKey("tls.ca_path", .path, "", "Folder of hashed certificates to trust"))
    static let tlsClientCert = TextKey(
        ConfigKey("tls.client_cert", .path, "", "PEM client certificate"))
    static let tlsClientKey = TextKey(
        ConfigKey("tls.client_key", .path, "", "PEM key of the client certificate"))
    static let downloadFileMode = TextKey(
        ConfigKey(
            "download.file_mode", .choice("choice: private|umask"), "private",
            "Rights of image files; private: 0600; umask: 0666 without the bits of the process's umask"))
    static let journalPath = TextKey(
        ConfigKey(
            "journal.path", .path, "",
            "Folder of the journal on a local disk; a key never starts two jobs, also across processes; empty: no journal"
        ))
    static let ratePath = TextKey(
        ConfigKey(
            "rate.path", .path, "",
            "File that shares rates between processes; empty: a file in journal.path, if set; none: no sharing"))
    static let journalSync = TextKey(
        ConfigKey(
            "journal.sync", .choice("choice: full|normal"), "full",
            "Whether to wait for the disk; normal survives a killed process, but not a power failure"))
    static let logLevel = TextKey(
        ConfigKey(
            "log.level", .choice("choice: off|error|warning|info|debug"), "off",
            "Most detailed level of queued log records (AIGC_EVENT_LOG); prompts appear only at debug"))
}

extension SecretKey {
    static let alibabaAccessKeySecret = SecretKey(
        ConfigKey("alibaba.access_key_secret", .secret, "", "AccessKey secret that belongs to the id"))
    static let alibabaSecurityToken = SecretKey(
        ConfigKey("alibaba.security_token", .secret, "", "STS security token that belongs to id and secret"))
    static let tencentSecretKey = SecretKey(
        ConfigKey("tencent.secret_key", .secret, "", "SecretKey that belongs to the SecretId"))
    static let tencentToken = SecretKey(
        ConfigKey("tencent.token", .secret, "", "STS token that belongs to SecretId and SecretKey"))
}

extension BoolKey {
    static let tencentRegionalHost = BoolKey(
        ConfigKey(
            "tencent.regional_host", .bool, "false",
            "Whether to call the host mps.<region>.tencentcloudapi.com, with the region of tencent.region"))
    static let credentialsUseEnvironment = BoolKey(
        ConfigKey("credentials.use_environment", .bool, "true", "Whether environment variables are a source"))
    static let credentialsUseFiles = BoolKey(
        ConfigKey("credentials.use_files", .bool, "true", "Whether the providers' credential files are a source"))
    static let credentialsUseMetadata = BoolKey(
        ConfigKey(
            "credentials.use_metadata", .bool, "true",
            "Whether the metadata service of the instance is a source (the last one)")
    )
    static let credentialsUseProcesses = BoolKey(
        ConfigKey("credentials.use_processes", .bool, "true", "Whether a profile may run its process_command"))
    static let jobFollow = BoolKey(
        ConfigKey("job.follow", .bool, "true", "Whether the engine polls a job until it ends"))
    static let pollLearn = BoolKey(
        ConfigKey(
            "poll.learn", .bool, "true",
            "Whether status calls come when jobs usually end; there are as many calls as with pauses of poll.max_ms"))
    static let httpHTTP2 = BoolKey(
        ConfigKey("http.http2", .bool, "false", "Whether calls that cost nothing may use HTTP/2; submissions never do"))
    static let downloadOverwrite = BoolKey(
        ConfigKey("download.overwrite", .bool, "false", "Whether a download may replace an existing file"))
    static let downloadAllowPrivateAddresses = BoolKey(
        ConfigKey(
            "download.allow_private_addresses", .bool, "false",
            "Whether image URLs may lead to private, loopback and link-local addresses (needed for sandboxes)"))
    static let journalRequests = BoolKey(
        ConfigKey(
            "journal.requests", .bool, "false",
            "Whether the journal keeps the body of a request, with its prompt, until the job is accepted"))
    static let eventsProgress = BoolKey(
        ConfigKey("events.progress", .bool, "false", "Whether AIGC_EVENT_JOB_PROGRESS is queued"))
}

extension IntegerKey {
    static let credentialsRoleDurationSeconds = IntegerKey(
        ConfigKey(
            "credentials.role_duration_s", .int(0...43_200), "0",
            "Lifetime of the role's credentials in seconds; 0: the provider's default, Alibaba 3600, Tencent 7200"))
    static let jobDeadlineMilliseconds = IntegerKey(
        ConfigKey(
            "job.deadline_ms", .duration(-1...always), "3600000",
            "Longest time from the submission to the end of a job; -1: no deadline"))
    static let jobMaxConcurrent = IntegerKey(
        ConfigKey(
            "job.max_concurrent", .int(0...100_000), "0",
            "Largest number of tasks of one operation at a provider; 0: the client learns it from refusals"))
    static let jobMaxFollowed = IntegerKey(
        ConfigKey(
            "job.max_followed", .int(0...1_000_000), "0",
            "Largest number of followed jobs of one operation, to see ends sooner; other submissions wait; 0: no limit"
        ))
    static let pollInitialMilliseconds = IntegerKey(
        ConfigKey("poll.initial_ms", .duration(10...day), "1000", "Shortest pause between two status calls for one job")
    )
    static let pollMaxMilliseconds = IntegerKey(
        ConfigKey(
            "poll.max_ms", .duration(10...day), "5000",
            "Longest pause between status calls of a job; with poll.learn: mean pause; the longest is 4 times as long"
        ))
    static let pollGrowthPercent = IntegerKey(
        ConfigKey(
            "poll.growth_percent", .int(0...1000), "15",
            "Pause in percent of the time since acceptance, limited by poll.initial_ms and poll.max_ms"))
    static let retryMaxAttempts = IntegerKey(
        ConfigKey(
            "retry.max_attempts", .int(0...100), "0",
            "Tries of a submission that did not run (0: until its deadline), or of a download without progress (0: 6)"
        ))
    static let retryBaseMilliseconds = IntegerKey(
        ConfigKey(
            "retry.base_ms", .duration(0...day), "500",
            "First pause before a retry; the pause doubles with each retry, and a random part of it is used"))
    static let retryMaxMilliseconds = IntegerKey(
        ConfigKey("retry.max_ms", .duration(0...day), "30000", "Longest pause before a retry"))
    static let timeoutConnectMilliseconds = IntegerKey(
        ConfigKey("timeout.connect_ms", .duration(1...day), "10000", "Longest time to open a connection, with TLS"))
    static let timeoutExchangeMilliseconds = IntegerKey(
        ConfigKey(
            "timeout.exchange_ms", .duration(1...day), "30000", "Longest time of one status call, from start to end"))
    static let timeoutSubmitMilliseconds = IntegerKey(
        ConfigKey(
            "timeout.submit_ms", .duration(1...day), "60000",
            "Longest time of one submission; if this time passes after sending, the outcome is unknown"))
    static let timeoutIdleMilliseconds = IntegerKey(
        ConfigKey("timeout.idle_ms", .duration(1...day), "30000", "Time without any data after which a transfer fails"))
    static let httpMaxInFlight = IntegerKey(
        ConfigKey("http.max_in_flight", .int(1...10_000), "64", "Largest number of API calls on the wire at once"))
    static let httpMaxReplyBytes = IntegerKey(
        ConfigKey("http.max_reply_bytes", .bytes(1_024...(1 << 30)), "8388608", "Largest size of an API answer"))
    static let downloadMaxConcurrent = IntegerKey(
        ConfigKey(
            "download.max_concurrent", .int(1...1_000), "16",
            "Largest number of downloads at once; the image that expires first comes first"))
    static let downloadMaxBytes = IntegerKey(
        ConfigKey("download.max_bytes", .bytes(1...(1 << 40)), "536870912", "Largest size of an image"))
    static let downloadDeadlineMilliseconds = IntegerKey(
        ConfigKey(
            "download.deadline_ms", .duration(-1...always), "3600000", "Longest time of one download; -1: no deadline"))
    static let journalKeepMilliseconds = IntegerKey(
        ConfigKey(
            "journal.keep_ms", .duration(-1...always), "-1",
            "A new client removes ended keys so much older than the newest change; they can be paid again; -1: never"))
    static let logCapacity = IntegerKey(
        ConfigKey(
            "log.capacity", .int(16...1_000_000), "1024",
            "Largest number of queued log records; when the queue is full, the oldest record is dropped"))
    static let closeGraceMilliseconds = IntegerKey(
        ConfigKey(
            "close.grace_ms", .duration(0...600_000), "2000",
            "How long a client that is freed waits for the answers to submissions on the wire"))
}

extension DoubleKey {
    static let rateTencentCreatePerSecond = DoubleKey(
        ConfigKey(
            "rate.tencent.create_per_s", .double(0...100_000), "20",
            "CreateAigcImageTask calls a second for each account, shared by all clients of the process; 0: no limit"))
    static let rateTencentDescribePerSecond = DoubleKey(
        ConfigKey(
            "rate.tencent.describe_per_s", .double(0...100_000), "20",
            "DescribeAigcImageTask calls a second, shared in the same way; 0: no limit"))
    static let rateAlibabaSubmitPerSecond = DoubleKey(
        ConfigKey(
            "rate.alibaba.submit_per_s", .double(0...100_000), "0",
            "Calls a second of each operation that submits, shared in the same way; 0: no limit; no number is published"
        ))
    static let rateAlibabaQueryPerSecond = DoubleKey(
        ConfigKey(
            "rate.alibaba.query_per_s", .double(0...100_000), "0",
            "Calls a second of each operation that only reads, shared in the same way; 0: no limit"))
}

extension ConfigKey {
    /// All rows, in the order in which they are listed to callers.
    static let all: [ConfigKey] = [
        TextKey.alibabaAccessKeyID.row, SecretKey.alibabaAccessKeySecret.row, SecretKey.alibabaSecurityToken.row,
        TextKey.alibabaEndpoint.row, TextKey.alibabaRegion.row, TextKey.alibabaNetwork.row,
        TextKey.alibabaAssetEncoding.row, TextKey.tencentSecretID.row, SecretKey.tencentSecretKey.row,
        SecretKey.tencentToken.row, TextKey.tencentEndpoint.row, TextKey.tencentRegion.row, TextKey.tencentSite.row,
        BoolKey.tencentRegionalHost.row, TextKey.tencentCOSHosts.row, TextKey.tencentLanguage.row,
        TextKey.credentialsProfile.row, BoolKey.credentialsUseEnvironment.row, BoolKey.credentialsUseFiles.row,
        BoolKey.credentialsUseMetadata.row, BoolKey.credentialsUseProcesses.row, TextKey.credentialsRoleARN.row,
        TextKey.credentialsRoleSessionName.row, IntegerKey.credentialsRoleDurationSeconds.row,
        TextKey.credentialsRolePolicy.row, TextKey.credentialsRoleExternalID.row, TextKey.credentialsSTSRegion.row,
        TextKey.credentialsSTSEndpoint.row, TextKey.credentialsMetadataEndpoint.row,
        BoolKey.jobFollow.row, IntegerKey.jobDeadlineMilliseconds.row, IntegerKey.jobMaxConcurrent.row,
        IntegerKey.jobMaxFollowed.row,
        IntegerKey.pollInitialMilliseconds.row,
        IntegerKey.pollMaxMilliseconds.row, IntegerKey.pollGrowthPercent.row, BoolKey.pollLearn.row,
        IntegerKey.retryMaxAttempts.row, IntegerKey.retryBaseMilliseconds.row, IntegerKey.retryMaxMilliseconds.row,
        IntegerKey.timeoutConnectMilliseconds.row, IntegerKey.timeoutExchangeMilliseconds.row,
        IntegerKey.timeoutSubmitMilliseconds.row, IntegerKey.timeoutIdleMilliseconds.row,
        DoubleKey.rateTencentCreatePerSecond.row, DoubleKey.rateTencentDescribePerSecond.row,
        DoubleKey.rateAlibabaSubmitPerSecond.row, DoubleKey.rateAlibabaQueryPerSecond.row, TextKey.ratePath.row,
        IntegerKey.httpMaxInFlight.row, IntegerKey.httpMaxReplyBytes.row, TextKey.httpProxy.row,
        TextKey.httpNoProxy.row, TextKey.httpUserAgent.row, BoolKey.httpHTTP2.row, TextKey.httpAddressFamily.row,
        TextKey.tlsCAFile.row, TextKey.tlsCAPath.row, TextKey.tlsClientCert.row, TextKey.tlsClientKey.row,
        IntegerKey.downloadMaxConcurrent.row, IntegerKey.downloadMaxBytes.row, BoolKey.downloadOverwrite.row,
        TextKey.downloadFileMode.row, IntegerKey.downloadDeadlineMilliseconds.row,
        BoolKey.downloadAllowPrivateAddresses.row,
        TextKey.journalPath.row, BoolKey.journalRequests.row, TextKey.journalSync.row,
        IntegerKey.journalKeepMilliseconds.row,
        BoolKey.eventsProgress.row, TextKey.logLevel.row, IntegerKey.logCapacity.row,
        IntegerKey.closeGraceMilliseconds.row, TextKey.profile.row,
    ]

    var typeName: StaticString {
        switch kind {
        case .string, .identifier, .path: "string"
        case .secret: "secret"
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .duration: "duration_ms"
        case .bytes: "bytes"
        case .choice(let words): words
        }
    }

    private static func words(_ choice: StaticString) -> [String] {
        choice.description.dropFirst("choice: ".count).split(separator: "|", omittingEmptySubsequences: false)
            .map(String.init)
    }

    var isSecret: Bool {
        if case .secret = kind { return true }
        return false
    }

    static func find(_ name: String) throws(Failure) -> ConfigKey {
        if let key = all.first(where: { $0.name.description == name }) { return key }
        let nearest = Suggestion.nearest(name, among: all.map { $0.name.description })
        let hint = nearest.map { "; did you mean \"\($0)\"?" } ?? "; aigc_config_describe() lists all keys"
        throw Failure(.invalidArgument, "Setting \"\(name)\": there is no such configuration key\(hint)", field: name)
    }

    /// Checks a value and says what would be right. `option`: the option of a request that has this key's values.
    func check(_ value: String, option: String? = nil) throws(Failure) {
        func field() -> String { option ?? name.description }
        func doing() -> String { "Setting \(option == nil ? "" : "option ")\"\(field())\"" }
        func refuse(_ right: String) -> Failure {
            Failure(
                .invalidArgument, "\(doing()): the value\(value.shownAsSetting) is not usable; give \(right)",
                field: field())
        }
        switch kind {
        case .identifier:
            if let fault = KeyText.fault(value) {
                throw Failure(.invalidArgument, "\(doing()): the value \(fault)", field: field())
            }
        case .string, .secret, .path:
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                // Not shown: a proxy may come with a password.
                throw Failure(
                    .invalidArgument,
                    "\(doing()): the value holds a line break or another control character: remove it",
                    field: field())
            }
            // Paths are shown in messages. A URL with a password is not, and a key in place of its file is not either.
            if case .path = kind, value.saysScheme || value.hasPrefix("-----BEGIN") {
                throw Failure(
                    .invalidArgument, "\(doing()): the value is no path; give the path of a file or folder",
                    field: field())
            }
        case .bool:
            guard value == "true" || value == "false" else { throw refuse("\"true\" or \"false\"") }
        case .int(let range), .duration(let range), .bytes(let range):
            guard let number = Int64(value), range.contains(number) else {
                throw refuse("a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        case .double(let range):
            guard let number = Double(value), number.isFinite, range.contains(number) else {
                throw refuse("a number from \(range.lowerBound) to \(range.upperBound)")
            }
        case .choice(let choice):
            let words = Self.words(choice)
            guard words.contains(value) else {
                throw refuse("one of " + words.filter { !$0.isEmpty }.map { "\"\($0)\"" }.joined(separator: ", "))
            }
        }
    }
}

/// The values that were set; everything else is the default.
struct ConfigValues: Sendable {
    private var texts: [String: String] = [:]
    private var secrets: [String: Secret] = [:]

    mutating func set(_ name: String, _ value: String?) throws(Failure) {
        let key = try ConfigKey.find(name)
        guard let value else {
            texts[name] = nil
            secrets[name] = nil
            return
        }
        try key.check(value)
        texts[name] = value
    }

    mutating func set(_ name: String, _ secret: Secret) { secrets[name] = secret }

    /// Whether a secret was set under that name.
    func hasSecret(_ key: ConfigKey) -> Bool { secrets[key.name.description] != nil }

    /// Whether it was set, also to what its default is.
    func isSet(_ key: ConfigKey) -> Bool { texts[key.name.description] != nil }

    /// Nil for a key that does not exist and for every secret.
    func shown(_ name: String) -> String? {
        guard let key = ConfigKey.all.first(where: { $0.name.description == name }) else { return nil }
        if key.isSecret { return nil }
        return texts[name] ?? key.fallback.description
    }

    subscript(_ key: TextKey) -> String { text(of: key.row) }
    subscript(_ key: BoolKey) -> Bool { text(of: key.row) == "true" }
    subscript(_ key: IntegerKey) -> Int64 { Int64(text(of: key.row)) ?? 0 }
    subscript(_ key: DoubleKey) -> Double { Double(text(of: key.row)) ?? 0 }
    subscript(_ key: SecretKey) -> Secret? { secrets[key.row.name.description].flatMap { $0.isEmpty ? nil : $0 } }

    /// nil for an empty text.
    func optional(_ key: TextKey) -> String? {
        let text = self[key]
        return text.isEmpty ? nil : text
    }

    /// Whether somebody has set it, to nothing.
    func isSetToNothing(_ key: TextKey) -> Bool { texts[key.row.name.description]?.isEmpty == true }

    private func text(of row: ConfigKey) -> String { texts[row.name.description] ?? row.fallback.description }
}
