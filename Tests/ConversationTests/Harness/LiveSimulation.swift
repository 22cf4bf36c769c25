import SansIO

@testable import Conversation

/// A whole call in live mode, in virtual time: a model that speaks when it likes, takes note of requests or not, and
/// whose back end calls functions; a caller who speaks at any time; a script that asks for anything.
struct LiveSimulation {
    private(set) var call: LiveHarness
    private var random: SeededRandom
    private(set) var requests = 0
    /// Words of the caller that the server has sent, in order.
    private(set) var spoken: [String] = []
    /// Words of the model.
    private(set) var uttered: [String] = []
    private var nextCall = 1
    private var nextWord = 1

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        call = LiveHarness.answered(
            handlers: [.onDTMF, .onTranscript, .onSpeechStarted, .onSpeechStopped, .onInterrupted, .onIdle],
            fallback: random.chance(0.5) ? AgentDefinition.Fallback(text: "Sorry.") : nil)
        call.notes = random.chance(0.8)
        call.runsActions = true
    }

    /// Runs for a while, and then until everything that waits has been answered.
    mutating func run() {
        for _ in 0..<Int.random(in: 5...40, using: &random) {
            step()
            call.advance(.milliseconds(Int64.random(in: 0...1_500, using: &random)))
        }
        // The longest that anything may take: requests wait for one another.
        call.advance(.seconds(Int64(requests + 1) * 20))
    }

    private mutating func words(_ count: ClosedRange<Int>) -> [String] {
        (0..<Int.random(in: count, using: &random)).map { _ in
            nextWord += 1
            return "w\(nextWord)"
        }
    }

    private mutating func step() {
        switch Int.random(in: 0..<12, using: &random) {
        case 0...3:
            let text = words(1...6).joined(separator: " ")
            uttered.append(text)
            call.speaks(
                " " + text, milliseconds: Int.random(in: 1...30, using: &random) * 100,
                after: .milliseconds(Int64.random(in: 0...1_000, using: &random)),
                quiet: [0, 300, 900, 1_500].randomElement(using: &random) ?? 0)
        case 4...6:
            for word in words(1...5) {
                spoken.append(word)
                let at = Int((call.now - .zero).milliseconds)
                let words = LiveTranscript(text: " \(word)", startMilliseconds: at, endMilliseconds: at + 200)
                call.server(.inputTranscript(words))
                call.advance(.milliseconds(Int64.random(in: 50...600, using: &random)))
            }
        case 7...8:
            requests += 1
            let isProtected = random.chance(0.3)
            _ = call.script(
                random.chance(0.7)
                    ? .say(text: "Good morning.", interruptible: !isProtected) : .reply(instructions: nil))
        case 9:
            let ids = (0..<Int.random(in: 1...3, using: &random)).map { "call_\(nextCall + $0)" }
            nextCall += ids.count
            requests += 1
            backEndCalls(ids)
        case 10:
            let asks: [ScriptRequest] = [.stopSpeaking, .waitForPlayout, .sendText(role: "user", text: "x")]
            _ = call.script(asks.randomElement(using: &random) ?? .stopSpeaking)
        default:
            call.server(
                .error(RealtimeError(code: random.chance(0.5) ? "rate_limit_exceeded" : "odd", message: "x")))
        }
    }

    private mutating func backEndCalls(_ ids: [String]) {
        let delegation = "del_\(nextCall)"
        call.server(.backEnd(.created, delegation: delegation))
        for id in ids {
            call.server(
                .backEnd(
                    .called(RealtimeFunctionCall(callID: id, name: "look_up", arguments: "{}")),
                    delegation: delegation))
        }
        if random.chance(0.8) {
            call.server(.backEnd(.completed(usage: nil), delegation: delegation))
        } else {
            call.server(.backEnd(.failed(message: "x"), delegation: delegation))
        }
    }
}
