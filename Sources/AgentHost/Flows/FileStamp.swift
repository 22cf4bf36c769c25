import Glibc

/// What changes when a file is written, replaced, or given other permissions.
struct FileStamp: Hashable, Sendable {
    /// Last change of contents or attributes, by the kernel's clock, Unix time. [ns]
    let changed: Int64
    private let modified: Int64
    private let size: Int64
    private let inode: UInt64
    private let device: UInt64

    init(_ status: stat) {
        changed = FileStamp.nanoseconds(status.st_ctim)
        modified = FileStamp.nanoseconds(status.st_mtim)
        size = Int64(status.st_size)
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
