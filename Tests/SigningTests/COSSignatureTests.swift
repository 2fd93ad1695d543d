import Codec
import Core
import Foundation
import XCTest

@testable import Signing

final class COSSignatureTests: XCTestCase {
    private func credentials(_ vector: JSONValue) throws -> Credentials {
        Credentials(
            id: try vector.text("secret_id"), secret: Secret(try vector.text("secret_key")),
            token: vector["token"]?.stringValue.map { Secret($0) })
    }

    private func times(_ vector: JSONValue) throws -> (from: Int64, until: Int64) {
        let parts = try vector.text("key_time").split(separator: ";").compactMap { Int64($0) }
        return (parts[0], parts[1])
    }

    private func check(_ stages: COSSignature.Stages, _ vector: JSONValue) throws {
        let name = try vector.text("name")
        XCTAssertEqual(stages.keyTime, try vector.text("key_time"), name)
        XCTAssertEqual(stages.signKey, try vector.text("sign_key"), name)
        XCTAssertEqual(stages.httpString, try vector.text("http_string"), name)
        XCTAssertEqual(stages.httpStringSHA1, try vector.text("http_string_sha1"), name)
        XCTAssertEqual(stages.stringToSign, try vector.text("string_to_sign"), name)
        XCTAssertEqual(stages.signature, try vector.text("signature"), name)
    }

    func testPublishedExamples() throws {
        let vectors = try Vectors.load("tencent_cos").list("published")
        XCTAssertEqual(vectors.count, 2)
        for vector in vectors {
            let time = try times(vector)
            let stages = try COSSignature.stages(
                method: try vector.text("method"), path: try vector.text("path"),
                parameters: try vector.pairs("params"),
                headers: try vector.pairs("headers").map { HTTPHeader($0.name, $0.value) },
                credentials: try credentials(vector), validFrom: time.from, validUntil: time.until)
            try check(stages, vector)
            XCTAssertEqual(stages.signature, try vector.text("published_signature"))
            XCTAssertEqual(stages.headerList, try vector.text("header_list"))
            XCTAssertEqual(stages.parameterList, try vector.text("url_param_list"))
        }
    }

    func testEveryVectorAtEveryStage() throws {
        let vectors = try Vectors.load("tencent_cos").list("vectors")
        XCTAssertEqual(vectors.count, 15)
        for vector in vectors {
            let name = try vector.text("name")
            let time = try times(vector)
            let isHostSigned = try XCTUnwrap(vector["sign_host"]?.boolValue)
            var headers = try vector.pairs("headers").map { HTTPHeader($0.name, $0.value) }
            if isHostSigned { headers.append(HTTPHeader("Host", try vector.text("host"))) }
            let stages = try COSSignature.stages(
                method: try vector.text("method"), path: try vector.text("key"), parameters: try vector.pairs("params"),
                headers: headers, credentials: try credentials(vector), validFrom: time.from, validUntil: time.until)
            try check(stages, vector)
            let result = try vector.text("result")
            if try vector.text("kind") == "presigned-url" {
                let query = try COSSignature.query(
                    method: try vector.text("method"), host: try vector.text("host"), path: try vector.text("key"),
                    parameters: try vector.pairs("params"), credentials: try credentials(vector), validFrom: time.from,
                    validUntil: time.until)
                // The SDK writes a blank as "+", which only form decoders read as one.
                XCTAssertEqual(
                    try vector.text("url") + "?" + query, result.replacingOccurrences(of: "+", with: "%20"), name)
            } else {
                XCTAssertEqual(stages.authorization, result, name)
                guard isHostSigned else { continue }
                let made = HTTPHeaders(
                    try COSSignature.headers(
                        method: try vector.text("method"), host: try vector.text("host"), path: try vector.text("key"),
                        parameters: try vector.pairs("params"),
                        headers: headers.filter { !["Host", "x-cos-security-token"].contains($0.name) },
                        credentials: try credentials(vector), validFrom: time.from, validUntil: time.until))
                XCTAssertEqual(made["authorization"], result, name)
                XCTAssertEqual(made["x-cos-security-token"], vector["token"]?.stringValue, name)
            }
        }
    }

    func testTokenInTheQueryIsSigned() throws {
        let query = try COSSignature.query(
            method: "GET", host: "b.cos.r.myqcloud.com", path: "/k",
            credentials: Credentials(id: "i", secret: Secret("s"), token: Secret("a/b")), validFrom: 1, validUntil: 2)
        XCTAssertTrue(query.contains("&q-url-param-list=x-cos-security-token&"))
        XCTAssertTrue(query.hasSuffix("&x-cos-security-token=a%2Fb"))
    }
}
