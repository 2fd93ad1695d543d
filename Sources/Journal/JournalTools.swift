internal import CPlatform
internal import CSQLite
public import Core

/// The journal for people and their tools, without a client.
public final class JournalTools: Sendable {
    private let store: Store

    /// Opens a journal that is there; makes nothing.
    public init(path: String) throws(Failure) { store = try Store(path, creates: false, syncs: true) }

    public func close() { store.end() }

    // MARK: - Looking

    /// Which keys a page has.
    public struct Filter: Sendable {
        public static let mostRows = 10_000
        /// Empty: all.
        public var states: Set<JournalState> = []
        /// Empty: all.
        public var provider = ""
        /// The first bytes of the keys.
        public var prefix = ""
        public var limit = 1_000

        public init() {}
    }

    public struct Row: Sendable {
        public var entry: JournalEntry
        /// Whether its owner lives.
        public var isDriven: Bool
        /// The body of its call, where a client keeps those until their jobs have ended; empty: none.
        public var request: [UInt8]
    }

    /// A page in the order of the keys, behind `after`. The file is not locked between two pages.
    public func list(_ filter: Filter, after: String) throws(Failure) -> [Row] {
        let states = filter.states.reduce(Int64(0)) { $0 | 1 << $1.rawValue }
        let limit = Int64(min(max(1, filter.limit), Filter.mostRows))
        return try store.readLong { (database) throws(Failure) in
            var found: [(entry: JournalEntry, request: [UInt8])] = []
            try database.each(
                Statements.page,
                [.text(after), .text(filter.prefix), .text(filter.provider), .int(states), .int(limit)]
            ) { (row: borrowing FileRow) throws(Failure) in
                if let entry = row.entry { found.append((entry, row.bytes(Statements.behind))) }
            }
            var alive: [Int64: Bool] = [:]
            return found.map { found, request in
                var entry = found
                let lives = alive[entry.owner] ?? store.folder.isAlive(entry.owner)
                alive[entry.owner] = lives
                if entry.state == .sending, !lives { entry.see(store.folder.finding(entry.key, of: entry.owner)) }
                return Row(entry: entry, isDriven: lives, request: request)
            }
        }
    }

    public struct Report: Sendable {
        /// The faults of the file, in SQLite's words; empty: none.
        public var problems: [String] = []
        public var counts: [JournalState: Int64] = [:]
        public var warning: String?
        public var path = ""
        public var bytes: Int64 = 0
        /// -1: unknown.
        public var freeBytes: Int64 = 0
        public var sqliteVersion = ""
        public var formatVersion: Int64 = 0
        /// Clients that live, in all processes.
        public var clients: Int64 = 0
        /// Jobs that nobody drives: their owners are gone.
        public var orphans: Int64 = 0
    }

    /// Reads the whole file.
    public func check() throws(Failure) -> Report {
        var report = Report()
        report.path = store.folder.path
        report.warning = store.folder.warning
        report.freeBytes = store.folder.freeBytes
        report.sqliteVersion = aigcs_version().map { String(cString: $0) } ?? ""
        report.problems = try store.readLong { (database) throws(Failure) in
            try database.texts(Statements.integrity).filter { $0 != "ok" }
        }
        let blank = report
        report = try store.readLong { (database) throws(Failure) in
            var report = blank
            report.formatVersion = try database.number(Statements.version) ?? 0
            try database.each(Statements.counts) { (row: borrowing FileRow) throws(Failure) in
                report.counts[JournalState(rawValue: row.int(0)) ?? .unknown, default: 0] += row.int(1)
            }
            var owners: [(Int64, Int64)] = []
            try database.each(Statements.openByOwner) { (row: borrowing FileRow) throws(Failure) in
                owners.append((row.int(0), row.int(1)))
            }
            var known: [Int64] = []
            try database.each(Statements.owners) { (row: borrowing FileRow) throws(Failure) in
                known.append(row.int(0))
            }
            report.clients = Int64(known.count { store.folder.isAlive($0) })
            for (owner, jobs) in owners where !store.folder.isAlive(owner) { report.orphans += jobs }
            return report
        }
        report.bytes = store.folder.databaseBytes
        return report
    }

    // MARK: - Changing

    /// A person's finding about a submission.
    public enum Resolution: Sendable {
        case accepted(remoteID: String)
        case notSent
        /// The key is given up.
        case abandoned
    }

    /// What `resolve` writes down: only what a person has said stays open to a person's correction.
    private static let note = "resolved by hand"

    public func resolve(_ key: JournalKey, _ resolution: Resolution) throws(Failure) {
        let doing = "Resolving key \"\(key.text.shown(limit: 100))\""
        try store.write(synced: true) { (database) throws(Failure) in
            guard var entry = try database.find(key) else {
                throw Failure(.notFound, "\(doing): the journal has no such key", field: "key")
            }
            let isDriven = store.folder.isAlive(entry.owner)
            if entry.state == .sending, !isDriven { entry.see(store.folder.finding(key, of: entry.owner)) }
            if let reason = Self.objection(to: entry, isDriven: isDriven) {
                throw Failure(.wrongState, "\(doing): \(reason)", field: "key")
            }
            let now = Value.int(aigcp_unix_ms())
            let note = Value.text(Self.note)
            let state: JournalState
            let outcome: SubmitOutcome
            switch resolution {
            case .accepted(let remoteID):
                try Self.check(remoteID, of: entry, database, doing)
                return try database.change(Statements.resolveAccepted, [.key(key), .text(remoteID), note, now])
            case .notSent: (state, outcome) = (.refused, .notSent)
            case .abandoned: (state, outcome) = (.abandoned, .unknown)
            }
            try database.change(
                Statements.resolveEnded,
                [.key(key), .int(state.rawValue), .int(Int64(outcome.rawValue)), note, now])
        }
    }

    /// Why a key is not in doubt; nil: it is.
    static func objection(to entry: JournalEntry, isDriven: Bool) -> String? {
        let isByHand = entry.note.isSame(as: note)
        switch entry.state {
        case .unknown, .abandoned: return nil
        case .claimed, .sending, .accepted:
            if isDriven { return "a client that lives drives its job (\(entry.state.name)); end it first" }
            if entry.state == .sending || isByHand { return nil }
            if entry.state == .claimed { return "it was never sent; submit its request" }
            return
                "nothing is in doubt: the provider has accepted it as \(entry.remoteID.shown(limit: 100)); attach the "
                + "key, or resume its jobs"
        case .refused where isByHand: return nil
        case .succeeded, .failed, .refused: return "nothing is in doubt, its state is \(entry.state.name)"
        }
    }

    /// One job cannot belong to two keys: the second would get the first one's images.
    private static func check(
        _ remoteID: String, of entry: JournalEntry, _ database: Database, _ doing: String
    ) throws(Failure) {
        guard remoteID.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), (1...1_024).contains(remoteID.utf8.count) else {
            throw Failure(
                .invalidArgument,
                "\(doing): \"\(remoteID.shown(limit: 100))\" is no job's id: it has blanks, line ends or other characters "
                    + "that no id has; copy it from the provider's console", field: "remote_id")
        }
        var holder: JournalKey?
        try database.each(
            Statements.holderOfID,
            [.text(remoteID), .text(entry.provider), .text(entry.region), .text(entry.endpoint), .key(entry.key)]
        ) { (row: borrowing FileRow) throws(Failure) in holder = JournalKey(row.text(0)) }
        guard let holder else { return }
        throw Failure(
            .invalidArgument,
            "\(doing): the job \(remoteID.shown(limit: 100)) belongs to key \"\(holder.text.shown(limit: 100))\"; look for "
                + "the id of this key's own job", field: "remote_id")
    }

    /// Frees ended keys that have not changed for so long: they can be submitted, and paid, again. How many.
    public func prune(olderThanMilliseconds milliseconds: Int64) throws(Failure) -> Int {
        try Journal.prune(store, olderThan: milliseconds)
    }
}

extension JournalEntry {
    /// As the client sees the row that takes it over.
    fileprivate mutating func see(_ finding: OwnerNotes.Finding?) {
        switch finding {
        case .unsent: state = .claimed
        case .accepted(let remoteID, let requestID):
            state = .accepted
            self.remoteID = remoteID
            self.requestID = requestID
        case nil: break
        }
    }
}
