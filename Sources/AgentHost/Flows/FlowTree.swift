import Glibc

/// The `.lua` files in the folder of flows and below, as they are at one look.
///
/// Hidden files and folders are left out. Symbolic links are followed, but not in circles. A folder deeper than
/// ``maximumDepth`` is not looked at, nor are more than ``maximumFolders``.
struct FlowTree: Hashable, Sendable {
    /// A folder that is there, and that cannot be read.
    struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
        let description: String
    }

    /// By path, which begins with the folder's own.
    private(set) var files: [String: FileStamp] = [:]
    /// The folder and those below; empty when the folder does not exist.
    private(set) var folders: [String] = []
    /// Whether what is here may change without a change in one of ``folders``.
    private(set) var hasLinks = false

    static let maximumDepth = 16
    static let maximumFolders = 4_096

    /// Looks at the folder.
    ///
    /// - Parameter folder: Without slash at its end.
    /// - Throws: ``Unreadable``; a folder that does not exist is an empty tree.
    init(folder: String) throws(Unreadable) {
        hasLinks = FlowTree.isReachedByLink(folder)
        try read(folder, ancestors: [])
    }

    /// The files directly in the folder: each is a flow.
    func flows(in folder: String) -> [String] {
        files.keys.filter { FlowTree.isFlow($0, in: folder) }.sorted()
    }

    static func isFlow(_ path: String, in folder: String) -> Bool {
        path.hasPrefix(folder + "/") && !path.utf8.dropFirst(folder.utf8.count + 1).contains(UInt8(ascii: "/"))
    }

    /// Files that are new, gone or different.
    func changes(since old: FlowTree) -> Set<String> {
        var changed: Set<String> = []
        for (path, stamp) in files where old.files[path] != stamp { changed.insert(path) }
        for path in old.files.keys where files[path] == nil { changed.insert(path) }
        return changed
    }

    /// Whether a file's name is that of a Lua file that counts.
    static func isSource(_ name: String) -> Bool { name.hasSuffix(".lua") && !name.hasPrefix(".") }

    private mutating func read(_ folder: String, ancestors: [Place]) throws(Unreadable) {
        guard let stream = opendir(folder) else {
            let number = errno
            // A folder below may vanish, or be closed to us, while we look: then there is nothing to load in it.
            if !ancestors.isEmpty || number == ENOENT || number == ENOTDIR { return }
            throw Unreadable(
                description: "The folder of flows, \(folder), cannot be read: \(String(cString: strerror(number))).")
        }
        defer { closedir(stream) }
        var status = stat()
        guard fstat(dirfd(stream), &status) == 0 else { return }
        let place = Place(status)
        guard !ancestors.contains(place), folders.count < FlowTree.maximumFolders else { return }
        folders.append(folder)
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            let path = folder + "/" + name
            guard lstat(path, &status) == 0 else { continue }
            let isLink = status.st_mode & S_IFMT == S_IFLNK
            if isLink, stat(path, &status) != 0 {
                hasLinks = hasLinks || FlowTree.isSource(name)
                continue
            }
            switch status.st_mode & S_IFMT {
            case S_IFREG where FlowTree.isSource(name):
                files[path] = FileStamp(status)
                hasLinks = hasLinks || isLink
            case S_IFDIR where ancestors.count < FlowTree.maximumDepth:
                hasLinks = hasLinks || isLink
                try read(path, ancestors: ancestors + [place])
            default: break
            }
        }
    }

    /// Whether a symbolic link stands in the path.
    private static func isReachedByLink(_ folder: String) -> Bool {
        var path = ""
        for part in folder.split(separator: "/") {
            path += (path.isEmpty && !folder.hasPrefix("/") ? "" : "/") + part
            var status = stat()
            guard lstat(path, &status) == 0 else { return false }
            if status.st_mode & S_IFMT == S_IFLNK { return true }
        }
        return false
    }

    /// Which folder it is, by whatever path.
    private struct Place: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }
}
