/// A field value as the caller gave it. JSON text has been checked to be JSON when it was set.
public enum FieldValue: Equatable, Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case json([UInt8])

    public static func == (a: FieldValue, b: FieldValue) -> Bool {
        switch (a, b) {
        case (.string(let a), .string(let b)): a.isSame(as: b)
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.bool(let a), .bool(let b)): a == b
        case (.json(let a), .json(let b)): a == b
        case (.string, _), (.int, _), (.double, _), (.bool, _), (.json, _): false
        }
    }
}

public struct ImageReference: Equatable, Sendable {
    public var url: String
    public var referenceType: String?

    public init(url: String, referenceType: String? = nil) {
        self.url = url
        self.referenceType = referenceType
    }

    public static func == (a: ImageReference, b: ImageReference) -> Bool {
        a.url.isSame(as: b.url) && a.referenceType.isSame(as: b.referenceType)
    }
}

/// The fields of a request. Their names and types have already been checked against the operation.
public struct RequestFields: Equatable, Sendable {
    public var values: [String: FieldValue] = [:]
    public var images: [ImageReference] = []
    /// Body fields by the provider's own dotted names, JSON text, in the order they were set.
    public var bodyOverrides: [(path: String, json: [UInt8])] = []
    /// Whether to refuse values that are certainly a mistake, or that the field's text excludes.
    public var checksValues = true

    public init() {}

    /// With room for so many values, which then share one piece of memory.
    public init(capacity: Int) { values = Dictionary(minimumCapacity: capacity) }

    /// What decides how long a job takes, beside its operation: model, version and resolution; each at most 64 bytes.
    public var variant: String {
        var text = part("model")
        let version = part("model_version")
        let resolution = part("resolution")
        if version.isEmpty, resolution.isEmpty { return text }
        text += "\t"
        text += version
        if resolution.isEmpty { return text }
        text += "\t"
        text += resolution
        return text
    }

    private func part(_ name: String) -> String {
        guard case .string(let value)? = values[name] else { return "" }
        return value.utf8.count <= 64 ? value : String(value.unicodeScalars.prefix(16))
    }

    public static func == (a: RequestFields, b: RequestFields) -> Bool {
        a.values == b.values && a.checksValues == b.checksValues && a.images == b.images
            && a.bodyOverrides.count == b.bodyOverrides.count
            && zip(a.bodyOverrides, b.bodyOverrides).allSatisfy { $0.path.isSame(as: $1.path) && $0.json == $1.json }
    }
}
