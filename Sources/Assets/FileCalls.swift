internal import CAssets
internal import Glibc

/// The file operations that a download needs, in one table so that tests can make any of them fail. Each returns a
/// value that is not negative, or the negative errno.
struct FileCalls: Sendable {
    var openFolder: @Sendable (_ path: String) -> Int
    var open: @Sendable (_ folder: Int32, _ name: String, _ flags: Int32) -> Int
    var close: @Sendable (Int32) -> Int
    /// Never waits.
    var lock: @Sendable (Int32) -> Int
    var unlock: @Sendable (Int32) -> Int
    var status: @Sendable (Int32, UnsafeMutablePointer<stat>) -> Int
    /// Does not follow a symbolic link.
    var statusOf: @Sendable (_ folder: Int32, _ name: String, UnsafeMutablePointer<stat>) -> Int
    var read: @Sendable (Int32, UnsafeMutableRawBufferPointer, _ offset: Int64) -> Int
    var write: @Sendable (Int32, UnsafeRawBufferPointer, _ offset: Int64) -> Int
    var truncate: @Sendable (Int32, Int64) -> Int
    var reserve: @Sendable (Int32, Int64) -> Int
    /// Smaller images find out soon enough that the disk is full; reserving costs some file systems a write of zeros.
    var reserveFrom: Int64 = 8 << 20
    var setMode: @Sendable (Int32, mode_t) -> Int
    var flush: @Sendable (Int32) -> Int
    var rename: @Sendable (_ folder: Int32, _ from: String, _ to: String) -> Int
    /// -EEXIST if there is something already.
    var renameExclusive: @Sendable (_ folder: Int32, _ from: String, _ to: String) -> Int
    var link: @Sendable (_ folder: Int32, _ from: String, _ to: String) -> Int
    var remove: @Sendable (_ folder: Int32, _ name: String) -> Int

    static let system = FileCalls(
        openFolder: { told(Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)) },
        // Never waits for the holder of a pipe or a lease; this changes nothing about reading and writing a file.
        open: { folder, name, flags in told(openat(folder, name, flags | openFlags, 0o600)) },
        close: { told(Glibc.close($0)) },
        lock: { told(flock($0, LOCK_EX | LOCK_NB)) },
        unlock: { told(flock($0, LOCK_UN)) },
        status: { told(fstat($0, $1)) },
        statusOf: { told(fstatat($0, $1, $2, AT_SYMLINK_NOFOLLOW)) },
        read: { descriptor, space, offset in told(pread(descriptor, space.baseAddress, space.count, off_t(offset))) },
        write: { descriptor, bytes, offset in told(pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))) },
        truncate: { told(ftruncate($0, off_t($1))) },
        reserve: { -Int(aigca_reserve($0, $1)) },
        setMode: { told(fchmod($0, $1)) },
        flush: { told(fsync($0)) },
        rename: { told(renameat($0, $1, $0, $2)) },
        renameExclusive: { -Int(aigca_rename_exclusive($0, $1, $2)) },
        link: { told(linkat($0, $1, $0, $2, 0)) },
        remove: { told(unlinkat($0, $1, 0)) })

    private static let openFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK

    /// Right behind the call: nothing may come between it and errno.
    @inline(__always)
    private static func told(_ result: some BinaryInteger) -> Int {
        result < 0 ? -Int(errno) : Int(result)
    }
}

extension FileCalls {
    /// All of it, across short writes and interruptions. 0 or the negative errno.
    func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int64) -> (
        written: Int, error: Int32
    ) {
        var done = 0
        while done < bytes.count {
            let result = write(descriptor, bytes.from(done), offset + Int64(done))
            if result == -Int(EINTR) { continue }
            if result < 0 { return (done, Int32(truncatingIfNeeded: -result)) }
            // A file that takes no byte and gives no reason counts as full: endless tries would not help.
            if result == 0 { return (done, ENOSPC) }
            done += min(result, bytes.count - done)
        }
        return (done, 0)
    }

    /// As much as there is, up to the length of `space`.
    func readAll(_ descriptor: Int32, _ space: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        var done = 0
        while done < space.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: space[done...])
            let result = read(descriptor, rest, offset + Int64(done))
            if result == -Int(EINTR) { continue }
            if result <= 0 { break }
            done += min(result, rest.count)
        }
        return done
    }
}

/// Small facts of this machine, from /proc.
enum Machine {
    /// The kernel's mask for the mode of new files. Read, not set and restored: another thread may create files.
    static func fileModeMask() -> mode_t? {
        for line in text("/proc/self/status", limit: 4096).split(separator: "\n") where line.hasPrefix("Umask:") {
            return mode_t(line.dropFirst(6).filter { $0 != "\t" && $0 != " " }, radix: 8)
        }
        return nil
    }

    /// An id that changes with each start of the machine; empty if unknown.
    static func bootIdentity() -> String {
        let text = text("/proc/sys/kernel/random/boot_id", limit: 64)
        return String(text.prefix { $0.isHexDigit || $0 == "-" })
    }

    private static func text(_ path: String, limit: Int) -> String {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { _ = Glibc.close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { space, count in
            count = max(0, Glibc.read(descriptor, space.baseAddress, limit))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
