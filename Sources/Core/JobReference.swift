/// The reference of a job: everything that a token holds.
///
/// Most jobs of a process differ only in their id. So the rest is kept apart, and many references share it (`sharing`).
public struct JobReference: Equatable, Hashable, Sendable {
    private var origin: Origin
    public var remoteID: String

    private final class Origin: Equatable, Hashable, Sendable {
        let provider: String
        let operation: String
        let region: String
        let endpoint: String

        init(_ provider: String, _ operation: String, _ region: String, _ endpoint: String) {
            self.provider = provider
            self.operation = operation
            self.region = region
            self.endpoint = endpoint
        }

        static func == (a: Origin, b: Origin) -> Bool {
            a === b
                || a.provider.isSame(as: b.provider) && a.operation.isSame(as: b.operation)
                    && a.region.isSame(as: b.region) && a.endpoint.isSame(as: b.endpoint)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(provider)
            hasher.combine(operation)
            hasher.combine(region)
            hasher.combine(endpoint)
        }
    }

    public static func == (a: JobReference, b: JobReference) -> Bool {
        a.remoteID.isSame(as: b.remoteID) && a.origin == b.origin  // bytes: its own ==
    }

    public init(provider: String, operation: String, region: String, endpoint: String, remoteID: String) {
        origin = Origin(provider, operation, region, endpoint)
        self.remoteID = remoteID
    }

    public var provider: String {
        get { origin.provider }
        set { origin = Origin(newValue, operation, region, endpoint) }
    }

    public var operation: String {
        get { origin.operation }
        set { origin = Origin(provider, newValue, region, endpoint) }
    }

    /// Empty if none.
    public var region: String {
        get { origin.region }
        set { origin = Origin(provider, operation, newValue, endpoint) }
    }

    /// Host, with ":port" unless it is the scheme's default, and with "http://" before it only for that scheme.
    public var endpoint: String {
        get { origin.endpoint }
        set { origin = Origin(provider, operation, region, newValue) }
    }

    /// The same reference. If only the id differs, the reference shares the memory of the other one.
    public func sharing(_ other: JobReference?) -> JobReference {
        guard let other, other.origin == origin else { return self }  // bytes: its own ==
        var shared = self
        shared.origin = other.origin
        return shared
    }
}
