import SansIO

/// A request to the Responses API, checked: `POST /v1/responses`.
///
/// Source: OpenAI's API reference, responses.
struct ResponsesRequest: Sendable {
    let model: String
    /// All items that the model reads, those of earlier responses included.
    let entries: [Dialogue.Entry]
    let dialogue: Dialogue
    let streams: Bool
    /// Whether a later request may go on from this one.
    let isStored: Bool
    let settings: ResponseSettings
    let includesObfuscation: Bool

    /// - Parameter previous: The context behind a response that is stored; `nil` for one that is not.
    /// - Throws: ``RealtimeError`` with the first fault, as OpenAI's server words it.
    init(
        parsing body: [UInt8], _ names: OfflineNames, previous: (_ responseID: String) -> [Dialogue.Entry]?
    ) throws(RealtimeError) {
        let json = try Shape.object(in: body)
        try Shape.responses.check(json, at: "")
        try Shape.checkCount(json["input"], atMost: Shape.maximumEntries, at: "input")
        try Shape.checkCount(json["tools"], atMost: Shape.maximumTools, at: "tools")
        try Shape.checkMetadata(json["metadata"] ?? .null, at: "metadata")
        model = json["model"]?.string ?? ""
        try ModelCatalogue.check(model, in: ModelCatalogue.text, names)
        streams = json["stream"]?.bool ?? false
        isStored = json["store"]?.bool ?? true
        includesObfuscation = json["stream_options"]?["include_obfuscation"]?.bool ?? true
        settings = try ResponseSettings(json, model: model)
        var entries: [Dialogue.Entry] = []
        if let id = settings.previousResponseID {
            guard let stored = previous(id) else {
                throw RealtimeError(
                    code: "previous_response_not_found", message: "Previous response with id '\(id)' not found.",
                    param: "previous_response_id")
            }
            entries = stored
        }
        entries += try Self.entries(json["input"] ?? .null)
        try Self.checkCalls(entries)
        self.entries = entries
        var dialogue = Dialogue(instructions: json["instructions"]?.string ?? "", entries: entries)
        dialogue.takeLeadingInstructions()
        dialogue.tools = settings.callableTools
        self.dialogue = dialogue.takingOwnInstructions()
    }

    private static func entries(_ input: JSON) throws(RealtimeError) -> [Dialogue.Entry] {
        if let text = input.string { return [.message(role: "user", text: text)] }
        var entries: [Dialogue.Entry] = []
        for (index, item) in (input.array ?? []).enumerated() {
            if let entry = try Dialogue.Entry(responseItem: item, at: "input[\(index)]") { entries.append(entry) }
        }
        return entries
    }

    /// Every call has its output, and every output its call.
    private static func checkCalls(_ entries: [Dialogue.Entry]) throws(RealtimeError) {
        var open: [String] = []
        for entry in entries {
            switch entry {
            case .message: continue
            case .call(let id, _, _): open.append(id)
            case .result(let callID, _):
                guard let place = open.firstIndex(of: callID) else {
                    throw RealtimeError(
                        code: nil, message: "No tool call found for function call output with call_id \(callID).",
                        param: "input")
                }
                open.remove(at: place)
            }
        }
        if let callID = open.first {
            throw RealtimeError(
                code: nil, message: "No tool output found for function call \(callID).", param: "input")
        }
    }

    /// The persona's answer as the endpoint sends it, and the answer's identifier and items for the store.
    func reply(
        to steps: [PersonaStep], _ context: ReplyContext
    ) -> (reply: EndpointReply, responseID: String, output: [Dialogue.Entry]) {
        var stream = ResponseStream(
            settings, reading: dialogue, context, obfuscation: includesObfuscation)
        let answer = stream.play(steps)
        let entries = stream.output.compactMap(Dialogue.Entry.init(outputItem:))
        if streams {
            if answer.events.isEmpty, let failure = answer.wholeFailure { return (failure, stream.id, entries) }
            let pieces = stream.events.map { delay, event in
                EndpointReply.Piece.event(event.data, name: event.name, at: delay)
            }
            let reply = EndpointReply.eventStream(
                pieces, ending: answer.end == .dropped ? .dropped : .complete, endDelay: answer.endDelay)
            return (reply, stream.id, entries)
        }
        if let failure = answer.wholeFailure { return (failure, stream.id, entries) }
        return (EndpointReply.json(stream.response).delayed(by: answer.endDelay), stream.id, entries)
    }
}

extension Dialogue {
    /// Makes instructions of the system messages that stand in front.
    mutating func takeLeadingInstructions() {
        let leading = entries.prefix { $0.role == "system" }
        guard !leading.isEmpty else { return }
        instructions = ([instructions] + leading.map(\.text)).filter { !$0.isEmpty }.joined(separator: "\n")
        entries.removeFirst(leading.count)
    }
}

extension Dialogue.Entry {
    /// An input item of the Responses API; `nil` for one that says nothing here, such as reasoning.
    init?(responseItem item: JSON, at path: String) throws(RealtimeError) {
        var item = item
        if item["type"] == nil { item["type"] = "message" }
        try Shape.responseItem.check(item, at: path)
        switch item["type"]?.string {
        case "function_call":
            self = .call(
                id: item["call_id"]?.string ?? "", name: item["name"]?.string ?? "",
                arguments: item["arguments"]?.string ?? "")
        case "function_call_output":
            let output = try Self.text(of: item["output"], shape: Shape.responseUserPart, at: "\(path).output")
            self = .result(callID: item["call_id"]?.string ?? "", output: output)
        case "message":
            let role = item["role"]?.string ?? ""
            let shape = role == "assistant" ? Shape.responseAssistantPart : Shape.responseUserPart
            let text = try Self.text(of: item["content"], shape: shape, at: "\(path).content")
            self = .message(role: role == "developer" ? "system" : role, text: text)
        default: return nil
        }
    }

    /// An output item of ours.
    fileprivate init?(outputItem item: JSON) {
        switch item["type"]?.string {
        case "function_call":
            self = .call(
                id: item["call_id"]?.string ?? "", name: item["name"]?.string ?? "",
                arguments: item["arguments"]?.string ?? "")
        case "message": self = .message(role: "assistant", text: item["content"]?[0]?["text"]?.string ?? "")
        default: return nil
        }
    }

    private static func text(of content: JSON?, shape: Shape, at path: String) throws(RealtimeError) -> String {
        guard let parts = content?.array else { return content?.string ?? "" }
        var texts: [String] = []
        for (index, part) in parts.enumerated() {
            try shape.check(part, at: "\(path)[\(index)]")
            if let text = part["text"]?.string ?? part["refusal"]?.string { texts.append(text) }
        }
        return texts.joined(separator: " ")
    }
}
