import Core
import Support
import XCTest

@testable import Engine

final class DownloadTests: XCTestCase {
    private func finishedJob(_ harness: Harness, _ tag: String = "a") -> JobRecord {
        let job = harness.submit(tag)
        harness.runToTheEnd()
        XCTAssertEqual(job.snapshot.state, .succeeded)
        return job
    }

    func testTheImageIsTheRightOne() throws {
        let harness = try Harness()
        harness.cloud.assetCount = 4
        let job = finishedJob(harness)
        for index in 0..<4 { try harness.download(job, index) }
        harness.runToTheEnd()
        let id = try XCTUnwrap(job.snapshot.reference?.remoteID)
        for index in 0..<4 {
            XCTAssertEqual(
                harness.sinks.made[index].image, SimulatedCloud.image(of: id, index: index, bytes: 200))
        }
        harness.checkPromises("images")
    }

    func testEarliestExpiryFirst() throws {
        var settings = EngineSettings()
        settings.maximumDownloads = 1
        let harness = try Harness(settings: settings)
        let job = finishedJob(harness)
        let url = try XCTUnwrap(job.snapshot.assets.first?.url)
        let now = harness.clock.unixMilliseconds()
        var expected: [Int64] = []
        harness.transport.keepActions()
        for number in 0..<200 {
            let expires = number % 7 == 0 ? 0 : now + Int64(harness.random.below(1_000)) * 60_000
            expected.append(expires)
            _ = try harness.order(.url("\(url)&n=\(number)"), expires: expires)
        }
        harness.runToTheEnd()
        let order = harness.transport.actions.compactMap { Int($0.subject.split(separator: "=").last ?? "") }
        XCTAssertEqual(order.count, 200)
        let times = order.map { expected[$0] == 0 ? Int64.max : expected[$0] }
        XCTAssertEqual(times, times.sorted())
        let equal = order.filter { expected[$0] == 0 }
        XCTAssertEqual(equal, equal.sorted(), "first come, first served among equals")
    }

    /// Ten thousand waiting downloads do not make each start slow.
    func testTenThousandWaitingDownloads() throws {
        let harness = try Harness()
        harness.takesEvents = false
        let job = finishedJob(harness)
        let asset = try XCTUnwrap(job.snapshot.assets.first)
        let clock = SystemClock()
        let began = clock.nanoseconds()
        for number in 0..<10_000 {
            _ = try harness.order(.url(asset.url ?? ""), expires: asset.expiresAtMilliseconds + Int64(number % 97))
        }
        harness.runToTheEnd()
        let seconds = Double(clock.nanoseconds() - began) / 1e9
        print("10,000 downloads: \(seconds) s")
        XCTAssertEqual(harness.sinks.made.filter { $0.image != nil }.count, 10_000)
        XCTAssertLessThan(seconds, 8)
        harness.checkNothingLeft("downloads")
    }

    func testAnExpiredURLIsAskedForAgainOnce() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.run(for: harness.cloud.urlLifetimeMilliseconds)
        let before = harness.arrivals("status").count
        let download = try harness.download(job)
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.state, .succeeded)
        XCTAssertEqual(harness.arrivals("status").count - before, 1)
        harness.checkPromises("expired once")
    }

    func testAURLThatExpiresAgainIsExpired() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.transport.setScript { $0.kind == nil ? .expired : nil }
        let before = harness.arrivals("status").count
        let download = try harness.download(job)
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.failure?.status, .expired)
        XCTAssertEqual(harness.arrivals("status").count - before, 1, "exactly one describe")
        XCTAssertEqual(harness.arrivals("url").count, 2)
        harness.checkPromises("expired twice")
    }

    func testAnExpiredURLWithoutAJobIsExpiredAtOnce() throws {
        let harness = try Harness()
        let url = "https://store.test/\(harness.cloud.plant(tag: "a", at: 0))/0?e=1"
        let download = try harness.order(.url(url))
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.failure?.status, .expired)
        XCTAssertEqual(harness.transport.started, 1)
    }

    /// Asking for the fresh URL fails for a while: it is asked for again, and the image comes.
    func testADescribeThatFailsForAWhile() throws {
        for fault in Fault.transient + [.clockSkew(seconds: 3_600), .staleCredentials] {
            let harness = try Harness()
            let job = finishedJob(harness)
            harness.run(for: harness.cloud.urlLifetimeMilliseconds)
            let first = harness.arrivals("status").count
            harness.transport.setScript { $0.kind == .status && $0.indexOfKind == first ? fault : nil }
            let download = try harness.download(job)
            harness.runToTheEnd()
            XCTAssertEqual(
                download.snapshot.state, .succeeded, "\(fault): \(String(describing: download.snapshot.failure))")
            harness.checkPromises("describe \(fault)")
        }
    }

    func testResumesAfterACut() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.transport.keepActions()
        harness.transport.setScript { $0.kind == nil && $0.indexOfKind == 0 ? .cutReply : nil }
        let download = try harness.download(job)
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.state, .succeeded)
        let sink = harness.sinks.made[0]
        XCTAssertEqual(sink.resumes, 1)
        let second = harness.transport.actions[1].request.headers
        XCTAssertEqual(second.first { $0.name == "Range" }?.value, "bytes=112-")
        XCTAssertEqual(second.first { $0.name == "If-Range" }?.value, job.snapshot.reference?.remoteID)
        XCTAssertEqual(second.first { $0.name == "User-Agent" }?.value, "fake/1")
        XCTAssertEqual(second.count, 3, "and nothing else: no credential, no signature")
        harness.checkPromises("resume")
    }

    func testCorruptOnceIsFixedCorruptThriceIsCorrupt() throws {
        for (times, state) in [(1, JobState.succeeded), (2, .succeeded), (3, .failed), (9, .failed)] {
            let harness = try Harness()
            let job = finishedJob(harness)
            harness.transport.setScript { $0.kind == nil && $0.indexOfKind < times ? .corrupt : nil }
            let download = try harness.download(job)
            harness.runToTheEnd()
            XCTAssertEqual(download.snapshot.state, state, "\(times)")
            if state == .failed {
                XCTAssertEqual(download.snapshot.failure?.status, .corrupt)
                XCTAssertEqual(harness.arrivals("url").count, 3)
                XCTAssertNil(harness.sinks.made[0].image, "never a wrong image")
                XCTAssertEqual(harness.sinks.made[0].commits, 0)
            }
            harness.checkPromises("corrupt \(times)")
        }
    }

    // MARK: - Redirects

    private func redirected(_ targets: [String]) throws -> (Harness, JobRecord) {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.transport.keepActions()
        harness.transport.setScript { action in
            action.kind == nil && action.indexOfKind < targets.count ? .redirect(targets[action.indexOfKind]) : nil
        }
        let download = try harness.download(job)
        harness.runToTheEnd()
        harness.checkPromises("\(targets)")
        return (harness, download)
    }

    func testThreeRedirectsAreFollowedAFourthIsNot() throws {
        let target = "https://store.test/job-1/0"
        let (_, third) = try redirected(Array(repeating: target, count: 3))
        XCTAssertEqual(third.snapshot.state, .succeeded)
        let (harness, fourth) = try redirected(Array(repeating: target, count: 4))
        XCTAssertEqual(fourth.snapshot.failure?.status, .badResponse)
        XCTAssertEqual(harness.arrivals("url").count, 4)
    }

    func testRedirectsThatAreNotFollowed() throws {
        for target in [
            "http://store.test/job-1/0", "HTTP://store.test/x", "ftp://store.test/x", "file:///etc/passwd", "",
            "https://store.test/a\u{1}b", "https://user@store.test/", "javascript:alert(1)", "gopher://x",
        ] {
            let (harness, download) = try redirected([target])
            XCTAssertEqual(download.snapshot.failure?.status, .badResponse, target)
            XCTAssertEqual(harness.arrivals("url").count, 1, target)
        }
    }

    func testRelativeRedirectsStayOnTheHost() throws {
        for (target, wanted) in [
            ("/job-1/0?x=1", "https://store.test/job-1/0?x=1"), ("//cdn.test/job-1/0", "https://cdn.test/job-1/0"),
            ("HTTPS://cdn.test/job-1/0", "https://cdn.test/job-1/0"), ("0", "https://store.test/job-1/0"),
            ("../job-1/0", "https://store.test/job-1/0"),
            ("https://cdn.test/job-1/0?\u{56FE} 1", "https://cdn.test/job-1/0?%E5%9B%BE%201"),
        ] {
            let (harness, download) = try redirected([target])
            XCTAssertEqual(download.snapshot.state, .succeeded, target)
            XCTAssertEqual(harness.transport.actions.last?.subject, wanted)
        }
    }

    func testEveryImageURLIsFetchedFromPublicAddressesOnlyAndWithoutSecrets() throws {
        let (harness, _) = try redirected(["https://cdn.test/job-1/0"])
        let images = harness.transport.actions.filter { $0.kind == nil }
        XCTAssertEqual(images.count, 2)
        for action in images {
            XCTAssertTrue(action.options.publicAddressesOnly)
            XCTAssertFalse(action.options.isSubmission)
            XCTAssertEqual(action.request.headers, [HTTPHeader("User-Agent", "fake/1")])
        }
    }

    // MARK: - The sink and its worker

    /// Fault 12: what waits for a place holds no descriptor, and of what waits for another try only a few do.
    func testOnlyWhatHasAPlaceIsOpen() throws {
        for isSick in [false, true] {
            let harness = try Harness()
            let job = finishedJob(harness)
            let url = try XCTUnwrap(job.snapshot.assets.first?.url)
            if isSick { harness.transport.setScript { $0.kind == nil && $0.indexOfKind < 600 ? .cutReply : nil } }
            for _ in 0..<600 { _ = try harness.order(.url(url)) }
            harness.runToTheEnd()
            XCTAssertEqual(harness.sinks.made.filter { $0.image != nil }.count, 600)
            let places = EngineSettings().maximumDownloads
            XCTAssertLessThanOrEqual(harness.sinks.open.value, isSick ? 5 * places + 1 : places, "sick: \(isSick)")
            XCTAssertEqual(harness.sinks.open.now, 0)
            XCTAssertEqual(harness.sinks.made.flatMap(\.misuse), [])
            harness.checkPromises("600, sick: \(isSick)")
        }
    }

    /// Descriptors that have run out come back: the download waits for them.
    func testDescriptorsThatHaveRunOut() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.sinks.onMake {
            $0.prepareFailure = Failure(.noResources, "too many files are open", isRetryable: true)
            $0.prepareFailures = 2
        }
        let download = try harness.download(job)
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.failure, nil)
        XCTAssertEqual(harness.sinks.made[0].prepared, 3)
        XCTAssertGreaterThan(harness.elapsed, 1_000)
        harness.checkPromises("descriptors")
    }

    func testADownloadThatCannotBePrepared() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.sinks.onMake { $0.prepareFailure = Failure(.file, "no such folder") }
        let download = try harness.download(job)
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.failure?.status, .file)
        XCTAssertEqual(harness.sinks.made[0].abandoned, true)
        harness.checkPromises("prepare")
    }

    func testADownloadThatCannotBePublished() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.sinks.onMake { $0.commitFailure = Failure(.noSpace, "disk full") }
        let download = try harness.download(job)
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.failure?.status, .noSpace)
        XCTAssertEqual(harness.sinks.made[0].abandoned, true)
        XCTAssertNil(download.snapshot.result)
        harness.checkPromises("commit")
    }

    /// A cancel at every millisecond of a download's life: one end, the sink is released once, nothing touches it while a
    /// worker has it, and only a download that succeeded has a result.
    func testCancelAtEveryMoment() throws {
        for moment in stride(from: Int64(0), through: 80, by: 1) {
            let harness = try Harness()
            let job = finishedJob(harness)
            harness.sinks.onMake { [unowned harness] sink in
                sink.isLent = { [unowned sink] in
                    harness.core.downloads.active.values.contains { $0.sink === sink && $0.workerHasSink }
                }
            }
            harness.files.delayMilliseconds = 10
            let other = try harness.order(.url(job.snapshot.assets[0].url ?? ""))
            let download = try harness.download(job)
            harness.run(for: moment)
            harness.cancel(download)
            harness.runToTheEnd()
            let sink = harness.sinks.made[1]
            if download.snapshot.state == .succeeded {
                XCTAssertNotNil(download.snapshot.result)
                XCTAssertNil(sink.abandoned)
            } else {
                XCTAssertEqual(download.snapshot.state, .cancelled)
                XCTAssertNil(download.snapshot.result, "a result of a download that did not succeed, at \(moment) ms")
                XCTAssertTrue(sink.abandoned != nil || sink.commits == 1, "released, at \(moment) ms")
            }
            XCTAssertEqual(other.snapshot.state, .succeeded)
            harness.checkPromises("cancel at \(moment) ms")
        }
    }

    /// The engine looks at the progress of downloads ten times a second; not at one whose sink a worker has.
    func testProgressIsNotReadWhileAWorkerHasTheSink() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.sinks.onMake { [unowned harness] sink in
            sink.isLent = { [unowned sink] in
                harness.core.downloads.active.values.contains { $0.sink === sink && $0.workerHasSink }
            }
        }
        harness.files.delayMilliseconds = 400
        harness.transport.setLatency { $0.index % 2 == 0 ? 5_000 : 10 }
        for _ in 0..<4 { try harness.download(job) }
        for _ in 0..<200 { harness.run(for: 50) }
        harness.runToTheEnd()
        harness.checkPromises("progress")
    }

    func testTheDeadlineOfADownload() throws {
        let harness = try Harness()
        let job = finishedJob(harness)
        harness.transport.setLatency { _ in 60_000 }
        let download = try harness.download(job)
        harness.deadline(download, 1_234)
        let began = harness.clock.nanoseconds()
        harness.runToTheEnd()
        XCTAssertEqual(download.snapshot.failure?.status, .deadline)
        let ended = try XCTUnwrap(harness.events(.jobDone, of: download).first?.at)
        XCTAssertEqual(ended - began, 1_234_000_000)
        harness.checkPromises("deadline")
    }
}
