import Core
import Foundation
import Support
import XCTest

@testable import Engine

/// What a job that waits costs. AIGC_LONG=1, in a release build; the figures are printed.
final class MemoryTests: XCTestCase {
    private static let count = 100_000

    private func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4_096
    }

    override func setUpWithError() throws {
        try XCTSkipUnless(ProcessInfo.processInfo.environment["AIGC_LONG"] == "1", "AIGC_LONG=1 measures memory")
    }

    /// As long as a TaskId of Tencent, each with memory of its own, as a token gives them.
    private func reference(_ number: Int) -> JobReference {
        JobReference(
            provider: String("tencent"), operation: "aigc_image", region: "ap-guangzhou",
            endpoint: String(decoding: Array("mps.tencentcloudapi.com".utf8), as: UTF8.self),
            remoteID: "2600006666-AigcImage-0123456789abcdef0123456789abcdef-\(number)")
    }

    private func measure(_ what: String, _ bytes: Int) {
        print("memory: \(what): \(bytes / Self.count) bytes a job")
        #if !DEBUG
            XCTAssertLessThanOrEqual(bytes / Self.count, 1_024, what)
        #endif
    }

    private func attached(follow: Bool) throws -> (Harness, [JobRecord], Int) {
        let harness = try Harness(provider: FakeProvider(name: "tencent", endpoint: "mps.tencentcloudapi.com"))
        harness.takesEvents = false
        harness.mailbox.eventsObserved = false
        harness.cloud.forgetsArrivals = true
        let before = residentBytes()
        var records: [JobRecord] = []
        records.reserveCapacity(Self.count)
        for number in 0..<Self.count {
            let reference = reference(number)
            var snapshot = JobSnapshot(state: .pending)
            snapshot.outcome = .accepted
            snapshot.reference = reference
            let record = JobRecord(
                id: UInt64(number + 1), provider: "tencent", operation: "aigc_image", isDownload: false,
                snapshot: snapshot)
            record.handles = 1
            record.hasHadHandle = true
            records.append(record)
            _ = harness.mailbox.post(.attach(record, follow: follow, deadlineMilliseconds: 3_600_000))
            if number % 1_000 == 0 { harness.core.turn(mayWait: false) }
        }
        harness.core.turn(mayWait: false)
        return (harness, records, before)
    }

    func testAttachedAndNotFollowed() throws {
        let (harness, records, before) = try attached(follow: false)
        measure("attached, not followed", residentBytes() - before)
        XCTAssertEqual(harness.core.jobs.active.count, Self.count)
        XCTAssertEqual(records.count, Self.count)
    }

    /// Each has been asked for once and waits for its next poll, with the cloud's answer in its getters.
    func testWaitingForTheNextPoll() throws {
        let harness = try Harness(provider: FakeProvider(name: "tencent", endpoint: "mps.tencentcloudapi.com"))
        harness.takesEvents = false
        harness.mailbox.eventsObserved = false
        harness.cloud.forgetsArrivals = true
        harness.cloud.pendingMilliseconds = 3_600_000
        harness.transport.setLatency { _ in 1 }
        let ids = (0..<Self.count).map { harness.cloud.plant(tag: "t\($0)", at: 0) }
        let before = residentBytes()
        var records: [JobRecord] = []
        for id in ids {
            let record = harness.attach(id, deadline: -1)
            records.append(record)
            if records.count % 32 == 0 { harness.run(for: 1) }
        }
        harness.run(for: 400)
        XCTAssertGreaterThan(records.filter { !$0.snapshot.response.isEmpty }.count, Self.count * 9 / 10)
        measure("polled and waiting", residentBytes() - before)
    }

    /// Jobs that come and go leave nothing.
    func testAHundredThousandJobsOneAfterAnother() throws {
        let harness = try Harness()
        harness.takesEvents = false
        harness.mailbox.eventsObserved = false
        harness.keepsRecords = false
        harness.cloud.forgetsArrivals = true
        var after: [Int] = []
        for round in 0..<20 {
            for number in 0..<5_000 { harness.submit("\(round)-\(number)").handles = 0 }
            harness.runToTheEnd()
            harness.cloud.forget()
            harness.transport.forget()
            harness.checkNothingLeft("round \(round)")
            after.append(residentBytes())
        }
        print("memory: after each 5,000 jobs (MiB): \(after.map { $0 >> 20 })")
        XCTAssertLessThan(after[19] - after[9], 1 << 20, "50,000 jobs later")
    }
}
