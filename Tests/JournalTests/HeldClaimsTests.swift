import Core
import XCTest

@testable import Journal

final class HeldClaimsTests: XCTestCase {
    func testClaimsLeaveInTheirOrder() {
        var claims = HeldClaims<Int>()
        XCTAssertNil(claims.oldest)
        for index in 0..<10 { XCTAssertNil(claims.add(index, key("k\(index)"), since: Int64(index))) }
        XCTAssertEqual(claims.oldest, 0)
        // A second claim of a key is not held.
        XCTAssertEqual(claims.add(99, key("k3"), since: 3), 99)
        XCTAssertEqual(claims.remove(key("k0")), 0)
        XCTAssertNil(claims.remove(key("k0")))
        XCTAssertNil(claims.remove(key("unknown")))
        XCTAssertEqual(claims.remove(key("k2")), 2)
        XCTAssertEqual(claims.oldest, 1)
        XCTAssertEqual(claims.due(until: 0, limit: 10), [])
        XCTAssertEqual(claims.due(until: 5, limit: 10), [1, 3, 4, 5])
        XCTAssertEqual(claims.oldest, 6)
        XCTAssertEqual(claims.remove(key("k8")), 8)
        XCTAssertEqual(claims.due(until: .max, limit: 2), [6, 7])
        XCTAssertNil(claims.add(20, key("k1"), since: 20))
        XCTAssertEqual(claims.remove(key("k1")), 20)
        XCTAssertEqual(claims.due(until: .max, limit: 2), [9])
        XCTAssertTrue(claims.isEmpty)
        XCTAssertEqual(claims.due(until: .max, limit: 2), [])
        XCTAssertNil(claims.add(1, key("k9"), since: 1))
        XCTAssertEqual(claims.due(until: .max, limit: 1), [1])
    }

    /// Against a list that does the same the slow way.
    func testRandomOrders() {
        var random = SystemRandomNumberGenerator()
        var claims = HeldClaims<Int>()
        var model: [(name: Int, since: Int64)] = []
        for step in 0..<20_000 {
            let name = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let isHeld = model.contains { $0.name == name }
                XCTAssertEqual(claims.add(name, key("k\(name)"), since: Int64(step)), isHeld ? name : nil)
                if !isHeld { model.append((name, Int64(step))) }
            case 2, 3:
                let isHeld = model.contains { $0.name == name }
                XCTAssertEqual(claims.remove(key("k\(name)")), isHeld ? name : nil)
                model.removeAll { $0.name == name }
            default:
                let until = Int64(step - Int.random(in: 0..<100, using: &random))
                let due = Array(model.filter { $0.since <= until }.prefix(name))
                XCTAssertEqual(claims.due(until: until, limit: name), due.map(\.name))
                model.removeFirst(due.count)
            }
            XCTAssertEqual(claims.isEmpty, model.isEmpty)
            XCTAssertEqual(claims.oldest, model.first?.since)
        }
    }
}
