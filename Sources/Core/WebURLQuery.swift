// The signatures in the query of a URL.
extension WebURL {
    /// The parameters that signatures of URLs add, in lower case. They count as a signature only beside its marks.
    private static let signatures: [(marks: [String], others: [String])] = [
        // COS.
        (
            ["q-signature"],
            [
                "q-sign-algorithm", "q-ak", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list",
                "x-cos-security-token",
            ]
        ),
        // OSS and S3, their older versions.
        (
            ["signature", "expires"],
            ["ossaccesskeyid", "security-token", "awsaccesskeyid", "x-amz-security-token"]
        ),
        // OSS and S3, their fourth versions.
        (
            ["x-oss-signature"],
            [
                "x-oss-credential", "x-oss-signature-version", "x-oss-date", "x-oss-expires", "x-oss-security-token",
                "x-oss-additional-headers",
            ]
        ),
        (
            ["x-amz-signature"],
            [
                "x-amz-credential", "x-amz-algorithm", "x-amz-date", "x-amz-expires", "x-amz-signedheaders",
                "x-amz-security-token",
            ]
        ),
    ]

    /// The identity of the object, which stays the same when its URL is signed anew: the URL without the parameters of a
    /// signature. Every other parameter stays, for instance a version or a size. It is hashed and never shown: it
    /// may hold a secret that only its store knows.
    public var objectIdentity: String {
        let names = parameterNames
        var signing: [String] = []
        for way in Self.signatures {
            var isThere = true
            for mark in way.marks where !names.contains(mark) { isThere = false }
            if isThere { signing += way.marks + way.others }
        }
        if signing.isEmpty { return text }
        var kept = origin
        var index = -1
        var isFirst = true
        for part in parts {
            // The path comes before the first parameter.
            if index < 0 {
                kept += String(decoding: part, as: UTF8.self)
            } else if !signing.contains(names[index]) {  // safe: a name for each part but the first
                kept += (isFirst ? "?" : "&") + String(decoding: part, as: UTF8.self)
                isFirst = false
            }
            index += 1
        }
        return kept
    }

    /// Whether the URL has a signature of its own; a second signature would be an error.
    public var isSigned: Bool {
        for name in parameterNames {
            switch name {
            case "q-signature", "sign", "signature", "x-cos-signature", "x-amz-signature": return true
            default: continue
            }
        }
        return false
    }

    /// The path, then the parameters as they stand in the query.
    private var parts: [ArraySlice<UInt8>] {
        let bytes = Array(target.utf8)
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return [bytes[...]] }
        return [bytes[..<mark]]
            + bytes[(mark + 1)...].split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
    }

    private var parameterNames: [String] {
        var names: [String] = []
        for part in parts.dropFirst() {
            var name: [UInt8] = []
            for byte in part {
                if byte == UInt8(ascii: "=") { break }
                name.append((65...90).contains(byte) ? byte | 0x20 : byte)
            }
            names.append(String(decoding: name, as: UTF8.self))
        }
        return names
    }
}
