/// A provider operation, as the caller sees it.
public struct OperationDescription: Sendable {
    public enum Kind: String, Sendable {
        case submit
        case fetch
    }

    /// This library's name, such as "aigc_image".
    public let name: String
    public let kind: Kind
    /// The provider's name of the call, such as "CreateAigcImageTask".
    public let wireName: String
    public let fields: [FieldDescription]

    public init(name: String, kind: Kind, wireName: String, fields: [FieldDescription]) {
        self.name = name
        self.kind = kind
        self.wireName = wireName
        self.fields = fields
    }
}

/// A request field: one row of the table that checks requests, encodes them and documents them.
public struct FieldDescription: Sendable {
    public enum ValueType: String, Sendable {
        case string, int, double, bool, json
        case imageURL = "image_url"
    }

    public let name: String
    public let type: ValueType
    public let isRequired: Bool
    public let wireName: String
    public let text: String

    public init(name: String, type: ValueType, isRequired: Bool = false, wireName: String, text: String) {
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.wireName = wireName
        self.text = text
    }
}

/// A field value as the caller gave it. JSON text has been checked to be JSON when it was set.
public enum FieldValue: Equatable, Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case json([UInt8])

    public static func == (a: FieldValue, b: FieldValue) -> Bool {
        switch (a, b) {
        case (.string(let a), .string(let b)): a.isSame(as: b)
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.bool(let a), .bool(let b)): a == b
        case (.json(let a), .json(let b)): a == b
        case (.string, _), (.int, _), (.double, _), (.bool, _), (.json, _): false
        }
    }
}

public struct ImageReference: Equatable, Sendable {
    public var url: String
    public var referenceType: String?

    public init(url: String, referenceType: String? = nil) {
        self.url = url
        self.referenceType = referenceType
    }

    public static func == (a: ImageReference, b: ImageReference) -> Bool {
        a.url.isSame(as: b.url) && a.referenceType.isSame(as: b.referenceType)
    }
}

/// The fields of a request. Their names and types have already been checked against the operation.
public struct RequestFields: Equatable, Sendable {
    public var values: [String: FieldValue] = [:]
    public var images: [ImageReference] = []
    /// Body fields by the provider's own dotted names, JSON text, in the order they were set.
    public var bodyOverrides: [(path: String, json: [UInt8])] = []
    /// Whether to refuse values that are certainly a mistake, or that the field's text excludes.
    public var checksValues = true

    public init() {}

    /// With room for so many values, which then share one piece of memory.
    public init(capacity: Int) { values = Dictionary(minimumCapacity: capacity) }

    /// What decides how long a job takes, beside its operation: model, version and resolution; each at most 64 bytes.
    public var variant: String {
        var text = part("model")
        let version = part("model_version")
        let resolution = part("resolution")
        if version.isEmpty, resolution.isEmpty { return text }
        text += "\t"
        text += version
        if resolution.isEmpty { return text }
        text += "\t"
        text += resolution
        return text
    }

    private func part(_ name: String) -> String {
        guard case .string(let value)? = values[name] else { return "" }
        return value.utf8.count <= 64 ? value : String(value.unicodeScalars.prefix(16))
    }

    public static func == (a: RequestFields, b: RequestFields) -> Bool {
        a.values == b.values && a.checksValues == b.checksValues && a.images == b.images
            && a.bodyOverrides.count == b.bodyOverrides.count
            && zip(a.bodyOverrides, b.bodyOverrides).allSatisfy { $0.path.isSame(as: $1.path) && $0.json == $1.json }
    }
}

/// One image of a finished job.
public struct AssetReference: Equatable, Sendable {
    /// The provider's id (Alibaba) or the URL (Tencent).
    public var id: String
    /// Where the provider gives URLs.
    public var url: String?
    /// Further ids that the asset call needs (Alibaba trained models: model and prompt).
    public var modelID: String?
    public var promptID: String?
    /// Unix milliseconds; 0 is unknown.
    public var expiresAtMilliseconds: Int64
    /// How many entries of the provider's list were left out before this one. Each answer may leave out other
    /// entries: the place in the provider's list finds an image again.
    public var leftOutBefore: Int32 = 0
    /// The image is in the caller's own bucket and stays there: no answer about the job says when it ends.
    public var stays = false

    public func place(at index: Int) -> Int { index.addingReportingOverflow(Int(leftOutBefore)).partialValue }

    public init(
        id: String, url: String? = nil, modelID: String? = nil, promptID: String? = nil,
        expiresAtMilliseconds: Int64 = 0
    ) {
        self.id = id
        self.url = url
        self.modelID = modelID
        self.promptID = promptID
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }

    public static func == (a: AssetReference, b: AssetReference) -> Bool {
        a.id.isSame(as: b.id) && a.url.isSame(as: b.url) && a.modelID.isSame(as: b.modelID)
            && a.promptID.isSame(as: b.promptID) && a.expiresAtMilliseconds == b.expiresAtMilliseconds
            && a.leftOutBefore == b.leftOutBefore && a.stays == b.stays
    }
}

/// The purpose of a call: decides its rate, its retries and how its answer is read.
public enum CallKind: Equatable, Sendable {
    case submit
    case status
    case asset
    /// Any other read (credentials, lists).
    case read
}

/// A call that is not signed yet. It can be signed again at any time, with another date, nonce and credentials.
///
/// It never changes and is passed on often: as a class, each owner takes one reference instead of eight.
public final class ProviderCall: Sendable {
    public let kind: CallKind
    public let provider: String
    /// The provider's name of the call; with the account it names the rate limit.
    public let action: String
    /// As in `JobReference`.
    public let endpoint: String
    public let region: String
    public let method: HTTPRequest.Method
    public let path: String
    /// Not encoded; sorted by the signer.
    public let query: [(name: String, value: String)]
    public let body: [UInt8]
    /// The job of a status call, for answers that list several jobs. Empty if the call itself names the job.
    public let remoteID: String
    /// A call by name: its answer is the result. As a write (`CallKind.submit`) it is sent at most once like any
    /// submission, as a read (`CallKind.read`) it is repeated.
    public let isDirect: Bool
    /// Of a submission: its model, version and resolution as one text. Jobs that differ in these take differently long.
    public let variant: String

    public init(
        kind: CallKind, provider: String, action: String, endpoint: String, region: String, method: HTTPRequest.Method,
        path: String, query: [(name: String, value: String)] = [], body: [UInt8] = [], remoteID: String = "",
        isDirect: Bool = false, variant: String = ""
    ) {
        self.kind = kind
        self.provider = provider
        self.action = action
        self.endpoint = endpoint
        self.region = region
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.remoteID = remoteID
        self.isDirect = isDirect
        self.variant = variant
    }
}

/// The provider's state of a job, reduced to what the machine needs.
public enum RemoteState: Equatable, Sendable {
    case pending
    /// Also for every word that is not in the provider's table.
    case running
    case succeeded
    case failed(Failure)
}

/// The answer to a submission or a status call.
public struct JobAnswer: Equatable, Sendable {
    private struct Parts: Sendable {
        var remoteID: String
        var state: RemoteState
        var providerState: String
        var stateIsUnknown = false
        var progress: Double?
        var assets: [AssetReference]
        var lacksAssets: Bool
        var warning: String?
        var assetsExpireAtMilliseconds: Int64 = 0
        var resultID: String?
        var requestID: String?
        var response: [UInt8]
    }

    /// Kept apart: an answer is passed on many times, and hardly ever changed.
    private var parts: Apart<Parts>

    /// Empty in a status answer that does not repeat the id.
    public var remoteID: String {
        get { parts.value.remoteID }
        set { parts.value.remoteID = newValue }
    }
    public var state: RemoteState {
        get { parts.value.state }
        set { parts.value.state = newValue }
    }
    /// The provider's own word for the state; empty if it sent none (a Tencent submission).
    public var providerState: String {
        get { parts.value.providerState }
        set { parts.value.providerState = newValue }
    }
    /// Whether `providerState` is a word that says nothing to this library: the job counts as running, and may have ended.
    public var stateIsUnknown: Bool {
        get { parts.value.stateIsUnknown }
        set { parts.value.stateIsUnknown = newValue }
    }
    /// 0...1, or nil.
    public var progress: Double? {
        get { parts.value.progress }
        set { parts.value.progress = newValue }
    }
    public var assets: [AssetReference] {
        get { parts.value.assets }
        set { parts.value.assets = newValue }
    }
    /// The provider calls the job finished but lists no image (yet). `state` is then `running`, so that nobody hands on a
    /// success without images; a machine may give up after a few such answers instead of waiting for the deadline.
    public var lacksAssets: Bool {
        get { parts.value.lacksAssets }
        set { parts.value.lacksAssets = newValue }
    }
    /// The parts of the answer that were left out as unusable, in words; nil if there are none.
    public var warning: String? {
        get { parts.value.warning }
        set { parts.value.warning = newValue }
    }
    /// When the images of this job end at the provider, Unix milliseconds, known from the first answer that calls it
    /// finished; 0 is unknown. The earliest of several answers counts.
    public var assetsExpireAtMilliseconds: Int64 {
        get { parts.value.assetsExpireAtMilliseconds }
        set { parts.value.assetsExpireAtMilliseconds = newValue }
    }
    /// The id of a result that is no image: a trained model.
    public var resultID: String? {
        get { parts.value.resultID }
        set { parts.value.resultID = newValue }
    }
    public var requestID: String? {
        get { parts.value.requestID }
        set { parts.value.requestID = newValue }
    }
    /// The answer as received, JSON.
    public var response: [UInt8] {
        get { parts.value.response }
        set { parts.value.response = newValue }
    }

    public init(
        remoteID: String = "", state: RemoteState, providerState: String = "", progress: Double? = nil,
        assets: [AssetReference] = [], lacksAssets: Bool = false, requestID: String? = nil, response: [UInt8] = []
    ) {
        parts = Apart(
            Parts(
                remoteID: remoteID, state: state, providerState: providerState, progress: progress, assets: assets,
                lacksAssets: lacksAssets, requestID: requestID, response: response))
    }

    public static func == (a: JobAnswer, b: JobAnswer) -> Bool {
        a.remoteID.isSame(as: b.remoteID) && a.state == b.state && a.providerState.isSame(as: b.providerState)
            && a.stateIsUnknown == b.stateIsUnknown
            && a.progress == b.progress && a.assets == b.assets && a.lacksAssets == b.lacksAssets
            && a.warning.isSame(as: b.warning) && a.assetsExpireAtMilliseconds == b.assetsExpireAtMilliseconds
            && a.resultID.isSame(as: b.resultID) && a.requestID.isSame(as: b.requestID) && a.response == b.response
    }
}

/// The way to fetch an image.
public enum AssetAccess: Sendable {
    /// A signed call of the provider's API that answers with the image, raw or Base64.
    case call(ProviderCall)
    /// A plain URL. It never gets a credential or a signature.
    case url(String)
    /// A plain object of a private store, at a host that the caller has named: as `url`, but signed by this call.
    case store(ProviderCall, url: String)

    /// The URL of a plain object, signed or not.
    public var url: String? {
        switch self {
        case .call: return nil
        case .url(let url), .store(_, let url): return url
        }
    }

    /// Names the image across processes; a `.part` must match this name to be continued. It is hashed and never shown.
    public var object: String {
        switch self {
        case .url(let url), .store(_, let url): return WebURL(url)?.objectIdentity ?? url
        case .call(let call):
            return call.endpoint + call.path + "?" + call.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        }
    }
}

/// One cloud: encodes, signs, decodes. Pure: no clock, no I/O, no state; called from any thread.
public protocol Provider: AnyObject, Sendable {
    var name: String { get }
    var operations: [OperationDescription] { get }

    /// Checks that all required fields are there, and encodes a submission. Runs on the caller's thread.
    func submission(operation: String, fields: RequestFields) throws(Failure) -> ProviderCall
    /// The reference of the job that an accepted submission has started.
    func reference(operation: String, remoteID: String) -> JobReference
    /// Refuses references (from tokens) whose endpoint is neither configured nor one of the provider's own hosts.
    func validate(_ reference: JobReference) throws(Failure)
    func statusCall(_ reference: JobReference) -> ProviderCall
    func assetAccess(_ reference: JobReference, _ asset: AssetReference) -> AssetAccess
    /// The way to fetch a URL, decided by its own host alone.
    func access(url: String) -> AssetAccess
    /// Whether the caller has named the host of a URL as the caller's own: it may have an inner address, and a redirect
    /// from there to such a host is judged by `access` again. Redirects of other hosts are never signed.
    func isOwn(url: String) -> Bool
    /// The `User-Agent` for image hosts.
    var userAgent: String { get }
    /// The asset that a fetch operation names, checked. Runs on the caller's thread.
    func fetch(operation: String, fields: RequestFields) throws(Failure) -> AssetAccess
    /// Any call of the product by its own name, with a JSON object (nil: an empty one); `isDirect` is set. Refuses to
    /// read with an action that is known to submit. Runs on the caller's thread.
    func call(action: String, json: [UInt8]?, reads: Bool) throws(Failure) -> ProviderCall

    /// Whether `sign` uses its nonce; otherwise the nonce may be empty.
    var wantsNonce: Bool { get }
    /// The signed request for a call. `nonce` is 32 lower-case hex digits, new each time.
    func sign(
        _ call: ProviderCall, credentials: Credentials, unixSeconds: Int64, nonce: String
    ) throws(Failure) -> HTTPRequest

    /// The body of a call for a debug log: bounded, without secrets and without the queries of URLs.
    func shown(_ call: ProviderCall) -> String
    /// Reads the answer to a submission or a status call.
    func decode(
        _ call: ProviderCall, operation: String, reply: HTTPReply, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure>
    /// Reads an answer that should be an image and is not: an error status, or a JSON envelope with HTTP 200.
    /// `access` says which kind of server sent it.
    func decodeAssetFailure(_ access: AssetAccess, reply: HTTPReply) -> CallFailure
}

extension Provider {
    public var wantsNonce: Bool { true }

    public func access(url: String) -> AssetAccess { .url(url) }

    public func shown(_ call: ProviderCall) -> String { "" }

    public func call(action: String, json: [UInt8]?, reads: Bool) throws(Failure) -> ProviderCall {
        throw Failure(.invalidArgument, "Calling \(name) by name: it has no such calls", field: "action")
    }
}
