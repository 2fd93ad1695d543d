internal import Core

/// The credentials of one provider: one generation at a time, refreshed ahead of their end by one request at a time while
/// the old ones still serve. Engine thread only; the slow part runs on a worker.
struct CredentialDesk {
    enum Answer {
        case ready(Credentials)
        /// Ask again when a resolution has ended.
        case wait
        case failed(Failure)
    }

    private(set) var current: Credentials?
    private var resolving = false
    private var pushed = false
    private var failure: Failure?
    private var retryAt: Int64 = .min
    private var renewAt: Int64 = .min
    private var needTold = false
    /// The provider has refused what the host has given.
    private var pushedRefused = false

    /// Credentials that end within this are renewed while they still serve.
    private static let aheadMilliseconds: Int64 = 300_000
    /// Credentials that end within this are not used any more.
    private static let marginMilliseconds: Int64 = 5_000
    private static let failureRest: Int64 = 1_000_000_000
    /// While credentials that live shorter than the look ahead still serve, their source is asked this often.
    private static let renewalRest: Int64 = 30_000_000_000

    /// `startResolving` is set when the caller is to start a resolution, `needed` when the host is to be asked.
    mutating func ask(
        at now: Int64, unixMilliseconds: Int64, startResolving: inout Bool, needed: inout Bool
    ) -> Answer {
        if let current {
            let left = current.expiresAtMilliseconds == 0
                ? Int64.max : current.expiresAtMilliseconds.adding(-unixMilliseconds)
            let serves = left > Self.marginMilliseconds
            if pushed {
                if (left <= Self.aheadMilliseconds || pushedRefused) && !needTold {
                    needTold = true
                    needed = true
                }
                if serves && !pushedRefused { return .ready(current) }
                return .failed(
                    Failure(
                        .auth,
                        "Credentials given by aigc_client_set_credentials() have \(serves ? "been refused" : "ended"): "
                            + "give new ones", isRetryable: true))
            }
            if left <= Self.aheadMilliseconds && !resolving && now >= renewAt {
                resolving = true
                startResolving = true
            }
            if serves { return .ready(current) }
        }
        if resolving { return .wait }
        if let failure, now < retryAt { return .failed(failure) }
        resolving = true
        startResolving = true
        return .wait
    }

    mutating func resolved(_ result: Result<Credentials, Failure>, at now: Int64) {
        resolving = false
        guard !pushed else { return }  // the host was faster
        switch result {
        case .success(let fresh):
            current = fresh
            failure = Failure(
                .auth, "The credentials that were found (\(fresh.source)) have already ended: renew them at their source, "
                    + "or set this machine's clock", isRetryable: true)
            renewAt = now.adding(Self.renewalRest)
        case .failure(let failure):
            self.failure = failure
            renewAt = now.adding(Self.failureRest)
        }
        retryAt = now.adding(Self.failureRest)
    }

    mutating func push(_ credentials: Credentials) {
        current = credentials
        pushed = true
        pushedRefused = false
        needTold = false
        failure = nil
    }

    /// The provider says that these have ended: the next call gets others. True if the host is to be asked for them.
    mutating func refused(_ used: Credentials) -> Bool {
        guard let current, current.secret === used.secret else { return false }
        if pushed {
            // Not offered again: calls fail before the wire until the host has given others.
            pushedRefused = true
            let tell = !needTold
            needTold = true
            return tell
        }
        self.current = nil
        failure = nil
        retryAt = .min
        return false
    }
}
