internal import Core

/// The job ids or request ids that the newest answers held, each with a note of its first answer. Keeps hashes and no texts.
struct AnswerBook<Note> {
    let capacity: Int
    private var known: [UInt64: Note] = [:]
    /// The hashes in order of arrival; a full list overwrites its oldest hash.
    private var order: [UInt64] = []
    private var next = 0

    init(capacity: Int) { self.capacity = capacity }

    /// Notes an id that is new. Otherwise returns the note of its first answer. Two different texts count as the same once in
    /// 10^15 times.
    mutating func add(_ id: String, of provider: String, _ note: Note) -> Note? {
        add(AnswerNumber(id, of: provider), note)
    }

    mutating func add(_ id: AnswerNumber, _ note: Note) -> Note? {
        let number = id.value
        // Nearly all are new: one look-up both asks and notes.
        if let first = known.updateValue(note, forKey: number) {
            known[number] = first
            return first
        }
        if order.count < capacity {
            order.append(number)
        } else {
            known[order[next]] = nil  // safe: below the count, see the next line
            order[next] = number
            next = (next + 1) % capacity
        }
        return nil
    }

    func first(_ id: AnswerNumber) -> Note? { known.isEmpty ? nil : known[id.value] }
}

/// What stands for an id and its provider in all books.
struct AnswerNumber {
    fileprivate let value: UInt64

    init(_ id: String, of provider: String) {
        // Bytes, because == on text calls some different ones equal.
        value = ByteHash.number(of: id, after: ByteHash.number(of: provider))
    }
}

/// When the first answer with a request id came, and which date it bore.
struct FirstAnswer {
    /// Its header `Date`, as a hash; nil if it had none.
    let date: UInt64?
    /// On the monotonic clock.
    let atNanoseconds: Int64

    init(_ reply: HTTPReply, at now: Int64) {
        atNanoseconds = now
        date = reply.headers.number(of: "date")
    }

    /// An answer that was made now would bear a later date: dates count seconds.
    func isRepeated(by other: FirstAnswer) -> Bool {
        date != nil && date == other.date && other.atNanoseconds - atNanoseconds >= 2_000_000_000
    }
}

/// Why an answer belongs to another call.
enum StrangeAnswer {
    case fromCache(age: String)
    case knownJob, knownAnswer

    var text: String {
        switch self {
        case .fromCache(let age):
            "the answer comes from a cache (Age: \(age.shown(limit: 40))), not from the provider: no cache may stand"
                + " between this machine and the provider"
        case .knownJob:
            "the answer holds the id of a job that this client or its journal already has: it is an old answer, from a"
                + " cache or left over on a connection"
        case .knownAnswer:
            "the answer has the request id and the date of an earlier one: it is an old answer, from a cache or left"
                + " over on a connection"
        }
    }
}

/// The ids in the answers that this client has received, of attached jobs, and of the newest jobs of its journal.
///
/// A provider gives each answer a request id of its own, a refusal too. An answer that repeats an earlier request id together
/// with its date was made for another call: a submission that gets one has an unknown outcome, and a call that only reads is
/// repeated. The id alone proves nothing: a service that stands for the provider may give all answers the same one.
struct KnownAnswers {
    private var jobs = AnswerBook<Void>(capacity: 4_096)
    /// Two books: thousands of status answers must not displace the few answers to submissions.
    private var submissions = AnswerBook<FirstAnswer>(capacity: 4_096)
    private var reads = AnswerBook<FirstAnswer>(capacity: 256)

    mutating func note(job remoteID: String, of provider: String) { _ = jobs.add(remoteID, of: provider, ()) }

    /// Notes the request id of an answer. True if the answer is an earlier one that came again.
    mutating func isRepeated(_ id: String?, _ reply: HTTPReply, _ call: ProviderCall, at now: Int64) -> Bool {
        guard let id, !id.isEmpty else { return false }
        let answer = FirstAnswer(reply, at: now)
        let number = AnswerNumber(id, of: call.provider)
        let own: FirstAnswer?
        let others: FirstAnswer?
        if call.kind == .submit {
            own = submissions.add(number, answer)
            others = reads.first(number)
        } else {
            own = reads.add(number, answer)
            others = submissions.first(number)
        }
        return own?.isRepeated(by: answer) == true || others?.isRepeated(by: answer) == true
    }

    /// The answer to a call, if it belongs to this call; otherwise a failure after which nobody knows whether a submission
    /// was executed.
    mutating func believed(
        _ answer: Result<JobAnswer, CallFailure>, _ reply: HTTPReply, _ call: ProviderCall, at now: Int64,
        doing: @autoclosure () -> String
    ) -> Result<JobAnswer, CallFailure> {
        guard let strange = strangeness(of: answer, reply, call, at: now) else { return answer }
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

    /// The refusal of a call whose success is no answer about a job, such as an image's.
    mutating func believed(
        refusal failed: CallFailure, _ reply: HTTPReply, _ call: ProviderCall, at now: Int64,
        doing: @autoclosure () -> String
    ) -> CallFailure {
        guard let strange = strangeness(of: .failure(failed), reply, call, at: now) else { return failed }
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
        of answer: Result<JobAnswer, CallFailure>, _ reply: HTTPReply, _ call: ProviderCall, at now: Int64
    ) -> StrangeAnswer? {
        // All are noted, whatever the first is.
        let isOld: Bool
        var isNewJob = true
        switch answer {
        case .success(let job):
            isOld = isRepeated(job.requestID, reply, call, at: now)
            if call.kind == .submit, !job.remoteID.isEmpty {
                isNewJob = jobs.add(job.remoteID, of: call.provider, ()) == nil
            }
        case .failure(let failed): isOld = isRepeated(failed.failure.requestID, reply, call, at: now)
        }
        if let age = reply.headers["age"] { return .fromCache(age: age) }
        return !isNewJob ? .knownJob : isOld ? .knownAnswer : nil
    }
}
