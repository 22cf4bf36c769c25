import Glibc

extension WAVFile {
    /// Why a file can't be read or written.
    public enum FileError: Error, Equatable {
        /// The system refused; `code` is `errno`.
        case system(path: String, code: Int32)
        /// Longer than ``WAVFile/maximumFileByteCount``.
        case tooLong(path: String)
        case malformed(path: String, ParseError)
    }

    /// Longest file that is read into memory: more than four hours of stereo at 8 kHz. [bytes]
    public static let maximumFileByteCount = 512 << 20

    /// Reads the file at `path`.
    ///
    /// - Throws: ``FileError``.
    public init(contentsOf path: String) throws(FileError) {
        guard let file = fopen(path, "rb") else { throw .system(path: path, code: errno) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: block[..<count])
            if bytes.count > Self.maximumFileByteCount { throw .tooLong(path: path) }
        }
        if ferror(file) != 0 { throw .system(path: path, code: errno) }
        do {
            try self.init(parsing: bytes)
        } catch {
            throw .malformed(path: path, error)
        }
    }

    /// Writes the file at `path`, replacing one that is there.
    ///
    /// - Throws: ``FileError/system(path:code:)``.
    public func write(to path: String) throws(FileError) {
        guard let file = fopen(path, "wb") else { throw .system(path: path, code: errno) }
        let bytes = bytes
        let written = fwrite(bytes, 1, bytes.count, file)
        let failure = written == bytes.count ? 0 : errno
        guard fclose(file) == 0 else { throw .system(path: path, code: errno) }
        if failure != 0 { throw .system(path: path, code: failure) }
    }
}
