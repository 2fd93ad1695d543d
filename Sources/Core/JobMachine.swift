/// The life of one job: a value that turns events into actions. No clock, no I/O, no randomness of its own.
///
/// This file keeps the promise: after a failure, `submit` comes again only if the submission was provably not executed.
///
///     new ──start──▶ queued ──sending──▶ submitting ──submitEnded: accepted──▶ waiting
///                      ▲  ▲                  │ submitEnded: not executed
///      timer, slotFree│  └──── at once ─────┤
///                      └───── resting ◀──────┘
///
///     submitting ──unsent──▶ unsent, which only an end follows
///
///     waiting ──timer, refresh──▶ polling ──pollEnded: not done──▶ waiting
///     new (attached) ──start──▶ polling, or waiting if the job is not followed
///     new (read)     ──start──▶ polling
///
///     every phase ──an end──▶ ended ──▶ finished
///                             ended(awaitingAnswer) ──submitEnded──▶ finished
///
/// The names are those of Tests/fixtures/machines/job.txt, which lists every event in every phase.
public struct JobMachine: Sendable {
    private enum Origin: UInt8 {
        case submitted
        /// The provider already had the job: its age is unknown.
        case attached
        /// A call that only reads: it is its own status call, and its first answer ends the job.
        case read
    }

    private enum Phase: Equatable {
        case new
        /// The submission has asked for a place: a second request would be a second submission.
        case queued
        /// The submission waits for its next try.
        case resting
        /// The submission is on the wire.
        case submitting
        /// The submission was cut before its first byte could leave. An end comes next.
        case unsent
        /// Between two status calls, or not followed.
        case waiting
        /// A status call is under way; `refresh`: a caller waits for its answer.
        case polling(refresh: Bool)
        /// The end was reported. `awaitingAnswer`: the answer to the submission can still bring an id. The value is the
        /// reason of the end, whose words change with the answer.
        case ended(awaitingAnswer: Ending?)
        case finished
    }

    /// An end that does not come from the provider.
    private enum Ending: UInt8 {
        case cancel, close, deadline
    }

    /// The inputs beside an event.
    private struct Context {
        let now: Int64
        let policy: Policy
        let random: UInt64
    }

    private let origin: Origin
    private var phase = Phase.new
    public private(set) var follows: Bool
    /// Whether the newest failure of this kind was followed by a try at once; the next success resets it.
    private var clockWasRetried = false
    private var credentialsWereRetried = false
    /// Failed tries in a row: of the submission, and after its acceptance of status calls.
    private var failures: Int32 = 0
    /// When the newest answers came that called the job not done and done, in milliseconds since its acceptance.
    private var openAt: Int32 = 0
    private var doneAt: Int32 = -1
    private var acceptedAt: Int64 = 0
    private var images = ImageListing()
    /// The word of the newest answer for the state, if nobody here knows the word.
    private var unknownState = Rare<String>()

    public private(set) var state: JobState
    public private(set) var outcome: SubmitOutcome
    public private(set) var remoteID: String
    public private(set) var progress: Double = -1
    /// The newest answer; taken by the engine to fill the snapshot.
    public private(set) var answer: JobAnswer?
    /// Why the newest call failed, for the message of a deadline; after an end, the error with the newest outcome.
    @usableFromInline private(set) var trouble: Failure?
    /// Why a submission waits for its next try. Inlinable, so that no machine is copied for it.
    @inlinable public var waitReason: Failure? { state == .queued ? trouble : nil }
    /// The error of a job whose outcome became known after its end.
    public var correctedFailure: Failure? { hasEnded ? trouble : nil }

    /// A job to submit.
    public init(follows: Bool) {
        self.init(.submitted, follows: follows, .queued, .none)
    }

    /// A call by name that only reads: repeated through everything transient until the deadline.
    public static func read() -> JobMachine { JobMachine(.read, follows: true, .queued, .none) }

    /// A job that the provider already has.
    public init(attached remoteID: String, follows: Bool) {
        self.init(.attached, follows: follows, .pending, .accepted, remoteID: remoteID)
    }

    private init(
        _ origin: Origin, follows: Bool, _ state: JobState, _ outcome: SubmitOutcome, remoteID: String = ""
    ) {
        self.origin = origin
        self.follows = follows
        self.state = state
        self.outcome = outcome
        self.remoteID = remoteID
    }

    public mutating func handle(
        _ event: JobEvent, at now: Int64, policy: Policy, random: UInt64, into actions: inout [JobAction]
    ) {
        let context = Context(now: now, policy: policy, random: random)
        switch event {
        case .start: start(context, &actions)
        case .sending: sending(&actions)
        case .unsent: unsent()
        case .submitEnded(let result): submitEnded(result, context, &actions)
        case .pollEnded(let result): pollEnded(result, context, &actions)
        case .timer: timer(&actions)
        case .deadline: endHere(.deadline, &actions)
        case .cancel: endHere(.cancel, &actions)
        case .close: endHere(.close, &actions)
        case .refresh: refresh(&actions)
        case .setFollow(let on): setFollow(on, &actions)
        case .slotFree: slotFree(&actions)
        }
        if phase == .ended(awaitingAnswer: nil) {
            phase = .finished
            actions.append(.finished)
        }
    }

    /// Drops the newest answer after it was read.
    public mutating func forgetAnswer() { answer = nil }

    /// Two ages in milliseconds, between which a job that was followed from its acceptance has ended; nil if they are
    /// unknown.
    public var lifetime: (notDoneAt: Int64, doneAt: Int64)? {
        origin == .submitted && follows && doneAt >= 0 ? (Int64(openAt), Int64(doneAt)) : nil
    }

    /// Whether a refused submission waits for its next try.
    public var isResting: Bool { phase == .resting }

    /// When a job was accepted that is followed from then on; nil: it is not.
    public var followedSince: Int64? {
        origin == .submitted && follows && outcome == .accepted && !remoteID.isEmpty ? acceptedAt : nil
    }

    /// What the line of status calls has to know; `unixMilliseconds`: now.
    public func look(kind: Int32, unixMilliseconds: Int64) -> PollLook {
        var isUrgent = phase == .polling(refresh: true)
        if images.endAt > 0, images.endAt.subtracting(unixMilliseconds) < Self.imagesEndSoon { isUrgent = true }
        guard origin == .submitted else {
            // Of unknown age: as if nobody had looked for a while, so that jobs that may have ended come first.
            return PollLook(acceptedAt: acceptedAt.adding(-Self.unseenBefore), openAt: openAt, isUrgent: isUrgent)
        }
        return PollLook(acceptedAt: acceptedAt, openAt: openAt, kind: kind, isUrgent: isUrgent)
    }

    private static let imagesEndSoon: Int64 = 1_800_000
    private static let unseenBefore: Int64 = 30_000_000_000

    /// The class of the age at which a job that is followed from its acceptance on was last seen open; -1: none.
    public var openClass: Int8 {
        guard followedSince != nil, !state.isTerminal, openAt > 0 else { return -1 }
        return Int8(clamping: PollAges.index(of: Int64(openAt)))
    }

    /// Whether the provider has said that the job is over, well or not.
    public var isDoneAtProvider: Bool { doneAt >= 0 }

    private var hasEnded: Bool {
        switch phase {
        case .ended, .finished: true
        case .new, .queued, .resting, .submitting, .unsent, .waiting, .polling: false
        }
    }

    // MARK: - Submission

    private mutating func start(_ context: Context, _ actions: inout [JobAction]) {
        guard phase == .new else { return }
        switch origin {
        case .submitted:
            phase = .queued
            actions.append(.submit)
        case .attached:
            acceptedAt = context.now
            phase = .waiting
            if follows { poll(&actions) }
        case .read:
            acceptedAt = context.now
            state = .running
            actions.append(.changed)
            poll(&actions)
        }
    }

    private mutating func sending(_ actions: inout [JobAction]) {
        guard phase == .queued else { return }
        phase = .submitting
        state = .submitting
        outcome = .unknown
        actions.append(.changed)
    }

    /// Shows nothing: callers see the outcome together with the end.
    private mutating func unsent() {
        guard phase == .submitting else { return }
        phase = .unsent
        outcome = .notSent
    }

    private mutating func submitEnded(
        _ result: Result<JobAnswer, CallFailure>, _ context: Context, _ actions: inout [JobAction]
    ) {
        switch phase {
        case .queued, .submitting:
            switch result {
            case .success(let answer): accepted(answer, context, &actions)
            case .failure(let failed): submitFailed(failed, context, &actions)
            }
        case .ended(awaitingAnswer: let ending?):
            phase = .ended(awaitingAnswer: nil)
            answeredLate(result, ending, &actions)
        case .new, .resting, .unsent, .waiting, .polling, .ended, .finished: break
        }
    }

    private mutating func accepted(_ answer: JobAnswer, _ context: Context, _ actions: inout [JobAction]) {
        outcome = .accepted
        remoteID = answer.remoteID
        acceptedAt = context.now
        phase = .waiting
        // What a retry has put right for the submission may go wrong once more for the calls that follow.
        clockWasRetried = false
        credentialsWereRetried = false
        failures = 0
        trouble = nil
        // A call by name has no id, and ends with this answer.
        if !answer.remoteID.isEmpty { actions.append(.accepted) }
        apply(answer, context, &actions)
    }

    /// The answer came after a cancel or the deadline: its id must not be lost.
    private mutating func answeredLate(
        _ result: Result<JobAnswer, CallFailure>, _ ending: Ending, _ actions: inout [JobAction]
    ) {
        switch result {
        case .success(let answer):
            outcome = .accepted
            remoteID = answer.remoteID
            self.answer = answer
            correct(failure(of: ending))
            actions.append(answer.remoteID.isEmpty ? .changed : .accepted)
        case .failure(let failed):
            guard !Self.leavesDoubt(failed.kind) else { return }
            outcome = .notSent
            correct(failure(of: ending, refused: failed.failure))
            actions.append(.changed)
        }
    }

    /// Whether a submission that failed so may have been executed.
    private static func leavesDoubt(_ kind: FailureKind) -> Bool {
        switch kind {
        case .transient, .unreadable: true
        case .notSent, .unsigned, .refused, .throttled, .concurrencyLimit, .clockSkew, .staleCredentials, .notFound,
            .expired, .local:
            false
        }
    }

    private mutating func submitFailed(_ failed: CallFailure, _ context: Context, _ actions: inout [JobAction]) {
        if Self.leavesDoubt(failed.kind) {
            // The submission left, and the answer does not give its outcome. Never send it again.
            outcome = .unknown
            var failure = failed.failure
            failure.status = .outcomeUnknown
            failure.isRetryable = false
            failure.message =
                "Submission outcome unknown, it may run and be billed, and is not sent again: " + failure.message
            end(.unknown, failure, &actions)
            return
        }
        let policy = context.policy.retry
        var mayRetry = policy.allowsAnother(after: Int(failures) + 1)
        var delay = policy.pause(after: failed, attempt: Int(failures), random: context.random)
        switch failed.kind {
        case .notSent, .throttled, .transient, .unreadable: break
        case .concurrencyLimit:
            delay = max(
                RetryPolicy.pauseForASlot(random: context.random).adding(max(0, failed.restMilliseconds)),
                min(failed.failure.retryAfterMilliseconds, RetryPolicy.longestRetryAfterMilliseconds))
        case .clockSkew:
            mayRetry = !clockWasRetried
            clockWasRetried = true
            delay = 0
        case .staleCredentials:
            mayRetry = !credentialsWereRetried
            credentialsWereRetried = true
            delay = 0
        case .unsigned, .refused, .notFound, .expired, .local:
            mayRetry = false
        }
        outcome = .notSent
        guard mayRetry else {
            end(.failed, failed.failure, &actions)
            return
        }
        trouble = failed.failure
        failures = min(failures, 1_000_000) + 1
        state = .queued
        actions.append(.changed)
        if delay == 0 {
            phase = .queued
            actions.append(.submit)
        } else {
            phase = .resting
            schedule(after: delay, context, &actions)
        }
    }

    private mutating func slotFree(_ actions: inout [JobAction]) {
        guard phase == .resting else { return }
        actions.append(.unschedule)
        phase = .queued
        actions.append(.submit)
    }

    // MARK: - Following

    private mutating func poll(refresh: Bool = false, _ actions: inout [JobAction]) {
        phase = .polling(refresh: refresh)
        actions.append(.poll)
    }

    private mutating func timer(_ actions: inout [JobAction]) {
        switch phase {
        case .resting:
            phase = .queued
            actions.append(.submit)
        case .waiting: if follows { poll(&actions) }
        case .new, .queued, .submitting, .unsent, .polling, .ended, .finished: break
        }
    }

    private mutating func pollEnded(
        _ result: Result<JobAnswer, CallFailure>, _ context: Context, _ actions: inout [JobAction]
    ) {
        guard case .polling(let wasRefresh) = phase else { return }
        phase = .waiting
        switch result {
        case .success(let answer):
            failures = 0
            clockWasRetried = false
            credentialsWereRetried = false
            trouble = nil
            apply(answer, context, &actions, telling: wasRefresh ? .refreshed(nil) : nil)
        case .failure(let failed):
            if wasRefresh { actions.append(.refreshed(failed.failure)) }
            pollFailed(failed, wasRefresh, context, &actions)
        }
    }

    private mutating func pollFailed(
        _ failed: CallFailure, _ wasRefresh: Bool, _ context: Context, _ actions: inout [JobAction]
    ) {
        trouble = failed.failure
        let policy = context.policy
        var delay = policy.retry.pause(after: failed, attempt: Int(failures), random: context.random)
        delay = max(delay, min(policy.polls.initialMilliseconds, 100))
        var ends = false
        switch failed.kind {
        case .notSent, .throttled, .concurrencyLimit, .transient, .unreadable:
            break
        case .unsigned, .local:
            // The provider has said nothing: an accepted job waits until this machine works again.
            ends = origin == .read
        case .clockSkew:
            ends = clockWasRetried
            if !clockWasRetried { delay = 0 }
            clockWasRetried = true
        case .staleCredentials:
            ends = credentialsWereRetried
            if !credentialsWereRetried { delay = 0 }
            credentialsWereRetried = true
        case .notFound:
            let age = context.now.subtracting(acceptedAt)
            ends = origin == .read || age > .nanoseconds(milliseconds: policy.notFoundGraceMilliseconds)
        case .refused, .expired:
            ends = true
        }
        if ends && !wasRefresh {
            end(.failed, failed.failure, &actions)
        } else if follows {
            if failures < 1_000 { failures += 1 }
            schedule(after: delay, context, &actions)
        }
    }

    private mutating func apply(
        _ answer: JobAnswer, _ context: Context, _ actions: inout [JobAction], telling: JobAction? = nil
    ) {
        let answer = images.withEarliestEnd(answer)
        self.answer = answer
        unknownState.value = answer.stateIsUnknown ? answer.providerState : nil
        let elapsed = context.now.subtracting(acceptedAt) / 1_000_000
        if let progress = answer.progress { self.progress = min(1, max(0, progress)) }
        switch answer.state {
        case .pending, .running:
            state = answer.state == .pending ? .pending : .running
            actions.append(telling ?? .changed)
            openAt = Int32(clamping: elapsed)
            if let failure = images.givesUp(after: answer, at: context.now, polls: context.policy.polls) {
                end(.failed, failure, &actions)
            } else if follows {
                let pause = context.policy.polls.pause(
                    sinceAcceptedMilliseconds: elapsed, random: context.random, startIsKnown: origin == .submitted)
                schedule(after: pause, context, &actions)
            }
        case .succeeded:
            progress = 1
            doneAt = Int32(clamping: elapsed)
            if let telling { actions.append(telling) }
            end(.succeeded, nil, &actions)
        case .failed(let failure):
            doneAt = Int32(clamping: elapsed)
            if let telling { actions.append(telling) }
            end(.failed, failure, &actions)
        }
    }

    private func schedule(after milliseconds: Int64, _ context: Context, _ actions: inout [JobAction]) {
        actions.append(.schedule(context.now.adding(.nanoseconds(milliseconds: milliseconds))))
    }

    private mutating func refresh(_ actions: inout [JobAction]) {
        switch phase {
        case .waiting:
            actions.append(.unschedule)
            poll(refresh: true, &actions)
        case .polling:
            phase = .polling(refresh: true)  // the call that is under way answers the refresh
        case .new, .queued, .resting, .submitting, .unsent, .ended, .finished:
            actions.append(.refreshed(Failure(.wrongState, "Job cannot be refreshed: it has ended or has no id yet")))
        }
    }

    private mutating func setFollow(_ on: Bool, _ actions: inout [JobAction]) {
        guard on != follows, origin != .read else { return }
        follows = on
        if phase == .waiting {
            if on { poll(&actions) } else { actions.append(.unschedule) }
        }
    }

    // MARK: - The end

    /// An answer that is under way can still bring an id.
    private mutating func endHere(_ ending: Ending, _ actions: inout [JobAction]) {
        end(
            ending == .deadline ? .failed : .cancelled, failure(of: ending),
            awaitingAnswer: phase == .submitting ? ending : nil, &actions)
    }

    /// Before the deadline of a job whose call has not left: why, where no try has failed.
    public mutating func waited(for reason: Failure) { if trouble == nil { trouble = reason } }

    /// `refused`: why the submission failed, if that became known only after the end.
    private func failure(of ending: Ending, refused: Failure? = nil) -> Failure {
        let left = refused.map { "; its submission was not executed: " + $0.message } ?? whatIsLeft
        switch ending {
        case .cancel: return Failure(.cancelled, "Job ended here by a cancel" + left)
        case .close: return Failure(.cancelled, "Job ended here because the client was closed" + left)
        case .deadline:
            var text = "Job deadline passed before it ended" + left
            if let newest = trouble {
                text += "; the newest \(newestCall) failed: " + newest.message
            }
            return Failure(.deadline, text, isRetryable: outcome == .accepted)
        }
    }

    private mutating func correct(_ failure: Failure) {
        var failure = failure
        failure.outcome = outcome
        trouble = failure
    }

    private var newestCall: StaticString { outcome == .accepted ? "status call" : "try" }

    /// What remains of a job after its end in this process, for its message.
    private var whatIsLeft: String {
        switch outcome {
        case .accepted:
            guard let word = unknownState.value else {
                return "; the provider keeps working on it and its token stays valid"
            }
            return "; the provider calls its state \"\(word)\", which this library does not know, so that the job may"
                + " have ended; its token stays valid"
        case .unknown: return " while its submission was on the wire; its id appears if the answer still comes"
        case .none where origin == .read: return ""
        case .notSent where phase == .unsent: return "; its connection was still being made, and it had not been sent"
        case .none, .notSent: return "; it had not been sent"
        }
    }

    private mutating func end(
        _ final: JobState, _ failure: Failure?, awaitingAnswer: Ending? = nil, _ actions: inout [JobAction]
    ) {
        guard !hasEnded else { return }
        if outcome == .none, origin != .read { outcome = .notSent }
        var isRefresh = false
        if case .polling(let refresh) = phase { isRefresh = refresh }
        switch phase {
        case .queued, .polling: actions.append(.withdrawCall)
        case .new, .resting, .submitting, .unsent, .waiting, .ended, .finished: break
        }
        actions.append(.unschedule)
        if isRefresh { actions.append(.refreshed(failure)) }
        phase = .ended(awaitingAnswer: awaitingAnswer)
        trouble = nil
        state = final
        var failure = failure
        failure?.outcome = outcome
        actions.append(.ended(failure))
    }
}
