/// An answer, read as far as it can be read.
public struct JSONAnswer: Equatable, Sendable {
    /// Of equal names all members are here. What nests deeper than the reader keeps is null.
    public var value: JSONValue
    /// The text ended too early. What was whole is here; a text, number, word or list that was not is left out.
    public var isCut = false
    /// Text in a place where JSON allows none. The member beside it is left out, an element is null, all others are read.
    public var isDamaged = false
    /// There are more values than are kept: lists lack their last elements, objects their last members.
    public var isShortened = false
    /// Why it is not all there, after "it is"; nil: all is there.
    public var flaw: String? { isCut ? "cut" : isDamaged ? "damaged" : isShortened ? "too large" : nil }
    /// Where the value ended; what follows is not looked at.
    public var end = 0

    /// Reads an answer that may have been bent on its way. Nil if not even a beginning can be read.
    ///
    /// Takes UTF-8, UTF-16 and UTF-32 with or without a byte order mark; replaces invalid UTF-8, lone surrogates and
    /// unknown escapes by U+FFFD; reads NaN, Infinity and their kind as null; passes over comments, needless commas and
    /// bytes that are no text between values; follows nesting of any depth. Takes no more stack for a deep text, and no more
    /// memory for a crowd of values than for `JSONValue.mostValuesKept`.
    public static func read(_ bytes: [UInt8]) -> JSONAnswer? {
        bytes.withUnsafeBytes { buffer in
            if let plain = JSONReader.read(buffer, maximumDepth: JSONAnswerReader.maximumDepth) {
                return JSONAnswer(value: plain, end: buffer.count)
            }
            guard let text = UnicodeText.utf8(of: buffer) else {
                var reader = JSONAnswerReader(buffer)
                return reader.read()
            }
            return text.withUnsafeBytes { text in
                var reader = JSONAnswerReader(text)
                guard var answer = reader.read() else { return nil }
                // Places in the text are of no use to who has the bytes.
                answer.end = answer.end >= text.count ? buffer.count : 0
                return answer
            }
        }
    }
}

extension JSONAnswer {
    /// An answer as text for people and C: in UTF-8, what is no text and each NUL replaced by U+FFFD.
    public static func text(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { buffer in
            let text = UnicodeText.utf8(of: buffer) ?? bytes
            guard text.contains(0) else { return String(decoding: text, as: UTF8.self) }
            return text.split(separator: 0, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\u{FFFD}")
        }
    }
}
