internal import Core

/// Where a provider is called: its own endpoint and region, and the other endpoints to which signed requests may go.
struct CallingPlace: Sendable {
    let requests: RequestTable
    let endpoint: Endpoint
    let region: String
    /// Whether an endpoint is one of the provider's own.
    let isOfficial: @Sendable (Endpoint) -> Bool

    func reference(operation: String, remoteID: String) -> JobReference {
        JobReference(
            provider: requests.provider, operation: operation, region: region, endpoint: endpoint.text,
            remoteID: remoteID)
    }

    func validate(_ reference: JobReference) throws(Failure) {
        try requests.checkReference(reference)
        try check(reference.endpoint, "Attaching a job")
    }

    /// A token must never lead signed requests to a stranger's host.
    @discardableResult
    func check(_ text: String, _ doing: @autoclosure () -> String) throws(Failure) -> Endpoint {
        if text.isSame(as: endpoint.text) { return endpoint }
        let other = try Endpoint(parsing: text, key: "endpoint")
        // bytes: an Endpoint is ASCII.
        if other == endpoint || isOfficial(other) { return other }
        throw UserAgent.stranger(other, provider: requests.provider, doing(), configured: endpoint)
    }
}
