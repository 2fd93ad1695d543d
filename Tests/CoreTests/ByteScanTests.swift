@testable import Core
import Support
import XCTest

/// Every function against the obvious one, for each byte at each place of texts of each length.
final class ByteScanTests: XCTestCase {
    private func eachText(_ check: ([UInt8]) -> Void) {
        for length in 0...20 {
            for place in 0..<max(length, 1) {
                for byte in UInt8.min...UInt8.max {
                    var text = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    if length > 0 { text[place] = byte }
                    check(text)
                }
            }
        }
        let random = SeededRandom(3)
        for _ in 0..<5_000 {
            let length = Int(random.next() % 40)
            check((0..<length).map { _ in UInt8(truncatingIfNeeded: random.next() & random.next()) })
        }
    }

    func testHasNoControls() {
        eachText { text in
            let wanted = text.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            XCTAssertEqual(text.withUnsafeBytes { ByteScan.hasNoControls($0) }, wanted, "\(text)")
        }
    }

    func testIsVisible() {
        eachText { text in
            for (a, b) in [(UInt8(ascii: ":"), UInt8(ascii: ";")), (UInt8(ascii: "a"), UInt8(ascii: "b"))] {
                let wanted = text.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != a && $0 != b }
                let found = text.withUnsafeBytes { ByteScan.isVisible($0, without: a, b) }
                XCTAssertEqual(found, wanted, "\(text)")
            }
        }
    }

    func testIndexOf() {
        eachText { text in
            for byte in [UInt8(0), 0x0A, 0x61, 0x80, 0xFF] {
                for start in [0, text.count / 2, text.count] {
                    let wanted = text[start...].firstIndex(of: byte) ?? text.count
                    let found = text.withUnsafeBytes { ByteScan.index(of: byte, in: $0, from: start) }
                    XCTAssertEqual(found, wanted, "\(byte) in \(text) from \(start)")
                }
            }
        }
    }

    func testPlainJSON() {
        eachText { text in
            for start in [0, text.count / 3] {
                var seen: UInt8 = 0
                let count = text.withUnsafeBytes { ByteScan.plainJSON($0, from: start, seen: &seen) }
                let run = text[start...].prefix { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }
                XCTAssertEqual(count, run.count / 8 * 8, "\(text) from \(start)")
                XCTAssertEqual(seen, run.prefix(count).contains { $0 >= 0x80 } ? 0x80 : 0, "\(text) from \(start)")
            }
        }
    }
}
