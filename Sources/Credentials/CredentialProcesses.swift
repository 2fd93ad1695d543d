internal import Glibc

/// Runs the commands that some profiles name.
public protocol CredentialProcesses: Sendable {
    /// Runs a program without a shell, with nothing on its standard input, and returns what it printed. Once the program
    /// has ended, nobody waits for more than a whole output, though a process that it started keeps the output open. The
    /// reason of a failure completes "the command ...".
    func run(
        _ arguments: [String], environment: [String: String], timeoutMilliseconds: Int64, maximumBytes: Int,
        isWhole: ([UInt8]) -> Bool, isCancelled: @Sendable () -> Bool
    ) throws(CredentialUnavailable) -> [UInt8]
}

/// Child processes: own process group, default signals, no inherited descriptor, killed at the time limit, reaped by
/// its id alone so that the host's other children are left to the host. What a command that has ended leaves behind, as an
/// agent, keeps running.
public struct LocalProcesses: CredentialProcesses {
    public init() {}

    public func run(
        _ arguments: [String], environment: [String: String], timeoutMilliseconds: Int64, maximumBytes: Int,
        isWhole: ([UInt8]) -> Bool, isCancelled: @Sendable () -> Bool
    ) throws(CredentialUnavailable) -> [UInt8] {
        var ends: [Int32] = [-1, -1]
        let code = Self.makePipe(&ends)
        guard code == 0 else {
            throw CredentialUnavailable(.transient, "could not be started: \(LocalFiles.text(code))")
        }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        defer { close(readEnd) }
        let child: pid_t
        do throws(CredentialUnavailable) {
            child = try Self.spawn(arguments, environment, output: writeEnd)
            close(writeEnd)
        } catch {
            close(writeEnd)
            throw error
        }
        let deadline = Self.monotonic() &+ max(0, timeoutMilliseconds)
        var output: [UInt8] = []
        var failure: CredentialUnavailable?
        var ending = Ending.none
        reading: while true {
            switch Self.readSome(readEnd, &output) {
            case .ended: break reading
            case .some: break
            case .nothing:
                // What it wrote before its end is read first: the first look that finds the end does not judge.
                if case .seen(let status) = ending, status != 0 || isWhole(output) { break reading }
                if case .none = ending { ending = Self.ending(of: child) }
                if Self.monotonic() >= deadline {
                    failure = CredentialUnavailable(.transient, Self.tooLong(ending, timeoutMilliseconds))
                } else if isCancelled() {
                    failure = CredentialUnavailable(.transient, "was ended because the client is closing")
                }
            }
            if output.count > maximumBytes {
                failure = CredentialUnavailable(.wrong, "printed more than \(maximumBytes) bytes")
            }
            if failure != nil { break }
        }
        let status: Int32
        if case .seen(let known) = ending {
            status = known
        } else {
            if failure != nil { Self.end(child) }
            status = Self.reap(child, deadline: failure == nil ? deadline : .min)
        }
        if let failure { throw failure }
        if status == 0 { return output }
        if status & 0x7F == 0 {
            throw CredentialUnavailable(.wrong, "ended with exit status \(status >> 8 & 0xFF)")
        }
        throw CredentialUnavailable(.transient, "was ended by signal \(status & 0x7F)")
    }

    // Two functions of the C library that the Swift module does not show. The first is everywhere, the second came with
    // glibc 2.34; without it the child inherits what the host has left open across exec.
    private typealias Pipe2 = @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32
    private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    private static let pipe2 = dlsym(nil, "pipe2").map {
        unsafeBitCast($0, to: Pipe2.self)  // safe: its documented type
    }
    private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: CloseFrom.self)  // safe: its documented type
    }

    /// Close-on-exec has to be there at once, or a child that the host starts meanwhile holds the other end open.
    /// 0 or errno, which is read before anything else can change it.
    private static func makePipe(_ ends: inout [Int32]) -> Int32 {
        let failed = ends.withUnsafeMutableBufferPointer { ends -> Int32 in
            guard let base = ends.baseAddress else { return EINVAL }
            if let pipe2 { return pipe2(base, O_CLOEXEC) == 0 ? 0 : errno }
            return pipe(base) == 0 ? 0 : errno
        }
        if failed == 0 && pipe2 == nil { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        return failed
    }

    private enum Piece { case some, nothing, ended }

    /// Waits up to a tenth of a second for output.
    private static func readSome(_ descriptor: Int32, _ output: inout [UInt8]) -> Piece {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 100) > 0 else { return .nothing }
        var piece = [UInt8](repeating: 0, count: 8192)
        let (count, code) = piece.withUnsafeMutableBytes { piece in
            let count = read(descriptor, piece.baseAddress, piece.count)
            return (count, count < 0 ? errno : 0)
        }
        if count > 0 {
            output.append(contentsOf: piece.prefix(count))
            return .some
        }
        return code == EINTR ? .nothing : .ended
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String: String], output: Int32
    ) throws(CredentialUnavailable) -> pid_t {
        guard let program = arguments.first, !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw CredentialUnavailable(.wrong, "names no program")
        }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else {
            throw CredentialUnavailable(.transient, "could not be started: out of memory")
        }
        defer { posix_spawn_file_actions_destroy(&actions) }
        guard posix_spawnattr_init(&attributes) == 0 else {
            throw CredentialUnavailable(.transient, "could not be started: out of memory")
        }
        defer { posix_spawnattr_destroy(&attributes) }
        // The pipe first: where the host has closed its standard streams it may sit at 0 or 2.
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        _ = Self.closeFrom?(&actions, 3)
        // This thread blocks every signal and the host may ignore some: the child starts as from a shell.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            argv.forEach { free($0) }
            envp.forEach { free($0) }
        }
        var child: pid_t = 0
        // The environment that the host had when it made the client, and not what it has now, says where programs are.
        var code = ENOENT
        for file in Self.places(of: program, environment["PATH"]) {
            let now = posix_spawn(&child, file, &actions, &attributes, &argv, &envp)
            if now == 0 || code != EACCES { code = now }
            if now != ENOENT && now != ENOTDIR && now != EACCES { break }
        }
        guard code == 0 else {
            let why = code == ENOENT ? "the program does not exist" : LocalFiles.text(code)
            throw CredentialUnavailable(
                code == ENOMEM || code == EAGAIN ? .transient : .wrong, "could not be started: \(why)")
        }
        return child
    }

    /// The files that a name can mean, in their order.
    static func places(of program: String, _ path: String?) -> [String] {
        if program.utf8.contains(UInt8(ascii: "/")) { return [program] }
        if program.isEmpty { return [] }
        return (path ?? "/usr/local/bin:/usr/bin:/bin").utf8
            .split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "./\(program)" : "\(Substring($0))/\(program)" }
    }

    private static func end(_ child: pid_t) {
        kill(-child, SIGKILL)
        kill(child, SIGKILL)
    }

    /// Whether the command has ended, and with which wait status. Its id is nobody's any more.
    private enum Ending {
        case none
        case seen(Int32)
    }

    /// 0 if the host has reaped the child or ignores SIGCHLD: what the child printed decides.
    private static func ending(of child: pid_t, options: Int32 = WNOHANG) -> Ending {
        var status: Int32 = 0
        while true {
            let reaped = waitpid(child, &status, options)
            let code = reaped < 0 ? errno : 0
            if reaped == child { return .seen(status) }
            if reaped == 0 { return .none }
            if code != EINTR { return .seen(0) }
        }
    }

    /// The wait status of a command that has closed its output. Kills the command at the deadline.
    private static func reap(_ child: pid_t, deadline: Int64) -> Int32 {
        var options = WNOHANG
        while true {
            if case .seen(let status) = ending(of: child, options: options) { return status }
            if monotonic() >= deadline {
                end(child)
                options = 0
            } else {
                usleep(2_000)
            }
        }
    }

    private static func tooLong(_ ending: Ending, _ milliseconds: Int64) -> String {
        switch ending {
        case .none: return "took longer than \(milliseconds) ms"
        case .seen:
            return "has ended, and a process that it started kept the output open, which was not whole after "
                + "\(milliseconds) ms"
        }
    }

    private static func monotonic() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) &* 1000 &+ Int64(now.tv_nsec) / 1_000_000
    }
}
