import Core
import Foundation
import XCTest

@testable import Journal

/// Who holds a job, among clients and processes.
final class OwnerTests: XCTestCase {
    func testTwoClientsOfAProcess() throws {
        let place = Place()
        let first = try open(place.journal)
        let second = try open(place.journal)
        _ = try first.take(claim("k"))
        guard case .known(let known) = try second.take(claim("k")) else { return XCTFail("two hold one key") }
        XCTAssertEqual(known.holder, .other)
        XCTAssertEqual(second.changes(since: [known]), [])
        XCTAssertEqual(second.changes(since: [known]), [])
        // Only who holds the row sends.
        XCTAssertThrowsError(try second.step(.sending("", "k"), "k")) { XCTAssertTrue($0 is Taken) }
        XCTAssertEqual(try first.state("k"), .claimed)
        try first.step(.sending("", "k"), "k")
        try first.step(.accepted(remoteID: "r", requestID: ""), "k")
        let changed = second.changes(since: [known])
        XCTAssertEqual(changed.map(\.entry.state), [.accepted])
        XCTAssertEqual(changed.map(\.entry.remoteID), ["r"])
        XCTAssertEqual(second.changes(since: changed), [])
        // A key that the last look did not have is read all the same.
        XCTAssertEqual(second.changes(since: []), [])
        XCTAssertEqual(second.changes(since: [known]).count, 1)
        first.close()
        let taken = second.changes(since: changed)
        XCTAssertEqual(taken.map(\.holder), [.here])
        second.close()
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: place.journal + "/owners"), [])
    }

    /// A process that dies before it can commit its row leaves the file of a number that is given again.
    func testAFileOfAnOwnerThatNeverWas() throws {
        let place = Place()
        try open(place.journal).close()
        for number in 1...3 {
            _ = FileManager.default.createFile(atPath: place.journal + "/owners/\(number)", contents: Data())
        }
        let journal = try open(place.journal)
        _ = try journal.take(claim("k"))
        XCTAssertEqual(try journal.find(key("k"))?.holder, .here)
        let other = try open(place.journal)
        XCTAssertEqual(try other.find(key("k"))?.holder, .other)
        other.close()
        journal.close()
    }

    /// Killed processes whose jobs have all ended leave nothing for ever.
    func testTheIdleDeadAreForgotten() throws {
        let place = Place()
        for role in ["race", "race", "race", "hold"] {
            let child = try Child(role, place.journal)
            XCTAssertNotNil(child.line())
            child.kill()
        }
        let journal = try open(place.journal)
        XCTAssertEqual(
            try FileManager.default.contentsOfDirectory(atPath: place.journal + "/owners").sorted(), ["4", "5"],
            "one with open jobs, and this client")
        journal.close()
    }

    func testAReleasedJobIsFreeToTake() throws {
        let place = Place()
        let first = try open(place.journal)
        let second = try open(place.journal)
        _ = try first.take(claim("k"))
        try first.step(.sending("", "k"), "k")
        try first.step(.accepted(remoteID: "r", requestID: ""), "k")
        let known = try XCTUnwrap(try second.find(key("k")))
        XCTAssertEqual(known.holder, .other)
        try first.step(.released, "k")
        XCTAssertEqual(second.changes(since: [known]).map(\.holder), [.here])
        first.close()
        second.close()
    }

    func testWhatAKilledProcessLeaves() throws {
        let place = Place()
        let child = try Child("hold", place.journal)
        XCTAssertEqual(child.line(), "held")
        let journal = try open(place.journal)
        defer { journal.close() }
        let known = ["accepted", "claimed", "sending"].compactMap { try? journal.find(key($0)) }
        XCTAssertEqual(known.map(\.holder), [.other, .other, .other])
        XCTAssertEqual(journal.changes(since: known), [])
        XCTAssertEqual(try journal.takeOver(limit: 10), [])
        // One that stands still keeps its jobs.
        child.kill(SIGSTOP)
        XCTAssertEqual(journal.changes(since: known), [])
        XCTAssertEqual(try journal.takeOver(limit: 10), [])
        XCTAssertEqual(try journal.take(claim("claimed")), .known(try XCTUnwrap(known.dropFirst().first)))
        child.kill()
        let taken = journal.changes(since: known)
        XCTAssertEqual(taken.map(\.entry.state), [.accepted, .claimed, .unknown])
        XCTAssertEqual(taken.map(\.holder), [.here, .here, .nobody])
        XCTAssertEqual(try journal.take(claim("sending")), .known(try XCTUnwrap(taken.last)))
    }

    func testTakingOverInPages() throws {
        let place = Place()
        let child = try Child("hold", place.journal)
        XCTAssertEqual(child.line(), "held")
        child.kill()
        let tools = try JournalTools(path: place.journal)
        XCTAssertEqual(try tools.check().orphans, 3)
        tools.close()
        let journal = try open(place.journal)
        defer { journal.close() }
        var cursor = JournalCursor()
        XCTAssertEqual(try journal.takeOver(limit: 1, after: &cursor).map(\.entry.key.text), ["sending"])
        XCTAssertEqual(try journal.takeOver(limit: 1, after: &cursor).map(\.entry.state), [.accepted])
        // A row that is released meanwhile is not taken again.
        try journal.step(.released, "accepted")
        XCTAssertEqual(try journal.takeOver(limit: 1, after: &cursor), [])
        XCTAssertEqual(try journal.takeOver(limit: 10).map(\.entry.key.text), ["accepted"])
        // What was never sent is left to who has its request.
        XCTAssertEqual(try journal.find(key("claimed"))?.holder, .nobody)
    }

    /// What nobody has sent may be another request the next time.
    func testAClaimOfTheDeadIsFree() throws {
        let place = Place()
        let child = try Child("hold", place.journal)
        XCTAssertEqual(child.line(), "held")
        child.kill()
        let journal = try open(place.journal)
        defer { journal.close() }
        XCTAssertEqual(try journal.take(claim("claimed", payload: "a dog")), .new)
        XCTAssertEqual(status { _ = try journal.take(claim("sending", payload: "a dog")) }, .keyConflict)
    }

    func testEightProcessesClaimTheSameKeys() throws {
        let place = Place()
        let children = try (0..<8).map { _ in try Child("race", place.journal) }
        for child in children { XCTAssertEqual(child.line(), "ready") }
        for child in children { child.go() }
        let news = children.map { Int($0.line() ?? "") ?? -1 }
        // Only now: what one that ends has not sent is free for the others.
        for child in children { child.go() }
        for child in children { child.process.waitUntilExit() }
        XCTAssertEqual(news.reduce(0, +), 1_000, "\(news)")
    }

    func testNoAcknowledgedStepIsLostByAKill() throws {
        let place = Place()
        var said: [String] = []
        for round in 0..<6 {
            let children = try (0..<3).map { try Child("write", place.journal, "\(round).\($0)") }
            for child in children { _ = child.line() }
            usleep(30_000)
            for child in children { child.kill() }
            for child in children { while let line = child.line() { said.append(line) } }
        }
        XCTAssertGreaterThan(said.count, 50)
        let journal = try open(place.journal)
        defer { journal.close() }
        for name in said { XCTAssertEqual(try journal.state(name), .accepted, name) }
    }
}
