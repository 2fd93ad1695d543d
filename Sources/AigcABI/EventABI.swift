public import CAigc
internal import Core
internal import Engine
internal import Glibc

/// What aigc_event points to.
final class EventBox: HandleBox {
    let client: Client
    let event: Event
    var jobID: UInt64 { job?.record.id ?? event.log?.job ?? 0 }
    let job: JobBox?
    let provider: UnsafeMutablePointer<CChar>?
    let message: UnsafeMutablePointer<CChar>?
    let fields: UnsafeMutablePointer<CChar>?

    init(_ client: Client, _ event: Event) {
        self.client = client
        self.event = event
        job = event.job.map { JobBox(client, $0, counted: true) }
        provider = event.provider.isEmpty ? nil : copied(event.provider)
        message = event.message.flatMap { copied(client.secrets.hidden($0).shown(limit: ErrorBox.maximumBytes)) }
        fields = event.fields.flatMap { copied(client.secrets.hidden($0.json)) }
    }

    deinit {
        for text in [provider, message, fields] { free(text) }
    }
}

@_cdecl("aigc_event_type") @implementation
public func aigc_event_type(_ event: OpaquePointer?) -> Int32 {
    inTurn { EventBox.at(event)?.event.type.rawValue ?? 0 }
}

@_cdecl("aigc_event_job") @implementation
public func aigc_event_job(_ event: OpaquePointer?) -> OpaquePointer? { inTurn { EventBox.at(event)?.job?.lent } }

@_cdecl("aigc_event_job_id") @implementation
public func aigc_event_job_id(_ event: OpaquePointer?) -> UInt64 { inTurn { EventBox.at(event)?.jobID ?? 0 } }

@_cdecl("aigc_event_state") @implementation
public func aigc_event_state(_ event: OpaquePointer?) -> Int32 {
    inTurn { EventBox.at(event)?.event.state?.rawValue ?? 0 }
}

@_cdecl("aigc_event_status") @implementation
public func aigc_event_status(_ event: OpaquePointer?) -> aigc_status {
    inTurn {
        EventBox.at(event)?.event.status.rawValue ?? Status.ok.rawValue
    }
}

@_cdecl("aigc_event_provider") @implementation
public func aigc_event_provider(_ event: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        EventBox.at(event)?.provider.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_event_message") @implementation
public func aigc_event_message(_ event: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        EventBox.at(event)?.message.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_event_level") @implementation
public func aigc_event_level(_ event: OpaquePointer?) -> Int32 {
    inTurn { EventBox.at(event)?.event.log?.level.rawValue ?? 0 }
}

@_cdecl("aigc_event_fields") @implementation
public func aigc_event_fields(_ event: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        EventBox.at(event)?.fields.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_event_free") @implementation
public func aigc_event_free(_ event: OpaquePointer?) {
    inTurn {
        guard let box = EventBox.at(event), !box.client.isForeign else { return }
        EventBox.release(event)
    }
}
