/// The lasting name that a caller gives a job: 1 to 255 bytes of UTF-8 without NUL, compared byte by byte.
public struct JournalKey: Hashable, Sendable {
    public static let maximumBytes = 255
    public let bytes: [UInt8]
    /// Of all bytes, made once: a key goes through several tables.
    private let hash: Int

    /// Nil for what is no key.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...Self.maximumBytes).contains(bytes.count), !bytes.contains(0) else { return nil }
        self.bytes = bytes
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        hash = hasher.finalize()
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public static func == (a: JournalKey, b: JournalKey) -> Bool { a.hash == b.hash && a.bytes == b.bytes }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// The durable state of a key. The numbers are those of the file.
public enum JournalState: Int64, CaseIterable, Sendable {
    /// The key is taken, and the submission has provably not been sent.
    case claimed = 1
    /// The submission may be on the wire.
    case sending = 2
    /// The provider's id is known.
    case accepted = 3
    /// Ended after acceptance.
    case succeeded = 4
    case failed = 5
    /// Ended, and provably not run: the key may be submitted anew.
    case refused = 6
    /// The submission was on the wire, and nobody knows its outcome. Never sent again.
    case unknown = 7
    /// A person has given the key up. Never sent again.
    case abandoned = 8

    public var name: StaticString {
        switch self {
        case .claimed: "claimed"
        case .sending: "sending"
        case .accepted: "accepted"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .refused: "refused"
        case .unknown: "unknown"
        case .abandoned: "abandoned"
        }
    }
}

/// A submission that wants its key. One object: a claim is handed on through several steps.
public final class JournalClaim: Equatable, Sendable {
    public let key: JournalKey
    public let provider: String
    public let operation: String
    public let region: String
    public let endpoint: String
    /// Of the encoded call without date, nonce and signature.
    public let digest: [UInt8]
    /// The body of the call, if the caller wants it kept.
    public let request: [UInt8]?

    public init(
        key: JournalKey, provider: String, operation: String, region: String, endpoint: String, digest: [UInt8],
        request: [UInt8]? = nil
    ) {
        self.key = key
        self.provider = provider
        self.operation = operation
        self.region = region
        self.endpoint = endpoint
        self.digest = digest
        self.request = request
    }

    public static func == (a: JournalClaim, b: JournalClaim) -> Bool {
        a.key == b.key && a.provider.isSame(as: b.provider) && a.operation.isSame(as: b.operation)
            && a.region.isSame(as: b.region) && a.endpoint.isSame(as: b.endpoint) && a.digest == b.digest
            && a.request == b.request
    }
}

/// One key as the journal has it.
public struct JournalEntry: Equatable, Sendable {
    public var key: JournalKey
    public var state: JournalState
    public var provider: String
    public var operation: String
    public var region: String
    public var endpoint: String
    public var digest: [UInt8]
    /// Of the access key that its newest submission was signed with, as `accountName` gives it; empty before.
    public var account: [UInt8] = []
    /// How often the submission has gone to the wire.
    public var attempts: Int64 = 0
    /// Empty until it is known.
    public var remoteID = ""
    public var requestID = ""
    /// Of the end, as `Status`; 0 is none.
    public var status: Int32 = 0
    public var providerCode = ""
    public var note = ""
    /// 0 is nobody.
    public var owner: Int64 = 0
    public var images: Int64 = 0
    // Unix milliseconds; 0 is never.
    public var claimedAt: Int64 = 0
    public var sentAt: Int64 = 0
    public var acceptedAt: Int64 = 0
    public var endedAt: Int64 = 0
    public var changedAt: Int64 = 0

    public init(
        key: JournalKey, state: JournalState, provider: String, operation: String, region: String, endpoint: String,
        digest: [UInt8]
    ) {
        self.key = key
        self.state = state
        self.provider = provider
        self.operation = operation
        self.region = region
        self.endpoint = endpoint
        self.digest = digest
    }

    /// The reference of the job; nil before the job was accepted.
    public var reference: JobReference? {
        remoteID.isEmpty
            ? nil
            : JobReference(
                provider: provider, operation: operation, region: region, endpoint: endpoint, remoteID: remoteID)
    }

    /// What provably happened to its submission.
    public var outcome: SubmitOutcome {
        switch state {
        case .claimed: attempts == 0 ? .none : .notSent
        case .sending, .unknown, .abandoned: .unknown
        case .accepted, .succeeded, .failed: .accepted
        case .refused: .notSent
        }
    }
}

/// Who drives a job.
public enum JournalHolder: Equatable, Sendable {
    /// This client.
    case here
    /// Another client that lives, in this process or another one.
    case other
    /// Nobody: the job has ended.
    case nobody
}

public struct JournalPlace: Equatable, Sendable {
    public var entry: JournalEntry
    public var holder: JournalHolder

    public init(_ entry: JournalEntry, _ holder: JournalHolder) {
        self.entry = entry
        self.holder = holder
    }
}

/// The progress of a takeover: rows that were released meanwhile are not taken again.
public struct JournalCursor: Sendable {
    public var owner: Int64 = -1
    /// The newest row of that owner that was looked at.
    public var row: Int64 = 0

    public init() {}
}

/// The result of a claim.
public enum JournalClaimed: Equatable, Sendable {
    /// The key seems to be free: the submission may begin. The step `sending` decides.
    case new
    /// The key has a job. If its owner is dead, the job has been taken over.
    case known(JournalPlace)
}

/// One step in the life of a job that this client holds.
public enum JournalStep: Equatable, Sendable {
    /// The client wants the key. A lost claim costs nothing.
    case claimed(JournalClaim)
    /// From now on bytes may leave. Durable before `done`. Takes the key if it has not been written yet.
    case sending(JournalClaim, account: String)
    /// Durable before `done`, or owed until it is.
    case accepted(remoteID: String, requestID: String)
    /// The submission on the wire was provably not executed, and is tried again.
    case returned
    case succeeded(images: Int)
    case failed(Failure)
    /// Ended, and provably not executed.
    case refused(Failure)
    case unknown(Failure)
    /// This client no longer follows an accepted job: another client may follow it.
    case released

    /// Whether the step must be on disk before anything else happens.
    public var isSynced: Bool {
        switch self {
        case .sending, .accepted, .unknown: true
        case .claimed, .returned, .succeeded, .failed, .refused, .released: false
        }
    }
}

/// The result of a step.
public enum JournalAnswer: Equatable, Sendable {
    case written
    /// Another client was faster: the key belongs to its job.
    case taken(JournalPlace)
    case failed(Failure)
}

/// A fault of a folder that clients share, the journal's or the rates', that no caller gets as an error.
public struct FolderWarning: Sendable {
    /// One line for people.
    public var text: String
    /// The id of a paid job that the file cannot keep now, and the job's key.
    public var unkept: (key: JournalKey, remoteID: String)?

    public init(_ text: String, unkept: (key: JournalKey, remoteID: String)? = nil) {
        self.text = text
        self.unkept = unkept
    }
}

/// What is known of how long jobs of one kind take: `PollHistory.bytes`.
public struct JournalHistory: Equatable, Sendable {
    public var kind: String
    public var bins: [UInt8]

    public init(kind: String, bins: [UInt8]) {
        self.kind = kind
        self.bins = bins
    }
}

/// The journal as one client sees it. Any thread, unless a function says otherwise.
public protocol JobJournal: AnyObject, Sendable {
    /// Says what a key stands for, or queues the wish for it. The caller's thread. Throws `keyConflict` for another payload
    /// under a key that is in use. `isFresh`: the key was made up a moment ago.
    func claim(_ claim: JournalClaim, isFresh: Bool) throws(Failure) -> JournalClaimed
    /// What a key stands for; a dead owner's is taken over if it was ever sent. Nil if there is none. The caller's thread.
    func find(_ key: JournalKey) throws(Failure) -> JournalPlace?
    /// Takes over up to `limit` jobs behind `cursor` whose owner is gone, but for those that were never sent; none: there are
    /// no more. The caller's thread.
    func takeOver(limit: Int, after cursor: inout JournalCursor) throws(Failure) -> [JournalPlace]
    /// What the journal keeps of the id of an access key. Ids change while their account stays: another name may be another
    /// account, the same name never is. Any thread.
    func accountName(_ id: String) -> [UInt8]
    /// Queues a step and returns. `done` is called on the helper thread once it is in the file (and on the disk, where the
    /// step says so), or has failed. A step that only tidies up waits for the next commit.
    func record(_ step: JournalStep, of key: JournalKey, done: (@Sendable (JournalAnswer) -> Void)?)
    /// The first byte of a recorded submission is about to leave; a throw says why it must not. Engine thread. Waits for
    /// no disk.
    func leaves(_ key: JournalKey) throws(Failure)
    /// Looks, on the helper thread, what has become of jobs that others hold, and takes over those of dead owners. `done`
    /// gets the places that are not as they were `known`.
    func look(_ known: [JournalPlace], done: @escaping @Sendable ([JournalPlace]) -> Void)
    /// The newest jobs that have ids; empty if they cannot be read. The caller's thread.
    func newestJobs() -> [JobReference]
    /// What earlier clients have learned; empty if it cannot be read. The caller's thread.
    func histories() -> [JournalHistory]
    /// Keeps what was learned, on the helper thread, without waiting for the disk. What cannot be written is dropped.
    func keep(_ histories: [JournalHistory])
    /// Writes the queued steps, and closes everything. Called when no further step can come.
    func close()
}
