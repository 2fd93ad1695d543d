import Core

/// The header lines of an answer as they come. Pure; fed with one line a time.
struct ReplyHead {
    /// As much as libcurl takes: behind a long head may stand the id of a job that is paid for, or its images.
    static let maximumBytes = 300 << 10
    static let maximumLines = 20_000

    enum Step: Equatable {
        case more
        /// The head of the final response is complete.
        case complete
        case tooLarge
        case malformed
    }

    private(set) var status = 0
    /// 10 and 11 for HTTP/1.0 and 1.1, 20 and more for later ones.
    private(set) var version = 0
    /// A Transfer-Encoding line has come.
    private(set) var saysCoding = false
    private(set) var isComplete = false
    private var raw: [UInt8] = []
    /// Over all heads (100 Continue and so on) and trailers.
    private var totalBytes = 0
    private var lineCount = 0

    /// Ready for the next answer; keeps the memory.
    mutating func clear() {
        status = 0
        version = 0
        saysCoding = false
        isComplete = false
        raw.removeAll(keepingCapacity: true)
        totalBytes = 0
        lineCount = 0
    }

    /// One line with its end.
    mutating func add(_ line: UnsafeRawBufferPointer) -> Step {
        totalBytes += line.count
        lineCount += 1
        if totalBytes > Self.maximumBytes { return .tooLarge }
        if isComplete {
            // A trailer: nothing that we sign or check may come that late.
            return lineCount > 2 * Self.maximumLines ? .tooLarge : .more
        }
        guard let first = line.first else { return .more }
        if first == UInt8(ascii: "\r") || first == UInt8(ascii: "\n") {
            guard status >= 200 else { return status >= 100 ? .more : .malformed }
            isComplete = true
            return .complete
        }
        if first | 0x20 == UInt8(ascii: "h"), line.count > 5, line[4] == UInt8(ascii: "/") {  // safe: count checked
            guard let parsed = Self.status(in: line) else { return .malformed }
            status = parsed
            version = Self.version(in: line)
            saysCoding = false
            raw.removeAll(keepingCapacity: true)
            lineCount = 0
            return .more
        }
        if lineCount > Self.maximumLines { return .tooLarge }
        if first | 0x20 == UInt8(ascii: "t"), line.count > 17, line[17] == UInt8(ascii: ":") { saysCoding = true }
        if raw.isEmpty { raw.reserveCapacity(512) }
        raw.append(contentsOf: line)
        return .more
    }

    /// The headers of the final response. Takes them out.
    mutating func takeHeaders() -> HTTPHeaders {
        defer { raw = [] }
        return HTTPHeaders(head: raw)
    }

    /// Of a status line with at least six bytes.
    private static func version(in line: UnsafeRawBufferPointer) -> Int {
        let major = Int(line[5]) - Int(UInt8(ascii: "0"))  // safe: count checked
        guard line.count > 7, line[6] == UInt8(ascii: ".") else { return major * 10 }
        return major * 10 + (line[7] == UInt8(ascii: "0") ? 0 : 1)
    }

    private static func status(in line: UnsafeRawBufferPointer) -> Int? {
        guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let rest = line[space...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard rest.count >= 3 else { return nil }
        var value = 0
        for byte in rest.prefix(3) {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value >= 100 ? value : nil
    }
}
