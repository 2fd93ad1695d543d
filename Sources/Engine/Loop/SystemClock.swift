internal import CPlatform
public import Core

/// The clocks of the machine.
public final class SystemClock: Clock, Sendable {
    public init() {}
    public func nanoseconds() -> Int64 { aigcp_monotonic_ns() }
    public func unixMilliseconds() -> Int64 { aigcp_unix_ms() }
}

/// The kernel's generator, asked for a block at a time. One thread.
public final class SystemRandom: RandomSource {
    private static let size = 64
    private let block = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: SystemRandom.size)
    private var used = SystemRandom.size

    public init() { block.initialize(repeating: 0) }

    deinit { block.deallocate() }

    public func next() -> UInt64 {
        if used >= Self.size {
            // getrandom(2) cannot fail for an initialised pool; should it, the clock keeps nonces unique.
            let bytes = UnsafeMutableRawBufferPointer(block)
            let failed = aigcp_random(bytes.baseAddress, UInt(bytes.count))
            if failed != 0 {
                for index in block.indices {
                    block[index] ^= UInt64(bitPattern: aigcp_monotonic_ns()) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index)
                }
            }
            used = 0
        }
        let value = block[used]  // safe: used < count
        block[used] = 0  // safe: used < count
        used += 1
        return value
    }
}
