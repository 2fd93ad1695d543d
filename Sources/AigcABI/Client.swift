internal import CPlatform
internal import Codec
internal import Core
internal import CurlTransport
internal import Engine
internal import Glibc
internal import Providers
internal import Synchronization

/// A client as the handles see it: the engine, and the process that made it. Any thread.
final class Client: @unchecked Sendable {
    // Everything is constant; the engine synchronises itself.
    let engine: Engine
    let generation: UInt64
    let follows: Bool
    let deadlineMilliseconds: Int64
    let closeGraceMilliseconds: Int64
    let network: NetworkSummary
    /// What is taken out of every text that leaves this client.
    let secrets: KnownSecrets
    let journalPath: String?
    /// Whether the journal keeps the bodies of requests.
    let keepsRequests: Bool
    let configuration: Configuration
    let defaults: FieldDefaults
    private let closing: Closing

    init(
        engine: Engine, configuration: Configuration, closing: Closing, network: NetworkSummary, secrets: KnownSecrets
    ) {
        let values = configuration.values
        self.configuration = configuration
        defaults = FieldDefaults(configuration)
        self.secrets = secrets
        self.engine = engine
        self.closing = closing
        self.network = network
        generation = aigcp_generation_enter()
        follows = values[.jobFollow]
        deadlineMilliseconds = values[.jobDeadlineMilliseconds]
        closeGraceMilliseconds = values[.closeGraceMilliseconds]
        journalPath = values.optional(.journalPath)
        keepsRequests = values[.journalRequests]
    }

    /// Ends all jobs in this process and joins the threads. A thread that looks for credentials stops its search.
    func close(graceMilliseconds: Int64) {
        closing.begin()
        engine.close(graceMilliseconds: graceMilliseconds)
    }

    /// True in a forked child: locks may be held by threads that do not exist here, so nothing may be touched.
    var isForeign: Bool { aigcp_generation() != generation }

    func check() throws(Failure) {
        if isForeign {
            throw Failure(
                .forked,
                "This handle belongs to the parent process: it can only be freed here; make a client of your own")
        }
    }
}

/// Whether the close of a client has begun. Any thread.
final class Closing: Sendable {
    private let flag = Atomic<Bool>(false)

    var hasBegun: Bool { flag.load(ordering: .relaxed) }

    func begin() { flag.store(true, ordering: .relaxed) }
}

/// What aigc_client points to.
final class ClientBox: HandleBox {
    let client: Client

    init(_ client: Client) { self.client = client }

    static func usable(_ handle: OpaquePointer?) throws(Failure) -> Client {
        let client = try need(handle, "client").client
        try client.check()
        return client
    }
}

/// What aigc_job points to: one counted interest in a job.
final class JobBox: HandleBox {
    let client: Client
    let record: JobRecord
    // Used under the engine's lock only.
    /// Nil until the first string is lent: most handles, as those of events, lend none.
    private var lent: LentStrings?

    /// `counted`: the interest has been registered already (events).
    init(_ client: Client, _ record: JobRecord, counted: Bool = false) {
        self.client = client
        self.record = record
        if !counted { client.engine.retain(record) }
    }

    deinit { client.engine.release(record) }

    static func usable(_ handle: OpaquePointer?) throws(Failure) -> JobBox {
        let box = try need(handle, "job")
        try box.client.check()
        return box
    }

    /// The box behind a handle, or nil where a getter has nothing to say: NULL, or a forked child.
    static func readable(_ handle: OpaquePointer?) -> JobBox? {
        guard let box = at(handle), !box.client.isForeign else { return nil }
        return box
    }

    /// A string that lives as long as this handle. For strings of which a job has few.
    func lend(_ pick: (borrowing JobSnapshot) -> String?) -> UnsafePointer<CChar>? {
        client.engine.withSnapshot(record) { snapshot in strings.lasting.lend(pick(snapshot)) }
    }

    private var strings: LentStrings {
        if let lent { return lent }
        let made = LentStrings()
        lent = made
        return made
    }

    /// What changes with each answer about the job.
    enum Changing { case state, response, requestID }

    /// A string of the provider's, which may echo what it was sent. It lives until this handle goes or has lent
    /// `RecentStrings.most` newer ones of its kind. It can be long: it is looked through without the lock.
    func lend(_ kind: Changing, _ pick: (borrowing JobSnapshot) -> String?) -> UnsafePointer<CChar>? {
        guard let text = client.engine.withSnapshot(record, pick) else { return nil }
        let clean = client.secrets.hidden(text)
        return client.engine.withSnapshot(record) { _ in
            switch kind {
            case .state: return strings.states.lend(clean)
            case .response: return strings.responses.lend(clean)
            case .requestID: return strings.requestIDs.lend(clean)
            }
        }
    }
}

/// The strings that a job's handle has lent. Under the lock of the engine.
private final class LentStrings {
    var lasting = StringPool()
    var states = RecentStrings()
    var responses = RecentStrings()
    var requestIDs = RecentStrings()
}

/// What aigc_event points to.
final class EventBox: HandleBox {
    let client: Client
    let event: Event
    var jobID: UInt64 { job?.record.id ?? event.log?.job ?? 0 }
    let job: JobBox?
    let provider: UnsafeMutablePointer<CChar>?
    let message: UnsafeMutablePointer<CChar>?
    let fields: UnsafeMutablePointer<CChar>?

    init(_ client: Client, _ event: Event) {
        self.client = client
        self.event = event
        job = event.job.map { JobBox(client, $0, counted: true) }
        provider = event.provider.isEmpty ? nil : copied(event.provider)
        message = event.message.flatMap { copied(client.secrets.hidden($0).shown(limit: ErrorBox.maximumBytes)) }
        fields = event.log.flatMap { copied(client.secrets.hidden($0.json)) }
    }

    deinit {
        Self.freeText(provider)
        Self.freeText(message)
        Self.freeText(fields)
    }
}

/// What aigc_buffer points to.
final class BufferBox: HandleBox {
    let bytes: AssetBytes
    let contentType: UnsafeMutablePointer<CChar>?

    init(_ bytes: AssetBytes, contentType: String) {
        self.bytes = bytes
        self.contentType = copied(contentType)
    }

    convenience init(json: JSONValue, doing: String) throws(Failure) {
        try self.init(text: json.serialized(), doing: doing)
    }

    convenience init(text: [UInt8], contentType: String = "application/json", doing: String) throws(Failure) {
        guard let copy = malloc(max(text.count, 1)) else { throw Failure(.noResources, "\(doing): out of memory") }
        text.withUnsafeBytes { if let base = $0.baseAddress { copy.copyMemory(from: base, byteCount: $0.count) } }
        self.init(AssetBytes(base: copy, count: text.count) { free($0) }, contentType: contentType)
    }

    deinit { Self.freeText(contentType) }
}

/// What aigc_request points to. One thread at a time.
final class RequestBox: HandleBox {
    /// What requests to its provider may hold.
    let table: RequestTable
    var provider: String { table.provider }
    let operation: String
    var fields = RequestFields(capacity: 6)
    var follows: Bool?
    var deadlineMilliseconds: Int64?
    var traceParent = ""
    var traceState = ""
    var key: JournalKey?
    var isHeld = false

    init(_ table: RequestTable, operation: String) {
        self.table = table
        self.operation = operation
    }

    /// The trace of the request's jobs; nil: none.
    func trace() throws(Failure) -> TraceContext? {
        if traceParent.isEmpty {
            guard traceState.isEmpty else {
                throw Failure(
                    .invalidArgument,
                    "Using a request: \"tracestate\" is set without \"traceparent\"; set that option too",
                    outcome: .notSent, field: "traceparent")
            }
            return nil
        }
        return try TraceContext(parent: traceParent, state: traceState)
    }
}
