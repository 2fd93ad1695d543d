internal import Codec
internal import Core

/// The command that a profile of mode External names. It prints credentials as JSON.
enum ExternalCommand {
    /// Temporary credentials without an end are asked for again after this long.
    private static let lifeWithoutExpiration: Int64 = 10 * 60_000

    static func fetch(
        _ command: String, _ place: String, _ context: CredentialContext, source: String
    ) throws(CredentialUnavailable) -> Credentials {
        guard context.settings.useProcesses else {
            throw CredentialUnavailable(.wrong, "commands \(place) are switched off by the configuration")
        }
        guard let arguments = ShellWords.split(command), !arguments.isEmpty else {
            throw CredentialUnavailable(.wrong, "the process_command \(place) has an open quote or is empty")
        }
        let what = "the command \(place)"
        let output: [UInt8]
        do throws(CredentialUnavailable) {
            output = try context.processes.run(
                arguments, environment: context.environment.filter { !ProcessEnvironment.isBroken($0.value) },
                timeoutMilliseconds: context.settings.processTimeoutMilliseconds, maximumBytes: 65_536,
                isWhole: { (try? JSONValue.parseOnce(Array($0.withoutMark))) != nil }, isCancelled: context.isCancelled)
        } catch {
            throw CredentialUnavailable(error.kind, "\(what) \(error.reason)")
        }
        let answer: JSONValue
        do throws(JSONError) {
            answer = try JSONValue.parseOnce(Array(output.withoutMark))
        } catch {
            throw CredentialUnavailable(.wrong, "the output of \(what) is \(error)")
        }
        let token = answer["sts_token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if answer["mode"]?.stringValue == "StsToken" && token == nil {
            throw CredentialUnavailable(.wrong, "\(what) printed no sts_token")
        }
        var end: Int64 = 0
        if let text = answer["expiration"]?.stringValue, !text.isEmpty {
            guard let parsed = DateText.parseISO8601(text) else {
                throw CredentialUnavailable(.wrong, "\(what) printed an expiration that is no date")
            }
            end = parsed
        } else if token != nil {
            end = context.unixMilliseconds() &+ lifeWithoutExpiration
        }
        return try Checked.credentials(
            context, id: answer["access_key_id"]?.stringValue, secret: answer["access_key_secret"]?.stringValue,
            token: token,
            expiresAtMilliseconds: end, source: source,
            named: ("access_key_id of \(what)", "access_key_secret of \(what)", "sts_token of \(what)"))
    }
}

/// Splits a command line as a POSIX shell does, without variables, globs or anything that runs.
enum ShellWords {
    /// nil for an open quote or a backslash at the end.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var quote: Unicode.Scalar?
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch (quote, scalar) {
            case ("'", "'"), ("\"", "\""): quote = nil
            case ("\"", "\\"):
                guard let next = scalars.next() else { return nil }
                // Inside double quotes a backslash only guards these two; POSIX adds $ and `, which mean nothing here.
                if next != "\"" && next != "\\" { word.unicodeScalars.append(scalar) }
                word.unicodeScalars.append(next)
            case (.some, _): word.unicodeScalars.append(scalar)
            case (nil, "'"), (nil, "\""):
                quote = scalar
                isInWord = true
            case (nil, "\\"):
                guard let next = scalars.next() else { return nil }
                word.unicodeScalars.append(next)
                isInWord = true
            case (nil, " "), (nil, "\t"), (nil, "\n"), (nil, "\r"):
                if isInWord { words.append(word) }
                word = ""
                isInWord = false
            default:
                word.unicodeScalars.append(scalar)
                isInWord = true
            }
        }
        if quote != nil { return nil }
        if isInWord { words.append(word) }
        return words
    }
}
