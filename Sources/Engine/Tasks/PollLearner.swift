internal import Core

/// The known durations of one kind of job, and the poll policy that follows from them. Engine thread only.
final class PollLearner {
    private(set) var policy: JobMachine.Policy
    /// The lane of the status calls of this kind.
    private var statusLane: CallLane?
    private var history = PollHistory()
    private let learns: Bool
    private let isOfManyKinds: Bool

    init(_ policy: JobMachine.Policy, learns: Bool, isOfManyKinds: Bool = false) {
        self.policy = policy
        self.learns = learns
        self.isOfManyKinds = isOfManyKinds
    }

    /// The lane of a status call: all of one kind have the same, so that no call has to be made to know it.
    func lane(_ make: () -> CallLane) -> CallLane {
        if let statusLane { return statusLane }
        let lane = make()
        if !isOfManyKinds { statusLane = lane }
        return lane
    }

    /// An end that was seen after a longer silence than any pause between two calls (the job was not followed, or could
    /// not be reached) does not say when it came.
    func learn(notDoneAt: Int64, doneAt: Int64) {
        guard learns, doneAt.subtracting(notDoneAt) <= policy.polls.longestMilliseconds.adding(10_000) else { return }
        history.add(notDoneAt: notDoneAt, doneAt: doneAt)
        // The first jobs teach most; later jobs change the policy only sometimes.
        guard history.jobs < 64 || history.jobs % 8 == 0 else { return }
        if let rates = history.rates(pauseMilliseconds: policy.polls.maximumMilliseconds) { policy.polls.rates = rates }
    }
}

/// The learners of an engine, by kind of job. Jobs of one kind come in a row, so the newest learner is looked at first.
struct PollLearners {
    private struct Kind: Hashable {
        let provider: String
        let operation: String
    }

    /// A caller that calls by name invents operations: beyond so many, they share a learner that learns nothing.
    private static let most = 256

    private var learners: [Kind: PollLearner] = [:]
    private var newest: (kind: Kind, learner: PollLearner)?
    private let others: PollLearner
    private let policy: JobMachine.Policy
    private let learns: Bool

    init(_ policy: JobMachine.Policy, learns: Bool) {
        self.policy = policy
        self.learns = learns
        others = PollLearner(policy, learns: false, isOfManyKinds: true)
    }

    mutating func learner(of record: JobRecord) -> PollLearner {
        let kind = Kind(provider: record.provider, operation: record.operation)
        if let newest, newest.kind == kind { return newest.learner }
        let learner = find(kind)
        newest = (kind, learner)
        return learner
    }

    private mutating func find(_ kind: Kind) -> PollLearner {
        if let known = learners[kind] { return known }
        guard learners.count < Self.most else { return others }
        let learner = PollLearner(policy, learns: learns)
        learners[kind] = learner
        return learner
    }
}
