import Codec
import Core
import Foundation
import Providers
import XCTest

/// Files of Tests/fixtures, and short ways to providers, calls and replies.
enum Fixtures {
    private static func folder(_ file: String = #filePath) -> URL {
        URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("fixtures")
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder().appendingPathComponent("providers/" + name)))
    }

    /// The vendors' vectors and captures, which the signing tests keep.
    static func vendor(_ name: String) throws -> JSONValue {
        try JSONValue.parse([UInt8](try Data(contentsOf: folder().appendingPathComponent("signing/" + name))))
    }

    /// Lines of a table, split at "|", without comments.
    static func rows(_ name: String) throws -> [[String]] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "|").map { String($0) } }
    }
}

func alibaba(_ settings: AlibabaSettings = AlibabaSettings()) throws -> AlibabaProvider {
    try AlibabaProvider(settings)
}

func tencent(_ settings: TencentSettings = TencentSettings()) throws -> TencentProvider {
    try TencentProvider(settings)
}

func reply(_ status: Int, _ body: [UInt8], _ headers: [(String, String)] = []) -> HTTPReply {
    HTTPReply(status: status, headers: HTTPHeaders(headers.map { HTTPHeader($0.0, $0.1) }), body: body)
}

func reply(_ status: Int, _ body: String, _ headers: [(String, String)] = []) -> HTTPReply {
    reply(status, Array(body.utf8), headers)
}

/// A submission and a status call of each cloud.
struct Calls {
    let alibaba: AlibabaProvider
    let tencent: TencentProvider
    let alibabaSubmit: ProviderCall
    let alibabaStatus: ProviderCall
    let tencentSubmit: ProviderCall
    let tencentStatus: ProviderCall
    static let now: Int64 = 1_795_252_765_000

    init(alibabaID: String = "3220") throws {
        alibaba = try AlibabaProvider(AlibabaSettings())
        tencent = try TencentProvider(TencentSettings())
        var fields = RequestFields()
        fields.values = ["model": .string("m"), "prompt": .string("a <special-token>")]
        alibabaSubmit = try alibaba.submission(operation: "inference", fields: fields)
        alibabaStatus = alibaba.statusCall(alibaba.reference(operation: "inference", remoteID: alibabaID))
        fields.values = ["prompt": .string("p")]
        tencentSubmit = try tencent.submission(operation: "aigc_image", fields: fields)
        tencentStatus = tencent.statusCall(tencent.reference(operation: "aigc_image", remoteID: "4-AigcImage-1"))
    }

    func alibaba(_ call: ProviderCall, _ reply: HTTPReply) -> Result<JobAnswer, CallFailure> {
        alibaba.decode(call, operation: "inference", reply: reply, unixMilliseconds: Self.now)
    }

    func tencent(_ call: ProviderCall, _ reply: HTTPReply) -> Result<JobAnswer, CallFailure> {
        tencent.decode(call, operation: "aigc_image", reply: reply, unixMilliseconds: Self.now)
    }
}

extension Result where Success == JobAnswer, Failure == CallFailure {
    func answer(_ file: StaticString = #filePath, _ line: UInt = #line) throws -> JobAnswer {
        switch self {
        case .success(let answer): return answer
        case .failure(let failed):
            XCTFail("\(failed.kind): \(failed.failure.message)", file: file, line: line)
            throw failed
        }
    }

    func failed(_ file: StaticString = #filePath, _ line: UInt = #line) throws -> CallFailure {
        switch self {
        case .success(let answer):
            XCTFail("succeeded: \(answer)", file: file, line: line)
            throw CancellationError()
        case .failure(let failed): return failed
        }
    }
}

/// Expects a Failure and hands it out.
func refusal(
    _ file: StaticString = #filePath, _ line: UInt = #line, _ body: () throws -> Void
) throws -> Core.Failure {
    do {
        try body()
    } catch {
        return try XCTUnwrap(error as? Core.Failure, file: file, line: line)
    }
    XCTFail("was not refused", file: file, line: line)
    throw CancellationError()
}

extension JSONValue {
    /// Members in the order of their names, all the way down: for comparisons.
    var sorted: JSONValue {
        switch self {
        case .array(let values): return .array(values.map { $0.sorted })
        case .object(let members):
            return .object(
                members.map { JSONMember($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
        default: return self
        }
    }

    static func sorted(_ bytes: [UInt8]) throws -> JSONValue { try parse(bytes).sorted }
}

enum Data64 {
    static func decode(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }
}
