import FoundationEssentials
import Glibc

/// Folders of the files that test calls leave.
enum TestFolders {
    private static let maximumNameBytes = 80

    /// A name that every file system takes, and that people recognise; without the folders and the end of a path.
    static func name(_ text: String) -> String {
        var name = text.split(separator: "/").last.map(String.init) ?? text
        if name.hasSuffix(".lua") { name.removeLast(4) }
        let safe = name.unicodeScalars.map { scalar -> Character in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_")
                ? Character(scalar) : "-"
        }
        let short = String(safe).prefix(maximumNameBytes)
        return short.isEmpty ? "test" : String(short)
    }

    /// Makes a folder, and empties it of what an earlier run left.
    static func make(_ path: String) throws {
        remove(path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    static func remove(_ path: String) {
        // What is not there need not be removed.
        try? FileManager.default.removeItem(atPath: path)
    }
}
