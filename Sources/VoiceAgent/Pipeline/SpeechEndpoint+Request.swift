public import Conversation
public import Net
import SansIO

extension SpeechEndpoint {
    /// The request whose answer ``SpeechAudioStream`` reads.
    public func request(_ request: SynthesisRequest) -> HTTPRequest {
        let speaker = keepsVoice ? voice : request.voice ?? voice
        var body: JSONObject = [
            "model": .string(model), "input": .string(request.text), "voice": .string(speaker),
            "response_format": "pcm",
        ]
        body.apply(extra)
        return endpoint.request(
            path: "/audio/speech", contentType: "application/json",
            accept: body["stream_format"] == "sse" ? "text/event-stream" : "audio/pcm", body: JSON.object(body).bytes)
    }
}
