internal import Codec
internal import Core

// What both clouds' answers share.
extension JSONValue {
    /// An id that a provider made: text, or in older answers a whole number, digit for digit. Nil for anything else: a wrong
    /// id would find a wrong job.
    var identifier: String? {
        switch self {
        case .int(let number): return String(number)
        case .number(let text): return isWholeNumber && Answers.isIdentifier(text) ? text : nil
        case .string(let text): return Answers.isIdentifier(text) ? text : nil
        default: return nil
        }
    }

    /// A text or a number as it may be shown where it cannot be used as an id.
    var namedIdentifier: String? {
        let text: String
        switch self {
        case .array, .object: text = String(decoding: serialized(), as: UTF8.self)
        default: text = lenientString ?? ""
        }
        guard !text.isEmpty else { return nil }
        return Redaction.message(text.shownWithEscapes(limit: 100))
    }

    /// Whether it states an error, in the place where an answer has its error or the error's code.
    var statesError: Bool {
        guard case .object(let members) = self else { return saysMoreThanSuccess }
        // The code decides; beside none, any word counts.
        let codes = all("Code").compactMap { $0.lenientString }.filter { !$0.isEmpty }
        if !codes.isEmpty { return codes.contains { !ASCIIText.saysNoError($0) } }
        return members.contains { $0.value.saysMoreThanSuccess }
    }

    private var saysMoreThanSuccess: Bool {
        switch self {
        case .null, .bool(false), .array([]), .object([]): false
        default: lenientString.map { !$0.isEmpty && !ASCIIText.saysNoError($0) } ?? true
        }
    }

    /// Text that is there and not empty.
    var text: String? {
        guard case .string(let text) = self, !text.isEmpty else { return nil }
        return text
    }
}

extension JobAnswer {
    mutating func add(warning words: String) { warning = warning.map { $0 + "; " + words } ?? words }
}

enum Answers {
    /// The longest id that is believed.
    static let maximumIdentifierBytes = 1_024

    /// Ids are opaque; but they are not blank, not endless, and hold nothing that is not seen.
    static func isIdentifier(_ text: String) -> Bool {
        (1...maximumIdentifierBytes).contains(text.utf8.count) && text.utf8.contains { $0 != 0x20 } && text.isVisible
    }

    /// Answers beyond this are not kept for the caller: they were read all the same.
    static let maximumKeptBytes = 1 << 20
    /// So much is kept of an answer that could not be read.
    static let maximumUnreadBytes = 64 << 10
    /// More images than any operation makes; a list beyond it is garbage.
    static let maximumAssets = 1_000

    static func kept(_ body: [UInt8]) -> [UInt8] { body.count <= maximumKeptBytes ? body : [] }

    /// The job ids of an answer to a submission: none, one, or more than one, which leaves it in doubt whose it is.
    struct IDs {
        private(set) var id: JSONValue?
        private(set) var others: [JSONValue] = []

        /// Null is no id; the same one twice is one.
        mutating func add(_ found: JSONValue?) {
            guard let found, found != .null else { return }
            guard let id else {
                id = found
                return
            }
            if let a = id.identifier, let b = found.identifier, a.isSame(as: b) { return }
            if id != found { others.append(found) }
        }

        var isInDoubt: Bool { !others.isEmpty }

        /// All of them, to be shown: single words before what holds them.
        var named: String? {
            let all = [id].compactMap { $0 } + others.prefix(8)
            let words = all.flatMap { $0.arrayValue ?? [$0] }.filter { $0.arrayValue == nil && $0.objectValue == nil }
            var names: [String] = []
            for name in (words.isEmpty ? all : words).prefix(5).compactMap(\.namedIdentifier)
            where !names.contains(where: name.isSame) { names.append(name) }
            return names.isEmpty ? nil : names.joined(separator: " and ")
        }
    }

    /// The values of all members of two names, one within the other.
    static func ids(_ json: JSONValue, _ outer: String, _ inner: String) -> IDs {
        var ids = IDs()
        guard case .object(let members) = json else { return ids }
        for member in members where member.name.isSameInAnyCase(as: outer) {
            guard case .object(let fields) = member.value else { continue }
            for field in fields where field.name.isSameInAnyCase(as: inner) { ids.add(field.value) }
        }
        return ids
    }

    /// What looks like the id of a job, wherever it stands: beside an error it says that there may be a job.
    static func looseIDs(_ json: JSONValue) -> IDs {
        var ids = IDs()
        var waiting = [json]
        while let next = waiting.popLast() {
            switch next {
            case .array(let elements): waiting += elements
            case .object(let members):
                for member in members {
                    let counts = namesJob(member.name) || holdsOneWord(member)
                    if counts, saysSomething(member.value) { ids.add(member.value) }
                    waiting.append(member.value)
                }
            default: break
            }
        }
        return ids
    }

    /// "TaskId", "task_id", "inferenceJobId", "ids", "TaskIdSet"; "RequestId" and its kind are no jobs.
    private static func namesJob(_ name: String) -> Bool {
        let letters = name.utf8.filter { ASCIIText.isLetterOrDigit($0) }.map { $0 | 0x20 }
        guard (2...64).contains(letters.count) else { return false }
        let plain = String(
            decoding: letters.last == UInt8(ascii: "s") ? letters.dropLast() : letters[...], as: UTF8.self)
        return ["id", "task", "job"].contains(plain)
            || ["taskid", "jobid"].contains { ASCIIText.range(of: $0, in: letters) != nil }
    }

    /// "data":"4-AigcImage-1", "result":17: where objects are usual, one word can only be an id.
    private static func holdsOneWord(_ member: JSONMember) -> Bool {
        guard ["data", "result", "output"].contains(where: member.name.isSameInAnyCase) else { return false }
        return member.value.identifier.map { !$0.utf8.contains(0x20) } ?? false
    }

    /// The forms of "there is none" say nothing.
    private static func saysSomething(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool, .array([]): false
        case .object(let members): !members.isEmpty
        case .array(let elements): elements.contains(where: saysSomething)
        default:
            !["", "0", "-1", "null", "none", "undefined", "-"].contains((value.lenientString ?? "").lowercased())
        }
    }

    /// An id in an unreadable text, in a form for messages: the text behind its name. It is never used.
    static func search(_ body: [UInt8], _ outer: String, _ inner: String) -> String? {
        let bytes = Array(JSONAnswer.text(Array(body.prefix(maximumKeptBytes))).utf8)
        var start = 0
        if !outer.isEmpty, let found = ASCIIText.range(of: outer, in: bytes) { start = found.upperBound }
        while let found = ASCIIText.range(of: inner, in: bytes, from: start) {
            start = found.upperBound
            let before = found.lowerBound > 0 ? bytes[found.lowerBound - 1] : 0x20  // safe: not 0
            // A short name is a name between quotes alone: pages are full of it otherwise.
            let isName = inner.utf8.count > 2 ? !ASCIIText.isLetterOrDigit(before) : before == 0x22 || before == 0x27
            guard isName, let id = value(in: bytes, behind: found.upperBound) else { continue }
            return id
        }
        return nil
    }

    private static func value(in bytes: [UInt8], behind start: Int) -> String? {
        let quotes = [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), 0x20, 0x09, 0x0A, 0x0D]
        let openings = quotes + [UInt8(ascii: "[")]
        var at = start
        while at < bytes.count, quotes.contains(bytes[at]) { at += 1 }  // safe: at < count
        guard at < bytes.count, [UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: ">")].contains(bytes[at]) else {
            return nil
        }
        at += 1
        while at < bytes.count, openings.contains(bytes[at]) { at += 1 }  // safe: at < count
        let rest = bytes[min(at, bytes.count)...]
        let id = rest.prefix {
            ASCIIText.isLetterOrDigit($0) || $0 >= 0x80 || [45, 46, 95, 42, 126, 43, 58, 64].contains($0)
        }
        guard !id.isEmpty else { return nil }
        let shown = String(decoding: id, as: UTF8.self).shownWithEscapes(limit: 100)
        // What the end of the text has cut is not all of it.
        return Redaction.message(shown + (id.endIndex == bytes.count && !shown.hasSuffix("...") ? "..." : ""))
    }

    /// The usable entries of a list, and words about the others. Null and empty entries are left out silently.
    static func assets(
        _ list: JSONValue?, _ name: String, _ read: (JSONValue) -> AssetReference?
    ) -> (assets: [AssetReference], warning: String?) {
        let entries: [JSONValue]
        switch list {
        case .null, nil: return ([], nil)
        case .array(let given): entries = given
        // One entry without its list.
        case let single?: entries = [single]
        }
        var assets: [AssetReference] = []
        var odd: [String] = []
        var leftOut: Int32 = 0
        for entry in entries {
            if assets.count < maximumAssets, var asset = read(entry) {
                asset.leftOutBefore = leftOut
                assets.append(asset)
                continue
            }
            if leftOut < .max { leftOut += 1 }
            if entry == .null || entry == .string("") { continue }
            if odd.count < 3 {
                let text = entry.stringValue ?? String(decoding: entry.serialized(), as: UTF8.self)
                odd.append("\"" + (Redaction.message(text)?.shown(limit: 80) ?? "") + "\"")
            } else if odd.count == 3 {
                odd.append("...")
            }
        }
        if odd.isEmpty { return (assets, nil) }
        let isBeyondASCII = entries.contains { $0.stringValue.map(WebURL.hasHostBeyondASCII) ?? false }
        if isBeyondASCII { odd.append("a host name beyond ASCII can be used in its punycode form (xn--...) alone") }
        let known = list?.arrayValue == nil ? "\(name) is no list" : "\(name) holds entries that are no images"
        return (assets, "\(known), of \(entries.count): \(odd.joined(separator: ", "))")
    }

    /// A provider's word for a state, bounded, without what is not seen at its ends.
    static func word(_ text: String) -> String {
        func isSeen(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value > 0x20 && ![0x7F, 0xA0, 0x200B, 0x2028, 0x2029, 0x3000, 0xFEFF].contains(scalar.value)
        }
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: isSeen), let last = scalars.lastIndex(where: isSeen) else {
            return ""
        }
        return String(scalars[first...last]).shown(limit: 64)
    }

    /// The same as it is shown: one word. What a server says behind it may repeat what it was sent, secrets included.
    static func shownState(_ word: String) -> String {
        if Redaction.isPlain(word) { return word }
        guard let blank = word.firstIndex(of: " "), word[blank...].contains(where: { $0 != " " }) else {
            return Redaction.message(word) ?? ""
        }
        return (Redaction.message(String(word[..<blank])) ?? "") + " ..."
    }
}
