internal import Codec
public import Core

/// How a field's value is written into a body or a query.
enum FieldEncoding: Sendable {
    case plain
    /// A bool as 0 or 1.
    case number
    /// A JSON document inside a string.
    case text
    /// Image URLs: strings, or objects with these wire names.
    case images(url: String?, referenceType: String?)
}

/// One row of a cloud's request table. Rows are made once and looked up for each request: classes, so that finding one
/// copies nothing.
final class FieldRow: Sendable {
    let description: FieldDescription
    /// The wire name, split at its dots.
    let path: [String]
    let encoding: FieldEncoding
    let demands: [Demand]

    init(
        _ name: String, _ type: FieldDescription.ValueType, _ wireName: String, required: Bool = false,
        as encoding: FieldEncoding = .plain, _ text: String, demands: [Demand] = []
    ) {
        description = FieldDescription(name: name, type: type, isRequired: required, wireName: wireName, text: text)
        path = wireName.split(separator: ".").map { String($0) }
        self.encoding = encoding
        self.demands = demands
    }

    var name: String { description.name }
}

/// One operation: what it is called, where it goes, what it takes, and how its jobs are followed.
final class OperationRow: Sendable {
    /// A call of the provider: its name, method and path.
    struct Call: Sendable {
        let action: String
        let method: HTTPRequest.Method
        let path: String
    }

    /// Fields of which at least one must be there; or fields that need further fields once one of them is set.
    enum Rule: Sendable {
        case oneOf([String])
        case together(object: String, needs: [String])
    }

    let description: OperationDescription
    let fields: [FieldRow]
    let rules: [Rule]
    let call: Call
    /// How a job of this operation is asked for; nil for fetch operations.
    let status: Call?
    /// The call that fetches an image of such a job; nil where images have URLs.
    let asset: Call?
    /// Such a job makes a model and no image, and `status` lists all of them.
    let makesModel: Bool

    init(
        _ name: String, _ kind: OperationDescription.Kind, _ call: Call, status: Call? = nil, asset: Call? = nil,
        makesModel: Bool = false, fields: [FieldRow], rules: [Rule] = []
    ) {
        description = OperationDescription(
            name: name, kind: kind, wireName: call.action, fields: fields.map { $0.description })
        self.fields = fields
        self.rules = rules
        self.call = call
        self.status = status
        self.asset = asset
        self.makesModel = makesModel
    }

    func field(_ name: String) -> FieldRow? { fields.first { $0.name.isSame(as: name) } }
}

/// The request table of one cloud: checks names and values, and documents them. Any thread.
public struct RequestTable: Sendable {
    /// The longest wire path of a "body." field, in bytes.
    public static let maximumBodyPathBytes = 512

    public let provider: String
    let rows: [OperationRow]

    init(_ provider: String, _ rows: [OperationRow]) {
        self.provider = provider
        self.rows = rows
    }

    public var operations: [OperationDescription] { rows.map { $0.description } }

    /// The operation of that name; an error that names the nearest if there is none.
    public func operation(_ name: String) throws(Failure) -> OperationDescription { try row(name).description }

    /// Whether a value may be set under a name: the name exists, or starts with "body.", and the value's type fits.
    public func checkField(operation: String, name: String, value: FieldValue) throws(Failure) {
        let row = try row(operation)
        if let path = try RequestTable.bodyPath(name) {
            guard row.description.kind == .submit, row.call.method == .post else {
                throw refuse(name, row, "the operation sends no body, so that \"body.\" fields have no meaning")
            }
            guard case .json(let text) = value else {
                throw refuse(name, row, "\"body.\" fields are set as JSON text")
            }
            _ = try override(path, text, row)
            return
        }
        let field = try self.field(name, row)
        if case .images = field.encoding {
            _ = try imageList(value, field, row)
        } else {
            _ = try encode(value, field, row)
        }
    }

    /// Whether a reference image may be added.
    public func checkImage(operation: String, image: ImageReference) throws(Failure) {
        let row = try row(operation)
        guard let field = row.fields.first(where: { $0.description.type == .imageURL }) else {
            throw Failure(
                .invalidArgument, "Adding an image to \(provider) \(operation): the operation takes no images",
                field: "image_urls")
        }
        _ = try encode(image, field, row)
    }

    /// The wire path behind "body.", nil for a neutral name.
    public static func bodyPath(_ name: String) throws(Failure) -> String? {
        guard name.hasPrefix("body.") else { return nil }
        let path = String(name.dropFirst(5))
        _ = try segments(of: path)
        return path
    }

    static func segments(of path: String) throws(Failure) -> [String] {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        guard path.utf8.count <= maximumBodyPathBytes, parts.count <= 16, parts.allSatisfy({ !$0.isEmpty }) else {
            throw Failure(
                .invalidArgument,
                "Setting \"body.\(path.shown(limit: 80))\": the path is malformed; give 1 to 16 names between "
                    + "dots, \(maximumBodyPathBytes) bytes in all, such as body.ExtraParameters.NewField",
                field: "body." + path.shown(limit: 80))
        }
        return parts.map { String($0) }
    }

    func row(_ name: String) throws(Failure) -> OperationRow {
        if let row = find(name) { return row }
        throw Failure(
            .invalidArgument,
            "Looking for operation \"\(name.shown(limit: 80))\" of \(provider): there is none of that name"
                + Suggestion.hint(name, among: rows.map { $0.description.name }),
            field: "operation")
    }

    func find(_ name: String) -> OperationRow? { rows.first { $0.description.name.isSame(as: name) } }

    /// The status call of that operation, else of the first one. Copies no row: it is asked for each call.
    func status(of name: String) -> OperationRow.Call? {
        let place = rows.firstIndex { $0.description.name.isSame(as: name) } ?? rows.startIndex
        return rows[place].status  // safe: no table is empty
    }

    func field(_ name: String, _ row: OperationRow) throws(Failure) -> FieldRow {
        if let field = row.field(name) { return field }
        let shown = name.shown(limit: 80)
        var hint = Suggestion.hint(name, among: row.fields.map { $0.name })
        // The provider's own name is the likeliest mistake, and one whose answer is certain.
        if let wire = row.fields.first(where: { row in
            row.description.wireName.isSame(as: name) || row.path.last?.isSame(as: name) == true
        }) {
            hint = "; its name here is \"\(wire.name)\""
        }
        throw Failure(
            .invalidArgument,
            "Setting field \"\(shown)\" of \(provider) \(row.description.name): it has no such field"
                + hint, field: shown)
    }

    func refuse(_ name: String, _ row: OperationRow, _ why: String) -> Failure {
        Failure(
            .invalidArgument, "Setting field \"\(name)\" of \(provider) \(row.description.name): \(why)", field: name)
    }
}
