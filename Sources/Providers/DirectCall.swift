internal import Codec
internal import Core

/// A call by the provider's own name: checks what the caller gave and turns it into the parts of a call.
struct DirectCall {
    /// A query is not a body: servers and proxies end long lines.
    static let maximumQueryBytes = 16 << 10

    let provider: String
    let action: String

    private func refuse(_ field: String, _ why: String) -> Failure {
        Failure(
            .invalidArgument, "Calling \(provider) \(action.shown(limit: 120)): \(why)", field: field)
    }

    /// Names go into header lines and rate gates.
    func checkName(_ name: some StringProtocol, hint: String) throws(Failure) {
        guard (1...128).contains(name.utf8.count), name.utf8.allSatisfy(ASCIIText.isLetterOrDigit) else {
            throw refuse("action", "a name has 1 to 128 letters and digits; \(hint)")
        }
    }

    /// A submission that counts as a read would be repeated, and paid each time.
    func refuseRead(of table: RequestTable, _ isTarget: (OperationRow.Call) -> Bool) throws(Failure) {
        for row in table.rows where row.description.kind == .submit && isTarget(row.call) {
            throw refuse("reads", "\(row.call.action) is a submission and never read; pass 0, so that it is sent once")
        }
    }

    // MARK: - Parameters

    private func object(_ json: [UInt8]) throws(Failure) -> [JSONMember] {
        guard json.count <= RequestTable.maximumBodyBytes else {
            throw refuse(
                "json", "its JSON has \(json.count) bytes, at most \(RequestTable.maximumBodyBytes) are accepted")
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parseOnce(json)
        } catch {
            throw refuse("json", "its parameters are \(error); give a JSON object")
        }
        guard let members = value.objectValue else {
            throw refuse("json", "its parameters are JSON, but no object; give one such as {\"Name\":\"value\"}")
        }
        return members
    }

    /// The body, byte for byte as it was given: no number changes its form.
    func bytes(_ json: [UInt8]?) throws(Failure) -> [UInt8] {
        guard let json else { return Array("{}".utf8) }
        _ = try object(json)
        return json
    }

    /// The members as a query, as the vendor's clients make it: what is no text becomes its JSON, null is left out.
    func query(_ json: [UInt8]?) throws(Failure) -> [(name: String, value: String)] {
        guard let json else { return [] }
        var query: [(name: String, value: String)] = []
        var size = 0
        for member in try object(json) where member.value != .null {
            guard !member.name.isEmpty else { throw refuse("json", "a parameter has an empty name") }
            let text: String
            switch member.value {
            case .string(let given): text = given
            default: text = String(decoding: member.value.serialized(), as: UTF8.self)
            }
            size += member.name.utf8.count + text.utf8.count  // safe: both are parts of a bounded text
            query.append((name: member.name, value: text))
        }
        guard size <= Self.maximumQueryBytes else {
            throw refuse(
                "json", "its query has \(size) bytes, at most \(Self.maximumQueryBytes) are accepted with GET")
        }
        return query
    }

    // MARK: - Targets of products whose calls have a path

    private static let methods: [HTTPRequest.Method] = [.get, .post, .put]

    /// A known name alone, or "Name METHOD /path".
    func target(known: [OperationRow.Call]) throws(Failure) -> OperationRow.Call {
        let parts = action.split(separator: " ", omittingEmptySubsequences: false)
        let form = "or \"Name METHOD /path\" such as \"GetThing GET /api/v1/thing\""
        guard let name = parts.first, parts.count == 1 || parts.count == 3 else {
            throw refuse("action", "give the name of a known call, \(form)")
        }
        try checkName(name, hint: "give the name of a known call, \(form)")
        if parts.count == 1 {
            if let call = known.first(where: { $0.action.isSame(as: String(name)) }) { return call }
            throw refuse(
                "action",
                "no call of that name is known" + Suggestion.hint(action, among: known.map { $0.action })
                    + ", " + form)
        }
        guard let method = Self.methods.first(where: { $0.rawValue == parts[1] }) else {  // safe: there are 3
            throw refuse("action", "its method is none of GET, POST and PUT")
        }
        let path = parts[2]  // safe: there are 3
        try checkPath(path)
        return OperationRow.Call(action: String(name), method: method, path: String(path))
    }

    /// What is signed must be what is sent: nothing that a server or a proxy would rewrite.
    private func checkPath(_ path: Substring) throws(Failure) {
        func isPlain(_ byte: UInt8) -> Bool {
            if ASCIIText.isLetterOrDigit(byte) { return true }
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                return true
            default: return false
            }
        }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.first == "/", path.utf8.count <= 1_024, path.utf8.allSatisfy(isPlain),
            !segments.dropLast().contains(""), !segments.contains("."), !segments.contains("..")
        else {
            throw refuse(
                "action",
                "its path is malformed; give one such as /api/v1/thing: letters, digits and -_.~ between "
                    + "slashes, without query, at most 1024 bytes")
        }
    }
}
