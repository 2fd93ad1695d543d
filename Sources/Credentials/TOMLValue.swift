public import Codec
internal import Core

/// Where something begins in a text: lines and columns count from 1, columns in characters (Unicode scalars).
public struct TOMLPlace: Equatable, Sendable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a text is no TOML. The message quotes names and no values, because a value may be a secret in the wrong place.
public struct TOMLError: Error, Equatable, Sendable {
    public var message: String
    public var place: TOMLPlace

    public init(_ message: String, _ place: TOMLPlace) {
        self.message = message
        self.place = place
    }
}

/// A value of TOML. There are no dates: nothing that reads a file here has a use for one, and `TOMLReader` says so.
public enum TOMLValue: Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case array([TOMLValue])
    case table(TOMLTable)

    /// With its article, for messages.
    public var typeName: String {
        switch self {
        case .string: "a text"
        case .int: "a whole number"
        case .double: "a number"
        case .bool: "true or false"
        case .array: "a list"
        case .table: "a table"
        }
    }

    /// The same as JSON; nil for a number that JSON does not have (inf, nan).
    public var json: JSONValue? {
        switch self {
        case .string(let text): return .string(text)
        case .int(let number): return .int(number)
        case .double(let number): return number.isFinite ? .double(number) : nil
        case .bool(let flag): return .bool(flag)
        case .array(let values):
            var elements: [JSONValue] = []
            for value in values {
                guard let element = value.json else { return nil }
                elements.append(element)
            }
            return .array(elements)
        case .table(let table):
            var members: [JSONMember] = []
            for member in table.members {
                guard let value = member.value.json else { return nil }
                members.append(JSONMember(member.name, value))
            }
            return .object(members)
        }
    }
}

/// A table of TOML, in the order of the text. Names are equal if their bytes are.
public struct TOMLTable: Sendable {
    public struct Member: Sendable {
        public var name: String
        public var value: TOMLValue
        /// Of the name.
        public var place: TOMLPlace
    }

    public internal(set) var members: [Member] = []

    public init() {}

    public subscript(_ name: String) -> Member? { members.first { $0.name.isSame(as: name) } }
}
