internal import Core

/// Drives downloads: feeds their machines, carries out the machines' actions, and judges the received bytes.
/// Engine thread only.
final class DownloadRunner {
    private(set) var active: [UInt64: ActiveDownload] = [:]
    /// How many of them hold descriptors.
    private var openSinks = 0
    private var sweptAt: Int64 = .min
    /// The buffer of `step`, so that it is not made anew each time.
    private var actions: [DownloadAction] = []
    private let worker: any Worker
    private let calls: CallRunner
    private let timers: Timers
    private let mailbox: Mailbox
    private let reporter: Reporter
    private let clock: any Clock
    private let random: any RandomSource
    private let retry: RetryPolicy
    private let progressEvents: Bool
    /// More open files than this are closed between two tries.
    private let mostOpen: Int

    /// The pause between two reports of progress.
    static let progressPause: Int64 = 100_000_000

    init(
        settings: EngineSettings, calls: CallRunner, timers: Timers, worker: any Worker, _ mailbox: Mailbox,
        _ reporter: Reporter, clock: any Clock, random: any RandomSource
    ) {
        self.calls = calls
        self.timers = timers
        self.worker = worker
        self.mailbox = mailbox
        self.reporter = reporter
        self.clock = clock
        self.random = random
        retry = settings.downloadRetry
        progressEvents = settings.progressEvents
        mostOpen = settings.maximumDownloads * 4
    }

    /// Whether a worker still has the sink of a download.
    var isAwaitingWorker: Bool { active.values.contains { $0.workerHasSink } }

    func add(_ record: JobRecord, _ provider: any Provider, _ order: DownloadOrder) -> ActiveDownload {
        let download = ActiveDownload(record: record, provider: provider, order: order)
        active[record.id] = download
        return download
    }

    /// One event of one machine. Calls that it asks for enter, and are carried out later.
    func step(_ event: DownloadEvent, _ download: ActiveDownload) {
        timers.turn.expect()
        var actions = actions
        self.actions = []
        download.machine.handle(
            event, at: clock.nanoseconds(), policy: retry, random: random.next(), into: &actions)
        for action in actions { perform(action, download) }
        actions.removeAll(keepingCapacity: true)
        self.actions = actions
    }

    private func perform(_ action: DownloadAction, _ download: ActiveDownload) {
        switch action {
        case .prepare:
            lendSink(of: download) { id, sink in
                do throws(Failure) { try sink.prepare() } catch { return .prepared(id, error) }
                return .prepared(id, nil)
            }
        case .fetch:
            fetch(download)
        case .transfer:
            guard let (call, request) = download.held else { return }
            download.held = nil
            calls.start(call, request)
        case .restart:
            do throws(Failure) { try download.sink.restart() } catch {
                // The next transfer meets the same trouble and reports it.
            }
        case .describe:
            guard let reference = download.job else { return }
            pauseOneOfMany(download)
            calls.enter(.describe(download), calls.lane(download.provider.statusCall(reference), .status))
        case .commit:
            lendSink(of: download) { id, sink in
                do throws(Failure) {
                    return .committed(id, .success(try sink.commit()))
                } catch { return .committed(id, .failure(error)) }
            }
        case .schedule(let at):
            pauseOneOfMany(download)
            download.timerAt = at
            timers.schedule(download)
        case .unschedule:
            download.timerAt = .max
            timers.schedule(download)
        case .withdrawCall:
            download.held = nil
            calls.withdraw(download)
        case .abandon(let keep):
            if download.workerHasSink {
                download.sinkUser = .worker(abandonKeeping: keep)
            } else {
                abandon(download, keep)
            }
        case .changed:
            mailbox.lock.withLock {
                download.record.snapshot.state = download.machine.state
                mailbox.push(.jobState, download.record)
            }
        case .ended(let failure):
            download.deadlineAt = .max
            timers.schedule(download)
            ended(download, failure)
        case .finished:
            download.machineFinished = true
            forgetIfFinished(download)
        }
    }

    /// The sink crosses to the worker and back; it is used by one thread at a time.
    private struct SinkBox: @unchecked Sendable {
        let sink: any AssetSink
    }

    /// Lends the sink to the worker. The command that `work` makes of the download's number brings it back.
    private func lendSink(
        of download: ActiveDownload, _ work: @escaping @Sendable (UInt64, any AssetSink) -> Command
    ) {
        download.sinkUser = .worker(abandonKeeping: nil)
        let id = download.record.id
        let box = SinkBox(sink: download.sink)
        let mailbox = self.mailbox
        worker.run { mailbox.postInternal(work(id, box.sink)) }
    }

    private func fetch(_ download: ActiveDownload) {
        download.sink.aim(at: download.access.object)
        switch download.access {
        case .call(let call): calls.enter(.fetch(download), calls.lane(call, .image))
        case .store(let call, _): calls.enter(.fetch(download), calls.lane(call, .image, isOfStore: true))
        case .url:
            calls.enter(
                .fetch(download), calls.plainLane(download.record.provider),
                expiresAtMilliseconds: download.expiresAtMilliseconds)
        }
    }

    private func workerReturned(_ download: ActiveDownload) {
        guard case .worker(let keep) = download.sinkUser else { return }
        download.sinkUser = .engine
        if let keep { abandon(download, keep) }
    }

    private func abandon(_ download: ActiveDownload, _ keep: Bool) {
        download.sink.abandon(keepPartial: keep)
        setOpen(download, false)
    }

    /// Downloads that wait for another try keep their files open, as long as they are not many: with thousands at a sick
    /// host the descriptors would be used up.
    private func pauseOneOfMany(_ download: ActiveDownload) {
        guard download.isOpen, !download.workerHasSink, openSinks > mostOpen else { return }
        download.sink.pause()
        setOpen(download, false)
    }

    private func setOpen(_ download: ActiveDownload, _ isOpen: Bool) {
        guard download.isOpen != isOpen else { return }
        download.isOpen = isOpen
        openSinks += isOpen ? 1 : -1
    }

    /// A call has a place and could leave: the sink is opened first.
    func granted(_ download: ActiveDownload, _ call: CallTicket, _ request: HTTPRequest) {
        download.held = (call, request)
        step(.granted(isOpen: download.isOpen), download)
    }

    private func forgetIfFinished(_ download: ActiveDownload) {
        guard download.machineFinished, !download.workerHasSink else { return }
        timers.remove(download)
        active.removeValue(forKey: download.record.id)
    }

    func prepared(_ download: ActiveDownload, _ failure: Failure?) {
        setOpen(download, failure == nil)
        workerReturned(download)
        step(.prepared(failure), download)
        forgetIfFinished(download)
    }

    func committed(_ download: ActiveDownload, _ result: Result<AssetResult, Failure>) {
        var failure: Failure?
        switch result {
        case .success(let image):
            // A published file stays. If the download has ended in this process meanwhile, it has no result all the same.
            download.sinkUser = .worker(abandonKeeping: nil)
            if download.machine.state.isTerminal { break }
            for text in image.warnings { warn(text, download) }
            mailbox.lock.withLock {
                download.record.snapshot.result = image
                download.record.snapshot.received = image.byteCount
                download.record.snapshot.total = image.byteCount
                download.record.snapshot.progress = 1
            }
        case .failure(let why): failure = why
        }
        workerReturned(download)
        if failure == nil { setOpen(download, false) }
        step(.committed(failure), download)
        forgetIfFinished(download)
    }

    private func warn(_ text: String, _ download: ActiveDownload) {
        var text = text
        if let job = download.job { text += " (image \(download.index) of job \(job.remoteID))" }
        reporter.observeWarning(text, of: download.record)
        reporter.warn(text, of: download.record.provider)
    }

    /// Shows callers the progress of a download.
    private func tellProgress(_ download: ActiveDownload) {
        let received = download.sink.received
        let total = download.sink.expected
        guard received != download.lastReported.received || total != download.lastReported.total else { return }
        download.lastReported = (received, total)
        mailbox.lock.withLock {
            let record = download.record
            record.snapshot.received = received
            record.snapshot.total = total
            record.snapshot.progress = total > 0 ? min(1, Double(received) / Double(total)) : -1
            if progressEvents { mailbox.push(.jobProgress, record) }
        }
    }

    private func ended(_ download: ActiveDownload, _ failed: Failure?) {
        let record = download.record
        var failure = failed
        if let job = download.job { failure = failed?.about(job) }
        reporter.observeDone(record, download.machine.state, failure, began: download.beganAt)
        mailbox.end(record) { record in
            record.snapshot.state = download.machine.state
            record.snapshot.failure = failure
        }
    }

    func sweepProgress() {
        guard calls.downloadsInFlight > 0 else { return }
        let now = clock.nanoseconds()
        guard sweptAt == .min || now.adding(-sweptAt) >= Self.progressPause else { return }
        sweptAt = now
        for download in active.values where !download.workerHasSink { tellProgress(download) }
    }

    // MARK: - Answers

    /// A call ended before the wire.
    func callFailed(_ call: CallTicket, _ failed: CallFailure, _ download: ActiveDownload) {
        guard case .fetch = call.owner else { return step(.described(failed), download) }
        var failed = failed
        // A fetch by id or URL can be ordered again: it does not wait for credentials.
        if failed.kind == .unsigned, download.job == nil { failed.kind = .local }
        step(.transferEnded(.refused(failed), received: download.sink.received), download)
    }

    /// A new description of the job was answered, or has failed.
    func described(_ download: ActiveDownload, _ answer: Result<JobAnswer, CallFailure>) {
        switch answer {
        case .success(let fresh):
            // By its place in the provider's list: another answer may leave out other entries.
            let found = fresh.assets.enumerated().first { $0.element.place(at: $0.offset) == download.index }
            guard let job = download.job, let asset = found?.element else {
                let gone = Failure(.expired, "Downloading an image: its URL has run out and the job gives no new one")
                step(.described(CallFailure(.notFound, gone)), download)
                return
            }
            download.setAccess(download.provider.assetAccess(job, asset))
            download.expiresAtMilliseconds = asset.expiresAtMilliseconds
            step(.described(nil), download)
        case .failure(let failed):
            step(.described(failed), download)
        }
    }

    /// A transfer of an image has ended.
    func fetched(_ download: ActiveDownload, _ ticket: CallTicket, _ result: TransferResult) {
        let finish = download.sink.finish(result)
        tellProgress(download)
        let judgement = judge(download, ticket, result, finish)
        // If a store does not continue, the whole image came again.
        var start = ticket.resumedAt
        if case .reply(let reply) = result, reply.status != 206 { start = 0 }
        let received = download.sink.received
        reporter.observeEnd(ticket, result, judgement, received: received >= start ? received - start : received)
        calls.leave(ticket)
        step(.transferEnded(judgement, received: download.sink.received), download)
    }

    private func judge(
        _ download: ActiveDownload, _ ticket: CallTicket, _ result: TransferResult, _ finish: AssetFinish
    ) -> DownloadEvent.Judgement {
        let doing = "Downloading an image"
        if case .failed(let failure) = result, failure.kind != .sink, !failure.requestMayHaveLeft {
            return .refused(failure.meaning(doing: doing))
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
            calls.learn(&failed, reply, ticket)
            return .refused(failed)
        }
    }
}
