import Codec
import Core
import Providers
import XCTest

/// Calls by the provider's own name: what leaves, what is refused before it leaves, and how answers are read.
final class DirectCallTests: XCTestCase {
    private func make(
        _ provider: some CheckingProvider, _ action: String, _ json: String? = nil, reads: Bool = false
    ) throws -> ProviderCall {
        try provider.call(action: action, json: json.map { Array($0.utf8) }, reads: reads)
    }

    private func why(
        _ provider: some CheckingProvider, _ action: String, _ json: String? = nil, reads: Bool = false,
        line: UInt = #line
    ) throws -> Core.Failure {
        try refusal(#filePath, line) { _ = try make(provider, action, json, reads: reads) }
    }

    // MARK: - What leaves

    func testTencentCalls() throws {
        let json = #"{ "PageNum": 1, "Ratio": 1.50, "Big": 12345678901234567890, "中": "\u4e2d" }"#
        for reads in [true, false] {
            let call = try make(tencent(), "DescribeAigcTaskList", json, reads: reads)
            XCTAssertEqual(call.kind, reads ? .read : .submit)
            XCTAssertTrue(call.isDirect)
            XCTAssertEqual(call.action, "DescribeAigcTaskList")
            // Byte for byte: no number changes its form.
            XCTAssertEqual(String(decoding: call.body, as: UTF8.self), json)
        }
        XCTAssertEqual(String(decoding: try make(tencent(), "X").body, as: UTF8.self), "{}")
        let request = try tencent(TencentSettings(region: "ap-guangzhou")).sign(
            make(tencent(TencentSettings(region: "ap-guangzhou")), "SomethingNew", "{}"),
            credentials: Credentials(id: "AKID", secret: Secret("s")), unixSeconds: 1_795_252_765, nonce: "n")
        XCTAssertEqual(request.method, .post)
        XCTAssertEqual(request.url, "https://mps.tencentcloudapi.com/")
        let headers = HTTPHeaders(request.headers)
        XCTAssertEqual(headers["x-tc-action"], "SomethingNew")
        XCTAssertEqual(headers["x-tc-version"], "2019-06-12")
        XCTAssertTrue(headers["authorization"]?.contains("/mps/tc3_request") == true)
    }

    func testAlibabaCallsByKnownNames() throws {
        let prefix = "/api/v1/personalizedtxt2img/"
        for (name, method, path) in [
            ("PersonalizedTextToImageAddInferenceJob", "POST", "addPreModelInferenceJob"),
            ("PersonalizedTextToImageQueryPreModelInferenceJobInfo", "GET", "queryPreModelInferenceJobInfo"),
            ("PersonalizedTextToImageQueryImageAsset", "GET", "queryImageAssetFromImageId"),
            ("Personalizedtxt2imgAddModelTrainJob", "POST", "addModelTrainJob"),
            ("Personalizedtxt2imgQueryModelTrainStatus", "GET", "queryModelTrainStatus"),
            ("Personalizedtxt2imgQueryModelTrainJobList", "GET", "queryModelTrainJobList"),
            ("Personalizedtxt2imgAddInferenceJob", "POST", "addInferenceJob"),
            ("Personalizedtxt2imgQueryInferenceJobInfo", "GET", "queryInferenceJobInfo"),
            ("Personalizedtxt2imgQueryImageAsset", "GET", "queryImageAsset"),
        ] {
            let call = try make(alibaba(), name, "{\"modelId\":\"m\"}")
            XCTAssertEqual(call.action, name)
            XCTAssertEqual(call.method.rawValue, method, name)
            XCTAssertEqual(call.path, prefix + path)
            XCTAssertEqual(call.query.map { $0.name }, method == "GET" ? ["modelId"] : [], name)
            XCTAssertEqual(String(decoding: call.body, as: UTF8.self), method == "GET" ? "" : "{\"modelId\":\"m\"}")
        }
    }

    func testAlibabaCallsByPath() throws {
        let get = try make(
            alibaba(), "GetThing GET /api/v1/thing",
            #"{"text":"a b&c=/ö","int":-5,"big":1e300,"yes":true,"none":null,"list":[1,"x"],"map":{"a":1},"empty":""}"#,
            reads: true)
        XCTAssertEqual(get.kind, .read)
        XCTAssertEqual(get.action, "GetThing")
        XCTAssertEqual(get.path, "/api/v1/thing")
        XCTAssertEqual(
            get.query.map { $0.name + "=" + $0.value },
            [
                "text=a b&c=/ö", "int=-5", "big=1e300", "yes=true", #"list=[1,"x"]"#, #"map={"a":1}"#, "empty=",
            ])
        let request = try alibaba().sign(
            get, credentials: Credentials(id: "id", secret: Secret("s")), unixSeconds: 1_795_252_765,
            nonce: "a8f38396f9ab7ae35a451683497ce637")
        XCTAssertTrue(request.url.contains("text=a%20b%26c%3D%2F%C3%B6"), request.url)
        XCTAssertTrue(request.url.hasPrefix("https://aicontent.aliyuncs.com/api/v1/thing?big="), request.url)
        XCTAssertTrue(request.body.isEmpty)
        for method in ["POST", "PUT"] {
            let call = try make(alibaba(), "SetThing \(method) /a-b/c_d/~1.2/", "{\"x\": 1.0}")
            XCTAssertEqual(call.method.rawValue, method)
            XCTAssertEqual(String(decoding: call.body, as: UTF8.self), "{\"x\": 1.0}")
            XCTAssertTrue(call.query.isEmpty)
        }
    }

    // MARK: - What is refused

    func testInvalidNamesAndPaths() throws {
        for action in ["", " ", "A B", "Describe\r\nX-Evil: 1", "a/b", "名", "A.B", String(repeating: "a", count: 129)] {
            XCTAssertEqual(try why(tencent(), action).field, "action", action)
            XCTAssertEqual(try why(alibaba(), action).field, "action", action)
        }
        for path in [
            "", "x", "//evil.example/", "/a//b", "/../x", "/a/./b", "/a/..", "/a?x=1", "/a#b", "/a%2fb", "/a b", "/ä",
            "/a\\b", "/a@b", "/" + String(repeating: "a", count: 1_100), "http://evil.example/", "/a\r\nX: 1",
        ] {
            XCTAssertEqual(try why(alibaba(), "Get GET " + path).field, "action", path)
        }
        for method in ["get", "DELETE", "HEAD", "CONNECT", ""] {
            XCTAssertEqual(try why(alibaba(), "Get \(method) /x").field, "action", method)
        }
        let near = try why(alibaba(), "Personalizedtxt2imgQueryModelTrainStatu")
        XCTAssertTrue(near.message.contains("\"Personalizedtxt2imgQueryModelTrainStatus\""), near.message)
    }

    func testInvalidParameters() throws {
        for json in ["", "[]", "1", "null", "\"x\"", "{", "{\"a\":1}x", "{'a':1}"] {
            XCTAssertEqual(try why(tencent(), "X", json).field, "json", json)
            XCTAssertEqual(try why(alibaba(), "X POST /x", json).field, "json", json)
            XCTAssertEqual(try why(alibaba(), "X GET /x", json, reads: true).field, "json", json)
        }
        XCTAssertEqual(try why(alibaba(), "X GET /x", "{\"\":1}").field, "json")
        let long = "{\"a\":\"" + String(repeating: "x", count: 17_000) + "\"}"
        XCTAssertEqual(try why(alibaba(), "X GET /x", long).field, "json")
        XCTAssertNoThrow(try make(alibaba(), "X POST /x", long))
        let endless = "{\"a\":\"" + String(repeating: "x", count: 10 << 20) + "\"}"
        XCTAssertEqual(try why(tencent(), "X", endless).field, "json")
        let deep = "{\"a\":" + String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000) + "}"
        XCTAssertEqual(try why(tencent(), "X", deep).field, "json")
    }

    /// What would be paid for each time it is repeated is never taken for a read.
    func testSubmissionsAreNoReads() throws {
        for row in Clouds.requests.flatMap({ table in table.operations.map { (table.provider, $0) } }) {
            guard row.1.kind == .submit else { continue }
            let failure: Core.Failure
            if row.0 == "tencent" {
                failure = try why(tencent(), row.1.wireName, "{}", reads: true)
                XCTAssertNoThrow(try make(tencent(), row.1.wireName, "{}"))
            } else {
                failure = try why(alibaba(), row.1.wireName, "{}", reads: true)
                let call = try make(alibaba(), row.1.wireName, "{}")
                // Also under another name.
                XCTAssertEqual(try why(alibaba(), "Other POST \(call.path)", "{}", reads: true).field, "reads")
            }
            // Servers that compare in any case take each of these for the same order.
            for form in [row.1.wireName.lowercased(), row.1.wireName.uppercased()] {
                if row.0 == "tencent" {
                    XCTAssertEqual(try why(tencent(), form, "{}", reads: true).field, "reads", form)
                    continue
                }
                let path = try make(alibaba(), row.1.wireName, "{}").path
                for place in ["/other", path, path.uppercased(), path + "/"] {
                    XCTAssertEqual(
                        try why(alibaba(), "\(form) POST \(place)", "{}", reads: true).field, "reads",
                        "\(form) \(place)")
                    XCTAssertEqual(
                        try why(alibaba(), "\(form) GET \(place)", "{}", reads: true).field, "reads", "\(form) \(place)"
                    )
                }
                XCTAssertEqual(try why(alibaba(), "Other POST \(path.uppercased())", "{}", reads: true).field, "reads")
            }
            XCTAssertEqual(failure.field, "reads", row.1.wireName)
            XCTAssertTrue(failure.message.contains("sent once"), failure.message)
        }
    }

    // MARK: - Answers

    private func decode(
        _ provider: some CheckingProvider, _ call: ProviderCall, _ status: Int, _ body: String
    ) -> Result<JobAnswer, CallFailure> {
        provider.decode(call, operation: call.action, reply: reply(status, body), unixMilliseconds: Calls.now)
    }

    func testGoodAnswers() throws {
        let bodies = [
            #"{"Response":{"Total":0,"Tasks":[],"RequestId":"r"}}"#, #"{"Response":{"TaskId":"x","RequestId":"r"}}"#,
            #"{"Response":{"Error":null,"RequestId":"r"}}"#, #"{"Response":{"Status":"FAIL","RequestId":"r"}}"#,
        ]
        for reads in [true, false] {
            for body in bodies {
                let answer = try decode(tencent(), make(tencent(), "X", reads: reads), 200, body).answer()
                XCTAssertEqual(answer.state, .succeeded)
                XCTAssertEqual(answer.remoteID, "")
                XCTAssertEqual(String(decoding: answer.response, as: UTF8.self), body)
                XCTAssertEqual(answer.requestID, "r")
            }
            for body in [
                #"{"requestId":"r","success":true,"data":{"modelTrainStatus":"FINISHED"}}"#,
                #"{"requestId":"r","success":true,"data":[],"errCode":"UNKNOWN_ERROR"}"#,
                #"{"requestId":"r","items":[1]}"#, #"{"RequestId":"r","Code":"200","Message":"OK","Items":[]}"#,
                #"{"RequestId":"r","Code":"Success"}"#,
            ] {
                let call = try make(alibaba(), "X POST /x", reads: reads)
                let answer = try decode(alibaba(), call, 200, body).answer()
                XCTAssertEqual(answer.state, .succeeded)
                XCTAssertEqual(String(decoding: answer.response, as: UTF8.self), body)
                XCTAssertEqual(answer.requestID, "r", body)
            }
        }
    }

    /// An answer of many megabytes is the result: unlike the answers about jobs it is kept whole.
    func testLongAnswersAreKept() throws {
        let body = #"{"Response":{"Data":""# + String(repeating: "x", count: 3 << 20) + #"","RequestId":"r"}}"#
        let answer = try decode(tencent(), make(tencent(), "X", reads: true), 200, body).answer()
        XCTAssertEqual(answer.response.count, body.utf8.count)
    }

    /// The same table of codes as for everything else; in a write, what nobody can be sure of is in doubt.
    func testBadAnswers() throws {
        let cases: [(status: Int, body: String, read: FailureKind, write: FailureKind)] = [
            (
                200, #"{"Response":{"Error":{"Code":"InvalidAction","Message":"no"},"RequestId":"r"}}"#, .refused,
                .refused
            ),
            (200, #"{"Response":{"Error":{"Code":"InternalError"},"RequestId":"r"}}"#, .transient, .transient),
            (200, #"{"Response":{"Error":{"Code":"RequestLimitExceeded"},"RequestId":"r"}}"#, .throttled, .throttled),
            (200, #"{"Response":{"Error":{"Code":"ResourceNotFound"},"RequestId":"r"}}"#, .notFound, .refused),
            (200, #"{"Response":{"Error":{"Code":"InvalidAction"}}}"#, .refused, .transient),
            (200, "<html>", .unreadable, .unreadable), (200, "", .unreadable, .unreadable),
            (502, #"{"Response":{"RequestId":"r"}}"#, .unreadable, .unreadable),
        ]
        for test in cases {
            for reads in [true, false] {
                let failed = try decode(tencent(), make(tencent(), "X", reads: reads), test.status, test.body).failed()
                XCTAssertEqual(failed.kind, reads ? test.read : test.write, "\(test.body), reads: \(reads)")
            }
        }
        for (body, kind) in [
            (#"{"requestId":"r","success":false,"errCode":"B_PARAMETER_NOT_FOUND_EXCEPTION"}"#, FailureKind.refused),
            (#"{"RequestId":"r","Code":"Forbidden.RAM"}"#, .refused), (#"{"RequestId":"r","Code":"Odd"}"#, .transient),
            (#"{"RequestId":"r","success":false,"Code":"200"}"#, .transient), ("[]", .unreadable),
        ] {
            let failed = try decode(alibaba(), make(alibaba(), "X POST /x", reads: true), 200, body).failed()
            XCTAssertEqual(failed.kind, kind, body)
        }
    }
}
