import Core
import XCTest

/// Only what W3C Trace Context allows becomes a header line.
final class TraceContextTests: XCTestCase {
    private static let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func refused(_ parent: String, _ state: String = "", _ field: String = "traceparent", line: UInt = #line) {
        do throws(Failure) {
            _ = try TraceContext(parent: parent, state: state)
            XCTFail("taken: \(parent) \(state)", line: line)
        } catch {
            XCTAssertEqual(error.status, .invalidArgument, line: line)
            XCTAssertEqual(error.field, field, line: line)
        }
    }

    func testWhatIsRightBecomesHeaders() throws {
        let plain = try TraceContext(parent: Self.good, state: "")
        XCTAssertEqual(plain.headers, [HTTPHeader("traceparent", Self.good)])
        XCTAssertEqual(plain.traceID, "4bf92f3577b34da6a3ce929d0e0e4736")
        let both = try TraceContext(parent: Self.good, state: "vendor=a:b,other=1")
        XCTAssertEqual(both.headers.last, HTTPHeader("tracestate", "vendor=a:b,other=1"))
        // A later version may have more parts.
        _ = try TraceContext(parent: "cc" + Self.good.dropFirst(2) + "-what-comes", state: "")
    }

    func testWhatIsWrongIsRefused() {
        refused("")
        refused("00")
        refused(String(Self.good.dropLast()))
        refused(Self.good + "0")
        refused(Self.good + "-more")
        refused(Self.good.uppercased())
        refused("ff" + Self.good.dropFirst(2))
        refused("00-" + String(repeating: "0", count: 32) + "-00f067aa0ba902b7-01")
        refused("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")
        refused(Self.good.replacingOccurrence(of: "-", at: 35, with: "_"))
        refused("cc" + Self.good.dropFirst(2) + "-a b")
        refused("cc" + Self.good.dropFirst(2) + "-" + String(repeating: "a", count: 300))
        for bad in ["a\r\nX-Evil: 1", "\u{7F}", "ä", String(repeating: "a", count: 513)] {
            refused(Self.good, bad, "tracestate")
        }
    }

    /// Every byte at every place: nothing that could end a header line comes through.
    func testNoByteEndsTheLine() {
        for place in 0..<55 {
            for byte in [UInt8(0), 10, 13, 32, 45, 46, 47, 58, 96, 103, 127, 195] {
                var bytes = Array(Self.good.utf8)
                if bytes[place] == byte { continue }
                bytes[place] = byte
                let text = String(decoding: bytes, as: UTF8.self)
                XCTAssertNil(try? TraceContext(parent: text, state: ""), "byte \(byte) at \(place)")
            }
        }
    }
}

extension String {
    fileprivate func replacingOccurrence(of old: Character, at place: Int, with new: Character) -> String {
        var letters = Array(self)
        XCTAssertEqual(letters[place], old)
        letters[place] = new
        return String(letters)
    }
}
