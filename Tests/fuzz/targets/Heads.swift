import Core

@testable import Assets
@testable import CurlTransport
@testable import Providers

/// The head of an answer, line by line as libcurl hands it over. A header that is asked for by name is the first of
/// that name; what the clouds' lines ask for is bounded; what goes into a later request is fit for a line.
let headsTarget = Target(name: "heads", maximumBytes: 2_048) { input in
    var head = ReplyHead()
    var rest = input.bytes[...]
    var steps: [ReplyHead.Step] = []
    while !rest.isEmpty, steps.last.map({ $0 == .more || $0 == .complete }) ?? true {
        let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
        steps.append(Array(rest[..<end]).withUnsafeBytes { head.add($0) })
        rest = rest[end...]
    }
    require(steps.filter { $0 == .complete }.count <= 1, "complete twice")
    require(!head.isComplete || (200...999).contains(head.status), "complete with status \(head.status)")
    let headers = head.takeHeaders()
    let lines = headers.lines
    var first: [String: String] = [:]
    for line in lines where first[line.name] == nil { first[line.name] = line.value }
    for line in lines {
        require(!line.value.utf8.contains { $0 == 0x0A }, "a value of several lines")
        // A name that is no UTF-8 was repaired, and is asked for by nobody.
        if line.name.utf8.allSatisfy({ $0 < 0x80 }) {
            requireEqual(headers[line.name], first[line.name], "asked for by name \(line.name)")
        }
    }
    if lines.allSatisfy({ $0.name.utf8.allSatisfy { $0 < 0x80 } }) {
        requireEqual(HTTPHeaders(lines).lines, lines, "made of its own lines")
    }

    let reply = ReplyHeaders(headers: headers)
    for isThrottling in [true, false] {
        let wait = reply.wait(isThrottling: isThrottling)
        require((0...120_000).contains(wait), "a wait of \(wait)")
    }
    requirePresentable(reply.mediaType)
    _ = reply.serverUnixSeconds

    let answer = AnswerHead(headers)
    require(answer.length >= -1, "a length of \(answer.length)")
    if let validator = answer.validator {
        require(validator.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a validator that is no header value")
        require(AnswerHead.isValidator(validator), "a validator that a note would not keep")
    }
    if let range = answer.range, let start = range.first, let last = range.last {
        require(0 <= start && start <= last && last < range.total ?? .max, "an invalid range")
    }
}
