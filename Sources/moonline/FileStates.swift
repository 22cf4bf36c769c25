import Glibc

/// What can be told apart of files without reading them.
struct FileStates: Hashable {
    private struct State: Hashable {
        let path: String
        let inode: UInt64
        let size: Int
        /// [ns]
        let modified: Int64
    }

    private let states: [State]

    init(_ paths: [String]) {
        states = paths.sorted().map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return State(path: path, inode: 0, size: 0, modified: 0) }
            return State(
                path: path, inode: UInt64(status.st_ino), size: Int(status.st_size),
                modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
        }
    }
}
