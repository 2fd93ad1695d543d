internal import Codec
public import Core

/// The signature of Tencent's object storage (COS), for images in a private bucket: as an Authorization header, or in
/// the query of a URL. The caller makes sure that it goes to the bucket's own host alone.
public enum COSSignature {
    /// Every intermediate text, to be compared with the vendor's. `signKey` works like the secret for its time.
    public struct Stages: Equatable, Sendable {
        public var keyTime: String
        public var signKey: String
        public var httpString: String
        public var httpStringSHA1: String
        public var stringToSign: String
        public var signature: String
        public var headerList: String
        public var parameterList: String
        /// The seven parameters joined by "&", not encoded: the value of the Authorization header.
        public var authorization: String
    }

    /// The headers that make a request to a private bucket: Authorization and, with temporary credentials,
    /// x-cos-security-token (signed).
    ///
    /// - `path`: decoded, with its leading "/". `parameters`: decoded. `headers`: those that are signed besides host,
    ///   such as Range; the caller sends them as they are here.
    /// - `validFrom`, `validUntil`: Unix seconds; begin a minute early for clocks that are behind.
    public static func headers(
        method: String, host: String, path: String, parameters: [(name: String, value: String)] = [],
        headers: [HTTPHeader] = [], credentials: Credentials, validFrom: Int64, validUntil: Int64
    ) throws(Failure) -> [HTTPHeader] {
        try HeaderText.checkHost(host)
        var signed = headers
        signed.append(HTTPHeader("host", host))
        var result: [HTTPHeader] = []
        if let token = credentials.token, !token.isEmpty {
            let header = HTTPHeader("x-cos-security-token", token.revealed())
            signed.append(header)
            result.append(header)
        }
        let stages = try stages(
            method: method, path: path, parameters: parameters, headers: signed, credentials: credentials,
            validFrom: validFrom, validUntil: validUntil)
        result.insert(HTTPHeader("Authorization", stages.authorization), at: 0)
        return result
    }

    /// The query, without "?", of a URL that can be fetched without further headers until it ends. It holds the token
    /// of temporary credentials: treat it as a secret.
    public static func query(
        method: String, host: String, path: String, parameters: [(name: String, value: String)] = [],
        credentials: Credentials, validFrom: Int64, validUntil: Int64
    ) throws(Failure) -> String {
        try HeaderText.checkHost(host)
        var all = parameters
        if let token = credentials.token, !token.isEmpty { all.append(("x-cos-security-token", token.revealed())) }
        let stages = try stages(
            method: method, path: path, parameters: all, headers: [HTTPHeader("host", host)], credentials: credentials,
            validFrom: validFrom, validUntil: validUntil)
        let items =
            [
                ("q-sign-algorithm", "sha1"), ("q-ak", credentials.id), ("q-sign-time", stages.keyTime),
                ("q-key-time", stages.keyTime), ("q-header-list", stages.headerList),
                ("q-url-param-list", stages.parameterList), ("q-signature", stages.signature),
            ] + all
        return items.map { Percent.encode($0.0) + "=" + Percent.encode($0.1) }.joined(separator: "&")
    }

    /// The computation over exactly these headers and parameters.
    public static func stages(
        method: String, path: String, parameters: [(name: String, value: String)], headers: [HTTPHeader],
        credentials: Credentials, validFrom: Int64, validUntil: Int64
    ) throws(Failure) -> Stages {
        try HeaderText.check(credentials)
        try HeaderText.check(method, "method")
        for header in headers {
            try HeaderText.check(header.name, "name of a header")
            try HeaderText.check(header.value, "value of a header", field: header.name)
        }
        let query = encoded(parameters)
        let lines = encoded(headers.map { ($0.name, $0.value) })
        let keyTime = "\(validFrom);\(validUntil)"

        var http: [UInt8] = []
        http.add(method.lowercased(), "\n")
        http.add(path.utf8.first == UInt8(ascii: "/") ? path : "/" + path, "\n")
        http.add(query.pairs, "\n")
        http.add(lines.pairs, "\n")
        let httpHash = try Hash.sha1Hex(http)
        let stringToSign = "sha1\n\(keyTime)\n\(httpHash)\n"
        let signKey = Hex.lowerText(try Hash.hmac(.sha1, key: credentials.secret, Array(keyTime.utf8)))
        let signature = Hex.lowerText(try Hash.hmac(.sha1, key: Secret(signKey), Array(stringToSign.utf8)))
        let authorization =
            "q-sign-algorithm=sha1&q-ak=\(credentials.id)&q-sign-time=\(keyTime)&q-key-time=\(keyTime)"
            + "&q-header-list=\(lines.names)&q-url-param-list=\(query.names)&q-signature=\(signature)"
        return Stages(
            keyTime: keyTime, signKey: signKey, httpString: String(decoding: http, as: UTF8.self),
            httpStringSHA1: httpHash, stringToSign: stringToSign, signature: signature, headerList: lines.names,
            parameterList: query.names, authorization: authorization)
    }

    /// Names encoded, then in lower case, then sorted; values encoded.
    private static func encoded(_ items: [(name: String, value: String)]) -> (names: String, pairs: String) {
        let sorted = items.map { (name: Percent.encode($0.name).lowercased(), value: Percent.encode($0.value)) }
            .sorted(by: byteOrder)
        return (
            sorted.map(\.name).joined(separator: ";"),
            sorted.map { $0.name + "=" + $0.value }.joined(separator: "&")
        )
    }
}
