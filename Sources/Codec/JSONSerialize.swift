internal import Core

extension JSONValue {
    /// The value as compact JSON: UTF-8, nothing but quotes, backslashes and control characters escaped, order kept,
    /// doubles in the shortest form that reads back the same, numbers that were read as they were. JSON has no NaN and no
    /// infinity: they become null here; `requireFinite` refuses them beforehand. Recurses once a level.
    public func serialized() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        write(to: &output)
        return output
    }

    /// Throws if a NaN or an infinity is anywhere in the value.
    public func requireFinite() throws(JSONError) {
        switch self {
        case .double(let value):
            if !value.isFinite { throw JSONError("JSON has no number for \(value)") }
        case .array(let values):
            for value in values { try value.requireFinite() }
        case .object(let members):
            for member in members { try member.value.requireFinite() }
        case .null, .bool, .int, .number, .string: break
        }
    }

    /// Appends the compact form to a buffer.
    public func write(to output: inout [UInt8]) {
        // Only these two recurse, with small frames: small stacks have to be enough.
        switch self {
        case .array(let values): Self.writeArray(values, to: &output)
        case .object(let members): Self.writeObject(members, to: &output)
        default: writeScalar(to: &output)
        }
    }

    private static func writeArray(_ values: [JSONValue], to output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        for index in values.indices {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            values[index].write(to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    private static func writeObject(_ members: [JSONMember], to output: inout [UInt8]) {
        output.append(UInt8(ascii: "{"))
        for index in members.indices {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            writeString(members[index].name, to: &output)
            output.append(UInt8(ascii: ":"))
            members[index].value.write(to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    private func writeScalar(to output: inout [UInt8]) {
        switch self {
        case .bool(true): output.append(contentsOf: "true".utf8)
        case .bool(false): output.append(contentsOf: "false".utf8)
        case .int(let value): output.append(contentsOf: String(value).utf8)
        case .double(let value): output.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
        case .number(let text): output.append(contentsOf: text.utf8)
        case .string(let text): Self.writeString(text, to: &output)
        case .null, .array, .object: output.append(contentsOf: "null".utf8)
        }
    }

    private static func writeString(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { writeEscaped($0, to: &output) }
        output.append(UInt8(ascii: "\""))
    }

    /// Copies runs that need no escape whole.
    private static func writeEscaped(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        var start = 0
        var seen: UInt8 = 0
        let plain = ByteScan.plainJSON(UnsafeRawBufferPointer(bytes), from: 0, seen: &seen)
        for index in plain..<bytes.count {
            let byte = bytes[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
            start = index + 1
            output.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
            case 0x08: output.append(UInt8(ascii: "b"))
            case 0x09: output.append(UInt8(ascii: "t"))
            case 0x0A: output.append(UInt8(ascii: "n"))
            case 0x0C: output.append(UInt8(ascii: "f"))
            case 0x0D: output.append(UInt8(ascii: "r"))
            default:
                output.append(contentsOf: "u00".utf8)
                output.append(Hex.lower(byte >> 4))
                output.append(Hex.lower(byte & 15))
            }
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
    }
}
