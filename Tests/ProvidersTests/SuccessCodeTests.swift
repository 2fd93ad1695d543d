import Core
import Providers
import XCTest

/// An error object whose code says that all went well states no error.
final class SuccessCodeTests: XCTestCase {
    /// Codes as JSON values.
    private let codes = [
        #""Success""#, #""success""#, #""SUCCESS""#, #""OK""#, #""ok""#, #""0""#, "0", #""000000""#, #""200""#, "200",
        #""Succeeded""#, #"" success ""#, #""NoError""#, #""none""#, "0.0", #""null""#, #""NO_ERROR""#,
    ]

    private func errors() -> [String] {
        codes.flatMap { [#"{"Code":\#($0),"Message":""}"#, #"{"code":\#($0),"message":"success"}"#, $0] }
            + [#"{"Message":"ok"}"#, #"{"Code":null,"Message":"Success"}"#, #"{"Code":"","Details":[],"More":{}}"#]
    }

    func testTencent() throws {
        let calls = try Calls()
        for error in errors() {
            let done = #"{"Response":{"Error":\#(error),"Status":"DONE","ImageUrls":["https://a/b"],"RequestId":"r"}}"#
            let answer = try calls.tencent(calls.tencentStatus, reply(200, done)).answer()
            XCTAssertEqual(answer.state, .succeeded, error)
            XCTAssertEqual(answer.assets.count, 1, error)
            let runs = #"{"Response":{"Error":\#(error),"Status":"RUN","RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentStatus, reply(200, runs)).answer().state, .running, error)
            let made = #"{"Response":{"Error":\#(error),"TaskId":"4-x","RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(200, made)).answer().remoteID, "4-x", error)
            // Alone it says nothing: neither a refusal nor a job.
            let alone = #"{"Response":{"Error":\#(error),"RequestId":"r"}}"#
            for call in [calls.tencentSubmit, calls.tencentStatus] {
                XCTAssertEqual(try calls.tencent(call, reply(200, alone)).failed().kind, .unreadable, error)
            }
            // Behind it stands an error that counts.
            let both = #"{"Response":{"Error":\#(error),"error":{"Code":"AuthFailure","Message":"m"},"RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(200, both)).failed().kind, .refused, error)
        }
    }

    func testAlibaba() throws {
        let calls = try Calls(alibabaID: "7")
        for code in codes {
            let head = #""Code":\#(code),"code":\#(code),"errCode":\#(code),"Message":"m","requestId":"r","#
            let job = #""data":{"id":"7","jobStatus":"FINISHED","resultImageUrl":["a.png"]}"#
            for body in [
                #"{\#(head)\#(job)}"#, #"{"success":true,\#(head)\#(job)}"#, #"{"success":null,\#(head)\#(job)}"#,
            ] {
                let answer = try calls.alibaba(calls.alibabaStatus, reply(200, body)).answer()
                XCTAssertEqual(answer.state, .succeeded, body)
                XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(200, body)).answer().remoteID, "7", body)
            }
            // Alone it is no refusal, whatever the HTTP status: nobody knows the outcome of a submission.
            for (status, data) in [(200, ""), (200, #","data":null"#), (400, ""), (403, #","data":null"#)] {
                let alone = #"{\#(head)"x":1\#(data)}"#
                for call in [calls.alibabaSubmit, calls.alibabaStatus] {
                    let failed = try calls.alibaba(call, reply(status, alone)).failed()
                    XCTAssertEqual(failed.kind, .unreadable, alone)
                    XCTAssertNil(failed.failure.providerCode, alone)
                }
            }
            let word = code.filter { $0 != "\"" }
            let markup = "<Error><Code>\(word)</Code><Message>m</Message><RequestId>r</RequestId></Error>"
            for call in [calls.alibabaSubmit, calls.alibabaStatus] {
                XCTAssertEqual(try calls.alibaba(call, reply(400, markup)).failed().kind, .unreadable, markup)
            }
            // A failed job is not called "Success".
            let failed = try calls.alibaba(
                calls.alibabaStatus,
                reply(200, #"{"success":true,"errCode":\#(code),"data":{"id":"7","jobStatus":"FAILED"}}"#)
            ).answer()
            guard case .failed(let failure) = failed.state else { return XCTFail(code) }
            XCTAssertEqual(failure.providerCode, "FAILED", code)
        }
        // An error beside no data is one.
        let refused = #"{"Code":"MissingParameter","Message":"m","RequestId":"r","data":null,"success":null}"#
        XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(400, refused)).failed().kind, .refused)
    }

    /// Calls by name too.
    func testDirectCalls() throws {
        let tencent = try tencent()
        let read = try tencent.call(action: "DescribeThings", json: nil, reads: true)
        let alibaba = try alibaba()
        let get = try alibaba.call(action: "GetThing GET /api/v1/thing", json: nil, reads: true)
        for code in codes {
            let one = reply(200, #"{"Response":{"Error":{"Code":\#(code)},"Things":[],"RequestId":"r"}}"#)
            let first = tencent.decode(read, operation: "", reply: one, unixMilliseconds: 0)
            XCTAssertEqual(try first.answer().state, .succeeded, code)
            let other = reply(200, #"{"Code":\#(code),"Message":"fine","Things":[],"RequestId":"r"}"#)
            let second = alibaba.decode(get, operation: "", reply: other, unixMilliseconds: 0)
            XCTAssertEqual(try second.answer().state, .succeeded, code)
        }
    }

    /// What only holds such a word is an error.
    func testOtherCodes() throws {
        let calls = try Calls()
        for code in ["AuthFailure", "InvalidParameter.OK", "AuthFailure.Success", "UnsupportedOperation.0"] {
            let body = #"{"Response":{"Error":{"Code":"\#(code)","Message":"ok"},"Status":"RUN","RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentStatus, reply(200, body)).failed().kind, .refused, code)
        }
        for error in [#"{"Code":1}"#, #"{"Code":"","Message":"no such task"}"#, #""no""#, "true", "1"] {
            let body = #"{"Response":{"Error":\#(error),"Status":"DONE","ImageUrls":["https://a/b"],"RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentStatus, reply(200, body)).failed().kind, .unreadable, error)
        }
    }
}
