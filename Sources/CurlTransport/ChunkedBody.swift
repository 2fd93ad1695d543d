// A body in chunks, taken apart here and not by libcurl: libcurl 7.88 drops what follows the last chunk and keeps the
// connection, so that nobody would know that bytes came which no request has asked for. Pure.

internal import Core

/// Takes the pieces of a body in chunks as they come over the wire. Keeps nothing of them.
struct ChunkedBody {
    enum Step: Equatable {
        /// More is to come.
        case more
        /// The body has ended exactly where the bytes did.
        case end
        /// The body has ended before the bytes did.
        case excess
        case malformed
    }

    private enum State: Equatable {
        /// In the line that says how long the next chunk is; digits: how many there were.
        case size(digits: Int)
        /// Behind the digits of that line, up to its end.
        case extensions
        case data
        /// Right after the bytes of a chunk.
        case dataEnd
        /// In the lines after the last chunk; length: bytes of the present one without its end.
        case trailer(length: Int)
        case done
        case malformed
    }

    /// What is no body in chunks is handed on all the same: it may name a job that is paid for.
    private let takesAll: Bool
    /// A byte of a chunk has come.
    private var hasData = false
    private var state = State.size(digits: 0)
    /// The bytes of the present chunk that have not come yet.
    private var left = 0

    init(takesAll: Bool = false) { self.takesAll = takesAll }

    /// Gives each piece of the body to `take`, which returns false to end it.
    mutating func add(
        _ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool
    ) -> (step: Step, isTaken: Bool) {
        var rest = bytes[...]
        while let byte = rest.first {
            if state == .data {
                let count = min(left, rest.count)
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
                rest = rest.dropFirst(count)
                left -= count
                hasData = true
                if left == 0 { state = .dataEnd }
                if !take(piece) { return (.more, false) }
                continue
            }
            if state == .done { return (.excess, true) }
            if state == .malformed { return (.malformed, !takesAll || take(UnsafeRawBufferPointer(rebasing: rest))) }
            if case .trailer = state, takesAll, !hasData {
                // The size of the first chunk may have been misread, and the body be what looks like trailers.
                let line = rest.prefix { $0 != UInt8(ascii: "\n") }
                for byte in line { state = next(byte) }
                rest = rest.dropFirst(line.count)
                if line.contains(where: { $0 > 0x20 }), !take(UnsafeRawBufferPointer(rebasing: line)) {
                    return (.more, false)
                }
                if rest.isEmpty { break }
                rest = rest.dropFirst()
                state = next(UInt8(ascii: "\n"))
                continue
            }
            let following = next(byte)
            // The byte that does not fit is handed on with the rest.
            if following != .malformed || !takesAll { rest = rest.dropFirst() }
            state = following
        }
        switch state {
        case .done: return (.end, true)
        case .malformed: return (.malformed, true)
        default: return (.more, true)
        }
    }

    private mutating func next(_ byte: UInt8) -> State {
        let isLineFeed = byte == UInt8(ascii: "\n")
        switch state {
        case .size(let digits):
            if let digit = Hex.value(byte).map(Int.init) {
                // 15 digits: no sum overflows, and no body is that long.
                guard digits < 15 else { return .malformed }
                left = left << 4 | digit
                return .size(digits: digits + 1)
            }
            guard digits > 0 else { return .malformed }
            return isLineFeed ? afterSize : .extensions
        case .extensions: return isLineFeed ? afterSize : .extensions
        case .dataEnd:
            if isLineFeed { return .size(digits: 0) }
            return byte == UInt8(ascii: "\r") ? .dataEnd : .malformed
        case .trailer(let length):
            if isLineFeed { return length == 0 ? .done : .trailer(length: 0) }
            return byte == UInt8(ascii: "\r") ? state : .trailer(length: length == .max ? length : length + 1)
        case .data, .done, .malformed: return state
        }
    }

    private var afterSize: State { left == 0 ? .trailer(length: 0) : .data }
}
