import Codec
import Core

@testable import Providers

/// What both clouds and their stores answer, to every kind of call. A submission's answer counts as a refusal only if
/// the provider itself says so; a success has images; a message has no secret and is one line.
let answersTarget = Target(name: "answers", maximumBytes: 4_096) { input in
    var input = input
    let kind = input.choice(10)
    let status = input.pick([200, 200, 200, 400, 403, 404, 416, 429, 500, 502, 503, 301, 0, 999])
    let headers = HTTPHeaders(head: input.part())
    var body = input.bytes
    if let json = try? JSONValue.parse(body) {
        let json = marked(json)
        // The form of numbers is a part of what is read.
        if json != (try? JSONValue.parse(body)) { body = json.serialized() }
    }
    let reply = HTTPReply(status: status, headers: headers, body: body)
    let (provider, operation, call) = calls[kind % calls.count]
    switch provider.decode(call, operation: operation, reply: reply, unixMilliseconds: 1_795_252_765_000) {
    case .success(let answer): check(answer, call, provider, operation)
    case .failure(let failed):
        requirePresentable(failed.failure)
        if call.kind == .submit { notPaidTwice(failed, reply) }
    }
    for access in [AssetAccess.call(call), .url("https://host/"), .store(call, url: "https://host/")] {
        requirePresentable(provider.decodeAssetFailure(access, reply: reply).failure)
    }
}

private let calls: [(any Provider, String, ProviderCall)] = {
    var fields = RequestFields()
    fields.values = ["prompt": .string("a <special-token>")]
    var model = fields
    model.values["model"] = .string("m")
    // safe: everything that is required is there
    let submitted = try! standardAlibaba.submission(operation: "inference", fields: model)
    let created = try! standardTencent.submission(operation: "aigc_image", fields: fields)
    let wrote = try! standardTencent.call(action: "CreateThing", json: nil, reads: false)
    let read = try! standardAlibaba.call(action: "GetThing GET /api/v1/thing", json: nil, reads: true)
    func status(_ provider: any Provider, _ operation: String, _ id: String) -> ProviderCall {
        provider.statusCall(provider.reference(operation: operation, remoteID: id))
    }
    return [
        (standardAlibaba, "inference", submitted),
        (standardAlibaba, "inference", status(standardAlibaba, "inference", "3220")),
        (standardAlibaba, "model_training", status(standardAlibaba, "model_training", "17")),
        (standardAlibaba, "", read),
        (standardTencent, "aigc_image", created),
        (standardTencent, "aigc_image", status(standardTencent, "aigc_image", "4-AigcImage-1")),
        (standardTencent, "", wrote),
    ]
}()

private func check(_ answer: JobAnswer, _ call: ProviderCall, _ provider: any Provider, _ operation: String) {
    requirePresentable(answer.providerState)
    if let id = answer.requestID { requirePresentable(id) }
    if let progress = answer.progress { require((0...1).contains(progress), "a progress of \(progress)") }
    require(answer.assets.count <= 1_000, "\(answer.assets.count) images")
    if case .failed(let failure) = answer.state { requirePresentable(failure) }
    guard !call.isDirect else { return }
    if call.kind == .submit {
        require(!answer.remoteID.isEmpty, "accepted without an id")
        require(answer.remoteID.isVisible, "accepted with an id that is not seen")
        let reference = provider.reference(operation: operation, remoteID: answer.remoteID)
        if let token = TokenText.encode(reference) {
            require((try? TokenText.decode(token)) == reference, "a token that finds another job")
            require((try? provider.validate(reference)) != nil, "a token that its own provider refuses")
        }
    }
    require(
        answer.state != .succeeded || !answer.assets.isEmpty || answer.resultID != nil, "a success without a result")
    for asset in answer.assets {
        require(!asset.id.isEmpty && asset.expiresAtMilliseconds >= 0, "an image that cannot be fetched")
        switch provider.assetAccess(provider.reference(operation: operation, remoteID: "1"), asset) {
        case .call(let call):
            guard
                let request = try? provider.sign(
                    call, credentials: markedCredentials, unixSeconds: 1_795_252_765,
                    nonce: "0123456789abcdef0123456789abcdef")
            else { continue }
            requireAtHome(request, provider.name)
        case .url(let url): require(RequestTable.canBeFetched(url), "an image at \(url)")
        case .store: require(false, "a signature for a store that nobody has named")
        }
    }
}

/// Whatever is not the provider's own word leaves open whether the job was made.
private func notPaidTwice(_ failed: CallFailure, _ reply: HTTPReply) {
    switch failed.kind {
    case .transient, .unreadable: return
    default: break
    }
    require(failed.failure.providerCode != nil && failed.failure.requestID != nil, "refused by nobody: \(failed)")
    let read = JSONAnswer.read(reply.body)
    let isJSON = read?.value.objectValue != nil
    require(isJSON || XMLError(reply.body) != nil, "refused in no form of the provider: \(failed)")
    guard let json = read?.value, isJSON else { return }
    require(read?.isCut == false && read?.isDamaged == false, "refused by an answer that is not whole: \(failed)")
    let (outer, inner) = json.all("Response").isEmpty ? ("data", "id") : ("Response", "TaskId")
    require(Answers.ids(json, outer, inner).id == nil, "refused, and there is a job: \(failed)")
}
