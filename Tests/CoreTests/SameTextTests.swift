import Core
import XCTest

/// What names a thing is the same only byte for byte, and where a name is long what is shown of it is what it is.
final class SameTextTests: XCTestCase {
    private static let pairs = [
        ("K", "\u{212A}"), ("e\u{301}", "\u{E9}"), ("\u{C5}", "\u{212B}"), (";", "\u{37E}"), ("`", "\u{1FEF}"),
        ("a\u{301}\u{323}", "a\u{323}\u{301}"), ("\u{AC00}", "\u{1100}\u{1161}"),
    ]

    func testTextsThatSwiftCallsEqual() {
        for (a, b) in Self.pairs {
            XCTAssertEqual(a, b, "else the pair proves nothing")
            XCTAssertFalse(a.isSame(as: b))
            XCTAssertTrue(a.isSame(as: a))
            XCTAssertFalse(("x" + a).isSame(as: "x" + b))
            XCTAssertNotEqual(ByteText(a), ByteText(b))
            XCTAssertEqual(Set([ByteText(a), ByteText(b), ByteText(a)]).count, 2)
            XCTAssertEqual([ByteText(a): 1, ByteText(b): 2][ByteText(b)], 2)
            func reference(_ id: String, _ region: String = "r") -> JobReference {
                JobReference(provider: "p", operation: "o", region: region, endpoint: "e", remoteID: id)
            }
            XCTAssertNotEqual(reference(a), reference(b))
            XCTAssertNotEqual(reference("7", a), reference("7", b))
            XCTAssertEqual(Set([reference(a), reference(b)]).count, 2)
            XCTAssertNotEqual(FieldValue.string(a), .string(b))
            XCTAssertEqual(FieldValue.string(a), .string(a))
            XCTAssertNotEqual(ImageReference(url: a), ImageReference(url: b))
            XCTAssertNotEqual(ImageReference(url: "u", referenceType: a), ImageReference(url: "u", referenceType: b))
            XCTAssertNotEqual(AssetReference(id: a), AssetReference(id: b))
            XCTAssertNotEqual(AssetReference(id: "7", url: a), AssetReference(id: "7", url: b))
            XCTAssertNotEqual(AssetReference(id: "7", promptID: a), AssetReference(id: "7"))
            XCTAssertEqual(AssetReference(id: a, url: b, modelID: a), AssetReference(id: a, url: b, modelID: a))
            XCTAssertNotEqual(
                JobAnswer(state: .running, providerState: a), JobAnswer(state: .running, providerState: b))
            XCTAssertNotEqual(JobAnswer(remoteID: a, state: .running), JobAnswer(remoteID: b, state: .running))
            XCTAssertNotEqual(JobAnswer(state: .running, requestID: a), JobAnswer(state: .running, requestID: b))
            XCTAssertEqual(JobAnswer(state: .running, requestID: a), JobAnswer(state: .running, requestID: a))
        }
        XCTAssertTrue("".isSame(as: ""))
        XCTAssertFalse("a".isSame(as: "A"))
    }

    func testAnyCaseIsThatOfASCIIAlone() {
        XCTAssertTrue("Content-Type".isSameInAnyCase(as: "content-TYPE"))
        for (a, b) in [
            ("K", "\u{212A}"), ("k", "\u{212A}"), ("s", "\u{17F}"), ("i", "\u{130}"), ("@", "`"), ("[", "{"),
            ("é", "É"),
        ] {
            XCTAssertFalse(a.isSameInAnyCase(as: b), "\(a) \(b)")
        }
    }

    func testWhatIsNotSeen() {
        for text in [
            "a\u{202E}b", "a\u{200B}", "\u{7}", "a\u{85}", "\u{FEFF}a", "\u{FFFD}", "\u{AD}", "a\u{E0041}", "\u{FFFE}",
            "\u{2066}",
        ] {
            XCTAssertFalse(text.isVisible, text.debugDescription)
            XCTAssertTrue(text.shownWithEscapes(limit: 100).isVisible)
        }
        for text in ["4-AigcImage-1", "图 1", "é", "😺", "a b"] {
            XCTAssertTrue(text.isVisible, text)
            XCTAssertEqual(text.shownWithEscapes(limit: 100), text)
        }
        XCTAssertEqual("a\u{202E}b".shownWithEscapes(limit: 100), #"a\u{202E}b"#)
        XCTAssertEqual(String(repeating: "a", count: 200).shownWithEscapes(limit: 100).utf8.count, 103)
        for blank in [" ", "\t", "\u{3000}\u{200B}", "\u{2800}"] { XCTAssertTrue(blank.isBlank) }
        for text in ["", "a", " 图"] { XCTAssertFalse(text.isBlank, text) }
    }
}
