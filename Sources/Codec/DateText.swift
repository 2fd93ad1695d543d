/// Dates as the two clouds write them. Own arithmetic: no locale, no time zone of the host, no overflow.
public enum DateText {
    /// 1970-01-01 to 9999-12-31, in Unix seconds; what lies outside is pulled in.
    private static let range: ClosedRange<Int64> = 0...253_402_300_799

    /// `2024-07-12T14:44:19Z`: x-acs-date and the Timestamp of Alibaba's RPC calls.
    public static func acs(_ unixSeconds: Int64) -> String {
        let (date, seconds) = split(unixSeconds)
        var text: [UInt8] = []
        text.reserveCapacity(20)
        append(date, to: &text)
        text.append(UInt8(ascii: "T"))
        append(seconds / 3600, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(seconds / 60 % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(seconds % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// Days since 1970-01-01, of the date that `tc3Date` writes.
    public static func day(_ unixSeconds: Int64) -> Int64 {
        min(max(unixSeconds, range.lowerBound), range.upperBound) / 86_400
    }

    /// `2019-02-25` in UTC: the date of a TC3 scope.
    public static func tc3Date(_ unixSeconds: Int64) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(10)
        append(split(unixSeconds).date, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Unix seconds of an HTTP date in any of its three forms (`Sun, 06 Nov 1994 08:49:37 GMT`,
    /// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`), or nil. The name of the day is not checked. A
    /// zone must be GMT, UTC, Z or absent. Two digits of a year are 1970 to 2069.
    public static func parseHTTPDate(_ text: String) -> Int64? {
        var scanner = Scanner(text)
        scanner.skipBlanks()
        scanner.skipLetters()
        scanner.skip(UInt8(ascii: ","))
        scanner.skipBlanks()
        let day: Int64
        let month: Int64
        var year: Int64
        let clock: Int64
        if let first = scanner.number(digits: 1...2) {
            guard scanner.skipSeparator(), let name = scanner.month(), scanner.skipSeparator() else { return nil }
            let start = scanner.position
            guard let number = scanner.number(digits: 2...4), scanner.position - start != 3 else { return nil }
            day = first
            month = name
            year = scanner.position - start == 2 ? number + (number < 70 ? 2000 : 1900) : number
            scanner.skipBlanks()
            guard let time = scanner.clock() else { return nil }
            clock = time
        } else {
            guard let name = scanner.month() else { return nil }
            scanner.skipBlanks()
            guard let number = scanner.number(digits: 1...2) else { return nil }
            scanner.skipBlanks()
            guard let time = scanner.clock() else { return nil }
            scanner.skipBlanks()
            guard let four = scanner.number(digits: 4...4) else { return nil }
            (day, month, year, clock) = (number, name, four, time)
        }
        scanner.skipBlanks()
        guard ["", "GMT", "UTC", "Z"].contains(scanner.rest) else { return nil }
        guard let days = daysFrom1970(year: year, month: month, day: day) else { return nil }
        return days * 86_400 + clock  // safe: at most four digits of a year
    }

    /// Unix milliseconds of `2023-12-25T12:00:00`, with any number of fractional digits, a blank or "T" in the middle
    /// and an optional `Z`, `+08:00`, `+0800` or `+08`; nil for anything else. Without a zone it is read as UTC.
    public static func parseISO8601(_ text: String) -> Int64? {
        var scanner = Scanner(text)
        scanner.skipBlanks()
        guard let year = scanner.number(digits: 4...4), scanner.skip(UInt8(ascii: "-")),
            let month = scanner.number(digits: 2...2), scanner.skip(UInt8(ascii: "-")),
            let day = scanner.number(digits: 2...2),
            scanner.skip(UInt8(ascii: "T")) || scanner.skip(UInt8(ascii: "t")) || scanner.skip(UInt8(ascii: " ")),
            let clock = scanner.clock(), let days = daysFrom1970(year: year, month: month, day: day)
        else { return nil }
        var milliseconds: Int64 = 0
        if scanner.skip(UInt8(ascii: ".")) || scanner.skip(UInt8(ascii: ",")) {
            guard let fraction = scanner.milliseconds() else { return nil }
            milliseconds = fraction
        }
        guard let offset = scanner.offsetSeconds() else { return nil }
        scanner.skipBlanks()
        guard scanner.isAtEnd else { return nil }
        return (days * 86_400 + clock - offset) * 1000 + milliseconds  // safe: at most four digits of a year
    }

    // MARK: Civil dates. The year is counted from March, so that the leap day is its last.

    /// Days since 1970-01-01 of a date that exists, or nil. Years 0 to 9999.
    static func daysFrom1970(year: Int64, month: Int64, day: Int64) -> Int64? {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1, day <= length(month, year) else {
            return nil
        }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted >= 0 ? shifted / 400 : -1
        let ofEra = shifted - era * 400
        let fromMarch = (month + 9) % 12
        let ofYear = (153 * fromMarch + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func length(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    /// The date, and the seconds of its day.
    private static func split(
        _ unixSeconds: Int64
    ) -> (date: (year: Int64, month: Int64, day: Int64), seconds: Int64) {
        let seconds = min(max(unixSeconds, range.lowerBound), range.upperBound)
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let ofEra = days % 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * fromMarch + 2) / 5 + 1
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return ((year, month, day), seconds % 86_400)
    }

    private static func append(_ date: (year: Int64, month: Int64, day: Int64), to text: inout [UInt8]) {
        append(date.year, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        append(date.month, digits: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        append(date.day, digits: 2, to: &text)
    }

    private static func append(_ value: Int64, digits: Int, to text: inout [UInt8]) {
        var divisor: Int64 = digits == 4 ? 1000 : 10
        while divisor > 0 {
            text.append(48 + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}

/// Reads a short text from left to right. Nothing here can overflow: numbers have at most four digits.
private struct Scanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    /// Dates are short: what is longer is cut, and then fails.
    init(_ text: String) { bytes = Array(text.utf8.prefix(80)) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }
    var isAtEnd: Bool { position == bytes.count }
    var rest: String {
        var end = bytes.count
        while end > position, bytes[end - 1] == 32 { end -= 1 }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    @discardableResult mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    mutating func skipBlanks() {
        while next == 32 || next == 9 { position += 1 }
    }

    mutating func skipLetters() {
        while let byte = next, (65...90).contains(byte & 0xDF) { position += 1 }
    }

    /// At least one blank or "-".
    mutating func skipSeparator() -> Bool {
        guard next == 32 || next == 45 else { return false }
        position += 1
        skipBlanks()
        return true
    }

    mutating func number(digits: ClosedRange<Int>) -> Int64? {
        var value: Int64 = 0
        var count = 0
        while count < digits.upperBound, let byte = next, (48...57).contains(byte) {
            value = value * 10 + Int64(byte - 48)
            count += 1
            position += 1
        }
        return digits.contains(count) ? value : nil
    }

    /// Seconds of the day of `08:49:37`. A leap second counts as the one before it.
    mutating func clock() -> Int64? {
        guard let hour = number(digits: 2...2), hour < 24, skip(58), let minute = number(digits: 2...2), minute < 60,
            skip(58), let second = number(digits: 2...2), second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + min(second, 59)
    }

    mutating func milliseconds() -> Int64? {
        var value: Int64 = 0
        var count = 0
        while let byte = next, (48...57).contains(byte) {
            if count < 3 { value = value * 10 + Int64(byte - 48) }
            count += 1
            position += 1
        }
        switch count {
        case 0: return nil
        case 1: return value * 100
        case 2: return value * 10
        default: return value
        }
    }

    /// Of `Z`, `+08:00`, `+0800`, `+08` or nothing.
    mutating func offsetSeconds() -> Int64? {
        if skip(UInt8(ascii: "Z")) || skip(UInt8(ascii: "z")) { return 0 }
        let isWest = next == UInt8(ascii: "-")
        guard skip(UInt8(ascii: "+")) || skip(UInt8(ascii: "-")) else { return 0 }
        guard let hours = number(digits: 2...2), hours < 24 else { return nil }
        var minutes: Int64 = 0
        let hasColon = skip(58)
        if let byte = next, (48...57).contains(byte) {
            guard let number = number(digits: 2...2), number < 60 else { return nil }
            minutes = number
        } else if hasColon {
            return nil
        }
        let seconds = hours * 3600 + minutes * 60
        return isWest ? -seconds : seconds
    }

    /// The number of `Nov`, in any case.
    mutating func month() -> Int64? {
        guard position + 3 <= bytes.count else { return nil }
        let name = String(decoding: bytes[position..<position + 3], as: UTF8.self).lowercased()
        let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        guard let index = names.firstIndex(of: name) else { return nil }
        position += 3
        skipLetters()
        return Int64(index) + 1
    }
}
