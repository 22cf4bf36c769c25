import SansIO

@testable import Conversation

/// A script that returns, fails and asks for what a call can do, as a seed wants.
struct SimulatedScript {
    /// A call that is left alone at its end: nothing that the caller is to be answered with is dropped.
    let isGentle: Bool
    let mode: AgentMode
    private var nextSentence = 0
    private var nextFunction: UInt64 = 0

    init(isGentle: Bool, mode: AgentMode) {
        self.isGentle = isGentle
        self.mode = mode
    }

    /// What comes of a command; `nil` for those that nothing comes of.
    ///
    /// - Parameters:
    ///   - isOver: Whether the conversation is over, so that a gentle script asks for nothing more.
    ///   - tools: All that the agent's model may be given.
    mutating func receive(
        _ command: ScriptCommand, isOver: Bool, tools: [AgentDefinition.Tool], using random: inout SeededRandom
    ) -> (id: ScriptTaskID, outcome: ScriptOutcome)? {
        switch command {
        case .start(let id, let entry, _): (id, outcome(of: entry, isOver, tools, using: &random))
        case .resume(let id, _, _): (id, next(isOver, tools, using: &random))
        case .handOver(let id, _, _):
            (
                id,
                random.chance(0.8) ? .returned([]) : .failed(ScriptFault(kind: .error, message: "no on_handover"))
            )
        case .cancel, .forget: nil
        }
    }

    private mutating func outcome(
        of entry: ScriptEntry, _ isOver: Bool, _ tools: [AgentDefinition.Tool], using random: inout SeededRandom
    ) -> ScriptOutcome {
        switch entry {
        case .handler(.onDial, _): return .returned(random.chance(0.05) ? [false, "no"] : [])
        case .handler(.onIncoming, _):
            return .returned([["answer"], ["ring", 2], ["reject", 486], []].randomElement(using: &random) ?? [])
        case .action("end_call", _): return .yielded(.hangup(reason: nil, afterPlayout: random.chance(0.8)))
        case .action("transfer_call", _): return .yielded(.transfer(target: "+15105550199"))
        case .handler(.beforeLLM, let arguments):
            return rewritten(arguments, as: arguments.first ?? .null, using: &random)
        case .handler(.beforeTTS, let arguments):
            let text = arguments.first?.string ?? ""
            let isDropped = random.chance(isGentle ? 0 : 0.1)
            let sentence: JSON = isDropped ? .null : ["spoken": .string(text), "shown": .string("(\(text))")]
            return rewritten(arguments, as: sentence, using: &random)
        default: return next(isOver, tools, using: &random)
        }
    }

    /// What a handler makes of what it is given: nothing else, something else, or an error.
    private func rewritten(
        _ arguments: [JSON], as value: JSON, using random: inout SeededRandom
    ) -> ScriptOutcome {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .failed(ScriptFault(kind: .error, message: "flow.lua:1: boom"))
        // What it returns behind that drops the sentence.
        case 1 where !isGentle: .yielded(.sleep(random.delay(0...3_000)))
        case 1...4: .returned(arguments)
        default: .returned([value])
        }
    }

    private mutating func next(_ isOver: Bool, _ tools: [AgentDefinition.Tool], using random: inout SeededRandom)
        -> ScriptOutcome
    {
        if isGentle, isOver { return .returned([]) }
        return anything(tools, using: &random)
    }

    private mutating func anything(_ tools: [AgentDefinition.Tool], using random: inout SeededRandom) -> ScriptOutcome {
        switch Int.random(in: 0..<26, using: &random) {
        case 0: .yielded(.sleep(random.delay(0...4_000)))
        case 1, 2: .yielded(.say(text: sentence(using: &random), interruptible: random.chance(0.7)))
        case 3: .yielded(.reply(instructions: random.chance(0.5) ? "Ask again." : nil))
        case 4: .yielded(.waitForPlayout)
        case 5:
            random.chance(0.1) ? .yielded(.hangup(reason: "script", afterPlayout: random.chance(0.5))) : .returned([])
        case 6: .failed(ScriptFault(kind: random.chance(0.9) ? .error : .budget, message: "flow.lua:1: boom"))
        case 7: .returned([false, "no"])
        case 8: .yielded(.play(source: "a.wav", interruptible: random.chance(0.7)))
        // What the caller is to be answered with may be stopped too.
        case 9: .yielded(isGentle && mode == .pipeline ? .waitForPlayout : .stopSpeaking)
        case 10: .yielded(.sendText(role: "user", text: "note"))
        case 11: .yielded(.setInstructions("Be kind."))
        case 12: .yielded(.setActions(random.chance(0.5) ? [] : tools))
        case 13: .yielded(.setVoice("cedar"))
        case 14:
            .yielded(
                .gatherDTMF(
                    DTMFGathering(
                        maximum: Int.random(in: 1...4, using: &random), timeout: random.delay(500...5_000),
                        terminator: "#")))
        case 15: .yielded(.mute(random.chance(0.5)))
        case 16: .yielded(.spawn(keptFunction()))
        case 17: .yielded(.after(random.delay(0...20_000), keptFunction()))
        case 18: .yielded(.cancelTimer(UInt64.random(in: 1...3, using: &random)))
        case 19: .yielded(.service(.store(.get(key: "k"))))
        case 20: .yielded(.service(.stopRecording))
        default: .returned(["done"])
        }
    }

    /// Words that nobody has said before.
    private mutating func sentence(using random: inout SeededRandom) -> String {
        nextSentence += 1
        return (1...Int.random(in: 2...9, using: &random)).map { "s\(nextSentence)-\($0)" }.joined(separator: " ")
    }

    private mutating func keptFunction() -> ScriptFunctionID {
        nextFunction += 1
        return ScriptFunctionID(number: nextFunction)
    }
}
