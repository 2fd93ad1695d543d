internal import Core

/// The owner of a call.
enum CallOwner {
    case job(ActiveJob)
    case fetch(ActiveDownload)
    case describe(ActiveDownload)

    var task: ActiveTask {
        switch self {
        case .job(let job): job
        case .fetch(let download), .describe(let download): download
        }
    }

    var record: JobRecord { task.record }

    /// What decides when its status call leaves. An image that waits for its URL is urgent.
    func look(at now: Instant) -> PollLook {
        switch self {
        case .job(let job): job.machine.look(kind: job.polls.place, unixMilliseconds: now.unixMilliseconds)
        case .fetch, .describe: PollLook(acceptedAt: now.monotonic, openAt: 0, isUrgent: true)
        }
    }
}

/// One exchange on the wire, and the facts about it. Made only when the call may leave: of 100,000 jobs
/// that are due, only numbers wait. Engine thread only.
final class CallTicket {
    let id: UInt64
    let owner: CallOwner
    let lane: CallLane
    /// Nil for a plain URL; with a signed URL the call that signs for it.
    let call: ProviderCall?
    /// Empty for a call of the API.
    let url: String
    /// The URL's host is the caller's own, and may have an inner address.
    let isOnOwnHost: Bool
    let credentials: Credentials?
    /// Monotonic.
    var startedAt: Int64 = 0
    /// The first byte that a download asked for.
    var resumedAt: Int64 = 0
    /// The effect of the answer on later calls.
    var verdict = CallVerdict.nothing

    /// Nil if the owner has no call any more.
    init?(_ ticket: Ticket, _ lane: CallLane, _ credentials: Credentials?) {
        id = ticket.id
        owner = ticket.owner
        self.lane = lane
        self.credentials = credentials
        if case .fetch(let download) = ticket.owner {
            isOnOwnHost = download.isOnOwnHost
        } else {
            isOnOwnHost = false
        }
        switch ticket.owner {
        case .job(let job):
            guard let call = job.call(lane.name.kind) else { return nil }
            (self.call, url) = (call, "")
        case .describe(let download):
            guard let reference = download.job else { return nil }
            (call, url) = (download.provider.statusCall(reference), "")
        case .fetch(let download):
            switch download.access {
            case .call(let call): (self.call, url) = (call, "")
            case .url(let url): (call, self.url) = (nil, WebURL(url)?.text ?? url)
            case .store(let call, let url): (self.call, self.url) = (call, url)
            }
        }
    }

    /// The purpose of the call, as the beginning of a message.
    var doing: String {
        guard let call else { return "Downloading an image" }
        switch call.kind {
        case .submit: return "Submitting to \(call.provider) (\(call.action))"
        case .status: return "Asking \(call.provider) for the state of a job (\(call.action))"
        case .asset: return "Fetching an image from \(call.provider) (\(call.action))"
        case .read: return "Calling \(call.provider) (\(call.action))"
        }
    }
}
