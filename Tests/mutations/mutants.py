"""Each promise of include/aigc.h, broken on purpose in one place, and the tests of the README's table that must fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

Edit = Tuple[str, str, str]  # a file, what stands in it exactly once, what stands there instead


@dataclass(frozen=True)
class Mutant:
    """One way to break a promise."""

    promise: int
    what: str
    edits: Sequence[Edit]
    # Tried in this order until one fails: "c PROGRAM", "faults PROGRAM ARGUMENT...", "swift FILTER".
    tests: Sequence[str]


PLATFORM = "Sources/CPlatform/platform.c"
CLIENT = "Sources/AigcABI/ClientABI.swift"
ACTIONS = "Sources/Engine/Tasks/JobRunner.swift"
MACHINE = "Sources/Core/JobMachine.swift"
_ID = "uint64_t aigcp_next_id(void) {"
_HANDLER = "withExtendedLifetime(box) { handler(box.lent, user_data) }"

MUTANTS = (
    Mutant(
        1, "a descriptor is opened when the library is loaded",
        [(PLATFORM, _ID, "__attribute__((constructor)) static void early(void) { (void)eventfd(0, 0); }\n" + _ID)],
        ["c load"],
    ),
    Mutant(
        1, "loading ignores SIGPIPE for the whole process",
        [(PLATFORM, _ID, "__attribute__((constructor)) static void early(void) { signal(SIGPIPE, SIG_IGN); }\n" + _ID)],
        ["c load"],
    ),
    Mutant(
        1, "loading starts a thread",
        [
            (
                PLATFORM, _ID,
                "static void *idle(void *c) { (void)c; for (;;) pause(); return 0; }\n__attribute__((constructor)) static"
                " void early(void) { pthread_t t; pthread_create(&t, NULL, idle, NULL); }\n" + _ID,
            )
        ],
        ["c load"],
    ),
    Mutant(
        2, "the handler is called under the lock",
        [
            (
                CLIENT, _HANDLER,
                "withExtendedLifetime(box) { if let job = box.job { client.engine.withSnapshot(job.record) { _ in"
                " handler(box.lent, user_data) } } else { handler(box.lent, user_data) } }",
            )
        ],
        ["c handlers"],
    ),
    Mutant(
        2, "the handler is called on another thread",
        [
            (
                CLIENT, _HANDLER,
                "withExtendedLifetime(box) {\n let shout = Unmanaged.passRetained(Shout { handler(box.lent, user_data) })\n"
                " var thread = pthread_t()\n"
                ' _ = aigcp_thread_start(&thread, 1 << 20, "shout", { context in\n'
                "  if let context { Unmanaged<Shout>.fromOpaque(context).takeRetainedValue().call() }\n  return nil\n"
                " }, shout.toOpaque())\n _ = aigcp_thread_join(thread) }",
            ),
            (
                CLIENT, "internal import Providers\n",
                "internal import Glibc\ninternal import Providers\nprivate final class Shout { let call: () -> Void;"
                " init(_ call: @escaping () -> Void) { self.call = call } }\n",
            ),
        ],
        ["c lifecycle"],
    ),
    Mutant(
        3, "commands are posted without the lock",
        [
            (
                "Sources/Engine/Host/Shared.swift",
                "        let taken = try lock.withLock { () throws(E) in\n            if closed { return false }",
                "        let taken = try { () throws(E) -> Bool in\n            if closed { return false }",
            ),
            (
                "Sources/Engine/Host/Shared.swift",
                "            engineSleeps = false\n            return true\n        }\n        if wake { waker.wake() }\n"
                "        return taken",
                "            engineSleeps = false\n            return true\n        }()\n        if wake { waker.wake() }\n"
                "        return taken",
            ),
        ],
        ["c threads16", "c frees64"],
    ),
    Mutant(
        3, "each call takes 100 KB of the caller's stack",
        [
            (
                PLATFORM, "uint64_t aigcp_generation(void) {",
                "uint64_t aigcp_generation(void) {\n    volatile char much[100 << 10];\n"
                "    for (unsigned i = 0; i < sizeof much; i += 512) much[i] = 0; /* a page of each is touched */",
            )
        ],
        ["c small_stack"],
    ),
    Mutant(
        4, "a job does not keep its client",
        [
            (
                "Sources/AigcABI/Client.swift",
                "final class JobBox: HandleBox {\n    let client: Client",
                "final class JobBox: HandleBox {\n    unowned(unsafe) let client: Client",
            )
        ],
        ["c lifecycle", "c frees64"],
    ),
    Mutant(
        4, "NULL is not fine for a _free",
        [
            (
                "Sources/AigcABI/Border.swift",
                "    static func release(_ handle: OpaquePointer?) {\n        guard let handle else { return }",
                "    static func release(_ handle: OpaquePointer?) {\n        let handle = handle!",
            )
        ],
        ["c null"],
    ),
    Mutant(
        5, "a job that was cancelled does not tell its end",
        [
            (
                "Sources/Engine/Tasks/JobRunner.swift",
                "            shared.push(.jobDone, record)",
                "            if failure?.status != .cancelled { shared.push(.jobDone, record) }",
            )
        ],
        ["c cancel", "swift FaultMatrixTests|EndTests"],
    ),
    Mutant(
        5, "an answer after the end ends the job once more",
        [
            (
                "Sources/Core/JobMachine.swift",
                "            actions.append(answer.remoteID.isEmpty ? .changed : .accepted)\n        case",
                "            actions.append(answer.remoteID.isEmpty ? .changed : .accepted)\n"
                "            actions.append(.ended(nil))\n        case",
            )
        ],
        ["c cancel", "faults late"],
    ),
    Mutant(
        5, "an end is seen before its reason",
        [
            (
                ACTIONS,
                "            snapshot.outcome = job.machine.outcome\n            return\n        } else if",
                "            snapshot.state = job.machine.state\n        } else if",
            )
        ],
        ["swift EndTests", "swift ThreadTests"],
    ),
    Mutant(
        5, "the error of a job that was cancelled keeps the outcome of then",
        [
            (
                ACTIONS,
                "            snapshot.failure = failure\n        }\n        snapshot.outcome",
                "            _ = failure\n        }\n        snapshot.outcome",
            )
        ],
        ["swift EndTests", "swift ThreadTests"],
    ),
    Mutant(
        5, "credentials that cannot be used end an accepted job",
        [
            (
                MACHINE,
                "        case .unsigned, .local:\n            // The provider has said nothing",
                "        case .unsigned:\n            ends = true\n"
                "        case .local:\n            // The provider has said nothing",
            )
        ],
        ["swift LocalTroubleTests"],
    ),
    Mutant(
        5, "trouble of this machine is told for each call",
        [("Sources/Engine/Report/TroubleBook.swift", "            return isNews\n", "            return true\n")],
        ["swift LocalTroubleTests"],
    ),
    Mutant(
        5, "a submission that was one task too many gives up after six tries",
        [
            (
                "Sources/Core/Backoff.swift",
                "maximumAttempts == 0 || tries < maximumAttempts",
                "tries < (maximumAttempts == 0 ? 6 : maximumAttempts)",
            )
        ],
        ["swift SlotTests"],
    ),
    Mutant(
        6, "libcurl may send a submission again",
        [
            (
                "Sources/CurlTransport/CurlTransport.swift",
                "try self.init(settings, resendGuard: .oneRequest)",
                "try self.init(settings, resendGuard: .none)",
            )
        ],
        ["faults matrix --case submit\\ reused", "swift AtMostOnceTests"],
    ),
    Mutant(
        6, "a submission whose answer is lost is tried again",
        [
            (
                "Sources/Core/JobMachine.swift",
                "        if Self.leavesDoubt(failed.kind) {\n            // It left",
                "        if failed.kind == .unreadable {\n            // It left",
            )
        ],
        ["faults matrix --case submit\\ reset_answered"],
    ),
    Mutant(
        6, "submissions may use HTTP/2, with its GOAWAY",
        [
            (
                "Sources/CurlTransport/Slot.swift",
                "settings.allowHTTP2 && !options.isSubmission", "settings.allowHTTP2",
            )
        ],
        ["faults http2"],
    ),
    Mutant(
        6, "bytes that wait on a connection are taken for the next answer",
        [
            (
                "Sources/CurlTransport/SlotCallbacks.swift",
                "        if line.has_bytes != 0 { return .hasBytes }\n", "",
            )
        ],
        ["swift StrayAnswerTests", "faults stray"],
    ),
    Mutant(
        6, "the TLS buffer of a connection is not looked at",
        [("Sources/CCurl/ccurl.c", " || (tls && openssl.has_pending(tls) == 1)", "")],
        ["swift testTheSameOverTLS"],
    ),
    Mutant(
        6, "what follows an answer without a body is dropped, and the connection kept",
        [("Sources/CurlTransport/SlotCallbacks.swift", "            return endConnection()\n", "            return\n")],
        ["swift StrayAnswerTests"],
    ),
    Mutant(
        6, "what follows an answer in chunks is dropped, and the connection kept",
        [
            (
                "Sources/CurlTransport/SlotCallbacks.swift",
                "        if step == .excess || step == .malformed { endConnection() }\n", "",
            )
        ],
        ["swift StrayAnswerTests"],
    ),
    Mutant(
        6, "HTTP/1.1 and HTTP/2 share a pool",
        [
            (
                "Sources/CurlTransport/Slot.swift",
                "        shared.settings.allowHTTP2 && !options.isSubmission && aigcu_knows_tls() != 0 ? .http2 : .http1",
                "        .http1",
            ),
            (
                "Sources/CurlTransport/Slot.swift",
                "let version = pool == .http2 ?", "let version = settings.allowHTTP2 && !options.isSubmission ?",
            ),
        ],
        ["faults nginx", "faults http2"],
    ),
    Mutant(
        6, "two calls share a connection of HTTP/1.1 where HTTP/2 is allowed",
        [
            (
                "Sources/CurlTransport/SlotCallbacks.swift",
                "        if multi.pool == .http2, !multi.hold(line.fd, for: self, isFresh: line.is_fresh != 0) { return"
                " .isShared }\n", "",
            )
        ],
        ["faults http2"],
    ),
    Mutant(
        6, "a cache may answer a submission",
        [
            (
                "Sources/Engine/Calls/AnswerBook.swift",
                "        if let age = reply.headers[\"age\"] { return .fromCache(age: age) }\n", "",
            )
        ],
        ["swift StrangeAnswerTests", "faults stray"],
    ),
    Mutant(
        6, "an id may come twice",
        [("Sources/Engine/Calls/AnswerBook.swift", "return !isNewJob ? .knownJob : ", "return ")],
        ["swift StrangeAnswerTests"],
    ),
    Mutant(
        6, "a signed call is sent again with its nonce",
        [
            (
                "Sources/CurlTransport/Slot.swift",
                "(options.isSubmission || !options.isForStore)", "options.isSubmission",
            )
        ],
        ["swift AtMostOnceTests"],
    ),
    Mutant(
        9, "a store is shown the client certificate",
        [("Sources/CurlTransport/Slot.swift", "showsCertificate == options.isForStore", "!showsCertificate")],
        ["swift testAClientCertificateIsShownToTheAPIAndToNoStore"],
    ),
    Mutant(
        7, "a child takes its parent's client for its own",
        [
            (
                "Sources/AigcABI/Client.swift",
                "var isForeign: Bool { aigcp_generation() != generation }",
                "var isForeign: Bool { false }",
            )
        ],
        ["c fork"],
    ),
    Mutant(
        8, "half an image is taken for whole",
        [
            (
                "Sources/Assets/ReceiverEnd.swift",
                "            decided = reading == .base64 ? .corrupt(corrupt(reason)) : .incomplete(corrupt(reason))",
                "            _ = reason\n            isVerified = true\n            decided = .complete",
            )
        ],
        ["faults matrix --case asset"],
    ),
    Mutant(
        8, "a full disk is not noticed",
        [
            (
                "Sources/Assets/FileStore.swift",
                "        if result.error != 0 { throw FileFailure.make(\"writing\", shownPart, error: result.error) }",
                "        if result.error != 0, result.error != 28 { throw FileFailure.make(\"writing\", shownPart, error:"
                " result.error) }",
            )
        ],
        ["c disk", "faults disk"],
    ),
    Mutant(
        8, "an answer that is no object ends the process",
        [
            (
                "Sources/Codec/JSONAnswer.swift",
                "            if let plain = JSONReader.read(buffer, maximumDepth: JSONAnswerReader.maximumDepth) {",
                "            precondition(bytes.first != 0x5B)\n"
                "            if let plain = JSONReader.read(buffer, maximumDepth: JSONAnswerReader.maximumDepth) {",
            )
        ],
        ["faults answers"],
    ),
    Mutant(
        8, "one odd entry of a list hides a finished job",
        [
            (
                "Sources/Providers/Answers.swift",
                '            if entry == .null || entry == .string("") { continue }\n',
                '            if entry == .null || entry == .string("") { continue }\n            return ([], nil)\n',
            )
        ],
        ["faults answers", "swift BentAnswerTests"],
    ),
    Mutant(
        8, "half an id is taken for the whole",
        [
            (
                "Sources/Codec/JSONAnswerReader.swift",
                "        return nil\n    }\n\n    private mutating func escape",
                "        return String(decoding: text, as: UTF8.self)\n    }\n\n    private mutating func escape",
            ),
            (
                "Sources/Codec/JSONAnswerReader.swift",
                "        guard at < bytes.count else { return nil }\n        let plain =",
                "        guard at < bytes.count else {\n"
                "            return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)\n"
                "        }\n        let plain =",
            ),
        ],
        ["faults answers", "swift BentAnswerTests"],
    ),
    Mutant(
        8, "an answer that is too large for the memory ends the process",
        [
            (
                "Sources/CurlTransport/SlotCallbacks.swift",
                "if capacity > Self.smallBody, aigcu_has_memory(capacity * 2) == 0 { return end(.noMemory) }", "",
            )
        ],
        ["c memory"],
    ),
    Mutant(
        5, "the last end that is asked for counts",
        [
            (
                "Sources/Core/DownloadMachine.swift",
                "guard endAsked == nil else { return }", "",
            )
        ],
        ["swift testTheFirstEndThatIsAskedForCounts"],
    ),
    Mutant(
        8, "two objects of one path are one object",
        [
            (
                "Sources/Core/WebURLQuery.swift", "if signing.isEmpty { return text }",
                "if signing.isEmpty { return String(text.prefix { $0 != \"?\" }) }",
            ),
        ],
        ["swift WebURLTests", "faults resume"],
    ),
    Mutant(
        8, "an image goes on with the bytes of another URL",
        [("Sources/Assets/Receiver.swift", "isWorthKeeping && heldObject == askedObject", "isWorthKeeping")],
        ["faults resume"],
    ),
    Mutant(
        9, "what a cloud says is shown as it is",
        [("Sources/Core/Redaction.swift", "let clean = hideTokens(hideValues(bytes))", "let clean = bytes")],
        ["faults secrets"],
    ),
    Mutant(
        9, "what a client knows to be secret is left to guesses",
        [
            (
                "Sources/Core/KnownSecrets.swift",
                "    func hide(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {\n",
                "    func hide(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {\n        if bytes.count >= 0 { return nil }\n",
            )
        ],
        ["swift KnownSecretsTests", "faults secrets"],
    ),
    Mutant(
        9, "an asset host gets a header of the cloud's",
        [
            (
                "Sources/Engine/Calls/CallRunner.swift",
                "return HTTPRequest(method: .get, url: ticket.url)",
                'return HTTPRequest(method: .get, url: ticket.url, headers: [HTTPHeader("Authorization", "TC3")])',
            )
        ],
        ["faults urls"],
    ),
    Mutant(
        9, "whoever leads to a private bucket gets a signature for it",
        [
            (
                "Sources/Engine/Tasks/DownloadRunner.swift",
                "download.isOnOwnHost = download.isOnOwnHost && download.provider.isOwn(url: next)",
                "download.isOnOwnHost = download.provider.isOwn(url: next)",
            )
        ],
        ["swift testAStrangersRedirectIsNotSignedFor"],
    ),
    Mutant(
        9, "files are for everybody",
        [("Sources/Assets/FileCalls.swift", "flags | openFlags, 0o600)", "flags | openFlags, 0o644)")],
        ["faults secrets"],
    ),
    Mutant(
        9, "freed secrets are not wiped",
        [
            (
                "Sources/Core/Credentials.swift",
                "            for index in 0..<count { base.storeBytes(of: 0, toByteOffset: index, as: UInt8.self) }\n", "",
            )
        ],
        ["swift SecretTests"],
    ),
    Mutant(
        9, "a secret prints itself",
        [
            (
                "Sources/Core/Credentials.swift",
                'public var description: String { "<secret>" }', "public var description: String { revealed() }",
            )
        ],
        ["swift SecretTests"],
    ),
)
