import Audio
import Conversation
import Glibc
import SansIO
import Synchronization

/// Reads the sounds of flows, and keeps the last ones as the media side plays them: µ-law at 8 kHz.
final class SoundFiles: Sendable {
    /// Why a sound cannot be played.
    struct Failure: Error, Hashable {
        let code: ScriptErrorCode
        let message: String

        init(_ code: ScriptErrorCode, _ message: String) {
            self.code = code
            self.message = message
        }
    }

    /// Longest file. [byte]
    static let maximumFileBytes = 32 << 20
    static let maximumDuration = Duration.seconds(600)
    /// What is kept of sounds that were played. [byte]
    private static let maximumCacheBytes = 16 << 20

    /// Which file it was, and in which state.
    private struct Identity: Hashable {
        let path: String
        let inode: UInt64
        let size: Int
        /// [ns]
        let modified: Int64
    }

    private struct Cache {
        /// The one that was used last is at the end.
        var sounds: [(identity: Identity, audio: [UInt8])] = []
        var bytes = 0

        mutating func audio(of identity: Identity) -> [UInt8]? {
            guard let index = sounds.firstIndex(where: { $0.identity == identity }) else { return nil }
            let sound = sounds.remove(at: index)
            sounds.append(sound)
            return sound.audio
        }

        mutating func insert(_ audio: [UInt8], of identity: Identity, maximumBytes: Int) {
            let stale = sounds.filter { $0.identity.path == identity.path }
            bytes -= stale.reduce(0) { $0 + $1.audio.count }
            sounds.removeAll { $0.identity.path == identity.path }
            guard audio.count <= maximumBytes else { return }
            sounds.append((identity, audio))
            bytes += audio.count
            while bytes > maximumBytes { bytes -= sounds.removeFirst().audio.count }
        }
    }

    private let cache = Mutex(Cache())

    /// The sound in a file below a folder.
    ///
    /// - Parameter source: Relative to the folder; it stays below it also when symbolic links are followed.
    /// - Throws: ``Failure`` with `not_found`, `not_allowed`, `invalid_argument` or `failed`.
    @concurrent func load(_ source: String, below folder: String) async throws(Failure) -> [UInt8] {
        let path = try SoundFiles.path(of: source, below: folder)
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw SoundFiles.systemFailure(source) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw SoundFiles.systemFailure(source) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.invalidArgument, "\"\(source)\" is no file")
        }
        guard status.st_size <= SoundFiles.maximumFileBytes else {
            throw Failure(.invalidArgument, "\"\(source)\" is larger than \(SoundFiles.maximumFileBytes >> 20) MiB")
        }
        let identity = Identity(
            path: path, inode: UInt64(status.st_ino), size: Int(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
        if let known = cache.withLock({ $0.audio(of: identity) }) { return known }
        let audio = try await SoundFiles.decode(SoundFiles.read(file, of: source), of: source)
        cache.withLock { $0.insert(audio, of: identity, maximumBytes: SoundFiles.maximumCacheBytes) }
        return audio
    }

    /// The bytes of a WAV file as µ-law at 8 kHz; several channels are mixed.
    ///
    /// Lets others run now and then, for a long file takes a second.
    @concurrent static func decode(_ bytes: [UInt8], of source: String) async throws(Failure) -> [UInt8] {
        do {
            let file = try WAVFile(parsing: bytes)
            guard file.duration <= maximumDuration else {
                throw Failure(.invalidArgument, "\"\(source)\" lasts longer than \(maximumDuration.seconds) seconds")
            }
            return G711.encode(try await resample(file.mono, from: file.sampleRate), .mu)
        } catch let failure as Failure {
            throw failure
        } catch let error as WAVFile.ParseError {
            throw Failure(.invalidArgument, "\"\(source)\" is no WAV file that can be played: \(words(error))")
        } catch {
            throw Failure(.failed, "\"\(source)\" cannot be converted")
        }
    }

    private static func resample(_ samples: [Int16], from rate: Int) async throws -> [Int16] {
        let resampler = try Resampler(from: rate, to: G711.sampleRate)
        let delay = resampler.latency
        let wanted = delay + samples.count * G711.sampleRate / rate
        var output: [Int16] = []
        output.reserveCapacity(wanted)
        var start = 0
        while start < samples.count {
            let end = min(start + 2 * rate, samples.count)
            output += resampler.process(Array(samples[start..<end]))
            start = end
            await Task.yield()
            guard !Task.isCancelled else { throw Failure(.callEnded, "the call has ended") }
        }
        while output.count < wanted {
            let tail = resampler.process([Int16](repeating: 0, count: rate / 10))
            guard !tail.isEmpty else { break }
            output += tail
        }
        return Array(output.dropFirst(delay).prefix(wanted - delay))
    }

    private static func words(_ error: WAVFile.ParseError) -> String {
        switch error {
        case .notWAVE: "it does not begin as one"
        case .truncatedChunk: "its end is missing"
        case .missingFormat: "its format is missing"
        case .missingSamples: "it has no samples"
        case .unsupportedCoding(let format, let bits):
            "its coding (format \(format), \(bits) bits) is not PCM of 8, 16, 24 or 32 bits, nor G.711"
        case .unsupportedChannelCount(let count): "it has \(count) channels"
        case .unsupportedRate(let rate): "its rate is \(rate) Hz"
        }
    }

    /// The real path of a file, which is below the folder.
    private static func path(of source: String, below folder: String) throws(Failure) -> String {
        let outside = Failure(.notAllowed, "\"\(source)\" is not below the flow's folder")
        guard !source.isEmpty, !source.utf8.contains(0) else {
            throw Failure(.invalidArgument, "a path below the flow's folder expected")
        }
        guard !source.hasPrefix("/"), !source.split(separator: "/").contains("..") else { throw outside }
        guard let root = realPath(folder) else { throw Failure(.failed, "the flow's folder is gone") }
        guard let path = realPath(folder + "/" + source) else { throw systemFailure(source) }
        guard path.hasPrefix(root.hasSuffix("/") ? root : root + "/") else { throw outside }
        return path
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func read(_ file: Int32, of source: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(file, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw systemFailure(source) }
            guard count > 0 else { return bytes }
            bytes += block[..<count]
            guard bytes.count <= maximumFileBytes else {
                throw Failure(.invalidArgument, "\"\(source)\" grows while it is read")
            }
        }
    }

    /// What `errno` says.
    private static func systemFailure(_ source: String) -> Failure {
        let number = errno
        let isAbsent = number == ENOENT || number == ENOTDIR
        return Failure(
            isAbsent ? .notFound : .failed,
            isAbsent
                ? "there is no file \"\(source)\" below the flow's folder"
                : "\"\(source)\" cannot be read: \(String(cString: strerror(number)))")
    }
}
