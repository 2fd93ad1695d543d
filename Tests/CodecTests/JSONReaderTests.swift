@testable import Codec
import Foundation
import XCTest

/// The quick reader says what jansson says, or nothing.
final class JSONReaderTests: XCTestCase {
    /// True if the quick reader read it.
    @discardableResult
    private func agree(_ bytes: [UInt8], depth: Int = 64, _ what: String = "") -> Bool {
        bytes.withUnsafeBytes { buffer in
            guard let quick = JSONReader.read(buffer, maximumDepth: depth) else { return false }
            let strict = try? JSONValue.parseStrictly(buffer, maximumDepth: depth)
            XCTAssertEqual(quick, strict, what.isEmpty ? String(decoding: bytes, as: UTF8.self) : what)
            return true
        }
    }

    func testPlainTextsAreRead() {
        for text in [
            "{}", "[]", " [ ] ", "{ }", "null", "true", "false", "0", "7", "-12", "0.5", "-1.25", "100.125", "\"\"",
            "\"a\"",
            "999999999999999", "-999999999999999", "0.0001", "1.0", "0.0", "123456.789",
            "{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
            "\t{\n\"a\" :\r1 , \"b\":\"\\n\\t\\\"\\\\\\/\\b\\f\\r\"}", "\"中文😺\"", "[[[[1]]]]", "{\"\":1}",
            "[1,\"x\",true]",
        ] { XCTAssertTrue(agree(Array(text.utf8)), text) }
    }

    func testWhatIsNotPlainIsLeftToTheOther() {
        for text in [
            "", " ", "01", "-0", "-0.25", "-", "1.", ".5", "1e3", "1.5E2", "+1", "1234567890123456",
            "0.1234567890123456", "tru",
            "nulL", "truex", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}",
            "\"a", "\"a\nb\"", "\"\\u0041\"", "\"\\x\"", "\"\\", "{\"a\":1}x", "[1]]", "\u{FEFF}1", "\0", "1\0",
            "[1\0]", "1.50", "0.00001", "0.00", "10.0e0",
        ] { XCTAssertFalse(agree(Array(text.utf8)), text) }
        XCTAssertFalse(agree([0x22, 0xFF, 0x22]))
        XCTAssertFalse(agree([0x22, 0xED, 0xA0, 0x80, 0x22]))
        XCTAssertFalse(agree([0x22, 0xC0, 0x80, 0x22]))
        XCTAssertFalse(agree([0x22, 0x5C, 0x6E, 0xFF, 0x22]))
        XCTAssertFalse(agree(Array((String(repeating: "[", count: 17) + String(repeating: "]", count: 17)).utf8)))
        XCTAssertTrue(agree(Array((String(repeating: "[", count: 16) + String(repeating: "]", count: 16)).utf8)))
        XCTAssertFalse(agree(Array("[[1]]".utf8), depth: 1))
        XCTAssertFalse(agree(Array("[]".utf8), depth: -1))
        let many = "{" + (0..<33).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        XCTAssertFalse(agree(Array(many.utf8)))
    }

    func testEveryFixtureAndItsDamagedForms() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("fixtures")
        let files =
            FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "json" } ?? []
        var seeds = try files.sorted { $0.path < $1.path }.map { [UInt8](try Data(contentsOf: $0)) }
            .filter { $0.count < 20_000 }
        seeds.append(Array(#"{"Response":{"Status":"RUN","ImageUrls":["a\/b",""],"N":[0.5,-3,1e3],"M":null}}"#.utf8))
        seeds.append(Array(#"{"a":1,"b":{"a":[true,false,null,"\u4e2d\ud83d\ude3a中"]},"c":-0.125,"d":"x\\\"y"}"#.utf8))
        var random = SystemLikeRandom(state: 7)
        let tokens: [[UInt8]] = ["\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "\\u", "\0", "\u{80}"]
            .map { Array($0.utf8) }
        var read = 0
        for seed in seeds {
            if agree(seed) { read += 1 }
            for _ in 0..<2_000 {
                var bytes = seed.count > 400 ? Array(seed.prefix(400)) : seed
                for _ in 0...Int(random.next() % 3) where !bytes.isEmpty {
                    let index = Int(random.next() % UInt64(bytes.count))
                    switch random.next() % 4 {
                    case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                    case 1: bytes.removeSubrange(index...)
                    case 2: bytes.remove(at: index)
                    default: bytes.insert(contentsOf: tokens[Int(random.next() % UInt64(tokens.count))], at: index)
                    }
                }
                if agree(bytes) { read += 1 }
            }
        }
        XCTAssertGreaterThan(read, seeds.count, "damaged texts that are still plain JSON are part of the test")
    }

    func testRandomNumbersAreReadAsTheOtherReadsThem() {
        var random = SystemLikeRandom(state: 99)
        for _ in 0..<50_000 {
            let whole = random.next() % 1_000_000, digits = 1 + random.next() % 9
            let text = "\(random.next() % 2 == 0 ? "-" : "")\(whole).\(random.next() % UInt64(pow(10, Double(digits))))"
            XCTAssertTrue(agree(Array(text.utf8)) || text.hasPrefix("-0.") || text.hasSuffix("0"), text)
        }
    }
}
