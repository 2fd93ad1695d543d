import Core
import XCTest

/// Lines of the wire and lines that were made are the same to whoever asks.
final class HTTPHeadersTests: XCTestCase {
    private func wire(_ text: String) -> HTTPHeaders { HTTPHeaders(head: Array(text.utf8)) }

    func testLinesOfTheWire() {
        let headers = wire("Date: Mon, 20 Nov 2023 12:00:00 GMT\r\nX-TC-RequestId:abc\r\nempty:\r\nA: 1\r\na: 2\r\n")
        XCTAssertEqual(headers["date"], "Mon, 20 Nov 2023 12:00:00 GMT")
        XCTAssertEqual(headers["x-tc-requestid"], "abc")
        XCTAssertEqual(headers["empty"], "")
        XCTAssertEqual(headers["a"], "1")
        XCTAssertNil(headers["dat"])
        XCTAssertNil(headers["dates"])
        XCTAssertNil(headers["x"])
        XCTAssertNil(headers[""])
        XCTAssertEqual(
            headers.lines,
            [
                HTTPHeader("date", "Mon, 20 Nov 2023 12:00:00 GMT"), HTTPHeader("x-tc-requestid", "abc"),
                HTTPHeader("empty", ""), HTTPHeader("a", "1"), HTTPHeader("a", "2"),
            ])
        XCTAssertEqual(headers, HTTPHeaders(headers.lines))
        XCTAssertNotEqual(headers, wire("a: 1\r\n"))
    }

    func testAValueIsFoundByItsWholeName() {
        var headers = wire("Date:  Mon, 20 Nov 2023 12:00:00 GMT \r\nempty:\r\n")
        headers.append(name: "Made", value: "here")
        XCTAssertEqual(headers["date"], "Mon, 20 Nov 2023 12:00:00 GMT")
        XCTAssertEqual(headers["empty"], "")
        XCTAssertEqual(headers["made"], "here")
        XCTAssertNil(headers["dat"])
        XCTAssertEqual(headers.number(of: "date"), ByteHash.number(of: "Mon, 20 Nov 2023 12:00:00 GMT"))
        XCTAssertEqual(headers.number(of: "empty"), ByteHash.number(of: ""))
        XCTAssertEqual(headers.number(of: "made"), ByteHash.number(of: "here"))
        XCTAssertNil(headers.number(of: "dat"))
    }

    func testContinuedLinesAndBlanks() {
        XCTAssertEqual(wire("a: one\r\n two\r\n\tthree\r\nb: x\r\n")["a"], "one   two   three")
        XCTAssertEqual(wire("a: one\r\n two\r\nb: x\r\n")["b"], "x")
        XCTAssertEqual(wire("a:\t  x y \t\r\n")["a"], "x y")
        XCTAssertEqual(wire("a: x\nb: y")["b"], "y")
        XCTAssertNil(wire("a: x\r\n b: y\r\n")["b"])
    }

    func testWhatIsNoHeader() {
        XCTAssertEqual(wire("").lines, [])
        XCTAssertEqual(wire("\r\n").lines, [])
        XCTAssertEqual(wire("nonsense\r\na: 1\r\n").lines, [HTTPHeader("a", "1")])
        XCTAssertEqual(wire(": 1\r\n").lines, [HTTPHeader("", "1")])
        XCTAssertEqual(HTTPHeaders(head: [0x61, 0x3A, 0xFF, 0x0D, 0x0A])["a"], "\u{FFFD}")
        XCTAssertNil(wire("a:b: 1")["a:b:"])
    }

    func testAppendedLinesComeAfterThoseOfTheWire() {
        var headers = wire("a: 1\r\n")
        headers.append(name: "A", value: "2")
        headers.append(name: "B", value: "3")
        XCTAssertEqual(headers["a"], "1")
        XCTAssertEqual(headers["b"], "3")
        XCTAssertEqual(headers.lines.map { $0.value }, ["1", "2", "3"])
        headers.removeAll()
        XCTAssertEqual(headers, HTTPHeaders())
    }

    func testAskingAndListingAgreeOnNoise() {
        var state: UInt64 = 5
        let alphabet = Array("aB:\r\n \t:xa\u{0}".utf8)
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<(state % 24) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let headers = HTTPHeaders(head: bytes)
            for name in ["a", "b", "ab", "x", "a b"] {
                XCTAssertEqual(headers[name], headers.lines.first { $0.name == name }?.value)
            }
        }
    }
}
