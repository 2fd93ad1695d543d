internal import CAigc
internal import Codec
internal import Core
internal import CurlTransport
internal import Signing

@_cdecl("aigc_version_number") @implementation
public func aigc_version_number() -> Int32 {
    Int32(AIGC_VERSION_MAJOR) * 1_000_000 + Int32(AIGC_VERSION_MINOR) * 1_000 + Int32(AIGC_VERSION_PATCH)
}

@_cdecl("aigc_version_string") @implementation
public func aigc_version_string() -> UnsafePointer<CChar>? { inTurn { Build.version } }

@_cdecl("aigc_build_info") @implementation
public func aigc_build_info() -> UnsafePointer<CChar>? { inTurn { Build.info } }

/// Text that is made at the first call and never freed.
private enum Build {
    nonisolated(unsafe) static let version = lasting(
        "\(AIGC_VERSION_MAJOR).\(AIGC_VERSION_MINOR).\(AIGC_VERSION_PATCH)")

    nonisolated(unsafe) static let info: Text = {
        let members: [JSONMember] = [
            JSONMember(name: "libaigc", value: .string(String(cString: version))),
            JSONMember(name: "libcurl", value: .string(CurlVersion.curl)),
            JSONMember(name: "tls", value: .string(CurlVersion.tls)),
            JSONMember(name: "openssl", value: .string(CryptoVersion.openssl)),
            JSONMember(name: "jansson", value: .string(JSONVersion.jansson)),
        ]
        return lasting(String(decoding: JSONValue.object(members).serialized(), as: UTF8.self))
    }()
}
