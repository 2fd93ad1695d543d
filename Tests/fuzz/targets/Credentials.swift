import Codec
import Core

@testable import Credentials

/// Credential files, commands, metadata services and STS of both clouds, each through its source. What is found is fit
/// for a header and has not ended; what is not found is told in one line without a secret; a signed call stays at home.
let credentialsTarget = Target(name: "credentials", maximumBytes: 2_048) { input in
    var input = input
    let source = input.choice(9)
    let statuses = input.choice(256)
    let file = input.part()
    let world = World(file: withSecrets(file, source), answers: input.parts().map { withSecrets($0, -1) }, statuses)
    var environment = environments[source]
    environment["HOME"] = "/home/user"
    var settings = CredentialSettings()
    settings.useFiles = source < 3
    settings.useMetadata = source == 3 || source == 4
    settings.useEnvironment = !environments[source].isEmpty
    let provider = [1, 4, 6, 8].contains(source) ? "tencent" : "alibaba"
    if source >= 7 {
        settings.role = CredentialSettings.Role(
            arn: provider == "tencent" ? "qcs::cam::uin/1:roleName/r" : "acs:ram::1:role/r", sessionName: "",
            durationSeconds: 0, policy: nil, externalID: nil)
    }
    let context = CredentialContext(
        environment: environment, transport: world, settings: settings, unixMilliseconds: { now }, files: world,
        processes: world)
    let explicit = source >= 7 ? markedCredentials : nil
    let chain = CredentialChain(
        plan: provider == "tencent" ? .tencent : .alibaba, explicit: explicit, context: context)
    let resolution = chain.resolve()
    switch resolution.result {
    case .success(let found):
        for text in [found.id, found.secret.revealed(), found.token?.revealed() ?? "x"] {
            require(!text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }, "a key that is no header value")
        }
        require(found.expiresAtMilliseconds == 0 || found.expiresAtMilliseconds > now, "what has ended")
        requireNoSecret(found.source)
    case .failure(let failure):
        requirePresentable(failure)
    }
    for warning in resolution.warnings { requirePresentable(warning) }
    if let words = String(validating: file, as: UTF8.self).flatMap(ShellWords.split) {
        // Each in quotes is the same word again.
        let quoted = words.map { word in
            "'"
                + word.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
        }.joined(separator: " ")
        requireEqual(ShellWords.split(quoted), words, "split and quoted")
    }
}

private let now: Int64 = 1_767_225_600_000

private let environments: [[String: String]] = [
    ["ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "ALIBABA_CLOUD_CREDENTIALS_FILE": "/named"],
    [:],
    [:],
    [:],
    [:],
    [
        "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/p",
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/token",
    ],
    [
        "TKE_REGION": "ap-guangzhou", "TKE_PROVIDER_ID": "p", "TKE_WEB_IDENTITY_TOKEN_FILE": "/token",
        "TKE_ROLE_ARN": "qcs::cam::uin/1:roleName/r",
    ],
    [:],
    [:],
]

/// The marker behind names of secrets: in JSON by name, in INI as lines of their own at the end.
private func withSecrets(_ bytes: [UInt8], _ source: Int) -> [UInt8] {
    if let json = try? JSONValue.parse(bytes) { return marked(json).serialized() }
    switch source {
    case 0: return bytes + Array("\n[default]\naccess_key_secret = \(marker)\n".utf8)
    case 1: return bytes + Array("\n[default]\nsecret_key = \(marker)\ntoken: \(marker)\n".utf8)
    default: return bytes
    }
}

/// Files, servers and commands that say what the input says.
private final class World: BlockingTransport, CredentialFiles, CredentialProcesses, @unchecked Sendable {
    // One run uses it, on one thread.
    private let file: [UInt8]
    private var answers: ArraySlice<[UInt8]>
    private let statuses: Int
    private var asked = 0

    init(file: [UInt8], answers: [[UInt8]], _ statuses: Int) {
        self.file = file
        self.answers = answers[...]
        self.statuses = statuses
    }

    func exchange(_ request: HTTPRequest, options: TransferOptions) -> TransferResult {
        guard let place = place(request.url) else {
            return .failed(TransferFailure(.badURL, requestMayHaveLeft: false, detail: "no URL"))
        }
        for header in request.headers {
            require(!header.value.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a header of several lines")
        }
        let isMetadata = place.scheme == "http"
        let homes = [".aliyuncs.com", ".tencentcloudapi.com"]
        require(
            isMetadata
                ? ["100.100.100.200", "metadata.tencentyun.com"].contains(place.host)
                : homes.contains { place.host.hasSuffix($0) },
            "a stranger is asked: \(request.url)")
        // A metadata service is asked by the words that it gave itself, whatever they are.
        if isMetadata {
            require(options.bypassProxy, "a metadata service behind a proxy")
        } else {
            requireNoSecret(request.url)
        }
        defer { asked += 1 }
        switch statuses >> (asked * 2 % 8) & 3 {
        case 1: return .reply(HTTPReply(status: 404, body: answers.popFirst() ?? []))
        case 2: return .reply(HTTPReply(status: 500, body: answers.popFirst() ?? []))
        default:
            guard let answer = answers.popFirst() else {
                return .failed(TransferFailure(.connect, requestMayHaveLeft: false, detail: "nobody"))
            }
            return .reply(HTTPReply(status: 200, body: answer))
        }
    }

    func read(_ path: String, maximumBytes: Int) -> Result<CredentialFile, CredentialFileFault> {
        path.hasSuffix("config.json") && !file.starts(with: [UInt8(ascii: "{")])
            ? .failure(.missing) : .success(CredentialFile(bytes: file, isReadableByAll: true))
    }

    func run(
        _ arguments: [String], environment: [String: String], timeoutMilliseconds: Int64, maximumBytes: Int,
        isWhole: ([UInt8]) -> Bool, isCancelled: @Sendable () -> Bool
    ) throws(CredentialUnavailable) -> [UInt8] {
        require(!arguments.isEmpty, "a command of no words")
        return answers.popFirst() ?? []
    }
}
