public import Core
internal import Foundation

/// Keeps an image in memory and checks it: marker, length, checksum, end. Never hands over anything that is not right.
public final class FakeSink: AssetSink {
    public let identity: String
    public let path: String?
    /// Made to fail by tests.
    public var prepareFailure: Failure?
    /// So many times.
    public var prepareFailures = Int.max
    public var commitFailure: Failure?
    /// Whether a worker has this sink now: nothing else may touch it then.
    public var isLent: () -> Bool = { false }
    private var inWorker = false

    public private(set) var prepared = 0
    public private(set) var commits = 0
    public private(set) var restarts = 0
    public private(set) var transfers = 0
    public private(set) var resumes = 0
    public private(set) var abandoned: Bool?
    /// Calls that broke the rules of the port.
    public private(set) var misuse: [String] = []

    private var bytes: [UInt8] = []
    private var validator: String?
    private var text: HTTPReply?

    init(identity: String, path: String?) {
        self.identity = identity
        self.path = path
    }

    /// What was asked for, and what the bytes are of.
    public private(set) var aims: [String] = []
    private var held: String?

    public func aim(at object: String) {
        touch("aim")
        aims.append(object)
    }

    private var isSameObject: Bool { held == nil || held == aims.last }
    public var resumeOffset: Int64 { isSameObject ? Int64(bytes.count) : 0 }
    public var resumeValidator: String? { validator }
    public var received: Int64 {
        touch("received")
        return Int64(bytes.count)
    }
    public var expected: Int64 { length.map(Int64.init) ?? -1 }

    public func prepare() throws(Failure) {
        inWorker = true
        defer { inWorker = false }
        prepared += 1
        if isOpen { misuse.append("prepared twice") }
        if let prepareFailure, prepared <= prepareFailures { throw prepareFailure }
        isOpen = true
        mostOpen.value = max(mostOpen.value, mostOpen.now + 1)
        mostOpen.now += 1
    }

    public private(set) var isOpen = false
    /// Of all sinks of a factory.
    var mostOpen = OpenSinks()

    public func pause() {
        touch("pause")
        close()
    }

    private func close() {
        if isOpen { mostOpen.now -= 1 }
        isOpen = false
    }

    public func begin(status: Int, headers: HTTPHeaders) -> Bool {
        touch("begin")
        transfers += 1
        if !isOpen { misuse.append("a transfer to a sink that is not open") }
        text = nil
        switch status {
        case 206:
            resumes += 1
            let wanted = "bytes \(bytes.count)-"
            if headers["content-range"]?.hasPrefix(wanted) != true { misuse.append("a range that was not asked for") }
        case 200:
            bytes = []
            held = aims.last
        default: text = HTTPReply(status: status, headers: headers)
        }
        validator = headers["etag"] ?? validator
        return true
    }

    public func receive(_ more: UnsafeRawBufferPointer) -> Bool {
        touch("receive")
        if text != nil { text?.body.append(contentsOf: more) } else { bytes.append(contentsOf: more) }
        return true
    }

    public func finish(_ result: TransferResult) -> AssetFinish {
        touch("finish")
        if let text {
            self.text = nil
            return .notAnImage(text)
        }
        if case .failed(let failure) = result {
            return .incomplete(Failure(.network, "cut: \(failure.detail)", isRetryable: true))
        }
        guard bytes.starts(with: "IMG:".utf8) else {
            let reply = HTTPReply(status: 200, body: bytes)
            bytes = []
            return .notAnImage(reply)
        }
        guard let length, bytes.count >= length else {
            return .incomplete(Failure(.corrupt, "The image stops too early", isRetryable: true))
        }
        return isRight ? .complete : .corrupt(Failure(.corrupt, "The checksum is wrong"))
    }

    public func restart() throws(Failure) {
        touch("restart")
        restarts += 1
        bytes = []
        validator = nil
    }

    public func commit() throws(Failure) -> AssetResult {
        inWorker = true
        defer { inWorker = false }
        commits += 1
        if !isRight { misuse.append("committed a wrong image") }
        if abandoned != nil { misuse.append("committed after abandon") }
        if let commitFailure { throw commitFailure }
        close()
        return AssetResult(contentType: "image/png", byteCount: Int64(bytes.count), path: path, bytes: nil)
    }

    public func abandon(keepPartial: Bool) {
        touch("abandon")
        if abandoned != nil { misuse.append("abandoned twice") }
        abandoned = keepPartial
        close()
    }

    /// The image that was published, whole and right; nil otherwise.
    public var image: [UInt8]? { commits == 1 && commitFailure == nil && isRight ? bytes : nil }

    private func touch(_ what: String) {
        if isLent() && !inWorker { misuse.append("\(what) while a worker had the sink") }
    }

    private var length: Int? {
        guard bytes.count >= 20 else { return nil }
        return Int(String(decoding: bytes[4..<12], as: UTF8.self), radix: 16)
    }

    private var isRight: Bool {
        guard let length, bytes.count == length, length >= 24, bytes.starts(with: "IMG:".utf8) else { return false }
        var sum: UInt32 = 0
        for byte in bytes[20..<(length - 4)] { sum = sum &* 31 &+ UInt32(byte) }
        return Array(bytes[12..<20]) == SimulatedCloud.digits(sum) && Array(bytes.suffix(4)) == Array(":END".utf8)
    }
}

/// How many are open.
public final class OpenSinks {
    public internal(set) var now = 0
    public internal(set) var value = 0
}

/// Makes the sinks and remembers them. Any thread may make one; tests look at them when the engine is at rest.
public final class FakeSinkFactory: AssetSinkFactory, @unchecked Sendable {
    // Guarded by the lock.
    private let lock = NSLock()
    private var all: [FakeSink] = []
    private var hook: (FakeSink) -> Void = { _ in }

    public init() {}

    public let open = OpenSinks()
    public var made: [FakeSink] { lock.withLock { all } }

    /// Called for each new sink, on the thread that makes it.
    public func onMake(_ body: @escaping (FakeSink) -> Void) { lock.withLock { hook = body } }

    public func make(path: String?, isAPIAnswer: Bool, identity: String) throws(Failure) -> any AssetSink {
        if path == "" { throw Failure(.invalidArgument, "The path is empty", field: "path") }
        let sink = FakeSink(identity: identity, path: path)
        sink.mostOpen = open
        let hook = lock.withLock {
            all.append(sink)
            return self.hook
        }
        hook(sink)
        return sink
    }
}
