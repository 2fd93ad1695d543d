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
    /// - `cache`: keeps what the calls of a day have in common.
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
        /// Only if the caller wants the stages.
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
            let scope: TC3Scope
            if let cache {
                (scope, timestamp) = try cache.scope(host, service, contentType, credentials, unixSeconds)
            } else {
                scope = try TC3Scope(
                    host: host, service: service, contentType: contentType, credentials: credentials,
                    unixSeconds: unixSeconds)
                timestamp = String(unixSeconds)
            }
            if keepsTexts { texts = Texts() }
            // The longest of the three texts: a head and a digest, or the fixed words, a number and a digest.
            let room = max(scope.requestHead.count, scope.lineHead.count, scope.words.count + 48) + 64
            let payload = unsignedPayload ? Array(TC3.unsignedPayload.utf8) : body
            let isDone = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { memory in
                var out = ByteWriter(memory)
                return compute(&out, scope, payload)
            }
            guard isDone else { throw Hash.refused(.sha256) }
        }

        private mutating func compute(_ out: inout ByteWriter, _ scope: TC3Scope, _ payload: [UInt8]) -> Bool {
            guard let payloadHash = payload.withUnsafeBytes({ Hash.SHA256($0) }) else { return false }
            out.add(scope.requestHead)
            out.add(hex: payloadHash)
            guard let hash = Hash.SHA256(out.written) else { return false }
            texts?.payloadHash = payloadHash.hex
            texts?.canonicalRequest = out.text
            texts?.hash = hash.hex

            out.clear()
            out.add("TC3-HMAC-SHA256\n")
            out.add(timestamp)
            out.add(scope.words)
            out.add(hex: hash)
            guard let signature = Hash.SHA256(key: scope.key, out.written) else { return false }
            texts?.stringToSign = out.text
            texts?.signature = signature.hex

            out.clear()
            out.add(scope.lineHead)
            out.add(hex: signature)
            authorization = out.text
            return !out.isFull
        }
    }
}
