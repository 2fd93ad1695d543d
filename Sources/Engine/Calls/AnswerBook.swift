internal import Core

/// The job ids and request ids that the newest answers held: one that comes again was not made for the submission that it
/// answers. Keeps hashes and no texts, the newest few thousand of each kind.
struct AnswerBook {
    static let capacity = 4_096

    private var known: Set<UInt64> = []
    /// The hashes in order of arrival; a full list overwrites its oldest hash.
    private var order: [UInt64] = []
    private var next = 0

    /// True if the id is new. Two different texts count as the same once in 10^15 times.
    mutating func add(_ id: String, of provider: String) -> Bool {
        var hasher = Hasher()
        // Bytes, because == on text calls some different ones equal.
        Self.mix(provider, &hasher)
        Self.mix(id, &hasher)
        let number = UInt64(bitPattern: Int64(hasher.finalize()))
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

    private static func mix(_ text: String, _ hasher: inout Hasher) {
        var text = text
        text.withUTF8 { bytes in
            hasher.combine(bytes.count)
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
    }
}

/// Why an answer to a submission belongs to another call.
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

/// The ids in answers to this client's submissions, and the ids of attached jobs.
struct KnownAnswers {
    private var jobs = AnswerBook()
    private var requests = AnswerBook()

    mutating func note(job remoteID: String, of provider: String) { _ = jobs.add(remoteID, of: provider) }

    /// The answer to a submission, if it belongs to this submission; otherwise a failure after which nobody knows whether
    /// the job was created.
    mutating func believed(
        _ answer: Result<JobAnswer, CallFailure>, _ reply: HTTPReply, _ call: ProviderCall,
        doing: @autoclosure () -> String
    ) -> Result<JobAnswer, CallFailure> {
        guard let strange = strangeness(of: answer, reply, call) else { return answer }
        var text = "\(doing()): \(strange.text)"
        var requestID: String?
        var named: String?
        switch answer {
        case .success(let job):
            requestID = job.requestID
            if !job.remoteID.isEmpty {
                let id = job.remoteID.shown(limit: 100)
                text += "; it names the job \(id)"
                named = id
            }
        case .failure(let failed):
            requestID = failed.failure.requestID
            named = failed.namedJob
            text += "; it says: \(failed.failure.message)"
        }
        var failed = CallFailure(
            .unreadable, Failure(.badResponse, text, requestID: requestID, httpStatus: reply.status))
        failed.namedJob = named
        failed.response = Array(reply.body.prefix(64 << 10))
        return .failure(failed)
    }

    private mutating func strangeness(
        of answer: Result<JobAnswer, CallFailure>, _ reply: HTTPReply, _ call: ProviderCall
    ) -> StrangeAnswer? {
        if let age = reply.headers["age"] { return .fromCache(age: age) }
        guard case .success(let job) = answer else { return nil }
        // Both are noted, whatever the first is.
        let isNewJob = job.remoteID.isEmpty || jobs.add(job.remoteID, of: call.provider)
        let isNewRequest = job.requestID.map { $0.isEmpty || requests.add($0, of: call.provider) } ?? true
        return !isNewJob ? .knownJob : !isNewRequest ? .knownRequest : nil
    }
}
