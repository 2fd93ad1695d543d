import Codec
import Core
import Providers
import XCTest

/// What is sent, against what the vendors' own clients send and sign.
final class WireTests: XCTestCase {
    private let nonce = "a8f38396f9ab7ae35a451683497ce637"

    private func value(_ json: JSONValue) -> FieldValue {
        switch json {
        case .string(let text): return .string(text)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .bool(let flag): return .bool(flag)
        default: return .json(json.serialized())
        }
    }

    /// From a body of the vendor's back to neutral names, written apart from the tables.
    private func alibabaFields(_ body: JSONValue) throws -> RequestFields {
        let names = [
            "modelId": "model", "prompt": "prompt", "imageNumber": "count", "seed": "seed", "trainSteps": "train_steps",
            "strength": "strength", "name": "name", "objectType": "object_type",
        ]
        var fields = RequestFields()
        for member in body.objectValue ?? [] {
            if member.name == "imageUrl" {
                fields.images = (member.value.arrayValue ?? []).compactMap { $0.stringValue }.map {
                    ImageReference(url: $0)
                }
            } else {
                fields.values[try XCTUnwrap(names[member.name], member.name)] = value(member.value)
            }
        }
        return fields
    }

    private func tencentFields(_ body: JSONValue) throws -> RequestFields {
        let names = [
            "ModelName": "model", "ModelVersion": "model_version", "SceneType": "scene_type", "Prompt": "prompt",
            "NegativePrompt": "negative_prompt", "EnhancePrompt": "enhance_prompt", "OutputImageCount": "count",
            "Operator": "operator_name", "AspectRatio": "aspect_ratio", "Resolution": "resolution",
            "OutputFormat": "output_format", "CosBucketName": "cos_bucket", "CosBucketRegion": "cos_region",
            "CosBucketPath": "cos_path",
        ]
        var fields = RequestFields()
        for member in body.objectValue ?? [] {
            switch member.name {
            case "ImageInfos":
                for image in member.value.arrayValue ?? [] {
                    fields.images.append(
                        ImageReference(
                            url: image["ImageUrl"]?.stringValue ?? "",
                            referenceType: image["ReferenceType"]?.stringValue))
                }
            case "ExtraParameters", "StoreCosParam":
                for inner in member.value.objectValue ?? [] {
                    if inner.name == "LogoAdd" {
                        fields.values["logo_add"] = .bool(inner.value == .int(1))
                    } else {
                        fields.values[try XCTUnwrap(names[inner.name], inner.name)] = value(inner.value)
                    }
                }
            case "AdditionalParameters":
                fields.values["additional_parameters"] = .json(Array((member.value.stringValue ?? "").utf8))
            default: fields.values[try XCTUnwrap(names[member.name], member.name)] = value(member.value)
            }
        }
        return fields
    }

    private func lines(_ request: HTTPRequest) -> [String: String] {
        var found: [String: String] = [:]
        for header in request.headers {
            XCTAssertNil(found[header.name.lowercased()], "twice: \(header.name)")
            found[header.name.lowercased()] = header.value
        }
        return found
    }

    // MARK: - Alibaba

    func testAlibabaRequestsAsTheVendorSendsThem() throws {
        let capture = try Fixtures.vendor("alibaba_wire.json")
        var seen: Set<String> = []
        for sent in capture["requests"]?.arrayValue ?? [] {
            let isTemporary = sent["sts"] == .bool(true)
            var theirs: [String: String] = [:]
            for pair in sent["headers_in_order"]?.arrayValue ?? [] {
                theirs[pair[0]?.stringValue?.lowercased() ?? ""] = pair[1]?.stringValue
            }
            let action = try XCTUnwrap(theirs["x-acs-action"])
            let host = try XCTUnwrap(theirs["host"])
            let provider = try alibaba(AlibabaSettings(endpoint: "http://" + host))
            let path = try XCTUnwrap(sent["path"]?.stringValue)
            let rawQuery = try XCTUnwrap(sent["raw_query"]?.stringValue)
            var query: [(String, String)] = []
            for pair in rawQuery.split(separator: "&") {
                let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map { String($0) }
                let text = parts[1].split(separator: "+", omittingEmptySubsequences: false).joined(separator: " ")
                query.append((parts[0], try XCTUnwrap(Percent.decode(text))))
            }
            let text = try XCTUnwrap(sent["body"]?.stringValue)
            let body = text.isEmpty ? JSONValue.object([]) : try JSONValue.parse(Array(text.utf8))
            func asset(_ operation: String, _ names: [String: String]) throws -> ProviderCall {
                var fields = RequestFields()
                for (name, value) in query { fields.values[try XCTUnwrap(names[name])] = .string(value) }
                guard case .call(let call) = try provider.fetch(operation: operation, fields: fields) else {
                    throw CancellationError()
                }
                return call
            }
            let call: ProviderCall
            switch action {
            case "Personalizedtxt2imgAddInferenceJob":
                call = try provider.submission(operation: "inference", fields: alibabaFields(body))
            case "PersonalizedTextToImageAddInferenceJob":
                call = try provider.submission(operation: "pre_model_inference", fields: alibabaFields(body))
            case "Personalizedtxt2imgQueryInferenceJobInfo":
                call = provider.statusCall(provider.reference(operation: "inference", remoteID: query[0].1))
            case "PersonalizedTextToImageQueryPreModelInferenceJobInfo":
                call = provider.statusCall(provider.reference(operation: "pre_model_inference", remoteID: query[0].1))
            case "PersonalizedTextToImageQueryImageAsset":
                call = try asset(
                    "pre_model_inference_asset", ["imageId": "image_id", "encodeFormat": "encode_format"])
            case "Personalizedtxt2imgQueryImageAsset":
                call = try asset(
                    "inference_asset",
                    [
                        "imageId": "image_id", "encodeFormat": "encode_format", "modelId": "model_id",
                        "promptId": "prompt_id",
                    ])
            case "Personalizedtxt2imgAddModelTrainJob":
                call = try provider.submission(operation: "model_train", fields: alibabaFields(body))
            case "Personalizedtxt2imgQueryModelTrainJobList":
                call = provider.statusCall(provider.reference(operation: "model_train", remoteID: "1"))
            default:
                let json = JSONValue.object(query.map { JSONMember($0.0, .string($0.1)) }).serialized()
                call = try provider.call(action: action, json: json, reads: true)
            }
            seen.insert(action + (isTemporary ? "+" : ""))
            XCTAssertEqual(call.action, action)
            XCTAssertEqual(call.path, path)
            XCTAssertEqual(call.method.rawValue, sent["method"]?.stringValue)
            XCTAssertEqual(call.query.map { $0.name }.sorted(), query.map { $0.0 }.sorted())
            for (name, value) in query { XCTAssertEqual(call.query.first { $0.name == name }?.value, value) }
            if !text.isEmpty {
                XCTAssertEqual(try JSONValue.sorted(call.body), body.sorted)
            } else {
                XCTAssertTrue(call.body.isEmpty)
            }

            let token = theirs["x-acs-security-token"].map { Secret($0) }
            let request = try provider.sign(
                call,
                credentials: Credentials(id: "YourAccessKeyId", secret: Secret("YourAccessKeySecret"), token: token),
                unixSeconds: 1_795_253_486, nonce: nonce)
            var ours = lines(request)
            XCTAssertTrue(request.url.hasPrefix("http://" + host + path))
            // The same lines but for Authorization's set, what belongs to the transport, and who we are.
            for name in [
                "accept-encoding", "host", "content-length", "user-agent", "authorization", "x-acs-date",
                "x-acs-signature-nonce", "x-acs-content-sha256",
            ] {
                theirs[name] = nil
            }
            XCTAssertEqual(ours["user-agent"], "libaigc/1.2.0")
            XCTAssertEqual(ours["x-acs-signature-nonce"], nonce)
            XCTAssertEqual(ours["x-acs-date"], "2026-11-21T09:31:26Z")
            XCTAssertNil(ours["host"])
            for name in ["user-agent", "authorization", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"] {
                XCTAssertNotNil(ours[name], name)
                ours[name] = nil
            }
            XCTAssertEqual(ours, theirs, action)
            if call.method == .get {
                XCTAssertTrue(request.body.isEmpty)
            } else {
                XCTAssertEqual(request.body, call.body)
            }
        }
        XCTAssertEqual(seen.count, 18, "\(seen)")
    }

    func testAlibabaSignaturesAsTheVendorMakesThem() throws {
        var count = 0
        for vector in try Fixtures.vendor("alibaba_acs3.json")["vectors"]?.arrayValue ?? [] {
            guard let action = vector["headers"]?["x-acs-action"]?.stringValue, let host = vector["host"]?.stringValue,
                vector["headers"]?["x-acs-version"]?.stringValue == "20240611",
                let id = vector["credentials"]?["access_key_id"]?.stringValue,
                let secret = vector["credentials"]?["access_key_secret"]?.stringValue,
                let date = vector["x_acs_date"]?.stringValue, let milliseconds = DateText.parseISO8601(date),
                let theirNonce = vector["nonce"]?.stringValue, let path = vector["path"]?.stringValue, !path.isEmpty,
                let method = vector["method"]?.stringValue.flatMap({ HTTPRequest.Method(rawValue: $0) }),
                let source = vector["headers"]?["x-acs-credentials-provider"]?.stringValue
            else { continue }
            // The rest of its headers are those that every call has.
            let known = [
                "host", "x-acs-version", "x-acs-action", "x-acs-date", "x-acs-signature-nonce", "content-type",
                "x-acs-content-sha256", "x-acs-credentials-provider", "x-acs-accesskey-id", "x-acs-security-token",
            ]
            let names = (vector["headers"]?.objectValue ?? []).map { $0.name }
            guard names.allSatisfy({ known.contains($0) }) else { continue }
            if method == .post, !names.contains("content-type") { continue }
            let query = (vector["query"]?.objectValue ?? []).map { (name: $0.name, value: $0.value.stringValue ?? "") }
            let call = ProviderCall(
                kind: .read, provider: "alibaba", action: action, endpoint: host, region: "", method: method,
                path: path,
                query: query, body: Array((vector["body"]?.stringValue ?? "").utf8))
            let token = vector["credentials"]?["security_token"]?.stringValue.map { Secret($0) }
            let request = try alibaba(AlibabaSettings(endpoint: host)).sign(
                call, credentials: Credentials(id: id, secret: Secret(secret), token: token, source: source),
                unixSeconds: milliseconds / 1_000, nonce: theirNonce)
            XCTAssertEqual(
                lines(request)["authorization"], vector["authorization"]?.stringValue, vector["id"]?.stringValue ?? "")
            // The bytes of the query on the wire are the signed ones.
            let canonical = (vector["canonical_request"]?.stringValue ?? "").split(
                separator: "\n", omittingEmptySubsequences: false)
            let sent = request.url.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
            XCTAssertEqual(String(sent), String(canonical[2]))
            count += 1
        }
        XCTAssertGreaterThanOrEqual(count, 30)
    }

    // MARK: - Tencent

    func testTencentBodiesAsTheVendorSendsThem() throws {
        var bodies: [(String, String, [UInt8])] = []
        for vector in try Fixtures.vendor("tencent_tc3.json")["vectors"]?.arrayValue ?? [] {
            let bytes = try XCTUnwrap(vector["body_b64"]?.stringValue.flatMap { Data64.decode($0) })
            bodies.append((vector["name"]?.stringValue ?? "", vector["action"]?.stringValue ?? "", bytes))
        }
        for sent in try Fixtures.vendor("tencent_wire.json")["requests"]?.arrayValue ?? [] {
            bodies.append(
                (
                    sent["label"]?.stringValue ?? "", sent["operation"]?.stringValue ?? "",
                    Array((sent["body"]?.stringValue ?? "").utf8)
                ))
        }
        let provider = try tencent()
        var created = 0
        var described = 0
        for (name, action, bytes) in bodies {
            if name == "create-empty-object" || name.contains("surrogate") { continue }
            let theirs = try JSONValue.parse(bytes)
            let call: ProviderCall
            if action == "CreateAigcImageTask" {
                call = try provider.submission(operation: "aigc_image", fields: tencentFields(theirs))
                created += 1
            } else {
                let id = try XCTUnwrap(theirs["TaskId"]?.stringValue)
                call = provider.statusCall(provider.reference(operation: "aigc_image", remoteID: id))
                described += 1
            }
            XCTAssertEqual(call.action, action)
            XCTAssertEqual(call.method, .post)
            XCTAssertEqual(call.path, "/")
            XCTAssertEqual(try JSONValue.sorted(call.body), theirs.sorted, name)
            if name == "create-minimal-seed-rawutf8" || name == "create-chinese-raw-utf8" || name == "create-emoji-raw"
            {
                XCTAssertEqual(call.body, bytes, "compact form differs: \(name)")
            }
        }
        XCTAssertGreaterThanOrEqual(created, 30)
        XCTAssertGreaterThanOrEqual(described, 5)
    }

    func testTencentSignaturesAsTheVendorMakesThem() throws {
        var count = 0
        for vector in try Fixtures.vendor("tencent_tc3.json")["vectors"]?.arrayValue ?? [] {
            guard vector["unsigned_payload"] == .bool(false), vector["content_type"] == .string("application/json"),
                vector["service"] == .string("mps"), let host = vector["host"]?.stringValue,
                let seconds = vector["timestamp"]?.intValue, let id = vector["secret_id"]?.stringValue,
                let secret = vector["secret_key"]?.stringValue, let action = vector["action"]?.stringValue,
                let body = vector["body_b64"]?.stringValue.flatMap({ Data64.decode($0) })
            else { continue }
            let region = vector["region"]?.stringValue ?? ""
            let language = vector["language"]?.stringValue ?? ""
            let token = vector["token"]?.stringValue
            let provider = try tencent(
                TencentSettings(endpoint: host, region: region, language: language, userAgentSuffix: "host/2 x"))
            let call = ProviderCall(
                kind: .read, provider: "tencent", action: action, endpoint: host, region: region, method: .post,
                path: "/",
                body: body)
            let request = try provider.sign(
                call, credentials: Credentials(id: id, secret: Secret(secret), token: token.map { Secret($0) }),
                unixSeconds: seconds, nonce: nonce)
            var expected = [
                "authorization": vector["authorization"]?.stringValue ?? "", "content-type": "application/json",
                "x-tc-action": action, "x-tc-version": "2019-06-12", "x-tc-timestamp": String(seconds),
                "user-agent": "libaigc/1.2.0 host/2 x",
            ]
            if !region.isEmpty { expected["x-tc-region"] = region }
            if !language.isEmpty { expected["x-tc-language"] = language }
            if let token, !token.isEmpty { expected["x-tc-token"] = token }
            XCTAssertEqual(lines(request), expected, vector["name"]?.stringValue ?? "")
            XCTAssertEqual(request.url, "https://\(host)/")
            XCTAssertEqual(request.body, body)
            count += 1
        }
        XCTAssertGreaterThanOrEqual(count, 37)
    }

    func testPlainHTTPAndPortsAreSignedAsSent() throws {
        let credentials = Credentials(id: "id", secret: Secret("s"))
        for (endpoint, host) in [("http://h:8080", "h:8080"), ("https://h:8443", "h:8443"), ("h:443", "h"), ("h", "h")]
        {
            let provider = try tencent(TencentSettings(endpoint: endpoint))
            let call = provider.statusCall(provider.reference(operation: "aigc_image", remoteID: "1"))
            let request = try provider.sign(call, credentials: credentials, unixSeconds: 1_700_000_000, nonce: nonce)
            // The same as for an official host of that authority: the scheme is no part of it.
            let other = try tencent(TencentSettings(endpoint: host))
            let twin = other.statusCall(other.reference(operation: "aigc_image", remoteID: "1"))
            XCTAssertEqual(
                lines(request)["authorization"],
                lines(try other.sign(twin, credentials: credentials, unixSeconds: 1_700_000_000, nonce: nonce))[
                    "authorization"])
            XCTAssertEqual(request.url, (endpoint.hasPrefix("http://") ? "http://" : "https://") + host + "/")
        }
    }

    // MARK: - Assets

    func testAssetAccess() throws {
        let provider = try alibaba()
        let asset = AssetReference(id: "0000.png", modelID: "girl-1", promptID: "p-1")
        func query(_ access: AssetAccess) -> [String: String]? {
            guard case .call(let call) = access else { return nil }
            XCTAssertEqual(call.kind, .asset)
            XCTAssertEqual(call.method, .get)
            return Dictionary(call.query.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
        }
        let trained = provider.reference(operation: "inference", remoteID: "1")
        let preset = provider.reference(operation: "pre_model_inference", remoteID: "1")
        XCTAssertEqual(
            query(provider.assetAccess(trained, asset)),
            ["imageId": "0000.png", "modelId": "girl-1", "promptId": "p-1"])
        XCTAssertEqual(query(provider.assetAccess(preset, asset)), ["imageId": "0000.png"])
        let encoded = try alibaba(AlibabaSettings(assetEncoding: "base64"))
        XCTAssertEqual(
            query(encoded.assetAccess(preset, asset)), ["imageId": "0000.png", "encodeFormat": "base64"])
        var fields = RequestFields()
        fields.values = ["image_id": .string("0000.png")]
        XCTAssertEqual(
            query(try encoded.fetch(operation: "pre_model_inference_asset", fields: fields)),
            ["imageId": "0000.png", "encodeFormat": "base64"])

        let url = "https://bucket.cos.ap-guangzhou.myqcloud.com/4_1.png?q-sign-time=1;2"
        let other = try tencent()
        let reference = other.reference(operation: "aigc_image", remoteID: "1")
        for access in [
            other.assetAccess(reference, AssetReference(id: url, url: url)),
            provider.assetAccess(trained, AssetReference(id: url, url: url)),
            try { () -> AssetAccess in
                var fields = RequestFields()
                fields.values["url"] = .string(url)
                return try other.fetch(operation: "aigc_image_asset", fields: fields)
            }(),
        ] {
            guard case .url(let text) = access else { return XCTFail("signed") }
            XCTAssertEqual(text, url)
        }
        for text in ["x.png", "file:///etc/passwd", "https://a/b?q-signature=SECRET\u{1}c"] {
            var fields = RequestFields()
            fields.values["url"] = .string(text)
            let failure = try refusal { _ = try other.fetch(operation: "aigc_image_asset", fields: fields) }
            XCTAssertEqual(failure.field, "url")
            XCTAssertFalse(failure.message.contains("SECRET"))
        }
    }

    /// An operation that does not exist leads nowhere, but not into a trap either.
    func testUnknownOperationInReference() throws {
        for provider in [try alibaba(), try tencent()] as [any CheckingProvider] {
            let reference = provider.reference(operation: "nonsense", remoteID: "1")
            _ = provider.statusCall(reference)
            _ = provider.assetAccess(reference, AssetReference(id: "x"))
            XCTAssertThrowsError(try provider.validate(reference))
        }
    }
}
