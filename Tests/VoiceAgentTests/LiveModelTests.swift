import Conversation
import Logging
import OfflineModel
import SansIO
import Testing
import VoiceAgent

@Suite("A call in live mode against the offline model", .timeLimit(.minutes(1)))
struct LiveModelTests {
    private static let persona: @Sendable (PersonaRequest) -> [PersonaStep] = { request in
        switch request.trigger {
        case .heard: [.call(name: "look_up", arguments: [:])]
        case .results(let results): [.say("At \(results.map(\.output).joined()).")]
        default: request.hasOwnInstructions ? [.say("I do as I am told.")] : [.say("Good morning.")]
        }
    }

    @Test("The agent greets, the caller asks, a function is called, and its result is said: the same each time")
    func conversation() throws {
        func run() throws -> LiveModelCall {
            var call = try LiveModelCall(
                greeting: .say(text: "Hello, this is the practice.", interruptible: true), words: "when are you free",
                answer: Self.persona)
            call.advance(.seconds(6))
            try call.say("When are you free?")
            call.advance(.seconds(10))
            return call
        }
        let call = try run()
        #expect(
            call.conversation == [
                "agent: Hello, this is the practice.", "user: when are you free", "agent: At three.",
            ])
        #expect(call.replies == [.value(true)])
        #expect(call.faults == [])
        #expect(call.latencies.count == 1)
        #expect(try run().actions == call.actions)
    }

    @Test("What the model is asked to do, it does in words of its own", arguments: [nil, "Ask for the name."])
    func reply(instructions: String?) throws {
        var call = try LiveModelCall(
            greeting: .reply(instructions: instructions), words: "", answer: Self.persona)
        call.advance(.seconds(6))
        #expect(call.conversation == [instructions == nil ? "agent: Good morning." : "agent: I do as I am told."])
        #expect(call.replies == [.value(true)])
        #expect(call.faults == [])
    }

    @Test("Over a socket: the session begins, notes what it is told, says it, and is closed")
    func socket() async throws {
        var configuration = OfflineModelServer.Configuration(personaPath: nil)
        configuration.host = "127.0.0.1"
        let server = try await OfflineModelServer.start(configuration, logger: Logger(label: "test"))
        let (events, sink) = AsyncStream<LiveConnection.Event>.makeStream()
        let connection = LiveConnection(
            configuration: RealtimeConfiguration(baseURL: server.baseURL, apiKey: "k", model: "")
        ) { sink.yield($0) }
        await connection.connect()
        var seen: [String] = []
        var words = ""
        for await event in events {
            switch event {
            case .connected:
                connection.send(
                    LiveClientEvent(
                        eventID: "start", body: .start(RealtimeSettings(instructions: "Be brief."), LiveOptions())))
            case .event(.started(_, let model, _)):
                seen.append(model)
                connection.listen()
                connection.send(LiveClientEvent(eventID: "say", body: .appendCommentary("Good day.")))
            case .event(.appended(let eventID)): seen.append(eventID ?? "")
            case .event(.outputTranscript(let transcript)): words += transcript.text
            case .event(.outputAudio(let audio)):
                if seen.last != "audio", !audio.isEmpty { seen.append("audio") }
            case .event(.error(let error)): seen.append(error.message)
            // Where this takes longer than ten seconds.
            case .event(.usage): break
            case .event, .malformed, .closed, .failed: seen.append("\(event)")
            }
            if words == "Good day.", seen.last == "audio" { break }
        }
        #expect(seen == ["gpt-live-1", "say", "audio"])
        connection.close()
        await server.shutdown()
    }
}
