internal import Core

/// The form of an answer with status 2xx, judged by its first bytes. The Content-Type is ignored: it is often wrong.
enum AnswerForm: Equatable {
    case needMore
    /// The bytes of the image themselves.
    case image(ImageFormat)
    /// Base64 of an image, from an offset on, inside quotes or not.
    case base64(ImageFormat, start: Int, isQuoted: Bool)
    /// JSON.
    case envelope
    case other

    /// The longest head that is judged. It has room for a data URL's prefix and for blanks.
    static let headLimit = 4096

    /// - atEnd: nothing follows `head`.
    init(_ head: UnsafeRawBufferPointer, mode: Assets.Mode, atEnd: Bool) {
        let isLast = atEnd || head.count >= Self.headLimit
        switch ImageFormat.guess(head) {
        case .format(let format):
            self = .image(format)
            return
        case .unsure:
            if !isLast {
                self = .needMore
                return
            }
        case .none: break
        }
        guard mode == .api else {
            self = .other
            return
        }
        self = Self.text(head, isLast: isLast)
    }

    private static func text(_ head: UnsafeRawBufferPointer, isLast: Bool) -> AnswerForm {
        let undecided = isLast ? AnswerForm.other : .needMore
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if head.count < mark.count, mark.starts(with: head) { return undecided }
        var start = head.starts(with: mark) ? mark.count : 0
        while start < head.count, Base64Decoder.isBlank(head[start]) { start += 1 }
        guard start < head.count else { return undecided }
        if head[start] == UInt8(ascii: "{") { return .envelope }
        let isQuoted = head[start] == UInt8(ascii: "\"")
        if isQuoted { start += 1 }

        switch dataPrefix(head.from(start)) {
        case .none: return undecided
        case .some(nil): return .other
        case .some(let length?): start += length
        }

        let text = head.from(start)
        var decoder = Base64Decoder(isQuoted: isQuoted)
        let image = [UInt8](unsafeUninitializedCapacity: Base64Decoder.room(for: text.count) + 2) { space, count in
            guard let out = UnsafeMutableRawPointer(space.baseAddress) else { return }
            count = decoder.decode(text, into: out)
            if isLast { count += decoder.finish(into: out + count) }
        }
        switch image.withUnsafeBytes({ ImageFormat.guess($0) }) {
        case .format(let format): return .base64(format, start: start, isQuoted: isQuoted)
        case .unsure: return decoder.failure == nil ? undecided : .other
        case .none: return .other
        }
    }

    /// The length of "data:image/png;base64," (0 if it is no data URL), nil inside if it is a data URL without Base64,
    /// nil if more must be seen.
    private static func dataPrefix(_ text: UnsafeRawBufferPointer) -> Int?? {
        let scheme = Array("data:".utf8)
        for index in 0..<min(scheme.count, text.count) where text[index] | 0x20 != scheme[index] | 0x20 {
            return .some(0)
        }
        guard let comma = text.prefix(256).firstIndex(of: UInt8(ascii: ",")) else {
            return text.count < 256 ? .none : .some(nil)
        }
        let prefix = String(decoding: UnsafeRawBufferPointer(rebasing: text[..<comma]), as: UTF8.self).lowercased()
        return prefix.hasSuffix(";base64") ? .some(comma + 1) : .some(nil)
    }
}
