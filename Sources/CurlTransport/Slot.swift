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
    /// Why we ended a transfer from inside a callback.
    enum Stop: Equatable {
        case sink, replyTooLarge, headTooLarge, malformedHead, noMemory, resend, cancelled
        case addressRefused(String)
    }

    /// Up to here a body is no larger than what the library itself needs now and then.
    static let smallBody = 64 << 10

    let easy: UnsafeMutableRawPointer
    let errorText: UnsafeMutablePointer<CChar>
    let shared: SlotSettings
    unowned let loop: EventLoop

    // The transfer.
    var id: UInt64 = 0
    var url = ""
    var options = TransferOptions()
    var sink: (any BodySink)?
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
    var head = ReplyHead()
    var headers = HTTPHeaders()
    var body: [UInt8] = []
    var received: Int64 = 0
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

    /// Nil when memory is exhausted or libcurl lacks something that safety rests on.
    init?(_ shared: SlotSettings, loop: EventLoop) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.shared = shared
        self.loop = loop
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard setConstants() else { return nil }
    }

    /// The slot of a handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> Slot? {
        guard let context = aigcu_info_pointer(easy, CURLINFO_PRIVATE) else { return nil }
        return Unmanaged<Slot>.fromOpaque(context).takeUnretainedValue()
    }

    deinit {
        curl_easy_cleanup(easy)
        block.free()
        errorText.deallocate()
    }

    /// True from the moment at which the first byte of the request may leave.
    var requestMayHaveLeft: Bool { requestsAllowed > 0 }

    var mustCheckAddresses: Bool {
        options.publicAddressesOnly && !shared.settings.allowPrivateAddresses && proxy.isEmpty
    }

    private func setConstants() -> Bool {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let settings = shared.settings
        var ok = true
        func long(_ option: CURLoption, _ value: Int) { ok = aigcu_set_long(easy, option, value) == CURLE_OK && ok }
        func text(_ option: CURLoption, _ value: String?) {
            if let value {
                ok = aigcu_set_text(easy, option, value) == CURLE_OK && ok
            } else {
                ok = aigcu_set_text(easy, option, nil) == CURLE_OK && ok
            }
        }
        func pointer(_ option: CURLoption, _ value: UnsafeRawPointer) {
            ok = aigcu_set_pointer(easy, option, value) == CURLE_OK && ok
        }
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        text(CURLOPT_REDIR_PROTOCOLS_STR, "https")
        long(CURLOPT_FOLLOWLOCATION, 0)
        long(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        long(CURLOPT_HTTP09_ALLOWED, 0)
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
        if let certificate = settings.clientCertificate {
            text(CURLOPT_SSLCERT, certificate)
            text(CURLOPT_SSLKEY, settings.clientKey ?? certificate)
        }
        ok = aigcu_set_data_callback(easy, CURLOPT_HEADERFUNCTION, onHeader) == CURLE_OK && ok
        pointer(CURLOPT_HEADERDATA, me)
        ok = aigcu_set_data_callback(easy, CURLOPT_WRITEFUNCTION, onBody) == CURLE_OK && ok
        pointer(CURLOPT_WRITEDATA, me)
        ok = aigcu_set_prereq_callback(easy, onRequest) == CURLE_OK && ok
        pointer(CURLOPT_PREREQDATA, me)
        ok = aigcu_set_opensocket_callback(easy, onOpenSocket) == CURLE_OK && ok
        pointer(CURLOPT_OPENSOCKETDATA, me)
        pointer(CURLOPT_ERRORBUFFER, errorText)
        pointer(CURLOPT_PRIVATE, me)
        return ok
    }

    /// Makes the handle ready for a transfer, or says why it cannot be.
    func begin(
        id: UInt64, request: HTTPRequest, options: TransferOptions, sink: (any BodySink)?, proxy: String
    ) -> TransferFailure? {
        self.id = id
        self.url = request.url
        self.options = options
        self.sink = sink
        self.proxy = proxy
        let sendsBody = request.method != .get || !request.body.isEmpty
        do {
            try block.fill(request, sendsBody: sendsBody)
        } catch {
            switch error {
            case .memory: return Self.noMemory
            case .header(let name):
                return TransferFailure(
                    .badURL, requestMayHaveLeft: false,
                    detail: "the request header \(redacted(name)) has a character that does not belong there")
            }
        }
        bodyBytes = request.body.count
        guard setRequest(request, sendsBody: sendsBody), setConnection() else {
            return Self.noMemory
        }
        lastActivity = loop.now
        let limit = options.exchangeTimeoutMilliseconds
        exchangeEnd = limit > 0 ? loop.now.adding(milliseconds: limit) : .max
        return nil
    }

    private static let noMemory = TransferFailure(
        .resources, requestMayHaveLeft: false, detail: "no memory for a request")

    private func setRequest(_ request: HTTPRequest, sendsBody: Bool) -> Bool {
        var ok = true
        if setURL != request.url {
            ok = request.url.withCString { aigcu_set_text(easy, CURLOPT_URL, $0) } == CURLE_OK
            // URLs of images are not kept: some are as good as a key.
            setURL = ok && sink == nil ? request.url : ""
        }
        ok = aigcu_set_pointer(easy, CURLOPT_HTTPHEADER, block.headers) == CURLE_OK && ok
        if sendsBody {
            ok = aigcu_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)) == CURLE_OK && ok
            ok = aigcu_set_pointer(easy, CURLOPT_POSTFIELDS, block.body) == CURLE_OK && ok
            ok = aigcu_set_long(easy, CURLOPT_POST, 1) == CURLE_OK && ok
        } else {
            ok = aigcu_set_long(easy, CURLOPT_HTTPGET, 1) == CURLE_OK && ok
        }
        let verb: String? = request.method == (sendsBody ? .post : .get) ? nil : request.method.rawValue
        if let verb {
            ok = aigcu_set_text(easy, CURLOPT_CUSTOMREQUEST, verb) == CURLE_OK && ok
        } else {
            ok = aigcu_set_text(easy, CURLOPT_CUSTOMREQUEST, nil) == CURLE_OK && ok
        }
        return ok
    }

    private func setConnection() -> Bool {
        var ok = true
        let settings = shared.settings
        if setProxy != proxy {
            ok = aigcu_set_text(easy, CURLOPT_PROXY, proxy) == CURLE_OK && ok
            setProxy = proxy
        }
        // libcurl reuses what was idle for up to so many whole seconds.
        let idle =
            options.isSubmission
            ? min(settings.maxIdleSecondsForSubmission, settings.connectionIdleSeconds + 1) - 1
            : settings.connectionIdleSeconds
        if setIdle != idle {
            ok = aigcu_set_long(easy, CURLOPT_MAXAGE_CONN, max(idle, 0)) == CURLE_OK && ok
            ok = aigcu_set_long(easy, CURLOPT_FRESH_CONNECT, idle < 0 ? 1 : 0) == CURLE_OK && ok
            setIdle = idle
        }
        let connect = max(options.connectTimeoutMilliseconds, 1)
        if setConnectTimeout != connect {
            let value = Int(clamping: min(connect, Int64(Int32.max)))
            ok = aigcu_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, value) == CURLE_OK && ok
            setConnectTimeout = connect
        }
        let mayUseHTTP2 = settings.allowHTTP2 && !options.isSubmission
        let version = mayUseHTTP2 ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1)
        if setVersion != version {
            ok = aigcu_set_long(easy, CURLOPT_HTTP_VERSION, version) == CURLE_OK && ok
            setVersion = version
        }
        // libcurl hands out 16 KiB at a time whatever the buffer, and a TLS record holds no more; larger buffers were
        // measured no faster (200 MiB, TLS: 124 to 157 ms with 16 to 256 KiB) and cost memory per download.
        let buffer = sink == nil ? 16 << 10 : 64 << 10
        if setTrust != trustSeconds {
            ok = aigcu_set_long(easy, CURLOPT_CA_CACHE_TIMEOUT, trustSeconds) == CURLE_OK && ok
            setTrust = trustSeconds
        }
        if setBuffer != buffer {
            ok = aigcu_set_long(easy, CURLOPT_BUFFERSIZE, buffer) == CURLE_OK && ok
            setBuffer = buffer
        }
        return ok
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

    /// Lets go of everything of the transfer that has ended.
    func clear() {
        block.clear()
        url = ""
        sink = nil
        requestsAllowed = 0
        stop = nil
        socketError = 0
        refusedAddress = nil
        hasOpenedSocket = false
        head.clear()
        headers = HTTPHeaders()
        body = []
        received = 0
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
