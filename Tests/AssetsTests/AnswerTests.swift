import Core
import Foundation
import XCTest

@testable import Assets

/// The forms in which an API may send an image (section 1.5 of the Alibaba notes).
final class AnswerTests: XCTestCase {
    private static let image = Fixture.bytes("plain.png")
    private var image: [UInt8] { Self.image }

    private func base64(_ bytes: [UInt8], lines: Bool = false) -> String {
        Data(bytes).base64EncodedString(options: lines ? [.lineLength76Characters, .endLineWithLineFeed] : [])
    }

    private func forms(_ bytes: [UInt8]) -> [String: String] {
        let text = base64(bytes)
        let lines = base64(bytes, lines: true)
        return [
            "bare": text,
            "with a line end": text + "\n",
            "in lines": lines,
            "without padding": text.replacingOccurrences(of: "=", with: ""),
            "url-safe": text.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_"),
            "with a mark and blanks in front": "\u{FEFF} \r\n\t" + text,
            "data URL": "data:image/png;base64," + text,
            "quoted": "\"\(text)\"",
            "quoted, blanks around": " \"\(text)\" \n",
            "quoted, slashes escaped": "\"" + text.replacingOccurrences(of: "/", with: "\\/") + "\"",
            "quoted, everything escaped":
                "\""
                + text.replacingOccurrences(of: "+", with: "\\u002b").replacingOccurrences(of: "=", with: "\\u003D")
                .replacingOccurrences(of: "/", with: "\\u002F") + "\"",
            "quoted, line ends escaped": "\"" + lines.replacingOccurrences(of: "\n", with: "\\r\\n") + "\"",
            "quoted data URL": "\"data:image\\/png;base64,\(text)\"",
            "envelope": "{\"success\": true, \"data\": \"\(text)\", \"requestId\": \"1\"}",
            "envelope with a data URL": "\n{\"data\": \"data:image/png;base64,\(text)\", \"success\": true}",
            "envelope with line ends":
                "{\"success\":true,\"data\":\"" + lines.replacingOccurrences(of: "\n", with: "\\n") + "\"}",
        ]
    }

    func testEveryFormGivesTheImage() {
        for name in Fixture.names {
            let bytes = Fixture.bytes(name)
            for (form, text) in forms(bytes) {
                let (finish, image) = judge(Answer.whole(Array(text.utf8)), .api)
                XCTAssertEqual(finish.word, "complete", "\(name) \(form): \(finish.failure?.message ?? "")")
                XCTAssertTrue(image == bytes, "\(name) \(form)")
            }
        }
    }

    func testEveryFormSplitAnywhere() {
        var dice = Dice(5)
        let bytes = Fixture.bytes("lossy.webp")
        for (form, text) in forms(bytes) {
            let body = Array(text.utf8)
            for cut in 1..<body.count {
                var answer = Answer(body: body)
                answer.pieces = [cut, Int.random(in: 1...50, using: &dice), Int.random(in: 1...50, using: &dice)]
                XCTAssertTrue(judge(answer, .api).image == bytes, "\(form) split at \(cut)")
            }
            var single = Answer(body: body)
            single.pieces = [Int](repeating: 1, count: body.count)
            XCTAssertTrue(judge(single, .api).image == bytes, "\(form) byte by byte")
        }
    }

    func testEveryFormCutAnywhereIsNeverComplete() {
        let bytes = Fixture.bytes("lossy.webp")
        for (form, text) in forms(bytes) {
            let body = Array(text.utf8)
            // The last characters may be padding, blanks or the end of JSON around an image that is whole.
            for count in 0..<body.count {
                for answer in [Answer(body: Array(body.prefix(count))), Answer.whole(body).cut(after: count)] {
                    let (finish, image) = judge(answer, .api)
                    if finish.word == "complete" {
                        XCTAssertTrue(image == bytes, "\(form) cut after \(count)")
                    } else {
                        XCTAssertNil(image)
                    }
                }
                XCTAssertNotEqual(judge(Answer.whole(body).cut(after: count), .api).finish.word, "complete", form)
            }
        }
    }

    func testDamagedTextIsNeverAWrongImage() {
        var dice = Dice(6)
        for (form, text) in forms(image) {
            for _ in 0..<200 {
                var body = Array(text.utf8)
                let index = Int.random(in: 0..<body.count, using: &dice)
                body[index] = UInt8.random(in: 0...255, using: &dice)
                let result = judge(Answer.whole(body), .api)
                // A PNG checks itself; blanks and case of the frame do not change what is in it.
                if result.finish.word == "complete" { XCTAssertTrue(result.image == image, form) }
            }
        }
    }

    func testASentenceOfTheServiceIsHandedOverWhole() {
        let bodies = [
            "{\"success\":false,\"errCode\":\"B_DATA_NOT_FOUND_EXCEPTION\",\"data\":null}",
            "{\"success\":true,\"data\":null}", "{\"success\":true,\"data\":{\"url\":\"x\"}}", "{\"success\":true}",
            "{\"success\":true,\"data\":\"not an image\"}", "{\"success\":\"no\",\"data\":\"\(base64(image))\"}",
            "{\"success\":false,\"data\":\"\(base64(image))\"}", "{broken", "{}", "[]", "null", "\"BinaryData\"",
            "\"\"",
            "", " \n", "<html>502</html>", "<?xml version=\"1.0\"?><Error/>", "Forbidden", "data:image/png,abc",
            "data:", "BM is how a bitmap begins, this is none", String(repeating: " ", count: 9000) + "x",
            base64(Array("this is long enough to be judged, but no image".utf8)),
        ]
        for body in bodies {
            for answer in [Answer.whole(Array(body.utf8)), Answer(body: Array(body.utf8))] {
                let finish = judge(answer, .api).finish
                XCTAssertEqual(finish.reply.map { String(decoding: $0.body, as: UTF8.self) }, body)
                XCTAssertEqual(finish.reply?.status, 200)
            }
        }
    }

    func testAPlainURLIsNeverDecoded() {
        for text in [
            base64(image), "\"\(base64(image))\"", "{\"success\":true,\"data\":\"\(base64(image))\"}", "<html>",
        ] {
            let finish = judge(Answer.whole(Array(text.utf8)), .url).finish
            XCTAssertEqual(finish.reply?.body, Array(text.utf8))
        }
    }

    func testAnErrorStatusIsKeptUpToABound() {
        let body = [UInt8](repeating: 0x41, count: 100_000)
        for mode in [Assets.Mode.api, .url] {
            var answer = Answer(status: 403, body: Array("<Error/>".utf8))
            answer.headers = [("Content-Type", "image/png")]
            XCTAssertEqual(judge(answer, mode).finish.reply?.body, Array("<Error/>".utf8))
            XCTAssertEqual(judge(answer, mode).finish.reply?.headers["content-type"], "image/png")
            // Even an image: its status says that it is none of ours.
            XCTAssertEqual(judge(Answer(status: 404, body: image), mode).finish.reply?.status, 404)
            XCTAssertEqual(judge(Answer(status: 502, body: body), mode).finish.reply?.body.count, 64 << 10)
            XCTAssertEqual(judge(Answer(status: 302, body: []), mode).finish.reply?.status, 302)
            // Cut, but the status says enough.
            XCTAssertEqual(judge(Answer(status: 503, body: body).cut(after: 10), mode).finish.reply?.body.count, 10)
            // A body without end is not read to its end.
            let sink = MemorySink(options: options(mode))
            XCTAssertTrue(sink.begin(status: 500, headers: HTTPHeaders()))
            var rounds = 0
            while rounds < 100, body.withUnsafeBytes({ sink.receive($0) }) { rounds += 1 }
            XCTAssertLessThan(rounds, 12)
            let stopped = TransferResult.failed(TransferFailure(.sink, requestMayHaveLeft: true, detail: ""))
            XCTAssertEqual(sink.finish(stopped).reply?.status, 500)
        }
    }

    func testContentTypeIsNotBelieved() {
        var answer = Answer.whole(image)
        answer.headers.append(("Content-Type", "application/json"))
        XCTAssertTrue(judge(answer, .api).image == image)
        answer = Answer.whole(Array("<html>".utf8))
        answer.headers.append(("Content-Type", "image/png"))
        XCTAssertEqual(judge(answer, .url).finish.word, "notAnImage")
    }

    func testTooLargeIsRefusedAsSoonAsItIsKnown() {
        let big = Fixture.bigPNG(5000)
        let small = options(maximum: 4000)
        var sink = MemorySink(options: small)
        XCTAssertFalse(sink.begin(status: 200, headers: HTTPHeaders([HTTPHeader("Content-Length", "4001")])))
        for (mode, body) in [
            (Assets.Mode.url, big), (.api, big), (.api, Array(base64(big).utf8)),
            (.api, Array("{\"success\":true,\"data\":\"\(base64(big))\"}".utf8)),
        ] {
            sink = MemorySink(options: options(mode, maximum: 4000))
            XCTAssertEqual(sink.run(Answer(body: body)).word, "failed tooLarge")
        }
        // Exactly as large is fine.
        sink = MemorySink(options: options(maximum: Int64(big.count)))
        XCTAssertEqual(sink.run(Answer.whole(big)).word, "complete")
        // An envelope without end is not kept in memory.
        sink = MemorySink(options: options(.api, maximum: 4000))
        XCTAssertEqual(
            sink.run(Answer(body: Array("{\"data\":\"".utf8) + [UInt8](repeating: 0x41, count: 90_000))).word,
            "failed tooLarge")
    }

    func testACompressedAnswerPromisesNothing() {
        var answer = Answer(body: image)
        answer.headers = [("Content-Encoding", "gzip"), ("Content-Length", "10"), ("x-oss-hash-crc64ecma", "7")]
        XCTAssertEqual(judge(answer).finish.word, "complete", "the transport has unpacked it")
    }

    func testChecksumHeadersOfBothStores() {
        for name in ["x-cos-hash-crc64ecma", "X-Oss-Hash-Crc64ecma"] {
            var answer = Answer.whole(image)
            answer.headers.append((name, String(Reference.crc64(image))))
            XCTAssertEqual(judge(answer).finish.word, "complete")
            answer.headers[answer.headers.count - 1].1 = String(Reference.crc64(image) ^ 1)
            XCTAssertEqual(judge(answer).finish.word, "corrupt")
            XCTAssertEqual(judge(answer).finish.failure?.status, .corrupt)
            for nonsense in ["", "-1", "0x1", "99999999999999999999999", "abc"] {
                answer.headers[answer.headers.count - 1].1 = nonsense
                XCTAssertEqual(judge(answer).finish.word, "complete", "no checksum at all: \(nonsense)")
            }
        }
    }

    func testFailuresOfTheTransport() {
        let kinds: [(TransferFailure.Kind, String)] = [
            (.resolve, "incomplete"), (.connect, "incomplete"), (.tls, "incomplete"), (.timeout, "incomplete"),
            (.emptyReply, "incomplete"), (.cutReply, "incomplete"), (.malformedReply, "incomplete"),
            (.resources, "incomplete"), (.addressRefused, "failed addressRefused"), (.badURL, "failed invalidArgument"),
            (.cancelled, "failed cancelled"), (.tooLarge, "failed tooLarge"),
        ]
        for (kind, word) in kinds {
            let sink = MemorySink(options: options())
            let failure = TransferFailure(kind, requestMayHaveLeft: false, detail: "host.example:443 said no")
            let finish = sink.finish(.failed(failure))
            XCTAssertEqual(finish.word, word)
            XCTAssertTrue(finish.failure?.message.contains("host.example:443 said no") ?? false)
        }
        // All bytes had come: what the connection does then is of no interest.
        XCTAssertEqual(judge(Answer.whole(image).cut(after: image.count)).finish.word, "complete")
        XCTAssertEqual(judge(Answer(body: image).cut(after: image.count)).finish.word, "incomplete")
    }

    func testNothingIsHandedOverWithoutAVerdict() {
        let sink = MemorySink(options: options())
        XCTAssertThrowsError(try sink.commit())
        XCTAssertEqual(sink.run(Answer.whole(image)).word, "complete")
        XCTAssertEqual(sink.run(Answer.whole(image).cut(after: 50)).word, "incomplete")
        XCTAssertThrowsError(try sink.commit())
    }
}
