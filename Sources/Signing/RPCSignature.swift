internal import Codec
public import Core

/// The older signature of Alibaba's RPC products (HMAC-SHA1 over the query), which STS is called with.
public enum RPCSignature {
    /// Every intermediate text, to be compared with what a server says it has signed.
    public struct Stages: Equatable, Sendable {
        public var canonicalQuery: String
        public var stringToSign: String
        public var signature: String
        /// The canonical query with `Signature`: to be sent as it is.
        public var query: String
    }

    /// The query, without "?", of a signed call: the caller's parameters (Action, Version, Format and its own) and
    /// those of the signature. `nonce`: new for each attempt. `method`: "GET" or "POST".
    public static func sign(
        method: String, parameters: [(name: String, value: String)], credentials: Credentials, unixSeconds: Int64,
        nonce: String
    ) throws(Failure) -> String {
        var all = parameters
        all.append(("AccessKeyId", credentials.id))
        all.append(("SignatureMethod", "HMAC-SHA1"))
        all.append(("SignatureNonce", nonce))
        all.append(("SignatureVersion", "1.0"))
        all.append(("Timestamp", DateText.acs(unixSeconds)))
        if let token = credentials.token, !token.isEmpty { all.append(("SecurityToken", token.revealed())) }
        return try stages(method: method, parameters: all, credentials: credentials).query
    }

    /// The computation over exactly these parameters.
    public static func stages(
        method: String, parameters: [(name: String, value: String)], credentials: Credentials
    ) throws(Failure) -> Stages {
        try HeaderText.check(credentials)
        try HeaderText.check(method, "method")
        let canonicalQuery = ACS3.canonical(query: parameters)
        let stringToSign = "\(method)&%2F&\(Percent.encode(canonicalQuery))"
        let signature = Base64.encode(
            try Hash.hmac(.sha1, prefix: "", key: credentials.secret, suffix: "&", Array(stringToSign.utf8)))
        return Stages(
            canonicalQuery: canonicalQuery, stringToSign: stringToSign, signature: signature,
            query: canonicalQuery + "&Signature=" + Percent.encode(signature))
    }
}
