import Conversation
import Glibc
import LuaRuntime
import SansIO
import Testing

@testable import ScriptAPI

@Suite("The shipped flow") struct OutboundCallerTests {
    private var path: String { "\(repository)/scripts/flows/outbound_caller.lua" }

    @Test("it loads, with the prototype's five actions and their schemas")
    func loads() throws {
        let definition = try Flow.load(path: path).definition
        #expect(definition.name == "outbound-caller")
        #expect(definition.voice == "marin")
        #expect(
            definition.tools.map(\.name) == [
                "look_up_availability", "confirm_appointment", "transfer_call", "end_call",
                "detected_answering_machine",
            ])
        #expect(definition.tools[1].parameters["required"] == ["date", "time"])
        #expect(definition.tools.allSatisfy { !$0.description.isEmpty })
        #expect(definition.handlers == [.onAnswered, .onTranscript, .onInterrupted, .onTransfer, .onHangup])
    }

    @Test("a whole call: greeting, other times, confirmation, interruption, goodbye")
    func call() throws {
        let metadata: JSON = ["phone_number": "+15105550100", "patient_name": "Jayden", "appointment_day": "on Monday"]
        let given = facts(metadata: metadata)
        let harness = try ScriptHarness(Flow.load(path: path), facts: given)
        guard
            case .yielded(.say(let greeting, true)) = try harness.start(
                .handler(.onAnswered, arguments: []), facts: given)
        else {
            Issue.record("no greeting")
            return
        }
        #expect(greeting.hasPrefix("Hello, Jayden, this is"))
        #expect(greeting.contains("on Monday at 3pm"))
        #expect(
            try harness.resume(nil, .failure(code: .interrupted, message: "interrupted"), facts: given) == .returned([])
        )
        #expect(try harness.handle(.onInterrupted, "Hello", "Jayden") == .returned([]))
        #expect(try harness.act("look_up_availability", ["date": "Tuesday"]) == .yielded(.sleep(.milliseconds(1500))))
        #expect(
            try harness.resume(nil, .value(.null))
                == .returned([["available_times": ["1pm", "2pm", "3pm"], "date": "Tuesday"]]))
        #expect(
            try harness.act("confirm_appointment", ["date": "Tuesday", "time": "2pm"])
                == .returned(["reservation confirmed"]))
        #expect(try harness.handle(.onTranscript, "user", "bye", true) == .returned([]))
        #expect(try harness.act("end_call") == .yielded(.hangup(reason: nil, afterPlayout: true)))
        #expect(try harness.resume() == .returned([]))
        #expect(try harness.handle(.onHangup, "agent") == .returned([]))
        #expect(
            harness.lines.last
                == #"info: the call has ended {"booked":"Tuesday at 2pm","duration":2.5,"reason":"agent"}"#)
        #expect(harness.lines.contains("debug: user: bye"))
        #expect(harness.lines.contains(#"info: interrupted {"heard_characters":5,"unheard_characters":6}"#))
    }

    @Test("a transfer that fails is told to the model; without a target nobody is rung")
    func transfer() throws {
        let flow = try Flow.load(path: path)
        let given = facts(metadata: ["transfer_to": "+15105550199"])
        let harness = try ScriptHarness(flow, facts: given)
        let entry = ScriptEntry.action(name: "transfer_call", arguments: [:])
        guard case .yielded(.say) = try harness.start(entry, facts: given) else {
            Issue.record("says nothing")
            return
        }
        #expect(try harness.resume(facts: given) == .yielded(.transfer(target: "+15105550199")))
        #expect(
            try harness.resume(nil, .failure(code: .refused, message: "603 Decline"), facts: given)
                == .returned([["error": "603 Decline"]]))
        guard case .returned(let values) = try ScriptHarness(flow).act("transfer_call") else {
            Issue.record("waits")
            return
        }
        #expect(values[0]["error"]?.string?.contains("nobody can be reached") == true)
    }

    @Test("the flow with bytes changed at random is refused or runs; the host goes on")
    func fuzz() throws {
        let original = try FlowFolder(of: path, maximumBytes: 1 << 20).main().bytes
        var random = SeededRandom(seed: 2026)
        let directory = try FlowDirectory([:])
        let limits = ScriptLimits(
            lua: LuaLimits(memory: 2 << 20, instructions: 200_000, processorTime: .milliseconds(50)))
        var refused = 0
        var ran = 0
        for _ in 0..<300 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                default: bytes.remove(at: index)
                }
            }
            try directory.write("flow.lua", bytes)
            do throws(FlowError) {
                let flow = try Flow.load(path: "\(directory.path)/flow.lua", limits: limits)
                exercise(flow, limits: limits)
                ran += 1
            } catch {
                refused += 1
                #expect(!error.diagnostics.isEmpty)
            }
        }
        #expect(refused > 20)
        #expect(ran > 20)
    }

    /// Runs every handler and action once. What loads runs again, so that setting up must succeed.
    private func exercise(_ flow: Flow, limits: ScriptLimits) {
        do {
            let harness = try ScriptHarness(flow, limits: limits)
            for handler in ScriptHandler.allCases { _ = try harness.handle(handler, "user", "text", true) }
            for tool in flow.definition.tools { _ = try harness.act(tool.name, ["date": "d", "time": "t"]) }
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("memory that ends anywhere while the flow is set up or runs is a fault")
    func memory() throws {
        let flow = try Flow.load(path: path)
        var started = 0
        for kibibytes in stride(from: 8, through: 160, by: 2) {
            let limits = ScriptLimits(lua: LuaLimits(memory: kibibytes << 10))
            do throws(ScriptFault) {
                let script = try CallScript(flow: flow, facts: facts(), limits: limits, seed: 1) { _, _, _ in }
                started += 1
                let entry = ScriptEntry.action(name: "confirm_appointment", arguments: ["date": "d", "time": "t"])
                if case .failed(let fault)? = script.run(.start(ScriptTaskID(number: 1), entry, facts: facts()))?.1 {
                    #expect(fault.kind == .memory)
                }
            } catch {
                #expect(error.kind == .memory)
            }
        }
        #expect(started > 10)
    }
}
