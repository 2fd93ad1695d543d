public import Core
private import Synchronization

/// The sources of one provider in their order. The first source that gives credentials stays in use: later calls renew
/// from it and never change to another identity. The search does not change identity either: if a configured source
/// fails for a while, the chain waits for it and does not skip it. One call at a time.
public final class CredentialChain: CredentialResolver {
    let plan: CredentialPlan
    private let sources: [any CredentialSource]
    private let context: CredentialContext
    private let settled = Mutex<(any CredentialSource)?>(nil)

    /// - `explicit`: from the configuration; wins over everything.
    /// - `environment`: a snapshot (`ProcessEnvironment.snapshot()`), taken when the client is made.
    public convenience init(
        plan: CredentialPlan, explicit: Credentials?, environment: [String: String], transport: any BlockingTransport,
        settings: CredentialSettings = .init()
    ) {
        self.init(
            plan: plan, explicit: explicit,
            context: CredentialContext(environment: environment, transport: transport, settings: settings))
    }

    public init(plan: CredentialPlan, explicit: Credentials?, context: CredentialContext) {
        self.plan = plan
        self.context = context
        sources = plan.chain(explicit, context)
    }

    init(plan: CredentialPlan, sources: [any CredentialSource], context: CredentialContext) {
        self.plan = plan
        self.context = context
        self.sources = sources
    }

    public var provider: String { plan.provider }

    public func resolve() -> Resolution {
        let result = find(context)
        let source = settled.withLock { $0 }
        return Resolution(
            result, aheadMilliseconds: source?.refreshAheadMilliseconds ?? 0, foundIn: source?.name,
            warnings: context.warnings.take())
    }

    /// Credentials of the source that has given some before, else of the first that has any.
    func find(_ context: CredentialContext) -> Result<Credentials, Failure> {
        if let source = settled.withLock({ $0 }) { return renew(from: source, context) }
        var tried: [String] = []
        var isTransient = false
        for (place, source) in sources.enumerated() {
            do throws(CredentialUnavailable) {
                let found = try source.fetch(context)
                settled.withLock { $0 = source }
                warn(of: place, context)
                return .success(found)
            } catch {
                let isSkipped = error.kind == .absent || (source.isProbe(context) && !error.isOfNamedRole)
                guard isSkipped else { return .failure(stop(at: source, error)) }
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

    /// The order is that of the vendor's tools. A file in its usual place or a metadata service is used although nothing in
    /// this process names it: who has set something else may not expect that account to pay.
    private func warn(of found: Int, _ context: CredentialContext) {
        let source = sources[found]  // safe: an index of sources
        if let name = context.settings.emptyKeys[provider], !(source is StaticSource) {
            context.warnings.add(
                "the credentials for \(provider) are those of \(source.name), although \(name) is set: it is empty, which "
                    + "counts as not set")
        }
        guard !(source is StaticSource), !(source is EnvironmentSource), source.whatIsSet(context) == nil else {
            return
        }
        for other in sources {
            guard let text = other.whatIsSet(context) else { continue }
            context.warnings.add("the credentials for \(provider) are those of \(source.name), although \(text)")
        }
    }

    /// This source is configured: the next source would be another identity, and another account would pay.
    private func stop(at source: any CredentialSource, _ error: CredentialUnavailable) -> Failure {
        let isTransient = error.kind == .transient
        return Failure(
            .noCredentials,
            "looking for credentials for \(provider): \(source.name) is set up and "
                + "\(isTransient ? "gives none for now" : "cannot be used"): \(error.reason)\(whyAlone(source))",
            isRetryable: isTransient)
    }

    /// Variables with good keys may be set: nobody shall wonder why they do not count.
    private func whyAlone(_ source: any CredentialSource) -> String {
        guard context.settings.profile != nil, !(source is StaticSource) else { return "" }
        return "; because credentials.profile is set, no variables with keys and no other source count"
    }

    /// A file or a variable lacks a value that it had before: a tool may be writing it at this moment.
    private func renew(
        from source: any CredentialSource, _ context: CredentialContext
    ) -> Result<Credentials, Failure> {
        do throws(CredentialUnavailable) {
            return .success(try source.fetch(context))
        } catch {
            let mayPass = !error.isOfServer || error.kind == .transient || error.kind == .nobody
            if !error.isOfServer && (error.kind == .wrong || error.kind == .absent) {
                context.warnings.add(
                    "\(source.name) gave credentials before and gives none now: \(error.reason); it is read again until it does"
                )
            }
            return .failure(
                Failure(
                    .noCredentials,
                    "renewing the credentials for \(provider) from \(source.name): \(error.reason)",
                    isRetryable: mayPass))
        }
    }
}
