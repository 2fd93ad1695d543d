/// Places on the wire.
struct Places {
    private(set) var taken = 0
    private let most: Int

    init(most: Int) { self.most = most }

    var hasFree: Bool { taken < most }
    mutating func take() { taken += 1 }
    mutating func giveBack() { taken -= 1 }
}

/// Values by ticket number. A dictionary never gives memory back: after a peak it is made anew.
struct TicketTable<Value> {
    private var values: [UInt64: Value] = [:]

    var count: Int { values.count }

    subscript(_ id: UInt64) -> Value? {
        get { values[id] }
        set { if let newValue { values[id] = newValue } else { remove(id) } }
    }

    @discardableResult
    mutating func remove(_ id: UInt64) -> Value? {
        let value = values.removeValue(forKey: id)
        if values.capacity > 4_096, values.count < values.capacity / 16 {
            values = Dictionary(uniqueKeysWithValues: values.lazy.map { ($0.key, $0.value) })
        }
        return value
    }
}

/// Ticket numbers, first in first out, without moving the rest for each.
struct TicketQueue {
    private var items: [UInt64] = []
    private var head = 0

    var first: UInt64? { head < items.count ? items[head] : nil }  // safe: head < count
    var count: Int { items.count - head }

    mutating func append(_ id: UInt64) { items.append(id) }

    mutating func popFirst() -> UInt64? {
        guard head < items.count else { return nil }
        let id = items[head]  // safe: head < count
        head += 1
        if head == items.count || head > 4_096 {
            items.removeFirst(head)
            head = 0
        }
        return id
    }
}
