import Conversation
import Glibc
public import Logging
public import ScriptAPI

/// The flows of a folder, by the name of the agent that each returns.
///
/// A file that has changed is read again when a call asks for its agent; one that has become wrong goes on serving as
/// it was, and its error is told once.
public struct FlowLibrary: Sendable {
    /// A folder without any flow that works.
    public struct Unusable: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    private struct Entry {
        var flow: Flow?
        var stamp: FileStamp
    }

    private let folder: String
    private let logger: Logger
    private var entries: [String: Entry] = [:]

    /// Reads all `.lua` files of a folder.
    ///
    /// - Throws: ``Unusable`` when there is none that works.
    public init(folder: String, logger: Logger) throws(Unusable) {
        self.folder = folder
        self.logger = logger
        refresh()
        if entries.values.allSatisfy({ $0.flow == nil }) {
            throw Unusable(
                description: entries.isEmpty
                    ? "There is no flow in \(folder): put a .lua file there that returns moonline.agent { … }."
                    : "No flow in \(folder) can be used; the errors stand above.")
        }
    }

    /// Names of the agents that can be asked for, sorted.
    public var names: [String] { entries.values.compactMap { $0.flow?.definition.name }.sorted() }

    /// The agent's flow as its file is now, or as it was last when it did not work.
    public mutating func flow(named name: String) -> Flow? {
        refresh()
        return entries.sorted { $0.key < $1.key }.compactMap(\.value.flow).first { $0.definition.name == name }
    }

    private mutating func refresh() {
        guard let files = FileStamp.files(in: folder, suffix: ".lua") else {
            logger.error("the folder of flows, \(folder), cannot be read: \(String(cString: strerror(errno)))")
            return
        }
        for path in entries.keys where files[path] == nil {
            logger.notice("flow removed", metadata: ["file": .string(path)])
            entries[path] = nil
        }
        for (path, stamp) in files.sorted(by: { $0.key < $1.key }) where entries[path]?.stamp != stamp {
            let old = entries[path]?.flow
            do {
                let flow = try Flow.load(path: path)
                entries[path] = Entry(flow: flow, stamp: stamp)
                logger.notice(
                    "flow loaded",
                    metadata: [
                        "agent": .string(flow.definition.name), "version": .string(flow.version), "file": .string(path),
                    ])
            } catch {
                entries[path] = Entry(flow: old, stamp: stamp)
                let consequence = old.map { "version \($0.version) goes on" } ?? "it is left out"
                logger.error("\(error)\nThe flow \(path) cannot be used; \(consequence).")
            }
        }
    }
}

/// What changes when a file is written.
struct FileStamp: Hashable, Sendable {
    private let modified: Int64
    private let size: Int64
    private let inode: UInt64

    /// - Returns: `nil` for what is no readable file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        size = Int64(status.st_size)
        inode = UInt64(status.st_ino)
    }

    /// The files of a folder with a suffix, by their paths; `nil` when the folder cannot be read, as `errno` tells.
    static func files(in folder: String, suffix: String) -> [String: FileStamp]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var files: [String: FileStamp] = [:]
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(suffix), !name.hasPrefix(".") else { continue }
            let path = folder + "/" + name
            if let stamp = FileStamp(path: path) { files[path] = stamp }
        }
        return files
    }
}
