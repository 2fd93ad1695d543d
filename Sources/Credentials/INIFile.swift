internal import Core

/// The small dialect of INI that the vendors' credential files use: `[section]`, `name = value` or `name: value`, whole
/// lines of comment behind "#" or ";". Names in lower case, values trimmed. A section that is there twice, or a name that is
/// twice in it, cannot be used: of two keys nobody can know which account is to pay. (Python's configparser, with which the
/// vendors' SDKs read these files, refuses both too.)
struct INIFile {
    struct Section {
        fileprivate(set) var values: [String: String] = [:]
        /// What is there twice, with both lines; nil for nothing.
        fileprivate(set) var fault: String?
        fileprivate let line: Int
        fileprivate var lines: [String: Int] = [:]
    }

    /// By the bytes of their names: two names that look alike are two sections.
    private var sections: [[UInt8]: Section] = [:]

    /// `hashCutsValues`: "#" anywhere ends a value, as in Alibaba's files.
    init?(_ bytes: [UInt8], hashCutsValues: Bool) {
        guard let text = String(validating: bytes.withoutMark, as: UTF8.self) else { return nil }
        var section: [UInt8]?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let number = index + 1
            let line = Self.trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                guard let end = line.firstIndex(of: "]") else { return nil }
                let name = Array(line[line.index(after: line.startIndex)..<end].utf8)
                section = name
                guard let earlier = sections[name] else {
                    sections[name] = Section(line: number)
                    continue
                }
                let shown = String(decoding: name, as: UTF8.self).shown(limit: 60)
                sections[name]?.tell(
                    "the section [\(shown)] stands there twice, in lines \(earlier.line) and \(number)")
                continue
            }
            guard let section, let split = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            // ASCII alone: in lower case the sign of Kelvin is a "k".
            let name = Self.trimmed(line[..<split]).utf8.map(Words.lower)
            guard name.allSatisfy({ $0 < 0x80 }) else { continue }
            var value = line[line.index(after: split)...]
            if hashCutsValues, let hash = value.firstIndex(of: "#") { value = value[..<hash] }
            sections[section]?.add(String(decoding: name, as: UTF8.self), String(Self.trimmed(value)), in: number)
        }
    }

    subscript(_ section: String) -> Section? { sections[Array(section.utf8)] }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

extension INIFile.Section {
    fileprivate mutating func add(_ name: String, _ value: String, in line: Int) {
        if let earlier = lines[name] {
            tell("the key \(name.shown(limit: 60)) stands there twice, in lines \(earlier) and \(line)")
        }
        lines[name] = line
        values[name] = value
    }

    /// The first fault is told.
    fileprivate mutating func tell(_ words: String) { fault = fault ?? words }
}

extension [UInt8] {
    /// Without the mark of its encoding that some editors begin a file with.
    var withoutMark: ArraySlice<UInt8> { dropFirst(starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0) }
}
