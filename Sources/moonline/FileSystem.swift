import Glibc

/// Folders that a command makes.
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
}
