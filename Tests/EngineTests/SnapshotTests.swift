import Core
import XCTest

@testable import Engine

/// The request id of an answer is kept as its place in the answer, and is the same to whoever asks.
final class SnapshotTests: XCTestCase {
    private func snapshot(_ answer: String, _ id: String?) -> JobSnapshot {
        var snapshot = JobSnapshot(state: .running)
        snapshot.keep(Array(answer.utf8), requestID: id)
        return snapshot
    }

    func testTheRequestIDStandsInTheAnswerOrBesideIt() {
        for (answer, id) in [
            (#"{"RequestId":"8a1a"}"#, "8a1a"), ("8a1a", "8a1a"), ("aa8a1a", "8a1a"), ("8a1aa", "8a1a"),
            ("8a1", "8a1a"),
            ("", "8a1a"), ("x", ""), ("8a1a 8a1a", "8a1a"), ("abab", "ba"), (String(repeating: "a", count: 5_000), "a"),
            (#"{"r":"中文"}"#, "中文"),
        ] {
            XCTAssertEqual(snapshot(answer, id).requestID, id, answer)
            XCTAssertEqual(snapshot(answer, id).response, Array(answer.utf8))
        }
        XCTAssertNil(snapshot("8a1a", nil).requestID)
    }

    func testANewAnswerBringsItsOwn() {
        var snapshot = snapshot("id-1", "id-1")
        snapshot.keep(Array("id-2".utf8), requestID: "other")
        XCTAssertEqual(snapshot.requestID, "other")
        snapshot.keep(Array("an id-3".utf8), requestID: "id-3")
        XCTAssertEqual(snapshot.requestID, "id-3")
        snapshot.keep([], requestID: nil)
        XCTAssertNil(snapshot.requestID)
    }

    func testFiguresOfDownloadsAreKeptApart() {
        var snapshot = JobSnapshot(state: .running)
        XCTAssertEqual([snapshot.received, snapshot.total], [0, -1])
        XCTAssertNil(snapshot.result)
        snapshot.received = 5
        XCTAssertEqual([snapshot.received, snapshot.total], [5, -1])
        snapshot.total = 9
        snapshot.result = AssetResult(contentType: "image/png", byteCount: 9, path: "p", bytes: nil)
        XCTAssertEqual([snapshot.received, snapshot.total], [5, 9])
        XCTAssertEqual(snapshot.result?.path, "p")
        snapshot.resultID = "m"
        XCTAssertEqual(snapshot.resultID, "m")
        snapshot.resultID = nil
        XCTAssertNil(snapshot.resultID)
    }
}
