public import CAigc
internal import Core
internal import Engine
internal import Glibc

extension HandleBox {
    static func freeText(_ text: UnsafeMutablePointer<CChar>?) { free(text) }
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

@_cdecl("aigc_buffer_data") @implementation
public func aigc_buffer_data(_ buffer: OpaquePointer?) -> UnsafeRawPointer? {
    inTurn {
        BufferBox.at(buffer).map { UnsafeRawPointer($0.bytes.base) }
    }
}

@_cdecl("aigc_buffer_size") @implementation
public func aigc_buffer_size(_ buffer: OpaquePointer?) -> Int { inTurn { BufferBox.at(buffer)?.bytes.count ?? 0 } }

@_cdecl("aigc_buffer_content_type") @implementation
public func aigc_buffer_content_type(_ buffer: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        BufferBox.at(buffer)?.contentType.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_buffer_free") @implementation
public func aigc_buffer_free(_ buffer: OpaquePointer?) { inTurn { BufferBox.release(buffer) } }
