/// Jobs that wait, the oldest first. Ids are given in the order of time, so that the smallest one is the oldest. A value.
struct AgeLine {
    private var ids: [UInt64] = []
    /// The index of the oldest: a line of 100,000 is not moved each time.
    private var head = 0

    var isEmpty: Bool { head == ids.count }
    var count: Int { ids.count - head }
    var first: UInt64? { isEmpty ? nil : ids[head] }  // safe: head < count
    var all: ArraySlice<UInt64> { ids[head...] }  // safe: head <= count

    func contains(_ id: UInt64) -> Bool { holds(id, at: place(of: id)) }

    /// Returns how many older ones wait.
    @discardableResult
    mutating func insert(_ id: UInt64) -> Int {
        let place = place(of: id)
        if !holds(id, at: place) { ids.insert(id, at: place) }
        return place - head
    }

    /// False if the job did not wait.
    @discardableResult
    mutating func remove(_ id: UInt64) -> Bool {
        let place = place(of: id)
        guard holds(id, at: place) else { return false }
        ids.remove(at: place)
        return true
    }

    mutating func removeFirst() {
        guard !isEmpty else { return }
        head += 1
        if head > 4_096 || isEmpty {
            ids.removeFirst(head)
            head = 0
        }
    }

    private func place(of id: UInt64) -> Int {
        var low = head
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }  // safe: middle < count
        }
        return low
    }

    private func holds(_ id: UInt64, at place: Int) -> Bool {
        place < ids.count && ids[place] == id  // safe: checked
    }
}
