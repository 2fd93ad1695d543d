internal import Codec
internal import Core
internal import Credentials
internal import Providers

/// One profile of the configuration file, found good.
struct Profile: Sendable {
    /// A field that a request gets where it sets none itself.
    struct Default: Sendable {
        let provider: String
        let operation: String
        let name: String
        let value: FieldValue
    }

    let name: String
    /// Configuration keys, checked, in the order of the file.
    var settings: [(key: ConfigKey, value: String)] = []
    var defaults: [Default] = []
    /// What the command takes without --provider.
    var provider: String?
}

/// The configuration file as profiles. Pure: a text goes in.
///
///     profile = "work"                                   # the file's own choice
///     provider = "tencent"
///     [profiles.work]
///     tencent.region = "ap-guangzhou"                    # configuration keys
///     [profiles.work.operations.tencent.aigc_image]
///     count = 2                                          # fields
struct ProfileDocument {
    static let none = "none"

    /// Of the file, for messages.
    let path: String
    /// What "~" stands for in paths; nil if nobody knows.
    let home: String?
    /// What the command takes without --provider where no profile says so.
    let provider: String?
    private let document: TOMLTable
    private let profiles: TOMLTable

    private static let topNames = ["profile", "provider", "profiles"]

    init(_ bytes: [UInt8], path: String, home: String?) throws(Failure) {
        self.path = path
        self.home = home
        do throws(TOMLError) { document = try TOMLReader.parse(bytes) } catch {
            throw Self.wrong(path, error.place, "it is no TOML: \(error.message)")
        }
        for member in document.members where !Self.topNames.contains(where: { member.name.isSame(as: $0) }) {
            throw Self.wrong(
                path, member.place,
                "\(Self.shown(member.name)) means nothing there\(Suggestion.hint(member.name, among: Self.topNames))",
                field: member.name)
        }
        provider = try document["provider"].map { (member) throws(Failure) in try Self.provider(member, path) }
        guard let member = document["profiles"] else {
            profiles = TOMLTable()
            return
        }
        profiles = try Self.table(member, "profiles", path)
    }

    /// The profiles that there are.
    var names: [String] { profiles.members.map(\.name) }

    /// The profile that the file itself names, or "default" if there is one.
    func ownChoice() throws(Failure) -> String? {
        if let member = document["profile"] {
            guard case .string(let name) = member.value else {
                throw wrong(member, "profile is the name of a profile, such as profile = \"work\"")
            }
            if !name.isEmpty { return name.isSame(as: Self.none) ? nil : name }
        }
        return profiles["default"] == nil ? nil : "default"
    }

    /// One profile. Fails at the first thing in the profile that means nothing.
    /// - by: who names the profile.
    func profile(_ name: String, by who: String) throws(Failure) -> Profile {
        guard let member = profiles[name] else {
            let has = names.isEmpty ? "; it has none" : Suggestion.hint(name, among: names) + hasList
            throw Failure(
                .invalidArgument,
                "Reading the configuration file \(shownPath): there is no profile \"\(Self.shown(name))\", which \(who) "
                    + "names" + has, field: "profile")
        }
        guard !name.isSame(as: Self.none) else {
            throw wrong(member, "no profile is called \"none\", which means that there is none; choose another name")
        }
        let table = try Self.table(member, "profiles.\(Self.shown(name))", path)
        var profile = Profile(name: name, provider: provider)
        for member in table.members {
            if member.name.isSame(as: "provider") {
                profile.provider = try Self.provider(member, path)
            } else if member.name.isSame(as: "operations") {
                try addDefaults(try Self.table(member, "operations", path), to: &profile)
            } else {
                try addSettings(member, prefix: "", to: &profile)
            }
        }
        return profile
    }

    private var hasList: String { "; it has \(names.map(Self.shown).joined(separator: ", ").shown(limit: 400))" }

    // MARK: - Configuration keys

    /// tencent.region = "x", or [profiles.work.tencent] with region = "x".
    private func addSettings(_ member: TOMLTable.Member, prefix: String, to profile: inout Profile) throws(Failure) {
        let name = prefix + member.name
        if case .table(let inner) = member.value {
            for member in inner.members { try addSettings(member, prefix: name + ".", to: &profile) }
            return
        }
        guard let row = ConfigKey.all.first(where: { $0.name.description.isSame(as: name) }) else {
            let nearest = Suggestion.nearest(name, among: ConfigKey.all.map { $0.name.description })
            let hint = nearest.map { "; did you mean \"\($0)\"?" } ?? "; \"aigc config keys\" lists all keys"
            throw wrong(member, "\(Self.shown(name)) is no configuration key\(hint)", field: name)
        }
        guard !row.name.description.isSame(as: "profile") else {
            throw wrong(member, "a profile names no other profile: remove the line", field: name)
        }
        guard !row.isSecret, !Cloud.all.contains(where: { $0.keys.id.row.name.description.isSame(as: name) }) else {
            throw wrong(
                member,
                "\(name) belongs in the environment or the vendor's credential file, not here: remove the line",
                field: name)
        }
        guard !profile.settings.contains(where: { $0.key.name.description.isSame(as: name) }) else {
            throw wrong(member, "\(name) is set twice in this profile: keep one", field: name)
        }
        var text: String
        switch member.value {
        case .string(let value): text = value
        case .bool(let flag): text = flag ? "true" : "false"
        case .int(let number): text = "\(number)"
        case .double(let number): text = "\(number)"
        case .array, .table:
            throw wrong(
                member, "\(name) is \(member.value.typeName), and must be a text, a number, true or false", field: name)
        }
        if case .path = row.kind { text = try full(text, name, member) }
        do throws(Failure) { try row.check(text) } catch { throw wrong(member, error.message, field: name) }
        profile.settings.append((row, text))
    }

    /// A journal that depends on the folder of whoever runs is another journal each time.
    private func full(_ text: String, _ name: String, _ member: TOMLTable.Member) throws(Failure) -> String {
        if text.isEmpty || text.utf8.first == UInt8(ascii: "/") { return text }
        if name == "rate.path", text == Self.none { return text }
        guard text == "~" || text.hasPrefix("~/") else {
            throw wrong(member, "\(name) is no full path: begin it with / or with ~/", field: name)
        }
        guard let home else {
            throw wrong(
                member, "\(name) begins with ~, and nobody knows the home directory: set HOME, or give a full path",
                field: name)
        }
        return home + text.dropFirst()
    }

    // MARK: - Fields

    private func addDefaults(_ operations: TOMLTable, to profile: inout Profile) throws(Failure) {
        for cloud in operations.members {
            for operation in try Self.table(cloud, "operations.\(Self.shown(cloud.name))", path).members {
                let place = "operations.\(Self.shown(cloud.name)).\(Self.shown(operation.name))"
                guard let table = Clouds.requests.first(where: { $0.provider.isSame(as: cloud.name) }),
                    let row = table.operations.first(where: { $0.name.isSame(as: operation.name) })
                else {
                    let all = Clouds.requests.flatMap { cloud in
                        cloud.operations.map { "\(cloud.provider).\($0.name)" }
                    }
                    let hint = Suggestion.hint("\(cloud.name).\(operation.name)", among: all)
                    throw wrong(operation, "\(place) is no operation\(hint)")
                }
                for field in try Self.table(operation, place, path).members {
                    profile.defaults.append(
                        Profile.Default(
                            provider: cloud.name, operation: row.name, name: field.name,
                            value: try value(of: field, table, row)))
                }
            }
        }
    }

    private func value(
        of member: TOMLTable.Member, _ table: RequestTable, _ operation: OperationDescription
    ) throws(Failure) -> FieldValue {
        let name = Self.shown(member.name)
        guard let field = operation.fields.first(where: { $0.name.isSame(as: member.name) }) else {
            let hint = Suggestion.hint(member.name, among: operation.fields.map(\.name))
            throw wrong(member, "\(operation.name) has no field \(name)\(hint)", field: name)
        }
        guard field.type != .imageURL, field.name != "prompt" else {
            throw wrong(member, "\(name) is no matter of a profile: give it with the request", field: name)
        }
        var value: FieldValue?
        switch (field.type, member.value) {
        case (.string, .string(let text)): value = .string(text)
        case (.bool, .bool(let flag)): value = .bool(flag)
        case (.int, .int(let number)), (.double, .int(let number)): value = .int(number)
        case (.double, .double(let number)) where number.isFinite: value = .double(number)
        case (.json, .string(let text)): value = .json(Array(text.utf8))
        case (.json, let other): value = other.json.map { .json($0.serialized()) }
        default: break
        }
        guard let value else {
            throw wrong(
                member,
                "\(name) of \(operation.name) is \(member.value.typeName), and must be of type "
                    + field.type.rawValue, field: name)
        }
        do throws(Failure) {
            try table.checkField(operation: operation.name, name: member.name, value: value)
        } catch { throw wrong(member, error.message, field: name) }
        return value
    }

    // MARK: - Messages

    private static func provider(_ member: TOMLTable.Member, _ path: String) throws(Failure) -> String {
        let known = Clouds.requests.map(\.provider)
        guard case .string(let name) = member.value, known.contains(where: { name.isSame(as: $0) }) else {
            throw wrong(path, member.place, "provider must be \(ASCIIText.list(known))")
        }
        return name
    }

    private static func table(_ member: TOMLTable.Member, _ name: String, _ path: String) throws(Failure) -> TOMLTable {
        guard case .table(let table) = member.value else {
            throw wrong(path, member.place, "\(name) is \(member.value.typeName), and no table: write [\(name)]")
        }
        return table
    }

    private var shownPath: String { Self.shown(path) }

    private func wrong(_ member: TOMLTable.Member, _ why: String, field: String? = nil) -> Failure {
        Self.wrong(path, member.place, why, field: field)
    }

    private static func wrong(_ path: String, _ place: TOMLPlace, _ why: String, field: String? = nil) -> Failure {
        Failure(
            .invalidArgument,
            "Reading the configuration file \(shown(path)), line \(place.line), column \(place.column): \(why)",
            field: field.map(shown))
    }

    private static func shown(_ text: String) -> String { text.shown(limit: 300) }
}
