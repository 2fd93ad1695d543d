/// W3C Trace Context of the host's own tracing, sent as two headers with the calls about a job. Checked, so that
/// nothing else can be smuggled into a header line.
public struct TraceContext: Equatable, Sendable {
    /// "00-<trace id>-<parent id>-<flags>".
    public let parent: String
    /// Vendors' own part; may be empty.
    public let state: String

    /// What the recommendation lets a sender shorten from.
    private static let longestState = 512

    public init(parent: String, state: String) throws(Failure) {
        guard Self.isParent(parent) else {
            throw Failure(
                .invalidArgument,
                "Setting a trace context: \"traceparent\" is not of the form 00-<32 hex digits>-<16 hex digits>-<2 hex "
                    + "digits>, in lower case and with ids that are not zero", field: "traceparent")
        }
        try Self.check(state: state)
        self.parent = parent
        self.state = state
    }

    public static func check(state: String) throws(Failure) {
        guard state.utf8.count <= longestState, state.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw Failure(
                .invalidArgument,
                "Setting a trace context: \"tracestate\" is longer than \(longestState) bytes or not printable ASCII",
                field: "tracestate")
        }
    }

    /// The trace's own id, for logs.
    public var traceID: Substring { parent.dropFirst(3).prefix(32) }

    public var headers: [HTTPHeader] {
        var lines = [HTTPHeader("traceparent", parent)]
        if !state.isEmpty { lines.append(HTTPHeader("tracestate", state)) }
        return lines
    }

    private static func isParent(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        // Version 00 has exactly these parts; a later one may have more behind them.
        guard bytes.count == 55 || (bytes.count > 55 && bytes.count <= 256 && bytes[55] == UInt8(ascii: "-")) else {
            return false
        }
        let dashes: Set<Int> = [2, 35, 52]
        for (index, byte) in bytes.prefix(55).enumerated() {
            let isHex = (48...57).contains(byte) || (97...102).contains(byte)
            guard dashes.contains(index) ? byte == UInt8(ascii: "-") : isHex else { return false }
        }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        let version = bytes[..<2]
        if version.elementsEqual("ff".utf8) { return false }
        if version.elementsEqual("00".utf8), bytes.count != 55 { return false }
        let zero = UInt8(ascii: "0")
        // safe: at least 55 bytes
        return !bytes[3..<35].allSatisfy { $0 == zero } && !bytes[36..<52].allSatisfy { $0 == zero }
    }
}
