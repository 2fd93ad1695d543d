"""Each promise of include/aigc.h, broken on purpose in one place, and the tests that must fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

# A file; the function (or type, or property) that is broken, "" for the whole file; what stands in it exactly once,
# with any white space between its words; what stands there instead.
Edit = Tuple[str, str, str, str]


@dataclass(frozen=True)
class Mutant:
    """One way to break a promise."""

    promise: int
    what: str
    edits: Sequence[Edit]
    # Tried in this order until one fails: "c PROGRAM", "journal PROGRAM", "faults PROGRAM ARGUMENT...",
    # "swift FILTER".
    tests: Sequence[str]


PLATFORM = "Sources/CPlatform/platform.c"
CLIENT = "Sources/AigcABI/ClientABI.swift"
ACTIONS = "Sources/Engine/Tasks/JobRunner.swift"
MACHINE = "Sources/Core/JobMachine.swift"
SLOT = "Sources/CurlTransport/Slot.swift"
CALLBACKS = "Sources/CurlTransport/SlotCallbacks.swift"
RATE_FILE = "Sources/Engine/Calls/RateFile.swift"
ANSWERS = "Sources/Engine/Calls/AnswerBook.swift"
CORE = "Sources/Engine/Loop/EngineCore.swift"
TRANSPORT = "Sources/CurlTransport/CurlTransport.swift"
CALLS = "Sources/Engine/Calls/CallRunner.swift"
STEPS = "Sources/Engine/Journal/JournalSteps.swift"
WRITER = "Sources/Journal/JournalWriter.swift"
STORE = "Sources/Journal/Store.swift"
FOLDER = "Sources/Journal/Folder.swift"
NOTES = "Sources/Journal/OwnerNotes.swift"
STEPS_OF_JOB = "Sources/Engine/Journal/JournalledJob.swift"
ROWS = "Sources/Journal/Rows.swift"
SCHEMA = "Sources/Journal/Schema.swift"
KEYS = "Sources/Core/JobJournal.swift"
TABLE = "Sources/Engine/Tasks/TaskTable.swift"
TOOLS = "Sources/Journal/JournalTools.swift"

MUTANTS = (
    Mutant(
        1, "a descriptor is opened when the library is loaded",
        [
            (
                PLATFORM, "aigcp_next_id",
                "uint64_t aigcp_next_id(void)",
                "__attribute__((constructor)) static void early(void) { (void)eventfd(0, 0); }\n"
                "uint64_t aigcp_next_id(void)",
            ),
        ],
        ["c load"],
    ),
    Mutant(
        1, "loading ignores SIGPIPE for the whole process",
        [
            (
                PLATFORM, "aigcp_next_id",
                "uint64_t aigcp_next_id(void)",
                "__attribute__((constructor)) static void early(void) { signal(SIGPIPE, SIG_IGN); }\n"
                "uint64_t aigcp_next_id(void)",
            ),
        ],
        ["c load"],
    ),
    Mutant(
        1, "loading starts a thread",
        [
            (
                PLATFORM, "aigcp_next_id",
                "uint64_t aigcp_next_id(void)",
                "static void *idle(void *c) { (void)c; for (;;) pause(); return 0; }\n"
                "__attribute__((constructor)) static void early(void) { pthread_t t; pthread_create(&t, NULL,"
                " idle, NULL); }\n"
                "uint64_t aigcp_next_id(void)",
            ),
        ],
        ["c load"],
    ),
    Mutant(
        2, "the handler is called under the lock",
        [
            (
                CLIENT, "aigc_client_dispatch",
                "handler(box.lent, user_data)",
                "if let job = box.job { client.engine.withSnapshot(job.record) { _ in handler(box.lent,"
                " user_data) } } else { handler(box.lent, user_data) }",
            ),
        ],
        ["c handlers"],
    ),
    Mutant(
        2, "the handler is called on another thread",
        [
            (
                CLIENT, "aigc_client_dispatch",
                "handler(box.lent, user_data)",
                "let shout = Unmanaged.passRetained(Shout { handler(box.lent, user_data) })\n"
                " var thread = pthread_t()\n"
                " _ = aigcp_thread_start(&thread, 1 << 20, \"shout\", { context in\n"
                "  if let context { Unmanaged<Shout>.fromOpaque(context).takeRetainedValue().call() }\n"
                "  return nil\n"
                " }, shout.toOpaque())\n"
                " _ = aigcp_thread_join(thread)",
            ),
            (
                CLIENT, "",
                "Providers",
                "Glibc\n"
                "internal import Providers\n"
                "private final class Shout { let call: () -> Void; init(_ call: @escaping () -> Void) { self.call"
                " = call } }",
            ),
        ],
        ["c lifecycle"],
    ),
    Mutant(
        3, "commands are posted without the lock",
        [
            ("Sources/Engine/Host/Mailbox.swift", "post", "lock.withLock { () throws(E)", "{ () throws(E) -> Bool"),
            ("Sources/Engine/Host/Mailbox.swift", "post", "} if mustWake", "}()\n        if mustWake"),
        ],
        ["c threads16", "c frees64"],
    ),
    Mutant(
        3, "each call takes 100 KB of the caller's stack",
        [
            (
                PLATFORM, "aigcp_generation",
                "aigcp_generation(void) {",
                "aigcp_generation(void) {\n"
                "    volatile char much[100 << 10];\n"
                "    for (unsigned i = 0; i < sizeof much; i += 512) much[i] = 0; /* a page of each is touched */",
            ),
        ],
        ["c small_stack"],
    ),
    Mutant(
        4, "a job does not keep its client",
        [("Sources/AigcABI/JobBox.swift", "", "JobBox: HandleBox {", "JobBox: HandleBox {\n    unowned(unsafe)")],
        ["c lifecycle", "c frees64"],
    ),
    Mutant(
        4, "NULL is not fine for a _free",
        [("Sources/AigcABI/Border.swift", "HandleBox", "guard let handle else { return }", "let handle = handle!")],
        ["c null"],
    ),
    Mutant(
        5, "a job that was cancelled does not tell its end",
        [
            (
                "Sources/Engine/Host/Mailbox.swift", "end",
                "push(.jobDone, record)",
                "if record.snapshot.failure?.status != .cancelled { push(.jobDone, record) }",
            ),
        ],
        ["c cancel", "swift FaultMatrixTests|EndTests"],
    ),
    Mutant(
        5, "an answer after the end ends the job once more",
        [(MACHINE, "answeredLate", ".accepted)", ".accepted)\n            actions.append(.ended(nil))")],
        ["c cancel", "faults late"],
    ),
    Mutant(
        5, "an end is seen before its reason",
        [(ACTIONS, "fill", "snapshot.outcome = job.machine.outcome return", "snapshot.state = job.machine.state")],
        ["swift EndTests", "swift ThreadTests"],
    ),
    Mutant(
        5, "the error of a job that was cancelled keeps the outcome of then",
        [(ACTIONS, "fill", "snapshot.failure", "_")],
        ["swift EndTests", "swift ThreadTests"],
    ),
    Mutant(
        5, "credentials that cannot be used end an accepted job",
        [(MACHINE, "pollFailed", ".unsigned,", ".unsigned:\n            ends = true\n        case")],
        ["swift LocalTroubleTests"],
    ),
    Mutant(
        5, "trouble of this machine is told for each call",
        [("Sources/Engine/Report/TroubleBook.swift", "tells", "return isNews", "return true")],
        ["swift LocalTroubleTests"],
    ),
    Mutant(
        5, "a submission that was one task too many gives up after six tries",
        [
            (
                "Sources/Core/Backoff.swift", "allowsAnother",
                "maximumAttempts == 0 || tries < maximumAttempts",
                "tries < (maximumAttempts == 0 ? 6 : maximumAttempts)",
            ),
        ],
        ["swift SlotTests"],
    ),
    Mutant(
        6, "libcurl may send a submission again",
        [("Sources/CurlTransport/CurlTransport.swift", "init", ".oneRequest)", ".none)")],
        ["faults matrix --case submit\\ reused", "swift AtMostOnceTests"],
    ),
    Mutant(
        6, "a submission whose answer is lost is tried again",
        [(MACHINE, "submitFailed", "Self.leavesDoubt(failed.kind)", "failed.kind == .unreadable")],
        ["faults matrix --case submit\\ reset_answered"],
    ),
    Mutant(
        6, "a job says NOT_SENT although bytes of its submission have left",
        [(TRANSPORT, "cancelUnsent", "guard let slot = active[id], slot.requestsAllowed == 0 else { return false }",
          "guard active[id] != nil else { return false }")],
        ["swift UnsentTests"],
    ),
    Mutant(
        6, "a job says NOT_SENT, and its submission still leaves",
        [(CALLS, "cutUnsent", "call.lane.isSubmission, transport.cancelUnsent(id: call.id) else", "call.lane.isSubmission else")],
        ["swift EndTests"],
    ),
    Mutant(
        6, "a submission that was cut keeps its connection, and still leaves",
        [(TRANSPORT, "cancelUnsent",
          "guard let slot = active[id], slot.requestsAllowed == 0 else { return false } cancel(id: id) return true",
          "guard let slot = active[id], slot.requestsAllowed == 0 else { return false }; return true")],
        ["swift UnsentTests"],
    ),
    Mutant(
        6, "submissions may use HTTP/2, with its GOAWAY",
        [(SLOT, "pool", "settings.allowHTTP2 && !options.isSubmission", "settings.allowHTTP2")],
        ["faults http2"],
    ),
    Mutant(
        6, "bytes that wait on a connection are taken for the next answer",
        [(CALLBACKS, "lookAtConnection", "if line.has_bytes != 0 { return .hasBytes }", "")],
        ["swift StrayAnswerTests", "faults stray"],
    ),
    Mutant(
        6, "a connection that was reset is used for a submission",
        [(CALLBACKS, "lookAtConnection", "line.has_ended != 0, line.has_bytes == 0", "false")],
        ["swift testAConnectionThatWasResetWhileIdle"],
    ),
    Mutant(
        6, "a request is taken for unsent whatever was written of it",
        [("Sources/CCurl/ccurl.c", "aigcu_nothing_written", "== 0", ">= 0")],
        ["swift AtMostOnceTests"],
    ),
    Mutant(
        6, "the TLS buffer of a connection is not looked at",
        [("Sources/CCurl/ccurl.c", "aigcu_line_look", "|| (tls && openssl.has_pending(tls) == 1)", "")],
        ["swift testTheSameOverTLS"],
    ),
    Mutant(
        6, "what follows an answer without a body is dropped, and the connection kept",
        [(CALLBACKS, "setFraming", "return endConnection()", "return")],
        ["swift StrayAnswerTests"],
    ),
    Mutant(
        6, "what follows an answer in chunks is dropped, and the connection kept",
        [(CALLBACKS, "takeBody", "if step == .excess || step == .malformed {", "if step == .malformed {")],
        ["swift StrayAnswerTests"],
    ),
    Mutant(
        6, "HTTP/1.1 and HTTP/2 share a pool",
        [
            (
                SLOT, "pool",
                "shared.settings.allowHTTP2 && !options.isSubmission && aigcu_knows_tls() != 0 ? .http2 : .http1",
                ".http1",
            ),
            (SLOT, "setConnection", "pool == .http2", "settings.allowHTTP2 && !options.isSubmission"),
        ],
        ["faults nginx", "faults http2"],
    ),
    Mutant(
        6, "two calls share a connection of HTTP/1.1 where HTTP/2 is allowed",
        [
            (
                CALLBACKS, "lookAtConnection",
                "if multi.pool == .http2, !multi.hold(line.fd, for: self, isFresh: line.is_fresh != 0) { return"
                " .isShared }",
                "",
            ),
        ],
        ["faults http2"],
    ),
    Mutant(
        6, "a cache may answer a submission",
        [(ANSWERS, "strangeness", "if let age = reply.headers[\"age\"] { return .fromCache(age: age) }", "")],
        ["swift StrangeAnswerTests", "faults stray"],
    ),
    Mutant(
        6, "an id may come twice",
        [(ANSWERS, "strangeness", "return !isNewJob ? .knownJob :", "_ = isNewJob\n        return")],
        ["swift StrangeAnswerTests"],
    ),
    Mutant(
        6, "a refusal of another call lets a submission be sent again",
        [
            (
                ANSWERS, "strangeness",
                "case .failure(let failed): isOld = isRepeated(failed.failure.requestID, reply, call, at: now)",
                "case .failure: isOld = false",
            ),
        ],
        ["swift StrangeAnswerTests", "faults stray"],
    ),
    Mutant(
        6, "a status call believes the answer to another call",
        [
            (
                "Sources/Engine/Calls/CallReader.swift", "read",
                "answer = known.believed(said, reply, call, at: clock.nanoseconds(), doing: ticket.doing)",
                "answer =\n                call.kind == .submit"
                " ? known.believed(said, reply, call, at: clock.nanoseconds(), doing: ticket.doing) : said",
            ),
        ],
        ["swift StrangeAnswerTests", "faults stray"],
    ),
    Mutant(
        6, "an answer during a large body is believed",
        [
            (
                CALLBACKS, "isStrayAnswer",
                "return head.status < 300 && aigcu_body_is_under_way(socket, easy, bodyBytes) != 0", "return false",
            ),
        ],
        ["swift StrayAnswerTests"],
    ),
    Mutant(
        6, "a role that a metadata service has named is skipped",
        [
            (
                "Sources/Credentials/CredentialChain.swift", "find",
                "(source.isProbe(context) && !error.isOfNamedRole)", "source.isProbe(context)",
            ),
        ],
        ["swift ChainTests"],
    ),
    Mutant(
        6, "a refusal beside the id of a job is a refusal",
        [("Sources/Providers/ReplyReader.swift", "failure", "if names.id != nil {", "if ids.id != nil {")],
        ["swift BentAnswerTests"],
    ),
    Mutant(
        8, "a head of many lines hides the id of a job",
        [
            (
                "Sources/CurlTransport/ReplyHead.swift", "", "static let maximumLines = 20_000",
                "static let maximumLines = 100",
            ),
        ],
        ["swift FaultTableTests"],
    ),
    Mutant(
        8, "a body that is no body in chunks hides the id of a job",
        [(CALLBACKS, "setFraming", "ChunkedBody(takesAll: options.isSubmission)", "ChunkedBody()")],
        ["swift FaultTableTests"],
    ),
    Mutant(
        6, "an account that is switched off pays",
        [
            (
                "Sources/Credentials/AlibabaINISource.swift", "fetch", '!["true", "yes", "on", "1"].contains(enabled)',
                "enabled.isEmpty",
            ),
        ],
        ["swift AlibabaTests"],
    ),
    Mutant(
        6, "keys in the place of a name are the name of a role",
        [("Sources/Credentials/AlibabaMetadataSource.swift", "firstLine", "!isText,", "!isText || isText,")],
        ["swift ChainTests"],
    ),
    Mutant(
        9, "a secret within escapes of escapes is shown",
        [("Sources/Core/PlainReader.swift", "", "static let layers = 3", "static let layers = 1")],
        ["swift KnownSecretsTests"],
    ),
    Mutant(
        8, "a weak tag beside a date is not compared",
        [
            (
                "Sources/Assets/ReceiverBody.swift", "isAnother",
                " || beside.map { head.contradicts(beside: $0) } ?? false", "",
            ),
        ],
        ["swift StitchTests"],
    ),
    Mutant(
        6, "a signed call is sent again with its nonce",
        [(SLOT, "isOnce", "(options.isSubmission || !options.isForStore)", "options.isSubmission")],
        ["swift AtMostOnceTests"],
    ),
    Mutant(
        9, "the address that a SOCKS proxy is given is not looked at",
        [
            (SLOT, "begin", "looksUp ? Lookup(proxy: proxy) : nil", "nil"),
            (SLOT, "begin", "looksUp ? \"\" : proxy", "proxy"),
        ],
        ["swift testAddressesBehindASOCKSProxyAreLookedAt"],
    ),
    Mutant(
        9, "a store is shown the client certificate",
        [(SLOT, "setConnection", "showsCertificate == options.isForStore", "!showsCertificate")],
        ["swift testAClientCertificateIsShownToTheAPIAndToNoStore"],
    ),
    Mutant(
        7, "a child takes its parent's client for its own",
        [("Sources/AigcABI/Client.swift", "isForeign", "aigcp_generation() != generation", "false")],
        ["c fork"],
    ),
    Mutant(
        8, "half an image is taken for whole",
        [
            (
                "Sources/Assets/ReceiverEnd.swift", "judge",
                "decided = reading == .base64 ? .corrupt(corrupt(reason)) : .incomplete(corrupt(reason))",
                "_ = reason\n            isVerified = true\n            decided = .complete",
            ),
        ],
        ["swift AssetsTests", "faults matrix --case asset"],
    ),
    Mutant(
        8, "a full disk is not noticed",
        [("Sources/Assets/FileStore.swift", "write", "0 { throw", "0, result.error != 28 { throw")],
        ["c disk", "faults disk"],
    ),
    Mutant(
        8, "an answer that is no object ends the process",
        [
            (
                "Sources/Codec/JSONAnswer.swift", "read",
                "if let plain",
                "precondition(bytes.first != 0x5B)\n            if let plain",
            ),
        ],
        ["faults answers"],
    ),
    Mutant(
        8, "one odd entry of a list hides a finished job",
        [
            (
                "Sources/Providers/Answers.swift", "assets",
                "if odd.isEmpty { return (assets, nil) }",
                "if odd.isEmpty { return (assets, nil) }\n        if odd.count < 99 { return ([], nil) }",
            ),
        ],
        ["faults answers", "swift BentAnswerTests"],
    ),
    Mutant(
        8, "half an id is taken for the whole",
        [
            (
                "Sources/Codec/JSONAnswerReader.swift", "JSONAnswerReader",
                "nil } private mutating func escape",
                "String(decoding: text, as: UTF8.self)\n    }\n\n    private mutating func escape",
            ),
            (
                "Sources/Codec/JSONAnswerReader.swift", "string",
                "{ return nil",
                "{\n"
                "            return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<at]), as:"
                " UTF8.self)",
            ),
        ],
        ["faults answers", "swift BentAnswerTests"],
    ),
    Mutant(
        8, "an answer that is too large for the memory ends the process",
        [
            (
                CALLBACKS, "reserve",
                "if capacity > Self.smallBody, aigcu_has_memory(capacity * 2) == 0 { return end(.noMemory) }",
                "",
            ),
        ],
        ["c memory"],
    ),
    Mutant(
        5, "the last end that is asked for counts",
        [
            (
                "Sources/Core/DownloadMachine.swift", "endWhenFree",
                "phase = .preparing(end: first ?? ending)",
                "phase = .preparing(end: ending)",
            ),
        ],
        ["swift testTheFirstEndThatIsAskedForCounts"],
    ),
    Mutant(
        8, "two objects of one path are one object",
        [
            (
                "Sources/Core/WebURLQuery.swift", "objectIdentity",
                "URLSignature.unsigned(text) ?? text",
                "String(text.prefix { $0 != \"?\" })",
            ),
        ],
        ["swift WebURLTests", "faults resume"],
    ),
    Mutant(
        8, "an image continues with the bytes of another URL",
        [
            (
                "Sources/Assets/Receiver.swift", "canResume",
                "isWorthKeeping && heldObject == askedObject",
                "isWorthKeeping",
            ),
        ],
        ["faults resume"],
    ),
    Mutant(
        9, "what a cloud says is shown as it is",
        [("Sources/Core/Redaction.swift", "message", "hideTokens(hideValues(bytes))", "bytes")],
        ["faults secrets"],
    ),
    Mutant(
        9, "what a client knows to be secret is left to guesses",
        [
            (
                "Sources/Core/KnownSecrets.swift", "hide",
                "[UInt8]? {",
                "[UInt8]? {\n        if bytes.count >= 0 { return nil }",
            ),
        ],
        ["swift KnownSecretsTests", "faults secrets"],
    ),
    Mutant(
        9, "an asset host gets a header of the cloud's",
        [
            (
                "Sources/Engine/Calls/CallRunner.swift", "signed",
                "ticket.url)",
                "ticket.url, headers: [HTTPHeader(\"Authorization\", \"TC3\")])",
            ),
        ],
        ["faults urls"],
    ),
    Mutant(
        9, "whoever leads to a private bucket gets a signature for it",
        [
            (
                "Sources/Engine/Tasks/DownloadRunner.swift", "judge",
                "download.isOnOwnHost && download.provider.isOwn(url:",
                "download.provider.isOwn(url:",
            ),
        ],
        ["swift testAStrangersRedirectIsNotSignedFor"],
    ),
    Mutant(
        9, "files are for everybody",
        [("Sources/Assets/FileCalls.swift", "FileCalls", "openFlags, 0o600)", "openFlags, 0o644)")],
        ["faults secrets"],
    ),
    Mutant(
        9, "freed secrets are not wiped",
        [
            (
                "Sources/Core/Credentials.swift", "Storage",
                "for index in 0..<count { base.storeBytes(of: 0, toByteOffset: index, as: UInt8.self) }",
                "",
            ),
        ],
        ["swift SecretTests"],
    ),
    Mutant(
        9, "a secret prints itself",
        [
            (
                "Sources/Core/Credentials.swift", "Secret",
                "description: String { \"<secret>\"",
                "description: String { revealed()",
            ),
        ],
        ["swift SecretTests"],
    ),
    Mutant(
        10, "a submission that leaves before its record is written",
        [(STEPS, "leave", "return .isRecorded", "return .now")],
        ["swift EngineTests.JournalTests"],
    ),
    Mutant(
        10, "an intent that is not waited for on the disk",
        [
            (
                KEYS, "isSynced",
                "case .sending, .accepted, .unknown: true",
                "case .accepted, .unknown: true case .sending: false",
            ),
        ],
        ["journal stops"],
    ),
    Mutant(
        10, "an id that is told before it is on the disk",
        [
            (
                ACTIONS, "callEnded",
                "if job.journal != nil, steps.keeps(answer, job) { return }",
                "if job.journal != nil { _ = steps.keeps(answer, job) }",
            ),
        ],
        ["swift EngineTests.JournalTests"],
    ),
    Mutant(
        10, "a write that fails, and the submission leaves",
        [
            (
                CORE, "recorded", "case .failed(let why): failure = why",
                "case .failed(let why): failure = why.message.isEmpty ? why : nil",
            ),
        ],
        ["swift EngineTests.JournalTests"],
    ),
    Mutant(
        10, "a key that another client has taken, and is sent all the same",
        [
            (
                CORE, "recorded", "if let job, job.ticket == call { mirrors.watch(job, place) } settle() return",
                "_ = place",
            ),
        ],
        ["swift EngineTests.JournalTests"],
    ),
    Mutant(
        10, "an owner that lives and is taken for dead",
        [
            (
                FOLDER, "isLeased",
                "return aigcp_is_leased(file) != 0",
                "return aigcp_is_leased(file) == -2",
            ),
        ],
        ["swift OwnerTests"],
    ),
    Mutant(
        10, "a submission that leaves keeps its mark",
        [(STEPS_OF_JOB, "objection", "try journal.leaves(key)", "if key.bytes.isEmpty { try journal.leaves(key) }")],
        ["swift EngineTests.JournalTests"],
    ),
    Mutant(
        10, "a mark stays in the file when its submission leaves",
        [(NOTES, "leaves", "let error = unmark(key)", "let error = key.bytes.isEmpty ? unmark(key) : 0")],
        ["swift OwnerNotesTests"],
    ),
    Mutant(
        10, "a request leaves although its mark stands",
        [
            (
                CALLBACKS, "mayRequest",
                "if let objection = departure?.objection() { return end(.mayNotLeave(objection)) }", "",
            ),
        ],
        ["swift UnsentTests"],
    ),
    Mutant(
        10, "marks of an earlier boot count",
        [
            (
                NOTES, "finding",
                "guard let head = head(identity), bytes.starts(with: head) else { return nil }",
                "guard head(identity) != nil else { return nil }",
            ),
        ],
        ["swift OwnerNotesTests"],
    ),
    Mutant(
        10, "an id that waits for a lock is not noted",
        [(WRITER, "attempt", "waits: { keepIDs(group) }", "")],
        ["swift OwnerNotesTests"],
    ),
    Mutant(
        10, "a submission that is noted in a log that is nobody's",
        [(STORE, "checkFiles", "guard folder.log == log else { throw folder.lostLog }", "_ = log")],
        ["c journal"],
    ),
    Mutant(
        8, "a limit of the size of files ends the host",
        [
            (
                PLATFORM, "aigcp_signals_hold",
                "for (int i = 0; i < RAISED; i++) sigaddset(&held, raised[i]);", "sigaddset(&held, SIGPIPE);",
            ),
        ],
        ["c file_limit"],
    ),
    Mutant(
        10, "another request under a known key",
        [(ROWS, "judge", "return isSame ? .known : .conflict", "_ = isSame; return .known")],
        ["swift StateTests"],
    ),
    Mutant(
        10, "a row of another owner",
        [(SCHEMA, "", 'AND owner=?2 AND state=1"', 'AND ?2=?2 AND state=1"')],
        ["swift OwnerTests"],
    ),
    Mutant(
        10, "what was on the wire when its process died, sent again",
        [(ROWS, "judge", "if entry.state == .refused ||", "if entry.state == .refused || !isAlive(entry.owner) ||")],
        ["swift OwnerTests"],
    ),
    Mutant(
        10, "a key in doubt that is free",
        [(ROWS, "judge", "if entry.state == .refused ||", "if entry.state == .refused || entry.state == .unknown ||")],
        ["swift StateTests"],
    ),
    Mutant(
        10, "a journal that stays open across a fork",
        [
            (
                STORE, "closeForFork", "reader?.close(checkpoints: false)",
                "if lock >= 0 { return }; reader?.close(checkpoints: false)",
            ),
        ],
        ["c journal"],
    ),
    Mutant(
        10, "a write without the lock",
        [(STORE, "attempt", "let takesLock = locked || database == nil", "let takesLock = database == nil")],
        ["swift FolderTests"],
    ),
    Mutant(
        10, "a log that is opened without the lock",
        [(STORE, "useReader", "_ = try made.number(Statements.version)", "try made.setSynced(true)")],
        ["journal stops"],
    ),
    Mutant(
        10, "no reserve for the id on a full disk",
        [(FOLDER, "dropBallast", "_ = ftruncate(file, 0)", "_ = file")],
        ["swift FolderTests"],
    ),
    Mutant(
        10, "an id that could not be written, and is forgotten",
        [(WRITER, "write", "owed.append(Item(step: item.step, key: item.key, done: nil))", "_ = item")],
        ["swift FolderTests", "journal stops"],
    ),
    Mutant(
        10, "the file of an owner that never was keeps everybody out",
        [(FOLDER, "lease", "O_RDWR | O_CREAT | O_CLOEXEC", "O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC")],
        ["swift OwnerTests"],
    ),
    Mutant(
        10, "a held job that keeps its place",
        [(CORE, "record", "case .isHeld: calls.held(ticket.id) return true", "case .isHeld: return false")],
        ["swift EngineTests.JournalTests"],
    ),
    Mutant(
        8, "a record of the file of rates is believed without its checksum",
        [(RATE_FILE, "Record", "guard words[0] == sum else { return nil }", "")],
        ["swift RateFileTests"],
    ),
    Mutant(
        8, "a file of something else is taken for one of rates",
        [(RATE_FILE, "prepare", "header.starts(with: Self.titleBytes)", "!header.isEmpty")],
        ["swift RateFileTests"],
    ),
    Mutant(
        8, "a slot of another clock is waited for",
        [
            (
                "Sources/Core/RateLimit.swift", "init",
                "guard nextAt <= soon.adding(longestPause).adding(queue)",
                "guard nextAt <= .max || queue > soon.adding(longestPause)",
            ),
        ],
        ["swift RateFileTests"],
    ),
    Mutant(
        5, "calls are paced at the limit itself",
        [("Sources/Core/RateLimit.swift", "RateLimit", "jitterSeconds = 0.025", "jitterSeconds = 0.0")],
        ["swift RateLimitTests"],
    ),
    Mutant(
        5, "one complaint halves the rate",
        [("Sources/Core/RateLimit.swift", "RateLimit", "strikesThatHalve = 3", "strikesThatHalve = 1")],
        ["swift RateLimitTests"],
    ),
    Mutant(
        5, "a gate that wakes late uses its slot",
        [("Sources/Engine/Calls/CallLane.swift", "Permits", "&& !hasLost", "&& false")],
        ["swift testALateGateReservesAnew"],
    ),
    Mutant(
        5, "a refusal of one task too many teaches nothing",
        [("Sources/Engine/Tasks/TaskLimit.swift", "refused", "learned = running.count probeAt", "probeAt")],
        ["swift SlotTests"],
    ),
    Mutant(
        5, "a held submission is not let go when a task ends",
        [("Sources/Engine/Tasks/TaskLimit.swift", "forget", "running.remove(id)", "")],
        ["swift SlotTests"],
    ),
    Mutant(
        5, "jobs that still run teach nothing",
        [
            (
                "Sources/Core/PollHistory.swift", "Seen",
                "isCensored = running.count == PollAges.count", "isCensored = running.count < 0",
            ),
        ],
        ["swift PollHistoryTests"],
    ),
    Mutant(
        5, "a status call that is never worth most waits for ever",
        [
            (
                "Sources/Core/PollLine.swift", "pop",
                "sinceOldest >= Self.everyOldest,", "sinceOldest < 0,",
            ),
        ],
        ["swift PollLineTests"],
    ),
    Mutant(
        5, "permits go to the call that is worth least",
        [
            (
                "Sources/Core/PollLine.swift", "rank",
                "top.offer(worth, index)", "top.offer(-worth, index)",
            ),
        ],
        ["swift PollLineTests"],
    ),
    Mutant(
        5, "a process that has said nothing for long counts for ever",
        [(TABLE, "init", "silence <= Self.time(Self.patience) ||", "silence <= Self.timeMask ||")],
        ["swift TaskTableTests"],
    ),
    Mutant(
        5, "the tasks of a process that has left still count",
        [(TABLE, "share", "table.words(with: leaves ? nil : me, at: now)", "table.words(with: me, at: now)")],
        ["swift TaskTableTests"],
    ),
    Mutant(
        5, "a task that has ended is not taken back from what others see",
        [(TABLE, "share", "said != me ||", "")],
        ["swift TaskTableTests"],
    ),
    Mutant(
        5, "one process takes all the room that others wait for",
        [(TABLE, "part", "? min(left, equal) : left", "? left : left")],
        ["swift TaskTableTests"],
    ),
    Mutant(
        5, "a refusal teaches the tasks of one process as the limit of all",
        [(TABLE, "refused", "others.reduce(running) { $0 + $1.running }", "running")],
        ["swift TaskTableTests"],
    ),
    Mutant(
        5, "all processes try one task more at once",
        [(TABLE, "probes", "probeAt = max(probeAt, until)", "_ = until")],
        ["swift TaskTableTests"],
    ),
    Mutant(
        6, "a refusal that names its job in a longer word is sent again",
        [
            (
                "Sources/Providers/Answers.swift", "namesJob",
                "contains { ASCIIText.range(of: $0, in: letters) != nil }", "contains(where: plain.hasSuffix)",
            ),
        ],
        ["swift BentAnswerTests"],
    ),
    Mutant(
        8, "the status of another task gives its images to this job",
        [
            (
                "Sources/Providers/Tencent/TencentAnswers.swift", "asks",
                "if asked.isSame(as: id) { return true }",
                "if !id.isEmpty { return true }",
            ),
        ],
        ["swift ProvidersTests.AnswerTests"],
    ),
    Mutant(
        6, "a client does not know the ids in its journal",
        [(CORE, "init", "for reference in journal?.newestJobs() ?? [] { reader.note(reference) }", "")],
        ["swift testTheIDOfAnEarlierProcessIsNotTakenAgain"],
    ),
    Mutant(
        10, "the key of a job that runs is freed by hand",
        [(TOOLS, "objection", "if isDriven { return", "if isDriven && entry.state == .claimed { return")],
        ["swift StateTests"],
    ),
    Mutant(
        10, "a key is given the job of another key",
        [
            (
                TOOLS, "check",
                "guard let holder else { return }",
                "guard let holder, entry.state == .accepted else { return }",
            ),
        ],
        ["swift StateTests"],
    ),
    Mutant(
        8, "the status of another job of Alibaba gives its images to this job",
        [
            (
                "Sources/Providers/Alibaba/AlibabaAnswers.swift", "inference",
                "!id.isSame(as: asked)", "id.isEmpty, !id.isSame(as: asked)",
            ),
        ],
        ["swift ProvidersTests.AnswerTests"],
    ),
    Mutant(
        6, "keys of another account pay",
        [
            (
                "Sources/Credentials/AlibabaSTS.swift", "credentials",
                "!got.isSame(as: asked)", "got.isEmpty || asked.isEmpty",
            ),
        ],
        ["swift ChainTests"],
    ),
    Mutant(
        6, "keys from a cache pay",
        [
            (
                "Sources/Credentials/CredentialCalls.swift", "json",
                'if isMade, reply.headers["age"] != nil', 'if isMade, reply.headers["age"]?.isEmpty == true',
            ),
        ],
        ["swift ChainTests"],
    ),
    Mutant(
        10, "a journal whose folder was moved away is still written",
        [
            (
                FOLDER, "identity",
                "lstat(database, &about) == 0", 'fstatat(descriptor, "jobs.db", &about, AT_SYMLINK_NOFOLLOW) == 0',
            ),
        ],
        ["swift FolderTests"],
    ),
)
