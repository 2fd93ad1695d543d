internal import Core

extension TransferFailure {
    /// As the caller sees it. Retryable where another try could end otherwise.
    func asFailure(httpStatus: Int) -> Failure {
        let status: Status
        var isRetryable = true
        switch kind {
        case .resolve, .connect, .proxy, .send, .receive, .timeout, .emptyReply, .cutReply: status = .network
        case .tls: status = .tls
        case .malformedReply: status = .badResponse
        case .tooLarge: (status, isRetryable) = (.tooLarge, false)
        case .addressRefused: (status, isRetryable) = (.addressRefused, false)
        case .badURL: (status, isRetryable) = (.invalidArgument, false)
        case .resources: status = .noResources
        case .cancelled: (status, isRetryable) = (.cancelled, false)
        case .sink, .departure: (status, isRetryable) = (.internal, false)
        }
        return Failure(status, "Downloading an image: \(detail)", httpStatus: httpStatus, isRetryable: isRetryable)
    }
}
