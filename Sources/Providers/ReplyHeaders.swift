internal import Codec
internal import Core

/// What the header lines of an answer tell besides its body.
struct ReplyHeaders {
    /// The longest pause, whatever a header says.
    static let maximumWaitMilliseconds: Int64 = 120_000

    let headers: HTTPHeaders

    /// The provider's clock.
    var serverUnixSeconds: Int64? { headers["date"].flatMap { DateText.parseHTTPDate($0) } }

    /// `x-acs-retry-after`: milliseconds. Only Alibaba's gateway sends it, and only when it throttles.
    var gatewayWait: Int64? { Self.positive(headers["x-acs-retry-after"]).map(Self.clamped) }

    /// What was asked for by `x-acs-retry-after`, else by the older x-ratelimit lines (where the answer is a throttling
    /// one: they also stand in other answers), else by `Retry-After`. 0 if nothing usable is there.
    func wait(isThrottling: Bool) -> Int64 {
        if let wait = gatewayWait { return wait }
        if isThrottling {
            let left = [headers["x-ratelimit-user-api"], headers["x-ratelimit-user"]].compactMap(Self.timeLeft).max()
            if let left { return Self.clamped(left) }
        }
        return standardWait ?? 0
    }

    /// `Retry-After`: seconds, or a date, which counts from the answer's own `Date`.
    private var standardWait: Int64? {
        guard let text = headers["retry-after"] else { return nil }
        if let seconds = Self.positive(text) { return seconds >= 120 ? Self.maximumWaitMilliseconds : seconds * 1_000 }
        guard let then = DateText.parseHTTPDate(text), let now = serverUnixSeconds, then > now else { return nil }
        // safe: both lie between the years 1970 and 9999
        return then - now >= 120 ? Self.maximumWaitMilliseconds : (then - now) * 1_000
    }

    /// `Limit:1,Remain:0,TimeLeft:2000,Reset:...`: milliseconds.
    private static func timeLeft(_ text: String?) -> Int64? {
        guard let text, text.utf8.count <= 512 else { return nil }
        for part in text.split(separator: ",") {
            let pair = part.split(separator: ":", maxSplits: 1)
            guard pair.count == 2, let name = pair.first, let value = pair.last else { continue }
            if trimmed(name).lowercased() == "timeleft" { return positive(String(value)) }
        }
        return nil
    }

    /// A positive number of digits only; nil also where it does not fit.
    private static func positive(_ text: String?) -> Int64? {
        guard let text, text.utf8.count <= 64 else { return nil }
        let digits = trimmed(text[...])
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int64(digits), value > 0
        else { return nil }
        return value
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.utf8.first == 0x20 || text.utf8.first == 0x09 { text = text.dropFirst() }
        while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text = text.dropLast() }
        return text
    }

    private static func clamped(_ milliseconds: Int64) -> Int64 { min(milliseconds, maximumWaitMilliseconds) }

    /// "text/html" of a Content-Type line, for messages.
    var mediaType: String {
        guard let line = headers["content-type"] else { return "no content type" }
        let type = Self.trimmed(line.prefix { $0 != ";" })
        return type.isEmpty ? "no content type" : type.lowercased().shown(limit: 64)
    }
}
