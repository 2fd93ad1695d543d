import Core
import Foundation
import XCTest

@testable import Assets

/// A fault, or the end of the process, at the n-th file operation, for every n.
final class CrashTests: XCTestCase {
    private final class Faults: @unchecked Sendable {  // one thread
        var count = 0
        var at = Int.max
        var error = EIO
        /// The process has ended: nothing has an effect any more.
        var isCrash = false
        /// Short writes and interruptions on the way.
        var isRough = false
        var noExclusiveRename = false

        func hit() -> Int? {
            count += 1
            if count == at || isCrash && count > at { return -Int(error) }
            return nil
        }

        var calls: FileCalls {
            let real = FileCalls.system
            var calls = real
            calls.openFolder = { [self] path in hit() ?? real.openFolder(path) }
            calls.open = { [self] folder, name, flags in hit() ?? real.open(folder, name, flags) }
            // The kernel closes the files of a dead process, and releases its locks.
            calls.close = { [self] in
                let result = real.close($0)
                return hit() ?? result
            }
            calls.lock = { [self] in hit() ?? real.lock($0) }
            calls.status = { [self] in hit() ?? real.status($0, $1) }
            calls.statusOf = { [self] in hit() ?? real.statusOf($0, $1, $2) }
            calls.read = { [self] in hit() ?? real.read($0, $1, $2) }
            calls.write = { [self] descriptor, bytes, offset in
                if let fault = hit() { return fault }
                guard isRough else { return real.write(descriptor, bytes, offset) }
                if count % 3 == 0 { return -Int(EINTR) }
                return real.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(max(1, bytes.count / 2))), offset)
            }
            calls.truncate = { [self] in hit() ?? real.truncate($0, $1) }
            calls.reserveFrom = 1 << 20
            calls.reserve = { [self] in hit() ?? real.reserve($0, $1) }
            calls.setMode = { [self] in hit() ?? real.setMode($0, $1) }
            calls.flush = { [self] in hit() ?? real.flush($0) }
            calls.rename = { [self] in hit() ?? real.rename($0, $1, $2) }
            calls.renameExclusive = { [self] in
                hit() ?? (noExclusiveRename ? -Int(EINVAL) : real.renameExclusive($0, $1, $2))
            }
            calls.link = { [self] in hit() ?? real.link($0, $1, $2) }
            calls.remove = { [self] in hit() ?? real.remove($0, $1) }
            return calls
        }
    }

    private static let image = Fixture.bigPNG(1_200_000)
    private var image: [UInt8] { Self.image }

    /// A download that is cut once, continued by a second sink, and published. nil or what went wrong.
    private func download(_ path: String, _ calls: FileCalls, overwrite: Bool) -> Failure? {
        var kept: Failure?
        for round in 0..<2 {
            do throws(Failure) {
                let sink = try FileSink(path: path, options: options(overwrite: overwrite), calls: calls)
                do throws(Failure) {
                    try sink.prepare()
                    let offset = Int(sink.resumeOffset)
                    var answer = offset > 0 ? Answer.rest(of: image, from: offset) : Answer.whole(image)
                    if round == 0 { answer = answer.cut(after: 1_100_000) }
                    answer.pieces = [100, 70_000, 16_384]
                    switch sink.run(answer) {
                    case .complete:
                        _ = try sink.commit()
                        return nil
                    case .incomplete(let failure):
                        sink.abandon(keepPartial: true)
                        kept = failure
                    case .corrupt(let failure), .failed(let failure):
                        sink.abandon(keepPartial: false)
                        return failure
                    case .notAnImage: return Failure(.notAnImage, "")
                    }
                } catch {
                    sink.abandon(keepPartial: false)
                    throw error
                }
            } catch {
                return error
            }
        }
        return kept
    }

    func testEveryOperationFails() {
        for overwrite in [false, true] {
            for error in overwrite ? [EIO] : [EIO, ENOSPC, EMFILE] {
                var at = 1
                while true {
                    let folder = Folder()
                    let faults = Faults()
                    (faults.at, faults.error) = (at, error)
                    let failure = download(folder.file("a.png"), faults.calls, overwrite: overwrite)
                    let place = "operation \(at), errno \(error), overwrite \(overwrite): \(folder.names)"
                    if let failure {
                        let expected: [Status] =
                            error == ENOSPC ? [.noSpace] : error == EMFILE ? [.noResources] : [.file]
                        // A fault of a call whose failure means something else at that place.
                        XCTAssertTrue(expected.contains(failure.status), "\(failure) \(place)")
                        XCTAssertFalse(failure.message.contains("\n"))
                        // Nothing; or the published file, where only its folder could not be flushed; or what the first
                        // sink left for a resume, where the second one could not even open it.
                        let isKept =
                            folder.names.count == 2 && folder.partName.flatMap { folder.read($0)?.count } == 1_100_000
                        XCTAssertTrue(
                            folder.names.isEmpty || folder.read("a.png") == image || isKept, "debris: \(place)")
                    } else {
                        XCTAssertTrue(folder.read("a.png") == image, place)
                    }
                    if faults.count < at { break }
                    at += 1
                }
                XCTAssertGreaterThan(at, 30, "the count of operations looks wrong")
            }
        }
    }

    func testTheProcessEndsAtEveryOperation() {
        for (overwrite, noExclusiveRename) in [(false, false), (false, true), (true, false)] {
            var at = 1
            while true {
                let folder = Folder()
                let faults = Faults()
                (faults.at, faults.isCrash, faults.noExclusiveRename) = (at, true, noExclusiveRename)
                _ = download(folder.file("a.png"), faults.calls, overwrite: overwrite)
                let place = "operation \(at), overwrite \(overwrite): \(folder.names)"
                if let published = folder.read("a.png") { XCTAssertTrue(published == image, place) }
                for name in folder.names {
                    XCTAssertTrue(name == "a.png" || name.hasSuffix(".part") || name.hasSuffix(".part.info"), place)
                }
                if faults.count < at { break }
                // The next process, on a sound machine.
                let failure = download(folder.file("a.png"), .system, overwrite: overwrite)
                XCTAssertTrue(
                    failure == nil || failure?.status == .fileExists, "\(String(describing: failure)) \(place)")
                XCTAssertTrue(folder.read("a.png") == image, place)
                if failure == nil { XCTAssertEqual(folder.names, ["a.png"], place) }
                at += 1
            }
        }
    }

    func testShortWritesAndInterruptions() {
        let folder = Folder()
        let faults = Faults()
        faults.isRough = true
        XCTAssertNil(download(folder.file("a.png"), faults.calls, overwrite: false))
        XCTAssertTrue(folder.read("a.png") == image)
        XCTAssertEqual(folder.names, ["a.png"])
    }

    func testFileSystemsThatCannotDoEverything() {
        var calls = FileCalls.system
        calls.renameExclusive = { _, _, _ in -Int(EINVAL) }
        calls.reserveFrom = 1 << 20
        calls.reserve = { _, _ in -Int(EOPNOTSUPP) }
        calls.lock = { _ in -Int(ENOLCK) }
        let folder = Folder()
        let sink = try? FileSink(path: folder.file("a.png"), options: options(), calls: calls)
        XCTAssertNoThrow(try sink?.prepare())
        XCTAssertEqual(sink?.run(Answer.whole(image)).word, "complete")
        XCTAssertNoThrow(try sink?.commit())
        XCTAssertTrue(folder.read("a.png") == image)
        XCTAssertEqual(folder.names, ["a.png"])
        // A link does not replace either.
        let late = try? FileSink(path: folder.file("b.png"), options: options(), calls: calls)
        XCTAssertNoThrow(try late?.prepare())
        XCTAssertEqual(late?.run(Answer.whole(image)).word, "complete")
        folder.write("b.png", [1])
        XCTAssertThrowsError(try late?.commit()) { XCTAssertEqual(($0 as? Failure)?.status, .fileExists) }
        late?.abandon(keepPartial: false)
        // Neither: an error that says what helps.
        calls.link = { _, _, _ in -Int(EPERM) }
        let last = try? FileSink(path: folder.file("c.png"), options: options(), calls: calls)
        XCTAssertNoThrow(try last?.prepare())
        XCTAssertEqual(last?.run(Answer.whole(image)).word, "complete")
        XCTAssertThrowsError(try last?.commit()) {
            XCTAssertTrue(($0 as? Failure)?.message.contains("download.overwrite") ?? false)
        }
        last?.abandon(keepPartial: false)
        XCTAssertEqual(folder.names, ["a.png", "b.png"])
        // Without locks a file that another may be writing is not taken over.
        folder.write((try? FilePlace(path: folder.file("d.png"), identity: "token#0").part) ?? "", [1])
        let taken = try? FileSink(path: folder.file("d.png"), options: options(), calls: calls)
        XCTAssertThrowsError(try taken?.prepare())
    }
}
