internal import Core

/// The format of the file, and its creation.
enum Schema {
    /// "aigj"
    static let application: Int64 = 0x6169_676A
    /// Thousands: the major version, which older programs refuse. The rest: columns that they need not know.
    static let version: Int64 = 1_001

    /// Refuses a file of another kind or of a later version; makes the tables of a new file. The journal's lock is held.
    static func check(_ database: Database, _ path: String, creates: Bool) throws(Failure) {
        let application = try database.number(Statements.application) ?? 0
        let version = try database.number(Statements.version) ?? 0
        if application == 0, version == 0, try database.number(Statements.tables) == 0 {
            guard creates else { throw Folder.empty(path) }
            // A commit writes whole pages, and sums up each: of a few short rows, small pages are cheaper.
            try database.run("PRAGMA page_size=2048", "setting it up")
            try setUp(database, path)
            return try make(database)
        }
        guard application == Self.application else {
            throw Failure(
                .journal,
                "Journal \(path): jobs.db belongs to another program (application id \(application)); choose "
                    + "another folder")
        }
        guard version / 1_000 == Self.version / 1_000 else {
            throw Failure(
                .journal,
                "Journal \(path): it was made by a newer version of this library (its format is \(version / 1_000).x, this "
                    + "one knows \(Self.version / 1_000).x); update the library")
        }
        try setUp(database, path)
        if creates, version < Self.version { try renew(database) }
    }

    /// The jobs that an owner drives, or has left. Such an index is rewritten whenever a column of its condition is
    /// assigned: `ended_at_ms` is assigned when a job begins and when it ends, `state` at each step. It is 0 in the states
    /// claimed, sending and accepted, and only there.
    private static let openJobs = "CREATE INDEX open_job ON job(owner) WHERE ended_at_ms=0"

    private static func setUp(_ database: Database, _ path: String) throws(Failure) {
        let mode = try database.texts(Statements.mode).first ?? ""
        guard mode == "wal" else {
            throw Failure(
                .journal,
                "Journal \(path): SQLite cannot keep a log beside the file here (it says \"\(mode)\"); choose "
                    + "another folder")
        }
        try database.run(
            "PRAGMA wal_autocheckpoint=2000; PRAGMA journal_size_limit=8388608; PRAGMA mmap_size=0;"
                + "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA synchronous=FULL", "setting it up")
    }

    /// 1.0 had an index of another condition, and a late acceptance kept the time of its doubt.
    private static func renew(_ database: Database) throws(Failure) {
        try database.run(
            """
            BEGIN IMMEDIATE;
            UPDATE job SET ended_at_ms=0 WHERE state<4 AND ended_at_ms<>0;
            UPDATE job SET ended_at_ms=1 WHERE state>3 AND ended_at_ms=0;
            DROP INDEX IF EXISTS open_job;
            \(openJobs);
            PRAGMA user_version=\(version);
            COMMIT
            """, "bringing its tables up to date")
    }

    private static func make(_ database: Database) throws(Failure) {
        // Rows are in the order of their claims, whatever the keys are: jobs that run together share pages, and
        // a commit of many rows writes few of them.
        try database.run(
            """
            BEGIN IMMEDIATE;
            CREATE TABLE job(
                id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
                provider TEXT NOT NULL, operation TEXT NOT NULL, region TEXT NOT NULL, endpoint TEXT NOT NULL,
                account BLOB, digest BLOB NOT NULL, request BLOB,
                state INTEGER NOT NULL, outcome INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
                remote_id TEXT, request_id TEXT, status INTEGER NOT NULL DEFAULT 0, provider_code TEXT,
                owner INTEGER NOT NULL, images INTEGER NOT NULL DEFAULT 0, note TEXT,
                claimed_at_ms INTEGER NOT NULL DEFAULT 0, sent_at_ms INTEGER NOT NULL DEFAULT 0,
                accepted_at_ms INTEGER NOT NULL DEFAULT 0, ended_at_ms INTEGER NOT NULL DEFAULT 0,
                changed_at_ms INTEGER NOT NULL DEFAULT 0);
            \(openJobs);
            CREATE TABLE owner(
                id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL, start TEXT NOT NULL, boot TEXT NOT NULL,
                host TEXT NOT NULL, program TEXT NOT NULL, made_at_ms INTEGER NOT NULL);
            CREATE TABLE history(kind TEXT NOT NULL PRIMARY KEY, bins BLOB NOT NULL) WITHOUT ROWID;
            PRAGMA application_id=\(application);
            PRAGMA user_version=\(version);
            COMMIT
            """, "making its tables")
    }
}

/// All that is said to SQLite while jobs run.
enum Statements {
    static let begin = SQL("BEGIN IMMEDIATE", "beginning to write")
    static let commit = SQL("COMMIT", "writing")
    static let application = SQL("PRAGMA application_id", "reading its kind")
    static let version = SQL("PRAGMA user_version", "reading its version")
    static let tables = SQL("SELECT count(*) FROM sqlite_master", "reading its tables")
    static let mode = SQL("PRAGMA journal_mode=WAL", "setting up its log")
    static let dataVersion = SQL("PRAGMA data_version", "looking for changes")

    // An IN of three or more values makes a table of its own at each run, which costs more than the row.

    /// The columns of `FileRow.entry`, by name: a later version may have more.
    private static let columns =
        "key, state, provider, operation, region, endpoint, digest, attempts, remote_id, request_id, status, "
        + "provider_code, note, owner, images, claimed_at_ms, sent_at_ms, accepted_at_ms, ended_at_ms, changed_at_ms, "
        + "account"
    /// The number of the column behind them.
    static let behind: Int32 = 21

    static let find = SQL("SELECT \(columns) FROM job WHERE key=?1", "looking for a key")
    static let openOf = SQL(
        "SELECT \(columns), id FROM job WHERE owner=?1 AND ended_at_ms=0 AND state>1 AND state<4 AND id>?3 ORDER BY id LIMIT ?2",
        "looking for the jobs of an owner")
    static let sendingOf = SQL(
        "SELECT id FROM job WHERE owner=?1 AND ended_at_ms=0 AND state=2 LIMIT 1", "looking for the jobs of an owner")
    /// Goes from owner to owner along the index, whatever the number of their jobs.
    static let nextOwner = SQL(
        "SELECT owner FROM job WHERE ended_at_ms=0 AND owner>?1 ORDER BY owner LIMIT 1", "looking for owners")
    static let openByOwner = SQL(
        "SELECT owner, count(*) FROM job WHERE ended_at_ms=0 GROUP BY owner", "looking for owners")
    /// Of the newest rows: a person may have a million.
    static let newestJobs = SQL(
        "SELECT provider, operation, region, endpoint, remote_id FROM job "
            + "WHERE id>(SELECT max(id) FROM job)-1024 AND remote_id IS NOT NULL", "reading the newest ids")
    static let holderOfID = SQL(
        "SELECT key FROM job WHERE remote_id=?1 AND provider=?2 AND region=?3 AND endpoint=?4 AND key<>?5 LIMIT 1",
        "looking for an id")
    static let page = SQL(
        "SELECT \(columns), request FROM job WHERE key>?1 AND substr(key, 1, length(?2))=?2 AND (?3='' OR provider=?3) "
            + "AND (?4=0 OR (?4 >> state) & 1) ORDER BY key LIMIT ?5", "listing keys")
    static let counts = SQL("SELECT state, count(*) FROM job GROUP BY state ORDER BY state", "counting")

    /// Assigns the times of a change. None lies before a time that the row has: the machine's clock may have been set back,
    /// and the row would soon count as old.
    private static func at(_ now: String, _ step: String = "") -> String {
        let time = "max(\(now), claimed_at_ms, sent_at_ms, accepted_at_ms, changed_at_ms)"
        return (step.isEmpty ? "" : "\(step)_at_ms=\(time), ") + "changed_at_ms=\(time)"
    }

    /// Of the latest rows: a person may have a million, and looks at them once for each opened file.
    static let newestTime = SQL(
        "SELECT max(changed_at_ms) FROM job WHERE id>(SELECT max(id) FROM job)-16384", "looking for the newest change")

    static let claim = SQL(
        "INSERT INTO job(key, provider, operation, region, endpoint, digest, request, state, outcome, owner, "
            + "claimed_at_ms, changed_at_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 0, ?8, ?9, ?9)", "taking a key")
    /// A claim and its first `sending` at once. Nothing happens where the key is known.
    static let send = SQL(
        "INSERT INTO job(key, provider, operation, region, endpoint, digest, request, state, outcome, owner, "
            + "claimed_at_ms, changed_at_ms, attempts, account, sent_at_ms) "
            + "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 2, 2, ?8, ?9, ?9, 1, ?10, ?9) ON CONFLICT(key) DO NOTHING",
        "noting that a submission leaves")
    static let claimAgain = SQL(
        "UPDATE job SET provider=?2, operation=?3, region=?4, endpoint=?5, digest=?6, request=?7, state=1, outcome=0, "
            + "owner=?8, \(at("?9", "claimed")), account=NULL, remote_id=NULL, request_id=NULL, status=0, "
            + "provider_code=NULL, note=NULL, images=0, sent_at_ms=0, accepted_at_ms=0, ended_at_ms=0 WHERE key=?1",
        "taking a key")
    static let ownAll = SQL(
        "UPDATE job SET owner=?2, \(at("?3")) WHERE owner=?1 AND ended_at_ms=0 AND state=3 AND id>?4 AND id<=?5",
        "taking jobs over")
    static let own = SQL("UPDATE job SET owner=?2, \(at("?3")) WHERE key=?1", "taking a job over")

    // Steps, only for a job that this owner holds.
    static let sending = SQL(
        "UPDATE job SET state=2, outcome=2, attempts=attempts+1, account=?3, \(at("?4", "sent")) "
            + "WHERE key=?1 AND owner=?2 AND state=1", "noting that a submission leaves")
    static let accepted = SQL(
        "UPDATE job SET state=3, outcome=3, remote_id=?3, request_id=?4, \(at("?5", "accepted")), "
            + "request=NULL, status=0, provider_code=NULL, note=NULL "
            + "WHERE key=?1 AND owner=?2 AND (state<3 OR state=3 AND remote_id=?3)",
        "noting the provider's id")
    /// After a doubt.
    static let acceptedLate = SQL(
        "UPDATE job SET state=3, outcome=3, remote_id=?3, request_id=?4, \(at("?5", "accepted")), "
            + "request=NULL, status=0, provider_code=NULL, note=NULL, ended_at_ms=0 "
            + "WHERE key=?1 AND owner=?2 AND state=7",
        "noting the provider's id")
    static let returned = SQL(
        "UPDATE job SET state=1, outcome=1, \(at("?3")) WHERE key=?1 AND owner=?2 AND state=2",
        "noting that a submission was not executed")
    static let succeeded = SQL(
        "UPDATE job SET state=4, outcome=3, images=?2, \(at("?3", "ended")), request=NULL, status=0 "
            + "WHERE key=?1 AND state=3", "noting an end")
    static let failed = SQL(
        "UPDATE job SET state=5, outcome=3, status=?2, provider_code=?3, request_id=coalesce(?4, request_id), "
            + "\(at("?5", "ended")), request=NULL WHERE key=?1 AND state=3", "noting an end")
    static let refused = SQL(
        "UPDATE job SET state=6, outcome=1, status=?3, provider_code=?4, request_id=?5, "
            + "\(at("?6", "ended")), request=NULL WHERE key=?1 AND owner=?2 AND state<3", "noting an end")
    static let unknown = SQL(
        "UPDATE job SET state=7, outcome=2, status=?3, note=?4, \(at("?5", "ended")) "
            + "WHERE key=?1 AND owner=?2 AND state=2", "noting a doubt")
    static let released = SQL(
        "UPDATE job SET owner=0, \(at("?3")) WHERE key=?1 AND owner=?2 AND state=3", "releasing a job")

    static let newOwner = SQL(
        "INSERT INTO owner(pid, start, boot, host, program, made_at_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        "noting a client")
    static let newestOwner = SQL("SELECT last_insert_rowid()", "noting a client")
    static let owners = SQL("SELECT id FROM owner", "looking for owners")
    static let idleOwners = SQL(
        "SELECT id FROM owner WHERE NOT EXISTS(SELECT 1 FROM job WHERE owner=owner.id AND ended_at_ms=0) "
            + "ORDER BY id LIMIT 64", "looking for owners")
    static let forgetOwner = SQL(
        "DELETE FROM owner WHERE id=?1 AND NOT EXISTS(SELECT 1 FROM job WHERE owner=?1 AND ended_at_ms=0)",
        "forgetting an owner")

    static let resolveAccepted = SQL(
        "UPDATE job SET state=3, outcome=3, remote_id=?2, owner=0, status=0, provider_code=NULL, note=?3, request=NULL, "
            + "\(at("?4", "accepted")), ended_at_ms=0 WHERE key=?1", "resolving a key")
    static let resolveEnded = SQL(
        "UPDATE job SET state=?2, outcome=?3, owner=0, note=?4, \(at("?5", "ended")), request=NULL "
            + "WHERE key=?1", "resolving a key")
    static let prune = SQL(
        "DELETE FROM job WHERE id>?2 AND id<=?3 AND state IN (4, 5, 6, 8) AND changed_at_ms<=?1", "pruning")
    /// Leaves out times that a clock which was ahead has written.
    static let newestChange = SQL("SELECT max(changed_at_ms) FROM job WHERE changed_at_ms<=?1", "pruning")
    /// The row behind so many of the next; none: there are no more than that.
    static let endOfPart = SQL("SELECT id FROM job WHERE id>?1 ORDER BY id LIMIT 1 OFFSET ?2", "pruning")
    static let integrity = SQL("PRAGMA integrity_check(20)", "checking it")
}
