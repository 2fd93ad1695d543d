internal import Core

/// The credentials of one provider: one generation at a time, refreshed ahead of their end by one request at a time while
/// the old ones still serve. Engine thread only; the slow part runs on a worker.
struct CredentialState {
    enum Answer {
        case ready(Credentials)
        /// Ask again when a resolution has ended.
        case wait
        case failed(Failure)
    }

    /// Who gives the credentials.
    private enum Origin {
        case resolver
        /// The host, and only the host can renew them. `isRefused`: the provider has refused them. `isHostAsked`: the host
        /// has been asked for new ones.
        case host(isRefused: Bool, isHostAsked: Bool)
    }

    /// The search of the resolver. A search that began before the host gave credentials still ends after that.
    private struct Search {
        var isRunning = false
        var failure: Failure?
        var retryAt: Int64 = .min
        var renewAt: Int64 = .min
    }

    private(set) var current: Credentials?
    private var origin = Origin.resolver
    private var search = Search()
    /// Credentials that end within this are renewed while they still serve; within the margin they are not used.
    private var ahead: Int64 = 0
    private var margin: Int64 = 0

    /// The credentials are the host's, and only the host can renew them.
    var isPushed: Bool { if case .host = origin { true } else { false } }

    /// The time before the end, unless the source asks for another time.
    private static let usualAhead: Int64 = 300_000
    private static let longestMargin: Int64 = 5_000
    private static let failureRest: Int64 = 1_000_000_000
    private static let renewalRest: ClosedRange<Int64> = 1_000...60_000

    /// The credentials for a call, and the next action.
    struct Asked {
        let answer: Answer
        /// Start a resolution.
        var startsResolving = false
        /// Ask the host for new credentials.
        var needsHost = false
    }

    mutating func ask(at now: Int64, unixMilliseconds: Int64) -> Asked {
        var starts = false
        if let current {
            let left = Self.left(current, unixMilliseconds)
            let serves = left > margin
            if case .host(let isRefused, _) = origin {
                let needsHost = needsOthers(unixMilliseconds)
                if serves && !isRefused { return Asked(answer: .ready(current), needsHost: needsHost) }
                let failure = Failure(
                    .auth,
                    "Credentials given by aigc_client_set_credentials() have \(serves ? "been refused" : "ended"): "
                        + "give new ones", isRetryable: true)
                return Asked(answer: .failed(failure), needsHost: needsHost)
            }
            if left <= ahead && !search.isRunning && now >= search.renewAt {
                search.isRunning = true
                starts = true
            }
            if serves { return Asked(answer: .ready(current), startsResolving: starts) }
        }
        if search.isRunning { return Asked(answer: .wait, startsResolving: starts) }
        if let failure = search.failure, now < search.retryAt { return Asked(answer: .failed(failure)) }
        search.isRunning = true
        return Asked(answer: .wait, startsResolving: true)
    }

    /// `aheadMilliseconds`: how long before their end to renew the credentials; 0: the source does not say.
    mutating func resolved(
        _ result: Result<Credentials, Failure>, aheadMilliseconds: Int64, at now: Int64, unixMilliseconds: Int64
    ) {
        search.isRunning = false
        guard !isPushed else { return }  // the host was faster
        search.retryAt = now.adding(Self.failureRest)
        switch result {
        case .success(let fresh):
            search.failure = Failure(
                .auth,
                "The credentials that were found (\(fresh.source)) have already ended: renew them at their source, "
                    + "or set this machine's clock", isRetryable: true)
            if let current, current.id == fresh.id, current.expiresAtMilliseconds == fresh.expiresAtMilliseconds {
                // A metadata service gives new credentials at a time of its own, and the same credentials until then.
                self.current = fresh
                rest(at: now, unixMilliseconds)
            } else {
                take(fresh, aheadMilliseconds, unixMilliseconds)
                search.renewAt = .min
            }
        case .failure(let failure):
            search.failure = failure
            rest(at: now, unixMilliseconds)
        }
    }

    /// When to ask the host for new credentials, in Unix milliseconds; nil: never.
    mutating func push(_ credentials: Credentials, unixMilliseconds: Int64) -> Int64? {
        take(credentials, 0, unixMilliseconds)
        origin = .host(isRefused: false, isHostAsked: false)
        search.failure = nil
        return credentials.expiresAtMilliseconds == 0 ? nil : credentials.expiresAtMilliseconds.adding(-ahead)
    }

    /// True once, when the host must be asked for new credentials.
    mutating func needsOthers(_ unixMilliseconds: Int64) -> Bool {
        guard case .host(let isRefused, isHostAsked: false) = origin, let current,
            isRefused || Self.left(current, unixMilliseconds) <= ahead
        else { return false }
        origin = .host(isRefused: isRefused, isHostAsked: true)
        return true
    }

    /// The provider says that the credentials have ended: the next call gets new ones. True if the host must be asked.
    mutating func refused(_ used: Credentials) -> Bool {
        guard let current, Self.same(current, used) else { return false }
        if case .host(_, let wasAsked) = origin {
            // Not used again: calls fail before the wire until the host has given new credentials.
            origin = .host(isRefused: true, isHostAsked: true)
            return !wasAsked
        }
        self.current = nil
        search.failure = nil
        search.retryAt = .min
        return false
    }

    /// Two objects can hold the same credentials: a source without new credentials gives the old ones again.
    private static func same(_ one: Credentials, _ other: Credentials) -> Bool {
        one.id == other.id
            && (one.secret === other.secret
                || one.secret.withBytes { bytes in other.secret.withBytes { bytes.elementsEqual($0) } })
    }

    /// Credentials with a shorter life than the look-ahead are renewed after half of their life, not for each call.
    private mutating func take(_ fresh: Credentials, _ aheadMilliseconds: Int64, _ unixMilliseconds: Int64) {
        current = fresh
        let life = max(0, Self.left(fresh, unixMilliseconds))
        ahead = min(aheadMilliseconds > 0 ? aheadMilliseconds : Self.usualAhead, life / 2)
        margin = min(Self.longestMargin, life / 10)
    }

    /// A renewal has brought nothing: the next one comes after a quarter of the remaining time, so renewals come more
    /// often near the end, and never for each call.
    private mutating func rest(at now: Int64, _ unixMilliseconds: Int64) {
        let left = current.map { Self.left($0, unixMilliseconds) } ?? 0
        let pause = min(max(left / 4, Self.renewalRest.lowerBound), Self.renewalRest.upperBound)
        search.renewAt = now.adding(.nanoseconds(milliseconds: pause))
    }

    private static func left(_ credentials: Credentials, _ unixMilliseconds: Int64) -> Int64 {
        credentials.expiresAtMilliseconds == 0
            ? .max : credentials.expiresAtMilliseconds.adding(-unixMilliseconds)
    }
}
