internal import Codec
internal import Core

/// The role of an ECS instance, from its metadata service: with a session token (v2), without where that is not offered
/// and not forbidden (v1).
struct AlibabaMetadataSource: CredentialSource {
    let name = "ECS instance role"
    var refreshAheadMilliseconds: Int64 { RefreshAhead.alibabaMetadata }
    /// Who names its role has set it up.
    func whatIsSet(_ context: CredentialContext) -> String? {
        context.variable("ALIBABA_CLOUD_ECS_METADATA").map {
            "ALIBABA_CLOUD_ECS_METADATA names the role \($0.shown(limit: 60))"
        }
    }

    func isProbe(_ context: CredentialContext) -> Bool { context.variable("ALIBABA_CLOUD_ECS_METADATA") == nil }
    /// nil: the environment's, or the one that the service names.
    var roleName: String?
    var providerName = "default/ecs_ram_role"

    private static let server = "the ECS metadata service"
    private static let path = "/latest/meta-data/ram/security-credentials/"

    func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
        guard context.settings.useMetadata else {
            throw CredentialUnavailable(.absent, "switched off by the configuration")
        }
        guard !(try context.flag("ALIBABA_CLOUD_ECS_METADATA_DISABLED")) else {
            throw CredentialUnavailable(.absent, "ALIBABA_CLOUD_ECS_METADATA_DISABLED is true")
        }
        let base = CredentialContext.base(
            context.settings.metadataEndpoint ?? "http://100.100.100.200", scheme: "http")
        let allowsV1 = !(try context.flag("ALIBABA_CLOUD_IMDSV1_DISABLED"))
        let token = try session(base, context, allowsV1: allowsV1)
        let given = roleName.flatMap { $0.isEmpty ? nil : $0 } ?? context.variable("ALIBABA_CLOUD_ECS_METADATA")
        let role: String
        if let given {
            role = given
        } else {
            let reply = try get(base + Self.path, token, context, allowsV1: allowsV1)
            guard reply.status == 200 else {
                throw CredentialUnavailable(
                    reply.status == 404 ? .absent : CredentialContext.kind(reply.status),
                    reply.status == 404
                        ? "the instance has no role" : "\(Self.server) answered HTTP \(reply.status) for the role",
                    isOfServer: true)
            }
            role = try MetadataText.firstLine(reply.body, Self.server)
        }
        do throws(CredentialUnavailable) {
            return try keys(of: role, base, token, context, allowsV1: allowsV1)
        } catch {
            throw error.ofNamedRole
        }
    }

    private func keys(
        of role: String, _ base: String, _ token: String?, _ context: CredentialContext, allowsV1: Bool
    ) throws(CredentialUnavailable) -> Credentials {
        let reply = try get(base + Self.path + Percent.encode(role), token, context, allowsV1: allowsV1)
        guard reply.status == 200 else {
            throw CredentialUnavailable(
                CredentialContext.kind(reply.status),
                "\(Self.server) answered HTTP \(reply.status) for the role's keys",
                isOfServer: true)
        }
        let answer = try CredentialContext.json(reply.body, Self.server)
        guard ASCIIText.saysNoError(answer["Code"]?.stringValue ?? "") else {
            throw CredentialUnavailable(
                .transient, "\(Self.server) refused\(CredentialContext.code(answer["Code"]))")
        }
        return try AlibabaSTS.temporary(answer, context, server: Self.server, source: providerName)
    }

    /// The session token of v2; nil leaves v1.
    private func session(
        _ base: String, _ context: CredentialContext, allowsV1: Bool
    ) throws(CredentialUnavailable) -> String? {
        let request = HTTPRequest(
            method: .put, url: base + "/latest/api/token",
            headers: [HTTPHeader("X-aliyun-ecs-metadata-token-ttl-seconds", "21600")])
        do throws(CredentialUnavailable) {
            let reply = try context.exchange(request, context.metadataOptions, Self.server)
            if reply.status == 200 { return try MetadataText.firstLine(reply.body, Self.server) }
            throw CredentialUnavailable(
                CredentialContext.kind(reply.status),
                "\(Self.server) answered HTTP \(reply.status) for a session token",
                isOfServer: true)
        } catch {
            // Where nobody answers v2 nobody answers v1 either: the second wait is spared.
            if allowsV1 && error.kind != .nobody { return nil }
            throw error
        }
    }

    private func get(
        _ url: String, _ token: String?, _ context: CredentialContext, allowsV1: Bool
    ) throws(CredentialUnavailable) -> HTTPReply {
        var request = HTTPRequest(method: .get, url: url)
        if let token {
            request.headers = [HTTPHeader("X-aliyun-ecs-metadata-token", token)]
            do throws(CredentialUnavailable) {
                let reply = try context.exchange(request, context.metadataOptions, Self.server)
                if reply.status == 200 || reply.status == 404 || !allowsV1 { return reply }
            } catch {
                guard allowsV1, error.kind != .nobody else { throw error }
            }
            request.headers = []
        }
        return try context.exchange(request, context.metadataOptions, Self.server)
    }
}

/// Short texts of metadata services.
enum MetadataText {
    /// The first line: the name of a role or a token, fit for a URL or a header.
    static func firstLine(_ body: [UInt8], _ server: String) throws(CredentialUnavailable) -> String {
        let line = body.prefix { $0 != 0x0A && $0 != 0x0D }
        // Keys, or a page, in the place of a name: the answer to another call, or of another server.
        let isText = line.contains { "{}[]<>\"\\".utf8.contains($0) }
        guard !line.isEmpty, line.count <= 1024, !isText, line.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CredentialUnavailable(.transient, "\(server) answered something unexpected")
        }
        return String(decoding: line, as: UTF8.self)
    }
}
