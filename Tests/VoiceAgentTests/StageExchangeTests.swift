import Conversation
import Net
import SansIO
import Testing
import VoiceAgent

@Suite("One request to a stage's server")
struct StageExchangeTests {
    private let endpoint = StageEndpoint(baseURL: "https://llm.example/v1")
    private let lost = HTTPStreamEvent.failed(NetError(.connectionLost, "Gone."))

    private func generation(_ kind: LanguageModelProvider.Kind = .chat) -> StageExchange {
        StageExchange(
            GenerationRequest(id: 1, provider: 0, instructions: "", messages: []),
            provider: LanguageModelProvider(kind: kind, endpoint: endpoint, model: "m"))
    }

    private func receive(_ exchange: inout StageExchange, _ events: [HTTPStreamEvent]) -> [PipelineEvent] {
        events.flatMap { exchange.receive($0, now: 0) }
    }

    private let text = HTTPStreamEvent.body(
        Array(text: #"data: {"choices":[{"index":0,"delta":{"content":"Hi."}}]}"# + "\n\n"))
    private let reason = HTTPStreamEvent.body(
        Array(text: #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\n"))

    @Test("An answer that has its reason is whole, though the connection breaks behind it; one without has failed")
    func brokenBehindTheEnd() {
        var exchange = generation()
        let whole = receive(&exchange, [.head(status: 200, headers: [:]), text, reason, lost])
        #expect(whole.last == .generation(1, .ended(reason: "stop", usage: nil)))
        #expect(exchange.isEnded)
        #expect(receive(&exchange, [lost, .ended]).isEmpty)
        exchange = generation()
        let cut = receive(&exchange, [.head(status: 200, headers: [:]), text, lost])
        #expect(cut.count == 2)
        guard case .generation(1, .failed(let failure))? = cut.last else {
            Issue.record("\(cut)")
            return
        }
        #expect(failure.message == "Gone.")
    }

    @Test("A refusal is read to its end, and no further than it takes to be understood")
    func refusal() {
        var exchange = generation()
        let body = Array(text: #"{"error":{"code":"insufficient_quota","message":"Pay."}}"#)
        var events = [HTTPStreamEvent.head(status: 429, headers: [:]), .body(body)]
        events += [HTTPStreamEvent](repeating: .body([UInt8](repeating: 0x20, count: 30_000)), count: 9)
        #expect(receive(&exchange, events).isEmpty)
        guard case .generation(1, .failed(let failure))? = receive(&exchange, [.ended]).first else {
            Issue.record("a refusal is a failure")
            return
        }
        #expect(failure.severity == .fatal)
    }

    @Test("A sentence of signs alone may sound like nothing, one with words may not")
    func silentSentences() {
        for (sentence, isSilent) in [("…", true), ("– 7", false), ("Hello.", false)] {
            var exchange = StageExchange(
                SynthesisRequest(id: 1, provider: 0, text: sentence),
                provider: SpeechEndpoint(endpoint: endpoint, model: "m"))
            let events = receive(&exchange, [.head(status: 200, headers: ["Content-Type": "audio/pcm"]), .ended])
            #expect((events == [.synthesis(1, .ended)]) == isSilent)
        }
    }

    @Test("A transcript has a limit of its own, below that of speech")
    func limits() {
        let transcript = StageExchange(
            segment: 1, audio: [], provider: SpeechToTextProvider(kind: .transcriptions, endpoint: endpoint, model: "m")
        )
        #expect(transcript.maximumBodyBytes == 1 << 20)
        #expect(generation().maximumBodyBytes > transcript.maximumBodyBytes)
    }

    @Test(
        "A body that comes byte by byte costs its length, not its square: blanks, a transcript, an answer that is not streamed",
        .timeLimit(.minutes(1)))
    func linear() {
        let blanks = HTTPStreamEvent.body([0x20])
        var exchange = generation()
        _ = exchange.receive(.head(status: 200, headers: [:]), now: 0)
        // A copy of all that has come, each time, would take minutes.
        for _ in 0..<400_000 { _ = exchange.receive(blanks, now: 0) }
        let answer = #"{"choices":[{"index":0,"message":{"content":"Hi."},"finish_reason":"stop"}]}"#
        _ = exchange.receive(.body(Array(text: answer)), now: 0)
        for _ in 0..<200_000 { _ = exchange.receive(blanks, now: 0) }
        #expect(
            exchange.receive(.ended, now: 0)
                == [.generation(1, .text("Hi.")), .generation(1, .ended(reason: "stop", usage: nil))])
        var transcript = StageExchange(
            segment: 1, audio: [], provider: SpeechToTextProvider(kind: .transcriptions, endpoint: endpoint, model: "m")
        )
        _ = transcript.receive(.head(status: 200, headers: [:]), now: 0)
        for _ in 0..<200_000 { _ = transcript.receive(blanks, now: 0) }
        _ = transcript.receive(.body(Array(text: #"{"text":"Hello."}"#)), now: 0)
        #expect(transcript.receive(.ended, now: 0) == [.transcribed(segment: 1, "Hello.")])
    }
}
