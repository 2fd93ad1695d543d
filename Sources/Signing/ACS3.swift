internal import Codec
public import Core

/// Alibaba's signature V3, ACS3-HMAC-SHA256, over the smallest set of headers (host, content-type, x-acs-*), so that a
/// proxy that touches User-Agent or Accept does not break it.
public enum ACS3 {
    static let algorithm = "ACS3-HMAC-SHA256"

    /// Every intermediate text, to be compared with what a server says it has signed.
    public struct Stages: Equatable, Sendable {
        public var canonicalQuery: String
        public var signedHeaders: String
        public var canonicalRequest: String
        public var hashedCanonicalRequest: String
        public var stringToSign: String
        public var signature: String
        public var authorization: String
    }

    /// Signs a call.
    ///
    /// - `path`: percent-encoded, signed as it is; empty is "/". `query`: not encoded, any order, no name twice.
    /// - `nonce`: new for each attempt.
    /// - Returns the query exactly as it has to be sent, without "?", and every header besides Host. Accept is sent
    ///   unsigned.
    /// - Throws for anything that could end a header line, and for empty credentials.
    public static func sign(
        method: String, host: String, path: String, query: [(name: String, value: String)], action: String,
        version: String, body: [UInt8], contentType: String?, credentials: Credentials, unixSeconds: Int64,
        nonce: String
    ) throws(Failure) -> (query: String, headers: [HTTPHeader]) {
        try HeaderText.checkHost(host)
        try HeaderText.check(credentials)
        try HeaderText.check(action, "action")
        try HeaderText.check(version, "version")
        try HeaderText.check(nonce, "nonce")
        let payloadHash = try Hash.sha256Hex(body)

        // In the order of their names: that is how they are signed.
        var headers: [HTTPHeader] = []
        headers.reserveCapacity(12)
        if let contentType {
            try HeaderText.check(contentType, "content type")
            headers.append(HTTPHeader("content-type", contentType))
        }
        let hostIndex = headers.count
        headers.append(HTTPHeader("host", host))
        let token = credentials.token.flatMap { $0.isEmpty ? nil : $0 }
        if token != nil { headers.append(HTTPHeader("x-acs-accesskey-id", credentials.id)) }
        headers.append(HTTPHeader("x-acs-action", action))
        headers.append(HTTPHeader("x-acs-content-sha256", payloadHash))
        if let provider = providerPath(credentials.source, isTemporary: token != nil) {
            headers.append(HTTPHeader("x-acs-credentials-provider", provider))
        }
        headers.append(HTTPHeader("x-acs-date", DateText.acs(unixSeconds)))
        if let token { headers.append(HTTPHeader("x-acs-security-token", token.revealed())) }
        headers.append(HTTPHeader("x-acs-signature-nonce", nonce))
        headers.append(HTTPHeader("x-acs-version", version))

        let canonicalQuery = canonical(query: query)
        let work = try Work(
            method: method, path: path, query: canonicalQuery, headers: headers, payloadHash: payloadHash,
            credentials: credentials)
        headers.remove(at: hostIndex)  // safe: the index of an element that was appended above
        headers.append(HTTPHeader("Accept", "application/json"))
        headers.append(HTTPHeader("Authorization", work.authorization))
        return (canonicalQuery, headers)
    }

    /// Signs an arbitrary list of headers, all of them, and shows every stage. Names may be in any case and order,
    /// values are trimmed at both ends; lines of one name are joined.
    public static func stages(
        method: String, path: String, query: [(name: String, value: String)], headers: [HTTPHeader],
        payloadHash: String, credentials: Credentials
    ) throws(Failure) -> Stages {
        try HeaderText.check(credentials)
        let canonicalQuery = canonical(query: query)
        let work = try Work(
            method: method, path: path, query: canonicalQuery, headers: try normalised(headers),
            payloadHash: payloadHash, credentials: credentials)
        return Stages(
            canonicalQuery: canonicalQuery, signedHeaders: String(decoding: work.signedHeaders, as: UTF8.self),
            canonicalRequest: String(decoding: work.canonicalRequest, as: UTF8.self),
            hashedCanonicalRequest: Hex.lowerText(work.hash),
            stringToSign: String(decoding: work.stringToSign, as: UTF8.self), signature: Hex.lowerText(work.signature),
            authorization: work.authorization)
    }

    /// The query as it is signed and sent: sorted by bytes, names and values percent-encoded, "=" also behind nothing.
    public static func canonical(query: [(name: String, value: String)]) -> String {
        if query.isEmpty { return "" }
        var output: [UInt8] = []
        output.reserveCapacity(128)
        for item in query.sorted(by: { byteOrder(($0.name, $0.value), ($1.name, $1.value)) }) {
            if !output.isEmpty { output.append(UInt8(ascii: "&")) }
            Percent.append(item.name, to: &output)
            output.append(UInt8(ascii: "="))
            Percent.append(item.value, to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// What goes into x-acs-credentials-provider: the vendor's names as they are, our "static" under the vendor's name
    /// for it; what does not look like such a path is not sent.
    static func providerPath(_ source: String, isTemporary: Bool) -> String? {
        if source == "static" { return isTemporary ? "static_sts" : "static_ak" }
        let isPath = source.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == 95 || byte == 47
        }
        return isPath && !source.isEmpty && source.utf8.count <= 128 ? source : nil
    }

    private static func normalised(_ headers: [HTTPHeader]) throws(Failure) -> [HTTPHeader] {
        var lines: [HTTPHeader] = []
        for header in headers {
            try HeaderText.check(header.name, "name of a header")
            try HeaderText.check(header.value, "value of a header", field: header.name)
            lines.append(HTTPHeader(header.name.lowercased(), trimmed(header.value)))
        }
        lines.sort { byteOrder(($0.name, $0.value), ($1.name, $1.value)) }
        var merged: [HTTPHeader] = []
        for line in lines {
            if let last = merged.indices.last, merged[last].name == line.name {
                merged[last].value += "," + line.value
            } else {
                merged.append(line)
            }
        }
        return merged
    }

    private static func trimmed(_ text: String) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let bytes = Array(text.utf8.drop(while: isBlank))
        guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(decoding: bytes[...last], as: UTF8.self)
    }

    /// The computation, in bytes. Headers come in lower case, trimmed and sorted.
    private struct Work {
        var signedHeaders: [UInt8] = []
        var canonicalRequest: [UInt8] = []
        var hash: [UInt8]
        var stringToSign: [UInt8] = []
        var signature: [UInt8]
        var authorization: String

        init(
            method: String, path: String, query: String, headers: [HTTPHeader], payloadHash: String,
            credentials: Credentials
        ) throws(Failure) {
            try HeaderText.check(method, "method")
            try HeaderText.check(path, "path")
            signedHeaders.reserveCapacity(256)
            canonicalRequest.reserveCapacity(1024)
            canonicalRequest.add(method, "\n")
            canonicalRequest.add(path.isEmpty ? "/" : path, "\n")
            canonicalRequest.add(query, "\n")
            for header in headers {
                if !signedHeaders.isEmpty { signedHeaders.append(UInt8(ascii: ";")) }
                signedHeaders.add(header.name)
                canonicalRequest.add(header.name, ":")
                canonicalRequest.add(header.value, "\n")
            }
            canonicalRequest.append(0x0A)
            canonicalRequest.append(contentsOf: signedHeaders)
            canonicalRequest.append(0x0A)
            canonicalRequest.add(payloadHash)

            hash = try Hash.sha256(canonicalRequest)
            stringToSign.reserveCapacity(96)
            stringToSign.add(algorithm, "\n")
            Hex.append(hash, to: &stringToSign)
            signature = try Hash.hmac(.sha256, key: credentials.secret, stringToSign)

            var line: [UInt8] = []
            line.reserveCapacity(512)
            line.add(algorithm, " Credential=")
            line.add(credentials.id, ",SignedHeaders=")
            line.append(contentsOf: signedHeaders)
            line.add(",Signature=")
            Hex.append(signature, to: &line)
            authorization = String(decoding: line, as: UTF8.self)
        }
    }
}

/// By UTF-8 bytes, which is by code point; Swift's own order of strings follows canonical equivalence.
func byteOrder(_ a: (name: String, value: String), _ b: (name: String, value: String)) -> Bool {
    if a.name.utf8.elementsEqual(b.name.utf8) { return a.value.utf8.lexicographicallyPrecedes(b.value.utf8) }
    return a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
}

extension [UInt8] {
    /// As a piece of memory: byte by byte costs ten times as much.
    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    mutating func add(_ first: String, _ second: String) {
        add(first)
        add(second)
    }
}
