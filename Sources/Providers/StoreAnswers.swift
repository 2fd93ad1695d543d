internal import Core

/// Reads the errors of the stores behind image URLs: COS, S3 and similar stores, and the gateways in front of them.
enum StoreAnswers {
    private static let table = FailureTable(
        rules: [
            FailureRule(
                "AccessDenied", .refuse(.permission), "the URL is not signed for this, or the bucket is private"),
            FailureRule("ExpiredToken", .ended),
            FailureRule("TokenExpired", .ended),
            FailureRule("RequestTimeTooSkewed", .ended),
            FailureRule("InvalidAccessKeyId", .refuse(.permission)),
            FailureRule("SignatureDoesNotMatch", .refuse(.permission), "the URL was changed; use it as it was given"),
            FailureRule("InvalidObjectState", .refuse(.permission)),
            FailureRule("NoSuchBucket", .missing),
            FailureRule("NoSuchKey", .missing),
            FailureRule("NoSuchVersion", .missing),
            FailureRule("NoSuchUpload", .missing),
            FailureRule("SlowDown", .throttle),
            FailureRule("TooManyRequests", .throttle),
            FailureRule("RequestTimeout", .fault),
            FailureRule("InvalidRange", .fault),
            FailureRule("PreconditionFailed", .fault),
            FailureRule("InternalError", .fault),
            FailureRule("ServiceUnavailable", .fault),
        ],
        trustsServerErrors: false)

    /// As `table`, where the request carried a signature of ours: then the key is at fault and not the URL.
    private static let signedTable = FailureTable(
        rules: [
            FailureRule(
                "AccessDenied", .refuse(.permission), "let a CAM policy of the key allow cos:GetObject on this bucket"),
            FailureRule("RequestTimeTooSkewed", .clock, "set the clock of this machine"),
            FailureRule("ExpiredToken", .stale, "the temporary token has ended"),
            FailureRule("TokenExpired", .stale, "the temporary token has ended"),
            FailureRule("InvalidToken", .stale, "the temporary token is wrong"),
            FailureRule("InvalidAccessKeyId", .refuse(.auth), "the SecretId does not exist or is disabled"),
            FailureRule(
                "SignatureDoesNotMatch", .refuse(.auth),
                "the SecretKey does not belong to the SecretId, or something on the way changed the request"),
        ] + table.rules, trustsServerErrors: false)

    private static let stale = FailureTable(
        rules: [FailureRule("AccessDenied", .stale, "the temporary token has ended")], trustsServerErrors: false)
    private static let late = FailureTable(
        rules: [FailureRule("AccessDenied", .clock, "set the clock of this machine")], trustsServerErrors: false)

    /// What an answer means that came from a private bucket, to a signed request, and is no image. Objects of a bucket
    /// stay there: one that is missing does not come back with a fresh URL.
    static func failure(signedBy call: ProviderCall, _ reply: HTTPReply) -> CallFailure {
        let reader = ReplyReader(call, reply, requestIDHeader: requestIDHeader(reply))
        if reader.isSuccessStatus { return reader.unreadable("it is no image", status: .notAnImage) }
        guard let error = XMLError(reply.body) else { return withoutXML(reader, isSigned: true) }
        let report = ErrorReport(
            code: error.code, message: error.message, requestID: error.requestID, meaningWithoutStatus: .fault)
        // Our signatures are minutes old at most: "Request has expired" is a matter of clocks, or of the token.
        let words = error.code == "AccessDenied" ? error.message ?? "" : ""
        guard ASCIIText.contains(words, "expired") else { return reader.failure(report, signedTable) }
        return reader.failure(report, ASCIIText.contains(words, "token") ? stale : late)
    }

    /// What an answer means that came from a plain image URL and is no image. The URL itself is not in the message: its
    /// query can be a signature.
    static func failure(provider: String, _ reply: HTTPReply) -> CallFailure {
        let call = ProviderCall(
            kind: .asset, provider: provider, action: "image URL", endpoint: "its host", region: "", method: .get,
            path: "/")
        let reader = ReplyReader(call, reply, requestIDHeader: requestIDHeader(reply))
        if reader.isSuccessStatus {
            return reader.unreadable("it is no image", status: .notAnImage)
        }
        guard let error = XMLError(reply.body) else { return withoutXML(reader) }
        let report = ErrorReport(
            code: error.code, message: error.message, requestID: error.requestID, meaningWithoutStatus: .fault)
        // "Request has expired" comes as AccessDenied.
        if error.code == "AccessDenied", let message = error.message, ASCIIText.contains(message, "expired") {
            return reader.failure(report, ended)
        }
        return gone(reader.failure(report, table))
    }

    private static let ended = FailureTable(
        rules: [FailureRule("AccessDenied", .ended, "the URL has run out: ask for the job again")],
        trustsServerErrors: true)

    /// A thing that a URL of the provider's led to and that is not there has most likely run out: a fresh URL is worth
    /// one question. What the caller is told stays "not found", which is what the store said.
    private static func gone(_ failed: CallFailure) -> CallFailure {
        guard failed.kind == .notFound else { return failed }
        var failed = failed
        failed.kind = .expired
        failed.failure.message += "; images are kept for hours only (12 on Tencent)"
        return failed
    }

    private static func withoutXML(_ reader: ReplyReader, isSigned: Bool = false) -> CallFailure {
        let isEmpty = reader.reply.body.isEmpty
        switch reader.reply.status {
        case 404 where isEmpty, 410:
            let report = ErrorReport(code: "NoSuchKey", meaningWithoutStatus: .fault)
            var failed = reader.failure(report, table)
            if !isSigned { failed = gone(failed) }
            failed.failure.providerCode = nil
            return failed
        case 429:
            let report = ErrorReport(code: "TooManyRequests", meaningWithoutStatus: .fault)
            var failed = reader.failure(report, table)
            failed.failure.providerCode = nil
            return failed
        default:
            return reader.unreadable(
                isEmpty ? "an error status without a body" : "an error status without the store's XML")
        }
    }

    private static func requestIDHeader(_ reply: HTTPReply) -> String? {
        ["x-cos-request-id", "x-oss-request-id", "x-amz-request-id"].first { reply.headers[$0] != nil }
    }
}
