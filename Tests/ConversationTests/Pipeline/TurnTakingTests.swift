import SansIO
import Testing

@testable import Conversation

@Suite("Turn-taking")
struct TurnTakingTests {
    // MARK: The end of a turn

    @Test("A turn is over half a second after the voice; its reply is made ready as soon as its words are known")
    func simple() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, " How are you? ", at: 2_400)
        scene.run(to: 9_000)
        #expect(
            scene.log == [
                "1000 begin 1 from 1000", "1550 turn", "2250 end 1 1000..<2000", "2400 partial 'How are you?'",
                "2400 preempt 'How are you?'", "2500 commit 'How are you?' 2000 2400",
            ])
    }

    @Test("A transcript that comes late is waited for, and the turn ends with it")
    func lateTranscript() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "Yes.", at: 4_000)
        scene.run(to: 9_000)
        #expect(scene.log.suffix(2) == ["4000 partial 'Yes.'", "4000 commit 'Yes.' 2000 4000"])
    }

    @Test("A transcript that fails or never comes ends the turn with the words that there are, or with none")
    func missingTranscript() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hearPart(1, "I would", at: 2_100)
        scene.run(to: 20_000)
        #expect(scene.log.last == "8000 commit 'I would' 2000 –")
        scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hearPart(1, "I would", at: 2_100)
        scene.fail(1, at: 3_000)
        scene.run(to: 20_000)
        #expect(scene.log.last == "3000 commit 'I would' 2000 –")
        scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.run(to: 20_000)
        #expect(scene.log.last == "8000 abandon")
    }

    @Test("What looks unfinished gets the maximum delay, and its reply is made ready towards its end")
    func unfinished() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "I would like to come on the", at: 2_300)
        scene.run(to: 9_000)
        #expect(
            scene.log.suffix(2) == [
                "4500 preempt 'I would like to come on the'", "5000 commit 'I would like to come on the' 2000 2300",
            ])
    }

    @Test("In a number that is dictated a pause is longer")
    func dictation() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "My number is 555 01.", at: 2_300)
        scene.speak(3_000..<4_000)
        scene.hear(2, "23 45678.", at: 4_300)
        scene.run(to: 9_000)
        #expect(scene.log.last == "4500 commit 'My number is 555 01. 23 45678.' 4000 4300")
    }

    @Test(
        "Whether words end a turn is read from their end, in the caller's language",
        arguments: [
            ("en", "I live in", TurnWords.Ending.unfinished), ("en", "I live in London", .finished),
            ("en", "Where are you from?", .finished), ("en", "Well, um.", .unfinished),
            ("en", "Yes, but.", .unfinished),
            ("en", "It is five,", .unfinished), ("en", "Tuesday -", .unfinished), ("en", "Let me think…", .unfinished),
            ("en", "", .unfinished), ("en", "No", .finished), ("en", "The year 1990", .finished),
            ("en", "It's five five five", .dictating), ("en", "555-012", .finished), ("en", "5 5 5 0.", .dictating),
            ("en", "555 0123456", .finished), ("en", "j o h n", .dictating), ("en", "John, J-O-H", .finished),
            ("de", "Ich komme am", .unfinished), ("de", "Ja, und", .unfinished), ("de", "Ja, ähm.", .unfinished),
            ("de", "Um drei", .finished), ("de", "null drei null", .dictating), ("fr", "Je voudrais le", .unfinished),
            ("fr", "Oui, mais", .unfinished), ("fr", "Demain", .finished), ("es", "Quiero ir con", .unfinished),
            ("es", "Sí", .finished), ("it", "Vorrei un", .unfinished), ("pt", "Eu quero um", .unfinished),
            ("nl", "Ik wil een", .unfinished), ("nl", "Graag morgen", .finished), ("zh", "我想要，", .unfinished),
            ("zh", "好的。", .finished), ("ja", "はい、", .unfinished), ("xx", "and then the", .unfinished),
        ])
    func endings(language: String, text: String, ending: TurnWords.Ending) {
        #expect(TurnWords.of(language).ending(of: text) == ending)
    }

    // MARK: Preemptive replies

    @Test("The caller goes on: the reply is thrown away, and the segments are one turn")
    func goesOn() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "I need an appointment.", at: 2_300)
        scene.start(2_450)
        scene.hearPart(2, "On Tue", at: 2_800)
        scene.hearPart(2, "On Tuesday", at: 3_000)
        scene.stop(3_200)
        scene.hear(2, "On Tuesday.", at: 3_500)
        scene.run(to: 9_000)
        #expect(
            scene.log == [
                "1000 begin 1 from 1000", "1550 turn", "2250 end 1 1000..<2000",
                "2300 partial 'I need an appointment.'", "2300 preempt 'I need an appointment.'",
                "2450 begin 2 from 2450", "2800 discard", "2800 partial ' On Tue'", "3000 partial 'sday'",
                "3450 end 2 2450..<3200", "3500 partial '.'", "3500 preempt 'I need an appointment. On Tuesday.'",
                "3700 commit 'I need an appointment. On Tuesday.' 3200 3500",
            ])
    }

    @Test("A cough behind the turn throws nothing away, and costs no time once it is known for one")
    func coughBehind() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "I need an appointment.", at: 2_300)
        scene.speak(2_450..<2_600)
        scene.hear(2, "", at: 3_000)
        scene.run(to: 9_000)
        #expect(
            scene.log.suffix(4) == [
                "2300 preempt 'I need an appointment.'", "2450 begin 2 from 2450", "2850 end 2 2450..<2600",
                "3000 commit 'I need an appointment.' 2000 2300",
            ])
    }

    @Test("Replies are made ready so often as the options say, and not when turns are not answered")
    func attempts() {
        var scene = TurnScene { $0.preemptiveReplies = 2 }
        for turn in 0..<5 {
            scene.speak(turn * 900..<turn * 900 + 500)
            scene.hear(UInt64(turn + 1), "Word.", at: turn * 900 + 800)
        }
        scene.run(to: 9_000)
        #expect(scene.outputs.filter { if case .preempt = $0 { true } else { false } }.count == 2)
        #expect(scene.log.last == "4600 commit 'Word. Word. Word. Word. Word.' 4100 4400")
        scene = TurnScene()
        scene.allow(answers: false, at: 0)
        scene.speak(1_000..<2_000)
        scene.hear(1, "Hello.", at: 2_300)
        scene.run(to: 9_000)
        #expect(scene.log.suffix(2) == ["2300 partial 'Hello.'", "2500 commit 'Hello.' 2000 2300"])
    }

    // MARK: Interruptions

    /// A scene in which the agent speaks from 0 on.
    private func speaking(_ change: (inout TurnOptions) -> Void = { _ in }) -> TurnScene {
        var scene = TurnScene(change)
        scene.agent(audible: true, at: 0)
        return scene
    }

    @Test("Voice holds what the agent says; words make it an interruption")
    func interruption() {
        var scene = speaking()
        scene.start(1_000)
        scene.hearPart(1, "Wait", at: 1_600)
        scene.agent(audible: false, at: 1_620)
        scene.stop(2_000)
        scene.hear(1, "Wait a moment.", at: 2_300)
        scene.run(to: 9_000)
        #expect(
            scene.log == [
                "1000 begin 1 from 1000", "1300 pause", "1600 turn", "1600 resume", "1600 partial 'Wait'",
                "2250 end 1 1000..<2000", "2300 partial ' a moment.'", "2300 preempt 'Wait a moment.'",
                "2500 commit 'Wait a moment.' 2000 2300",
            ])
    }

    @Test("Long voice is an interruption before its words are known")
    func longVoice() {
        var scene = speaking()
        scene.start(1_000)
        scene.run(to: 3_000)
        #expect(scene.take() == ["1000 begin 1 from 1000", "1300 pause", "2000 turn", "2000 resume"])
    }

    @Test("A short word interrupts when it is known, though it never held the agent")
    func shortWord() {
        var scene = speaking()
        scene.speak(1_000..<1_040)
        scene.hear(1, "Stop!", at: 1_400)
        #expect(
            scene.take() == [
                "1000 begin 1 from 1000", "1290 end 1 1000..<1040", "1400 turn", "1400 partial 'Stop!'",
                "1400 preempt 'Stop!'",
            ])
    }

    @Test("A cough: the agent goes on where it stopped, at once when no words are known of it, else after a while")
    func cough() {
        var scene = speaking()
        scene.speak(1_000..<1_400)
        scene.hear(1, "", at: 1_800)
        scene.run(to: 9_000)
        #expect(
            scene.take() == ["1000 begin 1 from 1000", "1300 pause", "1650 end 1 1000..<1400", "1800 resume"])
        scene.speak(11_000..<11_400)
        scene.run(to: 19_000)
        #expect(
            scene.take() == [
                "11000 begin 2 from 11000", "11300 pause", "11650 end 2 11000..<11400", "12900 resume",
            ])
    }

    @Test("Words that come after the agent went on interrupt it still")
    func lateWords() {
        var scene = speaking()
        scene.speak(1_000..<1_400)
        scene.hear(1, "Excuse me.", at: 4_000)
        #expect(
            scene.log.suffix(4) == [
                "2900 resume", "4000 turn", "4000 partial 'Excuse me.'", "4000 commit 'Excuse me.' 1400 4000",
            ])
    }

    @Test(
        "A back-channel is no interruption and no turn",
        arguments: ["Mhm.", "Yeah, okay.", "Right", "I see.", "Uh-huh!"])
    func backChannel(text: String) {
        var scene = speaking()
        scene.speak(1_000..<1_600)
        scene.hear(1, text, at: 2_000)
        scene.agent(audible: false, at: 4_000)
        scene.run(to: 9_000)
        #expect(scene.log == ["1000 begin 1 from 1000", "1300 pause", "1850 end 1 1000..<1600", "2000 resume"])
    }

    @Test("The same words are an answer when the agent has just finished, or is silent")
    func answer() {
        var scene = speaking()
        scene.speak(1_000..<1_600)
        scene.hear(1, "Yes.", at: 2_000)
        scene.agent(audible: false, at: 2_100)
        scene.run(to: 9_000)
        #expect(
            scene.log.suffix(4) == ["2000 resume", "2100 turn", "2100 partial 'Yes.'", "2100 commit 'Yes.' 1600 2000"])
        // While the agent is held, its end waits: the words are as near to it as before.
        scene = speaking()
        scene.speak(1_000..<1_600)
        scene.hear(1, "Yes.", at: 2_800)
        scene.agent(audible: false, at: 3_300)
        scene.run(to: 9_000)
        #expect(
            scene.log.suffix(4) == ["2800 resume", "3300 turn", "3300 partial 'Yes.'", "3300 commit 'Yes.' 1600 2800"])
        scene = TurnScene()
        scene.speak(1_000..<1_200)
        scene.hear(1, "Okay.", at: 1_500)
        scene.run(to: 9_000)
        #expect(scene.log.last == "1700 commit 'Okay.' 1200 1500")
    }

    @Test("More words than one may be asked for, or any word may do")
    func minimumWords() {
        var scene = speaking {
            $0.minimumWords = 2; $0.certainSpeech = .seconds(100)
        }
        scene.start(1_000)
        scene.hearPart(1, "Wait", at: 1_600)
        #expect(scene.take().last == "1300 pause")
        scene.hearPart(1, "Wait please", at: 1_900)
        #expect(scene.take() == ["1900 turn", "1900 resume", "1900 partial 'Wait please'"])
        scene = speaking { $0.minimumWords = 0 }
        scene.start(1_000)
        scene.hearPart(1, "mhm", at: 1_600)
        #expect(scene.take().contains("1600 turn"))
    }

    @Test(
        "Words that say something are counted in many languages",
        arguments: [
            ("en", "mhm, yeah, okay, right", 0), ("en", "yeah but no", 2), ("en", "uh-huh", 0), ("en", "Got it!", 0),
            ("en", "got to go", 3), ("de", "Ja, genau.", 0), ("de", "Ja, aber", 1), ("de", "Ach so, alles klar", 0),
            ("fr", "Oui, d'accord.", 0), ("fr", "Oui, demain", 1), ("fr", "d’accord", 0), ("es", "Sí, vale.", 0),
            ("es", "No", 1), ("it", "Sì, va bene", 0), ("it", "Domani", 1), ("pt", "Tá bom", 0), ("nl", "Ja hoor", 0),
            ("nl", "Nee", 1), ("zh", "好的。", 0), ("zh", "等一下", 1), ("ja", "はい。", 0), ("ko", "네", 0),
            ("xx", "ja oui sí", 0),
            ("en", "", 0), ("en", "…!?", 0),
        ])
    func counting(language: String, text: String, count: Int) {
        #expect(TurnWords.of(language).count(in: text) == count)
    }

    @Test("Noise in bursts holds the agent for a limited time")
    func bursts() {
        var scene = speaking()
        for burst in 0..<8 { scene.speak(1_000 + burst * 1_000..<1_000 + burst * 1_000 + 700) }
        #expect(scene.log.contains("1300 pause"))
        #expect(scene.log.contains("6300 resume"))
        #expect(!scene.log.contains { $0.hasSuffix("turn") })
    }

    // MARK: What cannot be interrupted

    @Test("While the agent cannot be interrupted the turn is kept; it is answered when the passage is over")
    func uninterruptible() {
        var scene = TurnScene()
        scene.agent(audible: true, interruptible: false, at: 0)
        scene.speak(1_000..<3_000)
        scene.hear(1, "I have a question.", at: 3_400)
        scene.run(to: 8_000)
        #expect(scene.take() == ["1000 begin 1 from 1000", "3250 end 1 1000..<3000"])
        scene.agent(audible: false, at: 8_000)
        #expect(
            scene.take() == [
                "8000 turn", "8000 partial 'I have a question.'", "8000 commit 'I have a question.' 3000 3400",
            ])
    }

    @Test("The same while the call allows no interruptions; a turn that has begun waits as well")
    func heldTurn() {
        var scene = TurnScene()
        scene.start(1_000)
        scene.run(to: 1_600)
        scene.allow(interruptions: false, at: 1_600)
        scene.agent(audible: true, at: 1_700)
        scene.stop(2_000)
        scene.hear(1, "Hello.", at: 2_400)
        scene.run(to: 5_000)
        #expect(scene.take().last == "2400 partial 'Hello.'")
        scene.allow(at: 5_000)
        #expect(scene.take() == ["5000 commit 'Hello.' 2000 2400"])
    }

    @Test(
        "A passage that becomes uninterruptible goes on; one that becomes interruptible is interrupted by what was said"
    )
    func changing() {
        var scene = speaking()
        scene.start(1_000)
        scene.run(to: 1_400)
        scene.agent(audible: true, interruptible: false, at: 1_500)
        scene.hearPart(1, "Stop that", at: 2_500)
        scene.run(to: 3_000)
        #expect(scene.take() == ["1000 begin 1 from 1000", "1300 pause", "1500 resume"])
        scene.agent(audible: true, at: 3_000)
        #expect(scene.take() == ["3000 turn", "3000 partial 'Stop that'"])
    }

    // MARK: Before the reply is heard

    @Test("Speech while the reply is awaited holds it at once; words make another turn")
    func thinking() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "I need an appointment.", at: 2_300)
        scene.start(2_600)
        scene.run(to: 2_700)
        scene.agent(audible: true, at: 2_700)
        #expect(
            scene.take().suffix(3) == [
                "2500 commit 'I need an appointment.' 2000 2300", "2600 begin 2 from 2600", "2600 pause",
            ])
        scene.hearPart(2, "On Tuesday", at: 3_000)
        #expect(scene.take() == ["3000 turn", "3000 resume", "3000 partial 'On Tuesday'"])
    }

    @Test("A noise then delays the reply a little, and is forgotten")
    func noiseWhileThinking() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "I need an appointment.", at: 2_300)
        scene.speak(2_600..<2_700)
        scene.hear(2, "", at: 3_100)
        scene.run(to: 30_000)
        #expect(
            scene.take().suffix(4) == ["2600 begin 2 from 2600", "2600 pause", "2950 end 2 2600..<2700", "3100 resume"])
    }

    @Test("A reply that never comes is awaited for a limited time only")
    func noReply() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.hear(1, "I need an appointment.", at: 2_300)
        scene.speak(13_000..<13_500)
        scene.hear(2, "Okay?", at: 13_800)
        scene.run(to: 30_000)
        #expect(scene.log.last == "14000 commit 'Okay?' 13500 13800")
        #expect(!scene.log.contains { $0.hasSuffix("pause") })
    }

    // MARK: Odd speech

    @Test("Noise without words is no turn, and leaves nothing behind")
    func emptyTranscript() {
        var scene = TurnScene()
        scene.speak(1_000..<1_200)
        scene.hear(1, "", at: 1_500)
        scene.speak(3_000..<4_000)
        scene.hear(2, " . ", at: 4_500)
        scene.run(to: 20_000)
        #expect(
            scene.log == [
                "1000 begin 1 from 1000", "1450 end 1 1000..<1200", "3000 begin 2 from 3000", "3550 turn",
                "4250 end 2 3000..<4000", "4500 abandon",
            ])
        #expect(scene.turns.nextDeadline == nil)
    }

    @Test("Segments don't overlap, though the detector's padding does; one that is empty is dropped")
    func overlap() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        scene.run(to: 2_400)
        scene.note(scene.turns.voiceStarted(at: 1_900, now: scene.now))
        scene.note(scene.turns.voiceStarted(at: 2_300, now: scene.now))
        scene.note(scene.turns.voiceStopped(at: 1_000, now: scene.now))
        scene.note(scene.turns.voiceStopped(at: 9_000, now: scene.now))
        #expect(
            scene.log == [
                "1000 begin 1 from 1000", "1550 turn", "2250 end 1 1000..<2000", "2400 begin 2 from 2000",
                "2400 end 2 2000..<2300", "2400 begin 3 from 2300", "2400 drop 3",
            ])
    }

    @Test(
        "A turn that doesn't end is cut after the maximum, and answered while it goes on; what follows is the next turn"
    )
    func longTurn() {
        var scene = TurnScene { $0.maximumTurn = .seconds(20) }
        scene.start(1_000)
        scene.hearPart(1, "Once upon a time", at: 5_000)
        scene.run(to: 22_000)
        #expect(scene.take().suffix(2) == ["21000 end 1 1000..<21000", "21000 begin 2 from 21000"])
        scene.hear(1, "Once upon a time.", at: 22_000)
        scene.hearPart(2, "there was", at: 23_000)
        scene.agent(audible: true, at: 23_500)
        scene.stop(25_000)
        scene.hear(2, "there was a king.", at: 25_400)
        scene.agent(audible: false, at: 25_400)
        scene.run(to: 40_000)
        #expect(
            scene.log == [
                "22000 commit 'Once upon a time.' 21000 22000", "25250 end 2 21000..<25000", "25250 turn",
                "25250 partial 'there was'", "25400 partial ' a king.'",
                "25400 preempt 'there was a king.'", "25500 commit 'there was a king.' 25000 25400",
            ])
    }

    @Test("Music is no turn: after a while without words the floor is free again, and words in it are heard still")
    func music() {
        var scene = TurnScene()
        scene.start(1_000)
        scene.run(to: 11_500)
        #expect(
            scene.take() == [
                "1000 begin 1 from 1000", "1550 turn", "11000 end 1 1000..<11000", "11000 begin 2 from 11000",
            ])
        scene.hear(1, "", at: 11_500)
        #expect(scene.take() == ["11500 abandon"])
        scene.agent(audible: true, at: 12_000)
        scene.run(to: 21_500)
        scene.hear(2, "", at: 21_500)
        scene.run(to: 25_000)
        #expect(scene.take() == ["21000 end 2 11000..<21000", "21000 begin 3 from 21000"])
        scene.hearPart(3, "Hello, I am back", at: 25_000)
        #expect(scene.take() == ["25000 turn", "25000 partial 'Hello, I am back'"])
        scene.stop(26_000)
        scene.hear(3, "Hello, I am back.", at: 26_400)
        scene.run(to: 60_000)
        #expect(scene.take().last == "26500 commit 'Hello, I am back.' 26000 26400")
        #expect(scene.turns.nextDeadline == nil)
    }

    @Test("A long speech whose transcript comes only at the end is taken for no noise")
    func monologue() {
        var scene = TurnScene()
        scene.start(1_000)
        scene.run(to: 11_100)
        scene.hear(1, "It all began when", at: 11_600)
        scene.stop(15_000)
        scene.hear(2, "I moved here.", at: 15_300)
        scene.run(to: 30_000)
        #expect(scene.log.last == "15500 commit 'It all began when I moved here.' 15000 15300")
    }

    @Test("When it is closed nothing follows")
    func closed() {
        var scene = TurnScene()
        scene.speak(1_000..<2_000)
        _ = scene.take()
        scene.turns.close()
        #expect(scene.turns.nextDeadline == nil)
        scene.start(3_000)
        scene.hear(1, "Hello", at: 4_000)
        scene.run(to: 9_000)
        #expect(scene.log == [])
    }
}
