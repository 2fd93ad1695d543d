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
            switch rule.meaning {
            case .throttle: return throttling(report, rule.advice)
            case .refuse(.requestRefused) where Self.speaksOfModeration(report):
                return (.refuse(.contentRefused), Self.moderationAdvice)
            // "LimitExceeded" is said of many things.
            case .refuse(.billing) where !isExact || rule.code.isSame(as: "LimitExceeded"), .busy:
                return Self.speaksOfCrowd(report, limits: false)
                    ? (.crowd, Self.crowdAdvice) : (rule.meaning, rule.advice)
            default: return (rule.meaning, rule.advice)
            }
        }
        let guessed = guess(report, status: status, asksToWait: asksToWait)
        return guessed == .throttle ? throttling(report, "") : (guessed, Self.advice(guessed))
    }

    static let moderationAdvice = "prompt or image was refused by moderation"

    private static func advice(_ meaning: Meaning) -> String {
        meaning == .refuse(.contentRefused) ? moderationAdvice : ""
    }

    private static func speaksOfModeration(_ report: ErrorReport) -> Bool {
        Moderation.isMeant(by: report.code) || Moderation.isMeant(by: report.message ?? "")
    }

    static let crowdAdvice = "there is room again when another task of the account ends"

    /// Both clouds say by the text alone, if at all, whether calls come too fast or tasks are too many.
    private func throttling(_ report: ErrorReport, _ advice: String) -> (Meaning, advice: String) {
        Self.speaksOfCrowd(report, limits: true) ? (.crowd, Self.crowdAdvice) : (.throttle, advice)
    }

    private static let crowdWords = ["concurren", "paralleltask", "paralleljob", "runningtask", "runningjob", "并发"]
    /// Said also of the parts of one request: "at most 4 images in parallel".
    private static let togetherWords = ["in parallel", "simultaneous", "at the same time", "同时"]
    private static let manyWords = [
        "tasks", "jobs", "requests", "calls", "submissions", "任务", "作业", "请求", "调用",
    ]
    private static let parts = ["image", "picture", "text", "prompt", "图", "文"]
    /// Beside a span of time these are a rate.
    private static let loadWords = [
        "inflight", "in progress", "unfinishedtask", "unfinishedjob", "activetask", "activejob", "pendingtask",
        "pendingjob", "queuedtask", "queuedjob", "ongoingtask", "ongoingjob", "outstandingtask", "outstandingjob",
        "processingtask", "processingjob", "executingtask", "executingjob", "waitingtask", "waitingjob",
        "toomanytask", "toomanyjob", "taskarerunning", "tasksarerunning", "jobsarerunning", "tasksrunning",
        "jobsrunning",
        "tasksbeingprocessed", "jobsbeingprocessed", "queueisfull", "queuefull", "runningatonce", "tasksatonce",
        "jobsatonce", "maxrunning", "maximumrunning", "进行中", "正在运行", "运行中", "执行中", "处理中", "正在处理", "正在执行",
        "未完成", "排队", "队列", "任务过多", "任务太多", "任务数过多",
    ]
    private static let rateWords = [
        "per second", "per minute", "per hour", "per day", "a second", "a minute", "a day", "/s", "/min", "qps",
        "daily",
        "frequency", "times in", "每秒", "每分钟", "每小时", "每日", "每天", "当日", "今日", "频率",
    ]

    /// Whether an error is about the tasks that run at once. Blanks and the like between words do not count. `limits`: whether
    /// its code says that waiting helps.
    private static func speaksOfCrowd(_ report: ErrorReport, limits: Bool) -> Bool {
        let plain = Array((report.code + " " + (report.message ?? "")).utf8)
        let joined = plain.filter { ASCIIText.isLetterOrDigit($0) || $0 >= 0x80 }
        func has(_ words: [String]) -> Bool {
            words.contains { ASCIIText.range(of: $0, in: plain) != nil || ASCIIText.range(of: $0, in: joined) != nil }
        }
        if has(crowdWords) || has(loadWords) && !has(rateWords) { return true }
        return has(togetherWords) && (limits || has(manyWords) || has(["task", "job"]) && !has(parts))
    }

    /// An undocumented code. It counts as a fault of the provider: a submission has then possibly been executed.
    private func guess(_ report: ErrorReport, status: Int, asksToWait: Bool) -> Meaning {
        let has = { (word: String) in ASCIIText.contains(report.code, word) }
        let isCrowd =
            ["limit", "exceed", "throttl", "quota", "toomany", "toofast"].contains(where: has)
            && Self.speaksOfCrowd(report, limits: false)
        switch status {
        case 500...599: return .fault
        case 429: return .throttle
        case 408, 425: return .fault
        case 400...499:
            if asksToWait || isCrowd { return .throttle }
            if ["internal", "timeout", "unavailable", "unknown"].contains(where: has) { return .fault }
            if Self.speaksOfModeration(report) { return .refuse(.contentRefused) }
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
            if isCrowd { return .throttle }
            return Self.speaksOfModeration(report) ? .refuse(.contentRefused) : report.meaningWithoutStatus
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
