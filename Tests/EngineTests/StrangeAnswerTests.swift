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
        XCTAssertTrue(seen.message.contains("already has"), seen.message)
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
            .failure(refused), HTTPReply(status: 429, headers: headers), call, at: 0, doing: "Submitting")
        guard case .failure(let failed) = answer else { return XCTFail("\(answer)") }
        XCTAssertEqual(failed.kind, .unreadable)
        XCTAssertTrue(failed.failure.message.contains("slow down"), failed.failure.message)
        XCTAssertEqual(failed.failure.requestID, "r")
    }

    // MARK: - Answers of other calls

    private let second: Int64 = 1_000_000_000

    private func reply(_ date: String?) -> HTTPReply {
        HTTPReply(status: 200, headers: HTTPHeaders(date.map { [HTTPHeader("Date", $0)] } ?? []))
    }

    private func refusal(_ id: String?, _ kind: FailureKind = .refused) -> Result<JobAnswer, CallFailure> {
        .failure(CallFailure(kind, Failure(.requestRefused, "no", requestID: id)))
    }

    /// The request id of an earlier answer with that answer's date, seconds later: nobody makes such an answer anew.
    func testAnEarlierAnswerIsNotBelievedAgain() {
        let submission = FakeProvider().call(submit: "one")
        for (id, date, later, isBelieved) in [
            ("r", "12:00:00", 2 * second, false), ("r", "12:00:00", 3_600 * second, false),
            ("r", "12:00:00", 2 * second - 1, true), ("r", "12:00:02", 2 * second, true),
            ("s", "12:00:00", 9 * second, true),
            ("r", nil, 9 * second, true), ("", "12:00:00", 9 * second, true), (nil, "12:00:00", 9 * second, true),
        ] as [(String?, String?, Int64, Bool)] {
            var known = KnownAnswers()
            _ = known.believed(refusal("r", .throttled), reply("12:00:00"), submission, at: 7 * second, doing: "x")
            let said = known.believed(
                refusal(id, .throttled), reply(date), submission, at: 7 * second + later, doing: "x")
            guard case .failure(let failed) = said else { return XCTFail("a refusal became a success") }
            let what = "\(id ?? "no id"), \(date ?? "no date"), \(later) ns later"
            XCTAssertEqual(failed.kind, isBelieved ? .throttled : .unreadable, what)
        }
    }

    /// A service that stands for a provider gives all answers one request id, and has no date or the time of day: jobs work.
    func testAServiceWithOneRequestId() {
        let provider = FakeProvider()
        let submission = provider.call(submit: "one")
        let status = provider.statusCall(provider.reference(operation: "draw", remoteID: "job-1"))
        for dates in [false, true] {
            var known = KnownAnswers()
            for number in 0..<100 {
                let now = Int64(number) * second
                let reply = reply(dates ? "second \(number)" : nil)
                let job = JobAnswer(remoteID: "job-\(number)", state: .pending, requestID: "r")
                for (call, said) in [
                    (submission, refusal("r", .throttled)), (submission, .success(job)), (status, refusal("r")),
                ] {
                    switch (known.believed(said, reply, call, at: now, doing: "x"), said) {
                    case (.success, .success): break
                    case (.failure(let failed), .failure(let right)): XCTAssertEqual(failed.kind, right.kind)
                    default: XCTFail("\(said)")
                    }
                }
            }
        }
    }

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
            harness.run(for: 3_000)
            harness.cloud.refusesFromCache = ["submit"]
            let job = harness.submit("paid")
            harness.runToTheEnd()
            let seen = end(job)
            XCTAssertEqual(harness.cloud.executions(of: "paid").count, 1, "\(kind): paid once")
            XCTAssertEqual(seen.state, .unknown, kind)
            XCTAssertEqual(seen.outcome, .unknown, kind)
            XCTAssertTrue(seen.message.contains("the request id and the date of an earlier one"), seen.message)
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
            harness.run(for: 3_000)
            harness.cloud.refusesFromCache = ["status"]
            let job = harness.submit("two", deadline: 60_000)
            harness.run(for: 10_000)
            XCTAssertFalse(job.snapshot.state.isTerminal)
            harness.cloud.refusesFromCache = []
            harness.runToTheEnd()
            XCTAssertEqual(end(job).state, .succeeded)
        }
    }

    /// Each kind of call against an answer that each kind of call had before.
    func testAnAnswerToAnyCallBelongsToOneCallAlone() {
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
        let reply = reply("12:00:00")
        for (firstName, first) in calls {
            for (name, call) in calls {
                for kind in kinds {
                    for wasRefused in [false, true] {
                        var known = KnownAnswers()
                        let old: Result<JobAnswer, CallFailure> =
                            wasRefused
                            ? refusal("r") : .success(JobAnswer(remoteID: "a", state: .pending, requestID: "r"))
                        _ = known.believed(old, reply, first, at: 0, doing: "x")
                        let said = known.believed(refusal("r", kind), reply, call, at: 2 * second, doing: "x")
                        guard case .failure(let failed) = said else { return XCTFail("\(said)") }
                        XCTAssertEqual(failed.kind, .unreadable, "\(name) after \(firstName): \(kind)")
                        XCTAssertEqual(failed.failure.isRetryable, call.kind != .submit)
                        let answer = JobAnswer(remoteID: "b", state: .succeeded, requestID: "r")
                        guard case .failure = known.believed(.success(answer), reply, call, at: 2 * second, doing: "x")
                        else { return XCTFail("\(name) after \(firstName): an answer") }
                        guard
                            case .failure(let own) = known.believed(
                                refusal("s", kind), reply, call, at: 2 * second, doing: "x")
                        else { return XCTFail("a refusal became a success") }
                        XCTAssertEqual(own.kind, kind, "a refusal with an id of its own stays")
                    }
                }
            }
        }
    }

    func testTheRefusalOfAnImageBelongsToOneCallAlone() {
        var known = KnownAnswers()
        let call = FakeProvider().direct(FakeProvider().call(submit: "one"), as: .asset)
        let gone = CallFailure(.notFound, Failure(.notFound, "no", requestID: "r"))
        let reply = reply("12:00:00")
        XCTAssertEqual(known.believed(refusal: gone, reply, call, at: 0, doing: "x").kind, .notFound)
        XCTAssertEqual(known.believed(refusal: gone, reply, call, at: 2 * second, doing: "x").kind, .unreadable)
    }

    /// Thousands of status answers do not displace what answered submissions.
    func testStatusAnswersDoNotDisplaceSubmissions() {
        var known = KnownAnswers()
        let provider = FakeProvider()
        let status = provider.statusCall(provider.reference(operation: "draw", remoteID: "job-1"))
        let submission = provider.call(submit: "one")
        let reply = reply("12:00:00")
        XCTAssertFalse(known.isRepeated("refused", reply, submission, at: 0))
        for number in 0..<10_000 {
            XCTAssertFalse(known.isRepeated("\(number)", reply, status, at: 0))
        }
        XCTAssertTrue(known.isRepeated("refused", reply, submission, at: 2 * second))
        XCTAssertTrue(known.isRepeated("refused", reply, status, at: 2 * second))
    }

    func testTheBookIsBounded() {
        let capacity = 4_096
        var book = AnswerBook<Int>(capacity: capacity)
        for number in 0..<3 * capacity { XCTAssertNil(book.add("\(number)", of: "fake", number)) }
        XCTAssertEqual(book.add("\(3 * capacity - 1)", of: "fake", -1), 3 * capacity - 1)
        XCTAssertEqual(book.first(AnswerNumber("\(2 * capacity)", of: "fake")), 2 * capacity)
        XCTAssertNil(book.add("0", of: "fake", -1), "forgotten")
        XCTAssertNil(book.add("\(3 * capacity - 1)", of: "another", -1))
        XCTAssertNil(book.add("\u{212A}", of: "fake", -1))
        XCTAssertNil(book.add("K", of: "fake", -1), "other bytes are another id")
    }
}
