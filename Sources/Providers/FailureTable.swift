internal import Core

/// What a provider's code means. Whether a submission may be sent again, and whether a wait continues, depends on it.
enum Meaning: Equatable, Sendable {
    /// Nothing was executed, and the same request gets the same answer.
    case refuse(Status)
    /// The provider's own fault: a submission may have been executed, a read can be repeated.
    case fault
    /// Nothing was executed because the provider lacks a resource: reads are repeated.
    case busy
    /// Nothing was executed: too many requests.
    case throttle
    /// Nothing was executed: too many tasks run at once.
    case crowd
    /// Nothing was executed: the clock is off.
    case clock
    /// Nothing was executed: the security token is stale.
    case stale
    /// The id is not known; in a submission, a thing it names.
    case missing
    /// The URL has run out.
    case ended

    /// Whether it ends a wait.
    var ends: Bool {
        switch self {
        case .refuse, .missing, .ended: true
        case .fault, .busy, .throttle, .crowd, .clock, .stale: false
        }
    }
}

/// One row: a code, what it means, and what would be right. Rows of a prefix stand for all codes "prefix.*".
struct FailureRule: Sendable {
    let code: String
    let meaning: Meaning
    let advice: String

    init(_ code: String, _ meaning: Meaning, _ advice: String = "") {
        self.code = code
        self.meaning = meaning
        self.advice = advice
    }
}

/// The codes of one cloud. They are an open set: what is not here is judged by the HTTP status.
struct FailureTable: Sendable {
    let rules: [FailureRule]
    /// Whether a code that is known word for word counts also behind HTTP 5xx. Alibaba's pages disagree about the
    /// status of a code; Tencent sends 200 for all that its gateway has seen, so that 5xx is somebody else's.
    let trustsServerErrors: Bool

    /// The row of a code: its own, else that of the longest prefix that ends before a dot.
    func match(_ code: String) -> (rule: FailureRule, isExact: Bool)? {
        if let rule = rules.first(where: { $0.code.isSame(as: code) }) { return (rule, true) }
        var prefix = code[...]
        while let dot = prefix.lastIndex(of: ".") {
            prefix = prefix[..<dot]
            if let rule = rules.first(where: { $0.code.isSame(as: String(prefix)) }) { return (rule, false) }
        }
        return nil
    }

    /// What an error report means.
    func meaning(_ report: ErrorReport, status: Int, asksToWait: Bool) -> (Meaning, advice: String) {
        let isServerError = (500...599).contains(status)
        if let (rule, isExact) = match(report.code) {
            let throttles = rule.meaning == .throttle || rule.meaning == .crowd
            guard !isServerError || throttles || isExact && trustsServerErrors else { return (.fault, "") }
            return rule.meaning == .throttle ? throttling(report, rule.advice) : (rule.meaning, rule.advice)
        }
        let guessed = guess(report, status: status, asksToWait: asksToWait)
        return guessed == .throttle ? throttling(report, "") : (guessed, "")
    }

    static let crowdAdvice = "there is room again when another task of the account ends"

    /// Both clouds say by the text alone, if at all, whether calls come too fast or tasks are too many.
    private func throttling(_ report: ErrorReport, _ advice: String) -> (Meaning, advice: String) {
        let words = [report.code, report.message ?? ""]
        guard words.contains(where: Self.speaksOfConcurrency) else { return (.throttle, advice) }
        return (.crowd, Self.crowdAdvice)
    }

    private static let concurrencyWords = [
        "concurren", "in parallel", "parallel task", "simultaneous", "at the same time", "running task", "running job",
        "tasks in progress", "jobs in progress", "unfinished task", "unfinished job", "并发", "同时",
    ]

    private static func speaksOfConcurrency(_ text: String) -> Bool {
        concurrencyWords.contains { Words.contains(text, $0) }
    }

    /// An undocumented code. It counts as a fault of the provider: a submission has then possibly been executed.
    private func guess(_ report: ErrorReport, status: Int, asksToWait: Bool) -> Meaning {
        let has = { (word: String) in Words.contains(report.code, word) }
        let isCrowd = has("concurren") && ["limit", "exceed", "throttl", "quota", "toomany"].contains(where: has)
        switch status {
        case 500...599: return .fault
        case 429: return .throttle
        case 408, 425: return .fault
        case 400...499:
            if asksToWait || isCrowd { return .throttle }
            if ["internal", "timeout", "unavailable", "unknown"].contains(where: has) { return .fault }
            if ["arrear", "balance", "quota", "notopen", "notactivated"].contains(where: has) {
                return .refuse(.billing)
            }
            switch status {
            case 401: return .refuse(.auth)
            case 402: return .refuse(.billing)
            case 403: return .refuse(.permission)
            case 404, 410: return .missing
            default: return .refuse(.requestRefused)
            }
        default:
            if ["internal", "timeout", "unavailable", "unknown"].contains(where: has) { return .fault }
            return isCrowd ? .throttle : report.meaningWithoutStatus
        }
    }
}

/// An error as an answer states it.
struct ErrorReport {
    /// Empty if it has none.
    var code: String
    var message: String?
    var requestID: String?
    /// The HTTP status that the body claims, if it does.
    var claimedStatus: Int?
    /// What an unknown code means where no HTTP status tells.
    var meaningWithoutStatus: Meaning
}
