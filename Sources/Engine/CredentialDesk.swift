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
    private var needTold = false

    /// Credentials that end within this are renewed while they still serve.
    private static let aheadMilliseconds: Int64 = 300_000
    /// Credentials that end within this are not used any more.
    private static let marginMilliseconds: Int64 = 5_000
    private static let failureRest: Int64 = 1_000_000_000

    /// `startResolving` is set when the caller is to start a resolution, `needed` when the host is to be asked.
    mutating func ask(
        at now: Int64, unixMilliseconds: Int64, startResolving: inout Bool, needed: inout Bool
    ) -> Answer {
        if let current {
            let left = current.expiresAtMilliseconds == 0
                ? Int64.max : current.expiresAtMilliseconds.adding(-unixMilliseconds)
            if left <= Self.aheadMilliseconds {
                if pushed {
                    if !needTold {
                        needTold = true
                        needed = true
                    }
                } else if !resolving && now >= retryAt {
                    resolving = true
                    startResolving = true
                }
            }
            if left > Self.marginMilliseconds { return .ready(current) }
            if pushed {
                return .failed(
                    Failure(
                        .auth, "Credentials given by aigc_client_set_credentials() have ended: give new ones",
                        isRetryable: true))
            }
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
            failure = nil
            retryAt = .min
        case .failure(let failure):
            self.failure = failure
            retryAt = now.adding(Self.failureRest)
        }
    }

    mutating func push(_ credentials: Credentials) {
        current = credentials
        pushed = true
        needTold = false
        failure = nil
    }

    /// The provider says that these have ended: the next call gets others. True if the host is to be asked for them.
    mutating func refused(_ used: Credentials) -> Bool {
        guard let current, current.secret === used.secret else { return false }
        if pushed {
            let tell = !needTold
            needTold = true
            return tell
        }
        self.current = nil
        return false
    }
}
