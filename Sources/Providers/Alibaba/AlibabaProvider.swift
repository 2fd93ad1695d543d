public import Core
internal import Signing

/// Alibaba Cloud AiContent, personalized text-to-image: jobs on trained models and on pictures sent along.
public final class AlibabaProvider: CheckingProvider {
    static let providerName = "alibaba"
    /// What requests may hold; needs no provider object.
    public static let requestTable = AlibabaOperations.table

    private let place: CallingPlace
    private let asksForBase64: Bool
    public let userAgent: String
    public func isOwn(url: String) -> Bool { false }

    /// Throws with the configuration key at fault in `Failure.field`.
    public init(_ settings: AlibabaSettings) throws(Failure) {
        place = CallingPlace(
            requests: Self.requestTable, endpoint: try settings.resolvedEndpoint(), region: settings.region,
            isOfficial: AlibabaSettings.isOfficial)
        switch settings.assetEncoding {
        case "", "raw": asksForBase64 = false
        case "base64": asksForBase64 = true
        default:
            throw Failure(
                .invalidArgument,
                "Reading alibaba.asset_encoding\(settings.assetEncoding.shownAsSetting): "
                    + "give raw or base64",
                field: "alibaba.asset_encoding")
        }
        userAgent = try UserAgent.text(suffix: settings.userAgentSuffix)
    }

    public var name: String { Self.providerName }
    public var requests: RequestTable { Self.requestTable }

    public func submission(operation: String, fields: RequestFields) throws(Failure) -> ProviderCall {
        let row = try requests.submitRow(operation)
        let body = try requests.bodyBytes(row, fields)
        return call(.submit, row.call, place.endpoint.text, place.region, body: body, variant: fields.variant)
    }

    public func reference(operation: String, remoteID: String) -> JobReference {
        place.reference(operation: operation, remoteID: remoteID)
    }

    public func validate(_ reference: JobReference) throws(Failure) { try place.validate(reference) }

    /// `reference` has been validated, or comes from `reference(operation:remoteID:)`.
    public func statusCall(_ reference: JobReference) -> ProviderCall {
        let row = requests.find(reference.operation) ?? requests.rows.first
        let status = row?.status ?? OperationRow.Call(action: "", method: .get, path: "/")
        let isList = row?.makesModel == true
        return call(
            .status, status, reference.endpoint, reference.region,
            query: isList ? [] : [("inferenceJobId", reference.remoteID)], remoteID: reference.remoteID)
    }

    public func assetAccess(_ reference: JobReference, _ asset: AssetReference) -> AssetAccess {
        if let url = asset.url { return .url(url) }
        let row = requests.find(reference.operation)
        let target = row?.asset ?? OperationRow.Call(action: "", method: .get, path: "/")
        var query = [(name: "imageId", value: asset.id)]
        // Only the call of the family of trained models asks for more than the image's id.
        if target.action.isSame(as: AlibabaOperations.trainedAsset.action) {
            if let model = asset.modelID { query.append(("modelId", model)) }
            if let prompt = asset.promptID { query.append(("promptId", prompt)) }
        }
        if asksForBase64 { query.append(("encodeFormat", "base64")) }
        return .call(call(.asset, target, reference.endpoint, reference.region, query: query))
    }

    public func fetch(operation: String, fields: RequestFields) throws(Failure) -> AssetAccess {
        let row = try requests.fetchRow(operation)
        var query = try requests.query(row, fields)
        if asksForBase64, !query.contains(where: { $0.name == "encodeFormat" }) {
            query.append(("encodeFormat", "base64"))
        }
        return .call(call(.asset, row.call, place.endpoint.text, place.region, query: query))
    }

    /// `action` is the name of a call that this library knows, or "Name METHOD /path" for any other. With GET the members
    /// of the JSON object are the query, otherwise the JSON is the body as it was given.
    public func call(action: String, json: [UInt8]?, reads: Bool) throws(Failure) -> ProviderCall {
        let order = DirectCall(provider: name, action: action)
        let target = try order.target(known: AlibabaOperations.calls)
        if reads {
            // A server may take a path in another case, or with a slash behind it, for the same one.
            let path = target.path.hasSuffix("/") ? String(target.path.dropLast()) : target.path
            try order.refuseRead(of: requests) {
                $0.action.isSameInAnyCase(as: target.action) || $0.path.isSameInAnyCase(as: path)
            }
        }
        let sendsBody = target.method != .get
        return call(
            reads ? .read : .submit, target, place.endpoint.text, place.region,
            query: sendsBody ? [] : try order.query(json),
            body: sendsBody ? try order.bytes(json) : [], isDirect: true)
    }

    public func sign(
        _ call: ProviderCall, credentials: Credentials, unixSeconds: Int64, nonce: String
    ) throws(Failure) -> HTTPRequest {
        let target = try place.check(call.endpoint, "Signing \(call.action)")
        let sendsBody = call.method != .get
        let (query, headers) = try ACS3.sign(
            method: call.method.rawValue, host: target.authority, path: call.path, query: call.query,
            action: call.action, version: AlibabaOperations.version, body: sendsBody ? call.body : [],
            contentType: sendsBody ? "application/json; charset=utf-8" : nil, credentials: credentials,
            unixSeconds: unixSeconds, nonce: nonce)
        var lines = headers
        lines.append(HTTPHeader("User-Agent", userAgent))
        let url = target.origin + call.path + (query.isEmpty ? "" : "?" + query)
        return HTTPRequest(method: call.method, url: url, headers: lines, body: sendsBody ? call.body : [])
    }

    public func decode(
        _ call: ProviderCall, operation: String, reply: HTTPReply, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure> {
        AlibabaAnswers.job(call, requests.find(operation), reply)
    }

    public func decodeAssetFailure(_ access: AssetAccess, reply: HTTPReply) -> CallFailure {
        switch access {
        case .call(let call): return AlibabaAnswers.assetFailure(call, reply)
        case .url, .store: return StoreAnswers.failure(provider: name, reply)
        }
    }

    private func call(
        _ kind: CallKind, _ target: OperationRow.Call, _ endpoint: String, _ region: String,
        query: [(name: String, value: String)] = [], body: [UInt8] = [], remoteID: String = "", isDirect: Bool = false,
        variant: String = ""
    ) -> ProviderCall {
        ProviderCall(
            kind: kind, provider: name, action: target.action, endpoint: endpoint, region: region,
            method: target.method, path: target.path, query: query, body: body, remoteID: remoteID, isDirect: isDirect,
            variant: variant)
    }
}
