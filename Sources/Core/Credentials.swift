/// Bytes that must not be printed. They are wiped when the last owner releases them.
public final class Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let storage: Storage

    public init(_ text: String) {
        var text = text
        storage = text.withUTF8 { Storage(UnsafeRawBufferPointer($0)) }
    }

    public init(bytes: [UInt8]) { storage = bytes.withUnsafeBytes { Storage($0) } }

    /// Copies straight from foreign memory, so that no unwiped copy is left behind.
    public init(copying bytes: UnsafeRawBufferPointer) { storage = Storage(bytes) }

    public var isEmpty: Bool { storage.count == 0 }
    public var count: Int { storage.count }
    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }

    /// Lends the bytes for the length of the call.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count))
    }

    /// A copy as text, for headers that must carry it (security tokens). Keep it short-lived.
    public func revealed() -> String {
        withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Constant after init: any thread.
    private final class Storage: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
        let count: Int

        init(_ bytes: UnsafeRawBufferPointer) {
            count = bytes.count
            base = .allocate(byteCount: max(count, 1), alignment: 1)
            if let source = bytes.baseAddress { base.copyMemory(from: source, byteCount: count) }
        }

        deinit {
            // Byte by byte through a volatile-like path: the optimiser may not drop stores to memory that is freed by a
            // call it cannot see into.
            for index in 0..<count { base.storeBytes(of: 0, toByteOffset: index, as: UInt8.self) }
            wipeBarrier(base)
            base.deallocate()
        }
    }
}

@inline(never) @_optimize(none)
private func wipeBarrier(_ pointer: UnsafeMutableRawPointer) {}

/// One generation of credentials: id, secret and token always belong together. A class, because each call passes them on
/// several times.
public final class Credentials: Sendable {
    public let id: String
    public let secret: Secret
    public let token: Secret?
    /// Unix milliseconds; 0 is never.
    public let expiresAtMilliseconds: Int64
    /// Where they came from, in the provider's words where it has one ("static_ak", "default/env").
    public let source: String

    public init(
        id: String, secret: Secret, token: Secret? = nil, expiresAtMilliseconds: Int64 = 0, source: String = "static"
    ) {
        self.id = id
        self.secret = secret
        self.token = token
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.source = source
    }

    /// The same with another name for their source.
    public func renamed(_ source: String) -> Credentials {
        Credentials(
            id: id, secret: secret, token: token, expiresAtMilliseconds: expiresAtMilliseconds, source: source)
    }
}

/// The credentials that a resolver has found, and facts about them.
public struct Resolution: Sendable {
    public var result: Result<Credentials, Failure>
    /// How long before their end to renew the credentials, in milliseconds; 0: the source does not say.
    public var aheadMilliseconds: Int64
    /// The place of the credentials, for people ("environment"); nil if none were found so far.
    public var foundIn: String?
    /// Warnings though credentials were found (a file that everybody can read), one line each, without a secret.
    /// Each warning is reported once.
    public var warnings: [String]

    public init(
        _ result: Result<Credentials, Failure>, aheadMilliseconds: Int64 = 0, foundIn: String? = nil,
        warnings: [String] = []
    ) {
        self.result = result
        self.aheadMilliseconds = aheadMilliseconds
        self.foundIn = foundIn
        self.warnings = warnings
    }
}

/// Finds or refreshes the credentials of one provider. Slow (files, HTTP, processes): called on a worker thread, one call
/// at a time.
public protocol CredentialResolver: AnyObject, Sendable {
    func resolve() -> Resolution
}
