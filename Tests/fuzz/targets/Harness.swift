import Glibc

/// One parser, or a few that belong together, and what must hold for every input. To be listed in `Main.swift`.
struct Target: Sendable {
    let name: String
    /// Longer inputs are not made; those of the corpus are read whole.
    let maximumBytes: Int
    let run: @Sendable (Input) -> Void
}

/// The bytes of one run. Small choices are taken from the front, so that what follows stays readable in a corpus.
struct Input {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: UnsafeRawBufferPointer) { rest = Array(bytes)[...] }

    var bytes: [UInt8] { Array(rest) }
    var text: String? { String(validating: rest, as: UTF8.self) }

    /// A choice out of `count`; the first when nothing is left.
    mutating func choice(_ count: Int) -> Int { Int(rest.popFirst() ?? 0) % count }

    mutating func pick<T>(_ values: [T]) -> T { values[choice(values.count)] }

    /// Up to the next 0xFF, which no UTF-8 text holds, or to the end.
    mutating func part() -> [UInt8] {
        let part = Array(rest.prefix { $0 != 0xFF })
        rest = rest.dropFirst(part.count + 1)
        return part
    }

    /// All parts that are left.
    mutating func parts() -> [[UInt8]] {
        var parts: [[UInt8]] = []
        while !rest.isEmpty { parts.append(part()) }
        return parts
    }
}

/// Lengths that cut a text into pieces, the same for the same seed.
struct Cuts {
    private var state: UInt64
    private let longest: UInt64

    init(_ seed: Int, longest: Int) {
        state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        self.longest = UInt64(longest)
    }

    mutating func next() -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return 1 + Int(state % longest)
    }

    /// Each piece is a block of its own, exactly as long, so that reading beyond it is seen.
    mutating func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            pieces.append(Array(rest.prefix(next())))
            rest = rest.dropFirst(pieces[pieces.count - 1].count)
        }
        return pieces
    }
}

/// Ends the run, and with it the program, where something does not hold.
func require(_ holds: Bool, _ what: @autoclosure () -> String, line: UInt = #line, file: StaticString = #fileID) {
    guard !holds else { return }
    fatalError("\(what()) [\(file):\(line)]")
}

func requireEqual<T: Equatable>(
    _ a: T, _ b: T, _ what: @autoclosure () -> String, line: UInt = #line, file: StaticString = #fileID
) {
    require(a == b, "\(what()): \(a) and \(b)", line: line, file: file)
}

/// Bytes as a C string, up to the first NUL.
func cString(_ bytes: some Sequence<UInt8>) -> [CChar] {
    bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
}
