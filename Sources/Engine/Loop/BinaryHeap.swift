/// An array in the order of a binary heap: no element comes before its parent.
protocol BinaryHeap {
    var count: Int { get }
    /// Whether the element at one index comes before the element at another.
    func comes(_ index: Int, before other: Int) -> Bool
    mutating func exchange(_ index: Int, _ other: Int)
}

// Indices come from the heap's own arithmetic and are inside the array.
extension BinaryHeap {
    mutating func siftUp(_ start: Int) {
        var at = start
        while at > 0 {
            let parent = (at - 1) / 2
            guard comes(at, before: parent) else { return }
            exchange(at, parent)
            at = parent
        }
    }

    mutating func siftDown(_ start: Int) {
        var at = start
        while true {
            var least = at
            let left = 2 * at + 1
            if left < count, comes(left, before: least) { least = left }
            if left + 1 < count, comes(left + 1, before: least) { least = left + 1 }
            guard least != at else { return }
            exchange(at, least)
            at = least
        }
    }
}
