internal import Core
internal import Providers

/// The fields that requests get where they set none themselves.
struct FieldDefaults: Sendable {
    private let rows: [Profile.Default]
    /// For messages: "profile work of FILE".
    private let origin: String

    init(_ configuration: Configuration) {
        rows = configuration.profile?.defaults ?? []
        origin = configuration.profile.map { "profile \($0.name)" } ?? ""
    }

    /// The fields of a request for an operation, with those that it does not set itself. A "body." field that writes a
    /// default's place replaces it, like any field.
    func added(to fields: RequestFields, _ provider: String, _ operation: String) -> RequestFields {
        if rows.isEmpty { return fields }
        var fields = fields
        let paths = fields.bodyOverrides.map(\.path)
        let table = paths.isEmpty ? nil : try? Clouds.requests(of: provider)
        for row in rows where row.provider.isSame(as: provider) && row.operation.isSame(as: operation) {
            if table?.isSet(row.name, of: operation, byPaths: paths) == true { continue }
            if fields.values[row.name] == nil { fields.values[row.name] = row.value }
        }
        return fields
    }

    /// A refusal says where the field comes from if the request itself does not set it.
    func explained(_ failure: Failure, _ fields: RequestFields, _ provider: String, _ operation: String) -> Failure {
        guard let field = failure.field, fields.values[field] == nil,
            rows.contains(where: {
                $0.name.isSame(as: field) && $0.provider.isSame(as: provider) && $0.operation.isSame(as: operation)
            })
        else { return failure }
        var failure = failure
        failure.message += "; the value comes from \(origin) of the configuration file"
        return failure
    }
}
