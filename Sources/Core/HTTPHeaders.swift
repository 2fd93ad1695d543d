/// The header lines of an answer, in order of arrival. Names are compared without case and given in lower case, values are
/// trimmed.
///
/// Lines that came over the wire are kept as the bytes that they are, and looked at only when somebody asks: of most
/// answers one line is read.
public struct HTTPHeaders: Equatable, Sendable {
    private var made: [HTTPHeader] = []
    /// Lines as they came, each with its end, before those in `made`.
    private var head: [UInt8] = []

    public init() {}

    public init(_ lines: [HTTPHeader]) {
        for line in lines { append(name: line.name, value: line.value) }
    }

    /// From the lines of a head as they came, without the status line and the empty line. A line that begins with a blank
    /// continues the one before it (obsolete, still seen); what has no colon is no header.
    public init(head: [UInt8]) { self.head = head }

    public var lines: [HTTPHeader] { head.withUnsafeBytes { Self.all($0) } + made }

    public mutating func append(name: String, value: String) {
        made.append(HTTPHeader(name.lowercased(), value))
    }

    public mutating func removeAll() {
        head.removeAll()
        made.removeAll(keepingCapacity: true)
    }

    /// The first value of a header; `name` in lower case.
    public subscript(_ name: String) -> String? {
        if !head.isEmpty, let found = head.withUnsafeBytes({ Self.first(name, in: $0) }) { return found }
        for line in made where line.name.isSame(as: name) { return line.value }
        return nil
    }

    /// The value of a header on which all its lines agree; nil: there is none, or two lines differ.
    public func agreed(_ name: String) -> String? {
        guard let first = self[name] else { return nil }
        return lines.allSatisfy { !$0.name.isSame(as: name) || $0.value.isSame(as: first) } ? first : nil
    }

    /// A number that stands for the first value of a header, without a copy of it; nil if there is none.
    public func number(of name: String) -> UInt64? {
        let found = head.withUnsafeBytes { head in
            Self.place(of: name, in: head).map { ByteHash.number(of: Self.trimmed(head[$0])) }
        }
        return found ?? made.first { $0.name.isSame(as: name) }.map { ByteHash.number(of: $0.value) }
    }

    /// The same as it came over the wire, which may be no UTF-8.
    public func bytes(_ name: String) -> [UInt8]? {
        if !head.isEmpty, let found = head.withUnsafeBytes({ Self.firstBytes(name, in: $0) }) { return found }
        for line in made where line.name == name { return Array(line.value.utf8) }
        return nil
    }

    public static func == (a: HTTPHeaders, b: HTTPHeaders) -> Bool {
        (a.head.isEmpty && b.head.isEmpty && a.made == b.made) || a.lines == b.lines
    }

    // MARK: - Bytes of the wire

    // Every index below is kept between `startIndex` and `endIndex` by the loops.

    private static func all(_ head: UnsafeRawBufferPointer) -> [HTTPHeader] {
        var found: [HTTPHeader] = []
        var rest = head[...]
        while let line = nextLine(&rest) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = line[line.startIndex..<colon].map { isUpper($0) ? $0 | 0x20 : $0 }
            found.append(HTTPHeader(String(decoding: name, as: UTF8.self), value(line[(colon + 1)...])))
        }
        return found
    }

    private static func first(_ name: String, in head: UnsafeRawBufferPointer) -> String? {
        place(of: name, in: head).map { value(head[$0]) }
    }

    private static func firstBytes(_ name: String, in head: UnsafeRawBufferPointer) -> [UInt8]? {
        place(of: name, in: head).map { place in
            var line = head[place]
            while let byte = line.first, byte <= 0x20 { line = line.dropFirst() }
            while let byte = line.last, byte <= 0x20 { line = line.dropLast() }
            return line.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        }
    }

    /// Where the first value of a header stands.
    private static func place(of name: String, in head: UnsafeRawBufferPointer) -> Range<Int>? {
        var name = name
        return name.withUTF8 { wanted in
            var start = 0
            while start < head.count {
                let colon = start + wanted.count
                // A name holds no end of a line: what is found lies in this line.
                if colon < head.count, head[colon] == UInt8(ascii: ":"), isName(wanted, head, at: start) {
                    return colon + 1..<endOfHeader(head, from: colon)
                }
                start = endOfLine(head, start)
            }
            return nil
        }
    }

    private static func isName(
        _ wanted: UnsafeBufferPointer<UInt8>, _ head: UnsafeRawBufferPointer, at start: Int
    ) -> Bool {
        for index in 0..<wanted.count {
            let byte = head[start + index]
            if (isUpper(byte) ? byte | 0x20 : byte) != wanted[index] { return false }
        }
        return true
    }

    private static func nextLine(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer>? {
        if rest.isEmpty { return nil }
        let end = endOfHeader(rest.base, from: rest.startIndex)
        defer { rest = rest[end...] }
        return rest[rest.startIndex..<end]
    }

    /// Behind a line and the lines that continue it.
    private static func endOfHeader(_ head: UnsafeRawBufferPointer, from start: Int) -> Int {
        var end = endOfLine(head, start)
        while end < head.count, isBlank(head[end]) { end = endOfLine(head, end) }
        return end
    }

    private static func endOfLine(_ head: UnsafeRawBufferPointer, _ start: Int) -> Int {
        min(ByteScan.index(of: UInt8(ascii: "\n"), in: head, from: start) + 1, head.count)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isUpper(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }

    /// Trimmed; a continuation keeps its line break until here, and a value is one line.
    private static func value(_ text: Slice<UnsafeRawBufferPointer>) -> String {
        let trimmed = trimmed(text)
        if ByteScan.index(of: UInt8(ascii: "\n"), in: trimmed, from: 0) == trimmed.count {
            return String(decoding: trimmed, as: UTF8.self)
        }
        return String(decoding: trimmed.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
    }

    private static func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        var start = text.startIndex
        var end = text.endIndex
        while start < end, text[start] <= 0x20 { start += 1 }
        while end > start, text[end - 1] <= 0x20 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }
}
