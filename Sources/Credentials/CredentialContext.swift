public import Core
internal import Glibc
private import Synchronization

/// Everything that a source may look at: nothing is read from the process behind its back.
public struct CredentialContext: Sendable {
    /// A snapshot, taken when the client was made.
    public var environment: [String: String]
    public var homeDirectory: String
    public var transport: any BlockingTransport
    /// The time of day.
    public var unixMilliseconds: @Sendable () -> Int64
    public var files: any CredentialFiles
    public var processes: any CredentialProcesses
    public var settings: CredentialSettings
    /// True once nobody waits any more (the client closes): long work ends early.
    public var isCancelled: @Sendable () -> Bool
    let warnings: Warnings

    public init(
        environment: [String: String], transport: any BlockingTransport, settings: CredentialSettings = .init(),
        homeDirectory: String? = nil,
        unixMilliseconds: @escaping @Sendable () -> Int64 = CredentialContext.systemTime,
        files: any CredentialFiles = LocalFiles(), processes: any CredentialProcesses = LocalProcesses(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.environment = environment
        self.transport = transport
        self.settings = settings
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        let homePath = environment["HOMEPATH"].flatMap { $0.isEmpty ? nil : $0 }
        self.homeDirectory = homeDirectory ?? home ?? homePath ?? ""
        self.unixMilliseconds = unixMilliseconds
        self.files = files
        self.processes = processes
        self.isCancelled = isCancelled
        warnings = Warnings()
    }

    @Sendable public static func systemTime() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) &* 1000 &+ Int64(now.tv_nsec) / 1_000_000
    }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    /// "true" in any case, as the vendors' tools compare.
    func flag(_ name: String) -> Bool { environment[name]?.lowercased() == "true" }

    func inHome(_ path: String) -> String? { homeDirectory.isEmpty ? nil : homeDirectory + "/" + path }
}

/// Things that a user should know though credentials were found. Each is told once.
final class Warnings: Sendable {
    private struct State {
        var told: Set<String> = []
        var waiting: [String] = []
    }

    private let state = Mutex(State())

    func add(_ text: String) {
        let text = text.shown(limit: CredentialUnavailable.maximumBytes)
        state.withLock { if $0.told.insert(text).inserted { $0.waiting.append(text) } }
    }

    func take() -> [String] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}

/// The process environment as it is now. Variables that are not UTF-8 are left out.
public enum ProcessEnvironment {
    public static func snapshot() -> [String: String] {
        var result: [String: String] = [:]
        // clearenv() leaves NULL behind, though the type says it cannot be.
        guard Int(bitPattern: environ) != 0 else { return result }
        var entry = environ
        while let line = entry.pointee {
            entry += 1
            guard let text = String(validatingCString: line), let equals = text.firstIndex(of: "=") else { continue }
            result[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return result
    }
}
