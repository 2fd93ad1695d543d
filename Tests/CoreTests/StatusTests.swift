import Core
import Foundation
import XCTest

/// The values of Core against include/aigc.h, read as text.
final class StatusTests: XCTestCase {
    /// Every `NAME = value` of the header's enumerations.
    static func header(_ prefix: String, file: String = #filePath) throws -> [String: Int32] {
        let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("include/aigc.h"), encoding: .utf8)
        var found: [String: Int32] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { " =,/".contains($0) })
            guard words.count >= 2, words[0].hasPrefix(prefix), line.contains(" = "), let value = Int32(words[1]) else {
                continue
            }
            found[String(words[0].dropFirst(prefix.count))] = value
        }
        return found
    }

    /// "invalidArgument" to "INVALID_ARGUMENT".
    private func upper(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1)" : $1.uppercased() }
    }

    func testStatusCodes() throws {
        var wanted = try Self.header("AIGC_E_")
        wanted["OK"] = 0
        XCTAssertGreaterThan(wanted.count, 30)
        let ours = Dictionary(uniqueKeysWithValues: Status.allCases.map { (upper("\($0)"), $0.rawValue) })
        XCTAssertEqual(ours, wanted)
    }

    func testStates() throws {
        var wanted = try Self.header("AIGC_STATE_")
        XCTAssertEqual(wanted.removeValue(forKey: "NONE"), 0)
        let ours = Dictionary(uniqueKeysWithValues: JobState.allCases.map { (upper("\($0)"), $0.rawValue) })
        XCTAssertEqual(ours, wanted)
        XCTAssertEqual(
            JobState.allCases.filter(\.isTerminal), [.succeeded, .failed, .cancelled, .unknown])
    }

    func testOutcomes() throws {
        let wanted = try Self.header("AIGC_OUTCOME_")
        let all: [SubmitOutcome] = [.none, .notSent, .unknown, .accepted]
        XCTAssertEqual(Dictionary(uniqueKeysWithValues: all.map { (upper("\($0)"), $0.rawValue) }), wanted)
    }
}
