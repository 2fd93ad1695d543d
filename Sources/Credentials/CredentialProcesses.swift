/// Runs the commands that some profiles name.
public protocol CredentialProcesses: Sendable {
    /// Runs a program without a shell, with nothing on its standard input, and returns what it printed.
    func run(
        _ arguments: [String], environment: [String: String], timeoutMilliseconds: Int64, maximumBytes: Int,
        isCancelled: @Sendable () -> Bool
    ) throws(CredentialUnavailable) -> [UInt8]
}

public struct LocalProcesses: CredentialProcesses {
    public init() {}

    public func run(
        _ arguments: [String], environment: [String: String], timeoutMilliseconds: Int64, maximumBytes: Int,
        isCancelled: @Sendable () -> Bool
    ) throws(CredentialUnavailable) -> [UInt8] {
        throw CredentialUnavailable("not built yet")
    }
}
