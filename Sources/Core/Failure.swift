/// A failure, which the caller sees as `aigc_error`. Immutable once handed out; never holds a secret.
public struct Failure: Error, Equatable, Sendable {
    private struct Parts: Equatable, Sendable {
        var status: Status
        var message: String
        var providerCode: String?
        var providerMessage: String?
        var requestID: String?
        var httpStatus: Int
        var isRetryable: Bool
        var retryAfterMilliseconds: Int64
        var outcome: SubmitOutcome
        var field: String?
    }

    /// Kept apart: hardly any call fails, and what may hold a failure is passed on often.
    private var parts: Apart<Parts>

    public var status: Status {
        get { parts.value.status }
        set { parts.value.status = newValue }
    }
    /// One line: what the library was doing, what went wrong, what would be right.
    public var message: String {
        get { parts.value.message }
        set { parts.value.message = newValue }
    }
    /// The provider's own code: an open set, never an enum.
    public var providerCode: String? {
        get { parts.value.providerCode }
        set { parts.value.providerCode = newValue }
    }
    /// The provider's own words, redacted.
    public var providerMessage: String? {
        get { parts.value.providerMessage }
        set { parts.value.providerMessage = newValue }
    }
    public var requestID: String? {
        get { parts.value.requestID }
        set { parts.value.requestID = newValue }
    }
    /// 0 when no answer came.
    public var httpStatus: Int {
        get { parts.value.httpStatus }
        set { parts.value.httpStatus = newValue }
    }
    public var isRetryable: Bool {
        get { parts.value.isRetryable }
        set { parts.value.isRetryable = newValue }
    }
    /// The pause that the provider asked for, clamped; 0 when it asked for none.
    public var retryAfterMilliseconds: Int64 {
        get { parts.value.retryAfterMilliseconds }
        set { parts.value.retryAfterMilliseconds = newValue }
    }
    public var outcome: SubmitOutcome {
        get { parts.value.outcome }
        set { parts.value.outcome = newValue }
    }
    /// The request field or configuration key at fault.
    public var field: String? {
        get { parts.value.field }
        set { parts.value.field = newValue }
    }

    public init(
        _ status: Status, _ message: String, providerCode: String? = nil, providerMessage: String? = nil,
        requestID: String? = nil, httpStatus: Int = 0, isRetryable: Bool = false, retryAfterMilliseconds: Int64 = 0,
        outcome: SubmitOutcome = .none, field: String? = nil
    ) {
        parts = Apart(
            Parts(
                status: status, message: message, providerCode: providerCode, providerMessage: providerMessage,
                requestID: requestID, httpStatus: httpStatus, isRetryable: isRetryable,
                retryAfterMilliseconds: retryAfterMilliseconds, outcome: outcome, field: field))
    }
}

extension Failure: CustomStringConvertible {
    public var description: String { "\(status): \(message)" }
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

/// The meaning of a failed call for the next step. Providers and transports decide it; machines act on it.
public enum FailureKind: Equatable, Sendable {
    /// The request provably never left this machine.
    case notSent
    /// The request could not be signed: no credentials, or none that can be used. It provably never left this machine. A new
    /// submission fails; an accepted job waits for better credentials.
    case unsigned
    /// A well-formed refusal that the same request would get again. Nothing was executed.
    case refused
    /// A well-formed "too many requests". Nothing was executed.
    case throttled
    /// A well-formed "too many tasks at once" to a submission. Nothing was executed. The rate of calls is fine: there is
    /// room again when another task of the account ends, which can take minutes.
    case concurrencyLimit
    /// A well-formed "your clock is off". Nothing was executed; `Date` of the answer gives the difference.
    case clockSkew
    /// A well-formed "your security token has expired". Nothing was executed; new credentials may help once.
    case staleCredentials
    /// The provider does not know the id (yet, or any more).
    case notFound
    /// The URL or the asset has run out.
    case expired
    /// A server-side fault or a lost answer: a read can be repeated, a submission may have been executed.
    case transient
    /// An answer that this provider does not send (HTML, garbage, a cut answer): as `transient`, with another message.
    case unreadable
    /// Something on this machine (disk, descriptors, refused address) that a repetition does not fix.
    case local
}

/// A failed call: the failure for the caller, and its meaning for the machine.
public struct CallFailure: Error, Equatable, Sendable {
    public var kind: FailureKind
    public var failure: Failure
    /// The provider's clock at the answer, in Unix seconds, from its `Date` header.
    public var serverUnixSeconds: Int64?
    /// A pause that the library adds because the endpoint fails; the provider did not ask for it.
    public var restMilliseconds: Int64 = 0
    /// The answer, cut to a bound, if it helps a person; empty otherwise.
    public var response: [UInt8] = []
    /// The job id in an answer that cannot be trusted, in a form that may be shown.
    public var namedJob: String?

    /// The shortest pause before the next try.
    public var pauseMilliseconds: Int64 { max(restMilliseconds, failure.retryAfterMilliseconds) }

    public init(_ kind: FailureKind, _ failure: Failure, serverUnixSeconds: Int64? = nil) {
        self.kind = kind
        self.failure = failure
        self.serverUnixSeconds = serverUnixSeconds
    }
}
