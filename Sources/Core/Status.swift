/// The status codes of `aigc.h`. Each tells the caller what to do; a test compares the values with the header.
public enum Status: Int32, CaseIterable, Sendable {
    // generated: statuses (Tests/tools/generate.py)
    case ok = 0
    case invalidArgument = 100
    case wrongState = 101
    case forked = 102
    case closed = 103
    case keyConflict = 104
    case timeout = 200
    case cancelled = 201
    case deadline = 202
    case network = 300
    case tls = 301
    case addressRefused = 302
    case badResponse = 303
    case noCredentials = 400
    case auth = 401
    case permission = 402
    case billing = 403
    case throttled = 404
    case clock = 405
    case requestRefused = 500
    case contentRefused = 501
    case notFound = 502
    case jobFailed = 503
    case provider = 504
    case outcomeUnknown = 600
    case expired = 700
    case notAnImage = 701
    case corrupt = 702
    case tooLarge = 703
    case file = 800
    case fileExists = 801
    case noSpace = 802
    case noResources = 803
    case journal = 804
    case `internal` = 900
    // end of generated
}

/// What provably happened to a submission (`AIGC_OUTCOME_*`).
public enum SubmitOutcome: Int32, Sendable {
    case none = 0
    case notSent = 1
    case unknown = 2
    case accepted = 3
}

/// The states of a job (`AIGC_STATE_*`).
public enum JobState: Int32, CaseIterable, Sendable {
    case queued = 1
    case submitting = 2
    case pending = 3
    case running = 4
    case succeeded = 5
    case failed = 6
    case cancelled = 7
    case unknown = 8

    public var isTerminal: Bool { rawValue >= JobState.succeeded.rawValue }
}
