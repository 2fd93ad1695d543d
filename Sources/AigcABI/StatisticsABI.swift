public import CAigc
internal import CPlatform
internal import Codec
internal import Core
internal import Engine

@_cdecl("aigc_client_stats") @implementation
public func aigc_client_stats(
    _ client: OpaquePointer?, _ stats: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    stats?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let out = try needOut(stats, "stats")
        let counted = client.engine.statistics().json(atMilliseconds: aigcp_unix_ms())
        out.pointee = try BufferBox(json: counted, doing: "Making statistics").handedOut()
    }
}

extension Statistics {
    fileprivate func json(atMilliseconds: Int64) -> JSONValue {
        .object([
            JSONMember("at_ms", .int(atMilliseconds)), JSONMember("since_ms", .int(startedAtMilliseconds)),
            JSONMember("calls", .array(calls.map(\.json))), JSONMember("calls_waiting", .count(callsWaiting)),
            JSONMember("jobs", .array(jobs.map(\.json))), JSONMember("rates", .array(rates.map(\.json))),
            JSONMember("kinds_known", .count(kindsKnown)), JSONMember("credentials", .array(lookups.map(\.json))),
            JSONMember("events_queued", .int(Int64(eventsQueued))), JSONMember("logs_lost", .count(logsLost)),
        ])
    }
}

extension Statistics.Calls {
    fileprivate var json: JSONValue {
        return .object([
            JSONMember("provider", .string(name.provider)), JSONMember("action", .string(name.action)),
            JSONMember("kind", .string(name.kind.rawValue)), JSONMember("started", .count(started)),
            JSONMember("repeated", .count(repeated)), JSONMember("answered", .count(answered)),
            JSONMember("failed", .counts(failed)), JSONMember("cut", .count(cut)),
            JSONMember("throttled", .count(throttled)), JSONMember("in_flight", .count(inFlight)),
            JSONMember("sent_bytes", .count(sentBytes)), JSONMember("received_bytes", .count(receivedBytes)),
            JSONMember("wait_ms", waits.json), JSONMember("duration_ms", durations.json),
        ])
    }
}

extension Statistics.Jobs {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("provider", .string(name.provider)), JSONMember("operation", .string(name.operation)),
            JSONMember("kind", .string(name.isDownload ? "download" : "job")), JSONMember("started", .count(started)),
            JSONMember("accepted", .count(accepted)), JSONMember("succeeded", .count(succeeded)),
            JSONMember("failed", .count(failed)), JSONMember("cancelled", .count(cancelled)),
            JSONMember("unknown", .count(unknown)), JSONMember("active", .count(active)),
            JSONMember("ended", .counts(ended)), JSONMember("duration_ms", durations.json),
            JSONMember("lag_ms", lags.json),
        ])
    }
}

extension Statistics.Rate {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("provider", .string(provider)), JSONMember("action", .string(action)),
            JSONMember("per_s", .double(perSecond)), JSONMember("in_force_per_s", .double(inForce)),
            JSONMember("throttled", .count(throttled)), JSONMember("waited_ms", .count(waited / 1_000_000)),
            JSONMember("shared", .bool(isShared)),
        ])
    }
}

extension Statistics.Lookups {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("provider", .string(provider)), JSONMember("found", .count(found)),
            JSONMember("failed", .count(failed)),
        ])
    }
}

extension Histogram {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("bounds", .array(bounds.map { .int($0) })),
            JSONMember("counts", .array(counts.map { .count($0) })),
            JSONMember("sum", .double(sumMilliseconds)),
        ])
    }
}

extension JSONValue {
    /// One count for each of `Status.allCases`, by name; those that are not 0.
    fileprivate static func counts(_ counts: [UInt64]) -> JSONValue {
        .object(
            zip(Status.allCases, counts).filter { $0.1 > 0 }.map { status, number in
                JSONMember(status.entry.name.description, .count(number))
            })
    }

    /// What no JSON number of the readers out there can hold stays at the largest that it can.
    fileprivate static func count(_ count: UInt64) -> JSONValue { .int(Int64(clamping: count)) }
}
