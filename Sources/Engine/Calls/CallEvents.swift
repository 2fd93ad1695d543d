internal import Core

/// An instant: monotonic nanoseconds for pauses and rates, and the wall clock for the end of credentials.
struct Instant {
    let monotonic: Int64
    let unixMilliseconds: Int64
}

extension Clock {
    var instant: Instant { Instant(monotonic: nanoseconds(), unixMilliseconds: unixMilliseconds()) }
}

/// The number of one call, and the owner of the call. The scheduler only hands the owner back.
struct Ticket {
    let id: UInt64
    let owner: CallOwner
}

/// The events of `CallScheduler`. Large and rare values are kept apart, because every call moves events and actions.
enum CallEvent {
    /// A call asks to leave. `expiresAtMilliseconds`: when the URL of a plain download ends (Unix); 0 is unknown.
    case enter(Ticket, CallLane, expiresAtMilliseconds: Int64)
    /// The call is no longer wanted. A submission on the wire stays: its answer may hold an id.
    case withdraw(UInt64)
    /// The host waits for this status call.
    case hurry(UInt64)
    /// Credentials of a provider were found, were not found, or were given by the host.
    indirect case credentials(String, CredentialNews)
    /// The journal has recorded the intent of a submission (nil), or has failed.
    case recorded(UInt64, Failure?)
    /// What was to be recorded waits for its host first.
    case held(UInt64)
    /// The host lets it leave.
    case released(UInt64)
    /// The call has left the wire, or could not be put onto it.
    case left(UInt64, CallVerdict)
    /// Time has passed, or a place may be free.
    case tick
}

enum CredentialNews {
    case found(Result<Credentials, Failure>, aheadMilliseconds: Int64)
    case given(Credentials)
}

/// The effect of an answer on later calls.
enum CallVerdict {
    case nothing
    case throttled(retryAfterMilliseconds: Int64)
    /// The provider says that these credentials have ended.
    case staleCredentials(Credentials)
}

/// The actions of `CallScheduler`, in this order.
enum CallAction {
    /// Look for credentials of a provider, once; the answer comes back as `credentials`.
    case resolve(String)
    /// Ask the host for new credentials of a provider.
    case askHost(String)
    /// Record that this submission is about to leave; the answer comes back as `recorded`, or as `held`.
    case record(Ticket)
    /// Put the call onto the wire. A plain URL has no credentials.
    case send(Ticket, CallLane, Credentials?)
    /// The call ended before the wire.
    indirect case refuse(Ticket, CallLane, CallFailure)
    /// End the transfer: the call is no longer wanted.
    case cut(Ticket)
    /// Calls wait for the end of a long pause that the provider has asked for: another client may have been told so.
    case rest(CallLane, milliseconds: Int64)
    /// Send `tick` at this monotonic instant; replaces an earlier one; `.max` is never.
    case wake(at: Int64)
}
