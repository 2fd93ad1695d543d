internal import Core

/// Reads TOML 1.0, without dates and without arrays of tables, which nothing here has a use for. Strict: what TOML does not
/// allow is refused with its place and with what would be right. Pure and bounded: nesting and the length of keys have
/// limits, and work grows with the length of the text.
public enum TOMLReader {
    /// Names in one path ("a.b.c"), and lists and tables within each other.
    public static let maximumDepth = 32
    /// Bytes of one name.
    public static let maximumNameBytes = 1_024

    public static func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        // Some editors begin a file with a mark of its encoding.
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var parser = TOMLParser(bytes: bytes, at: start)
        if let fault = UTF8Fault.first(in: bytes) {
            throw TOMLError("it is no UTF-8 (byte \(fault)): save the file as UTF-8", parser.place(of: fault))
        }
        return try parser.document()
    }
}

/// Finds the first byte that is no UTF-8.
private enum UTF8Fault {
    static func first(in bytes: [UInt8]) -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var position = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): position += UTF8.width(scalar)
            case .emptyInput, .error: return position
            }
        }
    }
}

/// A table while it grows. Only the parser holds it, on the thread that reads the file.
final class GrowingTable {
    enum Origin {
        /// [a.b] made "a".
        case implied
        /// [a]
        case header
        /// a.b = 1 made "a".
        case dotted
        /// a = {}
        case inline
    }

    enum Item {
        case value(TOMLValue)
        case table(GrowingTable)
    }

    var origin: Origin
    var items: [(name: String, item: Item, place: TOMLPlace)] = []
    private var indices: [ByteText: Int] = [:]

    init(_ origin: Origin) { self.origin = origin }

    func item(_ name: String) -> (item: Item, place: TOMLPlace)? {
        guard let index = indices[ByteText(name)] else { return nil }
        return (items[index].item, items[index].place)  // safe: `add` wrote the index, and nothing is removed
    }

    func add(_ name: String, _ item: Item, _ place: TOMLPlace) {
        indices[ByteText(name)] = items.count
        items.append((name, item, place))
    }

    /// Recursion ends: the parser bounds the depth.
    var finished: TOMLTable {
        var table = TOMLTable()
        for (name, item, place) in items {
            switch item {
            case .value(let value): table.members.append(TOMLTable.Member(name: name, value: value, place: place))
            case .table(let inner):
                table.members.append(TOMLTable.Member(name: name, value: .table(inner.finished), place: place))
            }
        }
        return table
    }
}

/// Where a text is read, and what was found so far. `TOMLReader` makes one for each text.
struct TOMLParser {
    struct Name {
        var text: String
        var position: Int
    }

    let bytes: [UInt8]
    var at: Int

    init(bytes: [UInt8], at: Int) {
        self.bytes = bytes
        self.at = at
        start = at
        counted = at
    }

    // MARK: - Places

    private let start: Int
    // Places are asked for from the front to the back: counting continues behind the last one.
    private var counted: Int
    private var reached = TOMLPlace(line: 1, column: 1)

    mutating func place(of position: Int) -> TOMLPlace {
        if position < counted { (counted, reached) = (start, TOMLPlace(line: 1, column: 1)) }
        while counted < position, let byte = byte(counted) {
            counted += 1
            if byte == newline {
                reached = TOMLPlace(line: reached.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                // A byte that continues a character is no column.
                reached.column += 1
            }
        }
        return reached
    }

    mutating func wrong(_ message: String, at position: Int? = nil) -> TOMLError {
        TOMLError(message, place(of: position ?? at))
    }

    // MARK: - Bytes

    let newline = UInt8(ascii: "\n")

    func byte(_ position: Int) -> UInt8? { bytes.indices.contains(position) ? bytes[position] : nil }
    var next: UInt8? { byte(at) }

    func follows(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            bytes.count - at >= wanted.count && bytes[at..<(at + wanted.count)].elementsEqual(wanted)
        }
    }

    mutating func skipBlanks() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { at += 1 }
    }

    /// Past the end of a line, if one is there.
    mutating func skipNewline() -> Bool {
        if next == newline {
            at += 1
            return true
        }
        guard follows("\r\n") else { return false }
        at += 2
        return true
    }

    mutating func skipComment() throws(TOMLError) {
        guard next == UInt8(ascii: "#") else { return }
        while let byte = next, byte != newline, !follows("\r\n") {
            guard !isControl(byte) else { throw wrong("a comment has a control character; remove it") }
            at += 1
        }
    }

    func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F }

    /// What stands at `at`, for messages. A letter at most: a value may be a secret.
    var found: String {
        guard let next else { return "the file ends" }
        if next == newline || follows("\r\n") { return "the line ends" }
        if isControl(next) { return "there is a control character" }
        guard next < 0x80 else { return "there is a character beyond ASCII" }
        return "there is \"\(Character(UnicodeScalar(next)))\""
    }

    // MARK: - The document

    mutating func document() throws(TOMLError) -> TOMLTable {
        let root = GrowingTable(.header)
        var current = root
        var depth = 0
        while true {
            skipBlanks()
            try skipComment()
            if skipNewline() { continue }
            guard next != nil else { return root.finished }
            if next == UInt8(ascii: "[") {
                (current, depth) = try header(root)
            } else {
                try pair(in: current, depth: depth)
            }
            skipBlanks()
            try skipComment()
            guard skipNewline() || next == nil else {
                throw wrong("the line has more than one thing: \(found); begin a new line there")
            }
        }
    }

    mutating func header(_ root: GrowingTable) throws(TOMLError) -> (GrowingTable, Int) {
        let place = at
        guard !follows("[[") else {
            throw wrong("[[...]] is a list of tables, and no table: write one pair of brackets")
        }
        at += 1
        skipBlanks()
        let path = try path(depth: 0)
        guard next == UInt8(ascii: "]") else { throw wrong("\"]\" is missing behind the name of a table: \(found)") }
        at += 1
        var table = root
        for name in path.dropLast() {
            switch table.item(name.text)?.item {
            case nil:
                let inner = GrowingTable(.implied)
                table.add(name.text, .table(inner), self.place(of: name.position))
                table = inner
            case .table(let inner) where inner.origin != .inline: table = inner
            default: throw taken(name, table)
            }
        }
        guard let last = path.last else { throw wrong("the table has no name", at: place) }
        switch table.item(last.text)?.item {
        case nil:
            let inner = GrowingTable(.header)
            table.add(last.text, .table(inner), self.place(of: last.position))
            return (inner, path.count)
        case .table(let inner) where inner.origin == .implied:
            inner.origin = .header
            return (inner, path.count)
        default: throw taken(last, table)
        }
    }

    /// name = value
    mutating func pair(in table: GrowingTable, depth: Int) throws(TOMLError) {
        let path = try path(depth: depth)
        guard next == UInt8(ascii: "=") else {
            throw wrong("\"=\" is missing behind a name: \(found); write name = value, or [name] for a table")
        }
        at += 1
        skipBlanks()
        var table = table
        for name in path.dropLast() {
            switch table.item(name.text)?.item {
            case nil:
                let inner = GrowingTable(.dotted)
                table.add(name.text, .table(inner), place(of: name.position))
                table = inner
            case .table(let inner) where inner.origin == .dotted: table = inner
            default: throw taken(name, table)
            }
        }
        guard let last = path.last else { throw wrong("a name is missing") }
        guard table.item(last.text) == nil else { throw taken(last, table) }
        let place = place(of: last.position)
        let value = try value(depth: depth + path.count)
        table.add(last.text, value, place)
    }

    mutating func taken(_ name: Name, _ table: GrowingTable) -> TOMLError {
        let line = table.item(name.text).map { " in line \($0.place.line)" } ?? ""
        return wrong(
            "\(name.text.shownWithEscapes(limit: 80)) stands there already\(line): keep one of the two",
            at: name.position)
    }

    // MARK: - Names

    /// a, a.b, "a b".c; ends behind the blanks that follow.
    mutating func path(depth: Int) throws(TOMLError) -> [Name] {
        var names: [Name] = []
        while true {
            guard depth + names.count < TOMLReader.maximumDepth else {
                throw wrong("tables are nested deeper than \(TOMLReader.maximumDepth) levels")
            }
            names.append(try name())
            skipBlanks()
            guard next == UInt8(ascii: ".") else { return names }
            at += 1
            skipBlanks()
        }
    }

    mutating func name() throws(TOMLError) -> Name {
        let start = at
        var text: String
        switch next {
        case UInt8(ascii: "\""):
            guard !follows("\"\"\"") else { throw wrong("a name has one pair of quotes, and not three") }
            text = try basic()
        case UInt8(ascii: "'"):
            guard !follows("'''") else { throw wrong("a name has one pair of quotes, and not three") }
            text = try literal()
        default:
            while let byte = next,
                ASCIIText.isLetterOrDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            { at += 1 }
            guard at > start else {
                let way = next.map { $0 >= 0x80 } == true ? "put such a name into quotes" : "a name is missing there"
                throw wrong("\(found); \(way)")
            }
            text = String(decoding: bytes[start..<at], as: UTF8.self)
        }
        guard text.utf8.count <= TOMLReader.maximumNameBytes else {
            throw wrong("the name is longer than \(TOMLReader.maximumNameBytes) bytes", at: start)
        }
        return Name(text: text, position: start)
    }

    // MARK: - Values

    mutating func value(depth: Int) throws(TOMLError) -> GrowingTable.Item {
        guard depth < TOMLReader.maximumDepth else {
            throw wrong("lists and tables are nested deeper than \(TOMLReader.maximumDepth) levels")
        }
        switch next {
        case UInt8(ascii: "\""): return .value(.string(try follows("\"\"\"") ? longBasic() : basic()))
        case UInt8(ascii: "'"): return .value(.string(try follows("'''") ? longLiteral() : literal()))
        case UInt8(ascii: "["): return .value(.array(try list(depth: depth)))
        case UInt8(ascii: "{"): return .table(try inlineTable(depth: depth))
        case nil, newline, UInt8(ascii: "\r"), UInt8(ascii: "#"):
            throw wrong("the value is missing: \(found); a text stands in quotes, an empty one is \"\"")
        default: return .value(try word())
        }
    }

    mutating func list(depth: Int) throws(TOMLError) -> [TOMLValue] {
        let start = at
        at += 1
        var values: [TOMLValue] = []
        while true {
            try skipLines()
            if next == UInt8(ascii: "]") { break }
            guard next != nil else { throw wrong("the list has no end: \"]\" is missing", at: start) }
            switch try value(depth: depth + 1) {
            case .value(let value): values.append(value)
            case .table(let table): values.append(.table(table.finished))
            }
            try skipLines()
            if next == UInt8(ascii: "]") { break }
            guard next == UInt8(ascii: ",") else {
                guard next != nil else { throw wrong("the list has no end: \"]\" is missing", at: start) }
                throw wrong("\",\" or \"]\" is missing behind an element of a list: \(found)")
            }
            at += 1
        }
        at += 1
        return values
    }

    mutating func skipLines() throws(TOMLError) {
        repeat {
            skipBlanks()
            try skipComment()
        } while skipNewline()
    }

    mutating func inlineTable(depth: Int) throws(TOMLError) -> GrowingTable {
        let table = GrowingTable(.inline)
        at += 1
        skipBlanks()
        if next == UInt8(ascii: "}") {
            at += 1
            return table
        }
        while true {
            skipBlanks()
            try pair(in: table, depth: depth)
            skipBlanks()
            if next == UInt8(ascii: "}") { break }
            guard next == UInt8(ascii: ",") else {
                throw wrong("\",\" or \"}\" is missing in a table of one line: \(found)")
            }
            at += 1
        }
        at += 1
        return table
    }
}
