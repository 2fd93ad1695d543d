import Core
import Foundation
import XCTest

@testable import Assets

enum Fixture {
    static let names = [
        "plain.png", "baseline.jpg", "progressive.jpg", "restarts.jpg", "lossy.webp", "lossless.webp", "animated.webp",
        "animated.gif", "plain.bmp", "palette.bmp",
    ]

    static func bytes(_ name: String) -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("fixtures/assets")
        guard let bytes = readFile(folder.appendingPathComponent(name).path) else {
            fatalError("the fixture \(name) is missing")
        }
        return bytes
    }

    static func format(_ name: String) -> ImageFormat {
        switch name.split(separator: ".").last {
        case "png": return .png
        case "jpg": return .jpeg
        case "webp": return .webp
        case "gif": return .gif
        default: return .bmp
        }
    }

    /// A PNG of any size that is right in every checksum.
    static func bigPNG(_ dataBytes: Int) -> [UInt8] {
        func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
            let body = Array(type.utf8) + data
            return big32(UInt32(data.count)) + body + big32(Reference.crc32(body))
        }
        var data = [UInt8](repeating: 0, count: dataBytes)
        var state: UInt64 = 88_172_645_463_325_252
        for index in data.indices {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            data[index] = UInt8(truncatingIfNeeded: state)
        }
        var file = ImageFormat.pngSignature + chunk("IHDR", big32(64) + big32(64) + [8, 2, 0, 0, 0])
        for start in stride(from: 0, to: data.count, by: 30_000) {
            file += chunk("IDAT", Array(data[start..<min(start + 30_000, data.count)]))
        }
        return file + chunk("IEND", [])
    }

    private static func big32(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

/// The definitions, bit by bit, to hold the fast ones against.
enum Reference {
    static func crc64(_ bytes: [UInt8]) -> UInt64 {
        var register = UInt64.max
        for byte in bytes {
            register ^= UInt64(byte)
            for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0xC96C_5795_D787_0F42 : register >> 1 }
        }
        return ~register
    }

    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var register = UInt32.max
        for byte in bytes {
            register ^= UInt32(byte)
            for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0xEDB8_8320 : register >> 1 }
        }
        return ~register
    }
}

/// The same numbers in every run.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

/// One transfer as a transport would make it.
struct Answer {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// Lengths of the pieces; the last continues to the end.
    var pieces: [Int] = []
    var cut: TransferFailure.Kind?
    /// As the transport hands on what came packed.
    var wasUnpacked = false

    static func whole(_ body: [UInt8], etag: String? = "\"one\"", crc: Bool = false) -> Answer {
        var answer = Answer(body: body)
        answer.headers = [("Content-Length", String(body.count))]
        if let etag { answer.headers.append(("ETag", etag)) }
        if crc { answer.headers.append(("x-cos-hash-crc64ecma", String(Reference.crc64(body)))) }
        return answer
    }

    /// Cut after so many bytes.
    func cut(after count: Int, _ kind: TransferFailure.Kind = .cutReply) -> Answer {
        var answer = self
        answer.body = Array(body.prefix(count))
        answer.cut = kind
        return answer
    }

    static func rest(of body: [UInt8], from offset: Int, etag: String? = "\"one\"") -> Answer {
        var answer = Answer(status: 206, body: Array(body.dropFirst(offset)))
        answer.headers = [("Content-Range", "bytes \(offset)-\(body.count - 1)/\(body.count)")]
        if let etag { answer.headers.append(("ETag", etag)) }
        return answer
    }
}

extension AssetSink {
    func run(_ answer: Answer) -> AssetFinish {
        let headers = HTTPHeaders(answer.headers.map { HTTPHeader($0.0, $0.1) })
        let stopped = TransferResult.failed(TransferFailure(.sink, requestMayHaveLeft: true, detail: "stopped"))
        guard begin(status: answer.status, headers: headers) else { return finish(stopped) }
        var rest = answer.body[...]
        var pieces = answer.pieces[...]
        while !rest.isEmpty {
            let length = min(max(1, pieces.popFirst() ?? rest.count), rest.count)
            // A block of its own, exactly as long, so that reading beyond it is caught by the sanitizers.
            let wantsMore = Array(rest.prefix(length)).withUnsafeBytes { receive($0) }
            guard wantsMore else { return finish(stopped) }
            rest = rest.dropFirst(length)
        }
        if let kind = answer.cut {
            return finish(.failed(TransferFailure(kind, requestMayHaveLeft: true, detail: "cut")))
        }
        var reply = HTTPReply(status: answer.status, headers: headers)
        reply.wasUnpacked = answer.wasUnpacked
        return finish(.reply(reply))
    }
}

extension AssetFinish {
    var word: String {
        switch self {
        case .complete: return "complete"
        case .notAnImage: return "notAnImage"
        case .incomplete: return "incomplete"
        case .corrupt: return "corrupt"
        case .failed(let failure): return "failed \(failure.status)"
        }
    }

    var failure: Failure? {
        switch self {
        case .complete, .notAnImage: return nil
        case .incomplete(let failure), .corrupt(let failure), .failed(let failure): return failure
        }
    }

    var reply: HTTPReply? {
        if case .notAnImage(let reply) = self { return reply }
        return nil
    }
}

extension AssetBytes {
    var array: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: count)) }
}

/// Not by Foundation, whose buffers a leak check finds.
func readFile(_ path: String) -> [UInt8]? {
    guard let stream = fopen(path, "rb") else { return nil }
    defer { fclose(stream) }
    var about = stat()
    guard fstat(fileno(stream), &about) == 0 else { return nil }
    let size = Int(about.st_size)
    return [UInt8](unsafeUninitializedCapacity: max(size, 1)) { space, count in
        count = fread(space.baseAddress, 1, size, stream)
    }
}

/// A folder that goes away with the test.
final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/aigc-assets-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove() }
    /// For `tearDown`: XCTest keeps its test cases to the end.
    func remove() { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
    var partName: String? { names.first { $0.hasSuffix(".part") } }
    func file(_ name: String) -> String { "\(path)/\(name)" }
    func read(_ name: String) -> [UInt8]? { readFile(file(name)) }
    func write(_ name: String, _ bytes: [UInt8]) {
        guard FileManager.default.createFile(atPath: file(name), contents: Data(bytes)) else {
            fatalError("cannot write \(name)")
        }
    }
    func mode(_ name: String) -> Int {
        var about = stat()
        return lstat(file(name), &about) == 0 ? Int(about.st_mode & 0o777) : -1
    }
}

func options(
    _ mode: Assets.Mode = .url, identity: String = "token#0", overwrite: Bool = false, maximum: Int64 = 64 << 20,
    keepPartial: Bool = true
) -> Assets.Options {
    Assets.Options(
        mode: mode, identity: identity, overwrite: overwrite, maximumBytes: maximum, keepPartial: keepPartial)
}

/// What a memory sink makes of one answer.
func judge(_ answer: Answer, _ mode: Assets.Mode = .url) -> (finish: AssetFinish, image: [UInt8]?) {
    let sink = MemorySink(options: options(mode))
    let finish = sink.run(answer)
    return (finish, (try? sink.commit())?.bytes?.array)
}
