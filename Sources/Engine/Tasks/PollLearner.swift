internal import Core

/// The known durations of one kind of job, and the poll policy that follows from them. Engine thread only.
final class PollLearner {
    private(set) var policy: JobMachine.Policy
    /// The lane of the status calls of this kind.
    private var statusLane: CallLane?
    private var history = PollHistory()
    /// Jobs that run, counted by when they were accepted, a quarter of a second each.
    private var running: [Int64: Int] = [:]
    private let learns: Bool
    private let isOfManyKinds: Bool
    /// How many of these jobs may run at once; nil: they are of many kinds.
    let tasks: TaskCrowd?
    /// The policy while submissions wait for a slot, and the pause that it was made for.
    private var crowded: (policy: JobMachine.Policy, pause: Int64)?

    init(_ policy: JobMachine.Policy, learns: Bool, tasks: TaskCrowd? = nil, isOfManyKinds: Bool = false) {
        self.policy = policy
        self.learns = learns
        self.tasks = tasks
        self.isOfManyKinds = isOfManyKinds
    }

    /// While submissions wait for a slot, each end that is seen late keeps a slot empty: most of the rate of status calls
    /// is spent on the few jobs that run.
    var policyInUse: JobMachine.Policy {
        guard let tasks, tasks.limit.waitsForEnds else { return policy }
        let configured = statusLane.map(\.perSecond) ?? 0
        let perSecond = configured > 0 ? configured : Self.usualPerSecond
        let running = Double(max(1, tasks.limit.runningCount))
        let pause = running * 1_000 / (perSecond * Self.shareForCrowds)
        let shortest = Int64(min(max(pause, Self.shortestCrowdPause), 10_000))  // safe: 100...10,000
        if let crowded, crowded.pause == shortest { return crowded.policy }
        var policy = policy
        policy.polls.crowdMilliseconds = shortest
        if let rates = history.rates(pauseMilliseconds: shortest) { policy.polls.rates = rates }
        crowded = (policy, shortest)
        return policy
    }

    private static let shareForCrowds = 0.8
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

    // MARK: - Jobs that run

    private static let bucket: Int64 = 256_000_000

    func began(at accepted: Int64) { running[accepted / Self.bucket, default: 0] += 1 }

    func gone(_ accepted: Int64) {
        guard let count = running[accepted / Self.bucket] else { return }
        running[accepted / Self.bucket] = count > 1 ? count - 1 : nil
    }

    /// The ages at which the jobs that run were last seen to run: about one pause ago.
    private func runningByAge(at now: Int64) -> [Double] {
        guard !running.isEmpty else { return [] }
        let now = now.subtracting(.nanoseconds(milliseconds: policy.polls.maximumMilliseconds))
        var counts = [Double](repeating: 0, count: PollAges.count)
        for (bucket, count) in running {
            let age = (now / Self.bucket).subtracting(bucket).multipliedReportingOverflow(by: Self.bucket / 1_000_000)
            counts[PollAges.index(of: age.overflow ? .max : age.partialValue)] += Double(count)  // safe: a class
        }
        return counts
    }

    var isKnown: Bool { !policy.polls.rates.isEmpty }

    /// An end that was seen after a longer silence than any pause between two calls (the job was not followed, or could
    /// not be reached) does not say when it came.
    func learn(notDoneAt: Int64, doneAt: Int64, at now: Int64 = 0) {
        guard learns, doneAt.subtracting(notDoneAt) <= policy.polls.longestMilliseconds.adding(10_000) else { return }
        history.add(notDoneAt: notDoneAt, doneAt: doneAt)
        crowded = nil
        // The first jobs teach most; later jobs change the policy only sometimes.
        guard history.jobs < 64 || history.jobs % 8 == 0 else { return }
        let rates = history.rates(
            pauseMilliseconds: policy.polls.maximumMilliseconds, running: runningByAge(at: now))
        if let rates { policy.polls.rates = rates }
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
    /// What the host has set for each kind; 0: nothing.
    private let mostTasks: Int

    init(_ policy: JobMachine.Policy, learns: Bool, mostTasks: Int = 0) {
        var policy = policy
        policy.polls.loopsUntilKnown = learns
        self.policy = policy
        self.learns = learns
        self.mostTasks = mostTasks
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
        let tasks = TaskCrowd(provider: kind.provider, configured: mostTasks)
        let learner = PollLearner(policy, learns: learns, tasks: tasks)
        learners[kind] = learner
        return learner
    }
}
