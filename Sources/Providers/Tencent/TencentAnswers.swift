internal import Codec
internal import Core

/// Reads what the gateway and the service answer: one envelope, HTTP 200 also for errors.
///
/// A finished task without images is not handed on as succeeded: it counts as running, marked `lacksAssets`, so that it
/// is looked at again; the raw word and the whole answer can be read meanwhile.
enum TencentAnswers {
    /// How long a result URL lives.
    static let assetLifeMilliseconds: Int64 = 12 * 3_600 * 1_000

    /// `store`: what says which images lie in a bucket of the caller's own.
    static func job(
        _ call: ProviderCall, _ reply: HTTPReply, _ store: TencentStore, unixMilliseconds: Int64
    ) -> Result<JobAnswer, CallFailure> {
        let reader = ReplyReader(call, reply, requestIDHeader: "x-tc-requestid")
        let answer: JSONAnswer
        switch reader.json() {
        case .failure(let failure): return .failure(failure)
        case .success(let read): answer = read
        }
        let json = answer.value
        // Of most status answers nobody asks for them.
        lazy var ids = ids(answer, reader)
        guard let content = json[anyCase: "Response"], content.objectValue != nil else {
            return .failure(reader.unreadable("it holds no Response object"))
        }
        let requestID = Redaction.word(content[anyCase: "RequestId"]?.text) ?? reader.headerRequestID
        if let error = error(in: json) {
            guard let code = error[anyCase: "Code"]?.text else {
                return .failure(
                    reader.unreadable("its Error holds no Code", requestID: requestID, naming: ids.named))
            }
            return .failure(
                reader.failure(
                    ErrorReport(
                        code: code, message: error[anyCase: "Message"]?.text, requestID: requestID,
                        meaningWithoutStatus: .refuse(.requestRefused)), TencentFailures.table, in: answer,
                    call.kind == .submit ? ids : Answers.IDs()))
        }
        guard reader.isSuccessStatus else {
            return .failure(reader.unreadable("it states no error", requestID: requestID, naming: ids.named))
        }
        if call.isDirect {
            if let flaw = answer.flaw {
                return .failure(reader.unreadable("it is \(flaw)", requestID: requestID))
            }
            return .success(JobAnswer(state: .succeeded, requestID: requestID, response: reply.body))
        }
        guard call.kind == .submit else {
            return described(reader, answer, content, requestID, store, unixMilliseconds)
        }
        switch reader.submitted(answer, ids, requestID: requestID, "it holds no TaskId") {
        case .failure(let failure): return .failure(failure)
        case .success(let id):
            return .success(
                JobAnswer(remoteID: id, state: .pending, requestID: requestID, response: Answers.kept(reply.body)))
        }
    }

    /// The job ids in an answer; in one to a submission also what stands behind its JSON.
    private static func ids(_ answer: JSONAnswer, _ reader: ReplyReader) -> Answers.IDs {
        var ids = Answers.ids(answer.value, "Response", "TaskId")
        if reader.call.kind == .submit { ids.add(reader.behind(answer)) }
        return ids
    }

    /// An Error of any Response: with two Responses nobody can know which one counts. An Error without a word, or with a
    /// code such as "Success", states none: beside the images of a finished task it hides nothing.
    private static func error(in json: JSONValue) -> JSONValue? {
        guard case .object(let members) = json else { return nil }
        for member in members where member.name.isSameInAnyCase(as: "Response") {
            guard case .object(let fields) = member.value else { continue }
            let error = fields.first { $0.name.isSameInAnyCase(as: "Error") && $0.value.statesError }
            if let error { return error.value }
        }
        return nil
    }

    /// The gateway states errors in the same envelope to whatever call.
    static func callFailure(_ call: ProviderCall, _ reply: HTTPReply, _ store: TencentStore) -> CallFailure {
        switch job(call, reply, store, unixMilliseconds: 0) {
        case .failure(let failure): return failure
        case .success:
            return ReplyReader(call, reply, requestIDHeader: nil).unreadable("it is no image", status: .notAnImage)
        }
    }

    private static func described(
        _ reader: ReplyReader, _ read: JSONAnswer, _ content: JSONValue, _ requestID: String?,
        _ store: TencentStore, _ now: Int64
    ) -> Result<JobAnswer, CallFailure> {
        // Not documented: an answer that names no task, or one in another form, is about the one that was asked for.
        if let said = content[anyCase: "TaskId"]?.identifier, !asks(reader.call, about: said) {
            return .failure(reader.unreadable("it is about another job", requestID: requestID))
        }
        guard let status = content[anyCase: "Status"]?.text else {
            return .failure(reader.unreadable("it holds no Status", requestID: requestID))
        }
        let word = Answers.word(status)
        var answer = JobAnswer(
            state: .running, providerState: Answers.shownState(word), requestID: requestID,
            response: Answers.kept(reader.reply.body))
        let compared = StateWord.compared(word)
        // Images that are there are paid for, whatever the provider calls the task.
        func ended(_ failure: Failure?) -> Result<JobAnswer, CallFailure> {
            let (assets, warning) = images(content, store, now)
            if assets.isEmpty {
                if let failure {
                    answer.state = .failed(failure)
                    return .success(answer)
                }
                if !compared.isSame(as: "DONE") {
                    answer.stateIsUnknown = true
                    return .success(answer)
                }
            }
            if let why = read.lacks(assets, of: content[anyCase: "ImageUrls"]) {
                return .failure(reader.unreadable(why, requestID: requestID))
            }
            answer.warning = warning
            if let words = StateWord.warning(compared, failure?.providerMessage) { answer.add(warning: words) }
            answer.progress = 1
            if !assets.contains(where: { $0.stays }) { answer.assetsExpireAtMilliseconds = end(now) }
            if assets.isEmpty {
                answer.lacksAssets = true
            } else {
                answer.state = .succeeded
                answer.assets = assets
            }
            return .success(answer)
        }
        switch compared {
        case "WAIT": answer.state = .pending
        case "RUN": break
        case _ where StateWord.speaksOfSuccess(compared): return ended(nil)
        // FAIL is documented for these tasks, FAILED, STOP and TIMEOUT for others of the service; callers of the live
        // service see ERROR. The rest say the same in words that can mean nothing else.
        case _ where StateWord.speaksOfABadEnd(compared):
            return ended(taskFailure(content, compared, reader, requestID))
        default: answer.stateIsUnknown = !StateWord.speaksOfRunning(word)
        }
        return .success(answer)
    }

    private static func images(
        _ content: JSONValue, _ store: TencentStore, _ now: Int64
    ) -> (assets: [AssetReference], warning: String?) {
        Answers.assets(content[anyCase: "ImageUrls"], "ImageUrls") { entry in
            guard case .string(let url) = entry, RequestTable.canBeFetched(url) else { return nil }
            let own = URLExpiry.milliseconds(of: url)
            if own == nil, store.keeps(url) {
                var asset = AssetReference(id: url, url: url)
                asset.stays = true
                return asset
            }
            return AssetReference(id: url, url: url, expiresAtMilliseconds: min(own ?? Int64.max, end(now)))
        }
    }

    /// False only for another id of the same kind: a name for something else must not hide a finished task.
    private static func asks(_ call: ProviderCall, about id: String) -> Bool {
        guard let asked = (try? JSONValue.parse(call.body))?[anyCase: "TaskId"]?.identifier else { return true }
        if asked.isSame(as: id) { return true }
        if let kind = kind(of: asked), kind == self.kind(of: id) { return false }
        func form(_ id: String) -> (Int, [UInt8]) {
            (id.utf8.count, Array(id.utf8.prefix(through: id.utf8.lastIndex(of: UInt8(ascii: "-")) ?? id.startIndex)))
        }
        return form(asked) != form(id)
    }

    /// The word of an id such as "125-AigcImage-0f3c", whatever the number of its account and the length of its end; nil for
    /// an id of another form.
    private static func kind(of id: String) -> [UInt8]? {
        let parts = Array(id.utf8).split(separator: UInt8(ascii: "-"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Array(parts[1])  // safe: three
    }

    private static func end(_ now: Int64) -> Int64 {
        let (end, overflows) = now.addingReportingOverflow(assetLifeMilliseconds)
        return overflows ? Int64.max : end
    }

    /// An end carries a text and no code; some texts begin with one ("InvalidParameterValue: ..."). Not every word before a
    /// colon is a code ("subjectImageList: size must be ...").
    private static func taskFailure(
        _ content: JSONValue, _ word: String, _ reader: ReplyReader, _ requestID: String?
    ) -> Failure {
        let message = content[anyCase: "Message"]?.text ?? ""
        let words = Redaction.message(message)
        let head =
            String(message.utf8.prefix(128).prefix { ASCIIText.isLetterOrDigit($0) || $0 == UInt8(ascii: ".") }) ?? ""
        let isHead = message.utf8.dropFirst(head.utf8.count).first == UInt8(ascii: ":")
        let code = isHead && isCode(head) ? Redaction.word(head) : nil
        let isModeration = Moderation.isMeant(by: message)
        let shown = Answers.shownState(word)
        var text = isModeration ? "tencent task was refused by moderation" : "tencent task ended as \(shown)"
        if let words { text += ": \(words)" }
        if let requestID { text += ", request \(requestID)" }
        return Failure(
            isModeration ? .contentRefused : .jobFailed, text, providerCode: code ?? Redaction.word(word),
            providerMessage: words,
            requestID: requestID, httpStatus: reader.reply.status)
    }

    /// A code that is known, or one below a code that is.
    private static func isCode(_ word: String) -> Bool { TencentFailures.table.match(word) != nil }
}
