internal import CPlatform
public import Core

/// Submitting, attaching and resuming by key.
extension Engine {
    public var hasJournal: Bool { journal != nil }

    /// Queues a checked submission that has a key or is held. May wait for the disk.
    public func submit(
        _ call: ProviderCall, operation: String, order: SubmissionOrder, follow: Bool, deadlineMilliseconds: Int64,
        trace: TraceContext? = nil
    ) throws(Failure) -> JobRecord {
        guard let journal else {
            guard order.key == nil else {
                throw Self.noJournal("Submitting under a key", outcome: .notSent, field: "key")
            }
            let record = newRecord(call.provider, operation, isDownload: false, JobSnapshot(state: .queued))
            return try begin(
                record, trace,
                JournalledStart(
                    call: call, isHeld: order.isHeld, follows: follow, deadlineMilliseconds: deadlineMilliseconds))
        }
        let key = order.key ?? newKey()
        let claim = JournalClaim(
            key: key, provider: call.provider, operation: operation, region: call.region, endpoint: call.endpoint,
            digest: order.digest, request: order.request)
        try start()
        var start = JournalledStart(
            call: call, key: key, claim: claim, isHeld: order.isHeld, follows: follow,
            deadlineMilliseconds: deadlineMilliseconds)
        return try keyLock.withLock { () throws(Failure) in
            switch try journal.claim(claim, isFresh: order.key == nil) {
            case .new: break
            case .known(let place):
                if let known = mailbox.lock.withLock({ mailbox.keys[key] }) { return known }
                // A job of this client that never left and has ended: its submission begins anew.
                if place.entry.state != .claimed || place.holder != .here { start.place = place }
            }
            return try begin(record(call.provider, operation, key), trace, start)
        }
    }

    /// The job of a key that the journal knows.
    public func attach(_ key: JournalKey, follow: Bool, deadlineMilliseconds: Int64) throws(Failure) -> JobRecord {
        let doing = "Attaching key \"\(key.text.shown(limit: 100))\""
        let journal = try needJournal(doing)
        try start()
        return try keyLock.withLock { () throws(Failure) in
            guard let place = try journal.find(key) else {
                throw Failure(.notFound, "\(doing): the journal has no such key", field: "key")
            }
            if let known = mailbox.lock.withLock({ mailbox.keys[key] }) { return known }
            if place.entry.state == .claimed, place.holder != .other {
                throw Failure(
                    .wrongState, "\(doing): it was never sent, and its client is gone; submit its request", field: "key"
                )
            }
            return try begin(key, place, follow, deadlineMilliseconds)
        }
    }

    /// Takes over the jobs whose clients are gone. How many.
    public func resume(follow: Bool, deadlineMilliseconds: Int64) throws(Failure) -> Int {
        let journal = try needJournal("Resuming jobs")
        try start()
        var count = 0
        var cursor = JournalCursor()
        while true {
            let places = try journal.takeOver(limit: 4_000, after: &cursor)
            if places.isEmpty { return count }
            for place in places {
                try keyLock.withLock { () throws(Failure) in
                    if mailbox.lock.withLock({ mailbox.keys[place.entry.key] }) != nil { return }
                    count += 1
                    _ = try begin(place.entry.key, place, follow, deadlineMilliseconds)
                }
            }
            aigcp_turn_yield()
        }
    }

    /// Lets the first byte of a held job leave.
    public func letLeave(_ record: JobRecord) throws(Failure) {
        let (isHeld, isOver) = mailbox.lock.withLock { (record.isHeld, record.snapshot.state.isTerminal) }
        guard isHeld else {
            throw Failure(.wrongState, "Releasing a job: it was not submitted with \"hold\"")
        }
        if isOver { throw Failure(.wrongState, "Releasing a job: it has ended") }
        try post(.release(record.id))
    }

    public func key(of record: JobRecord) -> JournalKey? { mailbox.lock.withLock { record.key } }

    /// A warning of the journal. One about an id that the file cannot keep is about its job, and its fields have the id.
    public func warn(_ warning: FolderWarning) {
        let time = clock.unixMilliseconds()
        mailbox.lock.withLock {
            let record = warning.unkept.flatMap { mailbox.keys[$0.key] }
            let fields = warning.unkept.map { unkept in
                var fields = LogRecord(
                    .warning, "The journal cannot keep an id", provider: record?.provider ?? "", job: record?.id ?? 0,
                    atMilliseconds: time)
                fields.add("key", unkept.key.text)
                fields.add("remote_id", unkept.remoteID)
                return fields
            }
            mailbox.events.pushWarning(warning.text, of: record?.provider ?? "", about: record, fields)
            mailbox.announce()
        }
    }

    /// Called when no further step can come.
    func closeJournal() { journal?.close() }

    private func needJournal(_ doing: String) throws(Failure) -> any JobJournal {
        guard let journal else { throw Self.noJournal(doing, field: "journal.path") }
        return journal
    }

    private static func noJournal(_ doing: String, outcome: SubmitOutcome = .none, field: String) -> Failure {
        Failure(
            .wrongState, "\(doing): the client has no journal; set journal.path, or the variable AIGC_JOURNAL",
            outcome: outcome, field: field)
    }

    private func begin(
        _ key: JournalKey, _ place: JournalPlace, _ follow: Bool, _ deadlineMilliseconds: Int64
    ) throws(Failure) -> JobRecord {
        let start = JournalledStart(
            call: nil, key: key, place: place, follows: follow, deadlineMilliseconds: deadlineMilliseconds)
        return try begin(record(place.entry.provider, place.entry.operation, key), nil, start)
    }

    private func record(_ provider: String, _ operation: String, _ key: JournalKey) -> JobRecord {
        let record = newRecord(provider, operation, isDownload: false, JobSnapshot(state: .queued))
        record.key = key
        return record
    }

    private func begin(
        _ record: JobRecord, _ trace: TraceContext?, _ order: JournalledStart
    ) throws(Failure) -> JobRecord {
        record.isHeld = order.isHeld
        // At once: the caller may only want the id.
        if let reference = order.place?.entry.reference {
            record.snapshot.reference = mailbox.once(reference)
            record.snapshot.outcome = .accepted
            record.snapshot.state = .pending
        }
        mailbox.setTrace(trace, of: record)
        try start()
        // Under one lock: the job may end before this function returns.
        let isPosted = mailbox.post {
            if let key = order.key { mailbox.keys[key] = record }
            return .journalled(record, order)
        }
        guard isPosted else { throw Self.closed }
        return record
    }

    private func newKey() -> JournalKey {
        var word: (UInt64, UInt64) = (0, 0)
        let failed = withUnsafeMutableBytes(of: &word) { aigcp_random($0.baseAddress, UInt($0.count)) }
        if failed != 0 { word = (UInt64(bitPattern: aigcp_monotonic_ns()), aigcp_next_id()) }
        // In the order of time: the journal writes neighbouring keys faster.
        let time = UInt64(bitPattern: clock.unixMilliseconds())
        // Never nil: such a text is short and holds no NUL.
        return JournalKey("auto-" + Hex.lowerText(time) + Hex.lowerText(word.0) + Hex.lowerText(word.1)) ?? newKey()
    }
}
