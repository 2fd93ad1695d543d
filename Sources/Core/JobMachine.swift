/// The life of one job: a value that turns events into actions. No clock, no I/O, no randomness of its own.
///
/// The promise lives here: `submit` is asked for again only after a failure of which it is sure that nothing was executed.
public struct JobMachine: Sendable {
    private enum Phase: Equatable {
        case new
        /// Asked for a place: a second asking would be a second submission.
        case queued
        /// Waiting for its next try.
        case resting
        case submitting
        /// Between two status calls, or not followed.
        case waiting
        case polling
        case ended
    }

    /// A call that only reads: it is its own status call, and the first answer ends it.
    private let isRead: Bool
    private var phase = Phase.new
    private var submissionInFlight = false
    public private(set) var follows: Bool
    private var refreshPending = false
    private var clockMended = false
    private var credentialsMended = false
    private var finishedSent = false
    private var failedSubmits: Int32 = 0
    private var failedPolls: Int32 = 0
    /// When the newest answers came that called the job not done and done, in milliseconds since its acceptance.
    private var openAt: Int32 = 0
    private var doneAt: Int32 = -1
    private var acceptedAt: Int64 = 0
    private var images = ImageListing()
    /// Since when is known only of a job that was submitted here. (Small things beside each other: a job is small.)
    private let startIsKnown: Bool

    public private(set) var state: JobState
    public private(set) var outcome: SubmitOutcome
    public private(set) var remoteID: String
    public private(set) var progress: Double = -1
    /// The newest answer; taken by the engine to fill the snapshot.
    public var answer: JobAnswer? { newest.value }
    private var newest = Rare<JobAnswer>()
    /// Why the newest status call failed, for the message of a deadline.
    private var trouble = Rare<Failure>()

    /// A job to submit.
    public init(follows: Bool) {
        self.follows = follows
        isRead = false
        startIsKnown = true
        state = .queued
        outcome = .none
        remoteID = ""
    }

    /// A call by name that only reads: repeated through everything transient until the deadline.
    public static func read() -> JobMachine { JobMachine(read: ()) }

    private init(read: Void) {
        follows = true
        isRead = true
        startIsKnown = false
        state = .queued
        outcome = .none
        remoteID = ""
    }

    /// A job that the provider already has.
    public init(attached remoteID: String, follows: Bool) {
        self.follows = follows
        self.remoteID = remoteID
        isRead = false
        startIsKnown = false
        state = .pending
        outcome = .accepted
    }

    public mutating func handle(
        _ event: JobEvent, at now: Int64, policy: Policy, random: UInt64, into actions: inout [JobAction]
    ) {
        switch event {
        case .start: start(at: now, into: &actions)
        case .sending: sending(into: &actions)
        case .submitEnded(let result): submitEnded(result, now, policy, random, &actions)
        case .pollEnded(let result): pollEnded(result, now, policy, random, &actions)
        case .timer: timer(into: &actions)
        case .deadline: end(.failed, deadlineFailure(), &actions)
        case .cancel:
            end(.cancelled, Failure(.cancelled, "Job ended here by a cancel" + goesOn), &actions)
        case .close:
            end(.cancelled, Failure(.cancelled, "Job ended here because the client was closed" + goesOn), &actions)
        case .refresh: refresh(into: &actions)
        case .setFollow(let on): setFollow(on, now, policy, random, &actions)
        }
        finishIfIdle(&actions)
    }

    /// Lets go of the newest answer once it has been read.
    public mutating func forgetAnswer() { newest.value = nil }

    /// Between which ages, in milliseconds, a job that was followed from its acceptance has ended; nil if that cannot be
    /// said.
    public var lifetime: (notDoneAt: Int64, doneAt: Int64)? {
        startIsKnown && follows && doneAt >= 0 ? (Int64(openAt), Int64(doneAt)) : nil
    }

    /// Whether the provider has said that the job is over, well or not.
    public var isDoneAtProvider: Bool { doneAt >= 0 }

    /// Whether a refresh makes sense now.
    public var canRefresh: Bool { phase == .waiting || phase == .polling }

    // MARK: - Submission

    private mutating func start(at now: Int64, into actions: inout [JobAction]) {
        guard phase == .new else { return }
        if isRead {
            acceptedAt = now
            state = .running
            actions.append(.changed)
            poll(&actions)
        } else if remoteID.isEmpty {
            phase = .queued
            actions.append(.submit)
        } else {
            acceptedAt = now
            phase = .waiting
            if follows { poll(&actions) }
        }
    }

    private mutating func sending(into actions: inout [JobAction]) {
        guard phase == .queued else { return }
        phase = .submitting
        submissionInFlight = true
        state = .submitting
        outcome = .unknown
        actions.append(.changed)
    }

    private mutating func submitEnded(
        _ result: Result<JobAnswer, CallFailure>, _ now: Int64, _ policy: Policy, _ random: UInt64,
        _ actions: inout [JobAction]
    ) {
        guard phase == .submitting || submissionInFlight || phase == .queued else { return }
        submissionInFlight = false
        switch result {
        case .success(let answer):
            outcome = .accepted
            remoteID = answer.remoteID
            acceptedAt = now
            if phase == .ended {
                // The answer came after a cancel or the deadline: the id is what must not be lost.
                newest.value = answer
                actions.append(answer.remoteID.isEmpty ? .changed : .accepted)
                return
            }
            phase = .waiting
            // What was mended for the submission may go wrong once more for the calls that follow.
            clockMended = false
            credentialsMended = false
            // A call by name has no id, and ends with this answer.
            if !answer.remoteID.isEmpty { actions.append(.accepted) }
            apply(answer, now, policy, random, &actions)
        case .failure(let failed):
            submitFailed(failed, now, policy, random, &actions)
        }
    }

    private mutating func submitFailed(
        _ failed: CallFailure, _ now: Int64, _ policy: Policy, _ random: UInt64, _ actions: inout [JobAction]
    ) {
        var mayRetry = Int(failedSubmits) + 1 < policy.retry.maximumAttempts
        var delay = policy.retry.backoff.delay(
            attempt: Int(failedSubmits), atLeast: failed.pauseMilliseconds, random: random)
        switch failed.kind {
        case .transient, .unreadable:
            // It left, and what came back does not say what became of it. Never again.
            outcome = .unknown
            if phase == .ended { return }
            var failure = failed.failure
            failure.status = .outcomeUnknown
            failure.isRetryable = false
            failure.message =
                "Submission outcome unknown, it may run and be billed, and is not sent again: " + failure.message
            end(.unknown, failure, &actions)
            return
        case .notSent, .throttled, .concurrencyLimit:
            break
        case .clockSkew:
            mayRetry = !clockMended
            clockMended = true
            delay = 0
        case .staleCredentials:
            mayRetry = !credentialsMended
            credentialsMended = true
            delay = 0
        case .refused, .notFound, .expired, .local:
            mayRetry = false
        }
        outcome = .notSent
        if phase == .ended {
            actions.append(.changed)
            return
        }
        guard mayRetry else {
            end(.failed, failed.failure, &actions)
            return
        }
        failedSubmits += 1
        state = .queued
        actions.append(.changed)
        if delay == 0 {
            phase = .queued
            actions.append(.submit)
        } else {
            phase = .resting
            actions.append(.schedule(now.adding(.nanoseconds(milliseconds: delay))))
        }
    }

    // MARK: - Following

    private mutating func poll(_ actions: inout [JobAction]) {
        phase = .polling
        actions.append(.poll)
    }

    private mutating func timer(into actions: inout [JobAction]) {
        switch phase {
        case .resting:
            phase = .queued
            actions.append(.submit)
        case .waiting: if follows { poll(&actions) }
        case .new, .queued, .submitting, .polling, .ended: break
        }
    }

    private mutating func pollEnded(
        _ result: Result<JobAnswer, CallFailure>, _ now: Int64, _ policy: Policy, _ random: UInt64,
        _ actions: inout [JobAction]
    ) {
        guard phase == .polling else { return }
        phase = .waiting
        let wasRefresh = refreshPending
        refreshPending = false
        switch result {
        case .success(let answer):
            failedPolls = 0
            clockMended = false
            credentialsMended = false
            trouble.value = nil
            apply(answer, now, policy, random, &actions, telling: wasRefresh ? .refreshed(nil) : nil)
        case .failure(let failed):
            if wasRefresh { actions.append(.refreshed(failed.failure)) }
            pollFailed(failed, wasRefresh, now, policy, random, &actions)
        }
    }

    private mutating func pollFailed(
        _ failed: CallFailure, _ wasRefresh: Bool, _ now: Int64, _ policy: Policy, _ random: UInt64,
        _ actions: inout [JobAction]
    ) {
        trouble.value = failed.failure
        var delay = policy.retry.backoff.delay(
            attempt: Int(failedPolls), atLeast: failed.pauseMilliseconds, random: random)
        delay = max(delay, min(policy.polls.initialMilliseconds, 100))
        var ends = false
        switch failed.kind {
        case .notSent, .throttled, .concurrencyLimit, .transient, .unreadable:
            break
        case .local:
            ends = isRead
        case .clockSkew:
            ends = clockMended
            if !clockMended { delay = 0 }
            clockMended = true
        case .staleCredentials:
            ends = credentialsMended
            if !credentialsMended { delay = 0 }
            credentialsMended = true
        case .notFound:
            ends = isRead || now.subtracting(acceptedAt) > .nanoseconds(milliseconds: policy.notFoundGraceMilliseconds)
        case .refused, .expired:
            ends = true
        }
        if ends && !wasRefresh {
            end(.failed, failed.failure, &actions)
        } else if follows {
            if failedPolls < 1_000 { failedPolls += 1 }
            schedulePoll(after: delay, now, &actions)
        }
    }

    private mutating func apply(
        _ answer: JobAnswer, _ now: Int64, _ policy: Policy, _ random: UInt64, _ actions: inout [JobAction],
        telling: JobAction? = nil
    ) {
        let answer = images.withEarliestEnd(answer)
        newest.value = answer
        let elapsed = now.subtracting(acceptedAt) / 1_000_000
        if let progress = answer.progress { self.progress = min(1, max(0, progress)) }
        switch answer.state {
        case .pending, .running:
            state = answer.state == .pending ? .pending : .running
            actions.append(telling ?? .changed)
            openAt = Int32(clamping: elapsed)
            if let failure = images.givesUp(after: answer, at: now, polls: policy.polls) {
                end(.failed, failure, &actions)
            } else if follows {
                let pause = policy.polls.pause(
                    sinceAcceptedMilliseconds: elapsed, random: random, startIsKnown: startIsKnown)
                schedulePoll(after: pause, now, &actions)
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

    private func schedulePoll(after milliseconds: Int64, _ now: Int64, _ actions: inout [JobAction]) {
        actions.append(.schedule(now.adding(.nanoseconds(milliseconds: milliseconds))))
    }

    private mutating func refresh(into actions: inout [JobAction]) {
        switch phase {
        case .waiting:
            refreshPending = true
            actions.append(.unschedule)
            poll(&actions)
        case .polling:
            refreshPending = true  // the call that is under way answers it
        case .new, .queued, .resting, .submitting, .ended:
            actions.append(.refreshed(Failure(.wrongState, "Job cannot be refreshed: it has ended or has no id yet")))
        }
    }

    private mutating func setFollow(
        _ on: Bool, _ now: Int64, _ policy: Policy, _ random: UInt64, _ actions: inout [JobAction]
    ) {
        guard on != follows, !isRead else { return }
        follows = on
        if phase == .waiting {
            if on { poll(&actions) } else { actions.append(.unschedule) }
        }
    }

    // MARK: - The end

    private var goesOn: String {
        switch outcome {
        case .accepted: return "; the provider goes on with it and its token stays valid"
        case .unknown: return " while its submission was on the wire; its id appears if the answer still comes"
        case .none where isRead: return ""
        case .none, .notSent: return "; it had not been sent"
        }
    }

    private func deadlineFailure() -> Failure {
        var text = "Job deadline passed before it ended" + goesOn
        if let newest = trouble.value {
            text += "; the newest \(isRead ? "try" : "status call") failed: " + newest.message
        }
        return Failure(.deadline, text, isRetryable: outcome == .accepted)
    }

    private mutating func end(_ final: JobState, _ failure: Failure?, _ actions: inout [JobAction]) {
        guard phase != .ended else { return }
        if outcome == .none, !isRead { outcome = .notSent }
        if phase == .queued || phase == .polling { actions.append(.withdrawCall) }
        actions.append(.unschedule)
        if refreshPending {
            refreshPending = false
            actions.append(.refreshed(failure))
        }
        phase = .ended
        state = final
        var failure = failure
        failure?.outcome = outcome
        actions.append(.ended(failure))
    }

    private mutating func finishIfIdle(_ actions: inout [JobAction]) {
        guard phase == .ended, !submissionInFlight, !finishedSent else { return }
        finishedSent = true
        actions.append(.finished)
    }
}
