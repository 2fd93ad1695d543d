/// What a job's answers say about its images: when the images end, and how often a finished job listed none.
struct ImageListing: Sendable {
    /// When the images end, by the first answer that said so; 0 is unknown.
    private(set) var endAt: Int64 = 0
    /// When the last of `empty` was counted.
    private var emptyAt: Int64 = .min
    /// Answers in a row that called the job finished and listed no image.
    private var empty: Int32 = 0

    /// A job ends after so many answers that call it finished and list no image.
    private static let patience: Int32 = 5

    /// A decoder does not know earlier answers: the first answer about the end of the images counts.
    mutating func withEarliestEnd(_ answer: JobAnswer) -> JobAnswer {
        let told = answer.assetsExpireAtMilliseconds
        if told > 0 { endAt = endAt > 0 ? min(endAt, told) : told }
        guard endAt > 0 else { return answer }
        var answer = answer
        for index in answer.assets.indices where !answer.assets[index].stays {  // safe: an index of it
            let own = answer.assets[index].expiresAtMilliseconds
            answer.assets[index].expiresAtMilliseconds = own > 0 ? min(own, endAt) : endAt
        }
        return answer
    }

    /// A failure after too many such answers. Answers count at the pace of polls, so quick refreshes do not add up.
    mutating func givesUp(after answer: JobAnswer, at now: Int64, polls: PollSchedule) -> Failure? {
        guard answer.lacksAssets else {
            empty = 0
            return nil
        }
        let pause = Int64.nanoseconds(milliseconds: polls.initialMilliseconds / 2)
        if empty > 0, now.subtracting(emptyAt) < pause { return nil }
        empty += 1
        emptyAt = now
        guard empty >= Self.patience else { return nil }
        var text = "Job is finished at the provider"
        if !answer.providerState.isEmpty { text += " (\(answer.providerState))" }
        text += " and \(empty) answers in a row listed no image; the job may be billed"
        if let warning = answer.warning { text += " (\(warning))" }
        text += "; the provider's answer can be read, and the token"
        text += " attaches the job again if it is to be looked at later"
        return Failure(.jobFailed, text, requestID: answer.requestID)
    }
}
