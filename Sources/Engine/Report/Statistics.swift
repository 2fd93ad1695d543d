public import Core

/// The counts of a client. Guarded by `CallCounts.lock`: the engine writes, any thread copies.
public struct Statistics: Sendable {
    /// The calls of one operation at the provider, under its own name.
    public struct Calls: Sendable {
        public let name: CallName
        /// Gone to the wire.
        public internal(set) var started: UInt64 = 0
        /// Calls that repeat a failed call of the same job.
        public internal(set) var repeated: UInt64 = 0
        /// Ended with a readable answer that is no error.
        public internal(set) var answered: UInt64 = 0
        /// Calls that failed, on the wire or before it: one count for each of `Status.allCases`.
        public internal(set) var failed = [UInt64](repeating: 0, count: Status.allCases.count)
        /// Calls that this process ended on the wire.
        public internal(set) var cut: UInt64 = 0
        public internal(set) var throttled: UInt64 = 0
        public internal(set) var inFlight: UInt64 = 0
        /// Bodies of requests and answers.
        public internal(set) var sentBytes: UInt64 = 0
        public internal(set) var receivedBytes: UInt64 = 0
        /// From asking for the call until it left: credentials, rate and a free place.
        public internal(set) var waits = Histogram(bounds: Histogram.callBounds)
        /// On the wire.
        public internal(set) var durations = Histogram(bounds: Histogram.callBounds)

        init(_ name: CallName) { self.name = name }

        mutating func fail(_ status: Status) {
            if let place = Status.allCases.firstIndex(of: status) { failed[place] &+= 1 }  // safe: one for each case
        }
    }

    /// The jobs of one operation.
    public struct Jobs: Sendable {
        public let name: JobName
        public internal(set) var started: UInt64 = 0
        public internal(set) var succeeded: UInt64 = 0
        public internal(set) var failed: UInt64 = 0
        public internal(set) var cancelled: UInt64 = 0
        /// It is not known whether the provider accepted the submission.
        public internal(set) var unknown: UInt64 = 0
        /// Submissions that the provider has accepted, also after the end of the job in this process.
        public internal(set) var accepted: UInt64 = 0
        /// The same ends, one count for each of `Status.allCases`.
        public internal(set) var ended = [UInt64](repeating: 0, count: Status.allCases.count)
        /// About how late the end of each followed job was seen: half of the time between the newest two looks.
        public internal(set) var lags = Histogram(bounds: Histogram.callBounds)
        /// The time from the start in this process to a success.
        public internal(set) var durations = Histogram(bounds: Histogram.jobBounds)

        public var active: UInt64 { started &- succeeded &- failed &- cancelled &- unknown }

        init(_ name: JobName) { self.name = name }

        mutating func end(_ status: Status) {
            if let place = Status.allCases.firstIndex(of: status) { ended[place] &+= 1 }  // safe: one for each case
        }
    }

    /// The pace of one action, for all clients and processes that share it.
    public struct Rate: Sendable {
        public let provider: String
        public let action: String
        /// What is configured; 0: nothing.
        public let perSecond: Double
        /// The slowest of the accounts; 0: nothing is limited.
        public internal(set) var inForce: Double
        /// Complaints of the provider, of all who share the rate.
        public internal(set) var throttled: UInt64
        /// How long calls of this process have waited for their slots, in nanoseconds.
        public internal(set) var waited: UInt64
        /// Whether processes share it through a file.
        public let isShared: Bool
    }

    /// The searches for a provider's credentials.
    public struct Lookups: Sendable {
        public let provider: String
        public internal(set) var found: UInt64 = 0
        public internal(set) var failed: UInt64 = 0
    }

    public struct CallName: Hashable, Sendable {
        public let provider: String
        public let action: String
        public let kind: Kind

        public enum Kind: String, Sendable { case submit, status, image, read }
    }

    public struct JobName: Hashable, Sendable {
        public let provider: String
        public let operation: String
        public let isDownload: Bool
    }

    public private(set) var calls: [Calls] = []
    public private(set) var jobs: [Jobs] = []
    public private(set) var lookups: [Lookups] = []
    public internal(set) var rates: [Rate] = []
    /// Kinds of jobs whose durations are known well enough to choose when to ask.
    public internal(set) var kindsKnown: UInt64 = 0
    /// Calls that wait for credentials, for their rate or for a free place.
    public internal(set) var callsWaiting: UInt64 = 0
    public internal(set) var eventsQueued = 0
    public internal(set) var logsLost: UInt64 = 0
    public internal(set) var startedAtMilliseconds: Int64 = 0

    /// A host that calls by name chooses the names: beyond so many names they share a row.
    private static let mostRows = 200
    private static let others = "(others)"

    /// The lasting place of a row in `calls`. There are few rows: a search costs less than a table of hashes.
    mutating func place(of name: CallName) -> Int {
        if let known = calls.firstIndex(where: { $0.name == name }) { return known }
        guard calls.count < Self.mostRows || name.action == Self.others else {
            return place(of: CallName(provider: name.provider, action: Self.others, kind: name.kind))
        }
        calls.append(Calls(name))
        return calls.count - 1
    }

    private mutating func place(of name: JobName) -> Int {
        if let known = jobs.firstIndex(where: { $0.name == name }) { return known }
        guard jobs.count < Self.mostRows || name.operation == Self.others else {
            return place(
                of: JobName(provider: name.provider, operation: Self.others, isDownload: name.isDownload))
        }
        jobs.append(Jobs(name))
        return jobs.count - 1
    }

    /// Places come from `place(of:)`, and rows never go.
    mutating func withCalls(_ place: Int, _ body: (inout Calls) -> Void) {
        if calls.indices.contains(place) { body(&calls[place]) }  // safe: checked
    }

    mutating func withJobs(of record: JobRecord, _ body: (inout Jobs) -> Void) {
        let name = JobName(
            provider: record.provider, operation: record.operation, isDownload: record.isDownload)
        body(&jobs[place(of: name)])  // safe: just found
    }

    mutating func end() {
        for place in calls.indices {
            calls[place].cut &+= calls[place].inFlight
            calls[place].inFlight = 0
        }
    }

    mutating func lookedUp(_ provider: String, found: Bool) {
        let place =
            lookups.firstIndex { $0.provider == provider }
            ?? {
                lookups.append(Lookups(provider: provider))
                return lookups.count - 1
            }()
        // safe: just found
        if found { lookups[place].found &+= 1 } else { lookups[place].failed &+= 1 }
    }
}
