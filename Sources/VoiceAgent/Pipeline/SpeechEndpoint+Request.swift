public import Conversation
public import Net
import SansIO

extension SpeechEndpoint {
    /// The request whose answer ``SpeechAudioStream`` reads.
    public func request(_ request: SynthesisRequest) -> HTTPRequest {
        var body: JSONObject = [
            "model": .string(model), "input": .string(request.text), "voice": .string(request.voice ?? voice),
            "response_format": "pcm",
        ]
        if let prompt { body["instructions"] = .string(prompt) }
        if let speed { body["speed"] = .number(speed) }
        if streamsEvents { body["stream_format"] = "sse" }
        body.apply(extra)
        return endpoint.request(
            path: "/audio/speech", contentType: "application/json",
            accept: streamsEvents ? "text/event-stream" : "audio/pcm", body: JSON.object(body).bytes)
    }
}
