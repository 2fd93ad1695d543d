internal import Core

/// Whether a failure's text speaks of moderation. Neither cloud has a code for all such ends, and the words of the models'
/// vendors pass through. What a text says of a parameter, of a size or of a fault of the moderation service is no refusal of
/// content.
enum Moderation {
    /// Words that stand for moderation wherever they are.
    private static let words = [
        "violationcontent", "content policy", "sensitive content", "sensitive information", "sensitive word",
        "prohibited content", "safety system", "safety_violation", "safety reason", "safety filter", "image_safety",
        "prohibited_content", "content_policy_violation", "content_filter", "prompt policy violation",
        "auditsubmitillegal", "usage policies", "datainspection", "nsfw", "risk not pass", "imagesensitive",
        "textsensitive", "content moderated", "request moderated", "content filter", "responsible ai",
        "finishreason: safety", "unsafe content", "unsafe image", "unsafe prompt", "illegal content", "harmful content",
        "offensive content", "adult content", "explicit content", "sexually explicit", "pornograph", "nudity",
        "contentrisk", "contentillegal", "illegalcontent", "contentviolation", "contentrefused", "contentblocked",
        "forbidden word", "banned word", "disallowed content", "content is not allowed", "usage policy",
        "community guideline", "acceptable use", "violent content", "inappropriate content", "safety check",
        "illegaldetected", "textillegal", "imageillegal", "moderation_blocked", "moderation blocked", "green net check",
        // The services answer in Chinese unless told otherwise, and sometimes then.
        "违规", "涉黄", "涉政", "涉恐", "涉暴", "涉毒", "违禁", "不合规", "违法", "色情", "血腥", "低俗", "不良信息", "不良内容",
        "不当内容", "不适宜",
    ]

    /// Names of the service that looks at content: beside `faults` its own trouble.
    private static let services = ["moderation", "content review", "risk control", "审核", "风控", "内容安全"]
    private static let faults = [
        "timeout", "timed out", "time out", "unavailable", "internal error", "超时", "不可用", "服务异常", "系统异常",
    ]

    /// Words that other trouble has too: beside `technical` they are about that.
    private static let weak = ["inappropriate", "敏感", "违反", "不适当"]
    /// The same, where the text also names content or a rule for content.
    private static let violations = ["violat", "against our", "against the", "breach"]
    /// Said of content by those who look at it. Beside `technical` and `ways` they are about those.
    private static let stops = ["flagged", "blocked", "banned"]
    private static let stopSubjects = ["content", "prompt", "image", "picture", "text", "input", "output"]
    /// What is blocked on its way to the provider.
    private static let ways = [
        "url", "link", "network", "download", "upload", "access", "firewall", "connect", "host", "domain", "port",
        "proxy", "ip", "dns", "account", "queue", "thread", "lock", "timeout", "character", "parameter", "argument",
        "value", "field", "json", "byte", "robots", "hotlink", "referer", "dependency", "worker", "billing", "payment",
    ]
    private static let subjects = [
        "content", "prompt", "image", "picture", "text", "policy", "policies", "guideline", "safety", "community",
        "terms", "law", "regulation",
    ]
    private static let technical = [
        "size", "format", "resolution", "ratio", "aspect", "length", "too long", "dimension", "limit", "quota", "rate",
        "frequency", "schema", "constraint", "syntax", "encoding", "type", "case-sensitive", "case sensitive",
        "access policy", "bucket policy", "cam policy", "ram policy", "network policy", "大小", "尺寸", "格式", "长度",
        "频率", "限制", "约束", "分辨率", "比例", "编码", "类型",
    ]

    static func isMeant(by text: String) -> Bool {
        guard !text.isEmpty else { return false }
        let bytes = Array(text.utf8)
        func has(_ list: [String]) -> Bool { list.contains { Words.range(of: $0, in: bytes) != nil } }
        func hasWord(_ list: [String]) -> Bool { list.contains { begins($0, in: bytes) } }
        if has(words) { return true }
        if has(services), !has(faults) { return true }
        // "blockReason": the key under which a vendor gives its verdict, whatever the verdict is called.
        if has(["blockreason", "block_reason", "block reason"]) { return true }
        if hasWord(stops) && hasWord(stopSubjects) && !hasWord(ways) && !hasWord(technical) { return true }
        guard has(weak) || begins("sensitive", in: bytes) || has(violations) && hasWord(subjects) else { return false }
        return !hasWord(technical)
    }

    /// Whether a word of the text begins so: "sensitive terms", but not "insensitive"; "rate", but not "generate".
    private static func begins(_ word: String, in bytes: [UInt8]) -> Bool {
        var start = 0
        while let found = Words.range(of: word, in: bytes, from: start) {
            start = found.upperBound
            // safe: not 0
            if found.lowerBound == 0 || !Words.isLetterOrDigit(bytes[found.lowerBound - 1]) { return true }
        }
        return false
    }
}
