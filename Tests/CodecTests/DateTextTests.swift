import Codec
import Foundation
import XCTest

final class DateTextTests: XCTestCase {
    func testWriting() {
        XCTAssertEqual(DateText.acs(0), "1970-01-01T00:00:00Z")
        XCTAssertEqual(DateText.acs(1_720_795_459), "2024-07-12T14:44:19Z")
        XCTAssertEqual(DateText.acs(951_782_399), "2000-02-28T23:59:59Z")
        XCTAssertEqual(DateText.acs(951_782_400), "2000-02-29T00:00:00Z")
        XCTAssertEqual(DateText.tc3Date(1_767_225_599), "2025-12-31")
        XCTAssertEqual(DateText.tc3Date(1_767_225_600), "2026-01-01")
        XCTAssertEqual(DateText.acs(.min), "1970-01-01T00:00:00Z")
        XCTAssertEqual(DateText.acs(.max), "9999-12-31T23:59:59Z")
    }

    /// Against Foundation, every day and a bit from 1970 to 2400, there and back.
    func testAgainstFoundation() throws {
        let formatter = ISO8601DateFormatter()
        var seconds: Int64 = 0
        while seconds < 13_569_465_600 {
            let text = DateText.acs(seconds)
            XCTAssertEqual(text, formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
            XCTAssertEqual(DateText.parseISO8601(text), seconds * 1000)
            seconds += 86_400 * 17 + 12_345
        }
    }

    func testHTTPDates() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            " Sun, 6 Nov 1994 08:49:37 GMT ", "06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37",
        ] {
            XCTAssertEqual(DateText.parseHTTPDate(text), 784_111_777, text)
        }
        XCTAssertEqual(DateText.parseHTTPDate("Thu, 01 Jan 1970 00:00:00 GMT"), 0)
        XCTAssertEqual(DateText.parseHTTPDate("Wed, 31 Dec 1969 23:59:59 GMT"), -1)
        XCTAssertEqual(DateText.parseHTTPDate("Sat, 31 Dec 2016 23:59:60 GMT"), 1_483_228_799)
        for bad in [
            "", "GMT", "Sun, 31 Feb 2021 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 PST", "Sun, 06 Foo 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", String(repeating: "9", count: 500),
        ] {
            XCTAssertNil(DateText.parseHTTPDate(bad), bad)
        }
    }

    func testISO8601() {
        let cases: [(String, Int64)] = [
            ("2023-12-25T12:00:00", 1_703_505_600_000), ("2023-12-25T12:00:00Z", 1_703_505_600_000),
            ("2023-12-25T12:00:00.441184", 1_703_505_600_441), ("2023-12-25T12:00:00.0598209", 1_703_505_600_059),
            ("2023-12-25T12:00:00.5Z", 1_703_505_600_500), ("2023-12-25T20:00:00+08:00", 1_703_505_600_000),
            ("2023-12-25T04:30:00-0730", 1_703_505_600_000), ("2023-12-25T20:00:00+08", 1_703_505_600_000),
            ("2023-12-25 12:00:00.123456789012345678901234567890", 1_703_505_600_123),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ]
        for (text, expected) in cases { XCTAssertEqual(DateText.parseISO8601(text), expected, text) }
        for bad in [
            "", "2023-12-25", "2023-12-25T12:00", "2023-12-25T12:00:00.", "2023-13-25T12:00:00", "2023-02-29T12:00:00",
            "2023-12-25T25:00:00", "2023-12-25T12:00:00X", "2023-12-25T12:00:00+8", "2023-12-25T12:00:00+08:",
            "2023-12-25T12:00:00+24:00", "99999-12-25T12:00:00", "2023-12-25T12:00:00Z trailing", "-001-01-01T00:00:00",
        ] {
            XCTAssertNil(DateText.parseISO8601(bad), bad)
        }
    }

    func testNoiseNeverCrashes() {
        var random = SystemLikeRandom(state: 7)
        let letters = Array("0123456789-:TZ+., GMTNovSun/\u{e9}\0".unicodeScalars)
        for _ in 0..<50_000 {
            var text = ""
            for _ in 0..<Int(random.next() % 40) {
                text.unicodeScalars.append(letters[Int(random.next() % UInt64(letters.count))])
            }
            _ = DateText.parseHTTPDate(text)
            _ = DateText.parseISO8601(text)
            _ = DateText.acs(Int64(bitPattern: random.next()))
            if let bytes = Percent.decodeBytes(text.replacingOccurrences(of: "+", with: "%")) {
                XCTAssertEqual(Percent.decodeBytes(Percent.encode(bytes: bytes)), bytes)
            }
        }
    }
}
