import Audio
public import Conversation
import Dispatch
public import Speech

/// Speech of this machine's own synthesiser.
public enum LocalSynthesis {
    /// flite speaks one sentence at a time in the whole process, and blocks meanwhile: on a thread of its own.
    private static let queue = DispatchQueue(label: "moonline.synthesis", qos: .userInitiated)

    /// What a sentence becomes. Blocks for about 2 % of its length.
    ///
    /// - Parameter voice: Speaks unless the request names another one of the synthesiser's.
    public static func speak(_ request: SynthesisRequest, voice: SpeechSynthesizer.Voice) -> [SynthesisEvent] {
        let voice = request.voice.flatMap { SpeechSynthesizer.Voice(rawValue: $0) } ?? voice
        do throws(SpeechSynthesizer.Failure) {
            let speech = try SpeechSynthesizer().synthesize(request.text, voice: voice, sampleRate: G711.sampleRate)
            let audio = G711.encode(speech.samples, .mu)
            return audio.isEmpty ? [.ended] : [.audio(audio), .ended]
        } catch {
            return [
                .failed(
                    StageFailure(
                        stage: .tts, severity: .refused,
                        message: "The local synthesiser cannot speak a sentence (\(error)); leave it out."))
            ]
        }
    }

    /// Speaks on the synthesiser's thread, unless nobody wants to hear it when its turn comes.
    static func speak(
        _ request: SynthesisRequest, voice: SpeechSynthesizer.Voice, isWanted: @escaping @Sendable () -> Bool,
        then deliver: @escaping @Sendable ([SynthesisEvent]) -> Void
    ) {
        queue.async {
            guard isWanted() else { return }
            deliver(speak(request, voice: voice))
        }
    }
}
