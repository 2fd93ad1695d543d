public import Core
internal import Foundation

/// A tiny cloud: creates jobs, walks them through their states as time goes by, serves images, and writes down everything
/// that reached it. Its protocol is lines of text that end with a dot:
///
///     POST /submit                  accepted job-1 .
///     GET  /status/job-1            state job-1 running .   state job-1 succeeded URL URL .   state job-1 failed .
///     GET  /asset/job-1/0           (the image)
///     GET  https://store.test/...   (the image)
///     anything                      error throttled 2000 .
///
/// Any thread.
public final class SimulatedCloud: @unchecked Sendable {
    // Everything is guarded by the lock; settings are made before the first request.
    private let lock = NSLock()

    public struct Arrival: Sendable {
        public let at: Int64
        public let kind: CallKind?
        public let action: String
        /// The tag of a submission, the job of anything else.
        public let subject: String
        public let key: String
    }

    private struct Job {
        let tag: String
        let createdAt: Int64
        var generation = 0
    }

    public var pendingMilliseconds: Int64 = 500
    public var runningMilliseconds: Int64 = 2_500
    /// How long the job of a tag takes in all, instead of both; nil: as long as all.
    public var life: (@Sendable (String) -> Int64)?
    public var assetCount = 1
    public var assetBytes = 200
    /// Jobs whose tag holds this word fail.
    public var failingWord = "bad"
    /// Jobs whose tag holds this word are accepted and called failed in one answer.
    public let failingAtOnce = "hopeless"
    public var urlLifetimeMilliseconds: Int64 = 43_200_000
    /// Requests a second that an action takes (sliding window); more are answered with "throttled".
    public var limits: [String: Int] = [:]
    public var throttleRetryAfter: Int64 = 0
    /// Tasks that may run at once; a submission beyond is answered with "crowd". 0 is no limit.
    public var mostTasks = 0
    /// Tasks of others that run too.
    public var tasksOfOthers = 0
    /// The cloud's clock minus the client's, seconds; beyond 300 the cloud refuses.
    public var clockOffsetSeconds: Int64 = 0
    public var staleKeys: Set<String> = []
    /// Something on the way answers submissions with the newest answer to one; the cloud does not see them.
    public var repeatsAcceptances = false
    /// Something on the way passes each call of an action on, and answers the call with its oldest refusal of the action.
    public var refusesFromCache: Set<String> = []
    /// Whether each answer has a request id of its own, and a date.
    public var givesRequestIDs = false
    /// The header Age of answers to submissions.
    public var age: String?
    /// The word for a job that runs. One that begins with "strange" is unknown to the provider's reader.
    public var runningWord: (_ tag: String) -> String = { _ in "running" }

    /// For runs that measure memory.
    public var forgetsArrivals = false

    private var jobs: [String: Job] = [:]
    private var log: [Arrival] = []
    private var made: [String: [String]] = [:]
    private var nonces: Set<String> = []
    private var repeatedNonces = 0
    private var windows: [String: [Int64]] = [:]
    private var nextJob = 1
    private var nextRequest = 1
    private var refusals: [String: HTTPReply] = [:]

    public init() {}

    /// Every request that reached the cloud, in order.
    public var arrivals: [Arrival] { lock.withLock { log } }
    /// The ids of the jobs that were created for a tag: more than one is a second bill.
    public func executions(of tag: String) -> [String] { lock.withLock { made[tag] ?? [] } }
    public var executionCount: Int { lock.withLock { made.values.reduce(0) { $0 + $1.count } } }
    public var tagsExecutedTwice: [String] { lock.withLock { made.filter { $0.value.count > 1 }.map(\.key) } }
    public var nonceRepetitions: Int { lock.withLock { repeatedNonces } }

    /// Forgets all old jobs.
    public func forget() {
        lock.withLock {
            jobs = [:]
            made = [:]
        }
    }

    /// Makes a job that exists before the test begins.
    public func plant(tag: String, at now: Int64) -> String { lock.withLock { create(tag, now) } }

    /// The image of a job, as bytes that check themselves: "IMG:" length checksum payload ":END".
    public static func image(of job: String, index: Int, bytes: Int) -> [UInt8] {
        var payload = Array("\(job)/\(index)/".utf8)
        while payload.count < bytes { payload.append(UInt8(truncatingIfNeeded: payload.count &* 31 &+ index)) }
        var sum: UInt32 = 0
        for byte in payload { sum = sum &* 31 &+ UInt32(byte) }
        return Array("IMG:".utf8) + digits(UInt32(payload.count + 24)) + digits(sum) + payload + Array(":END".utf8)
    }

    static func digits(_ value: UInt32) -> [UInt8] {
        let text = String(value, radix: 16)
        return Array((String(repeating: "0", count: 8 - text.count) + text).utf8)
    }

    /// Carries a request out, or not, and answers it.
    func handle(_ request: HTTPRequest, kind: CallKind?, at now: Int64, unixMilliseconds: Int64, fault: Fault?)
        -> HTTPReply
    {
        lock.withLock {
            let path = Self.path(of: request.url)
            let subject = kind == .submit ? String(decoding: request.body, as: UTF8.self) : Self.job(in: path)
            let action = kind == nil ? "url" : (path.first ?? "")
            let key = request.headers.first { $0.name == "x-key" }?.value ?? ""
            if !forgetsArrivals { log.append(Arrival(at: now, kind: kind, action: action, subject: subject, key: key)) }
            if let nonce = request.headers.first(where: { $0.name == "x-nonce" })?.value {
                if !forgetsArrivals, !nonces.insert(nonce).inserted { repeatedNonces += 1 }
            }
            if let said = refusal(fault, request, action, key, now, unixMilliseconds) {
                let reply = named(said, unixMilliseconds)
                if refusals[action] == nil { refusals[action] = reply }
                return reply
            }
            if let fault, !fault.executes { return HTTPReply(status: 200) }
            let reply: HTTPReply
            switch action {
            case "submit":
                let id = repeatsAcceptances ? "job-\(nextJob - 1)" : create(subject, now)
                var accepted = Self.text("accepted \(id)" + (subject.contains(failingAtOnce) ? " failed" : ""))
                if let age { accepted.headers.append(name: "age", value: age) }
                reply = named(accepted, unixMilliseconds)
            case "status": reply = named(status(subject, now, unixMilliseconds), unixMilliseconds)
            default: reply = image(path, request, unixMilliseconds)
            }
            return refusesFromCache.contains(action) ? refusals[action] ?? reply : reply
        }
    }

    // MARK: - Lock held

    private func named(_ reply: HTTPReply, _ unixMilliseconds: Int64) -> HTTPReply {
        guard givesRequestIDs else { return reply }
        var reply = reply
        reply.headers.append(name: "x-request", value: "request-\(nextRequest)")
        reply.headers.append(name: "date", value: "second \(unixMilliseconds / 1_000)")
        nextRequest += 1
        return reply
    }

    private func create(_ tag: String, _ now: Int64) -> String {
        let id = "job-\(nextJob)"
        nextJob += 1
        jobs[id] = Job(tag: tag, createdAt: now)
        made[tag, default: []].append(id)
        return id
    }

    private func refusal(
        _ fault: Fault?, _ request: HTTPRequest, _ action: String, _ key: String, _ now: Int64, _ unix: Int64
    ) -> HTTPReply? {
        let signed = request.headers.contains { $0.name == "x-key" }
        switch fault {
        case .throttle(let milliseconds): return Self.text("error throttled \(milliseconds)", 429)
        case .tooManyTasks: return Self.text("error crowd", 429)
        case .clockSkew(let seconds): return Self.text("error clock", 400, unix / 1_000 + seconds)
        case .staleCredentials: return Self.text("error stale", 401)
        case .refusal: return Self.text("error refused", 400)
        case .notFound: return Self.text("error not_found", 404)
        case .expired: return Self.text("error expired", 403)
        case .redirect(let target):
            return HTTPReply(status: 302, headers: HTTPHeaders([HTTPHeader("location", target)]))
        default: break
        }
        if signed {
            let date = request.headers.first { $0.name == "x-date" }.flatMap { Int64($0.value) } ?? 0
            let here = unix / 1_000 + clockOffsetSeconds
            if abs(date - here) > 300 { return Self.text("error clock", 400, here) }
            if staleKeys.contains(key) { return Self.text("error stale", 401) }
        }
        if let limit = limits[action] {
            var window = (windows[action] ?? []).filter { $0 > now - 1_000_000_000 }
            if window.count >= limit { return Self.text("error throttled \(throttleRetryAfter)", 429) }
            window.append(now)
            windows[action] = window
        }
        if mostTasks > 0, action == "submit" {
            let running = jobs.values.count { now - $0.createdAt < life(of: $0) * 1_000_000 } + tasksOfOthers
            if running >= mostTasks { return Self.text("error crowd", 429) }
        }
        return nil
    }

    private func life(of job: Job) -> Int64 { life?(job.tag) ?? pendingMilliseconds + runningMilliseconds }

    private func status(_ id: String, _ now: Int64, _ unix: Int64) -> HTTPReply {
        guard var job = jobs[id] else { return Self.text("error not_found", 404) }
        let age = (now - job.createdAt) / 1_000_000
        if age < min(pendingMilliseconds, life(of: job)) { return Self.text("state \(id) pending") }
        if age < life(of: job) { return Self.text("state \(id) \(runningWord(job.tag))") }
        if job.tag.contains(failingWord) { return Self.text("state \(id) failed") }
        job.generation += 1
        jobs[id] = job
        let urls = (0..<assetCount).map {
            "https://store.test/\(id)/\($0)?g=\(job.generation)&e=\(unix + urlLifetimeMilliseconds)"
        }
        return Self.text("state \(id) succeeded " + urls.joined(separator: " "))
    }

    private func image(_ path: [String], _ request: HTTPRequest, _ unix: Int64) -> HTTPReply {
        let names = path.first == "asset" ? Array(path.dropFirst()) : path
        guard names.count >= 2, jobs[names[0]] != nil, let index = Int(names[1]), index < assetCount else {
            return Self.text("error not_found", 404)
        }
        if let expires = request.url.components(separatedBy: "e=").dropFirst().first.flatMap({ Int64($0) }),
            unix >= expires
        {
            return Self.text("error expired", 403)
        }
        let bytes = Self.image(of: names[0], index: index, bytes: assetBytes)
        let range = request.headers.first { $0.name == "Range" }?.value
        let validator = request.headers.first { $0.name == "If-Range" }?.value
        let total = bytes.count
        if let range, validator == names[0], range.hasPrefix("bytes="), range.hasSuffix("-"),
            let from = Int(range.dropFirst(6).dropLast()), from <= total
        {
            let headers = HTTPHeaders([
                HTTPHeader("content-range", "bytes \(from)-\(total - 1)/\(total)"), HTTPHeader("etag", names[0]),
            ])
            return HTTPReply(status: 206, headers: headers, body: Array(bytes[from...]))
        }
        return HTTPReply(status: 200, headers: HTTPHeaders([HTTPHeader("etag", names[0])]), body: bytes)
    }

    private static func text(_ line: String, _ status: Int = 200, _ unixSeconds: Int64? = nil) -> HTTPReply {
        var headers = HTTPHeaders()
        if let unixSeconds { headers.append(name: "x-unix", value: String(unixSeconds)) }
        return HTTPReply(status: status, headers: headers, body: Array((line + " .").utf8))
    }

    private static func path(of url: String) -> [String] {
        let bare = url.split(separator: "?", maxSplits: 1).first ?? ""
        return bare.split(separator: "/").dropFirst(2).map(String.init)
    }

    private static func job(in path: [String]) -> String { path.first { $0.hasPrefix("job-") } ?? "" }
}
