internal import CPlatform
internal import CSQLite
internal import Core

/// One open connection to the file. One thread at a time.
final class Database {
    private let handle: OpaquePointer
    private let place: String
    private var statements: [ObjectIdentifier: OpaquePointer] = [:]
    private var isSynced = true
    /// The file is no database any more, or a damaged one.
    private(set) var isBroken = false

    /// The file has to exist.
    init(_ path: String, writes: Bool) throws(Failure) {
        place = path
        var opened: OpaquePointer?
        let code = Int(aigcs_open(path, writes ? 1 : 0, &opened))
        guard code == AIGCS_OK, let opened else {
            let failure = Self.failure(code, of: opened, path, "opening it")
            _ = aigcs_close(opened, 0)
            throw failure
        }
        handle = opened
        // A second protection: only a foreign program can block the holder of the journal's own lock.
        _ = aigcs_busy_timeout(handle, 5_000)
    }

    /// How long a statement waits for a foreign program that holds the file.
    func waits(atMost milliseconds: Int64) {
        _ = aigcs_busy_timeout(handle, Int32(clamping: min(5_000, max(50, milliseconds))))
    }

    /// `checkpoints`: whether the log may be moved into the file, for which the journal's lock has to be held.
    func close(checkpoints: Bool) {
        for statement in statements.values { aigcs_free(statement) }
        statements = [:]
        _ = aigcs_close(handle, checkpoints ? 1 : 0)
    }

    func run(_ sql: String, _ doing: String) throws(Failure) {
        let code = Int(aigcs_run(handle, sql))
        guard code == AIGCS_OK else { throw failure(code, doing) }
    }

    /// Whether a commit is on the disk when it returns. Told only when it changes: SQLite reads the text each time.
    func setSynced(_ on: Bool) throws(Failure) {
        guard on != isSynced else { return }
        try run(on ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", "setting it up")
        isSynced = on
    }

    /// Gives up a transaction, if there is one.
    func rollBack() { _ = aigcs_run(handle, "ROLLBACK") }

    /// How long a fork() may wait for a statement of `givingWay`.
    private var patience: Int64 = 0
    private var hasGivenWay = false

    /// Reads; where a fork() has waited for longer than `patience` (nanoseconds), the statement ends and the result is nil.
    func givingWay<R>(after patience: Int64, _ body: () throws(Failure) -> R) throws(Failure) -> R? {
        self.patience = patience
        hasGivenWay = false
        aigcs_watch(
            handle,
            { context in
                guard let context else { return 0 }
                return Unmanaged<Database>.fromOpaque(context).takeUnretainedValue().givesWay() ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
        defer { aigcs_watch(handle, nil, nil) }
        do throws(Failure) {
            let result = try body()
            // A check that was cut off may tell of faults that the file does not have.
            return hasGivenWay ? nil : result
        } catch {
            if hasGivenWay { return nil }
            throw error
        }
    }

    private func givesWay() -> Bool {
        if aigcp_turn_wanted_ns() >= patience { hasGivenWay = true }
        return hasGivenWay
    }

    /// The newest time of a change that is known here; nil: nobody has looked.
    private var newestTime: Int64?

    /// The clock, for a change of a row.
    func timeOfChange() -> Int64 {
        let now = aigcp_unix_ms()
        if let newest = newestTime { newestTime = max(newest, now) }
        return now
    }

    /// The clock, for a new row, and never before the newest change of the journal: the clock may have been set back, and
    /// the row would soon count as old, and its key could be paid again. A row keeps its own order by itself.
    func timeOfClaim() throws(Failure) -> Int64 {
        let known = if let newestTime { newestTime } else { try number(Statements.newestTime) ?? 0 }
        let time = max(aigcp_unix_ms(), known)
        newestTime = time
        return time
    }

    /// Rows that the newest statement has changed.
    var changes: Int { Int(aigcs_changes(handle)) }

    /// Runs a statement to its end; `row` gets each of its rows.
    func each(
        _ sql: SQL, _ values: [Value] = [], _ row: (borrowing FileRow) throws(Failure) -> Void
    ) throws(Failure) {
        let statement = try prepared(sql)
        // SQLite reads texts and blobs where they are, until the reset: a copy of its own would cost it an allocation each.
        try Value.bytes(of: values).withUnsafeBufferPointer { (bytes) throws(Failure) in
            defer { aigcs_reset(statement) }
            var next = bytes.baseAddress ?? Self.nothing
            for (index, value) in values.enumerated() {
                let code = bind(value, Int32(truncatingIfNeeded: index + 1), statement, &next)
                guard code == AIGCS_OK else { throw failure(code, sql.doing) }
            }
            while true {
                let code = Int(aigcs_step(statement))
                if code == AIGCS_DONE { return }
                guard code == AIGCS_ROW else { throw failure(code, sql.doing) }
                try row(FileRow(statement))
            }
        }
    }

    func change(_ sql: SQL, _ values: [Value] = []) throws(Failure) {
        try each(sql, values) { (_: borrowing FileRow) throws(Failure) in }
    }

    /// The first column of the first row.
    func number(_ sql: SQL, _ values: [Value] = []) throws(Failure) -> Int64? {
        var found: Int64?
        try each(sql, values) { (row: borrowing FileRow) throws(Failure) in if found == nil { found = row.int(0) } }
        return found
    }

    func texts(_ sql: SQL) throws(Failure) -> [String] {
        var found: [String] = []
        try each(sql) { (row: borrowing FileRow) throws(Failure) in found.append(row.text(0)) }
        return found
    }

    private func prepared(_ sql: SQL) throws(Failure) -> OpaquePointer {
        if let known = statements[ObjectIdentifier(sql)] { return known }
        var made: OpaquePointer?
        let code = Int(aigcs_prepare(handle, sql.text, &made))
        guard code == AIGCS_OK, let made else { throw failure(code, sql.doing) }
        statements[ObjectIdentifier(sql)] = made
        return made
    }

    /// `next`: where the bytes of this value begin, in the order of `Value.bytes`.
    private func bind(
        _ value: Value, _ index: Int32, _ statement: OpaquePointer, _ next: inout UnsafePointer<UInt8>
    ) -> Int {
        let start = next
        let count = value.byteCount
        next += count
        switch value {
        case .int(let number): return Int(aigcs_bind_int(statement, index, number))
        case .text, .key: return Int(aigcs_bind_text(statement, index, start, count))
        case .blob: return Int(aigcs_bind_blob(statement, index, start, count))
        case .null: return AIGCS_OK
        }
    }

    /// The memory for the pointer of an empty text.
    private static var nothing: UnsafePointer<UInt8> {
        let text: StaticString = ""
        return text.utf8Start
    }

    // MARK: - Failures

    private func failure(_ code: Int, _ doing: String) -> Failure {
        if code & 0xFF == AIGCS_NOTADB || code & 0xFF == AIGCS_CORRUPT { isBroken = true }
        return Self.failure(code, of: handle, place, doing)
    }

    private static func failure(_ code: Int, of handle: OpaquePointer?, _ path: String, _ doing: String) -> Failure {
        let kind = code & 0xFF
        var words = String(cString: aigcs_message(handle))
        let number = aigcs_system_error(handle)
        if number != 0, kind == AIGCS_IOERR || kind == AIGCS_CANTOPEN || kind == AIGCS_FULL {
            words += " (errno \(number): \(FileError.words(number)))"
        }
        let text = "Journal \(path): \(doing): \(words)"
        switch kind {
        case AIGCS_FULL: return Failure(.noSpace, text + "; make room on the disk", isRetryable: true)
        case AIGCS_IOERR where FileError.isFull(number):
            return Failure(.noSpace, text + "; make room on the disk", isRetryable: true)
        case AIGCS_IOERR where number == FileError.tooLarge || number == 0:
            // A commit that fails tells no number.
            return Failure(.journal, text + (FileError.limit.map { "; " + $0 } ?? ""))
        case AIGCS_NOMEM: return Failure(.noResources, text, isRetryable: true)
        case AIGCS_NOTADB, AIGCS_CORRUPT:
            return Failure(
                .journal,
                text
                    + "; nothing was deleted: put a copy of the folder aside, and take another folder or restore this one"
            )
        case AIGCS_BUSY, AIGCS_LOCKED, AIGCS_PROTOCOL:
            return Failure(.journal, text + "; another program uses the file", isRetryable: true)
        default: return Failure(.journal, text)
        }
    }
}

/// A value for a place of a statement.
enum Value {
    case int(Int64)
    case text(String)
    case key(JournalKey)
    case blob([UInt8])
    case null

    /// Nothing is null.
    init(optional text: String) { self = text.isEmpty ? .null : .text(text) }

    var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .key(let key): key.bytes.count
        case .blob(let bytes): bytes.count
        case .int, .null: 0
        }
    }

    /// The bytes of all texts and blobs, one after another.
    static func bytes(of values: [Value]) -> [UInt8] {
        var all: [UInt8] = []
        all.reserveCapacity(values.reduce(0) { $0 + $1.byteCount })
        for value in values {
            switch value {
            case .text(let text): all += text.utf8
            case .key(let key): all += key.bytes
            case .blob(let bytes): all += bytes
            case .int, .null: break
            }
        }
        return all
    }
}

/// The present row of a statement.
struct FileRow: ~Copyable {
    private let statement: OpaquePointer

    init(_ statement: OpaquePointer) { self.statement = statement }

    func int(_ column: Int32) -> Int64 { aigcs_int(statement, column) }
    func isNull(_ column: Int32) -> Bool { aigcs_is_null(statement, column) != 0 }

    func bytes(_ column: Int32) -> [UInt8] {
        var count = 0
        guard let start = aigcs_bytes(statement, column, &count) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }
}

/// A statement, and its purpose. Each is made once.
final class SQL: Sendable {
    let text: String
    /// "taking a key" and so on, for messages.
    let doing: String

    init(_ text: String, _ doing: String) {
        self.text = text
        self.doing = doing
    }
}
