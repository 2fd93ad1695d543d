/// What went wrong, in the form that the caller sees as `aigc_error`. Immutable once handed out; never holds a secret.
public struct Failure: Error, Equatable, Sendable {
    public var status: Status
    /// One line: what was being done, what went wrong, what would be right.
    public var message: String
    /// The provider's own code: an open set, never an enum.
    public var providerCode: String?
    /// The provider's own words, redacted.
    public var providerMessage: String?
    public var requestID: String?
    /// 0 when no answer came.
    public var httpStatus: Int
    public var isRetryable: Bool
    /// What the provider asked to wait, clamped; 0 when it did not say.
    public var retryAfterMilliseconds: Int64
    public var outcome: SubmitOutcome
    /// The request field or configuration key at fault.
    public var field: String?

    public init(
        _ status: Status, _ message: String, providerCode: String? = nil, providerMessage: String? = nil,
        requestID: String? = nil, httpStatus: Int = 0, isRetryable: Bool = false, retryAfterMilliseconds: Int64 = 0,
        outcome: SubmitOutcome = .none, field: String? = nil
    ) {
        self.status = status
        self.message = message
        self.providerCode = providerCode
        self.providerMessage = providerMessage
        self.requestID = requestID
        self.httpStatus = httpStatus
        self.isRetryable = isRetryable
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.outcome = outcome
        self.field = field
    }
}

extension Failure {
    /// The same, with what finds the job again whose image it is about: the job is paid, whatever happens to a file.
    public func about(_ job: JobReference) -> Failure {
        guard let token = TokenText.encode(job) else { return self }
        var copy = self
        copy.message += "; the job is " + token
        return copy
    }
}

/// What a failed call means for the next step. Providers and transports say it; machines act on it.
public enum FailureKind: Equatable, Sendable {
    /// The request provably never left this machine.
    case notSent
    /// The request could not be signed: no credentials, or none that can be used. It provably never left this machine. A new
    /// submission fails for it; what the provider has accepted waits for better credentials.
    case unsigned
    /// A well-formed refusal that the same request would get again. Nothing was executed.
    case refused
    /// A well-formed "too many requests". Nothing was executed.
    case throttled
    /// A well-formed "too many tasks at once" to a submission. Nothing was executed. The rate of calls is fine: there is
    /// room again when another task of the account ends, which can take minutes.
    case concurrencyLimit
    /// A well-formed "your clock is off". Nothing was executed; `Date` of the answer tells by how much.
    case clockSkew
    /// A well-formed "your security token has expired". Nothing was executed; new credentials may help once.
    case staleCredentials
    /// The provider does not know the id (yet, or any more).
    case notFound
    /// The URL or the asset has run out.
    case expired
    /// A server-side fault or a lost answer: a read can be repeated, a submission may have been executed.
    case transient
    /// Not what this provider sends (HTML, garbage, cut): as `transient`, named apart for the message.
    case unreadable
    /// Something on this machine (disk, descriptors, refused address) that a repetition does not fix.
    case local
}

/// A failed call: what the caller is told and what the machine does about it.
public struct CallFailure: Error, Equatable, Sendable {
    public var kind: FailureKind
    public var failure: Failure
    /// The provider's clock at the answer, in Unix seconds, from its `Date` header.
    public var serverUnixSeconds: Int64?
    /// A rest that this machine adds by itself, because the endpoint is sick; the provider did not ask for it.
    public var restMilliseconds: Int64 = 0
    /// What came, bounded, where it is worth to be looked at; empty otherwise.
    public var response: [UInt8] = []
    /// The id of a job that an answer names which cannot be believed, as it may be shown.
    public var namedJob: String?

    /// Before the next try at the earliest.
    public var pauseMilliseconds: Int64 { max(restMilliseconds, failure.retryAfterMilliseconds) }

    public init(_ kind: FailureKind, _ failure: Failure, serverUnixSeconds: Int64? = nil) {
        self.kind = kind
        self.failure = failure
        self.serverUnixSeconds = serverUnixSeconds
    }
}
