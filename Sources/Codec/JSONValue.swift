internal import Core

/// One name and its value in a JSON object. Members are equal if their bytes are equal.
public struct JSONMember: Equatable, Sendable {
    public var name: String
    public var value: JSONValue

    public init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }

    public init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }

    public static func == (a: JSONMember, b: JSONMember) -> Bool { a.name.isSame(as: b.name) && a.value == b.value }
}

/// A JSON value. Objects keep the order of their members (and are equal only in the same order), and texts are equal if
/// their bytes are. A number that was read is written again as it was: what Int64 or Double would write otherwise is kept
/// as `number`.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    /// A number in the form of JSON that is neither Int64 nor Double, or is written in another way than theirs: 1e400,
    /// 18446744073709551615, -0, 1.50.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.int(let a), .int(let b)): return a == b
        case (.double(let a), .double(let b)): return a == b
        case (.number(let a), .number(let b)), (.string(let a), .string(let b)): return a.isSame(as: b)
        case (.array(let a), .array(let b)): return a == b
        case (.object(let a), .object(let b)): return a == b
        default: return false
        }
    }
}

/// Why a text is no JSON, or a value cannot become JSON. Names the place or a member, and never a value, which may be a
/// secret.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    public var message: String
    /// From 1; 0 where there is no line.
    public var line: Int
    /// Bytes before the fault.
    public var position: Int

    public init(_ message: String, line: Int = 0, position: Int = 0) {
        self.message = message
        self.line = line
        self.position = position
    }

    public var description: String {
        line > 0 ? "\(message) at line \(line), byte \(position)" : message
    }
}

// Reading. Each getter is nil for another type.
extension JSONValue {
    /// The member of that name, nil for other types too. Of members with one name (never from `parse`) the last.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.lastIndex { $0.name.isSame(as: name) }.map { members[$0].value }  // safe: found there
    }

    /// The member of that name, or else the last member whose name differs only in the case of A to Z.
    public subscript(anyCase name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        let index =
            members.lastIndex { $0.name.isSame(as: name) } ?? members.lastIndex { $0.name.isSameInAnyCase(as: name) }
        return index.map { members[$0].value }  // safe: found there
    }

    /// All members of that name, in any case.
    public func all(_ name: String) -> [JSONValue] {
        guard case .object(let members) = self else { return [] }
        return members.filter { $0.name.isSameInAnyCase(as: name) }.map { $0.value }
    }

    /// The element at an index, nil past either end and for other types.
    public subscript(_ index: Int) -> JSONValue? {
        guard case .array(let values) = self, values.indices.contains(index) else { return nil }
        return values[index]
    }

    public var isNull: Bool { self == .null }

    public var stringValue: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// An integer, or another number that is exactly one.
    public var intValue: Int64? {
        switch self {
        case .int(let value): return value
        case .double(let value): return Int64(exactly: value)
        case .number(let text): return JSONNumber.isWhole(text.utf8) ? Int64(text) : Self.integer(text)
        default: return nil
        }
    }

    /// Beyond 2^53 a Double can be a whole number that the text is not.
    private static func integer(_ text: String) -> Int64? {
        guard let value = Double(text), value.magnitude <= 0x1p53 else { return nil }
        return Int64(exactly: value)
    }

    /// Nil also for a number beyond Double.
    public var doubleValue: Double? {
        switch self {
        case .int(let value): return Double(value)
        case .double(let value): return value
        case .number(let text): return Double(text).flatMap { $0.isFinite ? $0 : nil }
        default: return nil
        }
    }

    public var isNumber: Bool {
        switch self {
        case .int, .double, .number: return true
        default: return false
        }
    }

    /// Whether it is a number without point and exponent, of any size.
    public var isWholeNumber: Bool {
        switch self {
        case .int: return true
        case .number(let text): return JSONNumber.isWhole(text.utf8)
        default: return false
        }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    public var arrayValue: [JSONValue]? {
        if case .array(let values) = self { return values }
        return nil
    }

    public var objectValue: [JSONMember]? {
        if case .object(let members) = self { return members }
        return nil
    }

    /// A string, or a number as text ("180"): ids that older answers give as numbers. An integral double has no ".0".
    public var lenientString: String? {
        switch self {
        case .string(let value): return value
        case .int(let value): return String(value)
        case .double(let value): return Int64(exactly: value).map { String($0) } ?? value.description
        case .number(let text): return text
        default: return nil
        }
    }
}

// Writing.
extension JSONValue {
    /// Sets a member of an object; a new name goes to the end. Any other value becomes an object first.
    public mutating func set(_ name: String, to value: JSONValue) {
        guard case .object(var members) = self else {
            self = .object([JSONMember(name, value)])
            return
        }
        self = .null  // so that `members` is the only owner and is changed in place
        if let index = members.firstIndex(where: { $0.name.isSame(as: name) }) {
            members[index].value = value
        } else {
            members.append(JSONMember(name, value))
        }
        self = .object(members)
    }

    /// Sets a value at a path of names and makes objects on the way; a value in the way that is no object is replaced.
    /// An empty path replaces the value itself.
    public mutating func set(path: [String], to value: JSONValue) {
        if path.count == 1, let name = path.first { return set(name, to: value) }
        var carried = value
        // From the leaf up, so that a long path needs no deep stack.
        for depth in path.indices.reversed() {
            var parent = member(at: path[..<depth]) ?? .object([])
            parent.set(path[depth], to: carried)
            carried = parent
        }
        self = carried
    }

    /// The value at a path of names.
    public func member(at path: ArraySlice<String>) -> JSONValue? {
        if path.count == 1, let name = path.first { return self[name] }
        var value = self
        for name in path {
            guard let next = value[name] else { return nil }
            value = next
        }
        return value
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
