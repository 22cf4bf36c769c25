import SansIO

extension RealtimeServerSession {
    private enum ClientEvent: String, CaseIterable {
        case sessionUpdate = "session.update"
        case append = "input_audio_buffer.append"
        case commit = "input_audio_buffer.commit"
        case clear = "input_audio_buffer.clear"
        case itemCreate = "conversation.item.create"
        case itemRetrieve = "conversation.item.retrieve"
        case itemTruncate = "conversation.item.truncate"
        case itemDelete = "conversation.item.delete"
        case responseCreate = "response.create"
        case responseCancel = "response.cancel"

        /// Whether a session takes it that only writes down what it hears.
        var isForTranscription: Bool {
            switch self {
            case .sessionUpdate, .append, .commit, .clear: true
            case .itemCreate, .itemRetrieve, .itemTruncate, .itemDelete, .responseCreate, .responseCancel: false
            }
        }

        /// The event's members besides `type` and `event_id`.
        var fields: [Shape.Field] {
            switch self {
            case .sessionUpdate: [Shape.Field(name: "session", shape: .any, isRequired: true)]
            case .append: [Shape.Field(name: "audio", shape: .text, isRequired: true)]
            case .commit, .clear: []
            case .itemCreate:
                [
                    Shape.Field(name: "item", shape: .any, isRequired: true),
                    Shape.Field(name: "previous_item_id", shape: .either([.null, .text])),
                ]
            case .itemRetrieve, .itemDelete: [Shape.Field(name: "item_id", shape: .text, isRequired: true)]
            case .itemTruncate:
                [
                    Shape.Field(name: "item_id", shape: .text, isRequired: true),
                    Shape.Field(name: "content_index", shape: .integer(0...Int64.max), isRequired: true),
                    Shape.Field(name: "audio_end_ms", shape: .integer(0...Int64.max), isRequired: true),
                ]
            case .responseCreate: [Shape.Field(name: "response", shape: .either([.null, .any]))]
            case .responseCancel: [Shape.Field(name: "response_id", shape: .either([.null, .text]))]
            }
        }
    }

    mutating func receiveText(_ bytes: [UInt8]) {
        if takeAppend(bytes) { return }
        let event: JSON
        do {
            event = try JSON(parsing: bytes)
        } catch {
            sendError(
                RealtimeError(code: "invalid_json", message: "The message is not valid JSON: \(error)."), eventID: nil)
            return
        }
        do throws(RealtimeError) {
            try perform(event)
        } catch {
            sendError(error, eventID: event["event_id"]?.string)
        }
    }

    private mutating func perform(_ event: JSON) throws(RealtimeError) {
        guard event.object != nil else {
            throw RealtimeError(code: "invalid_event", message: "An event must be an object, not \(event.kindName).")
        }
        guard let type = event["type"] else { throw .missing("type") }
        guard let name = type.string else { throw .wrongType("type", expected: "a string", got: type) }
        guard let kind = ClientEvent(rawValue: name) else {
            throw .unsupported("type", value: name, supported: ClientEvent.allCases.map(\.rawValue))
        }
        guard kind.isForTranscription || !settings.isTranscription else {
            let known = ClientEvent.allCases.filter(\.isForTranscription).map(\.rawValue)
            throw .unsupported("type", value: name, supported: known)
        }
        let common = [
            Shape.Field(name: "type", shape: .text), Shape.Field(name: "event_id", shape: .either([.null, .text])),
        ]
        try Shape.record(common + kind.fields).check(event, at: "")
        let itemID = event["item_id"]?.string ?? ""
        switch kind {
        case .sessionUpdate: try updateSession(event["session"] ?? .null)
        case .append: try appendAudio(event["audio"]?.string ?? "")
        case .commit: try commitAudio()
        case .clear: clearAudio()
        case .itemCreate: try createItem(event["item"] ?? .null, after: event["previous_item_id"]?.string)
        case .itemRetrieve: try retrieveItem(itemID)
        case .itemTruncate:
            try truncateItem(
                itemID, part: event["content_index"]?.integer ?? 0, end: event["audio_end_ms"]?.integer ?? 0)
        case .itemDelete: try deleteItem(itemID)
        case .responseCreate:
            let parameters = event["response"] ?? .null
            try createResponse(parameters.isNull ? [:] : parameters)
        case .responseCancel: try cancelResponse(event["response_id"]?.string)
        }
    }

    private mutating func updateSession(_ update: JSON) throws(RealtimeError) {
        let merged = try settings.merging(update, hasSpoken: hasSpoken)
        let detection = settings.turnDetection
        settings = merged
        input.use(merged.inputFormat)
        if merged.turnDetection != detection { restartDetector() }
        emit("session.updated", ["session": settings.json])
    }

    private static let appendHead = Array(#"{"type":"input_audio_buffer.append","audio":""#.utf8)
    private static let appendTail = Array(#""}"#.utf8)

    /// Takes the audio of an append event without reading it as JSON: fifty come in each second of a call.
    ///
    /// - Returns: `false` when the frame is not exactly such an event in the members' usual order, or its audio cannot
    ///   be taken.
    private mutating func takeAppend(_ bytes: [UInt8]) -> Bool {
        let head = Self.appendHead
        let tail = Self.appendTail
        guard bytes.count >= head.count + tail.count, bytes.starts(with: head), bytes.suffix(2).elementsEqual(tail)
        else { return false }
        let digits = bytes[head.count..<(bytes.count - tail.count)]
        guard !digits.contains(UInt8(ascii: "\"")), !digits.contains(UInt8(ascii: "\\")) else { return false }
        guard configuration.hears else {
            let padding = digits.suffix(2).count { $0 == UInt8(ascii: "=") }
            input.count((digits.count - padding) * 3 / 4)
            return true
        }
        guard let audio = Base64.decode(digits), audio.count <= Self.maximumAppend,
            audio.count % input.format.bytesPerSample == 0
        else { return false }
        append(audio)
        return true
    }
}
