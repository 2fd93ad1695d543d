/// A provider operation, as the caller sees it.
public struct OperationDescription: Sendable {
    public enum Kind: String, Sendable {
        case submit
        case fetch
    }

    /// This library's name, such as "aigc_image".
    public let name: String
    public let kind: Kind
    /// The provider's name of the call, such as "CreateAigcImageTask".
    public let wireName: String
    public let fields: [FieldDescription]

    public init(name: String, kind: Kind, wireName: String, fields: [FieldDescription]) {
        self.name = name
        self.kind = kind
        self.wireName = wireName
        self.fields = fields
    }
}

/// A request field: one row of the table that checks requests, encodes them and documents them.
public struct FieldDescription: Sendable {
    public enum ValueType: String, Sendable {
        case string, int, double, bool, json
        case imageURL = "image_url"
    }

    public let name: String
    public let type: ValueType
    public let isRequired: Bool
    public let wireName: String
    public let text: String

    public init(name: String, type: ValueType, isRequired: Bool = false, wireName: String, text: String) {
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.wireName = wireName
        self.text = text
    }
}
