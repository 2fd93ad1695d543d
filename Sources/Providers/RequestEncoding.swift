internal import Codec
internal import Core

// From values to wire values: the same code checks a field when it is set and encodes it when it is sent.
extension RequestTable {
    /// Ten megabytes is what Tencent takes; nothing sensible is larger on Alibaba.
    static let maximumBodyBytes = 10 << 20
    static let maximumURLBytes = 8 << 10

    /// The wire value of any field but images.
    func encode(_ value: FieldValue, _ field: FieldRow, _ row: OperationRow) throws(Failure) -> JSONValue {
        let plain = try typed(value, field, row)
        switch field.encoding {
        case .plain, .images: return plain
        case .number: return .int(plain.boolValue == true ? 1 : 0)
        case .text: return .string(try document(plain, value, field, row))
        }
    }

    private func typed(_ value: FieldValue, _ field: FieldRow, _ row: OperationRow) throws(Failure) -> JSONValue {
        switch (field.description.type, value) {
        case (.string, .string(let text)): return .string(text)
        case (.int, .int(let number)), (.double, .int(let number)): return .int(number)
        case (.double, .double(let number)):
            guard number.isFinite else { throw refuse(field.name, row, "a double must be finite, not \(number)") }
            return .double(number)
        case (.bool, .bool(let flag)): return .bool(flag)
        case (_, .json(let text)):
            let parsed = try parse(text, field.name, row)
            guard fits(parsed, field.description.type) else {
                throw wrongType(field, row, Self.typeName(parsed))
            }
            return parsed
        default: throw wrongType(field, row, Self.typeName(value))
        }
    }

    private func fits(_ value: JSONValue, _ type: FieldDescription.ValueType) -> Bool {
        switch type {
        case .string: return value.stringValue != nil
        // A number goes out as it was written, also one that is too large for Int64 or Double.
        case .int: return value.isWholeNumber || value.intValue != nil
        case .double: return value.isNumber
        case .bool: return value.boolValue != nil
        case .json: return value != .null
        case .imageURL: return value.arrayValue != nil
        }
    }

    /// A document for a string: the caller's own text, so that no number changes its form on the way. A JSON string is
    /// taken as a document that is serialised already.
    private func document(
        _ parsed: JSONValue, _ value: FieldValue, _ field: FieldRow, _ row: OperationRow
    ) throws(Failure) -> String {
        switch parsed {
        case .object:
            if case .json(let text) = value { return String(decoding: text, as: UTF8.self) }
            return String(decoding: parsed.serialized(), as: UTF8.self)
        case .string(let inner):
            if let again = try? JSONValue.parseOnce(Array(inner.utf8)), again.objectValue != nil { return inner }
        default: break
        }
        throw refuse(field.name, row, "it takes a JSON object such as {\"size\":\"1024x1024\"}")
    }

    func parse(_ text: [UInt8], _ name: String, _ row: OperationRow) throws(Failure) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parseOnce(text)
        } catch {
            throw refuse(name, row, "its value is \(error); give JSON text")
        }
    }

    private func wrongType(_ field: FieldRow, _ row: OperationRow, _ given: String) -> Failure {
        let type = field.description.type
        if type == .imageURL {
            let how = "it takes image URLs, not \(given): add each with aigc_request_add_image_url()"
            return refuse(field.name, row, how)
        }
        let article = type == .int ? "an" : "a"
        return refuse(
            field.name, row, type == .json ? "it takes JSON, not \(given)" : "it takes \(article) \(type), not \(given)"
        )
    }

    private static func typeName(_ value: FieldValue) -> String {
        switch value {
        case .string: return "a string"
        case .int: return "an int"
        case .double: return "a double"
        case .bool: return "a bool"
        case .json: return "JSON"
        }
    }

    private static func typeName(_ value: JSONValue) -> String {
        switch value {
        case .null: return "null"
        case .bool: return "a bool"
        case .int: return "an int"
        case .double: return "a double"
        case .number: return value.isWholeNumber ? "an int" : "a double"
        case .string: return "a string"
        case .array: return "an array"
        case .object: return "an object"
        }
    }

    // MARK: - Images

    /// One image in the form that the cloud wants.
    func encode(_ image: ImageReference, _ field: FieldRow, _ row: OperationRow) throws(Failure) -> JSONValue {
        guard case .images(let urlName, let typeName) = field.encoding else { return .null }
        guard image.url.utf8.count <= Self.maximumURLBytes, WebURL.isForOthers(image.url) else {
            throw refuse(
                field.name, row,
                "\"\(WebURL.shown(image.url))\" is no image URL; give an absolute http or https "
                    + "URL of at most \(Self.maximumURLBytes) bytes that the provider can reach")
        }
        if image.referenceType != nil, typeName == nil {
            throw refuse(field.name, row, "a reference_type exists only on tencent; leave it out")
        }
        guard let urlName else { return .string(image.url) }
        var members = [JSONMember(urlName, .string(image.url))]
        if let typeName, let type = image.referenceType { members.append(JSONMember(typeName, .string(type))) }
        return .object(members)
    }

    /// Images given as JSON: an array of URLs, or of objects {"url": ..., "reference_type": ...}.
    func imageList(_ value: FieldValue, _ field: FieldRow, _ row: OperationRow) throws(Failure) -> [JSONValue] {
        guard let entries = try typed(value, field, row).arrayValue else { return [] }
        var encoded: [JSONValue] = []
        for entry in entries {
            let type = entry["reference_type"]
            guard let url = entry.stringValue ?? entry["url"]?.stringValue,
                type == nil || type == .null || type?.stringValue != nil
            else {
                throw refuse(
                    field.name, row,
                    "its JSON takes an array of URLs, or of objects {\"url\": ..., \"reference_type\": ...}")
            }
            encoded.append(try encode(ImageReference(url: url, referenceType: type?.stringValue), field, row))
        }
        return encoded
    }

    /// Whether an image can be fetched from there, as `WebURL` reads it.
    static func canBeFetched(_ text: String) -> Bool {
        text.utf8.count <= maximumURLBytes && WebURL(text) != nil
    }

    // MARK: - Bodies and queries

    /// The value and path of a "body." field.
    func override(
        _ path: String, _ text: [UInt8], _ row: OperationRow
    ) throws(Failure) -> (path: [String], value: JSONValue) {
        (try Self.segments(of: path), try parse(text, "body." + path, row))
    }

    /// The body of a submission: set fields in the order of the table, then what the caller set by wire names.
    func body(_ row: OperationRow, _ fields: RequestFields) throws(Failure) -> JSONValue {
        try checkNames(row, fields)
        var body = JSONValue.object([])
        let given = places(of: fields, in: row).map { row.fields[$0] }  // safe: places in it
        if fields.checksValues, !fields.bodyOverrides.isEmpty { try checkNamesOnce(row, given, fields) }
        for field in given {
            if case .images = field.encoding {
                var images: [JSONValue] = []
                if let value = fields.values[field.name] { images = try imageList(value, field, row) }
                for image in fields.images { images.append(try encode(image, field, row)) }
                if !images.isEmpty { body.set(path: field.path, to: .array(images)) }
            } else if let value = fields.values[field.name] {
                body.set(path: field.path, to: try encode(value, field, row))
            }
        }
        for entry in fields.bodyOverrides {
            let (path, value) = try override(entry.path, entry.json, row)
            body.set(path: path, to: value)
        }
        try checkRequired(row) { body.member(at: $0[...]) }
        if fields.checksValues {
            // What was set by wire names may stand at any field's place.
            let present = fields.bodyOverrides.isEmpty ? given : row.fields
            try checkValues(row, present) { body.member(at: $0[...]) }
        }
        return body
    }

    /// Refuses two names of one place in the body: nobody can know which value is meant. A "body." name clashes with a field
    /// at its place, below or above it, and with another "body." name whose value it would replace.
    private func checkNamesOnce(_ row: OperationRow, _ given: [FieldRow], _ fields: RequestFields) throws(Failure) {
        var earlier: [(path: [String], value: JSONValue)] = []
        for (place, entry) in fields.bodyOverrides.enumerated() {
            let (path, value) = try override(entry.path, entry.json, row)
            if let field = given.first(where: { Self.overlap($0.path, path) }) {
                throw twice(field.name, entry.path, row)
            }
            for (other, there) in zip(fields.bodyOverrides[..<place], earlier)
            where !other.path.isSame(as: entry.path) && Self.overlap(there.path, path) {
                guard there.value.isTaken(at: path.dropFirst(there.path.count)) else { continue }
                throw twice("body." + other.path.shown(limit: 80), entry.path, row)
            }
            earlier.append((path, value))
        }
    }

    private func twice(_ name: String, _ path: String, _ row: OperationRow) -> Failure {
        let path = path.shown(limit: 80)
        return Failure(
            .invalidArgument,
            "Checking a request for \(provider) \(row.description.name): \"\(name)\" and \"body.\(path)\" are two names "
                + "for one field of the body; leave one out. Nothing was sent. With the option \"check\" of the request set "
                + "to \"off\", \"body.\(path)\" counts", field: "body." + path)
    }

    /// Whether one of two paths is the other, or leads to it.
    static func overlap(_ a: [String], _ b: [String]) -> Bool { zip(a, b).allSatisfy { $0.isSame(as: $1) } }

    /// Whether a "body." name of these paths writes the place of a field, or a part of it.
    public func isSet(_ field: String, of operation: String, byPaths paths: [String]) -> Bool {
        guard let row = find(operation)?.field(field) else { return false }
        return paths.contains { path in (try? Self.segments(of: path)).map { Self.overlap($0, row.path) } ?? false }
    }

    /// The places in the table of the fields that are set, in its order: two or three of twenty rows.
    private func places(of fields: RequestFields, in row: OperationRow) -> [Int] {
        var places: [Int] = []
        places.reserveCapacity(fields.values.count + 1)
        for name in fields.values.keys {
            if let place = row.fields.firstIndex(where: { $0.name.isSame(as: name) }) { places.append(place) }
        }
        if !fields.images.isEmpty {
            for (place, field) in row.fields.enumerated() where !places.contains(place) {
                if case .images = field.encoding { places.append(place) }
            }
        }
        places.sort()
        return places
    }

    /// The query of a fetch: set fields in the order of the table.
    func query(_ row: OperationRow, _ fields: RequestFields) throws(Failure) -> [(name: String, value: String)] {
        try checkNames(row, fields)
        guard fields.bodyOverrides.isEmpty else {
            throw refuse("body", row, "the operation sends no body, so that \"body.\" fields have no meaning")
        }
        var query: [(name: String, value: String)] = []
        for field in row.fields {
            guard let value = fields.values[field.name] else { continue }
            guard let text = try encode(value, field, row).lenientString else { continue }
            query.append((field.description.wireName, text))
        }
        try checkRequired(row) { path in
            query.first { path.last?.isSame(as: $0.name) == true }.map { JSONValue.string($0.value) }
        }
        return query
    }

    private func checkNames(_ row: OperationRow, _ fields: RequestFields) throws(Failure) {
        if !fields.values.keys.allSatisfy({ row.field($0) != nil }) {
            // Always the same error, whatever the order of the keys.
            for name in fields.values.keys.sorted() { _ = try field(name, row) }
        }
        if !fields.images.isEmpty, !row.fields.contains(where: { $0.description.type == .imageURL }) {
            throw refuse("image_urls", row, "the operation takes no images")
        }
    }

    private func checkRequired(_ row: OperationRow, _ value: ([String]) -> JSONValue?) throws(Failure) {
        func isThere(_ path: [String]) -> Bool {
            guard let value = value(path) else { return false }
            return value != .null && value != .string("") && value != .array([])
        }
        func missing(_ field: String, _ why: String) -> Failure {
            Failure(
                .invalidArgument, "Checking a request for \(provider) \(row.description.name): \(why)", field: field)
        }
        for field in row.fields where field.description.isRequired && !isThere(field.path) {
            let how = field.description.type == .imageURL ? "add one with aigc_request_add_image_url()" : "set it"
            throw missing(field.name, "field \"\(field.name)\" is required and missing or empty; \(how)")
        }
        for rule in row.rules {
            switch rule {
            case .oneOf(let names):
                let hasOne = names.contains { name in row.field(name).map { isThere($0.path) } ?? false }
                guard !hasOne, let first = names.first else { continue }
                throw missing(first, "it needs \(ASCIIText.list(names)), at least one of them; none is set")
            case .together(let object, let needs):
                guard isThere([object]) else { continue }
                for name in needs {
                    guard let field = row.field(name), !isThere(field.path) else { continue }
                    throw missing(
                        name, "field \"\(name)\" is missing; \(needs.joined(separator: " and ")) are needed together")
                }
            }
        }
    }
}

extension JSONValue {
    /// Whether a value at `path` in this one would replace a part of it: a value stands at `path`, or a value that is no
    /// object stands on the way.
    fileprivate func isTaken(at path: ArraySlice<String>) -> Bool {
        var value = self
        for name in path {
            guard value.objectValue != nil else { return true }
            guard let next = value[name] else { return false }
            value = next
        }
        return true
    }
}
