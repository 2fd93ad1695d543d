import Core
import Providers
import XCTest

/// What the text of a failure says, where no code says it: moderation, and too many tasks at once.
final class ReasonTests: XCTestCase {
    private let moderated = [
        "content violates policy", "The prompt violates our usage policies",
        "Input image violates community guidelines",
        "the text is in violation of local laws", "输入内容违反规定", "违反平台规定", "图片内容违反相关法律法规", "prompt 含有敏感词",
        "提示词敏感", "内容违规", "Your prompt is inappropriate", "inappropriate content detected", "包含不适当的内容",
        "Input contains sensitive terms", "politically sensitive", "blocked by content moderation", "审核不通过",
        "Failed to generate: content violates policy", "The generated picture is against our policies", "图片涉黄", "含有色情",
        "unsafe image detected", "nudity", "InvalidParameterValue: prompt contains Sensitive words",
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        "input new_sensitive", "output new_sensitive", "The prompt was blocked: blockReason OTHER",
        "blockReason: BLOCKLIST", "block_reason=PROHIBITED", "OperationDenied.TextIllegalDetected",
        "OperationDenied.ImageIllegalDetected: no", "moderation_blocked", "Your prompt was flagged",
        "content was flagged by our system", "Banned prompt detected", "the generated image was blocked by our filters",
        "prompt failed the safety check", "Green net check failed for image", "input is blocked",
        "The image violates our policies: it shows characters of a film", "illegal content", "Illegal content.",
        "the picture at the url violates our content rules", "image url violates community guidelines",
        "IllegalContentDetected", "Your prompt goes against our usage policies",
        "the prompt violates the acceptable use policy of the account",
    ]
    /// Of both clouds, in English and Chinese, as their consoles, their documentation and the models' vendors write.
    private let refusedContent = [
        "The prompt contains content that may violate our usage guidelines; please revise and try again.",
        "Your request was rejected as a result of our safety system. safety_violations=[sexual]",
        "Output image failed moderation",
        "input image did not pass moderation",
        "提示词包含敏感内容，请修改后重试",
        "图片审核未通过",
        "文本内容未通过安全审核",
        "输入图片涉及违规内容",
        "Input data may contain inappropriate content.",
        "生成的图片未通过内容安全检测",
        "命中敏感词",
        "内容审核不通过：人像",
        "The image contains prohibited items such as weapons",
        "Image generation blocked: it depicts a real person",
        "this prompt may be against our content rules",
        "疑似侵权，无法生成",
        "The prompt may infringe third-party copyright",
        "涉及政治人物，请修改提示词",
        "Request blocked by content safety",
        "The generated image was filtered for safety reasons",
        "Content flagged: violence",
        "hate speech detected in the prompt",
        "The prompt was rejected by a moderator",
        "All images were filtered: raiMediaFilteredReason",
        "finishReason: IMAGE_RECITATION",
        "finish_reason=IMAGE_OTHER blocked",
        "图片包含暴恐元素",
        "涉嫌赌博",
        "根据相关法律法规，无法生成该图片",
        "不符合社区规范",
        "prompt contains self-harm",
        "内容存在安全风险，生成失败",
        "输入的素材未过审",
        "送审不通过",
        "机审不通过，请更换图片",
        "账号提交的图片审核未通过",
        "您的账号提交的内容违规",
        "Request 7 of account 12 was rejected by the safety system",
        "企业认证用户提交的提示词涉黄",
        "the prompt failed our content safety check",
        "图片经风控识别存在风险",
        "该提示词无法通过审核，请调整描述",
        "图片内容未通过平台审核",
        "Generated content was rejected by our content moderation system",
        "您输入的文本包含违规信息",
        "参考图审核不过，疑似包含公众人物",
        "输出图片命中内容安全策略",
        "content safety violation: violence",
        "Image rejected: minors depicted, moderation category child safety",
        "The model refused because the request violates the Terms of Use",
        "用户输入命中风控规则，请更换提示词",
        "prompt blocked by safety filter",
        "审核拒绝",
        "人脸审核未通过，图片包含明星",
        "被内容安全拦截",
    ]
    /// About an account and its papers, a parameter, a file, or a fault of the service that looks at content.
    private let noContent = [
        "实名认证审核未通过，请重新提交资料",
        "您的账号资质审核中，暂不能调用该接口",
        "企业认证正在审核，请耐心等待",
        "产品开通申请审核中，预计 1 个工作日",
        "模型接入申请尚未审核通过",
        "请先完成实名认证",
        "您的资质审核图片不清晰，请重新上传",
        "营业执照审核失败",
        "域名备案审核未通过",
        "账户审核未通过，无法使用本接口",
        "身份认证审核不通过",
        "白名单申请正在审核",
        "个人认证审核中",
        "签名审核未通过，请到控制台查看",
        "模板审核未通过",
        "The account is under risk control; contact support",
        "Your account is under content review for business verification",
        "enterprise verification is under moderation",
        "您的账号已被风控，请联系客服",
        "账号存在违规行为，已被限制使用",
        "账户违规，请提交工单",
        "内容安全服务未开通",
        "The content moderation service is not activated for this account",
        "内容审核服务繁忙，请稍后再试",
        "content moderation service is busy",
        "Invalid value for 'moderation': must be one of low, auto",
        "Unknown parameter: moderation",
        "内容审核参数 AuditMode 取值不合法",
        "审核回调地址格式错误",
        "图片大小超过限制，最大10MB",
        "prompt长度超过限制",
        "字段类型违反约束",
        "Parameter Seed violates range constraint [0, 2147483647]",
        "The parameter ImageUrl is blocked by robots.txt",
        "Disallowed content type image/tiff",
        "Prohibited content-type text/html",
        "explicit content length required",
        "Safety checker model failed to load",
        "safety system timed out",
        "图片尺寸不合规",
        "参数不合规：Resolution",
        "命名不合规",
        "违反唯一约束",
        "敏感度参数超出范围",
        "The model is not allowed in this region by company policy",
        "Model access review is pending",
        "模型版本正在审核",
        "审核策略不存在",
        "BizType 审核策略配置错误",
        "filtered by tag: no such tag",
        "Image URL is not allowed: host is filtered",
        "copyright parameter must be a string",
        "logo text exceeds copyright field size",
        "发票审核中",
        "应用审核中，暂不可用",
        "合同违约，服务停止",
        "充值订单审核中",
        "主账号未完成企业实名，接口不可用",
        "资质证书审核驳回",
        "账号审核驳回：信息不完整",
        "您的申请已提交，审核结果将在 3 个工作日内通知",
        "The request field 'moderation_level' has an invalid value",
        "审核服务内部错误，系统异常",
        "您的应用未通过审核，无法使用 API",
        "短信签名审核不通过",
        "content moderation timed out",
        "认证审核失败，请重新认证",
        "权限申请待审核",
        "Real-name authentication has not been completed",
        "实名信息违规，请重新认证",
        "渠道商资质审核未完成",
        "该模型需要申请，审核通过后可用",
        "maximum text length is 800",
        "The account has not passed qualification review",
    ]
    private let others = [
        "illegal input", "illegal image data", "the image URL was blocked by the firewall",
        "the download of the image was blocked", "illegal prompt length",
        "illegal character in the parameter prompt", "illegal image format", "the input queue is blocked",
        "the host of the image blocked the connection", "the text encoding is illegal", "blocked",
        "the image was blocked by a rate limit", "the flag input is unknown",
        "image size violates the limit", "value violates constraint", "violation of the JSON schema", "参数违反格式限制",
        "图片大小违反限制", "field names are case-sensitive", "case-insensitive", "参数大小写敏感，格式错误",
        "inappropriate image size", "inappropriate aspect ratio", "inappropriate parameter type",
        "moderation service timeout", "审核服务超时", "the bucket policy violates the access policy", "size must be 1 to 4",
        "request rate violates the limit", "a violation", "Failed to generate", "not supported", "",
        "The image violates the minimum width of 300 px", "prompt violates rule: max 1024 characters",
        "The value is against the documented enumeration for image", "Illegal Content-Type header of the image url",
        "image download failed: blocked by firewall policy, violates network rules",
        "Your usage policy agreement has not been signed", "prompt violates the rule: at most 800 characters",
        "You must accept the acceptable use policy in the console first",
        "the image violates the height of 4096 pixels",
        "image violates the rule of 10 MB", "the text violates the allowed values", "image violates 4096x4096",
        "the image is against the maximum", "text must match the pattern, which the prompt violates",
        "please agree to the content policy first", "illegal content-length", "Illegal ContentType of the image",
        "the image header violates the standard", "violation of the network policy for image urls",
        "Content-Security-Policy violation while fetching the image", "the prompt violates the range 1 to 4",
    ]

    func testEndedJobs() throws {
        let calls = try Calls(alibabaID: "7")
        for (texts, status) in [
            (moderated + refusedContent, Status.contentRefused), (others + noContent, .jobFailed),
        ] {
            for text in texts {
                let tencent = #"{"Response":{"Status":"FAIL","Message":"\#(text)","RequestId":"r"}}"#
                let alibaba = #"{"success":true,"errMessage":"\#(text)","data":{"id":"7","jobStatus":"FAILED"}}"#
                for answer in [
                    try calls.tencent(calls.tencentStatus, reply(200, tencent)).answer(),
                    try calls.alibaba(calls.alibabaStatus, reply(200, alibaba)).answer(),
                ] {
                    guard case .failed(let failure) = answer.state else { return XCTFail(text) }
                    XCTAssertEqual(failure.status, status, text)
                }
            }
        }
    }

    /// The code says it, and the text does not.
    func testACodeBesideAnEndedJob() throws {
        let calls = try Calls(alibabaID: "7")
        for (code, status) in [
            ("OperationDenied.TextIllegalDetected", Status.contentRefused), ("DataInspectionFailed", .contentRefused),
            ("InvalidParameter.ImageSize", .jobFailed),
        ] {
            let data = #"{"id":"7","jobStatus":"FAILED"}"#
            let body = #"{"success":true,"errCode":"\#(code)","errMessage":"no","data":\#(data)}"#
            let answer = try calls.alibaba(calls.alibabaStatus, reply(200, body)).answer()
            guard case .failed(let failure) = answer.state else { return XCTFail(code) }
            XCTAssertEqual(failure.status, status, code)
        }
    }

    private func errors(_ code: String, _ text: String, submits: Bool, http: Int = 400) throws -> [CallFailure] {
        let calls = try Calls()
        let tencent = #"{"Response":{"Error":{"Code":"\#(code)","Message":"\#(text)"},"RequestId":"r"}}"#
        let gateway = #"{"Code":"\#(code)","Message":"\#(text)","RequestId":"r"}"#
        let service = #"{"success":false,"errCode":"\#(code)","errMessage":"\#(text)","requestId":"r"}"#
        let alibaba = submits ? calls.alibabaSubmit : calls.alibabaStatus
        return [
            try calls.tencent(submits ? calls.tencentSubmit : calls.tencentStatus, reply(200, tencent)).failed(),
            try calls.alibaba(alibaba, reply(http, gateway)).failed(),
            try calls.alibaba(alibaba, reply(http, service)).failed(),
            try calls.alibaba(alibaba, reply(200, service)).failed(),
        ]
    }

    /// A refused call: the provider has said no to the content, and the same request gets the same answer.
    func testRefusedCalls() throws {
        for text in moderated {
            for code in ["InvalidParameter", "B_CONTENT"] {
                for submits in [true, false] {
                    for failed in try errors(code, text, submits: submits) {
                        XCTAssertEqual(failed.kind, .refused, "\(code) \(text)")
                        XCTAssertEqual(failed.failure.status, .contentRefused, "\(code) \(text)")
                        XCTAssertFalse(failed.failure.isRetryable)
                    }
                }
            }
            // What may have run, and what has another reason, stays that.
            for code in ["InternalError", "ServiceUnavailable"] {
                for failed in try errors(code, text, submits: true) { XCTAssertEqual(failed.kind, .transient, text) }
            }
        }
        for code in [
            "DataInspectionFailed", "ContentRiskDetected", "InvalidParameter.NSFW",
            "OperationDenied.TextIllegalDetected",
        ] {
            for failed in try errors(code, "no", submits: true) {
                XCTAssertEqual(failed.failure.status, .contentRefused, code)
            }
        }
        // Tencent's general failure of an operation, which has begun: it says nothing of what was done. See design-notes.md.
        for text in moderated + refusedContent {
            for code in ["FailedOperation", "FailedOperation.CreateAIGCTaskFailed", "FailedOperation.ContentIllegal"] {
                let failed = try XCTUnwrap(errors(code, text, submits: true).first)
                XCTAssertEqual(failed.kind, .transient, "\(code) \(text)")
                XCTAssertTrue(failed.failure.message.contains(text), failed.failure.message)
            }
        }
        for text in refusedContent {
            for failed in try errors("InvalidParameter", text, submits: true) {
                XCTAssertEqual(failed.kind, .refused, text)
                XCTAssertEqual(failed.failure.status, .contentRefused, text)
            }
        }
        for text in others + noContent {
            for failed in try errors("InvalidParameter", text, submits: true) {
                XCTAssertEqual(failed.failure.status, .requestRefused, text)
            }
        }
        // Nobody vouches for it: a proxy's filter has words about content too.
        let calls = try Calls()
        let bare = #"{"Code":"Blocked","Message":"content violates policy"}"#
        XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(403, bare)).failed().kind, .transient)
        let server = #"{"Code":"Blocked","Message":"content violates policy","RequestId":"r"}"#
        XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(502, server)).failed().kind, .transient)
    }

    private let crowds = [
        "task quota in flight exceeded", "too many running tasks", "任务并发超限", "Too many in-flight jobs",
        "the number of tasks in progress exceeds 5", "too many unfinished tasks", "You have too many active tasks",
        "pending tasks exceed the quota", "task queue is full", "too many tasks", "5 tasks are running already",
        "进行中的任务数超过上限", "正在运行的任务过多", "排队任务数超限", "未完成任务数超过限制", "max running jobs reached",
        "Maximum number of queued tasks reached", "Too Many Concurrent Requests per second of tasks",
    ]
    private let rates = [
        "too many tasks per minute", "daily quota of active tasks exceeded", "requests exceed 5 per second",
        "每秒任务数过多", "flow control", "qps limit: too many jobs", "slow down",
    ]

    func testTooManyTasks() throws {
        for (texts, isCrowd) in [(crowds, true), (rates, false)] {
            for text in texts {
                for code in ["RequestLimitExceeded", "Throttling"] {
                    let errors = try errors(code, text, submits: true, http: 429)
                    for failed in code == "Throttling" ? errors.dropFirst() : errors.prefix(3) {
                        XCTAssertEqual(failed.kind, isCrowd ? .concurrencyLimit : .throttled, "\(code) \(text)")
                    }
                }
                // Codes that nobody knows, and Tencent's for whatever is used up.
                for code in ["TaskQuotaExceeded", "LimitExceeded", "LimitExceeded.Tasks"] {
                    for failed in try errors(code, text, submits: true) where isCrowd {
                        XCTAssertEqual(failed.kind, .concurrencyLimit, "\(code) \(text)")
                        XCTAssertTrue(failed.failure.isRetryable)
                    }
                    let tencent = try errors(code, text, submits: true)[0]
                    if !isCrowd { XCTAssertEqual(tencent.kind, .refused, "\(code) \(text)") }
                }
            }
        }
        for code in ["TooManyRunningTasks", "TaskInFlightLimitExceeded", "QueuedTaskLimitExceeded"] {
            for failed in try errors(code, "", submits: true) { XCTAssertEqual(failed.kind, .concurrencyLimit, code) }
        }
        // What one task may hold is no crowd: waiting changes nothing.
        for text in [
            "image count limit exceeded: at most 4 images in parallel",
            "Prompt exceeds: text and images at the same time are limited to 1024",
            "one task takes at most 4 images at the same time", "图片和文字同时超过上限",
            "simultaneous use of image and prompt is limited",
        ] {
            for code in ["LimitExceeded", "LimitExceeded.ImageCount"] {
                XCTAssertEqual(try errors(code, text, submits: true)[0].kind, .refused, "\(code) \(text)")
            }
            for failed in try errors("ImageCountLimitExceeded", text, submits: true) {
                XCTAssertNotEqual(failed.kind, .concurrencyLimit, text)
            }
            // A code for too many calls says that waiting helps.
            XCTAssertEqual(try errors("RequestLimitExceeded", text, submits: true)[0].kind, .concurrencyLimit)
        }
        for text in [
            "too many simultaneous requests", "only 1 task at the same time", "同时处理的任务数超限", "2 jobs in parallel",
        ] {
            XCTAssertEqual(try errors("LimitExceeded", text, submits: true)[0].kind, .concurrencyLimit, text)
        }
        // A quota of another thing, and a word without a limit.
        for (code, text) in [("LimitExceeded", "storage"), ("InvalidParameter", "too many running tasks")] {
            XCTAssertEqual(try errors(code, text, submits: true)[0].kind, .refused)
        }
    }
}
