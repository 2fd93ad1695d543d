public import Core

/// Speaks the simulated cloud's protocol. Pure, any thread.
public final class FakeProvider: Provider {
    public let name: String
    public let endpoint: String
    /// How signing fails. Set between the turns of an engine without threads.
    public nonisolated(unsafe) var signFailure: Failure?
    /// Whether images come from a signed call rather than from a URL.
    private let assetsByCall: Bool
    /// The beginning of URLs that are signed for.
    private let store: String?

    public init(
        name: String = "fake", endpoint: String = "cloud.test", assetsByCall: Bool = false, store: String? = nil
    ) {
        self.store = store
        self.name = name
        self.endpoint = endpoint
        self.assetsByCall = assetsByCall
    }

    public var operations: [OperationDescription] {
        [OperationDescription(name: "draw", kind: .submit, wireName: "submit", fields: [])]
    }

    public func call(submit tag: String, variant: String = "") -> ProviderCall {
        ProviderCall(
            kind: .submit, provider: name, action: "submit", endpoint: endpoint, region: "", method: .post,
            path: "/submit", body: Array(tag.utf8), variant: variant)
    }

    /// The same call, by name.
    public func direct(_ call: ProviderCall, as kind: CallKind) -> ProviderCall {
        ProviderCall(
            kind: kind, provider: call.provider, action: call.action, endpoint: call.endpoint, region: call.region,
            method: call.method, path: call.path, body: call.body, isDirect: true)
    }

    public func submission(operation: String, fields: RequestFields) throws(Failure) -> ProviderCall {
        guard case .string(let tag)? = fields.values["prompt"] else {
            throw Failure(.invalidArgument, "prompt is missing", field: "prompt")
        }
        return call(submit: tag)
    }

    public func reference(operation: String, remoteID: String) -> JobReference {
        JobReference(provider: name, operation: operation, region: "", endpoint: endpoint, remoteID: remoteID)
    }

    public func validate(_ reference: JobReference) throws(Failure) {}

    public func shown(_ call: ProviderCall) -> String { String(decoding: call.body, as: UTF8.self) }

    public func statusCall(_ reference: JobReference) -> ProviderCall {
        read(.status, "status", "/status/" + reference.remoteID)
    }

    public func assetAccess(_ reference: JobReference, _ asset: AssetReference) -> AssetAccess {
        if assetsByCall { return .call(read(.asset, "asset", "/asset/\(reference.remoteID)/\(asset.id)")) }
        return access(url: asset.url ?? "")
    }

    public func access(url: String) -> AssetAccess {
        guard let store, url.hasPrefix(store + "/") else { return .url(url) }
        let path = String(url.dropFirst(store.count))
        return .store(
            ProviderCall(
                kind: .asset, provider: name, action: "object", endpoint: store, region: "", method: .get, path: path),
            url: url)
    }

    public var userAgent: String { "fake/1" }

    public func isOwn(url: String) -> Bool {
        guard let store else { return false }
        return url.hasPrefix(store + "/")
    }

    public func fetch(operation: String, fields: RequestFields) throws(Failure) -> AssetAccess {
        guard case .string(let url)? = fields.values["url"] else {
            throw Failure(.invalidArgument, "url is missing", field: "url")
        }
        return .url(url)
    }

    private func read(_ kind: CallKind, _ action: String, _ path: String) -> ProviderCall {
        ProviderCall(
            kind: kind, provider: name, action: action, endpoint: endpoint, region: "", method: .get, path: path)
    }

    public func sign(
        _ call: ProviderCall, credentials: Credentials, unixSeconds: Int64, nonce: String
    ) throws(Failure) -> HTTPRequest {
        if let signFailure { throw signFailure }
        if credentials.secret.isEmpty { throw Failure(.auth, "The secret is empty") }
        if let store, call.endpoint == store {
            return HTTPRequest(
                method: .get, url: store + call.path,
                headers: [HTTPHeader("authorization", "\(credentials.id) \(unixSeconds)")])
        }
        return HTTPRequest(
            method: call.method, url: "http://" + call.endpoint + call.path,
            headers: [
                HTTPHeader("x-key", credentials.id), HTTPHeader("x-date", String(unixSeconds)),
                HTTPHeader("x-nonce", nonce),
            ], body: call.body)
    }

    public func decode(
        _ call: ProviderCall, operation: String, reply: HTTPReply, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure> {
        let requestID = reply.headers["x-request"]
        return said(call, reply).map { answer in
            var answer = answer
            answer.requestID = requestID
            return answer
        }
    }

    private func said(_ call: ProviderCall, _ reply: HTTPReply) -> Result<JobAnswer, CallFailure> {
        guard let words = Self.words(reply) else { return .failure(Self.unreadable(reply)) }
        if call.isDirect, words.first != "error" { return .success(JobAnswer(state: .succeeded, response: reply.body)) }
        switch (words.first, call.kind) {
        case ("accepted", .submit) where words.count == 2:
            return .success(JobAnswer(remoteID: words[1], state: .pending, response: reply.body))
        case ("accepted", .submit) where words.count == 3 && words[2] == "failed":
            let failed = RemoteState.failed(Failure(.jobFailed, "The job failed at the provider"))
            return .success(
                JobAnswer(remoteID: words[1], state: failed, providerState: "failed", response: reply.body))
        case ("state", .status) where words.count >= 3:
            return Self.answer(words, reply)
        case ("error", _):
            return .failure(Self.failure(words, reply))
        default:
            return .failure(Self.unreadable(reply))
        }
    }

    public func decodeAssetFailure(_ access: AssetAccess, reply: HTTPReply) -> CallFailure {
        guard let words = Self.words(reply), words.first == "error" else { return Self.unreadable(reply) }
        return Self.failure(words, reply)
    }

    private static func words(_ reply: HTTPReply) -> [String]? {
        guard let text = String(validating: reply.body, as: UTF8.self), text.hasSuffix(" .") else { return nil }
        return text.dropLast(2).split(separator: " ").map(String.init)
    }

    private static func answer(_ words: [String], _ reply: HTTPReply) -> Result<JobAnswer, CallFailure> {
        let state: RemoteState
        var assets: [AssetReference] = []
        switch words[2] {
        case "pending": state = .pending
        case "succeeded":
            state = .succeeded
            for (index, url) in words[3...].enumerated() {
                let expires = url.split(separator: "=").last.flatMap { Int64($0) } ?? 0
                assets.append(AssetReference(id: String(index), url: url, expiresAtMilliseconds: expires))
            }
        case "failed": state = .failed(Failure(.jobFailed, "The job failed at the provider"))
        default: state = .running
        }
        var answer = JobAnswer(
            remoteID: words[1], state: state, providerState: words[2], progress: state == .running ? 0.5 : nil,
            assets: assets, response: reply.body)
        answer.stateIsUnknown = words[2].hasPrefix("strange")
        return .success(answer)
    }

    private static func failure(_ words: [String], _ reply: HTTPReply) -> CallFailure {
        let code = words.count > 1 ? words[1] : ""
        func failed(_ kind: FailureKind, _ status: Status, retryable: Bool, after: Int64 = 0) -> CallFailure {
            CallFailure(
                kind,
                Failure(
                    status, "The cloud said \(code)", providerCode: code, requestID: reply.headers["x-request"],
                    httpStatus: reply.status,
                    isRetryable: retryable, retryAfterMilliseconds: after),
                serverUnixSeconds: reply.headers["x-unix"].flatMap { Int64($0) })
        }
        switch code {
        case "throttled":
            return failed(.throttled, .throttled, retryable: true, after: words.count > 2 ? Int64(words[2]) ?? 0 : 0)
        case "crowd": return failed(.concurrencyLimit, .throttled, retryable: true)
        case "clock": return failed(.clockSkew, .clock, retryable: true)
        case "stale": return failed(.staleCredentials, .auth, retryable: false)
        case "not_found": return failed(.notFound, .notFound, retryable: false)
        case "expired": return failed(.expired, .expired, retryable: false)
        case "internal": return failed(.transient, .provider, retryable: true)
        default: return failed(.refused, .requestRefused, retryable: false)
        }
    }

    private static func unreadable(_ reply: HTTPReply) -> CallFailure {
        CallFailure(
            reply.status >= 500 ? .transient : .unreadable,
            Failure(.badResponse, "The answer is not what the cloud sends", httpStatus: reply.status))
    }
}
