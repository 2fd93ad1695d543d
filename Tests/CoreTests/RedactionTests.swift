import Core
import XCTest

final class RedactionTests: XCTestCase {
    /// The user and the password of a URL in a foreign text are hidden, in whatever form the URL stands there.
    func testUsersOfURLsInForeignTextsAreHidden() {
        let texts = [
            "https://user:S3cretPw@b/a": "https://***@b/a",
            "\"https://user:S3cretPw@b/a?Signature=abcd\"": "\"https://***@b/a?Signature=***\"",
            "no image: http://S3cretPw@b/a.": "no image: http://***@b/a.",
            "{\"Url\":\"https:\\/\\/user:S3cretPw@b\\/a\"}": "{\"Url\":\"https:\\/\\/***@b\\/a\"}",
            "ftp://user:S3cret/Pw@b/a": "ftp://***@b/a",
            "https://user:S3cret?Pw@b/a": "https://***@b/a",
            "https://a@b:S3cretPw@b/a": "https://***@b/a",
            "https://a/b?u=https://user:S3cretPw@b/a": "https://a/b?u=https://***@b/a",
            "<https://user:S3cretPw@b/a> and https://user:S3cretPw@c": "<https://***@b/a> and https://***@c",
            "a text that was cut: https://user:S3cret": "a text that was cut: https://***",
        ]
        for (text, shown) in texts { XCTAssertEqual(Redaction.message(text), shown, text) }
    }

    func testWhatIsNoUserStays() {
        let texts = [
            "https://b/a?mail=me@example.com", "write to me@example.com", "https://b:8080/a@2x.png",
            "http://[::1]:80/a",
            "Error: see https://b/help?x=1#frag, then ask admin@b", "a: //b@c", "https://b", "https://b:80",
        ]
        for text in texts { XCTAssertEqual(Redaction.message(text), text) }
    }

    /// Signatures, key ids and tokens of every store that signs URLs.
    func testSecretsOfSignedURLs() {
        for name in [
            "q-ak", "q-signature", "x-cos-security-token", "OSSAccessKeyId", "x-oss-access-key-id", "x-oss-credential",
            "x-oss-signature", "x-oss-security-token", "AWSAccessKeyId", "AccessKeyId", "x-obs-security-token",
            "GoogleAccessId", "X-Amz-Credential", "X-Amz-S3session-Token", "X-Tos-Credential", "X-Tos-Signature",
            "X-Tos-Security-Token", "X-Goog-Credential", "X-Goog-Signature", "Signature",
        ] {
            XCTAssertEqual(
                Redaction.message("no https://h/a?x=1&\(name)=S3cret&Expires=9"),
                "no https://h/a?x=1&\(name)=***&Expires=9")
        }
    }

    /// An "Authorization" has blanks inside, and nothing behind it is shown. Other secrets end, however long their names.
    func testOnlyAnAuthorizationHidesAllTheRest() {
        let rest = "&Code=7 is expired, ask again"
        for name in ["SecurityToken", "access-key-id", "session-token", "XAmzSignature", "Signature", "secret_key"] {
            XCTAssertEqual(Redaction.message("\(name)=S3cret\(rest)"), "\(name)=***\(rest)")
        }
        for name in ["Authorization", "authorization", "AUTHORIZATION", "Author-ization"] {
            XCTAssertEqual(Redaction.message("\(name): ACS3 Credential=a, S3cret b"), "\(name): ***")
        }
        XCTAssertEqual(Redaction.message("Token: Authorization: ACS3 S3cret, b"), "Token: ***")
    }
}
