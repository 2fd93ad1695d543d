import Core
import XCTest

final class SecretTests: XCTestCase {
    private static let marker = "marker-0123456789-of-a-secret-that-must-not-stay-anywhere-in-memory"

    func testItIsNotPrinted() {
        let secret = Secret(Self.marker)
        let credentials = Credentials(id: "id", secret: secret, token: secret)
        var dumped = ""
        dump(secret, to: &dumped)
        dump(credentials, to: &dumped)
        for text in [
            "\(secret)", String(reflecting: secret), "\(credentials)", String(reflecting: credentials), dumped,
        ] {
            XCTAssertFalse(text.contains("marker"), text)
        }
        XCTAssertEqual(secret.revealed(), Self.marker)
        XCTAssertEqual(secret.count, Self.marker.utf8.count)
        XCTAssertFalse(secret.isEmpty)
        XCTAssertTrue(Secret("").isEmpty)
        XCTAssertEqual(Secret(bytes: [0, 1, 0]).withBytes { Array($0) }, [0, 1, 0])
    }

    /// Looks at freed memory on purpose: the allocator writes to the first bytes only.
    @inline(never)
    private func leftovers() -> (whole: Int, kept: Bool) {
        var secret: Secret? = Secret(Self.marker)
        let place = secret?.withBytes { UInt(bitPattern: $0.baseAddress) } ?? 0
        let held = secret.map { $0.withBytes { $0.count } } ?? 0
        let before = Self.read(place, held)
        XCTAssertEqual(String(decoding: before, as: UTF8.self), Self.marker)
        secret = nil
        let after = Self.read(place, held)
        return (held, after.dropFirst(16).contains { $0 != 0 })
    }

    @inline(never)
    private static func read(_ place: UInt, _ count: Int) -> [UInt8] {
        guard let pointer = UnsafeRawPointer(bitPattern: place) else { return [] }
        return (0..<count).map { pointer.load(fromByteOffset: $0, as: UInt8.self) }
    }

    func testItIsWipedWhenTheLastOwnerLetsGo() {
        let (count, kept) = leftovers()
        XCTAssertGreaterThan(count, 32)
        XCTAssertFalse(kept, "the bytes are still there after the last owner let go")
    }

    func testItIsNotWipedWhileSomebodyHasIt() {
        var first: Secret? = Secret(Self.marker)
        let second = first
        first = nil
        XCTAssertEqual(second?.revealed(), Self.marker)
        XCTAssertNil(first)
    }
}
