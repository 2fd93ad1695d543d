public import Core
private import Synchronization

/// The sources of one provider in their order. The first that gives is kept to: later calls renew from it and never
/// wander to another identity. Neither does the search: a source that is set up and fails for a while is waited for, and
/// not passed over for the identity that comes after it. One call at a time.
public final class CredentialChain: CredentialResolver {
    public let provider: String
    private let sources: [any CredentialSource]
    private let context: CredentialContext
    private let settled = Mutex<(any CredentialSource)?>(nil)

    /// - `provider`: "alibaba" or "tencent". `explicit`: from the configuration; wins over everything.
    /// - `environment`: a snapshot (`ProcessEnvironment.snapshot()`), taken when the client is made.
    public convenience init(
        provider: String, explicit: Credentials?, environment: [String: String], transport: any BlockingTransport,
        settings: CredentialSettings = .init()
    ) {
        self.init(
            provider: provider, explicit: explicit,
            context: CredentialContext(environment: environment, transport: transport, settings: settings))
    }

    public init(provider: String, explicit: Credentials?, context: CredentialContext) {
        self.provider = provider
        self.context = context
        sources = Chains.sources(provider: provider, explicit: explicit, context: context)
    }

    init(provider: String, sources: [any CredentialSource], context: CredentialContext) {
        self.provider = provider
        self.context = context
        self.sources = sources
    }

    /// The source that has given credentials, for people; nil before.
    public var sourceName: String? { settled.withLock { $0?.name } }

    /// How long before their end the credentials of that source are to be renewed, in milliseconds; 0 before.
    public var refreshAheadMilliseconds: Int64 { settled.withLock { $0?.refreshAheadMilliseconds ?? 0 } }

    /// What a user should know though credentials were found (a file that everybody can read). Each is told once.
    public func takeWarnings() -> [String] { context.warnings.take() }

    public func resolve() -> Result<Credentials, Failure> { resolve(context) }

    /// The same with another context.
    public func resolve(_ context: CredentialContext) -> Result<Credentials, Failure> {
        if let source = settled.withLock({ $0 }) {
            do throws(CredentialUnavailable) {
                return .success(try source.fetch(context))
            } catch {
                return .failure(
                    Failure(
                        .noCredentials,
                        "renewing the credentials for \(provider) from \(source.name): \(error.reason)",
                        isRetryable: error.kind == .transient || error.kind == .nobody))
            }
        }
        var tried: [String] = []
        var isTransient = false
        for source in sources {
            do throws(CredentialUnavailable) {
                let found = try source.fetch(context)
                settled.withLock { $0 = source }
                return .success(found)
            } catch {
                if error.kind == .transient && !source.isProbe {
                    return .failure(
                        Failure(
                            .noCredentials,
                            "looking for credentials for \(provider): \(source.name) is set up and gives none for now: "
                                + error.reason, isRetryable: true))
                }
                tried.append("\(source.name): \(error.reason)")
                isTransient = isTransient || error.kind == .transient
            }
        }
        return .failure(
            Failure(
                .noCredentials,
                "looking for credentials for \(provider): none found. Tried " + tried.joined(separator: "; "),
                isRetryable: isTransient))
    }
}
