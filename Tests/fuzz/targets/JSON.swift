@testable import Codec
import Core

/// JSON. Where the quick reader reads a text, jansson reads the same; what was read is written and read again as the
/// same; nothing is read beyond the end.
let jsonTarget = Target(name: "json", maximumBytes: 4_096) { input in
    var input = input
    let depth = [64, 64, 64, 3, 0, -1, 1_000][input.choice(7)]
    let bytes = input.bytes
    let strict = bytes.withUnsafeBytes { buffer in
        let strict = try? JSONValue.parseStrictly(buffer, maximumDepth: depth)
        if let quick = JSONReader.read(buffer, maximumDepth: depth) {
            require(strict.map { same($0, quick) } ?? false, "the quick reader reads something else")
        }
        return strict
    }
    // A tolerant reader reads what the strict one reads, and takes no more for whole than there is.
    if let answer = JSONAnswer.read(bytes) {
        require(answer.end <= bytes.count, "read beyond the end")
        touch(answer.value)
        if depth == 64, let strict, JSONAnswer.read(strict.serialized())?.value != strict, nesting(strict) < 32 {
            require(false, "the tolerant reader reads something else")
        }
    } else {
        require(strict == nil, "the tolerant reader reads less than the strict one")
    }
    let whole = try? JSONValue.parse(bytes, maximumDepth: depth)
    require(strict.map { one in whole.map { same(one, $0) } ?? false } ?? (whole == nil), "two parsers differ")
    guard let whole else { return }
    let written = whole.serialized()
    guard let again = try? JSONValue.parse(written) else {
        require(false, "what was written cannot be read: \(String(decoding: written, as: UTF8.self))")
        return
    }
    require(same(again, whole), "what was written is read as something else")
    requireEqual(again.serialized(), written, "written twice")
    touch(whole)
}

/// Equal, with minus zero another number than zero, which a signature would tell apart.
private func same(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.double(let x), .double(let y)): return x.bitPattern == y.bitPattern
    case (.array(let x), .array(let y)): return x.count == y.count && zip(x, y).allSatisfy(same)
    case (.object(let x), .object(let y)):
        return x.count == y.count && zip(x, y).allSatisfy { $0.name.isSame(as: $1.name) && same($0.value, $1.value) }
    default: return a == b
    }
}

private func nesting(_ value: JSONValue) -> Int {
    let inner = (value.arrayValue ?? []) + (value.objectValue ?? []).map { $0.value }
    return 1 + (inner.map(nesting).max() ?? 0)
}

/// Every getter, all the way down.
private func touch(_ value: JSONValue) {
    _ = (value.stringValue, value.intValue, value.doubleValue, value.boolValue, value.lenientString)
    for element in value.arrayValue ?? [] { touch(element) }
    for member in value.objectValue ?? [] {
        _ = value[member.name]
        touch(member.value)
    }
}
