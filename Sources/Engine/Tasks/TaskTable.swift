internal import Core

/// What processes know together of how many tasks of one kind an account may have under way: a record of the file of rates.
///
///     words    0 format (16 bits), seconds between tries (16)   1 limit + 1, 0: unknown   2 when one more may be tried
///              3...25 a process each
///     process  its number (20 bits), whether submissions wait (1), unanswered ones (5), running ones (10), time (28)
///
/// Nobody owns the record: whoever changes it leaves out processes that have said nothing for a while, so that one that was
/// killed or stopped counts no longer than that. Words of any content are read without a trap. A value.
struct TaskTable: Equatable {
    struct Member: Equatable {
        let number: UInt64
        var wants: Bool
        var asking: Int
        var running: Int
        /// In units of 134 ms; 417 days come round.
        var saidAt: UInt64 = 0
        var taken: Int { asking + running }
    }

    private static let format: UInt64 = 1
    private static let mostMembers = RateFile.payload - 3
    /// A process that has said nothing for so long counts no more.
    static let patience: Int64 = 15_000_000_000
    private static let timeMask: UInt64 = 1 << 28 - 1
    static let numberMask: UInt64 = 1 << 20 - 1
    private static let second: Int64 = 1_000_000_000
    private static let mostLimit: UInt64 = 1_000_000
    private static let longestPause: Int64 = 1_200_000_000_000

    /// The tasks of all; nil: no refusal has taught it.
    private(set) var limit: Int?
    /// From when on one more than the limit may be tried.
    private(set) var probeAt: Int64 = .min
    /// The pause before it, in nanoseconds.
    private(set) var probePause: Int64 = 0
    private(set) var others: [Member] = []

    /// - me: the number of the process that looks; its own row is left out.
    init(_ words: [UInt64]?, me: UInt64, at now: Int64) {
        // safe: the count is checked first
        guard let words, words.count >= RateFile.payload, words[0] & 0xFFFF == Self.format else { return }
        // safe: the count was checked, and 16 bits fit
        probePause = Int64(words[0] >> 16 & 0xFFFF) * Self.second
        if words[1] > 0, words[1] <= Self.mostLimit { limit = Int(words[1] - 1) }
        let at = Int64(bitPattern: words[2])  // safe: the count was checked
        probeAt = at <= now.adding(Self.longestPause) ? at : now
        for word in words[3..<RateFile.payload] where word != 0 {  // safe: the count was checked
            let saidAt = word & Self.timeMask
            let silence = (Self.time(now) &- saidAt) & Self.timeMask
            let number = word >> 44 & Self.numberMask
            // Others may have looked at the clock a little later.
            guard number != me, silence <= Self.time(Self.patience) || silence > Self.timeMask - 8 else { continue }
            others.append(
                Member(
                    number: number, wants: word >> 43 & 1 == 1, asking: Int(word >> 38 & 31),
                    running: Int(word >> 28 & 1_023), saidAt: saidAt))
        }
    }

    private static func time(_ instant: Int64) -> UInt64 { UInt64(bitPattern: instant) >> 27 & timeMask }

    /// - me: nil leaves the table.
    func words(with me: Member?, at now: Int64) -> [UInt64] {
        let pause = UInt64(min(max(0, probePause / Self.second), 0xFFFF))  // safe: 16 bits
        var words = [Self.format | pause << 16, limit.map { UInt64($0) + 1 } ?? 0, UInt64(bitPattern: probeAt)]  // safe
        var members = others
        if var me {
            me.saidAt = Self.time(now)
            members.append(me)
        }
        for member in members.suffix(Self.mostMembers) {
            let (asking, running) = (UInt64(min(member.asking, 31)), UInt64(min(member.running, 1_023)))
            words.append(
                member.number << 44 | (member.wants ? 1 : 0) << 43 | asking << 38 | running << 28 | member.saidAt)
        }
        return words + [UInt64](repeating: 0, count: RateFile.payload - words.count)
    }

    // MARK: - Learning

    /// One of ours was refused while so many of ours ran.
    mutating func refused(running: Int, probeAt: Int64, pause: Int64) {
        probePause = pause
        limit = min(others.reduce(running) { $0 + $1.running }, Int(Self.mostLimit) - 1)
        self.probeAt = probeAt
    }

    /// So many run at once, so they may.
    mutating func noteRunning(_ running: Int) {
        guard let limit else { return }
        self.limit = min(max(limit, others.reduce(running) { $0 + $1.running }), Int(Self.mostLimit) - 1)
    }

    /// There was room for more than the limit: the next one may be tried at once.
    mutating func hasGrown(at now: Int64, pause: Int64) {
        probeAt = min(probeAt, now)
        probePause = pause
    }

    /// One more is being tried: nobody else tries until its answer has come.
    mutating func probes(until: Int64) { probeAt = max(probeAt, until) }

    // MARK: - Sharing

    /// How many of the tasks may be ours now; nil: nothing is known.
    ///
    /// What others have is theirs. Whoever waits while others wait as well takes no more than an equal part, as long as one of
    /// them has less than that.
    func part(of me: Member) -> Int? {
        guard let limit else { return nil }
        let left = max(0, limit - others.reduce(0) { $0 + $1.taken })
        let waiting = others.filter(\.wants)
        let equal = max(1, limit / (waiting.count + 1))
        return waiting.contains { $0.taken < equal } ? min(left, equal) : left
    }
}

/// The part of one engine in a `TaskTable`. Engine thread only.
final class SharedTasks {
    private let file: RateFile
    private let number: UInt64
    private var place: RateFile.Place
    let account: String
    private var lookedAt: Int64 = .min
    private var said: TaskTable.Member?
    /// Whether a limit is known to somebody.
    private(set) var isActive = false

    /// Nothing is known: so often a submission looks.
    private static let idlePause: Int64 = 1_000_000_000
    /// While submissions wait, room that others leave is seen so soon.
    static let crowdedPause: Int64 = 200_000_000
    /// Processes that wait try one more one after the other: each has seen the try of the one before.
    static let turnOfEach: Int64 = 300_000_000
    /// Longer silence would make others forget this process.
    static let pulse: Int64 = 5_000_000_000
    private static let longestProbe: Int64 = 5_000_000_000

    /// - number: any; no other process should have it.
    init?(_ file: RateFile, provider: String, account: String, operation: String, number: UInt64) {
        guard let place = file.place(of: ["tasks", provider, account, operation]) else { return nil }
        self.file = file
        self.place = place
        self.account = account
        self.number = max(1, number & TaskTable.numberMask)
    }

    /// Tells the others what this engine has, and the limit what is left for it. `leaves`: this engine has no more tasks.
    ///
    /// - begins: a submission wants to leave now, so that what was known a moment ago does not do.
    func share(_ limit: inout TaskLimit, at now: Int64, begins: Bool = false, leaves: Bool = false) {
        let me = TaskTable.Member(
            number: number, wants: limit.isCrowded, asking: limit.askingCount, running: limit.runningCount)
        let quiet = lookedAt == .min ? Int64.max : now.subtracting(lookedAt)
        if !isActive, limit.news == nil {
            guard !leaves, quiet >= Self.idlePause else { return }
            lookedAt = now
            guard TaskTable(file.look(&place), me: number, at: now).limit != nil else { return }
            isActive = true
        }
        let isNew = limit.news != nil || leaves || said != me || (begins || limit.isCrowded) && limit.hasRoom(at: now)
        guard isNew || quiet >= (limit.isCrowded ? Self.crowdedPause : Self.pulse) else { return }
        lookedAt = now
        said = me
        let unix = SystemClock().unixMilliseconds() / 1_000
        _ = file.update(&place, unixSeconds: unix) { words in
            var table = TaskTable(words, me: number, at: now)
            switch limit.news {
            case .refused: table.refused(running: me.running, probeAt: limit.probeAt, pause: limit.probePause)
            case .grown: table.hasGrown(at: now, pause: limit.probePause)
            case nil: break
            }
            table.noteRunning(me.running)
            if limit.isProbing { table.probes(until: now.adding(Self.longestProbe)) }
            isActive = table.limit != nil
            let turn = table.others.count { $0.wants && $0.number < number }
            limit.share(table, part: table.part(of: me), turn: turn)
            return table.words(with: leaves ? nil : me, at: now)
        }
    }
}
