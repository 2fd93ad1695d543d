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
            "TASK_KILLED", "STOPPED_BY_USER", "RUN_TERMINATED", "FORCE_STOP", "SYSTEM_ABORT",
        ].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 1) {
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

    func testUnknownWords() throws {
        for word in [
            "STOPPING", "CANCELLING", "ABORTING", "CANCEL_REQUESTED", "STOP_PENDING", "NO_ERROR", "NOT_FAILED",
            "ERROR_RETRYING", "PARTIAL", "PARTIAL_RESULT", "REVIEW", "UNKNOWN", "5", "NON_STOP",
        ].flatMap(forms) {
            for (cloud, answer) in try answers(word, images: 1) {
                XCTAssertEqual(answer.state, .running, "\(cloud) \(word)")
            }
        }
    }
}
