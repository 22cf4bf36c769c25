import Glibc
import SansIO

/// `Benchmarks --tools FOLDER --flow FILE --moonline FILE --test-calls FILE [--calls LIST] [--seconds S] [--quick]
/// [--scripts] [--tests] [--pipeline] [--json]`; see `scripts/bench`.
///
/// `Benchmarks host …` is the process that is measured.
@main
struct Benchmarks {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.first == "host" {
                try host(Options(Array(arguments.dropFirst())))
            } else {
                try bench(Options(arguments))
            }
        } catch {
            say("bench: \(error)")
            exit(1)
        }
    }

    private static func host(_ options: Options) throws {
        guard let calls = options.number("--calls"), let model = options["--model"],
            let peer = options.number("--peer-base").flatMap({ UInt16(exactly: $0) }), calls > 0
        else { throw BenchmarkError("host: --calls, --model and --peer-base are needed") }
        try Host(
            calls: calls, isPipeline: options["--mode"] == "pipeline", notesTurns: options.has("--turns"),
            modelURL: model, certificate: options["--certificate"], firstPeerPort: peer
        ).run()
        // The calls are left as they are: the process was there to be measured.
        exit(0)
    }

    private static func bench(_ options: Options) throws {
        guard let tools = options["--tools"], let flow = options["--flow"] else {
            throw BenchmarkError("--tools and --flow are needed; scripts/bench gives them")
        }
        let isQuick = options.has("--quick")
        if options.has("--scripts") {
            let scripts = try ScriptCosts.measure(flow: flow, folder: tools, isQuick: isQuick)
            print(options.has("--json") ? scripts.json.text : Report.text(of: scripts))
            return
        }
        func testCalls() throws -> TestCallCosts {
            guard let moonline = options["--moonline"], let tests = options["--test-calls"] else {
                throw BenchmarkError("--moonline and --test-calls are needed; scripts/bench gives them")
            }
            return try TestCallCosts.measure(
                moonline: moonline, tests: tests, flow: flow, folder: tools, isQuick: isQuick)
        }
        if options.has("--tests") {
            let costs = try testCalls()
            print(options.has("--json") ? costs.json.text : costs.text)
            return
        }
        let isPipeline = options.has("--pipeline")
        let list = options["--calls"] ?? (isQuick || isPipeline ? isPipeline ? "10,50" : "1,50" : "1,50,200,400")
        let calls = list.split(separator: ",").compactMap { Int($0) }
        let seconds = options.number("--seconds") ?? (isQuick ? 3 : isPipeline ? 20 : 7)
        guard !calls.isEmpty, calls.count == list.split(separator: ",").count,
            calls.allSatisfy({ (1...2_000).contains($0) }), (1...600).contains(seconds)
        else { throw BenchmarkError("--calls takes numbers from 1 to 2000 with commas between, --seconds 1 to 600") }
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let bench = Bench(
            tools: tools, program: CommandLine.arguments[0], seconds: seconds,
            isPinned: cores > 1 && !options.has("--unpinned"))

        let conversing = isPipeline ? calls : [10, 50]
        let total = PipelineCosts.steps(calls: conversing) + (isPipeline ? 0 : calls.count * 4 + 3)
        var done = 0
        func progress(_ what: String) {
            done += 1
            say("[\(done)/\(total)] \(what)")
        }
        if isPipeline {
            let costs = try PipelineCosts.measure(bench, calls: conversing, progress: progress)
            print(options.has("--json") ? costs.json.text : costs.text)
            return
        }
        progress("media path without sockets")
        let mediaPath = MediaPath.measure(packets: isQuick ? 20_000 : 100_000)
        progress("scripts")
        let scripts = try ScriptCosts.measure(flow: flow, folder: tools, isQuick: isQuick)
        progress("test calls")
        let testCalls = try testCalls()
        var runs: [Run] = []
        for number in calls {
            for transport in Run.Transport.allCases {
                for subject in [Run.Subject.baseline, .moonline] {
                    progress(
                        "\(number) call\(number == 1 ? "" : "s"), \(transport.rawValue) socket, \(subject.rawValue)")
                    runs.append(try bench.run(subject, transport, calls: number))
                }
            }
        }
        let pipeline = try PipelineCosts.measure(bench, calls: conversing, progress: progress)
        let report = Report(
            machine: processorName(), cores: cores, seconds: seconds, isPinned: bench.isPinned, runs: runs,
            mediaPath: mediaPath, scripts: scripts, testCalls: testCalls, pipeline: pipeline)
        print(options.has("--json") ? report.json.text : report.text)
    }

    private static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        // Progress for people: who has closed standard error does not want it.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func processorName() -> String {
        guard let file = fopen("/proc/cpuinfo", "re") else { return "unknown processor" }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 512)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard line.hasPrefix("model name"), let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " }.dropLast())
        }
        return "unknown processor"
    }
}

/// The words behind a command: `--name value` and `--switch`.
struct Options {
    private let words: [String]

    init(_ words: [String]) { self.words = words }

    func has(_ name: String) -> Bool { words.contains(name) }

    subscript(name: String) -> String? {
        guard let index = words.firstIndex(of: name), index + 1 < words.count else { return nil }
        return words[index + 1]
    }

    func number(_ name: String) -> Int? { self[name].flatMap { Int($0) } }
}
