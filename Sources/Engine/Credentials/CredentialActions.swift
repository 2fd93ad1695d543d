internal import Core

/// When the host is to be asked for new credentials, whether or not a call is made until then.
final class CredentialAlarm: TimerNode {
    let provider: String
    /// Unix milliseconds: the wall clock counts, and it can be set while the timer runs.
    var askAt: Int64 = .max

    init(provider: String) {
        self.provider = provider
        super.init()
    }
}

/// Finding, renewing and taking credentials.
extension EngineCore {
    func resolve(_ provider: String) {
        guard let resolver = resolvers[provider] else {
            let none = Failure(.noCredentials, "No credentials for \(provider) are configured")
            shared.postInternal(.resolved(provider, Resolution(.failure(none))))
            return
        }
        let shared = shared
        credentialWorker.run {
            shared.postInternal(.resolved(provider, resolver.resolve()))
        }
    }

    func resolved(_ provider: String, _ resolution: Resolution) {
        scheduler.handle(
            .credentials(
                provider, .found(resolution.result, aheadMilliseconds: resolution.aheadMilliseconds)),
            at: clock.instant, into: &callActions)
        note(provider, foundIn: resolution.foundIn)
        observeLookup(provider, resolution.result, foundIn: resolution.foundIn)
        if !resolution.warnings.isEmpty {
            shared.lock.withLock {
                for text in resolution.warnings { shared.events.pushWarning(text, of: provider) }
                shared.announce()
            }
        }
    }

    func taken(_ provider: String, _ credentials: Credentials) {
        scheduler.handle(.credentials(provider, .given(credentials)), at: clock.instant, into: &callActions)
        note(provider, foundIn: "aigc_client_set_credentials()")
    }

    func tellNeed(of provider: String) {
        shared.lock.withLock {
            shared.events.pushNeed(of: provider)
            shared.announce()
        }
    }

    /// For those who ask what is in use.
    private func note(_ provider: String, foundIn: String?) {
        guard let current = scheduler.credentials(of: provider) else { return }
        let note = CredentialNote(
            id: current.id, source: current.source, foundIn: foundIn ?? current.source,
            isTemporary: current.token != nil,
            expiresAtMilliseconds: current.expiresAtMilliseconds)
        shared.lock.withLock { shared.credentialNotes[provider] = note }
    }
}

/// Which credentials a client uses for a provider. Holds no secret.
public struct CredentialNote: Equatable, Sendable {
    public let id: String
    /// In the provider's words ("default/env"), and in ours ("environment").
    public let source: String
    public let foundIn: String
    public let isTemporary: Bool
    /// Unix milliseconds; 0 is never.
    public let expiresAtMilliseconds: Int64
}
