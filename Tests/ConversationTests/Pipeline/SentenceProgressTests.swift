import Testing

@testable import Conversation

@Suite("How far a sentence was said")
struct SentenceProgressTests {
    @Test(
        "What a synthesiser leaves is whole words; signs of a script without spaces are words",
        arguments: [
            ("One two three.", 570 * 4, "two three."), ("One two three.", 570 * 13, "three."),
            ("One two.", 570 * 20, ""),
            ("今天下午三点我们有时间。", 570 * 3 * 4, "三点我们有时间。"), ("今天下午三点我们有时间。", 570 * 3 * 11, ""),
            ("One two – !", 570 * 8, ""),
        ])
    func rest(text: String, bytes: Int, expected: String) {
        #expect(SpeechRate().rest(of: text, afterBytes: bytes) == expected)
    }

    @Test("The rate is that of the sentences that were heard")
    func rate() {
        var rate = SpeechRate()
        rate.note("今天下午", bytes: 8_000)
        #expect(rate.rest(of: "我们有时间。", afterBytes: 4_000) == "有时间。")
    }

    @Test(
        "Of a rewritten sentence is shown what stands for what was heard",
        arguments: [
            ("我们三", "我们三"), ("我们三点", "我们三点"), ("我们三点三十", "我们三点"), ("我们三点三十分", "我们三点半"), ("我们三点三十分见", "我们三点半见"),
            ("我们三点三十分见面。", "我们三点半见面。"), ("", ""),
        ])
    func unspaced(heard: String, shown: String) {
        let sentence = RewrittenSentence(shown: "我们三点半见面。", spoken: "我们三点三十分见面。")
        #expect(sentence.shown(heard: heard) == shown)
    }

    @Test("Both forms may be in scripts of their own")
    func mixed() {
        let sentence = RewrittenSentence(shown: "价格是 30 €。", spoken: "价格是三十欧元。")
        #expect(sentence.shown(heard: "价格") == "价格")
        #expect(sentence.shown(heard: "价格是三十") == "价格是")
        #expect(sentence.shown(heard: "价格是三十欧元") == "价格是 30 €")
    }
}
