internal import Core

/// The steps of the jobs of this client, and what has to wait for them.
extension EngineCore {
    // MARK: - Before the wire

    /// A submission is about to leave: the host's word and the journal's come first.
    func record(_ ticket: Ticket) {
        guard case .job(let job) = ticket.owner, let note = job.journal else { return mayLeave(ticket.id) }
        switch note.hold {
        case .wanted:
            note.hold = .told
            note.heldTicket = ticket.id
            return shared.lock.withLock {
                shared.push(.jobReady, job.record)
                shared.announceAll()
            }
        case .told:
            note.heldTicket = ticket.id
            return
        case .none, .released: break
        }
        guard let claim = note.claim, let journal = journalRoom?.journal else { return mayLeave(ticket.id) }
        let mailbox = shared
        let (id, call) = (job.record.id, ticket.id)
        let account = scheduler.credentials(of: job.record.provider)?.id ?? ""
        journal.record(.sending(claim, account: account), of: claim.key) { answer in
            mailbox.postInternal(.recorded(id, call, answer))
        }
    }

    private func mayLeave(_ call: UInt64) {
        scheduler.handle(.recorded(call, nil), at: clock.instant, into: &callActions)
    }

    /// The journal has the submission, or could not take it, or another client was faster.
    func recorded(_ id: UInt64, _ call: UInt64, _ answer: JournalAnswer) {
        let job = jobs[id]
        var failure: Failure?
        switch answer {
        case .written: break
        case .failed(let why): failure = why
        case .taken(let place):
            // One that was withdrawn meanwhile has ended.
            if let job, job.ticket == call { watch(job, place) }
            return
        }
        if let job, job.ticket == call, failure == nil { job.journal?.isSending = true }
        scheduler.handle(.recorded(call, failure), at: clock.instant, into: &callActions)
        settle()
        // It cannot leave now after all, for want of credentials.
        guard let job, onWire[call] == nil, let note = job.journal, note.isSending, let key = note.key else { return }
        note.isSending = false
        journalRoom?.journal.record(.returned, of: key, done: nil)
    }

    /// The host lets a held submission leave.
    func release(_ id: UInt64) {
        guard let job = jobs[id], let note = job.journal else { return }
        note.hold = .released
        let held = note.heldTicket
        note.heldTicket = 0
        guard held != 0, job.ticket == held else { return }
        record(Ticket(id: held, owner: .job(job)))
        settle()
    }

    // MARK: - After the wire

    /// Keeps back an answer that accepts a job until its id is on the disk. False: there is nothing to keep.
    func keeps(_ answer: Result<JobAnswer, CallFailure>, _ job: ActiveJob) -> Bool {
        guard let note = job.journal, let key = note.key, let journal = journalRoom?.journal,
            case .success(let accepted) = answer, !accepted.remoteID.isEmpty
        else { return false }
        note.isSending = false
        note.answer = accepted
        let shared = shared
        let id = job.record.id
        journal.record(.accepted(remoteID: accepted.remoteID, requestID: accepted.requestID ?? ""), of: key) { _ in
            // What could not be written is owed, and the host has been warned.
            shared.postInternal(.kept(id))
        }
        return true
    }

    /// The id of an accepted job is on the disk.
    func kept(_ id: UInt64) {
        guard let job = jobs[id], let note = job.journal, let answer = note.answer else { return }
        note.answer = nil
        note.claim = nil
        feed(.submitEnded(.success(answer)), to: job)
        // An end that came before its answer has been noted already, as far as it was known then.
        if !job.machine.follows || job.machine.state.isTerminal && !job.machine.isDoneAtProvider { letGo(job) }
    }

    /// What a submission that gave no id leaves behind. After the machine has heard of it.
    func noteFailure(_ answer: Result<JobAnswer, CallFailure>, _ job: ActiveJob) {
        guard let note = job.journal, let key = note.key, let journal = journalRoom?.journal,
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

    /// Nobody here asks for this job any more: others may.
    func letGo(_ job: ActiveJob) {
        guard let key = job.journal?.key else { return }
        journalRoom?.journal.record(.released, of: key, done: nil)
    }

    /// The end of a job, before it is told.
    func noteEnd(_ job: ActiveJob, _ failure: Failure?) {
        guard let key = job.journal?.key, let journal = journalRoom?.journal else { return }
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
        shared.lock.withLock {
            guard let key = record.key, shared.keys[key] === record else { return }
            shared.keys[key] = nil
        }
    }
}
