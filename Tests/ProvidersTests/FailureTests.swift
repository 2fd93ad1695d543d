import Core
import Providers
import XCTest

/// Every documented code, every envelope, and what depends on them: whether a submission may be sent again.
final class FailureTests: XCTestCase {
    private let kinds: [String: FailureKind] = [
        "refused": .refused, "throttled": .throttled, "clockSkew": .clockSkew, "staleCredentials": .staleCredentials,
        "notFound": .notFound, "transient": .transient, "concurrencyLimit": .concurrencyLimit,
    ]

    private func status(_ name: String) -> Status? { Status.allCases.first { "\($0)" == name } }

    private func check(_ file: String, _ decode: (Bool, String, Int) throws -> [CallFailure]) throws {
        let rows = try Fixtures.rows(file)
        XCTAssertGreaterThan(rows.count, 40)
        for row in rows {
            let http = try XCTUnwrap(Int(row[1]))
            for isSubmit in [true, false] {
                for failed in try decode(isSubmit, row[0], http) {
                    let name = "\(row[0]) \(http) submit: \(isSubmit)"
                    let kind = try XCTUnwrap(kinds[row[isSubmit ? 2 : 3]], name)
                    XCTAssertEqual(failed.kind, kind, name)
                    XCTAssertEqual(failed.failure.status, status(row[isSubmit ? 4 : 5]), name)
                    XCTAssertEqual(failed.failure.providerCode, row[0])
                    XCTAssertEqual(failed.failure.providerMessage, "words")
                    XCTAssertEqual(failed.failure.requestID, "req-1")
                    XCTAssertEqual(failed.failure.httpStatus, http)
                    XCTAssertEqual(failed.failure.outcome, SubmitOutcome.none)
                    XCTAssertTrue(failed.failure.message.contains(row[0]), failed.failure.message)
                    XCTAssertFalse(failed.failure.message.contains("\n"))
                    // Never invite to send anew what may have been executed.
                    if isSubmit, kind == .transient { XCTAssertFalse(failed.failure.isRetryable, name) }
                    if kind == .throttled || kind == .concurrencyLimit || !isSubmit && kind == .transient {
                        XCTAssertTrue(failed.failure.isRetryable, name)
                    }
                }
            }
        }
    }

    func testEveryCodeOfAlibaba() throws {
        let calls = try Calls()
        try check("codes_alibaba.txt") { isSubmit, code, http in
            let call = isSubmit ? calls.alibabaSubmit : calls.alibabaStatus
            let bodies = [
                #"{"RequestId":"req-1","Message":"words","HostId":"h","Code":"\#(code)"}"#,
                #"{"requestId":"req-1","success":false,"errCode":"\#(code)","errMessage":"words","data":null}"#,
                #"{"requestId":"req-1","success":false,"errCode":"\#(code)","errMessage":"words","httpStatusCode":\#(http)}"#,
                #"{"requestId":"req-1","errCode":"\#(code)","errMessage":"words"}"#,
                "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>words</Message>"
                    + "<RequestId>req-1</RequestId></Error>\n",
            ]
            return try bodies.map { try calls.alibaba(call, reply(http, $0)).failed() }
        }
    }

    func testEveryCodeOfTencent() throws {
        let calls = try Calls()
        try check("codes_tencent.txt") { isSubmit, code, http in
            let call = isSubmit ? calls.tencentSubmit : calls.tencentStatus
            let body = #"{"Response":{"Error":{"Code":"\#(code)","Message":"words"},"RequestId":"req-1"}}"#
            return [try calls.tencent(call, reply(http, body)).failed()]
        }
    }

    /// Too many tasks at once is another matter than calls that come too fast; both clouds tell it by words alone.
    func testTooManyTasksAtOnceIsNoMatterOfTheRate() throws {
        let calls = try Calls()
        let crowds = [
            "The number of running tasks has reached the maximum concurrency.", "exceeds the concurrent limit",
            "Too many CONCURRENT tasks", "too many tasks at the same time", "任务并发数超过限制", "同时运行的任务数超限",
        ]
        let rates = [
            "Your current request times equals to 21 in a second, which exceeds the frequency limit 20 for a second. "
                + "Please reduce the frequency of calls.", "Request was denied due to user flow control.", "",
            "请求频率超过限制",
        ]
        for (texts, submit) in [(crowds, FailureKind.concurrencyLimit), (rates, .throttled)] {
            for text in texts {
                for code in ["RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded"] {
                    let body = #"{"Response":{"Error":{"Code":"\#(code)","Message":"\#(text)"},"RequestId":"r"}}"#
                    let made = try calls.tencent(calls.tencentSubmit, reply(200, body)).failed()
                    XCTAssertEqual(made.kind, submit, text)
                    XCTAssertEqual(made.failure.status, .throttled)
                    XCTAssertTrue(made.failure.isRetryable)
                    let waits = made.failure.message.contains("another task of the account ends")
                    XCTAssertEqual(waits, submit == .concurrencyLimit)
                    // A status call makes no task.
                    XCTAssertEqual(try calls.tencent(calls.tencentStatus, reply(200, body)).failed().kind, .throttled)
                }
                for code in ["Throttling", "Throttling.User", "Throttling.AllocationQuota"] {
                    let body = #"{"RequestId":"r","Message":"\#(text)","HostId":"h","Code":"\#(code)"}"#
                    XCTAssertEqual(
                        try calls.alibaba(calls.alibabaSubmit, reply(400, body)).failed().kind, submit, text)
                    XCTAssertEqual(try calls.alibaba(calls.alibabaStatus, reply(400, body)).failed().kind, .throttled)
                }
            }
        }
        // A code of its own that no page knows; and the same words where nothing was throttled.
        for (code, submit) in [
            ("ConcurrencyLimitExceeded", FailureKind.concurrencyLimit), ("LimitExceeded.CreateTask", .concurrencyLimit),
            ("TooManyConcurrentTasks", .concurrencyLimit), ("InvalidParameter", .refused),
            ("InternalError", .transient), ("ConcurrentModification", .refused),
        ] {
            let error = #"{"Code":"\#(code)","Message":"concurrent"}"#
            let body = #"{"Response":{"Error":\#(error),"RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(200, body)).failed().kind, submit, code)
        }
    }

    /// HTTP 200 with success=false: the known codes mean what they mean, the unknown leave a submission in doubt.
    func testServiceErrorBehind200() throws {
        let calls = try Calls()
        for (code, inner, submit, status) in [
            ("B_PARAMETER_NOT_FOUND_EXCEPTION", "", FailureKind.refused, FailureKind.refused),
            ("B_DATA_NOT_FOUND_EXCEPTION", "", .refused, .notFound), ("UNKNOWN_ERROR", "", .transient, .transient),
            ("B_UNHEARD_OF", "", .transient, .transient),
            ("B_UNHEARD_OF", ",\"httpStatusCode\":200", .transient, .transient),
            ("B_UNHEARD_OF", ",\"httpStatusCode\":400", .refused, .refused),
            ("B_UNHEARD_OF", ",\"httpStatusCode\":404", .refused, .notFound),
            ("B_UNHEARD_OF", ",\"httpStatusCode\":500", .transient, .transient),
            ("B_UNHEARD_OF", ",\"httpStatusCode\":99999999999", .transient, .transient),
            ("B_UNHEARD_OF", ",\"httpStatusCode\":\"400\"", .transient, .transient),
        ] {
            let body = #"{"requestId":"r","success":false,"errCode":"\#(code)","errMessage":null,"data":null\#(inner)}"#
            XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(200, body)).failed().kind, submit, code + inner)
            XCTAssertEqual(try calls.alibaba(calls.alibabaStatus, reply(200, body)).failed().kind, status, code + inner)
        }
    }

    /// Whatever error stands beside a job: the job may run, and is not submitted anew. Its id is told.
    func testAnErrorBesideAJobLeavesASubmissionInDoubt() throws {
        let calls = try Calls()
        let ids = [#""3220""#, "3220", "12345678901234567890", "true", #""\#(String(repeating: "9", count: 2_000))""#]
        for http in [200, 400, 403, 429, 500] {
            for id in ids {
                for row in try Fixtures.rows("codes_alibaba.txt") + [["null"]] {
                    let code = row[0] == "null" ? "null" : "\"\(row[0])\""
                    for success in [#""success":false,"#, ""] where http != 200 || !success.isEmpty {
                        let body = #"{"requestId":"r",\#(success)"errCode":\#(code),"data":{"id":\#(id)}}"#
                        let failed = try calls.alibaba(calls.alibabaSubmit, reply(http, body)).failed()
                        XCTAssertTrue(
                            [.unreadable, .transient].contains(failed.kind), "\(http) \(body): \(failed.kind)")
                        XCTAssertEqual(
                            failed.failure.message.contains("names the job 3220"), id.count < 7 && id != "true")
                    }
                }
                for row in try Fixtures.rows("codes_tencent.txt") {
                    let error = #"{"Code":"\#(row[0])","Message":"m"}"#
                    let body = #"{"Response":{"Error":\#(error),"TaskId":\#(id),"RequestId":"r"}}"#
                    let failed = try calls.tencent(calls.tencentSubmit, reply(http, body)).failed()
                    XCTAssertEqual(failed.kind, .unreadable, "\(http) \(body)")
                    XCTAssertEqual(failed.failure.message.contains("names the job 3220"), id.count < 7 && id != "true")
                }
            }
        }
        // Nor is a job believed of an answer that is no success; its id is told.
        for http in [302, 404, 502] {
            let alibaba = #"{"requestId":"r","success":true,"data":{"id":"3220","jobStatus":"NOT_START"}}"#
            let tencent = #"{"Response":{"TaskId":"3220","RequestId":"r"}}"#
            for failed in [
                try calls.alibaba(calls.alibabaSubmit, reply(http, alibaba)).failed(),
                try calls.tencent(calls.tencentSubmit, reply(http, tencent)).failed(),
            ] {
                XCTAssertEqual(failed.kind, .unreadable)
                XCTAssertTrue(failed.failure.message.contains("names the job 3220"), failed.failure.message)
            }
        }
    }

    /// A refusal that ends a wait comes from the provider itself, and not from something in between.
    func testNobodyInBetweenEndsAJob() throws {
        let calls = try Calls()
        for http in [400, 401, 403, 404, 410] {
            for body in [
                #"{"Code":"AccessDenied","Message":"m"}"#, #"{"success":false,"errCode":"B_DATA_NOT_FOUND_EXCEPTION"}"#,
                #"{"success":false,"requestId":"r"}"#, "<Error><Code>AccessDenied</Code></Error>",
            ] {
                let failed = try calls.alibaba(calls.alibabaStatus, reply(http, body)).failed()
                XCTAssertTrue([.unreadable, .transient].contains(failed.kind), "\(http) \(body): \(failed.kind)")
                XCTAssertTrue(failed.failure.isRetryable)
            }
            let body = #"{"Response":{"Error":{"Code":"AuthFailure","Message":"m"}}}"#
            let failed = try calls.tencent(calls.tencentStatus, reply(http, body)).failed()
            XCTAssertEqual(failed.kind, .transient, "\(http)")
        }
    }

    /// A refusal of a submission counts only from the provider itself: with a code and a request id.
    func testRefusalsThatNobodyVouchesFor() throws {
        let calls = try Calls()
        let bodies = [
            #"{"Code":"InvalidParameter","Message":"m"}"#, #"{"Code":"Throttling.User","Message":"m"}"#,
            #"{"success":false,"errCode":"B_PARAMETER_NOT_FOUND_EXCEPTION"}"#, #"{"success":false,"requestId":"r"}"#,
            "<Error><Code>Throttling</Code></Error>",
        ]
        for body in bodies {
            for http in [200, 400] {
                let submit = try calls.alibaba(calls.alibabaSubmit, reply(http, body)).failed()
                XCTAssertTrue([.transient, .unreadable].contains(submit.kind), "\(http) \(body) \(submit.kind)")
                XCTAssertFalse(submit.failure.isRetryable)
            }
        }
        // The id of a header line is as good.
        let headed = reply(400, bodies[0], [("X-Acs-Request-Id", "req-9")])
        let failed = try calls.alibaba(calls.alibabaSubmit, headed).failed()
        XCTAssertEqual(failed.kind, .refused)
        XCTAssertEqual(failed.failure.requestID, "req-9")
        for body in [
            #"{"Response":{"Error":{"Code":"InvalidParameter","Message":"m"}}}"#,
            #"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"m"},"RequestId":""}}"#,
            #"{"Response":{"Error":{"Code":"RequestLimitExceeded"},"TaskId":"4-x","RequestId":"r"}}"#,
            #"{"Response":{"Error":{"Message":"m"},"RequestId":"r"}}"#, #"{"Response":{"Error":{},"RequestId":"r"}}"#,
            #"{"Response":{"Error":"no","RequestId":"r"}}"#,
            // What begins like a code and cannot be one.
            #"{"Response":{"Error":{"Code":"AuthFailure.\u0001 and more"},"RequestId":"r"}}"#,
            #"{"Response":{"Error":{"Code":"\#(String(repeating: "c", count: 200))"},"RequestId":"r"}}"#,
        ] {
            let submit = try calls.tencent(calls.tencentSubmit, reply(200, body)).failed()
            XCTAssertTrue([.transient, .unreadable].contains(submit.kind), "\(body) \(submit.kind)")
        }
        // An Error of null is none.
        XCTAssertEqual(
            try calls.tencent(
                calls.tencentSubmit, reply(200, #"{"Response":{"Error":null,"TaskId":"4-x","RequestId":"r"}}"#)
            ).answer().remoteID, "4-x")
    }

    func testWhatIsNoAnswerOfTheirs() throws {
        let calls = try Calls()
        let html = String(decoding: try Fixtures.bytes("proxy_502.html"), as: UTF8.self)
        let bodies = [
            "", " ", html, "null", "true", "5", "\"text\"", "[]", "{}", "{\"Response\":{}}", "{\"Response\":null}",
            "{\"Response\":[]}", "{\"data\":{}}", "{\"data\":null,\"success\":true}", "{\"success\":true}", "<Error>",
            "<Error></Error>", "<Error><Code></Code></Error>", "<html><Error><Code>Throttling</Code></Error></html>",
            "<Error><Code>Throttling</Code><RequestId>r</RequestId></Err", "\u{0}\u{1}\u{2}",
            "{\"Response\":{\"Status\":1}}",
            "{\"success\":\"true\",\"data\":{\"id\":\"3220\",\"jobStatus\":\"FINISHED\"}}",
            "{\"success\":true,\"data\":{\"jobStatus\":\"FINISHED\"},\"Code\":\"x\"",
        ]
        for body in bodies {
            for http in [200, 302, 400, 403, 404, 429, 500, 502, 503, 504, 599] {
                for (isAlibaba, call) in [
                    (true, calls.alibabaSubmit), (true, calls.alibabaStatus), (false, calls.tencentSubmit),
                    (false, calls.tencentStatus),
                ] {
                    let answer = reply(http, body, [("Content-Type", "text/html; charset=utf-8")])
                    let failed = try (isAlibaba ? calls.alibaba(call, answer) : calls.tencent(call, answer)).failed()
                    XCTAssertEqual(failed.kind, .unreadable, "\(http) \(body)")
                    XCTAssertEqual(failed.failure.status, .badResponse)
                    XCTAssertEqual(failed.failure.httpStatus, http)
                    XCTAssertEqual(failed.failure.isRetryable, call.kind != .submit)
                    XCTAssertTrue(failed.failure.message.contains("text/html"))
                    XCTAssertFalse(failed.failure.message.contains("Bad Gateway"), "the page is quoted")
                }
            }
        }
        // A whole success behind an error status is not believed.
        let accepted = try Fixtures.bytes("alibaba_not_start.json")
        let created = try Fixtures.bytes("tencent_create.json")
        for http in [301, 400, 500, 502] {
            XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(http, accepted)).failed().kind, .unreadable)
            XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(http, created)).failed().kind, .unreadable)
        }
    }

    func testWaits() throws {
        let calls = try Calls()
        let throttled = #"{"RequestId":"r","Message":"m","Code":"Throttling.User"}"#
        let date = ("Date", "Sat, 21 Nov 2026 09:19:25 GMT")
        let cases: [([(String, String)], Int64)] = [
            ([], 0), ([("x-acs-retry-after", "1500")], 1_500), ([("X-Acs-Retry-After", " 7 ")], 7),
            ([("x-acs-retry-after", "0")], 0), ([("x-acs-retry-after", "-5")], 0), ([("x-acs-retry-after", "1.5")], 0),
            ([("x-acs-retry-after", "soon")], 0), ([("x-acs-retry-after", "")], 0),
            ([("x-acs-retry-after", "99999999")], 120_000), ([("x-acs-retry-after", "99999999999999999999")], 0),
            ([("x-acs-retry-after", "+5")], 0), ([("Retry-After", "3")], 3_000), ([("Retry-After", "9999")], 120_000),
            ([("Retry-After", "9223372036854775807")], 120_000), ([("Retry-After", "99999999999999999999")], 0),
            ([("Retry-After", "-1")], 0), ([("Retry-After", "Sat, 21 Nov 2026 09:19:30 GMT"), date], 5_000),
            ([("Retry-After", "Sat, 21 Nov 2026 10:19:30 GMT"), date], 120_000),
            ([("Retry-After", "Sat, 21 Nov 2026 09:19:20 GMT"), date], 0),
            ([("Retry-After", "Sat, 21 Nov 2026 09:19:30 GMT")], 0),
            ([("x-ratelimit-user", "Limit:1,Remain:0,TimeLeft:2000,Reset:1")], 2_000),
            (
                [
                    ("x-ratelimit-user", "Limit:1,Remain:0,TimeLeft:2000,Reset:1"),
                    ("x-ratelimit-user-api", "Limit:1, Remain:0, TimeLeft:3000"),
                ], 3_000
            ),
            ([("x-ratelimit-user", "Limit:1,TimeLeft:-2")], 0), ([("x-ratelimit-user", "::,,TimeLeft")], 0),
            ([("x-ratelimit-user", "TimeLeft:99999999999")], 120_000),
            ([("x-acs-retry-after", "100"), ("Retry-After", "5"), ("x-ratelimit-user", "TimeLeft:9")], 100),
            ([("x-acs-retry-after", "x"), ("Retry-After", "5")], 5_000),
        ]
        for (headers, wait) in cases {
            let failed = try calls.alibaba(calls.alibabaStatus, reply(400, throttled, headers)).failed()
            XCTAssertEqual(failed.kind, .throttled)
            XCTAssertEqual(failed.failure.retryAfterMilliseconds, wait, "\(headers)")
        }
        // The gateway's own header makes a throttling answer of an unknown code, and of nothing else.
        let unheard = #"{"RequestId":"r","Message":"m","Code":"Unheard.Of"}"#
        let header = [("x-acs-retry-after", "50")]
        XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(400, unheard, header)).failed().kind, .throttled)
        XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(500, unheard, header)).failed().kind, .transient)
        XCTAssertEqual(try calls.alibaba(calls.alibabaSubmit, reply(429, "", header)).failed().kind, .unreadable)
        // Other failures: a 5xx waits, a refusal does not.
        let busy = try calls.alibaba(calls.alibabaStatus, reply(503, "", [("Retry-After", "2")])).failed()
        XCTAssertEqual(busy.failure.retryAfterMilliseconds, 2_000)
        let refused = #"{"RequestId":"r","Message":"m","Code":"NoPermission"}"#
        XCTAssertEqual(
            try calls.alibaba(calls.alibabaStatus, reply(403, refused, [("Retry-After", "2")])).failed().failure
                .retryAfterMilliseconds, 0)
        let limited = #"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"m"},"RequestId":"r"}}"#
        XCTAssertEqual(
            try calls.tencent(calls.tencentSubmit, reply(200, limited, [("Retry-After", "4")])).failed().failure
                .retryAfterMilliseconds, 4_000)
    }

    func testServerClock() throws {
        let calls = try Calls()
        let skewed = #"{"RequestId":"r","Message":"m","Code":"InvalidTimeStamp.Expired"}"#
        for (date, seconds) in [
            ("Sat, 21 Nov 2026 09:19:25 GMT", Int64(1_795_252_765)), ("", nil), ("yesterday", nil), ("5", nil),
        ] {
            let failed = try calls.alibaba(calls.alibabaSubmit, reply(400, skewed, [("Date", date)])).failed()
            XCTAssertEqual(failed.kind, .clockSkew)
            XCTAssertTrue(failed.failure.isRetryable)
            XCTAssertEqual(failed.serverUnixSeconds, seconds, date)
        }
        let page = try calls.tencent(
            calls.tencentStatus, reply(502, "<html>", [("Date", "Sat, 21 Nov 2026 09:19:25 GMT")])
        ).failed()
        XCTAssertEqual(page.serverUnixSeconds, 1_795_252_765)
    }

    /// The server echoes what it was sent; the caller is not shown it.
    func testMessagesAreRedacted() throws {
        let calls = try Calls()
        let failed = try calls.alibaba(
            calls.alibabaSubmit, reply(400, try Fixtures.bytes("alibaba_gateway_error.json"))
        ).failed()
        XCTAssertEqual(failed.kind, .refused)
        XCTAssertEqual(failed.failure.status, .auth)
        XCTAssertEqual(failed.failure.providerMessage, "Specified signature is not matched with our calculation. ")
        for text in [failed.failure.message, failed.failure.providerMessage ?? ""] {
            XCTAssertFalse(text.contains("MARKER"))
            XCTAssertFalse(text.contains("0096f87526"))
        }
        let marker = "S3cretMarker0123456789"
        let long = "CAISpgJ1q6Ft5B2yfSjIr5bHJsPwrdO2a1xbR8Yx4Vg0rVabz" + marker
        for echo in [
            "a Signature=\(marker), b", "a signature: \(marker) b",
            "Credential=\(marker)/2026-11-21/mps/tc3_request, b",
            "Authorization: TC3-HMAC-SHA256 \(marker) x \(marker)", "x-acs-security-token:\(marker)",
            "{\\\"SecurityToken\\\":\\\"\(marker)\\\"}", "AccessKeyId = \(marker)", "token='\(marker)'",
            "https://a/b?q-signature=\(marker)&x=1", "https://a/b?Signature=\(marker)&Expires=1",
            "the key LTAI5\(marker) is bad", "AKID\(marker)", "AccessKeyId%3DLTAI5\(marker)", "tail \(long)",
            "token: Signature: \(marker)", "token: Authorization: TC3 \(marker)", "sign='a/Signature': '\(marker)'",
            "server string to sign is:\(marker)", "SERVER STRING TO SIGN IS \(marker)",
        ] {
            let body = #"{"Response":{"Error":{"Code":"AuthFailure","Message":"\#(echo)"},"RequestId":"r"}}"#
            let failure = try calls.tencent(calls.tencentStatus, reply(200, body)).failed().failure
            XCTAssertEqual(failure.providerCode, "AuthFailure", echo)
            XCTAssertFalse("\(failure)".contains(marker), "\(failure)")
        }
        // What helps stays.
        for text in [
            "Task 4-AigcImage-c3b145ec76aabbccddee94ac55b9e63b is unknown",
            "request 048F9250-03AD-19F3-B07D-D2879CF34AF1", "image https://example.com/path/to/picture.png failed",
            "The value 16:9 of AspectRatio is not supported, use 1:1", "资源没有找到",
        ] {
            let body = #"{"Response":{"Error":{"Code":"FailedOperation","Message":"\#(text)"},"RequestId":"r"}}"#
            XCTAssertEqual(
                try calls.tencent(calls.tencentStatus, reply(200, body)).failed().failure.providerMessage, text)
        }
    }

    func testMessagesAreBoundedAndOneLine() throws {
        let calls = try Calls()
        let body =
            #"{"Response":{"Error":{"Code":"FailedOperation","Message":"a\r\nb\u001b[31m\u202e\u2028"#
            + String(repeating: "画", count: 5_000) + #""},"RequestId":"r"}}"#
        let failure = try calls.tencent(calls.tencentStatus, reply(200, body)).failed().failure
        let message = try XCTUnwrap(failure.providerMessage)
        XCTAssertLessThanOrEqual(message.utf8.count, 1_000)
        XCTAssertTrue(message.hasPrefix("a b [31m"), message)
        for scalar in failure.message.unicodeScalars {
            XCTAssertTrue(scalar.value >= 0x20 && scalar.value != 0x202E && scalar.value != 0x2028)
        }
        // Codes and ids that cannot be ones are not shown as such.
        let odd = #"{"Response":{"Error":{"Code":"a b\u001b","Message":""},"RequestId":"r\nX: y"}}"#
        let other = try calls.tencent(calls.tencentStatus, reply(200, odd)).failed().failure
        XCTAssertNil(other.providerCode)
        XCTAssertNil(other.providerMessage)
        XCTAssertNil(other.requestID)
    }
}
