internal import Core
private import Synchronization

/// The derived key of the last (secret, date, service). It knows a secret by its identity, so a refresh of credentials
/// makes a new key. Wiped when it is replaced or the cache goes. Any thread.
public final class TC3KeyCache: Sendable {
    private struct Entry {
        var secret: Secret
        var date: String
        var service: String
        var key: Secret
    }

    private let entry = Mutex<Entry?>(nil)

    public init() {}

    func key(_ secret: Secret, date: String, service: String) throws(Failure) -> Secret {
        let found = entry.withLock { entry -> Secret? in
            guard let entry, entry.secret === secret, entry.date == date, entry.service == service else { return nil }
            return entry.key
        }
        if let found { return found }
        let key = try TC3.derivedKey(secret, date: date, service: service)
        // What it replaces is let go behind the lock: a wipe is no work for under one.
        let old = entry.withLock { entry -> Entry? in
            let old = entry
            entry = Entry(secret: secret, date: date, service: service, key: key)
            return old
        }
        _ = old
        return key
    }
}
