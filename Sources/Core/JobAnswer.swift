/// The provider's state of a job, reduced to what the machine needs.
public enum RemoteState: Equatable, Sendable {
    case pending
    /// Also for every word that is not in the provider's table.
    case running
    case succeeded
    case failed(Failure)
}

/// The answer to a submission or a status call.
public struct JobAnswer: Equatable, Sendable {
    private struct Parts: Sendable {
        var remoteID: String
        var state: RemoteState
        var providerState: String
        var stateIsUnknown = false
        var progress: Double?
        var assets: [AssetReference]
        var lacksAssets: Bool
        var warning: String?
        var assetsExpireAtMilliseconds: Int64 = 0
        var resultID: String?
        var requestID: String?
        var response: [UInt8]
    }

    /// Kept apart: an answer is passed on many times, and hardly ever changed.
    private var parts: Apart<Parts>

    /// Empty in a status answer that does not repeat the id.
    public var remoteID: String {
        get { parts.value.remoteID }
        set { parts.value.remoteID = newValue }
    }
    public var state: RemoteState {
        get { parts.value.state }
        set { parts.value.state = newValue }
    }
    /// The provider's own word for the state; empty if it sent none (a Tencent submission).
    public var providerState: String {
        get { parts.value.providerState }
        set { parts.value.providerState = newValue }
    }
    /// Whether `providerState` is a word that says nothing to this library: the job counts as running, and may have ended.
    public var stateIsUnknown: Bool {
        get { parts.value.stateIsUnknown }
        set { parts.value.stateIsUnknown = newValue }
    }
    /// 0...1, or nil.
    public var progress: Double? {
        get { parts.value.progress }
        set { parts.value.progress = newValue }
    }
    public var assets: [AssetReference] {
        get { parts.value.assets }
        set { parts.value.assets = newValue }
    }
    /// The provider calls the job finished but lists no image (yet). `state` is then `running`, so that nobody hands on a
    /// success without images; a machine may give up after a few such answers instead of waiting for the deadline.
    public var lacksAssets: Bool {
        get { parts.value.lacksAssets }
        set { parts.value.lacksAssets = newValue }
    }
    /// The parts of the answer that were left out as unusable, in words; nil if there are none.
    public var warning: String? {
        get { parts.value.warning }
        set { parts.value.warning = newValue }
    }
    /// When the images of this job end at the provider, Unix milliseconds, known from the first answer that calls it
    /// finished; 0 is unknown. The earliest of several answers counts.
    public var assetsExpireAtMilliseconds: Int64 {
        get { parts.value.assetsExpireAtMilliseconds }
        set { parts.value.assetsExpireAtMilliseconds = newValue }
    }
    /// The id of a result that is no image: a trained model.
    public var resultID: String? {
        get { parts.value.resultID }
        set { parts.value.resultID = newValue }
    }
    public var requestID: String? {
        get { parts.value.requestID }
        set { parts.value.requestID = newValue }
    }
    /// The answer as received, JSON.
    public var response: [UInt8] {
        get { parts.value.response }
        set { parts.value.response = newValue }
    }

    public init(
        remoteID: String = "", state: RemoteState, providerState: String = "", progress: Double? = nil,
        assets: [AssetReference] = [], lacksAssets: Bool = false, requestID: String? = nil, response: [UInt8] = []
    ) {
        parts = Apart(
            Parts(
                remoteID: remoteID, state: state, providerState: providerState, progress: progress, assets: assets,
                lacksAssets: lacksAssets, requestID: requestID, response: response))
    }

    public static func == (a: JobAnswer, b: JobAnswer) -> Bool {
        a.remoteID.isSame(as: b.remoteID) && a.state == b.state && a.providerState.isSame(as: b.providerState)
            && a.stateIsUnknown == b.stateIsUnknown
            && a.progress == b.progress && a.assets == b.assets && a.lacksAssets == b.lacksAssets
            && a.warning.isSame(as: b.warning) && a.assetsExpireAtMilliseconds == b.assetsExpireAtMilliseconds
            && a.resultID.isSame(as: b.resultID) && a.requestID.isSame(as: b.requestID) && a.response == b.response
    }
}
