import CCurl
import Core
import Glibc

/// How libcurl is kept from sending a submission twice. Only tests choose.
enum ResendGuard: Sendable {
    /// libcurl as it is: sends a request again when a kept-alive connection dies before an answer.
    case none
    /// libcurl asks before each sending of a request; a submission is allowed the first only.
    case oneRequest
}

/// One easy handle, used for one transfer after another, with everything that libcurl has pointers to. Options that are
/// the same for all transfers are set once; the others each time. Engine thread.
final class Slot {
    /// Where its transfer runs.
    private(set) var multi: MultiHandle?
    /// Whose connections the handle opens and closes.
    private var sockets: OpaquePointer?

    /// Why we ended a transfer from inside a callback.
    enum Stop: Equatable {
        case sink, replyTooLarge, headTooLarge, malformedHead, malformedBody, noMemory, resend, cancelled
        case addressRefused(String)
        /// Unrequested bytes wait on the connection, it has ended, or another transfer is using it. Nothing was sent.
        case unusable(Unusable)
        /// The answer came before its request had arrived: it is the answer to something else.
        case strayAnswer
        /// `Departure` has said no. Nothing was sent.
        case mayNotLeave(String)
    }

    enum Unusable: Equatable {
        case hasBytes, hasEnded, isShared, isUnknown
    }

    /// libcurl asks the resolver of this machine on behalf of some proxies, and tells nobody what it was answered. Where that
    /// matters a direct transfer goes before, which opens no socket.
    struct Lookup {
        let proxy: String
        /// The first public address for which libcurl wanted a socket, and which the proxy's protocol has a place for.
        private(set) var address: IPAddress?

        init(proxy: String) { self.proxy = proxy }

        mutating func note(_ found: IPAddress) {
            if address == nil, !found.isV6 || ProxyRules.takesIPv6(proxy) { address = found }
        }
    }

    /// How a body is told from what follows it on the connection.
    enum Framing {
        case byLibcurl
        case chunks(ChunkedBody)
    }

    /// Up to here a body is no larger than what the library itself needs now and then.
    static let smallBody = 64 << 10

    let easy: UnsafeMutableRawPointer
    let errorText: UnsafeMutablePointer<CChar>
    let shared: SlotSettings
    let loop: EventLoop

    // The transfer.
    var id: UInt64 = 0
    var url = ""
    var options = TransferOptions()
    var sink: (any BodySink)?
    var departure: (any Departure)?
    var proxy = ""
    var block = RequestBlock()
    var bodyBytes = 0
    /// How old the authorities that libcurl keeps may be.
    var trustSeconds = 0

    // What has happened.
    var requestsAllowed = 0
    var stop: Stop?
    var socketError: Int32 = 0
    var refusedAddress: String?
    var hasOpenedSocket = false
    /// While the address is found out that a proxy is to be given.
    var lookup: Lookup?
    /// Where the proxy is to connect to, whatever the name is said to mean meanwhile.
    private var destination: UnsafeMutablePointer<curl_slist>?
    /// The connection of the request that was sent last.
    var socket: Int32 = -1
    var framing = Framing.byLibcurl
    /// A new connection was asked for, because the one before was not usable.
    var wantsNewConnection = false
    var head = ReplyHead()
    var headers = HTTPHeaders()
    var body: [UInt8] = []
    var received: Int64 = 0
    /// Takes apart what the sink gets, if it comes packed.
    var unpacker: PackedStream?
    var announced: Int64 = -1

    // Instants in monotonic nanoseconds.
    var exchangeEnd = Int64.max
    var lastActivity: Int64 = 0
    var uploaded: Int64 = 0

    // What the handle is set to now, to leave out what does not change.
    private var setURL = ""
    private var setProxy: String?
    private var setIdle = Int.min
    private var setConnectTimeout: Int64 = -1
    private var setVersion = -1
    private var setBuffer = -1
    private var setTrust = -1
    private var showsCertificate = false
    /// Options that hold for all transfers were changed for this one, when its answer came.
    private var isAdapted = false
    /// The first option that libcurl has refused, and why.
    private(set) var refusal: (option: CURLoption, code: CURLcode)?

    /// Nil when memory is exhausted or libcurl lacks something that safety rests on.
    init?(_ shared: SlotSettings, loop: EventLoop) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.shared = shared
        self.loop = loop
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        setConstants()
        guard refusal == nil else { return nil }
    }

    /// The slot of a handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> Slot? {
        guard let context = aigcu_info_pointer(easy, CURLINFO_PRIVATE) else { return nil }
        return Unmanaged<Slot>.fromOpaque(context).takeUnretainedValue()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(destination)
        block.free()
        errorText.deallocate()
    }

    /// Whether a byte of the request may have left. A request that libcurl was allowed, and of which it could write nothing,
    /// has not.
    var requestMayHaveLeft: Bool { requestsAllowed > 0 && aigcu_nothing_written(easy) == 0 }

    /// The pool whose connections the transfer may use.
    var pool: MultiHandle.Pool {
        // What libcurl does with HTTP/2 can be watched only with OpenSSL.
        shared.settings.allowHTTP2 && !options.isSubmission && aigcu_knows_tls() != 0 ? .http2 : .http1
    }

    /// libcurl sends a request again by itself when a kept-alive connection dies. That is fine for a fetch from a store; a
    /// submission would be paid twice, and another call would come with a signature whose nonce was used.
    var isOnce: Bool { shared.resendGuard == .oneRequest && (options.isSubmission || !options.isForStore) }

    var mustCheckAddresses: Bool {
        options.publicAddressesOnly && !shared.settings.allowPrivateAddresses && proxy.isEmpty
    }

    /// Keeps in mind what libcurl says to an option.
    private func note(_ option: CURLoption, _ code: CURLcode) {
        if code != CURLE_OK, refusal == nil { refusal = (option, code) }
    }

    private func long(_ option: CURLoption, _ value: Int) { note(option, aigcu_set_long(easy, option, value)) }

    private func text(_ option: CURLoption, _ value: String?) {
        if let value {
            note(option, aigcu_set_text(easy, option, value))
        } else {
            note(option, aigcu_set_text(easy, option, nil))
        }
    }

    private func pointer(_ option: CURLoption, _ value: UnsafeRawPointer?) {
        note(option, aigcu_set_pointer(easy, option, value))
    }

    private func setConstants() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let settings = shared.settings
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        text(CURLOPT_REDIR_PROTOCOLS_STR, "https")
        long(CURLOPT_FOLLOWLOCATION, 0)
        long(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        // Refused by takeBody, which keeps what came of the answer to a submission.
        long(CURLOPT_HTTP09_ALLOWED, 1)
        // Chunks are taken apart by ChunkedBody, what is packed by PackedBody.
        long(CURLOPT_HTTP_TRANSFER_DECODING, 0)
        long(CURLOPT_HTTP_CONTENT_DECODING, 0)
        long(CURLOPT_PATH_AS_IS, 1)
        long(CURLOPT_NOSIGNAL, 1)
        long(CURLOPT_QUICK_EXIT, 1)
        long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        long(CURLOPT_TCP_NODELAY, 1)
        long(CURLOPT_TCP_KEEPALIVE, 1)
        long(CURLOPT_TCP_KEEPIDLE, 30)
        long(CURLOPT_TCP_KEEPINTVL, 15)
        // "" and not nil: with nil libcurl asks the environment. What NO_PROXY says is decided in ProxyRules.
        text(CURLOPT_PROXY, "")
        text(CURLOPT_NOPROXY, "")
        switch settings.addressFamily {
        case .any: break
        case .ipv4: long(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V4))
        case .ipv6: long(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V6))
        }
        long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        long(CURLOPT_SSL_VERIFYPEER, 1)
        long(CURLOPT_SSL_VERIFYHOST, 2)
        text(CURLOPT_CAINFO, shared.trust.file)
        text(CURLOPT_CAPATH, shared.trust.path)
        text(CURLOPT_PROXY_CAINFO, shared.trust.file)
        text(CURLOPT_PROXY_CAPATH, shared.trust.path)
        note(CURLOPT_HEADERFUNCTION, aigcu_set_data_callback(easy, CURLOPT_HEADERFUNCTION, onHeader))
        pointer(CURLOPT_HEADERDATA, me)
        note(CURLOPT_WRITEFUNCTION, aigcu_set_data_callback(easy, CURLOPT_WRITEFUNCTION, onBody))
        pointer(CURLOPT_WRITEDATA, me)
        note(CURLOPT_PREREQFUNCTION, aigcu_set_prereq_callback(easy, onRequest))
        pointer(CURLOPT_PREREQDATA, me)
        note(CURLOPT_OPENSOCKETFUNCTION, aigcu_set_opensocket_callback(easy, onOpenSocket))
        pointer(CURLOPT_OPENSOCKETDATA, me)
        note(CURLOPT_CLOSESOCKETFUNCTION, aigcu_set_closesocket_callback(easy, onCloseSocket))
        pointer(CURLOPT_ERRORBUFFER, errorText)
        pointer(CURLOPT_PRIVATE, me)
    }

    /// Makes the handle ready for a transfer, or says why it cannot be.
    func begin(
        id: UInt64, request: HTTPRequest, options: TransferOptions, sink: (any BodySink)?, proxy: String
    ) -> TransferFailure? {
        let looksUp =
            options.publicAddressesOnly && !shared.settings.allowPrivateAddresses
            && ProxyRules.isGivenAddresses(proxy)
        self.id = id
        self.url = request.url
        self.options = options
        self.sink = sink
        lookup = looksUp ? Lookup(proxy: proxy) : nil
        self.proxy = looksUp ? "" : proxy
        let sendsBody = request.method != .get || !request.body.isEmpty
        do {
            try block.fill(request, sendsBody: sendsBody, isForStore: options.isForStore)
        } catch {
            switch error {
            case .memory: return Self.noMemory
            case .header(let name):
                return TransferFailure(
                    .badURL, requestMayHaveLeft: false,
                    detail: "the request header \(Redaction.line(name)) has a character that does not belong there")
            }
        }
        bodyBytes = request.body.count
        setRequest(request, sendsBody: sendsBody)
        setConnection()
        if looksUp { useNewConnection() }
        if let refusal { return Self.failure(refusal) }
        lastActivity = loop.now
        let limit = options.exchangeTimeoutMilliseconds
        exchangeEnd = limit > 0 ? loop.now.adding(milliseconds: limit) : .max
        return nil
    }

    /// Where the transfer is to run. Nil, or why it cannot.
    func join(_ multi: MultiHandle) -> String? {
        self.multi = multi
        if sockets != multi.sockets {
            pointer(CURLOPT_CLOSESOCKETDATA, UnsafeRawPointer(multi.sockets))
            guard refusal == nil else { return "libcurl refused an option" }
            sockets = multi.sockets
        }
        return multi.add(self)
    }

    private static let noMemory = TransferFailure(
        .resources, requestMayHaveLeft: false, detail: "no memory for a request")

    private static func failure(_ refusal: (option: CURLoption, code: CURLcode)) -> TransferFailure {
        if refusal.code == CURLE_OUT_OF_MEMORY { return noMemory }
        let text = curl_easy_strerror(refusal.code).map { String(cString: $0) } ?? "error \(refusal.code.rawValue)"
        return TransferFailure(
            .connect, requestMayHaveLeft: false,
            detail: "libcurl refused its option \(refusal.option.rawValue) (\(text)); the request was not sent")
    }

    private func setRequest(_ request: HTTPRequest, sendsBody: Bool) {
        if setURL != request.url {
            text(CURLOPT_URL, request.url)
            // URLs of images are not kept: some work like a key.
            setURL = sink == nil ? request.url : ""
        }
        pointer(CURLOPT_HTTPHEADER, block.headers)
        if sendsBody {
            note(
                CURLOPT_POSTFIELDSIZE_LARGE,
                aigcu_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
            pointer(CURLOPT_POSTFIELDS, block.body)
            long(CURLOPT_POST, 1)
        } else {
            long(CURLOPT_HTTPGET, 1)
        }
        text(CURLOPT_CUSTOMREQUEST, request.method == (sendsBody ? .post : .get) ? nil : request.method.rawValue)
    }

    private func setConnection() {
        let settings = shared.settings
        if isAdapted {
            isAdapted = false
            long(CURLOPT_FORBID_REUSE, 0)
            long(CURLOPT_HTTP_TRANSFER_DECODING, 0)
            long(CURLOPT_HTTP_CONTENT_DECODING, 0)
        }
        // TLS inside TLS: what waits in the buffer of the outer one cannot be seen, so that no connection is used twice.
        if !proxy.isEmpty, Self.isHTTPS(proxy), Self.isHTTPS(url) { endConnection() }
        if setProxy != proxy {
            text(CURLOPT_PROXY, proxy)
            setProxy = proxy
        }
        // libcurl reuses what was idle for up to so many whole seconds.
        let idle =
            options.isSubmission
            ? min(settings.maxIdleSecondsForSubmission, settings.connectionIdleSeconds + 1) - 1
            : settings.connectionIdleSeconds
        if setIdle != idle {
            long(CURLOPT_MAXAGE_CONN, max(idle, 0))
            long(CURLOPT_FRESH_CONNECT, idle < 0 ? 1 : 0)
            setIdle = idle
        }
        let connect = max(options.connectTimeoutMilliseconds, 1)
        if setConnectTimeout != connect {
            let value = Int(clamping: min(connect, Int64(Int32.max)))
            long(CURLOPT_CONNECTTIMEOUT_MS, value)
            setConnectTimeout = connect
        }
        let version = pool == .http2 ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1)
        if setVersion != version {
            long(CURLOPT_HTTP_VERSION, version)
            setVersion = version
        }
        // libcurl hands out 16 KiB at a time whatever the buffer, and a TLS record holds no more; larger buffers were
        // measured no faster (200 MiB, TLS: 124 to 157 ms with 16 to 256 KiB) and cost memory per download.
        let buffer = sink == nil ? 16 << 10 : 64 << 10
        // A client certificate identifies this machine: it is for the API, and not for image hosts.
        if let certificate = settings.clientCertificate, showsCertificate == options.isForStore {
            showsCertificate.toggle()
            text(CURLOPT_SSLCERT, showsCertificate ? certificate : nil)
            text(CURLOPT_SSLKEY, showsCertificate ? settings.clientKey ?? certificate : nil)
        }
        if setTrust != trustSeconds {
            long(CURLOPT_CA_CACHE_TIMEOUT, trustSeconds)
            setTrust = trustSeconds
        }
        // libcurl refuses while the buffer of a transfer is there that was taken away before its end: that one is as good.
        if setBuffer != buffer, aigcu_set_long(easy, CURLOPT_BUFFERSIZE, buffer) == CURLE_OK { setBuffer = buffer }
    }

    private static func isHTTPS(_ url: String) -> Bool {
        url.utf8.prefix(8).elementsEqual("https://".utf8) { $0 | 0x20 == $1 | 0x20 }
    }

    // MARK: when a connection or an answer is not what it should be

    /// The connection is closed when the transfer has ended, and carries no further request.
    func endConnection() {
        isAdapted = true
        long(CURLOPT_FORBID_REUSE, 1)
    }

    /// Lets libcurl take the body apart, whatever it is.
    func leaveFramingToLibrary() {
        endConnection()
        long(CURLOPT_HTTP_TRANSFER_DECODING, 1)
        long(CURLOPT_HTTP_CONTENT_DECODING, 1)
    }

    /// Makes ready for another try, on a new connection, of a transfer of which nothing was sent.
    func startAnew() {
        stop = nil
        errorText.pointee = 0
        wantsNewConnection = true
        useNewConnection()
    }

    private func useNewConnection() {
        long(CURLOPT_FRESH_CONNECT, 1)
        setIdle = .min  // the next transfer sets it again
    }

    /// The transfer that looked for an address has found one; it has ended without a socket.
    var knowsAddress: Bool { stop == nil && lookup?.address != nil }

    /// Makes ready for the transfer itself, through its proxy and to that address. False if libcurl does not take it.
    func goThroughProxy() -> Bool {
        guard let lookup, let address = lookup.address else { return false }
        self.lookup = nil
        refusedAddress = nil
        socketError = 0
        errorText.pointee = 0
        proxy = lookup.proxy
        text(CURLOPT_PROXY, proxy)
        setProxy = proxy
        destination = curl_slist_append(nil, address.isV6 ? "::[\(address)]:" : "::\(address):")
        pointer(CURLOPT_CONNECT_TO, destination)
        return destination != nil && refusal == nil
    }

    /// True while a large body leaves: only then does sending count as activity apart from the first byte.
    var isUploading: Bool { bodyBytes > 64 << 10 && !head.isComplete && uploaded < Int64(bodyBytes) }

    /// Counts bytes of the body that have left since the last look as activity.
    func noticeUpload() {
        let count = Int64(aigcu_info_offset(easy, CURLINFO_SIZE_UPLOAD_T))
        if count == uploaded { return }
        uploaded = count
        lastActivity = loop.now
    }

    /// Releases everything that belongs to the ended transfer.
    func clear() {
        block.clear()
        url = ""
        lookup = nil
        if destination != nil {
            pointer(CURLOPT_CONNECT_TO, nil)
            curl_slist_free_all(destination)
            destination = nil
        }
        sink = nil
        departure = nil
        requestsAllowed = 0
        stop = nil
        socketError = 0
        refusedAddress = nil
        hasOpenedSocket = false
        socket = -1
        framing = .byLibcurl
        wantsNewConnection = false
        multi = nil
        refusal = nil
        head.clear()
        headers = HTTPHeaders()
        body = []
        received = 0
        unpacker = nil
        announced = -1
        uploaded = 0
        exchangeEnd = .max
        errorText.pointee = 0
    }
}

/// What all slots of a transport share.
struct SlotSettings: Sendable {
    var settings: CurlSettings
    var trust: TrustAnchors
    var resendGuard: ResendGuard
}

extension Int64 {
    /// An instant so many milliseconds later; the end of time if that is too far.
    func adding(milliseconds: Int64) -> Int64 {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflow2) = addingReportingOverflow(nanoseconds)
        return overflow || overflow2 ? .max : sum
    }
}
