import Audio
import Glibc
import Speech
import Testing

@Suite("Measure")
struct MeasureTests {
    @Test("x")
    func x() throws {
        let s = SpeechSynthesizer()
        let clock = ContinuousClock()
        var settings = SpeechRecognizer.Settings(); settings.certainGrammarScore = 27
        let r = try SpeechRecognizer(settings)
        var all: [(String, String, String, [Int16])] = []
        for v in SpeechSynthesizer.Voice.allCases {
            for (i, text) in (Phrases.dental + Phrases.foreign).enumerated() {
                let out = try s.synthesize(text, voice: v, sampleRate: 8000)
                let coded = G711.decode(G711.encode(out.samples, .mu), .mu)
                all.append(
                    (
                        "\(v)", i < Phrases.dental.count ? "IN" : "OUT", text,
                        [Int16](repeating: 0, count: 2400) + coded + [Int16](repeating: 0, count: 4000)
                    ))
            }
        }
        for (name, text) in Phrases.recorded {
            let f = try WAVFile(contentsOf: Phrases.recordings + "/\(name).wav")
            all.append(
                (
                    "allison", "IN", text,
                    [Int16](repeating: 0, count: 2400) + G711.decode(G711.encode(f.mono, .mu), .mu)
                        + [Int16](repeating: 0, count: 4000)
                ))
        }
        try r.setGrammar(SpeechGrammar(sentences: Phrases.dental + Phrases.recorded.map { $0.text }))
        var table: [String: (Int, Int, [Double], Duration, Duration)] = [:]
        for (v, k, text, audio) in all {
            print(v, k, text)
            var rec: Recognition?
            let t = try clock.measure { rec = try r.recognize(audio) }
            let w = SpokenText.words(text)
            let e = WordErrors.count(heard: SpokenText.words(rec!.text), said: w)
            if k == "IN" ? (e > 0 || !rec!.isInGrammar) : rec!.isInGrammar { print("  ", v, text, "->", rec!) }
            var row = table[v + k] ?? (0, 0, [], .zero, .zero)
            row.0 += e; row.1 += w.count; row.2.append(rec!.isInGrammar ? rec!.grammarScore! : 99); row.3 += t;
            row.4 += .seconds(Double(audio.count) / 8000)
            table[v + k] = row
        }
        for (k, r) in table.sorted(by: { $0.key < $1.key }) {
            print(k, Double(r.0) / Double(r.1), "rtf", r.3 / r.4, r.2.sorted().map { ($0 * 10).rounded() / 10 })
        }
    }
}
