import Audio
import MediaEngine
import Speech
import Telephony
import TestSupport
import Testing

extension Strangers {
    @Suite("baresip talks to us")
    struct BaresipTests {
        @Test(
            "human speech reaches us, and ours reaches baresip, sample by sample", .timeLimit(.minutes(1)),
            arguments: [MediaParameters.Codec.pcmu, .pcma])
        func conversation(_ codec: MediaParameters.Codec) async throws {
            let theirs = try HumanSpeech.samples(HumanSpeech.introduction)
            let ours = try HumanSpeech.samples("demo-thanks")
            let baresip = try await Baresip.start(
                codec: codec == .pcmu ? "PCMU" : "PCMA",
                playing: HumanSpeech.silence(seconds: 0.3) + theirs + HumanSpeech.silence(seconds: 20))
            try await Phone.with { phone in
                let call = try await phone.call(Baresip.target(port: baresip.port), port: baresip.port)
                try await call.answered()
                #expect(call.codec == codec)
                call.say(ours)
                try await call.said()
                try await call.heard(seconds: Double(theirs.count) / Double(G711.sampleRate) + 1)
                let statistics = try #require(call.phoneCall.value).media.statistics()
                // All of baresip's RTP and RTCP was understood.
                #expect(statistics.packetsReceived > 200 && statistics.packetsLost == 0)
                #expect(statistics.invalidDropped == 0 && statistics.strangersDropped == 0)
                call.hangUp()
                let received = Likeness(of: theirs, in: call.samples)
                #expect(Likeness(of: ours, in: call.samples).share < 0.05, "the measure takes anything for anything")
                #expect(received.share > 0.95, "what we heard of the recording that baresip played: \(received)")
                let recorded = Likeness(of: ours, in: try await baresip.heard())
                #expect(recorded.share > 0.95, "what baresip heard of ours: \(recorded)\n\(baresip.output)")
                #expect(try understood(call.samples) == HumanSpeech.introductionSentences)
            }
        }

        /// What a recogniser that expects one of ten sentences makes of the whole call.
        private func understood(_ samples: [Int16]) throws -> [String] {
            let others = [
                "Your appointment is confirmed.", "Please hold the line.",
                "The number you have dialed is not in service.",
                "Thank you for calling.", "After the message, leave the line.", "Press the star key to hang up.",
                "Leave your name after the message.", "You are done.",
            ]
            let recognizer = try SpeechRecognizer(SpeechRecognizer.Settings(usesOpenVocabulary: false))
            try recognizer.setGrammar(SpeechGrammar(sentences: HumanSpeech.introductionSentences + others))
            guard case .grammar(let phrases) = try recognizer.recognize(samples).source else { return [] }
            return phrases
        }

        @Test("the end of baresip's recording ends the call by its BYE", .timeLimit(.minutes(1)))
        func hangUp() async throws {
            let baresip = try await Baresip.start(codec: "PCMU", playing: Tone.samples(frequency: 440, seconds: 1.5))
            try await Phone.with { phone in
                let call = try await phone.call(Baresip.target(port: baresip.port), port: baresip.port)
                try await call.answered()
                guard case .ended(byRemote: true, _) = try await call.last() else {
                    Issue.record("not ended by baresip: \(call.events.value)\n\(baresip.output)")
                    return
                }
                #expect(Tone.isHeard(440, in: call.samples, forSeconds: 1.2), "\(baresip.output)")
            }
        }

        @Test(
            "REFER sends baresip to another telephone, and its NOTIFY tells when that one has answered",
            .timeLimit(.minutes(1)))
        func transfer() async throws {
            let baresip = try await Baresip.start(codec: "PCMU", playing: Tone.samples(frequency: 440, seconds: 30))
            var reception = Phone.Configuration()
            reception.reception = .answer
            try await Phone.with(reception) { target in
                try await Phone.with { phone in
                    let call = try await phone.call(Baresip.target(port: baresip.port), port: baresip.port)
                    try await call.answered()
                    try call.phoneCall.value?.transfer(to: "sip:desk@\(Loopback.host):\(target.port)")
                    try await call.event("the end of the transfer") { $0 == .transferEnded(status: 200, reason: "OK") }
                    let desk = try await target.incoming.wait(for: "baresip's call") { $0.first }
                    try await desk.answered()
                    try await desk.uplink.wait(for: "baresip's tone at the target") { audio in
                        Tone.isHeard(440, in: G711.decode(audio, .mu), forSeconds: 0.5) ? true : nil
                    }
                    call.hangUp()
                    desk.hangUp()
                }
            }
        }
    }
}
