import Codec
import Core
import XCTest

@testable import Signing

final class PrimitiveTests: XCTestCase {
    private func hex(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let high = iterator.next().flatMap(Hex.value), let low = iterator.next().flatMap(Hex.value) {
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    func testDigests() throws {
        XCTAssertEqual(Hash.emptySHA256Hex, Hex.lowerText(try Hash.sha256([])))
        XCTAssertEqual(
            try Hash.sha256Hex(Array("abc".utf8)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        XCTAssertEqual(try Hash.sha1Hex(Array("abc".utf8)), "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    /// RFC 4231 (SHA-256) and RFC 2202 (SHA-1), keys shorter and longer than a block.
    func testHMAC() throws {
        let long = [UInt8](repeating: 0xAA, count: 131)
        let cases: [([UInt8], [UInt8], String)] = [
            (
                [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                long, Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
        for (key, data, expected) in cases {
            XCTAssertEqual(Hex.lowerText(try Hash.hmac(.sha256, key: Secret(bytes: key), data)), expected)
        }
        XCTAssertEqual(
            Hex.lowerText(
                try Hash.hmac(
                    .sha1, key: Secret(bytes: [UInt8](repeating: 0xAA, count: 80)),
                    Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112")
        XCTAssertEqual(
            try Hash.hmac(.sha256, prefix: "TC3", key: Secret("key"), suffix: "&", [1, 2]),
            try Hash.hmac(.sha256, key: Secret("TC3key&"), [1, 2]))
        XCTAssertEqual(
            try Hash.hmac(.sha256, prefix: "", key: Secret(""), suffix: "", [1]),
            try Hash.hmac(.sha256, key: Secret(""), [1]))
    }

    func testBase64() {
        for (plain, text) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ] {
            XCTAssertEqual(Base64.encode(Array(plain.utf8)), text)
        }
        XCTAssertEqual(Base64.encode([0xFB, 0xFF, 0xBF]), "+/+/")
    }

    func testNonce() throws {
        var seen: Set<String> = []
        for _ in 0..<1000 {
            let nonce = try randomNonce()
            XCTAssertEqual(nonce.utf8.count, 32)
            XCTAssertTrue(nonce.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) })
            XCTAssertTrue(seen.insert(nonce).inserted)
        }
    }

    /// The example of the vendor's page on the signature of RPC calls.
    func testRPCSignature() throws {
        let stages = try RPCSignature.stages(
            method: "GET",
            parameters: [
                ("Timestamp", "2016-02-23T12:46:24Z"), ("Format", "XML"), ("AccessKeyId", "testid"),
                ("Action", "DescribeRegions"), ("SignatureMethod", "HMAC-SHA1"),
                ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"), ("Version", "2014-05-26"),
                ("SignatureVersion", "1.0"),
            ], credentials: Credentials(id: "testid", secret: Secret("testsecret")))
        XCTAssertEqual(
            stages.stringToSign,
            "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1"
                + "%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0"
                + "%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26")
        XCTAssertEqual(stages.signature, "OLeaidS1JvxuMvnyHOwuJ+uX5qY=")
        XCTAssertTrue(stages.query.hasSuffix("&Signature=OLeaidS1JvxuMvnyHOwuJ%2BuX5qY%3D"))
        let query = try RPCSignature.sign(
            method: "GET", parameters: [("Format", "XML"), ("Action", "DescribeRegions"), ("Version", "2014-05-26")],
            credentials: Credentials(id: "testid", secret: Secret("testsecret")), unixSeconds: 1_456_231_584,
            nonce: "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf")
        XCTAssertEqual(query, stages.query)
        let temporary = try RPCSignature.sign(
            method: "GET", parameters: [], credentials: Credentials(id: "i", secret: Secret("s"), token: Secret("a+b")),
            unixSeconds: 0, nonce: "n")
        XCTAssertTrue(temporary.contains("&SecurityToken=a%2Bb&"))
    }

    func testSecretsStayOutOfDescriptions() {
        let credentials = Credentials(id: "id", secret: Secret("hunter2"), token: Secret("hunter3"))
        XCTAssertFalse("\(credentials)".contains("hunter"))
        XCTAssertFalse(String(reflecting: credentials).contains("hunter"))
        var dumped = ""
        dump(credentials, to: &dumped)
        XCTAssertFalse(dumped.contains("hunter"))
    }
}
