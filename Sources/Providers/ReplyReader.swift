internal import Codec
internal import Core

/// The answer that is being read, and failures that tell of it.
struct ReplyReader {
    let call: ProviderCall
    let reply: HTTPReply
    let headers: ReplyHeaders
    private let requestIDHeader: String?
    /// The request id of a header line.
    var headerRequestID: String? { requestIDHeader.flatMap { Redaction.word(reply.headers[$0]) } }

    init(_ call: ProviderCall, _ reply: HTTPReply, requestIDHeader: String?) {
        self.call = call
        self.reply = reply
        headers = ReplyHeaders(headers: reply.headers)
        self.requestIDHeader = requestIDHeader
    }

    var isSuccessStatus: Bool { (200...299).contains(reply.status) }

    /// "alibaba Personalizedtxt2imgAddInferenceJob at aicontent.aliyuncs.com".
    var subject: String { "\(call.provider) \(call.action) at \(call.endpoint)" }

    /// The JSON of the answer, however bent. What is not all there may lack what would say another thing: nothing that ends
    /// a job or that lets it be sent again is taken from it.
    func json() -> Result<JSONAnswer, CallFailure> {
        let body = reply.body
        guard let answer = JSONAnswer.read(body) else {
            return .failure(unreadable(body.isEmpty ? "it is empty" : "it is no JSON"))
        }
        guard answer.value.objectValue != nil else { return .failure(unreadable("it is JSON, but no object")) }
        return .success(answer)
    }

    /// What the answer to a submission says of its job: its id, or a failure that names what ids there are.
    func submitted(_ answer: JSONAnswer, _ ids: Answers.IDs, requestID: String?, _ lack: String) -> Result<
        String, CallFailure
    > {
        func doubt(_ why: String) -> Result<String, CallFailure> {
            .failure(unreadable(why, requestID: requestID, naming: ids.named))
        }
        guard let given = ids.id else { return doubt(lack) }
        if ids.isInDoubt { return doubt("it names more than one job") }
        if answer.isDamaged { return doubt("it is damaged JSON") }
        guard let id = given.identifier else { return doubt("its job id is malformed") }
        return .success(id)
    }

    /// A job id in what stands behind the answer to a submission: of two answers, which one is about this job?
    func behind(_ answer: JSONAnswer) -> JSONValue? {
        let rest = reply.body.dropFirst(answer.end)
        guard rest.contains(where: { $0 > 0x20 }) else { return nil }
        return searched(Array(rest)).map { .string($0) }
    }

    /// An error that an answer states. One that names a job, however, or that is bent, is no end, and no leave to send a
    /// submission again. `ids`: whatever is in the place of an id, and behind the answer.
    func failure(_ report: ErrorReport, _ table: FailureTable, in answer: JSONAnswer, _ ids: Answers.IDs)
        -> CallFailure
    {
        if call.kind == .submit {
            let names = ids.id == nil ? Answers.looseIDs(answer.value) : ids
            if names.id != nil {
                return unreadable("it states an error beside a job", requestID: report.requestID, naming: names.named)
            }
        }
        let failed = failure(report, table)
        guard let flaw = answer.flaw else { return failed }
        switch failed.kind {
        case _ where call.kind == .submit, .refused, .notFound, .expired:
            return unreadable(
                "it states an error and is \(flaw)", requestID: report.requestID)
        default: return failed
        }
    }

    /// An error in a form that is no JSON.
    func failure(_ report: ErrorReport, _ table: FailureTable, inText body: [UInt8]) -> CallFailure {
        if call.kind == .submit, let name = searched(body) {
            return unreadable("it states an error beside a job", requestID: report.requestID, naming: name)
        }
        return failure(report, table)
    }

    /// An answer that states an error in a form of this provider.
    func failure(_ report: ErrorReport, _ table: FailureTable) -> CallFailure {
        let requestID = Redaction.word(report.requestID) ?? headerRequestID
        let claimed = report.claimedStatus.flatMap { (400...599).contains($0) ? $0 : nil } ?? 0
        var (meaning, advice) = table.meaning(
            report, status: max(reply.status, claimed), asksToWait: headers.gatewayWait != nil)
        // A refusal counts as one only from the provider itself. What has neither code nor request id may come from
        // anything in between, and then nobody knows the outcome of a submission. An impossible code does not count.
        // The same holds for the state of a job: a machine in between must not end it.
        let code = Redaction.word(report.code)
        let isVouchedFor = requestID != nil && code != nil
        if !isVouchedFor, call.kind == .submit || call.kind == .status && meaning.ends {
            (meaning, advice) = (.fault, "")
        }
        let (kind, status) = outcome(meaning)
        let words = Redaction.message(report.message)
        var text = "\(subject) \(verb(kind)): \(code ?? "an error without a code")"
        if let words { text += " (\(words))" }
        text += ", HTTP \(reply.status)"
        if let requestID { text += ", request \(requestID)" }
        if !advice.isEmpty { text += "; " + advice }
        let isThrottling = kind == .throttled || kind == .concurrencyLimit
        let failure = Failure(
            status, text, providerCode: code, providerMessage: words, requestID: requestID, httpStatus: reply.status,
            isRetryable: isRetryable(kind, meaning),
            retryAfterMilliseconds: isThrottling || kind == .transient ? headers.wait(isThrottling: isThrottling) : 0)
        var failed = CallFailure(kind, failure, serverUnixSeconds: headers.serverUnixSeconds)
        if call.kind == .submit { failed.response = Answers.kept(reply.body) }
        return failed
    }

    /// An answer that this provider does not send, or not whole. `job`: the id that it holds all the same, if any, as it may
    /// be shown: the library does not trust it, but a person who looks for the job needs it.
    func unreadable(
        _ why: String, requestID: String? = nil, status: Status = .badResponse, naming job: String? = nil
    ) -> CallFailure {
        let id = Redaction.word(requestID) ?? headerRequestID
        var text = "\(subject) gave an answer that cannot be read: \(why) (HTTP \(reply.status), \(headers.mediaType), "
        text += "\(reply.body.count) bytes"
        if let id { text += ", request \(id)" }
        let named = call.kind == .submit && !call.isDirect ? job ?? searched(reply.body) : nil
        if let named { text += ", it names the job \(named)" }
        text += "); a proxy's page, a wrong endpoint or a cut connection looks like this"
        let failure = Failure(
            status, text, requestID: id, httpStatus: reply.status, isRetryable: call.kind != .submit,
            retryAfterMilliseconds: isSuccessStatus ? 0 : headers.wait(isThrottling: reply.status == 429))
        var failed = CallFailure(.unreadable, failure, serverUnixSeconds: headers.serverUnixSeconds)
        // An image, or a page in its place, is no answer about a job.
        if call.kind == .submit || call.kind == .status && isSuccessStatus {
            failed.response = Array(reply.body.prefix(Answers.maximumUnreadBytes))
        }
        failed.namedJob = named
        return failed
    }

    /// The id that the bytes of an answer hold, whatever they are.
    private func searched(_ bytes: [UInt8]) -> String? {
        let isTencent = call.provider.isSame(as: TencentProvider.providerName)
        let found = isTencent ? Answers.search(bytes, "", "taskid") : Answers.search(bytes, "data", "id")
        if let found { return found }
        for name in Self.otherNames {
            if let other = Answers.search(bytes, "", name) { return other }
        }
        return JSONAnswer.read(bytes).flatMap { Answers.looseIDs($0.value).named }
    }

    /// What an id is called elsewhere: in other operations, by other clients, in lists.
    private static let otherNames = [
        "task_id", "jobid", "job_id", "taskid", "task-id", "job-id", "inferencejobid", "taskids", "jobids", "taskidset",
    ]

    private func outcome(_ meaning: Meaning) -> (FailureKind, Status) {
        switch meaning {
        case .refuse(let status): return (.refused, status)
        case .fault: return (.transient, .provider)
        case .busy: return (call.kind == .submit ? .refused : .transient, .provider)
        case .throttle: return (.throttled, .throttled)
        case .crowd: return (call.kind == .submit ? .concurrencyLimit : .throttled, .throttled)
        case .clock: return (.clockSkew, .clock)
        case .stale: return (.staleCredentials, .auth)
        case .missing: return call.kind == .submit ? (.refused, .requestRefused) : (.notFound, .notFound)
        case .ended: return (.expired, .expired)
        }
    }

    private func isRetryable(_ kind: FailureKind, _ meaning: Meaning) -> Bool {
        switch kind {
        case .throttled, .concurrencyLimit, .clockSkew, .staleCredentials, .notSent, .unsigned: return true
        case .transient, .unreadable: return call.kind != .submit
        case .refused: return meaning == .busy
        case .notFound, .expired, .local: return false
        }
    }

    private func verb(_ kind: FailureKind) -> String {
        switch kind {
        case .transient: return "failed"
        case .throttled: return "was throttled"
        case .concurrencyLimit: return "was refused because too many tasks run at once"
        case .notFound: return "does not know it"
        default: return "was refused"
        }
    }
}

extension JSONAnswer {
    /// Why its list of images may not be all of them; another answer may be whole. Nil if that cannot be said.
    func lacks(_ assets: [AssetReference], of list: JSONValue?) -> String? {
        if isCut, assets.isEmpty { return "it is cut" }
        if isShortened { return "it is too large" }
        if isDamaged, assets.isEmpty || list?.arrayValue?.contains(.null) == true { return "it is damaged" }
        return nil
    }
}
