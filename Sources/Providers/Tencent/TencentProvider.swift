internal import Codec
public import Core
internal import Signing

/// Tencent Cloud MPS: AIGC image tasks, mainland and international.
public final class TencentProvider: CheckingProvider {
    static let providerName = "tencent"
    /// What requests may hold; needs no provider object.
    public static let requestTable = TencentOperations.table

    private static let bodyHead = Array("{\"TaskId\":".utf8)

    private let place: CallingPlace
    /// What nearly all calls go to.
    private let rootURL: String
    private let language: String
    public let userAgent: String
    private let store: TencentStore
    /// Derived keys of a day: only saves work, and is its own lock.
    private let keys = TC3KeyCache()

    /// Throws with the configuration key at fault in `Failure.field`.
    public init(_ settings: TencentSettings) throws(Failure) {
        place = CallingPlace(
            requests: Self.requestTable, endpoint: try settings.resolvedEndpoint(), region: settings.region,
            isOfficial: TencentSettings.isOfficial)
        rootURL = place.endpoint.origin + "/"
        language = settings.language
        userAgent = try UserAgent.text(suffix: settings.userAgentSuffix)
        store = try TencentStore(hosts: settings.cosHosts)
    }

    public var name: String { Self.providerName }
    public var wantsNonce: Bool { false }
    public var requests: RequestTable { Self.requestTable }

    public func submission(operation: String, fields: RequestFields) throws(Failure) -> ProviderCall {
        let row = try requests.submitRow(operation)
        return call(
            .submit, row.call, place.endpoint.text, place.region, body: try requests.bodyBytes(row, fields),
            variant: fields.variant
        )
    }

    public func reference(operation: String, remoteID: String) -> JobReference {
        place.reference(operation: operation, remoteID: remoteID)
    }

    public func validate(_ reference: JobReference) throws(Failure) { try place.validate(reference) }

    /// `reference` has been validated, or comes from `reference(operation:remoteID:)`.
    public func statusCall(_ reference: JobReference) -> ProviderCall {
        let status = requests.status(of: reference.operation) ?? OperationRow.Call(action: "", method: .post, path: "/")
        let id = reference.remoteID
        var body: [UInt8] = []
        body.reserveCapacity(id.utf8.count + 16)  // safe: an id has at most a few hundred bytes
        body.append(contentsOf: Self.bodyHead)
        JSONValue.string(id).write(to: &body)
        body.append(UInt8(ascii: "}"))
        return call(.status, status, reference.endpoint, reference.region, body: body)
    }

    /// Always the URL, as it was given.
    public func assetAccess(_ reference: JobReference, _ asset: AssetReference) -> AssetAccess {
        access(url: asset.url ?? asset.id)
    }

    public func access(url: String) -> AssetAccess { store.access(url) }
    public func isOwn(url: String) -> Bool { store.holds(url) }

    public func fetch(operation: String, fields: RequestFields) throws(Failure) -> AssetAccess {
        let row = try requests.fetchRow(operation)
        let url = try requests.query(row, fields).first { $0.name == "url" }?.value ?? ""
        guard RequestTable.canBeFetched(url) else {
            throw requests.refuse(
                "url", row,
                "\"\(WebURL.shown(url))\" is no URL; give an absolute "
                    + "http or https URL of at most \(RequestTable.maximumURLBytes) bytes")
        }
        return access(url: url)
    }

    /// `action` is the name alone: version 2019-06-12, POST, the JSON as it was given.
    public func call(action: String, json: [UInt8]?, reads: Bool) throws(Failure) -> ProviderCall {
        let order = DirectCall(provider: name, action: action)
        try order.checkName(action, hint: "give a name alone, such as DescribeAigcTaskList")
        if reads { try order.refuseRead(of: requests) { $0.action.isSameInAnyCase(as: action) } }
        return ProviderCall(
            kind: reads ? .read : .submit, provider: name, action: action, endpoint: place.endpoint.text,
            region: place.region,
            method: .post, path: "/", body: try order.bytes(json), isDirect: true)
    }

    public func sign(
        _ call: ProviderCall, credentials: Credentials, unixSeconds: Int64, nonce: String
    ) throws(Failure) -> HTTPRequest {
        if call.kind == .asset { return try store.sign(call, credentials: credentials, unixSeconds: unixSeconds) }
        let target = try place.check(call.endpoint, "Signing \(call.action)")
        var headers = try TC3.sign(
            host: target.authority, action: call.action, version: TencentOperations.version,
            service: TencentOperations.service, region: call.region, language: language, body: call.body,
            credentials: credentials, unixSeconds: unixSeconds, cache: keys)
        headers.append(HTTPHeader("User-Agent", userAgent))
        let isUsual = call.path == "/" && call.endpoint.isSame(as: place.endpoint.text)
        return HTTPRequest(
            method: call.method, url: isUsual ? rootURL : target.origin + call.path, headers: headers, body: call.body)
    }

    public func decode(
        _ call: ProviderCall, operation: String, reply: HTTPReply, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure> {
        TencentAnswers.job(call, reply, store, unixMilliseconds: unixMilliseconds)
    }

    public func decodeAssetFailure(_ access: AssetAccess, reply: HTTPReply) -> CallFailure {
        switch access {
        case .call(let call): return TencentAnswers.callFailure(call, reply, store)
        case .url: return StoreAnswers.failure(provider: name, reply)
        case .store(let call, _): return StoreAnswers.failure(signedBy: call, reply)
        }
    }

    private func call(
        _ kind: CallKind, _ target: OperationRow.Call, _ endpoint: String, _ region: String, body: [UInt8],
        variant: String = ""
    ) -> ProviderCall {
        ProviderCall(
            kind: kind, provider: name, action: target.action, endpoint: endpoint, region: region,
            method: target.method, path: target.path, body: body, variant: variant)
    }
}
