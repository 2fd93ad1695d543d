internal import Codec
public import Core

/// Tencent Cloud's signature V3, TC3-HMAC-SHA256, of a POST to "/" with content-type and host signed.
public enum TC3 {
    static let algorithm = "TC3-HMAC-SHA256"
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// Every intermediate text, to be compared with the vendor's.
    public struct Stages: Equatable, Sendable {
        public var payloadHash: String
        public var canonicalRequest: String
        public var hashedCanonicalRequest: String
        public var stringToSign: String
        public var signature: String
        public var authorization: String
    }

    /// Signs a call.
    ///
    /// - `host`: as it is sent, with ":port" if that is not the scheme's own. `service`: the product ("mps", "sts"),
    ///   whatever the host is called. `contentType`: exactly as it is sent.
    /// - `region`, `language`: nil or empty are left out. `unsignedPayload`: the body is not covered by the signature.
    /// - `cache`: keeps the derived key of a day, which saves three of four HMACs.
    /// - Returns every header besides Host. The token travels unsigned, as the vendor wants it.
    /// - Throws for anything that could end a header line, and for empty credentials.
    public static func sign(
        host: String, action: String, version: String, service: String = "mps", region: String? = nil,
        language: String? = nil, contentType: String = "application/json", body: [UInt8], credentials: Credentials,
        unixSeconds: Int64, unsignedPayload: Bool = false, cache: TC3KeyCache? = nil
    ) throws(Failure) -> [HTTPHeader] {
        try HeaderText.check(action, "action")
        try HeaderText.check(version, "version")
        let work = try Work(
            host: host, service: service, contentType: contentType, body: body, credentials: credentials,
            unixSeconds: unixSeconds, unsignedPayload: unsignedPayload, cache: cache)
        var headers: [HTTPHeader] = []
        headers.reserveCapacity(9)
        headers.append(HTTPHeader("Content-Type", contentType))
        headers.append(HTTPHeader("X-TC-Action", action))
        headers.append(HTTPHeader("X-TC-Version", version))
        headers.append(HTTPHeader("X-TC-Timestamp", work.timestamp))
        if let region, !region.isEmpty {
            try HeaderText.check(region, "region", field: "region")
            headers.append(HTTPHeader("X-TC-Region", region))
        }
        if let token = credentials.token, !token.isEmpty {
            headers.append(HTTPHeader("X-TC-Token", token.revealed()))
        }
        if let language, !language.isEmpty {
            try HeaderText.check(language, "language", field: "language")
            headers.append(HTTPHeader("X-TC-Language", language))
        }
        if unsignedPayload { headers.append(HTTPHeader("X-TC-Content-SHA256", Self.unsignedPayload)) }
        headers.append(HTTPHeader("Authorization", work.authorization))
        return headers
    }

    /// The stages of the same signature.
    public static func stages(
        host: String, service: String, contentType: String, body: [UInt8], credentials: Credentials, unixSeconds: Int64,
        unsignedPayload: Bool = false, cache: TC3KeyCache? = nil
    ) throws(Failure) -> Stages {
        let work = try Work(
            host: host, service: service, contentType: contentType, body: body, credentials: credentials,
            unixSeconds: unixSeconds, unsignedPayload: unsignedPayload, cache: cache, keepsTexts: true)
        let texts = work.texts ?? Work.Texts()
        return Stages(
            payloadHash: texts.payloadHash, canonicalRequest: texts.canonicalRequest,
            hashedCanonicalRequest: texts.hash, stringToSign: texts.stringToSign, signature: texts.signature,
            authorization: work.authorization)
    }

    static func derivedKey(_ secret: Secret, date: String, service: String) throws(Failure) -> Secret {
        var ofDate = try Hash.hmac(.sha256, prefix: "TC3", key: secret, suffix: "", Array(date.utf8))
        var ofService = try Hash.hmac(.sha256, key: Secret(wiping: &ofDate), Array(service.utf8))
        var key = try Hash.hmac(.sha256, key: Secret(wiping: &ofService), Array("tc3_request".utf8))
        return Secret(wiping: &key)
    }

    /// The computation, in one piece of memory on the stack: an array for each text would cost as much as a digest.
    private struct Work {
        var timestamp: String
        var authorization = ""
        /// Only where somebody wants to see them.
        var texts: Texts?

        struct Texts {
            var payloadHash = ""
            var canonicalRequest = ""
            var hash = ""
            var stringToSign = ""
            var signature = ""
        }

        init(
            host: String, service: String, contentType: String, body: [UInt8], credentials: Credentials,
            unixSeconds: Int64, unsignedPayload: Bool, cache: TC3KeyCache?, keepsTexts: Bool = false
        ) throws(Failure) {
            try HeaderText.checkHost(host)
            try HeaderText.check(contentType, "content type")
            try HeaderText.check(service, "service")
            try HeaderText.check(credentials)
            timestamp = String(unixSeconds)
            if keepsTexts { texts = Texts() }
            let date = DateText.tc3Date(unixSeconds)
            let key: Secret
            if let cache {
                key = try cache.key(credentials.secret, date: date, service: service)
            } else {
                key = try derivedKey(credentials.secret, date: date, service: service)
            }
            // The fixed words of the longest text have less than 256 bytes; the service stands in one text once.
            let room = [host, contentType, service, credentials.id].reduce(512) { $0 + $1.utf8.count }
            let payload = unsignedPayload ? Array(TC3.unsignedPayload.utf8) : body
            let isDone = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { memory in
                var out = ByteWriter(memory)
                return compute(&out, host, service, contentType, payload, credentials.id, date, key)
            }
            guard isDone else { throw Hash.refused(.sha256) }
        }

        private mutating func compute(
            _ out: inout ByteWriter, _ host: String, _ service: String, _ contentType: String, _ payload: [UInt8],
            _ id: String, _ date: String, _ key: Secret
        ) -> Bool {
            guard let payloadHash = payload.withUnsafeBytes({ Hash.SHA256($0) }) else { return false }
            out.add("POST\n/\n\ncontent-type:")
            out.add(contentType)
            out.add("\nhost:")
            out.add(host)
            out.add("\n\ncontent-type;host\n")
            out.add(hex: payloadHash)
            guard let hash = Hash.SHA256(out.written) else { return false }
            texts?.payloadHash = payloadHash.hex
            texts?.canonicalRequest = out.text
            texts?.hash = hash.hex

            out.clear()
            out.add(algorithm)
            out.add("\n")
            out.add(timestamp)
            out.add("\n")
            out.add(date)
            out.add("/")
            out.add(service)
            out.add("/tc3_request\n")
            out.add(hex: hash)
            guard let signature = Hash.SHA256(key: key, out.written) else { return false }
            texts?.stringToSign = out.text
            texts?.signature = signature.hex

            out.clear()
            out.add(algorithm)
            out.add(" Credential=")
            out.add(id)
            out.add("/")
            out.add(date)
            out.add("/")
            out.add(service)
            out.add("/tc3_request, SignedHeaders=content-type;host, Signature=")
            out.add(hex: signature)
            authorization = out.text
            return !out.isFull
        }
    }
}
