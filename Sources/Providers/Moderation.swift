internal import Core

/// Whether a failure's text speaks of moderation. Neither cloud has a code for all such ends, and the words of the models'
/// vendors pass through. What a text says of a parameter, of a size or of a fault of the moderation service is no refusal of
/// content.
enum Moderation {
    /// Words that stand for moderation wherever they are.
    private static let words = [
        "violationcontent", "sensitive information", "sensitive word", "safety_violation", "safety reason",
        "image_safety", "prohibited_content", "content_policy_violation", "content_filter", "prompt policy violation",
        "auditsubmitillegal", "datainspection", "nsfw", "risk not pass", "imagesensitive",
        "textsensitive", "content moderated", "request moderated", "responsible ai", "raimedia",
        "finishreason: safety", "recitation", "unsafe image", "unsafe prompt", "sexually explicit", "pornograph",
        "nudity",
        "hate speech", "self-harm", "self harm", "copyright infring", "infringe",
        "contentrisk", "contentillegal", "contentviolation", "contentrefused", "contentblocked",
        "forbidden word", "banned word", "content is not allowed",
        "illegaldetected", "textillegal", "imageillegal", "moderation_blocked", "moderation blocked",
        // The services answer in Chinese unless told otherwise, and sometimes then.
        "涉黄", "涉政", "涉恐", "涉暴", "涉毒", "涉赌", "违禁", "色情", "血腥", "低俗", "暴恐", "赌博", "毒品", "政治人物", "侵权",
        "不良信息", "不良内容", "不当内容", "不适宜", "内容存在风险", "内容存在安全风险", "图片存在风险", "图片存在安全风险",
    ]
    /// The same, said also of an account: then they count where the text names content too.
    private static let blames = ["违规", "违法", "法律法规", "社区规范", "社区准则", "平台规范"]

    /// "Illegal content", but not "Illegal Content-Type".
    private static let contents = [
        "illegal content", "illegalcontent", "sensitive content", "prohibited content", "unsafe content",
        "harmful content", "offensive content", "adult content", "explicit content", "disallowed content",
        "violent content", "inappropriate content",
    ]
    private static let headers = ["type", "length", "encoding", "disposition", "range", "language", "md5", "header"]
    /// Rules for content. Beside `agreements` the account lacks a signature, unless something violates them.
    private static let rules = [
        "content policy", "content policies", "usage policy", "usage policies", "community guideline", "acceptable use",
    ]
    private static let agreements = [
        "agreement", "agree to", "signed", "sign the", "must accept", "accept the", "accept our", "not accepted the",
        "not been accepted", "not yet accepted", "consent",
    ]

    /// Names of the service that looks at content: beside `faults` its own trouble, beside `waits` no verdict yet.
    private static let services = [
        "moderation", "moderator", "content review", "risk control", "safety system", "safety filter", "safety check",
        "content filter", "content safety", "green net check", "审核", "送审", "机审", "过审", "风控", "内容安全",
    ]
    private static let faults = [
        "timeout", "timed out", "time out", "unavailable", "internal error", "failed to load", "busy", "overloaded",
        "not activated", "not enabled", "must be one of", "invalid value", "unknown parameter", "unsupported parameter",
        "callback", "超时", "不可用", "服务异常", "系统异常", "繁忙", "未开通", "未启用", "未授权", "取值", "回调", "策略不存在",
        "配置错误",
    ]
    private static let waits = ["审核中", "正在审核", "待审核", "等待审核", "尚未审核"]
    /// Who pays is looked at too: nothing of that is content.
    private static let verifications = [
        "实名", "资质", "执照", "企业认证", "个人认证", "身份认证", "主体认证", "认证审核", "备案", "发票", "合同", "入驻", "kyc",
        "real-name", "real name", "business verification", "identity verification", "account verification",
        "enterprise verification",
    ]
    /// What is looked at beside content. Where the text names content too, the content is meant.
    private static let others = [
        "账号", "账户", "帐号", "申请", "签名", "模板", "订单", "应用", "版本", "模型", "白名单", "工单", "开通", "account",
    ]
    private static let media = [
        "内容", "图片", "图像", "文本", "文字", "提示词", "素材", "输入", "输出", "视频", "prompt", "image", "picture", "content",
        "text", "input", "output", "request",
    ]

    /// Words that other trouble has too: beside `technical` they are about that.
    private static let weak = ["inappropriate", "敏感", "违反", "不适当", "不合规"]
    /// What is not as it should be, and is no content.
    private static let names = ["命名不合规", "参数不合规", "名称不合规", "字段不合规", "签名不合规", "域名不合规"]
    /// The same, where the text also names content or a rule for content.
    private static let violations = ["violat", "against our", "against the", "breach"]
    /// Said of content by those who look at it. Beside `technical` and `ways` they are about those.
    private static let stops = ["flagged", "blocked", "banned", "prohibited", "filtered"]
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
        "access policy", "bucket policy", "cam policy", "ram policy", "network policy", "security-policy", "width",
        "height", "minimum", "maximum", "max", "at most", "at least", "pixel", "px", "enum", "range", "allowed value",
        "supported value", "match the pattern", "match pattern", "regex", "regular expression", "header", "mime",
        "extension", "大小", "尺寸", "格式", "长度", "频率", "限制", "约束", "分辨率", "比例", "编码", "类型", "宽度", "高度", "像素",
        "最大", "最小", "字符", "范围", "枚举",
    ]
    private static let units = ["px", "pixel", "characters", "byte", "kb", "mb", "gb", "kib", "mib", "dpi", "x", "*"]
    /// What carries an image to the provider has rules of its own; `ownRules` are those for content all the same.
    private static let carriers = [
        "url", "network", "firewall", "proxy", "download failed", "download of", "to download", "cannot download",
        "download error",
    ]
    private static let ownRules = [
        "our polic", "our content", "our rule", "our usage", "our standard", "community", "guideline", "law",
        "regulation", "safety", "terms", "content rule", "content standard",
    ]

    static func isMeant(by text: String) -> Bool {
        guard !text.isEmpty else { return false }
        let bytes = Array(text.utf8)
        func has(_ list: [String]) -> Bool { list.contains { ASCIIText.range(of: $0, in: bytes) != nil } }
        func hasWord(_ list: [String]) -> Bool { list.contains { begins($0, in: bytes) } }
        if has(words) || speaksOfContent(bytes) { return true }
        if has(rules), !hasWord(agreements) || has(violations) { return true }
        let isOfAccount = (has(verifications) || has(others)) && !has(media)
        if has(blames), !isOfAccount { return true }
        let isWaiting = has(waits) && ASCIIText.range(of: "审核中心", in: bytes) == nil
        if has(services), !has(faults), !isWaiting, !isOfAccount, !has(verifications) { return true }
        // "blockReason": the key under which a vendor gives its verdict, whatever the verdict is called.
        if has(["blockreason", "block_reason", "block reason"]) { return true }
        if hasWord(stops) && hasWord(stopSubjects) && !hasWord(ways) && !hasWord(technical) { return true }
        let violates = has(violations) && hasWord(subjects) && (!hasWord(carriers) || hasWord(ownRules))
        guard has(weak) || begins("sensitive", in: bytes) || violates else { return false }
        return !hasWord(technical) && !has(names) && !namesAnAmount(bytes)
    }

    private static func speaksOfContent(_ bytes: [UInt8]) -> Bool {
        contents.contains { word in
            guard let found = ASCIIText.range(of: word, in: bytes) else { return false }
            let rest = bytes[found.upperBound...]  // safe: at most count
            if rest.first == UInt8(ascii: "-") { return false }
            let next = Array(rest.drop { $0 == 0x20 || $0 == UInt8(ascii: "_") }.prefix(16))
            return !headers.contains { ASCIIText.range(of: $0, in: next)?.lowerBound == 0 }
        }
    }

    /// "300 px", "1024 characters", "512 x 512".
    private static func namesAnAmount(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while let digit = rest.firstIndex(where: { (48...57).contains($0) }) {
            rest = rest[digit...].drop { (48...57).contains($0) }  // safe: an index of it
            let next = Array(rest.drop { $0 == 0x20 || $0 == UInt8(ascii: "-") }.prefix(16))
            for unit in units where ASCIIText.range(of: unit, in: next)?.lowerBound == 0 {
                if unit.utf8.count > 1 { return true }
                // A factor.
                if next.dropFirst().first(where: { $0 != 0x20 }).map({ (48...57).contains($0) }) == true { return true }
            }
        }
        return false
    }

    /// Whether a word of the text begins so: "sensitive terms", but not "insensitive"; "rate", but not "generate".
    private static func begins(_ word: String, in bytes: [UInt8]) -> Bool {
        var start = 0
        while let found = ASCIIText.range(of: word, in: bytes, from: start) {
            start = found.upperBound
            // safe: not 0
            if found.lowerBound == 0 || !ASCIIText.isLetterOrDigit(bytes[found.lowerBound - 1]) { return true }
        }
        return false
    }
}
