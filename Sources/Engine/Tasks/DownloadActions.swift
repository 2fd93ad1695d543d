internal import Core

/// What the engine does for a download's machine.
extension EngineCore {
    func perform(_ action: DownloadAction, _ download: ActiveDownload) {
        switch action {
        case .prepare:
            download.workerHasSink = true
            let id = download.record.id
            let box = SinkBox(download.sink)
            let shared = shared
            fileWorker.run {
                var failure: Failure?
                do throws(Failure) { try box.sink.prepare() } catch { failure = error }
                shared.postInternal(.prepared(id, failure))
            }
        case .fetch:
            fetch(download)
        case .restart:
            do throws(Failure) { try download.sink.restart() } catch {
                // The next transfer meets the same trouble and reports it.
            }
        case .describe:
            guard let reference = download.job else { return }
            enter(.describe(download), lanes.lane(download.provider.statusCall(reference), .status))
        case .commit:
            download.workerHasSink = true
            let id = download.record.id
            let box = SinkBox(download.sink)
            let shared = shared
            fileWorker.run {
                let result: Result<AssetResult, Failure>
                do throws(Failure) { result = .success(try box.sink.commit()) } catch { result = .failure(error) }
                shared.postInternal(.committed(id, result))
            }
        case .schedule(let at):
            download.timerAt = at
            schedule(download)
        case .unschedule:
            download.timerAt = .max
            schedule(download)
        case .withdrawCall:
            withdraw(download.ticket)
            download.ticket = 0
        case .abandon(let keep):
            if download.workerHasSink { download.abandonLater = keep } else { download.sink.abandon(keepPartial: keep) }
        case .changed:
            shared.lock.withLock {
                download.record.snapshot.state = download.machine.state
                shared.push(.jobState, download.record)
            }
        case .ended(let failure):
            download.deadlineAt = .max
            schedule(download)
            ended(download, failure)
        case .finished:
            download.machineFinished = true
            forgetIfFinished(download)
        }
    }

    /// The sink crosses to the worker and back; it is used by one thread at a time.
    private struct SinkBox: @unchecked Sendable {
        let sink: any AssetSink
        init(_ sink: any AssetSink) { self.sink = sink }
    }

    private func fetch(_ download: ActiveDownload) {
        download.sink.aim(at: download.access.object)
        switch download.access {
        case .call(let call): enter(.fetch(download), lanes.lane(call, .image))
        case .store(let call, _): enter(.fetch(download), lanes.lane(call, .image, isOfStore: true))
        case .url:
            enter(
                .fetch(download), lanes.plainLane(download.record.provider),
                expiresAtMilliseconds: download.expiresAtMilliseconds)
        }
    }

    func workerReturned(_ download: ActiveDownload) {
        download.workerHasSink = false
        if let keep = download.abandonLater {
            download.abandonLater = nil
            download.sink.abandon(keepPartial: keep)
        }
    }

    func forgetIfFinished(_ download: ActiveDownload) {
        guard download.machineFinished, !download.workerHasSink else { return }
        timers.remove(download)
        downloads.removeValue(forKey: download.record.id)
    }

    func committed(_ download: ActiveDownload, _ result: Result<AssetResult, Failure>) {
        var failure: Failure?
        switch result {
        case .success(let image):
            // What has been published stays. Was the download ended here meanwhile, then it has no result all the same.
            download.abandonLater = nil
            if download.machine.state.isTerminal { break }
            for text in image.warnings { warn(text, download) }
            shared.lock.withLock {
                download.record.snapshot.result = image
                download.record.snapshot.received = image.byteCount
                download.record.snapshot.total = image.byteCount
                download.record.snapshot.progress = 1
            }
        case .failure(let why): failure = why
        }
        workerReturned(download)
        feed(.committed(failure), to: download)
        forgetIfFinished(download)
    }

    private func warn(_ text: String, _ download: ActiveDownload) {
        var text = text
        if let job = download.job { text += " (image \(download.index) of job \(job.remoteID))" }
        observeWarning(text, of: download.record)
        shared.lock.withLock {
            shared.events.pushWarning(text, of: download.record.provider)
            shared.announce()
        }
    }

    /// Tells callers how far a download is.
    func tellProgress(_ download: ActiveDownload) {
        let received = download.sink.received
        let total = download.sink.expected
        guard received != download.told.received || total != download.told.total else { return }
        download.told = (received, total)
        shared.lock.withLock {
            let record = download.record
            record.snapshot.received = received
            record.snapshot.total = total
            record.snapshot.progress = total > 0 ? min(1, Double(received) / Double(total)) : -1
            if settings.progressEvents { shared.push(.jobProgress, record) }
        }
    }

    private func ended(_ download: ActiveDownload, _ failure: Failure?) {
        let record = download.record
        observeDone(record, download.machine.state, failure, began: download.beganAt)
        let waiters = shared.lock.withLock {
            record.snapshot.state = download.machine.state
            record.snapshot.failure = failure
            shared.push(.jobDone, record)
            return shared.takeWaiters(of: record)
        }
        for waiter in waiters { waiter.signal() }
    }
}
