import Audio
import CallStore
import Conversation
import Foundation
import GRDB
import Logging
import Net
import SansIO
import Synchronization
import TestSupport
import Testing

@testable import AgentHost

/// What the host does for scripts beside the conversation.
@Suite("ScriptServices", .timeLimit(.minutes(1)))
struct ScriptServicesTests {
    /// Services with a store in a folder of their own, which is also the flow's.
    private struct Fixture {
        let folder: TemporaryFolder
        let store: CallStore
        let services: ScriptServices

        init(_ allowed: String = "", now: @escaping @Sendable () -> Int64 = { 1_000_000_000 }) async throws {
            folder = try TemporaryFolder("services")
            store = try await CallStore.open(folder: folder.path + "/data")
            var http = RestrictedHTTPClient.Options()
            http.allowed = try HTTPAllowList(parsing: allowed)
            http.maximumResponseBytes = 2_000
            services = try ScriptServices(
                store: store, http: http, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: now)
        }

        func perform(_ request: ServiceRequest, agent: String = "a") async -> ServiceResult {
            await services.perform(request, agent: agent, flowFolder: folder.path)
        }

        func http(
            _ url: String, method: String = "GET", headers: [String: String] = [:], body: String = "",
            timeout: Duration = .seconds(10)
        ) async -> ScriptReply? {
            let call = ServiceRequest.HTTPCall(
                method: method, url: url, headers: headers, body: Array(body.utf8), timeout: timeout)
            guard case .reply(let reply) = await perform(.http(call)) else { return nil }
            return reply
        }

        func store(_ call: ServiceRequest.StoreCall, agent: String = "a") async -> ScriptReply? {
            guard case .reply(let reply) = await perform(.store(call), agent: agent) else { return nil }
            return reply
        }

        func write(_ bytes: [UInt8], to name: String) throws {
            try folder.write(bytes, to: name)
        }
    }

    private func code(_ result: ServiceResult) -> ScriptErrorCode? {
        if case .reply(.failure(let code, _)) = result { code } else { nil }
    }

    private func code(_ reply: ScriptReply?) -> ScriptErrorCode? {
        if case .failure(let code, _)? = reply { code } else { nil }
    }

    private func server() async throws -> HTTPServer {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try await HTTPServer.start(host: "127.0.0.1", port: 0, logger: logger) { request in
            switch request.path {
            case "/json": .json(Array(#"{"n":[1,null]}"#.utf8), status: 404)
            case "/problem":
                HTTPResponse(
                    status: 200,
                    headers: ["Content-Type": "application/problem+json; charset=utf-8", "X-A": "1", "x-a": "2"],
                    body: Array("[7]".utf8))
            case "/broken": .json(Array("{".utf8))
            case "/large": .text(String(repeating: "x", count: 2_001))
            case "/sound.wav": HTTPResponse(status: 200, body: WAVFile(sampleRate: 8_000, samples: [0, 0, 0, 0]).bytes)
            case "/none.wav": .text("no", status: 404)
            case "/fault.wav": .text("no", status: 500)
            case "/page.wav": .text("<html>")
            default:
                .text(
                    "\(request.method) \(request.target) \(request.headers["X-A"] ?? "") "
                        + String(decoding: request.body, as: UTF8.self))
            }
        }
    }

    // MARK: http

    @Test("An answer has status, headers in lower case, body, and the value of JSON, whatever the status")
    func answers() async throws {
        let server = try await server()
        let base = "http://127.0.0.1:\(server.port)"
        let fixture = try await Fixture("127.0.0.1:\(server.port)")
        guard
            case .value(let echo)? = await fixture.http(base + "/x?y", method: "POST", headers: ["X-A": "b"], body: "é")
        else { throw Failure("no answer") }
        #expect(echo["status"] == 200)
        #expect(echo["body"] == "POST /x?y b é")
        #expect(echo["json"] == nil)
        #expect(echo["headers"]?["content-type"] == "text/plain; charset=utf-8")
        guard case .value(let json)? = await fixture.http(base + "/json") else { throw Failure("no answer") }
        #expect(json["status"] == 404)
        #expect(json["json"] == ["n": [1, nil]])
        guard case .value(let problem)? = await fixture.http(base + "/problem") else { throw Failure("no answer") }
        #expect(problem["json"] == [7])
        #expect(problem["headers"]?["x-a"] == "1, 2")
        guard case .value(let broken)? = await fixture.http(base + "/broken") else { throw Failure("no answer") }
        #expect(broken["json"] == nil)
        #expect(broken["body"] == "{")
        await server.shutdown()
    }

    @Test("Each failure has its code, and no message repeats a query or a header")
    func failures() async throws {
        let server = try await server()
        let base = "http://127.0.0.1:\(server.port)"
        let fixture = try await Fixture("127.0.0.1:\(server.port),127.0.0.1:1")
        #expect(await code(fixture.http(base + "/large")) == .limitReached)
        #expect(await code(fixture.http(base, headers: ["Host": "evil.example"])) == .invalidArgument)
        #expect(await code(fixture.http(base, headers: ["X": "a\r\nY: b"])) == .invalidArgument)
        #expect(await code(fixture.http("file:///etc/passwd")) == .invalidArgument)
        #expect(await code(fixture.http("http://127.0.0.1:1/")) == .failed)
        let refused = await fixture.http("https://api.example.com/?key=hunter2", headers: ["Authorization": "hunter3"])
        guard case .failure(.notAllowed, let message)? = refused else {
            throw Failure("\(String(describing: refused))")
        }
        #expect(message.contains("set MOONLINE_HTTP_ALLOW"))
        #expect(!message.contains("hunter"))
        await server.shutdown()
    }

    @Test("A request of a call that ends comes back as call_ended")
    func cancelled() async throws {
        let entered = AsyncStream<Void>.makeStream()
        let gate = AsyncStream<Void>.makeStream()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try await HTTPServer.start(host: "127.0.0.1", port: 0, logger: logger) { _ in
            entered.continuation.yield()
            for await _ in gate.stream {}
            return .text("late")
        }
        let fixture = try await Fixture("127.0.0.1:\(server.port)")
        let task = Task { await fixture.http("http://127.0.0.1:\(server.port)/") }
        var arrivals = entered.stream.makeAsyncIterator()
        _ = await arrivals.next()
        task.cancel()
        #expect(await task.value == .failure(code: .callEnded, message: "the call has ended"))
        gate.continuation.finish()
        await server.shutdown(grace: .zero)
    }

    // MARK: store

    @Test("What is kept is apart for each agent, expires, and survives a restart")
    func store() async throws {
        let time = Mutex<Int64>(0)
        let folder: TemporaryFolder
        do {
            let fixture = try await Fixture { time.withLock { $0 } }
            folder = fixture.folder
            #expect(await fixture.store(.get(key: "k")) == .value(.null))
            #expect(await fixture.store(.set(key: "k", value: ["n": 1], lifetime: nil)) == .value(true))
            #expect(await fixture.store(.get(key: "k")) == .value(["n": 1]))
            #expect(await fixture.store(.get(key: "k"), agent: "b") == .value(.null))
            #expect(await fixture.store(.set(key: "t", value: 5, lifetime: .seconds(2))) == .value(true))
            #expect(await fixture.store(.increment(key: "t", by: 2)) == .value(7))
            time.withLock { $0 = 1_999_999_999 }
            #expect(await fixture.store(.get(key: "t")) == .value(7))
            #expect(await fixture.store(.keys(prefix: "")) == .value(["k", "t"]))
            time.withLock { $0 = 2_000_000_000 }
            #expect(await fixture.store(.get(key: "t")) == .value(.null))
            #expect(await fixture.store(.delete(key: "t")) == .value(false))
            time.withLock { $0 = .max - 1 }
            #expect(await fixture.store(.set(key: "far", value: 1, lifetime: .seconds(10))) == .value(true))
            #expect(await fixture.store(.get(key: "far")) == .value(1))
            try fixture.store.close()
        }
        let again = try await CallStore.open(folder: folder.path + "/data")
        #expect(try await again.entry(agent: "a", key: "k", now: 0) == ["n": 1])
    }

    @Test("Bad keys and values have codes; a broken database says little to the script")
    func storeFailures() async throws {
        let fixture = try await Fixture()
        #expect(await code(fixture.store(.get(key: ""))) == .invalidArgument)
        #expect(
            await code(fixture.store(.set(key: String(repeating: "k", count: 257), value: 1, lifetime: nil)))
                == .invalidArgument)
        let long = JSON.string(String(repeating: "x", count: 70_000))
        #expect(await code(fixture.store(.set(key: "k", value: long, lifetime: nil))) == .limitReached)
        _ = await fixture.store(.set(key: "k", value: "text", lifetime: nil))
        #expect(await code(fixture.store(.increment(key: "k", by: 1))) == .invalidArgument)
        let other = try DatabaseQueue(path: fixture.store.path)
        try await other.write { try $0.execute(sql: "DROP TABLE entry") }
        let reply = await fixture.store(.get(key: "k"))
        #expect(reply == .failure(code: .failed, message: "The host's store failed; its log says why."))
    }

    @Test("A hundred calls that count at once count to a hundred")
    func concurrentIncrements() async throws {
        let fixture = try await Fixture()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { _ = await fixture.store(.increment(key: "n", by: 1)) } }
        }
        #expect(await fixture.store(.get(key: "n")) == .value(100))
    }

    // MARK: Sounds

    private func tone(rate: Int, seconds: Double) -> [Int16] {
        (0..<Int(Double(rate) * seconds)).map { Int16(10_000 * sin(2 * Double.pi * 440 * Double($0) / Double(rate))) }
    }

    @Test(
        "Files of any rate and one or two channels become µ-law at 8 kHz of the same length and tone",
        arguments: [
            (8_000, 1), (16_000, 1), (44_100, 2), (48_000, 2), (11_025, 1),
        ])
    func sounds(rate: Int, channels: Int) async throws {
        let fixture = try await Fixture()
        let samples = tone(rate: rate, seconds: 1)
        let file =
            channels == 1
            ? WAVFile(sampleRate: rate, samples: samples) : WAVFile(sampleRate: rate, left: samples, right: samples)
        try fixture.write(file.bytes, to: "tone.wav")
        guard case .audio(let audio) = await fixture.perform(.loadAudio(source: "tone.wav")) else {
            throw Failure("no audio")
        }
        #expect(audio.count == 8_000)
        let expected = tone(rate: 8_000, seconds: 1)
        let decoded = G711.decode(audio, .mu)
        let errors = (400..<7_600).map { abs(Int(decoded[$0]) - Int(expected[$0])) }
        // The tone moves by up to 3,455 a sample; what is shifted by less than half of one is in its place.
        #expect(errors.reduce(0, +) / errors.count < 1_100, "\(errors.reduce(0, +) / errors.count)")
    }

    @Test("A changed file is read again, an unchanged one is not")
    func cache() async throws {
        let fixture = try await Fixture()
        try fixture.write(WAVFile(sampleRate: 8_000, samples: [0, 0]).bytes, to: "a.wav")
        let first = await fixture.perform(.loadAudio(source: "a.wav"))
        #expect(first == .audio([0xFF, 0xFF]))
        #expect(await fixture.perform(.loadAudio(source: "./a.wav")) == first)
        try fixture.write(WAVFile(sampleRate: 8_000, samples: [0, 0, 0]).bytes, to: "a.wav")
        #expect(await fixture.perform(.loadAudio(source: "a.wav")) == .audio([0xFF, 0xFF, 0xFF]))
    }

    @Test("Files outside of the flow's folder are out of reach, also by symbolic links")
    func outside() async throws {
        let other = try await Fixture()
        try other.write(WAVFile(sampleRate: 8_000, samples: [0]).bytes, to: "secret.wav")
        let fixture = try await Fixture()
        let manager = FileManager.default
        func link(_ name: String, to target: String) throws {
            try manager.createSymbolicLink(atPath: "\(fixture.folder.path)/\(name)", withDestinationPath: target)
        }
        try link("link.wav", to: other.folder.path + "/secret.wav")
        try link("folder", to: other.folder.path)
        try manager.createDirectory(atPath: fixture.folder.path + "/sub", withIntermediateDirectories: true)
        try fixture.write(WAVFile(sampleRate: 8_000, samples: [0]).bytes, to: "sub/a.wav")
        try link("inner.wav", to: "sub/a.wav")
        let name = other.folder.path.split(separator: "/").last ?? ""
        for source in [
            "link.wav", "folder/secret.wav", "../\(name)/secret.wav", "sub/../../\(name)/secret.wav",
            other.folder.path + "/secret.wav", "/etc/passwd", "..",
        ] {
            #expect(await code(fixture.perform(.loadAudio(source: source))) == .notAllowed, "\(source)")
        }
        #expect(await fixture.perform(.loadAudio(source: "inner.wav")) == .audio([0xFF]))
        for source in ["missing.wav", "sub/a.wav/b", "link.wav.bak"] {
            #expect(await code(fixture.perform(.loadAudio(source: source))) == .notFound, "\(source)")
        }
        for source in ["", "sub", "a\u{0}b", "."] {
            let result = await code(fixture.perform(.loadAudio(source: source)))
            #expect(result == .invalidArgument || result == .notAllowed, "\(source)")
        }
    }

    @Test("What is no sound, or too long a one, is invalid_argument; a pipe does not hang")
    func unusable() async throws {
        let fixture = try await Fixture()
        try fixture.write(Array("hello".utf8), to: "text.wav")
        try fixture.write(
            WAVFile(sampleRate: 1_000, samples: Array(repeating: 0, count: 600_001)).bytes, to: "long.wav")
        try #require(mkfifo("\(fixture.folder.path)/pipe.wav", 0o600) == 0)
        for source in ["text.wav", "long.wav", "pipe.wav"] {
            #expect(await code(fixture.perform(.loadAudio(source: source))) == .invalidArgument, "\(source)")
        }
        try fixture.write([], to: "huge.wav")
        try #require(truncate("\(fixture.folder.path)/huge.wav", 33 << 20) == 0)
        #expect(await code(fixture.perform(.loadAudio(source: "huge.wav"))) == .invalidArgument)
    }

    @Test("Sounds of the web come from allowed hosts, and each status has its code")
    func remote() async throws {
        let server = try await server()
        let base = "http://127.0.0.1:\(server.port)"
        let fixture = try await Fixture("127.0.0.1:\(server.port)")
        #expect(await fixture.perform(.loadAudio(source: base + "/sound.wav")) == .audio([0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(await code(fixture.perform(.loadAudio(source: base + "/none.wav"))) == .notFound)
        #expect(await code(fixture.perform(.loadAudio(source: base + "/fault.wav"))) == .failed)
        #expect(await code(fixture.perform(.loadAudio(source: base + "/page.wav"))) == .invalidArgument)
        #expect(await code(fixture.perform(.loadAudio(source: "https://api.example.com/a.wav"))) == .notAllowed)
        await server.shutdown()
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
