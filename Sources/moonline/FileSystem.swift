import Glibc

/// Files and folders that a command looks for and makes.
enum FileSystem {
    struct Unwritable: Error, CustomStringConvertible {
        let description: String
    }

    /// A new folder in `TMPDIR` or `/tmp`, for its owner alone.
    static func makeTemporaryFolder(prefix: String) throws(Unwritable) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/\(prefix).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Unwritable(
                description: "No folder can be made in \(parent): \(String(cString: strerror(errno))). Pass --output.")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A path below a folder, as short as it can be written.
    static func path(_ name: String, in folder: String) -> String {
        folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether something of that name is there, a symbolic link that leads nowhere too.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// What a file holds; nothing for one that cannot be read.
    static func bytes(of path: String) -> [UInt8] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    /// What a file holds.
    ///
    /// - Throws: one sentence, for a file that cannot be read or is longer than that.
    static func read(_ path: String, maximumBytes: Int) throws(Unreadable) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            throw Unreadable(description: "\(path) cannot be read: \(String(cString: strerror(errno))).")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else {
                throw Unreadable(description: "\(path) is longer than \(maximumBytes >> 20) MB.")
            }
        }
        guard ferror(file) == 0 else {
            throw Unreadable(description: "\(path) cannot be read: \(String(cString: strerror(errno))).")
        }
        return bytes
    }

    /// Makes a folder and those above it; one that is there stays.
    static func makeFolder(_ path: String) throws(Unwritable) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            guard mkdir(made, 0o777) != 0, !isFolder(made) else { continue }
            throw Unwritable(description: "The folder \(made) cannot be made: \(String(cString: strerror(errno))).")
        }
    }

    /// Writes a text file in place of one that is there.
    static func write(_ text: String, to path: String) throws(Unwritable) {
        guard let file = fopen(path, "we") else {
            throw Unwritable(description: "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        let bytes = Array(text.utf8)
        let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
        guard fclose(file) == 0, isWritten else {
            throw Unwritable(description: "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
    }
}
