internal import Codec
internal import Core

// The end of a transfer, and its result.
extension Receiver {
    /// Whether everything that was announced is there, whatever the connection did afterwards.
    var isWhole: Bool {
        guard expected >= 0, let verdict = verifier?.verdict(expected: expected, crc: expectedCRC) else { return false }
        switch verdict {
        case .complete, .flawed: return true
        case .short, .wrong: return false
        }
    }

    func endOfBody() throws(Failure) {
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

    func judge() {
        guard decided == nil, let verifier else { return }
        switch verifier.verdict(expected: expected, crc: expectedCRC, endIsCertain: endIsCertain) {
        case .complete: accept(verifier.flaw)
        case .flawed(let flaw):
            // Not told apart from a copy that was damaged on its way until it comes a second time.
            if flaw == seenFlaw { return accept(flaw) }
            seenFlaw = flaw
            decided = .corrupt(corrupt(flaw.reason))
        case .wrong(let reason): decided = .corrupt(corrupt(reason))
        case .short(let reason):
            // More text cannot be asked for: a text that came to its end is what the server has.
            decided = reading == .base64 ? .corrupt(corrupt(reason)) : .incomplete(corrupt(reason))
        }
    }

    private func accept(_ flaw: Flaw?) {
        isVerified = true
        decided = .complete
        warnings = []
        if let flaw {
            warnings.append("Image is kept although \(flaw.reason): these are the bytes that its store holds")
        }
    }

    /// 416: there is nothing behind what we hold. That is fine if what we hold is all of it.
    func judgeUnsatisfied() {
        guard canResume, let verifier else { return }
        let head = AnswerHead(headers)
        if !isAnother(head), head.range?.total == received, expected < 0 || expected == received,
            verifier.verdict(expected: received, crc: head.crc64 ?? expectedCRC) == .complete
        {
            isVerified = true
            decided = .complete
        } else {
            decided = .corrupt(changed("the server has nothing behind byte \(received)"))
        }
    }

    /// A JSON answer: an image inside, or words for the provider.
    func openEnvelope() throws(Failure) {
        reading = .reply
        let body = kept
        try checkMemory(body.count)
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
        try startBase64(format, isQuoted: false, length: Int64(text.count))
        try withPiece(text, from: start) { bytes throws(Failure) in try decode(bytes) }
    }

    /// The transfer broke off.
    func interrupted(_ failure: TransferFailure) -> AssetFinish {
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

    func keepForResume() throws(Failure) {
        guard isWorthKeeping else { return }
        try store.flush()
        writeNote()
    }

    func writeNote() {
        guard options.keepPartial, !identity.isEmpty, let validator, let format = verifier?.format else { return }
        let note = ResumeNote(
            identity: identity, object: heldObject, validator: validator, beside: beside, total: expected,
            crc64: expectedCRC, format: format, boot: boot)
        guard note != noted else { return }
        noted = store.remember(note) ? note : nil
    }
}
