import Audio
import SansIO
import TestSupport

/// What can be heard in packets.
enum Loudness {
    /// Whether a packet holds more than silence.
    static func isLoud(_ packet: RTPPeer.Packet) -> Bool {
        packet.payloadType == 0 && LevelMeter.level(of: G711.decode(packet.payload, .mu)) > -45
    }

    /// How long something was heard. [s]
    static func seconds(of packets: some Sequence<RTPPeer.Packet>) -> Double {
        Double(packets.reduce(0) { $0 + (isLoud($1) ? 1 : 0) }) * 0.02
    }

    /// Whether a tone is what a packet holds.
    static func isTone(_ hertz: Double, _ packet: RTPPeer.Packet) -> Bool {
        packet.payloadType == 0
            && ToneDetector(frequency: hertz).isPresent(in: G711.decode(packet.payload, .mu), share: 0.8)
    }
}

extension RTPPeer {
    /// Waits until a tone is heard for a tenth of a second.
    func heard(hertz: Double) async throws {
        try await packets.wait(for: "a tone of \(hertz) Hz") { packets in
            packets.suffix(5).count { Loudness.isTone(hertz, $0) } == 5 ? true : nil
        }
    }
}

extension ModelSession {
    /// Has the model speak without being asked: a tone of 880 Hz, whose words are “Beep.”
    func say(seconds: Double) {
        var tone = ToneGenerator(frequency: 880)
        let audio = G711.encode(tone.samples(Int(seconds * 8_000)), .mu)
        let item: JSON = ["id": "item_880", "type": "message", "role": "assistant", "status": "in_progress"]
        let part: JSON = [
            "response_id": "resp_880", "item_id": "item_880", "output_index": 0, "content_index": 0,
        ]
        func event(_ type: String, _ members: [String: JSON] = [:]) -> JSON {
            var event = part
            event["type"] = .string(type)
            for (key, value) in members { event[key] = value }
            return event
        }
        send(["type": "response.created", "response": ["id": "resp_880", "status": "in_progress"]])
        send(event("response.output_item.added", ["item": item]))
        send(
            event(
                "response.output_audio.delta",
                ["delta": .string(String(decoding: Base64.encode(audio), as: UTF8.self))]))
        send(event("response.output_audio_transcript.delta", ["delta": "Beep."]))
        send(event("response.output_audio.done"))
        send(event("response.output_audio_transcript.done", ["transcript": "Beep."]))
        send(event("response.output_item.done", ["item": item]))
        send(["type": "response.done", "response": ["id": "resp_880", "status": "completed", "output": [item]]])
    }
}
