import Codec
import Credentials
import XCTest

/// TOML: what is read, and what is refused with its place.
final class TOMLReaderTests: XCTestCase {
    /// As JSON, which shows every type.
    private func read(_ bytes: [UInt8]) -> String {
        do {
            let table = try TOMLReader.parse(bytes)
            guard let json = TOMLValue.table(table).json else { return "no JSON" }
            return String(decoding: json.serialized(), as: UTF8.self)
        } catch {
            return "\(error.place.line):\(error.place.column): \(error.message)"
        }
    }

    private func read(_ text: String) -> String { read(Array(text.utf8)) }

    func testWhatIsRead() {
        let table: [(String, String)] = [
            ("", "{}"), ("\n# nothing\n\t \n", "{}"), ("a = 1", #"{"a":1}"#), ("a=1#b", #"{"a":1}"#),
            ("\u{FEFF}a = 1", #"{"a":1}"#), ("a = 1\r\nb = 2\r\n", #"{"a":1,"b":2}"#),
            (#"a = "x\t\"\\\u00e9\U0001F638""#, #"{"a":"x\t\"\\é😸"}"#), (#"a = 'c:\x'"#, #"{"a":"c:\\x"}"#),
            ("a = \"\"\"\n1\r\n2 \\\n   3\"\"\"\"\"", #"{"a":"1\n2 3\"\""}"#), ("a = '''\n'x'''''", #"{"a":"'x''"}"#),
            ("a = true\nb = false", #"{"a":true,"b":false}"#),
            ("a = 0x1F\nb = 0o17\nc = 0b11\nd = 1_000\ne = -0\nf = +7", #"{"a":31,"b":15,"c":3,"d":1000,"e":0,"f":7}"#),
            (
                "a = 9223372036854775807\nb = -9223372036854775808",
                #"{"a":9223372036854775807,"b":-9223372036854775808}"#
            ),
            ("a = 1.5\nb = 1e3\nc = -2.5E-1\nd = 6_0.2_5", #"{"a":1.5,"b":1000.0,"c":-0.25,"d":60.25}"#),
            ("a = inf", "no JSON"), ("a = [ 1, [\n\"x\", # y\n], ]", #"{"a":[1,["x"]]}"#),
            ("a = { b = 1, c.d = 2 }", #"{"a":{"b":1,"c":{"d":2}}}"#), ("a = {}", #"{"a":{}}"#),
            ("a.b = 1\na.c = 2", #"{"a":{"b":1,"c":2}}"#), ("\"a.b\" . 'c d' = 1", #"{"a.b":{"c d":1}}"#),
            ("[a.b]\nc = 1\n[a]\nd = 2\n[e]", #"{"a":{"b":{"c":1},"d":2},"e":{}}"#),
            ("3 = 4\n-_ = 5", #"{"3":4,"-_":5}"#),
            // Two names that look alike are two names.
            ("\"\u{E9}\" = 1\n\"e\u{301}\" = 2", "{\"\u{E9}\":1,\"e\u{301}\":2}"),
        ]
        for (text, expected) in table { XCTAssertEqual(read(text), expected, text) }
    }

    func testWhatIsRefused() {
        let table: [(String, String)] = [
            ("a", "1:2: \"=\" is missing"), ("a = ", "1:5: the value is missing"),
            ("\n\na = # x", "3:5: the value is missing"),
            ("= 1", "1:1: there is \"=\"; a name is missing"), ("a = 1 b = 2", "1:7: the line has more than one thing"),
            ("a = 1\na = 2", "2:1: a stands there already in line 1"),
            ("a.b = 1\na = 2", "2:1: a stands there already"),
            ("a = 1\na.b = 2", "2:1: a stands there already"), ("[a]\n[a]", "2:2: a stands there already"),
            ("[a]\nb = 1\n[a.b]", "3:4: b stands there already"), ("a = {}\n[a.b]", "2:2: a stands there already"),
            ("a = {b = 1}\na.c = 2", "2:1: a stands there already"), ("a.b = 1\n[a]", "2:2: a stands there already"),
            ("[a.b]\n[a]\nb.c = 1", "3:1: b stands there already"),
            ("a = {b = 1, b = 2}", "1:13: b stands there already"),
            ("[[a]]", "1:1: [[...]] is a list of tables"), ("[a", "1:3: \"]\" is missing"),
            ("[]", "1:2: there is \"]\""),
            ("[a] b = 1", "1:5: the line has more"), ("[a.]", "1:4: there is \"]\""), ("[.a]", "1:2: there is \".\""),
            ("\u{E9} = 1", "1:1: there is a character beyond ASCII; put such a name into quotes"),
            ("\"\"\"a\"\"\" = 1", "1:1: a name has one pair of quotes"), ("a = \"x", "1:5: the text has no end"),
            ("a = 'x\n'", "1:5: the text has no end"), ("a = \"\"\"x\"\"", "1:5: the text has no end"),
            ("a = '''x", "1:5: the text has no end"), ("a = \"\\x\"", "1:6: a \"\\\" begins an escape"),
            ("a = \"\\ud800\"", "1:6: an escape names no character"), ("a = \"\\u12g4\"", "1:6: an escape needs 4"),
            ("a = \"\\", "1:6: a \"\\\" begins"), ("a = [1", "1:5: the list has no end"),
            ("a = [1 2]", "1:8: \",\" or \"]\" is missing"), ("a = [,]", "1:6: there is \",\"; a value is"),
            ("a = {b = 1,}", "1:12: there is \"}\"; a name is missing"),
            ("a = {b = 1\n}", "1:11: \",\" or \"}\" is missing"),
            ("a = work", "1:5: a text stands in quotes"), ("a = True", "1:5: a text stands in quotes"),
            ("a = 01", "1:5: a number does not begin with 0"), ("a = -01.5", "1:5: a number does not begin with 0"),
            ("a = 1__0", "1:5: that is no number"), ("a = 1.", "1:5: that is no number"),
            ("a = .5", "1:5: that is no number"),
            ("a = 1e", "1:5: that is no number"), ("a = 0x", "1:5: that is no number"),
            ("a = +0x1", "1:5: such a number has"),
            ("a = 1_", "1:5: that is no number"), ("a = 12px", "1:5: that is no number"),
            ("a = 1.2.3", "1:5: that is no number"),
            ("a = 9223372036854775808", "1:5: the number does not fit into 64 bits"),
            ("a = -9223372036854775809", "1:5: the number does not fit"),
            ("a = 0xFFFFFFFFFFFFFFFF", "1:5: the number does not"),
            ("a = " + String(repeating: "9", count: 100_000), "1:5: the number does not fit"),
            ("a = 1e999", "1:5: the number is too large"), ("a = 2026-11-30", "1:5: dates and times"),
            ("a = 2026-11-30T07:30:00Z", "1:5: dates and times"), ("a = 07:30:00", "1:5: dates and times"),
            ("a = 1\r b = 2", "1:6: the line has more than one thing"), ("# a\u{0}b", "1:4: a comment has a control"),
            ("a = \"\u{0}\"", "1:6: a text has a control"), ("a = '\u{1B}'", "1:6: a text has a control"),
            ("\u{0}", "1:1: there is a control character"), ("# \u{E9}\u{1F638}\u{7F}", "1:5: a comment has a control"),
            (String(repeating: "a.", count: 40) + "b = 1", "1:65: tables are nested deeper than 32"),
            ("[" + String(repeating: "a.", count: 31) + "b]\nc.d = 1", "2:1: tables are nested deeper"),
            ("a = " + String(repeating: "[", count: 200_000), "1:36: lists and tables are nested deeper than 32"),
            ("a = " + String(repeating: "{b=", count: 200_000), "nested deeper than 32"),
            (String(repeating: "n", count: 1_025) + " = 1", "1:1: the name is longer than 1024 bytes"),
        ]
        for (text, expected) in table {
            let said = read(text)
            XCTAssertTrue(
                expected.first?.isNumber == true ? said.hasPrefix(expected) : said.contains(expected),
                "\(text.prefix(60)): \(said)")
        }
    }

    func testWhatIsNoUTF8() {
        for (bytes, expected) in [
            ([0x61, 0x20, 0xFF], "1:3: it is no UTF-8 (byte 2)"), ([0xC3], "1:1: it is no UTF-8 (byte 0)"),
            ([0x0A, 0x23, 0xE2, 0x82], "2:2: it is no UTF-8 (byte 2)"), ([0xED, 0xA0, 0x80], "1:1: it is no UTF-8"),
            ([0xFF, 0xFE, 0x61, 0x00], "1:1: it is no UTF-8"),
        ] as [([UInt8], String)] {
            let said = read(bytes)
            XCTAssertTrue(said.hasPrefix(expected), said)
        }
    }

    /// Each piece of a good text is read or refused; nothing is read beyond the end.
    func testEveryPiece() {
        let text = Array(
            "a = \"x\\u00e9\"\r\n[b.\"c d\"]\ne = [1, 2.5, {f = '''g'''}] # h\ni = \"\"\"j\\\n  k\"\"\"\n\u{E9} = 0x1"
                .utf8)
        for start in text.indices {
            for end in start...text.count { _ = read(Array(text[start..<end])) }
        }
    }

    /// Work grows with the length: the largest file of the kinds that could cost more takes no longer than a moment.
    func testTheLargestFiles() {
        let size = 1 << 20
        func filled(_ make: (Int) -> String) -> [UInt8] {
            var bytes: [UInt8] = []
            var number = 0
            while bytes.count < size {
                bytes += Array(make(number).utf8)
                number += 1
            }
            return bytes
        }
        let one = filled { $0 == 0 ? "a = {a = 1" : ", b\($0) = 1" } + Array("}".utf8)
        XCTAssertFalse(read(one).contains(": "), "a long line of many names")
        XCTAssertFalse(read(filled { "[t\($0)]\n" }).contains(": "), "many tables")
        XCTAssertFalse(read(filled { "k\($0)=1\n" }).contains(": "), "many names")
        XCTAssertFalse(
            read(Array("a = \"".utf8) + filled { _ in "x" } + Array("\"".utf8)).contains(": "), "a long text")
    }
}
