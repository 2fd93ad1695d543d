internal import Core

/// How many tasks of one kind an account may have under way at once, as far as the provider's refusals have told.
///
/// Both clouds have such a limit and publish no number. A submission beyond the limit is refused, costs a call and gains
/// nothing: so submissions are held back here, in the order of their age, until a task of this client ends. Refused ones
/// are held as well.
///
/// - Nothing is known: at first a few submissions may be unanswered at once, and one more for each that was accepted.
/// - One is refused: as many as run now may run. From time to time one more is tried: after half a minute, and after each
///   refusal twice as late. A try that is accepted is followed by the next ones at once, twice as many each time.
/// - Nothing of this client runs: the oldest may try, because nobody's end would tell when.
///
/// A host that wants to see ends early, and not as many jobs as possible, also sets how many jobs are followed at once.
///
/// A value; engine thread only.
struct TaskLimit {
    /// What the host has set; 0: nothing.
    private let configured: Int
    /// How many jobs the host wants to be followed at once; 0: any number.
    let mostFollowed: Int
    /// Followed jobs that the provider already had, where their number counts.
    private var attached: Set<UInt64> = []
    /// What refusals have taught; nil: nothing.
    private(set) var learned: Int?
    /// Submissions that have not been answered.
    private var asking: Set<UInt64> = []
    /// Tasks that were accepted, are followed, and have not ended.
    private var running: Set<UInt64> = []
    private var held = AgeLine()
    /// Submissions under way beyond the learned number.
    private var probing: Set<UInt64> = []
    /// Refused submissions that have a timer of their own.
    private var resting: Set<UInt64> = []
    private var accepted = 0
    private(set) var probeAt: Int64 = .max
    private(set) var probePause = TaskLimit.firstProbePause
    /// How many more than the limit are tried at once.
    private var probeWidth = 1
    /// Why submissions wait: the newest refusal.
    private(set) var refusal: CallFailure?
    /// Tasks of other processes under way, where processes share what they know.
    private var others = 0
    private var isShared = false
    /// What other processes do not know yet.
    enum News { case refused, grown }
    private(set) var news: News?

    private static let unansweredAtFirst = 8
    private static let firstProbePause: Int64 = 30_000_000_000
    private static let longestProbePause: Int64 = 600_000_000_000

    init(configured: Int = 0, mostFollowed: Int = 0) {
        self.configured = max(0, configured)
        self.mostFollowed = max(0, mostFollowed)
    }

    var isCrowded: Bool { !held.isEmpty }
    /// Tasks of this client have to end before others can begin.
    var waitsForEnds: Bool { isCrowded && limit != nil && !running.isEmpty }
    var heldCount: Int { held.count }
    var heldJobs: ArraySlice<UInt64> { held.all }
    var runningCount: Int { running.count }
    var askingCount: Int { asking.count }
    var isProbing: Bool { !probing.isEmpty }
    /// Tasks of all processes, as far as known.
    var runningOfAll: Int { running.count + others }
    /// When a held submission may be tried although nothing has ended; `.max`: never, or it could be now.
    func wakeAt(after now: Int64) -> Int64 {
        guard isCrowded else { return .max }
        let look = isShared ? now.adding(SharedTasks.crowdedPause) : .max
        return probeAt > now ? min(probeAt, look) : look
    }
    /// The number of tasks that may run, as far as known; 0: unknown.
    var known: Int { limit ?? 0 }

    private var limit: Int? {
        guard let learned else { return configured > 0 ? configured : nil }
        return configured > 0 ? min(configured, learned) : learned
    }

    func hasRoom(at now: Int64) -> Bool {
        let taken = asking.count + running.count
        if mostFollowed > 0, taken + attached.count >= mostFollowed { return false }
        guard let limit else { return asking.count < Self.unansweredAtFirst + accepted }
        if taken < limit || taken + others == 0 { return true }
        let mayProbe = learned != nil && now >= probeAt && (configured == 0 || taken < configured)
        return mayProbe && taken < limit + probeWidth
    }

    /// A job that the provider already had is followed from now on.
    mutating func followed(_ id: UInt64) { if mostFollowed > 0, !running.contains(id) { attached.insert(id) } }

    /// Nothing but the number of followed jobs can hold a submission back.
    var limitsFollowedOnly: Bool { mostFollowed > 0 && configured == 0 && learned == nil }

    /// A submission wants to leave. False: it is held, and `next` names it when its turn has come.
    mutating func wants(_ id: UInt64, at now: Int64) -> Bool {
        forgetTry(id)
        if !resting.isEmpty { resting.remove(id) }
        let isFirst = held.first.map { id <= $0 } ?? true
        guard isFirst, hasRoom(at: now) else {
            held.insert(id)
            return false
        }
        if isCrowded { held.remove(id) }
        begin(id)
        return true
    }

    /// The next held submission that may leave now; it counts as asking.
    mutating func next(at now: Int64) -> UInt64? {
        guard let id = held.first, hasRoom(at: now) else { return nil }
        // Where nothing runs, nothing says that there is room: the oldest refused one tries every few seconds.
        if limit != nil, running.isEmpty, others == 0, resting.contains(id) { return nil }
        held.removeFirst()
        begin(id)
        return id
    }

    private mutating func begin(_ id: UInt64) {
        if let limit, asking.count + running.count >= limit { probing.insert(id) }
        asking.insert(id)
        if !resting.isEmpty { resting.remove(id) }
    }

    /// A submission was accepted. `isFollowed`: its end will be seen.
    mutating func accepted(_ id: UInt64, isFollowed: Bool) {
        let wasProbe = probing.contains(id)
        forgetTry(id)
        accepted = min(accepted, 1_000_000) + 1
        if isFollowed { running.insert(id) }
        guard let learned else { return }
        self.learned = max(learned, running.count)
        guard wasProbe, running.count > learned else { return }
        news = .grown
        // Where there was room for more than was known, there may be room for still more.
        probeAt = .min
        probePause = Self.firstProbePause
        probeWidth = min(probeWidth * 2, 64)
    }

    /// A submission was refused because too many tasks run.
    mutating func refused(_ id: UInt64, _ failure: CallFailure, at now: Int64) {
        forgetTry(id)
        held.insert(id)
        resting.insert(id)
        refusal = failure
        news = .refused
        // Of several that left together the first refusal says it all.
        if let learned, learned <= running.count, probeAt > now {
            self.learned = running.count
            return
        }
        probePause = learned == nil ? Self.firstProbePause : min(probePause * 2, Self.longestProbePause)
        // Others of the account take room, and may give it back.
        if running.isEmpty || learned.map({ $0 > running.count }) == true { probePause = Self.firstProbePause }
        learned = running.count
        probeAt = now.adding(probePause)
        probeWidth = 1
    }

    /// What processes know together. `part`: how many tasks may be ours; nil: nobody knows.
    /// `turn`: how many others may try one more before this one.
    mutating func share(_ table: TaskTable, part: Int?, turn: Int) {
        news = nil
        isShared = true
        others = table.others.reduce(0) { $0 + $1.taken }
        guard let part else { return }
        learned = part
        probePause = max(table.probePause, Self.firstProbePause)
        // Its own try is under way: the others wait for the answer to it.
        guard !isProbing else { return }
        probeAt = table.probeAt.adding(Int64(min(turn, 100)) * SharedTasks.turnOfEach)  // safe: at most 100
    }

    /// Submissions under way for which a refusal has left no room, the youngest first.
    var beyondLimit: [UInt64] {
        guard let limit, asking.count + running.count > limit else { return [] }
        return asking.sorted(by: >)
    }

    /// A submission beyond the limit had not left, and waits again.
    mutating func takeBack(_ id: UInt64) {
        if forgetTry(id) { held.insert(id) }
    }

    /// A submission has failed for another reason, or is no longer wanted, or a task has ended.
    mutating func forget(_ id: UInt64) {
        forgetTry(id)
        running.remove(id)
        if !attached.isEmpty { attached.remove(id) }
        if !resting.isEmpty { resting.remove(id) }
        if isCrowded { held.remove(id) }
    }

    @discardableResult
    private mutating func forgetTry(_ id: UInt64) -> Bool {
        if !probing.isEmpty { probing.remove(id) }
        return asking.remove(id) != nil
    }
}

/// The limit of all jobs of one provider and operation. Engine thread only.
final class TaskCrowd {
    let provider: String
    private let operation: String
    var limit: TaskLimit
    /// Stands in the runner's list of crowds.
    var isListed = false
    /// Submissions of it waited when the runner last looked.
    var hasWaited = false
    /// What other processes know, where processes share a file of rates.
    private var shared: SharedTasks?
    /// Others count on what this client says of its tasks.
    var tells: Bool { shared?.isActive == true && limit.runningCount + limit.askingCount > 0 }

    init(provider: String, operation: String, configured: Int, mostFollowed: Int) {
        (self.provider, self.operation) = (provider, operation)
        limit = TaskLimit(configured: configured, mostFollowed: mostFollowed)
    }

    /// Tells other processes of the account what this client has under way, and hears what they have. Nothing without news.
    func share(_ file: RateFile, account: String, at now: Int64, begins: Bool, _ number: () -> UInt64) {
        if shared?.account.isSame(as: account) != true {
            shared?.share(&limit, at: now, leaves: true)
            shared =
                account.isEmpty
                ? nil
                : SharedTasks(file, provider: provider, account: account, operation: operation, number: number())
        }
        shared?.share(&limit, at: now, begins: begins)
    }

    /// The client ends: its tasks count no more.
    func leave(at now: Int64) { shared?.share(&limit, at: now, leaves: true) }
}
