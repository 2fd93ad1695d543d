public import CAigc
internal import Core
internal import Glibc

/// An error object: immutable, so that every thread may read it without a lock.
final class ErrorBox: HandleBox {
    let failure: Failure
    let message: UnsafeMutablePointer<CChar>?
    let providerCode: UnsafeMutablePointer<CChar>?
    let providerMessage: UnsafeMutablePointer<CChar>?
    let requestID: UnsafeMutablePointer<CChar>?
    let field: UnsafeMutablePointer<CChar>?

    /// The longest message; a message may repeat an argument of the caller.
    static let maximumBytes = 4_000

    private init(_ failure: Failure) {
        self.failure = failure
        message = copied(failure.message.shown(limit: Self.maximumBytes))
        providerCode = failure.providerCode.flatMap(copied)
        providerMessage = failure.providerMessage.flatMap(copied)
        requestID = failure.requestID.flatMap(copied)
        field = failure.field.flatMap { copied($0.shown(limit: Self.maximumBytes)) }
    }

    static func make(_ failure: Failure) -> OpaquePointer { ErrorBox(failure).handedOut() }

    deinit {
        for text in [message, providerCode, providerMessage, requestID, field] { free(text) }
    }
}

@_cdecl("aigc_error_status") @implementation
public func aigc_error_status(_ error: OpaquePointer?) -> aigc_status {
    inTurn {
        ErrorBox.at(error)?.failure.status.rawValue ?? Status.ok.rawValue
    }
}

@_cdecl("aigc_error_message") @implementation
public func aigc_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        guard let box = ErrorBox.at(error) else { return nil }
        return box.message.map { UnsafePointer($0) } ?? constant("out of memory")
    }
}

@_cdecl("aigc_error_provider_code") @implementation
public func aigc_error_provider_code(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        ErrorBox.at(error)?.providerCode.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_error_provider_message") @implementation
public func aigc_error_provider_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        ErrorBox.at(error)?.providerMessage.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_error_request_id") @implementation
public func aigc_error_request_id(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        ErrorBox.at(error)?.requestID.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_error_http_status") @implementation
public func aigc_error_http_status(_ error: OpaquePointer?) -> Int32 {
    inTurn {
        Int32(clamping: ErrorBox.at(error)?.failure.httpStatus ?? 0)
    }
}

@_cdecl("aigc_error_retryable") @implementation
public func aigc_error_retryable(_ error: OpaquePointer?) -> Int32 {
    inTurn {
        guard let failure = ErrorBox.at(error)?.failure else { return 0 }
        // A submission that may have been executed is never "just try again".
        return failure.isRetryable && failure.outcome != .unknown ? 1 : 0
    }
}

@_cdecl("aigc_error_retry_after_ms") @implementation
public func aigc_error_retry_after_ms(_ error: OpaquePointer?) -> Int64 {
    inTurn {
        ErrorBox.at(error)?.failure.retryAfterMilliseconds ?? 0
    }
}

@_cdecl("aigc_error_outcome") @implementation
public func aigc_error_outcome(_ error: OpaquePointer?) -> Int32 {
    inTurn {
        ErrorBox.at(error)?.failure.outcome.rawValue ?? SubmitOutcome.none.rawValue
    }
}

@_cdecl("aigc_error_field") @implementation
public func aigc_error_field(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        ErrorBox.at(error)?.field.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_error_free") @implementation
public func aigc_error_free(_ error: OpaquePointer?) { inTurn { ErrorBox.release(error) } }
