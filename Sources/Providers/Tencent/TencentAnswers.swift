internal import Codec
internal import Core

/// Reads what the gateway and the service answer: one envelope, HTTP 200 also for errors.
///
/// A finished task without images is not handed on as succeeded: it counts as running, marked `lacksAssets`, so that it
/// is looked at again; the raw word and the whole answer can be read meanwhile.
enum TencentAnswers {
    /// How long a result URL lives.
    static let assetLifeMilliseconds: Int64 = 12 * 3_600 * 1_000

    static func job(_ call: ProviderCall, _ reply: HTTPReply, unixMilliseconds: Int64) -> Result<JobAnswer, CallFailure>
    {
        let reader = ReplyReader(call, reply, requestIDHeader: "x-tc-requestid")
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(reply.body)
        } catch {
            return .failure(reader.unreadable(reply.body.isEmpty ? "it is empty" : "it is \(error)"))
        }
        guard let content = json["Response"], content.objectValue != nil else {
            return .failure(reader.unreadable("it holds no Response object"))
        }
        let requestID = Redaction.word(content["RequestId"]?.text) ?? reader.headerRequestID
        if let error = content["Error"], error != .null {
            guard let code = error["Code"]?.text else {
                return .failure(reader.unreadable("its Error holds no Code", requestID: requestID))
            }
            if call.kind == .submit, let id = content["TaskId"], id != .null {
                return .failure(
                    reader.unreadable("it states an error beside a task", requestID: requestID, naming: id))
            }
            return .failure(
                reader.failure(
                    ErrorReport(
                        code: code, message: error["Message"]?.text, requestID: requestID,
                        meaningWithoutStatus: .refuse(.requestRefused)), TencentFailures.table))
        }
        guard reader.isSuccessStatus else {
            return .failure(
                reader.unreadable("it states no error", requestID: requestID, naming: content["TaskId"]))
        }
        if call.isDirect {
            return .success(JobAnswer(state: .succeeded, requestID: requestID, response: reply.body))
        }
        if call.kind == .submit { return submitted(reader, content, requestID) }
        return described(reader, content, requestID, unixMilliseconds)
    }

    /// The gateway states errors in the same envelope to whatever call.
    static func callFailure(_ call: ProviderCall, _ reply: HTTPReply) -> CallFailure {
        switch job(call, reply, unixMilliseconds: 0) {
        case .failure(let failure): return failure
        case .success:
            return ReplyReader(call, reply, requestIDHeader: nil).unreadable("it is no image", status: .notAnImage)
        }
    }

    private static func submitted(
        _ reader: ReplyReader, _ content: JSONValue, _ requestID: String?
    ) -> Result<JobAnswer, CallFailure> {
        guard let id = content["TaskId"]?.identifier else {
            return .failure(reader.unreadable("it holds no TaskId", requestID: requestID))
        }
        return .success(
            JobAnswer(
                remoteID: id, state: .pending, requestID: requestID, response: Answers.kept(reader.reply.body)))
    }

    private static func described(
        _ reader: ReplyReader, _ content: JSONValue, _ requestID: String?, _ now: Int64
    ) -> Result<JobAnswer, CallFailure> {
        guard let status = content["Status"]?.text else {
            return .failure(reader.unreadable("it holds no Status", requestID: requestID))
        }
        let word = Answers.word(status)
        var answer = JobAnswer(
            state: .running, providerState: Answers.shownState(word), requestID: requestID,
            response: Answers.kept(reader.reply.body))
        switch word {
        case "WAIT": answer.state = .pending
        case "RUN": break
        case "FAIL": answer.state = .failed(taskFailure(content, reader, requestID))
        case "DONE":
            guard let assets = assets(content["ImageUrls"], now) else {
                return .failure(reader.unreadable("its ImageUrls is no list of URLs", requestID: requestID))
            }
            answer.progress = 1
            answer.assetsExpireAtMilliseconds = end(now)
            if assets.isEmpty {
                answer.lacksAssets = true
            } else {
                answer.state = .succeeded
                answer.assets = assets
            }
        default: break
        }
        return .success(answer)
    }

    private static func end(_ now: Int64) -> Int64 {
        let (end, overflows) = now.addingReportingOverflow(assetLifeMilliseconds)
        return overflows ? Int64.max : end
    }

    /// Null and empty entries are left out.
    private static func assets(_ list: JSONValue?, _ now: Int64) -> [AssetReference]? {
        guard let list, list != .null else { return [] }
        guard let entries = list.arrayValue, entries.count <= Answers.maximumAssets else { return nil }
        var assets: [AssetReference] = []
        for entry in entries where entry != .null && entry != .string("") {
            guard case .string(let url) = entry, RequestTable.isWebURL(url) else { return nil }
            let own = URLExpiry.milliseconds(of: url) ?? Int64.max
            assets.append(AssetReference(id: url, url: url, expiresAtMilliseconds: min(own, end(now))))
        }
        return assets
    }

    /// FAIL carries a text and no code; some texts begin with one ("InvalidParameterValue: ...").
    private static func taskFailure(_ content: JSONValue, _ reader: ReplyReader, _ requestID: String?) -> Failure {
        let message = content["Message"]?.text ?? ""
        let words = Redaction.message(message)
        let head =
            String(message.utf8.prefix(128).prefix { Words.isLetterOrDigit($0) || $0 == UInt8(ascii: ".") }) ?? ""
        let startsWithCode = head.utf8.count >= 4 && message.utf8.dropFirst(head.utf8.count).first == UInt8(ascii: ":")
        let code = startsWithCode ? Redaction.word(head) : nil
        let isModeration = Answers.speaksOfModeration(message)
        var text = isModeration ? "tencent task was refused by moderation" : "tencent task ended as FAIL"
        if let words { text += ": \(words)" }
        if let requestID { text += ", request \(requestID)" }
        return Failure(
            isModeration ? .contentRefused : .jobFailed, text, providerCode: code ?? "FAIL", providerMessage: words,
            requestID: requestID, httpStatus: reader.reply.status)
    }
}
