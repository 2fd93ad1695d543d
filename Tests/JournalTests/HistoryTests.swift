import Core
import XCTest

@testable import Journal

/// What was learned of how long jobs take, kept between processes.
final class HistoryTests: XCTestCase {
    private func history(_ kind: String, jobs: Int) -> JournalHistory {
        var known = PollHistory()
        for _ in 0..<jobs { known.add(notDoneAt: 7_000, doneAt: 8_000) }
        return JournalHistory(kind: kind, bins: known.bytes)
    }

    func testTheNextClientKnowsWhatWasLearned() throws {
        let place = Place()
        let first = try open(place.journal)
        XCTAssertEqual(first.histories(), [])
        let kept = [history("tencent\taigc_image\t", jobs: 12), history("tencent\taigc_image\tHunyuan\t3.0", jobs: 9)]
        first.keep(kept)
        first.close()
        XCTAssertEqual(try open(place.journal).histories(), kept)
    }

    /// Of two processes the one that knows more is right.
    func testWhoKnowsMoreIsRight() throws {
        let place = Place()
        let (one, other) = (try open(place.journal), try open(place.journal))
        one.keep([history("k", jobs: 50)])
        one.close()
        other.keep([history("k", jobs: 10)])
        other.close()
        XCTAssertEqual(try open(place.journal).histories(), [history("k", jobs: 50)])
        let third = try open(place.journal)
        third.keep([history("k", jobs: 51)])
        third.close()
        XCTAssertEqual(try open(place.journal).histories(), [history("k", jobs: 51)])
    }

    func testSoManyKindsAreKeptAndNoMore() throws {
        let place = Place()
        let journal = try open(place.journal)
        for page in 0..<3 { journal.keep((0..<200).map { history("kind \(page) \($0)", jobs: 8) }) }
        journal.close()
        XCTAssertEqual(try open(place.journal).histories().count, Journal.mostHistories)
    }

    /// Rows of a foreign hand are left out, and replaced when there is something to say.
    func testDamagedRowsAreLeftOut() throws {
        let place = Place()
        let journal = try open(place.journal)
        journal.keep([history("good", jobs: 8)])
        journal.close()
        let file = try Database(place.file, writes: true)
        try file.run(
            "INSERT INTO history VALUES('null', x''), ('short', x'01'), ('text', 'abc'), ('long', zeroblob(1000000)),"
                + "('zero', zeroblob(241)), ('ones', CAST(replace(hex(zeroblob(241)), '00', char(255)) AS BLOB)), ('', x'01')",
            "damaging")
        file.close(checkpoints: false)
        let next = try open(place.journal)
        XCTAssertEqual(next.histories().map(\.kind), ["good"])
        next.keep([history("short", jobs: 9)])
        next.close()
        XCTAssertEqual(try open(place.journal).histories().map(\.kind), ["good", "short"])
    }
}
