internal import Core

/// The meaning of a transfer without an answer.
extension TransferFailure {
    func meaning(doing: String) -> CallFailure {
        let status: Status
        var what: String
        switch kind {
        case .resolve: (status, what) = (.network, "the host name could not be resolved")
        case .connect: (status, what) = (.network, "no connection")
        case .tls: (status, what) = (.tls, "no trusted TLS connection")
        case .proxy: (status, what) = (.network, "the proxy did not connect")
        case .send: (status, what) = (.network, "sending failed")
        case .receive: (status, what) = (.network, "receiving failed")
        case .timeout: (status, what) = (.network, "time ran out")
        case .emptyReply: (status, what) = (.network, "the connection was closed without an answer")
        case .cutReply: (status, what) = (.network, "the answer was cut")
        case .tooLarge:
            (status, what) = (.tooLarge, "the answer is larger than http.max_reply_bytes, or has too many headers")
        case .addressRefused:
            what = "the host has a private, loopback or link-local address; if it is your own bucket, name its host in"
            what += " tencent.cos_hosts and give its own URL; download.allow_private_addresses lifts the rule for all"
            status = .addressRefused
        case .malformedReply: (status, what) = (.badResponse, "the answer is not HTTP")
        case .badURL: (status, what) = (.badResponse, "the URL is not usable")
        case .resources: (status, what) = (.noResources, "this machine is out of memory or descriptors")
        case .cancelled: (status, what) = (.cancelled, "it was cancelled")
        case .sink: (status, what) = (.internal, "the image could not be stored")
        case .departure: (status, what) = (.journal, "the request was not sent")
        }
        if !detail.isEmpty { what += " (\(detail))" }
        let failureKind: FailureKind
        switch kind {
        case .addressRefused where !requestMayHaveLeft, .badURL where !requestMayHaveLeft,
            .departure where !requestMayHaveLeft:
            failureKind = .local
        default: failureKind = requestMayHaveLeft ? .transient : .notSent
        }
        return CallFailure(
            failureKind, Failure(status, "\(doing): \(what)", isRetryable: failureKind != .local))
    }
}
