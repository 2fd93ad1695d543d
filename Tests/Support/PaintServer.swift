internal import Foundation
internal import Glibc

/// The server of `PaintCloud`, on a loopback port of the kernel's choice: one request a connection, one at a time. A
/// painting is dry when it has been asked for twice.
public final class PaintServer: @unchecked Sendable {
    // Guarded by the lock.
    private var prompts: [String] = []
    private var looks: [Int: Int] = [:]
    private let lock = NSLock()
    private let listener: Int32
    public let endpoint: String
    /// Of an image: the smallest GIF that has all of its parts.
    public static let picture: [UInt8] =
        Array("GIF89a".utf8) + [1, 0, 1, 0, 128, 0, 0, 0, 0, 0, 255, 255, 255]
        + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B]

    public init() {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, "127.0.0.1", &name.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let fd = listener
        withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(fd, $0, length) == 0 && listen(fd, 64) == 0)
                getsockname(fd, $0, &length)
            }
        }
        endpoint = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(fd, nil, nil)
                if connection < 0 { break }
                serve(connection)
                close(connection)
            }
            close(fd)
        }
    }

    public var submitted: [String] { lock.withLock { prompts } }

    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 4096)
        // One request, whole: a head, and the body that it announces.
        while true {
            let count = read(connection, &chunk, chunk.count)
            if count <= 0 { return }
            text += String(decoding: chunk[..<count], as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let head = text[..<end.lowerBound].lowercased()
            let wanted =
                head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
            if text[end.upperBound...].utf8.count >= wanted { break }
        }
        let body = answer(text)
        let head = "HTTP/1.1 \(body == nil ? "403 Forbidden" : "200 OK")\r\nConnection: close\r\n"
        let bytes = Array((head + "Content-Length: \(body?.count ?? 0)\r\n\r\n").utf8) + (body ?? [])
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func answer(_ request: String) -> [UInt8]? {
        let words = request.split(separator: " ", maxSplits: 2)
        let path = words.count > 1 ? String(words[1]) : ""
        if path.hasPrefix("/picture/") { return Self.picture }
        guard request.contains("\r\nX-Paint-Key: painter:brush\r\n") else { return nil }
        return lock.withLock {
            if words.first == "POST" {
                prompts.append(request.components(separatedBy: "\r\n\r\n").dropFirst().joined())
                return Array("painting \(prompts.count)".utf8)
            }
            let id = Int(path.dropFirst("/paint/".count)) ?? 0
            looks[id, default: 0] += 1
            return Array((looks[id] == 1 ? "wet" : "dry http://\(endpoint)/picture/\(id).gif").utf8)
        }
    }
}
