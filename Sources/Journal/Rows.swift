internal import CPlatform
internal import Core

/// The rows of the file, inside a transaction.
extension Database {
    func find(_ key: JournalKey) throws(Failure) -> JournalEntry? {
        var found: JournalEntry?
        try each(Statements.find, [.key(key)]) { (row: borrowing FileRow) throws(Failure) in found = row.entry }
        return found
    }

    func insert(_ claim: JournalClaim, again: Bool, owner: Int64) throws(Failure) {
        let now = try timeOfClaim()
        try change(
            again ? Statements.claimAgain : Statements.claim,
            [
                .key(claim.key), .text(claim.provider), .text(claim.operation), .text(claim.region),
                .text(claim.endpoint), .blob(claim.digest), claim.request.map { .blob($0) } ?? .null, .int(owner),
                .int(now),
            ])
    }

    /// True if nobody had the key: its submission may leave.
    func send(_ claim: JournalClaim, account: [UInt8], owner: Int64) throws(Failure) -> Bool {
        let now = try timeOfClaim()
        try change(
            Statements.send,
            [
                .key(claim.key), .text(claim.provider), .text(claim.operation), .text(claim.region),
                .text(claim.endpoint), .blob(claim.digest), claim.request.map { .blob($0) } ?? .null, .int(owner),
                .int(now), .blob(account),
            ])
        return changes > 0
    }

    /// True if this owner has the key, and it is not on the wire.
    func sendAgain(_ key: JournalKey, account: [UInt8], owner: Int64) throws(Failure) -> Bool {
        try change(Statements.sending, [.key(key), .int(owner), .blob(account), .int(timeOfChange())])
        return changes > 0
    }

    /// The result of a claim.
    enum Finding {
        case free(hasRow: Bool)
        case conflict
        case known
    }

    static func judge(_ entry: JournalEntry?, _ claim: JournalClaim, isAlive: (Int64) -> Bool) -> Finding {
        guard let entry else { return .free(hasRow: false) }
        if entry.state == .refused || entry.state == .claimed && !isAlive(entry.owner) { return .free(hasRow: true) }
        let isSame =
            entry.digest == claim.digest && entry.provider == claim.provider && entry.operation == claim.operation
        return isSame ? .known : .conflict
    }

    /// True if there was such a row of this owner.
    func write(_ step: JournalStep, _ key: JournalKey, owner: Int64) throws(Failure) -> Bool {
        let now = Value.int(timeOfChange())
        let me = Value.int(owner)
        switch step {
        case .claimed, .sending: return true  // see `take` and `send`
        case .accepted(let remoteID, let requestID):
            let values = [.key(key), me, .text(remoteID), Value(optional: requestID), now]
            try change(Statements.accepted, values)
            if changes == 0 { try change(Statements.acceptedLate, values) }
        case .returned: try change(Statements.returned, [.key(key), me, now])
        case .succeeded(let images): try change(Statements.succeeded, [.key(key), .int(Int64(images)), now])
        case .failed(let failure):
            try change(
                Statements.failed,
                [
                    .key(key), .int(Int64(failure.status.rawValue)), Value(optional: failure.providerCode ?? ""),
                    Value(optional: failure.requestID ?? ""), now,
                ])
        case .refused(let failure):
            try change(
                Statements.refused,
                [
                    .key(key), me, .int(Int64(failure.status.rawValue)), Value(optional: failure.providerCode ?? ""),
                    Value(optional: failure.requestID ?? ""), now,
                ])
        case .unknown(let failure):
            try change(
                Statements.unknown,
                [.key(key), me, .int(Int64(failure.status.rawValue)), Value.null, now])
        case .released: try change(Statements.released, [.key(key), me, now])
        }
        return changes > 0
    }

    /// Gives a submission whose owner is gone the state that its owner's notes prove. Without a proof it is in doubt:
    /// nobody sends it again.
    func settle(_ entry: JournalEntry, _ folder: Folder) throws(Failure) -> JournalEntry {
        guard entry.state == .sending else { return entry }
        switch folder.finding(entry.key, of: entry.owner) {
        case .unsent: _ = try write(.returned, entry.key, owner: entry.owner)
        case .accepted(let remoteID, let requestID):
            _ = try write(.accepted(remoteID: remoteID, requestID: requestID), entry.key, owner: entry.owner)
        case nil:
            try change(
                Statements.unknown,
                [
                    .key(entry.key), .int(entry.owner), .int(Int64(Status.outcomeUnknown.rawValue)),
                    .text("its process ended while the submission was on the wire"), .int(timeOfChange()),
                ])
        }
        return try find(entry.key) ?? entry
    }

    /// Gives a row whose owner is gone its next state and, if it is open, its next owner.
    func inherit(_ left: JournalEntry, by owner: Int64, _ folder: Folder) throws(Failure) -> JournalPlace {
        let entry = try settle(left, folder)
        guard entry.state.isOpen else { return JournalPlace(entry, .nobody) }
        try change(Statements.own, [.key(entry.key), .int(owner), .int(timeOfChange())])
        return JournalPlace(try find(entry.key) ?? entry, .here)
    }
}

extension Database {
    static func conflict(_ claim: JournalClaim, _ entry: JournalEntry?) -> Failure {
        let start =
            "Submitting under key \"\(claim.key.text.shown(limit: 100))\": the journal has another request of that key"
        guard let entry else { return Failure(.keyConflict, start + "; take another key", field: "key") }
        return Failure(
            .keyConflict,
            start + " (\(entry.provider) \(entry.operation), \(entry.state.name)): \(difference(entry, claim)), "
                + "or take another key for another request", field: "key")
    }

    /// What tells a request from the one that the journal has, and what would be right.
    private static func difference(_ entry: JournalEntry, _ claim: JournalClaim) -> String {
        if !entry.provider.isSame(as: claim.provider) { return differing("provider", entry.provider, claim.provider) }
        if !entry.operation.isSame(as: claim.operation) {
            return differing("operation", entry.operation, claim.operation)
        }
        if !entry.region.isSame(as: claim.region) {
            return differing("region (\(claim.provider).region)", entry.region, claim.region)
        }
        return "a field or an image differs (fields of a profile count too; an image counts by its URL without a "
            + "signature, so a local file by its bytes); submit it as before"
    }

    private static func differing(_ what: String, _ was: String, _ now: String) -> String {
        "its \(what) is \(was.isEmpty ? "not set" : was), and here \(now.isEmpty ? "not set" : now); submit it as before"
    }

    /// Writes a claim, or says why it cannot be. Nil: the key is this owner's, and may be sent.
    func take(_ claim: JournalClaim, owner: Int64, _ folder: Folder) throws(Failure) -> JournalAnswer? {
        var entry = try find(claim.key)
        if let left = entry, left.state == .sending, left.owner != owner, !folder.isAlive(left.owner) {
            entry = try settle(left, folder)
        }
        switch Self.judge(entry, claim, isAlive: folder.isAlive) {
        case .free(let hasRow):
            try insert(claim, again: hasRow, owner: owner)
            return nil
        case .conflict: return .failed(Self.conflict(claim, entry))
        case .known:
            guard let entry else { return nil }
            if entry.state == .claimed, entry.owner == owner { return nil }
            if !entry.state.isOpen { return .taken(JournalPlace(entry, .nobody)) }
            if entry.owner == owner { return .taken(JournalPlace(entry, .here)) }
            if folder.isAlive(entry.owner) { return .taken(JournalPlace(entry, .other)) }
            return .taken(try inherit(entry, by: owner, folder))
        }
    }
}

extension JournalState {
    /// Whether an owner must drive the job.
    var isOpen: Bool { rawValue <= JournalState.accepted.rawValue }
}

extension FileRow {
    /// A row of `Statements.find` and its like; nil if its key is none.
    var entry: JournalEntry? {
        guard let key = JournalKey(text(0)) else { return nil }
        // A state of a later version counts as one that is never sent again.
        var entry = JournalEntry(
            key: key, state: JournalState(rawValue: int(1)) ?? .unknown, provider: text(2), operation: text(3),
            region: text(4), endpoint: text(5), digest: bytes(6))
        entry.attempts = int(7)
        entry.remoteID = text(8)
        entry.requestID = text(9)
        entry.status = Int32(clamping: int(10))
        entry.providerCode = text(11)
        entry.note = text(12)
        entry.owner = int(13)
        entry.images = int(14)
        entry.claimedAt = int(15)
        entry.sentAt = int(16)
        entry.acceptedAt = int(17)
        entry.endedAt = int(18)
        entry.changedAt = int(19)
        entry.account = bytes(20)
        return entry
    }
}
