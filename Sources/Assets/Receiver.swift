internal import Core

/// Reads answers, verifies the image in them and passes it to a store: all of a sink but the disk. One transfer after
/// another until the image is whole. Used by one thread at a time, like the sink that owns it.
final class Receiver<Store: ImageStore> {
    /// The largest piece that is decoded at once.
    static var pieceLength: Int { 64 << 10 }
    /// The longest error answer that is kept for the provider, and the longest that is read.
    static var keptLimit: Int { 64 << 10 }
    static var readLimit: Int { 1 << 20 }
    /// From here on a crash is worth a note.
    static var noteThreshold: Int64 { 1 << 20 }

    enum Reading {
        case nothing, head, image, base64, envelope, reply
    }

    let options: Assets.Options
    let store: Store
    let identity: String
    /// Which start of the machine this is; goes into notes.
    var boot = ""

    // The image so far. Lives across transfers.
    var verifier: Verifier?
    var expected: Int64 = -1
    var isVerified = false
    var expectedCRC: UInt64?
    /// Of the image before a restart.
    var seenFlaw: Flaw?
    /// About an image that is verified.
    var warnings: [String] = []
    var validator: String?
    /// What stood beside it in the same answer.
    var beside: String?
    /// Hashes of the object that the bytes are of, and of the one that is asked for now; "-" if nobody said.
    var heldObject = ResumeNote.unknownObject
    var askedObject = ResumeNote.unknownObject
    /// What the store remembers; whether that was tried in the middle of a transfer.
    var noted: ResumeNote?
    var triedNote = false

    // The present transfer.
    var reading = Reading.nothing
    var status = 0
    var headers = HTTPHeaders()
    /// What the head promises; taken over once the body turns out to be an image.
    var promise = AnswerHead(HTTPHeaders())
    /// Something but the closing of the connection says where the body ends.
    var endIsCertain = false
    var kept: [UInt8] = []
    var seen = 0
    var decoder = Base64Decoder(isQuoted: false)
    var decided: AssetFinish?

    init(options: Assets.Options, store: Store, identity: String = "") {
        self.options = options
        self.store = store
        self.identity = identity
    }

    var received: Int64 { verifier?.count ?? 0 }
    /// Whether a later sink can continue the received bytes.
    var isWorthKeeping: Bool { options.mode == .url && validator != nil && received > 0 }
    /// What is held can be continued by the transfer that is asked for now.
    var canResume: Bool { isWorthKeeping && heldObject == askedObject }
    var resumeOffset: Int64 { canResume ? received : 0 }
    var resumeValidator: String? { canResume ? validator : nil }

    func aim(at object: String) { askedObject = FilePlace.sha256(object) ?? ResumeNote.unknownObject }

    // MARK: A transfer

    func begin(status: Int, headers: HTTPHeaders) -> Bool {
        decided = nil
        isVerified = false
        self.status = status
        self.headers = headers
        kept.removeAll()
        seen = 0
        reading = .reply
        guard (200..<300).contains(status) else { return true }
        let head = AnswerHead(headers)
        do throws(Failure) {
            if status == 206, !(received == 0 && head.range?.first == 0) {
                if let change = continues(head) {
                    decided = .corrupt(change)
                    return false
                }
                reading = .image
                // The end of a part is not the end of the image.
                endIsCertain = false
            } else {
                // What is held stays until an image follows: a proxy's page must not cost it.
                promise = head
                if status == 206 { promise.length = head.range?.total ?? -1 }
                let isDelimited = head.isDelimited || headers["transfer-encoding"]?.lowercased() == "chunked"
                endIsCertain = isDelimited && status != 206
                if options.mode == .url, promise.length > options.maximumBytes {
                    throw tooLarge("it has \(promise.length) bytes")
                }
                reading = .head
            }
            return true
        } catch {
            decided = .failed(error)
            return false
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard decided == nil else { return false }
        do throws(Failure) {
            try take(bytes)
        } catch {
            decided = .failed(error)
        }
        return decided == nil
    }

    func finish(_ result: TransferResult) -> AssetFinish {
        defer {
            reading = .nothing
            kept = []
            // The next transfer can fail before it begins: this is no verdict on it.
            decided = nil
        }
        if case .failed(let failure) = result, decided == nil, !(reading == .image && isWhole) {
            return interrupted(failure)
        }
        // The length and the checksum of what was packed vouch for the bytes.
        if case .reply(let reply) = result, reply.wasUnpacked, status != 206 { endIsCertain = true }
        do throws(Failure) {
            if decided == nil { try endOfBody() }
            if let decided {
                if case .incomplete = decided { try keepForResume() }
                return decided
            }
            return .notAnImage(HTTPReply(status: status, headers: headers, body: kept))
        } catch {
            return .failed(error)
        }
    }

    /// Back to nothing: the next transfer starts from zero.
    func restart() throws(Failure) {
        forget()
        try store.clear()
    }

    func forget() {
        verifier = nil
        expected = -1
        expectedCRC = nil
        validator = nil
        beside = nil
        heldObject = ResumeNote.unknownObject
        isVerified = false
        noted = nil
        triedNote = false
    }

    /// The transfer has been given up: leaves what a later sink can continue. False if there is nothing of that kind.
    func leave() -> Bool {
        guard options.keepPartial, isWorthKeeping else { return false }
        do throws(Failure) {
            try store.flush()
        } catch {
            // What reached the disk before can still be continued.
        }
        writeNote()
        return noted != nil
    }

    /// Takes up what another sink left. `read` fills a buffer from an offset and returns how much it got.
    /// Returns the length that was taken; 0 means start over.
    func restore(
        _ note: ResumeNote, size: Int64, read: (_ offset: Int64, UnsafeMutableRawBufferPointer) -> Int
    ) -> Int64 {
        // One byte is always left to ask for, so that the server has to confirm what we hold.
        let limit = note.total > 0 ? min(size, note.total - 1) : size
        // After a crash of the machine a file can have holes, which only a checksum of the whole would show.
        let isOfThisBoot = !boot.isEmpty && note.boot == boot
        guard options.mode == .url, note.identity.isSame(as: identity), limit > 0, limit <= options.maximumBytes,
            note.total <= options.maximumBytes, note.total != 0, isOfThisBoot || note.crc64 != nil
        else { return 0 }
        var check = Verifier(note.format, computesCRC: true)
        var piece = [UInt8](repeating: 0, count: Self.pieceLength)
        while check.count < limit {
            let wanted = Int(min(limit - check.count, Int64(piece.count)))  // safe: at most piece.count
            let isFine = piece.withUnsafeMutableBytes { space -> Bool in
                let got = read(check.count, UnsafeMutableRawBufferPointer(rebasing: space[..<wanted]))
                guard got > 0, got <= wanted else { return false }
                return check.feed(UnsafeRawBufferPointer(rebasing: space[..<got])) == nil
            }
            guard isFine else { return 0 }
        }
        verifier = check
        expected = note.total
        expectedCRC = note.crc64
        validator = note.validator
        beside = note.beside
        heldObject = note.object
        noted = note
        return limit
    }
}
