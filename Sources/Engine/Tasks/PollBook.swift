internal import Core

/// What is known of the durations of one kind of job, and the policy that follows from it. Engine thread only.
final class PollBook {
    private(set) var policy: JobMachine.Policy
    /// Where many status calls of this kind stood when one was let go of.
    var crowd: RateGate?
    private var history = PollHistory()
    private let learns: Bool
    let isOfManyKinds: Bool

    init(_ policy: JobMachine.Policy, learns: Bool, isOfManyKinds: Bool = false) {
        self.policy = policy
        self.learns = learns
        self.isOfManyKinds = isOfManyKinds
    }

    /// An end that was seen after a longer silence than any pause between two calls (the job was not followed, or could
    /// not be reached) does not say when it came.
    func learn(notDoneAt: Int64, doneAt: Int64) {
        guard learns, doneAt.subtracting(notDoneAt) <= policy.polls.longestMilliseconds.adding(10_000) else { return }
        history.add(notDoneAt: notDoneAt, doneAt: doneAt)
        // The first jobs teach most: later ones change the picture only now and then.
        guard history.jobs < 64 || history.jobs % 8 == 0 else { return }
        if let rates = history.rates(pauseMilliseconds: policy.polls.maximumMilliseconds) { policy.polls.rates = rates }
    }
}
