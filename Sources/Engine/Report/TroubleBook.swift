internal import Core

/// The troubles that were reported to the host as warnings: one for each trouble of a provider, for any number of calls
/// and jobs with it. A trouble that ends and comes again is reported again, at most once a minute. A value; engine thread
/// only.
struct TroubleBook {
    enum Topic: Equatable {
        /// Calls fail before the wire, until one is answered.
        case beforeTheWire(Status)
        /// The provider has asked for a long pause of this call. The trouble is over when it was reported.
        case rest(action: String)
        /// The provider takes no more tasks at once, until no submission waits any more.
        case tooManyTasks
        /// The provider calls the state of a job by a word that this library does not know. Told once.
        case unknownState(String)

        var isOverAtOnce: Bool { if case .rest = self { true } else { false } }
        var isUnknownState: Bool { if case .unknownState = self { true } else { false } }
        var endsWithAnAnswer: Bool { if case .beforeTheWire = self { true } else { false } }
    }

    private struct Entry {
        let provider: String
        let topic: Topic
        var toldAt: Int64
        var isOpen: Bool
        /// When an answer ended it.
        var closedAt: Int64 = .min
    }

    private var entries: [Entry] = []
    /// Whether no trouble lasts that an answer ends.
    private(set) var isQuiet = true

    private static let rest: Int64 = 60_000_000_000
    /// Actions are the host's own names where it calls by name.
    private static let most = 256
    /// The words of servers leave room for other troubles.
    private static let mostUnknownStates = 16

    /// The shortest pause that is reported.
    static let longRestMilliseconds: Int64 = 10_000

    /// True if the trouble must be reported now. A call that started (`since`) before the answer that ended the trouble is a
    /// part of the old trouble.
    mutating func tells(_ topic: Topic, of provider: String, at now: Int64, since start: Int64 = .max) -> Bool {
        if let index = entries.firstIndex(where: { $0.topic == topic && $0.provider == provider }) {
            // safe below: an index that was found
            if !entries[index].isOpen, start <= entries[index].closedAt { return false }
            if topic.endsWithAnAnswer { isQuiet = false }
            let isNews = !entries[index].isOpen && now.subtracting(entries[index].toldAt) >= Self.rest
            entries[index].isOpen = !topic.isOverAtOnce
            if isNews { entries[index].toldAt = now }
            return isNews
        }
        if topic.endsWithAnAnswer { isQuiet = false }
        guard entries.count < Self.most else { return false }
        if topic.isUnknownState, entries.count(where: { $0.topic.isUnknownState }) >= Self.mostUnknownStates {
            return false
        }
        entries.append(Entry(provider: provider, topic: topic, toldAt: now, isOpen: !topic.isOverAtOnce))
        return true
    }

    /// A call of the provider was answered: what fails next is a new trouble.
    mutating func passed(_ provider: String, at now: Int64) {
        isQuiet = true
        for index in entries.indices where entries[index].topic.endsWithAnAnswer {
            // safe: an index of its own array
            if entries[index].provider == provider, entries[index].isOpen {
                entries[index].isOpen = false
                entries[index].closedAt = now
            }
            if entries[index].isOpen { isQuiet = false }
        }
    }

    mutating func ended(_ topic: Topic, of provider: String) {
        for index in entries.indices where entries[index].topic == topic && entries[index].provider == provider {
            entries[index].isOpen = false  // safe: an index of its own array
        }
    }
}
