internal import Codec
internal import Core

/// URLs that a store's owner has signed: who signs one anew gets another text for the same picture.
enum SignedURL {
    /// The parameters of a signature, in lower case. They count only where all of `marks` are there: `Expires` alone may
    /// mean anything.
    private struct Way {
        var marks: [[UInt8]]
        var names: Set<[UInt8]>

        init(marks: [String], _ names: [String]) {
            self.marks = marks.map { Array($0.utf8) }
            self.names = Set((marks + names).map { Array($0.utf8) })
        }
    }

    private static let ways = [
        Way(
            marks: ["q-signature"],  // COS
            [
                "q-sign-algorithm", "q-ak", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list",
                "x-cos-security-token",
            ]),
        Way(marks: ["ossaccesskeyid", "signature"], ["expires", "security-token"]),  // OSS, version 1
        Way(
            marks: ["x-oss-signature"],  // OSS, version 4
            [
                "x-oss-signature-version", "x-oss-credential", "x-oss-date", "x-oss-expires",
                "x-oss-additional-headers", "x-oss-security-token",
            ]),
        Way(
            marks: ["x-amz-signature"],
            [
                "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders",
                "x-amz-security-token", "x-amz-content-sha256",
            ]),
    ]

    /// The URL without its signature, and with every other parameter; nil if it has none.
    static func unsigned(_ url: String) -> String? {
        let bytes = Array(url.utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        guard let mark = bytes[..<end].firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let parts = bytes[mark..<end].dropFirst().split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        let names = parts.map { part in part.prefix { $0 != UInt8(ascii: "=") }.map(lowercased) }
        let found = ways.filter { $0.marks.allSatisfy(names.contains) }
        if found.isEmpty { return nil }
        var rest: [UInt8] = []
        for (part, name) in zip(parts, names) where !found.contains(where: { $0.names.contains(name) }) {
            rest.append(UInt8(ascii: rest.isEmpty ? "?" : "&"))
            rest += part
        }
        return String(decoding: bytes[..<mark] + rest + bytes[end...], as: UTF8.self)
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
