import Codec
import Core
import Foundation
import XCTest

@testable import Credentials

/// A server made of a closure. Keeps what it was asked.
final class ScriptedServer: BlockingTransport, @unchecked Sendable {  // used by one thread at a time
    typealias Answer = (HTTPRequest) -> TransferResult
    private let answer: Answer
    private(set) var requests: [HTTPRequest] = []
    private(set) var options: [TransferOptions] = []

    init(_ answer: @escaping Answer = { _ in .failed(ScriptedServer.nobody) }) { self.answer = answer }

    static let nobody = TransferFailure(.connect, requestMayHaveLeft: false, detail: "connection refused")

    static func reply(_ status: Int, _ body: String) -> TransferResult {
        .reply(HTTPReply(status: status, body: Array(body.utf8)))
    }

    func exchange(_ request: HTTPRequest, options: TransferOptions) -> TransferResult {
        requests.append(request)
        self.options.append(options)
        return answer(request)
    }
}

/// Commands that are not run.
final class ScriptedProcesses: CredentialProcesses, @unchecked Sendable {  // used by one thread at a time
    var output = ""
    private(set) var asked: [[String]] = []

    func run(
        _ arguments: [String], environment: [String: String], timeoutMilliseconds: Int64, maximumBytes: Int,
        isWhole: ([UInt8]) -> Bool, isCancelled: @Sendable () -> Bool
    ) throws(CredentialUnavailable) -> [UInt8] {
        asked.append(arguments)
        return Array(output.utf8)
    }
}

/// A home directory of its own, and a clock that stands at 2026-01-01T00:00:00Z.
class CredentialTestCase: XCTestCase {
    static let now: Int64 = 1_767_225_600_000
    let end = "2026-01-01T01:00:00Z"
    let endMilliseconds: Int64 = 1_767_229_200_000
    private(set) var home = ""

    override func setUpWithError() throws {
        home = NSTemporaryDirectory() + "aigc-credentials-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(atPath: home)
    }

    @discardableResult
    func write(_ path: String, _ text: String, mode: Int = 0o600) throws -> String {
        let full = home + "/" + path
        try FileManager.default.createDirectory(
            atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: full))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: full)
        return full
    }

    func context(
        _ environment: [String: String] = [:], _ server: ScriptedServer = ScriptedServer(),
        processes: any CredentialProcesses = LocalProcesses(), _ change: (inout CredentialSettings) -> Void = { _ in }
    ) -> CredentialContext {
        var settings = CredentialSettings()
        settings.systemRoot = home + "/root"
        change(&settings)
        return CredentialContext(
            environment: environment, transport: server, settings: settings, homeDirectory: home,
            unixMilliseconds: { Self.now }, processes: processes)
    }

    /// Expects a source to give nothing, and hands out why.
    func refusal(
        _ source: any CredentialSource, _ context: CredentialContext, _ file: StaticString = #filePath,
        _ line: UInt = #line
    ) -> CredentialUnavailable? {
        do {
            let found = try source.fetch(context)
            XCTFail("gave \(found.source)", file: file, line: line)
            return nil
        } catch {
            return error
        }
    }

    func assert(
        _ credentials: Credentials, _ id: String, _ secret: String, _ token: String?, _ source: String? = nil,
        end: Int64 = 0, _ file: StaticString = #filePath, _ line: UInt = #line
    ) {
        XCTAssertEqual(credentials.id, id, file: file, line: line)
        XCTAssertEqual(credentials.secret.revealed(), secret, file: file, line: line)
        XCTAssertEqual(credentials.token?.revealed(), token, file: file, line: line)
        XCTAssertEqual(credentials.expiresAtMilliseconds, end, file: file, line: line)
        if let source { XCTAssertEqual(credentials.source, source, file: file, line: line) }
    }

    func alibabaKeys(_ id: String = "STS.id") -> String {
        #""AccessKeyId":"\#(id)","AccessKeySecret":"sts-secret","SecurityToken":"sts-token","Expiration":"\#(end)""#
    }

    func alibabaSTSAnswer(_ id: String = "STS.id") -> String { "{\"Credentials\":{\(alibabaKeys(id))}}" }
    func metadataAnswer(_ id: String = "STS.id") -> String { "{\"Code\":\"Success\",\(alibabaKeys(id))}" }

    let tencentSTSAnswer =
        #"{"Response":{"Credentials":{"Token":"t-token","TmpSecretId":"AKIDtmp","TmpSecretKey":"t-key"},"#
        + #""ExpiredTime":1767229200,"Expiration":"2026-01-01T01:00:00Z","RequestId":"r"}}"#
    let cvmAnswer =
        #"{"Code":"Success","TmpSecretId":"AKIDcvm","TmpSecretKey":"c-key","Token":"c-token","#
        + #""ExpiredTime":1767229200,"Expiration":"2026-01-01T01:00:00Z"}"#
}

func plan(of provider: String) -> CredentialPlan { provider == "alibaba" ? .alibaba : .tencent }
