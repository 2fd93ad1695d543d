internal import Core

/// The known durations of one kind of job, and the poll policy that follows from them. Engine thread only.
///
/// A kind of which too little is known uses what is known of its whole operation, which learns from all its kinds.
final class PollLearner {
    /// The name of the kind in the journal.
    let name: String
    private let ofKind: JobMachine.Policy
    private var own: JobMachine.Policy
    /// The learner of the whole operation; nil: this is the one.
    private let parent: PollLearner?
    /// The lane of the status calls of this kind.
    private var statusLane: CallLane?
    private var history: PollHistory
    /// Followed jobs that have not ended, by the age at which they were last seen open.
    private var running = [Double](repeating: 0, count: PollAges.count)
    private let book: SurvivalBook?
    private var ownPlace: Int32 = 0
    private let learns: Bool
    private let isOfManyKinds: Bool
    /// How many of these jobs may run at once; nil: they are of many kinds.
    let tasks: TaskCrowd?
    /// The policy while submissions wait for a slot, and the pause that it was made for.
    private var crowded: (policy: JobMachine.Policy, pause: Int64)?
    /// Jobs that the journal does not know of.
    private(set) var unkept = 0

    init(
        _ policy: JobMachine.Policy, learns: Bool, tasks: TaskCrowd? = nil, isOfManyKinds: Bool = false,
        name: String = "", parent: PollLearner? = nil, history: PollHistory? = nil, book: SurvivalBook? = nil
    ) {
        self.name = name
        self.parent = parent
        self.history = history ?? PollHistory()
        self.book = book
        ofKind = policy
        own = policy
        self.learns = learns
        self.isOfManyKinds = isOfManyKinds
        self.tasks = tasks ?? parent?.tasks
        if history != nil { conclude() }
    }

    var policy: JobMachine.Policy { isKnown ? own : parent?.policy ?? own }
    var isKnown: Bool { !own.polls.rates.isEmpty }
    /// The place in the book of survivals.
    var place: Int32 { ownPlace > 0 ? ownPlace : parent?.place ?? 0 }

    /// While submissions wait for a slot, each end that is seen late keeps a slot empty: most of the rate of status calls
    /// is spent on the few jobs that run.
    var policyInUse: JobMachine.Policy {
        guard let tasks, tasks.limit.waitsForEnds else { return policy }
        let configured = statusLane.map(\.perSecond) ?? 0
        let perSecond = configured > 0 ? configured : Self.usualPerSecond
        let running = Double(max(1, tasks.limit.runningOfAll))
        let pause = running * 1_000 / (perSecond * Self.shareForCrowds)
        let shortest = Int64(min(max(pause, Self.shortestCrowdPause), 10_000))  // safe: 100...10,000
        if let crowded, crowded.pause == shortest { return crowded.policy }
        var policy = policy
        policy.polls.crowdMilliseconds = shortest
        if let rates = known.rates(pauseMilliseconds: shortest) { policy.polls.rates = rates }
        crowded = (policy, shortest)
        return policy
    }

    var isOfOperation: Bool { parent == nil }

    private var known: PollHistory { isKnown ? history : parent?.known ?? history }

    private static let shareForCrowds = 0.9
    /// Where no rate of status calls is configured, crowds take no more than with this one.
    private static let usualPerSecond = 20.0
    private static let shortestCrowdPause = 100.0

    /// The lane of a status call: all of one kind have the same, so that no call has to be made to know it.
    func lane(_ make: () -> CallLane) -> CallLane {
        if let statusLane { return statusLane }
        let lane = make()
        if !isOfManyKinds { statusLane = lane }
        return lane
    }

    // MARK: - Learning

    /// A job that runs counts as "not ended at this age". `from`, `to`: the classes of ages in which it was seen open; -1
    /// is none.
    func moved(from: Int8, to: Int8) {
        guard learns else { return }
        if running.indices.contains(Int(from)) { running[Int(from)] = max(0, running[Int(from)] - 1) }  // safe: checked
        if running.indices.contains(Int(to)) { running[Int(to)] += 1 }  // safe: checked
        parent?.moved(from: from, to: to)
    }

    /// An end that was seen after a longer silence than any pause between two calls (the job was not followed, or could
    /// not be reached) does not say when it came.
    func learn(notDoneAt: Int64, doneAt: Int64) {
        guard learns, doneAt.subtracting(notDoneAt) <= ofKind.polls.longestMilliseconds.adding(10_000) else { return }
        parent?.learn(notDoneAt: notDoneAt, doneAt: doneAt)
        history.add(notDoneAt: notDoneAt, doneAt: doneAt)
        unkept += 1
        crowded = nil
        // The first jobs teach most; later jobs change the policy only sometimes.
        guard history.jobs < 64 || history.jobs % 8 == 0 else { return }
        conclude()
    }

    private func conclude() {
        if let rates = history.rates(pauseMilliseconds: ofKind.polls.maximumMilliseconds, running: running) {
            own.polls.rates = rates
        }
        if let book, let survival = history.survival(running: running) { ownPlace = book.put(survival, at: ownPlace) }
    }

    /// For the journal.
    func keep() -> JournalHistory? {
        guard unkept > 0, !name.isEmpty else { return nil }
        unkept = 0
        return JournalHistory(kind: name, bins: history.bytes)
    }
}
