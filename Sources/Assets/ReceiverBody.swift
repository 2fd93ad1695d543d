internal import CAssets
internal import Core

// The head of an answer that continues another.
extension Receiver {
    /// The rest of what we hold follows. Returns why it does not.
    func continues(_ head: AnswerHead) -> Failure? {
        guard options.mode == .url, let range = head.range, range.first == received else {
            return changed("the answer to a request for the rest does not begin at byte \(received)")
        }
        guard heldObject == askedObject else { return changed("its URL is that of another image now") }
        guard let validator, head.confirms(validator, beside: beside) else {
            return changed("nothing says that it is still the same one")
        }
        if let total = range.total {
            if expected >= 0, total != expected { return changed("it had \(expected) bytes and has \(total) now") }
            if total > options.maximumBytes { return tooLarge("it has \(total) bytes") }
            expected = total
        }
        if isAnother(head) { return changed("its ETag or its date is another one now") }
        if head.isEncoded { return changed("the rest of it comes encoded") }
        if let crc = head.crc64 {
            if let known = expectedCRC, known != crc { return changed("its CRC-64 is another one now") }
            expectedCRC = crc
        }
        return nil
    }

    /// Whether an answer is of another object than what we hold.
    func isAnother(_ head: AnswerHead) -> Bool {
        guard let validator else { return false }
        return head.contradicts(validator) || beside.map { head.contradicts(beside: $0) } ?? false
    }

    func changed(_ what: String) -> Failure {
        Failure(
            .corrupt, "Continuing the download of an image: \(what); it has to start over", httpStatus: status,
            isRetryable: true)
    }

    func tooLarge(_ what: String) -> Failure {
        Failure(
            .tooLarge,
            "Downloading an image: \(what), more than the \(options.maximumBytes) that are allowed; raise "
                + "download.max_bytes", httpStatus: status, field: "download.max_bytes")
    }
}

// The body, piece by piece.
extension Receiver {
    func take(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
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
            try reserve(kept.count + bytes.count)
            kept.append(contentsOf: bytes)
        case .reply:
            kept.append(contentsOf: bytes.prefix(max(0, Self.keptLimit - kept.count)))
            if seen > Self.readLimit { decided = .notAnImage(HTTPReply(status: status, headers: headers, body: kept)) }
        }
    }

    private func reserve(_ count: Int) throws(Failure) {
        guard count > kept.capacity else { return }
        let capacity = max(count, kept.capacity * 2)  // safe: below the bound of an envelope
        try checkMemory(capacity)
        kept.reserveCapacity(capacity)
    }

    /// Swift ends the process when it gets no memory. What a stranger makes large is asked for beforehand, with what those
    /// need who read it: a tree, a string and its bytes.
    func checkMemory(_ count: Int) throws(Failure) {
        guard count > Self.keptLimit, aigca_has_memory(count * 4) == 0 else { return }
        throw Failure(
            .noResources, "Downloading an image: no memory for JSON of more than \(kept.count) bytes",
            httpStatus: status,
            isRetryable: true)
    }

    func judgeHead(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
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

    func judgeKept(atEnd: Bool) throws(Failure) {
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
            try startBase64(format, isQuoted: isQuoted, length: promise.length)
            try withPiece(head, from: start) { bytes throws(Failure) in try decode(bytes) }
        }
    }

    func startImage(_ format: ImageFormat) throws(Failure) {
        if promise.length > options.maximumBytes { throw tooLarge("it has \(promise.length) bytes") }
        try restart()
        kept.removeAll()
        reading = .image
        expected = promise.length
        expectedCRC = promise.crc64
        if options.mode == .url { (validator, beside) = (promise.validator, promise.beside) }
        heldObject = askedObject
        // The checksums of PNG chunks are always looked at; CRC-64 where one is offered or may be offered later.
        verifier = Verifier(format, computesCRC: options.mode == .url || expectedCRC != nil)
        try store.settle(format)
        if expected > 0 { try store.announce(expected) }
    }

    /// - length: of the text, -1 if unknown.
    func startBase64(_ format: ImageFormat, isQuoted: Bool, length: Int64) throws(Failure) {
        try restart()
        kept.removeAll()
        reading = .base64
        // Length and checksum of the answer belong to the Base64 text.
        decoder = Base64Decoder(isQuoted: isQuoted)
        endIsCertain = endIsCertain || isQuoted
        verifier = Verifier(format, computesCRC: false)
        try store.settle(format)
        // What the text can hold at most, and the room for the last piece of it.
        if length > 0 { try store.announce(min(length / 4 * 3, options.maximumBytes) + 16) }
    }

    /// Bytes of the image: checked, then stored.
    func pass(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard try check(bytes) else { return }
        try store.append(bytes)
        if received >= Self.noteThreshold, !triedNote, isWorthKeeping {
            triedNote = true
            writeNote()
        }
    }

    /// False once the transfer has been decided against.
    func check(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Bool {
        if Int64(bytes.count) > options.maximumBytes - received { throw tooLarge("it has more bytes") }
        guard let reason = verifier?.feed(bytes) else { return true }
        decided = .corrupt(corrupt(reason))
        return false
    }

    func decode(_ text: UnsafeRawBufferPointer) throws(Failure) {
        var position = 0
        while position < text.count, decided == nil {
            let end = min(text.count, position + Self.pieceLength / 2)
            let piece = UnsafeRawBufferPointer(rebasing: text[position..<end])
            let space = try store.room(Base64Decoder.room(for: piece.count))
            try keep(UnsafeRawBufferPointer(start: space, count: decoder.decode(piece, into: space)))
            position = end
        }
    }

    func endBase64() throws(Failure) {
        guard decided == nil else { return }
        let space = try store.room(4)
        try keep(UnsafeRawBufferPointer(start: space, count: decoder.finish(into: space)))
    }

    /// Decoded bytes that lie in the store's room already.
    func keep(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard try check(bytes) else { return }
        store.advance(bytes.count)
        if let reason = decoder.failure { decided = .corrupt(corrupt("in its Base64, \(reason)")) }
    }

    func corrupt(_ reason: String) -> Failure {
        Failure(.corrupt, "Downloading an image: \(reason)", httpStatus: status, isRetryable: true)
    }

    func withPiece(
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
