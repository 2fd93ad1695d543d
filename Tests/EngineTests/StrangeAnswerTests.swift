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

    // MARK: - Refusals of other calls

    /// Something on the way passes the submission on, the job is created and paid, and answers with the refusal of an earlier
    /// one. A second try would be a second bill.
    func testAnOldRefusalIsNoLeaveToSubmitAgain() throws {
        for (fault, kind) in [
            (Fault.throttle(milliseconds: 100), "throttled"), (.tooManyTasks, "crowd"), (.refusal, "refused"),
            (.clockSkew(seconds: 900), "clock"), (.staleCredentials, "stale"), (.notFound, "not found"),
        ] {
            let harness = try Harness()
            harness.cloud.givesRequestIDs = true
            harness.transport.setScript { $0.subject == "first" ? fault : nil }
            harness.submit("first", deadline: 2_000)
            harness.runToTheEnd()
            harness.cloud.refusesFromCache = ["submit"]
            let job = harness.submit("paid")
            harness.runToTheEnd()
            let seen = end(job)
            XCTAssertEqual(harness.cloud.executions(of: "paid").count, 1, "\(kind): paid once")
            XCTAssertEqual(seen.state, .unknown, kind)
            XCTAssertEqual(seen.outcome, .unknown, kind)
            XCTAssertTrue(seen.message.contains("a request id that this client already has"), seen.message)
        }
    }

    /// A status call that gets another call's answer is asked again, whatever that answer says.
    func testAnOldRefusalDoesNotEndAJob() throws {
        for fault in [Fault.refusal, .expired] {
            let harness = try Harness()
            harness.cloud.givesRequestIDs = true
            harness.transport.setScript { $0.subject.hasSuffix("/job-1") ? fault : nil }
            XCTAssertEqual(harness.cloud.plant(tag: "refused", at: harness.clock.nanoseconds()), "job-1")
            let refused = harness.attach("job-1")
            harness.runToTheEnd()
            XCTAssertEqual(end(refused).state, .failed)
            harness.cloud.refusesFromCache = ["status"]
            let job = harness.submit("two", deadline: 60_000)
            harness.run(for: 10_000)
            XCTAssertFalse(job.snapshot.state.isTerminal)
            harness.cloud.refusesFromCache = []
            harness.runToTheEnd()
            XCTAssertEqual(end(job).state, .succeeded)
        }
    }

    private func refusal(_ id: String?, _ kind: FailureKind = .refused) -> Result<JobAnswer, CallFailure> {
        .failure(CallFailure(kind, Failure(.requestRefused, "no", requestID: id)))
    }

    /// Each kind of call against an answer that each kind of call had before.
    func testAnAnswerToAnyCallNamesOneCallAlone() {
        let provider = FakeProvider()
        let submission = provider.call(submit: "one")
        let reference = provider.reference(operation: "draw", remoteID: "job-1")
        let calls: [(String, ProviderCall)] = [
            ("submission", submission), ("status", provider.statusCall(reference)),
            ("write by name", provider.direct(submission, as: .submit)),
            ("read by name", provider.direct(submission, as: .read)),
        ]
        let kinds: [FailureKind] = [
            .refused, .throttled, .concurrencyLimit, .clockSkew, .staleCredentials, .notFound, .expired, .transient,
        ]
        for (firstName, first) in calls {
            for (name, call) in calls {
                for kind in kinds {
                    for wasRefused in [false, true] {
                        var known = KnownAnswers()
                        let reply = HTTPReply(status: 200)
                        let old: Result<JobAnswer, CallFailure> =
                            wasRefused
                            ? refusal("r") : .success(JobAnswer(remoteID: "a", state: .pending, requestID: "r"))
                        _ = known.believed(old, reply, first, doing: "x")
                        let said = known.believed(refusal("r", kind), reply, call, doing: "x")
                        guard case .failure(let failed) = said else { return XCTFail("\(said)") }
                        XCTAssertEqual(failed.kind, .unreadable, "\(name) after \(firstName): \(kind)")
                        XCTAssertEqual(failed.failure.isRetryable, call.kind != .submit)
                        let answer = JobAnswer(remoteID: "b", state: .succeeded, requestID: "r")
                        guard case .failure = known.believed(.success(answer), reply, call, doing: "x") else {
                            return XCTFail("\(name) after \(firstName): an answer")
                        }
                        guard case .failure(let own) = known.believed(refusal("s", kind), reply, call, doing: "x")
                        else {
                            return XCTFail("a refusal became a success")
                        }
                        XCTAssertEqual(own.kind, kind, "a refusal with an id of its own stays")
                    }
                }
            }
        }
    }

    func testTheRefusalOfAnImageNamesOneCallAlone() {
        var known = KnownAnswers()
        let call = FakeProvider().direct(FakeProvider().call(submit: "one"), as: .asset)
        let gone = CallFailure(.notFound, Failure(.notFound, "no", requestID: "r"))
        let reply = HTTPReply(status: 404)
        XCTAssertEqual(known.believed(refusal: gone, reply, call, doing: "x").kind, .notFound)
        XCTAssertEqual(known.believed(refusal: gone, reply, call, doing: "x").kind, .unreadable)
    }

    /// Thousands of status answers do not displace what answered submissions.
    func testStatusAnswersDoNotDisplaceSubmissions() {
        var known = KnownAnswers()
        let provider = FakeProvider()
        let status = provider.statusCall(provider.reference(operation: "draw", remoteID: "job-1"))
        let submission = provider.call(submit: "one")
        XCTAssertTrue(known.note(request: "refused", submission))
        for number in 0..<3 * AnswerBook.capacity { XCTAssertTrue(known.note(request: "\(number)", status)) }
        XCTAssertFalse(known.note(request: "refused", submission))
        XCTAssertFalse(known.note(request: "refused", status))
    }

    /// A refusal without a request id cannot be told from another one: the clouds' readers take none for a refusal of a
    /// submission, see FailureTests.
    func testARefusalWithoutARequestIdIsNotNoted() {
        var known = KnownAnswers()
        let call = FakeProvider().call(submit: "one")
        for _ in 0..<2 {
            guard case .failure(let failed) = known.believed(refusal(nil), HTTPReply(status: 400), call, doing: "x")
            else { return XCTFail("a refusal became a success") }
            XCTAssertEqual(failed.kind, .refused)
        }
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
