import Core
import XCTest

final class HistogramTests: XCTestCase {
    func testBoundsAreInclusive() {
        var histogram = Histogram(bounds: [5, 10])
        for nanoseconds: Int64 in [-1, 0, 5_000_000, 5_000_001, 10_000_000, 10_000_001, .max, .min] {
            histogram.add(nanoseconds: nanoseconds)
        }
        XCTAssertEqual(histogram.counts, [4, 2, 2])
        XCTAssertEqual(histogram.count, 8)
        XCTAssertEqual(histogram.sumMilliseconds, 30.000002 + Double(Int64.max) / 1e6, accuracy: 1)
    }

    func testTheUsualBoundsRise() {
        for bounds in [Histogram.callBounds, Histogram.jobBounds] {
            XCTAssertEqual(bounds, bounds.sorted())
            XCTAssertEqual(Set(bounds).count, bounds.count)
        }
    }
}
