internal import Codec
internal import Core
private import Synchronization

/// What all calls of one day have in common: their texts are checked and put together once, and the key of the day is
/// derived once, which saves three of four HMACs. The key is wiped when its last owner releases it.
final class TC3Scope: Sendable {
    let key: Secret
    let date: String
    /// "POST\n/\n\ncontent-type:...\nhost:...\n\ncontent-type;host\n"
    let requestHead: [UInt8]
    /// "\n2019-02-25/mps/tc3_request\n"
    let words: [UInt8]
    /// "TC3-HMAC-SHA256 Credential=.../2019-02-25/mps/tc3_request, SignedHeaders=content-type;host, Signature="
    let lineHead: [UInt8]

    private let host: String
    private let service: String
    private let contentType: String
    private let id: String
    private let secret: Secret
    private let day: Int64

    init(
        host: String, service: String, contentType: String, credentials: Credentials, unixSeconds: Int64
    ) throws(Failure) {
        try HeaderText.checkHost(host)
        try HeaderText.check(contentType, "content type")
        try HeaderText.check(service, "service")
        try HeaderText.check(credentials)
        date = DateText.tc3Date(unixSeconds)
        key = try TC3.derivedKey(credentials.secret, date: date, service: service)
        requestHead = Array("POST\n/\n\ncontent-type:\(contentType)\nhost:\(host)\n\ncontent-type;host\n".utf8)
        words = Array("\n\(date)/\(service)/tc3_request\n".utf8)
        lineHead = Array(
            ("\(TC3.algorithm) Credential=\(credentials.id)/\(date)/\(service)/tc3_request, "
                + "SignedHeaders=content-type;host, Signature=").utf8)
        self.host = host
        self.service = service
        self.contentType = contentType
        id = credentials.id
        secret = credentials.secret
        day = DateText.day(unixSeconds)
    }

    /// It knows a secret by its identity, so that a refresh of credentials makes a new key.
    func covers(
        _ host: String, _ service: String, _ contentType: String, _ credentials: Credentials, _ unixSeconds: Int64
    ) -> Bool {
        secret === credentials.secret && day == DateText.day(unixSeconds) && id == credentials.id && self.host == host
            && self.service == service && self.contentType == contentType
    }
}

/// The scope of the newest signature, for the next one. Any thread.
public final class TC3KeyCache: Sendable {
    private struct Entry {
        var scope: TC3Scope
        var unixSeconds: Int64
        var timestamp: String
    }

    private let entry = Mutex<Entry?>(nil)

    public init() {}

    func scope(
        _ host: String, _ service: String, _ contentType: String, _ credentials: Credentials, _ unixSeconds: Int64
    ) throws(Failure) -> (TC3Scope, timestamp: String) {
        let known = entry.withLock { $0 }
        let isCovered = known?.scope.covers(host, service, contentType, credentials, unixSeconds) ?? false
        if let known, isCovered, known.unixSeconds == unixSeconds { return (known.scope, known.timestamp) }
        let scope: TC3Scope
        if let known, isCovered {
            scope = known.scope
        } else {
            scope = try TC3Scope(
                host: host, service: service, contentType: contentType, credentials: credentials,
                unixSeconds: unixSeconds)
        }
        let new = Entry(scope: scope, unixSeconds: unixSeconds, timestamp: String(unixSeconds))
        // The replaced scope is released after the lock: a wipe takes too long to hold a lock for.
        let old = entry.withLock { entry -> Entry? in
            let old = entry
            entry = new
            return old
        }
        _ = old
        return (scope, new.timestamp)
    }
}
