/// The levels of log records (`AIGC_LOG_*`). A record is reported when its level is at most the configured level.
public enum LogLevel: Int32, CaseIterable, Comparable, Sendable {
    case off = 0
    case error = 1
    case warning = 2
    case info = 3
    case debug = 4

    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// One log record: a fixed sentence and fields, without secrets.
public struct LogRecord: Sendable {
    public enum Value: Equatable, Sendable {
        case text(String)
        case number(Int64)
        case status(Status)
        case state(JobState)
    }

    public let level: LogLevel
    /// Records about the same thing have the same words; the fields hold what varies.
    public let message: StaticString
    public let provider: String
    /// `JobRecord.id`; 0 if the record is about no job.
    public let job: UInt64
    /// Unix milliseconds.
    public let atMilliseconds: Int64
    public private(set) var fields: [(name: StaticString, value: Value)] = []

    public init(
        _ level: LogLevel, _ message: StaticString, provider: String = "", job: UInt64 = 0, atMilliseconds: Int64
    ) {
        self.level = level
        self.message = message
        self.provider = provider
        self.job = job
        self.atMilliseconds = atMilliseconds
    }

    /// Nothing is added for a text that is missing or empty.
    public mutating func add(_ name: StaticString, _ text: String?) {
        if let text, !text.isEmpty { fields.append((name, .text(text))) }
    }

    public mutating func add(_ name: StaticString, _ value: Value) { fields.append((name, value)) }

    public mutating func add(_ name: StaticString, _ number: Int64?) {
        if let number { fields.append((name, .number(number))) }
    }

    /// The fields of a failure.
    public mutating func add(_ failure: Failure) {
        fields.append(("status", .status(failure.status)))
        add("error", failure.message)
        add("provider_code", failure.providerCode)
        add("request_id", failure.requestID)
        if failure.httpStatus != 0 { add("http_status", Int64(failure.httpStatus)) }
        if failure.retryAfterMilliseconds != 0 { add("retry_after_ms", failure.retryAfterMilliseconds) }
    }
}
