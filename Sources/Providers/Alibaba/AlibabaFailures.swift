internal import Core

/// The codes of Alibaba's gateway and of the service behind it. Their HTTP status differs from page to page and is not
/// looked at where a code is known.
enum AlibabaFailures {
    static let table = FailureTable(
        rules: [
            // The service.
            FailureRule("B_PARAMETER_NOT_FOUND_EXCEPTION", .refuse(.requestRefused), "a required parameter is missing"),
            FailureRule(
                "B_PERMISSION_DENIED_EXCEPTION", .refuse(.permission),
                "the key may not use this resource, or it belongs to another account"),
            FailureRule(
                "B_DATA_NOT_FOUND_EXCEPTION", .missing,
                "check the id; jobs of the two families (inference, pre_model_inference) are not exchanged"),
            FailureRule("B_MODEL_TRAIN_JOB_NOT_EXIST", .missing, "check the id of the model"),
            FailureRule("UNKNOWN_ERROR", .fault),

            // Signatures and keys.
            FailureRule(
                "SignatureDoesNotMatch", .refuse(.auth),
                "the secret does not belong to the AccessKey id, or something on the way changed the request"),
            FailureRule("IncompleteSignature", .refuse(.auth), "something on the way removed or changed headers"),
            FailureRule("InvalidSignatureMethod", .refuse(.auth)),
            // A copy of the request was there before, and may have been executed.
            FailureRule("SignatureNonceUsed", .fault),
            FailureRule("InvalidTimeStamp.Expired", .clock, "set the clock of this machine"),
            FailureRule("InvalidTimeStamp.Format", .refuse(.auth)),
            FailureRule("InvalidTimeStamp", .refuse(.auth)),
            FailureRule("IllegalTimestamp", .refuse(.auth)),
            FailureRule(
                "InvalidAccessKeyId.NotFound", .refuse(.auth),
                "the AccessKey id does not exist, or its temporary credentials have ended"),
            FailureRule("InvalidAccessKeyId.Inactive", .refuse(.auth), "the AccessKey is disabled"),
            FailureRule("InvalidAccessKeyId", .refuse(.auth)),
            FailureRule("InvalidSecurityToken.Expired", .stale, "the security token has expired"),
            FailureRule("InvalidSecurityToken.Malformed", .stale),
            FailureRule("InvalidSecurityToken.MismatchWithAccessKey", .stale, "token and AccessKey id do not match"),
            FailureRule("InvalidSecurityToken", .stale),
            FailureRule(
                "MissingSecurityToken", .stale, "the AccessKey id is a temporary one and needs its security token"),

            // Rights.
            FailureRule("Forbidden.RAM", .refuse(.permission), "let a RAM policy of the key allow this action"),
            FailureRule("Forbidden", .refuse(.permission), "let a RAM policy of the key allow this action"),
            FailureRule("NoPermission", .refuse(.permission), "let a RAM policy of the key allow this action"),

            // Rates.
            FailureRule("Throttling.User", .throttle),
            FailureRule("Throttling.Api", .throttle),
            FailureRule("Throttling", .throttle),

            // The call itself.
            FailureRule("InvalidApi.NotFound", .refuse(.requestRefused), "check alibaba.endpoint"),
            FailureRule("InvalidProduct.NotFound", .refuse(.requestRefused), "check alibaba.endpoint"),
            FailureRule("InvalidAction.NotFound", .refuse(.requestRefused), "check alibaba.endpoint"),
            FailureRule("InvalidVersion", .refuse(.requestRefused), "check alibaba.endpoint"),
            FailureRule(
                "InvalidProtocol.NeedSsl", .refuse(.requestRefused), "let alibaba.endpoint start with https://"),
            FailureRule("UnsupportedContentType", .refuse(.requestRefused)),
            FailureRule("InvalidParameter", .refuse(.requestRefused)),
            FailureRule("MissingParameter", .refuse(.requestRefused)),

            // The provider's own faults.
            FailureRule("InternalError", .fault),
            FailureRule("ServiceUnavailable", .fault),
        ],
        trustsServerErrors: true)
}
