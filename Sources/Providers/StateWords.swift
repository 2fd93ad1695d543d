internal import Core

/// What a provider's word for the state of a job says. Neither cloud publishes a list that is complete.
enum StateWord {
    /// The form for comparisons: in upper case, without blanks at its ends.
    static func compared(_ word: String) -> String {
        var bytes = word.utf8.drop { $0 <= 0x20 }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes.map { (97...122).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)  // safe: a letter
    }

    private static let goodEnds = [
        "DONE", "FINISH", "FINISHED", "SUCCESS", "SUCCESSFUL", "SUCCEED", "SUCCEEDED", "COMPLETE", "COMPLETED",
    ]

    /// Words for an end without success.
    private static let badEnds =
        orders + [
            "FAIL", "FAILED", "FAILURE", "ERROR", "ERRORED", "TIMEOUT", "TIMEDOUT", "EXPIRE", "EXPIRED", "REJECT",
            "REJECTED",
        ]
    /// The same that are also orders: the order itself can fail.
    private static let orders = [
        "STOP", "STOPPED", "ABORT", "ABORTED", "CANCEL", "CANCELED", "CANCELLED", "TERMINATE", "TERMINATED", "KILL",
        "KILLED", "DELETE", "DELETED", "REMOVE", "REMOVED", "REVOKE", "REVOKED",
    ]
    /// Words that may stand beside an end and change nothing about it: what has ended, and by whose will.
    private static let besideEnds = [
        "JOB", "TASK", "RUN", "TRAIN", "TRAINING", "INFERENCE", "INFER", "GENERATE", "GENERATION", "GENERATING",
        "IMAGE", "IMAGES", "MODEL", "PROCESS", "PROCESSING", "EXECUTE", "EXECUTION", "SUBMIT", "SCHEDULE", "QUEUE",
        "QUEUED",
        "DOWNLOAD", "UPLOAD", "AUDIT", "MODERATION", "CONTENT", "BY", "USER", "SYSTEM", "ADMIN", "SERVER", "INTERNAL",
        "FORCE", "FORCED", "AUTO", "MANUAL", "FINAL", "STATUS", "STATE", "IS", "WAS", "HAS", "BEEN",
    ]

    /// Whether a word, in the form for comparisons, speaks of success although no page lists it for these jobs. Alone it
    /// ends nothing: beside images it does.
    static func speaksOfSuccess(_ compared: String) -> Bool {
        goodEnds.contains { $0.isSame(as: compared) } || speaksOfAPart(compared) || speaksOfTrouble(compared)
    }

    private static let troubles = [
        "ERROR", "ERRORS", "FAILURE", "FAILURES", "WARNING", "WARNINGS", "ISSUE", "ISSUES", "PROBLEM", "PROBLEMS",
    ]

    /// "FINISH_WITH_ERROR", "TASK_DONE_WITH_SOME_WARNINGS": a good end with trouble. Each part must be known.
    private static func speaksOfTrouble(_ compared: String) -> Bool {
        var parts = Self.parts(compared.utf8[...])[...]
        func take(_ words: [String]) -> Bool {
            guard let part = parts.first, isAny(part, words) else { return false }
            parts.removeFirst()
            return true
        }
        _ = take(["JOB", "TASK"])
        guard take(goodEnds), take(["WITH"]) else { return false }
        _ = take(["SOME", "PARTIAL", "MINOR"])
        return take(troubles) && parts.isEmpty
    }

    /// "PARTIAL_SUCCESS", "PARTIALLY_SUCCEEDED", "SUCCESS_PARTIAL", "PARTIALLY_FAILED": an end with a part of the images.
    static func speaksOfAPart(_ compared: String) -> Bool {
        let letters = compared.utf8.filter { ASCIIText.isLetterOrDigit($0) }
        for word in ["partially", "partial", "partly"] {
            guard let found = ASCIIText.range(of: word, in: letters) else { continue }
            let rest = letters[..<found.lowerBound] + letters[found.upperBound...]
            return (goodEnds + badEnds).contains { rest.elementsEqual($0.utf8) }
        }
        return false
    }

    /// Whether a word, in the form for comparisons, says that the job has ended without success. Each part of the word must
    /// be known: "CANCELLING", "CANCEL_REQUESTED", "CANCEL_FAILED", "ERROR_RETRYING" and "NO_ERROR" do not say so. An
    /// accepted job that ends by mistake is lost; one that is polled too long is not. Behind a colon stands why.
    static func speaksOfABadEnd(_ compared: String) -> Bool {
        var parts = Self.parts(compared.utf8.prefix { $0 != UInt8(ascii: ":") })[...]
        var isOrder = false
        var isEnd = false
        while let part = parts.popFirst() {
            var part = part
            if isAny(part, ["TIMED", "TIME"]), let next = parts.first, isAny(next, ["OUT"]) {
                parts.removeFirst()
                isEnd = true
                continue
            }
            if !isAny(part, badEnds), let end = badEnds.first(where: { part.hasEnd($0) }) {
                // "TRAINFAILED" has two parts.
                guard isAny(part.dropLast(end.utf8.count), besideEnds) else { return false }
                part = part.suffix(end.utf8.count)
            }
            if isAny(part, badEnds) {
                // What was ordered did not happen.
                if isOrder { return false }
                isEnd = true
                isOrder = isAny(part, orders)
            } else if !isAny(part, besideEnds) {
                return false
            }
        }
        return isEnd
    }

    private static func parts(_ word: Substring.UTF8View) -> [Substring.UTF8View] {
        word.split { !ASCIIText.isLetterOrDigit($0) && $0 < 0x80 }
    }

    private static func isAny(_ part: Substring.UTF8View, _ words: [String]) -> Bool {
        words.contains { part.elementsEqual($0.utf8) }
    }

    private static let runningWords = [
        "run", "process", "progress", "wait", "pend", "queu", "schedul", "start", "submit", "created", "train", "infer",
        "generat", "init", "accept", "receiv", "dispatch", "assign", "ready", "prepar", "execut", "handl", "doing",
        "ongoing", "render", "upload", "retry",
    ]

    /// Whether a word that is in no table speaks of a job that has not ended. Where an end stands in it too, nobody knows.
    static func speaksOfRunning(_ word: String) -> Bool {
        if ["RUNNING", "TRAINING"].contains(where: word.isSame) { return true }
        return runningWords.contains { ASCIIText.contains(word, $0) } && !holdsABadEnd(compared(word))
    }

    private static func holdsABadEnd(_ compared: String) -> Bool {
        parts(compared.utf8[...]).contains { part in
            isAny(part, badEnds) || badEnds.contains { part.hasEnd($0) }
        }
    }

    /// A warning about an end with a part of the images, or with images that an end without success has left; nil for other
    /// words. message: what the provider says of such an end.
    static func warning(_ compared: String, _ message: String?) -> String? {
        let shown = "the provider calls the job \(Answers.shownState(compared))"
        if speaksOfAPart(compared) { return shown + ": not all images that were ordered were made" + said(message) }
        guard speaksOfABadEnd(compared) || speaksOfTrouble(compared) else { return nil }
        return shown + ": not all images that were ordered may be there" + said(message)
    }

    private static func said(_ message: String?) -> String { message.map { ": \($0)" } ?? "" }
}

extension Substring.UTF8View {
    /// Whether it is longer than a word and ends so.
    fileprivate func hasEnd(_ word: String) -> Bool {
        count > word.utf8.count && suffix(word.utf8.count).elementsEqual(word.utf8)
    }
}
