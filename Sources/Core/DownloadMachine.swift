/// The events of a download.
public enum DownloadEvent: Sendable {
    case start
    /// A place for a transfer is free and held. `isOpen`: whether the sink is open.
    case granted(isOpen: Bool)
    /// The sink is open (or could not be opened).
    case prepared(Failure?)
    /// A transfer has ended and the sink has judged it. `received`: the bytes of the image that the sink holds now.
    case transferEnded(Judgement, received: Int64)
    /// A new description of the job gave a fresh URL, or failed.
    case described(CallFailure?)
    case committed(Failure?)
    case timer
    case deadline
    case cancel
    case close

    public enum Judgement: Sendable {
        case complete
        /// Can be continued.
        case incomplete(Failure)
        /// Can only start anew.
        case corrupt(Failure)
        /// Cannot be fixed by trying.
        case failed(Failure)
        /// The server answered something other than an image.
        case refused(CallFailure)
        case redirected
    }
}

public enum DownloadAction: Equatable, Sendable {
    /// Ask for a place for a transfer of the bytes that the sink lacks.
    case fetch
    /// Open the sink.
    case prepare
    /// Start the transfer on the held place.
    case transfer
    /// The sink forgets its bytes; then as `fetch`.
    case restart
    /// Ask the provider for the job again: its URL has run out.
    case describe
    case commit
    case schedule(Int64)
    case unschedule
    case withdrawCall
    case abandon(keepPartial: Bool)
    case changed
    case ended(Failure?)
    case finished
}

/// The life of one download: it resumes, starts over, asks for a fresh URL once, or fails with the reason. A value.
///
///     new ──start──▶ fetching ──granted──▶ preparing ──prepared──▶ fetching ──transferEnded: complete──▶ committing
///                      ▲ ▲ │                                                                  committed ──▶ ended
///                      │ │ └── transferEnded: another try ──▶ waiting ──timer──▶ fetching
///                      │ └──── at once (a redirect, a clock, a token)
///                      └────── described ── describing ◀── transferEnded: the URL has run out
///
///     every phase ──an end──▶ ended. While a worker has the sink (preparing, committing) an end waits for the worker.
///
/// Tests/fixtures/machines/download.txt lists every event in every phase.
public struct DownloadMachine: Sendable {
    /// The largest number of redirects of one download.
    public static let maximumRedirects = 3
    /// How long an end waits for a worker that opens a file.
    private static let patience = Int64.nanoseconds(milliseconds: 2_000)
    /// So often an image may come damaged.
    private static let mostCorruptions = 3

    private enum Phase {
        case new
        /// The download has asked for a place, holds one, or its transfer runs.
        case fetching
        /// A worker opens the sink; the place is held. `end`: an end that was asked for meanwhile.
        case preparing(end: Ending?)
        /// Until the next try.
        case waiting
        /// The provider is asked for the job again.
        case describing
        /// A worker publishes the image. `end`: an end that was asked for meanwhile; a published image is what happened.
        case committing(end: Ending?)
        case ended
    }

    /// A state at the end, and why.
    private struct Ending {
        let state: JobState
        let failure: Failure

        static let deadline = Ending(
            state: .failed,
            failure: Failure(
                .deadline, "Download deadline passed before the image was complete", isRetryable: true))
        static let cancel = Ending(state: .cancelled, failure: Failure(.cancelled, "Download ended by a cancel"))
        static let close = Ending(
            state: .cancelled, failure: Failure(.cancelled, "Download ended because the client was closed"))
    }

    /// The inputs beside an event.
    private struct Context {
        let now: Int64
        let policy: RetryPolicy
        let random: UInt64
    }

    private var phase = Phase.new
    private var attemptsWithoutProgress = 0
    private var held: Int64 = 0
    private var redirects = 0
    private var corruptions = 0
    private var wasDescribed = false
    private var clockWasRetried = false
    private var credentialsWereRetried = false
    /// Whether a fresh URL can be asked for: the job is known and gives URLs.
    private let canDescribe: Bool

    public private(set) var state = JobState.queued

    public init(canDescribe: Bool) { self.canDescribe = canDescribe }

    public mutating func handle(
        _ event: DownloadEvent, at now: Int64, policy: RetryPolicy, random: UInt64, into actions: inout [DownloadAction]
    ) {
        let context = Context(now: now, policy: policy, random: random)
        switch event {
        case .start: start(&actions)
        case .granted(let isOpen): granted(isOpen: isOpen, &actions)
        case .prepared(let failure): prepared(failure, context, &actions)
        case .transferEnded(let judgement, let received): transferEnded(judgement, received, context, &actions)
        case .described(let failed): described(failed, context, &actions)
        case .committed(let failure): committed(failure, &actions)
        case .timer: timer(&actions)
        case .deadline: endWhenFree(.deadline, context, &actions)
        case .cancel: endWhenFree(.cancel, context, &actions)
        case .close: endWhenFree(.close, context, &actions)
        }
    }

    // MARK: - A transfer

    private mutating func start(_ actions: inout [DownloadAction]) {
        if case .new = phase { fetch(&actions) }
    }

    private mutating func fetch(_ actions: inout [DownloadAction]) {
        phase = .fetching
        actions.append(.fetch)
    }

    /// Only a download with a place holds descriptors: thousands of waiting downloads hold none.
    private mutating func granted(isOpen: Bool, _ actions: inout [DownloadAction]) {
        guard case .fetching = phase else { return }
        if isOpen { return transfer(&actions) }
        phase = .preparing(end: nil)
        actions.append(.prepare)
    }

    private mutating func prepared(_ failure: Failure?, _ context: Context, _ actions: inout [DownloadAction]) {
        guard case .preparing(let asked) = phase else { return }
        if let asked { return end(asked, keepPartial: true, &actions) }
        guard let failure else {
            phase = .fetching
            return transfer(&actions)
        }
        if failure.status == .noResources, failure.isRetryable {
            actions.append(.withdrawCall)
            retry(CallFailure(.transient, failure), context, &actions)
        } else {
            fail(failure, keepPartial: true, &actions)
        }
    }

    private mutating func transfer(_ actions: inout [DownloadAction]) {
        if state != .running {
            state = .running
            actions.append(.changed)
        }
        actions.append(.transfer)
    }

    private mutating func transferEnded(
        _ judgement: DownloadEvent.Judgement, _ received: Int64, _ context: Context, _ actions: inout [DownloadAction]
    ) {
        guard case .fetching = phase else { return }
        if received > held { attemptsWithoutProgress = 0 }
        held = received
        switch judgement {
        case .complete:
            phase = .committing(end: nil)
            actions.append(.commit)
        case .incomplete(let failure): retry(CallFailure(.transient, failure), context, &actions)
        case .corrupt(let failure):
            corruptions += 1
            held = 0
            if corruptions >= Self.mostCorruptions { return fail(failure, keepPartial: false, &actions) }
            actions.append(.restart)
            retry(CallFailure(.transient, failure), context, &actions)
        case .failed(let failure): fail(failure, keepPartial: failure.status == .noSpace, &actions)
        case .refused(let failed): retry(failed, context, &actions)
        case .redirected:
            redirects += 1
            if redirects <= Self.maximumRedirects { return fetch(&actions) }
            let failure = Failure(
                .badResponse, "Downloading an image: more than \(Self.maximumRedirects) redirects")
            fail(failure, keepPartial: false, &actions)
        }
    }

    private mutating func described(_ failed: CallFailure?, _ context: Context, _ actions: inout [DownloadAction]) {
        guard case .describing = phase else { return }
        if let failed { retry(failed, context, &actions) } else { fetch(&actions) }
    }

    private mutating func committed(_ failure: Failure?, _ actions: inout [DownloadAction]) {
        guard case .committing(let asked) = phase else { return }
        if let failure {
            let isKept = failure.status == .noSpace || asked != nil
            return end(asked ?? Ending(state: .failed, failure: failure), keepPartial: isKept, &actions)
        }
        phase = .ended
        state = .succeeded
        actions.append(.ended(nil))
        actions.append(.finished)
    }

    private mutating func timer(_ actions: inout [DownloadAction]) {
        switch phase {
        // The worker hangs in a file system: it closes what it has opened when it comes back.
        case .preparing(let asked?): end(asked, keepPartial: true, &actions)
        case .waiting: fetch(&actions)
        case .new, .fetching, .preparing, .describing, .committing, .ended: break
        }
    }

    // MARK: - Another try

    private mutating func retry(_ failed: CallFailure, _ context: Context, _ actions: inout [DownloadAction]) {
        let failure = failed.failure
        switch failed.kind {
        case .refused, .notFound, .local: return fail(failure, keepPartial: false, &actions)
        case .expired:
            guard canDescribe, !wasDescribed else { return fail(failure, keepPartial: false, &actions) }
            wasDescribed = true
            phase = .describing
            actions.append(.describe)
            return
        case .clockSkew:
            if !clockWasRetried {
                clockWasRetried = true
                return again(&actions)
            }
        case .staleCredentials:
            guard !credentialsWereRetried else { return fail(failure, keepPartial: false, &actions) }
            credentialsWereRetried = true
            return again(&actions)
        case .notSent, .unsigned, .throttled, .concurrencyLimit, .transient, .unreadable: break
        }
        // A lack of memory or descriptors says nothing about the image: such a download ends at its deadline.
        if failure.status != .noResources { attemptsWithoutProgress += 1 }
        guard context.policy.allowsAnother(after: attemptsWithoutProgress) else {
            return fail(failure, keepPartial: true, &actions)
        }
        // A failed describe is repeated as a fetch: the expired URL fails again, and a describe follows.
        if case .describing = phase { wasDescribed = false }
        phase = .waiting
        let delay = context.policy.backoff.delay(
            attempt: attemptsWithoutProgress - 1, atLeast: failed.pauseMilliseconds, random: context.random)
        actions.append(.schedule(context.now.adding(.nanoseconds(milliseconds: delay))))
    }

    /// Makes the refused call again, at once.
    private func again(_ actions: inout [DownloadAction]) {
        if case .describing = phase { actions.append(.describe) } else { actions.append(.fetch) }
    }

    // MARK: - The end

    /// Ends the download, or lets the worker that has the sink come back first. Of several ends the first one counts.
    private mutating func endWhenFree(_ ending: Ending, _ context: Context, _ actions: inout [DownloadAction]) {
        switch phase {
        case .preparing(let first):
            phase = .preparing(end: first ?? ending)
            // The opened file is closed first, so that another download can open it at once; the wait has a limit.
            if first == nil { actions.append(.schedule(context.now.adding(Self.patience))) }
        case .committing(let first): phase = .committing(end: first ?? ending)
        case .new, .fetching, .waiting, .describing: end(ending, keepPartial: true, &actions)
        case .ended: break
        }
    }

    private mutating func fail(_ failure: Failure, keepPartial: Bool, _ actions: inout [DownloadAction]) {
        end(Ending(state: .failed, failure: failure), keepPartial: keepPartial, &actions)
    }

    private mutating func end(_ ending: Ending, keepPartial: Bool, _ actions: inout [DownloadAction]) {
        switch phase {
        case .fetching, .preparing, .describing: actions.append(.withdrawCall)
        case .new, .waiting, .committing: break
        case .ended: return
        }
        actions.append(.unschedule)
        actions.append(.abandon(keepPartial: keepPartial))
        phase = .ended
        state = ending.state
        actions.append(.ended(ending.failure))
        actions.append(.finished)
    }
}
