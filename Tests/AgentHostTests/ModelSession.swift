import Audio
import Net
import SansIO
import Synchronization
import TestSupport

/// One call's connection to the ``ModelStub``.
final class ModelSession: Sendable {
    /// Target and headers of the upgrade.
    let request: HTTPRequest
    /// What the host sent, but for audio.
    let received = Watched<[JSON]>([])
    /// When each message of the caller's audio came, Unix time. [ns]
    let audioArrivals = Watched<[Int64]>([])
    /// The caller's audio, µ-law, from the moment on that a test puts an array here.
    let heard = Watched<[UInt8]?>(nil)
    let isClosed = Watched(false)

    private let connection: WebSocketConnection
    private let behaviour: ModelStub.Behaviour
    private let events: AsyncStream<WebSocketEvent>.Continuation
    private let lastNumber = Mutex(0)

    /// What it says in each response: a tenth of a second of 440 Hz, µ-law.
    private static let audio: [UInt8] = {
        var tone = ToneGenerator(frequency: 440)
        return G711.encode(tone.samples(800), .mu)
    }()

    init(_ connection: WebSocketConnection, request: HTTPRequest, behaviour: ModelStub.Behaviour) {
        self.connection = connection
        self.request = request
        self.behaviour = behaviour
        let (stream, continuation) = AsyncStream<WebSocketEvent>.makeStream()
        events = continuation
        Task {
            self.begin()
            for await event in stream { self.process(event) }
        }
    }

    /// Called on the connection's event loop.
    func receive(_ event: WebSocketEvent) {
        events.yield(event)
    }

    // MARK: What a test has it do

    func send(_ message: JSON) {
        connection.send(text: message.bytes)
    }

    func send(text: String) {
        connection.send(text: Array(text.utf8))
    }

    func close(code: UInt16, reason: String) {
        connection.close(code: code, reason: reason)
    }

    /// Drops the connection without close frame.
    func abort() {
        connection.abort()
    }

    /// Has the model call a function, in a response of its own.
    ///
    /// - Returns: The output that it got.
    func call(_ name: String, arguments: String) async throws -> String {
        let callID = "call_\(next())"
        let response = "resp_\(next())"
        send(["type": "response.created", "response": ["id": .string(response), "status": "in_progress"]])
        let item: JSON = [
            "id": .string("item_\(next())"), "type": "function_call", "status": "completed",
            "call_id": .string(callID), "name": .string(name), "arguments": .string(arguments),
        ]
        send([
            "type": "response.output_item.done", "response_id": .string(response), "output_index": 0, "item": item,
        ])
        send([
            "type": "response.done",
            "response": ["id": .string(response), "status": "completed", "output": .array([item])],
        ])
        return try await received.wait(for: "the output of \(name)") { messages in
            messages.lazy.compactMap { $0["item"] }.first { $0["call_id"]?.string == callID }?["output"]?.string
        }
    }

    /// How many messages of a type have come.
    func count(of type: String) -> Int {
        received.value.count { $0["type"]?.string == type }
    }

    // MARK: The server's side of the protocol

    private func next() -> Int {
        lastNumber.withLock { number in
            number += 1
            return number
        }
    }

    private func begin() {
        switch behaviour {
        case .refuseKey:
            send([
                "type": "error", "event_id": "event_1",
                "error": [
                    "type": "invalid_request_error", "code": "invalid_api_key",
                    "message": "Incorrect API key provided.",
                ],
            ])
            close(code: 3000, reason: "invalid_request_error.invalid_api_key")
        case .close(let code, let reason): close(code: code, reason: reason)
        case .abort: abort()
        case .say(let text): send(text: text)
        case .serve, .refuseUpgrade, .ignoreSettings, .closeAtSettings, .refuseSettings:
            send(["type": "session.created", "session": ["id": "sess_1", "model": "stub"]])
        }
    }

    private func process(_ event: WebSocketEvent) {
        switch event {
        case .closed: isClosed.update { $0 = true }
        case .binary: break
        case .text(let bytes):
            let message: JSON
            do {
                message = try JSON(parsing: bytes)
            } catch {
                received.update { $0.append(["type": "not JSON", "text": .string("\(error)")]) }
                return
            }
            let type = message["type"]?.string
            if type == "input_audio_buffer.append" { return hear(message["audio"]?.string ?? "") }
            received.update { $0.append(message) }
            switch type {
            case "session.update": configure(eventID: message["event_id"])
            case "response.create": speak(metadata: message["response"]?["metadata"])
            default: break
            }
        }
    }

    private func hear(_ audio: String) {
        audioArrivals.update { $0.append(UnixTime.now) }
        guard heard.value != nil, let bytes = Base64.decode(Array(audio.utf8)) else { return }
        heard.update { $0?.append(contentsOf: bytes) }
    }

    private func configure(eventID: JSON?) {
        switch behaviour {
        case .ignoreSettings: break
        case .closeAtSettings(let code, let reason): close(code: code, reason: reason)
        case .refuseSettings(let message):
            send([
                "type": "error",
                "error": [
                    "type": "invalid_request_error", "code": "invalid_value", "message": .string(message),
                    "event_id": eventID ?? .null,
                ],
            ])
        default: send(["type": "session.updated", "session": ["id": "sess_1", "model": "stub"]])
        }
    }

    private func speak(metadata: JSON?) {
        let response: JSON = .string("resp_\(next())")
        let item: JSON = .string("item_\(next())")
        let metadata = metadata ?? [:]
        send([
            "type": "response.created",
            "response": ["id": response, "status": "in_progress", "metadata": metadata],
        ])
        var message: JSON = ["id": item, "type": "message", "role": "assistant", "status": "in_progress"]
        send(["type": "response.output_item.added", "response_id": response, "output_index": 0, "item": message])
        var part: JSON = [
            "response_id": response, "item_id": item, "output_index": 0, "content_index": 0,
        ]
        part["type"] = "response.output_audio.delta"
        part["delta"] = .string(String(decoding: Base64.encode(Self.audio), as: UTF8.self))
        send(part)
        part["type"] = "response.output_audio_transcript.delta"
        part["delta"] = "Beep."
        send(part)
        part["delta"] = nil
        part["type"] = "response.output_audio.done"
        send(part)
        part["type"] = "response.output_audio_transcript.done"
        part["transcript"] = "Beep."
        send(part)
        message["status"] = "completed"
        send(["type": "response.output_item.done", "response_id": response, "output_index": 0, "item": message])
        send([
            "type": "response.done",
            "response": [
                "id": response, "status": "completed", "metadata": metadata, "output": .array([message]),
            ],
        ])
    }
}
