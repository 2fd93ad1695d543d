internal import CAigc
internal import CPlatform
internal import Core
internal import Glibc

typealias ErrorOut = UnsafeMutablePointer<OpaquePointer?>
typealias Text = UnsafePointer<CChar>

/// Runs a body and turns a failure into a status and an error object.
@inline(__always)
func withStatus(_ error: ErrorOut?, _ body: () throws(Failure) -> Void) -> Int32 {
    inTurn {
        do throws(Failure) {
            try body()
            error?.pointee = nil
            return Status.ok.rawValue
        } catch let failure {
            error?.pointee = ErrorBox.make(failure)
            return failure.status.rawValue
        }
    }
}

/// Runs a body that no fork() finds in the middle of it: it may be the first Swift code of the process. Where the body sleeps,
/// it is outside its turn (`aigcp_lock_wait`). Nor does a pthread_cancel() of the host end the thread in the middle of it:
/// whatever the body holds would stay held.
@inline(__always)
func inTurn<R>(_ body: () -> R) -> R {
    let cancels = aigcp_cancel_hold()
    defer { aigcp_cancel_release(cancels) }
    let isTurn = aigcp_call_enter() != 0
    defer { if isTurn { aigcp_turn_leave() } }
    return body()
}

/// A handle is a retained Swift object. The C compiler checks the handle's type at the caller; nobody checks it here.
/// Any thread, unless the type says otherwise.
protocol HandleBox: AnyObject {}

extension HandleBox {
    /// Gives a reference out; `release` takes it back.
    func handedOut() -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

    /// The handle of an object that something else keeps alive.
    var lent: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func at(_ handle: OpaquePointer?) -> Self? {
        guard let handle else { return nil }
        return Unmanaged<Self>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    static func release(_ handle: OpaquePointer?) {
        guard let handle else { return }
        Unmanaged<Self>.fromOpaque(UnsafeRawPointer(handle)).release()
    }

    /// The object behind a required handle.
    static func need(_ handle: OpaquePointer?, _ name: String) throws(Failure) -> Self {
        guard let box = at(handle) else { throw isNull(name) }
        return box
    }
}

func isNull(_ name: String) -> Failure {
    Failure(.invalidArgument, "Argument \"\(name)\" is NULL", field: name)
}

/// A required string argument. Copies it; refuses NULL and what is not UTF-8.
func text(_ argument: Text?, _ name: String) throws(Failure) -> String {
    guard let argument else { throw isNull(name) }
    guard let text = String(validatingCString: argument) else {
        throw Failure(.invalidArgument, "Argument \"\(name)\" is not valid UTF-8", field: name)
    }
    return text
}

func optionalText(_ argument: Text?, _ name: String) throws(Failure) -> String? {
    argument == nil ? nil : try text(argument, name)
}

/// A required key or token: copied straight into memory that is wiped. Refuses NULL and what no key can hold.
func secret(_ argument: Text?, _ name: String) throws(Failure) -> Secret {
    guard let argument else { throw isNull(name) }
    let bytes = UnsafeRawBufferPointer(start: argument, count: strlen(argument))
    if let fault = KeyText.fault(bytes) {
        throw Failure(.invalidArgument, "Argument \"\(name)\" \(fault)", field: name)
    }
    return Secret(copying: bytes)
}

/// Runs a check on behalf of a field or key, which the failure then names.
func onBehalf<T>(of field: String, _ body: () throws(Failure) -> T) throws(Failure) -> T {
    do throws(Failure) {
        return try body()
    } catch var failure {
        failure.field = field
        failure.message = "Setting \"\(field)\": \(failure.message)"
        throw failure
    }
}

func needOut<T>(_ out: UnsafeMutablePointer<T>?, _ name: String) throws(Failure) -> UnsafeMutablePointer<T> {
    guard let out else { throw isNull(name) }
    return out
}

/// A copy for C, to be freed with `free`. Nil when memory is exhausted.
func copied(_ text: String) -> UnsafeMutablePointer<CChar>? {
    var text = text
    return text.withUTF8 { utf8 in
        guard let copy = malloc(utf8.count + 1)?.assumingMemoryBound(to: CChar.self) else { return nil }
        if let base = utf8.baseAddress { memcpy(copy, base, utf8.count) }
        // A NUL inside (JSON allows it) would cut the text for C: shown as a blank.
        if memchr(copy, 0, utf8.count) != nil {
            for index in 0..<utf8.count where copy[index] == 0 { copy[index] = 0x20 }  // safe: count + 1 were allocated
        }
        copy[utf8.count] = 0  // safe: the last of count + 1
        return copy
    }
}

/// A copy that is never freed; empty when memory is exhausted.
func lasting(_ text: String) -> Text { copied(text).map { Text($0) } ?? constant("") }

/// Text that lives as long as the program.
func constant(_ text: StaticString) -> Text {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Strings handed out by one handle: each distinct one is kept until the handle goes.
struct StringPool: ~Copyable {
    private var texts: [ByteText: UnsafeMutablePointer<CChar>] = [:]

    init() {}

    mutating func lend(_ text: String?) -> Text? {
        guard let text else { return nil }
        let key = ByteText(text)
        if let known = texts[key] { return Text(known) }
        guard let made = copied(text) else { return nil }
        texts[key] = made
        return Text(made)
    }

    deinit {
        for text in texts.values { free(text) }
    }
}

/// Strings of one kind handed out by one handle, of which there can be any number: the newest ones are kept, so that a
/// handle that lives for hours does not grow with every answer. Each thread's newest string is kept too: only the thread
/// itself can make it go.
struct RecentStrings: ~Copyable {
    /// So many strings live at once, and one for each thread. include/aigc.h promises this number.
    static let most = 16

    private struct Lent {
        let copy: UnsafeMutablePointer<CChar>
        let count: Int
        /// So many threads got this string last.
        var holders = 0
    }

    /// The newest one last.
    private var texts: [Lent] = []
    /// What each thread got last. The entry of a thread that has ended stays until the handle goes or another thread gets
    /// the same identity.
    private var held: [pthread_t: UnsafeMutablePointer<CChar>] = [:]

    init() {}

    mutating func lend(_ text: String?) -> Text? {
        guard var text else { return nil }
        let known = text.withUTF8 { utf8 in
            texts.lastIndex { $0.count == utf8.count && Self.holds($0.copy, utf8) }
        }
        if let known {
            // Lent again: it counts as the newest one.
            let again = texts.remove(at: known)
            texts.append(again)
            return given(again.copy)
        }
        guard let made = copied(text) else { return nil }
        texts.append(Lent(copy: made, count: text.utf8.count))
        return given(made)
    }

    /// The newest string becomes the calling thread's own. Frees what is neither among the newest ones nor any thread's own.
    private mutating func given(_ newest: UnsafeMutablePointer<CChar>) -> Text {
        let before = held.updateValue(newest, forKey: pthread_self())
        if before != newest {
            texts[texts.count - 1].holders += 1  // safe: the newest one is the last
            if let before, let place = texts.lastIndex(where: { $0.copy == before }) { texts[place].holders -= 1 }
        }
        while let free = texts.dropLast(Self.most).firstIndex(where: { $0.holders == 0 }) {
            Glibc.free(texts.remove(at: free).copy)
        }
        return Text(newest)
    }

    /// Whether a copy of the same length that was made by `copied` holds this text. A NUL inside has become a blank.
    private static func holds(_ copy: UnsafeMutablePointer<CChar>, _ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = utf8.baseAddress else { return true }
        if memcmp(copy, base, utf8.count) == 0 { return true }
        guard memchr(base, 0, utf8.count) != nil else { return false }
        // safe: the copy has as many bytes as the text
        return utf8.enumerated().allSatisfy { UInt8(bitPattern: copy[$0]) == ($1 == 0 ? 0x20 : $1) }
    }

    deinit {
        for text in texts { free(text.copy) }
    }
}
