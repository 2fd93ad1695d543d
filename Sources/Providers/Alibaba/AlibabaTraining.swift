internal import Codec
internal import Core

/// Reads the answers about training jobs: the list of all. (The answer to a submission is that of any job.)
///
/// The model's id appears some time after the job was made, and only its presence beside FINISHED counts as success: a
/// job that is FINISHED without one counts as running, until the id is there or the deadline comes.
enum AlibabaTraining {
    static func job(
        _ reader: ReplyReader, _ read: JSONAnswer, _ data: JSONValue?, _ requestID: String?
    ) -> Result<JobAnswer, CallFailure> {
        guard let entries = data?.arrayValue else {
            return .failure(reader.unreadable("the envelope holds no list", requestID: requestID))
        }
        let id = reader.call.remoteID
        guard let entry = entries.first(where: { $0[anyCase: "id"]?.identifier?.isSame(as: id) == true }) else {
            if let flaw = read.flaw, !read.isCut {
                return .failure(reader.unreadable("it is \(flaw)", requestID: requestID))
            }
            return .failure(missing(reader, id, requestID))
        }
        return answer(reader, entry, id, requestID)
    }

    private static func answer(
        _ reader: ReplyReader, _ job: JSONValue, _ id: String, _ requestID: String?
    ) -> Result<JobAnswer, CallFailure> {
        let word: String
        switch AlibabaAnswers.stateWord(job, reader, requestID) {
        case .failure(let failure): return .failure(failure)
        case .success(let found): word = found
        }
        // A list of many jobs is too much to keep: what it says of this one is not.
        let body = reader.reply.body
        let whole = Answers.kept(body)
        var answer = JobAnswer(
            remoteID: id, state: AlibabaAnswers.state(word, job, requestID, reader),
            providerState: Answers.shownState(word),
            progress: AlibabaAnswers.progress(job), requestID: requestID,
            response: whole.isEmpty ? Answers.kept(job.serialized()) : whole)
        answer.stateIsUnknown = AlibabaAnswers.isUnknown(answer.state, word)
        guard answer.state == .succeeded else { return .success(answer) }
        switch job[anyCase: "modelId"] {
        case .null, .string(""), nil:
            answer.state = .running
            answer.stateIsUnknown = !AlibabaAnswers.isDocumentedSuccess(word)
        case let given?:
            if let model = given.identifier {
                answer.resultID = model
            } else {
                answer.state = .running
                answer.lacksAssets = true
                answer.warning = "modelId is no id: \"\(given.namedIdentifier ?? "")\""
            }
        }
        return .success(answer)
    }

    private static func missing(_ reader: ReplyReader, _ id: String, _ requestID: String?) -> CallFailure {
        var text = "\(reader.subject) does not list training job \(id.shown(limit: 80))"
        if let requestID { text += ", request \(requestID)" }
        text += "; check the id, and that the key is of the account that started it"
        return CallFailure(
            .notFound, Failure(.notFound, text, requestID: requestID, httpStatus: reader.reply.status),
            serverUnixSeconds: reader.headers.serverUnixSeconds)
    }
}
