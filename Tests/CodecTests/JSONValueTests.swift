import Codec
import XCTest

final class JSONValueTests: XCTestCase {
    private func text(_ value: JSONValue) -> String { String(decoding: value.serialized(), as: UTF8.self) }

    func testCompactForm() {
        XCTAssertEqual(
            text(
                .object([
                    JSONMember("z", .array([.int(-1), .bool(true), .null, .double(0.5)])), JSONMember("a", "中 é 😺 / <"),
                    JSONMember("e", .object([])), JSONMember("f", .array([])),
                ])),
            #"{"z":[-1,true,null,0.5],"a":"中 é 😺 / <","e":{},"f":[]}"#)
        XCTAssertEqual(
            text("\"\\\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}"), "\"\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}\"")
        XCTAssertEqual(text(.int(.min)), "-9223372036854775808")
    }

    func testDoublesReadBackTheSame() throws {
        for number in [
            0, -0.0, 0.1, 1 / 3, 0.3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.leastNormalMagnitude, 1e21,
            123456789.125,
            0.1 + 0.2, 9007199254740992, 1e16,
        ] {
            let written = JSONValue.double(number).serialized()
            let read = try XCTUnwrap(try JSONValue.parse(written).doubleValue)
            XCTAssertEqual(read.bitPattern, number.bitPattern, String(decoding: written, as: UTF8.self))
        }
        XCTAssertEqual(text(.double(0.30000000000000004)), "0.30000000000000004")
        XCTAssertEqual(text(.double(0.1)), "0.1")
    }

    func testNumbersThatJSONLacks() {
        for number in [Double.nan, .infinity, -.infinity] {
            let value = JSONValue.object([JSONMember("a", .array([.double(number)]))])
            XCTAssertThrowsError(try value.requireFinite())
            XCTAssertEqual(text(value), #"{"a":[null]}"#)
        }
        XCTAssertNoThrow(try JSONValue.array([.double(1), .object([JSONMember("a", .double(2))])]).requireFinite())
    }

    func testGetters() throws {
        let value = try JSONValue.parse(
            Array(#"{"s":"t","i":3,"d":2.5,"w":4.0,"h":1e300,"b":true,"n":null,"a":[7]}"#.utf8))
        XCTAssertEqual(value["s"]?.stringValue, "t")
        XCTAssertNil(value["i"]?.stringValue)
        XCTAssertEqual(value["i"]?.intValue, 3)
        XCTAssertEqual(value["w"]?.intValue, 4)
        XCTAssertNil(value["d"]?.intValue)
        XCTAssertNil(value["h"]?.intValue)
        XCTAssertEqual(value["i"]?.doubleValue, 3)
        XCTAssertEqual(value["d"]?.doubleValue, 2.5)
        XCTAssertEqual(value["b"]?.boolValue, true)
        XCTAssertNil(value["i"]?.boolValue)
        XCTAssertEqual(value["n"]?.isNull, true)
        XCTAssertEqual(value["a"]?[0]?.intValue, 7)
        XCTAssertNil(value["a"]?[1])
        XCTAssertNil(value["a"]?[-1])
        XCTAssertNil(value["missing"])
        XCTAssertNil(JSONValue.int(1)["x"])
        XCTAssertEqual(value["a"]?.arrayValue?.count, 1)
        XCTAssertEqual(value.objectValue?.count, 8)
        XCTAssertNil(value.arrayValue)
        XCTAssertEqual(value["s"]?.lenientString, "t")
        XCTAssertEqual(value["i"]?.lenientString, "3")
        XCTAssertEqual(value["w"]?.lenientString, "4")
        XCTAssertEqual(value["d"]?.lenientString, "2.5")
        XCTAssertNil(value["b"]?.lenientString)
        XCTAssertNil(value["n"]?.lenientString)
    }

    func testSettingAtAPath() {
        var value = JSONValue.object([JSONMember("a", 1), JSONMember("o", .object([JSONMember("x", 1)]))])
        value.set(path: ["o", "y"], to: "new")
        value.set(path: ["o", "x"], to: 2)
        value.set(path: ["p", "q", "r"], to: true)
        value.set(path: ["a", "b"], to: .null)  // the value in the way is replaced
        XCTAssertEqual(text(value), #"{"a":{"b":null},"o":{"x":2,"y":"new"},"p":{"q":{"r":true}}}"#)
        value.set(path: [], to: 5)
        XCTAssertEqual(value, 5)
        value.set(path: ["k"], to: "v")
        XCTAssertEqual(text(value), #"{"k":"v"}"#)
    }
}
