import XCTest

@testable import CurlTransport

/// Bodies in chunks, cut at every place.
final class ChunkedBodyTests: XCTestCase {
    private func read(_ text: String, pieces: Int) -> (step: ChunkedBody.Step, body: String) {
        var chunks = ChunkedBody()
        var body: [UInt8] = []
        var last = ChunkedBody.Step.more
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let step = bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes { piece in
                chunks.add(piece) {
                    body += $0
                    return true
                }.step
            }
            last = step
            if step == .excess || step == .malformed { break }
        }
        return (last, String(decoding: body, as: UTF8.self))
    }

    func testTable() {
        let table: [(text: String, step: ChunkedBody.Step, body: String)] = [
            ("0\r\n\r\n", .end, ""), ("5\r\nfirst\r\n0\r\n\r\n", .end, "first"),
            ("2\r\nok\r\n3\r\n...\r\n0\r\n\r\n", .end, "ok..."),
            ("000A\r\n0123456789\r\n00\r\n\r\n", .end, "0123456789"),
            ("a;name=\"v\"\r\n0123456789\r\n0;x\r\n\r\n", .end, "0123456789"), ("2 \r\nok\r\n0 \r\n\r\n", .end, "ok"),
            ("2\nok\n0\n\n", .end, "ok"), ("0\r\nA: b\r\nC: d\r\n\r\n", .end, ""),
            ("", .more, ""), ("5", .more, ""), ("5\r\nfir", .more, "fir"), ("5\r\nfirst", .more, "first"),
            ("5\r\nfirst\r\n0\r\n", .more, "first"), ("0\r\nA: b\r\n", .more, ""),
            ("0\r\n\r\nH", .excess, ""), ("5\r\nfirst\r\n0\r\n\r\nHTTP/1.1 200 OK", .excess, "first"),
            ("0\r\n\r\n\r\n", .excess, ""), ("0\r\nA: b\r\n\r\n0\r\n\r\n", .excess, ""),
            ("\r\n", .malformed, ""), ("x\r\n", .malformed, ""), ("-1\r\n", .malformed, ""),
            ("5\r\nfirst!\r\n", .malformed, "first"), ("ffffffffffffffff\r\n", .malformed, ""),
            ("0000000000000000\r\n", .malformed, ""),
        ]
        for (text, step, body) in table {
            for pieces in [1, 2, 3, 7, 1000] {
                let seen = read(text, pieces: pieces)
                XCTAssertEqual(seen.step, step, "\(text.debugDescription) in pieces of \(pieces)")
                XCTAssertEqual(seen.body, body, "\(text.debugDescription) in pieces of \(pieces)")
            }
        }
    }

    func testTheReceiverEndsIt() {
        var chunks = ChunkedBody()
        let seen = Array("2\r\nok\r\n0\r\n\r\n".utf8).withUnsafeBytes { chunks.add($0) { _ in false } }
        XCTAssertFalse(seen.isTaken)
    }
}
