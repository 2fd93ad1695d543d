/// Submissions that one provider has refused because too many tasks of the account run at once.
///
/// The oldest job is tried every 5 to 8 s; the others rest. A slot that may be free lets the oldest job that rests try at
/// once: a job of this client has ended, a try was accepted (there may be room for more), or the oldest job has left the
/// line. So a thousand waiting jobs cost the cloud about as many calls as one. A value; engine thread only.
struct SlotLine {
    private var waiting = AgeLine()
    /// Those of `waiting` whose try is under way.
    private var trying: Set<UInt64> = []
    private var free = 0

    /// The pause of a job behind the oldest one, if no slot becomes free for it.
    static let restMilliseconds: Int64 = 1_200_000

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }

    /// A job was refused. Returns how many older ones wait.
    mutating func join(_ id: UInt64) -> Int {
        trying.remove(id)
        return waiting.insert(id)
    }

    /// The try of a job begins.
    mutating func tries(_ id: UInt64) {
        if waiting.contains(id) { trying.insert(id) }
    }

    /// The try of a job has failed for another reason: the job keeps its place.
    mutating func rests(_ id: UInt64) { trying.remove(id) }

    /// A job was accepted or has ended. True if it waited here.
    mutating func leave(_ id: UInt64) -> Bool {
        guard waiting.remove(id) else { return false }
        trying.remove(id)
        return true
    }

    /// There may be a slot for one more task.
    mutating func slotFreed() { if !isEmpty { free += 1 } }

    /// The next job that is to try at once; nil: none.
    mutating func next() -> UInt64? {
        guard free > 0 else { return nil }
        guard let id = waiting.all.first(where: { !trying.contains($0) }) else {
            free = 0
            return nil
        }
        free -= 1
        trying.insert(id)
        return id
    }
}
