import Codec
import Core
import Providers
import XCTest

/// Good answers, and the states in them.
final class AnswerTests: XCTestCase {
    func testAlibabaSamples() throws {
        let calls = try Calls(alibabaID: "1")
        let accepted = try Fixtures.bytes("alibaba_not_start.json")
        for call in [calls.alibabaSubmit, calls.alibabaStatus] {
            let answer = try calls.alibaba(call, reply(200, accepted)).answer()
            XCTAssertEqual(answer.remoteID, "1")
            XCTAssertEqual(answer.state, .pending)
            XCTAssertEqual(answer.providerState, "NOT_START")
            XCTAssertNil(answer.progress)
            XCTAssertEqual(answer.assets, [])
            XCTAssertFalse(answer.lacksAssets)
            XCTAssertEqual(answer.requestID, "abec5678-3536-4808-ab5a-eb165cd9109f")
            XCTAssertEqual(answer.response, accepted)
        }
        let waiting = try Calls(alibabaID: "20")
        let answer = try waiting.alibaba(
            waiting.alibabaStatus, reply(200, try Fixtures.bytes("alibaba_wait_schedule.json"))
        ).answer()
        XCTAssertEqual(answer.state, .pending)
        XCTAssertEqual(answer.providerState, "WAIT_SCHEDULE")

        let done = try Calls(alibabaID: "3220")
        let finished = try done.alibaba(
            done.alibabaStatus, reply(200, try Fixtures.bytes("alibaba_finished.json"))
        ).answer()
        XCTAssertEqual(finished.state, .succeeded)
        XCTAssertEqual(finished.progress, 0.5)
        XCTAssertEqual(
            finished.assets,
            ["0000.png", "0001.png"].map {
                AssetReference(id: $0, modelID: "modelId-xxxx-xxxx-xxxx", promptID: "promptId-xxxx-xxxx-xxxx")
            })
    }

    private func alibaba(
        _ data: String, _ extra: String = "\"success\":true,", kind: CallKind = .status
    ) throws -> Result<JobAnswer, CallFailure> {
        let calls = try Calls(alibabaID: "7")
        return calls.alibaba(
            kind == .submit ? calls.alibabaSubmit : calls.alibabaStatus,
            reply(200, "{\(extra)\"requestId\":\"r-1\",\"data\":\(data)}"))
    }

    func testAlibabaStates() throws {
        let states: [(String, RemoteState?)] = [
            ("NOT_START", .pending), ("WAIT_SCHEDULE", .pending), ("TRAINING", .running), ("RUNNING", .running),
            ("PROCESSING", .running), ("FINISHED_", .running), ("UNKNOWN", .running),
            ("\u{5b8c}\u{6210}", .running), ("FAILED", nil), ("FAIL", nil), ("ERROR", nil), ("CANCELED", nil),
            ("TIMEOUT", nil), ("TRAIN_FAILED", nil), ("ABORTED", nil), ("EXPIRED", nil), ("Rejected", nil),
            ("STOPPED", nil), ("STOP", nil), ("ABORT", nil), ("REJECT", nil), ("TERMINATED", nil), ("KILLED", nil),
            ("TrainStopped", nil), ("CANCEL", nil), ("TIMED_OUT", nil),
            ("STOPPING", .running), ("CANCELLING", .running), ("CANCEL_REQUESTED", .running), ("TERMINATING", .running),
            ("NO_ERROR", .running), ("NON_STOP", .running), ("PARTIAL", .running), ("PARTIAL_RESULT", .running),
            ("PARTIALLY_RUNNING", .running),
        ]
        for (word, expected) in states {
            let images = expected == nil ? "null" : #"["a"]"#
            let answer = try alibaba(#"{"id":"7","jobStatus":"\#(word)","resultImageUrl":\#(images)}"#).answer()
            XCTAssertEqual(answer.providerState, word)
            if let expected {
                XCTAssertEqual(answer.state, expected, word)
                XCTAssertEqual(answer.assets, [])
            } else {
                guard case .failed(let failure) = answer.state else { return XCTFail(word) }
                XCTAssertEqual(failure.status, .jobFailed)
                XCTAssertTrue(failure.message.contains(word))
                XCTAssertEqual(failure.requestID, "r-1")
                XCTAssertEqual(failure.outcome, SubmitOutcome.none)
            }
        }
        let moderated = try alibaba(
            #"{"id":"7","jobStatus":"FAILED"}"#, #""success":true,"errMessage":"内容违规","#
        ).answer()
        guard case .failed(let failure) = moderated.state else { return XCTFail("not failed") }
        XCTAssertEqual(failure.status, .contentRefused)
        XCTAssertEqual(failure.providerMessage, "内容违规")
    }

    /// Finished without images is never success: it is looked at again.
    func testFinishedWithoutImages() throws {
        for list in ["null", "[]", "[\"\"]", "[null]", "[null,\"\"]"] {
            let answer = try alibaba(#"{"id":"7","jobStatus":"FINISHED","resultImageUrl":\#(list)}"#).answer()
            XCTAssertEqual(answer.state, .running, list)
            XCTAssertTrue(answer.lacksAssets, list)
            XCTAssertEqual(answer.providerState, "FINISHED")
            XCTAssertEqual(answer.progress, 1)
        }
        XCTAssertTrue(try alibaba(#"{"id":"7","jobStatus":"FINISHED"}"#).answer().lacksAssets)
        let calls = try Calls()
        for list in ["null", "[]", "[\"\"]", "[null]"] {
            let answer = try calls.tencent(
                calls.tencentStatus, reply(200, #"{"Response":{"Status":"DONE","ImageUrls":\#(list),"Message":"ok"}}"#)
            ).answer()
            XCTAssertEqual(answer.state, .running, list)
            XCTAssertTrue(answer.lacksAssets)
            XCTAssertEqual(answer.providerState, "DONE")
        }
    }

    func testAlibabaOddities() throws {
        // Ids and image ids as numbers; entries without content; extra members.
        let answer = try alibaba(
            #"{"id":7,"promptId":12,"modelId":"m","jobStatus":"FINISHED","jobTrainProgress":1,"#
                + #""resultImageUrl":[0,null,"","图 1.png"],"createUserId":1}"#
        ).answer()
        XCTAssertEqual(answer.remoteID, "7")
        XCTAssertEqual(answer.assets.map { $0.id }, ["0", "图 1.png"])
        XCTAssertEqual(answer.assets.map { $0.promptID }, ["12", "12"])
        XCTAssertEqual(answer.progress, 1)
        // URLs where ids are expected are fetched as URLs.
        let linked = try alibaba(
            #"{"id":"7","jobStatus":"FINISHED","resultImageUrl":"#
                + #"["https://x.oss-cn-shanghai.aliyuncs.com/a.png?Expires=1795252800&Signature=s"]}"#
        ).answer()
        XCTAssertEqual(linked.assets.first?.expiresAtMilliseconds, 1_795_252_800_000)
        XCTAssertNotNil(linked.assets.first?.url)
        // Invalid progress.
        for progress in ["-0.1", "1.5", "50", "\"0.5\"", "null", "1e308"] {
            let answer = try alibaba(#"{"id":"7","jobStatus":"RUNNING","jobTrainProgress":\#(progress)}"#).answer()
            XCTAssertNil(answer.progress, progress)
        }
        // The envelope without success, and with what the manual's sample has beside success.
        XCTAssertEqual(try alibaba(#"{"id":"7","jobStatus":"NOT_START"}"#, "").answer().state, .pending)
        XCTAssertEqual(
            try alibaba(#"{"id":"7","jobStatus":"NOT_START"}"#, "\"success\":null,").answer().state, .pending)
        // An accepted job is not lost because a state is missing.
        for state in ["", ",\"jobStatus\":null", ",\"jobStatus\":\"\"", ",\"jobStatus\":5"] {
            let answer = try alibaba("{\"id\":\"7\"\(state)}", kind: .submit).answer()
            XCTAssertEqual(answer.remoteID, "7")
            XCTAssertEqual(answer.state, .pending)
        }
        // A number beyond Int64 is an id digit for digit; what is no whole number is none.
        XCTAssertEqual(
            try alibaba(#"{"id":18446744073709551617,"jobStatus":"NOT_START"}"#, kind: .submit).answer().remoteID,
            "18446744073709551617")
        for id in ["1e3", "1.5", "7.0", "NaN"] {
            XCTAssertEqual(
                try alibaba(#"{"id":\#(id),"jobStatus":"NOT_START"}"#, kind: .submit).failed().kind, .unreadable, id)
        }
        // Another job's answer.
        XCTAssertEqual(try alibaba(#"{"id":"8","jobStatus":"FINISHED"}"#).failed().kind, .unreadable)
    }

    func testTencentSamples() throws {
        let calls = try Calls()
        let body = try Fixtures.bytes("tencent_create.json")
        let created = try calls.tencent(calls.tencentSubmit, reply(200, body)).answer()
        XCTAssertEqual(created.remoteID, "4-AigcImage-c3b145ec76****94ac55b9e63be17d")
        XCTAssertEqual(created.state, .pending)
        XCTAssertEqual(created.providerState, "")
        XCTAssertEqual(created.requestID, "1047d0dc-6dc8-4898-a7f3-03726a822b0e")
        XCTAssertEqual(created.response, body)
        let waiting = try calls.tencent(calls.tencentStatus, reply(200, try Fixtures.bytes("tencent_wait.json")))
            .answer()
        XCTAssertEqual(waiting.state, .pending)
        XCTAssertEqual(waiting.providerState, "WAIT")
        XCTAssertNil(waiting.progress)
        let done = try calls.tencent(calls.tencentStatus, reply(200, try Fixtures.bytes("tencent_done.json"))).answer()
        XCTAssertEqual(done.state, .succeeded, "the message \"ok\" is no error")
        XCTAssertEqual(done.progress, 1)
        XCTAssertEqual(done.assets.count, 2)
        XCTAssertEqual(done.assets[0].id, done.assets[0].url)
        XCTAssertEqual(done.assets[0].expiresAtMilliseconds, Calls.now + 12 * 3_600 * 1_000)
        let failed = try calls.tencent(calls.tencentStatus, reply(200, try Fixtures.bytes("tencent_fail.json")))
            .answer()
        guard case .failed(let failure) = failed.state else { return XCTFail("not failed") }
        XCTAssertEqual(failure.status, .contentRefused)
        XCTAssertEqual(failure.providerCode, "InvalidParameterValue")
        XCTAssertEqual(failure.requestID, "1047d0dc-6dc8-4898-a7f3-03726a822b11")
    }

    /// A state is one word; a server that adds what it was sent adds nothing to what is shown.
    func testAnEchoBehindAStateIsNotShown() throws {
        let calls = try Calls()
        for (said, shown) in [
            ("REVIEW AKIDz8krbsJ5yKBZQpn74WFkmLPx3", "REVIEW ..."), ("REVIEW secret of mine", "REVIEW ..."),
            (" REVIEW secret", "REVIEW ..."), ("Signature=0123456789abcdef", "Signature=***"), ("REVIEW  ", "REVIEW"),
        ] {
            let tencent = calls.tencent(calls.tencentStatus, reply(200, #"{"Response":{"Status":"\#(said)"}}"#))
            XCTAssertEqual(try tencent.answer().providerState, shown)
            let alibaba = try alibaba(#"{"id":"7","jobStatus":"\#(said)"}"#).answer()
            XCTAssertEqual(alibaba.providerState, shown)
            // Who knows what the words say: no job ends by them.
            let open = try self.alibaba(#"{"id":"7","jobStatus":"FAILED \#(said)"}"#).answer()
            XCTAssertEqual(open.providerState, "FAILED ...")
            XCTAssertEqual(open.state, .running)
            XCTAssertTrue(open.stateIsUnknown)
            let failed = try self.alibaba(#"{"id":"7","jobStatus":"FAILED: \#(said)"}"#).answer()
            XCTAssertEqual(failed.providerState, "FAILED: ...")
            guard case .failed(let failure) = failed.state else { return XCTFail("\(failed.state)") }
            XCTAssertFalse(failure.message.contains(said.drop { $0 == " " }), failure.message)
        }
    }

    /// Not documented, but where an answer names a job it must be the one that was asked for: an id of its kind, whatever
    /// the number of the account and the length, is another job.
    func testAStatusOfAnotherTencentTask() throws {
        let calls = try Calls()
        for (id, isOwn) in [
            (#""4-AigcImage-1""#, true), ("null", true), (#""""#, true), (#""4-AigcImage-2""#, false), ("17", true),
            (#""4-AigcImage-10""#, false), (#""5-AigcImage-1""#, false), (#""1400000000-AigcImage-1""#, false),
            (#""4-AigcImage-0f3c-1""#, false), (#""b9f30f3a9b""#, true), (#""4-WorkflowTask-1""#, true),
        ] {
            let body = #"{"Response":{"TaskId":\#(id),"Status":"DONE","ImageUrls":["https://a/b"],"RequestId":"r"}}"#
            let answer = calls.tencent(calls.tencentStatus, reply(200, body))
            if isOwn {
                XCTAssertEqual(try answer.answer().state, .succeeded, id)
            } else {
                XCTAssertEqual(try answer.failed().kind, .unreadable, id)
            }
        }
    }

    func testTencentStates() throws {
        let calls = try Calls()
        for (word, state) in [
            ("WAIT", RemoteState.pending), ("RUN", .running), ("PENDING", .running), ("UNKNOWN", .running),
            ("DONE_", .running), ("\u{1F984}", .running),
        ] {
            let answer = try calls.tencent(
                calls.tencentStatus, reply(200, #"{"Response":{"Status":"\#(word)","ImageUrls":["https://a/b"]}}"#)
            ).answer()
            XCTAssertEqual(answer.state, state, word)
            XCTAssertEqual(answer.providerState, word)
        }
        for (message, status, code) in [
            ("the picture could not be made", Status.jobFailed, "FAIL"), ("", .jobFailed, "FAIL"),
            ("FailedOperation.GenerateResource: no", .jobFailed, "FailedOperation.GenerateResource"),
            ("InvalidParameter.ViolationContent: no", .contentRefused, "InvalidParameter.ViolationContent"),
            ("输入内容审核不通过", .contentRefused, "FAIL"), (":", .jobFailed, "FAIL"), ("é: x", .jobFailed, "FAIL"),
        ] {
            let answer = try calls.tencent(
                calls.tencentStatus, reply(200, #"{"Response":{"Status":"FAIL","Message":"\#(message)"}}"#)
            ).answer()
            guard case .failed(let failure) = answer.state else { return XCTFail(message) }
            XCTAssertEqual(failure.status, status, message)
            XCTAssertEqual(failure.providerCode, code, message)
        }
    }

    /// What callers of the live service have seen: words for an end that no page lists, texts that begin like a code, and the
    /// words of the models' vendors about content.
    func testEndsThatLiveCallersHaveSeen() throws {
        let calls = try Calls()
        func end(_ word: String, _ message: String) throws -> Core.Failure {
            let body = #"{"Response":{"Status":"\#(word)","Message":"\#(message)","RequestId":"r"}}"#
            let answer = try calls.tencent(calls.tencentStatus, reply(200, body)).answer()
            guard case .failed(let failure) = answer.state else {
                XCTFail(word)
                throw CancellationError()
            }
            XCTAssertEqual(answer.providerState, word)
            return failure
        }
        for word in ["FAIL", "FAILED", "STOP", "ERROR"] {
            for (message, status, code) in [
                ("", Status.jobFailed, word), ("model task generate failed", .jobFailed, word),
                ("subjectImageList: size must be between 1 and 4", .jobFailed, word),
                ("imageList: size must be between 0 and 10", .jobFailed, word),
                ("Note: this is no code", .jobFailed, word),
                ("invalid field", .jobFailed, word), ("http://x: no", .jobFailed, word),
                ("InvalidParameterValue: Not support", .jobFailed, "InvalidParameterValue"),
                ("FailedOperation.Anything: no", .jobFailed, "FailedOperation.Anything"),
                ("Failure to pass the risk control system", .contentRefused, word),
                ("Your request was rejected by the safety system", .contentRefused, word),
                ("safety_violations=[sexual]", .contentRefused, word),
                ("The image was blocked by the model due to safety reasons", .contentRefused, word),
                ("finishReason IMAGE_SAFETY", .contentRefused, word), ("PROHIBITED_CONTENT", .contentRefused, word),
                ("content_policy_violation", .contentRefused, word), ("prompt policy violation", .contentRefused, word),
                ("AuditSubmitIllegal", .contentRefused, word),
            ] {
                let failure = try end(word, message)
                XCTAssertEqual(failure.status, status, "\(word) \(message)")
                XCTAssertEqual(failure.providerCode, code, "\(word) \(message)")
            }
        }
        for word in ["STOPPING", "ERRORS", "UNKNOWN"] {
            let body = #"{"Response":{"Status":"\#(word)"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentStatus, reply(200, body)).answer().state, .running, word)
        }
        let service = try alibaba(#"{"id":"7","jobStatus":"FAILED"}"#, #""success":true,"message":"no such subject","#)
            .answer()
        guard case .failed(let failure) = service.state else { return XCTFail("not failed") }
        XCTAssertEqual(failure.providerMessage, "no such subject")
        let refused =
            #"{"success":false,"requestId":"r","errCode":"B_PARAMETER_NOT_FOUND_EXCEPTION","message":"words"}"#
        XCTAssertEqual(
            try calls.alibaba(calls.alibabaSubmit, reply(200, refused)).failed().failure.providerMessage, "words")
    }

    /// An image in a bucket of the caller's own stays; one in the provider's ends, whatever its URL says.
    func testImagesInABucketOfTheCallersOwnStay() throws {
        let provider = try tencent(TencentSettings(cosHosts: "cdn.example.com,http://127.0.0.1:9"))
        let call = try Calls().tencentStatus
        func answer(_ urls: [String]) throws -> JobAnswer {
            let list = urls.map { "\"\($0)\"" }.joined(separator: ",")
            return try provider.decode(
                call, operation: "aigc_image",
                reply: reply(200, #"{"Response":{"Status":"DONE","ImageUrls":[\#(list)]}}"#),
                unixMilliseconds: Calls.now
            ).answer()
        }
        for url in [
            "https://mine-1250000000.cos.ap-guangzhou.myqcloud.com/a/x_0.png",
            "https://MINE-1.cos.eu-frankfurt.tencentcos.cn/x",
            "https://cdn.example.com/a.png", "http://127.0.0.1:9/mine/a.png",
            "https://mine-1250000000.cos.ap-guangzhou.myqcloud.com/a?versionId=7",
        ] {
            let stays = try answer([url])
            XCTAssertEqual(stays.assets.first?.expiresAtMilliseconds, 0, url)
            XCTAssertEqual(stays.assets.first?.stays, true, url)
            XCTAssertEqual(stays.assetsExpireAtMilliseconds, 0, url)
        }
        for url in [
            "https://aigc-output-image-1258344699.cos.ap-guangzhou.myqcloud.com/1/x_0.png",
            "https://other.example.com/a.png",
            "https://mine-1.cos.ap-guangzhou.myqcloud.com/a?q-sign-algorithm=sha1&q-sign-time=5;9999999999&q-signature=x",
            "https://mine-1.cos.ap-guangzhou.myqcloud.com.example.com/a",
            "https://cos.ap-guangzhou.myqcloud.com/mine-1/a",
            "https://mine-1.cdn.ap-guangzhou.myqcloud.com/a", "http://mine-1.cos.ap-guangzhou.myqcloud.com/a",
            "https://cdn.example.com/a.png?sign=x",
        ] {
            let ends = try answer([url])
            XCTAssertEqual(ends.assets.first?.expiresAtMilliseconds, Calls.now + 12 * 3_600 * 1_000, url)
            XCTAssertEqual(ends.assets.first?.stays, false, url)
        }
    }

    func testWhenURLsEnd() throws {
        let half = Calls.now + 12 * 3_600 * 1_000
        let second = Calls.now / 1_000
        let cases: [(String, Int64)] = [
            ("https://a/b.png", half), ("https://a/b.png?x=1", half),
            (
                "https://a/b.png?q-sign-time=\(second);\(second + 60)&q-key-time=\(second);\(second + 60)",
                Calls.now + 60_000
            ),
            ("https://a/b.png?q-sign-time=\(second)%3B\(second + 60)", Calls.now + 60_000),
            ("https://a/b.png?Expires=\(second + 5)&Signature=x", Calls.now + 5_000),
            ("https://a/b.png?X-Amz-Date=20261121T091925Z&X-Amz-Expires=3600", Calls.now + 3_600_000),
            ("https://a/b.png?X-Cos-Expires=60&X-Cos-Date=20261121T091925Z", Calls.now + 60_000),
            ("https://a/b.png?x-oss-date=20261121T091925Z&x-oss-expires=60#f", Calls.now + 60_000),
            ("https://a/b.png?X-Tos-Date=20261121T091925Z&X-Tos-Expires=60", Calls.now + 60_000),
            ("https://a/b.png?AccessKeyId=a&Signature=s&Expires=\(second + 5)", Calls.now + 5_000),
            ("https://a/b.png?X-Tos-Date=20261121T091925Z&X-Amz-Expires=60", half),
            // It says a week, the provider says 12 hours.
            ("https://a/b.png?Expires=\(second + 7 * 86_400)", half),
            // What says nothing.
            ("https://a/b.png?Expires=never", half), ("https://a/b.png?Expires=-1", half),
            ("https://a/b.png?Expires=99999999999999999999", half), ("https://a/b.png?q-sign-time=5", half),
            ("https://a/b.png?q-sign-time=;", half), ("https://a/b.png?X-Amz-Expires=60", half),
            ("https://a/b.png?X-Amz-Date=20261321T091925Z&X-Amz-Expires=60", half),
            ("https://a/b.png?Expires", half), ("https://a/b.png?=&&=", half), ("https://a/b.png#?Expires=5", half),
            ("https://a/b.png?Expires=%zz", half),
        ]
        let calls = try Calls()
        for (url, end) in cases {
            let answer = try calls.tencent(
                calls.tencentStatus, reply(200, #"{"Response":{"Status":"DONE","ImageUrls":["\#(url)"]}}"#)
            ).answer()
            XCTAssertEqual(answer.assets.first?.url, url)
            XCTAssertEqual(answer.assets.first?.expiresAtMilliseconds, end, url)
        }
        let late = calls.tencent.decode(
            calls.tencentStatus, operation: "aigc_image",
            reply: reply(200, #"{"Response":{"Status":"DONE","ImageUrls":["https://a/b"]}}"#), unixMilliseconds: .max)
        XCTAssertEqual(try late.answer().assets.first?.expiresAtMilliseconds, .max)
    }

    func testLongAnswersAreReadAndNotKept() throws {
        let calls = try Calls()
        let padding = String(repeating: " ", count: 2 << 20)
        let answer = try calls.tencent(
            calls.tencentSubmit, reply(200, #"{"Response":{"TaskId":"t"}}"# + padding)
        ).answer()
        XCTAssertEqual(answer.remoteID, "t")
        XCTAssertEqual(answer.response, [])
    }

    /// Fault 23: another case, and blanks at the ends, are the same word.
    func testStatesWithoutCase() throws {
        let calls = try Calls()
        let ends: [(String, Bool)] = [
            ("Done", true), ("DONE ", true), (" done", true), ("Failed", false), ("fail ", false),
        ]
        for (word, isSuccess) in ends {
            let images = isSuccess ? #"["https://a/b"]"# : "[]"
            let body = #"{"Response":{"Status":"\#(word)","ImageUrls":\#(images),"RequestId":"r"}}"#
            let answer = try calls.tencent(calls.tencentStatus, reply(200, body)).answer()
            switch answer.state {
            case .succeeded: XCTAssertTrue(isSuccess, word)
            case .failed: XCTAssertFalse(isSuccess, word)
            default: XCTFail("\(word) counts as \(answer.state)")
            }
            XCTAssertFalse(answer.stateIsUnknown, word)
        }
        for word in ["finished", "Finished "] {
            let data = #"{"id":"7","jobStatus":"\#(word)","resultImageUrl":["0.png"]}"#
            XCTAssertEqual(try alibaba(data).answer().state, .succeeded, word)
        }
    }

    /// Words of other dialects: what can mean one thing only is an end, and a success where it has images.
    func testEndsOfOtherDialects() throws {
        let calls = try Calls()
        for word in ["SUCCESS", "SUCCEED", "SUCCEEDED", "Finish", "finished", "COMPLETE", "Completed", "DONE"] {
            let body = #"{"Response":{"Status":"\#(word)","ImageUrls":["https://a/b"],"RequestId":"r"}}"#
            let answer = try calls.tencent(calls.tencentStatus, reply(200, body)).answer()
            XCTAssertEqual(answer.state, .succeeded, word)
            XCTAssertEqual(answer.assets.count, 1)
            let data = #"{"id":"7","jobStatus":"\#(word)","resultImageUrl":["0.png"]}"#
            let theirs = try alibaba(data).answer()
            XCTAssertEqual(theirs.state, .succeeded, word)
            XCTAssertEqual(theirs.assets.count, 1)
        }
        for word in [
            "FAILURE", "TIMEOUT", "Timeout", "CANCELED", "CANCELLED", "cancelled", "ABORTED", "EXPIRED", "REJECTED",
            "FAILED", "ERROR",
        ] {
            let body = #"{"Response":{"Status":"\#(word)","RequestId":"r"}}"#
            for answer in [
                try calls.tencent(calls.tencentStatus, reply(200, body)).answer(),
                try alibaba(#"{"id":"7","jobStatus":"\#(word)"}"#).answer(),
            ] {
                guard case .failed(let failure) = answer.state else { return XCTFail(word) }
                XCTAssertEqual(failure.status, .jobFailed, word)
                XCTAssertTrue(failure.message.uppercased().contains(word.uppercased()), failure.message)
            }
        }
    }

    /// Words that nobody knows count as running, and the answer says that nobody knows them.
    func testUnknownStatesSayThatTheyAreUnknown() throws {
        let calls = try Calls()
        for (word, isUnknown) in [
            ("PAUSED", true), ("UNKNOWN", true), ("RUN", false), ("Running", false), ("QUEUED", false),
            ("CANCELLING_", true), ("SUCCESS", true), ("SUCCEEDED", true), ("Completed", true),
        ] {
            let body = #"{"Response":{"Status":"\#(word)","RequestId":"r"}}"#
            let answer = try calls.tencent(calls.tencentStatus, reply(200, body)).answer()
            XCTAssertEqual(answer.state, .running, word)
            XCTAssertEqual(answer.stateIsUnknown, isUnknown, word)
            if word == "CANCELLING_" { continue }  // a failure at Alibaba
            let theirs = try alibaba(#"{"id":"7","jobStatus":"\#(word)"}"#).answer()
            XCTAssertEqual(theirs.state, .running, word)
            XCTAssertEqual(theirs.stateIsUnknown, isUnknown, word)
        }
    }

    /// An Error that states nothing hides no finished task, and is no error beside a task that was made.
    func testAnEmptyErrorIsNone() throws {
        let calls = try Calls()
        for error in ["{}", #"{"Code":"","Message":""}"#, #"{"Code":null}"#, "[]", #""""#, "false"] {
            let done = #"{"Response":{"Status":"DONE","ImageUrls":["https://a/b"],"Error":\#(error),"RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentStatus, reply(200, done)).answer().state, .succeeded, error)
            let made = #"{"Response":{"TaskId":"4-x","Error":\#(error),"RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(200, made)).answer().remoteID, "4-x", error)
            let neither = #"{"Response":{"Error":\#(error),"RequestId":"r"}}"#
            XCTAssertEqual(
                try calls.tencent(calls.tencentSubmit, reply(200, neither)).failed().kind, .unreadable, error)
        }
        for error in [#"{"Message":"no"}"#, #""no""#, "[1]", "true", "1"] {
            let made = #"{"Response":{"TaskId":"4-x","Error":\#(error),"RequestId":"r"}}"#
            XCTAssertEqual(try calls.tencent(calls.tencentSubmit, reply(200, made)).failed().kind, .unreadable, error)
        }
    }
}
