// Swift's `==` on texts is canonical equivalence: it calls K (U+212A) and K equal, and the two forms of an accent. Names
// (an id, a key, a header, a host) are the same only byte for byte.
extension String {
    /// Whether the bytes are the same.
    @inlinable public func isSame(as other: String) -> Bool {
        // Equal bytes are equal texts, so the fast comparison finds most differences.
        self == other && utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Whether the bytes are the same, without the case of A to Z.
    public func isSameInAnyCase(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return zip(utf8, other.utf8).allSatisfy { a, b in
            a == b || (65...90).contains(a & 0xDF) && a & 0xDF == b & 0xDF
        }
    }
}

/// A text as the key of a dictionary or a member of a set: equal only to the same bytes.
public struct ByteText: Hashable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public static func == (a: ByteText, b: ByteText) -> Bool { a.text.isSame(as: b.text) }

    public func hash(into hasher: inout Hasher) {
        // Equal texts hash alike, so that equal bytes do.
        hasher.combine(text)
    }
}
