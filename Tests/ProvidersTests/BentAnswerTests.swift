import Codec
import Core
import Foundation
import Providers
import XCTest

/// Answers that were bent on their way: the id that was paid for is used where it is certain, and named where it is not.
final class BentAnswerTests: XCTestCase {
    private static let id = "4-AigcImage-7f3a"

    /// A cloud's answers around an id, in one form for both.
    private struct Cloud {
        let name: String
        let submit: (String) -> String
        let done: (String) -> String
        let throttled: (String) -> String
        let read: (Bool, HTTPReply) throws -> Result<JobAnswer, CallFailure>
    }

    private func clouds() throws -> [Cloud] {
        let calls = try Calls()
        return [
            Cloud(
                name: "tencent",
                submit: { #"{"Response":{"TaskId":"\#(Self.id)",\#($0)"RequestId":"r"}}"# },
                done: { #"{"Response":{"Status":"DONE",\#($0)"ImageUrls":["https://a/b.png"],"RequestId":"r"}}"# },
                throttled: {
                    #"{"Response":{"Error":{\#($0)"Code":"RequestLimitExceeded","Message":"m"},"RequestId":"r"}}"#
                },
                read: { calls.tencent($0 ? calls.tencentSubmit : calls.tencentStatus, $1) }),
            Cloud(
                name: "alibaba",
                submit: {
                    #"{"requestId":"r","success":true,"data":{"id":"\#(Self.id)",\#($0)"jobStatus":"NOT_START"}}"#
                },
                done: {
                    #"{"requestId":"r","success":true,"data":{"id":"3220",\#($0)"jobStatus":"FINISHED","#
                        + #""resultImageUrl":["a.png"]}}"#
                },
                throttled: { #"{"RequestId":"r",\#($0)"Code":"Throttling.User","Message":"m"}"# },
                read: { calls.alibaba($0 ? calls.alibabaSubmit : calls.alibabaStatus, $1) }),
        ]
    }

    /// Members that other writers put beside what matters.
    private static let oddities = [
        #""prompt":"a \ud800 cat","#, #""prompt":"\udead","#, #""score":NaN,"#, #""score":-Infinity,"scores":[NaN,1],"#,
        #""deep":"# + String(repeating: "[", count: 70) + String(repeating: "]", count: 70) + ",",
        #""deep":"# + String(repeating: #"{"a":"#, count: 5_000) + "1" + String(repeating: "}", count: 5_000) + ",",
        "/* made by hand */", "\0", "\u{FEFF}", #""big":1e400,"bigger":123456789012345678901234567890,"#,
        #""a":1,"a":2,"#,
        "\"prompt\":\"two\nlines\ttab\",", #""prompt":"\x41\q","#, ",",
    ]

    private func check(_ cloud: Cloud, _ bend: (String) -> [UInt8], _ inner: String, _ what: String) throws {
        let answer = try cloud.read(true, reply(200, bend(cloud.submit(inner)))).answer()
        XCTAssertEqual(answer.remoteID, Self.id, "\(cloud.name): \(what)")
        XCTAssertEqual(answer.requestID, "r")
        let done = try cloud.read(false, reply(200, bend(cloud.done(inner)))).answer()
        XCTAssertEqual(done.state, .succeeded, "\(cloud.name): \(what)")
        XCTAssertEqual(done.assets.count, 1)
        for isSubmit in [true, false] {
            let failed = try cloud.read(isSubmit, reply(400, bend(cloud.throttled(inner)))).failed()
            XCTAssertEqual(failed.kind, .throttled, "\(cloud.name): \(what)")
        }
    }

    /// A refusal that names a job, wherever, is no proof that there is none: it is not sent again.
    func testARefusalBesideAnIDIsNoRefusal() throws {
        let id = #""\#(Self.id)""#
        let members = [
            #""TaskId":\#(id)"#, #""taskId":\#(id)"#, #""task_id":\#(id)"#, #""JobId":\#(id)"#, #""jobId":\#(id)"#,
            #""inferenceJobId":\#(id)"#, #""ID":\#(id)"#, #""TaskIds":[\#(id)]"#, #""task-id":\#(id)"#,
            #""result":\#(id)"#, #""Output":\#(id)"#, #""TaskIdSet":[\#(id)]"#, #""taskIdStr":\#(id)"#,
            #""JobIdList":{"JobId":[\#(id)]}"#, #""existing_task_id_text":\#(id)"#,
            #""output":{"task_id":\#(id),"task_status":"PENDING"}"#, #""Data":{"TaskId":\#(id)}"#,
            #""result":[{"x":1},{"job":{"id":\#(id)}}]"#, #""Task":\#(id)"#, #""a":{"b":{"c":{"id":\#(id)}}}"#,
        ]
        let none = [
            #""result":"no such thing""#, #""Output":0"#, #""result":"""#,
            #""JobId":"""#, #""TaskId":null"#, #""jobId":0,"ids":[],"Task":{}"#, #""traceId":"x","HostId":"h""#,
            #""RequestID":"r","request_id":"r""#, #""jobIds":[null,""],"task_id":"null","Job":false"#,
        ]
        for code in ["InvalidParameterValue", "RequestLimitExceeded", "AuthFailure.SignatureExpire", "Unknown"] {
            let error = #""Code":"\#(code)","Message":"m""#
            let forms: [(String) -> String] = [
                { #"{"Response":{"Error":{\#(error)},\#($0),"RequestId":"r"}}"# },
                { #"{"Response":{"Error":{\#(error),\#($0)},"RequestId":"r"}}"# },
                { #"{\#($0),"Response":{"Error":{\#(error)},"RequestId":"r"}}"# },
            ]
            try checkRefusals("tencent", 200, forms, members, none)
        }
        for code in ["InvalidParameter", "Throttling.User", "InvalidTimeStamp.Expired"] {
            let error = #""Code":"\#(code)","Message":"m","RequestId":"r""#
            try checkRefusals("alibaba", 400, [{ #"{\#(error),\#($0)}"# }], members, none)
            let answer = #"<Error><Code>\#(code)</Code><Message>m</Message><RequestId>r</RequestId>"#
            let calls = try Calls()
            for name in ["TaskId", "JobId", "task_id"] {
                let body = answer + "<\(name)>\(Self.id)</\(name)></Error>"
                let failed = try calls.alibaba(calls.alibabaSubmit, reply(400, body)).failed()
                XCTAssertEqual(failed.kind, .unreadable, body)
                XCTAssertEqual(failed.namedJob, Self.id, body)
            }
        }
        let error = #""success":false,"errCode":"B_PARAMETER_NOT_FOUND_EXCEPTION","errMessage":"m","requestId":"r""#
        try checkRefusals(
            "alibaba", 200, [{ #"{\#(error),\#($0)}"# }, { #"{"data":{\#($0)},\#(error)}"# }], members, none)
    }

    private func checkRefusals(
        _ cloud: String, _ status: Int, _ forms: [(String) -> String], _ members: [String], _ none: [String]
    ) throws {
        let cloud = try XCTUnwrap(clouds().first { $0.name == cloud })
        for form in forms {
            for member in members {
                let failed = try cloud.read(true, reply(status, form(member))).failed()
                XCTAssertEqual(failed.kind, .unreadable, form(member))
                XCTAssertTrue(failed.namedJob?.contains(Self.id) ?? false, "\(form(member)): \(failed.failure.message)")
                XCTAssertTrue(failed.failure.message.contains(Self.id), failed.failure.message)
            }
            for member in none {
                let failed = try cloud.read(true, reply(status, form(member))).failed()
                XCTAssertNotEqual(failed.failure.status, .badResponse, form(member))
                XCTAssertNil(failed.namedJob, form(member))
            }
        }
    }

    /// An id that cannot be one is named, for whoever looks for the job.
    func testAMalformedIDIsNamed() throws {
        for cloud in try clouds() {
            let plain = cloud.submit("")
            for (bent, shown) in [
                (#"["\#(Self.id)"]"#, Self.id), (#"[["\#(Self.id)","b"]]"#, Self.id),
                (#"{"a":"\#(Self.id)"}"#, Self.id),
                ("1.5", "1.5"),
            ] {
                let failed = try cloud.read(true, reply(200, plain.replacing(#""\#(Self.id)""#, with: bent))).failed()
                XCTAssertEqual(failed.kind, .unreadable, bent)
                XCTAssertTrue(failed.namedJob?.contains(shown) ?? false, "\(bent): \(failed.failure.message)")
            }
        }
    }

    /// A server that repeats a secret in the place of an id has not named a job.
    func testASecretIsNoID() throws {
        let calls = try Calls()
        let secrets = KnownSecrets()
        let secret = "Zx81kQpWm0aTnd93Lq7b"
        secrets.add(secret)
        secrets.add("AigcImage")
        for (inner, call) in [
            (calls.tencent as any Provider, calls.tencentSubmit), (calls.alibaba, calls.alibabaSubmit),
        ] {
            let discreet = DiscreetProvider(inner, secrets: secrets)
            let operation = inner.name == "tencent" ? "aigc_image" : "pre_model_inference"
            func read(_ id: String) -> Result<JobAnswer, CallFailure> {
                let text =
                    inner.name == "tencent"
                    ? #"{"Response":{"TaskId":"\#(id)","RequestId":"r"}}"#
                    : #"{"requestId":"r","success":true,"data":{"id":"\#(id)","jobStatus":"NOT_START"}}"#
                return discreet.decode(call, operation: operation, reply: reply(200, text), unixMilliseconds: 0)
            }
            let failed = try read(secret).failed()
            XCTAssertEqual(failed.kind, .unreadable)
            XCTAssertFalse(failed.failure.message.contains(secret))
            XCTAssertFalse(String(decoding: failed.response, as: UTF8.self).contains(secret))
            // What only shares a word with a secret is a job that is paid for.
            XCTAssertEqual(try read(Self.id).answer().remoteID, Self.id)
        }
    }

    func testWhatATolerantReaderReads() throws {
        for cloud in try clouds() {
            for inner in Self.oddities { try check(cloud, { Array($0.utf8) }, inner, String(inner.prefix(40))) }
            try check(cloud, { [0xEF, 0xBB, 0xBF] + Array($0.utf8) }, "", "BOM")
            for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32] {
                try check(cloud, { [UInt8]($0.data(using: encoding) ?? Data()) }, #""p":"图","#, "\(encoding)")
            }
            let latin = #""prompt":"caf\#u{1}","#
            try check(cloud, { Array($0.utf8).map { $0 == 1 ? 0xE9 : $0 } }, latin, "Latin 1")
            for rest in [
                " trailing", "\0\0", "}", "<!-- proxy -->", "\r\n0\r\n\r\n", "{}", #"{"Response":{"RequestId":"r"}}"#,
            ] {
                try check(cloud, { Array(($0 + rest).utf8) }, "", rest)
            }
            try check(cloud, { Array($0.utf8) + [0xFF, 0xFE] }, "", "odd bytes behind")
        }
    }

    func testNamesInAnotherCase() throws {
        let calls = try Calls()
        for body in [
            #"{"response":{"taskid":"7","requestid":"r"}}"#, #"{"RESPONSE":{"TASKID":"7","REQUESTID":"r"}}"#,
            #"{"response":{"taskId":7,"requestId":"r"}}"#,
        ] {
            let answer = try calls.tencent(calls.tencentSubmit, reply(200, body)).answer()
            XCTAssertEqual(answer.remoteID, "7")
            XCTAssertEqual(answer.requestID, "r")
        }
        let body = #"{"REQUESTID":"r","Success":true,"Data":{"ID":7,"JobStatus":"FINISHED","ResultImageURL":["a"]}}"#
        let done = try Calls(alibabaID: "7")
        XCTAssertEqual(try done.alibaba(done.alibabaStatus, reply(200, body)).answer().assets.map { $0.id }, ["a"])
        let other = #"{"response":{"error":{"code":"AuthFailure","message":"m"},"requestid":"r"}}"#
        XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(200, other)).failed().kind, .refused)
    }

    /// An id is as long as it was, also where the answer ends in the middle of what follows.
    func testAnAnswerThatEndsBehindItsID() throws {
        for cloud in try clouds() {
            let whole = Array(cloud.submit("").utf8)
            let start = try XCTUnwrap(Self.range(of: "\"" + Self.id + "\"", in: whole))
            for count in whole.indices {
                let result = try cloud.read(true, reply(200, Array(whole.prefix(count))))
                if count >= start.upperBound {
                    XCTAssertEqual(try result.answer().remoteID, Self.id, "\(cloud.name) \(count)")
                } else {
                    let failed = try result.failed()
                    XCTAssertEqual(failed.kind, .unreadable)
                    XCTAssertEqual(failed.response, Array(whole.prefix(count)))
                    // Of an id that was cut it is said that it was.
                    let part = count - start.lowerBound - 1
                    XCTAssertEqual(
                        failed.namedJob, part > 0 ? Self.id.prefix(part) + "..." : nil, "\(cloud.name) \(count)")
                }
            }
            // Of a list of images that is not whole none is taken.
            let done = Array(cloud.done("").utf8)
            for count in done.indices {
                guard case .success(let answer) = try cloud.read(false, reply(200, Array(done.prefix(count)))) else {
                    continue
                }
                XCTAssertTrue(answer.state != .succeeded || answer.assets.count == 1, "\(cloud.name) \(count)")
                XCTAssertFalse(answer.lacksAssets, "\(cloud.name) \(count)")
            }
            // What is cut may continue with an id: it is not sent again.
            let limited = Array(cloud.throttled("").utf8)
            for count in limited.indices {
                let failed = try cloud.read(true, reply(400, Array(limited.prefix(count)))).failed()
                XCTAssertEqual(failed.kind, .unreadable, "\(cloud.name) \(count)")
            }
        }
    }

    private static func range(of text: String, in bytes: [UInt8]) -> Range<Int>? {
        let wanted = Array(text.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: wanted) }.map { $0..<($0 + wanted.count) }
    }

    /// Two ids, or an error beside one: nobody knows whose the job is, and both are named.
    func testAnAnswerWithTwoIDsIsInDoubt() throws {
        let calls = try Calls()
        for body in [
            #"{"Response":{"TaskId":"4-a","TaskId":"4-b","RequestId":"r"}}"#,
            #"{"Response":{"TaskId":"4-a","taskid":"4-b"}}"#,
            #"{"Response":{"TaskId":"4-a"},"Response":{"TaskId":"4-b"}}"#,
            #"{"Response":{"TaskId":"4-a"},"response":{"taskId":"4-b"}}"#,
            #"{"Response":{"TaskId":"4-a"}}{"Response":{"TaskId":"4-b"}}"#,
            #"{"Response":{"TaskId":"4-a"}} , {"Response":{"TaskId":"4-b"#,
        ] {
            let failed = try calls.tencent(calls.tencentSubmit, reply(200, body)).failed()
            XCTAssertEqual(failed.kind, .unreadable, body)
            XCTAssertTrue(failed.failure.message.contains("4-a"), failed.failure.message)
            if !body.hasSuffix("4-b") { XCTAssertEqual(failed.namedJob, "4-a and 4-b", body) }
            XCTAssertEqual(failed.response, Array(body.utf8))
        }
        for body in [
            #"{"success":true,"requestId":"r","data":{"id":"1","id":"2","jobStatus":"NOT_START"}}"#,
            #"{"success":true,"data":{"id":1},"data":{"id":2,"jobStatus":"NOT_START"}}"#,
            #"{"success":true,"data":{"id":1,"ID":2}}"#,
        ] {
            let failed = try calls.alibaba(calls.alibabaSubmit, reply(200, body)).failed()
            XCTAssertEqual(failed.kind, .unreadable, body)
            XCTAssertEqual(failed.namedJob, "1 and 2", body)
        }
        for body in [
            #"{"Response":{"TaskId":"4-a"},"Response":{"Error":{"Code":"RequestLimitExceeded"},"RequestId":"r"}}"#,
            #"{"Response":{"Error":{"Code":"RequestLimitExceeded"},"RequestId":"r"},"Response":{"TaskId":"4-a"}}"#,
            #"{"Response":{"Error":{"Code":"RequestLimitExceeded"},"RequestId":"r"}}{"Response":{"TaskId":"4-a"}}"#,
            #"{"Response":{"Error":{"Code":"RequestLimitExceeded"},"Error":null,"RequestId":"r","TaskId":"4-a"}}"#,
        ] {
            let failed = try calls.tencent(calls.tencentSubmit, reply(200, body)).failed()
            XCTAssertEqual(failed.kind, .unreadable, body)
            XCTAssertEqual(failed.namedJob, "4-a", body)
        }
        // The same one twice, and none beside it, is one.
        for body in [
            #"{"Response":{"TaskId":"7","TaskId":7,"taskid":null,"RequestId":"r"}}"#,
            #"{"Response":{"TaskId":"7"}}{"Response":{"TaskId":"7"}}"#,
        ] {
            XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(200, body)).answer().remoteID, "7", body)
        }
    }

    /// An id that a terminal or an eye would take for another is told and not used.
    func testAnIDThatIsNotSeenAsItIs() throws {
        let calls = try Calls()
        for (id, shown) in [
            ("4-a\\u202eb", "4-a\\u{202E}b"), ("4-\\u0007a", "4-\\u{7}a"), ("4-a\\u200b", "4-a\\u{200B}"),
            ("\\u2066x", "\\u{2066}x"),
            ("4-\\ud800a", "4-\\u{FFFD}a"), ("4-\\u0000a", "4-\\u{0}a"), ("a\\u061c", "a\\u{61C}"),
            ("a\\u0085", "a\\u{85}"),
            ("4-a\nb", "4-a\\u{A}b"), ("\\ufeff4", "\\u{FEFF}4"),
        ] {
            let body = #"{"Response":{"TaskId":"\#(id)","RequestId":"r"}}"#
            let failed = try calls.tencent(calls.tencentSubmit, reply(200, body)).failed()
            XCTAssertEqual(failed.kind, .unreadable, id)
            XCTAssertEqual(failed.namedJob, shown, id)
            XCTAssertTrue(failed.failure.message.contains("names the job \(shown)"), failed.failure.message)
            XCTAssertTrue(failed.failure.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
        }
        XCTAssertEqual(
            try calls.tencent(calls.tencentSubmit, reply(200, #"{"Response":{"TaskId":"图-é"}}"#)).answer().remoteID,
            "图-é")
    }

    /// An answer that can be read, with an id under another name than the one of this call.
    func testAnIDUnderAnotherNameIsNamed() throws {
        let calls = try Calls()
        for member in [
            #""inferenceJobId":"778899""#, #""jobs":[{"inferenceJobIds":["778899"]}]"#, #""data":"778899""#,
            #""data":{"inferenceJobId":"778899","jobStatus":"WAIT_SCHEDULE"}"#, #""data":{"job-id":778899}"#,
            #""data":{"job":{"ids":["778899"]}}"#,
        ] {
            let failed = try calls.alibaba(
                calls.alibabaSubmit, reply(200, #"{"success":true,"requestId":"r1",\#(member)}"#)
            ).failed()
            XCTAssertEqual(failed.kind, .unreadable, member)
            XCTAssertTrue(failed.failure.message.contains("names the job 778899)"), failed.failure.message)
        }
        for member in [
            #""TaskIds":["4-x"]"#, #""Task-Id":"4-x""#, #""TaskIdSet":["4-x"]"#, #""Data":"4-x""#,
            #""Tasks":[{"Id":"4-x"}]"#,
        ] {
            let failed = try calls.tencent(
                calls.tencentSubmit, reply(200, #"{"Response":{"RequestId":"r1",\#(member)}}"#)
            ).failed()
            XCTAssertEqual(failed.kind, .unreadable, member)
            XCTAssertTrue(failed.failure.message.contains("names the job 4-x)"), failed.failure.message)
        }
    }

    /// What stays unreadable is kept, and the id in it is found.
    func testAnIDIsFoundInWhatCannotBeRead() throws {
        let calls = try Calls()
        let tencent = [
            #"<html><pre>{"Response":{"TaskId":"4-x","RequestId":"r"}}</pre></html>"#,
            #"<Response><TaskId>4-x</TaskId></Response>"#,
            #""{\"Response\":{\"TaskId\":\"4-x\"}}""#, "TaskId=4-x&RequestId=r", #")]}',{"Response":{"TaskId":"4-x"}}"#,
            #"[{"Response":{"TaskId":"4-x"}}]"#, #"{"TaskId":"4-x"}"#, #"{"Response":"{\"TaskId\":\"4-x\"}"}"#,
            #"{"Response":{"TaskId":"4-x" "RequestId":"r"}}"#, #"{"Response":{"TaskId" "4-y","taskid":"4-x"}}"#,
            #"{"Response":{"Data":{"TaskId":"4-x"}}}"#,
        ]
        for body in tencent {
            for form in [Array(body.utf8), [UInt8](try XCTUnwrap(body.data(using: .utf16LittleEndian)))] {
                let failed = try calls.tencent(calls.tencentSubmit, reply(200, form)).failed()
                XCTAssertEqual(failed.kind, .unreadable, body)
                XCTAssertEqual(failed.namedJob, "4-x", body)
                XCTAssertEqual(failed.response, form)
            }
        }
        for body in [
            #"<pre>{"success":true,"data":{"id":"3220"}}</pre>"#, #""{\"data\":{\"id\":3220}}""#,
            #"{"data":{"id":"3220" "x"}}"#,
            #"[{"data":{"x":"y","id":"3220"}}]"#,
        ] {
            let failed = try calls.alibaba(calls.alibabaSubmit, reply(200, body)).failed()
            XCTAssertEqual(failed.namedJob, "3220", body)
        }
        for body in ["", "<html id=\"page\">", "{}", #"{"Response":{"TaskName":"4-x"}}"#] {
            XCTAssertNil(try calls.tencent(calls.tencentSubmit, reply(200, body)).failed().namedJob, body)
            XCTAssertNil(try calls.alibaba(calls.alibabaSubmit, reply(200, body)).failed().namedJob, body)
        }
        // Bounded; and a status answer names no other job.
        let long = try calls.tencent(calls.tencentSubmit, reply(200, "<" + String(repeating: "x", count: 1 << 20)))
            .failed()
        XCTAssertEqual(long.response.count, 64 << 10)
        XCTAssertNil(try calls.tencent(calls.tencentStatus, reply(200, tencent[0])).failed().namedJob)
    }

    // MARK: - Lists

    /// One odd entry hides no finished job: what can be used is used, the rest is told.
    func testOneOddEntryOfAList() throws {
        let calls = try Calls()
        let alibaba = try Calls(alibabaID: "7")
        for (list, ids, warns) in [
            (#"["https://a/1","https://b/2","FAILED"]"#, ["https://a/1", "https://b/2"], true),
            (#"["FAILED","https://b/2"]"#, ["https://b/2"], true),
            (#"["https://a/1",{"x":1},[2],true,7.5]"#, ["https://a/1"], true),
            (#"["https://a/1",null,""]"#, ["https://a/1"], false), (#""https://a/1""#, ["https://a/1"], false),
            (#"["ftp://a/1","https:// a/1","https://a/2"]"#, ["https://a/2"], true),
            (
                "[" + (0..<1_200).map { "\"https://a/\($0)\"" }.joined(separator: ",") + "]",
                (0..<1_000).map { "https://a/\($0)" }, true
            ),
        ] as [(String, [String], Bool)] {
            let answer = try calls.tencent(
                calls.tencentStatus, reply(200, #"{"Response":{"Status":"DONE","ImageUrls":\#(list)}}"#)
            ).answer()
            XCTAssertEqual(answer.state, .succeeded, list)
            XCTAssertEqual(answer.providerState, "DONE")
            XCTAssertEqual(answer.assets.map { $0.id }, ids)
            XCTAssertEqual(answer.warning != nil, warns, answer.warning ?? "none")
            XCTAssertFalse(answer.response.isEmpty)
        }
        for (list, ids) in [
            (#"["0.png",{"url":"x"},"1.png"]"#, ["0.png", "1.png"]), (#"["0.png","\u0000"]"#, ["0.png"]),
            (#""0.png""#, ["0.png"]),
            (#"[true,"0.png",1.5]"#, ["0.png"]),
        ] {
            let body = #"{"success":true,"data":{"id":"7","jobStatus":"FINISHED","resultImageUrl":\#(list)}}"#
            let answer = try alibaba.alibaba(alibaba.alibabaStatus, reply(200, body)).answer()
            XCTAssertEqual(answer.state, .succeeded, list)
            XCTAssertEqual(answer.assets.map { $0.id }, ids)
            XCTAssertEqual(answer.warning?.contains("resultImageUrl"), list.hasPrefix("\"") ? nil : true)
        }
        // An id that cannot be read in the answer about a job that was asked for hides nothing either.
        for id in ["null", "true", "{}", "\"\\u202e7\""] {
            let body = #"{"success":true,"data":{"id":\#(id),"jobStatus":"FINISHED","resultImageUrl":["a"]}}"#
            XCTAssertEqual(try alibaba.alibaba(alibaba.alibabaStatus, reply(200, body)).answer().state, .succeeded, id)
        }
    }

    /// None that can be used: the state and the answer are known, and after a few such answers the job ends.
    func testAListOfNothingButOddEntries() throws {
        let calls = try Calls()
        for list in [#"["FAILED"]"#, "5", "{}", #"{"0":"https://a"}"#, "true", #"[{"Url":"https://a"}]"#] {
            let answer = try calls.tencent(
                calls.tencentStatus, reply(200, #"{"Response":{"Status":"DONE","ImageUrls":\#(list)}}"#)
            ).answer()
            XCTAssertEqual(answer.state, .running, list)
            XCTAssertTrue(answer.lacksAssets, list)
            XCTAssertEqual(answer.providerState, "DONE")
            XCTAssertNotNil(answer.warning, list)
        }
    }

    /// A host name in letters beyond ASCII is not guessed at: the warning says what would be right.
    func testAHostBeyondASCIIIsTold() throws {
        let calls = try Calls()
        let list = #"["https://图片.example/a.png","https://b/2"]"#
        let answer = try calls.tencent(
            calls.tencentStatus, reply(200, #"{"Response":{"Status":"DONE","ImageUrls":\#(list)}}"#)
        ).answer()
        XCTAssertEqual(answer.assets.map(\.id), ["https://b/2"])
        XCTAssertTrue(answer.warning?.contains("punycode") == true, answer.warning ?? "none")
        XCTAssertThrowsError(try Endpoint(parsing: "图片.example", key: "tencent.endpoint")) { error in
            XCTAssertTrue("\(error)".contains("punycode"), "\(error)")
        }
    }

    /// Another answer may leave out other entries: an image keeps its place in the provider's list.
    func testAnImageKeepsItsPlace() throws {
        let calls = try Calls()
        func places(_ list: String) throws -> [String: Int] {
            let answer = try calls.tencent(
                calls.tencentStatus, reply(200, #"{"Response":{"Status":"DONE","ImageUrls":\#(list)}}"#)
            ).answer()
            var places: [String: Int] = [:]
            for (index, asset) in answer.assets.enumerated() { places[asset.id] = asset.place(at: index) }
            return places
        }
        XCTAssertEqual(
            try places(#"["https://a","https://b","https://c"]"#), ["https://a": 0, "https://b": 1, "https://c": 2])
        XCTAssertEqual(try places(#"["https://a","FAILED","https://c"]"#), ["https://a": 0, "https://c": 2])
        XCTAssertEqual(try places(#"[null,"","https://c"]"#), ["https://c": 2])
    }

    /// A damaged answer about a job is asked for again; one that is only damaged elsewhere is used.
    func testDamage() throws {
        for cloud in try clouds() {
            let echo = #""prompt":"a "quoted" cat","#
            let failed = try cloud.read(true, reply(200, cloud.submit(echo))).failed()
            XCTAssertEqual(failed.kind, .unreadable)
            XCTAssertEqual(failed.namedJob, Self.id, cloud.name)
            XCTAssertEqual(try cloud.read(false, reply(200, cloud.done(echo))).answer().state, .succeeded)
            XCTAssertEqual(try cloud.read(true, reply(400, cloud.throttled(echo))).failed().kind, .unreadable)
            XCTAssertEqual(try cloud.read(false, reply(400, cloud.throttled(echo))).failed().kind, .throttled)
        }
        let calls = try Calls()
        for list in [#"["https://a"x,"https://b"]"#, #"["https://a","https://b" "c"]"#] {
            let body = #"{"Response":{"Status":"DONE","ImageUrls":\#(list)}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentStatus, reply(200, body)).failed().kind, .unreadable, list)
        }
    }
}
