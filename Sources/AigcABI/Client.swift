internal import CPlatform
internal import Core
internal import CurlTransport
internal import Engine
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
