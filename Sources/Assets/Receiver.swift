internal import Codec
internal import Core

/// Reads answers, verifies the image in them and passes it to a store: all of a sink but the disk. One transfer after
/// another until the image is whole. Used by one thread at a time, like the sink that owns it.
final class Receiver<Store: ImageStore> {
    /// The largest piece that is decoded at once.
    static var pieceLength: Int { 64 << 10 }
    /// Of an error answer that is kept for the provider, and that is read at all.
    private static var keptLimit: Int { 64 << 10 }
    private static var readLimit: Int { 1 << 20 }
    /// From here on a crash is worth a note.
    private static var noteThreshold: Int64 { 1 << 20 }

    private enum Reading {
        case nothing, head, image, base64, envelope, reply
    }

    let options: Assets.Options
    let store: Store
    private let identity: String
    /// Which start of the machine this is; goes into notes.
    var boot = ""

    // The image so far. Lives across transfers.
    private(set) var verifier: Verifier?
    private(set) var expected: Int64 = -1
    private(set) var isVerified = false
    private var expectedCRC: UInt64?
    private var validator: String?
    private var isNoted = false

    // The transfer that is going on.
    private var reading = Reading.nothing
    private var status = 0
    private var headers = HTTPHeaders()
    /// What the head promises; taken over once the body turns out to be an image.
    private var promise = AnswerHead(HTTPHeaders())
    /// Something but the closing of the connection says where the body ends.
    private var endIsCertain = false
    private var kept: [UInt8] = []
    private var seen = 0
    private var decoder = Base64Decoder(isQuoted: false)
    private var decided: AssetFinish?

    init(options: Assets.Options, store: Store, identity: String = "") {
        self.options = options
        self.store = store
        self.identity = identity
    }

    var received: Int64 { verifier?.count ?? 0 }
    var canResume: Bool { options.mode == .url && validator != nil && received > 0 }
    var resumeOffset: Int64 { canResume ? received : 0 }
    var resumeValidator: String? { canResume ? validator : nil }

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
            } else {
                // What is held stays until an image follows: a proxy's page must not cost it.
                promise = head
                if status == 206 { promise.length = head.range?.total ?? -1 }
                endIsCertain = head.length >= 0 || headers["transfer-encoding"]?.lowercased() == "chunked"
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
        }
        if case .failed(let failure) = result, decided == nil, !(reading == .image && isWhole) {
            return interrupted(failure)
        }
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
        verifier = nil
        expected = -1
        expectedCRC = nil
        validator = nil
        isVerified = false
        isNoted = false
        try store.clear()
    }

    /// The transfer has been given up: leaves what a later sink can continue. False if there is nothing of that kind.
    func leave() -> Bool {
        guard options.keepPartial, canResume else { return false }
        do throws(Failure) {
            try store.flush()
        } catch {
            // What reached the disk before can still be continued.
        }
        writeNote()
        return isNoted
    }

    /// Takes up what another sink left. `read` fills a buffer from an offset and returns how much it got.
    /// Returns the length that was taken; 0 means start over.
    func restore(
        _ note: ResumeNote, size: Int64, read: (_ offset: Int64, UnsafeMutableRawBufferPointer) -> Int
    ) -> Int64 {
        // One byte is always left to ask for, so that the server has to confirm what we hold.
        let limit = note.total > 0 ? min(size, note.total - 1) : size
        guard options.mode == .url, note.identity == identity, limit > 0, limit <= options.maximumBytes,
            note.total <= options.maximumBytes, note.total != 0, note.boot == boot || note.crc64 != nil
        else { return 0 }
        var check = Verifier(note.format, computesCRC: true)
        var piece = [UInt8](repeating: 0, count: 128 << 10)
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
        isNoted = true
        return limit
    }
}

// MARK: The head of an answer

extension Receiver {
    /// The rest of what we hold follows. Returns why it does not.
    private func continues(_ head: AnswerHead) -> Failure? {
        guard options.mode == .url, let range = head.range, range.first == received else {
            return changed("the answer to a request for the rest does not begin at byte \(received)")
        }
        if let total = range.total {
            if expected >= 0, total != expected { return changed("it had \(expected) bytes and has \(total) now") }
            if total > options.maximumBytes { return tooLarge("it has \(total) bytes") }
            expected = total
        }
        // A tag is only held against a tag, a date against a date.
        if let now = head.validator, let before = validator, now != before, now.first == "\"", before.first == "\"" {
            return changed("its ETag is another one now")
        }
        if let crc = head.crc64 {
            if let known = expectedCRC, known != crc { return changed("its CRC-64 is another one now") }
            expectedCRC = crc
        }
        return nil
    }

    private func changed(_ what: String) -> Failure {
        Failure(
            .corrupt, "Continuing the download of an image: \(what); it has to start over", httpStatus: status,
            isRetryable: true)
    }

    private func tooLarge(_ what: String) -> Failure {
        Failure(
            .tooLarge, "Downloading an image: \(what), more than the \(options.maximumBytes) that are allowed; raise "
                + "download.max_bytes", httpStatus: status, field: "download.max_bytes")
    }
}

// MARK: The body

extension Receiver {
    private func take(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        seen = seen &+ bytes.count
        switch reading {
        case .nothing: break
        case .image: try pass(bytes)
        case .base64: try decode(bytes)
        case .head: try judgeHead(bytes)
        case .envelope:
            // Base64 takes four bytes for three; the rest of an envelope is small.
            let bound = min(options.maximumBytes, 192 << 20) / 3 * 4 + (64 << 10)
            if kept.count + bytes.count > bound { throw tooLarge("its JSON has more than \(bound) bytes") }
            kept.append(contentsOf: bytes)
        case .reply:
            kept.append(contentsOf: bytes.prefix(max(0, Self.keptLimit - kept.count)))
            if seen > Self.readLimit { decided = .notAnImage(HTTPReply(status: status, headers: headers, body: kept)) }
        }
    }

    private func judgeHead(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        // In the usual case the first piece tells it, without a copy.
        if kept.isEmpty, case .image(let format) = AnswerForm(bytes, mode: options.mode, atEnd: false) {
            try startImage(format)
            return try pass(bytes)
        }
        let room = max(0, AnswerForm.headLimit - kept.count)
        let taken = min(room, bytes.count)
        kept.append(contentsOf: bytes.prefix(taken))
        try judgeKept(atEnd: false)
        if reading != .head, taken < bytes.count, decided == nil {
            seen = seen &- (bytes.count - taken)
            try take(bytes.from(taken))
        }
    }

    private func judgeKept(atEnd: Bool) throws(Failure) {
        let head = kept
        switch head.withUnsafeBytes({ AnswerForm($0, mode: options.mode, atEnd: atEnd) }) {
        case .needMore: break
        case .envelope: reading = .envelope
        case .other:
            reading = .reply
        case .image(let format):
            try startImage(format)
            try withPiece(head, from: 0) { bytes throws(Failure) in try pass(bytes) }
        case .base64(let format, let start, let isQuoted):
            try startBase64(format, isQuoted: isQuoted)
            try withPiece(head, from: start) { bytes throws(Failure) in try decode(bytes) }
        }
    }

    private func startImage(_ format: ImageFormat) throws(Failure) {
        if promise.length > options.maximumBytes { throw tooLarge("it has \(promise.length) bytes") }
        try restart()
        kept.removeAll()
        reading = .image
        expected = promise.length
        expectedCRC = promise.crc64
        if options.mode == .url { validator = promise.validator }
        // The checksums of PNG chunks are always looked at; CRC-64 where one is offered or may be offered later.
        verifier = Verifier(format, computesCRC: options.mode == .url || expectedCRC != nil)
        try store.settle(format)
        if expected > 0 { try store.announce(expected) }
    }

    private func startBase64(_ format: ImageFormat, isQuoted: Bool) throws(Failure) {
        try restart()
        kept.removeAll()
        reading = .base64
        // Length and checksum of the answer are those of the text.
        decoder = Base64Decoder(isQuoted: isQuoted)
        endIsCertain = endIsCertain || isQuoted
        verifier = Verifier(format, computesCRC: false)
        try store.settle(format)
    }

    /// Bytes of the image: checked, then stored.
    private func pass(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard try check(bytes) else { return }
        try store.append(bytes)
        if received >= Self.noteThreshold, !isNoted, options.keepPartial, canResume {
            isNoted = true  // one try only
            writeNote()
        }
    }

    /// False once the transfer has been decided against.
    private func check(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Bool {
        if Int64(bytes.count) > options.maximumBytes - received { throw tooLarge("it has more bytes") }
        guard let reason = verifier?.feed(bytes) else { return true }
        decided = .corrupt(corrupt(reason))
        return false
    }

    private func decode(_ text: UnsafeRawBufferPointer) throws(Failure) {
        var position = 0
        while position < text.count, decided == nil {
            let end = min(text.count, position + Self.pieceLength / 2)
            let piece = UnsafeRawBufferPointer(rebasing: text[position..<end])
            let space = try store.room(Base64Decoder.room(for: piece.count))
            try keep(UnsafeRawBufferPointer(start: space, count: decoder.decode(piece, into: space)))
            position = end
        }
    }

    private func endBase64() throws(Failure) {
        guard decided == nil else { return }
        let space = try store.room(4)
        try keep(UnsafeRawBufferPointer(start: space, count: decoder.finish(into: space)))
    }

    /// Decoded bytes that lie in the store's room already.
    private func keep(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard try check(bytes) else { return }
        store.advance(bytes.count)
        if let reason = decoder.failure { decided = .corrupt(corrupt("in its Base64, \(reason)")) }
    }

    private func corrupt(_ reason: String) -> Failure {
        Failure(.corrupt, "Downloading an image: \(reason)", httpStatus: status, isRetryable: true)
    }

    private func withPiece(
        _ bytes: [UInt8], from start: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let result = bytes.withUnsafeBytes { all -> Result<Void, Failure> in
            do throws(Failure) {
                return .success(try body(all.from(min(start, all.count))))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}

// MARK: The end

extension Receiver {
    /// Whether everything that was announced is there, whatever the connection did afterwards.
    private var isWhole: Bool {
        expected >= 0 && verifier?.verdict(expected: expected, crc: expectedCRC) == .complete
    }

    private func endOfBody() throws(Failure) {
        if reading == .head { try judgeKept(atEnd: true) }
        if reading == .envelope { try openEnvelope() }
        switch reading {
        case .base64:
            try endBase64()
            judge()
        case .image: judge()
        case .reply: if status == 416 { judgeUnsatisfied() }
        case .nothing, .head, .envelope: break
        }
    }

    private func judge() {
        guard decided == nil, let verifier else { return }
        switch verifier.verdict(expected: expected, crc: expectedCRC, endIsCertain: endIsCertain) {
        case .complete:
            isVerified = true
            decided = .complete
        case .wrong(let reason): decided = .corrupt(corrupt(reason))
        case .short(let reason):
            // More text cannot be asked for: a text that came to its end is what the server has.
            decided = reading == .base64 ? .corrupt(corrupt(reason)) : .incomplete(corrupt(reason))
        }
    }

    /// 416: there is nothing behind what we hold. That is fine if what we hold is all of it.
    private func judgeUnsatisfied() {
        guard canResume, let verifier else { return }
        let head = AnswerHead(headers)
        let isSame = head.validator == nil || head.validator == validator
        if isSame, head.range?.total == received, expected < 0 || expected == received,
            verifier.verdict(expected: received, crc: head.crc64 ?? expectedCRC) == .complete
        {
            isVerified = true
            decided = .complete
        } else {
            decided = .corrupt(changed("the server has nothing behind byte \(received)"))
        }
    }

    /// A JSON answer: an image inside, or words for the provider.
    private func openEnvelope() throws(Failure) {
        reading = .reply
        let body = kept
        // Words are passed on whole as far as anybody would send them.
        if body.count > Self.readLimit { kept = Array(body.prefix(Self.keptLimit)) }
        guard let json = try? JSONValue.parse(body), json["success"].map({ $0.boolValue == true }) ?? true,
            let data = json["data"]?.stringValue
        else { return }
        let text = Array(data.utf8)
        let head = text.prefix(AnswerForm.headLimit)
        let form = head.withUnsafeBytes { AnswerForm($0, mode: .api, atEnd: text.count == head.count) }
        guard case .base64(let format, let start, isQuoted: false) = form else { return }
        endIsCertain = true
        try startBase64(format, isQuoted: false)
        try withPiece(text, from: start) { bytes throws(Failure) in try decode(bytes) }
    }

    /// The transfer broke off.
    private func interrupted(_ failure: TransferFailure) -> AssetFinish {
        // An error answer says more than the end of its connection.
        if reading == .reply, status != 0, !(200..<300).contains(status) {
            return .notAnImage(HTTPReply(status: status, headers: headers, body: kept))
        }
        let told = failure.asFailure(httpStatus: reading == .nothing ? 0 : status)
        do throws(Failure) {
            try keepForResume()
        } catch {
            return .failed(error)
        }
        return told.isRetryable ? .incomplete(told) : .failed(told)
    }

    private func keepForResume() throws(Failure) {
        guard canResume else { return }
        try store.flush()
        writeNote()
    }

    private func writeNote() {
        guard options.keepPartial, !identity.isEmpty, let validator, let format = verifier?.format else { return }
        isNoted = store.remember(
            ResumeNote(
                identity: identity, validator: validator, total: expected, crc64: expectedCRC, format: format, boot: boot))
    }
}
