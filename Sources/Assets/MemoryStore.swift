internal import CAssets
internal import Core
internal import Glibc

/// A growing block of malloc that is handed over without a copy. One thread at a time, like its sink.
final class MemoryStore: ImageStore {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var count = 0
    /// Up to here the block has pages.
    private var populated = 0
    private let maximum: Int

    /// Smaller blocks come from memory that malloc has already.
    private static let populatedFrom = 4 << 20
    private static let populatedAhead = 512 << 10

    init(maximumBytes: Int64) {
        maximum = Int(clamping: maximumBytes)
    }

    deinit { free(base) }

    func announce(_ total: Int64) throws(Failure) {
        // Exact, so that nothing is moved and nothing is left over. The pages come when they are needed.
        if let exact = Int(exactly: total), exact - 64 <= maximum, exact > capacity { _ = resize(exact) }
    }

    func settle(_ format: ImageFormat) throws(Failure) {}

    func append(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        let target = try room(bytes.count)
        target.copyMemory(from: start, byteCount: bytes.count)
        advance(bytes.count)
    }

    func room(_ more: Int) throws(Failure) -> UnsafeMutableRawPointer {
        let (needed, overflow) = count.addingReportingOverflow(more)
        if !overflow, needed > capacity {
            // Doubled, but not beyond what an image may have; exact when memory is short.
            let doubled = capacity > Int.max / 2 ? needed : max(needed, min(capacity * 2, maximum), 64 << 10)
            if !resize(doubled) { _ = resize(needed) }
        }
        guard let base, !overflow, needed <= capacity else {
            throw Failure(
                .noResources,
                "Downloading an image to memory: no memory for \(count) and \(more) more bytes; "
                    + "download to a file instead", isRetryable: true)
        }
        if needed > populated, capacity >= Self.populatedFrom {
            // No further than the image goes, and little at a time: other transfers wait meanwhile.
            let end = max(needed, min(capacity, populated + Self.populatedAhead))
            aigca_populate(base + populated, UInt(end - populated))
            populated = end
        }
        return base + count
    }

    func advance(_ more: Int) { count += more }
    func flush() throws(Failure) {}

    func clear() throws(Failure) {
        free(base)
        base = nil
        capacity = 0
        count = 0
        populated = 0
    }

    func remember(_ note: ResumeNote) -> Bool { false }

    /// Gives the block away.
    func take() -> AssetBytes? {
        if capacity - count > count / 8 { _ = resize(max(count, 1)) }
        guard let block = base else { return nil }
        base = nil
        let bytes = AssetBytes(base: block, count: count) { free($0) }
        capacity = 0
        count = 0
        populated = 0
        return bytes
    }

    private func resize(_ wanted: Int) -> Bool {
        guard wanted > 0, let moved = realloc(base, wanted) else { return false }
        base = moved
        capacity = wanted
        return true
    }
}
