import Codec
import Core
import Foundation
import XCTest

@testable import Signing

final class TC3Tests: XCTestCase {
    private func bytes(_ vector: JSONValue) throws -> [UInt8] {
        [UInt8](try XCTUnwrap(Data(base64Encoded: try vector.text("body_b64"))))
    }

    private func credentials(_ vector: JSONValue) throws -> Credentials {
        Credentials(
            id: try vector.text("secret_id"), secret: Secret(try vector.text("secret_key")),
            token: vector["token"]?.stringValue.map { Secret($0) })
    }

    func testPublishedExample() throws {
        let vector = try XCTUnwrap(try Vectors.load("tencent_tc3")["published"])
        let stages = try TC3.stages(
            host: try vector.text("host"), service: try vector.text("service"),
            contentType: try vector.text("content_type"), body: Array(try vector.text("body").utf8),
            credentials: try credentials(vector), unixSeconds: try XCTUnwrap(vector["timestamp"]?.intValue))
        XCTAssertEqual(stages.payloadHash, try vector.text("payload_sha256"))
        XCTAssertEqual(stages.canonicalRequest, try vector.text("canonical_request"))
        XCTAssertEqual(stages.hashedCanonicalRequest, try vector.text("canonical_request_sha256"))
        XCTAssertEqual(stages.stringToSign, try vector.text("string_to_sign"))
        XCTAssertEqual(stages.signature, "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168")
    }

    /// All vectors at every stage, with one cache for all of them: it must notice each change of secret, day and
    /// service.
    func testEveryStageOfEveryVector() throws {
        let vectors = try Vectors.load("tencent_tc3").list("vectors")
        XCTAssertEqual(vectors.count, Self.vectorCount)
        let cache = TC3KeyCache()
        for vector in vectors {
            let name = try vector.text("name")
            let unsigned = try XCTUnwrap(vector["unsigned_payload"]?.boolValue)
            let now = try XCTUnwrap(vector["timestamp"]?.intValue)
            let who = try credentials(vector)
            for cache in [nil, cache, cache] {
                let stages = try TC3.stages(
                    host: try vector.text("host"), service: try vector.text("service"),
                    contentType: try vector.text("content_type"), body: try bytes(vector), credentials: who,
                    unixSeconds: now, unsignedPayload: unsigned, cache: cache)
                XCTAssertEqual(stages.payloadHash, try vector.text("payload_sha256"), name)
                XCTAssertEqual(stages.canonicalRequest, try vector.text("canonical_request"), name)
                XCTAssertEqual(stages.hashedCanonicalRequest, try vector.text("canonical_request_sha256"), name)
                XCTAssertEqual(stages.stringToSign, try vector.text("string_to_sign"), name)
                XCTAssertEqual(stages.authorization, try vector.text("authorization"), name)
            }
            let headers = HTTPHeaders(
                try TC3.sign(
                    host: try vector.text("host"), action: try vector.text("action"),
                    version: try vector.text("version"), region: vector["region"]?.stringValue,
                    language: vector["language"]?.stringValue, body: try bytes(vector), credentials: who,
                    unixSeconds: now, unsignedPayload: unsigned, cache: cache))
            XCTAssertEqual(headers["authorization"], try vector.text("authorization"), name)
            XCTAssertEqual(headers["x-tc-token"], vector["token"]?.stringValue, name)
            XCTAssertEqual(headers["x-tc-region"], vector["region"]?.stringValue, name)
            XCTAssertEqual(headers["x-tc-timestamp"], String(now), name)
            XCTAssertEqual(headers["x-tc-content-sha256"], unsigned ? "UNSIGNED-PAYLOAD" : nil, name)
        }
    }

    static let vectorCount = 39

    func testRequestsOffTheWire() throws {
        var checked = 0
        for request in try Vectors.load("tencent_wire").list("requests") {
            let lines = try request.list("headers").map { line in
                HTTPHeader(try XCTUnwrap(line[0]?.stringValue), try XCTUnwrap(line[1]?.stringValue))
            }
            let sent = HTTPHeaders(lines)
            guard try request.text("sdk").contains("python") else { continue }
            let token = sent["x-tc-token"].map { Secret($0) }
            let headers = HTTPHeaders(
                try TC3.sign(
                    host: try XCTUnwrap(sent["host"]), action: try XCTUnwrap(sent["x-tc-action"]),
                    version: try XCTUnwrap(sent["x-tc-version"]), region: sent["x-tc-region"],
                    language: sent["x-tc-language"], body: try bytes(request),
                    credentials: Credentials(
                        id: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
                        secret: Secret("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"), token: token),
                    unixSeconds: try XCTUnwrap(sent["x-tc-timestamp"].flatMap { Int64($0) })))
            for name in [
                "authorization", "x-tc-action", "x-tc-version", "x-tc-timestamp", "x-tc-region", "x-tc-token",
                "x-tc-language", "content-type",
            ] {
                XCTAssertEqual(headers[name], sent[name], name)
            }
            checked += 1
        }
        XCTAssertEqual(checked, 4)
    }

    func testHeaderInjectionIsRefused() {
        let good = Credentials(id: "i", secret: Secret("s"))
        for end in ["\r", "\n", "\0"] {
            let bad = "hunter2\(end)x"
            let failures: [(String, Failure?)] = [
                ("host", refusal { _ = try sign(host: bad, good) }),
                ("region", refusal { _ = try sign(region: bad, good) }),
                ("language", refusal { _ = try sign(language: bad, good) }),
                ("action", refusal { _ = try sign(action: bad, good) }),
                ("version", refusal { _ = try sign(version: bad, good) }),
                ("service", refusal { _ = try sign(service: bad, good) }),
                ("content type", refusal { _ = try sign(contentType: bad, good) }),
                ("key id", refusal { _ = try sign(Credentials(id: bad, secret: Secret("s"))) }),
                ("token", refusal { _ = try sign(Credentials(id: "i", secret: Secret("s"), token: Secret(bad))) }),
            ]
            for (what, failure) in failures {
                XCTAssertEqual(failure?.status, .invalidArgument, what)
                XCTAssertTrue(failure?.message.contains(what) ?? false, what)
                XCTAssertFalse(failure?.message.contains("hunter2") ?? true, what)
            }
        }
    }

    private func sign(
        host: String = "h", action: String = "a", version: String = "v", service: String = "mps", region: String? = nil,
        language: String? = nil, contentType: String = "application/json", _ credentials: Credentials
    ) throws -> [HTTPHeader] {
        try TC3.sign(
            host: host, action: action, version: version, service: service, region: region, language: language,
            contentType: contentType, body: [], credentials: credentials, unixSeconds: 0)
    }
}
