public import CAigc
internal import CPlatform
internal import Codec
internal import Core
internal import CurlTransport
internal import Engine
internal import Providers

@_cdecl("aigc_client_report") @implementation
public func aigc_client_report(
    _ client: OpaquePointer?, _ report: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    report?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let out = try needOut(report, "report")
        let text = client.report().serialized()
        out.pointee = try BufferBox(text: client.secrets.hidden(text) ?? text, doing: "Making a report").handedOut()
    }
}

extension Client {
    /// The settings that this client uses. Sends nothing and waits for nothing.
    fileprivate func report() -> JSONValue {
        let providers = Clouds.requests.map(\.provider).compactMap { engine.provider($0) }.map(report)
        return .object([
            JSONMember(
                "tls",
                .object([
                    JSONMember("ca_file", .optional(network.caFile)), JSONMember("ca_path", .optional(network.caPath)),
                    JSONMember("ca_problem", .optional(network.caProblem)),
                    JSONMember("client_certificate", .optional(network.clientCertificate)),
                    JSONMember("minimum", "1.2"),
                ])),
            JSONMember("providers", .array(providers)),
            JSONMember("journal", .optional(journalPath)),
            JSONMember("configuration", configuration.json),
        ])
    }

    private func report(_ provider: any Provider) -> JSONValue {
        // An empty id: only where the calls go is looked at.
        let place = provider.reference(operation: provider.operations.first?.name ?? "", remoteID: "")
        let url = place.endpoint.saysScheme ? place.endpoint : "https://" + place.endpoint
        return .object([
            JSONMember("provider", .string(provider.name)), JSONMember("endpoint", .string(url)),
            JSONMember("region", .string(place.region)), JSONMember("proxy", .optional(network.proxy(for: url))),
            JSONMember("credentials", engine.credentialNote(of: provider.name).map(Self.report) ?? .null),
            JSONMember("clock", engine.serverDate(of: place.endpoint).flatMap(Self.report) ?? .null),
        ])
    }

    private static func report(_ note: CredentialNote) -> JSONValue {
        .object([
            JSONMember("found_in", .string(note.foundIn)), JSONMember("source", .string(note.source)),
            JSONMember("id", .string(note.id.shortenedID)), JSONMember("temporary", .bool(note.isTemporary)),
            JSONMember("expires_at_ms", .int(note.expiresAtMilliseconds)),
        ])
    }

    /// The header counts whole seconds: half of one is added, and half of one is uncertain.
    private static func report(_ date: ServerDate) -> JSONValue? {
        guard let seconds = DateText.parseHTTPDate(date.text) else { return nil }
        let theirs = seconds * 1_000 + 500  // safe: before the year 10000
        return .object([
            JSONMember("offset_ms", .int(theirs.subtracting(date.arrivedAtMilliseconds))),
            JSONMember("seen_at_ms", .int(date.arrivedAtMilliseconds)),
        ])
    }
}

extension JSONValue {
    fileprivate static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
