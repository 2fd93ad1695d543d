internal import CPlatform
public import Core

/// The types of `aigc.h`.
public enum EventType: Int32, CaseIterable, Sendable {
    case jobState = 1
    case jobAccepted = 2
    case jobRefreshed = 3
    case jobProgress = 4
    case jobDone = 5
    case credentialsNeeded = 6
    case warning = 7
    case log = 8
    case jobReady = 9
}

/// One event as it is handed out.
public struct Event: Sendable {
    public let type: EventType
    public let job: JobRecord?
    public let state: JobState?
    public let status: Status
    public let provider: String
    /// One line for people, for events that have one.
    public let message: String?
    /// Kept apart: nearly all events are about jobs, and each is moved a few times.
    private let record: Rare<LogRecord>
    /// The record of a log event.
    public var log: LogRecord? { type == .log ? record.value : nil }
    /// What varies: of a log event, and of a warning that names an id.
    public var fields: LogRecord? { record.value }

    init(
        type: EventType, job: JobRecord?, state: JobState?, status: Status, provider: String, message: String?,
        fields: LogRecord? = nil
    ) {
        self.type = type
        self.job = job
        self.state = state
        self.status = status
        self.provider = provider
        self.message = message
        record = Rare(fields)
    }
}

/// Events by job: each job has at most one place, so the jobs bound the queue, and only the newest event of a kind
/// is kept. Under `Mailbox.lock`.
struct EventQueue {
    /// In the order in which the events of one job are handed out.
    private static let order: [EventType] = [.jobReady, .jobAccepted, .jobState, .jobProgress, .jobRefreshed, .jobDone]

    private var slots: [JobRecord?] = []
    private var head = 0
    /// The number of the first slot in `slots`, so that a record can remember its place.
    private var base = 0
    private var providersInNeed: [String] = []
    private var live = 0
    private var notices: [Event] = []
    private var noticesLost = 0
    private var logs: LogRing

    /// A host that takes no events must not fill the memory.
    private static let mostNotices = 64

    init(logCapacity: Int = 1_024) { logs = LogRing(capacity: logCapacity) }

    var isEmpty: Bool { live == 0 && providersInNeed.isEmpty && notices.isEmpty && logs.isEmpty }
    /// Jobs with events, and everything else that waits to be taken.
    var count: Int { live + providersInNeed.count + notices.count + logs.count }
    var logsLost: UInt64 { logs.lost }

    mutating func push(_ record: LogRecord) { logs.push(record, after: base + slots.count) }

    /// The number of events for `pop`, counting each kind of a job; walks the queue.
    var length: Int {
        slots[head...].reduce(providersInNeed.count + notices.count + logs.count) {
            $0 + ($1?.pendingEvents.nonzeroBitCount ?? 0)
        }
    }

    mutating func push(_ type: EventType, _ record: JobRecord) {
        record.pendingEvents |= Self.bit(type)
        guard record.eventSlot < 0 else { return }
        record.eventSlot = base + slots.count
        slots.append(record)
        live += 1
    }

    mutating func pushNeed(of provider: String) {
        if !providersInNeed.contains(provider) { providersInNeed.append(provider) }
    }

    /// Queues a warning once. If the host takes no warnings, the last ones are only counted.
    mutating func pushWarning(
        _ text: String, of provider: String, about job: JobRecord? = nil, _ fields: LogRecord? = nil
    ) {
        guard notices.count < Self.mostNotices else {
            noticesLost += 1
            return
        }
        notices.append(
            Event(type: .warning, job: job, state: nil, status: .ok, provider: provider, message: text, fields: fields))
    }

    private mutating func popNotice() -> Event? {
        guard !notices.isEmpty else { return nil }
        let first = notices.removeFirst()
        if notices.isEmpty, noticesLost > 0 {
            pushWarning("\(noticesLost) more warnings were not kept: take events more often", of: "")
            noticesLost = 0
        }
        return first
    }

    /// Forgets the events of a job.
    mutating func drop(_ record: JobRecord) {
        record.pendingEvents = 0
        guard record.eventSlot >= 0 else { return }
        let index = record.eventSlot - base
        if slots.indices.contains(index) { slots[index] = nil }
        record.eventSlot = -1
        live -= 1
        compact()
    }

    mutating func pop() -> Event? {
        if let provider = providersInNeed.first {
            providersInNeed.removeFirst()
            return Event(
                type: .credentialsNeeded, job: nil, state: nil, status: .ok, provider: provider, message: nil)
        }
        if let notice = popNotice() { return notice }
        while head < slots.count, slots[head] == nil { head += 1 }  // safe: head < count
        if let log = logs.pop(slot: live == 0 ? nil : base + head) {
            return Event(
                type: .log, job: nil, state: nil, status: .ok, provider: log.provider,
                message: log.message.description, fields: log)
        }
        while head < slots.count {
            guard let record = slots[head] else {  // safe: head < count
                head += 1
                continue
            }
            guard let type = Self.order.first(where: { record.pendingEvents & Self.bit($0) != 0 }) else {
                release(record)
                continue
            }
            record.pendingEvents &= ~Self.bit(type)
            if record.pendingEvents == 0 { release(record) }
            var failure: Failure?
            if type == .jobDone { failure = record.snapshot.failure }
            if type == .jobRefreshed { failure = record.refreshFailure }
            return Event(
                type: type, job: record, state: record.snapshot.state, status: failure?.status ?? .ok,
                provider: record.provider, message: failure?.message)
        }
        compact()
        return nil
    }

    private mutating func release(_ record: JobRecord) {
        slots[head] = nil  // safe: the record stands at head
        head += 1
        record.eventSlot = -1
        live -= 1
        compact()
    }

    private mutating func compact() {
        if live == 0 {
            base += slots.count
            slots.removeAll(keepingCapacity: slots.capacity <= 1_024)
            head = 0
        } else if head > 1_024, head > slots.count / 2 {
            slots.removeFirst(head)
            base += head
            head = 0
        } else if slots.count > 4_096, live < slots.count / 4 {
            // Mostly holes: dropped jobs of a host that never asks for events.
            slots = slots[head...].filter { $0 != nil }
            base += head
            head = 0
            for (index, record) in slots.enumerated() { record?.eventSlot = base + index }
            logs.renumber(base + slots.count)
        }
    }

    private static func bit(_ type: EventType) -> UInt16 { 1 << UInt16(truncatingIfNeeded: type.rawValue) }
}
