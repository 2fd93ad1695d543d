/// Something with at most one place in the heap. Engine thread.
class TimerNode {
    /// Monotonic nanoseconds; `.max` is never.
    fileprivate(set) var due: Int64 = .max
    fileprivate var place = -1
    var isScheduled: Bool { place >= 0 }

    init() {}
}

/// A binary heap that knows the place of each node: a change of its time moves the node, and no stale entry remains.
struct TimerHeap: BinaryHeap {
    private var nodes: [TimerNode] = []

    var count: Int { nodes.count }
    var nextDue: Int64? { nodes.first?.due }

    /// Sets the time of a node; `.max` takes it out.
    mutating func set(_ node: TimerNode, due: Int64) {
        if due == .max {
            remove(node)
            return
        }
        let earlier = due < node.due
        node.due = due
        if node.place < 0 {
            node.place = nodes.count
            nodes.append(node)
            siftUp(node.place)
        } else if earlier {
            siftUp(node.place)
        } else {
            siftDown(node.place)
        }
    }

    mutating func remove(_ node: TimerNode) {
        let hole = node.place
        node.place = -1
        node.due = .max
        guard hole >= 0, let last = nodes.popLast() else { return }
        guard last !== node else { return }
        nodes[hole] = last  // safe: the node stood there, and was not the last
        last.place = hole
        siftUp(hole)
        siftDown(last.place)
    }

    /// Takes out the first node that is due.
    mutating func popDue(at now: Int64) -> TimerNode? {
        guard let first = nodes.first, first.due <= now else { return nil }
        remove(first)
        return first
    }

    func comes(_ index: Int, before other: Int) -> Bool { nodes[index].due < nodes[other].due }

    mutating func exchange(_ index: Int, _ other: Int) {
        nodes.swapAt(index, other)
        nodes[index].place = index  // safe: as the caller's
        nodes[other].place = other  // safe: as the caller's
    }
}

/// The timers of an engine: everything that wakes it by the clock. Engine thread.
final class Timers {
    /// Tasks, calls and timers are changed only inside a turn.
    let turn = TurnMark()
    private var heap = TimerHeap()

    var count: Int { heap.count }
    var nextDue: Int64? { heap.nextDue }

    func set(_ node: TimerNode, due: Int64) {
        turn.expect()
        heap.set(node, due: due)
    }

    func remove(_ node: TimerNode) {
        turn.expect()
        heap.remove(node)
    }

    func popDue(at now: Int64) -> TimerNode? {
        turn.expect()
        return heap.popDue(at: now)
    }

    /// A task has one place: its timer or its deadline, whichever comes first.
    func schedule(_ task: ActiveTask) { set(task, due: min(task.timerAt, task.deadlineAt)) }
}
