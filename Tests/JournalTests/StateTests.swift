import Core
import Foundation
import XCTest

@testable import Journal

/// The states of a key, one client at a time.
final class StateTests: XCTestCase {
    func testTheLifeOfAKey() throws {
        let place = Place()
        let journal = try open(place.journal)
        defer { journal.close() }
        XCTAssertEqual(try journal.take(claim("k")), .new)
        XCTAssertEqual(try journal.state("k"), .claimed)
        try journal.step(.sending("AKID", "k"), "k")
        XCTAssertEqual(try journal.state("k"), .sending)
        try journal.step(.returned, "k")
        XCTAssertEqual(try journal.state("k"), .claimed)
        try journal.step(.sending("AKID", "k"), "k")
        try journal.step(.accepted(remoteID: "r-1", requestID: "q-1"), "k")
        let accepted = try XCTUnwrap(try journal.find(key("k")))
        XCTAssertEqual(accepted.entry.state, .accepted)
        XCTAssertEqual(accepted.entry.remoteID, "r-1")
        XCTAssertEqual(accepted.entry.requestID, "q-1")
        XCTAssertEqual(accepted.entry.attempts, 2)
        XCTAssertEqual(accepted.entry.outcome, .accepted)
        XCTAssertEqual(accepted.holder, .here)
        journal.record(.succeeded(images: 3), of: key("k"), done: nil)
        let ended = try XCTUnwrap(try journal.find(key("k")))
        XCTAssertEqual(ended.entry.state, .succeeded)
        XCTAssertEqual(ended.entry.images, 3)
        XCTAssertEqual(ended.holder, .nobody)
        XCTAssertGreaterThanOrEqual(ended.entry.endedAt, ended.entry.acceptedAt)
        XCTAssertEqual(try journal.take(claim("k")), .known(ended))
    }

    func testAnotherPayloadUnderAKeyIsAConflict() throws {
        let place = Place()
        let journal = try open(place.journal)
        defer { journal.close() }
        _ = try journal.take(claim("k"))
        XCTAssertEqual(status { _ = try journal.take(claim("k", payload: "a dog")) }, .keyConflict)
        try journal.step(.sending("", "k"), "k")
        XCTAssertEqual(status { _ = try journal.take(claim("k", payload: "a dog")) }, .keyConflict)
        try journal.step(.unknown(Failure(.network, "cut")), "k")
        XCTAssertEqual(status { _ = try journal.take(claim("k", payload: "a dog")) }, .keyConflict)
        guard case .known(let place) = try journal.take(claim("k")) else { return XCTFail("sent again") }
        XCTAssertEqual(place.entry.state, .unknown)
        XCTAssertEqual(place.entry.outcome, .unknown)
        XCTAssertThrowsError(try journal.take(claim("k", payload: "a dog"))) { error in
            XCTAssertEqual((error as? Failure)?.outcome, .notSent)
            XCTAssertEqual((error as? Failure)?.field, "key")
        }
    }

    func testWhatWasRefusedMayBeSubmittedAnewWithAnotherPayload() throws {
        let place = Place()
        let journal = try open(place.journal)
        defer { journal.close() }
        _ = try journal.take(claim("k"))
        try journal.step(.sending("", "k"), "k")
        journal.record(.refused(Failure(.contentRefused, "no", providerCode: "Bad")), of: key("k"), done: nil)
        // At once: the step waits for a commit, and the claim sees it all the same.
        XCTAssertEqual(try journal.take(claim("k", payload: "a dog")), .new)
        let again = try XCTUnwrap(try journal.find(key("k"))?.entry)
        XCTAssertEqual(again.state, .claimed)
        XCTAssertEqual(again.digest, Array("a dog".utf8))
        XCTAssertEqual(again.status, 0)
        XCTAssertEqual(again.providerCode, "")
    }

    func testNothingIsSentTwice() throws {
        let place = Place()
        let journal = try open(place.journal)
        defer { journal.close() }
        _ = try journal.take(claim("k"))
        try journal.step(.sending("", "k"), "k")
        XCTAssertThrowsError(try journal.step(.sending("", "k"), "k")) { XCTAssertTrue($0 is Taken) }
        try journal.step(.accepted(remoteID: "r", requestID: ""), "k")
        XCTAssertThrowsError(try journal.step(.sending("", "k"), "k")) { error in
            XCTAssertEqual((error as? Taken)?.place.entry.remoteID, "r")
        }
        XCTAssertEqual(status { try journal.step(.sending("", "k", payload: "a dog"), "k") }, .keyConflict)
        try journal.step(.accepted(remoteID: "r", requestID: ""), "k")
        XCTAssertEqual(status { try journal.step(.accepted(remoteID: "s", requestID: ""), "k") }, .journal)
        XCTAssertEqual(status { try journal.step(.accepted(remoteID: "s", requestID: ""), "nobody's") }, .journal)
        // A claim that was lost with the power is made good.
        try journal.step(.sending("", "unheard of"), "unheard of")
        XCTAssertEqual(try journal.state("unheard of"), .sending)
    }

    func testKeysAreBytes() throws {
        let place = Place()
        let journal = try open(place.journal)
        defer { journal.close() }
        // The same letter for a reader, composed and not.
        XCTAssertEqual(try journal.take(claim("caf\u{E9}")), .new)
        XCTAssertEqual(try journal.take(claim("cafe\u{301}")), .new)
        XCTAssertNil(JournalKey(""))
        XCTAssertNil(JournalKey("a\0b"))
        XCTAssertNotNil(JournalKey(String(repeating: "k", count: 255)))
        XCTAssertNil(JournalKey(String(repeating: "k", count: 256)))
    }

    func testTheAccountIsNotReadable() throws {
        let place = Place()
        let journal = try open(place.journal)
        _ = try journal.take(claim("k"))
        try journal.step(.sending("AKIDEXAMPLE", "k"), "k")
        XCTAssertEqual(try journal.find(key("k"))?.entry.account, journal.accountName("AKIDEXAMPLE"))
        XCTAssertNotEqual(journal.accountName("AKIDEXAMPLF"), journal.accountName("AKIDEXAMPLE"))
        journal.close()
        let bytes = try XCTUnwrap(FileManager.default.contents(atPath: place.file))
        XCTAssertNil(bytes.range(of: Data("AKIDEXAMPLE".utf8)))
        XCTAssertNotNil(bytes.range(of: Data("ELPMAXED".utf8)))
    }

    func testARequestIsForgottenAtTheEnd() throws {
        let place = Place()
        let journal = try open(place.journal)
        _ = try journal.take(claim("k", request: Array("{\"Prompt\": \"a purple cat\"}".utf8)))
        try journal.step(.sending("", "k"), "k")
        try journal.step(.accepted(remoteID: "r", requestID: ""), "k")
        let tools = try JournalTools(path: place.journal)
        XCTAssertEqual(try tools.list(JournalTools.Filter(), after: "").map(\.request), [[]])
        // Until then it can be looked at, by who has to send it, or to look for it.
        let body = Array("{\"Prompt\": \"a green cat\"}".utf8)
        _ = try journal.take(claim("open", request: body))
        XCTAssertEqual(try tools.list(JournalTools.Filter(), after: "k").map(\.request), [body])
        try journal.step(.sending("", "open"), "open")
        try journal.step(.unknown(Failure(.network, "cut")), "open")
        XCTAssertEqual(try tools.list(JournalTools.Filter(), after: "k").map(\.request), [body])
        try tools.resolve(key("open"), .notSent)
        XCTAssertEqual(try tools.list(JournalTools.Filter(), after: "k").map(\.request), [[]])
        tools.close()
        journal.close()
    }

    func testPruningFreesEndedKeysOnly() throws {
        let place = Place()
        let journal = try open(place.journal)
        for name in ["claimed", "sending", "accepted", "succeeded", "unknown", "refused"] {
            _ = try journal.take(claim(name))
            if name == "claimed" { continue }
            try journal.step(.sending("", name), name)
            switch name {
            case "accepted": try journal.step(.accepted(remoteID: "r", requestID: ""), name)
            case "succeeded":
                try journal.step(.accepted(remoteID: "r", requestID: ""), name)
                try journal.step(.succeeded(images: 1), name)
            case "unknown": try journal.step(.unknown(Failure(.network, "")), name)
            case "refused": try journal.step(.refused(Failure(.requestRefused, "")), name)
            default: break
            }
        }
        let tools = try JournalTools(path: place.journal)
        XCTAssertEqual(try tools.prune(olderThanMilliseconds: 3_600_000), 0)
        XCTAssertEqual(try tools.prune(olderThanMilliseconds: 0), 2)
        XCTAssertEqual(
            try tools.list(JournalTools.Filter(), after: "").map(\.entry.key.text),
            ["accepted", "claimed", "sending", "unknown"])
        tools.close()
        journal.close()
        // And by a client that is told to.
        let later = try open(place.journal, keep: 0)
        defer { later.close() }
        XCTAssertEqual(try later.state("accepted"), .accepted)
    }

    /// Writes times into all rows, as a machine with a wrong clock does.
    private func setTimes(_ place: Place, _ time: Int64, of name: String = "") throws {
        let store = try Store(place.journal, creates: false, syncs: true)
        defer { store.end() }
        try store.write(synced: false) { (database) throws(Failure) in
            try database.run(
                """
                UPDATE job SET claimed_at_ms=\(time), changed_at_ms=\(time),
                    sent_at_ms=CASE sent_at_ms WHEN 0 THEN 0 ELSE \(time) END,
                    accepted_at_ms=CASE accepted_at_ms WHEN 0 THEN 0 ELSE \(time) END,
                    ended_at_ms=CASE ended_at_ms WHEN 0 THEN 0 ELSE \(time) END
                WHERE '\(name)' IN ('', key)
                """, "setting times")
        }
    }

    private var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// The clock was right, and is set back by ten days: each change keeps the order of a row's times.
    func testNoChangeIsNotedBeforeTheNewestTimeOfItsRow() throws {
        let place = Place()
        var journal = try open(place.journal)
        defer { journal.close() }
        var time = now
        func check(_ name: String, _ state: JournalState) throws {
            let entry = try XCTUnwrap(try journal.find(key(name))).entry
            XCTAssertEqual(entry.state, state, name)
            XCTAssertGreaterThanOrEqual(entry.changedAt, time, "\(name) \(state)")
            for other in [entry.claimedAt, entry.sentAt, entry.acceptedAt, entry.endedAt] where other != 0 {
                XCTAssertGreaterThanOrEqual(other, time, "\(name) \(state)")
            }
            time = time.adding(864_000_000)
            try setTimes(place, time)
        }
        func play(_ name: String, _ steps: [(JournalStep, JournalState)]) throws {
            for (step, state) in steps {
                try journal.step(step, name)
                try check(name, state)
            }
        }
        for name in ["good", "bad", "late", "again", "heir"] { _ = try journal.take(claim(name)) }
        time = time.adding(864_000_000)
        try setTimes(place, time)
        let doubt = Failure(.network, "cut")
        let accepted = JournalStep.accepted(remoteID: "r", requestID: "")
        try play(
            "good",
            [
                (.sending("", "good"), .sending), (.returned, .claimed), (.sending("", "good"), .sending),
                (accepted, .accepted), (.succeeded(images: 1), .succeeded),
            ])
        try play("bad", [(.sending("", "bad"), .sending), (accepted, .accepted), (.failed(doubt), .failed)])
        try play("late", [(.sending("", "late"), .sending), (.unknown(doubt), .unknown), (accepted, .accepted)])
        try play("again", [(.sending("", "again"), .sending), (.refused(doubt), .refused)])
        _ = try journal.take(claim("again"))
        try check("again", .claimed)
        try play("again", [(.sending("", "again"), .sending), (.unknown(doubt), .unknown)])
        let tools = try JournalTools(path: place.journal)
        try tools.resolve(key("again"), .notSent)
        try check("again", .refused)
        try tools.resolve(key("again"), .accepted(remoteID: "other"))
        try check("again", .accepted)
        tools.close()
        try play("heir", [(.sending("", "heir"), .sending), (accepted, .accepted), (.released, .accepted)])
        journal.close()
        journal = try open(place.journal)
        XCTAssertEqual(Set(try journal.takeOver(limit: 10).map(\.entry.key.text)), ["again", "heir", "late"])
        for name in ["again", "heir", "late"] { try check(name, .accepted) }
    }

    /// The clock is ten days behind, or was when a key was taken: the key is no older than the newest change.
    func testANewKeyIsNoOlderThanTheNewestChange() throws {
        let day: Int64 = 86_400_000
        let place = Place()
        var journal = try open(place.journal)
        for name in ["old", "other"] { _ = try journal.take(claim(name)) }
        try journal.step(.sending("", "other"), "other")
        try journal.step(.refused(Failure(.invalidArgument, "no")), "other")
        journal.close()
        let newest = now + 10 * day
        try setTimes(place, newest, of: "old")
        journal = try open(place.journal)
        defer { journal.close() }
        func check(_ name: String) throws {
            let entry = try XCTUnwrap(try journal.find(key(name))).entry
            XCTAssertGreaterThanOrEqual(entry.claimedAt, newest, name)
            XCTAssertGreaterThanOrEqual(entry.changedAt, newest, name)
            if entry.sentAt != 0 { XCTAssertGreaterThanOrEqual(entry.sentAt, newest, name) }
        }
        _ = try journal.take(claim("new"))
        try check("new")
        try journal.step(.sending("", "new"), "new")
        try check("new")
        _ = try journal.take(claim("other"))
        try check("other")
        // Claim and first step at once.
        try journal.step(.sending("", "quick"), "quick")
        try check("quick")
    }

    /// The clock of one start is ten days ahead, or once was: each row is older than `keep`.
    func testAClockThatIsAheadMakesNoKeyOld() throws {
        let day: Int64 = 86_400_000
        let place = Place()
        let journal = try open(place.journal)
        let names = ["old", "new"]
        for name in names {
            _ = try journal.take(claim(name))
            try journal.step(.sending("", name), name)
            try journal.step(.accepted(remoteID: "r", requestID: ""), name)
            try journal.step(.succeeded(images: 1), name)
        }
        journal.close()
        func left(keep: Int64) throws -> [String] {
            try open(place.journal, keep: keep).close()
            let tools = try JournalTools(path: place.journal)
            defer { tools.close() }
            return try tools.list(JournalTools.Filter(), after: "").map(\.entry.key.text).sorted()
        }
        try setTimes(place, now - 10 * day)
        XCTAssertEqual(try left(keep: day), ["new", "old"])
        let tools = try JournalTools(path: place.journal)
        XCTAssertEqual(try tools.prune(olderThanMilliseconds: day), 0)
        tools.close()
        // Another key has a time from a clock that was ahead: no key is older for that.
        try setTimes(place, now + 10 * day, of: "new")
        XCTAssertEqual(try left(keep: day), ["new", "old"])
        // What is old beside a newer key goes.
        try setTimes(place, now - 8 * day, of: "new")
        XCTAssertEqual(try left(keep: day), ["new"])
        XCTAssertEqual(try left(keep: 0), [])
    }

    /// A person decides what is in doubt, and corrects what a person has said: never what the provider has said.
    func testOnlyDoubtsAndWordsOfAPersonAreResolved() {
        func objects(_ state: JournalState, note: String = "", isDriven: Bool = false) -> Bool {
            var entry = JournalEntry(
                key: key("k"), state: state, provider: "p", operation: "", region: "", endpoint: "", digest: [])
            entry.note = note
            return JournalTools.objection(to: entry, isDriven: isDriven) != nil
        }
        let byHand = "resolved by hand"
        for (state, provider, person) in [
            (JournalState.claimed, true, false), (.sending, false, false), (.accepted, true, false),
            (.succeeded, true, true), (.failed, true, true), (.refused, true, false), (.unknown, false, false),
            (.abandoned, false, false),
        ] {
            XCTAssertEqual(objects(state), provider, "\(state)")
            XCTAssertEqual(objects(state, note: byHand), person, "\(state) by hand")
            let isOpen = [.claimed, .sending, .accepted].contains(state)
            XCTAssertTrue(!isOpen || objects(state, note: byHand, isDriven: true), "\(state), driven")
        }
    }

    func testAnAcceptedJobIsNotResolvedAway() throws {
        let place = Place()
        var journal = try open(place.journal)
        _ = try journal.take(claim("k"))
        try journal.step(.sending("", "k"), "k")
        try journal.step(.accepted(remoteID: "r-1", requestID: ""), "k")
        journal.close()
        let tools = try JournalTools(path: place.journal)
        defer { tools.close() }
        for resolution in [JournalTools.Resolution.accepted(remoteID: "typo"), .abandoned, .notSent] {
            XCTAssertEqual(status { try tools.resolve(key("k"), resolution) }, .wrongState)
        }
        journal = try open(place.journal)
        defer { journal.close() }
        guard case .known(let job) = try journal.take(claim("k")) else { return XCTFail("paid twice") }
        XCTAssertEqual(job.entry.remoteID, "r-1")
    }

    func testOneJobBelongsToOneKey() throws {
        let place = Place()
        let journal = try open(place.journal)
        defer { journal.close() }
        for name in ["a", "b"] {
            _ = try journal.take(claim(name))
            try journal.step(.sending("", name), name)
        }
        try journal.step(.accepted(remoteID: "r-1", requestID: ""), "a")
        try journal.step(.unknown(Failure(.network, "")), "b")
        let tools = try JournalTools(path: place.journal)
        defer { tools.close() }
        for id in ["r-1", "", " r-2", "r-2\n", "r 2", "r-2\u{7F}", "ä", String(repeating: "r", count: 1_025)] {
            XCTAssertEqual(
                status { try tools.resolve(key("b"), .accepted(remoteID: id)) }, .invalidArgument, "id \(id)")
        }
        XCTAssertEqual(try journal.state("b"), .unknown)
        // A slip of the hand is corrected by hand.
        try tools.resolve(key("b"), .accepted(remoteID: "typo"))
        try tools.resolve(key("b"), .accepted(remoteID: "r-2"))
        try tools.resolve(key("b"), .notSent)
        try tools.resolve(key("b"), .accepted(remoteID: "r-2"))
        XCTAssertEqual(journal.newestJobs().map(\.remoteID), ["r-1", "r-2"])
    }

    func testResolvingByHand() throws {
        let place = Place()
        let journal = try open(place.journal)
        for name in ["a", "b", "c"] {
            _ = try journal.take(claim(name))
            try journal.step(.sending("", name), name)
        }
        let tools = try JournalTools(path: place.journal)
        // Its client lives.
        XCTAssertEqual(status { try tools.resolve(key("a"), .notSent) }, .wrongState)
        XCTAssertEqual(status { try tools.resolve(key("x"), .notSent) }, .notFound)
        for name in ["a", "b", "c"] { try journal.step(.unknown(Failure(.network, "")), name) }
        try tools.resolve(key("a"), .accepted(remoteID: "r-9"))
        try tools.resolve(key("b"), .notSent)
        try tools.resolve(key("c"), .abandoned)
        tools.close()
        guard case .known(let a) = try journal.take(claim("a")) else { return XCTFail("paid twice") }
        XCTAssertEqual(a.entry.state, .accepted)
        XCTAssertEqual(a.entry.remoteID, "r-9")
        XCTAssertEqual(a.holder, .here)
        XCTAssertEqual(try journal.take(claim("b")), .new)
        guard case .known(let c) = try journal.take(claim("c")) else { return XCTFail("paid twice") }
        XCTAssertEqual(c.entry.state, .abandoned)
        journal.close()
    }

    func testAPageOfKeys() throws {
        let place = Place()
        let journal = try open(place.journal)
        for index in 0..<25 { _ = try journal.take(claim("b/\(100 + index)")) }
        _ = try journal.take(claim("other"))
        for index in 0..<5 { try journal.step(.sending("", "b/\(100 + index)"), "b/\(100 + index)") }
        let tools = try JournalTools(path: place.journal)
        var filter = JournalTools.Filter()
        filter.prefix = "b/"
        filter.limit = 10
        var seen: [String] = []
        while let last = try tools.list(filter, after: seen.last ?? "").map(\.entry.key.text) as [String]?,
            !last.isEmpty
        {
            XCTAssertLessThanOrEqual(last.count, 10)
            seen += last
        }
        XCTAssertEqual(seen, (0..<25).map { "b/\(100 + $0)" })
        filter.states = [.sending, .accepted]
        XCTAssertEqual(try tools.list(filter, after: "").count, 5)
        filter.provider = "alibaba"
        XCTAssertEqual(try tools.list(filter, after: "").count, 0)
        let report = try tools.check()
        XCTAssertEqual(report.problems, [])
        XCTAssertEqual(report.counts, [.claimed: 21, .sending: 5])
        XCTAssertEqual(report.orphans, 0)
        XCTAssertEqual(report.clients, 1)
        XCTAssertGreaterThan(report.freeBytes, 0)
        tools.close()
        journal.close()
    }
}
