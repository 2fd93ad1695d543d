import Core
import Support
import XCTest

final class TokenTextTests: XCTestCase {
    private func reference(_ id: String = "2600006666-task-1b2c", _ endpoint: String = "mps.tencentcloudapi.com")
        -> JobReference
    {
        JobReference(
            provider: "tencent", operation: "aigc_image", region: "ap-guangzhou", endpoint: endpoint, remoteID: id)
    }

    private func decoded(_ text: String) -> JobReference? { try? TokenText.decode(text) }

    func testRoundTrip() throws {
        let ids = [
            "1", "a:b%c", "ü-雪-🐈", String(repeating: "x", count: 150), "a b\"c\\d/e?f=g&h", "%25", "\u{1}\u{7F}",
        ]
        for id in ids {
            for endpoint in ["mps.tencentcloudapi.com", "http://127.0.0.1:8080", "[::1]:443"] {
                let wanted = reference(id, endpoint)
                let text = try XCTUnwrap(TokenText.encode(wanted))
                XCTAssertLessThanOrEqual(text.utf8.count, 256)
                XCTAssertTrue(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "printable: \(text)")
                XCTAssertEqual(try TokenText.decode(text), wanted)
            }
        }
        var bare = reference()
        bare.region = ""
        XCTAssertEqual(try TokenText.decode(XCTUnwrap(TokenText.encode(bare))), bare)
    }

    /// 256 bytes are the limit to the byte: what fits has a token, what does not has none.
    func testTheBoundOf256Bytes() throws {
        var longest = 0
        for count in 1...300 {
            guard let text = TokenText.encode(reference(String(repeating: "x", count: count))) else {
                XCTAssertEqual(longest, 256)
                XCTAssertNil(TokenText.encode(reference(String(repeating: "x", count: count + 50))))
                return
            }
            longest = text.utf8.count
        }
        XCTFail("no bound")
    }

    /// One byte that is wrong, anywhere, with any value: refused.
    func testEverySingleByteMutationIsRefused() throws {
        for id in ["1", "2600006666-task-1b2c", "ü:%"] {
            let bytes = Array(try XCTUnwrap(TokenText.encode(reference(id))).utf8)
            for place in bytes.indices {
                for value in UInt8.min...UInt8.max where value != bytes[place] {
                    var changed = bytes
                    changed[place] = value
                    guard let text = String(validating: changed, as: UTF8.self) else { continue }
                    XCTAssertNil(decoded(text), "byte \(place) as \(value)")
                }
                var shorter = bytes
                shorter.remove(at: place)
                XCTAssertNil(decoded(String(decoding: shorter, as: UTF8.self)), "without byte \(place)")
                XCTAssertNil(decoded(String(decoding: bytes.prefix(place), as: UTF8.self)), "cut at \(place)")
                var longer = bytes
                longer.insert(bytes[place], at: place)
                XCTAssertNil(decoded(String(decoding: longer, as: UTF8.self)), "byte \(place) twice")
            }
            var swapped = 0
            for place in 1..<bytes.count where bytes[place] != bytes[place - 1] {
                var changed = bytes
                changed.swapAt(place, place - 1)
                XCTAssertNil(decoded(String(decoding: changed, as: UTF8.self)), "swapped at \(place)")
                swapped += 1
            }
            XCTAssertGreaterThan(swapped, 20)
        }
    }

    func testARefusalSaysWhy() {
        for (text, word) in [
            ("", "start"), ("hello", "start"), ("aigc2:a:b:c:d:e:00000000", "start"), ("aigc1:a:b", "7 parts"),
            ("aigc1:a:b:c:d:e:00000000", "checksum"), (String(repeating: "a", count: 257), "256"),
        ] {
            XCTAssertThrowsError(try TokenText.decode(text)) { error in
                let failure = error as? Failure
                XCTAssertEqual(failure?.status, .invalidArgument)
                XCTAssertEqual(failure?.field, "token")
                XCTAssertTrue(failure?.message.contains(word) == true, "\(text): \(failure?.message ?? "")")
            }
        }
    }

    /// Whoever can compute a checksum can write anything else: it is read without a trap, and what is decoded is what
    /// the token of it says.
    func testHostileTokensWithARightChecksum() {
        let random = SeededRandom(4)
        let pieces = ["aigc1", ":", "%", "%2", "%zz", "%00", "%ff", "%c3%28", "a", "ü", "::", "", "%3A", "0"]
        var accepted = 0
        for round in 0..<50_000 {
            var body = round % 2 == 0 ? "aigc1" : ""
            if round % 4 == 0 {
                for _ in 0..<5 { body += ":" + (0...random.below(3)).map { _ in random.pick(pieces) }.joined() }
            } else {
                for _ in 0..<random.below(14) { body += random.pick(pieces) }
            }
            let text = body + ":" + Self.checksum(Array(body.utf8))
            if let reference = decoded(text) {
                accepted += 1
                XCTAssertFalse(reference.provider.isEmpty || reference.remoteID.isEmpty || reference.endpoint.isEmpty)
                if let again = TokenText.encode(reference) { XCTAssertEqual(decoded(again), reference) }
            }
        }
        XCTAssertGreaterThan(accepted, 0, "the generator reaches the inside")
        for _ in 0..<20_000 {
            let noise = (0..<random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            XCTAssertNil(decoded(String(decoding: noise, as: UTF8.self)))
        }
    }

    /// The CRC-32 of zlib, by its definition.
    private static func checksum(_ bytes: [UInt8]) -> String {
        var sum: UInt32 = .max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
        }
        let text = String(~sum, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}
