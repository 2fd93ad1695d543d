/// The time when the host is asked for new credentials, whether or not a call is made.
final class CredentialAlarm: TimerNode {
    let provider: String
    /// Unix milliseconds: the wall clock counts, and it can be set while the timer runs.
    var askAt: Int64 = .max

    init(provider: String) {
        self.provider = provider
        super.init()
    }
}
