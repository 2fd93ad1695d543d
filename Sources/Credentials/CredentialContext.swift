public import Core
internal import Glibc
private import Synchronization

/// Everything that a source may look at: nothing is read from the process behind its back.
public struct CredentialContext: Sendable {
    /// A snapshot, taken when the client was made.
    public var environment: [String: String]
    /// nil: nothing names one, and the user database is asked when it is needed.
    public var homeDirectory: String?
    private let homeOfUser: @Sendable () -> String?
    public var transport: any BlockingTransport
    /// The time of day.
    public var unixMilliseconds: @Sendable () -> Int64
    public var files: any CredentialFiles
    public var processes: any CredentialProcesses
    public var settings: CredentialSettings
    /// True when the client closes: long work then ends early.
    public var isCancelled: @Sendable () -> Bool
    /// Where everything that is found is told, so that no text shows it.
    public let secrets: KnownSecrets
    let warnings: Warnings

    public init(
        environment: [String: String], transport: any BlockingTransport, settings: CredentialSettings = .init(),
        homeDirectory: String? = nil, secrets: KnownSecrets = KnownSecrets(),
        homeOfUser: @escaping @Sendable () -> String? = { nil },
        unixMilliseconds: @escaping @Sendable () -> Int64 = CredentialContext.systemTime,
        files: any CredentialFiles = LocalFiles(), processes: any CredentialProcesses = LocalProcesses(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.environment = environment
        self.transport = transport
        self.settings = settings
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        let homePath = environment["HOMEPATH"].flatMap { $0.isEmpty ? nil : $0 }
        self.homeDirectory = homeDirectory ?? home ?? homePath
        self.homeOfUser = homeOfUser
        self.unixMilliseconds = unixMilliseconds
        self.files = files
        self.processes = processes
        self.isCancelled = isCancelled
        self.secrets = secrets
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

    /// Variables that are needed together and are not all there: nothing is set up if none is.
    func notAllSet(_ names: [String]) -> CredentialUnavailable {
        let missing = names.filter { variable($0) == nil }
        let all = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
        guard missing.count < names.count else { return CredentialUnavailable(.absent, "\(all) are not all set") }
        return CredentialUnavailable(.wrong, "\(all) are not all set: set \(missing.joined(separator: " and ")) too")
    }

    /// "true" in any case, as the vendors' tools compare. A word that is neither yes nor no is a mistake, and none of
    /// the two is assumed.
    func flag(_ name: String) throws(CredentialUnavailable) -> Bool {
        switch variable(name)?.lowercased() {
        case nil, "false": return false
        case "true": return true
        default: throw CredentialUnavailable(.wrong, "\(name) is neither true nor false: set it to one of them")
        }
    }

    /// The profile that the configuration or the environment names for Alibaba's two files, and who names it.
    var namedProfile: (name: String, by: String)? {
        if let name = settings.profile { return (name, "credentials.profile") }
        return variable("ALIBABA_CLOUD_PROFILE").map { ($0, "ALIBABA_CLOUD_PROFILE") }
    }

    /// A path in the home directory.
    func inHome(_ path: String) throws(CredentialUnavailable) -> String {
        guard let home = homeDirectory ?? homeOfUser(), !home.isEmpty else {
            throw CredentialUnavailable(
                .absent, "there is no home directory: HOME is not set, and the user database names none")
        }
        guard !ProcessEnvironment.isBroken(home) else {
            throw CredentialUnavailable(.wrong, "HOME is not UTF-8")
        }
        return home + "/" + path
    }
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

/// The present process environment. Bytes that are not UTF-8 become U+FFFD, so that a variable that is set does not
/// seem unset. Of two variables with one name the first counts, as for getenv().
public enum ProcessEnvironment {
    /// Whether a value had bytes that are not UTF-8.
    public static func isBroken(_ value: String) -> Bool { value.unicodeScalars.contains("\u{FFFD}") }

    /// What the user database says of the user whose rights this process has. Can take long where the database is a
    /// server. `isPrivileged`: only if that is another user than the one who has started the program, whose folder is a
    /// stranger's.
    public static func homeOfUser(isPrivileged: Bool) -> String? {
        let user = geteuid()
        if isPrivileged && user == getuid() { return nil }
        var size = 1 << 10
        while size <= 1 << 20 {
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            var space = [CChar](repeating: 0, count: size)
            let (code, home) = space.withUnsafeMutableBufferPointer { space -> (Int32, String?) in
                guard let base = space.baseAddress else { return (EINVAL, nil) }
                let code = getpwuid_r(user, &entry, base, space.count, &found)
                guard code == 0, found != nil, let folder = entry.pw_dir else { return (code, nil) }
                return (0, String(validatingCString: folder))
            }
            guard code == ERANGE else { return home }
            size *= 4
        }
        return nil
    }

    public static func snapshot() -> [String: String] {
        var result: [String: String] = [:]
        // clearenv() leaves NULL behind, though the type says it cannot be.
        guard Int(bitPattern: environ) != 0 else { return result }
        var entry = environ
        while let line = entry.pointee {
            entry += 1
            let bytes = UnsafeRawBufferPointer(start: line, count: strlen(line))
            guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { continue }
            // Every name that is asked for is ASCII; what Swift calls equal to one of them is not it.
            guard bytes[..<equals].allSatisfy({ $0 < 0x80 }) else { continue }
            let name = String(decoding: bytes[..<equals], as: UTF8.self)
            if result[name] == nil { result[name] = String(decoding: bytes[(equals + 1)...], as: UTF8.self) }
        }
        return result
    }
}
