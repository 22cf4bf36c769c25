import TestSupport

/// The MD5 of the GNU core utilities.
enum MD5Sum {
    /// - Returns: 32 hexadecimal digits.
    static func of(_ text: String) async throws -> String {
        let folder = try TemporaryFolder("md5sum")
        try folder.write(text, to: "text")
        let result = try await ExternalProgram.run("md5sum", [folder.file("text")])
        guard result.status == 0 else { throw NotSeen(description: "md5sum failed: \(result)") }
        return String(result.output.prefix(32))
    }
}
