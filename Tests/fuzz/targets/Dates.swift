import Codec
import Glibc

/// Dates. What is read is a date that exists, and every date is read back from each form in which it is written.
let datesTarget = Target(name: "dates", maximumBytes: 128) { input in
    let bytes = input.bytes
    if let text = input.text {
        if let seconds = DateText.parseHTTPDate(text) { roundTrip(seconds, text) }
        if let milliseconds = DateText.parseISO8601(text) {
            let seconds = milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000
            roundTrip(seconds, text)
        }
    }
    guard bytes.count >= 8 else { return }
    let number = bytes.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    _ = (DateText.acs(number), DateText.tc3Date(number))
    roundTrip((number & .max) % 253_402_300_800, "a number")
}

/// Against the calendar of the C library, in the years that all forms can write.
private func roundTrip(_ seconds: Int64, _ what: String) {
    // A zone may push a date over either edge.
    require((-62_167_305_600...253_402_387_199).contains(seconds), "\(what): beyond the years 0 to 9999")
    guard (0...253_402_300_799).contains(seconds) else { return }
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func written(_ format: String) -> String {
        var text = [CChar](repeating: 0, count: 64)
        strftime(&text, text.count, format, &parts)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    requireEqual(DateText.acs(seconds), written("%Y-%m-%dT%H:%M:%SZ"), what)
    requireEqual(DateText.tc3Date(seconds), written("%Y-%m-%d"), what)
    requireEqual(DateText.parseISO8601(DateText.acs(seconds)), seconds * 1_000, what)
    for format in ["%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
        requireEqual(DateText.parseHTTPDate(written(format)), seconds, "\(what) as \(written(format))")
    }
    if (1970...2069).contains(parts.tm_year + 1900) {
        let old = written("%A, %d-%b-%y %H:%M:%S GMT")
        requireEqual(DateText.parseHTTPDate(old), seconds, "\(what) as \(old)")
    }
}
