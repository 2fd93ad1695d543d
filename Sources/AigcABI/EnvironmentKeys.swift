internal import Core
internal import Credentials

/// Keys that the environment sets where the configuration does not: a program that knows nothing of a sandbox then meets
/// one unchanged. The environment of a privileged program counts as empty (`Composition`).
enum EnvironmentKeys {
    static let all: [(variable: String, key: ConfigKey)] = [
        ("AIGC_ALIBABA_ENDPOINT", TextKey.alibabaEndpoint.row),
        ("AIGC_TENCENT_ENDPOINT", TextKey.tencentEndpoint.row),
        ("AIGC_CA_FILE", TextKey.tlsCAFile.row),
        ("AIGC_ALLOW_PRIVATE_ADDRESSES", BoolKey.downloadAllowPrivateAddresses.row),
        ("AIGC_JOURNAL", TextKey.journalPath.row),
    ]

    /// The values with those of the environment. An empty variable sets nothing.
    static func apply(_ environment: [String: String], to values: ConfigValues) throws(Failure) -> ConfigValues {
        var values = values
        for (variable, key) in all {
            guard let text = environment[variable], !text.isEmpty, !values.isSet(key) else { continue }
            guard !ProcessEnvironment.isBroken(text) else {
                throw refused(variable, key, "the value is no UTF-8")
            }
            do throws(Failure) { try values.set(key.name.description, plain(text, key)) } catch {
                throw refused(variable, key, error.message)
            }
        }
        return values
    }

    /// The variable that stands for a key; empty for a key without one.
    static func variable(of key: ConfigKey) -> String {
        all.first { $0.key.name.description == key.name.description }?.variable ?? ""
    }

    private static func plain(_ text: String, _ key: ConfigKey) -> String {
        guard case .bool = key.kind else { return text }
        return text == "1" ? "true" : text == "0" ? "false" : text
    }

    private static func refused(_ variable: String, _ key: ConfigKey, _ why: String) -> Failure {
        Failure(
            .invalidArgument,
            "Making a client: the environment variable \(variable), which stands for \(key.name): \(why)",
            field: key.name.description)
    }
}
