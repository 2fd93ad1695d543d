internal import CPlatform
public import Core

/// The part of a job that callers read. Written by the engine thread, read by any thread, always under `Mailbox.lock`.
public final class JobRecord: @unchecked Sendable {
    public let id: UInt64
    public let provider: String
    public let operation: String
    public let isDownload: Bool

    // Everything below under Mailbox.lock.
    var snapshot: JobSnapshot
    var waiters: [Waiter] = []
    var refreshesAsked = 0
    var refreshesDone = 0
    var refreshFailure: Failure? {
        get { extra.value?.refreshFailure }
        set { if newValue != nil || extra.value != nil { change { $0.refreshFailure = newValue } } }
    }
    var handles: Int32 = 0
    /// A job can end before its caller has taken the first handle: until then the caller still wants its events.
    var hasHadHandle = false
    var isForgotten: Bool { hasHadHandle && handles == 0 }
    var userData: UInt = 0
    var trace: TraceContext? {
        get { extra.value?.trace }
        set { if newValue != nil || extra.value != nil { change { $0.trace = newValue } } }
    }
    /// The key in the journal; set before the record is shared.
    var key: JournalKey? {
        get { extra.value?.key }
        set { if newValue != nil { change { $0.key = newValue } } }
    }
    var isHeld: Bool {
        get { extra.value?.isHeld ?? false }
        set { if newValue { change { $0.isHeld = true } } }
    }
    private var extra = Rare<Extra>()

    /// The state that almost no job has.
    private struct Extra: Sendable {
        var refreshFailure: Failure?
        var trace: TraceContext?
        var key: JournalKey?
        var isHeld = false

        var isEmpty: Bool { refreshFailure == nil && trace == nil && key == nil && !isHeld }
    }

    private func change(_ body: (inout Extra) -> Void) {
        var part = extra.value ?? Extra()
        body(&part)
        extra.value = part.isEmpty ? nil : part
    }
    /// Events that have not been taken: a bit for each `EventType`.
    var pendingEvents: UInt16 = 0
    /// Place in the event queue; -1 if none.
    var eventSlot = -1

    init(id: UInt64, provider: String, operation: String, isDownload: Bool, snapshot: JobSnapshot) {
        self.id = id
        self.provider = provider
        self.operation = operation
        self.isDownload = isDownload
        self.snapshot = snapshot
    }

    /// Lock held. One that was signalled has been taken out already.
    func forget(_ waiter: Waiter) { waiters.removeAll { $0 === waiter } }

    /// Lock held. The number of a refresh that is asked for now; `waiter` waits for its answer.
    func askRefresh(_ waiter: Waiter?) -> Int {
        refreshesAsked += 1
        if let waiter {
            waiter.awaits = .refresh
            waiters.append(waiter)
        }
        return refreshesAsked
    }

    /// Lock held. Refreshes since the call began share its answer. Waiting threads get the answer now: when they are
    /// awake, there may be a newer one.
    func answerRefreshes(_ failure: Failure?) {
        refreshFailure = failure
        refreshesDone = refreshesAsked
        for waiter in waiters where waiter.awaits == .refresh { waiter.awaits = .nothing(failure) }
    }
}

/// The readable part of a job, copied out under the lock.
public struct JobSnapshot: Sendable {
    public var state: JobState
    public var outcome: SubmitOutcome = .none
    public var progress: Double = -1
    /// Known once the provider has accepted the job.
    public var reference: JobReference?
    public var providerState = ""
    public private(set) var response: [UInt8] = []
    /// The id is almost always a part of the answer: then only its place is kept.
    public var requestID: String? {
        guard idCount > 0 else { return ownID.value }
        return String(decoding: response.dropFirst(Int(idStart)).prefix(Int(idCount)), as: UTF8.self)
    }
    /// The id of a result that is no image.
    public var resultID: String? {
        get { made.value }
        set { made.value = newValue }
    }
    /// How the job has ended; nil before the end and after a success.
    public var failure: Failure? {
        get { state.isTerminal ? trouble : nil }
        set { trouble = newValue }
    }
    /// Why the submission waits for its next try; nil in every other state. It uses the place of the failure: no job
    /// has both.
    public var waitReason: Failure? {
        get { state == .queued ? trouble : nil }
        set { trouble = newValue }
    }
    public var assets: [AssetReference] = []
    public var received: Int64 {
        get { image.value?.received ?? 0 }
        set { change { $0.received = newValue } }
    }
    public var total: Int64 {
        get { image.value?.total ?? -1 }
        set { change { $0.total = newValue } }
    }
    public var result: AssetResult? {
        get { image.value?.result }
        set { change { $0.result = newValue } }
    }
    /// Of a download: the job whose image it fetches.
    public var imageOf: JobReference? {
        get { image.value?.job }
        set { change { $0.job = newValue } }
    }
    private var trouble: Failure?
    private var image = Rare<Image>()
    private var made = Rare<String>()
    private var ownID = Rare<String>()
    private var idStart: UInt32 = 0
    private var idCount: UInt32 = 0

    /// The state that only downloads have.
    private struct Image: Sendable {
        var received: Int64 = 0
        var total: Int64 = -1
        var result: AssetResult?
        var job: JobReference?
    }

    init(state: JobState) { self.state = state }

    private mutating func change(_ body: (inout Image) -> Void) {
        var part = image.value ?? Image()
        body(&part)
        image.value = part
    }

    /// The newest answer about the job.
    mutating func keep(_ answer: [UInt8], requestID: String?) {
        response = answer
        (idStart, idCount) = (0, 0)
        if let requestID, let place = Self.place(of: requestID, in: answer) {
            (idStart, idCount) = place
            ownID.value = nil
        } else {
            ownID.value = requestID
        }
    }

    private static func place(of text: String, in answer: [UInt8]) -> (UInt32, UInt32)? {
        guard answer.count <= 4_096 else { return nil }
        return answer.withUnsafeBytes { bytes in
            text.utf8.withContiguousStorageIfAvailable { utf8 -> (UInt32, UInt32)? in
                let wanted = UnsafeRawBufferPointer(utf8)
                guard let first = wanted.first, wanted.count <= bytes.count else { return nil }
                // From the end, where the id usually is.
                var start = bytes.count - wanted.count
                while start >= 0 {
                    // safe: start + count is at most the count of the answer, which is small
                    let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + wanted.count])
                    if bytes[start] == first, ByteScan.isSame(piece, wanted) {
                        return (UInt32(start), UInt32(wanted.count))
                    }
                    start -= 1
                }
                return nil
            } ?? nil
        }
    }
}

/// A thread that waits for a job.
final class Waiter: @unchecked Sendable {
    // `signalled` is guarded by the lock.
    private let lock: Lock
    private var signalled = false

    enum Awaits: Equatable {
        case end, refresh
        /// The refresh has been answered; how it failed.
        case nothing(Failure?)
    }

    /// Under `Mailbox.lock`.
    var awaits = Awaits.end

    init() throws(Lock.OutOfMemory) { lock = try Lock() }

    func signal() {
        lock.withLock {
            signalled = true
            lock.broadcast()
        }
    }

    /// False when the time is up.
    func wait(until: Int64?) -> Bool {
        lock.withLock {
            while !signalled {
                if !lock.wait(until: until) { return signalled }
            }
            return true
        }
    }
}
