import Core
import Support
import XCTest

@testable import Engine

/// Images of a private store: signed at its own host, wherever the way leads before or after.
final class StoreDownloadTests: XCTestCase {
    private let store = "https://private.test"

    private func harness(_ resolver: FakeResolver = FakeResolver()) throws -> Harness {
        let harness = try Harness(provider: FakeProvider(store: store), resolver: resolver)
        harness.transport.keepActions()
        return harness
    }

    /// An image under that host, which the simulated cloud serves under every host.
    private func url(_ harness: Harness, _ host: String) -> String {
        let job = harness.cloud.plant(tag: "planted \(harness.cloud.executionCount)", at: harness.clock.nanoseconds())
        return "\(host)/\(job)/0?g=1&e=\(harness.clock.unixMilliseconds() + 1_000_000)"
    }

    private func signed(_ harness: Harness) -> [Bool] {
        harness.transport.actions.map { action in action.request.headers.contains { $0.name == "authorization" } }
    }

    private func succeeds(_ harness: Harness, _ url: String, line: UInt = #line) throws -> JobRecord {
        let record = try harness.order(harness.provider.access(url: url))
        harness.runToTheEnd()
        XCTAssertEqual(record.snapshot.failure, nil, line: line)
        XCTAssertEqual(record.snapshot.state, .succeeded, line: line)
        harness.checkPromises("a store", line: line)
        return record
    }

    func testAStoreIsSignedForAndNobodyElse() throws {
        let own = try harness()
        _ = try succeeds(own, url(own, store))
        XCTAssertEqual(signed(own), [true])
        XCTAssertFalse(own.transport.actions[0].options.publicAddressesOnly, "a bucket of one's own may be inner")
        XCTAssertEqual(own.transport.actions[0].options.exchangeTimeoutMilliseconds, 0)
        let other = try harness()
        _ = try succeeds(other, url(other, "https://public.test"))
        XCTAssertEqual(signed(other), [false])
        XCTAssertTrue(other.transport.actions[0].options.publicAddressesOnly)
        XCTAssertEqual(other.resolver.calls, 0, "a plain URL needs no credentials")
    }

    /// Fault 15: signed for is what the store itself leads to within the store. Whoever else leads there, also on a way
    /// that began there, gets no signature and no inner address.
    func testAStrangersRedirectIsNotSignedFor() throws {
        for hosts in [
            [store, "https://public.test"], ["https://public.test", store], [store, "https://public.test", store],
            [store, store], ["https://public.test", store, "https://private.test.evil.test"],
        ] {
            let harness = try harness()
            let urls = hosts.map { url(harness, $0) }
            harness.transport.setScript { action in
                action.index + 1 < urls.count ? .redirect(urls[action.index + 1]) : nil
            }
            _ = try succeeds(harness, urls[0])
            XCTAssertEqual(harness.transport.actions.map(\.request.url), urls)
            var isOwn = true
            let own = hosts.map { host in
                isOwn = isOwn && host == store
                return isOwn
            }
            XCTAssertEqual(signed(harness), own, "\(hosts)")
            XCTAssertEqual(harness.transport.actions.map { !$0.options.publicAddressesOnly }, own, "\(hosts)")
        }
    }

    /// A cut image of a store continues where it stopped, signed anew.
    func testAStoreIsResumed() throws {
        let harness = try harness()
        harness.transport.setScript { $0.index == 0 ? .cutReply : nil }
        _ = try succeeds(harness, url(harness, store))
        XCTAssertEqual(signed(harness), [true, true])
        let second = harness.transport.actions[1].request.headers
        XCTAssertTrue(second.contains { $0.name == "Range" && $0.value.hasPrefix("bytes=") })
        XCTAssertTrue(second.contains { $0.name == "If-Range" })
    }

    func testAClockThatIsOffIsBridged() throws {
        let harness = try harness()
        harness.transport.setScript { $0.index == 0 ? .clockSkew(seconds: 3_600) : nil }
        let begin = harness.clock.unixMilliseconds() / 1_000
        _ = try succeeds(harness, url(harness, store))
        let stamps = harness.transport.actions.compactMap { action in
            action.request.headers.first { $0.name == "authorization" }?.value.split(separator: " ").last
                .flatMap { Int64($0) }
        }
        XCTAssertEqual(stamps.count, 2)
        XCTAssertLessThan(abs(stamps[0] - begin), 10)
        XCTAssertLessThan(abs(stamps[1] - begin - 3_600), 10)
    }

    func testStaleCredentialsAreRenewed() throws {
        let resolver = FakeResolver { call in .success(FakeResolver.credentials("key-\(call)")) }
        let harness = try harness(resolver)
        harness.transport.setScript { $0.index == 0 ? .staleCredentials : nil }
        _ = try succeeds(harness, url(harness, store))
        let keys = harness.transport.actions.compactMap { action in
            action.request.headers.first { $0.name == "authorization" }?.value.split(separator: " ").first
        }
        XCTAssertEqual(keys, ["key-0", "key-1"])
    }

    func testWithoutCredentialsAStoreIsNotAsked() throws {
        let resolver = FakeResolver([.failure(Failure(.noCredentials, "none: tried everything"))])
        let harness = try harness(resolver)
        let record = try harness.order(harness.provider.access(url: url(harness, store)))
        harness.runToTheEnd()
        XCTAssertEqual(record.snapshot.failure?.status, .noCredentials)
        XCTAssertEqual(harness.transport.started, 0)
        harness.checkPromises("no credentials")
    }

    func testARefusalIsTheEnd() throws {
        let harness = try harness()
        harness.transport.setScript { _ in .refusal }
        let record = try harness.order(harness.provider.access(url: url(harness, store)))
        harness.runToTheEnd()
        XCTAssertEqual(record.snapshot.failure?.status, .requestRefused)
        XCTAssertEqual(harness.transport.started, 1)
        harness.checkPromises("a refusal")
    }

    /// The API's rates are not those of a store.
    func testAStoreHasNoRateOfTheAPI() throws {
        var settings = EngineSettings()
        settings.rates["fake/query"] = 1
        let harness = try Harness(settings: settings, provider: FakeProvider(store: store))
        for _ in 0..<50 { _ = try harness.order(harness.provider.access(url: url(harness, store))) }
        harness.runToTheEnd()
        XCTAssertLessThan(harness.elapsed, 5_000)
        harness.checkPromises("fifty")
    }
}
