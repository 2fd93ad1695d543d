import Core
import Foundation
import XCTest

@testable import Journal

/// The folder, and what can be wrong with it.
final class FolderTests: XCTestCase {
    private func mode(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int) ?? -1
    }

    /// What stands in the file, as another program would write it.
    private func python(_ path: String, _ sql: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.close()",
            path, sql,
        ]
        try process.run()
        process.waitUntilExit()
        XCTAssertEqual(process.terminationStatus, 0)
    }

    func testEverythingIsForThisUserAlone() throws {
        let before = umask(0)
        defer { umask(before) }
        let place = Place()
        let journal = try open(place.journal)
        _ = try journal.take(claim("k"))
        XCTAssertEqual(mode(place.journal), 0o700)
        XCTAssertEqual(mode(place.journal + "/owners"), 0o700)
        var files = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: place.journal) where name != "owners" {
            XCTAssertEqual(mode(place.journal + "/" + name), 0o600, name)
            files += 1
        }
        XCTAssertEqual(files, 6, "jobs.db, -wal, -shm, lock, ballast and one owner")
        journal.close()
    }

    func testFoldersThatAreRefused() throws {
        let place = Place()
        XCTAssertEqual(status { _ = try open(place.path + "/no/such") }, .journal)
        _ = FileManager.default.createFile(atPath: place.path + "/file", contents: Data())
        XCTAssertEqual(status { _ = try open(place.path + "/file") }, .journal)
        XCTAssertEqual(status { _ = try open("") }, .invalidArgument)
        XCTAssertEqual(status { _ = try open("/proc/aigc-journal") }, .journal)
        mkdir(place.journal, 0o777)
        chmod(place.journal, 0o777)
        XCTAssertEqual(status { _ = try open(place.journal) }, .journal)
        chmod(place.journal, 0o755)
        try open(place.journal).close()
        XCTAssertEqual(status { _ = try JournalTools(path: place.path + "/none").check() }, .journal)
        mkdir(place.path + "/empty", 0o700)
        XCTAssertEqual(status { _ = try JournalTools(path: place.path + "/empty").check() }, .journal)
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: place.path + "/empty"), ["lock"])
    }

    func testALinkInTheWay() throws {
        let place = Place()
        mkdir(place.journal, 0o700)
        _ = FileManager.default.createFile(atPath: place.path + "/elsewhere", contents: Data())
        symlink(place.path + "/elsewhere", place.file)
        XCTAssertEqual(status { _ = try open(place.journal) }, .journal)
        XCTAssertEqual(FileManager.default.contents(atPath: place.path + "/elsewhere"), Data())
    }

    func testTheFormatOfTheFuture() throws {
        let place = Place()
        try open(place.journal).close()
        try python(place.file, "ALTER TABLE job ADD COLUMN mood TEXT; PRAGMA user_version=1999")
        let journal = try open(place.journal)
        XCTAssertEqual(try journal.take(claim("k")), .new)
        journal.close()
        try python(place.file, "UPDATE job SET state=77")
        let later = try open(place.journal)
        // A state that this version does not know is one that is not sent again.
        guard case .known(let known) = try later.take(claim("k")) else { return XCTFail("sent again") }
        XCTAssertEqual(known.entry.state, .unknown)
        later.close()
        try python(place.file, "PRAGMA user_version=2000")
        XCTAssertEqual(status { _ = try open(place.journal) }, .journal)
    }

    /// Format 1.0: another index, and a late acceptance kept the time of its doubt.
    func testTheFormatOfThePast() throws {
        let place = Place()
        let journal = try open(place.journal)
        for name in ["owned", "late", "over"] {
            _ = try journal.take(claim(name))
            try journal.step(.sending("", name), name)
            try journal.step(.accepted(remoteID: "r-" + name, requestID: ""), name)
        }
        try journal.step(.succeeded(images: 1), "over")
        journal.close()
        try python(
            place.file,
            "UPDATE job SET ended_at_ms=5 WHERE key='late'; UPDATE job SET ended_at_ms=0 WHERE key='over';"
                + "UPDATE job SET owner=99; DROP INDEX open_job;"
                + "CREATE INDEX open_job ON job(owner) WHERE state IN (1, 2, 3); PRAGMA user_version=1000")
        let later = try open(place.journal)
        XCTAssertEqual(try later.takeOver(limit: 10).map(\.entry.key.text).sorted(), ["late", "owned"])
        later.close()
        let database = try Database(place.file, writes: false)
        XCTAssertEqual(try database.number(Statements.version), Schema.version)
        XCTAssertEqual(
            try database.texts(SQL("SELECT sql FROM sqlite_master WHERE name='open_job'", "looking")).map {
                $0.contains("ended_at_ms=0")
            }, [true])
        database.close(checkpoints: false)
    }

    /// The steps between a claim and an end leave the index of open jobs alone, and no statement fills a table of its own:
    /// each would cost more than its row.
    func testStepsTouchLittle() throws {
        let place = Place()
        try open(place.journal).close()
        let database = try Database(place.file, writes: false)
        defer { database.close(checkpoints: false) }
        func operations(_ sql: SQL) throws -> [String] {
            var found: [String] = []
            try database.each(SQL("EXPLAIN " + sql.text, "looking")) { (row: borrowing FileRow) throws(Failure) in
                found.append(row.text(1))
            }
            XCTAssertFalse(found.isEmpty)
            return found
        }
        let between = [
            Statements.sending, Statements.accepted, Statements.returned,
        ]
        let others = [
            Statements.find, Statements.claim, Statements.send, Statements.claimAgain, Statements.own,
            Statements.acceptedLate, Statements.succeeded, Statements.failed, Statements.refused, Statements.unknown,
            Statements.released, Statements.nextOwner, Statements.openOf,
        ]
        for sql in between + others {
            XCTAssertFalse(try operations(sql).contains("OpenEphemeral"), sql.text)
        }
        for sql in between {
            XCTAssertFalse(try operations(sql).contains { $0.hasPrefix("Idx") && $0.hasSuffix("Insert") }, sql.text)
        }
    }

    func testAFileOfAnotherProgram() throws {
        let place = Place()
        mkdir(place.journal, 0o700)
        try python(place.file, "CREATE TABLE songs(name TEXT)")
        chmod(place.file, 0o600)
        XCTAssertEqual(status { _ = try open(place.journal) }, .journal)
        try python(place.file, "SELECT * FROM songs")
    }

    func testAFileThatIsReplacedIsNotedBeforeAnythingIsSent() throws {
        let place = Place()
        let journal = try open(place.journal)
        _ = try journal.take(claim("k"))
        rename(place.file, place.path + "/aside")
        XCTAssertEqual(status { try journal.step(.sending("", "k"), "k") }, .journal)
        try Data(repeating: 0, count: 0).write(to: URL(fileURLWithPath: place.file))
        XCTAssertEqual(status { try journal.step(.sending("", "k"), "k") }, .journal)
        journal.close()
    }

    /// Two clients that find two folders under one path would pay twice for a key.
    func testAFolderThatIsMovedIsNobodysJournal() throws {
        let place = Place()
        let first = try open(place.journal)
        _ = try first.take(claim("k1"))
        rename(place.journal, place.path + "/moved")
        XCTAssertEqual(status { try first.step(.sending("", "k1"), "k1") }, .journal)
        let second = try open(place.journal)
        _ = try second.take(claim("k2"))
        XCTAssertEqual(status { _ = try first.take(claim("k2")) }, .journal)
        XCTAssertEqual(status { try first.step(.sending("", "k2"), "k2") }, .journal)
        XCTAssertEqual(status { _ = try first.find(key("k1")) }, .journal)
        second.close()
        // Back in its place, it is what it was.
        rename(place.journal, place.path + "/other")
        rename(place.path + "/moved", place.journal)
        try first.step(.sending("", "k1"), "k1")
        try first.step(.accepted(remoteID: "r1", requestID: ""), "k1")
        XCTAssertEqual(try first.state("k1"), .accepted)
        first.close()
    }

    /// The file is closed for a fork. If it is gone when it is wanted again, no empty one takes its place.
    func testAFileThatIsGoneAfterAForkIsNotMadeAnew() throws {
        let place = Place()
        let store = try Store(place.journal, creates: true, syncs: true)
        _ = try store.read { (database) throws(Failure) in try database.find(key("k")) }
        store.closeForFork()
        try FileManager.default.removeItem(atPath: place.file)
        XCTAssertEqual(
            status { _ = try store.read { (database) throws(Failure) in try database.find(key("k")) } }, .journal)
        XCTAssertFalse(FileManager.default.fileExists(atPath: place.file))
        store.end()
    }

    /// An id that cannot be written now is owed, and is written as soon as that is possible.
    func testAnIDThatIsOwedIsWrittenLater() throws {
        let place = Place()
        let journal = try open(place.journal)
        _ = try journal.take(claim("k"))
        try journal.step(.sending("", "k"), "k")
        rename(place.file, place.path + "/aside")
        XCTAssertEqual(status { try journal.step(.accepted(remoteID: "r-owed", requestID: ""), "k") }, .journal)
        XCTAssertTrue(warnings.all.contains { $0.contains("r-owed") })
        XCTAssertTrue(unkept.all.contains("k r-owed"))
        rename(place.path + "/aside", place.file)
        let end = Date(timeIntervalSinceNow: 60)
        while try journal.state("k") != .accepted, Date() < end { usleep(20_000) }
        XCTAssertEqual(try journal.find(key("k"))?.entry.remoteID, "r-owed")
        journal.close()
    }

    /// 64 kinds of damage: an error or an answer, never a crash, and nothing is deleted.
    func testDamagedFiles() throws {
        let place = Place()
        let journal = try open(place.journal)
        for index in 0..<200 {
            _ = try journal.take(claim("k\(index)"))
        }
        journal.close()
        let whole = try XCTUnwrap(FileManager.default.contents(atPath: place.file))
        var refused = 0
        for seed in 0..<64 {
            var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
            func dice(_ below: Int) -> Int {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return Int(state % UInt64(max(1, below)))
            }
            var bytes = [UInt8](whole)
            switch seed % 8 {
            case 0: bytes.removeLast(dice(bytes.count))
            case 1: for index in 0..<100 { bytes[index] = UInt8(dice(256)) }
            case 2: for _ in 0..<50 { bytes[dice(bytes.count)] = UInt8(dice(256)) }
            case 3:
                let start = dice(bytes.count - 4_096)
                for index in start..<start + 4_096 { bytes[index] = 0 }
            case 4: for index in 4_096..<8_192 { bytes[index] = UInt8(dice(256)) }
            case 5: bytes[dice(100)] ^= UInt8(1 << dice(8))
            case 6:
                let page = dice(bytes.count / 4_096) * 4_096
                for index in page..<page + 12 { bytes[index] = UInt8(dice(256)) }
            default: bytes = (0..<dice(20_000)).map { _ in UInt8(dice(256)) }
            }
            try? FileManager.default.removeItem(atPath: place.file + "-wal")
            try? FileManager.default.removeItem(atPath: place.file + "-shm")
            try Data(bytes).write(to: URL(fileURLWithPath: place.file))
            chmod(place.file, 0o600)
            let failed = status {
                let journal = try open(place.journal)
                defer { journal.close() }
                for index in 0..<40 {
                    _ = try journal.take(claim("new-\(seed)-\(index)"))
                    _ = try journal.find(key("k\(index * 5)"))
                }
                try journal.step(.sending("", "new-\(seed)-0"), "new-\(seed)-0")
            }
            if let failed {
                refused += 1
                XCTAssertTrue([.journal, .noSpace].contains(failed), "\(seed): \(failed)")
            }
            let after = FileManager.default.contents(atPath: place.file)?.count ?? -1
            XCTAssertGreaterThanOrEqual(after, bytes.isEmpty ? 0 : 1, "seed \(seed)")
            if bytes.count % 4_096 == 0 { XCTAssertGreaterThanOrEqual(after, bytes.count, "seed \(seed)") }
        }
        XCTAssertGreaterThan(refused, 20)
    }

    /// Another process is in the middle of a write: nothing of ours is written until it is through.
    func testNoWriteOutsideTheLock() throws {
        let place = Place()
        let journal = try open(place.journal)
        _ = try journal.take(claim("before"))
        let lock = Foundation.open(place.journal + "/lock", O_RDWR | O_CLOEXEC)
        XCTAssertEqual(flock(lock, LOCK_EX), 0)
        func sizes() -> [String: Int] {
            var sizes: [String: Int] = [:]
            for name in ["jobs.db", "jobs.db-wal"] {
                var about = stat()
                stat(place.journal + "/" + name, &about)
                sizes[name] = Int(about.st_size) << 20 ^ Int(about.st_mtim.tv_nsec)
            }
            return sizes
        }
        let before = sizes()
        let done = DispatchSemaphore(value: 0)
        let other = journal
        Thread.detachNewThread {
            _ = try? other.take(claim("during"))
            done.signal()
        }
        let written = DispatchSemaphore(value: 0)
        journal.record(.sending("", "before"), of: key("before")) { _ in written.signal() }
        XCTAssertEqual(done.wait(timeout: .now() + 0.3), .timedOut)
        XCTAssertEqual(written.wait(timeout: .now()), .timedOut)
        XCTAssertEqual(sizes(), before)
        flock(lock, LOCK_UN)
        XCTAssertEqual(done.wait(timeout: .now() + 10), .success)
        XCTAssertEqual(written.wait(timeout: .now() + 10), .success)
        // Nor at the end: a log that cannot be moved into the file stays.
        XCTAssertEqual(flock(lock, LOCK_EX), 0)
        journal.record(.returned, of: key("before"), done: nil)
        flock(lock, LOCK_UN)
        journal.close()
        Foundation.close(lock)
    }

    /// The id of an accepted job finds room on a full disk.
    func testAFullDisk() throws {
        let place = Place()
        mkdir(place.path + "/disk", 0o700)
        guard mount("none", place.path + "/disk", "tmpfs", 0, "size=2m,mode=0700") == 0 else {
            throw XCTSkip("no right to mount a small disk")
        }
        defer { umount2(place.path + "/disk", Int32(MNT_DETACH)) }
        let journal = try open(place.path + "/disk/journal")
        XCTAssertTrue(warnings.all.contains { $0.contains("tmpfs") })
        for name in ["a", "b", "c"] { _ = try journal.take(claim(name)) }
        try journal.step(.sending("", "a"), "a")
        try journal.step(.sending("", "b"), "b")
        // All that is left goes, to the last byte.
        let filler = Foundation.open(place.path + "/disk/filler", O_RDWR | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4_096)
        while write(filler, block, block.count) > 0 {}
        var failure: Status?
        for index in 0..<2_000 where failure == nil {
            failure = status { try journal.step(.sending("", "more-\(index)"), "more-\(index)") }
        }
        XCTAssertEqual(failure, .noSpace)
        try journal.step(.accepted(remoteID: "r-a", requestID: ""), "a")
        XCTAssertEqual(try journal.find(key("a"))?.entry.remoteID, "r-a")
        // Nothing begins before there is a reserve again.
        let before = warnings.all.count
        XCTAssertEqual(status { try journal.step(.sending("", "c"), "c") }, .noSpace)
        XCTAssertEqual(try journal.state("c"), .claimed)
        XCTAssertEqual(warnings.all.count, before)
        try journal.step(.accepted(remoteID: "r-b", requestID: ""), "b")
        ftruncate(filler, 0)
        try journal.step(.sending("", "c"), "c")
        Foundation.close(filler)
        journal.close()
        let tools = try JournalTools(path: place.path + "/disk/journal")
        XCTAssertEqual(try tools.check().problems, [])
        tools.close()
    }
}
