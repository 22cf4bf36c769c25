import SansIO
import Testing

@testable import Conversation

@Suite("The event log of a call")
struct CallLogTests {
    private static let beginning: CallLogBeginning = {
        var configuration = CallSession.Configuration(
            facts: CallFacts(
                id: "call_1", to: "+15105550100", from: "+15105550199", direction: .inbound,
                metadata: ["phone_number": "+1", "n": 1.5], headers: ["x-a": "1"], startedAt: 1_700_000_000.123,
                answeredAt: 1_700_000_001, room: "room", version: "0a1b2c"),
            definition: LoggedEvents.definition, law: .a,
            model: CallSession.ModelOptions(
                transcriptionModel: nil, voice: "cedar",
                turnDetection: TurnDetection(method: .semanticVAD(eagerness: "low"), interruptsResponse: false),
                noiseReduction: "far_field"), callerID: "+15105550198")
        configuration.facts.statistics = ["turns": []]
        configuration.limits.ring = .milliseconds(1_234)
        configuration.limits.scriptTimers = 7
        configuration.fallbackAudio = [0xFF, 0xFF]
        return CallLogBeginning(
            seed: .max, clock: Instant(nanoseconds: 5), flowPath: "flows/a.lua", configuration: configuration,
            script: ["limits": ["memory": 1]])
    }()

    private static func bytes(_ lines: [[UInt8]]) -> [UInt8] { Array(lines.map { $0 + [10] }.joined()) }
    private static let first = CallLog.line(.begin, elapsed: .zero, body: beginning.logged)

    @Test("every event is read back as it was", arguments: LoggedEvents.all)
    func roundTrip(_ event: CallSession.Event) throws {
        let text = event.logged.text
        #expect(!text.contains("Conversation.") && !text.contains("Optional("))
        #expect(try CallSession.Event(logged: JSON(parsing: text)) == event)
    }

    @Test("the events of hundreds of calls are read back as they were, but for audio", arguments: 0..<20)
    func simulations(block: UInt64) throws {
        for seed in (block * 15)..<(block * 15 + 15) {
            var call = CallSimulation(seed: seed)
            call.run()
            for event in call.events {
                let read = try CallSession.Event(logged: JSON(parsing: event.logged.text))
                if read != event.silenced { Issue.record("seed \(seed): \(event) was read back as \(read)") }
            }
        }
    }

    @Test("events that make no sense are read back as well", arguments: 0..<20)
    func nonsense(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let event = NonsenseEvents.random(using: &random)
            let read = try CallSession.Event(logged: JSON(parsing: event.logged.text))
            if read != event.silenced { Issue.record("\(event) was read back as \(read)") }
        }
    }

    @Test(
        "a session that is told a log's events does what the log says, to the last action", arguments: 0..<40,
        [AgentMode.realtime, .pipeline])
    func runsAgain(block: UInt64, mode: AgentMode) throws {
        for seed in (block * 4)..<(block * 4 + 4) {
            var call = CallSimulation(seed: seed, plan: CallSimulation.Plan(mode: mode))
            let configuration = call.session.configuration
            call.run()
            let began = CallLogBeginning(
                seed: seed, clock: .zero, flowPath: "flow.lua", configuration: configuration, script: [:])
            let log = try CallLog(
                parsing: Self.bytes([CallLog.line(.begin, elapsed: .zero, body: began.logged)] + call.lines))
            var session = CallSession(configuration: log.beginning.configuration)
            var expected = log.entries[...]
            while let entry = expected.popFirst() {
                let actions = session.receive(try entry.event(), at: log.beginning.clock + entry.elapsed)
                let done = expected.prefix { $0.direction == .action }
                expected.removeFirst(done.count)
                if actions.map(\.logged) != done.map(\.body) {
                    Issue.record("seed \(seed), line \(entry.line): another run does something else")
                    return
                }
            }
            #expect(session.isFinished && log.isComplete)
        }
    }

    @Test("what a call was told at the beginning is read back")
    func beginning() throws {
        let read = try CallLogBeginning(logged: JSON(parsing: Self.beginning.logged.text))
        #expect(read.seed == .max && read.clock == Self.beginning.clock && read.flowPath == "flows/a.lua")
        #expect(read.script == Self.beginning.script)
        let (one, other) = (read.configuration, Self.beginning.configuration)
        #expect(one.facts == other.facts && one.definition == other.definition && one.law == other.law)
        #expect(one.model == other.model && one.limits == other.limits && one.callerID == other.callerID)
        #expect(one.fallbackAudio == other.fallbackAudio)
    }

    @Test("a log that was written before stages had providers and patience of their own is read all the same")
    func oldBeginning() throws {
        var configuration = Self.beginning.configuration
        configuration.definition.stages = [:]
        configuration.pipeline.providers = [.stt: 2, .llm: 3, .tts: 2]
        configuration.pipeline.rest = .seconds(7)
        var old = Self.beginning
        old.configuration = configuration
        var form = old.logged
        var pipeline = form["pipeline"] ?? .null
        for stage in PipelineStage.allCases { pipeline = pipeline.without("\(stage.rawValue)_patience_ns") }
        form = form.with("pipeline", pipeline).with("agent", (form["agent"] ?? .null).without("stages"))
        #expect(!form.text.contains("_patience_ns\":[") && !form.text.contains("\"stages\""))
        let read = try CallLogBeginning(logged: form).configuration
        #expect(read.definition == configuration.definition)
        #expect(read.pipeline.rest == .seconds(7) && read.pipeline.providers == configuration.pipeline.providers)
        for stage in PipelineStage.allCases {
            #expect(read.pipeline.patience(stage, provider: 1) == PipelineOptions.usualPatience[stage])
        }
        let bad = form.with("pipeline", pipeline.with("stt_patience_ns", "long"))
        #expect(throws: CallLogFormError.self) { try CallLogBeginning(logged: bad) }
    }

    @Test("an outcome is read back from its last line")
    func outcome() throws {
        var outcome = CallOutcome(kind: .noAnswer, reason: "x", message: "y.", sipStatus: 480, endedBy: .callee)
        outcome.duration = .milliseconds(1_250)
        outcome.wasAnswered = true
        #expect(try CallOutcome(logged: JSON(parsing: CallSession.Action.finish(outcome).logged.text)) == outcome)
    }

    @Test("lines keep their time, direction and number; the flow's text stands beside them")
    func lines() throws {
        let flow = CallLogFlow(
            version: "0a1b2c", path: "flows/a.lua",
            files: [.init(path: "flows/a.lua", bytes: Array("return 1".utf8)), .init(path: "b", bytes: [0xFF])])
        let log = try CallLog(
            parsing: Self.bytes([
                Self.first, CallLog.line(.flow, elapsed: .zero, body: flow.logged),
                CallLog.line(.event, elapsed: .nanoseconds(7), body: CallSession.Event.start.logged),
                CallLog.line(.action, elapsed: .nanoseconds(7), body: CallSession.Action.connectModel.logged),
            ]))
        #expect(log.flows == [flow])
        #expect(log.entries.map(\.line) == [3, 4])
        #expect(log.entries.map(\.direction) == [.event, .action])
        #expect(log.entries.map(\.elapsed) == [.nanoseconds(7), .nanoseconds(7)])
        #expect(try log.entries[0].event() == .start)
        #expect(!log.isTruncated && !log.isComplete)
    }

    @Test("a last line that was cut off is left out, at whatever byte")
    func truncated() throws {
        let whole = Self.bytes([
            Self.first, CallLog.line(.event, elapsed: .nanoseconds(7), body: CallSession.Event.start.logged),
        ])
        for end in (Self.first.count + 2)..<(whole.count - 1) {
            let log = try CallLog(parsing: whole[..<end])
            #expect(log.isTruncated && log.entries.isEmpty)
        }
        #expect(try CallLog(parsing: whole.dropLast()).entries.count == 1)
        #expect(try CallLog(parsing: whole).isTruncated == false)
    }

    @Test("every other file is refused with the line and what is wrong with it")
    func refused() {
        func message(_ lines: String...) -> String {
            do {
                _ = try CallLog(parsing: Array((lines.joined(separator: "\n") + "\n").utf8))
                return ""
            } catch {
                return "\(error)"
            }
        }
        let first = String(decoding: Self.first, as: UTF8.self)
        #expect(throws: CallLogError.empty) { try CallLog(parsing: []) }
        #expect(message("").hasPrefix("line 1 is not the beginning of a call's event log"))
        for foreign in ["hello", "{}", "[1]", "\u{0}\u{1}", #"{"ms":0,"kind":"begin","what":{"call":"x"}}"#] {
            #expect(message(foreign).hasPrefix("line 1 is not the beginning of a call's event log"), "\(foreign)")
        }
        #expect(
            message(first.replacing(#""format":1"#, with: #""format":7"#)).hasPrefix(
                "the event log has format 7, and this version of moonline reads format 1"))
        #expect(message(first.replacing(#""seed""#, with: #""sead""#)).hasPrefix("line 1 is not one of an event log"))
        #expect(message(first, "{", "{}").hasPrefix("line 2 is not JSON: the text ends"))
        #expect(message(first, first).contains(#"line 2 is not one of an event log: "kind" says that a second call"#))
        #expect(message(first, "{}").hasPrefix(#"line 2 is not one of an event log: "ns" is missing"#))
        #expect(message(first, #"{"ns":0,"kind":"other","what":{}}"#).contains(#""kind" is missing, or is not"#))
        let late = #"{"ns":5,"kind":"in","what":{"event":"start"}}"#
        #expect(message(first, late, late.replacing("5", with: "4")).hasPrefix("line 3 is earlier than the one before"))
    }

    @Test("a line that names no event, or has the wrong members, is named by its number")
    func badEvents() {
        for body: JSON in [
            [:], ["event": "nonsense"], ["event": "playout_started", "tag": -1, "at_ns": 0],
            ["event": "script", "task": 1, "outcome": ["yielded": ["request": "fly"]]],
            ["event": "service", "task": 1, "result": ["audio_bytes": 9_000_000_000]],
            ["event": "digit", "digit": "12", "ms": 1], ["event": "model", "message": ["type": 1]],
        ] {
            let entry = CallLog.Entry(elapsed: .zero, direction: .event, body: body, line: 9)
            do {
                _ = try entry.event()
                Issue.record("\(body.text) was read")
            } catch {
                guard case .badLine(9, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect("\(error)".hasPrefix("line 9 is not one of an event log: \""))
            }
        }
    }

    @Test("bytes that are changed at random give an error or a log, never a crash", arguments: 0..<8)
    func mutated(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var call = CallSimulation(seed: seed)
        call.run()
        let whole = Self.bytes([Self.first] + call.lines.prefix(200))
        for _ in 0..<25 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = UInt8.random(in: .min ... .max, using: &random)
            }
            do throws(CallLogError) {
                let log = try CallLog(parsing: bytes)
                for entry in log.entries where entry.direction == .event { _ = try entry.event() }
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }
}

extension JSON {
    /// The object without a member.
    fileprivate func without(_ name: String) -> JSON {
        .object(JSONObject(members: (object?.members ?? []).filter { $0.key != name }.map { ($0.key, $0.value) }))
    }
}
