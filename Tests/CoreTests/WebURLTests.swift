import Core
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
    func testWhichObjectItIs() {
        let signature = "q-sign-algorithm=sha1&q-ak=A&q-sign-time=1;2&q-key-time=1;2&q-header-list=&q-url-param-list="
        let same: [[String]] = [
            ["https://h/a?v=1", "HTTPS://H:443/a?v=1#x"],
            [
                "https://h/a", "https://h/a?\(signature)&q-signature=1",
                "https://h/a?Q-Signature=2&x-cos-security-token=t",
            ],
            [
                "https://h/a?v=1&w=2", "https://h/a?v=1&\(signature)&q-signature=1&w=2",
                "https://h/a?v=1&w=2&x-cos-security-token=t&q-signature=3",
            ],
            ["https://h/a", "https://h/a?Expires=1&OSSAccessKeyId=a&Signature=b", "https://h/a?Signature=c&Expires=2"],
            [
                "https://h/a?x-oss-process=image/resize,w_10",
                "https://h/a?x-oss-process=image/resize,w_10&x-oss-signature=1&x-oss-credential=2&x-oss-date=3",
            ],
            [
                "https://h/a?response-content-type=x",
                "https://h/a?X-Amz-Algorithm=A&X-Amz-Credential=b&X-Amz-Date=c&X-Amz-Expires=1&X-Amz-SignedHeaders=host"
                    + "&response-content-type=x&X-Amz-Signature=d&X-Amz-Security-Token=e",
            ],
        ]
        for group in same {
            XCTAssertEqual(Set(group.map { WebURL($0)?.objectIdentity }).count, 1, "\(group)")
        }
        let different = [
            "https://h/a", "https://h/b", "http://h/a", "https://h:444/a", "https://i/a", "https://h/A", "https://h/a?",
            "https://h/a?v=1", "https://h/a?v=2", "https://h/a?V=1", "https://h/a?v=1&v=2", "https://h/a?v=2&v=1",
            // Without a signature it is no part of one.
            "https://h/a?expires=1", "https://h/a?expires=2", "https://h/a?Signature=1", "https://h/a?sign=1",
            "https://h/a?versionId=1&q-signature=1", "https://h/a?x-amz-date=1", "https://h/a?x-oss-process=a",
            "https://h/a?token=1", "https://h/a?key=1",
        ]
        XCTAssertEqual(Set(different.map { WebURL($0)?.objectIdentity }).count, different.count)
    }
}
