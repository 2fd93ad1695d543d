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
    static func client(_ configured: ConfigValues, of clouds: [Cloud] = Cloud.all) throws(Failure) -> Client {
        let generation = aigcp_generation_enter()
        // A stranger has chosen the environment of a program with rights that he has not.
        let isPrivileged = aigcp_is_privileged() != 0
        let environment = isPrivileged ? [:] : ProcessEnvironment.snapshot()
        let configuration = try Configuration(configured, environment: environment, isPrivileged: isPrivileged)
        let values = configuration.values
        let curl = curlSettings(values, environment)
        let network = try NetworkSummary(curl)
        let secrets = KnownSecrets()
        for password in network.passwords { secrets.add(password, lasts: true) }
        var providers: [any Provider] = []
        for cloud in clouds { providers.append(DiscreetProvider(try cloud.make(values), secrets: secrets)) }
        let closing = Closing()
        let blocking = CurlBlockingTransport(
            curl, aroundSleep: outsideGateAndTurns, isCancelled: { closing.hasBegun })
        let sources = try credentialSettings(values, clouds)
        var resolvers: [String: any CredentialResolver] = [:]
        for cloud in clouds {
            let explicit = try cloud.explicitCredentials(values)
            if let explicit { secrets.add(explicit, lasts: true) }
            resolvers[cloud.name] = CredentialChain(
                plan: cloud.credentials, explicit: explicit,
                context: CredentialContext(
                    environment: environment, transport: blocking, settings: sources, secrets: secrets,
                    homeOfUser: { ProcessEnvironment.homeOfUser(isPrivileged: isPrivileged) },
                    isCancelled: { closing.hasBegun }))
        }
        let transport = try transport(curl)
        let warnings = LateWarnings()
        let journal = try journal(values, warnings)
        let registry: RateRegistry
        do throws(Failure) { registry = try rateRegistry(values, generation, warnings) } catch {
            journal?.close()
            throw error
        }
        let engine: Engine
        do throws(Lock.OutOfMemory) {
            engine = try Engine(
                settings: engineSettings(values, clouds), providers: providers, resolvers: resolvers,
                transport: transport, sinks: sinks(values), rates: registry, journal: journal)
        } catch {
            journal?.close()
            throw Failure(.noResources, "Making a client: out of memory")
        }
        warnings.tell(engine)
        return Client(
            engine: engine, configuration: configuration, closing: closing, network: network, secrets: secrets)
    }

    /// What `client` would use; makes nothing. The configuration file is read also where no profile is asked for.
    static func configuration(_ configured: ConfigValues) throws(Failure) -> Configuration {
        let isPrivileged = aigcp_is_privileged() != 0
        return try Configuration(
            configured, environment: isPrivileged ? [:] : ProcessEnvironment.snapshot(), isPrivileged: isPrivileged,
            lists: true)
    }

    /// A thread that sleeps is outside its turn: fork() need not wait for it.
    private static let outsideTurns = AroundSleep(before: aigcp_turn_leave, after: aigcp_turn_enter)

    /// A helper is outside the gate, too: exit() need not wait for the network. It may sleep for good at the gate, and then
    /// stands in no fork's way.
    private static let outsideGateAndTurns = AroundSleep(
        before: {
            aigcp_gate_leave()
            aigcp_turn_leave()
        },
        after: {
            aigcp_gate_enter()
            aigcp_turn_enter()
        })

    private static func transport(_ settings: CurlSettings) throws(Failure) -> CurlTransport {
        let transport = try CurlTransport(settings)
        aigcp_turn_register()
        transport.setAroundSleep(outsideTurns)
        return transport
    }

    private static func journal(_ values: ConfigValues, _ warnings: LateWarnings) throws(Failure) -> Journal? {
        guard let path = values.optional(.journalPath) else { return nil }
        var settings = Journal.Settings(
            path: path, hash: { bytes in (try? Hash.sha256(bytes)) ?? [] }, warn: { warnings.add($0) })
        settings.syncs = values[.journalSync] == "full"
        settings.keepMilliseconds = values[.journalKeepMilliseconds]
        do throws(Failure) { return try Journal(settings) } catch {
            var failure = error
            failure.field = "journal.path"
            throw failure
        }
    }

    private static func rateRegistry(
        _ values: ConfigValues, _ generation: UInt64, _ warnings: LateWarnings
    ) throws(Failure) -> RateRegistry {
        if let path = values.optional(.ratePath) {
            do throws(Failure) { return try ProcessRates.registry(generation, path == "none" ? "" : path) } catch {
                var failure = error
                failure.field = "rate.path"
                throw failure
            }
        }
        guard let folder = values.optional(.journalPath) else { return try ProcessRates.registry(generation, "") }
        do throws(Failure) { return try ProcessRates.registry(generation, folder + "/rates") } catch {
            // Nobody has asked for the file: a client without it is better than none.
            warnings.add(FolderWarning("\(error.message). Each process keeps its own rates meanwhile"))
            return try ProcessRates.registry(generation, "")
        }
    }

    private static func sinks(_ values: ConfigValues) -> AssetSinks {
        AssetSinks(
            overwrite: values[.downloadOverwrite], maximumBytes: values[.downloadMaxBytes],
            keepPartial: true, followsUmask: values[.downloadFileMode] == "umask")
    }

    // MARK: - Settings out of keys

    private static func credentialSettings(
        _ values: ConfigValues, _ clouds: [Cloud]
    ) throws(Failure) -> CredentialSettings {
        var settings = CredentialSettings()
        settings.useEnvironment = values[.credentialsUseEnvironment]
        settings.useFiles = values[.credentialsUseFiles]
        settings.useMetadata = values[.credentialsUseMetadata]
        settings.useProcesses = values[.credentialsUseProcesses]
        settings.profile = values.optional(.credentialsProfile)
        settings.stsEndpoint = values.optional(.credentialsSTSEndpoint)
        settings.stsRegion = values.optional(.credentialsSTSRegion)
        settings.metadataEndpoint = values.optional(.credentialsMetadataEndpoint)
        for cloud in clouds where values.isSetToNothing(cloud.keys.id) {
            settings.emptyKeys[cloud.name] = cloud.keys.id.row.name.description
        }
        for key in [TextKey.credentialsSTSEndpoint, .credentialsMetadataEndpoint] {
            guard let given = values.optional(key) else { continue }
            // A "/" behind the host says nothing.
            let text = given.saysScheme && given.hasSuffix("/") ? String(given.dropLast()) : given
            _ = try Endpoint(parsing: text, key: key.row.name.description)
        }
        if let arn = values.optional(.credentialsRoleARN) {
            guard clouds.contains(where: { arn.hasPrefix($0.credentials.rolePrefix) }) else {
                let forms = clouds.map(\.credentials.roleForm).joined(separator: " or ")
                throw Failure(
                    .invalidArgument, "Making a client: credentials.role_arn is no ARN of a role; give \(forms)",
                    field: "credentials.role_arn")
            }
            settings.role = CredentialSettings.Role(
                arn: arn, sessionName: values.optional(.credentialsRoleSessionName) ?? "libaigc",
                durationSeconds: values[.credentialsRoleDurationSeconds],
                policy: values.optional(.credentialsRolePolicy),
                externalID: values.optional(.credentialsRoleExternalID))
        }
        return settings
    }

    private static func curlSettings(_ values: ConfigValues, _ environment: [String: String]) -> CurlSettings {
        let proxy = values.optional(.httpProxy)
        let families: [String: CurlSettings.AddressFamily] = ["ipv4": .ipv4, "ipv6": .ipv6]
        return CurlSettings(
            proxy: proxy == "none" ? "" : proxy, noProxy: values.optional(.httpNoProxy),
            caFile: values.optional(.tlsCAFile), caPath: values.optional(.tlsCAPath),
            clientCertificate: values.optional(.tlsClientCert), clientKey: values.optional(.tlsClientKey),
            maxConnectionsPerHost: Int(clamping: values[.httpMaxInFlight]),
            addressFamily: families[values[.httpAddressFamily]] ?? .any, allowHTTP2: values[.httpHTTP2],
            allowPrivateAddresses: values[.downloadAllowPrivateAddresses], environment: environment)
    }

    /// Tries of a download without progress, unless the host sets a number.
    private static let downloadTries = 6

    private static func engineSettings(_ values: ConfigValues, _ clouds: [Cloud]) -> EngineSettings {
        var settings = EngineSettings()
        let backoff = Backoff(
            baseMilliseconds: values[.retryBaseMilliseconds], capMilliseconds: values[.retryMaxMilliseconds])
        let attempts = Int(clamping: values[.retryMaxAttempts])
        settings.jobPolicy.retry = RetryPolicy(maximumAttempts: attempts, backoff: backoff)
        // A host that answers every try with a damaged image would keep a download until its deadline.
        settings.downloadRetry = RetryPolicy(
            maximumAttempts: attempts == 0 ? downloadTries : attempts, backoff: backoff)
        settings.jobPolicy.polls = PollSchedule(
            initialMilliseconds: values[.pollInitialMilliseconds], maximumMilliseconds: values[.pollMaxMilliseconds],
            growthPercent: values[.pollGrowthPercent])
        settings.learnsPauses = values[.pollLearn]
        settings.downloadDeadlineMilliseconds = values[.downloadDeadlineMilliseconds]
        settings.connectTimeoutMilliseconds = values[.timeoutConnectMilliseconds]
        settings.exchangeTimeoutMilliseconds = values[.timeoutExchangeMilliseconds]
        settings.submitTimeoutMilliseconds = values[.timeoutSubmitMilliseconds]
        settings.idleTimeoutMilliseconds = values[.timeoutIdleMilliseconds]
        settings.maximumReplyBytes = Int(clamping: values[.httpMaxReplyBytes])
        settings.maximumInFlight = Int(clamping: values[.httpMaxInFlight])
        settings.maximumDownloads = Int(clamping: values[.downloadMaxConcurrent])
        settings.maximumTasks = Int(clamping: values[.jobMaxConcurrent])
        settings.maximumFollowed = Int(clamping: values[.jobMaxFollowed])
        settings.progressEvents = values[.eventsProgress]
        settings.logLevel = logLevel(values[.logLevel])
        settings.logCapacity = Int(clamping: values[.logCapacity])
        settings.rates = rates(values, clouds)
        return settings
    }

    private static func logLevel(_ name: String) -> LogLevel {
        LogLevel.allCases.first { $0.name.description == name } ?? .off
    }

    private static func rates(_ values: ConfigValues, _ clouds: [Cloud]) -> [String: Double] {
        var rates: [String: Double] = [:]
        for cloud in clouds {
            for (kind, key) in cloud.rates { rates["\(cloud.name)/\(kind)"] = values[key] }
        }
        return rates
    }
}

/// The rates that all clients of this process share, one registry for each file. A forked child starts its own: the parent's
/// lock may be held.
private enum ProcessRates {
    private final class Holder: @unchecked Sendable {
        // Guarded by the process lock, which a fork renews.
        var generation: UInt64 = 0
        var registries: [String: RateRegistry] = [:]
    }

    private static let holder = Holder()

    /// - path: of the file; empty: none.
    static func registry(_ generation: UInt64, _ path: String) throws(Failure) -> RateRegistry {
        aigcp_process_lock()
        defer { aigcp_process_unlock() }
        if holder.generation != generation {
            holder.generation = generation
            holder.registries = [:]
        }
        if let registry = holder.registries[path] { return registry }
        let registry = try make(path)
        holder.registries[path] = registry
        return registry
    }

    private static func make(_ path: String) throws(Failure) -> RateRegistry {
        let file =
            path.isEmpty
            ? nil
            : try RateFile(path, hash: { (try? Hash.sha256($0)) ?? [] }, networkName: { LocalDisk.networkName($0) })
        do throws(Lock.OutOfMemory) { return try RateRegistry(file: file) } catch {
            throw Failure(.noResources, "Making a client: out of memory")
        }
    }
}
