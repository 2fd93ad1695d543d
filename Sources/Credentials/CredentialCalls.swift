internal import Codec
internal import Core

/// HTTP for sources: what goes wrong becomes one clause without a secret.
extension CredentialContext {
    /// To a metadata service: link-local, plain, never through a proxy, and quick to give up.
    var metadataOptions: TransferOptions {
        TransferOptions(
            bypassProxy: true, connectTimeoutMilliseconds: settings.metadataTimeoutMilliseconds,
            exchangeTimeoutMilliseconds: settings.metadataTimeoutMilliseconds &* 2,
            idleTimeoutMilliseconds: settings.metadataTimeoutMilliseconds, maximumReplyBytes: 65_536)
    }

    /// To STS or a credentials URI. What travels in clear goes past the proxy, which would read it.
    func options(for url: String) -> TransferOptions {
        TransferOptions(
            bypassProxy: !url.lowercased().hasPrefix("https://"),
            connectTimeoutMilliseconds: settings.connectTimeoutMilliseconds,
            exchangeTimeoutMilliseconds: settings.exchangeTimeoutMilliseconds,
            idleTimeoutMilliseconds: settings.exchangeTimeoutMilliseconds, maximumReplyBytes: 262_144)
    }

    /// The answer, whatever its status.
    func exchange(
        _ request: HTTPRequest, _ options: TransferOptions, _ server: String
    ) throws(CredentialUnavailable) -> HTTPReply {
        if isCancelled() { throw CredentialUnavailable(.transient, "the client is closing") }
        switch transport.exchange(request, options: options) {
        case .reply(let reply): return reply
        case .failed(let failure):
            let isMetadata = options == metadataOptions
            switch failure.kind {
            case .resolve, .connect, .timeout, .proxy:
                throw CredentialUnavailable(
                    isMetadata ? .nobody : .transient, "\(server) does not answer (\(failure.detail))")
            case .tls, .addressRefused, .badURL:
                throw CredentialUnavailable(.wrong, "\(server) cannot be reached (\(failure.detail))")
            default: throw CredentialUnavailable(.transient, "\(server): \(failure.detail)")
            }
        }
    }

    /// The answer of a server that is to say 200 and JSON. `isMade`: it is made for this call, and in no cache.
    func json(
        _ request: HTTPRequest, _ options: TransferOptions, _ server: String, isMade: Bool = false
    ) throws(CredentialUnavailable) -> JSONValue {
        let reply = try exchange(request, options, server)
        if isMade, reply.headers["age"] != nil {
            throw CredentialUnavailable(
                .transient, "the answer of \(server) comes from a cache, and may be somebody else's")
        }
        let value = try? JSONValue.parse(reply.body)
        guard reply.status == 200 else {
            // Alibaba throttles with HTTP 400 and a code: that is no word about the credentials.
            let isThrottled = value?["Code"]?.stringValue?.lowercased().hasPrefix("throttling") == true
            throw CredentialUnavailable(
                isThrottled ? .transient : Self.kind(reply.status),
                "\(server) answered HTTP \(reply.status)\(Self.code(value?["Code"]))", isOfServer: true)
        }
        return try Self.json(reply.body, server)
    }

    /// An answer with keys: of two keys nobody can know which account is to pay.
    static func json(_ body: [UInt8], _ server: String) throws(CredentialUnavailable) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parseOnce(body)
        } catch {
            throw CredentialUnavailable(.transient, "\(server) answered no JSON that can be used: it is \(error)")
        }
    }

    /// A redirect comes from a machine in between, or from a service that moves: neither refuses the credentials.
    static func kind(_ status: Int) -> CredentialUnavailable.Kind {
        status >= 500 || (300..<400).contains(status) || status == 429 || status == 408 ? .transient : .wrong
    }

    /// " (Forbidden.RAM)": only what looks like a code is repeated; messages may echo what was sent.
    static func code(_ value: JSONValue?) -> String {
        guard let text = value?.stringValue, !text.isEmpty, text.utf8.count <= 80,
            text.utf8.allSatisfy({ Percent.isUnreserved($0) })
        else { return "" }
        return " (\(text))"
    }

    /// Unix milliseconds of an expiry that has to be there: temporary credentials without one would never be renewed.
    static func expiry(_ value: JSONValue?, _ server: String) throws(CredentialUnavailable) -> Int64 {
        guard let text = value?.stringValue, let end = DateText.parseISO8601(text) else {
            throw CredentialUnavailable(.transient, "\(server) did not say when they end")
        }
        return end
    }

    static func expiry(unixSeconds value: JSONValue?, _ server: String) throws(CredentialUnavailable) -> Int64 {
        guard let seconds = value?.intValue, seconds > 0, seconds < 253_402_300_800 else {
            throw CredentialUnavailable(.transient, "\(server) did not say when they end")
        }
        return seconds * 1000  // safe: before the year 10000
    }

    /// A credential file that is there. Tells when everybody can read it.
    func secretFile(_ path: String) throws(CredentialUnavailable) -> [UInt8] {
        switch files.read(path, maximumBytes: 1 << 20) {
        case .success(let file):
            if file.isReadableByAll {
                warnings.add("\(path) can be read by every user of this machine: chmod 600 it")
            }
            return file.bytes
        case .failure(.missing): throw CredentialUnavailable(.absent, "there is no \(path)")
        case .failure(.unreadable(let why)): throw CredentialUnavailable(.wrong, "\(path) cannot be read: \(why)")
        }
    }

    /// A credential file that a variable names: it has to be there.
    func namedFile(_ path: String, by name: String) throws(CredentialUnavailable) -> [UInt8] {
        do throws(CredentialUnavailable) {
            return try secretFile(path)
        } catch {
            throw CredentialUnavailable(.wrong, "\(name) names a file that cannot be used: \(error.reason)")
        }
    }

    private func ini(
        _ bytes: [UInt8], _ path: String, names: [String], hashCutsValues: Bool
    ) throws(CredentialUnavailable) -> INIFile {
        guard !bytes.allSatisfy({ $0 <= 0x20 }) else { throw CredentialUnavailable(.wrong, "\(path) is empty") }
        guard let file = INIFile(bytes, names: names, hashCutsValues: hashCutsValues) else {
            throw CredentialUnavailable(.wrong, "\(path) is no INI file in UTF-8")
        }
        return file
    }

    /// The keys of such names in a section of such a file; nil where there is no such section.
    func section(
        _ name: String, of bytes: [UInt8], _ path: String, names: [String], hashCutsValues: Bool
    ) throws(CredentialUnavailable) -> [String: String]? {
        let section = try ini(bytes, path, names: names, hashCutsValues: hashCutsValues)[name]
        if let fault = section?.fault {
            throw CredentialUnavailable(
                .wrong, "\(path) cannot be used: \(fault); remove one, so that it is certain which account pays")
        }
        return section?.values
    }

    /// An identity token, read anew each time: its issuer replaces it.
    func tokenFile(_ path: String) throws(CredentialUnavailable) -> String {
        switch files.read(path, maximumBytes: 65_536) {
        case .success(let file):
            var bytes = file.bytes.drop { $0 <= 0x20 }
            while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
            guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty,
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw CredentialUnavailable(.wrong, "the token file \(path) is empty or holds no token") }
            secrets.add(text)
            return text
        case .failure(.missing): throw CredentialUnavailable(.wrong, "there is no token file \(path)")
        case .failure(.unreadable(let why)):
            throw CredentialUnavailable(.wrong, "the token file \(path) cannot be read: \(why)")
        }
    }

    /// "https://host" of a setting that may have a scheme, a trailing slash, both or neither.
    static func base(_ endpoint: String, scheme: String) -> String {
        let given = endpoint.saysScheme ? endpoint : "\(scheme)://\(endpoint)"
        // What is no URL stays as it is: the transport refuses it, and says so.
        var text = WebURL(given)?.text ?? given
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    /// The host, with its port, of a URL that `base` made.
    static func host(_ base: String) -> String { WebURL(base)?.authority ?? base }
}
