import CCurl
import Glibc
import XCTest

@testable import CurlTransport

/// Descriptors that epoll does not take. A regular file is one; a pair of sockets takes its number later.
final class EventLoopTests: XCTestCase {
    private func refused() -> Int32 { open("/proc/self/exe", O_RDONLY | O_CLOEXEC) }

    private func look(_ loop: EventLoop, milliseconds: Int64 = 200) -> [(fd: Int32, what: Int32)] {
        var seen: [(fd: Int32, what: Int32)] = []
        loop.refresh()
        _ = loop.poll(until: loop.now.adding(milliseconds: milliseconds)) { fd, what, _ in seen.append((fd, what)) }
        return seen
    }

    func testOneThatIsNotTakenIsTreatedAsReadyNowAndThen() throws {
        let loop = try XCTUnwrap(EventLoop())
        let fd = refused()
        defer { close(fd) }
        loop.watch(fd, CURL_POLL_IN, owner: 0)
        for _ in 0..<3 { XCTAssertEqual(look(loop).map(\.fd), [fd]) }
        loop.watch(fd, CURL_POLL_REMOVE, owner: 0)
        XCTAssertTrue(look(loop).isEmpty)
    }

    /// libcurl works on one of two, and in that changes what it wants of the other: what was wanted before is forgotten.
    func testWhatIsWantedNowCounts() throws {
        for change in 0..<2 {
            let loop = try XCTUnwrap(EventLoop())
            let files = [refused(), refused()]
            var pair: [Int32] = [-1, -1]
            XCTAssertEqual(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair), 0)
            defer { for fd in files + pair { close(fd) } }
            for fd in files { loop.watch(fd, CURL_POLL_OUT, owner: 0) }
            var isFirst = true
            var changed: Int32 = -1
            loop.refresh()
            _ = loop.poll(until: loop.now.adding(milliseconds: 200)) { fd, _, _ in
                guard isFirst, let other = files.first(where: { $0 != fd }) else { return }
                isFirst = false
                if change == 0 { loop.watch(other, CURL_POLL_REMOVE, owner: 0) }
                loop.watch(other, CURL_POLL_IN, owner: 0)
                loop.watch(fd, CURL_POLL_REMOVE, owner: 0)
                changed = other
            }
            // Now epoll takes it.
            XCTAssertEqual(dup2(pair[0], changed), changed)
            _ = look(loop)
            // A socket can be written to at once; nobody wants to know.
            XCTAssertTrue(look(loop).isEmpty, "\(change)")
            XCTAssertEqual(write(pair[1], "x", 1), 1)
            XCTAssertEqual(look(loop).map(\.what), [CURL_CSELECT_IN], "\(change)")
        }
    }

    func testAHandleThatIsGivenUpLeavesNothing() throws {
        let loop = try XCTUnwrap(EventLoop())
        let fd = refused()
        defer { close(fd) }
        guard case .handle(let handle) = MultiHandle.open(CurlSettings(), .http1, loop: loop) else {
            return XCTFail("no handle")
        }
        loop.watch(fd, CURL_POLL_IN, owner: 0)
        withExtendedLifetime(handle) {}
        _ = consume handle
        XCTAssertTrue(look(loop).isEmpty)
    }
}
