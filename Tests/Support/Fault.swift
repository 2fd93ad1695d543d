public import Core

/// What can happen to one request. `executed` says whether the cloud had carried the request out all the same.
public enum Fault: Equatable, Sendable {
    // Not one byte left.
    case resolveFailure, refuseConnection, tlsFailure, connectTimeout, noDescriptors
    case beforeTheWire(TransferFailure.Kind)
    // It left, and no readable answer came.
    case reset(executed: Bool)
    case emptyReply(executed: Bool)
    case silence(executed: Bool)
    case cutReply
    /// All of the answer came but its end.
    case unendedReply
    case garbage(executed: Bool)
    case html(executed: Bool)
    case unavailable(executed: Bool)
    case internalError(executed: Bool)
    // The cloud says no.
    case throttle(milliseconds: Int64)
    /// One task too many at once.
    case tooManyTasks
    case clockSkew(seconds: Int64)
    case staleCredentials, refusal, notFound, expired
    // It works, but.
    case delay(milliseconds: Int64)
    /// The connection stands after so long: only then does the request leave.
    case slowConnection(milliseconds: Int64)
    /// Of an image: one byte is wrong.
    case corrupt
    case redirect(String)

    /// Every fault that a call of the API can meet.
    public static let ofCalls: [Fault] = [
        .resolveFailure, .refuseConnection, .tlsFailure, .connectTimeout, .noDescriptors, .reset(executed: false),
        .reset(executed: true), .emptyReply(executed: false), .emptyReply(executed: true), .silence(executed: false),
        .silence(executed: true), .cutReply, .unendedReply, .garbage(executed: false),
        .garbage(executed: true),
        .html(executed: false), .html(executed: true), .unavailable(executed: false), .unavailable(executed: true),
        .internalError(executed: false), .internalError(executed: true), .throttle(milliseconds: 0),
        .throttle(milliseconds: 2_000), .tooManyTasks, .clockSkew(seconds: 3_600), .staleCredentials, .refusal,
        .notFound,
        .delay(milliseconds: 20_000), .delay(milliseconds: 45_000), .delay(milliseconds: 90_000),
        .slowConnection(milliseconds: 4_000),
    ]

    public static let ofImages: [Fault] = ofCalls + [.expired, .corrupt]

    /// What a wire gives: nothing of this may end a wait.
    public static let transient: [Fault] = [
        .resolveFailure, .refuseConnection, .tlsFailure, .connectTimeout, .reset(executed: true),
        .emptyReply(executed: true), .silence(executed: true), .cutReply, .unendedReply, .garbage(executed: true),
        .html(executed: true), .unavailable(executed: true), .internalError(executed: true),
        .throttle(milliseconds: 0), .throttle(milliseconds: 2_000), .delay(milliseconds: 20_000),
        .slowConnection(milliseconds: 4_000),
    ]

    public var leaves: Bool {
        switch self {
        case .resolveFailure, .refuseConnection, .tlsFailure, .connectTimeout, .noDescriptors, .beforeTheWire:
            return false
        default: return true
        }
    }

    /// It left, and its sender cannot know the outcome.
    public var leavesDoubt: Bool {
        switch self {
        case .reset, .emptyReply, .silence, .cutReply, .garbage, .html, .unavailable, .internalError: return true
        default: return false
        }
    }

    /// Whether the cloud carries the request out.
    public var executes: Bool {
        switch self {
        case .reset(let executed), .emptyReply(let executed), .silence(let executed), .garbage(let executed),
            .html(let executed), .unavailable(let executed), .internalError(let executed):
            return executed
        case .cutReply, .unendedReply, .delay, .slowConnection, .corrupt: return true
        default: return false
        }
    }
}
