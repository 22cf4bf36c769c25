import FoundationEssentials

/// The `.lua` files that a command is given, or finds.
enum LuaFiles {
    /// The files that are meant: a folder stands for the `.lua` files in it.
    ///
    /// - Parameters:
    ///   - kind: What they are, for messages: `flow`.
    ///   - hint: What to do where there is none: a whole sentence.
    /// - Throws: `Settings.Invalid`: a path that is not there, or a folder without such files.
    static func named(_ paths: [String], kind: String, hint: String) throws -> [String] {
        var files: [String] = []
        for path in paths {
            var isFolder = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw Settings.Invalid(description: "There is no \(path). \(hint)")
            }
            guard isFolder else {
                files.append(path)
                continue
            }
            let found = try inside(path)
            guard !found.isEmpty else {
                throw Settings.Invalid(description: "There is no \(kind) in \(path): put a .lua file there.")
            }
            files += found
        }
        return files
    }

    /// Those of a folder, in the order of their names; none where there is no such folder.
    static func inside(_ folder: String) throws -> [String] {
        guard FileSystem.isFolder(folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".lua") && !$0.hasPrefix(".") }.sorted()
            .map { (folder.hasSuffix("/") ? folder : folder + "/") + $0 }
    }
}
