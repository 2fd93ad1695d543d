public import Core

/// The state of a job that is in the journal, or that waits for its host's release. Engine thread only.
final class JournalledJob: Departure {
    enum Hold {
        case none
        /// The host has not been told yet.
        case wanted
        /// The host knows, and the submission waits for it.
        case told
        case released
    }

    /// Nil: the client has none.
    private let journal: (any JobJournal)?
    /// Nil: the job is only held.
    let key: JournalKey?
    /// The claim of a submission; dropped after its acceptance.
    var claim: JournalClaim?
    var hold: Hold
    /// The call that waits for the host's release; 0: none.
    var heldTicket: UInt64 = 0
    /// The file says that the submission may be on the wire.
    var isSending = false
    /// Of the access key that another client has sent the job with, until this client's account is known to have the job.
    var sender: [UInt8] = []
    /// The answer that accepted the job, while its id is written to disk.
    var answer: JobAnswer?

    init(_ journal: (any JobJournal)?, key: JournalKey?, claim: JournalClaim? = nil, hold: Hold) {
        self.journal = journal
        self.key = key
        self.claim = claim
        self.hold = hold
    }

    /// The journal notes that the submission leaves: after a kill, another client knows whether it did.
    func objection() -> String? {
        guard let key, let journal else { return nil }
        do throws(Failure) {
            try journal.leaves(key)
            return nil
        } catch { return error.message }
    }
}

/// The options of a submission beyond the call itself.
public struct SubmissionOrder: Sendable {
    /// Nil: a client with a journal chooses a key.
    public var key: JournalKey?
    public var isHeld = false
    /// Of the encoded call.
    public var digest: [UInt8]
    /// The body, if the journal keeps bodies.
    public var request: [UInt8]?

    public init(key: JournalKey?, isHeld: Bool, digest: [UInt8], request: [UInt8]?) {
        self.key = key
        self.isHeld = isHeld
        self.digest = digest
        self.request = request
    }
}

/// A job that begins with the journal's state of its key.
struct JournalledStart: Sendable {
    /// Nil: there is nothing to send.
    var call: ProviderCall?
    var key: JournalKey?
    var claim: JournalClaim?
    var isHeld = false
    /// Nil: the key is new, and the submission begins.
    var place: JournalPlace?
    var follows: Bool
    var deadlineMilliseconds: Int64
}
