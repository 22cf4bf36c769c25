import Audio
import OfflineModel
import SansIO
import Speech

/// What a callee sends when it speaks: G.711 µ-law.
struct UtteranceAudio {
    /// Why something cannot be spoken.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let sentences: SpokenSentences
    /// Speaks what names no voice.
    let voice: SpeechSynthesizer.Voice
    /// What paths of recordings are relative to.
    let folder: String

    /// - Throws: ``Failure``: no such voice or file, or one that cannot be spoken or read.
    func bytes(of utterance: Utterance) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in utterance.parts { bytes += try self.bytes(of: part) }
        return bytes
    }

    private func bytes(of part: Utterance.Part) throws(Failure) -> [UInt8] {
        switch part {
        case .silence(let duration):
            // G.711 µ-law has silence as 0xFF (ITU-T G.711 table 2a).
            return [UInt8](repeating: 0xFF, count: samples(duration))
        case .tone(let hertz, let duration):
            var tone = ToneGenerator(frequency: hertz)
            return G711.encode(tone.samples(samples(duration)), .mu)
        case .text(let text, let name):
            let voice = name.flatMap { SpeechSynthesizer.Voice(rawValue: $0) } ?? voice
            do {
                return try sentences.audio(of: text, voice: voice, format: .pcmu)
            } catch {
                throw Failure(description: "“\(text.prefix(60))” cannot be spoken: \(error)")
            }
        case .file(let path): return try recording(path.hasPrefix("/") ? path : folder + "/" + path)
        }
    }

    private func recording(_ path: String) throws(Failure) -> [UInt8] {
        do {
            let file = try WAVFile(contentsOf: path)
            return G711.encode(
                try Resampler.convert(file.mono, from: file.sampleRate, to: G711.sampleRate), .mu)
        } catch WAVFile.FileError.system(_, let code) {
            throw Failure(description: "the recording \(path) cannot be read: error \(code)")
        } catch {
            throw Failure(description: "\(path) is no WAV file that can be played: \(error)")
        }
    }

    private func samples(_ duration: Duration) -> Int {
        Int(duration.seconds * Double(G711.sampleRate))
    }
}
