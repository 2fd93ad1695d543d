internal import Core
internal import Engine

/// What aigc_job points to: one counted interest in a job.
final class JobBox: HandleBox {
    let client: Client
    let record: JobRecord
    // Used under the engine's lock only.
    /// Nil until the first string is lent: most handles, as those of events, lend none.
    private var lent: LentStrings?

    /// `counted`: the interest has been registered already (events).
    init(_ client: Client, _ record: JobRecord, counted: Bool = false) {
        self.client = client
        self.record = record
        if !counted { client.engine.retain(record) }
    }

    deinit { client.engine.release(record) }

    static func usable(_ handle: OpaquePointer?) throws(Failure) -> JobBox {
        let box = try need(handle, "job")
        try box.client.check()
        return box
    }

    /// The box behind a handle, or nil where a getter has nothing to say: NULL, or a forked child.
    static func readable(_ handle: OpaquePointer?) -> JobBox? {
        guard let box = at(handle), !box.client.isForeign else { return nil }
        return box
    }

    /// A string that lives as long as this handle. For strings of which a job has few.
    func lend(_ pick: (borrowing JobSnapshot) -> String?) -> UnsafePointer<CChar>? {
        client.engine.withSnapshot(record) { snapshot in strings.lasting.lend(pick(snapshot)) }
    }

    private var strings: LentStrings {
        if let lent { return lent }
        let made = LentStrings()
        lent = made
        return made
    }

    /// What changes with each answer about the job.
    enum Changing { case state, response, requestID }

    /// A string of the provider's, which may echo what it was sent. It lives until this handle goes or has lent
    /// `RecentStrings.most` newer ones of its kind. It can be long: it is looked through without the lock.
    func lend(_ kind: Changing, _ pick: (borrowing JobSnapshot) -> String?) -> UnsafePointer<CChar>? {
        guard let text = client.engine.withSnapshot(record, pick) else { return nil }
        let clean = client.secrets.hidden(text)
        return client.engine.withSnapshot(record) { _ in
            switch kind {
            case .state: return strings.states.lend(clean)
            case .response: return strings.responses.lend(clean)
            case .requestID: return strings.requestIDs.lend(clean)
            }
        }
    }
}

/// The strings that a job's handle has lent. Under the lock of the engine.
private final class LentStrings {
    var lasting = StringPool()
    var states = RecentStrings()
    var responses = RecentStrings()
    var requestIDs = RecentStrings()
}
