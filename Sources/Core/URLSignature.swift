/// How stores sign a URL: the one table of the parameters that a signature adds. Whoever signs a URL anew gets another
/// text for the same object.
///
/// A parameter that is wrongly taken for a part of a signature makes one file or one request of two. A parameter that is
/// missed makes a URL that is signed anew another one: a download begins again, a key is refused. So in doubt a
/// parameter is no part of a signature, and a name counts only beside every mark of its store: `Expires` alone may mean
/// anything.
public enum URLSignature {
    /// One store's way, in lower case.
    private struct Way {
        /// The name of the signature itself.
        var signature: String
        /// The names that have to be there too.
        var marks: [String]
        /// Key ids and tokens, which are secret as the signature is.
        var secrets: [String]
        var others: [String]
        var end: End
    }

    /// What a parameter says of the end of a URL.
    private enum End {
        /// `start;end`, in Unix seconds.
        case window([String])
        /// Unix seconds.
        case time(String)
        /// The seconds after a date.
        case span(from: String, String)
    }

    private static let ways =
        [
            Way(  // COS
                signature: "q-signature", marks: [], secrets: ["q-ak", "x-cos-security-token"],
                others: ["q-sign-algorithm", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list"],
                end: .window(["q-sign-time", "q-key-time"])),
            old("ossaccesskeyid", token: "security-token"),  // OSS, version 1
            Way(  // OSS, versions 2 and 4
                signature: "x-oss-signature", marks: [],
                secrets: ["x-oss-access-key-id", "x-oss-credential", "x-oss-security-token", "security-token"],
                others: ["x-oss-signature-version", "x-oss-date", "x-oss-expires", "x-oss-additional-headers"],
                end: .span(from: "x-oss-date", "x-oss-expires")),
            old("awsaccesskeyid", token: "x-amz-security-token"),  // S3, version 2
            old("accesskeyid", token: "x-obs-security-token"),  // OBS
            old("googleaccessid", token: nil),  // Google, version 2
        ] + [
            fourth("x-amz-", secrets: ["x-amz-s3session-token"]),  // S3, and OBS as S3
            fourth("x-tos-", others: ["x-tos-signedqueries"]), fourth("x-goog-"), fourth("x-cos-"),
        ]

    /// The old way of many stores, which differ in the name of the key id.
    private static func old(_ id: String, token: String?) -> Way {
        Way(
            signature: "signature", marks: [id, "expires"], secrets: [id] + [token].compactMap { $0 }, others: [],
            end: .time("expires"))
    }

    /// The fourth version of S3 and those who followed it.
    private static func fourth(_ start: String, secrets: [String] = [], others: [String] = []) -> Way {
        Way(
            signature: start + "signature", marks: [],
            secrets: [start + "credential", start + "security-token"] + secrets,
            others: ["algorithm", "date", "expires", "signedheaders", "content-sha256"].map { start + $0 } + others,
            end: .span(from: start + "date", start + "expires"))
    }

    // MARK: - Which parameters

    /// The marks of each way, and all its names.
    private static let parts: [(marks: [[UInt8]], names: Set<[UInt8]>)] = ways.map { way in
        let marks = way.marks + [way.signature]
        return (marks.map { Array($0.utf8) }, Set((marks + way.secrets + way.others).map { Array($0.utf8) }))
    }

    /// The URL without its signature, and with every other parameter, for instance a version or a size; nil if it has no
    /// whole signature.
    public static func unsigned(_ url: String) -> String? {
        let bytes = Array(url.utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        guard let mark = bytes[..<end].firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let pieces = bytes[mark..<end].dropFirst().split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        let names = pieces.map { piece in piece.prefix { $0 != UInt8(ascii: "=") }.map(ASCIIText.lower) }
        let found = parts.filter { $0.marks.allSatisfy(names.contains) }
        if found.isEmpty { return nil }
        var rest: [UInt8] = []
        for (piece, name) in zip(pieces, names) where !found.contains(where: { $0.names.contains(name) }) {
            rest.append(UInt8(ascii: rest.isEmpty ? "?" : "&"))
            rest += piece
        }
        return String(decoding: bytes[..<mark] + rest + bytes[end...], as: UTF8.self)
    }

    /// The names of signatures themselves, and "sign", which holds all of one: a URL with such a parameter is not signed
    /// once more.
    static let signatureNames = Set((ways.map(\.signature) + ["sign"]).map { Array($0.utf8) })

    /// The names whose values are nobody else's business.
    static let secretNames = Set(ways.flatMap { $0.secrets + [$0.signature] }.map { Array($0.utf8) })

    // MARK: - When it ends

    /// How a URL says when it ends: the names of windows `start;end`, of times, and of dates with the name of the seconds
    /// that follow. A name counts without its marks: whoever writes `Expires` means an end.
    public static let ends = Ends()

    public struct Ends: Sendable {
        public let windows: Set<[UInt8]>
        public let times: Set<[UInt8]>
        public let spans: [(date: [UInt8], seconds: [UInt8])]

        fileprivate init() {
            var windows: Set<[UInt8]> = []
            var times: Set<[UInt8]> = []
            var spans: [(date: [UInt8], seconds: [UInt8])] = []
            for way in ways {
                switch way.end {
                case .window(let names): windows.formUnion(names.map { Array($0.utf8) })
                case .time(let name): times.insert(Array(name.utf8))
                case .span(let date, let seconds): spans.append((Array(date.utf8), Array(seconds.utf8)))
                }
            }
            (self.windows, self.times, self.spans) = (windows, times, spans)
        }
    }
}
