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
    /// Kept as text: it is read only when somebody asks for it. It counts seconds, and so the first of its kind in one is
    /// as good as any.
    func noteDate(_ reply: HTTPReply, of endpoint: String) {
        let now = clock.unixMilliseconds()
        if let noted = datesNoted[endpoint], noted == now / 1_000 { return }
        guard let text = reply.headers["date"] else { return }
        datesNoted[endpoint] = now / 1_000
        shared.lock.withLock { shared.serverDates[endpoint] = ServerDate(text: text, arrivedAtMilliseconds: now) }
    }
}
