import Support
import XCTest

/// A table of expectations in Tests/fixtures/machines, one line each.
enum Table {
    static func check(_ lines: [String], _ name: String) throws {
        let (extra, missing) = try TableFile.differences(of: lines, from: name)
        XCTAssertEqual(extra, [], "\(name): happens, and is not in the table")
        XCTAssertEqual(missing, [], "\(name): is in the table, and does not happen")
    }
}
