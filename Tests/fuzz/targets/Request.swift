import CAigc
import Codec
import Core
import Glibc

@testable import AigcABI
@testable import Providers

/// Requests, through the C functions: names and JSON. What is taken stands in the body under its wire name; the body is
/// JSON; a call by name is signed for the URL that is sent.
let requestTarget = Target(name: "request", maximumBytes: 2_048) { input in
    var input = input
    let isAlibaba = input.choice(2) == 0
    let operation = input.pick(isAlibaba ? alibabaOperations : tencentOperations)
    var request: OpaquePointer?
    guard
        aigc_request_new(isAlibaba ? "alibaba" : "tencent", operation, &request, nil) == Status.ok.rawValue,
        let box = RequestBox.at(request)
    else { return }
    defer { aigc_request_free(request) }
    let parts = input.parts()
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
        set(request, parts[index], parts[index + 1])
    }
    let provider: any Provider = isAlibaba ? standardAlibaba : standardTencent
    do throws(Failure) {
        let call = try provider.submission(operation: operation, fields: box.fields)
        guard let body = try? JSONValue.parse(call.body) else {
            require(false, "a body that is no JSON: \(String(decoding: call.body, as: UTF8.self))")
            return
        }
        require(body.objectValue != nil, "a body that is no object")
        holds(body, box.fields)
        sign(call, provider)
    } catch {
        told(error)
    }
    if let name = parts.first.flatMap({ String(validating: $0, as: UTF8.self) }) {
        byName(name, parts.dropFirst().first, provider)
    }
}

private let alibabaOperations = standardAlibaba.operations.map { $0.name }
private let tencentOperations = standardTencent.operations.map { $0.name }

/// The last of equal and overlapping paths wins, hence only the last is looked for.
private func holds(_ body: JSONValue, _ fields: RequestFields) {
    guard let last = fields.bodyOverrides.last, let value = try? JSONValue.parse(last.json) else { return }
    let path = last.path.split(separator: ".").map { String($0) }
    requireEqual(body.member(at: path[...]), value, "what stands under \(last.path)")
}

/// By the function that the first byte of the value chooses.
private func set(_ request: OpaquePointer?, _ name: [UInt8], _ value: [UInt8]) {
    let text = cString(value)
    let name = cString(name)
    let number = value.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    var error: OpaquePointer?
    switch value.first ?? 0 {
    case 0...15: aigc_request_set_int(request, name, number, &error)
    case 16...31: aigc_request_set_double(request, name, Double(bitPattern: UInt64(bitPattern: number)), &error)
    case UInt8(ascii: "a")...UInt8(ascii: "g"): aigc_request_set_string(request, name, text, &error)
    case UInt8(ascii: "h"): aigc_request_add_image_url(request, text, nil, &error)
    case UInt8(ascii: "o"): aigc_request_set_option(request, name, Array(text.dropFirst()), &error)
    default: aigc_request_set_json(request, name, text, &error)
    }
    if let message = aigc_error_message(error) { told(String(cString: message)) }
    aigc_error_free(error)
}

private func byName(_ action: String, _ json: [UInt8]?, _ provider: any Provider) {
    for reads in [true, false] {
        do throws(Failure) {
            let call = try provider.call(action: action, json: json, reads: reads)
            require(call.isDirect && (call.kind == .read) == reads, "another kind of call")
            sign(call, provider)
        } catch {
            told(error)
        }
    }
}

private func sign(_ call: ProviderCall, _ provider: any Provider) {
    do throws(Failure) {
        let request = try provider.sign(
            call, credentials: markedCredentials, unixSeconds: 1_795_252_765,
            nonce: "0123456789abcdef0123456789abcdef")
        requireAtHome(request, provider.name)
        requireNoSecret(request.url)
        requireEqual(request.body, call.body, "what is signed and what is sent")
    } catch {
        told(error)
    }
}

private func told(_ failure: Failure) { told(failure.message) }

/// What the caller gave may be repeated to the caller, line ends and all; a secret of the library may not.
private func told(_ message: String) {
    require(!message.isEmpty, "a failure without a message")
    requireNoSecret(message)
}
