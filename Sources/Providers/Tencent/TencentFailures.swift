internal import Core

/// The codes of Tencent's gateway and of MPS. A row of a code without a dot stands for all codes below it.
enum TencentFailures {
    static let table = FailureTable(rules: keys + rates + calls + things + faults, trustsServerErrors: false)

    private static let keys = [
        FailureRule("AuthFailure.SignatureExpire", .clock, "set the clock of this machine"),
        FailureRule("AuthFailure.TokenFailure", .stale, "the temporary token is wrong or has ended"),
        FailureRule(
            "AuthFailure.SignatureFailure", .refuse(.auth),
            "the SecretKey does not belong to the SecretId, or something on the way changed the request"),
        FailureRule(
            "AuthFailure.SecretIdNotFound", .refuse(.auth),
            "the SecretId does not exist on this site; mainland and international accounts differ (tencent.site)"),
        FailureRule("AuthFailure.InvalidSecretId", .refuse(.auth), "the SecretId is disabled or no API key"),
        FailureRule("AuthFailure.InvalidAuthorization", .refuse(.auth)),
        FailureRule("AuthFailure.MFAFailure", .refuse(.auth)),
        FailureRule("AuthFailure.UnauthorizedOperation", .refuse(.permission), "let a CAM policy allow this action"),
        FailureRule("AuthFailure", .refuse(.auth)),
        FailureRule("UnauthorizedOperation", .refuse(.permission), "let a CAM policy allow this action"),
        FailureRule("IpInBlacklist", .refuse(.permission)),
        FailureRule("IpNotInWhitelist", .refuse(.permission)),
    ]

    private static let rates = [
        FailureRule("RequestLimitExceeded", .throttle),
        FailureRule("RequestLimitExceeded.GlobalRegionUinLimitExceeded", .throttle),
        FailureRule("RequestLimitExceeded.IPLimitExceeded", .throttle),
        FailureRule("RequestLimitExceeded.UinLimitExceeded", .throttle),
        FailureRule("LimitExceeded.CreateTask", .crowd, FailureTable.crowdAdvice),
        FailureRule("LimitExceeded", .refuse(.billing), "a quota of the account is used up"),
        FailureRule("ResourceInsufficient", .busy),
        FailureRule("ResourceInUse", .busy),
        FailureRule("ResourceUnavailable", .busy),
    ]

    private static let calls = [
        FailureRule("ActionOffline", .refuse(.requestRefused)),
        FailureRule("DryRunOperation", .refuse(.requestRefused)),
        FailureRule("InvalidAction", .refuse(.requestRefused), "check tencent.endpoint"),
        FailureRule("InvalidRequest", .refuse(.requestRefused)),
        FailureRule("MissingParameter", .refuse(.requestRefused)),
        FailureRule("NoSuchProduct", .refuse(.requestRefused), "check tencent.endpoint"),
        FailureRule("NoSuchVersion", .refuse(.requestRefused), "check tencent.endpoint"),
        FailureRule("RequestSizeLimitExceeded", .refuse(.requestRefused)),
        FailureRule("UnknownParameter", .refuse(.requestRefused)),
        FailureRule("UnsupportedOperation", .refuse(.requestRefused)),
        FailureRule("UnsupportedProtocol", .refuse(.requestRefused)),
        FailureRule("UnsupportedRegion", .refuse(.requestRefused), "check tencent.region, or leave it out"),
        FailureRule("InvalidParameter", .refuse(.requestRefused)),
        FailureRule(
            "InvalidParameter.ViolationContent", .refuse(.contentRefused), "prompt or image was refused by moderation"),
        FailureRule("InvalidParameter.ModelNotSupported", .refuse(.requestRefused), "check model and model_version"),
        FailureRule("InvalidParameter.InvalidUrl", .refuse(.requestRefused), "image URLs must be publicly reachable"),
        FailureRule("InvalidParameter.InputInfo", .refuse(.requestRefused)),
        FailureRule("InvalidParameter.NoInputSpecified", .refuse(.requestRefused)),
        FailureRule("InvalidParameter.Value", .refuse(.requestRefused)),
        FailureRule("InvalidParameterValue", .refuse(.requestRefused)),
        FailureRule("InvalidParameterValue.ImageContent", .refuse(.requestRefused)),
        FailureRule("InvalidParameterValue.Resolution", .refuse(.requestRefused)),
        FailureRule("InvalidParameterValue.SrcFile", .refuse(.requestRefused)),
    ]

    private static let unregistered = "activate MPS for this account"

    private static let things = [
        // It is unverified which of the three codes an unknown task id gets.
        FailureRule("InvalidParameterValue.TaskId", .missing, taskAdvice),
        FailureRule("FailedOperation.TaskNotFound", .missing, taskAdvice),
        FailureRule("ResourceNotFound.TaskNotFound", .missing, taskAdvice),
        FailureRule("ResourceNotFound", .missing),
        FailureRule("InvalidParameterValue.UserUnRegister", .refuse(.billing), unregistered),
        FailureRule("ResourceNotFound.UserUnregister", .refuse(.billing), unregistered),
        FailureRule("FailedOperation.InvalidMpsUser", .refuse(.billing), unregistered),
        FailureRule("FailedOperation.InvalidUser", .refuse(.billing), unregistered),
        FailureRule("FailedOperation.UserArrears", .refuse(.billing), "the account is in arrears"),
        FailureRule("FailedOperation.CosStatusInavlid", .refuse(.billing), "the account's COS is not usable"),
        FailureRule("ResourceNotFound.CosBucketNameInvalid", .refuse(.requestRefused), "check cos_bucket"),
        FailureRule("ResourceNotFound.CosBucketNotExist", .refuse(.requestRefused), "check cos_bucket and cos_region"),
        FailureRule(
            "ResourceNotFound.DownloadError", .refuse(.requestRefused), "image URLs must be publicly reachable"),
    ]

    private static let taskAdvice = "tasks are kept for 7 days, and only by the site and account that made them"

    private static let faults = [
        FailureRule("InternalError", .fault),
        FailureRule("InternalError.AccessDBError", .fault),
        FailureRule("ServiceUnavailable", .fault),
        // The operation ran and something in it failed: a task may be left behind.
        FailureRule("FailedOperation", .fault),
        FailureRule("FailedOperation.CreateAIGCTaskFailed", .fault),
        FailureRule("FailedOperation.QueryAIGCTaskFailed", .fault),
        FailureRule("FailedOperation.NetWorkError", .fault),
        FailureRule("FailedOperation.GenerateResource", .fault),
        // Executed, but the answer was too long to be sent.
        FailureRule("ResponseSizeLimitExceeded", .fault),
    ]
}
