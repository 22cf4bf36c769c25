import SansIO

extension LiveServerSession {
    private enum ClientEvent: String, CaseIterable {
        case start = "session.start"
        case update = "session.update"
        case append = "session.input_audio.append"
        case mute = "session.input_audio.mute"
        case unmute = "session.input_audio.unmute"
        case instructions = "session.instructions.append"
        case thinking = "session.thinking.append"
        case commentary = "session.commentary.append"
        case itemCreate = "response.item.create"
        case responseCreate = "response.create"
        case close = "session.close"

        /// The event's members besides `type` and `event_id`.
        var fields: [Shape.Field] {
            switch self {
            case .start, .update: [Shape.Field(name: "session", shape: .any, isRequired: true)]
            case .append: [Shape.Field(name: "audio", shape: .text, isRequired: true)]
            case .instructions, .thinking, .commentary:
                [
                    Shape.Field(name: "content", shape: .text, isRequired: true),
                    Shape.Field(name: "delegation_id", shape: .either([.null, .text]), isRequired: true),
                ]
            case .itemCreate: [Shape.Field(name: "item", shape: .any, isRequired: true)]
            case .mute, .unmute, .responseCreate, .close: []
            }
        }
    }

    /// Longest text that is appended. [tokens]
    private static let maximumContent: Int64 = 500

    mutating func receiveText(_ bytes: [UInt8]) {
        let event: JSON
        do {
            event = try JSON(parsing: bytes)
        } catch {
            sendError(
                RealtimeError(code: "invalid_json", message: "The message is not valid JSON: \(error)."),
                clientEventID: nil)
            return
        }
        let clientEventID = event["event_id"]?.string
        do throws(RealtimeError) {
            try perform(event, clientEventID)
        } catch {
            sendError(error, clientEventID: clientEventID)
        }
    }

    private mutating func perform(_ event: JSON, _ clientEventID: String?) throws(RealtimeError) {
        guard event.object != nil else {
            throw RealtimeError(code: "invalid_event", message: "An event must be an object, not \(event.kindName).")
        }
        guard let type = event["type"] else { throw .missing("type") }
        guard let name = type.string else { throw .wrongType("type", expected: "a string", got: type) }
        guard let kind = ClientEvent(rawValue: name) else {
            throw .unsupported("type", value: name, supported: ClientEvent.allCases.map(\.rawValue))
        }
        let common = [
            Shape.Field(name: "type", shape: .text), Shape.Field(name: "event_id", shape: .either([.null, .text])),
        ]
        try Shape.record(common + kind.fields).check(event, at: "")
        guard settings != nil || kind == .start else {
            throw RealtimeError(code: "session_not_started", message: "The first event must be session.start.")
        }
        switch kind {
        case .start: try startSession(event["session"] ?? .null, clientEventID)
        case .update:
            try settings?.update(event["session"] ?? .null)
            emit("session.updated", ["session": settings?.json ?? .null], clientEventID)
        case .append: try appendAudio(event["audio"]?.string ?? "")
        case .mute, .unmute:
            isMuted = kind == .mute
            if isMuted { restartDetector() }
            emit("session.input_audio.\(isMuted ? "muted" : "unmuted")", [:], clientEventID)
        case .instructions, .thinking, .commentary: try append(kind, event, clientEventID)
        case .itemCreate: try createItem(event["item"] ?? .null)
        case .responseCreate: try createResponse()
        case .close: end(reason: "close_requested", clientEventID: clientEventID)
        }
    }

    private mutating func startSession(_ session: JSON, _ clientEventID: String?) throws(RealtimeError) {
        guard settings == nil else {
            throw RealtimeError(code: "session_already_started", message: "The session has been started already.")
        }
        let duration = configuration.maximumDuration.nanoseconds / 1_000_000_000
        begin(
            try LiveSettings(
                session, id: identifiers.next("live_"), expiresAt: configuration.unixTime + duration),
            clientEventID: clientEventID)
    }

    /// Adds what the model shall say, know or do.
    private mutating func append(
        _ kind: ClientEvent, _ event: JSON, _ clientEventID: String?
    ) throws(RealtimeError) {
        let content = event["content"]?.string ?? ""
        guard TokenCount.text(content) <= Self.maximumContent else {
            throw .wrongValue("content", "Invalid 'content': at most \(Self.maximumContent) tokens may be appended.")
        }
        let delegation = event["delegation_id"]?.string
        if let delegation {
            guard settings?.backend == nil else {
                throw .wrongValue("delegation_id", "A delegation_id is not accepted with Responses delegation.")
            }
            guard delegations.contains(delegation) else {
                throw .wrongValue("delegation_id", "There is no delegation with id '\(delegation)'.")
            }
        }
        let position: KeyValuePairs<String, JSON> = ["start_ms": .integer(elapsed), "end_ms": .integer(elapsed)]
        switch kind {
        case .commentary:
            emit("session.commentary.appended", position, clientEventID)
            if let delegation, let callID = delegations.take(delegation) {
                entries.append(.result(callID: callID, output: content))
            }
            switch LiveCommentary(content) {
            case .words(let words): queue.append(.say(words))
            case .instructions(let text):
                entries.append(.message(role: "system", text: text))
                needsAnswer = true
            case .turn: needsAnswer = true
            case .silence: stopSpeaking()
            }
        case .thinking:
            emit("session.thinking.appended", position, clientEventID)
            if let delegation, let callID = delegations.take(delegation) {
                entries.append(.result(callID: callID, output: content))
                needsAnswer = true
            } else {
                // Behind what has been answered: it is no instruction about what has not.
                let place = entries.lastIndex { $0.role != "user" && $0.role != "system" }.map { $0 + 1 } ?? 0
                entries.insert(.message(role: "system", text: content), at: place)
            }
        default:
            emit("session.instructions.appended", position, clientEventID)
            entries.append(.message(role: "system", text: content))
            needsAnswer = true
        }
    }
}
