internal import CAigc
internal import Codec
internal import Core
internal import Glibc

/// What aigc_buffer points to.
final class BufferBox: HandleBox {
    let bytes: AssetBytes
    let contentType: UnsafeMutablePointer<CChar>?

    init(_ bytes: AssetBytes, contentType: String) {
        self.bytes = bytes
        self.contentType = copied(contentType)
    }

    convenience init(json: JSONValue, doing: String) throws(Failure) {
        try self.init(text: json.serialized(), doing: doing)
    }

    convenience init(text: [UInt8], contentType: String = "application/json", doing: String) throws(Failure) {
        guard let copy = malloc(max(text.count, 1)) else { throw Failure(.noResources, "\(doing): out of memory") }
        text.withUnsafeBytes { if let base = $0.baseAddress { copy.copyMemory(from: base, byteCount: $0.count) } }
        self.init(AssetBytes(base: copy, count: text.count) { free($0) }, contentType: contentType)
    }

    deinit { free(contentType) }
}

@_cdecl("aigc_buffer_data") @implementation
public func aigc_buffer_data(_ buffer: OpaquePointer?) -> UnsafeRawPointer? {
    inTurn {
        BufferBox.at(buffer).map { UnsafeRawPointer($0.bytes.base) }
    }
}

@_cdecl("aigc_buffer_size") @implementation
public func aigc_buffer_size(_ buffer: OpaquePointer?) -> Int { inTurn { BufferBox.at(buffer)?.bytes.count ?? 0 } }

@_cdecl("aigc_buffer_content_type") @implementation
public func aigc_buffer_content_type(_ buffer: OpaquePointer?) -> UnsafePointer<CChar>? {
    inTurn {
        BufferBox.at(buffer)?.contentType.map { UnsafePointer($0) }
    }
}

@_cdecl("aigc_buffer_free") @implementation
public func aigc_buffer_free(_ buffer: OpaquePointer?) { inTurn { BufferBox.release(buffer) } }
