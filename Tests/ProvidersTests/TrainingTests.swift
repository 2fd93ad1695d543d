import Codec
import Core
import Providers
import XCTest

/// Training jobs: one when it is submitted, one of a list when it is asked for, and a model id that comes late.
final class TrainingTests: XCTestCase {
    private let provider = try? AlibabaProvider(AlibabaSettings())

    private func fields() -> RequestFields {
        var fields = RequestFields()
        fields.values = ["name": .string("Ada"), "object_type": .string("girl")]
        fields.images = [ImageReference(url: "https://example.com/1.png")]
        return fields
    }

    private func submit() throws -> ProviderCall {
        try XCTUnwrap(provider).submission(operation: "model_train", fields: fields())
    }

    private func status(_ id: String = "17") throws -> ProviderCall {
        let provider = try XCTUnwrap(provider)
        return provider.statusCall(provider.reference(operation: "model_train", remoteID: id))
    }

    private func decode(
        _ call: ProviderCall, _ data: String, _ extra: String = "\"success\":true,"
    ) throws -> Result<JobAnswer, CallFailure> {
        try XCTUnwrap(provider).decode(
            call, operation: "model_train", reply: reply(200, "{\(extra)\"requestId\":\"r-1\",\"data\":\(data)}"),
            unixMilliseconds: Calls.now)
    }

    func testTheSubmission() throws {
        var all = fields()
        all.values["train_steps"] = .int(800)
        all.images.append(ImageReference(url: "https://example.com/2.png"))
        let call = try XCTUnwrap(provider).submission(operation: "model_train", fields: all)
        XCTAssertEqual(call.kind, .submit)
        XCTAssertEqual(call.action, "Personalizedtxt2imgAddModelTrainJob")
        XCTAssertEqual(call.path, "/api/v1/personalizedtxt2img/addModelTrainJob")
        XCTAssertEqual(
            String(decoding: call.body, as: UTF8.self),
            #"{"name":"Ada","objectType":"girl","imageUrl":["https://example.com/1.png","https://example.com/2.png"],"#
                + #""trainSteps":800}"#)
        for name in ["name", "object_type", "image_urls"] {
            var less = fields()
            less.values[name] = nil
            if name == "image_urls" { less.images = [] }
            let failure = try refusal { _ = try provider?.submission(operation: "model_train", fields: less) }
            XCTAssertEqual(failure.field, name)
        }
    }

    /// The list takes no parameter: which job is meant is remembered beside the call.
    func testTheStatusCall() throws {
        let call = try status()
        XCTAssertEqual(call.kind, .status)
        XCTAssertEqual(call.action, "Personalizedtxt2imgQueryModelTrainJobList")
        XCTAssertEqual(call.method, .get)
        XCTAssertTrue(call.query.isEmpty)
        XCTAssertEqual(call.remoteID, "17")
    }

    /// The page's own sample of a job that has just been made: no model id.
    func testTheSampleOfTheManual() throws {
        let answer = try decode(
            try submit(),
            #"{"id":"17","name":"Ada","objectType":"girl","imageUrl":["https://example.com/1.png"],"#
                + #""jobStatus":"NOT_START","jobTrainProgress":0,"inferenceImageCount":0,"inferenceJobList":null,"#
                + #""createTime":"2023-12-25T12:00:00"}"#, #""success":true,"errCode":null,"errMessage":null,"#
        ).answer()
        XCTAssertEqual(answer.remoteID, "17")
        XCTAssertEqual(answer.state, .pending)
        XCTAssertEqual(answer.providerState, "NOT_START")
        XCTAssertEqual(answer.progress, 0)
        XCTAssertNil(answer.resultID)
        XCTAssertEqual(answer.requestID, "r-1")
    }

    /// A submission that gave an id was accepted, whatever else is odd about its answer; one without was not understood.
    func testSubmissionAnswers() throws {
        for status in ["", #","jobStatus":null"#, #","jobStatus":7"#, #","jobStatus":"ODD""#] {
            XCTAssertEqual(try decode(try submit(), #"{"id":"17"\#(status)}"#).answer().remoteID, "17", status)
        }
        for data in ["null", "[]", "{}", #"{"id":""}"#, #"{"id":null}"#, #"[{"id":"17"}]"#] {
            let failed = try decode(try submit(), data).failed()
            XCTAssertEqual(failed.kind, .unreadable, data)
            XCTAssertFalse(failed.failure.isRetryable, data)
        }
    }

    func testTheJobIsFoundInTheList() throws {
        let list = #"""
            [{"id":"16","jobStatus":"FINISHED","modelId":"other"},
             {"id":17,"jobStatus":"TRAINING","jobTrainProgress":0.5},
             {"id":"171","jobStatus":"FINISHED","modelId":"third"}]
            """#
        let answer = try decode(try status(), list).answer()
        XCTAssertEqual(answer.state, .running)
        XCTAssertEqual(answer.providerState, "TRAINING")
        XCTAssertEqual(answer.progress, 0.5)
        XCTAssertNil(answer.resultID)
        XCTAssertEqual(try decode(try status("171"), list).answer().resultID, "third")
        XCTAssertEqual(try decode(try status("16"), list).answer().resultID, "other")
    }

    /// FINISHED alone is no success: what was paid for is the model's id.
    func testSuccessNeedsAModel() throws {
        for model in ["", #","modelId":null"#, #","modelId":"""#] {
            let answer = try decode(try status(), #"[{"id":"17","jobStatus":"FINISHED"\#(model)}]"#).answer()
            XCTAssertEqual(answer.state, .running, model)
            XCTAssertEqual(answer.providerState, "FINISHED", model)
            XCTAssertFalse(answer.lacksAssets, model)
            XCTAssertNil(answer.resultID, model)
        }
        let answer = try decode(try status(), #"[{"id":"17","jobStatus":"FINISHED","modelId":"girl_1"}]"#).answer()
        XCTAssertEqual(answer.state, .succeeded)
        XCTAssertEqual(answer.resultID, "girl_1")
        XCTAssertEqual(answer.assets, [])
        // Not yet: a model id beside another word.
        XCTAssertNil(try decode(try status(), #"[{"id":"17","jobStatus":"TRAINING","modelId":"g"}]"#).answer().resultID)
        for model in ["[]", "{}", "true", "1.5", "\" \""] {
            // It is finished and gives nothing: after a few such answers the job ends instead of at its deadline.
            let odd = try decode(try status(), #"[{"id":"17","jobStatus":"FINISHED","modelId":\#(model)}]"#).answer()
            XCTAssertEqual(odd.state, .running, model)
            XCTAssertTrue(odd.lacksAssets, model)
            XCTAssertEqual(odd.warning?.hasPrefix("modelId is no id"), true, model)
        }
    }

    func testFailures() throws {
        let answer = try decode(
            try status(), #"[{"id":"17","jobStatus":"FAILED"}]"#, #""success":true,"errMessage":"UNKNOWN_ERROR","#
        ).answer()
        guard case .failed(let failure) = answer.state else { return XCTFail("not failed") }
        XCTAssertEqual(failure.status, .jobFailed)
        XCTAssertEqual(failure.requestID, "r-1")
        // What the envelope says is about the list, and not about this job.
        XCTAssertNil(failure.providerMessage)
    }

    func testAJobThatIsNotListed() throws {
        for list in ["[]", #"[{"id":"170","jobStatus":"FINISHED","modelId":"m"}]"#, "[null,7,{}]"] {
            let failed = try decode(try status(), list).failed()
            XCTAssertEqual(failed.kind, .notFound, list)
            XCTAssertEqual(failed.failure.status, .notFound)
            XCTAssertTrue(failed.failure.message.contains("does not list training job 17"), failed.failure.message)
        }
        for data in ["null", "{}", "\"\"", #"{"id":"17","jobStatus":"FINISHED","modelId":"m"}"#] {
            XCTAssertEqual(try decode(try status(), data).failed().kind, .unreadable, data)
        }
        let jobs = [#"[{"id":"17"}]"#, #"[{"id":"17","jobStatus":3}]"#]
        for data in jobs { XCTAssertEqual(try decode(try status(), data).failed().kind, .unreadable, data) }
    }

    /// A list that is too long to be kept is read all the same, and what it says of this job is kept.
    func testALongList() throws {
        let name = String(repeating: "n", count: 40)
        let filler = (0..<20_000).map { #"{"id":"x\#($0)","jobStatus":"FINISHED","name":"\#(name)"}"# }
        let list = "[" + filler.joined(separator: ",") + #",{"id":"17","jobStatus":"FINISHED","modelId":"m"}]"#
        let answer = try decode(try status(), list).answer()
        XCTAssertEqual(answer.resultID, "m")
        XCTAssertEqual(
            String(decoding: answer.response, as: UTF8.self), #"{"id":"17","jobStatus":"FINISHED","modelId":"m"}"#)
    }

    func testTokensOfTrainingJobs() throws {
        let provider = try XCTUnwrap(provider)
        let reference = provider.reference(operation: "model_train", remoteID: "17")
        let token = try XCTUnwrap(TokenText.encode(reference))
        let again = try TokenText.decode(token)
        XCTAssertNoThrow(try provider.validate(again))
        XCTAssertEqual(provider.statusCall(again).remoteID, "17")
    }
}
