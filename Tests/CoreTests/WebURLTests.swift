import Core
import Support
import XCTest

final class WebURLTests: XCTestCase {
    private func text(_ url: String) -> String? { WebURL(url)?.text }

    func testWhatIsSent() {
        let cases: [(String, String?)] = [
            ("https://h/a", "https://h/a"), ("HTTPS://H.Example:443/A?B=c#d", "https://h.example/A?B=c"),
            ("http://h:80", "http://h/"), ("http://h:8080?x=1", "http://h:8080/?x=1"), ("http://h#f", "http://h/"),
            ("http://h:/a", "http://h/a"), ("http://h:080/a", "http://h/a"),
            // Blanks and bytes beyond ASCII, as curl and browsers send them.
            ("  https://h/a b.png?c d=\u{E9}\n", "https://h/a%20b.png?c%20d=%C3%A9"),
            ("https://h/\u{56FE}.png", "https://h/%E5%9B%BE.png"),
            ("https://h/e\u{301}.png", "https://h/e%CC%81.png"),
            // What is printable stays: it may be signed.
            ("https://h/a%20b%2f%zz+\"<>{}|^`\\?a=b c%", "https://h/a%20b%2f%zz+\"<>{}|^`\\?a=b%20c%"),
            ("https://h/a/../b/./c", "https://h/a/../b/./c"),
            // Escapes of a host are decoded, as libcurl does.
            ("http://loc%61lhost/", "http://localhost/"), ("http://localhost%2e/", "http://localhost./"),
            ("http://127%2E0.0.1/", "http://127.0.0.1/"), ("http://[::FFFF:7f00:1]:81/", "http://[::ffff:7f00:1]:81/"),
            ("http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"),
            ("http://a_b-c.example/", "http://a_b-c.example/"),
            // No such URL.
            ("", nil), ("h/a", nil), ("ftp://h/", nil), ("https:/h/", nil), ("https://", nil), ("https:///h/", nil),
            ("https://?x", nil), ("https://u@h/", nil), ("https://u:p@h/", nil), ("https://h\\@e/", nil),
            ("https://h:99999/", nil), ("https://h:a/", nil), ("https://h:1:2/", nil), ("https://[::1/", nil),
            ("https://[::1]x/", nil), ("https://h%/", nil), ("https://h%2/", nil), ("https://h%2fe/", nil),
            ("https://h%40e/", nil), ("https://h%00/", nil), ("https://h%3a80/", nil), ("https://h e/", nil),
            ("https://b\u{FC}cher.example/", nil), ("https://h/a\rb", nil), ("https://h/a\0b", nil),
            ("https://h/\u{7F}", nil), ("javascript:alert(1)", nil), ("https://[h]/", nil),
        ]
        for (url, sent) in cases { XCTAssertEqual(text(url), sent, url) }
        // Sent is sent.
        for case let sent? in cases.map(\.1) { XCTAssertEqual(text(sent), sent) }
    }

    /// A Location is bytes: they need not be UTF-8.
    func testBytesThatAreNoUTF8() {
        let base = WebURL("https://h/a/b")
        XCTAssertEqual(base?.resolving(Array("/caf".utf8) + [0xE9, 0xFF])?.text, "https://h/caf%E9%FF")
    }

    func testRelativeRedirects() {
        let base = WebURL("https://h.example:8443/a/b/c.png?d=/e#f")
        let cases: [(String, String?)] = [
            ("https://o/x", "https://o/x"), ("HTTP://O/x y", "http://o/x%20y"), ("//o:1/x", "https://o:1/x"),
            ("/x", "https://h.example:8443/x"), ("x.png", "https://h.example:8443/a/b/x.png"),
            ("../x.png?y=../z", "https://h.example:8443/a/x.png?y=../z"), ("./", "https://h.example:8443/a/b/"),
            ("..", "https://h.example:8443/a/"), ("../../../../x", "https://h.example:8443/x"),
            ("?y=1", "https://h.example:8443/a/b/c.png?y=1"), ("#g", "https://h.example:8443/a/b/c.png?d=/e"),
            ("/a/./b/../\u{56FE} 1.png", "https://h.example:8443/a/%E5%9B%BE%201.png"),
            ("x:y", nil), ("ftp://o/x", nil), ("file:///etc/passwd", nil), ("//u@o/", nil), ("", nil),
            ("/x\u{1}y", nil),
            ("12:34", "https://h.example:8443/a/b/12:34"),
        ]
        for (location, target) in cases {
            XCTAssertEqual(base?.resolving(Array(location.utf8))?.text, target, location)
        }
    }

    /// Fault 9: the whole URL without what is known to be a signature.
    func testWhichObjectItIs() throws {
        let lines = try TableFile.lines(of: "signing/urls.txt").filter { !$0.hasPrefix("#") }
        XCTAssertGreaterThan(lines.count, 60)
        for line in lines {
            let parts = line.split(separator: " ").map(String.init)
            XCTAssertEqual(parts.count, 3, line)
            let found = parts.dropFirst().map { WebURL($0)?.objectIdentity.utf8.map { $0 } }
            XCTAssertNotNil(found[0], line)
            XCTAssertEqual(found[0] == found[1], parts[0] == "same", line)
        }
        XCTAssertEqual(
            WebURL("https://h/a?v=1")?.objectIdentity, WebURL("HTTPS://H:443/a?v=1#x")?.objectIdentity)
        let different = [
            "https://h/a", "https://h/b", "http://h/a", "https://h:444/a", "https://i/a", "https://h/A", "https://h/a?",
            "https://h/a?v=1", "https://h/a?v=2", "https://h/a?V=1", "https://h/a?v=1&v=2", "https://h/a?v=2&v=1",
        ]
        XCTAssertEqual(Set(different.map { WebURL($0)?.objectIdentity }).count, different.count)
    }

    func testWhichURLsAreSigned() {
        for query in [
            "q-signature=1", "sign=1", "Signature=1", "x=1&X-Cos-Signature=1", "X-Amz-Signature", "x-oss-signature=",
        ] {
            XCTAssertEqual(WebURL("https://h/a?" + query)?.isSigned, true, query)
        }
        for rest in ["a", "a?", "a?x=1", "a?x=sign=1", "sign=1", "a?q-sign-time=1;2", "a?Expires=1", "a?signs=1"] {
            XCTAssertEqual(WebURL("https://h/" + rest)?.isSigned, false, rest)
        }
    }
}
