internal import Core

/// A role that the configuration names, assumed with whatever the chain behind it finds. That chain settles on its
/// source as any other does.
struct AssumedRoleSource: CredentialSource {
    let role: CredentialSettings.Role
    let base: CredentialChain

    var name: String { "role \(role.arn)" }
    var refreshAheadMilliseconds: Int64 { RefreshAhead.tencentSTS }

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        let found: Credentials
        switch base.find(context) {
        case .success(let credentials): found = credentials
        case .failure(let failure):
            // What the chain behind it has weighed is not weighed again.
            throw CredentialUnavailable(failure.isRetryable ? .transient : .wrong, failure.message, isOfServer: true)
        }
        return try base.plan.assumeRole(role, found, context)
    }
}
