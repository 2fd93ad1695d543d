import Foundation

/// A table of expectations in Tests/fixtures/machines, one line each.
public enum TableFile {
    /// What is not as the table says: lines that happen and are not in it, and lines in it that do not happen.
    /// AIGC_WRITE_TABLES=1 writes the table anew; whoever does so reads the difference.
    public static func differences(of lines: [String], from name: String) throws -> (extra: [String], missing: [String])
    {
        let path = path("machines/\(name)")
        if ProcessInfo.processInfo.environment["AIGC_WRITE_TABLES"] == "1" {
            try (lines.joined(separator: "\n") + "\n").write(to: path, atomically: true, encoding: .utf8)
        }
        let wanted = try Self.lines(of: "machines/\(name)")
        return (Self.surplus(of: lines, over: wanted), Self.surplus(of: wanted, over: lines))
    }

    /// The lines of a file in Tests/fixtures.
    public static func lines(of name: String) throws -> [String] {
        try String(contentsOf: path(name), encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private static func path(_ name: String) -> URL {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.appendingPathComponent("fixtures/\(name)")
    }

    /// A line that stands twice has to be there twice.
    private static func surplus(of lines: [String], over others: [String]) -> [String] {
        var left: [String: Int] = [:]
        for line in others { left[line, default: 0] += 1 }
        return lines.filter { line in
            guard let count = left[line], count > 0 else { return true }
            left[line] = count - 1
            return false
        }.sorted()
    }
}
