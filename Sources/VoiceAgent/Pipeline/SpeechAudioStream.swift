public import Conversation
import SansIO

/// Reads the answer of `/audio/speech` into µ-law at 8 kHz: samples without header, a WAV file, or an event stream.
///
/// Owned by one task or thread at a time.
public struct SpeechAudioStream {
    private enum Framing {
        case plain
        /// Base64 in events (`stream_format: sse`), or in one JSON text.
        case events(EventStreamBody)
    }

    private let server: StageServer
    private let expectsSound: Bool
    private var hasSound = false
    private var framing: Framing
    private var samples: SpeechSamples
    /// The last event was given.
    public private(set) var isEnded = false

    /// - Parameters:
    ///   - server: Who answers, for failures.
    ///   - contentType: Of the answer; `audio/pcm;rate=16000` names the rate of samples without header, which is 24 kHz
    ///     otherwise.
    ///   - expectsSound: Whether an answer without any audio is a failure.
    public init(server: StageServer, contentType: String?, expectsSound: Bool = true) {
        self.server = server
        self.expectsSound = expectsSound
        let type = contentType?.lowercased() ?? ""
        samples = SpeechSamples(contentType: type)
        framing =
            type.hasPrefix("text/event-stream") || type.hasPrefix("application/json")
            ? .events(EventStreamBody()) : .plain
    }

    /// Takes a part of the body, cut anywhere.
    public mutating func receive(_ bytes: [UInt8]) -> [SynthesisEvent] {
        if isEnded { return [] }
        switch framing {
        case .plain: return convert(bytes)
        case .events(var body):
            let parts = body.receive(bytes)
            framing = .events(body)
            return read(parts)
        }
    }

    /// The body has ended; the last event is among the result unless it was given already.
    public mutating func finish() -> [SynthesisEvent] {
        if isEnded { return [] }
        var events: [SynthesisEvent] = []
        if case .events(var body) = framing { events = read(body.finish()) }
        return isEnded ? events : events + end()
    }

    private mutating func read(_ parts: [EventStreamBody.Part]) -> [SynthesisEvent] {
        var events: [SynthesisEvent] = []
        for part in parts where !isEnded {
            switch part {
            case .event(let type, let json): events += read(json["type"]?.string ?? type, json)
            case .whole(let json): events += read("", json)
            case .done: events += end()
            case .malformed:
                events.append(
                    fail(.retryable, "sent speech that cannot be read; check that it speaks OpenAI's protocol"))
            }
        }
        return events
    }

    private mutating func read(_ type: String, _ json: JSON) -> [SynthesisEvent] {
        if type == "speech.audio.done" { return end() }
        if let audio = json["audio"]?.string {
            guard let bytes = Base64.decode(audio.utf8) else {
                return [fail(.retryable, "sent speech that is not Base64; check that it speaks OpenAI's protocol")]
            }
            return convert(bytes)
        }
        guard type == "error" || json["error"].map({ !$0.isNull }) == true else { return [] }
        isEnded = true
        return [.failed(server.failure(error: json))]
    }

    private mutating func convert(_ bytes: [UInt8]) -> [SynthesisEvent] {
        do throws(SpeechSamples.Failure) {
            let audio = try samples.receive(bytes)
            return heard(audio)
        } catch {
            return [fail(error)]
        }
    }

    private mutating func heard(_ audio: [UInt8]) -> [SynthesisEvent] {
        if audio.isEmpty { return [] }
        hasSound = true
        return [.audio(audio)]
    }

    private mutating func end() -> [SynthesisEvent] {
        isEnded = true
        do throws(SpeechSamples.Failure) {
            let rest = heard(try samples.finish())
            if hasSound || !expectsSound { return rest + [.ended] }
            return [fail(.retryable, "sent an answer without speech; this usually passes")]
        } catch {
            return [fail(error)]
        }
    }

    private mutating func fail(_ failure: SpeechSamples.Failure) -> SynthesisEvent {
        fail(.refused, "sent \(failure.what) where samples were asked for; set its format to pcm or wav")
    }

    private mutating func fail(_ severity: StageFailure.Severity, _ message: String) -> SynthesisEvent {
        isEnded = true
        return .failed(server.failure(severity, message))
    }
}
