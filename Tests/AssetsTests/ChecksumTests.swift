import CAssets
import Foundation
import XCTest

@testable import Assets

final class ChecksumTests: XCTestCase {
    override func tearDown() { aigca_portable_only(0) }

    func testKnownValues() {
        let text = Array("123456789".utf8)
        for portable in [Int32(0), 1] {
            aigca_portable_only(portable)
            XCTAssertEqual(aigca_crc64(0, text, text.count), 11_051_210_869_376_104_954)
            XCTAssertEqual(aigca_crc32(0, text, text.count), 0xCBF4_3926)
            XCTAssertEqual(aigca_crc64(0, text, 0), 0)
        }
    }

    func testFastPathsAgreeWithTheDefinition() {
        var dice = Dice(1)
        let bytes = (0..<1500).map { _ in UInt8.random(in: 0...255, using: &dice) }
        for length in 0...bytes.count {
            let prefix = Array(bytes.prefix(length))
            for portable in [Int32(0), 1, 2] {
                aigca_portable_only(portable)
                // In two pieces at a place that moves, so that the state is carried over.
                let cut = length / 3
                let tail = Array(prefix[cut...])
                XCTAssertEqual(aigca_crc64(aigca_crc64(0, prefix, cut), tail, tail.count), Reference.crc64(prefix))
                XCTAssertEqual(aigca_crc32(aigca_crc32(0, prefix, cut), tail, tail.count), Reference.crc32(prefix))
            }
        }
    }

    func testBase64RunStopsAtTheFirstForeignGroup() {
        var dice = Dice(2)
        for length in stride(from: 4, through: 400, by: 4) {
            let bytes = (0..<length / 4 * 3).map { _ in UInt8.random(in: 0...255, using: &dice) }
            let text = Array(Data(bytes).base64EncodedString().utf8)
            for portable in [Int32(0), 1] {
                aigca_portable_only(portable)
                // Exactly the room that is promised to suffice.
                let out = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
                defer { out.deallocate() }
                XCTAssertEqual(aigca_base64_run(text, text.count, out), text.count)
                XCTAssertEqual(Array(UnsafeBufferPointer(start: out, count: bytes.count)), bytes)
                let place = Int.random(in: 0..<text.count, using: &dice)
                var damaged = text
                damaged[place] = Array("-_=\n\"\\ *\u{0}".utf8).randomElement(using: &dice) ?? 0
                let done = aigca_base64_run(damaged, damaged.count, out)
                XCTAssertEqual(done % 4, 0)
                XCTAssertLessThanOrEqual(done, place / 4 * 4)
                if portable == 1 { XCTAssertEqual(done, place / 4 * 4) }
                XCTAssertEqual(
                    Array(UnsafeBufferPointer(start: out, count: done / 4 * 3)), Array(bytes[..<(done / 4 * 3)]))
            }
        }
    }

    func testEveryByteIsRecognisedAsBase64OrNot() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out = [UInt8](repeating: 0, count: 96)
        for portable in [Int32(0), 1] {
            aigca_portable_only(portable)
            for byte in UInt8.min...UInt8.max {
                for place in [0, 15, 16, 31, 47, 63] {
                    var text = [UInt8](repeating: UInt8(ascii: "A"), count: 96)
                    text[place] = byte
                    let done = aigca_base64_run(text, text.count, &out)
                    XCTAssertEqual(done == text.count, alphabet.contains(byte), "byte \(byte) at \(place)")
                }
            }
        }
    }
}
