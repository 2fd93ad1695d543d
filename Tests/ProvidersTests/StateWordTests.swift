import Core
import Providers
import XCTest

/// One meaning of a word for both clouds, whatever its case and its separators.
final class StateWordTests: XCTestCase {
    private func answers(_ word: String, images: Int) throws -> [(String, JobAnswer)] {
        let calls = try Calls(alibabaID: "7")
        let urls = (0..<images).map { #""https://a/\#($0)""# }.joined(separator: ",")
        let tencent = #"{"Response":{"Status":"\#(word)","ImageUrls":[\#(urls)],"RequestId":"r"}}"#
        let data = #"{"id":"7","jobStatus":"\#(word)","resultImageUrl":[\#(urls)]}"#
        let alibaba = #"{"success":true,"requestId":"r","data":\#(data)}"#
        return [
            ("tencent", try calls.tencent(calls.tencentStatus, reply(200, tencent)).answer()),
            ("alibaba", try calls.alibaba(calls.alibabaStatus, reply(200, alibaba)).answer()),
        ]
    }

    private func forms(_ word: String) -> [String] {
        [word, word.lowercased(), word.capitalized, " \(word) ", word.replacing("_", with: " ")]
    }

    func testBadEnds() throws {
        for word in [
            "STOP", "STOPPED", "ABORT", "ABORTED", "REJECT", "REJECTED", "TERMINATE", "TERMINATED", "KILL", "KILLED",
            "CANCEL", "CANCELED", "CANCELLED", "FAIL", "FAILED", "FAILURE", "ERROR", "TIMEOUT", "TIMED_OUT", "EXPIRED",
            "TASK_KILLED", "STOPPED_BY_USER", "RUN_TERMINATED", "FORCE_STOP", "SYSTEM_ABORT", "DELETED", "DELETE",
            "JOB_DELETED", "REMOVED", "TRAINFAILED", "JOBFAILED", "TASK_FAILED", "TIMEOUT_ERROR", "QUEUE_TIMEOUT",
            "CANCELLED_BY_SYSTEM", "USER_CANCEL", "INFERENCE_FAILED", "IMAGE_GENERATION_FAILED",
        ].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 0) {
                guard case .failed(let failure) = answer.state else {
                    XCTFail("\(cloud) \(word): \(answer.state)")
                    continue
                }
                XCTAssertEqual(failure.status, .jobFailed, "\(cloud) \(word)")
                XCTAssertEqual(answer.assets, [])
            }
        }
    }

    func testAPartOfTheImages() throws {
        for word in [
            "PARTIAL_SUCCESS", "PARTIALLY_SUCCEEDED", "PARTIAL_SUCCEEDED", "PARTIALSUCCESS", "SUCCESS_PARTIAL",
            "PARTIALLY_COMPLETED", "PARTIAL_FAILURE", "PARTIALLY_FAILED", "PARTLY_DONE", "PARTIAL-SUCCESS",
        ].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 2) {
                XCTAssertEqual(answer.state, .succeeded, "\(cloud) \(word)")
                XCTAssertEqual(answer.assets.count, 2, "\(cloud) \(word)")
                XCTAssertTrue(answer.warning?.contains("not all images") == true, "\(cloud) \(word)")
                XCTAssertFalse(answer.stateIsUnknown)
            }
            for (cloud, answer) in try answers(word, images: 0) {
                XCTAssertEqual(answer.state, .running, "\(cloud) \(word)")
                XCTAssertTrue(answer.stateIsUnknown, "\(cloud) \(word): nobody is left to wait without being told")
            }
        }
    }

    /// A good end with trouble: its images are handed over with a warning, and without images nothing has ended.
    func testAGoodEndWithTrouble() throws {
        for word in [
            "FINISH_WITH_ERROR", "DONE_WITH_ERRORS", "COMPLETED_WITH_ERRORS", "SUCCESS_WITH_WARNING",
            "TASK_FINISHED_WITH_WARNINGS", "SUCCEEDED_WITH_SOME_FAILURES",
        ].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 2) {
                XCTAssertEqual(answer.state, .succeeded, "\(cloud) \(word)")
                XCTAssertEqual(answer.assets.count, 2, "\(cloud) \(word)")
                XCTAssertTrue(answer.warning?.contains("not all images") == true, "\(cloud) \(word)")
            }
            for (cloud, answer) in try answers(word, images: 0) {
                XCTAssertEqual(answer.state, .running, "\(cloud) \(word)")
                XCTAssertTrue(answer.stateIsUnknown, "\(cloud) \(word)")
            }
        }
        for word in [
            "RUNNING_WITH_ERROR", "NOT_DONE_WITH_ERROR", "DONE_WITH_LOVE", "REVIEW_DONE_WITH_ERRORS",
            "DONE_WITH_ERROR_RETRYING", "DONE_WITH", "WITH_ERROR", "REVIEW_SUCCESS", "TIMEOUT_WAITING",
            "RETRY_ON_ERROR", "FAIL_RETRYING_2", "ERROR_RECOVERY", "FAIL_OVER", "RUNNING_STOP_SOON",
            "AUTO_STOP_RUNNING", "PRE_EXPIRE_CHECK", "REJECT_CHECKING",
        ].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 1) {
                XCTAssertEqual(answer.state, .running, "\(cloud) \(word)")
                XCTAssertTrue(answer.stateIsUnknown, "\(cloud) \(word)")
            }
        }
    }

    /// Words that can only be of a job that runs are no news for the host.
    func testWordsOfRunningJobs() throws {
        for word in [
            "RUNNING", "PENDING", "QUEUED", "ACCEPTED", "RECEIVED", "DISPATCHED", "PREPARING", "EXECUTING", "RENDERING",
            "READY", "ONGOING", "Processing", "WAITING_FOR_RETRY", "started",
        ] {
            for (cloud, answer) in try answers(word, images: 1) {
                XCTAssertEqual(answer.state, .running, "\(cloud) \(word)")
                XCTAssertFalse(answer.stateIsUnknown, "\(cloud) \(word)")
            }
        }
        for word in ["REVIEW", "UNKNOWN", "5", "FROZEN", "PARTIAL"] {
            for (cloud, answer) in try answers(word, images: 1) {
                XCTAssertTrue(answer.stateIsUnknown, "\(cloud) \(word)")
            }
        }
    }

    /// Images that are there are paid for: whoever ordered them gets them, and is told how the provider calls their job.
    func testABadEndBesideImages() throws {
        for word in ["FAIL", "FAILED", "PARTIALLY_FAILED", "ERROR", "TIMEOUT", "CANCELLED", "STOPPED"].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 2) {
                XCTAssertEqual(answer.state, .succeeded, "\(cloud) \(word)")
                XCTAssertEqual(answer.assets.map(\.id), ["https://a/0", "https://a/1"], "\(cloud) \(word)")
                XCTAssertTrue(answer.warning?.contains("not all images") == true, "\(cloud) \(word)")
                XCTAssertFalse(answer.stateIsUnknown)
            }
        }
        // Entries that are no images leave the end as it is.
        let calls = try Calls(alibabaID: "7")
        for list in ["null", "[]", #"["FAILED",null,""]"#] {
            let tencent = #"{"Response":{"Status":"FAIL","ImageUrls":\#(list),"Message":"no","RequestId":"r"}}"#
            let data = #"{"id":"7","jobStatus":"FAILED","resultImageUrl":\#(list)}"#
            let alibaba = #"{"success":true,"requestId":"r","data":\#(data)}"#
            for answer in [
                try calls.tencent(calls.tencentStatus, reply(200, tencent)).answer(),
                try calls.alibaba(calls.alibabaStatus, reply(200, alibaba)).answer(),
            ] {
                guard case .failed = answer.state else { return XCTFail("\(list): \(answer.state)") }
            }
        }
        // Why the provider calls it an end is told too.
        let said =
            #"{"Response":{"Status":"FAIL","ImageUrls":["https://a/0"],"Message":"one was refused","RequestId":"r"}}"#
        let warning = try calls.tencent(calls.tencentStatus, reply(200, said)).answer().warning
        XCTAssertTrue(warning?.contains("one was refused") == true, warning ?? "")
    }

    func testTheWordIsShownWithoutTheBlanksAroundIt() throws {
        for (word, shown) in [
            (" DONE ", "DONE"), ("  FINISHED\\n", "FINISHED"), ("\\tRUN\\r\\n", "RUN"), ("\u{3000}RUN\u{A0}", "RUN"),
            ("PARTIAL SUCCESS ", "PARTIAL ..."),
        ] {
            for (cloud, answer) in try answers(word, images: 1) {
                XCTAssertEqual(answer.providerState, shown, "\(cloud) \(word)")
            }
        }
    }

    func testUnknownWords() throws {
        for word in [
            "STOPPING", "CANCELLING", "ABORTING", "CANCEL_REQUESTED", "STOP_PENDING", "NO_ERROR", "NOT_FAILED",
            "ERROR_RETRYING", "WAIT_TIMEOUT_RETRY", "RUNNING_NO_ERROR", "FAILED_WILL_RETRY", "RETRY_AFTER_FAILURE",
            "ERROR_RECOVERING", "RUNNING_WITH_ERROR", "CANCEL_FAILED", "STOP_REJECTED", "DELETE_ERROR", "ERROR_IGNORED",
            "TIMEOUT_EXTENDED", "WAITING_AFTER_TIMEOUT", "RESUMED_AFTER_ERROR", "UNDELETED", "NONSTOP", "PARTIAL",
            "PARTIAL_RESULT", "REVIEW", "UNKNOWN", "5", "NON_STOP",
        ].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 1) {
                XCTAssertEqual(answer.state, .running, "\(cloud) \(word)")
                XCTAssertTrue(answer.stateIsUnknown, "\(cloud) \(word): the host is told")
            }
        }
    }
}
