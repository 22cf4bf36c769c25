import Foundation
import Synchronization

/// A stranger's program that a test runs: found in `PATH`, with its output kept, and ended with the test.
public final class ExternalProgram: Sendable {
    /// What a test needs is not on this machine.
    public struct Missing: Error, CustomStringConvertible {
        public let name: String
        public var description: String { "\(name) is not installed; run scripts/setup" }

        public init(_ name: String) { self.name = name }
    }

    /// What became of a program that ended.
    public struct Result: Sendable, CustomStringConvertible {
        /// The exit status, or the signal that ended it.
        public let status: Int32
        /// Standard output and standard error, as they came.
        public let output: String

        public var description: String { "exit status \(status)\n\(output)" }
    }

    private struct State {
        var output = Data()
        var isOutputComplete = false
        var status: Int32?
    }

    public let name: String
    /// `Process` is not Sendable: all use of it is under this lock.
    private let process: Mutex<Process>
    private let state = Watched(State())

    /// The full path of a program; `nil` when it is not installed.
    public static func find(_ name: String) -> String? {
        if name.contains("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":") + ["/usr/sbin", "/usr/bin"]
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: Added to this process's own.
    ///   - folder: Where it runs; `nil`: where this process does.
    /// - Throws: ``Missing`` when there is no such program; `scripts/setup` installs all that the tests use.
    public init(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], folder: String? = nil
    ) throws {
        guard let path = ExternalProgram.find(name) else {
            throw Missing(name)
        }
        self.name = name
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        let state = state
        process.terminationHandler = { process in
            let status = process.terminationStatus
            state.update { $0.status = status }
        }
        pipe.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            state.update {
                $0.output.append(data)
                if data.isEmpty { $0.isOutputComplete = true }
            }
        }
        try Self.withAllSignals { try process.run() }
        self.process = Mutex(process)
    }

    /// Runs `body` with no signal blocked on this thread.
    ///
    /// The threads that tasks run on block all signals, and a program inherits what is blocked where it is started: it
    /// would not hear SIGINT and SIGTERM.
    private static func withAllSignals(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    /// Runs a program to its end.
    ///
    /// - Parameter limit: After so long it is killed.
    public static func run(
        _ name: String, _ arguments: [String], limit: Duration = .seconds(60)
    ) async throws -> Result {
        try await ExternalProgram(name, arguments).waitUntilExit(limit: limit)
    }

    /// What the program has printed until now.
    public var output: String { String(decoding: state.value.output, as: UTF8.self) }

    public var isRunning: Bool { state.value.status == nil }

    /// Waits until the program ends by itself.
    ///
    /// - Parameter limit: After so long it is killed.
    /// - Throws: ``NotSeen`` when even killing did not end it, or the task is cancelled.
    public func waitUntilExit(limit: Duration = .seconds(60)) async throws -> Result {
        let alarm = Task {
            try await ContinuousClock().sleep(for: limit)
            self.signal(SIGKILL)
        }
        defer { alarm.cancel() }
        let status = try await state.wait(for: "the end of \(name)", limit: limit + .seconds(5)) {
            $0.isOutputComplete ? $0.status : nil
        }
        return Result(status: status, output: output)
    }

    /// Waits until the program has printed `text`.
    ///
    /// - Throws: ``NotSeen`` with what it printed instead, when it ended or `limit` passed before.
    public func waitForOutput(containing text: String, limit: Duration = .seconds(15)) async throws {
        let expected = Data(text.utf8)
        let isSeen = try await state.wait(for: "“\(text)” from \(name)", limit: limit) { state -> Bool? in
            if state.output.range(of: expected) != nil { return true }
            return state.status == nil || !state.isOutputComplete ? nil : false
        }
        if !isSeen { throw NotSeen(description: "\(name) ended without “\(text)”: \(output)") }
    }

    /// Sends a signal, if the program still runs.
    public func signal(_ number: Int32) {
        process.withLock { process in
            if process.isRunning { kill(process.processIdentifier, number) }
        }
    }

    deinit {
        signal(SIGKILL)
    }
}
