/// How the transport reaches the network. A value: copied at the transport's creation, constant afterwards.
public struct CurlSettings: Sendable {
    public enum AddressFamily: Sendable {
        case any, ipv4, ipv6
    }

    /// The proxy for all transfers, as libcurl writes it ("http://host:3128", "socks5h://host"); "" is none, nil is
    /// what `environment` says. May hold a user and a password: it never appears in a message.
    public var proxy: String?
    /// Hosts that are reached without a proxy, as in NO_PROXY; nil is what `environment` says.
    public var noProxy: String?
    /// PEM file of the certificate authorities to trust; nil: SSL_CERT_FILE, SSL_CERT_DIR or CURL_CA_BUNDLE of
    /// `environment`, else libcurl's default, else the places of the known distributions.
    public var caFile: String?
    /// Directory of hashed certificates; as `caFile`. If either is set, nothing else is trusted.
    public var caPath: String?
    /// PEM files of a client certificate and its key (nil: in the same file), for gateways before the API that ask for one.
    /// Stores are not shown it.
    public var clientCertificate: String?
    public var clientKey: String?
    /// Connections to one host at a time, 1 and up; transfers beyond that wait, and their exchange limit runs.
    public var maxConnectionsPerHost: Int
    /// A submission reuses only connections that were idle for less than this, in seconds; 0: a new one each time.
    public var maxIdleSecondsForSubmission: Int
    /// Other transfers reuse connections that were idle for up to this, in seconds, 1 and up. Servers commonly end theirs
    /// after 60 s, and what is sent in that moment is lost.
    public var connectionIdleSeconds: Int
    public var addressFamily: AddressFamily
    /// Lets reads use HTTP/2 where the server offers it. Submissions always use HTTP/1.1.
    public var allowHTTP2: Bool
    /// Lifts the refusal of private addresses (`TransferOptions.publicAddressesOnly`), for sandboxes and tests.
    public var allowPrivateAddresses: Bool
    /// Snapshot of the process environment, the only one that is ever read.
    public var environment: [String: String]

    public init(
        proxy: String? = nil, noProxy: String? = nil, caFile: String? = nil, caPath: String? = nil,
        clientCertificate: String? = nil, clientKey: String? = nil, maxConnectionsPerHost: Int = 64,
        maxIdleSecondsForSubmission: Int = 5, connectionIdleSeconds: Int = 50, addressFamily: AddressFamily = .any,
        allowHTTP2: Bool = false, allowPrivateAddresses: Bool = false, environment: [String: String] = [:]
    ) {
        self.proxy = proxy
        self.noProxy = noProxy
        self.caFile = caFile
        self.caPath = caPath
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.maxConnectionsPerHost = maxConnectionsPerHost
        self.maxIdleSecondsForSubmission = maxIdleSecondsForSubmission
        self.connectionIdleSeconds = connectionIdleSeconds
        self.addressFamily = addressFamily
        self.allowHTTP2 = allowHTTP2
        self.allowPrivateAddresses = allowPrivateAddresses
        self.environment = environment
    }
}
