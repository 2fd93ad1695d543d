public import Core
internal import Codec

/// A provider with its request table at hand.
public protocol CheckingProvider: Provider {
    var requests: RequestTable { get }
}

extension CheckingProvider {
    public var operations: [OperationDescription] { requests.operations }

    /// The fields of a call by name are the host's own: the library does not know which of them are secrets.
    public func shown(_ call: ProviderCall) -> String { call.isDirect ? "" : Redaction.body(call.body) }

    /// Whether a value may be set under a name, for the moment at which it is set: the operation has the field (or it
    /// starts with "body."), and the type fits. An int is accepted where a double is meant, JSON text for every field
    /// whose type its value has.
    public func checkField(operation: String, name: String, value: FieldValue) throws(Failure) {
        try requests.checkField(operation: operation, name: name, value: value)
    }

    /// Whether a reference image may be added to a request.
    public func checkImage(operation: String, image: ImageReference) throws(Failure) {
        try requests.checkImage(operation: operation, image: image)
    }
}

/// The clouds of this build.
public enum Clouds {
    /// The request tables, in the order in which they are listed to callers.
    public static let requests: [RequestTable] = [AlibabaProvider.requestTable, TencentProvider.requestTable]

    /// The table of a provider; an error that names the nearest if there is none.
    public static func requests(of provider: String) throws(Failure) -> RequestTable {
        if let table = requests.first(where: { $0.provider.isSame(as: provider) }) { return table }
        throw Failure(
            .invalidArgument,
            "Looking for provider \"\(provider.shown(limit: 80))\": there is none of that name"
                + Suggestion.hint(provider, among: requests.map { $0.provider }),
            field: "provider")
    }
}

extension RequestTable {
    func submitRow(_ operation: String) throws(Failure) -> OperationRow {
        try row(operation, .submit, "is fetched, not submitted")
    }

    func fetchRow(_ operation: String) throws(Failure) -> OperationRow {
        try row(operation, .fetch, "is submitted, not fetched")
    }

    private func row(
        _ operation: String, _ kind: OperationDescription.Kind, _ why: String
    ) throws(Failure) -> OperationRow {
        let row = try row(operation)
        guard row.description.kind == kind else {
            let others = rows.filter { $0.description.kind == kind }.map { $0.description.name }
            throw Failure(
                .invalidArgument,
                "Using operation \"\(operation)\" of \(provider): it \(why); there is \(ASCIIText.list(others))",
                field: "operation")
        }
        return row
    }

    /// The body of a submission as signed and sent: compact, with only the fields that are set.
    func bodyBytes(_ row: OperationRow, _ fields: RequestFields) throws(Failure) -> [UInt8] {
        let bytes = try body(row, fields).serialized()
        guard bytes.count <= Self.maximumBodyBytes else {
            throw Failure(
                .invalidArgument,
                "Encoding a request for \(provider) \(row.description.name): its body has \(bytes.count) bytes, "
                    + "at most \(Self.maximumBodyBytes) are accepted", field: "body")
        }
        return bytes
    }

    /// Everything about a reference but its endpoint.
    func checkReference(_ reference: JobReference) throws(Failure) {
        func refuse(_ why: String) -> Failure {
            Failure(.invalidArgument, "Attaching a \(provider) job: \(why); pass a whole token", field: "token")
        }
        guard reference.provider.isSame(as: provider) else {
            throw refuse("the token is of provider \"\(reference.provider.shown(limit: 40))\"")
        }
        _ = try submitRow(reference.operation)
        guard reference.region.utf8.count <= 40,
            reference.region.utf8.allSatisfy({ ASCIIText.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
        else { throw refuse("its region is malformed") }
        guard Answers.isIdentifier(reference.remoteID) else {
            throw refuse("its job id is empty, longer than \(Answers.maximumIdentifierBytes) bytes or not printable")
        }
    }
}

/// The User-Agent line, and the refusal to sign for a stranger.
enum UserAgent {
    static let product = "libaigc/1.2.0"

    static func text(suffix: String) throws(Failure) -> String {
        if suffix.isEmpty { return product }
        guard suffix.utf8.count <= 256, suffix.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), suffix.first != " ",
            suffix.last != " "
        else {
            throw Failure(
                .invalidArgument,
                "Reading http.user_agent: it does not fit into a header line; "
                    + "give at most 256 printable ASCII characters",
                field: "http.user_agent")
        }
        return product + " " + suffix
    }

    static func stranger(_ endpoint: Endpoint, provider: String, _ doing: String, configured: Endpoint) -> Failure {
        Failure(
            .invalidArgument,
            "\(doing): \(endpoint.text) is neither the configured \(provider) endpoint (\(configured.text)) nor an "
                + "official https host of \(provider), and signed requests go nowhere else; "
                + "set \(provider).endpoint if it is yours",
            field: "\(provider).endpoint")
    }
}
