/// The events of a job. Times are inputs of `JobMachine.handle`.
public enum JobEvent: Sendable {
    /// The first event: submits, or follows a job that was attached.
    case start
    /// The submission has a place on the wire: from now on its bytes may leave.
    case sending
    /// The submission was cut before its first byte could leave. An end comes next: nothing else may cut it.
    case unsent
    /// The submission was answered, or it failed and was provably or possibly not executed.
    case submitEnded(Result<JobAnswer, CallFailure>)
    /// A status call was answered, or failed.
    case pollEnded(Result<JobAnswer, CallFailure>)
    /// The timer that was asked for by `schedule`.
    case timer
    case deadline
    case cancel
    /// The client is closed.
    case close
    case refresh
    case setFollow(Bool)
    /// Another task of the account has ended, or a slot is free for another reason: a waiting submission may
    /// be tried at once.
    case slotFree
}

/// Actions for the engine. Their order matters.
public enum JobAction: Equatable, Sendable {
    /// Ask for a place for the submission (credentials, rate), then send `sending`.
    case submit
    /// Make one status call.
    case poll
    /// Wake the machine by `timer` at this monotonic instant; replaces an earlier one.
    case schedule(Int64)
    case unschedule
    /// A submission that has not been started, or a status call, is no longer wanted.
    case withdrawCall
    /// State, progress or the provider's words have changed.
    case changed
    /// The provider's id has become known.
    case accepted
    /// The status call of a refresh has ended; `changed` reports what the answer changed.
    case refreshed(Failure?)
    /// The job has ended. Exactly once.
    case ended(Failure?)
    /// Nothing more can happen: forget the machine. Exactly once, last.
    case finished
}

extension JobMachine {
    /// What the configuration says about tries and pauses.
    public struct Policy: Equatable, Sendable {
        public var retry: RetryPolicy
        public var polls: PollSchedule
        /// How long after its acceptance an unknown job is polled again: a provider's store can lag.
        public var notFoundGraceMilliseconds: Int64

        public init(
            retry: RetryPolicy = RetryPolicy(), polls: PollSchedule = PollSchedule(),
            notFoundGraceMilliseconds: Int64 = 30_000
        ) {
            self.retry = retry
            self.polls = polls
            self.notFoundGraceMilliseconds = notFoundGraceMilliseconds
        }
    }
}
