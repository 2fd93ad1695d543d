internal import CPlatform
internal import Core

/// What an endpoint's last answer said about the time.
public struct ServerDate: Equatable, Sendable {
    /// The header as it came.
    public let text: String
    /// When it came, by this machine's clock, in Unix milliseconds.
    public let arrivedAtMilliseconds: Int64
}

extension EngineCore {
    /// Kept as text: it is read only when somebody asks for it.
    func noteDate(_ reply: HTTPReply, of endpoint: String) {
        guard let text = reply.headers["date"] else { return }
        let date = ServerDate(text: text, arrivedAtMilliseconds: clock.unixMilliseconds())
        shared.counting.withLock { shared.serverDates[endpoint] = date }
    }
}
