import SansIO

@testable import TestCalls

/// A test that nobody would write, made of a seed: what the callee, the model, the script and the line do.
///
/// Such a test may fail, for instance because nobody can be interrupted; what must hold of the call holds all the same.
struct RandomScene {
    /// The flow of all these calls: it does what its metadata says.
    static let flow = """
        local moonline = require "moonline"
        local store = require "store"

        local follow

        local deeds = {
          say = function(call, deed) call:say(deed.text, { interruptible = deed.interruptible }) end,
          play = function(call) call:play("beep.wav") end,
          ask = function(call) call:reply { instructions = "Ask again." } end,
          stop = function(call) call:stop_speaking() end,
          sleep = function(_, deed) moonline.sleep(deed.seconds) end,
          gather = function(call, deed) call:gather_dtmf { max = 2, timeout = deed.seconds } end,
          later = function(call, deed) call:after(deed.seconds, function() follow(call, deed.deeds) end) end,
          beside = function(call, deed) call:spawn(function() follow(call, deed.deeds) end) end,
          keep = function() store.increment("kept", 1) end,
          text = function(call) call:send_text("system", "Be friendly.") end,
          mute = function(call, deed) call:mute() moonline.sleep(deed.seconds) call:unmute() end,
          await = function(call) call:wait_for_playout() end,
          transfer = function(call) call:transfer("+15105550199") end,
          hang_up = function(call, deed) call:hangup { reason = "enough", after_playout = deed.after_playout } end,
          fail = function() error("a fault of the script") end,
        }

        function follow(call, list)
          for _, deed in ipairs(list or {}) do deeds[deed.does](call, deed) end
        end

        ---@class CallActions : moonline.Actions
        local CallActions = {}

        ---Does what the metadata says under this number.
        ---@param number integer
        function CallActions:act(number)
          follow(self.call, self.call.metadata.actions[number])
          return { done = number }
        end

        return moonline.agent {
          name = "anything", instructions = "Do as you are told.", actions = CallActions, idle_timeout = 4,
          fallback = "Something went wrong here.",
          on_dial = function(call) return { ring_timeout = 5 } end,
          on_incoming = function(call) return "answer" end,
          on_answered = function(call) follow(call, call.metadata.on_answered) end,
          on_dtmf = function(call, digit) follow(call, call.metadata.on_dtmf) end,
          on_interrupted = function(call) follow(call, call.metadata.on_interrupted) end,
          on_idle = function(call, count)
            if count == 2 then call:hangup { reason = "idle" } else follow(call, call.metadata.on_idle) end
          end,
          on_hangup = function(call) follow(call, call.metadata.on_hangup) end,
        }
        """

    private static let agentSentences = [
        "Yes.", "Good morning.", "One moment, please.", "Does Tuesday at three suit you?", "All right, then.",
        "I am sorry, I did not understand that. Could you say it once more?", "Goodbye.",
        "We are open from Monday to Friday, from eight to six.",
    ]
    private static let calleeSentences = [
        "Yes.", "No, thank you.", "Tomorrow, please.", "Who is speaking?", "Hold on.",
        "I would like to think about it.",
    ]

    private var random: SeededRandom
    /// A test file with one test.
    private(set) var text = ""
    private(set) var network = NetworkConditions.perfect

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        network = makeNetwork()
        let isInbound = random.chance(0.2)
        let options = [
            "direction = \"\(isInbound ? "inbound" : "outbound")\"", "time_limit = 40", "voice = \"kal16\"",
            "metadata = \(makeMetadata())", "network = \(network.lua)", "model = { \(makeModel()) }",
        ]
        var lines = isInbound ? ["callee:calls()"] : makeTaking()
        for _ in 0..<random.number(0...5) { lines.append(makeLine()) }
        if random.chance(0.5) { lines.append("callee:hangs_up { after = \(random.seconds(3)) }") }
        text = """
            local t = require "moonline.test"
            t.test("seed \(seed)", {
              \(options.joined(separator: ",\n  "))
            }, function(callee, agent)
              \(lines.joined(separator: "\n  "))
            end)
            """
    }

    private mutating func makeNetwork() -> NetworkConditions {
        var network = NetworkConditions.perfect
        switch random.number(0...9) {
        case 0...4: break
        case 5:
            network.delay = .milliseconds(random.number(0...150))
            network.jitter = .milliseconds(random.number(0...90))
            network.duplicate = random.chance(0.5) ? 0.1 : 0
        default:
            network.loss = random.chance(0.8) ? Double(random.number(1...15)) / 100 : 0
            network.burst = Double(random.number(1...4))
            network.delay = .milliseconds(random.number(0...150))
            network.jitter = .milliseconds(random.number(0...80))
            network.reorder = Double(random.number(0...10)) / 100
            network.duplicate = Double(random.number(0...10)) / 100
        }
        if random.chance(0.05) {
            network.oneWay = NetworkConditions.OneWay(
                after: .milliseconds(random.number(0...4_000)), direction: random.chance(0.5) ? .toAgent : .toCallee)
        }
        if random.chance(0.05) { network.resetModelAfter = .milliseconds(random.number(0...6_000)) }
        return network
    }

    private mutating func makeTaking() -> [String] {
        switch random.number(0...19) {
        case 0: ["callee:rejects { status = \(random.pick([403, 404, 480, 503, 603])), after = \(random.seconds(2)) }"]
        case 1: ["callee:is_busy()"]
        case 2: ["callee:never_answers()"]
        case 3, 4: ["callee:is_voicemail { greeting = \"Nobody is at home.\", beep = \(random.chance(0.7)) }"]
        case 5, 6: []
        default: ["callee:answers { after = \(random.seconds(1.5)) }"]
        }
    }

    private mutating func makeLine() -> String {
        let sentence = random.pick(RandomScene.calleeSentences)
        return switch random.number(0...12) {
        case 0...3: "callee:says(\"\(sentence)\", { after = \(random.seconds(1)) })"
        case 4...6: "callee:interrupts(\"\(sentence)\", { after = \(random.seconds(1)) })"
        case 7, 8:
            "callee:presses(\"\(random.pick(["1", "0", "*", "12w3", "5#", "A"]))\", { after = \(random.seconds(1)) })"
        case 9: "callee:stays_silent(\(random.seconds(2)))"
        case 10:
            random.chance(0.5) ? "callee:accepts_transfer()" : "callee:refuses_transfer(\(random.pick([486, 603])))"
        case 11: "agent:says(\"\(random.pick(["Tuesday", "moment", "sorry"]))\", { within = \(random.seconds(4)) })"
        default: "t.wait(\(random.seconds(2)))"
        }
    }

    private mutating func makeModel() -> String {
        var entries: [String] = []
        for _ in 0..<random.number(1...6) {
            var fields: [String] = []
            switch random.number(0...5) {
            case 0: fields.append("start = true")
            case 1: fields.append("result_of = \"act\"")
            case 2: fields.append("instructed = \"again\"")
            default:
                let words = "{ \"yes\", \"no\", \"tomorrow\", \"who\", \"hold\", \"think\" }"
                fields.append("hears = t.any \(words)")
            }
            if random.chance(0.6) { fields.append("always = true") }
            if random.chance(0.3) { fields.append("after = \(random.seconds(1.5))") }
            if random.chance(0.8) {
                let sentences = (0..<random.number(1...2)).map { _ in "\"\(random.pick(RandomScene.agentSentences))\"" }
                fields.append("says = { \(sentences.joined(separator: ", ")) }")
            }
            switch random.number(0...9) {
            case 0...3: fields += ["calls = \"act\"", "with = { number = \(random.number(1...3)) }"]
            case 4: fields.append("fails = \"\(random.chance(0.8) ? "insufficient_quota" : "server_error")\"")
            case 5: if random.chance(0.5) { fields.append("drops = true") } else { fields.append("calls = \"act\"") }
            default:
                if fields.count == 1 || !fields.contains(where: { $0.hasPrefix("says") }) {
                    fields.append("says = \"Yes.\"")
                }
            }
            entries.append("{ \(fields.joined(separator: ", ")) }")
        }
        return entries.joined(separator: ", ")
    }

    private mutating func makeMetadata() -> String {
        var fields = ["actions = { \((0..<3).map { _ in makeDeeds(0...2) }.joined(separator: ", ")) }"]
        fields.append("on_answered = \(makeDeeds(0...3))")
        for name in ["on_dtmf", "on_interrupted", "on_idle", "on_hangup"] where random.chance(0.4) {
            fields.append("\(name) = \(makeDeeds(1...2))")
        }
        return "{ \(fields.joined(separator: ", ")) }"
    }

    private mutating func makeDeeds(_ count: ClosedRange<Int>, depth: Int = 0) -> String {
        var deeds: [String] = []
        for _ in 0..<random.number(count) { deeds.append(makeDeed(depth: depth)) }
        return "{ \(deeds.joined(separator: ", ")) }"
    }

    private mutating func makeDeed(depth: Int) -> String {
        switch random.number(0...23) {
        case 0...6:
            let text = random.pick(RandomScene.agentSentences)
            return "{ does = \"say\", text = \"\(text)\", interruptible = \(random.chance(0.7)) }"
        case 7, 8: return "{ does = \"play\" }"
        case 9: return "{ does = \"ask\" }"
        case 10: return "{ does = \"stop\" }"
        case 11, 12: return "{ does = \"sleep\", seconds = \(random.seconds(2)) }"
        case 13: return "{ does = \"gather\", seconds = \(random.seconds(3)) }"
        case 14,
            15 where depth < 2:
            let name = random.chance(0.5) ? "later" : "beside"
            return
                "{ does = \"\(name)\", seconds = \(random.seconds(3)), deeds = \(makeDeeds(1...2, depth: depth + 1)) }"
        case 16: return "{ does = \"keep\" }"
        case 17: return "{ does = \"text\" }"
        case 18: return "{ does = \"mute\", seconds = \(random.seconds(2)) }"
        case 19: return "{ does = \"await\" }"
        case 20: return "{ does = \"transfer\" }"
        case 21: return "{ does = \"hang_up\", after_playout = \(random.chance(0.5)) }"
        case 22: return random.chance(0.4) ? "{ does = \"fail\" }" : "{ does = \"stop\" }"
        default: return "{ does = \"say\", text = \"Hello.\" }"
        }
    }
}

extension SeededRandom {
    fileprivate mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Tenths of seconds, up to so many seconds.
    fileprivate mutating func seconds(_ most: Double) -> Double { Double(number(0...Int(most * 10))) / 10 }

    fileprivate mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[number(0...elements.count - 1)]
    }
}

extension NetworkConditions {
    /// As a test writes it.
    fileprivate var lua: String {
        var fields = [
            "loss = \(loss)", "burst = \(burst)", "delay_ms = \(delay.milliseconds)",
            "jitter_ms = \(jitter.milliseconds)", "reorder = \(reorder)", "duplicate = \(duplicate)",
        ]
        if let oneWay {
            fields += ["one_way_after = \(oneWay.after.seconds)", "one_way = \"\(oneWay.direction.rawValue)\""]
        }
        if let resetModelAfter { fields.append("reset_model_after = \(resetModelAfter.seconds)") }
        return "{ \(fields.joined(separator: ", ")) }"
    }
}
