import SansIO
import Testing

@testable import Conversation

@Suite("What was heard of a sentence")
struct HeardTranscriptTests {
    private func complete(_ text: String, milliseconds: Int) -> HeardTranscript {
        var transcript = HeardTranscript()
        transcript.append(text: text)
        transcript.append(audio: milliseconds * 8)
        transcript.completeAudio()
        transcript.completeText(text)
        return transcript
    }

    @Test("All audio played is all text heard")
    func whole() {
        let split = complete("Hello there, caller.", milliseconds: 1_000).split(heardBytes: 8_000)
        #expect(split.heard == "Hello there, caller.")
        #expect(split.unheard == "")
    }

    @Test("Nothing played is nothing heard")
    func nothing() {
        let split = complete("Hello there.", milliseconds: 1_000).split(heardBytes: 0)
        #expect(split.heard == "")
        #expect(split.unheard == "Hello there.")
    }

    @Test("A word that was heard in part counts as not heard")
    func wordBoundary() {
        // 11 of 22 characters: in the middle of "caller".
        let split = complete("Hello, my caller there", milliseconds: 1_000).split(heardBytes: 4_000)
        #expect(split.heard == "Hello, my")
        #expect(split.unheard == "caller there")
    }

    @Test("A script without spaces is cut at a character")
    func unspaced() {
        let split = complete("你好世界再见朋友", milliseconds: 800).split(heardBytes: 3_200)
        #expect(split.heard == "你好世界")
        #expect(split.unheard == "再见朋友")
    }

    @Test("Text that came after the audio that was heard was not heard")
    func bound() {
        var transcript = HeardTranscript()
        transcript.append(text: "One ")
        transcript.append(audio: 8_000)
        transcript.append(text: "two three four")
        transcript.append(audio: 800)
        transcript.completeAudio()
        transcript.completeText(nil)
        #expect(transcript.split(heardBytes: 7_900).heard == "One")
    }

    @Test("While text runs ahead of audio, it isn't taken for heard")
    func textAhead() {
        var transcript = HeardTranscript()
        transcript.append(text: String(repeating: "word ", count: 40))
        transcript.append(audio: 8_000)
        let heard = transcript.split(heardBytes: 8_000).heard
        // 17 characters a second at most.
        #expect(heard == "word word word")
    }

    @Test("A sign of a script without spaces takes as long as a few letters")
    func signsAhead() {
        var transcript = HeardTranscript()
        transcript.append(text: String(repeating: "我们今天见", count: 8))
        transcript.append(audio: 8_000)
        // 5.7 signs a second at most.
        #expect(transcript.split(heardBytes: 8_000).heard == "我们今天见")
    }

    @Test(
        "Words are what text may be cut between",
        arguments: [
            ("One two", ["One", "two"]), ("  One,\n two. ", ["One,", "two."]), ("", []), (" ", []),
            ("我们3点 OK 见。", ["我", "们", "3", "点", "OK", "见", "。"]), ("ไปไหน", ["ไ", "ป", "ไ", "ห", "น"]),
            ("네, 알겠습니다.", ["네,", "알겠습니다."]),
        ])
    func words(text: String, expected: [String]) {
        #expect(text.spokenWords.map { String($0) } == expected)
    }

    @Test("A transcript that lags behind the audio is cut in proportion")
    func textBehind() {
        var transcript = HeardTranscript()
        transcript.append(audio: 8_000)
        transcript.append(text: "one two three four")
        transcript.completeAudio()
        transcript.completeText(nil)
        #expect(transcript.split(heardBytes: 4_000).heard == "one two")
    }

    @Test(
        "Heard and unheard are always the two ends of the text, and grow and shrink with what is played",
        arguments: 0..<50)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var transcript = HeardTranscript()
        var text = ""
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            if random.chance(0.6) {
                let word = ["Hello ", "two words ", "é", "，世", "\n", "a"].randomElement(using: &random) ?? ""
                text += word
                transcript.append(text: word)
            }
            transcript.append(audio: Int.random(in: 0...4_000, using: &random))
        }
        if random.chance(0.5) { transcript.completeAudio() }
        if random.chance(0.5) { transcript.completeText(nil) }
        var previous = 0
        for bytes in stride(from: 0, through: transcript.audioBytes, by: 97) {
            let split = transcript.split(heardBytes: bytes)
            #expect(text.hasPrefix(split.heard))
            #expect(text.hasSuffix(split.unheard))
            #expect(split.heard.count + split.unheard.count <= text.count)
            #expect(split.heard.count >= previous)
            previous = split.heard.count
        }
    }
}
