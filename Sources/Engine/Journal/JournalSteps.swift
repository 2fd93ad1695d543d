internal import Core

/// Records the steps of this client's jobs in the journal, and says which call waits for a step. A held job waits for
/// its host's release, with or without a journal. Engine thread only.
final class JournalSteps {
    /// Nil: the client has none, and jobs are only held.
    let journal: (any JobJournal)?
    private let mailbox: Mailbox

    init(_ journal: (any JobJournal)?, _ mailbox: Mailbox) {
        self.journal = journal
        self.mailbox = mailbox
    }

    // MARK: - Before the wire

    enum Leave {
        case now
        /// A command reports the result of the record later.
        case isRecorded
        /// The submission waits for its host: see `released`.
        case isHeld
    }

    /// A submission is about to leave: it first waits for the host's release and for the journal.
    func leave(_ call: UInt64, _ job: ActiveJob, _ note: JournalledJob, account: String) -> Leave {
        switch note.hold {
        case .wanted:
            note.hold = .told
            note.heldTicket = call
            mailbox.lock.withLock {
                mailbox.push(.jobReady, job.record)
                mailbox.announceAll()
            }
            return .isHeld
        case .told:
            note.heldTicket = call
            return .isHeld
        case .none, .released: break
        }
        guard let claim = note.claim, let journal else { return .now }
        let id = job.record.id
        journal.record(.sending(claim, account: account), of: claim.key) { [mailbox] answer in
            mailbox.postInternal(.recorded(id, call, answer))
        }
        return .isRecorded
    }

    /// The host releases a held submission. Returns the call that waits for the release; nil: no call waits.
    func released(_ job: ActiveJob, _ note: JournalledJob) -> UInt64? {
        note.hold = .released
        let held = note.heldTicket
        note.heldTicket = 0
        return held != 0 && job.ticket == held ? held : nil
    }

    /// A recorded submission cannot leave now, because credentials are missing.
    func returned(_ note: JournalledJob) {
        guard note.isSending, let key = note.key else { return }
        note.isSending = false
        journal?.record(.returned, of: key, done: nil)
    }

    // MARK: - After the wire

    /// Keeps back an answer that accepts a job until its id is on the disk. False: there is nothing to keep.
    func keeps(_ answer: Result<JobAnswer, CallFailure>, _ job: ActiveJob) -> Bool {
        guard let note = job.journal, let key = note.key, let journal,
            case .success(let accepted) = answer, !accepted.remoteID.isEmpty
        else { return false }
        note.isSending = false
        note.answer = accepted
        let id = job.record.id
        journal.record(.accepted(remoteID: accepted.remoteID, requestID: accepted.requestID ?? ""), of: key) {
            [mailbox] _ in
            // A step that could not be written is written later, and the host has been warned.
            mailbox.postInternal(.kept(id))
        }
        return true
    }

    /// The step of a submission that gave no id. Called after its machine.
    func noteFailure(_ answer: Result<JobAnswer, CallFailure>, _ job: ActiveJob) {
        guard let note = job.journal, let key = note.key, let journal,
            case .failure(let failed) = answer
        else { return }
        let wasSending = note.isSending
        note.isSending = false
        switch job.machine.outcome {
        case .unknown: journal.record(.unknown(failed.failure), of: key, done: nil)
        case .notSent where job.machine.state.isTerminal: journal.record(.refused(failed.failure), of: key, done: nil)
        case .notSent: if wasSending { journal.record(.returned, of: key, done: nil) }
        case .none, .accepted: break
        }
    }

    /// What a status call says about a job that may belong to another account, as its access key is another one. An account
    /// that has the job follows it. One that does not know it leaves it to others at once, and not after the time that a
    /// provider may need to know a new job.
    func judged(
        _ answer: Result<JobAnswer, CallFailure>, _ note: JournalledJob, key id: String
    ) -> Result<JobAnswer, CallFailure> {
        guard !note.sender.isEmpty, let journal else { return answer }
        switch answer {
        case .success: note.sender = []
        case .failure(var failed) where failed.kind == .notFound && journal.accountName(id) != note.sender:
            failed.kind = .refused
            failed.failure.message +=
                "; the job was sent with another access key, and the account of this client's key does not have it: a "
                + "client of its account may follow it"
            return .failure(failed)
        case .failure: break
        }
        return answer
    }

    /// This client no longer follows the job: another client may.
    func letGo(_ job: ActiveJob) {
        guard let key = job.journal?.key else { return }
        journal?.record(.released, of: key, done: nil)
    }

    /// The end of a job, before it is reported.
    func noteEnd(_ job: ActiveJob, _ failure: Failure?) {
        guard let key = job.journal?.key, let journal else { return }
        switch job.machine.outcome {
        case .accepted:
            if !job.machine.isDoneAtProvider {
                letGo(job)
            } else if let failure {
                journal.record(.failed(failure), of: key, done: nil)
            } else {
                journal.record(.succeeded(images: job.machine.answer?.assets.count ?? 0), of: key, done: nil)
            }
        case .none, .notSent:
            journal.record(.refused(failure ?? Failure(.cancelled, "Job ended here")), of: key, done: nil)
        case .unknown: break  // on the wire: its answer decides
        }
    }

    /// Nothing more can happen to the job of a key.
    func forgetKey(of record: JobRecord) {
        mailbox.lock.withLock {
            guard let key = record.key, mailbox.keys[key] === record else { return }
            mailbox.keys[key] = nil
        }
    }
}
