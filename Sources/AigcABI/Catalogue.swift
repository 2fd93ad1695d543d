internal import Core
internal import Providers

/// The tables of operations and fields, which do not depend on a client, with text that is never freed.
enum Catalogue {
    struct Field: @unchecked Sendable {
        // Constant text that is never freed.
        let name, type, wireName, text: Text
        let isRequired: Bool
    }

    struct Operation: @unchecked Sendable {
        // Constant text that is never freed.
        let provider, name, kind, wireName: Text
        let fields: [Field]
        fileprivate let names: (provider: String, operation: String)

        func isNamed(_ provider: String, _ operation: String) -> Bool { names == (provider, operation) }
    }

    static func table(_ provider: String) throws(Failure) -> RequestTable { try Clouds.requests(of: provider) }

    static let operations: [Operation] = Clouds.requests.flatMap { table in
        table.operations.map { operation in
            Operation(
                provider: lasting(table.provider), name: lasting(operation.name),
                kind: lasting(operation.kind.rawValue),
                wireName: lasting(operation.wireName),
                fields: operation.fields.map {
                    Field(
                        name: lasting($0.name), type: lasting($0.type.rawValue), wireName: lasting($0.wireName),
                        text: lasting($0.text), isRequired: $0.isRequired)
                },
                names: (table.provider, operation.name))
        }
    }
}
