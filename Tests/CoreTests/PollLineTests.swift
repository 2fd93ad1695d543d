import Support
import XCTest

@testable import Core

/// Which status call gets the next permit.
final class PollLineTests: XCTestCase {
    private let second: Int64 = 1_000_000_000

    /// Jobs of about so many seconds.
    private func survival(_ seconds: Double) throws -> PollSurvival {
        var history = PollHistory()
        let random = SeededRandom(3)
        for _ in 0..<200 {
            let end = Int64(seconds * 1_000 * (0.8 + 0.4 * Double(random.below(1_000)) / 1_000))
            history.add(notDoneAt: end - 200, doneAt: end + 200)
        }
        return try XCTUnwrap(history.survival())
    }

    private func look(accepted: Int64, open: Int64, kind: Int32 = 0, urgent: Bool = false) -> PollLook {
        PollLook(acceptedAt: accepted * second, openAt: Int32(open * 1_000), kind: kind, isUrgent: urgent)
    }

    /// What a call is worth, in milliseconds: rows of kind, age of the newest look, age now.
    func testTheTableOfWorth() throws {
        let (short, long) = (try survival(8), try survival(60))
        let rows: [(String, PollSurvival, Double, Double, ClosedRange<Double>)] = [
            ("short, hardly begun", short, 0, 3, 0...100),
            ("short, in the middle", short, 0, 8, 500...4_000),
            ("short, long done", short, 0, 11, 100_000...Double.infinity),
            ("short, looked at late", short, 9, 10, 0...20_000),
            ("long, hardly begun", long, 0, 11, 0...300),
            ("long, far too early", long, 20, 40, 0...1_000),
            ("long, long done", long, 0, 80, 10_000...Double.infinity),
            ("unknown, just looked", .unknown, 5, 5, 0...0),
            ("beyond all ages", short, 5_000, 5_010, 10_000...10_000),
        ]
        for (name, survival, looked, now, worth) in rows {
            let found = survival.worth(lookedAt: looked * 1_000, now: now * 1_000)
            XCTAssertTrue(worth.contains(found), "\(name): \(found)")
        }
        for pause in stride(from: 1.0, to: 600, by: 7) {
            let (one, next) = (
                PollSurvival.unknown.worth(lookedAt: 1_000, now: 1_000 + pause * 1_000),
                PollSurvival.unknown.worth(lookedAt: 1_000, now: 1_000 + (pause + 7) * 1_000)
            )
            XCTAssertLessThan(one, next, "of nothing known, whoever waits longest is worth most")
        }
    }

    func testTheCallThatIsWorthMostLeavesFirst() throws {
        let survivals = [PollSurvival.unknown, try survival(8), try survival(60)]
        var line = PollLine(patienceMilliseconds: 20_000)
        line.append(1, look(accepted: 90, open: 0, kind: 2), at: 99 * second)  // ten seconds of sixty
        line.append(2, look(accepted: 97, open: 0, kind: 1), at: 99 * second)  // three of eight
        line.append(3, look(accepted: 88, open: 0, kind: 1), at: 100 * second)  // twelve of eight
        line.append(4, look(accepted: 40, open: 58, kind: 2), at: 100 * second)  // sixty of sixty, looked at before
        line.append(5, look(accepted: 0, open: 0, kind: 2), at: 100 * second)  // a hundred of sixty
        let order = (0..<5).compactMap { _ in line.pop(at: 100 * second, survivals) }
        XCTAssertEqual(Set(order.prefix(2)), [3, 5], "\(order)")
        XCTAssertEqual(order[2], 4, "\(order)")
        XCTAssertNil(line.pop(at: 100 * second, survivals))
        XCTAssertEqual(line.count, 0)
    }

    func testUrgentCallsGoFirst() throws {
        var line = PollLine(patienceMilliseconds: 20_000)
        for id in 1...40 as ClosedRange<UInt64> {
            line.append(id, look(accepted: 0, open: 0, urgent: id % 20 == 0), at: 50 * second)
        }
        XCTAssertEqual(line.pop(at: 50 * second, [.unknown]), 20)
        XCTAssertEqual(line.pop(at: 50 * second, [.unknown]), 40)
        XCTAssertEqual(line.count, 38)
    }

    /// 100,000 jobs whose images end soon: each call costs the same.
    func testManyUrgentCalls() {
        var line = PollLine(patienceMilliseconds: .max)
        for id in 1...100_000 as ClosedRange<UInt64> {
            line.append(id, look(accepted: 0, open: 0, urgent: true), at: 50 * second)
        }
        for id in 1...100_000 as ClosedRange<UInt64> {
            XCTAssertEqual(line.pop(at: 50 * second, [.unknown]), id)
            // One that comes meanwhile goes behind them.
            if id == 60_000 { line.append(100_001, look(accepted: 0, open: 0, urgent: true), at: 50 * second) }
        }
        XCTAssertEqual(line.pop(at: 50 * second, [.unknown]), 100_001)
        XCTAssertNil(line.pop(at: 50 * second, [.unknown]))
        XCTAssertEqual(line.ranked.times, 0)
    }

    /// A model alone is not a version alone.
    func testVariantsOfOneWord() {
        let texts = ["model", "model_version", "resolution"].map { name in
            var fields = RequestFields()
            fields.values[name] = .string("2.0")
            return fields.variant
        }
        XCTAssertEqual(Set(texts).count, 3, "\(texts)")
        XCTAssertEqual(RequestFields().variant, "")
    }

    /// A job that has hardly ended is never worth a call while better ones keep coming, and is looked at all the same.
    func testNobodyIsPassedOverForEver() throws {
        let survivals = [PollSurvival.unknown, try survival(60), try survival(8)]
        var line = PollLine(patienceMilliseconds: 20_000)
        var now = 100 * second
        line.append(1, PollLook(acceptedAt: now, openAt: 0, kind: 1), at: now)
        var servedAt: Int64?
        var id: UInt64 = 2
        for _ in 0..<2_000 where servedAt == nil {
            for _ in 0..<2 {
                line.append(
                    id, PollLook(acceptedAt: now - 12 * second, openAt: 0, kind: 2, isUrgent: id % 3 == 0), at: now)
                id += 1
            }
            if line.pop(at: now, survivals) == 1 { servedAt = now }
            now += second / 20
        }
        let waited = Double(try XCTUnwrap(servedAt) - 100 * second) / 1e9
        XCTAssertGreaterThan(waited, 20)
        XCTAssertLessThan(waited, 21.5, "the next sixteenth permit")
    }

    /// Every call leaves once, in whatever order calls come and permits are given.
    func testEveryCallLeavesOnce() throws {
        let random = SeededRandom(9)
        let survivals = [PollSurvival.unknown, try survival(8)]
        var line = PollLine(patienceMilliseconds: 2_000)
        var waiting: Set<UInt64> = []
        var next: UInt64 = 1
        var now: Int64 = 0
        for _ in 0..<20_000 {
            now += Int64(random.below(40_000_000))
            if random.chance(random.chance(50) ? 80 : 30) {
                let look = PollLook(
                    acceptedAt: now - Int64(random.below(30)) * second, openAt: Int32(random.below(5_000)),
                    kind: Int32(random.below(4)) - 1, isUrgent: random.chance(3))
                line.append(next, look, at: now)
                waiting.insert(next)
                next += 1
            } else if let id = line.pop(at: now, survivals) {
                XCTAssertNotNil(waiting.remove(id), "\(id)")
            } else {
                XCTAssertTrue(waiting.isEmpty)
            }
            XCTAssertEqual(line.count, waiting.count)
        }
        while let id = line.pop(at: now, survivals) { XCTAssertNotNil(waiting.remove(id)) }
        XCTAssertTrue(waiting.isEmpty)
    }

    /// 100,000 calls wait: ranked once a second. 1,000: a hundred times, which costs as much.
    /// A client that runs for months: what has left takes no memory, whether or not the line is ever empty.
    func testCallsThatHaveLeftAreForgotten() {
        for (waiting, isUrgent) in [(0, true), (0, false), (10, true), (10, false)] {
            var line = PollLine(patienceMilliseconds: 15_000)
            var id: UInt64 = 0
            for round in 0..<5_000 {
                repeat {
                    id += 1
                    line.append(id, look(accepted: 0, open: 0, urgent: isUrgent), at: Int64(round) * second)
                } while line.count <= waiting
                XCTAssertNotNil(line.pop(at: Int64(round) * second, []))
                XCTAssertLessThan(line.held, 200)
            }
        }
    }

    func testRankingIsRare() {
        for (count, most) in [(100_000, 12), (1_000, 1_100)] {
            var line = PollLine(patienceMilliseconds: 20_000)
            for id in 1...count { line.append(UInt64(id), PollLook(acceptedAt: 0, openAt: 0), at: 0) }
            for number in 0..<200 { _ = line.pop(at: Int64(number) * second / 20, [.unknown]) }
            XCTAssertLessThanOrEqual(line.ranked.times, most, "\(count) calls, ten seconds")
            XCTAssertGreaterThanOrEqual(line.ranked.times, 10)
        }
        // A burst of permits does not rank for each.
        var line = PollLine(patienceMilliseconds: 20_000)
        for id in 1...100_000 as ClosedRange<UInt64> { line.append(id, PollLook(acceptedAt: 0, openAt: 0), at: 0) }
        for _ in 0..<100_000 { XCTAssertNotNil(line.pop(at: 1, [.unknown])) }
        XCTAssertLessThan(line.ranked.items, 4_000_000)
    }

    /// Foreign numbers never trap.
    func testOddLooks() {
        var line = PollLine(patienceMilliseconds: .max)
        let odd: [Int64] = [.min, -1, 0, 1, .max]
        var id: UInt64 = 1
        for accepted in odd {
            for open in [Int32.min, -1, 0, .max] {
                for kind in [Int32.min, -1, 0, 1, .max] {
                    line.append(id, PollLook(acceptedAt: accepted, openAt: open, kind: kind), at: accepted)
                    id += 1
                }
            }
        }
        var count = 0
        for now in odd { for _ in 0..<20 where line.pop(at: now, [.unknown]) != nil { count += 1 } }
        XCTAssertEqual(count, 100)
    }
}
