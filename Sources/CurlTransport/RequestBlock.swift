import CCurl
import Core
import Glibc

/// What libcurl reads of a request while the transfer runs, and does not copy: the header list and the body. One piece
/// of memory, wiped when the transfer has ended, because headers carry signatures and security tokens.
struct RequestBlock {
    enum Problem: Error {
        case memory
        case header(String)
    }

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var used = 0
    private(set) var headers: UnsafeMutablePointer<curl_slist>?
    private(set) var body: UnsafeRawPointer?

    /// Headers that libcurl adds to a request unless they are disabled, and the size of the body from which it does: Expect
    /// from a mebibyte on.
    private static let unwanted: [(disabled: StaticString, bodyOnly: Bool, leastBody: Int)] = [
        ("Accept:", false, 0), ("Content-Type:", true, 0), ("Expect:", true, 64 << 10),
    ]
    /// What a call of an API adds: answers are to come as they are.
    private static let identity: StaticString = "Accept-Encoding: identity"

    /// Lays out `request`. libcurl derives Host and Content-Length itself; a line for either is left out.
    mutating func fill(_ request: HTTPRequest, sendsBody: Bool, isForStore: Bool = false) throws(Problem) {
        var lines = 0
        var bytes = request.body.count
        for header in request.headers {
            lines += 1
            bytes += header.name.utf8.count + header.value.utf8.count + 3
        }
        lines += Self.unwanted.count + 1
        bytes += 64
        try reserve(lines * MemoryLayout<curl_slist>.stride + bytes)
        guard let base else { throw .memory }
        let list = base.bindMemory(to: curl_slist.self, capacity: lines)
        let text = base.advanced(by: lines * MemoryLayout<curl_slist>.stride).assumingMemoryBound(to: UInt8.self)
        used = lines * MemoryLayout<curl_slist>.stride + bytes
        var writer = Writer(list: list, text: text)
        var seen = 0
        for header in request.headers {
            switch Self.kind(of: header.name) {
            case .derived: continue
            case .known(let index): seen |= 1 << index
            case .other: break
            }
            guard writer.add(header) else { throw .header(header.name) }
        }
        for (index, line) in Self.unwanted.enumerated() where seen & 1 << index == 0 && (sendsBody || !line.bodyOnly) {
            if request.body.count >= line.leastBody { writer.add(line: line.disabled) }
        }
        if !isForStore, seen & 1 << 3 == 0 { writer.add(line: Self.identity) }
        headers = writer.finish()
        request.body.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            UnsafeMutableRawPointer(text + writer.written).copyMemory(from: start, byteCount: source.count)
        }
        body = UnsafeRawPointer(text + writer.written)
    }

    /// Forgets the request. The memory is kept for the next one unless it is large.
    mutating func clear() {
        headers = nil
        body = nil
        guard let base else { return }
        explicit_bzero(base, used)
        used = 0
        if capacity > 16 << 10 { free() }
    }

    mutating func free() {
        if let base { explicit_bzero(base, used) }
        Glibc.free(base)
        base = nil
        capacity = 0
    }

    private mutating func reserve(_ count: Int) throws(Problem) {
        if count <= capacity { return }
        free()
        guard let memory = malloc(max(count, 2048)) else { throw .memory }
        base = memory
        capacity = max(count, 2048)
    }

    private enum Kind {
        case derived, other
        case known(Int)
    }

    private static func kind(of name: String) -> Kind {
        // By length first: that tells nearly all apart.
        switch name.utf8.count {
        case 4 where name.isSameInAnyCase(as: "host"): return .derived
        case 14 where name.isSameInAnyCase(as: "content-length"): return .derived
        case 6 where name.isSameInAnyCase(as: "accept"): return .known(0)
        case 6 where name.isSameInAnyCase(as: "expect"): return .known(2)
        case 12 where name.isSameInAnyCase(as: "content-type"): return .known(1)
        case 15 where name.isSameInAnyCase(as: "accept-encoding"): return .known(3)
        default: return .other
        }
    }

    private struct Writer {
        let list: UnsafeMutablePointer<curl_slist>
        let text: UnsafeMutablePointer<UInt8>
        var count = 0
        var written = 0

        init(list: UnsafeMutablePointer<curl_slist>, text: UnsafeMutablePointer<UInt8>) {
            self.list = list
            self.text = text
        }

        /// False for a name or a value that would not stay one line.
        mutating func add(_ header: HTTPHeader) -> Bool {
            let start = written
            guard append(header.name, isName: true), written > start else { return false }
            if header.value.isEmpty {
                // libcurl's way to write a header without a value.
                put(UInt8(ascii: ";"))
            } else {
                put(UInt8(ascii: ":"))
                put(UInt8(ascii: " "))
                guard append(header.value, isName: false) else { return false }
            }
            end(line: start)
            return true
        }

        /// libcurl only reads it.
        mutating func add(line: StaticString) {
            let data = UnsafeMutableRawPointer(mutating: line.utf8Start).assumingMemoryBound(to: CChar.self)
            (list + count).initialize(to: curl_slist(data: data, next: nil))
            count += 1
        }

        func finish() -> UnsafeMutablePointer<curl_slist>? {
            guard count > 0 else { return nil }
            for index in 0..<count - 1 { list[index].next = list + index + 1 }
            return list
        }

        private mutating func put(_ byte: UInt8) {
            text[written] = byte
            written += 1
        }

        private mutating func end(line start: Int) {
            put(0)
            let data = UnsafeMutableRawPointer(text + start).assumingMemoryBound(to: CChar.self)
            (list + count).initialize(to: curl_slist(data: data, next: nil))
            count += 1
        }

        private mutating func append(_ text: String, isName: Bool) -> Bool {
            // Without a copy, which the mutable `withUTF8` needs.
            if let isFine = text.utf8.withContiguousStorageIfAvailable({ append($0, isName: isName) }) { return isFine }
            return Array(text.utf8).withUnsafeBufferPointer { append($0, isName: isName) }
        }

        private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>, isName: Bool) -> Bool {
            guard let start = bytes.baseAddress else { return true }
            (text + written).update(from: start, count: bytes.count)
            written += bytes.count
            if isName {
                return bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 | 1 != 0x3B }  // nor ":" nor ";"
            }
            return ByteScan.hasNoControls(UnsafeRawBufferPointer(bytes))
                || bytes.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }
        }
    }
}
