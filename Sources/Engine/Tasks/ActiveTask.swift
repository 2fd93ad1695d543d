internal import Core

/// The common part of jobs and downloads: a machine with timers, calls and an end.
/// Engine thread only.
class ActiveTask: TimerNode {
    let record: JobRecord
    let provider: any Provider
    var timerAt: Int64 = .max
    var deadlineAt: Int64 = .max
    /// The number of its call; 0: none.
    var ticket: UInt64 = 0
    var beganAt = Moment()
    /// When its call was asked for.
    var askedAt = Moment()
    /// Calls in a row that failed.
    var failures: Int32 = 0

    init(record: JobRecord, provider: any Provider) {
        self.record = record
        self.provider = provider
        super.init()
    }
}

/// The events of jobs and downloads.
enum TaskEvent {
    case start, timer, deadline, cancel, close

    /// The host's end of a task, and not the provider's.
    var isEnd: Bool {
        switch self {
        case .start, .timer: false
        case .deadline, .cancel, .close: true
        }
    }

    var ofJob: JobEvent {
        switch self {
        case .start: .start
        case .timer: .timer
        case .deadline: .deadline
        case .cancel: .cancel
        case .close: .close
        }
    }

    var ofDownload: DownloadEvent {
        switch self {
        case .start: .start
        case .timer: .timer
        case .deadline: .deadline
        case .cancel: .cancel
        case .close: .close
        }
    }
}

/// A job that the engine drives.
final class ActiveJob: ActiveTask {
    let polls: PollLearner
    var machine: JobMachine
    /// The encoded submission; dropped after its acceptance.
    var submission: ProviderCall?
    /// A call by name that only reads, instead of a status call.
    var read: ProviderCall?
    /// Of a job that the journal keeps, or that is held.
    var journal: JournalledJob?
    /// After the record is shared, only the engine thread writes this part, and so reads it without the lock.
    var reference: JobReference? { record.snapshot.reference }
    /// The answer that ends the job was asked for by a refresh.
    var endsARefresh = false
    /// The class of ages in which its kind counts the job as open; -1: it does not.
    var countedClass: Int8 = -1

    init(record: JobRecord, provider: any Provider, polls: PollLearner, machine: JobMachine) {
        self.polls = polls
        self.machine = machine
        super.init(record: record, provider: provider)
    }

    /// The call that leaves now.
    func call(_ kind: Statistics.CallName.Kind) -> ProviderCall? {
        switch kind {
        case .submit: submission
        case .read: read
        case .status, .image: reference.map { provider.statusCall($0) }
        }
    }
}

/// A download that the engine drives.
final class ActiveDownload: ActiveTask {
    /// Who may use the sink now.
    enum SinkUser {
        case engine
        /// A worker. `abandonKeeping`: the download has ended meanwhile; whether its partial file stays.
        case worker(abandonKeeping: Bool?)
    }

    let sink: any AssetSink
    let job: JobReference?
    let index: Int
    /// Of the newest URL; 0 is unknown.
    var expiresAtMilliseconds: Int64
    var access: AssetAccess
    /// Whether the image's own URL and all redirects so far are at hosts that the caller has named.
    var isOnOwnHost = false
    var machine: DownloadMachine
    /// The call that has a place and waits for the sink to be open.
    var held: (call: CallTicket, request: HTTPRequest)?
    /// The sink holds descriptors.
    var isOpen = false
    var sinkUser = SinkUser.engine
    var workerHasSink: Bool { if case .worker = sinkUser { true } else { false } }
    var machineFinished = false
    var lastReported: (received: Int64, total: Int64) = (0, -1)

    init(record: JobRecord, provider: any Provider, order: DownloadOrder) {
        sink = order.sink
        job = order.job
        index = order.index
        expiresAtMilliseconds = order.expiresAtMilliseconds
        access = order.access
        machine = DownloadMachine(canDescribe: order.job != nil && order.access.url != nil)
        super.init(record: record, provider: provider)
        isOnOwnHost = isOwn(access)
    }

    /// From the image's own URL, not from a redirect.
    func setAccess(_ new: AssetAccess) {
        access = new
        isOnOwnHost = isOwn(new)
    }

    private func isOwn(_ access: AssetAccess) -> Bool { access.url.map { provider.isOwn(url: $0) } ?? false }
}
