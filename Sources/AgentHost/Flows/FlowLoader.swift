import Glibc
import ScriptAPI

/// Reads flows from their files, each as one consistent snapshot.
struct FlowLoader: Sendable {
    let folder: String
    let limits: ScriptLimits
    var environment = ScriptEnvironment()

    /// A file is read again when it changed so shortly before: a later change might not show in its stamp, which has
    /// the resolution of the kernel's tick. [ns]
    private static let tick: Int64 = 20_000_000
    private static let attempts = 10

    /// Reads flows; off the caller's actor, for it compiles and runs them.
    ///
    /// When a file changes while it is read, the flows that it belongs to are read again.
    /// - Parameter paths: Main files; those that do not exist are found missing.
    /// - Throws: `FlowTree.Unreadable` when nothing can be said about any of them.
    @concurrent func read(_ paths: [String]) async throws(FlowTree.Unreadable) -> [FlowReading] {
        var readings: [String: FlowReading] = [:]
        var pending = paths
        var before = try FlowTree(folder: folder)
        for attempt in 1...FlowLoader.attempts {
            let began = FlowLoader.now
            var required: [String: [String]] = [:]
            for path in pending {
                let (reading, files) = read(path, in: before)
                readings[path] = reading
                required[path] = files
            }
            let after = try FlowTree(folder: folder)
            let moved = after.changes(since: before)
            let young = Set(after.files.filter { $0.value.changed >= began - FlowLoader.tick }.keys)
            pending = pending.filter { path in
                // Of a flow that does not load it is not known what it requires.
                guard let files = required[path] else { return !moved.isEmpty || !young.isEmpty }
                return files.contains { moved.contains($0) || young.contains($0) }
            }
            if pending.isEmpty || Task.isCancelled { break }
            if attempt == FlowLoader.attempts {
                for path in pending where !moved.isEmpty { readings[path] = FlowLoader.restless(path) }
                break
            }
            do {
                try await ContinuousClock().sleep(for: .nanoseconds(FlowLoader.tick))
            } catch {
                break  // Cancelled: nobody wants the result.
            }
            before = after
        }
        return paths.compactMap { readings[$0] }
    }

    /// - Returns: What was found, and the files that were read; `nil` when they are not known.
    private func read(_ path: String, in tree: FlowTree) -> (FlowReading, [String]?) {
        guard tree.files[path] != nil else { return (FlowReading(path: path, result: .missing), [path]) }
        do {
            let flow = try Flow.load(path: path, limits: limits, environment: environment)
            return (FlowReading(path: path, result: .usable(flow)), flow.files)
        } catch {
            let files = Set([path] + error.diagnostics.map(\.file)).sorted()
            let reading = FlowReading(
                path: path, result: .unusable(error.diagnostics, version: nil),
                fingerprint: fingerprint(of: files))
            return (reading, nil)
        }
    }

    private static func restless(_ path: String) -> FlowReading {
        let diagnostic = FlowDiagnostic(
            file: path, message: "the flow's files kept changing while they were read",
            hint: "it is read again at the next change, or with `moonline reload`")
        return FlowReading(path: path, result: .unusable([diagnostic], version: nil))
    }

    /// FNV-1a of the files' contents; one that cannot be read counts as empty.
    private func fingerprint(of files: [String]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var buffer = [UInt8](repeating: 0, count: 65_536)
        for path in files {
            hash = (hash ^ 0x100) &* 0x100_0000_01B3
            guard let file = fopen(path, "rbe") else { continue }
            var left = limits.fileBytes
            while left > 0 {
                let count = fread(&buffer, 1, min(left, buffer.count), file)
                guard count > 0 else { break }
                for byte in buffer[..<count] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
                left -= count
            }
            fclose(file)
        }
        return hash
    }

    /// Unix time by the clock of the files' stamps. [ns]
    static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
