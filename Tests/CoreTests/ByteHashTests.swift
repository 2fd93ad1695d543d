import Core
import XCTest

/// Numbers that stand for ids: equal for equal bytes wherever these lie, different for all else that ids do.
final class ByteHashTests: XCTestCase {
    private func number(_ bytes: [UInt8], after earlier: UInt64 = 0) -> UInt64 {
        bytes.withUnsafeBytes { ByteHash.number(of: $0, after: earlier) }
    }

    func testEqualBytesHaveOneNumberWhereverTheyLie() {
        let id = Array("4fd6e4b8-1c5d-4a9b-9d1e-8f6a2c3b7d50".utf8)
        let expected = number(id)
        for offset in 0..<16 {
            let padded = [UInt8](repeating: 7, count: offset) + id + [9, 9]
            let moved = padded.withUnsafeBytes {
                ByteHash.number(of: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + id.count]))
            }
            XCTAssertEqual(moved, expected)
        }
    }

    func testLengthsZerosAndPiecesCount() {
        var seen = Set<UInt64>()
        for count in 0..<64 { seen.insert(number([UInt8](repeating: 0, count: count))) }
        XCTAssertEqual(seen.count, 64)
        XCTAssertNotEqual(number(Array("ab".utf8)), number(Array("ba".utf8)))
        let first = number(Array("tencent".utf8))
        XCTAssertNotEqual(number(Array("id".utf8), after: first), number(Array("id".utf8)))
        XCTAssertNotEqual(
            number(Array("tid".utf8), after: number(Array("tencen".utf8))), number(Array("id".utf8), after: first))
    }

    /// About half of the bits of the number change with any bit of the text.
    func testEachBitChangesAboutHalfOfTheNumber() {
        let id = Array("job-00000000-0000".utf8)
        let whole = number(id)
        var changed = 0
        for bit in 0..<id.count * 8 {
            var other = id
            other[bit / 8] ^= 1 << (bit % 8)
            let difference = (number(other) ^ whole).nonzeroBitCount
            XCTAssertGreaterThan(difference, 8, "bit \(bit)")
            changed += difference
        }
        XCTAssertEqual(Double(changed) / Double(id.count * 8), 32, accuracy: 2)
    }

    func testAHundredThousandIdsInARowAreDifferent() {
        var seen = Set<UInt64>(minimumCapacity: 100_000)
        for count in 0..<100_000 { seen.insert(number(Array("rq-\(count)".utf8))) }
        XCTAssertEqual(seen.count, 100_000)
    }
}
