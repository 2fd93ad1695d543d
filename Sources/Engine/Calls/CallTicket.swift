internal import Core

/// One exchange on its way: through credentials, rate and a free place to the wire, and back. Engine thread only.
final class CallTicket {
    enum Owner {
        case job(ActiveJob)
        case fetch(ActiveDownload)
        case describe(ActiveDownload)

        var record: JobRecord {
            switch self {
            case .job(let job): job.record
            case .fetch(let download), .describe(let download): download.record
            }
        }

        /// When the call was asked for. It outlives a ticket that is made again.
        var askedAt: Moment {
            get {
                switch self {
                case .job(let job): job.askedAt
                case .fetch(let download), .describe(let download): download.askedAt
                }
            }
            nonmutating set {
                switch self {
                case .job(let job): job.askedAt = newValue
                case .fetch(let download), .describe(let download): download.askedAt = newValue
                }
            }
        }

        /// Calls in a row that failed.
        var failures: Int32 {
            get {
                switch self {
                case .job(let job): job.failures
                case .fetch(let download), .describe(let download): download.failures
                }
            }
            nonmutating set {
                switch self {
                case .job(let job): job.failures = newValue
                case .fetch(let download), .describe(let download): download.failures = newValue
                }
            }
        }
    }

    enum Stage {
        case waiting
        case inFlight
    }

    let id: UInt64
    let owner: Owner
    /// Nil for a plain URL; beside a URL what signs for it.
    let call: ProviderCall?
    /// The status call of its job: where many wait, it can be let go of and made again.
    let canBeMadeAgain: Bool
    /// Empty for a call of the API.
    let url: String
    var stage = Stage.waiting
    var credentials: Credentials?
    var gate: RateGate?
    /// Monotonic.
    var startedAt: Int64 = 0
    /// The first byte that a download asked for.
    var resumedAt: Int64 = 0

    init(id: UInt64, owner: Owner, call: ProviderCall?, url: String = "", canBeMadeAgain: Bool = false) {
        self.id = id
        self.owner = owner
        self.call = call
        self.url = url
        self.canBeMadeAgain = canBeMadeAgain
    }
}

/// Calls that wait for a permit of one rate.
final class RateGate: TimerNode {
    let rate: SharedRate
    /// Its calls take the places of downloads.
    let servesImages: Bool
    var queue = TicketQueue()
    /// Stands in the line for places, once.
    var isInLine = false
    /// The row of its calls in the statistics; -1: not looked for yet.
    var place = -1

    init(rate: SharedRate, servesImages: Bool) {
        self.rate = rate
        self.servesImages = servesImages
        super.init()
    }
}

/// A job that the engine drives.
final class ActiveJob: TimerNode {
    let record: JobRecord
    let provider: any Provider
    let polls: PollBook
    var machine: JobMachine
    /// The encoded submission; let go of once it has been accepted.
    var submission: ProviderCall?
    /// A call by name that only reads, instead of a status call.
    var read: ProviderCall?
    /// Once others see the record, only the engine thread writes this part of it, and so reads it without the lock.
    var reference: JobReference? { record.snapshot.reference }
    var timerAt: Int64 = .max
    var deadlineAt: Int64 = .max
    var ticket: UInt64 = 0
    var beganAt = Moment()
    var askedAt = Moment()
    var failures: Int32 = 0
    /// The answer that ends the job was asked for by a refresh.
    var endsARefresh = false

    init(record: JobRecord, provider: any Provider, polls: PollBook, machine: JobMachine) {
        self.record = record
        self.provider = provider
        self.polls = polls
        self.machine = machine
        super.init()
    }
}

/// A download that the engine drives.
final class ActiveDownload: TimerNode {
    let record: JobRecord
    let provider: any Provider
    let sink: any AssetSink
    let job: JobReference?
    let index: Int
    /// Of the newest URL; 0 is unknown.
    var expiresAtMilliseconds: Int64
    var access: AssetAccess
    var machine: DownloadMachine
    var timerAt: Int64 = .max
    var deadlineAt: Int64 = .max
    var ticket: UInt64 = 0
    var beganAt = Moment()
    var askedAt = Moment()
    var failures: Int32 = 0
    /// A worker has the sink; `abandon` waits for it.
    var workerHasSink = false
    var abandonLater: Bool?
    var machineFinished = false
    var told: (received: Int64, total: Int64) = (0, -1)

    init(record: JobRecord, provider: any Provider, order: DownloadOrder) {
        self.record = record
        self.provider = provider
        sink = order.sink
        job = order.job
        index = order.index
        expiresAtMilliseconds = order.expiresAtMilliseconds
        access = order.access
        var canDescribe = false
        if order.access.url != nil { canDescribe = order.job != nil }
        machine = DownloadMachine(canDescribe: canDescribe)
        super.init()
    }
}
