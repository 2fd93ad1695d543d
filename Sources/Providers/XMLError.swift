internal import Core

/// `<Error><Code>..</Code><Message>..</Message><RequestId>..</RequestId></Error>`: how the gateway (rarely) and object
/// stores (always) say no. Reads this one shape and nothing else: no DTD, no entity but the five of XML and numbers.
struct XMLError {
    var code: String
    var message: String?
    var requestID: String?

    private static let maximumBytes = 64 << 10

    /// Nil unless the text is one whole Error element with a code.
    init?(_ body: [UInt8]) {
        guard body.count <= Self.maximumBytes else { return nil }
        var start = 0
        if body.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
        start = Self.skipBlanks(body, start)
        if body[start...].starts(with: "<?xml".utf8) {
            guard let end = ASCIIText.place(of: "?>".utf8, in: body[start...]) else { return nil }
            start = Self.skipBlanks(body, end + 2)
        }
        guard body[start...].starts(with: "<Error".utf8), let open = ASCIIText.place(of: ">".utf8, in: body[start...]),
            open == start + 6 || body[start + 6] <= 0x20  // safe: `open` lies behind it
        else { return nil }
        var last = body.count
        while last > open, body[last - 1] <= 0x20 { last -= 1 }
        guard last > open, body[..<last].suffix(8).elementsEqual("</Error>".utf8), last - 8 > open else { return nil }
        let inner = Array(body[(open + 1)..<(last - 8)])
        guard let code = Self.element("Code", in: inner), !code.isEmpty else { return nil }
        self.code = code
        message = Self.element("Message", in: inner)
        requestID = Self.element("RequestId", in: inner)
    }

    private static func skipBlanks(_ bytes: [UInt8], _ start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
        return index
    }

    private static func element(_ name: String, in bytes: [UInt8]) -> String? {
        guard let open = ASCIIText.place(of: ("<" + name + ">").utf8, in: bytes[...]) else { return nil }
        let start = open + name.utf8.count + 2
        guard let end = ASCIIText.place(of: ("</" + name + ">").utf8, in: bytes[start...]) else { return nil }
        return unescaped(bytes[start..<end])
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.contains(UInt8(ascii: "&")) else { return String(validating: bytes, as: UTF8.self) }
        var output: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "&"), let end = bytes[index...].prefix(10).firstIndex(of: UInt8(ascii: ";"))
            else {
                output.append(byte)
                continue
            }
            let name = String(decoding: bytes[index..<end], as: UTF8.self)
            guard let scalar = named[name] ?? numbered(name) else {
                output.append(byte)
                continue
            }
            output.append(contentsOf: String(Character(scalar)).utf8)
            index = end + 1
        }
        return String(validating: output, as: UTF8.self)
    }

    private static let named: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'",
    ]

    private static func numbered(_ name: String) -> Unicode.Scalar? {
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap { Unicode.Scalar($0) }
    }
}
