extension String {
    /// A foreign text as it may stand in a message: no control characters, at most `limit` bytes (and "..." where it was
    /// cut), cut between characters.
    public func shown(limit: Int) -> String {
        if utf8.count <= limit, utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return self }
        var output = ""
        var size = 0
        for scalar in unicodeScalars {
            let width = UTF8.width(scalar)
            if size + width > limit {
                output.append("...")
                break
            }
            if Self.isControl(scalar) {
                if output.unicodeScalars.last == " " { continue }
                output.append(" ")
                size += 1
            } else {
                output.unicodeScalars.append(scalar)
                size += width
            }
        }
        return output
    }

    /// C0, DEL, C1, line and paragraph separators, and the marks that turn the direction of a terminal's line.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: return true
        default: return false
        }
    }
}
