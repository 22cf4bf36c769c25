import Audio
package import Logging
import Speech
import Synchronization

/// Fallback lines as audio, for calls whose model cannot speak any more: spoken by the machine itself, once each.
package final class FallbackVoice: Sendable {
    private let spoken = Mutex<[String: [UInt8]]>([:])
    private let logger: Logger

    package init(logger: Logger) {
        self.logger = logger
    }

    /// Speaks a line, unless that was done before. Takes some tens of milliseconds.
    package func prepare(_ text: String) {
        guard spoken.withLock({ $0[text] }) == nil else { return }
        do {
            let speech = try SpeechSynthesizer().synthesize(text, sampleRate: 8_000)
            let audio = speech.samples.map { G711.encode($0, .mu) }
            spoken.withLock { $0[text] = audio }
        } catch {
            logger.warning("the fallback line cannot be spoken without the model: \(error)")
        }
    }

    /// G.711 µ-law; empty when the line was not prepared, or has no sound.
    package func audio(of text: String) -> [UInt8] { spoken.withLock { $0[text] } ?? [] }
}
