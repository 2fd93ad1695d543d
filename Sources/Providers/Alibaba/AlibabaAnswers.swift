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
        case .success(let answer):
            let json = answer.value
            let data = json[anyCase: "data"]
            let requestID = Redaction.word(json[anyCase: "requestId"]?.text) ?? reader.headerRequestID
            if call.isDirect {
                if let flaw = answer.flaw {
                    return .failure(
                        reader.unreadable("it is \(flaw)", requestID: requestID))
                }
                return .success(JobAnswer(state: .succeeded, requestID: requestID, response: reply.body))
            }
            if row?.makesModel == true, call.kind != .submit {
                return AlibabaTraining.job(reader, answer, data, requestID)
            }
            guard let data, data.objectValue != nil else {
                return .failure(reader.unreadable("the envelope holds no data object", requestID: requestID))
            }
            return inference(reader, answer, data, requestID)
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
    private static func envelope(_ reader: ReplyReader) -> Result<JSONAnswer, CallFailure> {
        let body = reader.reply.body
        if body.first(where: { $0 > 0x20 && $0 < 0x80 }) == UInt8(ascii: "<") {
            guard let error = XMLError(body), !ASCIIText.saysNoError(error.code) else {
                return .failure(reader.unreadable("it is markup, not JSON"))
            }
            return .failure(
                reader.failure(
                    ErrorReport(
                        code: error.code, message: error.message, requestID: error.requestID,
                        meaningWithoutStatus: .fault), AlibabaFailures.table, inText: body))
        }
        let answer: JSONAnswer
        switch reader.json() {
        case .failure(let failure): return .failure(failure)
        case .success(let read): answer = read
        }
        let json = answer.value
        let ids = reader.call.kind == .submit ? ids(reader, answer) : Answers.IDs()
        if let report = report(json, status: reader.reply.status, isDirect: reader.call.isDirect) {
            return .failure(reader.failure(report, AlibabaFailures.table, in: answer, ids))
        }
        guard reader.isSuccessStatus else {
            return .failure(reader.unreadable("it states no error", naming: ids.named))
        }
        switch json[anyCase: "success"] {
        case .bool(true), .null, nil: return .success(answer)
        default: return .failure(reader.unreadable("its field success is no boolean", naming: ids.named))
        }
    }

    private static func ids(_ reader: ReplyReader, _ answer: JSONAnswer) -> Answers.IDs {
        var ids = Answers.ids(answer.value, "data", "id")
        ids.add(reader.behind(answer))
        return ids
    }

    /// The error that an envelope states, if it states one. errCode beside success=true is none: the manual's own
    /// samples have it.
    private static func report(_ json: JSONValue, status: Int, isDirect: Bool) -> ErrorReport? {
        let isSuccessStatus = (200...299).contains(status)
        let refuses = json.all("success").contains(.bool(false))
        lazy var errCode = json[anyCase: "errCode"].flatMap { $0.statesError ? $0 : nil }
        if refuses || !isSuccessStatus && errCode?.text != nil {
            return ErrorReport(
                code: errCode?.lenientString ?? json[anyCase: "Code"]?.text ?? "",
                // Some services behind the same host say why in `message`.
                message: json[anyCase: "errMessage"]?.text ?? json[anyCase: "Message"]?.text,
                requestID: json[anyCase: "requestId"]?.text,
                claimedStatus: json[anyCase: "httpStatusCode"]?.intValue.flatMap { Int(exactly: $0) },
                meaningWithoutStatus: .fault)
        }
        // Calls that this library does not know may have members of these names for other things.
        let code = isDirect ? json["Code"]?.text : json[anyCase: "Code"]?.text
        guard let code, !ASCIIText.saysNoError(code), isAbsent(json, "success"), isAbsent(json, "data") else {
            return nil
        }
        return ErrorReport(
            code: code, message: json[anyCase: "Message"]?.text, requestID: json[anyCase: "RequestId"]?.text,
            meaningWithoutStatus: .fault)
    }

    private static func isAbsent(_ json: JSONValue, _ name: String) -> Bool {
        json.all(name).allSatisfy { $0 == .null }
    }

    // MARK: - Jobs

    private static func inference(
        _ reader: ReplyReader, _ read: JSONAnswer, _ data: JSONValue, _ requestID: String?
    ) -> Result<JobAnswer, CallFailure> {
        let call = reader.call
        var id: String?
        if call.kind == .submit {
            switch reader.submitted(read, ids(reader, read), requestID: requestID, "it holds no job id") {
            case .failure(let failure): return .failure(failure)
            case .success(let found): id = found
            }
        } else {
            // It is known who was asked for: an answer that does not repeat it in a usable form is still about that job.
            id = data[anyCase: "id"]?.identifier
            let asked = call.query.first { $0.name.isSame(as: "inferenceJobId") }?.value
            if let id, let asked, !id.isSame(as: asked) {
                return .failure(reader.unreadable("it is about another job", requestID: requestID))
            }
        }
        let word: String
        switch stateWord(data, reader, requestID) {
        case .failure(let failure): return .failure(failure)
        case .success(let found): word = found
        }
        var answer = JobAnswer(
            remoteID: id ?? "", state: state(word, read.value, requestID, reader),
            providerState: Answers.shownState(word), progress: progress(data), requestID: requestID,
            response: Answers.kept(reader.reply.body))
        answer.stateIsUnknown = isUnknown(answer.state, word)
        let list = data[anyCase: "resultImageUrl"]
        var failure: Failure?
        // Images that are there are paid for, whatever the provider calls the job.
        if case .failed(let found) = answer.state, call.kind != .submit { failure = found }
        guard answer.state == .succeeded || failure != nil else { return .success(answer) }
        let model = data[anyCase: "modelId"]?.identifier
        let prompt = data[anyCase: "promptId"]?.identifier
        let (assets, warning) = Answers.assets(list, "resultImageUrl") { asset($0, model, prompt) }
        if failure != nil, assets.isEmpty { return .success(answer) }
        (answer.state, answer.assets, answer.warning) = (.succeeded, assets, warning)
        if call.kind != .submit, let why = read.lacks(answer.assets, of: list) {
            return .failure(reader.unreadable(why, requestID: requestID))
        }
        if !answer.assets.isEmpty, let words = StateWord.warning(StateWord.compared(word), failure?.providerMessage) {
            answer.add(warning: words)
        }
        if answer.assets.isEmpty {
            answer.state = .running
            guard isDocumentedSuccess(word) else {
                answer.stateIsUnknown = true
                return .success(answer)
            }
            answer.lacksAssets = true
            if answer.progress == nil { answer.progress = 1 }
        }
        return .success(answer)
    }

    /// The provider's word for the state; empty where a submission does not tell it.
    static func stateWord(
        _ job: JSONValue, _ reader: ReplyReader, _ requestID: String?
    ) -> Result<String, CallFailure> {
        switch job[anyCase: "jobStatus"] {
        case .string(let text): return .success(Answers.word(text))
        // A submission with an id was accepted, whatever else its answer lacks.
        case _ where reader.call.kind == .submit: return .success("")
        case .null, nil: return .failure(reader.unreadable("it holds no jobStatus", requestID: requestID))
        default: return .failure(reader.unreadable("its jobStatus is no text", requestID: requestID))
        }
    }

    static func progress(_ job: JSONValue) -> Double? {
        job[anyCase: "jobTrainProgress"]?.doubleValue.flatMap { (0...1).contains($0) ? $0 : nil }
    }

    /// The id of an image. An entry that is a URL, which the field's name promises and the service does not send, is fetched as
    /// one, without any signature.
    private static func asset(_ entry: JSONValue, _ model: String?, _ prompt: String?) -> AssetReference? {
        if case .string(let text) = entry, RequestTable.canBeFetched(text) {
            return AssetReference(
                id: text, url: text, modelID: model, promptID: prompt,
                expiresAtMilliseconds: URLExpiry.milliseconds(of: text) ?? 0)
        }
        // "FAILED" in the place of an image is a word, not an id.
        guard let id = entry.identifier, !StateWord.speaksOfABadEnd(StateWord.compared(id)) else { return nil }
        return AssetReference(id: id, modelID: model, promptID: prompt)
    }

    /// Whether a state counts as running although the word says nothing to this library.
    static func isUnknown(_ state: RemoteState, _ word: String) -> Bool {
        state == .running && !StateWord.speaksOfRunning(word)
    }

    /// Other words for success count only beside what the job was to make.
    static func isDocumentedSuccess(_ word: String) -> Bool { StateWord.compared(word).isSame(as: "FINISHED") }

    /// No list of states is published. FINISHED is the one word seen for success; of the others a few have been seen, some
    /// speak for themselves, and the rest count as running until the deadline. `json` is what may say why.
    static func state(
        _ word: String, _ json: JSONValue, _ requestID: String?, _ reader: ReplyReader
    ) -> RemoteState {
        let compared = StateWord.compared(word)
        switch compared {
        case "NOT_START", "WAIT_SCHEDULE", "": return .pending
        case "RUNNING", "TRAINING": return .running
        case _ where StateWord.speaksOfSuccess(compared): return .succeeded
        case _ where StateWord.speaksOfABadEnd(compared): break
        default: return .running
        }
        let reason = json[anyCase: "errMessage"]?.text ?? json[anyCase: "message"]?.text
        let words = Redaction.message(reason)
        var text = "alibaba job ended as \(Answers.shownState(word))"
        if let words { text += ": \(words)" }
        let told = json[anyCase: "errCode"]?.text.flatMap { ASCIIText.saysNoError($0) ? nil : $0 }
        let isModeration = [word, reason, told].contains { Moderation.isMeant(by: $0 ?? "") }
        let code = told.flatMap { Redaction.word($0) }
        return .failed(
            Failure(
                isModeration ? .contentRefused : .jobFailed, text,
                providerCode: code ?? Redaction.word(word), providerMessage: words,
                requestID: requestID, httpStatus: reader.reply.status))
    }
}
