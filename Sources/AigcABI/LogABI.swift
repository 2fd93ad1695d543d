internal import CAigc
internal import Codec
internal import Core

extension LogLevel {
    var name: StaticString {
        switch self {
        case .off: "off"
        case .error: "error"
        case .warning: "warning"
        case .info: "info"
        case .debug: "debug"
        }
    }
}

extension LogRecord {
    /// Everything that varies, as one JSON object on one line.
    var json: String {
        var members = [JSONMember("at_ms", .int(atMilliseconds))]
        if !provider.isEmpty { members.append(JSONMember("provider", .string(provider))) }
        if job != 0 { members.append(JSONMember("job", .int(Int64(clamping: job)))) }
        for (name, value) in fields { members.append(JSONMember(name.description, Self.json(value))) }
        return String(decoding: JSONValue.object(members).serialized(), as: UTF8.self)
    }

    private static func json(_ value: Value) -> JSONValue {
        switch value {
        case .text(let text): .string(text.shown(limit: ErrorBox.maximumBytes))
        case .number(let number): .int(number)
        case .status(let status): .string(status.entry.name.description)
        case .state(let state): .string(state.name.description)
        }
    }
}
