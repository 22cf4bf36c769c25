import SansIO
import Synchronization

/// Reads the requests of the HTTP endpoints, says what must be thought, spoken or heard for each, and makes the reply
/// of it. Safe to use from any thread.
final class ModelEndpoints: Sendable {
    /// What a request needs before there is a reply.
    enum Work: Sendable {
        case nothing(EndpointReply)
        /// The persona's answer to the last of these requests; the others are those of the conversation before it.
        case think([PersonaRequest], reply: @Sendable ([PersonaStep]) -> EndpointReply)
        case speak(RealtimeServerSession.Speech, reply: @Sendable ([UInt8]) -> EndpointReply)
        case hear([UInt8], RealtimeAudioFormat, reply: @Sendable (String) -> EndpointReply)
    }

    private struct State {
        var requestCount: UInt64 = 0
        var store = ResponseStore()
    }

    private let seed: UInt64
    private let pace: Double
    private let refusedKeys: Set<String>
    private let names: OfflineNames
    private let state = Mutex(State())

    /// - Parameters:
    ///   - seed: Of identifiers and of the lengths of pieces.
    ///   - pace: How many times faster than real time speech is sent; 0 sends it all at once.
    ///   - refusedKeys: Every other key that is not empty is good.
    init(seed: UInt64, pace: Double, refusedKeys: Set<String>, names: OfflineNames) {
        self.seed = seed
        self.pace = pace
        self.refusedKeys = refusedKeys
        self.names = names
    }

    /// The error for a bad key; `nil` for a good one.
    func refusal(ofKey key: String) -> RealtimeError? {
        guard key.isEmpty || refusedKeys.contains(key) else { return nil }
        return RealtimeError(code: "invalid_api_key", message: "Incorrect API key provided, or none at all.")
    }

    /// - Parameter unixTime: [s]
    func work(for request: EndpointRequest, unixTime: Int64) -> Work {
        if let error = refusal(ofKey: request.key) { return .nothing(.failure(error, status: error.status)) }
        let number = state.withLock { state in
            defer { state.requestCount += 1 }
            return state.requestCount
        }
        let context = ReplyContext(
            seed: SeededRandom.seed(seed, number: number), unixTime: unixTime, pace: pace)
        do throws(RealtimeError) {
            switch request.endpoint {
            case .chat: return try chat(request, context)
            case .responses: return try responses(request, context)
            case .speech:
                let speech = try SpeechRequest(parsing: request.body, names)
                return .speak(speech.speech) { speech.reply(audio: $0, context) }
            case .transcriptions:
                let transcription = try TranscriptionRequest(
                    parsing: request.body, contentType: request.contentType, names)
                let (audio, format) = transcription.audio
                return .hear(audio, format) { transcription.reply(words: $0, context) }
            }
        } catch {
            return .nothing(.failure(error, status: error.status))
        }
    }

    private func chat(_ request: EndpointRequest, _ context: ReplyContext) throws(RealtimeError) -> Work {
        let chat = try ChatRequest(parsing: request.body, names)
        return .think(chat.dialogue.requests) { steps in
            chat.reply(to: chat.dialogue.rest(of: steps), context)
        }
    }

    private func responses(_ request: EndpointRequest, _ context: ReplyContext) throws(RealtimeError) -> Work {
        let key = request.key
        let response = try ResponsesRequest(parsing: request.body, names) { id in
            state.withLock { $0.store.entries(behind: id, key: key) }
        }
        return .think(response.dialogue.requests) { [self] steps in
            let (reply, id, output) = response.reply(to: response.dialogue.rest(of: steps), context)
            if response.isStored {
                state.withLock { $0.store.add(id, key: key, entries: response.entries + output) }
            }
            return reply
        }
    }

    /// The reply where ears, mind or voice failed.
    static func failure(_ message: String) -> EndpointReply {
        .failure(RealtimeError(type: "server_error", code: nil, message: message), status: 500)
    }
}
