import Foundation
import Glibc

/// A TCP server on a loopback port of the kernel's choice; a thread per connection runs a script against raw bytes.
final class RawServer: @unchecked Sendable {
    typealias Script = @Sendable (Connection) -> Void

    let port: Int
    private let listener: Int32
    private let lock = NSLock()
    private var open: [Int32] = []
    private var heads: [String] = []
    private var accepted = 0
    private var isStopped = false

    /// - address: what to listen on, "127.0.0.1" or "::1".
    init(address: String = "127.0.0.1", _ script: @escaping Script) {
        let isV6 = address.contains(":")
        let fd = socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var bound = 0
        if isV6 {
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            inet_pton(AF_INET6, address, &name.sin6_addr)
            var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutablePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    precondition(bind(fd, $0, length) == 0 && listen(fd, 256) == 0)
                    getsockname(fd, $0, &length)
                }
            }
            bound = Int(UInt16(bigEndian: name.sin6_port))
        } else {
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            inet_pton(AF_INET, address, &name.sin_addr)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    precondition(bind(fd, $0, length) == 0 && listen(fd, 256) == 0)
                    getsockname(fd, $0, &length)
                }
            }
            bound = Int(UInt16(bigEndian: name.sin_port))
        }
        listener = fd
        port = bound
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0, errno == EMFILE {
                    usleep(1000)
                    continue
                }
                // Closed here and nowhere else: the number may be another server's in the next moment.
                if client < 0 {
                    Glibc.close(listener)
                    return
                }
                lock.lock()
                accepted += 1
                let number = accepted
                open.append(client)
                lock.unlock()
                Thread.detachNewThread { [self] in
                    let connection = Connection(fd: client, number: number, server: self)
                    script(connection)
                    connection.close()
                }
            }
        }
    }

    /// Heads of requests, as far as they came, in order of arrival.
    var requests: [String] { lock.withLock { heads } }
    var connections: Int { lock.withLock { accepted } }

    func note(_ head: String) { lock.withLock { heads.append(head) } }

    func forget(_ fd: Int32) { lock.withLock { open.removeAll { $0 == fd } } }

    /// No further connection is accepted; the kernel refuses them.
    func stopListening() {
        let isFirst = lock.withLock { () -> Bool in
            defer { isStopped = true }
            return !isStopped
        }
        if isFirst { Glibc.shutdown(listener, Int32(SHUT_RDWR)) }
    }

    func stop() {
        stopListening()
        lock.withLock { for fd in open { Glibc.shutdown(fd, Int32(SHUT_RDWR)) } }
    }

    func url(_ path: String = "/", host: String = "127.0.0.1") -> String { "http://\(host):\(port)\(path)" }
}

/// One accepted connection, used by its own thread.
final class Connection {
    let number: Int
    let fd: Int32
    private let server: RawServer
    private var buffer: [UInt8] = []
    private var isClosed = false

    init(fd: Int32, number: Int, server: RawServer) {
        self.fd = fd
        self.number = number
        self.server = server
    }

    struct Request {
        var head: String
        var body: [UInt8]
        /// "/path?query".
        var target: String { String(head.split(separator: " ", maxSplits: 2).dropFirst().first ?? "") }
    }

    /// Nil when the peer has closed. `bodyLimit`: stops reading the body there, for servers that fall over.
    func request(bodyLimit: Int = .max) -> Request? {
        var end: Int?
        while end == nil {
            end = endOfHead()
            if end == nil, !more() {
                if !buffer.isEmpty { server.note(String(decoding: buffer, as: UTF8.self)) }
                return nil
            }
        }
        guard let end else { return nil }
        let head = String(decoding: buffer[..<end], as: UTF8.self)
        server.note(head)
        var length = 0
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
            length = Int(line.dropFirst(15).trimmingCharacters(in: .whitespaces)) ?? 0
        }
        let wanted = min(length, bodyLimit)
        while buffer.count - end < wanted { if !more() { return nil } }
        let body = Array(buffer[end..<end + wanted])
        buffer.removeFirst(end + wanted)
        return Request(head: head, body: body)
    }

    /// Forgets so many bytes of what follows a head.
    func buffered(drop count: Int) {
        while buffer.count < count, more() {}
        buffer.removeFirst(min(count, buffer.count))
    }

    /// So many bytes; fewer if the peer has closed.
    func take(_ count: Int) -> [UInt8] {
        while buffer.count < count, more() {}
        defer { buffer.removeFirst(min(count, buffer.count)) }
        return Array(buffer.prefix(count))
    }

    /// Says yes as a SOCKS5 proxy, with more bytes in the same write.
    /// Of SOCKS 4 and 5: what the client wants to be connected to, as bytes behind the type of the address.
    @discardableResult
    func acceptSOCKS(andSend more: String = "") -> [UInt8] {
        let greeting = take(2)
        if greeting.first == 4 {
            let request = take(6)
            while let byte = take(1).last, byte != 0 {}
            send([0, 90, 0, 0, 0, 0, 0, 0] + Array(more.utf8))
            return [1] + request.dropFirst(2)
        }
        _ = take(Int(greeting.last ?? 0))
        send([5, 0])
        let request = take(5)
        var rest = take(request.count < 5 ? 0 : request[3] == 3 ? Int(request[4]) : request[3] == 4 ? 15 : 3)
        if request.count == 5, request[3] != 3 { rest.insert(request[4], at: 0) }
        _ = take(2)
        send([5, 0, 0, 1, 127, 0, 0, 1, 0, 80] + Array(more.utf8))
        return (request.count == 5 ? [request[3]] : []) + rest
    }

    private func endOfHead() -> Int? {
        guard buffer.count >= 4 else { return nil }
        for index in 0...buffer.count - 4 where buffer[index] == 13 && buffer[index + 2] == 13 {
            if buffer[index + 1] == 10 && buffer[index + 3] == 10 { return index + 4 }
        }
        return nil
    }

    private func more() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = read(fd, &chunk, chunk.count)
        if count <= 0 { return false }
        buffer += chunk[..<count]
        return true
    }

    /// Blocks until something can be read, without reading it.
    func awaitBytes() {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        _ = Glibc.poll(&entry, 1, 10_000)
    }

    /// Blocks until the peer has closed.
    func awaitEnd() {
        var chunk = [UInt8](repeating: 0, count: 65536)
        while read(fd, &chunk, chunk.count) > 0 {}
    }

    /// False when the peer has closed meanwhile; waits otherwise.
    func pause(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&entry, 1, milliseconds) == 0
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func answer(_ body: String, status: String = "200 OK", headers: [String] = []) -> Bool {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        return send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Answers every request the same way until the peer closes.
    func serve(_ body: String = "ok") {
        while request() != nil { if !answer(body) { return } }
    }

    /// Ends the connection with RST instead of FIN.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(8))
        close()
    }

    func close() {
        if isClosed { return }
        isClosed = true
        server.forget(fd)
        Glibc.close(fd)
    }
}
