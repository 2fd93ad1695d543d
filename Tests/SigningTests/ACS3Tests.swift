import Codec
import Core
import Foundation
import XCTest

@testable import Signing

final class ACS3Tests: XCTestCase {
    private func credentials(_ vector: JSONValue) throws -> Credentials {
        let given = try XCTUnwrap(vector["credentials"])
        return Credentials(
            id: try given.text("access_key_id"), secret: Secret(try given.text("access_key_secret")),
            token: given["security_token"]?.stringValue.map { Secret($0) },
            source: vector["headers"]?["x-acs-credentials-provider"]?.stringValue ?? "none: not sent")
    }

    /// All 39 vectors at every stage, from the list of headers.
    func testEveryStageOfEveryVector() throws {
        let vectors = try Vectors.load("alibaba_acs3").list("vectors")
        XCTAssertEqual(vectors.count, 39)
        for vector in vectors {
            let id = try vector.text("id")
            var headers = try vector.pairs("headers").map { HTTPHeader($0.name, $0.value) }
            if id == "raw-header-trim-case" {
                headers.insert(HTTPHeader("X-Acs-FOO", " \t a  b "), at: 0)
                headers.append(HTTPHeader("Content-TYPE", "  application/json; charset=utf-8"))
            }
            let stages = try ACS3.stages(
                method: try vector.text("method"), path: try vector.text("path"), query: try vector.pairs("query"),
                headers: headers, payloadHash: try Hash.sha256Hex(Array((vector["body"]?.stringValue ?? "").utf8)),
                credentials: try credentials(vector))
            XCTAssertEqual(stages.signedHeaders, try vector.text("signed_headers"), id)
            XCTAssertEqual(stages.canonicalRequest, try vector.text("canonical_request"), id)
            XCTAssertEqual(stages.hashedCanonicalRequest, try vector.text("hashed_canonical_request"), id)
            XCTAssertEqual(stages.stringToSign, try vector.text("string_to_sign"), id)
            XCTAssertEqual(stages.signature, try vector.text("signature"), id)
            XCTAssertEqual(stages.authorization, try vector.text("authorization"), id)
        }
    }

    /// The same through the function that providers call, where the vector's headers are those that it makes.
    func testSignMakesTheVectorsHeaders() throws {
        var checked = 0
        for vector in try Vectors.load("alibaba_acs3").list("vectors") {
            let id = try vector.text("id")
            if id == "raw-header-trim-case" { continue }  // has a header that only stages() can sign
            let body = Array((vector["body"]?.stringValue ?? "").utf8)
            let expected = try XCTUnwrap(vector["headers"])
            let date = try XCTUnwrap(DateText.parseISO8601(try vector.text("x_acs_date"))) / 1000
            let signed = try ACS3.sign(
                method: try vector.text("method"), host: try vector.text("host"), path: try vector.text("path"),
                query: try vector.pairs("query"), action: try expected.text("x-acs-action"),
                version: try expected.text("x-acs-version"), body: body,
                contentType: expected["content-type"]?.stringValue, credentials: try credentials(vector),
                unixSeconds: date, nonce: try vector.text("nonce"))
            var sent = Dictionary(uniqueKeysWithValues: signed.headers.map { ($0.name, $0.value) })
            XCTAssertEqual(sent.removeValue(forKey: "Authorization"), try vector.text("authorization"), id)
            XCTAssertEqual(sent.removeValue(forKey: "Accept"), "application/json", id)
            var wanted = Dictionary(uniqueKeysWithValues: try vector.pairs("headers").map { ($0.name, $0.value) })
            wanted["host"] = nil
            XCTAssertEqual(sent, wanted, id)
            let canonicalQuery = try vector.text("canonical_request").split(
                separator: "\n", omittingEmptySubsequences: false)[2]
            XCTAssertEqual(signed.query, String(canonicalQuery), id)
            checked += 1
        }
        XCTAssertEqual(checked, 38)
    }

    /// Whole requests as the vendor's SDK has sent them: signed with Accept and User-Agent, on a host with a port.
    func testRequestsOffTheWire() throws {
        let requests = try Vectors.load("alibaba_wire").list("requests")
        XCTAssertEqual(requests.count, 18)
        for request in requests {
            let lines = try request.list("headers_in_order").map { line in
                HTTPHeader(try XCTUnwrap(line[0]?.stringValue), try XCTUnwrap(line[1]?.stringValue))
            }
            let sent = HTTPHeaders(lines)
            let authorization = try XCTUnwrap(sent["authorization"])
            let names = try XCTUnwrap(authorization.split(separator: ",").dropFirst().first).dropFirst(14)
                .split(separator: ";").map(String.init)
            let query = try request.text("raw_query").split(separator: "&").map { item in
                let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                // The SDK writes a form, blanks as "+", and signs "%20".
                let value = parts[1].replacingOccurrences(of: "+", with: "%20")
                return (name: String(parts[0]), value: try XCTUnwrap(Percent.decode(value)))
            }
            let stages = try ACS3.stages(
                method: try request.text("method"), path: try request.text("path"), query: query,
                headers: sent.lines.filter { names.contains($0.name) },
                payloadHash: try XCTUnwrap(sent["x-acs-content-sha256"]),
                credentials: Credentials(id: "YourAccessKeyId", secret: Secret("YourAccessKeySecret")))
            XCTAssertEqual(stages.authorization, authorization)
            XCTAssertEqual(
                try Hash.sha256Hex(Array(try request.text("body").utf8)), sent["x-acs-content-sha256"])
        }
    }

    func testProviderPath() {
        XCTAssertEqual(ACS3.providerPath("static", isTemporary: false), "static_ak")
        XCTAssertEqual(ACS3.providerPath("static", isTemporary: true), "static_sts")
        XCTAssertEqual(ACS3.providerPath("default/ecs_ram_role", isTemporary: true), "default/ecs_ram_role")
        XCTAssertNil(ACS3.providerPath("", isTemporary: false))
        XCTAssertNil(ACS3.providerPath("a\nb", isTemporary: false))
        XCTAssertNil(ACS3.providerPath("~/.aliyun/config.json", isTemporary: false))
    }

    func testLinesOfOneNameAreJoinedInOrderOfValues() throws {
        let stages = try ACS3.stages(
            method: "GET", path: "/", query: [],
            headers: [HTTPHeader("x-acs-b", "2"), HTTPHeader("X-Acs-B", "1"), HTTPHeader("host", "h")],
            payloadHash: "p",
            credentials: Credentials(id: "i", secret: Secret("s")))
        XCTAssertEqual(stages.canonicalRequest, "GET\n/\n\nhost:h\nx-acs-b:1,2\n\nhost;x-acs-b\np")
    }

    /// Nothing that ends a header line gets through, and what is refused is named but never shown.
    func testHeaderInjectionIsRefused() throws {
        let good = Credentials(id: "id", secret: Secret("secret"), token: Secret("token"))
        func sign(
            host: String = "h.example", action: String = "A", version: String = "v", contentType: String? = "c/t",
            credentials: Credentials, nonce: String = "n", method: String = "GET", path: String = "/"
        ) throws {
            _ = try ACS3.sign(
                method: method, host: host, path: path, query: [], action: action, version: version, body: [],
                contentType: contentType, credentials: credentials, unixSeconds: 0, nonce: nonce)
        }
        XCTAssertNoThrow(try sign(credentials: good))
        for end in ["\r", "\n", "\0", "\u{7f}"] {
            let bad = "hunter2\(end)X-Evil: 1"
            let failures = [
                "host": refusal { try sign(host: bad, credentials: good) },
                "action": refusal { try sign(action: bad, credentials: good) },
                "version": refusal { try sign(version: bad, credentials: good) },
                "content type": refusal { try sign(contentType: bad, credentials: good) },
                "nonce": refusal { try sign(credentials: good, nonce: bad) },
                "method": refusal { try sign(credentials: good, method: bad) },
                "path": refusal { try sign(credentials: good, path: bad) },
                "key id": refusal { try sign(credentials: Credentials(id: bad, secret: Secret("s"))) },
                "security token": refusal {
                    try sign(credentials: Credentials(id: "i", secret: Secret("s"), token: Secret(bad)))
                },
            ]
            for (what, failure) in failures {
                XCTAssertEqual(failure?.status, .invalidArgument, what)
                XCTAssertTrue(failure?.message.contains(what) ?? false, "\(what): \(failure?.message ?? "")")
                XCTAssertFalse(failure?.message.contains("hunter2") ?? true, what)
            }
        }
        for host in ["", "a b", "a/b", "a@b", "a?b", "a#b", "ö.example"] {
            XCTAssertEqual(refusal { try sign(host: host, credentials: good) }?.status, .invalidArgument, host)
        }
        for (id, secret) in [("", "s"), ("i", "")] {
            let failure = refusal { try sign(credentials: Credentials(id: id, secret: Secret(secret))) }
            XCTAssertEqual(failure?.status, .noCredentials)
        }
    }
}
