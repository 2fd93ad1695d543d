import Core
import XCTest

@testable import Providers

/// What a debug log shows of a body that we send, and how far a hidden value reaches.
final class ShownBodyTests: XCTestCase {
    private func shown(_ text: String) -> String { Redaction.body(Array(text.utf8)) }

    func testURLsLoseTheirSecrets() {
        XCTAssertEqual(
            shown(#"{"Prompt":"a cat?","Url":"https://user:hunter2@host.example/a.png?sig=abc&x=1#f"}"#),
            #"{"Prompt":"a cat?","Url":"https://***@host.example/a.png?..."}"#)
        XCTAssertEqual(shown(#"{"u":"https://host.example/a@b.png"}"#), #"{"u":"https://host.example/a@b.png"}"#)
        XCTAssertFalse(shown(#"{"p":"{\"u\":\"https:\/\/h\/x?auth_key=SECRET1\"}"}"#).contains("SECRET1"))
        XCTAssertFalse(shown(#"{"p":"{\"u\":\"https:\/\/me:SECRET2@h\/x\"}"}"#).contains("SECRET2"))
        XCTAssertFalse(shown(#"{"u":"https://h/x?a=https://SECRET3@g/"}"#).contains("SECRET3"))
    }

    func testAQuotedValueIsHiddenToItsEnd() {
        for value in ["Abc,def)123", "two words here", #"a\"b,c"#, "a;b'c", "a&b"] {
            let said = shown("{\"Password\":\"\(value)\",\"Prompt\":\"a cat\"}")
            XCTAssertEqual(said, #"{"Password":"***","Prompt":"a cat"}"#, value)
        }
        XCTAssertEqual(
            shown(#"{"ExtraParameters":"{\"Token\":\"two words\",\"Size\":\"1K\"}"}"#),
            #"{"ExtraParameters":"{\"Token\":\"***\",\"Size\":\"1K\"}"}"#)
        XCTAssertFalse(shown(#"{"Token":"never ends SECRET4"#).contains("SECRET4"))
    }

    func testACallByNameShowsNoBody() throws {
        let provider = try TencentProvider(TencentSettings())
        let call = try provider.call(
            action: "CreateThing", json: Array(#"{"S3SecretKey":"k","Cookie":"c"}"#.utf8), reads: false)
        XCTAssertEqual(provider.shown(call), "")
    }

    /// However long a body is, what is looked at is bounded.
    func testAHugeBody() {
        XCTAssertLessThanOrEqual(
            Redaction.body([UInt8](repeating: UInt8(ascii: "x"), count: 10 << 20)).utf8.count, Redaction.maximumBytes)
    }
}
