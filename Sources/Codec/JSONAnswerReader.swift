internal import Core

/// The reader behind `JSONAnswer`: one loop over a stack of its own, so that the nesting of a text costs no stack.
struct JSONAnswerReader {
    /// No answer that matters nests deeper; what does is passed over, to any depth.
    static let maximumDepth = 32

    private struct Level {
        let isObject: Bool
        var name = ""
        var members: [JSONMember] = []
        var values: [JSONValue] = []

        init(isObject: Bool) { self.isObject = isObject }

        var value: JSONValue { isObject ? .object(members) : .array(values) }

        /// Of two members with one name the last is kept, in the place of the first.
        mutating func dropDoubles() {
            guard members.count > 1 else { return }
            var places: [[UInt8]: Int] = [:]
            var kept: [JSONMember] = []
            for member in members {
                let name = Array(member.name.utf8)
                if let place = places[name] {
                    kept[place] = member  // safe: a place in it
                } else {
                    places[name] = kept.count
                    kept.append(member)
                }
            }
            members = kept
        }

        mutating func add(_ value: JSONValue) {
            if isObject { members.append(JSONMember(name, value)) } else { values.append(value) }
        }

        /// The others keep their places.
        mutating func removeLast() {
            if isObject { _ = members.popLast() } else if !values.isEmpty { values[values.count - 1] = .null }
        }
    }

    /// What comes next inside an object or a list, if it does not end.
    private enum Place {
        case name, value
        /// Behind a value: a comma.
        case comma
    }

    private let bytes: UnsafeRawBufferPointer
    private let maximumDepth: Int
    private let keepsDoubles: Bool
    /// How many values more are kept.
    private var left: Int
    private var at = 0
    /// Behind the last byte that is no text and was passed over.
    private var oddEnd = -1
    private var levels: [Level] = []
    private var isCut = false
    private var isDamaged = false
    private var isShortened = false
    /// Behind a crowd of other values the members of an object may still be those that matter.
    private var membersLeft = 1_000

    init(
        _ bytes: UnsafeRawBufferPointer, maximumDepth: Int = JSONAnswerReader.maximumDepth, keepsDoubles: Bool = true,
        mostValues: Int = JSONValue.mostValuesKept
    ) {
        self.bytes = bytes
        left = mostValues
        self.maximumDepth = maximumDepth
        self.keepsDoubles = keepsDoubles
    }

    mutating func read() -> JSONAnswer? {
        skip()
        guard let first = next else { return nil }
        guard isOpening(first) else { return scalar().map { answer($0) } }
        var place = open(first)
        while let top = levels.indices.last {
            skip()
            guard let byte = next else { break }
            let isObject = levels[top].isObject  // safe: the last index
            switch byte {
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                at += 1
                if place == .value && isObject || isObject != (byte == UInt8(ascii: "}")) { isDamaged = true }
                if !keepsDoubles { levels[top].dropDoubles() }  // safe: the last index
                let value = levels.removeLast().value
                guard add(value) else { return answer(value) }
                place = .comma
            case UInt8(ascii: ","):
                at += 1
                if place == .value && isObject { isDamaged = true }
                place = isObject ? .name : .value
            case _ where place == .comma:
                levels[top].removeLast()  // safe: the last index
                passDamage()
            case _ where place == .name:
                if let name = name() {
                    levels[top].name = name  // safe: the last index
                    place = .value
                } else {
                    passDamage()
                    place = .comma
                }
            case _ where isOpening(byte) && levels.count < maximumDepth && left > 0:
                left -= 1
                place = open(byte)
            case _ where isOpening(byte):
                passOver()
                keep(.null, in: top)
                place = .comma
            default:
                if let value = scalar() {
                    keep(value, in: top)
                } else {
                    if at < bytes.count, !isObject { _ = add(.null) }
                    passDamage()
                }
                place = .comma
            }
        }
        let value = closed()
        return answer(value)
    }

    private func answer(_ value: JSONValue) -> JSONAnswer {
        JSONAnswer(value: value, isCut: isCut, isDamaged: isDamaged, isShortened: isShortened, end: at)
    }

    /// What is there when the text ends too early: lists that are not whole are left out, but for the outermost.
    private mutating func closed() -> JSONValue {
        isCut = true
        while let level = levels.popLast() {
            if levels.isEmpty { return level.value }
            if level.isObject { _ = add(level.value) }
        }
        return .null
    }

    // MARK: - Objects and lists

    private func isOpening(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }

    private mutating func open(_ byte: UInt8) -> Place {
        at += 1
        let isObject = byte == UInt8(ascii: "{")
        levels.append(Level(isObject: isObject))
        return isObject ? .name : .value
    }

    /// False if nothing is open.
    private mutating func add(_ value: JSONValue) -> Bool {
        guard let top = levels.indices.last else { return false }
        levels[top].add(value)  // safe: the last index
        return true
    }

    /// Of a crowd of values the later ones are left out.
    private mutating func keep(_ value: JSONValue, in top: Int) {
        if left > 0 {
            left -= 1
        } else if levels[top].isObject, membersLeft > 0 {  // safe: the caller's index
            membersLeft -= 1
        } else {
            isShortened = true
            return
        }
        levels[top].add(value)  // safe: as above
    }

    /// To the next comma or end of this level.
    private mutating func passDamage() {
        if at < bytes.count { isDamaged = true }
        while let byte = next {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return
            case UInt8(ascii: "\""): _ = string(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["): passOver()
            default: at += 1
            }
        }
    }

    /// Passes over an object or a list, however deep.
    private mutating func passOver() {
        var depth = 0
        while let byte = next {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                at += 1
                if depth == 0 { return }
            case UInt8(ascii: "\""): passString()
            default: at += 1
            }
        }
    }

    private mutating func passString() {
        at += 1
        while let byte = next {
            at += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { break }
        }
        at = min(at, bytes.count)
    }

    // MARK: - Between values

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }  // safe: at < count

    private func isOdd(_ byte: UInt8) -> Bool { byte < 0x20 && !isBlank(byte) || byte >= 0x7F }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// Blanks, comments, and bytes that are no text.
    private mutating func skip() {
        while let byte = next {
            if isBlank(byte) {
                at += 1
            } else if isOdd(byte) {
                at += 1
                oddEnd = at
            } else if byte == UInt8(ascii: "/"), at + 1 < bytes.count {
                switch bytes[at + 1] {  // safe: checked above
                case UInt8(ascii: "/"):
                    while let byte = next, byte != 0x0A { at += 1 }
                case UInt8(ascii: "*"):
                    at += 2
                    while let byte = next, !(byte == UInt8(ascii: "/") && bytes[at - 1] == UInt8(ascii: "*")) {
                        at += 1
                    }
                    at = min(at + 1, bytes.count)
                default: return
                }
            } else {
                return
            }
        }
    }

    /// A name and its colon; nil where there is none.
    private mutating func name() -> String? {
        guard let byte = next else { return nil }
        let found: String?
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            found = string(byte)
        } else {
            found = word()
        }
        skip()
        guard let found, !found.isEmpty || byte == UInt8(ascii: "\""), next == UInt8(ascii: ":") else { return nil }
        at += 1
        return found
    }

    // MARK: - Texts

    private mutating func scalar() -> JSONValue? {
        guard let byte = next else { return nil }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return string(byte).map { .string($0) } }
        let start = at
        guard let word = word(), !word.isEmpty else { return nil }
        // Half a number is another number: only a character that ends a number may stand beside it.
        if start == oddEnd { return nil }
        if let behind = next {
            guard
                isBlank(behind) || behind == UInt8(ascii: ",") || behind == UInt8(ascii: "}")
                    || behind == UInt8(ascii: "]") || behind == UInt8(ascii: "/")
            else { return nil }
        } else if !levels.isEmpty {
            return nil
        }
        return JSONValue.word(word)
    }

    /// A number, or a word without quotes.
    private mutating func word() -> String? {
        let start = at
        while let byte = next, Self.isWordByte(byte) { at += 1 }
        return at > start ? String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self) : nil
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."):
            return true
        default: return false
        }
    }

    /// A text between quotes; nil if the other quote does not come.
    private mutating func string(_ quote: UInt8) -> String? {
        at += 1
        let start = at
        while let byte = next, byte != quote, byte != UInt8(ascii: "\\") { at += 1 }
        guard at < bytes.count else { return nil }
        let plain = UnsafeRawBufferPointer(rebasing: bytes[start..<at])
        if next == quote {
            at += 1
            return String(decoding: plain, as: UTF8.self)
        }
        var text = Array(plain)
        while let byte = next {
            at += 1
            if byte == quote { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") { escape(into: &text) } else { text.append(byte) }
        }
        return nil
    }

    private mutating func escape(into text: inout [UInt8]) {
        guard let escaped = next else { return }
        at += 1
        if let meant = JSONReader.meaning(of: escaped) {
            text.append(meant)
        } else if escaped == UInt8(ascii: "'") {
            text.append(escaped)
        } else {
            let scalar = escaped == UInt8(ascii: "u") ? unicode() : nil
            text.append(contentsOf: String(Character(scalar ?? "\u{FFFD}")).utf8)
        }
    }

    /// What four hex digits mean, and four more where they are half of a pair. Nil for half a pair alone.
    private mutating func unicode() -> Unicode.Scalar? {
        guard let unit = hex() else { return nil }
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let behind = at
        guard unit < 0xDC00, bytes.count - at >= 2, bytes[at] == UInt8(ascii: "\\"),  // safe: two are left
            bytes[at + 1] == UInt8(ascii: "u")  // safe: as above
        else { return nil }
        at += 2
        if let low = hex(), (0xDC00...0xDFFF).contains(low) {
            return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
        }
        at = behind
        return nil
    }

    private mutating func hex() -> UInt16? {
        guard bytes.count - at >= 4 else { return nil }
        var value: UInt16 = 0
        for index in at..<(at + 4) {
            guard let digit = Hex.value(bytes[index]) else { return nil }  // safe: four are left
            value = value << 4 | UInt16(digit)
        }
        at += 4
        return value
    }
}
