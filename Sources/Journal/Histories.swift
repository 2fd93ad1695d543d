internal import Core

/// What was learned of how long jobs take: one row for each kind, a bounded number of rows.
extension Journal {
    /// So many kinds are kept and read.
    static let mostHistories = 256
    /// A row with more bytes is no history.
    private static let longestBins = 4_096

    private static let all = SQL("SELECT kind, bins FROM history ORDER BY kind LIMIT 1024", "reading histories")
    private static let one = SQL("SELECT bins FROM history WHERE kind=?1", "reading a history")
    private static let count = SQL("SELECT count(*) FROM history", "counting histories")
    private static let put = SQL("INSERT OR REPLACE INTO history(kind, bins) VALUES(?1, ?2)", "keeping a history")
    private static let drop = SQL(
        "DELETE FROM history WHERE kind IN (SELECT kind FROM history ORDER BY random() LIMIT ?1)", "dropping histories")

    static func readHistories(_ store: Store) -> [JournalHistory] {
        let found = try? store.read { (database) throws(Failure) in
            var found: [JournalHistory] = []
            try database.each(all) { (row: borrowing FileRow) throws(Failure) in
                let bins = row.bytes(1)
                guard found.count < mostHistories, bins.count <= longestBins, PollHistory(bytes: bins) != nil else {
                    return
                }
                found.append(JournalHistory(kind: row.text(0), bins: bins))
            }
            return found
        }
        return found ?? []
    }

    /// In one transaction, which waits for no disk. Another process may know more of a kind: its row stays.
    static func write(_ histories: [JournalHistory], to store: Store) {
        try? store.write(synced: false) { (database) throws(Failure) in
            for history in histories.prefix(mostHistories) {
                guard let ours = PollHistory(bytes: history.bins) else { continue }
                var theirs: [UInt8] = []
                try database.each(one, [.text(history.kind)]) { (row: borrowing FileRow) throws(Failure) in
                    theirs = row.bytes(0)
                }
                if let theirs = PollHistory(bytes: theirs), theirs.jobs > ours.jobs { continue }
                try database.change(put, [.text(history.kind), .blob(history.bins)])
            }
            let surplus = (try database.number(count) ?? 0) - Int64(mostHistories)
            if surplus > 0 { try database.change(drop, [.int(surplus)]) }
        }
    }
}
