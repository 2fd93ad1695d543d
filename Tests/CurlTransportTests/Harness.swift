import Core
import Foundation
import Glibc
import XCTest

@testable import CurlTransport

/// A transport for one test, with helpers that run one exchange after another on it.
final class Harness {
    let transport: CurlTransport
    private var nextID: UInt64 = 1

    init(_ settings: CurlSettings = CurlSettings(proxy: ""), resendGuard: ResendGuard = .oneRequest) throws {
        // What the engine does for its thread.
        signal(SIGPIPE, SIG_IGN)
        transport = try CurlTransport(settings, resendGuard: resendGuard)
    }

    deinit { transport.shutdown() }

    func start(
        _ request: HTTPRequest, _ options: TransferOptions = .quick, sink: (any BodySink)? = nil,
        departure: (any Departure)? = nil
    ) -> UInt64 {
        defer { nextID += 1 }
        transport.start(id: nextID, request: request, options: options, sink: sink, departure: departure)
        return nextID
    }

    @discardableResult
    func run(
        _ request: HTTPRequest, _ options: TransferOptions = .quick, sink: (any BodySink)? = nil,
        departure: (any Departure)? = nil
    ) -> TransferResult {
        let id = start(request, options, sink: sink, departure: departure)
        return results(of: [id])[id]
            ?? .failed(TransferFailure(.timeout, requestMayHaveLeft: true, detail: "no result"))
    }

    /// Waits until all of them have ended, 20 s at most.
    func results(of ids: [UInt64]) -> [UInt64: TransferResult] {
        var results: [UInt64: TransferResult] = [:]
        let end = Date(timeIntervalSinceNow: 20)
        while !ids.allSatisfy({ results[$0] != nil }), Date() < end {
            for (id, result) in transport.wait(milliseconds: 1000) {
                XCTAssertNil(results[id], "a transfer ended twice")
                results[id] = result
            }
        }
        return results
    }
}

extension TransferOptions {
    static let quick = TransferOptions(
        connectTimeoutMilliseconds: 5000, exchangeTimeoutMilliseconds: 10_000, idleTimeoutMilliseconds: 0)
    static let submission = TransferOptions(
        isSubmission: true, connectTimeoutMilliseconds: 5000, exchangeTimeoutMilliseconds: 10_000,
        idleTimeoutMilliseconds: 0)

    func with(_ change: (inout TransferOptions) -> Void) -> TransferOptions {
        var copy = self
        change(&copy)
        return copy
    }
}

extension HTTPRequest {
    static func get(_ url: String, _ headers: [HTTPHeader] = []) -> HTTPRequest {
        HTTPRequest(method: .get, url: url, headers: headers)
    }

    static func post(_ url: String, bytes: Int = 20, _ headers: [HTTPHeader] = []) -> HTTPRequest {
        HTTPRequest(method: .post, url: url, headers: headers, body: [UInt8](repeating: 0x62, count: bytes))
    }
}

extension TransferResult {
    var reply: HTTPReply? { if case .reply(let reply) = self { reply } else { nil } }
    var failure: TransferFailure? { if case .failed(let failure) = self { failure } else { nil } }
    var text: String { reply.map { String(decoding: $0.body, as: UTF8.self) } ?? "no reply" }
}

final class RecordingSink: BodySink {
    var began: [(status: Int, headers: HTTPHeaders)] = []
    var bytes: [UInt8] = []
    var pieces = 0
    var acceptsBegin = true
    var limit = Int.max
    var onReceive: () -> Void = {}

    func begin(status: Int, headers: HTTPHeaders) -> Bool {
        began.append((status, headers))
        return acceptsBegin
    }

    func receive(_ piece: UnsafeRawBufferPointer) -> Bool {
        bytes.append(contentsOf: piece)
        pieces += 1
        onReceive()
        return bytes.count <= limit
    }
}

func milliseconds(_ body: () -> Void) -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
}

/// CPU time of this thread in milliseconds.
func threadCPU() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

/// Python's TLS server with a certificate made for this run: Tests/fixtures/curl/tls_server.py says what it can do.
final class TLSServer {
    let port: Int
    let folder: String
    private let process = Process()

    var caFile: String { folder + "/cert.pem" }

    init(_ arguments: [String] = [], subjectAltName: String = "DNS:localhost,IP:127.0.0.1") throws {
        let folder = NSTemporaryDirectory() + "aigc-tls-\(UUID().uuidString)"
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let make = Process()
        make.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        make.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            folder + "/key.pem", "-out", folder + "/cert.pem", "-days", "2", "-subj", "/CN=test", "-addext",
            "subjectAltName=\(subjectAltName)",
        ]
        make.standardError = FileHandle.nullDevice
        try make.run()
        make.waitUntilExit()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", Fixtures.path("tls_server.py"), folder + "/cert.pem", folder + "/key.pem"] + arguments
        process.standardOutput = output
        // The server ends when its input does: also when the tests crash.
        process.standardInput = Pipe()
        try process.run()
        let line = output.fileHandleForReading.availableData
        port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        XCTAssertNotEqual(port, 0, "the TLS server did not start")
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func url(_ path: String, host: String = "localhost") -> String { "https://\(host):\(port)\(path)" }

    var settings: CurlSettings { CurlSettings(proxy: "", caFile: caFile) }
}

enum Fixtures {
    static func path(_ name: String, file: String = #filePath) -> String {
        URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("fixtures/curl/\(name)").path
    }
}
