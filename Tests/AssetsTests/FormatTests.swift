import Core
import XCTest

@testable import Assets

final class FormatTests: XCTestCase {
    func testEveryFixtureIsCompleteWithAndWithoutItsLength() throws {
        for name in Fixture.names {
            let bytes = Fixture.bytes(name)
            for answer in [Answer.whole(bytes), Answer.whole(bytes, crc: true), Answer(body: bytes)] {
                let sink = MemorySink(options: options())
                XCTAssertEqual(sink.run(answer).word, "complete", name)
                let result = try sink.commit()
                XCTAssertEqual(result.bytes?.array, bytes, name)
                XCTAssertEqual(result.contentType, Fixture.format(name).contentType)
                XCTAssertEqual(result.byteCount, Int64(bytes.count))
                XCTAssertNil(result.path)
            }
        }
    }

    func testEverySplitPoint() {
        for name in Fixture.names {
            let bytes = Fixture.bytes(name)
            for cut in 1..<bytes.count {
                var answer = Answer.whole(bytes)
                answer.pieces = [cut]
                let (finish, image) = judge(answer)
                XCTAssertEqual(finish.word, "complete", "\(name) split at \(cut)")
                XCTAssertTrue(image == bytes)
            }
            var single = Answer(body: bytes)
            single.pieces = [Int](repeating: 1, count: bytes.count)
            XCTAssertEqual(judge(single).image, bytes, "\(name) byte by byte")
        }
    }

    func testACutFileIsNeverComplete() {
        for name in Fixture.names {
            let bytes = Fixture.bytes(name)
            for count in 0..<bytes.count {
                let cut = Array(bytes.prefix(count))
                // The connection closes early and nobody notices; the object itself is cut; the transport notices.
                for answer in [Answer(body: cut), Answer.whole(cut), Answer.whole(bytes).cut(after: count)] {
                    let finish = judge(answer).finish
                    XCTAssertNotEqual(finish.word, "complete", "\(name) cut after \(count)")
                }
                XCTAssertNil(judge(Answer.whole(cut)).image)
            }
        }
    }

    func testAFlippedByteIsNeverCompleteWhenAChecksumIsOffered() {
        for name in Fixture.names {
            let bytes = Fixture.bytes(name)
            var answer = Answer.whole(bytes, crc: true)
            for index in bytes.indices {
                answer.body = bytes
                answer.body[index] ^= 1 << UInt8(index % 8)
                XCTAssertNotEqual(judge(answer).finish.word, "complete", "\(name) flipped at \(index)")
            }
        }
    }

    func testAFlippedByteOfAPNGIsCaughtByItsOwnChecksums() {
        let bytes = Fixture.bytes("plain.png")
        for index in bytes.indices {
            var answer = Answer.whole(bytes)
            answer.body[index] ^= 0x20
            XCTAssertNotEqual(judge(answer).finish.word, "complete", "flipped at \(index)")
        }
    }

    func testHostileBytesNeverTrap() {
        var dice = Dice(3)
        for round in 0..<3000 {
            let name = Fixture.names[round % Fixture.names.count]
            var bytes = Fixture.bytes(name)
            for _ in 0..<Int.random(in: 1...6, using: &dice) {
                // Mostly in the head, where lengths are.
                let range = Bool.random(using: &dice) ? 0..<min(60, bytes.count) : 0..<bytes.count
                let index = Int.random(in: range, using: &dice)
                bytes[index] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &dice)].randomElement(using: &dice) ?? 0
            }
            if Bool.random(using: &dice) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &dice)) }
            var answer = Answer(body: bytes)
            answer.pieces = (0..<20).map { _ in Int.random(in: 1...200, using: &dice) }
            let (finish, image) = judge(answer, Bool.random(using: &dice) ? .api : .url)
            // What is handed over is at least what came.
            if finish.word == "complete" { XCTAssertTrue(image == bytes) } else { XCTAssertNil(image) }
        }
    }

    func testHeadersThatPromiseTheImpossible() {
        let end: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        let bmp =
            Array("BM".utf8) + end + [0, 0, 0, 0] + end + [40, 0, 0, 0] + end + end + [1, 0, 32, 0] + [0, 0, 0, 0]
        let bigBMP =
            Array("BM".utf8) + end + [0, 0, 0, 0] + [54, 0, 0, 0] + [40, 0, 0, 0] + [255, 255, 255, 127]
            + [0, 0, 0, 128] + [1, 0, 64, 0] + [UInt8](repeating: 0, count: 8)
        let webp = Array("RIFF".utf8) + end + Array("WEBPVP8 ".utf8) + end
        let png = ImageFormat.pngSignature + end + Array("IHDR".utf8)
        let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0]
        let emptyJPEG: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9] + [UInt8](repeating: 0, count: 20)
        let gif = Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0] + [0, 0, 0, 0, 0, 0] + [0x3B]
        for bytes in [bmp, bigBMP, webp, png, jpeg, emptyJPEG, gif] {
            let padded = bytes + [UInt8](repeating: 0, count: 100)
            XCTAssertEqual(judge(Answer.whole(padded)).finish.word, "corrupt")
        }
    }

    func testABMPWithoutItsSizeIsMeasuredByItsDimensions() {
        for name in ["plain.bmp", "palette.bmp"] {
            var bytes = Fixture.bytes(name)
            bytes.replaceSubrange(2..<6, with: [0, 0, 0, 0])
            XCTAssertEqual(judge(Answer(body: bytes)).finish.word, "complete")
            XCTAssertEqual(judge(Answer(body: Array(bytes.dropLast()))).finish.word, "incomplete")
        }
    }

    func testBytesBehindTheEnd() {
        for name in Fixture.names {
            let bytes = Fixture.bytes(name)
            let words = bytes + Array("<html>".utf8)
            XCTAssertEqual(judge(Answer.whole(words)).image, words, "part of the object by its length: \(name)")
            XCTAssertEqual(judge(Answer(body: words)).finish.word, "corrupt", "nothing vouches for it: \(name)")
            let padded = bytes + [0, 0, 0x0A]
            XCTAssertEqual(judge(Answer(body: padded)).image, padded)
            var chunked = Answer(body: words)
            chunked.headers = [("Transfer-Encoding", "chunked")]
            XCTAssertEqual(judge(chunked).image, words)
        }
    }

    func testGuessNeverTakesTextForAnImage() {
        for text in ["BM", "BMP files are nice to have", "RIFF....WAVE", "GIF88a", "<html>", "{}", "\u{89}PNG", ""] {
            let bytes = Array(text.utf8) + (text.isEmpty ? [] : [UInt8](repeating: 0x20, count: 30))
            XCTAssertEqual(bytes.withUnsafeBytes { ImageFormat.guess($0) }, text.isEmpty ? .unsure : .none, text)
        }
    }

    // MARK: - Flaws

    /// Fault 10: decoders read over a wrong CRC beside the image and over bytes between segments. Where a checksum vouches
    /// they are the store's, where a length does they are once they have come twice alike.
    func testFlawsThatDecodersReadOver() throws {
        let png = Fixture.bytes("plain.png")
        let text = Array("tEXtComment\0hello".utf8)
        let chunk = [0, 0, 0, UInt8(text.count - 4)] + text + [1, 2, 3, 4]
        let flawedPNG = Array(png.prefix(33)) + chunk + png.dropFirst(33)
        let jpeg = Fixture.bytes("baseline.jpg")
        let first = 4 + Int(jpeg[4]) << 8 + Int(jpeg[5])
        for (whole, reason) in [
            (flawedPNG, "checksum of a PNG chunk"),
            (Array(jpeg.prefix(first)) + [0, 1, 2] + jpeg.dropFirst(first), "bytes"),
            (Array(jpeg.prefix(2)) + [0xFF, 0, 7] + jpeg.dropFirst(2), "bytes"),
        ] {
            var sink = MemorySink(options: options())
            XCTAssertEqual(sink.run(Answer.whole(whole, crc: true)).word, "complete")
            var result = try sink.commit()
            XCTAssertTrue(result.bytes?.array == whole)
            XCTAssertEqual(result.warnings.count, 1)
            XCTAssertTrue(result.warnings.first?.contains(reason) == true, "\(result.warnings)")

            for mode in [Assets.Mode.url, .api] {
                sink = MemorySink(options: options(mode))
                XCTAssertEqual(sink.run(Answer.whole(whole)).word, "corrupt")
                try sink.restart()
                XCTAssertEqual(sink.run(Answer.whole(whole)).word, "complete")
                result = try sink.commit()
                XCTAssertTrue(result.bytes?.array == whole)
                XCTAssertEqual(result.warnings.count, 1)
                // Another flaw the second time is damage.
                sink = MemorySink(options: options(mode))
                XCTAssertEqual(sink.run(Answer.whole(whole)).word, "corrupt")
                try sink.restart()
                var other = whole
                let place = whole.firstIndex(of: 0x74).map { $0 + 20 } ?? 0
                other[whole == flawedPNG ? place : (whole[2] == 0xFF && whole[3] == 0 ? 4 : first + 1)] ^= 0x10
                XCTAssertEqual(sink.run(Answer.whole(other)).word, "corrupt")
            }
            // What was packed has a length and a checksum of its own; of the image neither is known.
            for headers in [
                [("Content-Encoding", "gzip")], [("Content-Encoding", "deflate"), ("Content-Length", "9")],
            ] {
                for mode in [Assets.Mode.url, .api] {
                    sink = MemorySink(options: options(mode))
                    let packed = Answer(headers: headers, body: whole, wasUnpacked: true)
                    XCTAssertEqual(sink.run(packed).word, "corrupt")
                    try sink.restart()
                    XCTAssertEqual(sink.run(packed).word, "complete", "\(headers)")
                    result = try sink.commit()
                    XCTAssertTrue(result.bytes?.array == whole)
                    XCTAssertEqual(result.warnings.count, 1)
                    // An image that lacks its end does not get one by that.
                    let short = Answer(headers: headers, body: Array(whole.dropLast(2)), wasUnpacked: true)
                    XCTAssertEqual(judge(short).finish.word, "corrupt")
                }
            }
            // Nothing vouches.
            XCTAssertEqual(judge(Answer(body: whole)).finish.word, "corrupt")
            // A wrong checksum of the whole, or an end that is missing, is an error as ever.
            var wrong = Answer.whole(whole, crc: true)
            wrong.headers[2].1 = "1"
            XCTAssertEqual(judge(wrong).finish.word, "corrupt")
            XCTAssertEqual(judge(Answer.whole(Array(whole.dropLast(2)), crc: true)).finish.word, "corrupt")
        }
        // What the image needs stays an error, whatever vouches.
        let data = png.indices.first { png[$0...].starts(with: "IDAT".utf8) } ?? 0
        for offset in [20, data + 10, png.count - 6] {
            var damaged = png
            damaged[offset] ^= 1
            XCTAssertEqual(judge(Answer.whole(damaged, crc: true)).finish.word, "corrupt", "\(offset)")
        }
    }

    /// Fault 10: the pixels are whole, and only what stands around them is wrong: a RIFF or BMP header that announces more
    /// than there is, a GIF without its last byte.
    func testWhatLacksNothingButItsEnd() throws {
        func longer(_ name: String, _ place: Int, by more: UInt8) -> [UInt8] {
            var bytes = Fixture.bytes(name)
            bytes[place] &+= more
            return bytes
        }
        var images: [(name: String, bytes: [UInt8], reason: String)] = []
        for name in ["lossy.webp", "lossless.webp", "animated.webp"] {
            images.append((name, longer(name, 6, by: 1), "announces more bytes"))
            images.append((name, longer(name, 7, by: 0x70), "announces more bytes"))
        }
        for name in ["plain.bmp", "palette.bmp"] {
            images.append((name, longer(name, 4, by: 3), "announces more bytes"))
        }
        images.append(("animated.gif", Array(Fixture.bytes("animated.gif").dropLast()), "lacks its trailer"))
        for (name, whole, reason) in images {
            for mode in [Assets.Mode.url, .api] {
                let vouched: [Answer] = [
                    Answer.whole(whole), Answer(headers: [("Transfer-Encoding", "chunked")], body: whole),
                    Answer(headers: [("Content-Encoding", "gzip")], body: whole, wasUnpacked: true),
                ]
                for answer in vouched {
                    let sink = MemorySink(options: options(mode))
                    XCTAssertEqual(sink.run(answer).word, "corrupt", name)
                    try sink.restart()
                    XCTAssertEqual(sink.run(answer).word, "complete", name)
                    let result = try sink.commit()
                    XCTAssertTrue(result.bytes?.array == whole)
                    XCTAssertEqual(result.warnings.count, 1)
                    XCTAssertTrue(result.warnings.first?.contains(reason) == true, "\(result.warnings)")
                    // A shorter copy the second time is a cut one.
                    let other = MemorySink(options: options(mode))
                    XCTAssertEqual(other.run(answer).word, "corrupt", name)
                    try other.restart()
                    XCTAssertEqual(other.run(Answer.whole(Array(whole.dropLast()))).word, "corrupt", name)
                }
            }
            let sink = MemorySink(options: options())
            XCTAssertEqual(sink.run(Answer.whole(whole, crc: true)).word, "complete", name)
            XCTAssertEqual(try sink.commit().warnings.count, 1)
            // Nothing vouches: more may follow.
            XCTAssertEqual(judge(Answer(body: whole)).finish.word, "incomplete", name)
            // Without some of its pixels it is no image, whoever vouches.
            for count in [1, 2, 9, whole.count / 2] {
                let cut = Array(whole.dropLast(count))
                XCTAssertEqual(judge(Answer.whole(cut, crc: true)).finish.word, "corrupt", "\(name) without \(count)")
            }
        }
        // A frame is announced and does not come.
        let still = Array(Fixture.bytes("animated.gif").dropLast()) + [0x21, 0xF9, 4, 0, 0, 0, 0, 0]
        XCTAssertEqual(judge(Answer.whole(still, crc: true)).finish.word, "corrupt")
        // A header alone is none.
        for name in ["lossy.webp", "animated.gif", "plain.bmp"] {
            for count in 0..<60 {
                let head = Array(Fixture.bytes(name).prefix(count))
                XCTAssertNotEqual(judge(Answer.whole(head, crc: true)).finish.word, "complete", "\(name) \(count)")
            }
        }
    }
}
