import CAigc
import Core
import Glibc

@testable import AigcABI

/// Configuration, through the C functions: lines of a key and a value, then a client. What was taken is given back; a
/// secret is not; what is refused is told in one line.
let configTarget = Target(name: "config", maximumBytes: 1_024) { input in
    var input = input
    // A client costs a hundred times what a key costs.
    let makesClient = input.choice(8) == 0
    var config: OpaquePointer?
    guard aigc_config_new(&config, nil) == Status.ok.rawValue else { return }
    defer { aigc_config_free(config) }
    for line in input.bytes.split(separator: UInt8(ascii: "\n")).prefix(32) {
        let pair = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = pair.first, let value = pair.last, pair.count == 2 else { continue }
        // Looking for the nearest key takes long: once is enough.
        guard set(config, key, value) else { break }
    }
    guard makesClient else { return }
    var client: OpaquePointer?
    var error: OpaquePointer?
    if aigc_client_new(config, &client, &error) != Status.ok.rawValue { told(error) }
    aigc_client_free(client)
}

private func set(_ config: OpaquePointer?, _ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Bool {
    var error: OpaquePointer?
    guard let name = String(validating: key.prefix { $0 != 0 }, as: UTF8.self) else { return true }
    let key = cString(key)
    let row = ConfigKey.all.first { $0.name.description == name }
    let isSecret = row?.isSecret == true
    let given = isSecret ? Array(marker.utf8CString) : cString(value)
    guard aigc_config_set(config, key, given, &error) == Status.ok.rawValue else {
        told(error)
        return false
    }
    let shown = aigc_config_get(config, key).map { String(cString: $0) }
    requireEqual(
        shown, isSecret ? nil : String(validating: value.prefix { $0 != 0 }, as: UTF8.self),
        "what \(name) gives back")
    return true
}

private func told(_ error: OpaquePointer?) {
    guard let text = aigc_error_message(error) else {
        require(false, "a failure without a message")
        return
    }
    requirePresentable(String(cString: text))
    aigc_error_free(error)
}
