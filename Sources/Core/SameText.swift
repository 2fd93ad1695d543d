// Swift's `==` on texts is canonical equivalence: it calls K (U+212A) and K equal, and the two forms of an accent. Names
// (an id, a key, a header, a host) are the same only byte for byte.
extension String {
    /// Whether the bytes are the same. Inlined up to the lengths, which tell most texts apart.
    @inlinable @inline(__always) public func isSame(as other: String) -> Bool {
        utf8.count == other.utf8.count && isSame(asEquallyLong: other)
    }

    /// Whether the bytes are the same, without the case of A to Z.
    @inlinable @inline(__always) public func isSameInAnyCase(as other: String) -> Bool {
        utf8.count == other.utf8.count && isSameInAnyCase(asEquallyLong: other)
    }

    @usableFromInline func isSame(asEquallyLong other: String) -> Bool {
        withBytes(of: other, ByteScan.isSame) ?? utf8.elementsEqual(other.utf8)
    }

    @usableFromInline func isSameInAnyCase(asEquallyLong other: String) -> Bool {
        withBytes(of: other, ByteScan.isSameInAnyCase)
            ?? zip(utf8, other.utf8).allSatisfy { ByteScan.isSameLetter($0, $1) }
    }

    /// Nil where one of the two does not lie in memory in one piece (a text that Foundation has lent).
    @inline(__always)
    private func withBytes(
        of other: String, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) -> Bool? {
        let answer = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { theirs in
                body(UnsafeRawBufferPointer(mine), UnsafeRawBufferPointer(theirs))
            }
        }
        return answer ?? nil
    }
}

extension String? {
    /// The same of texts that may be missing.
    public func isSame(as other: String?) -> Bool {
        guard let self, let other else { return self == nil && other == nil }
        return self.isSame(as: other)
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
