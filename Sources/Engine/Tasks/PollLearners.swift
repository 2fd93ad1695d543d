internal import Core

/// The learners of an engine, by kind of job. Jobs of one kind come in a row, so the newest learner is looked at first.
struct PollLearners {
    struct Kind: Hashable {
        let provider: String
        let operation: String
        /// Model, version, resolution; empty: the whole operation.
        let variant: String

        /// Lasting, and at most so long: a caller may invent operations.
        var name: String {
            let text = [provider, operation, variant].joined(separator: "\t")
            return text.utf8.count <= 512 ? text : ""
        }
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
    /// Followed jobs of each operation at once; 0: any number.
    private let mostFollowed: Int
    private let book: SurvivalBook
    /// Out of the journal, by name, until their kind is met.
    private var remembered: [String: PollHistory] = [:]

    init(
        _ policy: JobMachine.Policy, learns: Bool, mostTasks: Int = 0, mostFollowed: Int = 0,
        book: SurvivalBook = SurvivalBook(),
        remembered: [JournalHistory] = []
    ) {
        var policy = policy
        policy.polls.loopsUntilKnown = learns
        self.policy = policy
        self.learns = learns
        self.mostTasks = mostTasks
        self.mostFollowed = mostFollowed
        self.book = book
        others = PollLearner(policy, learns: false, isOfManyKinds: true)
        guard learns else { return }
        for history in remembered.prefix(Self.most) {
            if let known = PollHistory(bytes: history.bins), known.jobs > 0 { self.remembered[history.kind] = known }
        }
    }

    mutating func learner(of record: JobRecord, variant: String) -> PollLearner {
        learner(Kind(provider: record.provider, operation: record.operation, variant: variant))
    }

    mutating func learner(_ kind: Kind) -> PollLearner {
        if let newest, newest.kind == kind { return newest.learner }
        let learner = find(kind)
        newest = (kind, learner)
        return learner
    }

    private mutating func find(_ kind: Kind) -> PollLearner {
        if let known = learners[kind] { return known }
        let name = kind.name
        guard kind.variant.isEmpty else {
            let operation = find(Kind(provider: kind.provider, operation: kind.operation, variant: ""))
            // Too many variants of an operation are one kind.
            guard learners.count < Self.most, learns, operation !== others else { return operation }
            let learner = PollLearner(
                policy, learns: learns, name: name, parent: operation, history: remembered.removeValue(forKey: name),
                book: book)
            learners[kind] = learner
            return learner
        }
        guard learners.count < Self.most else { return others }
        let tasks = TaskCrowd(
            provider: kind.provider, operation: kind.operation, configured: mostTasks, mostFollowed: mostFollowed)
        let learner = PollLearner(
            policy, learns: learns, tasks: tasks, name: name, history: remembered.removeValue(forKey: name), book: book)
        learners[kind] = learner
        return learner
    }

    func leaveCrowds(at now: Int64) {
        for learner in learners.values where learner.isOfOperation { learner.tasks?.leave(at: now) }
    }

    /// What the journal does not know yet.
    func unkept() -> [JournalHistory] { learners.values.compactMap { $0.keep() } }
}
