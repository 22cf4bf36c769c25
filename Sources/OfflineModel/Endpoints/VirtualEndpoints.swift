public import SansIO
import Speech

/// The HTTP endpoints in virtual time: the server's ears, mind and voice, but without socket, thread or clock. Equal
/// requests in equal order give equal replies. Belongs to one thread at a time.
public final class VirtualEndpoints {
    /// What an operator chooses.
    public struct Configuration: Sendable {
        /// Seed of identifiers and of the lengths of pieces.
        public var seed: UInt64
        /// Wall clock at ``Instant/zero``. Unix time. [s]
        public var unixTime: Int64
        /// How many times faster than real time speech is sent; 0 sends it all at once.
        public var pace: Double = 8
        /// Keys that are refused; every other key that is not empty is good.
        public var refusedKeys: Set<String> = []
        public var names = OfflineNames.known

        public init(seed: UInt64, unixTime: Int64) {
            self.seed = seed
            self.unixTime = unixTime
        }
    }

    private let configuration: Configuration
    private let endpoints: ModelEndpoints
    private let persona: PersonaDefinition
    private let services: VirtualModel.Services
    private let mind: PersonaMind
    private let words: (() -> String)?
    private let delays: VirtualModel.Delays
    private let faults: FaultSource

    /// - Parameters:
    ///   - persona: `nil` for ``PersonaDefinition/silent``.
    ///   - answer: Answers in the persona's place: what is asked now is the last request; those before it are the
    ///     conversation's, oldest first.
    ///   - words: Knows the words of the recording that is to be transcribed; `nil` leaves that to the recogniser.
    ///   - faults: What goes wrong; shared with the sessions of the same model.
    ///   - today: The day, ISO 8601, that "tomorrow" is counted from.
    public init(
        _ configuration: Configuration, persona: PersonaDefinition?, services: VirtualModel.Services,
        answer: (([PersonaRequest]) -> [PersonaStep])? = nil, words: (() -> String)? = nil,
        delays: VirtualModel.Delays = VirtualModel.Delays(), faults: FaultSource = FaultSource(), today: String
    ) {
        self.configuration = configuration
        self.persona = persona ?? .silent
        self.services = services
        self.words = words
        self.delays = delays
        self.faults = faults
        endpoints = ModelEndpoints(
            seed: configuration.seed, pace: configuration.pace, refusedKeys: configuration.refusedKeys,
            names: configuration.names)
        mind = PersonaMind(
            definition: self.persona, today: today, seed: configuration.seed, answer: nil, conversation: answer)
    }

    /// What the server does with a request that arrives now.
    public func reply(to request: EndpointRequest, at now: Instant) -> EndpointReply {
        let unixTime = configuration.unixTime + Int64((now - .zero).seconds)
        let reply = perform(endpoints.work(for: request, unixTime: unixTime))
        return faults.misbehave(reply, on: .init(request.endpoint), key: request.key)
    }

    private func perform(_ work: ModelEndpoints.Work) -> EndpointReply {
        switch work {
        case .nothing(let reply): return reply
        case .think(let requests, let reply):
            do throws(PersonaError) {
                return reply(try mind.answer(requests)).delayed(by: delays.thought)
            } catch {
                return ModelEndpoints.failure(error.message).delayed(by: delays.thought)
            }
        case .speak(let speech, let reply):
            do throws(SpeechSynthesizer.Failure) {
                let audio = try services.sentences.audio(
                    of: speech.text, voice: persona.voice ?? .awb, format: speech.format)
                return reply(audio).delayed(by: delays.synthesis)
            } catch {
                return ModelEndpoints.failure("Synthesis failed: \(error)")
            }
        case .hear(let audio, let format, let reply):
            if let words { return reply(words()).delayed(by: delays.recognition) }
            guard let ears = services.ears else { return reply("").delayed(by: delays.recognition) }
            do throws(SpeechRecognizer.Failure) {
                return reply(try ears.hear(audio, format, persona: persona)).delayed(by: delays.recognition)
            } catch {
                return ModelEndpoints.failure("Recognition failed: \(error)")
            }
        }
    }
}
