internal import Core

/// Claims whose submissions have not left yet, in the order of their arrival. The step that sends takes the key by itself,
/// so that a claim is only written where the submission waits.
struct HeldClaims<Item> {
    private var queue: [(item: Item, key: JournalKey, since: Int64)?] = []
    /// How many have left the queue at its front.
    private var gone = 0
    private var places: [JournalKey: Int] = [:]

    var isEmpty: Bool { places.isEmpty }

    /// One claim a key: a second one is not held, and returned.
    mutating func add(_ item: Item, _ key: JournalKey, since: Int64) -> Item? {
        guard places[key] == nil else { return item }
        places[key] = gone + queue.count
        queue.append((item, key, since))
        return nil
    }

    mutating func remove(_ key: JournalKey) -> Item? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        defer { if places.isEmpty { clear() } }
        guard queue.indices.contains(place - gone) else { return nil }
        let held = queue[place - gone]  // safe: checked above
        queue[place - gone] = nil  // safe: checked above
        return held?.item
    }

    /// When the oldest came; nil: there is none.
    var oldest: Int64? {
        guard !isEmpty else { return nil }
        for case let held? in queue { return held.since }
        return nil
    }

    /// Takes those out that came until then.
    mutating func due(until: Int64, limit: Int) -> [Item] {
        guard !isEmpty else { return [] }
        var due: [Item] = []
        var count = 0
        for held in queue {
            if let held {
                guard held.since <= until, due.count < limit else { break }
                due.append(held.item)
                places[held.key] = nil
            }
            count += 1
        }
        queue.removeFirst(count)
        gone += count
        if places.isEmpty { clear() }
        return due
    }

    private mutating func clear() {
        gone += queue.count
        queue.removeAll(keepingCapacity: queue.capacity <= 4_096)
    }
}
