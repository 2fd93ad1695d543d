internal import Core

/// The start of a duration of up to seven weeks, to the millisecond: half the memory of an instant, of which
/// every waiting job keeps two.
struct Moment {
    private var milliseconds: UInt32 = 0

    init() {}

    init(_ nanoseconds: Int64) { milliseconds = Self.milliseconds(nanoseconds) }

    /// Nanoseconds since then.
    func elapsed(_ now: Int64) -> Int64 { Int64(Self.milliseconds(now) &- milliseconds) * 1_000_000 }  // safe: 32 bits

    private static func milliseconds(_ nanoseconds: Int64) -> UInt32 {
        UInt32(truncatingIfNeeded: nanoseconds / 1_000_000)
    }
}
