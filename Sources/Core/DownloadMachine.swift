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

/// The life of one download: it resumes, starts over, asks for a fresh URL once, or fails with the reason.
public struct DownloadMachine: Sendable {
    /// The largest number of redirects of one download.
    public static let maximumRedirects = 3
    /// How long an end waits for a worker that opens a file.
    private static let patience = Int64.nanoseconds(milliseconds: 2_000)

    private enum Phase: Equatable {
        case new, preparing, fetching, waiting, describing, committing, ended
    }

    private var phase = Phase.new
    private var attemptsWithoutProgress = 0
    private var held: Int64 = 0
    private var redirects = 0
    private var corruptions = 0
    private var described = false
    private var clockCorrected = false
    private var credentialsRenewed = false
    /// An end that was asked for while a worker has the sink: it comes when the worker is back, unless that has just
    /// published the image, which is then what happened.
    private var endAsked: (state: JobState, failure: Failure)?
    /// Whether a fresh URL can be asked for: the job is known and gives URLs.
    private let canDescribe: Bool

    public private(set) var state = JobState.queued

    public init(canDescribe: Bool) { self.canDescribe = canDescribe }

    public mutating func handle(
        _ event: DownloadEvent, at now: Int64, policy: RetryPolicy, random: UInt64, into actions: inout [DownloadAction]
    ) {
        switch event {
        case .start:
            guard phase == .new else { return }
            phase = .fetching
            actions.append(.fetch)
        case .granted(let isOpen):
            guard phase == .fetching else { return }
            // Only a download with a place holds descriptors: thousands of waiting downloads hold none.
            if isOpen { return transfer(&actions) }
            phase = .preparing
            actions.append(.prepare)
        case .prepared(let failure):
            guard phase == .preparing else { return }
            phase = .fetching
            if let asked = endAsked {
                end(asked.state, asked.failure, keepPartial: true, now, &actions)
                return
            }
            guard let failure else { return transfer(&actions) }
            actions.append(.withdrawCall)
            if failure.status == .noResources, failure.isRetryable {
                retry(CallFailure(.transient, failure), now, policy, random, &actions)
            } else {
                phase = .waiting
                end(.failed, failure, keepPartial: true, now, &actions)
            }
        case .transferEnded(let judgement, let received):
            guard phase == .fetching else { return }
            judge(judgement, received, now, policy, random, &actions)
        case .described(let failed):
            guard phase == .describing else { return }
            if let failed {
                retry(failed, now, policy, random, &actions)
            } else {
                phase = .fetching
                actions.append(.fetch)
            }
        case .committed(let failure):
            guard phase == .committing else { return }
            phase = .waiting
            if let failure {
                let kept = failure.status == .noSpace || endAsked != nil
                end(endAsked?.state ?? .failed, endAsked?.failure ?? failure, keepPartial: kept, now, &actions)
            } else {
                phase = .ended
                state = .succeeded
                actions.append(.ended(nil))
                actions.append(.finished)
            }
        case .timer:
            if phase == .preparing, let asked = endAsked {
                // The worker hangs in a file system: it closes what it has opened when it comes back.
                phase = .fetching
                end(asked.state, asked.failure, keepPartial: true, now, &actions)
                return
            }
            guard phase == .waiting else { return }
            phase = .fetching
            actions.append(.fetch)
        case .deadline:
            let failure = Failure(
                .deadline, "Download deadline passed before the image was complete", isRetryable: true)
            end(.failed, failure, keepPartial: true, now, &actions)
        case .cancel:
            end(.cancelled, Failure(.cancelled, "Download ended by a cancel"), keepPartial: true, now, &actions)
        case .close:
            let failure = Failure(.cancelled, "Download ended because the client was closed")
            end(.cancelled, failure, keepPartial: true, now, &actions)
        }
    }

    private mutating func transfer(_ actions: inout [DownloadAction]) {
        if state != .running {
            state = .running
            actions.append(.changed)
        }
        actions.append(.transfer)
    }

    private mutating func judge(
        _ judgement: DownloadEvent.Judgement, _ received: Int64, _ now: Int64, _ policy: RetryPolicy, _ random: UInt64,
        _ actions: inout [DownloadAction]
    ) {
        if received > held { attemptsWithoutProgress = 0 }
        held = received
        switch judgement {
        case .complete:
            phase = .committing
            actions.append(.commit)
        case .incomplete(let failure):
            retry(CallFailure(.transient, failure), now, policy, random, &actions)
        case .corrupt(let failure):
            corruptions += 1
            held = 0
            if corruptions >= 3 {
                end(.failed, failure, keepPartial: false, now, &actions)
            } else {
                actions.append(.restart)
                retry(CallFailure(.transient, failure), now, policy, random, &actions)
            }
        case .failed(let failure):
            end(.failed, failure, keepPartial: failure.status == .noSpace, now, &actions)
        case .refused(let failed):
            retry(failed, now, policy, random, &actions)
        case .redirected:
            redirects += 1
            if redirects > Self.maximumRedirects {
                let failure = Failure(
                    .badResponse, "Downloading an image: more than \(Self.maximumRedirects) redirects")
                end(.failed, failure, keepPartial: false, now, &actions)
            } else {
                actions.append(.fetch)
            }
        }
    }

    private mutating func retry(
        _ failed: CallFailure, _ now: Int64, _ policy: RetryPolicy, _ random: UInt64, _ actions: inout [DownloadAction]
    ) {
        let failure = failed.failure
        switch failed.kind {
        case .refused, .notFound, .local:
            end(.failed, failure, keepPartial: false, now, &actions)
            return
        case .expired:
            guard canDescribe, !described else {
                end(.failed, failure, keepPartial: false, now, &actions)
                return
            }
            described = true
            phase = .describing
            actions.append(.describe)
            return
        case .clockSkew:
            if !clockCorrected {
                clockCorrected = true
                again(&actions)
                return
            }
        case .staleCredentials:
            if !credentialsRenewed {
                credentialsRenewed = true
                again(&actions)
                return
            }
            end(.failed, failure, keepPartial: false, now, &actions)
            return
        case .notSent, .unsigned, .throttled, .concurrencyLimit, .transient, .unreadable:
            break
        }
        // A lack of memory or descriptors says nothing about the image: such a download ends at its deadline.
        if failure.status != .noResources { attemptsWithoutProgress += 1 }
        guard policy.allowsAnother(after: attemptsWithoutProgress) else {
            end(.failed, failure, keepPartial: true, now, &actions)
            return
        }
        // A failed describe is repeated as a fetch: the expired URL fails again, and a describe follows.
        if phase == .describing { described = false }
        phase = .waiting
        let delay = policy.backoff.delay(
            attempt: attemptsWithoutProgress - 1, atLeast: failed.pauseMilliseconds, random: random)
        actions.append(.schedule(now.adding(.nanoseconds(milliseconds: delay))))
    }

    /// Makes the refused call again, at once.
    private mutating func again(_ actions: inout [DownloadAction]) {
        actions.append(phase == .describing ? .describe : .fetch)
    }

    private mutating func end(
        _ final: JobState, _ failure: Failure, keepPartial: Bool, _ now: Int64, _ actions: inout [DownloadAction]
    ) {
        guard phase != .ended else { return }
        if phase == .preparing || phase == .committing {
            guard endAsked == nil else { return }
            endAsked = (final, failure)
            // The opened file is closed first, so that another download can open it at once; the wait has a limit.
            if phase == .preparing { actions.append(.schedule(now.adding(Self.patience))) }
            return
        }
        if phase == .fetching || phase == .describing { actions.append(.withdrawCall) }
        actions.append(.unschedule)
        actions.append(.abandon(keepPartial: keepPartial))
        phase = .ended
        state = final
        actions.append(.ended(failure))
        actions.append(.finished)
    }
}
