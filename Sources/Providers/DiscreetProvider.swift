public import Core

/// A provider whose failures hold none of the client's own secrets, in whatever form its server echoes them: an answer
/// that tells of a failure is read once more without them. What goes well is read once, and not looked through.
public final class DiscreetProvider: Provider {
    private let inner: any Provider
    private let secrets: KnownSecrets

    public init(_ inner: any Provider, secrets: KnownSecrets) {
        self.inner = inner
        self.secrets = secrets
    }

    public var name: String { inner.name }
    public var operations: [OperationDescription] { inner.operations }
    public var wantsNonce: Bool { inner.wantsNonce }

    public func submission(operation: String, fields: RequestFields) throws(Failure) -> ProviderCall {
        try inner.submission(operation: operation, fields: fields)
    }

    public func reference(operation: String, remoteID: String) -> JobReference {
        inner.reference(operation: operation, remoteID: remoteID)
    }

    public func validate(_ reference: JobReference) throws(Failure) { try inner.validate(reference) }
    public func statusCall(_ reference: JobReference) -> ProviderCall { inner.statusCall(reference) }

    public func assetAccess(_ reference: JobReference, _ asset: AssetReference) -> AssetAccess {
        inner.assetAccess(reference, asset)
    }

    public func access(url: String) -> AssetAccess { inner.access(url: url) }
    public func isOwn(url: String) -> Bool { inner.isOwn(url: url) }
    public var userAgent: String { inner.userAgent }

    public func fetch(operation: String, fields: RequestFields) throws(Failure) -> AssetAccess {
        try inner.fetch(operation: operation, fields: fields)
    }

    public func call(action: String, json: [UInt8]?, reads: Bool) throws(Failure) -> ProviderCall {
        try inner.call(action: action, json: json, reads: reads)
    }

    public func sign(
        _ call: ProviderCall, credentials: Credentials, unixSeconds: Int64, nonce: String
    ) throws(Failure) -> HTTPRequest {
        try inner.sign(call, credentials: credentials, unixSeconds: unixSeconds, nonce: nonce)
    }

    public func shown(_ call: ProviderCall) -> String { secrets.hidden(inner.shown(call)) }

    public func decode(
        _ call: ProviderCall, operation: String, reply: HTTPReply, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure> {
        let result = inner.decode(call, operation: operation, reply: reply, unixMilliseconds: unixMilliseconds)
        switch result {
        case .success(let answer):
            if call.kind == .submit, isSecret(answer.remoteID) {
                return .failure(notAnID(answer, call, reply))
            }
            guard case .failed(let failure) = answer.state else { return result }
            var clean = answer
            clean.state = .failed(secrets.hidden(failure))
            if let other = hidden(reply),
                case .success(let again) = inner.decode(
                    call, operation: operation, reply: other, unixMilliseconds: unixMilliseconds),
                case .failed(let said) = again.state, said.status == failure.status
            {
                clean.state = .failed(secrets.hidden(said))
            }
            return .success(clean)
        case .failure(let failed):
            if let other = hidden(reply),
                case .failure(let again) = inner.decode(
                    call, operation: operation, reply: other, unixMilliseconds: unixMilliseconds)
            {
                return .failure(hidden(failed, said: again))
            }
            return .failure(hidden(failed, said: failed))
        }
    }

    public func decodeAssetFailure(_ access: AssetAccess, reply: HTTPReply) -> CallFailure {
        let failed = inner.decodeAssetFailure(access, reply: reply)
        return hidden(failed, said: hidden(reply).map { inner.decodeAssetFailure(access, reply: $0) } ?? failed)
    }

    /// Whether an id is nothing but a secret. One that only holds a few letters of one is an id.
    private func isSecret(_ id: String) -> Bool {
        let rest = secrets.hidden(id)
        return !rest.isSame(as: id) && !rest.utf8.contains { ASCIIText.isLetterOrDigit($0) }
    }

    /// A server that repeats what it was sent has not named a job, and the token of one is shown to everybody.
    private func notAnID(_ answer: JobAnswer, _ call: ProviderCall, _ reply: HTTPReply) -> CallFailure {
        let text =
            "\(call.provider) \(call.action) at \(call.endpoint) gave an answer that cannot be read: its job id is one "
            + "of this client's own secrets (HTTP \(reply.status), \(reply.body.count) bytes)"
        var failed = CallFailure(
            .unreadable,
            Failure(
                .badResponse, text, requestID: answer.requestID, httpStatus: reply.status,
                isRetryable: call.kind != .submit))
        failed.response = secrets.hidden(reply.body) ?? []
        failed.failure = secrets.hidden(failed.failure)
        return failed
    }

    /// The answer without secrets; nil if it holds none.
    private func hidden(_ reply: HTTPReply) -> HTTPReply? {
        guard let body = secrets.hidden(reply.body) else { return nil }
        var clean = reply
        clean.body = body
        return clean
    }

    /// The meaning comes from the received answer, the words come from the answer without secrets.
    private func hidden(_ failed: CallFailure, said: CallFailure) -> CallFailure {
        var clean = failed
        if said.kind == failed.kind, said.failure.status == failed.failure.status { clean.failure = said.failure }
        clean.failure = secrets.hidden(clean.failure)
        return clean
    }
}
