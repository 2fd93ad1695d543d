import Codec
import Glibc
import XCTest

final class JSONParseTests: XCTestCase {
    private func parse(_ text: String, depth: Int = 64) throws -> JSONValue {
        try JSONValue.parse(Array(text.utf8), maximumDepth: depth)
    }

    private func refusal(_ bytes: [UInt8], depth: Int = 64) -> JSONError? {
        do {
            _ = try JSONValue.parse(bytes, maximumDepth: depth)
            return nil
        } catch {
            return error
        }
    }

    func testEveryType() throws {
        XCTAssertEqual(try parse("null"), .null)
        XCTAssertEqual(try parse(" true "), .bool(true))
        XCTAssertEqual(try parse("false"), .bool(false))
        XCTAssertEqual(try parse("-12"), .int(-12))
        XCTAssertEqual(try parse("0.5"), .double(0.5))
        XCTAssertEqual(try parse("1e3"), .number("1e3"))
        XCTAssertEqual(try parse(#""a\n\u4e2d\ud83d\ude3a""#), .string("a\n中😺"))
        XCTAssertEqual(try parse("[]"), .array([]))
        XCTAssertEqual(try parse("{}"), .object([]))
        XCTAssertEqual(
            try parse(#"{"b":[1,{"c":null}],"a":"x"}"#),
            .object([
                JSONMember("b", .array([.int(1), .object([JSONMember("c", .null)])])), JSONMember("a", "x"),
            ]))
    }

    func testNumbersAtTheEdges() throws {
        XCTAssertEqual(try parse("9223372036854775807"), .int(.max))
        XCTAssertEqual(try parse("-9223372036854775808"), .int(.min))
        XCTAssertEqual(try parse("9223372036854775808"), .number("9223372036854775808"))
        XCTAssertEqual(
            try parse(#"{"a":"\"123456789012345678901","b":[123456789012345678901,7],"c":-99999999999999999999}"#),
            .object([
                JSONMember("a", "\"123456789012345678901"),
                JSONMember("b", .array([.number("123456789012345678901"), .int(7)])),
                JSONMember("c", .number("-99999999999999999999")),
            ]))
        for bad in [
            "01", "1.", ".5", "+1", "0x1", "NaN", "Infinity", "-", "1e", "1e+", "-01", "1.e1", "00", "--1", "1-2",
        ] {
            XCTAssertNotNil(refusal(Array(bad.utf8)), bad)
            XCTAssertNotNil(refusal(Array("[0.1,\(bad)]".utf8)), bad)
        }
    }

    func testParseOnceRefusesTwins() throws {
        let many = (0..<40).map { "\"n\($0)\":\($0)" }.joined(separator: ",")
        for (text, name) in [
            (#"{"a":1,"a":1}"#, "a"), (#"{"a":1,"b":2,"\u0061":3}"#, "a"), (#"[{"x":{"y":[{"猫":1,"猫":2}]}}]"#, "猫"),
            (#"{"":1,"":2}"#, ""), ("{\(many),\"n7\":1}", "n7"), (#"{"a":{"b":1},"a":{"b":1}}"#, "a"),
        ] {
            XCTAssertNoThrow(try JSONValue.parse(Array(text.utf8)), text)
            XCTAssertThrowsError(try JSONValue.parseOnce(Array(text.utf8)), text) {
                XCTAssertEqual("\($0)", "JSON in which the name \"\(name)\" is there twice")
            }
        }
        // Two names in NFC and NFD look the same, and are two.
        for text in [
            "{\"\u{E9}\":1,\"e\u{301}\":2}", #"{"a":{"b":1},"b":{"a":1}}"#, #"[{"a":1},{"a":2}]"#, #"{"a":1,"A":2}"#,
            "7",
            "{\(many)}", String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
        ] { XCTAssertEqual(try JSONValue.parseOnce(Array(text.utf8)), try JSONValue.parse(Array(text.utf8)), text) }
        XCTAssertThrowsError(try JSONValue.parseOnce(Array("{\"a\":1".utf8)))
    }

    /// Whoever reads a number and writes it again writes what was there.
    func testEveryNumberKeepsItsForm() throws {
        var texts = [
            "0", "-0", "-0.0", "0.0", "1.0", "1.50", "0.1", "0.10", "1e400", "-1E+400", "1e-400", "1e0", "1E5", "1e+05",
            "18446744073709551615", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            "-9223372036854775809", "123456789012345678901234567890.123456789012345678901234567890",
            "0.30000000000000004",
            "100000000000000000000", "1e22", "0.0001", "0.00001", "5e-324", "1.7976931348623157e308",
            "12345678901234.5",
            "999999999999999", "9999999999999999", "0.123456789012345", "0.1234567890123456789",
            String(repeating: "9", count: 400),
        ]
        var random = SystemLikeRandom(state: 3)
        for _ in 0..<20_000 {
            var text = random.next() % 2 == 0 ? "-" : ""
            text += random.next() % 4 == 0 ? "0" : "\(1 + random.next() % 9)"
            if text.last != "0" { for _ in 0..<(random.next() % 22) { text += "\(random.next() % 10)" } }
            if random.next() % 2 == 0 {
                text += "."
                for _ in 0...(random.next() % 20) { text += "\(random.next() % 10)" }
            }
            if random.next() % 4 == 0 {
                text += ["e", "E", "e+", "E-"][Int(random.next() % 4)] + "\(random.next() % 500)"
            }
            texts.append(text)
        }
        for text in texts {
            for form in [text, "[\(text)]", "{\"a\":[{\"b\":\(text)}]}"] {
                XCTAssertEqual(String(decoding: try parse(form).serialized(), as: UTF8.self), form)
                XCTAssertEqual(
                    JSONAnswer.read(Array(form.utf8)).map { String(decoding: $0.value.serialized(), as: UTF8.self) },
                    form)
            }
        }
        XCTAssertEqual(try parse("1e3").intValue, 1_000)
        XCTAssertEqual(try parse("1.50").doubleValue, 1.5)
        XCTAssertEqual(try parse("9223372036854775807.0").intValue, nil)
        XCTAssertEqual(try parse("1234567890123456789.0").intValue, nil, "it would be another number")
        XCTAssertNil(try parse("1e400").doubleValue)
        XCTAssertEqual(try parse("18446744073709551615").lenientString, "18446744073709551615")
        XCTAssertTrue(try parse("-0").isWholeNumber)
        XCTAssertFalse(try parse("1e0").isWholeNumber)
    }

    func testTheLastOfTwoEqualNamesWins() throws {
        XCTAssertEqual(
            try parse(#"{"a":1,"b":2,"a":3}"#), .object([JSONMember("a", .int(3)), JSONMember("b", .int(2))]))
    }

    func testNULInStringsButNotInNames() throws {
        XCTAssertEqual(try parse(#""a\u0000b""#), .string("a\0b"))
        XCTAssertEqual(refusal(Array(#"{"a\u0000b":1}"#.utf8))?.message, "JSON with a NUL in a name")
    }

    func testErrorsTellWhereAndNeverWhat() {
        for text in [
            "", " ", "{", "[1,", "\"hunter2", "{\"hunter2\":}", "hunter2", "{\"a\":1} hunter2", "[1 hunter2]",
            "\"\\ud800hunter2\"", "{hunter2:1}", "[1,]", "\"a\nb\"", "<html>hunter2</html>",
        ] {
            let error = refusal(Array(text.utf8))
            XCTAssertNotNil(error, text)
            XCTAssertFalse(error?.description.contains("hunter") ?? true, text)
            XCTAssertGreaterThan(error?.line ?? 0, 0, text)
        }
        XCTAssertEqual(refusal(Array("{\n \"a\": x\n}".utf8))?.line, 2)
        XCTAssertEqual(refusal([0x22, 0xFF, 0x22])?.message, "JSON with invalid UTF-8")
        XCTAssertEqual(refusal([0x22, 0xED, 0xA0, 0x80, 0x22])?.message, "JSON with invalid UTF-8")
    }

    func testDepthIsBounded() throws {
        let deep = { (n: Int) in String(repeating: "[", count: n) + String(repeating: "]", count: n) }
        XCTAssertNoThrow(try parse(deep(64)))
        XCTAssertEqual(refusal(Array(deep(65).utf8))?.message, "nested deeper than 64 levels")
        XCTAssertNoThrow(try parse(deep(3), depth: 3))
        XCTAssertNotNil(refusal(Array(deep(4).utf8), depth: 3))
        XCTAssertNoThrow(try parse("1", depth: 0))
        XCTAssertNotNil(refusal(Array("[]".utf8), depth: -5))
        // Brackets in strings are no nesting.
        XCTAssertNoThrow(try parse("[\"" + String(repeating: "[{\\\"", count: 1000) + "\"]"))
        // A caller cannot ask for more than a small stack holds.
        XCTAssertNotNil(refusal(Array(deep(JSONValue.depthLimit + 1).utf8), depth: .max))
    }

    /// Promise: every function fits a stack of 64 KiB. Runs the deepest document, and a far deeper one, on such a
    /// thread.
    func testSmallStackIsEnough() {
        final class Outcome: @unchecked Sendable {  // written by the thread, read after it was joined
            var parsed = 0
            var refused = 0
        }
        let outcome = Outcome()
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        pthread_attr_init(attributes)
        XCTAssertEqual(pthread_attr_setstacksize(attributes, 65536), 0)
        var thread: pthread_t = 0
        let started = pthread_create(
            &thread, attributes,
            { context in
                guard let context else { return nil }
                let outcome = Unmanaged<Outcome>.fromOpaque(context).takeUnretainedValue()
                for depth in [JSONValue.depthLimit / 2, JSONValue.depthLimit] {
                    for unit in [("[", "]"), ("{\"a\":", "}"), ("[1,{\"a\":[", "]}]")] {
                        let levels = unit.0.utf8.filter { $0 == 0x5B || $0 == 0x7B }.count
                        let count = depth / levels
                        let text =
                            String(repeating: unit.0, count: count) + "1" + String(repeating: unit.1, count: count)
                        if let value = try? JSONValue.parse(Array(text.utf8), maximumDepth: depth),
                            value.serialized() == Array(text.utf8)
                        {
                            outcome.parsed += 1
                        }
                    }
                }
                for unit in ["[", "{\"a\":"] {
                    let text = String(repeating: unit, count: 100_000)
                    if (try? JSONValue.parse(Array(text.utf8))) == nil { outcome.refused += 1 }
                }
                return nil
            }, Unmanaged.passUnretained(outcome).toOpaque())
        XCTAssertEqual(started, 0)
        XCTAssertEqual(pthread_join(thread, nil), 0)
        XCTAssertEqual(outcome.parsed, 6)
        XCTAssertEqual(outcome.refused, 2)
    }

    /// Neither noise nor damaged documents end in anything but a value or an error, and what was read is written again.
    func testNoiseNeverCrashes() throws {
        var random = SystemLikeRandom(state: 42)
        let seed = Array(
            #"{"data":{"id":"20","x":[1,2.5e3,-7,true,false,null,"\u00e9\ud83d\ude3a\\"],"n":12345678901234567890}}"#
                .utf8)
        for round in 0..<20_000 {
            var bytes =
                round % 4 == 0
                ? (0..<Int(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) } : seed
            if round % 4 != 0 {
                for _ in 0...Int(random.next() % 3) where !bytes.isEmpty {
                    let index = Int(random.next() % UInt64(bytes.count))
                    switch random.next() % 3 {
                    case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                    case 1: bytes.removeSubrange(index...)
                    default: bytes.insert(contentsOf: seed.prefix(Int(random.next() % 20)), at: index)
                    }
                }
            }
            guard let value = try? JSONValue.parse(bytes) else { continue }
            XCTAssertEqual(try JSONValue.parse(value.serialized()), value)
        }
    }
}

/// xorshift: the same noise in every run.
struct SystemLikeRandom {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
