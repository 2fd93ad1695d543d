internal import Core

/// What comes back from the wire: read, learnt from, and fed to the machine that waits for it.
extension EngineCore {
    func transferEnded(_ id: UInt64, _ result: TransferResult) {
        guard let ticket = onWire.removeValue(forKey: id) else { return }
        switch ticket.owner {
        case .job(let job):
            guard let call = ticket.call else { return leave(id, .nothing) }
            job.ticket = 0
            let answer = read(call, job.provider, job.record.operation, result, ticket)
            observeEnd(ticket, result, answer)
            leave(id, ticket.verdict)
            keepUnread(answer, of: job)
            if call.kind != .submit {
                feed(.pollEnded(answer), to: job)
            } else if !keeps(answer, job) {
                step(.submitEnded(answer), job)
                noteFailure(answer, job)
                if case .failure(let failed) = answer { submissionFailed(failed, job) }
            }
            settle()
        case .describe(let download):
            guard let call = ticket.call else { return leave(id, .nothing) }
            download.ticket = 0
            let answer = read(call, download.provider, download.record.operation, result, ticket)
            observeEnd(ticket, result, answer)
            leave(id, ticket.verdict)
            described(download, answer)
        case .fetch(let download):
            download.ticket = 0
            fetched(download, ticket, result)
        }
        if case .failed(let failure) = result, !failure.requestMayHaveLeft {
            let doing = ticket.call.map(describe) ?? "Downloading an image"
            observeTrouble(ticket, TransferReading.callFailure(failure, doing: doing).failure)
        }
    }

    /// An answer that could not be used can still be looked at.
    private func keepUnread(_ answer: Result<JobAnswer, CallFailure>, of job: ActiveJob) {
        guard case .failure(let failed) = answer, !failed.response.isEmpty else { return }
        let requestID = failed.failure.requestID
        shared.lock.withLock { job.record.snapshot.keep(failed.response, requestID: requestID) }
    }

    /// A call that ended before the wire.
    func fail(_ ticket: CallTicket, _ failed: CallFailure) {
        observeRefusal(ticket, failed.failure)
        switch ticket.owner {
        case .job(let job):
            job.ticket = 0
            if ticket.call?.kind == .submit {
                step(.submitEnded(.failure(failed)), job)
                noteFailure(.failure(failed), job)
                submissionFailed(failed, job)
            } else {
                step(.pollEnded(.failure(failed)), job)
            }
        case .describe(let download):
            download.ticket = 0
            step(.described(failed), download)
        case .fetch(let download):
            download.ticket = 0
            var failed = failed
            // What was ordered by its own name alone can be ordered again: it does not wait for credentials.
            if failed.kind == .unsigned, download.job == nil { failed.kind = .local }
            step(.transferEnded(.refused(failed), received: download.sink.received), download)
        }
        observeTrouble(ticket, failed.failure)
    }

    private func read(
        _ call: ProviderCall, _ provider: any Provider, _ operation: String, _ result: TransferResult,
        _ ticket: CallTicket
    ) -> Result<JobAnswer, CallFailure> {
        let answer: Result<JobAnswer, CallFailure>
        switch result {
        case .reply(let reply):
            noteDate(reply, of: call.endpoint)
            let said = provider.decode(
                call, operation: operation, reply: reply, unixMilliseconds: clock.unixMilliseconds())
            answer = call.kind == .submit ? believed(said, reply, call, doing: describe(call)) : said
        case .failed(let failure):
            answer = readPart(call, provider, operation, failure)
        }
        switch answer {
        case .success:
            if !budgets.isEmpty { budgets[call.endpoint]?.succeeded() }
            if !troubles.isQuiet { troubles.passed(call.provider) }
        case .failure(var failed):
            learn(&failed, call, ticket)
            return .failure(failed)
        }
        return answer
    }

    /// An answer that accepts a submission and lacks nothing that matters: the id must not be lost. One that only names
    /// a job tells it, and can be looked at.
    private func readPart(
        _ call: ProviderCall, _ provider: any Provider, _ operation: String, _ failure: TransferFailure
    ) -> Result<JobAnswer, CallFailure> {
        var failed = TransferReading.callFailure(failure, doing: describe(call))
        guard call.kind == .submit, let reply = failure.reply else { return .failure(failed) }
        let answer = provider.decode(
            call, operation: operation, reply: reply, unixMilliseconds: clock.unixMilliseconds())
        switch answer {
        case .success(let job):
            if !job.remoteID.isEmpty { return believed(answer, reply, call, doing: describe(call)) }
            failed.response = reply.body
        case .failure(let part):
            failed.response = part.response
            failed.namedJob = part.namedJob
            if let id = part.namedJob { failed.failure.message += "; what came of the answer names the job \(id)" }
        }
        return .failure(failed)
    }

    private func describe(_ call: ProviderCall) -> String {
        switch call.kind {
        case .submit: return "Submitting to \(call.provider) (\(call.action))"
        case .status: return "Asking \(call.provider) for the state of a job (\(call.action))"
        case .asset: return "Fetching an image from \(call.provider) (\(call.action))"
        case .read: return "Calling \(call.provider) (\(call.action))"
        }
    }

    /// What a failure teaches beyond its own call: rates, clock, credentials, health of the endpoint.
    private func learn(_ failed: inout CallFailure, _ call: ProviderCall, _ ticket: CallTicket) {
        switch failed.kind {
        case .throttled:
            ticket.verdict = .throttled(retryAfterMilliseconds: failed.failure.retryAfterMilliseconds)
            observeRefusalOfMany(failed, call)
        case .concurrencyLimit:
            // Too many tasks at once say nothing about the rate of calls.
            observeRefusalOfMany(failed, call)
            if call.kind == .submit, case .job(let job) = ticket.owner, !job.machine.state.isTerminal {
                let older = slots[call.provider, default: SlotLine()].join(job.record.id)
                if older > 0 { failed.restMilliseconds = SlotLine.restMilliseconds }
            }
        case .clockSkew:
            if let server = failed.serverUnixSeconds {
                let offset = server.adding(-(clock.unixMilliseconds() / 1_000))
                clockOffsets[call.endpoint] = offset
                observeClock(call.endpoint, offsetSeconds: offset)
            }
        case .staleCredentials:
            if let used = ticket.credentials { ticket.verdict = .staleCredentials(used) }
            // What the host gave it renews when it can. Until then calls fail before the wire, this one like them:
            // nothing was executed, and an accepted job does not end for it.
            if scheduler.hostRenews(call.provider) { failed.kind = .notSent }
        case .transient, .unreadable, .notSent:
            // A sick endpoint is asked at the slowest pace once the budget is spent, however many jobs there are.
            if !budgets[call.endpoint, default: RetryBudget()].spend() {
                failed.restMilliseconds = slowestPause()
            }
        case .unsigned, .refused, .notFound, .expired, .local: break
        }
    }

    /// One to four times the longest pause, so that jobs that failed together do not come back as one herd.
    private func slowestPause() -> Int64 {
        let cap = min(settings.jobPolicy.retry.backoff.capMilliseconds, RetryPolicy.longestRetryAfterMilliseconds)
        return cap + Int64(random.next() % UInt64(3 * cap + 1))  // safe: 0...120,000
    }

    private func described(_ download: ActiveDownload, _ answer: Result<JobAnswer, CallFailure>) {
        switch answer {
        case .success(let fresh):
            // By its place in the provider's list: of another answer other entries may have been left out.
            let found = fresh.assets.enumerated().first { $0.element.place(at: $0.offset) == download.index }
            guard let job = download.job, let asset = found?.element else {
                let gone = Failure(.expired, "Downloading an image: its URL has run out and the job gives no new one")
                feed(.described(CallFailure(.notFound, gone)), to: download)
                return
            }
            download.setAccess(download.provider.assetAccess(job, asset))
            download.expiresAtMilliseconds = asset.expiresAtMilliseconds
            feed(.described(nil), to: download)
        case .failure(let failed):
            feed(.described(failed), to: download)
        }
    }

    private func fetched(_ download: ActiveDownload, _ ticket: CallTicket, _ result: TransferResult) {
        let finish = download.sink.finish(result)
        tellProgress(download)
        let judgement = judge(download, ticket, result, finish)
        // Where a store does not continue, everything came anew.
        var start = ticket.resumedAt
        if case .reply(let reply) = result, reply.status != 206 { start = 0 }
        let received = download.sink.received
        observeEnd(ticket, result, judgement, received: received >= start ? received - start : received)
        leave(ticket.id, ticket.verdict)
        feed(.transferEnded(judgement, received: download.sink.received), to: download)
    }

    private func judge(
        _ download: ActiveDownload, _ ticket: CallTicket, _ result: TransferResult, _ finish: AssetFinish
    ) -> DownloadEvent.Judgement {
        let doing = "Downloading an image"
        if case .failed(let failure) = result, failure.kind != .sink, !failure.requestMayHaveLeft {
            return .refused(TransferReading.callFailure(failure, doing: doing))
        }
        switch finish {
        case .complete: return .complete
        case .incomplete(let failure): return .incomplete(failure)
        case .corrupt(let failure): return .corrupt(failure)
        case .failed(let failure): return .failed(failure)
        case .notAnImage(let reply):
            if let url = download.access.url, (300...399).contains(reply.status), reply.status != 304 {
                guard let location = reply.headers.bytes("location"), let next = Redirect.target(location, from: url)
                else {
                    return .failed(
                        Failure(
                            .badResponse, "\(doing): a redirect without a usable https target", httpStatus: reply.status
                        ))
                }
                download.isOnOwnHost = download.isOnOwnHost && download.provider.isOwn(url: next)
                download.access = download.isOnOwnHost ? download.provider.access(url: next) : .url(next)
                return .redirected
            }
            var failed = download.provider.decodeAssetFailure(download.access, reply: reply)
            if let url = download.access.url, !download.isOnOwnHost, download.provider.isOwn(url: url) {
                failed.failure.message += "; a redirect from another host led to your own bucket, and only URLs of the"
                failed.failure.message += " bucket itself are signed"
            }
            if let call = ticket.call { learn(&failed, call, ticket) }
            return .refused(failed)
        }
    }
}
