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
            unixSeconds: unixSeconds, unsignedPayload: unsignedPayload, cache: cache)
        return Stages(
            payloadHash: work.payloadHash, canonicalRequest: String(decoding: work.canonicalRequest, as: UTF8.self),
            hashedCanonicalRequest: work.hash, stringToSign: String(decoding: work.stringToSign, as: UTF8.self),
            signature: work.signature, authorization: work.authorization)
    }

    static func derivedKey(_ secret: Secret, date: String, service: String) throws(Failure) -> Secret {
        var ofDate = try Hash.hmac(.sha256, prefix: "TC3", key: secret, suffix: "", Array(date.utf8))
        var ofService = try Hash.hmac(.sha256, key: Secret(wiping: &ofDate), Array(service.utf8))
        var key = try Hash.hmac(.sha256, key: Secret(wiping: &ofService), Array("tc3_request".utf8))
        return Secret(wiping: &key)
    }

    /// The computation, in bytes.
    private struct Work {
        var timestamp: String
        var payloadHash: String
        var canonicalRequest: [UInt8] = []
        var hash: String
        var stringToSign: [UInt8] = []
        var signature: String
        var authorization: String

        init(
            host: String, service: String, contentType: String, body: [UInt8], credentials: Credentials,
            unixSeconds: Int64, unsignedPayload: Bool, cache: TC3KeyCache?
        ) throws(Failure) {
            try HeaderText.checkHost(host)
            try HeaderText.check(contentType, "content type")
            try HeaderText.check(service, "service")
            try HeaderText.check(credentials)
            timestamp = String(unixSeconds)
            payloadHash = try Hash.sha256Hex(unsignedPayload ? Array(TC3.unsignedPayload.utf8) : body)
            canonicalRequest.reserveCapacity(256)
            canonicalRequest.add("POST\n/\n\ncontent-type:")
            canonicalRequest.add(contentType, "\nhost:")
            canonicalRequest.add(host, "\n\ncontent-type;host\n")
            canonicalRequest.add(payloadHash)
            hash = try Hash.sha256Hex(canonicalRequest)

            let date = DateText.tc3Date(unixSeconds)
            var scope: [UInt8] = []
            scope.reserveCapacity(48)
            scope.add(date, "/")
            scope.add(service, "/tc3_request")
            stringToSign.reserveCapacity(160)
            stringToSign.add(algorithm, "\n")
            stringToSign.add(timestamp, "\n")
            stringToSign.append(contentsOf: scope)
            stringToSign.add("\n", hash)
            let key: Secret
            if let cache {
                key = try cache.key(credentials.secret, date: date, service: service)
            } else {
                key = try derivedKey(credentials.secret, date: date, service: service)
            }
            signature = Hex.lowerText(try Hash.hmac(.sha256, key: key, stringToSign))

            var line: [UInt8] = []
            line.reserveCapacity(256)
            line.add(algorithm, " Credential=")
            line.add(credentials.id, "/")
            line.append(contentsOf: scope)
            line.add(", SignedHeaders=content-type;host, Signature=", signature)
            authorization = String(decoding: line, as: UTF8.self)
        }
    }
}
