import Core
import Support
import XCTest

@testable import Engine

/// A journal in memory, whose disk is as slow as the test wants. One thread.
final class FakeJournal: JobJournal, @unchecked Sendable {
    struct Written: Equatable {
        let key: String
        let step: JournalStep
    }

    /// What is on the disk, in order.
    private(set) var written: [Written] = []
    /// What waits for the disk.
    private(set) var waiting: [(key: JournalKey, step: JournalStep, done: (@Sendable (JournalAnswer) -> Void)?)] = []
    private(set) var looks: [(known: [JournalPlace], done: @Sendable ([JournalPlace]) -> Void)] = []
    /// Off: the disk takes nothing until `commit`.
    var isFast = true
    /// Keys that another client has had a moment earlier.
    var taken: [String: JournalPlace] = [:]
    /// The commits that fail, counted from 1.
    var failing: Set<Int> = []
    var failure = Failure(.noSpace, "Journal: the disk is full", isRetryable: true)
    private(set) var commits = 0
    private(set) var isClosed = false

    func claim(_ claim: JournalClaim, isFresh: Bool) throws(Failure) -> JournalClaimed { .new }
    func find(_ key: JournalKey) throws(Failure) -> JournalPlace? { nil }
    /// What clients that are gone have left, page by page.
    var left: [[JournalPlace]] = []
    func takeOver(limit: Int, after cursor: inout JournalCursor) throws(Failure) -> [JournalPlace] {
        left.isEmpty ? [] : left.removeFirst()
    }

    func record(_ step: JournalStep, of key: JournalKey, done: (@Sendable (JournalAnswer) -> Void)?) {
        waiting.append((key, step, done))
        if isFast { commit() }
    }

    /// All that waits, in one commit.
    func commit() {
        let group = waiting
        waiting = []
        if group.isEmpty { return }
        commits += 1
        let fails = failing.contains(commits)
        for (key, step, done) in group {
            if fails {
                done?(.failed(failure))
                // What has happened is owed.
                if case .sending = step { continue }
            }
            if taken[key.text] == nil { written.append(Written(key: key.text, step: step)) }
            if !fails { done?(taken[key.text].map { .taken($0) } ?? .written) }
        }
    }

    /// The keys whose submissions have left, in order.
    private(set) var departures: [String] = []
    /// Why none may leave.
    var objection: Failure?

    func leaves(_ key: JournalKey) throws(Failure) {
        if let objection { throw objection }
        departures.append(key.text)
    }

    func accountName(_ id: String) -> [UInt8] { Array(id.utf8) }

    func look(_ known: [JournalPlace], done: @escaping @Sendable ([JournalPlace]) -> Void) {
        looks.append((known, done))
    }

    /// Answers the looks with what has changed.
    func answer(_ places: [JournalPlace]) {
        let asked = looks
        looks = []
        for look in asked { look.done(places) }
    }

    var learned: [JournalHistory] = []
    private(set) var kept: [[JournalHistory]] = []

    var jobs: [JobReference] = []

    func newestJobs() -> [JobReference] { jobs }
    func histories() -> [JournalHistory] { learned }
    func keep(_ histories: [JournalHistory]) { kept.append(histories) }

    func close() { isClosed = true }

    func steps(_ key: String) -> [String] { written.filter { $0.key == key }.map { Self.name($0.step) } }

    static func name(_ step: JournalStep) -> String {
        switch step {
        case .claimed: "claimed"
        case .sending: "sending"
        case .accepted(let id, _): "accepted " + id
        case .returned: "returned"
        case .succeeded(let images): "succeeded \(images)"
        case .failed(let failure): "failed \(failure.status)"
        case .refused(let failure): "refused \(failure.status)"
        case .unknown: "unknown"
        case .released: "released"
        }
    }
}

extension Harness {
    /// As `Engine.submit` with a key that is new.
    @discardableResult
    func submit(
        key text: String, _ place: JournalPlace? = nil, call: Bool = true, isHeld: Bool = false, follow: Bool = true,
        deadline: Int64 = 3_600_000
    ) -> JobRecord {
        let made = record()
        made.key = JournalKey(text)
        made.isHeld = isHeld
        _ = mailbox.post {
            if let key = made.key { mailbox.keys[key] = made }
            return .journalled(
                made,
                JournalledStart(
                    call: call ? provider.call(submit: text) : nil, key: made.key, claim: made.key.map { claim($0) },
                    isHeld: isHeld,
                    place: place,
                    follows: follow, deadlineMilliseconds: deadline))
        }
        return made
    }

    func claim(_ key: JournalKey) -> JournalClaim {
        JournalClaim(
            key: key, provider: provider.name, operation: "draw", region: "", endpoint: provider.endpoint, digest: [])
    }

    func place(_ text: String, _ state: JournalState, _ holder: JournalHolder, id: String = "", account: String = "")
        -> JournalPlace
    {
        var entry = JournalEntry(
            key: JournalKey(text)!, state: state, provider: provider.name, operation: "draw", region: "",
            endpoint: provider.endpoint, digest: [])
        entry.remoteID = id
        entry.account = Array(account.utf8)
        return JournalPlace(entry, holder)
    }
}
