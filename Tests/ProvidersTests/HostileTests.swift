import Codec
import Core
import Providers
import XCTest

/// Answers that are cut, bent or made up: never a trap, never a job with a wrong id, never a success without images.
final class HostileTests: XCTestCase {
    private struct Sample {
        let name: String
        let isAlibaba: Bool
        let call: ProviderCall
        let body: [UInt8]
        let ids: Set<String>
    }

    private func samples() throws -> (Calls, [Sample]) {
        let calls = try Calls(alibabaID: "1")
        let done = try Calls(alibabaID: "3220")
        func sample(_ name: String, _ isAlibaba: Bool, _ call: ProviderCall, _ id: String) throws -> Sample {
            Sample(name: name, isAlibaba: isAlibaba, call: call, body: try Fixtures.bytes(name), ids: [id])
        }
        return (
            calls,
            [
                try sample("alibaba_not_start.json", true, calls.alibabaSubmit, "1"),
                try sample("alibaba_not_start.json", true, calls.alibabaStatus, "1"),
                try sample("alibaba_finished.json", true, done.alibabaStatus, "3220"),
                try sample("alibaba_service_error.json", true, calls.alibabaSubmit, ""),
                try sample("alibaba_gateway_error.json", true, calls.alibabaSubmit, ""),
                try sample("alibaba_gateway_error.xml", true, calls.alibabaSubmit, ""),
                try sample(
                    "tencent_create.json", false, calls.tencentSubmit, "4-AigcImage-c3b145ec76****94ac55b9e63be17d"),
                try sample("tencent_wait.json", false, calls.tencentStatus, ""),
                try sample("tencent_done.json", false, calls.tencentStatus, ""),
                try sample("tencent_fail.json", false, calls.tencentStatus, ""),
                try sample("tencent_error.json", false, calls.tencentSubmit, ""),
            ]
        )
    }

    private func decode(_ calls: Calls, _ sample: Sample, _ reply: HTTPReply) -> Result<JobAnswer, CallFailure> {
        sample.isAlibaba ? calls.alibaba(sample.call, reply) : calls.tencent(sample.call, reply)
    }

    /// What no answer may ever lead to.
    private func check(_ result: Result<JobAnswer, CallFailure>, _ sample: Sample, _ name: @autoclosure () -> String) {
        switch result {
        case .success(let answer):
            if sample.call.kind == .submit { XCTAssertFalse(answer.remoteID.isEmpty, name()) }
            if answer.state == .succeeded {
                XCTAssertFalse(answer.assets.isEmpty, name())
                for asset in answer.assets { XCTAssertFalse(asset.id.isEmpty, name()) }
            }
            XCTAssertFalse(answer.remoteID.utf8.contains { $0 < 0x20 }, name())
            if let progress = answer.progress { XCTAssertTrue((0...1).contains(progress), name()) }
        case .failure(let failed):
            XCTAssertFalse(failed.failure.message.utf8.contains { $0 < 0x20 }, name())
            XCTAssertLessThan(failed.failure.message.utf8.count, 3_000, name())
            XCTAssertNotEqual(failed.failure.status, .ok)
        }
    }

    func testCutAtEveryByte() throws {
        let (calls, samples) = try samples()
        for sample in samples {
            let end = try XCTUnwrap(sample.body.lastIndex { $0 > 0x20 }) + 1
            // Whole, with and without what follows.
            let a = decode(calls, sample, reply(200, Array(sample.body.prefix(end))))
            for count in 0..<end {
                for status in [200, 400, 503] {
                    let name = "\(sample.name) cut at \(count)"
                    let result = decode(calls, sample, reply(status, Array(sample.body.prefix(count))))
                    guard case .success(let answer) = result else {
                        // Nothing that is cut lets a submission be sent again, or ends a job.
                        let kind = try result.failed().kind
                        XCTAssertTrue(kind == .unreadable || kind == .transient && sample.call.kind != .submit, name)
                        continue
                    }
                    // What is taken from a part is what the whole says.
                    guard case .success(let whole) = a else { return XCTFail(name) }
                    XCTAssertEqual(status, 200, name)
                    XCTAssertTrue(
                        answer.remoteID == whole.remoteID || answer.remoteID.isEmpty && sample.call.kind != .submit,
                        name)
                    if answer.state == .succeeded {
                        XCTAssertEqual(answer.assets.map { $0.id }, whole.assets.map { $0.id }, name)
                    }
                    if case .failed = answer.state, case .failed = whole.state { continue }
                    if answer.state != whole.state {
                        XCTAssertTrue(sample.call.kind == .submit && answer.state == .pending, name)
                    }
                }
            }
            check(a, sample, sample.name)
            if case .success(let answer) = a { XCTAssertTrue(sample.ids.contains(answer.remoteID), sample.name) }
            // What stands behind a whole answer changes nothing in it.
            for more in ["}", "0\r\n\r\n", "<html>", "\0\0"] where !sample.name.hasSuffix("xml") {
                let b = decode(calls, sample, reply(200, sample.body + Array(more.utf8)))
                switch (a, b) {
                case (.success(let a), .success(let b)):
                    XCTAssertEqual(a.remoteID, b.remoteID)
                    XCTAssertEqual(a.state, b.state)
                    XCTAssertEqual(a.assets, b.assets)
                case (.failure(let a), .failure(let b)): XCTAssertEqual(a.kind, b.kind)
                default: XCTFail("\(sample.name) \(more)")
                }
            }
        }
    }

    /// One byte changed: a submission's id is either exactly the one in the changed bytes, or there is none.
    func testOneByteChanged() throws {
        let (calls, samples) = try samples()
        var random = Scramble(state: 42)
        for sample in samples {
            for index in sample.body.indices {
                for replacement in [
                    UInt8(0), 0x20, UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "9"), 0x80, 0xFF,
                    UInt8(truncatingIfNeeded: random.next()),
                ] {
                    var body = sample.body
                    body[index] = replacement
                    let result = decode(calls, sample, reply(200, body))
                    check(result, sample, "\(sample.name) \(index) \(replacement)")
                    guard case .success(let answer) = result, sample.call.kind == .submit else { continue }
                    // Where it is JSON no more, the id is still the one that was there.
                    guard let json = try? JSONValue.parse(body) else {
                        XCTAssertTrue(sample.ids.contains(answer.remoteID), "\(sample.name) \(index) \(replacement)")
                        continue
                    }
                    let there = sample.isAlibaba ? json["data"]?["id"] : json["Response"]?["TaskId"]
                    XCTAssertEqual(answer.remoteID, there?.lenientString)
                }
            }
        }
    }

    /// Every value of a real answer, one at a time, as every other type.
    func testWrongTypesEverywhere() throws {
        let (calls, samples) = try samples()
        let replacements: [String] = [
            "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
            "1e308", "-1e308", "0.5", "1" + String(repeating: "0", count: 300), "\"\"", "\" \"", "\"x\"",
            "\"\\u0000\"", "\"\\ud83d\\ude3a\"", "\"" + String(repeating: "a", count: 2_000) + "\"", "[]", "{}", "[[]]",
            "[null]", "[{}]", "[1]", "{\"id\":\"x\"}", "{\"Code\":null}", "[\"\"]",
            "[" + String(repeating: "\"a\",", count: 2_000) + "\"a\"]",
            String(repeating: "[", count: 500) + String(repeating: "]", count: 500),
        ]
        var count = 0
        for sample in samples where sample.name.hasSuffix("json") {
            let json = try JSONValue.parse(sample.body)
            for path in Self.paths(json) {
                for replacement in replacements {
                    let body = Self.text(json, replacing: path[...], with: replacement)
                    for status in [200, 400, 500] {
                        let result = decode(calls, sample, reply(status, body))
                        check(result, sample, "\(sample.name) \(path) \(replacement)")
                        if status != 200 { _ = try result.failed() }
                    }
                    count += 1
                }
            }
        }
        XCTAssertGreaterThan(count, 1_500)
    }

    /// The same, for answers to asset calls, and with members taken away.
    func testMembersMissing() throws {
        let (calls, samples) = try samples()
        let access = AssetAccess.call(
            ProviderCall(
                kind: .asset, provider: "alibaba", action: "a", endpoint: "h", region: "", method: .get, path: "/"))
        for sample in samples where sample.name.hasSuffix("json") {
            let json = try JSONValue.parse(sample.body)
            for path in Self.paths(json) where !path.isEmpty {
                let body = Self.text(json, replacing: path[...], with: nil)
                for status in [200, 404, 502] {
                    check(decode(calls, sample, reply(status, body)), sample, "\(sample.name) without \(path)")
                    _ = calls.alibaba.decodeAssetFailure(access, reply: reply(status, body))
                    _ = calls.tencent.decodeAssetFailure(access, reply: reply(status, body))
                    _ = calls.tencent.decodeAssetFailure(.url("https://a/b"), reply: reply(status, body))
                }
            }
        }
        // A submission's answer without its id is never taken as accepted.
        for (body, isAlibaba) in [
            (#"{"success":true,"requestId":"r","data":{"jobStatus":"NOT_START"}}"#, true),
            (#"{"success":true,"requestId":"r","data":{"id":null,"jobStatus":"NOT_START"}}"#, true),
            (#"{"success":true,"requestId":"r","data":{"id":"","jobStatus":"NOT_START"}}"#, true),
            (#"{"success":true,"requestId":"r","data":{"id":1.5,"jobStatus":"NOT_START"}}"#, true),
            (#"{"success":true,"requestId":"r","data":{"id":[1],"jobStatus":"NOT_START"}}"#, true),
            (#"{"success":true,"requestId":"r","data":[]}"#, true), (#"{"success":true,"requestId":"r"}"#, true),
            (#"{"Response":{"RequestId":"r"}}"#, false), (#"{"Response":{"TaskId":null,"RequestId":"r"}}"#, false),
            (#"{"Response":{"TaskId":"","RequestId":"r"}}"#, false),
            (#"{"Response":{"TaskId":{},"RequestId":"r"}}"#, false),
            (#"{"TaskId":"4-x","RequestId":"r"}"#, false),
        ] {
            let result =
                isAlibaba
                ? calls.alibaba(calls.alibabaSubmit, reply(200, body))
                : calls.tencent(calls.tencentSubmit, reply(200, body))
            let failed = try result.failed()
            XCTAssertEqual(failed.kind, .unreadable, body)
            XCTAssertEqual(
                failed.failure.requestID, body.contains("\"r\"") && !body.hasPrefix("{\"TaskId") ? "r" : nil, body)
        }
    }

    func testNoise() throws {
        let (calls, samples) = try samples()
        var random = Scramble(state: 7)
        for round in 0..<3_000 {
            let sample = samples[Int(random.next() % UInt64(samples.count))]
            var body: [UInt8] = []
            if round % 3 == 0 {
                for _ in 0..<Int(random.next() % 300) { body.append(UInt8(truncatingIfNeeded: random.next())) }
            } else {
                body = sample.body
                for _ in 0..<(1 + Int(random.next() % 6)) {
                    let at = Int(random.next() % UInt64(body.count))
                    switch random.next() % 3 {
                    case 0: body[at] = UInt8(truncatingIfNeeded: random.next())
                    case 1: body.remove(at: at)
                    default: body.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
                    }
                }
            }
            let answer = reply(Int(random.next() % 700), body, [("Date", "x"), ("Retry-After", "-")])
            check(decode(calls, sample, answer), sample, "\(round)")
            _ = calls.tencent.decodeAssetFailure(.url("https://a/b"), reply: answer)
            _ = calls.alibaba.decodeAssetFailure(
                .call(
                    ProviderCall(
                        kind: .asset, provider: "alibaba", action: "a", endpoint: "h", region: "", method: .get,
                        path: "/")),
                reply: answer)
        }
    }

    /// Requests from a caller who does not mean well.
    func testHostileRequests() throws {
        var fields = RequestFields()
        let odd = "\"\\\u{1}\u{7f}\u{2028}\u{202e}</script>\r\nX-TC-Action: DeleteAll"
        fields.values = ["prompt": .string(odd), "model": .string(odd), odd: .string(odd)]
        let failure = try refusal { _ = try tencent().submission(operation: "aigc_image", fields: fields) }
        XCTAssertFalse(failure.message.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
        fields.values[odd] = nil
        let body = try tencent().submission(operation: "aigc_image", fields: fields).body
        XCTAssertEqual(try JSONValue.parse(body)["Prompt"], .string(odd))
        XCTAssertFalse(body.contains { $0 < 0x20 })
    }

    // MARK: - Bending JSON

    private enum Step { case member(String), element(Int) }

    private static func paths(_ json: JSONValue) -> [[Step]] {
        var found: [[Step]] = [[]]
        switch json {
        case .object(let members):
            for member in members { found += paths(member.value).map { [.member(member.name)] + $0 } }
        case .array(let values):
            for (index, value) in values.enumerated() { found += paths(value).map { [.element(index)] + $0 } }
        default: break
        }
        return found
    }

    /// The text of a value with what stands at a path replaced, or taken away.
    private static func text(_ json: JSONValue, replacing path: ArraySlice<Step>, with replacement: String?) -> [UInt8]
    {
        guard let step = path.first else { return Array((replacement ?? "null").utf8) }
        var parts: [String] = []
        let isLast = path.count == 1
        switch (json, step) {
        case (.object(let members), .member(let name)):
            for member in members {
                if member.name == name, isLast, replacement == nil { continue }
                let value =
                    member.name == name
                    ? text(member.value, replacing: path.dropFirst(), with: replacement) : member.value.serialized()
                parts.append("\"\(member.name)\":" + String(decoding: value, as: UTF8.self))
            }
            return Array(("{" + parts.joined(separator: ",") + "}").utf8)
        case (.array(let values), .element(let wanted)):
            for (index, element) in values.enumerated() {
                if index == wanted, isLast, replacement == nil { continue }
                let value =
                    index == wanted
                    ? text(element, replacing: path.dropFirst(), with: replacement) : element.serialized()
                parts.append(String(decoding: value, as: UTF8.self))
            }
            return Array(("[" + parts.joined(separator: ",") + "]").utf8)
        default: return json.serialized()
        }
    }
}

/// The same numbers every time.
struct Scramble {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 24
    }
}
