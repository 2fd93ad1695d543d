public import CAigc
internal import CPlatform
internal import Codec
internal import Core
internal import Engine
internal import Journal
internal import Signing

@_cdecl("aigc_client_attach_key") @implementation
public func aigc_client_attach_key(
    _ client: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ follow: Int32,
    _ job: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    job?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let out = try needOut(job, "job")
        let record = try client.engine.attach(
            try journalKey(key), follow: follow != 0, deadlineMilliseconds: client.deadlineMilliseconds)
        out.pointee = JobBox(client, record).handedOut()
    }
}

@_cdecl("aigc_client_resume") @implementation
public func aigc_client_resume(
    _ client: OpaquePointer?, _ follow: Int32, _ count: UnsafeMutablePointer<Int>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    count?.pointee = 0
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let taken = try client.engine.resume(
            follow: follow != 0, deadlineMilliseconds: client.deadlineMilliseconds)
        count?.pointee = taken
    }
}

@_cdecl("aigc_job_key") @implementation
public func aigc_job_key(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        guard let box = JobBox.readable(job), let key = box.client.engine.key(of: box.record) else { return nil }
        return box.lend { _ in key.text }
    }
}

@_cdecl("aigc_job_release") @implementation
public func aigc_job_release(_ job: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        try box.client.engine.letLeave(box.record)
    }
}

@_cdecl("aigc_journal_list") @implementation
public func aigc_journal_list(
    _ path: UnsafePointer<CChar>?, _ filter_json: UnsafePointer<CChar>?, _ after: UnsafePointer<CChar>?,
    _ rows: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    rows?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let out = try needOut(rows, "rows")
        let filter = try JournalText.filter(try optionalText(filter_json, "filter_json"))
        let after = try optionalText(after, "after") ?? ""
        try withTools(path) { (tools) throws(Failure) in
            var text: [UInt8] = []
            for row in try tools.list(filter, after: after) {
                text += JournalText.line(row).serialized()
                text.append(UInt8(ascii: "\n"))
            }
            out.pointee = try BufferBox(text: text, contentType: "application/jsonl", doing: "Listing keys").handedOut()
        }
    }
}

@_cdecl("aigc_journal_resolve") @implementation
public func aigc_journal_resolve(
    _ path: UnsafePointer<CChar>?, _ key: UnsafePointer<CChar>?, _ outcome: Int32,
    _ remote_id: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let key = try journalKey(key)
        let remoteID = try optionalText(remote_id, "remote_id") ?? ""
        let resolution: JournalTools.Resolution
        switch (SubmitOutcome(rawValue: outcome), remoteID.isEmpty) {
        case (.accepted, false): resolution = .accepted(remoteID: remoteID)
        case (.notSent, true): resolution = .notSent
        case (.unknown, true): resolution = .abandoned
        case (.accepted, true), (.notSent, false), (.unknown, false):
            throw Failure(
                .invalidArgument,
                "Resolving a key: AIGC_OUTCOME_ACCEPTED needs the remote_id of the job, the other outcomes have none",
                field: "remote_id")
        default:
            throw Failure(
                .invalidArgument,
                "Resolving a key: outcome \(outcome) is none of AIGC_OUTCOME_ACCEPTED, AIGC_OUTCOME_NOT_SENT and "
                    + "AIGC_OUTCOME_UNKNOWN (abandoned)", field: "outcome")
        }
        try withTools(path) { (tools) throws(Failure) in try tools.resolve(key, resolution) }
    }
}

@_cdecl("aigc_journal_prune") @implementation
public func aigc_journal_prune(
    _ path: UnsafePointer<CChar>?, _ older_than_ms: Int64, _ removed: UnsafeMutablePointer<Int>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    removed?.pointee = 0
    return withStatus(error) { () throws(Failure) in
        guard older_than_ms >= 0 else {
            throw Failure(
                .invalidArgument, "Argument \"older_than_ms\" is negative; give milliseconds from 0 on",
                field: "older_than_ms")
        }
        try withTools(path) { (tools) throws(Failure) in
            let count = try tools.prune(olderThanMilliseconds: older_than_ms)
            removed?.pointee = count
        }
    }
}

@_cdecl("aigc_journal_check") @implementation
public func aigc_journal_check(
    _ path: UnsafePointer<CChar>?, _ report: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    report?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let out = try needOut(report, "report")
        try withTools(path) { (tools) throws(Failure) in
            let json = JournalText.report(try tools.check())
            out.pointee = try BufferBox(json: json, doing: "Checking a journal").handedOut()
        }
    }
}

private func withTools(
    _ path: Text?, _ body: (JournalTools) throws(Failure) -> Void
) throws(Failure) {
    let tools = try JournalTools(path: try text(path, "path"))
    defer { tools.close() }
    try body(tools)
}

/// A required key.
func journalKey(_ argument: Text?) throws(Failure) -> JournalKey { try journalKey(try text(argument, "key")) }

func journalKey(_ text: String) throws(Failure) -> JournalKey {
    guard let key = JournalKey(text) else {
        throw Failure(
            .invalidArgument,
            "A key has 1 to \(JournalKey.maximumBytes) bytes; this one has \(text.utf8.count)", field: "key")
    }
    return key
}

/// The journal as JSON.
private enum JournalText {
    static func filter(_ text: String?) throws(Failure) -> JournalTools.Filter {
        var filter = JournalTools.Filter()
        guard let text else { return filter }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parseOnce(Array(text.utf8)) } catch {
            throw refuse("it is \(error)")
        }
        guard let members = value.objectValue else { throw refuse("it is no object") }
        for member in members {
            switch (member.name, member.value) {
            case ("states", .array(let names)):
                for name in names {
                    guard let state = JournalState.allCases.first(where: { $0.name.description == name.stringValue })
                    else {
                        throw refuse(
                            "\"states\" is a list of "
                                + JournalState.allCases.map { "\"\($0.name)\"" }.joined(separator: ", "))
                    }
                    filter.states.insert(state)
                }
            case ("provider", .string(let name)): filter.provider = name
            case ("prefix", .string(let prefix)): filter.prefix = prefix
            case ("limit", .int(let limit)) where 1...Int64(JournalTools.Filter.mostRows) ~= limit:
                filter.limit = Int(limit)
            default:
                throw refuse(
                    "\"\(member.name.shown(limit: 60))\" is not usable; there are \"states\" (a list), \"provider\", "
                        + "\"prefix\" (texts) and \"limit\" (1 to \(JournalTools.Filter.mostRows))")
            }
        }
        return filter
    }

    private static func refuse(_ why: String) -> Failure {
        Failure(.invalidArgument, "Argument \"filter_json\": \(why)", field: "filter_json")
    }

    static func line(_ row: JournalTools.Row) -> JSONValue {
        let entry = row.entry
        func text(_ text: String) -> JSONValue { text.isEmpty ? .null : .string(text) }
        func time(_ milliseconds: Int64) -> JSONValue { milliseconds == 0 ? .null : .int(milliseconds) }
        let status = entry.status == 0 ? nil : Status(rawValue: entry.status)
        return .object([
            JSONMember("key", .string(entry.key.text)), JSONMember("state", .string(entry.state.name.description)),
            JSONMember("provider", .string(entry.provider)), JSONMember("operation", .string(entry.operation)),
            JSONMember("region", text(entry.region)), JSONMember("endpoint", text(entry.endpoint)),
            JSONMember("remote_id", text(entry.remoteID)), JSONMember("request_id", text(entry.requestID)),
            JSONMember("attempts", .int(entry.attempts)), JSONMember("images", .int(entry.images)),
            JSONMember("status", status.map { .string($0.entry.name.description) } ?? .null),
            JSONMember("provider_code", text(entry.providerCode)), JSONMember("note", text(entry.note)),
            JSONMember("owner", .int(entry.owner)), JSONMember("owner_alive", .bool(row.isDriven)),
            JSONMember("claimed_at_ms", time(entry.claimedAt)), JSONMember("sent_at_ms", time(entry.sentAt)),
            JSONMember("accepted_at_ms", time(entry.acceptedAt)), JSONMember("ended_at_ms", time(entry.endedAt)),
            JSONMember("changed_at_ms", time(entry.changedAt)),
            JSONMember("request", text(String(decoding: row.request, as: UTF8.self))),
        ])
    }

    static func report(_ report: JournalTools.Report) -> JSONValue {
        let counts = JournalState.allCases.map { state in
            JSONMember(state.name.description, .int(report.counts[state] ?? 0))
        }
        return .object([
            JSONMember("path", .string(report.path)), JSONMember("ok", .bool(report.problems.isEmpty)),
            JSONMember("problems", .array(report.problems.map { .string($0) })),
            JSONMember("warning", report.warning.map { .string($0) } ?? .null),
            JSONMember("bytes", .int(report.bytes)), JSONMember("free_bytes", .int(report.freeBytes)),
            JSONMember("sqlite", .string(report.sqliteVersion)), JSONMember("format", .int(report.formatVersion)),
            JSONMember("counts", .object(counts)), JSONMember("clients", .int(report.clients)),
            JSONMember("orphans", .int(report.orphans)),
        ])
    }
}
