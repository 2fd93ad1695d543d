import Core
import Support
import XCTest

@testable import Engine

/// Answers to submissions that were made for other ones: nobody knows then whether the job was created.
final class StrangeAnswerTests: XCTestCase {
    private func end(_ job: JobRecord) -> (state: JobState, outcome: SubmitOutcome, message: String) {
        let snapshot = job.snapshot
        return (snapshot.state, snapshot.outcome, snapshot.failure?.message ?? "")
    }

    func testTheIdOfAJobOfThisClientIsNotTakenAgain() throws {
        let harness = try Harness()
        let first = harness.submit("one")
        harness.runToTheEnd()
        XCTAssertEqual(end(first).state, .succeeded)
        harness.cloud.repeatsAcceptances = true
        let second = harness.submit("two")
        harness.runToTheEnd()
        let seen = end(second)
        XCTAssertEqual(seen.state, .unknown)
        XCTAssertEqual(seen.outcome, .unknown)
        XCTAssertTrue(seen.message.contains("this client already has"), seen.message)
        XCTAssertTrue(seen.message.contains("job-1"), seen.message)
        XCTAssertNil(second.snapshot.reference)
        XCTAssertEqual(harness.cloud.arrivals.filter { $0.subject == "two" }.count, 1, "it is not sent again")
    }

    func testTheIdOfAnAttachedJobIsNotTaken() throws {
        let harness = try Harness()
        harness.attach(harness.cloud.plant(tag: "planted", at: harness.clock.nanoseconds()))
        harness.runToTheEnd()
        harness.cloud.repeatsAcceptances = true
        let job = harness.submit("one")
        harness.runToTheEnd()
        XCTAssertEqual(end(job).outcome, .unknown)
    }

    func testAnAnswerWithAnAge() throws {
        for age in ["31", "0", ""] {
            let harness = try Harness()
            harness.cloud.age = age
            let job = harness.submit("one")
            harness.runToTheEnd()
            let seen = end(job)
            XCTAssertEqual(seen.outcome, .unknown, "Age: \(age)")
            XCTAssertTrue(seen.message.contains("cache"), seen.message)
            XCTAssertTrue(seen.message.contains("job-1"), seen.message)
        }
    }

    /// A refusal out of a cache says nothing of this submission either.
    func testARefusalWithAnAgeIsNoRefusal() {
        var known = KnownAnswers()
        let call = FakeProvider().call(submit: "one")
        let headers = HTTPHeaders([HTTPHeader("Age", "5")])
        let refused = CallFailure(.throttled, Failure(.throttled, "slow down", requestID: "r"))
        let answer = known.believed(
            .failure(refused), HTTPReply(status: 429, headers: headers), call, doing: "Submitting")
        guard case .failure(let failed) = answer else { return XCTFail("\(answer)") }
        XCTAssertEqual(failed.kind, .unreadable)
        XCTAssertTrue(failed.failure.message.contains("slow down"), failed.failure.message)
        XCTAssertEqual(failed.failure.requestID, "r")
    }

    func testARequestIdThatWasThereBefore() {
        var known = KnownAnswers()
        let call = FakeProvider().call(submit: "one")
        func answer(_ job: String, _ request: String?) -> Bool {
            let said = JobAnswer(remoteID: job, state: .pending, requestID: request)
            guard case .success = known.believed(.success(said), HTTPReply(status: 200), call, doing: "x") else {
                return false
            }
            return true
        }
        XCTAssertTrue(answer("a", "1"))
        XCTAssertFalse(answer("b", "1"), "another job with the request id of the first")
        XCTAssertTrue(answer("c", "2"))
        XCTAssertTrue(answer("d", nil))
        XCTAssertTrue(answer("e", nil))
        XCTAssertTrue(answer("f", ""))
        XCTAssertFalse(answer("b", "3"))
        XCTAssertFalse(answer("g", "3"), "the request id of an answer that was not believed")
    }

    /// A write by name costs as a submission does: an answer that was given before was given to something else.
    func testAWriteByNameIsHeldToItsRequestId() {
        var known = KnownAnswers()
        let provider = FakeProvider()
        let call = provider.direct(provider.call(submit: "one"), as: .submit)
        func isBelieved(_ request: String?) -> Bool {
            let said = JobAnswer(state: .succeeded, requestID: request)
            guard case .failure(let failed) = known.believed(.success(said), HTTPReply(status: 200), call, doing: "x")
            else { return true }
            XCTAssertEqual(failed.kind, .unreadable)
            return false
        }
        XCTAssertTrue(isBelieved("1"))
        XCTAssertFalse(isBelieved("1"))
        XCTAssertTrue(isBelieved("2"))
        XCTAssertTrue(isBelieved(nil))
        XCTAssertTrue(isBelieved(nil))
    }

    func testTheBookIsBounded() {
        var book = AnswerBook()
        for number in 0..<3 * AnswerBook.capacity { XCTAssertTrue(book.add("\(number)", of: "fake")) }
        XCTAssertFalse(book.add("\(3 * AnswerBook.capacity - 1)", of: "fake"))
        XCTAssertFalse(book.add("\(2 * AnswerBook.capacity)", of: "fake"))
        XCTAssertTrue(book.add("0", of: "fake"), "forgotten")
        XCTAssertTrue(book.add("\(3 * AnswerBook.capacity - 1)", of: "another"))
        XCTAssertTrue(book.add("\u{212A}", of: "fake"))
        XCTAssertTrue(book.add("K", of: "fake"), "other bytes are another id")
    }
}
