import Core
import Foundation
import Support
import XCTest

import CPlatform

@testable import Engine

/// The file through which processes share rates: what it holds, and what becomes of it when others touch it.
final class RateFileTests: XCTestCase {
    private var folder = ""

    override func setUp() {
        folder = NSTemporaryDirectory() + "aigc-rates-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    override func tearDown() { try? FileManager.default.removeItem(atPath: folder) }

    /// Not SHA-256, and as good for telling names apart.
    private static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var words = [UInt64](repeating: 0xCBF2_9CE4_8422_2325, count: 4)
        for (index, byte) in bytes.enumerated() {
            for place in 0..<4 {
                words[place] = (words[place] ^ (UInt64(byte) + UInt64(place * 7 + index % 3))) &* 0x100_0000_01B3
                words[place] ^= words[place] >> 31
            }
        }
        return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }
    }

    private func file(_ path: String? = nil, patience: Int64 = 3_000_000) throws -> RateFile {
        try RateFile(
            path ?? folder + "/rates", hash: { Self.hash($0) }, patience: patience, networkName: { _ in nil })
    }

    /// What another process would have: its own descriptor, its own rates.
    private func board(_ path: String? = nil) throws -> RateRegistry { try RateRegistry(file: file(path)) }

    private func rate(_ board: RateRegistry, _ perSecond: Double = 20.5, action: String = "x") throws -> SharedRate {
        try XCTUnwrap(board.rate(provider: "p", account: "a", action: action, perSecond: perSecond))
    }

    private let second: Int64 = 1_000_000_000

    func testProcessesStandInOneLine() throws {
        let rates = try (0..<8).map { _ in try self.rate(self.board()) }
        var slots: [Int64] = []
        for round in 0..<10 {
            for (index, rate) in rates.enumerated() {
                slots.append(rate.reserve(at: second + Int64(round * 8 + index)))
            }
        }
        XCTAssertEqual(slots, slots.sorted(), "in the order in which they asked")
        for (one, next) in zip(slots, slots.dropFirst()) { XCTAssertEqual(next - one, 50_000_000) }
        XCTAssertEqual(try rate(board(), action: "y").reserve(at: second), second, "another action is another line")
        XCTAssertEqual(try rate(board(), 41).reserve(at: second), second, "another rate as well")
    }

    func testAComplaintSlowsAllAndAllSeeTheRecovery() throws {
        let (one, other) = (try rate(board()), try rate(board()))
        let slot = other.reserve(at: second)
        for _ in 0..<3 { one.throttled(at: second, retryAfterMilliseconds: 4_000) }
        XCTAssertEqual(other.look(at: second).inForce(at: second), 10, accuracy: 0.01)
        XCTAssertEqual(other.look(at: second).complaints, 3)
        XCTAssertFalse(other.keeps(slot, at: second), "the pause is everybody's")
        XCTAssertEqual(other.reserve(at: second), 5 * second)
        XCTAssertEqual(other.look(at: 60 * second).inForce(at: 60 * second), 20)
    }

    /// A thousand permits for each of eight threads with a file of their own: no slot twice, none lost.
    func testThreadsAndDescriptorsExcludeEachOther() throws {
        let slots = Collected()
        // However loaded the machine is: a change that does not get its lock in time is made without it.
        let boards = try (0..<8).map { _ in try RateRegistry(file: self.file(patience: 60 * second)) }
        DispatchQueue.concurrentPerform(iterations: 8) { index in
            let rate = boards[index].rate(provider: "p", account: "a", action: "x", perSecond: 1_025)
            guard let rate else { return }
            for _ in 0..<250 { slots.add(rate.reserve(at: 5_000_000_000)) }
        }
        let all = slots.values.sorted()
        XCTAssertEqual(all.count, 2_000)
        let gaps = zip(all, all.dropFirst()).filter { abs($1 - $0 - 1_000_000) > 2 }.count
        XCTAssertEqual(gaps, 0, "evenly spaced")
    }

    /// Somebody cuts the file short, fills it with rubbish, or removes it, while it is in use: nobody dies, and the rate holds.
    func testAFileThatOthersTouch() throws {
        let path = folder + "/rates"
        let damages: [(String, () -> Void)] = [
            ("cut to nothing", { truncate(path, 0) }),
            ("cut in the middle", { truncate(path, 700) }),
            ("rubbish", { try? Data(repeating: 0xA5, count: 65_536).write(to: URL(fileURLWithPath: path)) }),
            ("zeros", { try? Data(count: 65_536).write(to: URL(fileURLWithPath: path)) }),
            ("removed", { try? FileManager.default.removeItem(atPath: path) }),
        ]
        for (name, damage) in damages {
            try? FileManager.default.removeItem(atPath: path)
            let used = try rate(board())
            var slots = [used.reserve(at: second)]
            for round in 0..<20 {
                if round == 5 { damage() }
                slots.append(used.reserve(at: second))
                _ = used.keeps(second, at: second)
            }
            for (one, next) in zip(slots, slots.dropFirst()) { XCTAssertEqual(next - one, 50_000_000, name) }
            used.throttled(at: second, retryAfterMilliseconds: 0)
            XCTAssertEqual(used.look(at: second).complaints, 1, name)
        }
    }

    /// Every byte of a record, one after the other: what is damaged is forgotten, and nobody waits for years.
    func testDamagedRecords() throws {
        let path = folder + "/rates"
        _ = try rate(board()).reserve(at: second)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let used = try XCTUnwrap((1...255).first { bytes[$0 * 256..<$0 * 256 + 32].contains { $0 != 0 } })
        for place in used * 256..<(used + 1) * 256 {
            var bent = bytes
            bent[place] ^= 0xFF
            try bent.write(to: URL(fileURLWithPath: path))
            let slot = try rate(board()).reserve(at: second)
            XCTAssertTrue((second...2 * second).contains(slot), "byte \(place): \(slot)")
        }
    }

    /// Words with a right checksum that make no sense, or are of another clock.
    func testWordsThatMakeNoSense() {
        let good = RateLimit(perSecond: 20)
        XCTAssertEqual(RateLimit(perSecond: 20, good.words, at: second), good)
        var slowed = good
        _ = slowed.reserve(at: second)
        slowed.throttled(at: second, retryAfterMilliseconds: 120_000)
        XCTAssertEqual(RateLimit(perSecond: 20, slowed.words, at: second), slowed)
        let earlier = RateLimit(perSecond: 20, slowed.words, at: second - 40 * second)
        XCTAssertEqual(earlier, slowed, "looked a little earlier")
        XCTAssertNil(RateLimit(perSecond: 20, slowed.words, at: second - 3_600 * second), "another clock")
        XCTAssertNil(RateLimit(perSecond: 20, [], at: second))
        XCTAssertNil(RateLimit(perSecond: 20, [UInt64](repeating: 0, count: 26), at: second))
        for place in 0..<RateLimit.wordCount {
            for word: UInt64 in [0, 1, .max, 1 << 63, (1 << 63) - 1, Double.nan.bitPattern, (-1.0).bitPattern] {
                var words = slowed.words
                words[place] = word
                guard var read = RateLimit(perSecond: 20, words, at: second) else { continue }
                for _ in 0..<3 {
                    let slot = read.reserve(at: second)
                    XCTAssertLessThan(slot, second + 320 * second, "word \(place): \(word)")
                    read.throttled(at: second, retryAfterMilliseconds: 0)
                }
            }
        }
    }

    func testWhatIsNoFileOfRates() throws {
        func refused(_ path: String, _ words: String, _ status: Status = .file) {
            do {
                _ = try file(path)
                XCTFail("\(path) was taken")
            } catch let failure as Failure {
                XCTAssertEqual(failure.status, status, path)
                XCTAssertTrue(failure.message.contains(words), failure.message)
                XCTAssertTrue(failure.message.contains(path), failure.message)
            } catch { XCTFail("\(error)") }
        }
        let text = folder + "/text"
        try Data("dear diary".utf8).write(to: URL(fileURLWithPath: text))
        chmod(text, 0o600)
        refused(text, "holds something else")
        XCTAssertEqual(try Data(contentsOf: URL(fileURLWithPath: text)), Data("dear diary".utf8), "and is left alone")
        let zeros = folder + "/zeros"
        try Data(count: 70_000).write(to: URL(fileURLWithPath: zeros))
        chmod(zeros, 0o600)
        refused(zeros, "holds something else")
        refused(folder, "name a file")
        refused(folder + "/none/rates", "folder does not exist")
        symlink(text, folder + "/link")
        refused(folder + "/link", "symbolic link")
        mkfifo(folder + "/pipe", 0o600)
        refused(folder + "/pipe", "no plain file")
        _ = try file(folder + "/open")
        chmod(folder + "/open", 0o622)
        refused(folder + "/open", "others may write")
        XCTAssertThrowsError(
            try RateFile(folder + "/nfs", hash: { Self.hash($0) }, networkName: { _ in "NFS" })
        ) { XCTAssertTrue(((($0 as? Failure)?.message) ?? "").contains("network file system (NFS)")) }
        refused("/dev/full", "no plain file")
        // What was cut short before is whole again.
        let cut = folder + "/cut"
        _ = try rate(board(cut)).reserve(at: second)
        truncate(cut, 300)
        XCTAssertEqual(try rate(board(cut)).reserve(at: second), second)
        XCTAssertEqual(try Data(contentsOf: URL(fileURLWithPath: cut)).count, 65_536)
    }

    /// More names than records: the one that was used longest ago makes room, and nobody is refused.
    func testMoreNamesThanRecords() throws {
        let board = try board()
        for number in 0..<2_000 {
            let rate = try rate(board, action: "x\(number)")
            XCTAssertEqual(rate.reserve(at: second), second)
            XCTAssertEqual(rate.reserve(at: second), second + 50_000_000)
        }
        XCTAssertEqual(try Data(contentsOf: URL(fileURLWithPath: folder + "/rates")).count, 65_536)
    }

    /// A stopped holder of the lock blocks nobody.
    func testAStoppedHolderIsNotWaitedFor() throws {
        let path = folder + "/rates"
        let used = try rate(board())
        _ = used.reserve(at: second)
        let other = open(path, O_RDWR)
        defer { close(other) }
        XCTAssertEqual(aigcp_range_lock(other, 0, 65_536, 0), 0)
        for round in Int64(1)...5 {
            XCTAssertEqual(used.reserve(at: second), second + round * 50_000_000)
        }
    }

    /// The record is read and cannot be written: one slot is reserved, not two.
    func testAWriteThatFailsCostsNoSecondSlot() throws {
        let shared = try board()
        let rate = try rate(shared)
        XCTAssertEqual(rate.reserve(at: second), second)
        var before = rlimit()
        getrlimit(__rlimit_resource_t(1), &before)
        var none = before
        none.rlim_cur = 256
        let old = signal(SIGXFSZ, SIG_IGN)
        setrlimit(__rlimit_resource_t(1), &none)
        let slots = (0..<3).map { _ in rate.reserve(at: second) }
        setrlimit(__rlimit_resource_t(1), &before)
        signal(SIGXFSZ, old)
        XCTAssertEqual(slots[0], second + 50_000_000, "one slot behind the first one")
        XCTAssertTrue(rate.isAlone)
    }
}

/// Any thread.
private final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [Int64] = []

    func add(_ value: Int64) { lock.withLock { all.append(value) } }
    var values: [Int64] { lock.withLock { all } }
}
