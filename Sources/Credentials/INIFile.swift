internal import Core

/// The small dialect of INI that the vendors' credential files use: `[section]`, `name = value` or `name: value`, whole
/// lines of comment behind "#" or ";". Names in lower case, values trimmed; the last of two equal names wins.
struct INIFile {
    /// By the bytes of their names: two names that look alike are two sections.
    private var sections: [[UInt8]: [String: String]] = [:]

    /// `hashCutsValues`: "#" anywhere ends a value, as in Alibaba's files.
    init?(_ bytes: [UInt8], hashCutsValues: Bool) {
        guard let text = String(validating: bytes.withoutMark, as: UTF8.self) else { return nil }
        var section: [UInt8]?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = Self.trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                guard let end = line.firstIndex(of: "]") else { return nil }
                let name = Array(line[line.index(after: line.startIndex)..<end].utf8)
                sections[name, default: [:]] = sections[name] ?? [:]
                section = name
                continue
            }
            guard let section, let split = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            // ASCII alone: in lower case the sign of Kelvin is a "k".
            let name = Self.trimmed(line[..<split]).utf8.map(Words.lower)
            guard name.allSatisfy({ $0 < 0x80 }) else { continue }
            var value = line[line.index(after: split)...]
            if hashCutsValues, let hash = value.firstIndex(of: "#") { value = value[..<hash] }
            sections[section]?[String(decoding: name, as: UTF8.self)] = String(Self.trimmed(value))
        }
    }

    subscript(_ section: String) -> [String: String]? { sections[Array(section.utf8)] }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

extension [UInt8] {
    /// Without the mark of its encoding that some editors begin a file with.
    var withoutMark: ArraySlice<UInt8> { dropFirst(starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0) }
}
