import Conversation
import Net
import VoiceAgent

/// What a call's model is reached by, in the mode of its flow.
enum ModelLine: Sendable {
    case realtime(RealtimeLine)
    case pipeline(PipelineConnection)
    case live(LiveLine)

    /// Takes the far end's audio, on the media stream's pump thread.
    func append(_ payload: UnsafeRawBufferPointer) {
        switch self {
        case .realtime(let line): line.append(payload)
        case .pipeline(let connection): connection.append(payload)
        case .live(let line): line.append(payload)
        }
    }

    /// From here on the far end is heard.
    func listen() {
        if case .live(let line) = self { line.listen() }
    }

    func close() {
        switch self {
        case .realtime(let line): line.close()
        case .pipeline(let connection): connection.perform(.close)
        case .live(let line): line.close()
        }
    }
}
