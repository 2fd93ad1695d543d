internal import Assets
internal import CPlatform
internal import Core
internal import Credentials
internal import CurlTransport
internal import Engine
internal import Journal
internal import Providers
internal import Signing

/// Puts a client together: the one place that knows every module.
enum Composition {
    static func client(_ values: ConfigValues) throws(Failure) -> Client {
        let generation = aigcp_generation_enter()
        // A stranger has chosen the environment of a program with rights that he has not.
        let isPrivileged = aigcp_is_privileged() != 0
        let environment = isPrivileged ? [:] : ProcessEnvironment.snapshot()
        let curl = curlSettings(values, environment)
        let network = try NetworkSummary(curl)
        let secrets = KnownSecrets()
        for password in network.passwords { secrets.add(password, lasts: true) }
        let providers: [any Provider] = [
            DiscreetProvider(try AlibabaProvider(alibabaSettings(values)), secrets: secrets),
            DiscreetProvider(try TencentProvider(tencentSettings(values)), secrets: secrets),
        ]
        let closing = Closing()
        let blocking = CurlBlockingTransport(
            curl, aroundSleep: outsideTurns, isCancelled: { closing.hasBegun })
        let sources = try credentialSettings(values)
        var resolvers: [String: any CredentialResolver] = [:]
        for (provider, explicit) in [("alibaba", try alibabaKeys(values)), ("tencent", try tencentKeys(values))] {
            if let explicit { secrets.add(explicit, lasts: true) }
            resolvers[provider] = CredentialChain(
                provider: provider, explicit: explicit,
                context: CredentialContext(
                    environment: environment, transport: blocking, settings: sources, secrets: secrets,
                    homeOfUser: { ProcessEnvironment.homeOfUser(isPrivileged: isPrivileged) },
                    isCancelled: { closing.hasBegun }))
        }
        let transport = try transport(curl)
        let warnings = LateWarnings()
        let journal = try journal(values, warnings)
        let engine: Engine
        do throws(Lock.OutOfMemory) {
            engine = try Engine(
                settings: engineSettings(values), providers: providers, resolvers: resolvers,
                transport: transport, sinks: sinks(values), rates: try ProcessRates.board(generation), journal: journal)
        } catch {
            journal?.close()
            throw Failure(.noResources, "Making a client: out of memory")
        }
        warnings.tell(engine)
        return Client(engine: engine, values: values, closing: closing, network: network, secrets: secrets)
    }

    /// A thread that sleeps is outside its turn: fork() need not wait for it.
    private static let outsideTurns = AroundSleep(before: aigcp_turn_leave, after: aigcp_turn_enter)

    private static func transport(_ settings: CurlSettings) throws(Failure) -> CurlTransport {
        let transport = try CurlTransport(settings)
        aigcp_turn_register()
        transport.setAroundSleep(outsideTurns)
        return transport
    }

    private static func journal(_ values: ConfigValues, _ warnings: LateWarnings) throws(Failure) -> Journal? {
        guard let path = values.optional("journal.path") else { return nil }
        var settings = Journal.Settings(
            path: path, hash: { bytes in (try? Hash.sha256(bytes)) ?? [] }, warn: { warnings.add($0) })
        settings.syncs = values.text("journal.sync") == "full"
        settings.keepMilliseconds = values.integer("journal.keep_ms")
        do throws(Failure) { return try Journal(settings) } catch {
            var failure = error
            failure.field = "journal.path"
            throw failure
        }
    }

    private static func sinks(_ values: ConfigValues) -> AssetSinks {
        AssetSinks(
            overwrite: values.bool("download.overwrite"), maximumBytes: values.integer("download.max_bytes"),
            keepPartial: true, followsUmask: values.text("download.file_mode") == "umask")
    }

    // MARK: - Settings out of keys

    private static func alibabaSettings(_ values: ConfigValues) -> AlibabaSettings {
        AlibabaSettings(
            endpoint: values.optional("alibaba.endpoint"), region: values.text("alibaba.region"),
            network: values.text("alibaba.network"), assetEncoding: values.text("alibaba.asset_encoding"),
            userAgentSuffix: values.text("http.user_agent"))
    }

    private static func tencentSettings(_ values: ConfigValues) -> TencentSettings {
        TencentSettings(
            endpoint: values.optional("tencent.endpoint"), region: values.text("tencent.region"),
            site: TencentSettings.Site(rawValue: values.text("tencent.site")) ?? .mainland,
            usesRegionalHost: values.bool("tencent.regional_host"), language: values.text("tencent.language"),
            cosHosts: values.text("tencent.cos_hosts"), userAgentSuffix: values.text("http.user_agent"))
    }

    private static func alibabaKeys(_ values: ConfigValues) throws(Failure) -> Credentials? {
        try keys(
            values, id: "alibaba.access_key_id", secret: "alibaba.access_key_secret", token: "alibaba.security_token")
    }

    private static func tencentKeys(_ values: ConfigValues) throws(Failure) -> Credentials? {
        try keys(values, id: "tencent.secret_id", secret: "tencent.secret_key", token: "tencent.token")
    }

    /// Id and secret belong together: one alone is a mistake that is better told than passed over.
    private static func keys(
        _ values: ConfigValues, id idKey: String, secret secretKey: String, token tokenKey: String
    ) throws(Failure) -> Credentials? {
        let id = values.optional(idKey)
        let secret = values.secret(secretKey)
        let token = values.secret(tokenKey)
        switch (id, secret) {
        case (let id?, let secret?):
            return Credentials(id: id, secret: secret, token: token, source: token == nil ? "static_ak" : "static_sts")
        case (nil, nil):
            guard token == nil else {
                throw Failure(
                    .invalidArgument, "Making a client: \(tokenKey) is set without \(idKey) and \(secretKey)",
                    field: idKey)
            }
            return nil
        default:
            let missing = id == nil ? idKey : secretKey
            throw Failure(
                .invalidArgument, "Making a client: \(idKey) and \(secretKey) belong together; set \(missing) too",
                field: missing)
        }
    }

    private static func credentialSettings(_ values: ConfigValues) throws(Failure) -> CredentialSettings {
        var settings = CredentialSettings()
        settings.useEnvironment = values.bool("credentials.use_environment")
        settings.useFiles = values.bool("credentials.use_files")
        settings.useMetadata = values.bool("credentials.use_metadata")
        settings.useProcesses = values.bool("credentials.use_processes")
        settings.profile = values.optional("credentials.profile")
        settings.stsEndpoint = values.optional("credentials.sts_endpoint")
        settings.stsRegion = values.optional("credentials.sts_region")
        settings.metadataEndpoint = values.optional("credentials.metadata_endpoint")
        for key in ["credentials.sts_endpoint", "credentials.metadata_endpoint"] {
            guard values.text(key).utf8.contains(UInt8(ascii: "@")) else { continue }
            // Not shown: what stands before the "@" is most likely a password.
            throw Failure(
                .invalidArgument, "Reading \(key): it holds user information; give https://host[:port]", field: key)
        }
        if let arn = values.optional("credentials.role_arn") {
            guard arn.hasPrefix("acs:ram::") || arn.hasPrefix("qcs::cam::") else {
                throw Failure(
                    .invalidArgument,
                    "Making a client: credentials.role_arn is no ARN of a role; give acs:ram::ACCOUNT:role/NAME (Alibaba) "
                        + "or qcs::cam::uin/ACCOUNT:roleName/NAME (Tencent)", field: "credentials.role_arn")
            }
            settings.role = CredentialSettings.Role(
                arn: arn, sessionName: values.optional("credentials.role_session_name") ?? "libaigc",
                durationSeconds: values.integer("credentials.role_duration_s"),
                policy: values.optional("credentials.role_policy"),
                externalID: values.optional("credentials.role_external_id"))
        }
        return settings
    }

    private static func curlSettings(_ values: ConfigValues, _ environment: [String: String]) -> CurlSettings {
        let proxy = values.optional("http.proxy")
        let families: [String: CurlSettings.AddressFamily] = ["ipv4": .ipv4, "ipv6": .ipv6]
        return CurlSettings(
            proxy: proxy == "none" ? "" : proxy, noProxy: values.optional("http.no_proxy"),
            caFile: values.optional("tls.ca_file"), caPath: values.optional("tls.ca_path"),
            clientCertificate: values.optional("tls.client_cert"), clientKey: values.optional("tls.client_key"),
            maxConnectionsPerHost: Int(clamping: values.integer("http.max_in_flight")),
            addressFamily: families[values.text("http.address_family")] ?? .any, allowHTTP2: values.bool("http.http2"),
            allowPrivateAddresses: values.bool("download.allow_private_addresses"), environment: environment)
    }

    private static func engineSettings(_ values: ConfigValues) -> EngineSettings {
        var settings = EngineSettings()
        let backoff = Backoff(
            baseMilliseconds: values.integer("retry.base_ms"), capMilliseconds: values.integer("retry.max_ms"))
        let attempts = Int(clamping: values.integer("retry.max_attempts"))
        settings.jobPolicy.retry = RetryPolicy(maximumAttempts: attempts, backoff: backoff)
        settings.downloadRetry = RetryPolicy(maximumAttempts: attempts, backoff: backoff)
        settings.jobPolicy.polls = PollSchedule(
            initialMilliseconds: values.integer("poll.initial_ms"), maximumMilliseconds: values.integer("poll.max_ms"),
            growthPercent: values.integer("poll.growth_percent"))
        settings.learnsPauses = values.bool("poll.learn")
        settings.jobDeadlineMilliseconds = values.integer("job.deadline_ms")
        settings.downloadDeadlineMilliseconds = values.integer("download.deadline_ms")
        settings.connectTimeoutMilliseconds = values.integer("timeout.connect_ms")
        settings.exchangeTimeoutMilliseconds = values.integer("timeout.exchange_ms")
        settings.submitTimeoutMilliseconds = values.integer("timeout.submit_ms")
        settings.idleTimeoutMilliseconds = values.integer("timeout.idle_ms")
        settings.maximumReplyBytes = Int(clamping: values.integer("http.max_reply_bytes"))
        settings.maximumInFlight = Int(clamping: values.integer("http.max_in_flight"))
        settings.maximumDownloads = Int(clamping: values.integer("download.max_concurrent"))
        settings.progressEvents = values.bool("events.progress")
        settings.logLevel = logLevel(values.text("log.level"))
        settings.logCapacity = Int(clamping: values.integer("log.capacity"))
        settings.rates = rates(values)
        return settings
    }

    private static func logLevel(_ name: String) -> LogLevel {
        LogLevel.allCases.first { $0.name.description == name } ?? .off
    }

    private static func rates(_ values: ConfigValues) -> [String: Double] {
        [
            "tencent/submit": values.double("rate.tencent.create_per_s"),
            "tencent/query": values.double("rate.tencent.describe_per_s"),
            "alibaba/submit": values.double("rate.alibaba.submit_per_s"),
            "alibaba/query": values.double("rate.alibaba.query_per_s"),
        ]
    }
}

/// The rates that all clients of this process share. A forked child starts its own: the parent's lock may be held.
private enum ProcessRates {
    private final class Holder: @unchecked Sendable {
        // Guarded by the process lock, which a fork renews.
        var generation: UInt64 = 0
        var board: RateBoard?
    }

    private static let holder = Holder()

    static func board(_ generation: UInt64) throws(Lock.OutOfMemory) -> RateBoard {
        aigcp_process_lock()
        defer { aigcp_process_unlock() }
        if holder.generation == generation, let board = holder.board { return board }
        let board = try RateBoard()
        holder.board = board
        holder.generation = generation
        return board
    }
}
