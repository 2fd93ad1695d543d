internal import Codec
internal import Core

/// When a URL says of itself that it ends, in the ways of the stores that images come from.
enum URLExpiry {
    /// Unix milliseconds, nil if the URL does not say. Knows what `URLSignature` knows, for instance
    /// `q-sign-time=start;end`, `Expires` and `X-Amz-Date` with `X-Amz-Expires`. Of several the earliest.
    static func milliseconds(of url: String) -> Int64? {
        var query = url[...]
        if let fragment = query.utf8.firstIndex(of: UInt8(ascii: "#")) { query = query[..<fragment] }
        guard let mark = query.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        query = query[query.utf8.index(after: mark)...]
        var found: [Int64] = []
        var values: [[UInt8]: String] = [:]
        let ends = URLSignature.ends
        for part in query.split(separator: "&").prefix(64) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let name = pair.first?.utf8.map(ASCIIText.lower),
                let value = pair.last.flatMap({ Percent.decode(String($0)) })
            else { continue }
            if ends.windows.contains(name) {
                let times = value.split(separator: ";")
                if times.count == 2, let end = times.last.flatMap(seconds) { found.append(end) }
            } else if ends.times.contains(name) {
                if let end = seconds(value[...]) { found.append(end) }
            } else {
                values[name] = value
            }
        }
        for span in ends.spans {
            guard let start = values[span.date].flatMap(compactDate), let length = values[span.seconds],
                let seconds = seconds(length[...])
            else { continue }
            found.append(min(start + seconds, maximumSeconds))  // safe: both below 2^38
        }
        return found.min().map { $0 * 1_000 }  // safe: below 2^38
    }

    /// The end of the year 9999.
    private static let maximumSeconds: Int64 = 253_402_300_799

    private static func seconds(_ text: Substring) -> Int64? {
        guard (1...12).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            let value = Int64(text), value <= maximumSeconds
        else { return nil }
        return value
    }

    /// `20240712T144419Z`.
    private static func compactDate(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        let text = [0..<4, 4..<6, 6..<8, 9..<11, 11..<13, 13..<15].map { String(decoding: bytes[$0], as: UTF8.self) }
        let date = text.prefix(3).joined(separator: "-") + "T" + text.suffix(3).joined(separator: ":") + "Z"
        return DateText.parseISO8601(date).map { $0 / 1_000 }
    }
}
