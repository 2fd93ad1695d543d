import Core
import Support
import XCTest

@testable import Providers

/// The short way for words that hold nothing to hide says the same as the long one.
final class PlainWordTests: XCTestCase {
    func testEveryDocumentedStateIsPlain() {
        for word in ["WAIT", "RUN", "DONE", "FAIL", "WAIT_SCHEDULE", "RUNNING", "SUCCEED", "FAILED", "TRAINING"] {
            XCTAssertTrue(Redaction.isPlain(word))
            XCTAssertEqual(Answers.shownState(word), word)
        }
    }

    func testAKeyIsNotPlain() {
        for word in ["LTAIabcdefghijkl", "xAKIDabcdefghijkl", "CAISabcdefghijklmn", "a=b", "a b", "a1", "é", "token:x"]
        {
            XCTAssertFalse(Redaction.isPlain(word), word)
        }
    }

    func testWhatIsPlainIsShownAsItIs() {
        let random = SeededRandom(3)
        let pieces = [
            "A", "K", "I", "D", "L", "T", "C", "S", "E", "_", "x", "AKID", "LTAI", "CAES", "1", " ", "=", "token",
        ]
        for _ in 0..<20_000 {
            let word = (0..<random.below(20) + 1).map { _ in random.pick(pieces) }.joined()
            if Redaction.isPlain(word) { XCTAssertEqual(Redaction.message(word), word) }
        }
    }
}
