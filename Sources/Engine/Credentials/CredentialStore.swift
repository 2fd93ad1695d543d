internal import Core

/// Looks for credentials on a worker, and notes which credentials are in use. `CallScheduler` decides when.
/// Engine thread.
final class CredentialStore {
    private let resolvers: [String: any CredentialResolver]
    private let worker: any Worker
    private let mailbox: Mailbox

    init(_ resolvers: [String: any CredentialResolver], worker: any Worker, _ mailbox: Mailbox) {
        self.resolvers = resolvers
        self.worker = worker
        self.mailbox = mailbox
    }

    /// The answer comes as a command.
    func resolve(_ provider: String) {
        guard let resolver = resolvers[provider] else {
            let none = Failure(.noCredentials, "No credentials for \(provider) are configured")
            mailbox.postInternal(.resolved(provider, Resolution(.failure(none))))
            return
        }
        let mailbox = self.mailbox
        worker.run {
            mailbox.postInternal(.resolved(provider, resolver.resolve()))
        }
    }

    /// The credentials in use, for reports.
    func note(_ current: Credentials?, of provider: String, foundIn: String?) {
        guard let current else { return }
        let note = CredentialNote(
            id: current.id, source: current.source, foundIn: foundIn ?? current.source,
            isTemporary: current.token != nil,
            expiresAtMilliseconds: current.expiresAtMilliseconds)
        mailbox.lock.withLock { mailbox.credentialNotes[provider] = note }
    }
}

/// The credentials that a client uses for a provider. Holds no secret.
public struct CredentialNote: Equatable, Sendable {
    public let id: String
    /// In the provider's words ("default/env"), and in this library's words ("environment").
    public let source: String
    public let foundIn: String
    public let isTemporary: Bool
    /// Unix milliseconds; 0 is never.
    public let expiresAtMilliseconds: Int64
}
