internal import Codec
internal import Core
internal import Signing

extension ProviderCall {
    /// The same for the same request, whenever and from wherever it is sent: without host, date, nonce and signature.
    func digest() throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 + body.count)
        // Each part behind its length, so that no two calls are one text.
        func add(_ part: String) {
            bytes += String(part.utf8.count).utf8
            bytes.append(UInt8(ascii: ":"))
            bytes += part.utf8
        }
        for part in [provider, action, region, path] { add(part) }
        for item in query {
            add(item.name)
            add(item.value)
        }
        bytes.append(0)
        bytes += body
        return try Hash.sha256(bytes)
    }
}

extension RequestFields {
    /// The same request without the signatures of its image URLs: what a journal compares, so that a URL that is signed
    /// anew is the same picture. Nil if no URL has one.
    func unsigned() -> RequestFields? {
        var fields = self
        var isChanged = false
        for (place, image) in images.enumerated() {
            guard let url = URLSignature.unsigned(image.url) else { continue }
            fields.images[place].url = url
            isChanged = true
        }
        for (name, value) in values {
            guard case .json(let text) = value, let json = Self.unsigned(text) else { continue }
            fields.values[name] = .json(json)
            isChanged = true
        }
        for (place, entry) in bodyOverrides.enumerated() {
            guard let json = Self.unsigned(entry.json) else { continue }
            fields.bodyOverrides[place].json = json
            isChanged = true
        }
        return isChanged ? fields : nil
    }

    private static func unsigned(_ json: [UInt8]) -> [UInt8]? {
        guard json.contains(UInt8(ascii: "?")), let value = try? JSONValue.parse(json) else { return nil }
        return unsigned(value)?.serialized()
    }

    private static func unsigned(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .string(let text): return URLSignature.unsigned(text).map { .string($0) }
        case .array(let entries):
            let found = entries.map(unsigned)
            if found.allSatisfy({ $0 == nil }) { return nil }
            return .array(zip(entries, found).map { $1 ?? $0 })
        case .object(let members):
            let found = members.map { unsigned($0.value) }
            if found.allSatisfy({ $0 == nil }) { return nil }
            return .object(zip(members, found).map { JSONMember($0.name, $1 ?? $0.value) })
        default: return nil
        }
    }
}
