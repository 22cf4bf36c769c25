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

    /// The system refused to start a program.
    public struct SystemFailure: Error, CustomStringConvertible {
        public let description: String

        init(_ call: String, _ code: Int32) {
            description = "\(call) failed: \(String(cString: strerror(code)))"
        }
    }

    /// What became of a program that ended.
    public struct Result: Sendable, CustomStringConvertible {
        /// The exit status, or the signal that ended it.
        public let status: Int32
        /// Standard output and standard error, as they came.
        public let output: String

        public init(status: Int32, output: String) {
            self.status = status
            self.output = output
        }

        public var description: String { "exit status \(status)\n\(output)" }
    }

    private struct State {
        var output: [UInt8] = []
        var status: Int32?
    }

    private final class Child: Sendable {
        /// `nil` once the program has ended and its number may belong to another.
        let identifier: Mutex<pid_t?>

        init(_ identifier: pid_t) { self.identifier = Mutex(identifier) }
    }

    public let name: String
    private let child: Child
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
        guard let path = ExternalProgram.find(name) else { throw Missing(name) }
        var ends: [Int32] = [0, 0]
        // A pair of sockets and no pipe: it is closed for other programs from the beginning.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemFailure("socketpair", errno) }
        defer { close(ends[1]) }
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // `env` changes the folder, and becomes the program.
        let line = folder.map { ["/usr/bin/env", "-C", $0, path] + arguments } ?? [path] + arguments
        let spawned = Self.spawn(line[0], line, environment: all.map { "\($0)=\($1)" }, output: ends[1])
        guard spawned.error == 0 else {
            close(ends[0])
            throw SystemFailure("posix_spawn of \(path)", spawned.error)
        }
        self.name = name
        child = Child(spawned.identifier)
        let reader = ends[0]
        // The thread ends with the program, which `deinit` kills.
        Thread { [child, state] in
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = read(reader, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                state.update { $0.output.append(contentsOf: buffer[..<count]) }
            }
            close(reader)
            // Ended, but not yet collected: its number is still its own while it is forgotten.
            var information = siginfo_t()
            waitid(P_PID, id_t(spawned.identifier), &information, WEXITED | WNOWAIT)
            child.identifier.withLock { $0 = nil }
            var status: Int32 = 0
            waitpid(spawned.identifier, &status, 0)
            let signal = status & 0x7F
            state.update { $0.status = signal == 0 ? status >> 8 & 0xFF : signal }
        }.start()
    }

    /// Starts `path` with no signal blocked or ignored: the threads that tasks run on block all, and a program inherits
    /// that.
    private static func spawn(
        _ path: String, _ arguments: [String], environment: [String], output: Int32
    ) -> (error: Int32, identifier: pid_t) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var argumentList: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var environmentList: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for string in argumentList + environmentList { free(string) } }
        var identifier: pid_t = 0
        let error = posix_spawn(&identifier, path, &actions, &attributes, &argumentList, &environmentList)
        return (error, identifier)
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
        let status = try await state.wait(for: "the end of \(name)", limit: limit + .seconds(5)) { $0.status }
        return Result(status: status, output: output)
    }

    /// Waits until the program has printed `text`.
    ///
    /// - Throws: ``NotSeen`` with what it printed instead, when it ended or `limit` passed before.
    public func waitForOutput(containing text: String, limit: Duration = .seconds(15)) async throws {
        let expected = Array(text.utf8)
        let isSeen = try await state.wait(for: "“\(text)” from \(name)", limit: limit) { state -> Bool? in
            if state.output.firstRange(of: expected) != nil { return true }
            return state.status == nil ? nil : false
        }
        if !isSeen { throw NotSeen(description: "\(name) ended without “\(text)”: \(output)") }
    }

    /// Sends a signal, if the program still runs.
    public func signal(_ number: Int32) {
        child.identifier.withLock { identifier in
            if let identifier { kill(identifier, number) }
        }
    }

    deinit {
        signal(SIGKILL)
    }
}
