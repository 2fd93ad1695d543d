public import CAigc
internal import Codec
internal import Core
internal import Engine
internal import Glibc

// Getters: they cannot fail. NULL, and a handle that was inherited by a forked child, give the empty answer.

@_cdecl("aigc_job_id") @implementation
public func aigc_job_id(_ job: OpaquePointer?) -> UInt64 { inTurn { JobBox.at(job)?.record.id ?? 0 } }

@_cdecl("aigc_job_remote_id") @implementation
public func aigc_job_remote_id(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        guard let box = JobBox.readable(job), !box.record.isDownload else { return nil }
        return box.lend { $0.reference?.remoteID }
    }
}

@_cdecl("aigc_job_token") @implementation
public func aigc_job_token(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend { ($0.reference ?? $0.imageOf).flatMap(TokenText.encode) }
    }
}

@_cdecl("aigc_job_state") @implementation
public func aigc_job_state(_ job: OpaquePointer?) -> Int32 {
    inTurn {
        guard let box = JobBox.readable(job) else { return 0 }
        return box.client.engine.withSnapshot(box.record) { $0.state.rawValue }
    }
}

@_cdecl("aigc_job_outcome") @implementation
public func aigc_job_outcome(_ job: OpaquePointer?) -> Int32 {
    inTurn {
        guard let box = JobBox.readable(job) else { return SubmitOutcome.none.rawValue }
        return box.client.engine.withSnapshot(box.record) { $0.outcome.rawValue }
    }
}

@_cdecl("aigc_job_progress") @implementation
public func aigc_job_progress(_ job: OpaquePointer?) -> Double {
    inTurn {
        guard let box = JobBox.readable(job) else { return -1 }
        return box.client.engine.withSnapshot(box.record) { $0.progress }
    }
}

@_cdecl("aigc_job_bytes") @implementation
public func aigc_job_bytes(
    _ job: OpaquePointer?, _ received: UnsafeMutablePointer<Int64>?, _ total: UnsafeMutablePointer<Int64>?
) {
    inTurn {
        var bytes: (received: Int64, total: Int64) = (0, -1)
        if let box = JobBox.readable(job) {
            bytes = box.client.engine.withSnapshot(box.record) { ($0.received, $0.total) }
        }
        received?.pointee = bytes.received
        total?.pointee = bytes.total
    }
}

@_cdecl("aigc_job_provider") @implementation
public func aigc_job_provider(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        guard let box = JobBox.readable(job) else { return nil }
        return box.lend { _ in box.record.provider }
    }
}

@_cdecl("aigc_job_operation") @implementation
public func aigc_job_operation(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        guard let box = JobBox.readable(job) else { return nil }
        return box.lend { _ in box.record.operation }
    }
}

@_cdecl("aigc_job_provider_state") @implementation
public func aigc_job_provider_state(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend(.state) {
            if let refusal = $0.waitReason { return refusal.providerCode }
            return $0.providerState.isEmpty ? nil : $0.providerState
        }
    }
}

@_cdecl("aigc_job_provider_response") @implementation
public func aigc_job_provider_response(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend(.response) {
            if let refusal = $0.waitReason { return refusal.asAnswer }
            return $0.response.isEmpty ? nil : JSONAnswer.text($0.response)
        }
    }
}

@_cdecl("aigc_job_request_id") @implementation
public func aigc_job_request_id(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend(.requestID) { $0.waitReason.map(\.requestID) ?? $0.requestID }
    }
}

@_cdecl("aigc_job_result_id") @implementation
public func aigc_job_result_id(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend { $0.state == .succeeded ? $0.resultID : nil }
    }
}

@_cdecl("aigc_job_asset_count") @implementation
public func aigc_job_asset_count(_ job: OpaquePointer?) -> Int {
    inTurn {
        guard let box = JobBox.readable(job) else { return 0 }
        return box.client.engine.withSnapshot(box.record) { $0.state == .succeeded ? $0.assets.count : 0 }
    }
}

@_cdecl("aigc_job_asset_id") @implementation
public func aigc_job_asset_id(_ job: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend { asset($0, index)?.id }
    }
}

@_cdecl("aigc_job_asset_url") @implementation
public func aigc_job_asset_url(_ job: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend { asset($0, index)?.url }
    }
}

@_cdecl("aigc_job_asset_expires_at_ms") @implementation
public func aigc_job_asset_expires_at_ms(_ job: OpaquePointer?, _ index: Int) -> Int64 {
    inTurn {
        guard let box = JobBox.readable(job) else { return 0 }
        return box.client.engine.withSnapshot(box.record) { asset($0, index)?.expiresAtMilliseconds ?? 0 }
    }
}

extension Failure {
    /// What the provider said, without secrets, in the form of an answer; nil if it said nothing.
    fileprivate var asAnswer: String? {
        guard providerCode != nil || providerMessage != nil else { return nil }
        var members: [JSONMember] = []
        for (name, text) in [("Code", providerCode), ("Message", providerMessage), ("RequestId", requestID)] {
            if let text { members.append(JSONMember(name, .string(text))) }
        }
        return String(decoding: JSONValue.object(members).serialized(), as: UTF8.self)
    }
}

private func asset(_ snapshot: borrowing JobSnapshot, _ index: Int) -> AssetReference? {
    guard snapshot.state == .succeeded, snapshot.assets.indices.contains(index) else { return nil }
    return snapshot.assets[index]  // safe: checked above
}

@_cdecl("aigc_job_path") @implementation
public func aigc_job_path(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend { $0.state == .succeeded ? $0.result?.path : nil }
    }
}

@_cdecl("aigc_job_content_type") @implementation
public func aigc_job_content_type(_ job: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        JobBox.readable(job)?.lend { $0.state == .succeeded ? $0.result?.contentType : nil }
    }
}

// What a job is told or asked to do.

@_cdecl("aigc_job_wait") @implementation
public func aigc_job_wait(
    _ job: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        guard let snapshot = try box.client.engine.wait(box.record, milliseconds: timeout_ms) else {
            throw Failure(
                .timeout, "Waiting for the job: \(timeout_ms) ms have passed and it has not ended; it keeps running",
                isRetryable: true)
        }
        if let failure = snapshot.failure { throw box.client.secrets.hidden(failure) }
    }
}

@_cdecl("aigc_job_refresh") @implementation
public func aigc_job_refresh(
    _ job: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        guard let result = try box.client.engine.refresh(box.record, milliseconds: timeout_ms) else {
            if timeout_ms == 0 { return }
            throw Failure(
                .timeout, "Refreshing the job: \(timeout_ms) ms have passed without the answer; an event will tell",
                isRetryable: true)
        }
        if case .failure(let failure) = result { throw box.client.secrets.hidden(failure) }
    }
}

@_cdecl("aigc_job_set_follow") @implementation
public func aigc_job_set_follow(
    _ job: OpaquePointer?, _ follow: Int32, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        try box.client.engine.setFollow(box.record, follow != 0)
    }
}

@_cdecl("aigc_job_set_deadline_ms") @implementation
public func aigc_job_set_deadline_ms(
    _ job: OpaquePointer?, _ deadline_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        guard deadline_ms >= -1 else {
            throw Failure(
                .invalidArgument, "Argument \"deadline_ms\" is below -1; give milliseconds, or -1 for none",
                field: "deadline_ms")
        }
        try box.client.engine.setDeadline(box.record, milliseconds: deadline_ms)
    }
}

@_cdecl("aigc_job_cancel") @implementation
public func aigc_job_cancel(_ job: OpaquePointer?) {
    inTurn {
        guard let box = JobBox.readable(job) else { return }
        box.client.engine.cancel(box.record)
        // The engine answers within its turn; the limit is for an engine that a full disk or exit() blocks.
        _ = try? box.client.engine.wait(box.record, milliseconds: 1_000)
    }
}

@_cdecl("aigc_job_error") @implementation
public func aigc_job_error(_ job: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        if let failure = box.client.engine.withSnapshot(box.record, { $0.failure }) {
            throw box.client.secrets.hidden(failure)
        }
    }
}

@_cdecl("aigc_job_download") @implementation
public func aigc_job_download(
    _ job: OpaquePointer?, _ index: Int, _ path: UnsafePointer<CChar>?,
    _ download: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    download?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        let out = try needOut(download, "download")
        let record = try box.client.engine.download(box.record, index: index, path: try optionalText(path, "path"))
        out.pointee = JobBox(box.client, record).handedOut()
    }
}

@_cdecl("aigc_job_take_buffer") @implementation
public func aigc_job_take_buffer(
    _ job: OpaquePointer?, _ buffer: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    buffer?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let box = try JobBox.usable(job)
        let out = try needOut(buffer, "buffer")
        let (bytes, type) = try box.client.engine.takeBytes(box.record)
        out.pointee = BufferBox(bytes, contentType: type).handedOut()
    }
}

@_cdecl("aigc_job_set_user_data") @implementation
public func aigc_job_set_user_data(_ job: OpaquePointer?, _ user_data: UnsafeMutableRawPointer?) {
    inTurn {
        guard let box = JobBox.readable(job) else { return }
        box.client.engine.setUserData(box.record, UInt(bitPattern: user_data))
    }
}

@_cdecl("aigc_job_user_data") @implementation
public func aigc_job_user_data(_ job: OpaquePointer?) -> UnsafeMutableRawPointer? {
    inTurn {
        guard let box = JobBox.readable(job) else { return nil }
        return UnsafeMutableRawPointer(bitPattern: box.client.engine.userData(box.record))
    }
}

@_cdecl("aigc_job_ref") @implementation
public func aigc_job_ref(_ job: OpaquePointer?) -> OpaquePointer? {
    inTurn {
        guard let box = JobBox.at(job) else { return nil }
        return box.handedOut()
    }
}

@_cdecl("aigc_job_free") @implementation
public func aigc_job_free(_ job: OpaquePointer?) {
    inTurn {
        guard JobBox.readable(job) != nil else { return }
        JobBox.release(job)
    }
}
