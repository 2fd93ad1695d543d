import Core

/// A provider's words, which echo what it was sent. Whatever stands before and behind, a value with a secret's name and
/// a key that stands alone are not shown.
let redactionTarget = Target(name: "redaction", maximumBytes: 1_024) { input in
    var input = input
    let name = input.pick(names)
    let sign = input.pick(["=", ": ", "\":\"", "' : '", " = "])
    guard let before = String(validating: input.part(), as: UTF8.self),
        let behind = String(validating: input.bytes, as: UTF8.self)
    else { return }
    // What is known is hidden whatever stands around.
    requireNoSecret(known.hidden(before + marker + behind))
    requireNoSecret(known.hidden(before + marker + " " + behind + marker))
    for text in [
        before + " " + name + sign + marker + " " + behind,
        before + "&" + name + "=" + marker + "&" + behind,
        before + "\"" + name + "\":\"" + marker + "\"" + behind,
        before + " LTAI" + marker + " " + behind,
        before + "?Credential=" + behind.filter { $0.isLetter } + marker,
        before + " string to sign is " + behind + marker,
    ] {
        guard let shown = Redaction.message(text) else { continue }
        requirePresentable(shown)
        require(shown.utf8.count <= 1_000, "\(shown.utf8.count) bytes are shown")
        // Shown again, for instance by a proxy that reports what it saw.
        requireNoSecret(Redaction.message(shown) ?? "")
    }
    // A body is JSON, which has no other characters within a text; these end a URL.
    let path = String(
        String.UnicodeScalarView(before.unicodeScalars.filter { $0.value > 0x20 && $0 != "\"" && $0 != "<" }))
    let url = "https://host/\(path)?x=\(marker)"
    requirePresentable(Redaction.body(Array("{\"Prompt\":\"p\",\"Url\":\"\(url)\",\"N\":1}".utf8)))
    if let word = Redaction.word(before) { requirePresentable(word) }
}

private let known: KnownSecrets = {
    let known = KnownSecrets()
    known.add(marker)
    return known
}()

private let names = [
    "Signature", "Authorization", "SecurityToken", "x-acs-security-token", "AccessKeySecret", "SecretKey", "Token",
    "q-signature", "X-TC-Token", "AccessKeyId", "password", "sign", "SecretId", "X-Amz-Credential",
]
