import Glibc
import SansIO

/// What kept a benchmark from running.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A program that is measured, or that measures: lines in, lines out, standard error shared.
final class ChildProcess {
    private let name: String
    private let identifier: pid_t
    private let input: Int32
    private let output: UnsafeMutablePointer<FILE>
    private var isCollected = false

    /// - Parameter arguments: The path of the program first; a name without slash is looked for in `PATH`.
    init(_ arguments: [String]) throws(BenchmarkError) {
        name = arguments.first ?? ""
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        // Pairs of sockets and no pipes: these are closed for other programs from the beginning.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &toChild) == 0, socketpair(AF_UNIX, kind, 0, &fromChild) == 0 else {
            throw BenchmarkError("no pair of sockets: \(String(cString: strerror(errno)))")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[1], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], STDOUT_FILENO)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var spawned: pid_t = 0
        let status = posix_spawnp(&spawned, name, &actions, nil, &pointers, environ)
        close(toChild[1])
        close(fromChild[1])
        identifier = spawned
        input = toChild[0]
        guard status == 0, let file = fdopen(fromChild[0], "r") else {
            close(toChild[0])
            throw BenchmarkError(
                "cannot start \(arguments.joined(separator: " ")): \(String(cString: strerror(status)))")
        }
        output = file
    }

    deinit {
        close(input)
        fclose(output)
        if !isCollected {
            kill(identifier, SIGKILL)
            waitpid(identifier, nil, 0)
        }
    }

    /// The next line of its output, without the line's end; `nil` at the end.
    func line() -> String? {
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        let count = getline(&buffer, &capacity, output)
        guard count > 0, let buffer else { return nil }
        let text = String(cString: buffer)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// The line with which it ends: a JSON object.
    func report() throws(BenchmarkError) -> JSON {
        while let line = line() {
            guard line.hasPrefix("{") else { continue }
            do {
                return try JSON(parsing: line)
            } catch {
                throw BenchmarkError("\(name) wrote what cannot be read: \(error)")
            }
        }
        throw BenchmarkError("\(name) ended without a result")
    }

    func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // A program that is gone is noticed by its missing report.
        _ = Glibc.write(input, bytes, bytes.count)
    }

    /// Processor time of all its threads so far. [s]
    func processorTime() throws(BenchmarkError) -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(identifier, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw BenchmarkError("\(name) is gone")
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Processor time of all programs that have ended and were waited for, children of theirs included. [s]
    static func processorTimeOfEnded() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// Waits for its end.
    func wait() {
        waitpid(identifier, nil, 0)
        isCollected = true
    }
}
