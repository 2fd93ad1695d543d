internal import Core

/// The job ids or request ids that the newest answers held: one that comes again was not made for the call that it answers.
/// Keeps hashes and no texts, the newest few thousand.
struct AnswerBook {
    static let capacity = 4_096

    private var known: Set<UInt64> = []
    /// The hashes in order of arrival; a full list overwrites its oldest hash.
    private var order: [UInt64] = []
    private var next = 0

    /// True if the id is new. Two different texts count as the same once in 10^15 times.
    mutating func add(_ id: String, of provider: String) -> Bool {
        let number = Self.number(id, provider)
        guard known.insert(number).inserted else { return false }
        if order.count < Self.capacity {
            order.append(number)
        } else {
            known.remove(order[next])  // safe: below the count, see the next line
            order[next] = number
            next = (next + 1) % Self.capacity
        }
        return true
    }

    func holds(_ id: String, of provider: String) -> Bool {
        !known.isEmpty && known.contains(Self.number(id, provider))
    }

    private static func number(_ id: String, _ provider: String) -> UInt64 {
        var hasher = Hasher()
        // Bytes, because == on text calls some different ones equal.
        mix(provider, &hasher)
        mix(id, &hasher)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private static func mix(_ text: String, _ hasher: inout Hasher) {
        var text = text
        text.withUTF8 { bytes in
            hasher.combine(bytes.count)
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
    }
}

/// Why an answer belongs to another call.
enum StrangeAnswer {
    case fromCache(age: String)
    case knownJob, knownRequest

    var text: String {
        switch self {
        case .fromCache(let age):
            "the answer comes from a cache (Age: \(age.shown(limit: 40))), not from the provider: no cache may stand"
                + " between this machine and the provider"
        case .knownJob:
            "the answer holds the id of a job that this client already has: it is an old answer, from a cache or left"
                + " over on a connection"
        case .knownRequest:
            "the answer holds a request id that this client already has: it is an old answer, from a cache or left"
                + " over on a connection"
        }
    }
}

/// The ids in the answers that this client has received, and the ids of attached jobs.
///
/// A provider gives each answer a request id of its own, a refusal too. An answer whose request id came before was made for
/// another call: a submission that gets one has an unknown outcome, and a call that only reads is repeated.
struct KnownAnswers {
    private var jobs = AnswerBook()
    /// Two books: thousands of status answers must not displace the few answers to submissions.
    private var submissions = AnswerBook()
    private var reads = AnswerBook()

    mutating func note(job remoteID: String, of provider: String) { _ = jobs.add(remoteID, of: provider) }

    /// Notes the request id of an answer. True if it is new, or if there is none.
    mutating func note(request id: String?, _ call: ProviderCall) -> Bool {
        guard let id, !id.isEmpty else { return true }
        if call.kind == .submit {
            return submissions.add(id, of: call.provider) && !reads.holds(id, of: call.provider)
        }
        return reads.add(id, of: call.provider) && !submissions.holds(id, of: call.provider)
    }

    /// The answer to a call, if it belongs to this call; otherwise a failure after which nobody knows whether a submission
    /// was executed.
    mutating func believed(
        _ answer: Result<JobAnswer, CallFailure>, _ reply: HTTPReply, _ call: ProviderCall,
        doing: @autoclosure () -> String
    ) -> Result<JobAnswer, CallFailure> {
        guard let strange = strangeness(of: answer, reply, call) else { return answer }
        switch answer {
        case .success(let job):
            var text = ""
            var named: String?
            if call.kind == .submit, !job.remoteID.isEmpty {
                let id = job.remoteID.shown(limit: 100)
                text = "; it names the job \(id)"
                named = id
            }
            return .failure(
                doubt(strange, reply, call, doing(), text, requestID: job.requestID, naming: named))
        case .failure(let failed):
            return .failure(disbelieved(failed, strange, reply, call, doing()))
        }
    }

    /// The refusal of a call whose success is no answer about a job, such as an image's. Its request id must be new.
    mutating func believed(
        refusal failed: CallFailure, _ reply: HTTPReply, _ call: ProviderCall, doing: @autoclosure () -> String
    ) -> CallFailure {
        guard let strange = strangeness(of: .failure(failed), reply, call) else { return failed }
        return disbelieved(failed, strange, reply, call, doing())
    }

    private func disbelieved(
        _ failed: CallFailure, _ strange: StrangeAnswer, _ reply: HTTPReply, _ call: ProviderCall, _ doing: String
    ) -> CallFailure {
        doubt(
            strange, reply, call, doing, "; it says: \(failed.failure.message)", requestID: failed.failure.requestID,
            naming: failed.namedJob)
    }

    private func doubt(
        _ strange: StrangeAnswer, _ reply: HTTPReply, _ call: ProviderCall, _ doing: String, _ more: String,
        requestID: String?, naming job: String?
    ) -> CallFailure {
        let isRetryable = call.kind != .submit
        let failure = Failure(
            .badResponse, "\(doing): \(strange.text)\(more)", requestID: requestID, httpStatus: reply.status,
            isRetryable: isRetryable)
        var failed = CallFailure(.unreadable, failure)
        failed.namedJob = job
        // What a stranger's answer says of a job must not stand where callers read this job's own.
        if call.kind == .submit { failed.response = Array(reply.body.prefix(64 << 10)) }
        return failed
    }

    private mutating func strangeness(
        of answer: Result<JobAnswer, CallFailure>, _ reply: HTTPReply, _ call: ProviderCall
    ) -> StrangeAnswer? {
        // All are noted, whatever the first is.
        let isNewRequest: Bool
        var isNewJob = true
        switch answer {
        case .success(let job):
            isNewRequest = note(request: job.requestID, call)
            if call.kind == .submit, !job.remoteID.isEmpty { isNewJob = jobs.add(job.remoteID, of: call.provider) }
        case .failure(let failed): isNewRequest = note(request: failed.failure.requestID, call)
        }
        if let age = reply.headers["age"] { return .fromCache(age: age) }
        return !isNewJob ? .knownJob : !isNewRequest ? .knownRequest : nil
    }
}
