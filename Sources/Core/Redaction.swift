/// Foreign text, made safe for a message by its shape: a server echoes what it received, secrets included. The
/// secrets that a client knows have been removed before (`KnownSecrets`).
public enum Redaction {
    public static let maximumBytes = 1_000
    /// The longest text that is read.
    private static let maximumInputBytes = 16 << 10

    /// Everything from here on is the server's copy of what was signed.
    private static let cuts = [
        "server string to sign", "string to sign is", "stringtosign", "server canonicalrequest",
        "server canonical request", "canonicalrequest is", "canonical request is",
    ]

    /// Names whose value is hidden, beside the names of signed URLs; compared in lower case without "-" and "_".
    private static let secretNames: Set<String> = Set(
        [
            "credential", "authorization", "securitytoken", "xacssecuritytoken", "xacsaccesskeyid", "accesskeysecret",
            "accesskey", "secretid", "secretkey", "token", "xtctoken", "ststoken", "sessiontoken", "sign", "password",
        ] + URLSignature.secretNames.map { String(decoding: folded($0[...]), as: UTF8.self) })

    /// The first characters of the clouds' key ids and tokens.
    private static let tokenStarts = ["LTAI", "AKID", "STS.", "CAIS", "CAES", "TMP."]

    /// A provider's message without secrets and control characters, at most 1,000 bytes. Nil if nothing is left.
    public static func message(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        var bytes = Array(text.utf8.prefix(maximumInputBytes))
        for cut in cuts {
            if let found = ASCIIText.range(of: cut, in: bytes) { bytes.removeSubrange(found.lowerBound...) }
        }
        bytes = withoutSecretsOfURLs(bytes, user: "***", endsAtQuote: true, keepsQuery: true)
        let clean = hideTokens(hideValues(bytes))
        let shown = String(decoding: clean, as: UTF8.self).shown(limit: maximumBytes - 3)
        return shown.utf8.allSatisfy({ $0 == 0x20 }) ? nil : shown
    }

    /// The body of a request, for a debug log.
    public static func body(_ bytes: [UInt8]) -> String {
        let start = Array(bytes.prefix(maximumInputBytes))
        return message(String(decoding: withoutSecretsOfURLs(start, user: "***", endsAtQuote: true), as: UTF8.self))
            ?? ""
    }

    /// A text of this library or of libcurl with URLs in it: one printable line, without users and queries.
    public static func line(_ text: String) -> String {
        let words = text.split(whereSeparator: { $0 == " " || $0.isNewline || $0 == "\t" }).map { word in
            String(decoding: withoutSecretsOfURLs(Array(word.utf8), user: "", endsAtQuote: false), as: UTF8.self)
        }
        return String(
            String.UnicodeScalarView(
                words.joined(separator: " ").unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }

    /// A URL's query can be a signature, and what stands before an "@" a password, which may hold a "/" that nobody has
    /// encoded. Slashes may be escaped. `user` replaces the text before an "@". `keepsQuery`: somebody else hides what is
    /// secret in a query.
    private static func withoutSecretsOfURLs(
        _ bytes: [UInt8], user: String, endsAtQuote: Bool, keepsQuery: Bool = false
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        // Where in `output` the authority of the URL began; nil behind it.
        var authority: Int?
        var inURL = false
        var hiding = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let isQuote = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "<")
            // Other control characters do not end a URL: what follows them is still its query.
            if byte == 0x20 || (9...13).contains(byte) || isQuote && endsAtQuote {
                (authority, inURL, hiding) = (nil, false, false)
            } else if byte == UInt8(ascii: ":"), !hiding, let slashes = slashes(in: bytes, at: index + 1) {
                inURL = true
                output.append(contentsOf: bytes[index..<slashes])
                authority = output.count
                index = slashes
                continue
            } else if let start = authority, byte == UInt8(ascii: "@") {
                output.removeSubrange(start...)
                output.append(contentsOf: user.utf8)
                if user.isEmpty {
                    index += 1
                    continue
                }
            } else if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") {
                if let start = authority, isHost(output[start...]) { authority = nil }
            } else if byte == UInt8(ascii: "?"), inURL, !hiding {
                // A "?" of a password is followed by an "@".
                if let start = authority, !isHost(output[start...]),
                    word(of: bytes, from: index).contains(UInt8(ascii: "@"))
                {
                    output.append(byte)
                    index += 1
                    continue
                }
                authority = nil
                if !keepsQuery {
                    output.append(contentsOf: "?...".utf8)
                    hiding = true
                }
            }
            if !hiding { output.append(byte) }
            index += 1
        }
        // A text that was cut may end before the "@".
        if keepsQuery, let start = authority, !isHost(output[start...]) {
            output.removeSubrange(start...)
            output.append(contentsOf: user.utf8)
        }
        return output
    }

    /// Whether an authority holds nothing but a host and a port.
    private static func isHost(_ authority: ArraySlice<UInt8>) -> Bool {
        guard authority.first != UInt8(ascii: "[") else { return true }
        let parts = authority.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        return parts.count < 2 || parts.count == 2 && parts[1].allSatisfy { (48...57).contains($0) }  // safe: two
    }

    /// From a place to the next blank.
    private static func word(of bytes: [UInt8], from start: Int) -> ArraySlice<UInt8> {
        bytes[start...].prefix { $0 > 0x20 }  // safe: a place in the text
    }

    /// Behind "//" or "\/\/" at a place; nil if there is none.
    private static func slashes(in bytes: [UInt8], at place: Int) -> Int? {
        for form in ["//", "\\/\\/"] where bytes[place...].starts(with: form.utf8) {  // safe: at most count
            return place + form.utf8.count
        }
        return nil
    }

    /// A provider's code or request id: printable ASCII, bounded. Nil for anything that cannot be one.
    @inlinable public static func word(_ text: String?, limit: Int = 128) -> String? {
        guard let text, !text.isEmpty, text.utf8.count <= limit else { return nil }
        let isWord = text.utf8.withContiguousStorageIfAvailable { bytes in
            var bad: UInt8 = 0
            for byte in bytes { bad |= byte &- 0x21 < 0x7F - 0x21 ? 0 : 1 }
            return bad == 0
        }
        return isWord ?? text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
    }

    /// Whether a word is all letters and "_" and holds no beginning of a key: nothing of it would be hidden. Every state that
    /// the clouds document is such a word, and each status answer brings one: nothing is allocated for it.
    @inlinable public static func isPlain(_ word: String) -> Bool {
        var newest: UInt32 = 0
        for byte in word.utf8 {
            guard ASCIIText.isLetterOrDigit(byte) && !(48...57).contains(byte) || byte == UInt8(ascii: "_") else {
                return false
            }
            newest = newest << 8 | UInt32(byte)
            // "LTAI", "AKID", "CAIS", "CAES"; the other beginnings have a dot.
            switch newest {
            case 0x4C54_4149, 0x414B_4944, 0x4341_4953, 0x4341_4553: return false
            default: break
            }
        }
        return true
    }

    /// `name=value` and `name: value` with a secret name become `name=***`.
    private static func hideValues(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var nameStart = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isNameByte(byte) {
                output.append(byte)
                index += 1
                continue
            }
            let name = bytes[nameStart..<index]
            let (scan, sawSign) = startOfValue(bytes, index)
            if sawSign, !name.isEmpty, isSecretName(name) {
                output.append(contentsOf: bytes[index..<scan])
                output.append(contentsOf: "***".utf8)
                index = endOfValue(bytes, scan, of: name)
            } else {
                output.append(byte)
                index += 1
            }
            nameStart = index
        }
        return output
    }

    /// Steps over what may stand between a name and its value: a closing quote, the sign, blanks, an opening quote.
    private static func startOfValue(_ bytes: [UInt8], _ index: Int) -> (start: Int, sawSign: Bool) {
        var scan = index
        var sawSign = false
        while scan < bytes.count, scan - index < 8 {
            let next = bytes[scan]
            if next == UInt8(ascii: "=") || next == UInt8(ascii: ":") {
                sawSign = true
            } else if next != 0x20, next != UInt8(ascii: "\""), next != UInt8(ascii: "'"), next != UInt8(ascii: "\\") {
                break
            }
            scan += 1
        }
        return (scan, sawSign)
    }

    /// Behind a value and, where it ends in a secret name itself ("token: Signature: ..."), behind that one's value.
    private static func endOfValue(_ bytes: [UInt8], _ start: Int, of name: ArraySlice<UInt8>) -> Int {
        var start = start
        var name = name
        while true {
            // "Authorization: ACS3-HMAC-SHA256 Credential=..." has blanks inside: all the rest goes.
            if folded(name).elementsEqual("authorization".utf8) { return bytes.count }
            let end = plainEnd(bytes, start)
            var last = end
            while last > start, !isNameByte(bytes[last - 1]) { last -= 1 }
            var first = last
            while first > start, isNameByte(bytes[first - 1]) { first -= 1 }
            name = bytes[first..<last]
            guard !name.isEmpty, isSecretName(name) else { return end }
            start = startOfValue(bytes, end).start
        }
    }

    /// Of a value in quotes the closing one, which is escaped where the opening one is; otherwise what ends a bare word.
    private static func plainEnd(_ bytes: [UInt8], _ start: Int) -> Int {
        let quote = UInt8(ascii: "\"")
        let slash = UInt8(ascii: "\\")
        var end = start
        guard start > 0, bytes[start - 1] == quote else {  // safe: start > 0, at most count
            while end < bytes.count, !endsValue(bytes[end]) { end += 1 }
            return end
        }
        let isEscaped = start > 1 && bytes[start - 2] == slash  // safe: start > 1
        while end < bytes.count {
            if bytes[end] == quote {
                // safe: end > start
                return isEscaped && end > start && bytes[end - 1] == slash ? end - 1 : end
            }
            if bytes[end] == slash, !isEscaped { end += 1 }
            end += 1
        }
        return bytes.count
    }

    /// Key ids and tokens without a name: a known beginning, or a long run that is no word and no path.
    private static func hideTokens(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard isTokenByte(bytes[index]) else {
                output.append(bytes[index])
                index += 1
                continue
            }
            var end = index
            while end < bytes.count, isTokenByte(bytes[end]) { end += 1 }
            let run = bytes[index..<end]
            output.append(contentsOf: isToken(run) ? Array("***".utf8) : Array(run))
            index = end
        }
        return output
    }

    private static func isToken(_ run: ArraySlice<UInt8>) -> Bool {
        for start in tokenStarts {
            // Anywhere in the run: percent-coded echoes put "3D" before it.
            guard run.count >= 12, let at = ASCIIText.place(of: start.utf8, in: run) else { continue }
            if run.endIndex - at >= 12 { return true }
        }
        // A part between two "-" or "." of 40 bytes or more that mixes letters and digits: hashes, signatures, tokens.
        // Ids of requests and tasks have at most 36 in a part.
        return run.split(whereSeparator: {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
        })
        .contains { part in
            part.count >= 40 && part.contains(where: { (48...57).contains($0) })
                && part.contains(where: { !(48...57).contains($0) })
        }
    }

    private static func isSecretName(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.count <= 40 else { return false }
        return secretNames.contains(String(decoding: folded(name), as: UTF8.self))
    }

    private static func folded(_ name: ArraySlice<UInt8>) -> [UInt8] {
        name.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }.map(ASCIIText.lower)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        ASCIIText.isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
            || byte == UInt8(ascii: ".")
    }

    private static func endsValue(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x21, UInt8(ascii: "&"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: "'"),
            UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            return true
        default: return false
        }
    }
}
