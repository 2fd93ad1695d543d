internal import Core

/// Log records that the host has not taken. Beyond the limit the oldest are dropped and counted. Under `Mailbox.lock`.
struct LogRing {
    struct Entry {
        let record: LogRecord
        /// Job events that were queued before it are handed out before it: how many slots there had been.
        var after: Int
    }

    private var entries: [Entry] = []
    private var head = 0
    private(set) var lost: UInt64 = 0
    private var lostUntold: Int64 = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var isEmpty: Bool { head == entries.count }
    var count: Int { entries.count - head }

    mutating func push(_ record: LogRecord, after: Int) {
        if count >= capacity {
            head += 1
            lost &+= 1
            lostUntold += 1
        }
        if head > 64, head > entries.count / 2 {
            entries.removeFirst(head)
            head = 0
        }
        entries.append(Entry(record: record, after: after))
    }

    /// The oldest, if nothing that was queued before it is left. `slot`: how many slots have been emptied; nil: all.
    mutating func pop(slot: Int?) -> LogRecord? {
        guard head < entries.count else { return nil }
        let first = entries[head]  // safe: head < count
        if let slot, first.after > slot { return nil }
        if lostUntold > 0 {
            // In the place of the dropped records, with a level that is reported.
            var note = LogRecord(
                first.record.level, "Log records were not kept", atMilliseconds: first.record.atMilliseconds)
            note.add("lost", lostUntold)
            lostUntold = 0
            return note
        }
        head += 1
        if head == entries.count {
            entries.removeAll(keepingCapacity: entries.capacity <= 256)
            head = 0
        }
        return first.record
    }

    /// Slots have been counted anew: none is beyond this any more.
    mutating func renumber(_ slots: Int) {
        for index in entries.indices where entries[index].after > slots { entries[index].after = slots }
    }
}
