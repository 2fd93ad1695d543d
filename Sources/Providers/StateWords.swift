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

    /// Bad ends that are believed also at the end of a longer word: "TRAINFAILED".
    private static let badEnds = [
        "FAIL", "FAILED", "FAILURE", "ERROR", "STOPPED", "ABORTED", "CANCELED", "CANCELLED", "TIMEOUT", "TIMEDOUT",
        "EXPIRED", "REJECTED", "TERMINATED", "KILLED",
    ]
    /// Bad ends between blanks, dots and underscores alone.
    private static let shortBadEnds = ["STOP", "ABORT", "CANCEL", "EXPIRE", "REJECT", "TERMINATE", "KILL", "ERRORED"]

    /// Whether a word, in the form for comparisons, speaks of success although no page lists it for these jobs. Alone it
    /// ends nothing: beside images it does.
    static func speaksOfSuccess(_ compared: String) -> Bool {
        goodEnds.contains { $0.isSame(as: compared) } || speaksOfAPart(compared)
    }

    /// "PARTIAL_SUCCESS", "PARTIALLY_SUCCEEDED", "SUCCESS_PARTIAL", "PARTIALLY_FAILED": an end with a part of the images.
    static func speaksOfAPart(_ compared: String) -> Bool {
        let letters = compared.utf8.filter { Words.isLetterOrDigit($0) }
        for word in ["partially", "partial", "partly"] {
            guard let found = Words.range(of: word, in: letters) else { continue }
            let rest = letters[..<found.lowerBound] + letters[found.upperBound...]
            return (goodEnds + badEnds).contains { rest.elementsEqual($0.utf8) }
        }
        return false
    }

    /// Whether a word, in the form for comparisons, says that the job has ended without success. "CANCELLING" and
    /// "CANCEL_REQUESTED" do not.
    static func speaksOfABadEnd(_ compared: String) -> Bool {
        let parts = compared.utf8.split { !Words.isLetterOrDigit($0) && $0 < 0x80 }
        func isAny(_ part: Substring.UTF8View, _ words: [String]) -> Bool {
            words.contains { part.elementsEqual($0.utf8) }
        }
        guard let last = parts.last, !isAny(last, ["NONE", "RETRY", "RETRYING", "REQUESTED", "PENDING", "PROGRESS"]),
            !parts.contains(where: { isAny($0, ["NO", "NOT", "NON", "NEVER"]) })
        else { return false }
        if parts.contains(where: { isAny($0, badEnds) || isAny($0, shortBadEnds) }) { return true }
        // "TIMED_OUT" is one word.
        let joined = parts.joined()
        return badEnds.contains { end in
            parts.contains { $0.suffix(end.utf8.count).elementsEqual(end.utf8) }
                || joined.suffix(end.utf8.count).elementsEqual(end.utf8)
        }
    }

    private static let runningWords = [
        "run", "process", "progress", "wait", "pend", "queu", "schedul", "start", "submit", "created", "train", "infer",
        "generat", "init", "accept", "receiv", "dispatch", "assign", "ready", "prepar", "execut", "handl", "doing",
        "ongoing", "render", "upload", "retry",
    ]

    /// Whether a word that is in no table speaks of a job that has not ended.
    static func speaksOfRunning(_ word: String) -> Bool { runningWords.contains { Words.contains(word, $0) } }

    /// A warning about an end with a part of the images; nil for other words.
    static func warning(_ compared: String) -> String? {
        speaksOfAPart(compared)
            ? "the provider calls the job \(Answers.shownState(compared)): not all images that were ordered were made"
            : nil
    }
}
