import Foundation
import XCTest

/// A table of expectations in Tests/fixtures/machines, one line each.
enum Table {
    static func check(_ lines: [String], _ name: String, file: String = #filePath) throws {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
        let path = folder.appendingPathComponent("fixtures/machines/\(name)")
        // AIGC_WRITE_TABLES=1 writes the table anew; whoever does so reads the difference.
        if ProcessInfo.processInfo.environment["AIGC_WRITE_TABLES"] == "1" {
            try (lines.joined(separator: "\n") + "\n").write(to: path, atomically: true, encoding: .utf8)
        }
        let wanted = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map(String.init)
        let extra = Set(lines).subtracting(wanted).sorted()
        let missing = Set(wanted).subtracting(lines).sorted()
        XCTAssertEqual(extra, [], "\(name): happens, and is not in the table")
        XCTAssertEqual(missing, [], "\(name): is in the table, and does not happen")
        XCTAssertEqual(lines.count, wanted.count, name)
    }
}
