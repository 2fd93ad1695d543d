/// Plain downloads that wait for a place: the one whose URL ends first comes first, then first come, first served.
struct DownloadQueue: BinaryHeap {
    private struct Entry {
        /// Unix milliseconds; `.max` is unknown or never.
        let expires: Int64
        let ticket: UInt64

        /// Tickets are numbered in order, so that downloads with equal ends keep their order.
        func comes(before other: Entry) -> Bool { (expires, ticket) < (other.expires, other.ticket) }
    }

    private var heap: [Entry] = []
    private var withdrawn = 0

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }

    mutating func append(_ ticket: UInt64, expiresAtMilliseconds: Int64) {
        heap.append(Entry(expires: expiresAtMilliseconds <= 0 ? .max : expiresAtMilliseconds, ticket: ticket))
        siftUp(heap.count - 1)
    }

    mutating func popFirst() -> UInt64? {
        guard let first = heap.first, let last = heap.popLast() else {
            withdrawn = 0
            return nil
        }
        if !heap.isEmpty {
            heap[0] = last  // safe: not empty
            siftDown(0)
        }
        return first.ticket
    }

    /// A ticket was withdrawn. Its entry is skipped when it comes first; many such entries are removed together.
    mutating func withdraw(stillWanted: (UInt64) -> Bool) {
        withdrawn += 1
        guard withdrawn > 64, withdrawn > heap.count / 2 else { return }
        heap = heap.filter { stillWanted($0.ticket) }.sorted { $0.comes(before: $1) }  // a sorted list is a heap
        withdrawn = 0
    }

    func comes(_ index: Int, before other: Int) -> Bool { heap[index].comes(before: heap[other]) }
    mutating func exchange(_ index: Int, _ other: Int) { heap.swapAt(index, other) }
}
