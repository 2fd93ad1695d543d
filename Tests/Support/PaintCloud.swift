public import Core

/// A third cloud, as small as one can be: what stands here and in `PaintServer` is all that it needs beside a row of
/// `Cloud.all`. Its requests carry the key in a header, its answers are lines of text:
///
///     POST /paint (the prompt)    painting ID
///     GET  /paint/ID              wet, or: dry URL
public final class PaintCloud: Provider {
    public let name = "paint"
    private let endpoint: String

    public init(endpoint: String) { self.endpoint = endpoint }

    public var operations: [OperationDescription] {
        [OperationDescription(name: "paint", kind: .submit, wireName: "paint", fields: [])]
    }

    public var userAgent: String { "paint/1" }

    public func submission(operation: String, fields: RequestFields) throws(Failure) -> ProviderCall {
        guard case .string(let prompt)? = fields.values["prompt"] else {
            throw Failure(.invalidArgument, "Painting: set prompt", field: "prompt")
        }
        return call(.submit, .post, "/paint", Array(prompt.utf8))
    }

    public func reference(operation: String, remoteID: String) -> JobReference {
        JobReference(provider: name, operation: operation, region: "", endpoint: endpoint, remoteID: remoteID)
    }

    public func validate(_ reference: JobReference) throws(Failure) {}

    public func statusCall(_ reference: JobReference) -> ProviderCall {
        call(.status, .get, "/paint/" + reference.remoteID)
    }

    public func assetAccess(_ reference: JobReference, _ asset: AssetReference) -> AssetAccess { .url(asset.url ?? "") }

    public func isOwn(url: String) -> Bool { false }

    public func fetch(operation: String, fields: RequestFields) throws(Failure) -> AssetAccess {
        throw Failure(.invalidArgument, "Fetching from paint: it has no such operation", field: "operation")
    }

    public var wantsNonce: Bool { false }

    public func sign(
        _ call: ProviderCall, credentials: Credentials, unixSeconds: Int64, nonce: String
    ) throws(Failure) -> HTTPRequest {
        HTTPRequest(
            method: call.method, url: "http://" + call.endpoint + call.path,
            headers: [HTTPHeader("X-Paint-Key", "\(credentials.id):\(credentials.secret.revealed())")], body: call.body)
    }

    public func decode(
        _ call: ProviderCall, operation: String, reply: HTTPReply, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure> {
        let words = String(decoding: reply.body, as: UTF8.self).split(separator: " ").map(String.init)
        switch (call.kind, words.first, words.count) {
        case (.submit, "painting", 2):
            return .success(JobAnswer(remoteID: words[1], state: .pending, response: reply.body))
        case (.status, "wet", 1):
            return .success(JobAnswer(state: .running, providerState: "wet", response: reply.body))
        case (.status, "dry", 2):
            return .success(
                JobAnswer(
                    state: .succeeded, providerState: "dry", assets: [AssetReference(id: words[1], url: words[1])],
                    response: reply.body))
        default: return .failure(failure(reply))
        }
    }

    public func decodeAssetFailure(_ access: AssetAccess, reply: HTTPReply) -> CallFailure { failure(reply) }

    private func failure(_ reply: HTTPReply) -> CallFailure {
        CallFailure(
            reply.status == 403 ? .refused : .unreadable,
            Failure(
                reply.status == 403 ? .auth : .badResponse, "Painting: the cloud answered HTTP \(reply.status)",
                httpStatus: reply.status))
    }

    private func call(
        _ kind: CallKind, _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8] = []
    ) -> ProviderCall {
        ProviderCall(
            kind: kind, provider: name, action: "paint", endpoint: endpoint, region: "", method: method, path: path,
            body: body)
    }
}
