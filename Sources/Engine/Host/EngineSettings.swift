public import Core

/// The settings of an engine.
public struct EngineSettings: Sendable {
    public var jobPolicy = JobMachine.Policy()
    /// Whether jobs teach how long jobs of their kind take.
    public var learnsPauses = true
    public var downloadRetry = RetryPolicy()
    public var downloadDeadlineMilliseconds: Int64 = 3_600_000
    public var connectTimeoutMilliseconds: Int64 = 10_000
    /// One exchange of a status call; a submission gets `submitTimeoutMilliseconds`.
    public var exchangeTimeoutMilliseconds: Int64 = 30_000
    public var submitTimeoutMilliseconds: Int64 = 60_000
    public var idleTimeoutMilliseconds: Int64 = 30_000
    public var maximumReplyBytes = 8 << 20
    /// API calls on the wire at once.
    public var maximumInFlight = 64
    /// Downloads on the wire at once.
    public var maximumDownloads = 16
    /// Tasks of one operation that may run at once at a provider; 0: what refusals teach.
    public var maximumTasks = 0
    /// Followed jobs of one operation at once, beyond which submissions wait; 0: any number.
    public var maximumFollowed = 0
    public var progressEvents = false
    public var logLevel = LogLevel.off
    /// Log records that are kept until they are taken.
    public var logCapacity = 1_024
    /// Requests a second for each action of "provider/submit" and "provider/query"; missing or 0 is no limit until the
    /// provider complains.
    public var rates: [String: Double] = [:]

    public init() {}
}
