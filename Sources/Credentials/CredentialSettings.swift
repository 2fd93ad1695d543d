/// What a configuration can say about where credentials come from.
public struct CredentialSettings: Sendable {
    /// A role that the found credentials are exchanged for at the provider's STS.
    public struct Role: Equatable, Sendable {
        public var arn: String
        /// Empty: "libaigc".
        public var sessionName: String
        /// 0: the provider's usual (Alibaba 3600, Tencent 7200).
        public var durationSeconds: Int64
        public var policy: String?
        public var externalID: String?

        public init(
            arn: String, sessionName: String = "", durationSeconds: Int64 = 0, policy: String? = nil,
            externalID: String? = nil
        ) {
            self.arn = arn
            self.sessionName = sessionName
            self.durationSeconds = durationSeconds
            self.policy = policy
            self.externalID = externalID
        }
    }

    public var useEnvironment = true
    public var useFiles = true
    /// Instance metadata, which every vendor's chain asks unless told otherwise.
    public var useMetadata = true
    /// Commands that a profile of `~/.aliyun/config.json` names (mode External).
    public var useProcesses = true
    /// Of the files: profile (config.json) or section (credentials.ini, Tencent's credentials). Then no other source is
    /// asked. nil: all sources in their order, of the files the environment's profile, or the file's own default.
    public var profile: String?
    /// By provider: the key of its id, where that was set to nothing.
    public var emptyKeys: [String: String] = [:]
    /// Used by the provider whose ARN it is ("acs:" Alibaba, "qcs:" Tencent); the other chain is as without it.
    public var role: Role?
    /// "https://host[:port]"; nil: the vendor's, by region and network. For tests and private networks.
    public var stsEndpoint: String?
    /// Of STS; nil: the environment's, or the vendor's default.
    public var stsRegion: String?
    /// "http://host[:port]"; nil: the vendor's.
    public var metadataEndpoint: String?
    /// Folder instead of "/" for the vendor's files outside the home directory.
    public var systemRoot = ""
    public var metadataTimeoutMilliseconds: Int64 = 1_000
    public var connectTimeoutMilliseconds: Int64 = 5_000
    public var exchangeTimeoutMilliseconds: Int64 = 15_000
    public var processTimeoutMilliseconds: Int64 = 60_000

    public init() {}
}
