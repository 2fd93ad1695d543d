import Core

/// The header lines of an answer as they come. Pure; fed with one line a time.
struct ReplyHead {
    static let maximumBytes = 64 << 10
    static let maximumLines = 100

    enum Step: Equatable {
        case more
        /// The head of the final response is complete.
        case complete
        case tooLarge
        case malformed
    }

    private(set) var status = 0
    private(set) var isComplete = false
    private var raw: [UInt8] = []
    /// Over all heads (100 Continue and so on) and trailers.
    private var totalBytes = 0
    private var lineCount = 0

    /// Ready for the next answer; keeps the memory.
    mutating func clear() {
        status = 0
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
        if first == UInt8(ascii: "H"), line.count > 5, line[4] == UInt8(ascii: "/") {  // safe: count checked
            guard let parsed = Self.status(in: line) else { return .malformed }
            status = parsed
            raw.removeAll(keepingCapacity: true)
            lineCount = 0
            return .more
        }
        if lineCount > Self.maximumLines { return .tooLarge }
        raw.append(contentsOf: line)
        return .more
    }

    /// The headers of the final response.
    func headers() -> HTTPHeaders {
        var result: [HTTPHeader] = []
        result.reserveCapacity(lineCount)
        raw.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                var end = Self.endOfLine(rest)
                // A line that begins with a blank continues the one before it (obsolete, still seen).
                while end < rest.endIndex, Self.isBlank(rest[end]) { end = Self.endOfLine(rest[end...]) }
                if let header = Self.header(UnsafeRawBufferPointer(rebasing: rest[rest.startIndex..<end])) {
                    result.append(header)
                }
                rest = rest[end...]
            }
        }
        return HTTPHeaders(lowercased: result)
    }

    private static func status(in line: UnsafeRawBufferPointer) -> Int? {
        guard let space = line.firstIndex(of: UInt8(ascii: " ")), line.count >= space + 4 else { return nil }
        var value = 0
        for byte in line[space + 1..<space + 4] {  // safe: count checked
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value >= 100 ? value : nil
    }

    private static func endOfLine(_ text: Slice<UnsafeRawBufferPointer>) -> Int {
        var at = text.startIndex
        while at < text.endIndex {
            if text[at] == UInt8(ascii: "\n") { return at + 1 }
            at += 1
        }
        return at
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func header(_ line: UnsafeRawBufferPointer) -> HTTPHeader? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        var start = colon + 1
        var end = line.count
        while start < end, line[start] <= 0x20 { start += 1 }
        while end > start, line[end - 1] <= 0x20 { end -= 1 }
        let name = String(unsafeUninitializedCapacity: colon) { buffer in
            for index in 0..<colon {
                let byte = line[index]
                let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                buffer[index] = isUpper ? byte | 0x20 : byte
            }
            return colon
        }
        return HTTPHeader(name, text(UnsafeRawBufferPointer(rebasing: line[start..<end])))
    }

    /// A continuation keeps its line break until here; a value is one line.
    private static func text(_ value: UnsafeRawBufferPointer) -> String {
        if !value.contains(UInt8(ascii: "\n")) { return String(decoding: value, as: UTF8.self) }
        return String(decoding: value.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
    }
}
