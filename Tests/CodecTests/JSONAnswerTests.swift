import Codec
import Foundation
import XCTest

/// Answers that were bent on their way: what can be read is read, and what was not whole is not taken for whole.
final class JSONAnswerTests: XCTestCase {
    private func read(_ text: String) -> JSONAnswer? { JSONAnswer.read(Array(text.utf8)) }

    private func text(_ answer: JSONAnswer?) -> String? {
        answer.map { String(decoding: $0.value.serialized(), as: UTF8.self) }
    }

    private let plain = #"{"a":{"id":"3220","p":"图 😺"},"b":[1,"x"]}"#

    func testEncodings() throws {
        let text = plain
        XCTAssertEqual(JSONAnswer.read([0xEF, 0xBB, 0xBF] + Array(text.utf8)).map { self.text($0) }, text)
        for encoding in [
            String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32, .utf32LittleEndian, .utf32BigEndian,
        ] {
            let bytes = [UInt8](try XCTUnwrap(text.data(using: encoding)))
            let answer = try XCTUnwrap(JSONAnswer.read(bytes), "\(encoding)")
            XCTAssertEqual(self.text(answer), text, "\(encoding)")
            XCTAssertFalse(answer.isCut || answer.isDamaged)
            XCTAssertEqual(answer.end, bytes.count)
        }
        // With a mark in front, and cut in the middle of a unit.
        let marked = [0xFF, 0xFE] + [UInt8](try XCTUnwrap(text.data(using: .utf16LittleEndian)))
        XCTAssertEqual(self.text(JSONAnswer.read(marked)), text)
        for count in 0..<marked.count {
            XCTAssertNotEqual(JSONAnswer.read(Array(marked.prefix(count)))?.isCut, false, "\(count)")
        }
    }

    func testWhatIsNoTextBecomesTheReplacement() {
        for (body, value) in [
            (#"["a\ud800b"]"#, "a\u{FFFD}b"), (#"["\udc00"]"#, "\u{FFFD}"), (#"["\ud83d\ude3a"]"#, "😺"),
            (#"["\ud83d\ud83d\ude3a"]"#, "\u{FFFD}😺"), (#"["\ud83d\u0041"]"#, "\u{FFFD}A"),
            (#"["\uD83Dx"]"#, "\u{FFFD}x"),
            (#"["\u12"]"#, "\u{FFFD}12"), (#"["\x41"]"#, "\u{FFFD}41"), (#"["\u0000"]"#, "\0"),
            ("[\"a\nb\tc\"]", "a\nb\tc"),
            ("['it\\'s']", "it's"),
        ] {
            let answer = read(body)
            XCTAssertEqual(answer?.value, .array([.string(value)]), body)
            XCTAssertEqual(answer?.isDamaged, false)
            XCTAssertEqual(answer?.isCut, false)
        }
        let invalid: [[UInt8]] = [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE5, 0x9B], [0xF5, 0x80, 0x80, 0x80]]
        for bytes in invalid {
            let answer = JSONAnswer.read(Array("{\"a\":\"x".utf8) + bytes + Array("y\",\"id\":\"7\"}".utf8))
            XCTAssertEqual(answer?.value["id"], "7")
            XCTAssertEqual(answer?.value["a"]?.stringValue?.unicodeScalars.contains("\u{FFFD}"), true)
        }
    }

    func testWhatOthersWriteIsRead() {
        for body in [
            #"{"n":NaN,"id":"7"}"#, #"{"n":-Infinity,"id":"7"}"#, #"{"n":Infinity,"m":[nan,+Inf,undefined],"id":"7"}"#,
            "/* x */{\"id\" /*\"8\"*/ : // 9\n \"7\"}", "{,\"id\":\"7\",}", "{\"a\":[1,2,],\"id\":\"7\",,}",
            "{'id':'7'}", "{id:\"7\"}", "\u{FEFF}\u{FEFF} {\"id\":\"7\"}", "\0{\"id\":\0\"7\"\u{1}}",
            "{\u{A0}\"id\":\"7\"}",
            #"{"ok":True,"id":"7"}"#, #"{"id":"7"} trailing"#, #"{"id":"7"}{"id":"8"}"#, "{\"id\":\"7\"}\r\n0\r\n\r\n",
        ] {
            let answer = read(body)
            XCTAssertEqual(answer?.value["id"], "7", body)
            XCTAssertEqual(answer?.isCut, false, body)
            XCTAssertEqual(answer?.isDamaged, false, body)
        }
        XCTAssertEqual(
            read(#"{"ok":True,"no":FALSE,"n":None}"#)?.value,
            .object([
                JSONMember("ok", true), JSONMember("no", false), JSONMember("n", .null),
            ]))
    }

    func testNestingHasNoEnd() {
        for depth in [33, 64, 65, 70, 1_000, 1_000_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let deep = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
                let answer = read("{\"deep\":\(deep),\"id\":\"7\"}")
                XCTAssertEqual(answer?.value["id"], "7", "\(depth)")
                XCTAssertEqual(answer?.isCut, false)
                let cut = read("{\"id\":\"7\",\"deep\":" + String(repeating: open, count: depth))
                XCTAssertEqual(cut?.value["id"], "7")
                XCTAssertEqual(cut?.isCut, true)
            }
        }
    }

    /// Half a text, half a number, half a list: none is taken for the whole.
    func testACutAnswer() {
        let body = #"{"r":{"id":"4-AigcImage-0","n":3220,"urls":["https://a","https://b"],"q":{"x":true}}}"#
        let whole = read(body)?.value["r"]
        for count in 0..<body.utf8.count {
            let answer = JSONAnswer.read(Array(body.utf8.prefix(count)))
            guard let answer else { continue }
            XCTAssertTrue(answer.isCut, "\(count)")
            XCTAssertFalse(answer.isDamaged, "\(count)")
            for name in ["id", "n", "urls"] {
                if let value = answer.value["r"]?[name] { XCTAssertEqual(value, whole?[name], "\(name) \(count)") }
            }
        }
        XCTAssertEqual(read(#"{"r":{"id":"7","#)?.value["r"]?["id"], "7")
        XCTAssertNil(read(#"{"r":{"id":"7"#)?.value["r"]?["id"])
        XCTAssertNil(read(#"{"r":{"id":7"#)?.value["r"]?["id"])
        XCTAssertEqual(read(#"{"r":{"id":7,"#)?.value["r"]?["id"], .int(7))
    }

    /// One byte is another one: a value that is read is the one that was there, or the answer says that it is damaged.
    func testDamageIsNotPassedOver() {
        for (body, left) in [
            (#"{"id":"4-A"x","b":"7"}"#, nil), (#"{"id":"4-A" "x","b":"7"}"#, "7"), (#"{"id":32 20,"b":"7"}"#, "7"),
            ("{\"id\":32\0,\"b\":\"7\"}", "7"), ("{\"id\":\0220,\"b\":\"7\"}", "7"),
            ("{\"id\":3\u{80}0,\"b\":\"7\"}", "7"),
            (#"{"id":3"0","b":"7"}"#, "7"), (#"{"id" "4-A","b":"7"}"#, "7"), (#"{"id":,"b":"7"}"#, "7"),
            (#"{"p":"a "quoted" cat","b":"7"}"#, "7"), (#"{"id":"7":"b","b":"7"}"#, "7"),
            (#"{"id":{"x":"1"}5,"b":"7"}"#, "7"),
            (#"{"id"="4-A","b":"7"}"#, "7"), (#"{"id":"4-A"],"b":"7"}"#, nil),
        ] as [(String, String?)] {
            let answer = read(body)
            XCTAssertTrue(answer?.isDamaged == true || answer?.isCut == true, body)
            XCTAssertNil(answer.flatMap { $0.isCut || left == nil ? nil : $0.value["id"] }, body)
            if let left { XCTAssertEqual(answer?.value["b"]?.stringValue, left, body) }
        }
        for body in ["", " ", "<html>{\"id\":\"7\"}</html>", ")]}'", ":", "\"", "}", "\0\0\0"] {
            XCTAssertNil(read(body), body)
        }
    }

    func testNamesInOtherCaseAndTwice() {
        let answer = read(#"{"TASKID":"1","taskid":"2","TaskId":"3","TaskId":"4","K":"5"}"#)?.value
        XCTAssertEqual(answer?["TaskId"], "4")
        XCTAssertEqual(answer?[anyCase: "taskId"], "4")
        XCTAssertEqual(answer?.all("taskid"), ["1", "2", "3", "4"])
        XCTAssertNil(answer?["\u{212A}"], "it looks like K and is none")
        XCTAssertNil(answer?[anyCase: "k\u{301}"])
        XCTAssertEqual(answer?[anyCase: "k"], "5")
        XCTAssertNotEqual(JSONValue.string("K"), JSONValue.string("\u{212A}"))
        XCTAssertNotEqual(JSONValue.string("e\u{301}"), JSONValue.string("\u{E9}"))
    }

    /// What JSON is, is read as the strict reader reads it, by another judge too.
    func testWhatIsJSONIsReadAsItIs() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("fixtures")
        let files =
            FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "json" } ?? []
        XCTAssertGreaterThan(files.count, 5)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: file))
            let answer = try XCTUnwrap(JSONAnswer.read(bytes))
            XCTAssertEqual(answer.value, try JSONValue.parse(bytes), file.lastPathComponent)
            XCTAssertFalse(answer.isCut || answer.isDamaged)
            let judged = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) as? NSObject
            let written =
                try JSONSerialization.jsonObject(
                    with: Data(answer.value.serialized()), options: .fragmentsAllowed) as? NSObject
            XCTAssertEqual(judged, written, file.lastPathComponent)
        }
    }

    func testNoiseNeverCrashes() {
        var random = SystemLikeRandom(state: 11)
        let tokens = [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", "/*", "//", "*/", "\\u", "\\ud83d", "\0", "'", "e",
            "\u{80}",
        ]
        for round in 0..<20_000 {
            var bytes = round % 3 == 0 ? [] : Array(plain.utf8)
            for _ in 0...Int(random.next() % 8) {
                let token = Array(tokens[Int(random.next() % UInt64(tokens.count))].utf8)
                bytes.insert(contentsOf: token, at: Int(random.next() % UInt64(bytes.count + 1)))
            }
            if random.next() % 4 == 0 { bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1)))) }
            guard let answer = JSONAnswer.read(bytes) else { continue }
            XCTAssertLessThanOrEqual(answer.end, bytes.count)
            XCTAssertNotNil(JSONAnswer.read(answer.value.serialized()))
            if let strict = try? JSONValue.parse(bytes), answer.value == strict { XCTAssertFalse(answer.isDamaged) }
        }
    }

    /// A tree takes much more memory than its text. Of a crowd of values the first are kept, and an id behind them.
    func testACrowdOfValuesTakesNoMoreMemoryThanIsKept() throws {
        let most = JSONValue.mostValuesKept
        let crowd = ["{\"a\":0}", "[]", "0", "\"a\"", "{}", "null", "[[0]]", "{\"b\":[1,{\"c\":2}]}"]
        for piece in crowd {
            let list = "[" + Array(repeating: piece, count: most + 10).joined(separator: ",") + "]"
            for text in ["{\"x\":\(list),\"TaskId\":\"t-1\"}", "{\"x\":\(list),\"Response\":{\"TaskId\":\"t-1\"}}"] {
                let answer = try XCTUnwrap(JSONAnswer.read(Array(text.utf8)))
                XCTAssertTrue(answer.isShortened, piece)
                XCTAssertFalse(answer.isCut || answer.isDamaged, piece)
                XCTAssertEqual(answer.flaw, "too large")
                XCTAssertEqual(answer.end, text.utf8.count)
                XCTAssertLessThanOrEqual(Self.values(in: answer.value), most + 1_001, piece)
                if text.contains("Response") { continue }
                XCTAssertEqual(answer.value["TaskId"], "t-1", piece)
            }
        }
        let members = (0..<most + 5_000).map { "\"m\($0)\":0" }.joined(separator: ",")
        let answer = try XCTUnwrap(JSONAnswer.read(Array("{\(members)}".utf8)))
        XCTAssertTrue(answer.isShortened)
        XCTAssertLessThanOrEqual(Self.values(in: answer.value), most + 1_001)
    }

    func testAsManyValuesAsAreKeptAreAllThere() throws {
        let list = "[" + Array(repeating: "0", count: JSONValue.mostValuesKept - 2).joined(separator: ",") + "]"
        let answer = try XCTUnwrap(JSONAnswer.read(Array("{\"x\":\(list)}".utf8)))
        XCTAssertNil(answer.flaw)
        XCTAssertEqual(answer.value["x"]?.arrayValue?.count, JSONValue.mostValuesKept - 2)
    }

    /// What a host gives is read in full or refused.
    func testStrictReadingRefusesACrowd() throws {
        let text = { (count: Int) in
            Array(("[" + Array(repeating: "0", count: count).joined(separator: ",") + "]").utf8)
        }
        XCTAssertEqual(try JSONValue.parse(text(JSONValue.mostValues - 2)).arrayValue?.count, JSONValue.mostValues - 2)
        XCTAssertThrowsError(try JSONValue.parse(text(JSONValue.mostValues + 2))) {
            XCTAssertTrue("\($0)".contains("more than 500000 values"), "\($0)")
        }
    }

    private static func values(in value: JSONValue) -> Int {
        1 + (value.arrayValue ?? []).reduce(0) { $0 + values(in: $1) }
            + (value.objectValue ?? []).reduce(0) { $0 + values(in: $1.value) }
    }
}
