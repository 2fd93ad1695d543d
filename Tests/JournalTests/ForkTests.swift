import Core
import Support
import XCTest

@testable import Journal

/// Calls that go through many rows let a fork() in that waits for them.
final class ForkTests: XCTestCase {
    /// A journal of ended keys, of which several parts are pruned.
    private func ended(_ place: Place) throws -> JournalTools {
        try open(place.journal).close()
        let store = try Store(place.journal, creates: false, syncs: false)
        try store.write(synced: false) { (database) throws(Failure) in
            try database.run(
                """
                INSERT INTO job(key, provider, operation, region, endpoint, digest, state, outcome, owner, ended_at_ms,
                    changed_at_ms)
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10001)
                SELECT 'k'||i, 'tencent', 'aigc_image', '', '', x'00', 4, 3, 0, 1, 1 FROM n
                """, "filling it")
        }
        store.end()
        return try JournalTools(path: place.journal)
    }

    func testAPruneLetsAForkInBetweenTwoParts() throws {
        var removed = 0
        var place = Place()
        let status = try WaitingFork.letIn {
            place = Place()
            let tools = try ended(place)
            return {
                removed = try tools.prune(olderThanMilliseconds: 0)
                tools.close()
            }
        }
        XCTAssertEqual(status, 0)
        XCTAssertEqual(removed, 10_001)
    }

    func testACheckLetsAForkInAndBeginsAnew() throws {
        let place = Place()
        let tools = try ended(place)
        let status = try WaitingFork.letIn {
            {
                let report = try tools.check()
                XCTAssertEqual(report.problems, [])
                XCTAssertEqual(report.counts, [.succeeded: 10_001])
            }
        }
        XCTAssertEqual(status, 0)
        tools.close()
    }

    /// A filter may have to look at every row for a page of none.
    func testAListLetsAForkInAndBeginsAnew() throws {
        let place = Place()
        let tools = try ended(place)
        var filter = JournalTools.Filter()
        filter.prefix = "k10000"
        let status = try WaitingFork.letIn {
            { XCTAssertEqual(try tools.list(filter, after: "").map(\.entry.key.text), ["k10000"]) }
        }
        XCTAssertEqual(status, 0)
        tools.close()
    }

    /// A statement that was cut off gives no result, not even the faults that SQLite takes for found then.
    func testAReadThatGivesWayHasNoResult() throws {
        let place = Place()
        let tools = try ended(place)
        tools.close()
        let database = try Database(place.file, writes: true)
        let result = try database.givingWay(after: -1) { () throws(Failure) in try database.texts(Statements.integrity)
        }
        XCTAssertNil(result)
        XCTAssertFalse(database.isBroken)
        XCTAssertEqual(try database.texts(Statements.integrity), ["ok"])
        database.close(checkpoints: false)
    }
}
