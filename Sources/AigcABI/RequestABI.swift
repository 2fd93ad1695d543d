public import CAigc
internal import Codec
internal import Core
internal import Providers

/// What aigc_request points to. One thread at a time.
final class RequestBox: HandleBox {
    /// What requests to its provider may hold.
    let table: RequestTable
    var provider: String { table.provider }
    let operation: String
    var fields = RequestFields(capacity: 6)
    var follows: Bool?
    var deadlineMilliseconds: Int64?
    var traceParent = ""
    var traceState = ""
    var key: JournalKey?
    var isHeld = false

    init(_ table: RequestTable, operation: String) {
        self.table = table
        self.operation = operation
    }

    /// The trace of the request's jobs; nil: none.
    func trace() throws(Failure) -> TraceContext? {
        if traceParent.isEmpty {
            guard traceState.isEmpty else {
                throw Failure(
                    .invalidArgument,
                    "Using a request: \"tracestate\" is set without \"traceparent\"; set that option too",
                    outcome: .notSent, field: "traceparent")
            }
            return nil
        }
        return try TraceContext(parent: traceParent, state: traceState)
    }
}

private func set(
    _ request: OpaquePointer?, _ name: Text?, _ error: ErrorOut?, _ value: () throws(Failure) -> FieldValue
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try RequestBox.need(request, "request")
        let name = try text(name, "name")
        let value = try onBehalf(of: name, value)
        try box.table.checkField(operation: box.operation, name: name, value: value)
        if let path = try RequestTable.bodyPath(name) {
            guard case .json(let json) = value else { return }
            box.fields.bodyOverrides.removeAll { $0.path.isSame(as: path) }
            box.fields.bodyOverrides.append((path: path, json: json))
        } else {
            box.fields.values[name] = value
        }
    }
}

@_cdecl("aigc_operation_at") @implementation
public func aigc_operation_at(
    _ index: Int, _ provider: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ operation: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ kind: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ wire_name: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> aigc_status {
    inTurn {
        guard Catalogue.operations.indices.contains(index) else { return Status.invalidArgument.rawValue }
        let row = Catalogue.operations[index]  // safe: checked above
        provider?.pointee = row.provider
        operation?.pointee = row.name
        kind?.pointee = row.kind
        wire_name?.pointee = row.wireName
        return Status.ok.rawValue
    }
}

@_cdecl("aigc_request_describe") @implementation
public func aigc_request_describe(
    _ provider: UnsafePointer<CChar>?, _ operation: UnsafePointer<CChar>?, _ index: Int,
    _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ type: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ required: UnsafeMutablePointer<Int32>?, _ wire_name: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ text: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> aigc_status {
    inTurn {
        guard let provider, let operation, let providerName = String(validatingCString: provider),
            let operationName = String(validatingCString: operation),
            let row = Catalogue.operations.first(where: { $0.isNamed(providerName, operationName) }),
            row.fields.indices.contains(index)
        else { return Status.invalidArgument.rawValue }
        let field = row.fields[index]  // safe: checked above
        name?.pointee = field.name
        type?.pointee = field.type
        required?.pointee = field.isRequired ? 1 : 0
        wire_name?.pointee = field.wireName
        text?.pointee = field.text
        return Status.ok.rawValue
    }
}

@_cdecl("aigc_request_new") @implementation
public func aigc_request_new(
    _ provider: UnsafePointer<CChar>?, _ operation: UnsafePointer<CChar>?,
    _ request: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    request?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let out = try needOut(request, "request")
        let provider = try text(provider, "provider")
        let operation = try text(operation, "operation")
        let table = try Catalogue.table(provider)
        _ = try table.operation(operation)
        out.pointee = RequestBox(table, operation: operation).handedOut()
    }
}

@_cdecl("aigc_request_set_string") @implementation
public func aigc_request_set_string(
    _ request: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    set(request, name, error) { () throws(Failure) in .string(try text(value, "value")) }
}

@_cdecl("aigc_request_set_int") @implementation
public func aigc_request_set_int(
    _ request: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    set(request, name, error) { () throws(Failure) in .int(value) }
}

@_cdecl("aigc_request_set_double") @implementation
public func aigc_request_set_double(
    _ request: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Double,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    set(request, name, error) { () throws(Failure) in
        guard value.isFinite else {
            throw Failure(.invalidArgument, "Setting a field to \(value): JSON has no such number", field: "value")
        }
        return .double(value)
    }
}

@_cdecl("aigc_request_set_bool") @implementation
public func aigc_request_set_bool(
    _ request: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Int32,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    set(request, name, error) { () throws(Failure) in .bool(value != 0) }
}

@_cdecl("aigc_request_set_json") @implementation
public func aigc_request_set_json(
    _ request: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ json: UnsafePointer<CChar>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    set(request, name, error) { () throws(Failure) in
        let bytes = Array(try text(json, "json").utf8)
        do throws(JSONError) {
            _ = try JSONValue.parseOnce(bytes)
        } catch {
            throw Failure(.invalidArgument, "Argument \"json\" is \(error)", field: "json")
        }
        return .json(bytes)
    }
}

@_cdecl("aigc_request_add_image_url") @implementation
public func aigc_request_add_image_url(
    _ request: OpaquePointer?, _ url: UnsafePointer<CChar>?, _ reference_type: UnsafePointer<CChar>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try RequestBox.need(request, "request")
        let image = ImageReference(
            url: try text(url, "url"), referenceType: try optionalText(reference_type, "reference_type"))
        try box.table.checkImage(operation: box.operation, image: image)
        box.fields.images.append(image)
    }
}

@_cdecl("aigc_request_set_option") @implementation
public func aigc_request_set_option(
    _ request: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try RequestBox.need(request, "request")
        let name = try text(name, "name")
        let value = try text(value, "value")
        // The options are configuration keys of the job, and are checked as such.
        switch name {
        case "follow":
            try BoolKey.jobFollow.row.check(value, option: name)
            box.follows = value == "true"
        case "deadline_ms":
            try IntegerKey.jobDeadlineMilliseconds.row.check(value, option: name)
            box.deadlineMilliseconds = Int64(value)
        case "check":
            guard value.isSame(as: "on") || value.isSame(as: "off") else {
                throw Failure(
                    .invalidArgument, "Setting option \"check\": it is \"on\" or \"off\"", field: "check")
            }
            box.fields.checksValues = value.isSame(as: "on")
        case "traceparent":
            if !value.isEmpty { _ = try TraceContext(parent: value, state: "") }
            box.traceParent = value
        case "tracestate":
            try TraceContext.check(state: value)
            box.traceState = value
        case "key":
            box.key = value.isEmpty ? nil : try journalKey(value)
        case "hold":
            try BoolKey.jobFollow.row.check(value, option: name)
            box.isHeld = value == "true"
        default:
            throw Failure(
                .invalidArgument,
                "Setting option \"\(name)\": there are \"follow\", \"deadline_ms\", \"check\", \"key\", \"hold\", "
                    + "\"traceparent\" and \"tracestate\"",
                field: name)
        }
    }
}

@_cdecl("aigc_request_free") @implementation
public func aigc_request_free(_ request: OpaquePointer?) { inTurn { RequestBox.release(request) } }
