import CAssets
import Core

@testable import Assets

/// Images as they come over the wire. However the body is cut, verdict and image are the same; a download that broke
/// off and is continued ends like one in one piece; what is called complete ends where its format ends.
let imageTarget = Target(name: "image", maximumBytes: 8_192) { input in
    var input = input
    let mode: Assets.Mode = input.choice(2) == 0 ? .url : .api
    let heads = input.choice(8)
    let status = input.pick([200, 200, 200, 206, 404, 416])
    let maximum: Int64 = input.pick([1 << 20, 1 << 20, 100])
    let seed = input.choice(256)
    let repairs = input.choice(4) == 0
    var body = input.bytes
    if repairs { repairChecksums(&body) }
    let headers = headers(heads, body, status)
    let options = Assets.Options(mode: mode, identity: "a#0", maximumBytes: maximum)

    let whole = outcome([body], status, headers, options)
    var short = Cuts(seed, longest: 9)
    var long = Cuts(seed, longest: 700)
    for pieces in [short.pieces(of: body), long.pieces(of: body)] {
        let other = outcome(pieces, status, headers, options)
        // Of an image that is damaged and too large either may be met first.
        if maximum < body.count, whole.word.hasPrefix("failed"), other.word.hasPrefix("corrupt") { continue }
        requireEqual(other, whole, "cut into \(pieces.count) pieces")
    }
    if whole.word == "complete", mode == .url, status == 200 {
        // A server sends a length that is right, or none.
        continued(body, at: body.count * seed / 256, whole, options)
    }
}

private struct Outcome: Equatable {
    var word: String
    var image: [UInt8]?
}

private func headers(_ choice: Int, _ body: [UInt8], _ status: Int) -> HTTPHeaders {
    var lines: [HTTPHeader] = []
    if choice & 1 != 0 { lines.append(HTTPHeader("Content-Length", String(body.count))) }
    if choice & 2 != 0 { lines.append(HTTPHeader("ETag", "\"one\"")) }
    if choice & 4 != 0 {
        lines.append(HTTPHeader("x-cos-hash-crc64ecma", String(aigca_crc64(0, body, body.count))))
    }
    if status == 206, !body.isEmpty {
        lines.append(HTTPHeader("Content-Range", "bytes 0-\(body.count - 1)/\(body.count)"))
    }
    return HTTPHeaders(lines)
}

private func outcome(
    _ pieces: [[UInt8]], _ status: Int, _ headers: HTTPHeaders, _ options: Assets.Options
) -> Outcome {
    let sink = MemorySink(options: options)
    let finish = transfer(sink, pieces, status, headers, isCut: false)
    return outcome(sink, finish)
}

private func outcome(_ sink: MemorySink, _ finish: AssetFinish) -> Outcome {
    let image = (try? sink.commit())?.bytes.map { Array(UnsafeRawBufferPointer(start: $0.base, count: $0.count)) }
    switch finish {
    case .complete:
        require(image != nil, "complete, and there is no image")
        return Outcome(word: "complete", image: image)
    case .notAnImage(let reply): return Outcome(word: "no image", image: reply.body)
    case .incomplete(let failure): return Outcome(word: "incomplete: \(failure.message)")
    case .corrupt(let failure): return Outcome(word: "corrupt: \(failure.message)")
    case .failed(let failure): return Outcome(word: "failed: \(failure.message)")
    }
}

private func transfer(
    _ sink: MemorySink, _ pieces: [[UInt8]], _ status: Int, _ headers: HTTPHeaders, isCut: Bool
) -> AssetFinish {
    var wantsMore = sink.begin(status: status, headers: headers)
    for piece in pieces where wantsMore { wantsMore = piece.withUnsafeBytes { sink.receive($0) } }
    if isCut || !wantsMore {
        let kind: TransferFailure.Kind = wantsMore ? .cutReply : .sink
        return sink.finish(.failed(TransferFailure(kind, requestMayHaveLeft: true, detail: "cut")))
    }
    return sink.finish(.reply(HTTPReply(status: status, headers: headers)))
}

private func continued(_ body: [UInt8], at cut: Int, _ whole: Outcome, _ options: Assets.Options) {
    let tag = HTTPHeader("ETag", "\"one\"")
    let sink = MemorySink(options: options)
    let length = HTTPHeader("Content-Length", String(body.count))
    let first = transfer(sink, [Array(body.prefix(cut))], 200, HTTPHeaders([length, tag]), isCut: true)
    if case .complete = first { return }
    guard case .incomplete = first, sink.resumeOffset > 0 else { return }
    let offset = Int(sink.resumeOffset)
    require(offset <= cut && sink.resumeValidator == "\"one\"", "continued from what never came")
    let rest = Array(body.dropFirst(offset))
    let range = HTTPHeader("Content-Range", "bytes \(offset)-\(body.count - 1)/\(body.count)")
    guard !rest.isEmpty else { return }
    requireEqual(
        outcome(sink, transfer(sink, [rest], 206, HTTPHeaders([range, tag]), isCut: false)), whole, "continued")
}

/// Makes the checksums of PNG chunks right, which nobody guesses.
private func repairChecksums(_ body: inout [UInt8]) {
    var at = 8
    while at + 12 <= body.count {
        let length = body[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= body.count - at - 12 else { return }
        let chunk = Array(body[at + 4..<at + 8 + length])
        let crc = aigca_crc32(0, chunk, chunk.count)
        for index in 0..<4 { body[at + 8 + length + index] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * index)) }
        at += 12 + length
    }
}
