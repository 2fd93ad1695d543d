import Codec
import Core
import XCTest

final class PercentTests: XCTestCase {
    func testEncoding() {
        XCTAssertEqual(Percent.encode("AZaz09-_.~"), "AZaz09-_.~")
        XCTAssertEqual(Percent.encode(" +*/%&=?\u{0}"), "%20%2B%2A%2F%25%26%3D%3F%00")
        XCTAssertEqual(Percent.encode("é中😺"), "%C3%A9%E4%B8%AD%F0%9F%98%BA")
        XCTAssertEqual(Percent.encode("e\u{301}"), "e%CC%81")
        XCTAssertEqual(Percent.encode(bytes: [0, 0xFF, 0x41]), "%00%FFA")
        for byte in UInt8.min...UInt8.max {
            XCTAssertEqual(Percent.decodeBytes(Percent.encode(bytes: [byte])), [byte])
        }
    }

    func testDecoding() {
        XCTAssertEqual(Percent.decode("a%20b+%e4%B8%ad"), "a b+中")
        XCTAssertEqual(Percent.decode(""), "")
        for bad in ["%", "%2", "%zz", "a%", "%4"] { XCTAssertNil(Percent.decodeBytes(bad), bad) }
        XCTAssertNil(Percent.decode("%FF"))
        XCTAssertEqual(Percent.decodeBytes("%FF"), [0xFF])
    }

    func testHex() {
        XCTAssertEqual(Hex.lowerText([0x00, 0x9F, 0xA0]), "009fa0")
        XCTAssertEqual(Hex.value(UInt8(ascii: "f")), 15)
        XCTAssertEqual(Hex.value(UInt8(ascii: "F")), 15)
        XCTAssertNil(Hex.value(UInt8(ascii: "g")))
    }
}
