// The signatures in the query of a URL.
extension WebURL {
    /// The identity of the object, which stays the same when its URL is signed anew. It is hashed and never shown: it may
    /// hold a secret that only its store knows.
    public var objectIdentity: String { URLSignature.unsigned(text) ?? text }

    /// Whether the URL has a signature of its own; a second signature would be an error.
    public var isSigned: Bool {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return false }
        return target.utf8[mark...].dropFirst().split(separator: UInt8(ascii: "&")).contains { piece in
            URLSignature.signatureNames.contains(piece.prefix { $0 != UInt8(ascii: "=") }.map(ASCIIText.lower))
        }
    }
}
