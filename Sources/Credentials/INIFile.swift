internal import Core

/// The small dialect of INI that the vendors' credential files use: `[section]`, `name = value` or `name: value`, whole
/// lines of comment behind "#" or ";". Names in lower case, values trimmed. A section that is there twice, or a name that is
/// twice in it, cannot be used: of two keys nobody can know which account is to pay. (Python's configparser, with which the
/// vendors' SDKs read these files, refuses both too.) Only names that the source reads count: lines of notes and of values
/// over several lines look like names.
struct INIFile {
    struct Section {
        fileprivate(set) var values: [String: String] = [:]
        /// What is there twice, with both lines; nil for nothing.
        fileprivate(set) var fault: String?
        fileprivate let line: Int
        fileprivate var lines: [String: Int] = [:]
        /// The key that an indented line continues.
        fileprivate var open: String?
    }

    /// By the bytes of their names: two names that look alike are two sections.
    private var sections: [[UInt8]: Section] = [:]

    /// `names`: the keys that are read. `hashCutsValues`: "#" anywhere ends a value, as in Alibaba's files.
    init?(_ bytes: [UInt8], names: [String], hashCutsValues: Bool) {
        guard let text = String(validating: bytes.withoutMark, as: UTF8.self) else { return nil }
        func cut(_ text: Substring) -> Substring { hashCutsValues ? text.prefix { $0 != "#" } : text }
        var section: [UInt8]?
        // How far in the newest key of the section stands; an indented line behind it continues its value.
        var indent: Int?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let number = index + 1
            let depth = line.prefix(while: \.isWhitespace).count
            let line = Self.trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            let isIndented = indent.map { depth > $0 } ?? false
            if first == "[", !isIndented || Self.isHeader(line) {
                indent = nil
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
            guard let section else { continue }
            let split = line.firstIndex { $0 == "=" || $0 == ":" }
            // Of A to Z alone: in lower case the sign of Kelvin is a "k".
            let name = Self.trimmed(line[..<(split ?? line.endIndex)]).utf8.map(ASCIIText.lower)
            guard let split, names.contains(where: { $0.utf8.elementsEqual(name) }) else {
                if isIndented {
                    sections[section]?.extend(Self.trimmed(cut(line)))
                } else if split != nil {
                    indent = depth
                    sections[section]?.open = nil
                }
                continue
            }
            indent = depth
            let value = Self.trimmed(cut(line[line.index(after: split)...]))
            sections[section]?.add(String(decoding: name, as: UTF8.self), String(value), in: number)
        }
    }

    subscript(_ section: String) -> Section? { sections[Array(section.utf8)] }

    /// "[name]", and not a piece of JSON that continues a value.
    private static func isHeader(_ line: Substring) -> Bool {
        guard let end = line.firstIndex(of: "]") else { return false }
        let name = line[..<end].dropFirst()
        return !name.isEmpty && !name.contains { $0 == "\"" || $0 == "{" || $0 == "[" }
    }

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
        open = name
    }

    /// A policy is the one value that people write over several lines.
    fileprivate mutating func extend(_ line: Substring) {
        guard let open, open == "policy", let value = values[open] else { return }
        values[open] = value + "\n" + line
    }

    /// The first fault is told.
    fileprivate mutating func tell(_ words: String) { fault = fault ?? words }
}

extension [UInt8] {
    /// Without the mark of its encoding that some editors begin a file with.
    var withoutMark: ArraySlice<UInt8> { dropFirst(starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0) }
}
