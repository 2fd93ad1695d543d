internal import Codec
internal import Core

/// Reads what the gateway and the service answer.
///
/// A finished job without images is not handed on as succeeded: it counts as running, marked `lacksAssets`, so that it
/// is looked at again; the raw word and the whole answer can be read meanwhile.
enum AlibabaAnswers {
    /// The answer of one of the job operations.
    static func job(_ call: ProviderCall, _ row: OperationRow?, _ reply: HTTPReply) -> Result<JobAnswer, CallFailure> {
        let reader = ReplyReader(call, reply, requestIDHeader: "x-acs-request-id")
        switch envelope(reader) {
        case .failure(let failure): return .failure(failure)
        case .success(let (json, data)):
            let requestID =
                Redaction.word(json["requestId"]?.text ?? json["RequestId"]?.text) ?? reader.headerRequestID
            if call.isDirect {
                return .success(JobAnswer(state: .succeeded, requestID: requestID, response: reply.body))
            }
            if row?.makesModel == true { return AlibabaTraining.job(reader, data, requestID) }
            guard let data, data.objectValue != nil else {
                return .failure(reader.unreadable("the envelope holds no data object", requestID: requestID))
            }
            return inference(reader, json, data, requestID)
        }
    }

    /// The reply to an asset call that is no image.
    static func assetFailure(_ call: ProviderCall, _ reply: HTTPReply) -> CallFailure {
        let reader = ReplyReader(call, reply, requestIDHeader: "x-acs-request-id")
        switch envelope(reader) {
        case .failure(let failure):
            // Success without an envelope should have been the image.
            guard reader.isSuccessStatus, failure.kind == .unreadable else { return failure }
            return notAnImage(reader)
        case .success: return notAnImage(reader)
        }
    }

    private static func notAnImage(_ reader: ReplyReader) -> CallFailure {
        reader.unreadable("neither an image nor an error of this provider", status: .notAnImage)
    }

    // MARK: - Envelopes

    /// The three ways of saying no (gateway, service with an HTTP status, service with HTTP 200 and success=false), the
    /// gateway's XML, and yes.
    private static func envelope(_ reader: ReplyReader) -> Result<(json: JSONValue, data: JSONValue?), CallFailure> {
        let body = reader.reply.body
        if body.first(where: { $0 > 0x20 && $0 < 0x80 }) == UInt8(ascii: "<") {
            guard let error = XMLError(body) else { return .failure(reader.unreadable("it is markup, not JSON")) }
            return .failure(
                reader.failure(
                    ErrorReport(
                        code: error.code, message: error.message, requestID: error.requestID,
                        meaningWithoutStatus: .fault), AlibabaFailures.table))
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(body)
        } catch {
            return .failure(reader.unreadable(body.isEmpty ? "it is empty" : "it is \(error)"))
        }
        guard json.objectValue != nil else { return .failure(reader.unreadable("it is JSON, but no object")) }
        if let report = report(json, status: reader.reply.status, isDirect: reader.call.isDirect) {
            if reader.call.kind == .submit, let id = json["data"]?["id"], id != .null {
                return .failure(reader.unreadable("it states an error beside a job", naming: id))
            }
            return .failure(reader.failure(report, AlibabaFailures.table))
        }
        guard reader.isSuccessStatus else {
            return .failure(reader.unreadable("it states no error", naming: json["data"]?["id"]))
        }
        switch json["success"] {
        case .bool(true), .null, nil: return .success((json, json["data"]))
        default:
            return .failure(reader.unreadable("its field success is no boolean", naming: json["data"]?["id"]))
        }
    }

    /// The error that an envelope states, if it states one. errCode beside success=true is none: the manual's own
    /// samples have it.
    private static func report(_ json: JSONValue, status: Int, isDirect: Bool) -> ErrorReport? {
        let isSuccessStatus = (200...299).contains(status)
        if json["success"] == .bool(false) || !isSuccessStatus && json["errCode"]?.text != nil {
            return ErrorReport(
                code: json["errCode"]?.lenientString ?? json["Code"]?.text ?? "",
                message: json["errMessage"]?.text ?? json["Message"]?.text,
                requestID: json["requestId"]?.text ?? json["RequestId"]?.text,
                claimedStatus: json["httpStatusCode"]?.intValue.flatMap { Int(exactly: $0) },
                meaningWithoutStatus: .fault)
        }
        guard json["success"] == nil, json["data"] == nil, let code = json["Code"]?.text else { return nil }
        // Calls that this library does not know may say so when all went well.
        if isDirect, isSuccessStatus, ["200", "OK", "SUCCESS"].contains(code.uppercased()) { return nil }
        return ErrorReport(
            code: code, message: json["Message"]?.text, requestID: json["RequestId"]?.text ?? json["requestId"]?.text,
            meaningWithoutStatus: .fault)
    }

    // MARK: - Jobs

    private static func inference(
        _ reader: ReplyReader, _ json: JSONValue, _ data: JSONValue, _ requestID: String?
    ) -> Result<JobAnswer, CallFailure> {
        let call = reader.call
        let id = data["id"]?.identifier
        if call.kind == .submit, id == nil {
            return .failure(reader.unreadable("it holds no job id", requestID: requestID))
        }
        if let given = data["id"], given != .null, id == nil {
            return .failure(reader.unreadable("its job id is malformed", requestID: requestID))
        }
        let asked = call.query.first { $0.name == "inferenceJobId" }?.value
        if let id, let asked, id != asked {
            return .failure(reader.unreadable("it is about another job", requestID: requestID))
        }
        let word: String
        switch stateWord(data, reader, requestID) {
        case .failure(let failure): return .failure(failure)
        case .success(let found): word = found
        }
        var answer = JobAnswer(
            remoteID: id ?? "", state: state(word, json, requestID, reader), providerState: Answers.shownState(word),
            progress: progress(data), requestID: requestID, response: Answers.kept(reader.reply.body))
        guard answer.state == .succeeded else { return .success(answer) }
        switch data["resultImageUrl"] {
        case .array(let entries) where entries.count <= Answers.maximumAssets:
            guard let assets = assets(entries, data) else {
                return .failure(reader.unreadable("its resultImageUrl holds no image ids", requestID: requestID))
            }
            answer.assets = assets
        case .null, nil: break
        default: return .failure(reader.unreadable("its resultImageUrl is no list", requestID: requestID))
        }
        if answer.assets.isEmpty {
            answer.state = .running
            answer.lacksAssets = true
            if answer.progress == nil { answer.progress = 1 }
        }
        return .success(answer)
    }

    /// The provider's word for the state; empty where a submission does not tell it.
    static func stateWord(
        _ job: JSONValue, _ reader: ReplyReader, _ requestID: String?
    ) -> Result<String, CallFailure> {
        switch job["jobStatus"] {
        case .string(let text): return .success(Answers.word(text))
        // A submission with an id was accepted, whatever else its answer lacks.
        case _ where reader.call.kind == .submit: return .success("")
        case .null, nil: return .failure(reader.unreadable("it holds no jobStatus", requestID: requestID))
        default: return .failure(reader.unreadable("its jobStatus is no text", requestID: requestID))
        }
    }

    static func progress(_ job: JSONValue) -> Double? {
        job["jobTrainProgress"]?.doubleValue.flatMap { (0...1).contains($0) ? $0 : nil }
    }

    /// The ids of images; null and empty entries (the manual's samples have them) are left out. An entry that is a URL,
    /// which the field's name promises and the service does not send, is fetched as one, without any signature.
    private static func assets(_ entries: [JSONValue], _ data: JSONValue) -> [AssetReference]? {
        let model = data["modelId"]?.identifier
        let prompt = data["promptId"]?.identifier
        var assets: [AssetReference] = []
        for entry in entries where entry != .null && entry != .string("") {
            if case .string(let text) = entry, RequestTable.isWebURL(text) {
                assets.append(
                    AssetReference(
                        id: text, url: text, modelID: model, promptID: prompt,
                        expiresAtMilliseconds: URLExpiry.milliseconds(of: text) ?? 0))
                continue
            }
            guard let id = entry.identifier else { return nil }
            assets.append(AssetReference(id: id, modelID: model, promptID: prompt))
        }
        return assets
    }

    private static let failureWords = ["fail", "error", "cancel", "abort", "timeout", "expire", "reject"]

    /// No list of states is published. FINISHED is the one word for success; of the others a few have been seen, some
    /// speak for themselves, and the rest count as running until the deadline. `json` is what may say why.
    static func state(
        _ word: String, _ json: JSONValue, _ requestID: String?, _ reader: ReplyReader
    ) -> RemoteState {
        switch word {
        case "FINISHED": return .succeeded
        case "NOT_START", "WAIT_SCHEDULE", "": return .pending
        case "TRAINING": return .running
        default: break
        }
        guard failureWords.contains(where: { Words.contains(word, $0) }) else { return .running }
        let reason = json["errMessage"]?.text
        let words = Redaction.message(reason)
        var text = "alibaba job ended as \(Answers.shownState(word))"
        if let words { text += ": \(words)" }
        let isModeration = Answers.speaksOfModeration(word) || Answers.speaksOfModeration(reason ?? "")
        return .failed(
            Failure(
                isModeration ? .contentRefused : .jobFailed, text,
                providerCode: Redaction.word(json["errCode"]?.text) ?? Redaction.word(word), providerMessage: words,
                requestID: requestID, httpStatus: reader.reply.status))
    }
}
