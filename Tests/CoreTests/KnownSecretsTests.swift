import Foundation
import XCTest

@testable import Core

/// What a client knows to be secret is in no text, whatever way somebody writes it.
final class KnownSecretsTests: XCTestCase {
    /// As STS gives them: Base64 with all of its signs.
    private let token =
        "CAISsQJ1q6Ft5B2yfSjIr5bHCvfx1/Z3+qzPOEHWr0kZVt9AgbTDsTz2IHFPenlvBO8fs/43nWhX5/8alqZ9T5xEQkrJRcVrqLQFq1j7PNGe=="
    private let key = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
    private let password = "S3cret/pw word@1"

    private func book() -> KnownSecrets {
        let book = KnownSecrets()
        book.add(Credentials(id: "LTAIid", secret: Secret(key), token: Secret(token)))
        book.add(password, lasts: true)
        return book
    }

    private func percent(_ text: String, upper: Bool = true, all: Bool = false) -> String {
        text.utf8.map { byte in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            if isPlain && !all { return String(UnicodeScalar(byte)) }
            return String(format: upper ? "%%%02X" : "%%%02x", byte)
        }.joined()
    }

    private func lines(_ text: String, _ width: Int, _ between: String) -> String {
        stride(from: 0, to: text.count, by: width).map { start in
            String(Array(text)[start..<min(start + width, text.count)])
        }.joined(separator: between)
    }

    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// Forms within forms, and lists of bytes.
    private func nested(_ secret: String) -> [String] {
        let html = { (text: String) in text.unicodeScalars.map { String(format: "&#%d;", $0.value) }.joined() }
        let signs = { (text: String) in text.replacingOccurrences(of: "&", with: "&amp;") }
        let json = secret.unicodeScalars.map { String(format: "\\u%04X", $0.value) }.joined()
        let bytes = Array(secret.utf8)
        return [
            signs(html(secret)), signs(signs(html(secret))), percent(html(secret)), html(percent(secret, all: true)),
            bytes.map { "&#\($0) " }.joined(), bytes.map { "&#\($0)" }.joined(), bytes.map { "&#\($0)," }.joined(),
            bytes.map { String(format: "&#x%x", $0) + " " }.joined(),
            bytes.map { String(format: "&#%07d;", $0) }.joined(),
            percent(percent(percent(secret, all: true))), percent(json),
            json.replacingOccurrences(of: "\\", with: "\\\\"),
            html(json), json.replacingOccurrences(of: "\\", with: "&#92;"),
            bytes.map { String(format: "%%u%04x", $0) }.joined(), bytes.map { String(format: "%%25%02x", $0) }.joined(),
            bytes.map { String(format: "\\u{%x}", $0) }.joined(), bytes.map { String(format: "\\U%08x", $0) }.joined(),
            bytes.map { String(format: "\\%03o", $0) }.joined(),
            "[" + bytes.map { "\($0)" }.joined(separator: ", ") + "]",
            bytes.map { "\($0)" }.joined(separator: " "),
            bytes.map { String(format: "0x%02x", $0) }.joined(separator: ", "),
            bytes.map { String(format: "0X%02X", $0) }.joined(separator: ","),
            bytes.map { String(format: "%02x", $0) }.joined(separator: ":"),
        ]
    }

    /// The cost of a text that is nothing but beginnings of escapes grows with its length only.
    func testEscapesWithinEscapesAreBounded() {
        let book = book()
        for piece in [
            "&", "%", "\\", "&amp;", "&amp;amp;amp;", "%25", "%2525", "&#", "&#x", "&#38", "%26amp%3b", "\\u005c", "&a",
            "%26%2338%3b", "\\u0025", "%5cu0026",
        ] {
            let text = String(repeating: piece, count: 10_000 / piece.utf8.count)
            XCTAssertEqual(book.hidden(text), text)
            let with = text + key + text
            XCTAssertTrue(book.hidden(with).contains("***"), piece)
            XCTAssertFalse(book.hidden(with).contains(key), piece)
        }
    }

    /// Every form in which servers, proxies and tools write what they were sent.
    private func forms(_ secret: String) -> [String] {
        let json = String(decoding: (try? JSONEncoder().encode(secret)) ?? Data(), as: UTF8.self)
        let inner = json.dropFirst().dropLast()
        return [
            secret, percent(secret), percent(secret, upper: false), percent(secret, all: true),
            percent(percent(secret)),
            String(inner), inner.replacingOccurrences(of: "\\", with: "\\\\"),
            secret.unicodeScalars.map { String(format: "\\u%04x", $0.value) }.joined(),
            secret.unicodeScalars.map { String(format: "&#%d;", $0.value) }.joined(),
            secret.unicodeScalars.map { String(format: "&#x%X;", $0.value) }.joined(),
            secret.unicodeScalars.map { String(format: "\\x%02x", $0.value) }.joined(),
            base64(secret), base64("user:" + secret), base64("a" + secret + "b"), base64("ab" + secret + "bc"),
            base64(secret).replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_"),
            percent(base64(secret)), lines(base64(secret), 19, "\r\n"),
            lines(secret, 5, "\n"), lines(secret, 7, "\r\n    "), lines(secret, 4, "\\n"), lines(secret, 6, "\\\\n"),
            lines(secret, 9, "%0A"), lines(secret, 3, " "), lines(secret, 8, "\" + \""), lines(secret, 8, "=\n"),
            secret.uppercased(), secret.lowercased(), secret.replacingOccurrences(of: "+", with: " "),
            Data(secret.utf8).map { String(format: "%02x", $0) }.joined(),
            Data(secret.utf8).map { String(format: "%02X", $0) }.joined(separator: " "),
            secret.unicodeScalars.map { "\($0)\u{0}" }.joined(),
        ] + nested(secret)
    }

    /// Forty ways to speak of a token.
    private let wordings = [
        "%", "the token %", "token=%", "token: %", "token '%' is wrong", "\"token\":\"%\"", "Token[%]", "(%)", "<%>",
        "The security token % has expired.", "you sent %, which is not known", "x-acs-security-token:%;x-acs-date",
        "SecurityToken is %", "session %", "sts=%&x=1", "?security_token=%#end", "got \u{201C}%\u{201D}", "value %",
        "https://host/?t=%", "https://user:%@host/", "Authorization: Bearer %", "{\"a\":[\"%\"]}", "a=%;b=%", "%%",
        "…%…", "MalformedToken:%", "token\t%\tend", "令牌%无效", "<SecurityToken>%</SecurityToken>", "cookie: s=%;",
        "curl -H 'X-TC-Token: %'", "signature mismatch, string to sign: GET\n%\nx", "key/%/end", "a.%.b", "_%_", "%,",
        "params={'token': '%'}", "#%#", "|%|", "input `%`",
    ]

    private func runs(_ secret: String) -> [String] {
        let plain = Array(secret.lowercased().utf8.compactMap(PlainReader.folded))
        guard plain.count >= 12 else { return [String(decoding: plain, as: UTF8.self)] }
        return (0...plain.count - 12).map { String(decoding: plain[$0..<$0 + 12], as: UTF8.self) }
    }

    /// The letters and digits of a text, however they are written.
    private func plain(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            var reader = PlainReader(UnsafeRawBufferPointer(bytes))
            var output: [UInt8] = []
            while let byte = reader.next() { output.append(byte) }
            return String(decoding: output, as: UTF8.self)
        }
    }

    func testFortyWordingsInEveryForm() {
        XCTAssertEqual(wordings.count, 40)
        let book = book()
        for secret in [token, key, password] {
            let hexadecimal = Data(secret.utf8).map { String(format: "%02x", $0) }.joined()
            let decimal = secret.utf8.map { "\($0)" }.joined()
            let pieces = runs(secret) + runs(base64(secret)) + runs(hexadecimal) + runs(decimal)
            for form in forms(secret) {
                for wording in wordings {
                    let text = wording.replacingOccurrences(of: "%", with: form)
                    let shown = book.hidden(text)
                    XCTAssertTrue(shown.contains("***"), text)
                    let left = plain(shown)
                    if let piece = pieces.first(where: left.contains) { XCTFail("\(piece) in \(shown) of \(text)") }
                }
            }
        }
    }

    /// What a server cuts is hidden down to eleven letters.
    func testPartsOfASecret() {
        let book = book()
        for part in [token.prefix(40), token.dropLast(2).suffix(60), token.dropFirst(30).prefix(24), key.prefix(20)] {
            XCTAssertEqual(book.hidden("got \(part)..."), "got ***...", "\(part)")
        }
    }

    /// The search looks at some places first: a part is hidden wherever it stands, for any length of the secret.
    func testPartsAtEachPlaceForEachLength() {
        let letters = Array("q7Zk2mXw9RtB4vLs")
        for count in 8...16 {
            let book = KnownSecrets()
            book.add(String(letters.prefix(count)))
            let run = min(count, 12)
            for first in 0...count - run {
                let part = String(letters[first..<first + run])
                for before in 0..<20 {
                    let text = String(repeating: "e", count: before) + " " + part
                    XCTAssertEqual(book.hidden(text), String(repeating: "e", count: before) + " ***", "\(count)")
                    XCTAssertEqual(book.hidden(text + " end"), String(repeating: "e", count: before) + " *** end")
                    let less = String(repeating: "e", count: before) + " " + part.dropLast()
                    XCTAssertEqual(book.hidden(less), less, "a part that is one letter shorter")
                }
            }
        }
    }

    /// A short secret beside a long one: its whole length is hidden, though a part of the long one may be longer.
    func testAShortSecretBesideALongOne() {
        let book = book()
        book.add("q7Zk2mXw")
        for before in 0..<20 {
            let around = String(repeating: "e", count: before)
            XCTAssertEqual(book.hidden(around + " q7Zk2mXw"), around + " ***")
            XCTAssertEqual(book.hidden(around + " " + key.prefix(12)), around + " ***")
        }
    }

    func testWhatIsAroundStays() {
        let book = book()
        XCTAssertEqual(book.hidden("The token \"\(token)\" is wrong."), "The token \"***==\" is wrong.")
        let json = #"{"Message":"bad \"KEY\"","RequestId":"r-1"}"#
        XCTAssertEqual(
            book.hidden(json.replacingOccurrences(of: "KEY", with: key)),
            json.replacingOccurrences(of: "KEY", with: "***"))
        let clean =
            "The task 2600011633-AigcImage-c3b145ec76a94ac55b9e63be17d is not known; see https://host/a?b=c 100%."
        XCTAssertEqual(book.hidden(clean), clean)
        XCTAssertNil(book.hidden(Array(clean.utf8)))
        XCTAssertEqual(KnownSecrets().hidden(token), token)
    }

    func testShortOnesAndOddOnes() {
        let book = KnownSecrets()
        book.add("S3cr3t")
        book.add("p!w?d#7/8")
        book.add("!\"$%&/()=")
        book.add("cat")
        book.add("")
        XCTAssertEqual(book.hidden("user:S3cr3t@host"), "user:***@host")
        XCTAssertEqual(book.hidden("Basic dXNlcjpTM2NyM3Q="), "Basic dXNlcjp***Q=", "as a proxy is told it")
        XCTAssertEqual(book.hidden("p%21w%3Fd%237%2F8"), "***")
        XCTAssertEqual(book.hidden("s3cr3t"), "s3cr3t", "of few letters only the exact ones are hidden")
        XCTAssertEqual(book.hidden("a !\"$%&/()= b"), "a *** b")
        XCTAssertEqual(book.hidden("a cat in the snow"), "a cat in the snow", "three letters stand in every other word")
    }

    func testJSONStaysJSON() throws {
        let book = book()
        for form in forms(key) {
            let json = try JSONEncoder().encode(["message": "you sent \(form) to us", "code": "Bad"])
            let clean = book.hidden(Array(json)) ?? []
            let read = try JSONDecoder().decode([String: String].self, from: Data(clean))
            XCTAssertEqual(read["code"], "Bad")
        }
    }

    func testTheNewestGenerationsAreKept() {
        let book = KnownSecrets()
        book.add(password, lasts: true)
        let tokens = (0..<300).map { number in (0..<40).map { String(format: "%02x%d", $0, number &* 7919) }.joined() }
        for token in tokens { book.add(token) }
        XCTAssertEqual(book.hidden(tokens[299]), "***")
        XCTAssertEqual(book.hidden(tokens[298]), "***")
        XCTAssertEqual(book.hidden("x \(password) y"), "x *** y")
    }

    func testNoiseNeverCrashes() {
        let book = book()
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let pieces = [
            "%", "%2", "%25", "\\", "\\u", "\\u00", "\\x4", "&#", "&#x4", ";", "&amp;", String(key.prefix(9)), "é", "=",
        ]
        for _ in 0..<20_000 { _ = book.hidden((0..<next(12)).map { _ in pieces[next(pieces.count)] }.joined()) }
    }
}
