internal import Codec
internal import Core

// What both clouds' answers share.
extension JSONValue {
    /// An id that a provider made: text, or in older answers a whole number. Nil for anything else, also for a number
    /// that Int64 does not hold exactly: a wrong id would find a wrong job.
    var identifier: String? {
        switch self {
        case .int(let number): return String(number)
        case .string(let text): return Answers.isIdentifier(text) ? text : nil
        default: return nil
        }
    }

    /// Text that is there and not empty.
    var text: String? {
        guard case .string(let text) = self, !text.isEmpty else { return nil }
        return text
    }
}

enum Answers {
    /// The longest id that is believed.
    static let maximumIdentifierBytes = 1_024

    /// Ids are opaque; but they are not blank, not endless, and hold no control characters.
    static func isIdentifier(_ text: String) -> Bool {
        (1...maximumIdentifierBytes).contains(text.utf8.count) && text.utf8.contains { $0 != 0x20 }
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// Answers beyond this are not kept for the caller: they were read all the same.
    static let maximumKeptBytes = 1 << 20
    /// More images than any operation makes; a list beyond it is garbage.
    static let maximumAssets = 1_000

    static func kept(_ body: [UInt8]) -> [UInt8] { body.count <= maximumKeptBytes ? body : [] }

    /// A provider's word for a state, bounded.
    static func word(_ text: String) -> String { text.shown(limit: 64) }

    /// The same as it is shown: one word. What a server says behind it may repeat what it was sent, secrets included.
    static func shownState(_ word: String) -> String {
        if Redaction.isPlain(word) { return word }
        guard let blank = word.firstIndex(of: " "), word[blank...].contains(where: { $0 != " " }) else {
            return Redaction.message(word) ?? ""
        }
        return (Redaction.message(String(word[..<blank])) ?? "") + " ..."
    }

    private static let moderationWords = [
        "violationcontent", "moderation", "content review", "content policy", "sensitive content",
        "sensitive information",
        "sensitive word", "prohibited content", "inappropriate", "risk control", "datainspection",
        // The services answer in Chinese unless told otherwise, and sometimes then.
        "违规", "敏感", "审核", "涉黄", "涉政",
    ]

    /// Whether a failure's text speaks of moderation: neither cloud has a code for it where a job fails after it was
    /// accepted.
    static func speaksOfModeration(_ text: String) -> Bool {
        moderationWords.contains { Words.contains(text, $0) }
    }
}
