internal import Codec
internal import Core
internal import Credentials
internal import Glibc
internal import Providers

/// What a client is made of, and who has said so: the program, then variables of the environment, then a profile of the
/// configuration file. What none of them says is the default.
struct Configuration: Sendable {
    private(set) var values: ConfigValues
    /// What was set, with its source, in the order of the table. Without secrets.
    private var sources: [(key: ConfigKey, value: String?, source: String)] = []
    /// Where the file is, whether it exists or not; nil where there is none for this process.
    private var path: String?
    private var document: ProfileDocument?
    private(set) var profile: Profile?
    /// What the command takes without --provider.
    private var provider: String?
    /// Why the file cannot be used, where nobody asks for a profile of it: not an error then.
    private var problem: String?

    /// - isPrivileged: a stranger has chosen the environment, and with it the file.
    /// - lists: whether the file is read also where no profile of it is asked for.
    init(
        _ configured: ConfigValues, environment: [String: String], isPrivileged: Bool, lists: Bool = false,
        files: any CredentialFiles = LocalFiles()
    ) throws(Failure) {
        let withVariables = try EnvironmentKeys.apply(environment, to: configured)
        values = withVariables
        let wanted = try Self.wanted(configured, environment, isPrivileged: isPrivileged)
        let home = Home(environment)
        let place =
            isPrivileged ? .off("this program has more rights than its caller") : try Self.place(environment, home)
        path = place.path
        if wanted != .nothing {
            document = try Self.read(place, wanted, home, files)
        } else if lists {
            do throws(Failure) { document = try Self.read(place, .own, home, files) } catch { problem = error.message }
        }
        if let document {
            profile = try Self.profile(document, wanted)
            provider = wanted == .nothing ? nil : profile?.provider ?? document.provider
        }
        if let profile {
            for (key, value) in profile.settings where !withVariables.isSet(key) {
                try values.set(key.name.description, value)
            }
        }
        for key in ConfigKey.all {
            let source: String
            if configured.isSet(key) || configured.hasSecret(key) {
                source = "program"
            } else if withVariables.isSet(key) {
                source = "environment \(EnvironmentKeys.variable(of: key))"
            } else if let profile, values.isSet(key) {
                source = "profile \(profile.name)"
            } else {
                continue
            }
            sources.append((key, Self.shown(key, values), source))
        }
    }

    // MARK: - Which profile

    /// The profile that is asked for.
    private enum Wanted: Equatable {
        case nothing
        /// What the file itself names.
        case own
        case named(String, by: String)
    }

    private static func wanted(
        _ configured: ConfigValues, _ environment: [String: String], isPrivileged: Bool
    ) throws(Failure) -> Wanted {
        let key = configured[.profile]
        if key.isSame(as: ProfileDocument.none) { return .nothing }
        if !key.isEmpty {
            guard !isPrivileged else {
                throw Failure(
                    .invalidArgument,
                    "Making a client: the configuration key profile is set, but a program that has more rights than its "
                        + "caller reads no configuration file: set the keys of the profile themselves", field: "profile"
                )
            }
            return .named(key, by: "the configuration key profile")
        }
        if isPrivileged { return .nothing }
        guard let name = environment["AIGC_PROFILE"], !name.isEmpty else { return .own }
        return name.isSame(as: ProfileDocument.none) ? .nothing : .named(name, by: "the variable AIGC_PROFILE")
    }

    private static func profile(_ document: ProfileDocument, _ wanted: Wanted) throws(Failure) -> Profile? {
        switch wanted {
        case .nothing: return nil
        case .named(let name, let who): return try document.profile(name, by: who)
        case .own:
            guard let name = try document.ownChoice() else { return nil }
            return try document.profile(name, by: "the file itself")
        }
    }

    // MARK: - The file

    private enum Place {
        /// There is none, and why.
        case off(String)
        case usual(String)
        /// Named by AIGC_CONFIG_FILE: it has to be there.
        case named(String)

        var path: String? {
            switch self {
            case .off: nil
            case .usual(let path), .named(let path): path
            }
        }
    }

    /// The home directory, looked for at most once: the user database can be a server. The caller's thread.
    private final class Home {
        private let environment: [String: String]

        init(_ environment: [String: String]) { self.environment = environment }

        /// What HOME says, otherwise the user database; nil without a full path.
        private(set) lazy var path: String? = {
            let home = environment["HOME"] ?? ""
            let found = home.isEmpty ? ProcessEnvironment.homeOfUser(isPrivileged: false) ?? "" : home
            return found.utf8.first == UInt8(ascii: "/") && !ProcessEnvironment.isBroken(found) ? found : nil
        }()
    }

    private static func place(_ environment: [String: String], _ home: Home) throws(Failure) -> Place {
        if let named = environment["AIGC_CONFIG_FILE"], !named.isEmpty {
            guard !ProcessEnvironment.isBroken(named) else {
                throw Failure(
                    .invalidArgument, "Making a client: the environment variable AIGC_CONFIG_FILE is no UTF-8")
            }
            return named.isSame(as: ProfileDocument.none) ? .off("AIGC_CONFIG_FILE is \"none\"") : .named(named)
        }
        let folder = environment["XDG_CONFIG_HOME"] ?? ""
        if folder.utf8.first == UInt8(ascii: "/"), !ProcessEnvironment.isBroken(folder) {
            return .usual(folder + "/aigc/config.toml")
        }
        guard let home = home.path else { return .off("there is no home directory: set HOME, or AIGC_CONFIG_FILE") }
        return .usual(home + "/.config/aigc/config.toml")
    }

    private static func read(
        _ place: Place, _ wanted: Wanted, _ home: Home, _ files: any CredentialFiles
    ) throws(Failure) -> ProfileDocument? {
        var asks = ""
        if case .named(let name, let who) = wanted {
            asks = "the profile \"\(name.shown(limit: 300))\", which \(who) names: "
        }
        guard let path = place.path else {
            guard !asks.isEmpty, case .off(let why) = place else { return nil }
            throw Failure(
                .invalidArgument, "Looking for \(asks)there is no configuration file (\(why))", field: "profile")
        }
        let shown = path.shown(limit: 1_000)
        func unusable(_ why: String) -> Failure {
            let looking = asks.isEmpty ? "Making a client: " : "Looking for \(asks)"
            return Failure(.file, "\(looking)the configuration file \(shown)\(why)", field: "profile")
        }
        switch files.read(path, maximumBytes: 1 << 20) {
        case .success(let file):
            guard !file.isWritableByOthers else {
                throw unusable(
                    " can be written by other users, who could lead calls elsewhere: chmod go-w it, and let it belong "
                        + "to the user who runs this program, or to root")
            }
            return try ProfileDocument(file.bytes, path: path, home: home.path)
        case .failure(.missing):
            if asks.isEmpty, case .usual = place { return nil }
            throw unusable(" cannot be read: there is no such file")
        case .failure(.unreadable(let why)):
            // In a folder that is closed to this user nobody can have put a file for this user.
            if asks.isEmpty, case .usual = place, isOutOfReach(path) { return nil }
            throw unusable(" cannot be read: \(why)")
        }
    }

    private static func isOutOfReach(_ path: String) -> Bool {
        var status = stat()
        let code = lstat(path, &status) == 0 ? 0 : errno
        return [EACCES, EPERM, ENOENT, ENOTDIR].contains(code)
    }

    // MARK: - Shown

    private static func shown(_ key: ConfigKey, _ values: ConfigValues) -> String? {
        if key.isSecret { return nil }
        guard let text = values.shown(key.name.description) else { return nil }
        if case .identifier = key.kind, key.name.description != "credentials.role_arn" { return text.shortenedID }
        let name = key.name.description
        guard name.hasSuffix("endpoint") || name == "http.proxy" || name == "tencent.cos_hosts" else { return text }
        if text.split(separator: ",").allSatisfy({ isHostAndPort(parts(of: $0).rest) }) { return text }
        let (scheme, rest) = parts(of: text[...])
        // What stands before the "@" is most likely a user and a password.
        guard name != "tencent.cos_hosts", let mark = rest.lastIndex(of: "@"),
            isHostAndPort(rest[rest.index(after: mark)...])
        else { return "(cannot be read)" }
        return scheme + "(user)" + rest[mark...]
    }

    /// "scheme://", or nothing, and what follows.
    private static func parts(of text: Substring) -> (scheme: Substring, rest: Substring) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return ("", text) }
        let start = text.index(colon, offsetBy: 3)
        return (text[..<start], text[start...])
    }

    /// Whether a text is host[:port] and nothing else, but for blanks and a "/" at its end: whatever part of another text may
    /// be a password.
    private static func isHostAndPort(_ text: Substring) -> Bool {
        var place = text.drop { $0 == " " }
        while let last = place.last, last == " " || last == "/" { place.removeLast() }
        return (try? Endpoint(parsing: String(place), key: "")) != nil
    }

    /// For aigc_config_report() and aigc_client_report().
    var json: JSONValue {
        .object([
            JSONMember("file", path.map { .string($0) } ?? .null),
            JSONMember("read", .bool(document != nil)),
            JSONMember("problem", problem.map { .string($0) } ?? .null),
            JSONMember("profiles", .array((document?.names ?? []).map { .string($0) })),
            JSONMember("profile", profile.map { .string($0.name) } ?? .null),
            JSONMember("provider", provider.map { .string($0) } ?? .null),
            JSONMember(
                "values",
                .array(
                    sources.map { key, value, source in
                        .object([
                            JSONMember("key", .string(key.name.description)),
                            JSONMember("value", value.map { .string($0) } ?? .null),
                            JSONMember("source", .string(source)),
                        ])
                    })),
            JSONMember(
                "fields",
                .array(
                    (profile?.defaults ?? []).map { row in
                        .object([
                            JSONMember("provider", .string(row.provider)),
                            JSONMember("operation", .string(row.operation)),
                            JSONMember("name", .string(row.name)), JSONMember("value", row.value.json),
                        ])
                    })),
        ])
    }

}

extension FieldValue {
    fileprivate var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .json(let bytes): (try? JSONValue.parse(bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))
        }
    }
}

extension String {
    /// Enough to recognise a key id by.
    var shortenedID: String { count > 12 ? "\(prefix(4))...\(suffix(4))" : self }
}
