import Core
import Foundation
import XCTest

@testable import Journal

/// What a killed client leaves beside the record: what had not left is sent again, what has an id is not lost, and the rest
/// stays in doubt.
final class OwnerNotesTests: XCTestCase {
    /// The states of the keys that the child "notes" leaves.
    private static let left: [(key: String, state: JournalState, id: String)] = [
        ("recorded", .claimed, ""), ("left", .unknown, ""), ("returned", .claimed, ""), ("again", .claimed, ""),
        ("left again", .unknown, ""), ("noted", .accepted, "r-noted"),
    ]

    private func killed() throws -> Place {
        let place = Place()
        let child = try Child("notes", place.journal)
        XCTAssertEqual(child.line(), "ready")
        let lock = open(place.journal + "/lock", O_RDWR)
        XCTAssertEqual(flock(lock, LOCK_EX), 0)
        child.go()
        XCTAssertEqual(child.line(), "answered")
        let folder = try Folder(place.journal, creates: false)
        let isKept = { folder.finding(key("noted"), of: 1) == .accepted(remoteID: "r-noted", requestID: "q") }
        // Long before the journal gives the row up, which is after 10 s.
        for _ in 0..<500 where !isKept() { usleep(10_000) }
        XCTAssertTrue(isKept(), "the id of a job whose row waits for the lock of another process")
        folder.close()
        child.kill()
        close(lock)
        return place
    }

    func testWhatHadNotLeftIsSentAgain() throws {
        let place = try killed()
        let tools = try JournalTools(path: place.journal)
        for (name, state, id) in Self.left {
            let row = try tools.list(JournalTools.Filter(), after: "").first { $0.entry.key.text == name }
            XCTAssertEqual(row?.entry.state, state == .unknown ? .sending : state, name)
            XCTAssertEqual(row?.entry.remoteID, id, name)
        }
        // A person cannot say that a job was not sent whose id is known.
        XCTAssertEqual(status { try tools.resolve(key("noted"), .notSent) }, .wrongState)
        XCTAssertEqual(status { try tools.resolve(key("recorded"), .abandoned) }, .wrongState)
        tools.close()
        let journal = try open(place.journal)
        defer { journal.close() }
        for (name, state, id) in Self.left {
            let found = try XCTUnwrap(try journal.find(key(name)))
            XCTAssertEqual(found.entry.state, state, name)
            XCTAssertEqual(found.entry.remoteID, id, name)
            XCTAssertEqual(found.holder, state == .accepted ? .here : .nobody, name)
        }
        // Another request may have the key of one that was never sent.
        XCTAssertEqual(try journal.take(claim("recorded", payload: "a dog")), .new)
        try journal.step(.sending("id", "recorded", payload: "a dog"), "recorded")
        XCTAssertEqual(status { _ = try journal.take(claim("left", payload: "a dog")) }, .keyConflict)
    }

    /// The way of a submission under a known key, without a look before.
    func testSubmittingAgain() throws {
        let place = try killed()
        let journal = try open(place.journal)
        defer { journal.close() }
        XCTAssertEqual(try journal.take(claim("recorded", payload: "a dog")), .new)
        // The step that sends meets the row itself.
        try journal.step(.sending("id", "returned"), "returned")
        XCTAssertThrowsError(try journal.step(.sending("id", "left"), "left")) { error in
            XCTAssertEqual((error as? Taken)?.place.entry.state, .unknown)
        }
        guard case .known(let noted) = try journal.take(claim("noted")) else { return XCTFail("an id is lost") }
        XCTAssertEqual(noted.entry.remoteID, "r-noted")
        XCTAssertEqual(noted.entry.requestID, "q")
        XCTAssertEqual(noted.holder, .here)
    }

    func testTakingOverAndWatching() throws {
        let place = try killed()
        let first = try open(place.journal)
        let taken = try first.takeOver(limit: 10)
        XCTAssertEqual(Set(taken.map(\.entry.key.text)), ["left", "left again", "noted"])
        XCTAssertEqual(taken.first { $0.entry.key.text == "noted" }?.holder, .here)
        XCTAssertEqual(try first.find(key("recorded"))?.entry.state, .claimed)
        first.close()
        // One that watches a job of a client that lives until then.
        let other = Place()
        let child = try Child("notes", other.journal)
        XCTAssertEqual(child.line(), "ready")
        let second = try open(other.journal)
        defer { second.close() }
        let known = try ["recorded", "left"].map { try XCTUnwrap(try second.find(key($0))) }
        XCTAssertEqual(known.map(\.entry.state), [.sending, .sending])
        XCTAssertEqual(known.map(\.holder), [.other, .other])
        child.kill()
        let changed = second.changes(since: known)
        XCTAssertEqual(changed.map(\.entry.state), [.claimed, .unknown])
        XCTAssertEqual(changed.map(\.holder), [.here, .nobody])
    }

    /// What a machine that failed has kept is old: a mark may have been taken away since.
    func testMarksCountForOneBoot() throws {
        let place = try killed()
        let file = place.journal + "/owners/1"
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        bytes[13] = bytes[13] == UInt8(ascii: "f") ? UInt8(ascii: "0") : UInt8(ascii: "f")
        let handle = try XCTUnwrap(FileHandle(forUpdatingAtPath: file))
        handle.write(Data(bytes))
        try handle.close()
        let journal = try open(place.journal)
        defer { journal.close() }
        XCTAssertEqual(try journal.find(key("recorded"))?.entry.state, .unknown)
        XCTAssertEqual(try journal.find(key("noted"))?.entry.remoteID, "r-noted")
    }

    /// In a copy of the folder, the marks say nothing: the original may have sent since.
    func testMarksDoNotCountInACopy() throws {
        let place = try killed()
        let copy = place.path + "/copy"
        try FileManager.default.copyItem(atPath: place.journal, toPath: copy)
        XCTAssertEqual(chmod(copy, 0o700), 0)
        let journal = try open(copy)
        defer { journal.close() }
        XCTAssertEqual(try journal.find(key("recorded"))?.entry.state, .unknown)
        XCTAssertEqual(try journal.find(key("noted"))?.entry.remoteID, "r-noted")
        // Moved, it is the same one.
        let moved = place.path + "/moved"
        XCTAssertEqual(rename(place.journal, moved), 0)
        let original = try open(moved)
        defer { original.close() }
        XCTAssertEqual(try original.find(key("recorded"))?.entry.state, .claimed)
    }

    /// A file without notes, as an earlier version of the library has left it.
    func testWithoutNotesEverySubmissionIsInDoubt() throws {
        for damage in ["empty", "gone", "zeros"] {
            let place = try killed()
            let file = place.journal + "/owners/1"
            let size = try Data(contentsOf: URL(fileURLWithPath: file)).count
            switch damage {
            case "empty": XCTAssertEqual(truncate(file, 0), 0)
            case "zeros":
                XCTAssertEqual(truncate(file, 0), 0)
                XCTAssertEqual(truncate(file, off_t(size)), 0)
            default: XCTAssertEqual(unlink(file), 0)
            }
            let journal = try open(place.journal)
            for name in ["recorded", "left", "returned", "noted"] {
                let state = try journal.find(key(name))?.entry.state
                XCTAssertEqual(state, name == "returned" ? .claimed : .unknown, "\(damage) \(name)")
            }
            journal.close()
        }
    }

    /// A jobs.db that was put back, or made anew, gives a number a second time: the file of that number is about another
    /// client's submissions, and its marks would free keys that have left since.
    func testANumberThatIsGivenAgain() throws {
        let place = try killed()
        for end in ["", "-wal", "-shm"] { unlink(place.file + end) }
        let journal = try open(place.journal)
        let folder = try Folder(place.journal, creates: false)
        defer { folder.close() }
        for name in ["recorded", "again", "noted"] { XCTAssertNil(folder.finding(key(name), of: 1), name) }
        try journal.step(.sending("id", "other"), "other")
        XCTAssertEqual(folder.finding(key("other"), of: 1), .unsent)
        for name in ["recorded", "again", "noted"] { XCTAssertNil(folder.finding(key(name), of: 1), name) }
        // The client lives, and its number is free in the next file.
        for end in ["", "-wal", "-shm"] { unlink(place.file + end) }
        XCTAssertEqual(status { _ = try open(place.journal) }, .journal)
        XCTAssertTrue(FileManager.default.fileExists(atPath: place.journal + "/owners/1"))
        journal.close()
    }

    /// Who takes jobs over may be killed before the commit is on the disk: the notes go later.
    func testTheNotesOutliveATakeover() throws {
        let place = try killed()
        let journal = try open(place.journal)
        // Four of its six jobs are for nobody to take, and come first.
        XCTAssertEqual(try journal.takeOver(limit: 1).map(\.entry.key.text), ["left"])
        XCTAssertEqual(try journal.takeOver(limit: 1).map(\.entry.key.text), ["left again"])
        XCTAssertEqual(try journal.takeOver(limit: 1).map(\.entry.key.text), ["noted"])
        XCTAssertEqual(try journal.takeOver(limit: 1).count, 0)
        XCTAssertTrue(FileManager.default.fileExists(atPath: place.journal + "/owners/1"))
        journal.close()
        try open(place.journal).close()
        XCTAssertFalse(FileManager.default.fileExists(atPath: place.journal + "/owners/1"))
    }

    /// Bytes that a stranger or a bad disk has changed: nothing traps, and no other id is given out.
    func testDamagedNotes() throws {
        let place = try killed()
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: place.journal + "/owners/1")))
        var random = SystemRandomNumberGenerator()
        let idRange = Int(OwnerNotes.idsStart)..<Int(OwnerNotes.idsStart) + 64
        for round in 0..<3_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: idRange, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if round % 3 == 0 { damaged = Array(damaged.prefix(Int.random(in: 0...damaged.count, using: &random))) }
            switch OwnerNotes.finding(key("noted"), in: damaged, of: (1, 2)) {
            case nil: break
            case .unsent: XCTFail("a submission that left")
            case .accepted(let id, _): XCTAssertEqual(id, "r-noted")
            }
        }
    }

    func testManySubmissionsAtOnce() throws {
        let place = Place()
        let journal = try open(place.journal)
        let folder = try Folder(place.journal, creates: false)
        defer { folder.close() }
        let names = (0..<150).map { "k\($0)" + String(repeating: "x", count: $0 % 3 == 0 ? 240 : 0) }
        for name in names { try journal.step(.sending("id", name), name) }
        for name in names { XCTAssertEqual(folder.finding(key(name), of: 1), .unsent, name) }
        for name in names { try journal.leaves(key(name)) }
        for name in names { XCTAssertNil(folder.finding(key(name), of: 1), name) }
        // Their places are used again.
        let size = try Data(contentsOf: URL(fileURLWithPath: place.journal + "/owners/1")).count
        for index in 0..<40 {
            try journal.step(.sending("id", "n\(index)"), "n\(index)")
            XCTAssertEqual(folder.finding(key("n\(index)"), of: 1), .unsent)
            if index % 8 != 0 {
                try journal.leaves(key("n\(index)"))
            } else {
                try journal.step(.refused(Failure(.cancelled, "")), "n\(index)")
                _ = try journal.find(key("n\(index)"))
                XCTAssertNil(folder.finding(key("n\(index)"), of: 1))
            }
        }
        XCTAssertEqual(try Data(contentsOf: URL(fileURLWithPath: place.journal + "/owners/1")).count, size)
        journal.close()
    }

    /// Others take this client for dead: nothing may leave any more.
    func testNothingLeavesWithoutTheLease() throws {
        let place = Place()
        let journal = try open(place.journal)
        try journal.step(.sending("id", "k"), "k")
        XCTAssertEqual(unlink(place.journal + "/owners/1"), 0)
        XCTAssertEqual(status { try journal.leaves(key("k")) }, .journal)
        XCTAssertEqual(status { try journal.step(.sending("id", "l"), "l") }, .journal)
        journal.close()
    }

    /// The lock of another process outlasts a close: who takes the job over finds its id.
    func testACloseLeavesWhatIsOwed() throws {
        let place = Place()
        let journal = try open(place.journal)
        try journal.step(.sending("id", "k"), "k")
        try journal.leaves(key("k"))
        let lock = open(place.journal + "/lock", O_RDWR)
        XCTAssertEqual(flock(lock, LOCK_EX), 0)
        journal.record(.accepted(remoteID: "r-late", requestID: ""), of: key("k"), done: nil)
        journal.close()
        close(lock)
        let next = try open(place.journal)
        defer { next.close() }
        XCTAssertEqual(try next.find(key("k"))?.entry.remoteID, "r-late")
    }

    /// A key that is used anew does not get the id that its earlier job had.
    func testAnIDGoesWithItsRow() throws {
        let place = Place()
        let journal = try open(place.journal)
        defer { journal.close() }
        let folder = try Folder(place.journal, creates: false)
        defer { folder.close() }
        try journal.step(.sending("id", "k"), "k")
        try journal.leaves(key("k"))
        let lock = open(place.journal + "/lock", O_RDWR)
        XCTAssertEqual(flock(lock, LOCK_EX), 0)
        let done = expectation(description: "written")
        journal.record(.accepted(remoteID: "r-1", requestID: ""), of: key("k")) { _ in done.fulfill() }
        for _ in 0..<500 where folder.finding(key("k"), of: 1) == nil { usleep(10_000) }
        XCTAssertEqual(folder.finding(key("k"), of: 1), .accepted(remoteID: "r-1", requestID: ""))
        close(lock)
        wait(for: [done], timeout: 30)
        // After `done`, the note goes with the same thread.
        _ = try journal.find(key("k"))
        XCTAssertNil(folder.finding(key("k"), of: 1))
        XCTAssertEqual(try journal.find(key("k"))?.entry.remoteID, "r-1")
    }
}
