/// One image of a finished job.
public struct AssetReference: Equatable, Sendable {
    /// The provider's id (Alibaba) or the URL (Tencent).
    public var id: String
    /// Where the provider gives URLs.
    public var url: String?
    /// Further ids that the asset call needs (Alibaba trained models: model and prompt).
    public var modelID: String?
    public var promptID: String?
    /// Unix milliseconds; 0 is unknown.
    public var expiresAtMilliseconds: Int64
    /// How many entries of the provider's list were left out before this one. Each answer may leave out other
    /// entries: the place in the provider's list finds an image again.
    public var leftOutBefore: Int32 = 0
    /// The image is in the caller's own bucket and stays there: no answer about the job says when it ends.
    public var stays = false

    public func place(at index: Int) -> Int { index.addingReportingOverflow(Int(leftOutBefore)).partialValue }

    public init(
        id: String, url: String? = nil, modelID: String? = nil, promptID: String? = nil,
        expiresAtMilliseconds: Int64 = 0
    ) {
        self.id = id
        self.url = url
        self.modelID = modelID
        self.promptID = promptID
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }

    public static func == (a: AssetReference, b: AssetReference) -> Bool {
        a.id.isSame(as: b.id) && a.url.isSame(as: b.url) && a.modelID.isSame(as: b.modelID)
            && a.promptID.isSame(as: b.promptID) && a.expiresAtMilliseconds == b.expiresAtMilliseconds
            && a.leftOutBefore == b.leftOutBefore && a.stays == b.stays
    }
}

/// The way to fetch an image.
public enum AssetAccess: Sendable {
    /// A signed call of the provider's API that answers with the image, raw or Base64.
    case call(ProviderCall)
    /// A plain URL. It never gets a credential or a signature.
    case url(String)
    /// A plain object of a private store, at a host that the caller has named: as `url`, but signed by this call.
    case store(ProviderCall, url: String)

    /// The URL of a plain object, signed or not.
    public var url: String? {
        switch self {
        case .call: return nil
        case .url(let url), .store(_, let url): return url
        }
    }

    /// Names the image across processes; a `.part` must match this name to be continued. It is hashed and never shown.
    public var object: String {
        switch self {
        case .url(let url), .store(_, let url): return WebURL(url)?.objectIdentity ?? url
        case .call(let call):
            return call.endpoint + call.path + "?" + call.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        }
    }
}
