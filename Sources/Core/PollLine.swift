/// What is known of a job that waits for a status call.
public struct PollLook: Equatable, Sendable {
    /// Monotonic nanoseconds.
    public var acceptedAt: Int64
    /// The age at which the job was last seen open, in milliseconds.
    public var openAt: Int32
    /// The place of its kind among the survivals of the line.
    public var kind: Int32
    /// The images of the job end soon, or somebody waits for this very call.
    public var isUrgent: Bool

    public init(acceptedAt: Int64, openAt: Int32, kind: Int32 = 0, isUrgent: Bool = false) {
        self.acceptedAt = acceptedAt
        self.openAt = openAt
        self.kind = kind
        self.isUrgent = isUrgent
    }
}

/// Status calls that are due and wait for permits: the next permit goes to the call that is worth most.
///
/// The worth changes with time, so the line is ranked again and again, and the best of a ranking are served until the next
/// one. A ranking costs a few nanoseconds for each call that waits. The pause between two rankings grows with their number,
/// to one second for 100,000: so ranking never takes more than a few thousandths of the time.
///
/// Two guards: urgent calls go first; and every sixteenth call is the one that has waited longest,
/// if that one has waited too long. Otherwise jobs that are probably not done would never be looked at.
///
/// A value.
public struct PollLine: Sendable {
    private struct Item {
        let id: UInt64
        var hasLeft = false
        let enteredAt: Int64
        var look: PollLook
    }

    /// In the order of their coming.
    private var items: [Item] = []
    private var head = 0
    private var left = 0
    /// Of the newest ranking: indices of `items`, the best last.
    private var best: [Int] = []
    private var rankedAt: Int64 = .min
    private var urgent: [Int] = []
    /// So many of them have been looked at.
    private var urgentHead = 0
    /// Permits since the last one that went to the oldest call.
    private var sinceOldest = 0
    private var servedSinceRanking = 0
    /// How long a call may wait, in nanoseconds.
    private let patience: Int64
    /// Rankings so far, and the calls that they looked at: for tests.
    public private(set) var ranked = (times: 0, items: 0)

    private static let everyOldest = 16
    private static let pauseForEach: Int64 = 10_000
    private static let crowd = 100_000
    private static let fewestBest = 64

    public init(patienceMilliseconds: Int64) { patience = .nanoseconds(milliseconds: max(0, patienceMilliseconds)) }

    public var count: Int { items.count - head - left }
    /// Calls in memory, those that have left included: for tests.
    public var held: Int { items.count }

    public mutating func append(_ id: UInt64, _ look: PollLook, at now: Int64) {
        if look.isUrgent { urgent.append(items.count) }
        items.append(Item(id: id, enteredAt: now, look: look))
    }

    /// Somebody waits for this very call from now on. Found if calls came in the order of their numbers.
    public mutating func hurry(_ id: UInt64) {
        var (low, high) = (head, items.count)
        while low < high {
            let middle = (low + high) / 2
            if items[middle].id < id { low = middle + 1 } else { high = middle }  // safe: middle < count
        }
        guard low < items.count, items[low].id == id, !items[low].look.isUrgent else { return }  // safe: checked
        items[low].look.isUrgent = true  // safe: checked above
        urgent.append(low)
    }

    /// Takes out the call that gets the next permit.
    public mutating func pop(at now: Int64, _ survivals: [PollSurvival]) -> UInt64? {
        guard count > 0 else {
            if !items.isEmpty { removeAll() }
            return nil
        }
        if head + left > 64, head + left > items.count / 2 { compact() }
        while head < items.count, items[head].hasLeft {  // safe: below the count
            head += 1
            left -= 1
        }
        sinceOldest += 1
        servedSinceRanking += 1
        // safe: the count is above 0, so there is an item at the head
        if sinceOldest >= Self.everyOldest, now.subtracting(items[head].enteredAt) > patience {
            sinceOldest = 0
            return take(head)
        }
        while urgentHead < urgent.count {
            urgentHead += 1
            if let id = take(urgent[urgentHead - 1]) { return id }  // safe: below the count
        }
        if urgentHead > 0 {
            urgent.removeAll(keepingCapacity: true)
            urgentHead = 0
        }
        let pause = Int64(min(count, Self.crowd)) * Self.pauseForEach  // safe: at most one second
        if rankedAt == .min || now.subtracting(rankedAt) >= pause { rank(at: now, survivals) }
        while true {
            while let index = best.popLast() { if let id = take(index) { return id } }
            rank(at: now, survivals)
        }
    }

    private mutating func take(_ index: Int) -> UInt64? {
        guard items.indices.contains(index), !items[index].hasLeft else { return nil }  // safe: checked
        items[index].hasLeft = true  // safe: checked above
        left += 1
        return items[index].id  // safe: checked above
    }

    private mutating func removeAll() {
        items.removeAll(keepingCapacity: items.capacity <= 4_096)
        (head, left, best, urgent, urgentHead) = (0, 0, [], [], 0)
        rankedAt = .min
    }

    /// The order of all that wait, by worth. The best go to the end of `best`.
    private mutating func rank(at now: Int64, _ survivals: [PollSurvival]) {
        let wanted = max(Self.fewestBest, 2 * servedSinceRanking)
        servedSinceRanking = 0
        rankedAt = now
        ranked.times += 1
        ranked.items += items.count - head
        var top = Top(most: wanted)
        let unknown = PollSurvival.unknown
        for index in head..<items.count {
            let item = items[index]  // safe: an index of it
            if item.hasLeft { continue }
            let age = Double(max(0, now.subtracting(item.look.acceptedAt))) / 1e6
            let kind = Int(item.look.kind)
            let worth =
                survivals.indices.contains(kind)
                ? survivals[kind].worth(lookedAt: Double(item.look.openAt), now: age)  // safe: checked
                : unknown.worth(lookedAt: Double(item.look.openAt), now: age)
            top.offer(worth, index)
        }
        best = top.sorted()
    }

    private mutating func compact() {
        items = items[head...].filter { !$0.hasLeft }
        (head, left, best) = (0, 0, [])
        urgent = items.indices.filter { items[$0].look.isUrgent }  // safe: its own
        urgentHead = 0
    }
}

/// The largest of many numbers: a heap whose smallest is first.
private struct Top {
    private var items: [(worth: Double, index: Int)] = []
    private let most: Int

    init(most: Int) {
        self.most = most
        items.reserveCapacity(min(most, 4_096))
    }

    /// Of equals the first one counts.
    mutating func offer(_ worth: Double, _ index: Int) {
        if items.count < most {
            items.append((worth, index))
            var child = items.count - 1
            while child > 0, isLess(items[child], items[(child - 1) / 2]) {  // safe: parents come before
                items.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if let least = items.first, worth > least.worth {
            items[0] = (worth, index)  // safe: not empty
            var at = 0
            while true {
                var next = at
                for child in [2 * at + 1, 2 * at + 2] where child < items.count {
                    if isLess(items[child], items[next]) { next = child }  // safe: checked
                }
                if next == at { break }
                items.swapAt(at, next)
                at = next
            }
        }
    }

    private func isLess(_ one: (worth: Double, index: Int), _ other: (worth: Double, index: Int)) -> Bool {
        one.worth < other.worth || one.worth == other.worth && one.index > other.index
    }

    /// The best last.
    func sorted() -> [Int] { items.sorted { isLess($0, $1) }.map(\.index) }
}
