// What several targets hold of requests, failures and secrets.

import CCurl
import Codec
import Core
import Providers

/// Stands where a secret would, and must never be seen outside of a request.
let marker = "MARKED4d2bSECRETa91c"
let markedCredentials = Credentials(
    id: "AKIDEXAMPLE", secret: Secret(marker), token: Secret("a-session-token"), source: "static_sts")

// safe: the settings are the defaults
let standardAlibaba = try! AlibabaProvider(AlibabaSettings())
let standardTencent = try! TencentProvider(TencentSettings())

/// One line of bounded length, without a secret.
func requirePresentable(_ failure: Failure, line: UInt = #line, file: StaticString = #fileID) {
    require(failure.status != .ok, "an invalid failure", line: line, file: file)
    requirePresentable(failure.message, line: line, file: file)
    for text in [failure.providerCode, failure.providerMessage, failure.requestID, failure.field] {
        if let text { requirePresentable(text, line: line, file: file) }
    }
    require(
        (0...120_000).contains(failure.retryAfterMilliseconds), "a wait of \(failure.retryAfterMilliseconds)",
        line: line, file: file)
}

func requirePresentable(_ text: String, line: UInt = #line, file: StaticString = #fileID) {
    require(text.utf8.count <= 8_192, "\(text.utf8.count) bytes of message", line: line, file: file)
    require(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "not one line: \(text)", line: line, file: file)
    requireNoSecret(text, line: line, file: file)
}

func requireNoSecret(_ text: String, line: UInt = #line, file: StaticString = #fileID) {
    require(!contains(text, marker), "a secret is in: \(text)", line: line, file: file)
}

func contains(_ text: String, _ part: String) -> Bool {
    let bytes = Array(text.utf8)
    let wanted = Array(part.utf8)
    guard bytes.count >= wanted.count else { return false }
    return (0...bytes.count - wanted.count).contains { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
}

/// Puts the marker where answers and files have secrets, whatever they have there.
func marked(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let values): return .array(values.map { marked($0) })
    case .object(let members):
        return .object(
            members.map { member in
                guard secretNames.contains(member.name), case .string(let text) = member.value, !text.isEmpty else {
                    return JSONMember(member.name, marked(member.value))
                }
                return JSONMember(member.name, .string(marker))
            })
    default: return value
    }
}

private let secretNames: Set<String> = [
    "access_key_secret", "sts_token", "AccessKeySecret", "SecurityToken", "TmpSecretKey", "Token", "secret_key",
]

/// Where libcurl would go with a URL; nil where it would not go at all.
func place(_ url: String) -> (scheme: String, host: String, port: String)? {
    guard let handle = curl_url() else { return nil }
    defer { curl_url_cleanup(handle) }
    guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_PATH_AS_IS) | UInt32(CURLU_DISALLOW_USER)) == CURLUE_OK
    else { return nil }
    func part(_ what: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, what, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
    guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST),
        let port = part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT))
    else { return nil }
    return (scheme, host.lowercased(), port)
}

/// A signed request goes to a host of the provider it is signed for, whole lines and nothing else.
func requireAtHome(_ request: HTTPRequest, _ provider: String, line: UInt = #line, file: StaticString = #fileID) {
    let domain = provider == "alibaba" ? ".aliyuncs.com" : ".tencentcloudapi.com"
    guard let place = place(request.url) else {
        require(false, "signed for an invalid URL: \(request.url)", line: line, file: file)
        return
    }
    require(
        place.scheme == "https" && place.port == "443" && place.host.hasSuffix(domain),
        "signed for a stranger: \(request.url)", line: line, file: file)
    for header in request.headers {
        require(
            !(header.name + header.value).utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a header of several lines",
            line: line, file: file)
    }
}
