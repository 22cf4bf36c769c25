import Conversation
import MediaEngine
import SansIO
import Testing

@testable import TestCalls

@Suite("Interruptions of a pipeline")
struct PipelineInterruptionTests {
    private static let answer =
        "There are several free times tomorrow. You could come at nine in the morning. Or you come at half past two. "
        + "In the evening there is nothing left. Which of them do you like best?"

    /// A caller who speaks into the answer at a random moment, and then asks again.
    private func play(seed: UInt64) async throws -> VirtualCallResult {
        var random = SeededRandom(seed: seed)
        let moment = Double.random(in: 0.2...9.5, using: &random)
        let scene = try VirtualScene(
            """
            mode = "pipeline",
            on_answered = function(call) call:say("Hello.") end,
            before_tts = function(call, text)
              return { spoken = text:gsub("half past two", "two thirty"), shown = text }
            end,
            """)
        return try await scene.play(
            model: """
                { hears = "free", says = "\(Self.answer)" },
                { hears = "stop", says = "I am listening." },
                """, seed: seed, keepsAudio: true,
            """
            callee:answers()
            agent:says "Hello"
            callee:says "What is free tomorrow?"
            callee:interrupts("Please stop for a moment.", { after = \(moment) })
            agent:says("I am listening", { within = 30 })
            callee:hangs_up()
            """)
    }

    @Test("200 conversations: context, heard transcript and recording agree to within 20 ms")
    func agree() async throws {
        var interrupted = 0
        var cut = 0
        for seed in 1...200 as ClosedRange<UInt64> {
            let result = try await play(seed: seed)
            #expect(result.test.failure == nil, "seed \(seed):\n\(result.story)")
            #expect(result.leftovers.isEmpty, "seed \(seed)")
            let log = try CallLog(parsing: try #require(result.log?.bytes))
            let account = try PipelineAccount(log)
            #expect(account.violations.isEmpty, "seed \(seed): \(account.violations)\n\(result.story)")
            interrupted += account.interruptions
            // What the model was told of its answer in the end is what was heard of it, as it wrote it.
            let heard = account.heard.first { $0 != "Hello." && $0 != "I am listening." } ?? ""
            let told = account.lastContext.first { $0 != "Hello." } ?? ""
            let whole = heard.hasSuffix("come at two") ? String(heard.dropLast(" two".count)) : heard
            #expect(Self.spoken(told) == whole, "seed \(seed): told \(told), heard \(heard)")
            #expect(Self.spoken(Self.answer).hasPrefix(heard), "seed \(seed): heard \(heard)")
            cut += heard.isEmpty || heard == Self.spoken(Self.answer) ? 0 : 1
            // What was played of it is what the ledger says was sent, byte for byte.
            let agent = try #require(result.agentAudio)
            for (tag, bytes) in account.played {
                let sent = agent.bytesSent(of: tag)
                #expect(abs(sent - bytes) <= 160, "seed \(seed): \(sent) bytes of \(tag) sent, \(bytes) told")
            }
            // And the far end heard that, sample for sample.
            let invariants = VirtualInvariants(result, network: .perfect)
            #expect(invariants.violations.isEmpty, "seed \(seed): \(invariants.violations)\n\(result.story)")
        }
        #expect(interrupted > 100)
        #expect(cut > 100)
    }

    /// What the script makes of it, as far as it was said: of "half past two" nothing was heard until it was whole.
    private static func spoken(_ text: String) -> String {
        text.replacing("half past two", with: "two thirty")
    }
}

/// What a pipeline call's log says of the agent's speech.
struct PipelineAccount {
    private(set) var violations: [String] = []
    private(set) var interruptions = 0
    /// Transcripts of the agent, in order.
    private(set) var heard: [String] = []
    /// Messages of the assistant in the last request to the model.
    private(set) var lastContext: [String] = []
    /// Bytes that the media reported to have been sent, by tag.
    private(set) var played: [UInt32: Int] = [:]

    init(_ log: CallLog) throws(CallLogError) {
        var handedOut: [UInt32: Int] = [:]
        for entry in log.entries {
            if entry.direction == .event {
                switch try entry.event() {
                case .media(.playoutEnded(let tag, let bytes)): played[tag] = bytes
                case .media(.flushed(let tag?, let bytes, _)): played[tag] = bytes
                default: break
                }
                continue
            }
            let body = entry.body
            switch body["action"]?.string ?? body["observation"]?.string ?? "" {
            case "play":
                let tag = UInt32(clamping: body["tag"]?.integer ?? 0)
                handedOut[tag, default: 0] += Int(clamping: body["bytes"]?.integer ?? 0)
            case "generate":
                lastContext = (body["messages"]?.array ?? []).filter { $0["role"]?.string == "assistant" }
                    .compactMap { $0["content"]?.string }
            case "interruption": interruptions += 1
            case "transcript":
                if body["role"]?.string == "agent" { heard.append(body["text"]?.string ?? "") }
            default: break
            }
        }
        for (tag, bytes) in played where bytes > handedOut[tag] ?? 0 {
            violations.append("more of tag \(tag) was played than there was")
        }
        if Set(heard).count != heard.count { violations.append("something was said twice: \(heard)") }
    }
}
