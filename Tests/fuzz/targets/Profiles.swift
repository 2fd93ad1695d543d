import Core
import Credentials

@testable import AigcABI

/// The configuration file: as TOML, and as the profiles in it. A good profile names known keys with good values and known
/// fields, each once, and no secret; a refusal is one line that shows no value of a text.
let profilesTarget = Target(name: "profiles", maximumBytes: 4_096) { input in
    let bytes = input.bytes
    let document: ProfileDocument
    do {
        document = try ProfileDocument(bytes, path: "/f/config.toml", home: "/home/u")
    } catch {
        refused(error)
        return
    }
    if case .success(let table) = Result(catching: { try TOMLReader.parse(bytes) }) {
        require(nestingWithin(.table(table)), "deeper than promised")
    }
    do { _ = try document.ownChoice() } catch { refused(error) }
    for name in document.names {
        do {
            let profile = try document.profile(name, by: "the test")
            let keys = profile.settings.map { $0.key.name.description }
            requireEqual(Set(keys).count, keys.count, "a key twice")
            for (key, value) in profile.settings {
                require(!key.isSecret, "a secret in a profile")
                do { try key.check(value) } catch { require(false, "a bad value of \(key.name)") }
                guard case .path = key.kind else { continue }
                require(value.isEmpty || value.hasPrefix("/") || value == "none", "a path that is not full")
            }
            let places = profile.defaults.map { "\($0.provider) \($0.operation) \($0.name)" }
            requireEqual(Set(places.map { ByteText($0) }).count, places.count, "a field twice")
        } catch { refused(error) }
    }
}

private func refused(_ failure: any Error) {
    guard let failure = failure as? Failure else { return }
    require(failure.status == .invalidArgument, "a refusal with another status")
    requirePresentable(failure.message.shown(limit: 4_000))
}

/// Whether lists and tables are no deeper than the reader promises.
private func nestingWithin(_ value: TOMLValue, _ depth: Int = 0) -> Bool {
    guard depth <= TOMLReader.maximumDepth + 1 else { return false }
    switch value {
    case .array(let values): return values.allSatisfy { nestingWithin($0, depth + 1) }
    case .table(let table): return table.members.allSatisfy { nestingWithin($0.value, depth + 1) }
    default: return true
    }
}
