import FoundationEssentials
import Glibc

/// The messages of RFC 4475, which lie beside the repository and not in it.
enum TortureCorpus {
    /// `data/rfc4475` of the folder that `MOONLINE_SHARED` names, or of `shared` beside the package; `nil` where there
    /// is none.
    static let folder: String? = {
        var candidates: [String] = []
        if let shared = ProcessInfo.processInfo.environment["MOONLINE_SHARED"] { candidates.append(shared) }
        for file in [#filePath, resolved(#filePath)] {
            var path = file[...]
            while let slash = path.lastIndex(of: "/") {
                path = path[..<slash]
                if FileManager.default.fileExists(atPath: path + "/Package.swift") {
                    candidates.append(path + "/../shared")
                    break
                }
            }
        }
        return candidates.map { $0 + "/data/rfc4475" }.first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// File names, sorted.
    static func names() throws -> [String] {
        guard let folder else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".dat") }.sorted()
    }

    static func message(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: (folder ?? "") + "/" + name)))
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
