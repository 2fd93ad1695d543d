internal import CPlatform
public import Core

/// What a caller can read of a job. Written by the engine thread, read by any thread, always under `Shared.lock`.
public final class JobRecord: @unchecked Sendable {
    public let id: UInt64
    public let provider: String
    public let operation: String
    public let isDownload: Bool

    // Everything below under Shared.lock.
    var snapshot: JobSnapshot
    var waiters: [Waiter] = []
    var refreshesAsked = 0
    var refreshesDone = 0
    var refreshFailure: Failure? {
        get { refreshTrouble.value }
        set { refreshTrouble.value = newValue }
    }
    private var refreshTrouble = Rare<Failure>()
    var handles = 0
    /// A job can end before its maker has taken the first handle: until then somebody still wants its events.
    var hasHadHandle = false
    var isForgotten: Bool { hasHadHandle && handles == 0 }
    var userData: UInt = 0
    /// Events that have not been taken, as bits of `EventBit`.
    var pendingEvents: UInt8 = 0
    /// Place in the event queue; -1 if none.
    var eventSlot = -1

    init(id: UInt64, provider: String, operation: String, isDownload: Bool, snapshot: JobSnapshot) {
        self.id = id
        self.provider = provider
        self.operation = operation
        self.isDownload = isDownload
        self.snapshot = snapshot
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
    public var response: [UInt8] = []
    public var requestID: String?
    /// What a job has made where that is no image.
    public var resultID: String?
    public var failure: Failure? {
        get { trouble.value }
        set { trouble.value = newValue }
    }
    public var assets: [AssetReference] = []
    public var received: Int64 = 0
    public var total: Int64 = -1
    public var result: AssetResult? {
        get { image.value }
        set { image.value = newValue }
    }
    private var trouble = Rare<Failure>()
    private var image = Rare<AssetResult>()

    init(state: JobState) { self.state = state }
}

/// A thread that waits for a job.
final class Waiter: @unchecked Sendable {
    // `signalled` is guarded by the lock.
    private let lock: Lock
    private var signalled = false

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
