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
        let lines = request.headers.count + Self.unwanted.count + 1
        var bytes = request.body.count + 64
        request.headers.withUnsafeBufferPointer { headers in
            for index in headers.indices {
                bytes += headers[index].name.utf8.count + headers[index].value.utf8.count + 3
            }
        }
        try reserve(lines * MemoryLayout<curl_slist>.stride + bytes)
        guard let base else { throw .memory }
        let list = base.bindMemory(to: curl_slist.self, capacity: lines)
        let text = base.advanced(by: lines * MemoryLayout<curl_slist>.stride).assumingMemoryBound(to: UInt8.self)
        used = lines * MemoryLayout<curl_slist>.stride + bytes
        var writer = Writer(list: list, text: text)
        var seen = 0
        for index in request.headers.indices {
            switch writer.add(request.headers[index]) {  // safe: an index of it
            case .derived, .other: break
            case .known(let index): seen |= 1 << index
            case .malformed: throw .header(request.headers[index].name)  // safe: as above
            }
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

    /// What a header line means to libcurl.
    private enum Kind {
        /// libcurl derives this line itself.
        case derived
        /// The index of a line that libcurl or this file would add.
        case known(Int)
        case other
        /// The line would not stay one line.
        case malformed

        init(_ name: UnsafeRawBufferPointer) {
            // By length first: that tells nearly all apart.
            switch name.count {
            case 4 where Self.isSame(name, "host"): self = .derived
            case 14 where Self.isSame(name, "content-length"): self = .derived
            case 6 where Self.isSame(name, "accept"): self = .known(0)
            case 6 where Self.isSame(name, "expect"): self = .known(2)
            case 12 where Self.isSame(name, "content-type"): self = .known(1)
            case 15 where Self.isSame(name, "accept-encoding"): self = .known(3)
            default: self = .other
            }
        }

        private static func isSame(_ name: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
            ByteScan.isSameInAnyCase(
                name, UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
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

        mutating func add(_ header: HTTPHeader) -> Kind {
            let start = written
            guard append(header.name) else { return .malformed }
            let kind = Kind(UnsafeRawBufferPointer(start: text + start, count: written - start))
            if case .derived = kind {
                written = start
                return kind
            }
            if header.value.isEmpty {
                // libcurl's way to write a header without a value.
                put(UInt8(ascii: ";"))
            } else {
                put(UInt8(ascii: ":"))
                put(UInt8(ascii: " "))
                guard append(value: header.value) else { return .malformed }
            }
            end(line: start)
            return kind
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

        /// Whether the text is a name.
        private mutating func append(_ name: String) -> Bool {
            let bytes = copy(name)
            return !bytes.isEmpty && ByteScan.isVisible(bytes, without: UInt8(ascii: ":"), UInt8(ascii: ";"))
        }

        /// Whether the text is a value.
        private mutating func append(value: String) -> Bool {
            let bytes = copy(value)
            return ByteScan.hasNoControls(bytes) || bytes.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }
        }

        /// Returns the place of the copy.
        private mutating func copy(_ string: String) -> UnsafeRawBufferPointer {
            let place = text + written
            let count = string.utf8.count
            // Without a copy in between, which the mutable `withUTF8` needs.
            let isDone: Void? = string.utf8.withContiguousStorageIfAvailable { bytes in
                if let start = bytes.baseAddress { place.update(from: start, count: count) }
            }
            if isDone == nil { for (index, byte) in string.utf8.enumerated() { place[index] = byte } }
            written += count
            return UnsafeRawBufferPointer(start: place, count: count)
        }
    }
}
