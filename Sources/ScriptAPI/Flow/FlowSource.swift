import Glibc

/// One file of a flow, as it was when the flow was loaded.
package struct FlowSource: Hashable, Sendable {
    /// As messages show it: the last two components of the path.
    package let chunkName: String
    let path: String
    package let bytes: [UInt8]
}

/// Reads the files of a flow: the one that is named, and those below its folder.
package struct FlowFolder {
    private let path: String
    private let root: String
    private let maximumBytes: Int
    /// Files by path that stand in for those on disk.
    private let texts: [String: [UInt8]]?

    /// - Parameters:
    ///   - path: The flow's main file.
    ///   - texts: All files, by path, where they are not to be read from disk.
    package init(of path: String, maximumBytes: Int, texts: [String: [UInt8]]? = nil) {
        self.path = path
        root = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        self.maximumBytes = maximumBytes
        self.texts = texts
    }

    package func main() throws(FlowError) -> FlowSource { try read(path) }

    /// The file of `require(name)`; dots stand for folders.
    ///
    /// - Throws: a message for the script when the name leads out of the folder, or the file cannot be read.
    package func module(_ name: String) throws(FlowError) -> FlowSource {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
        let file = root + "/" + parts.joined(separator: "/") + ".lua"
        guard isPlain, isInside(file) else {
            throw FlowError([
                FlowDiagnostic(
                    file: path, message: "module '\(name)' not found",
                    hint:
                        "modules are \(ModuleSpec.all.map { "'\($0.name)'" }.joined(separator: ", ")) and .lua files "
                        + "below \(root), named like 'folder.file'")
            ])
        }
        return try read(file)
    }

    /// Whether a file lies below the folder when symbolic links are followed.
    private func isInside(_ file: String) -> Bool {
        if let texts { return texts[file] != nil }
        guard let folder = canonical(root), let target = canonical(file) else { return false }
        return target.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }

    private func canonical(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func read(_ path: String) throws(FlowError) -> FlowSource {
        func failure(_ message: String, hint: String? = nil) -> FlowError {
            FlowError([FlowDiagnostic(file: path, message: message, hint: hint)])
        }
        let name = path.split(separator: "/").suffix(2).joined(separator: "/")
        if let texts {
            guard let bytes = texts[path] else { throw failure("the file was not kept with the flow") }
            return FlowSource(chunkName: name, path: path, bytes: bytes)
        }
        guard let file = fopen(path, "rbe") else {
            let reason = String(cString: strerror(errno))
            throw failure("cannot read the file: \(reason)", hint: "give the path of a flow, such as flows/my_flow.lua")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else {
                throw failure("the file is longer than \(maximumBytes) bytes")
            }
        }
        guard ferror(file) == 0 else { throw failure("cannot read the file: \(String(cString: strerror(errno)))") }
        return FlowSource(chunkName: name, path: path, bytes: bytes)
    }
}
