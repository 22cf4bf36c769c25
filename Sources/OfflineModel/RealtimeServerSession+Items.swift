import SansIO

/// The conversation: items made, read, shortened and deleted by the client.
extension RealtimeServerSession {
    /// Puts a finished item at `index` and tells the client.
    mutating func insert(_ item: ConversationItem, at index: Int) {
        let previous = index > 0 ? items[index - 1].id : nil
        items.insert(item, at: index)
        for event in ["conversation.item.added", "conversation.item.done"] {
            emit(event, ["previous_item_id": JSON(orNull: previous), "item": item.json()])
        }
    }

    /// Reads an item that a client gave.
    mutating func parseItem(_ json: JSON, at path: String) throws(RealtimeError) -> ConversationItem {
        var identifiers = identifiers
        let item = try ConversationItem(parsing: json, at: path, format: settings.inputFormat) { prefix in
            identifiers.next(prefix)
        }
        self.identifiers = identifiers
        return item
    }

    mutating func createItem(_ json: JSON, after previousID: String?) throws(RealtimeError) {
        var item = try parseItem(json, at: "item")
        guard !items.contains(where: { $0.id == item.id }) else {
            throw RealtimeError(
                code: "item_create_duplicate_id",
                message: "Error creating item: an item with id '\(item.id)' exists already.", param: "item.id")
        }
        if case .functionCallOutput(let callID, _) = item.content { try checkCallID(callID) }
        let index = try position(after: previousID)
        if !configuration.hears, item.awaitsRecognition { item.setWords("") }
        insert(item, at: index)
        for case .inputAudio(let audio, _, nil, _) in item.parts {
            recognise(audio, format: settings.inputFormat, itemID: item.id)
        }
    }

    private func checkCallID(_ callID: String) throws(RealtimeError) {
        let isKnown = items.contains { item in
            if case .functionCall(_, callID, _) = item.content { true } else { false }
        }
        guard isKnown else {
            throw RealtimeError(
                code: "invalid_tool_call_id", message: "Tool call ID '\(callID)' not found in conversation.",
                param: "item.call_id")
        }
    }

    /// Index for an item that shall stand behind `previousID`; `nil` appends, `root` is the front.
    private func position(after previousID: String?) throws(RealtimeError) -> Int {
        guard let previousID else { return items.count }
        if previousID == "root" { return 0 }
        guard let index = items.firstIndex(where: { $0.id == previousID }) else {
            throw RealtimeError(
                code: "item_create_invalid_previous_item_id",
                message: "Error creating item: the previous item with id '\(previousID)' does not exist.",
                param: "previous_item_id")
        }
        return index + 1
    }

    private func index(of itemID: String, forThe verb: String, code: String) throws(RealtimeError) -> Int {
        guard let index = items.firstIndex(where: { $0.id == itemID }) else {
            throw RealtimeError(
                code: code, message: "Error \(verb) item: item with id '\(itemID)' does not exist.", param: "item_id")
        }
        return index
    }

    mutating func retrieveItem(_ itemID: String) throws(RealtimeError) {
        let index = try index(of: itemID, forThe: "retrieving", code: "item_retrieve_invalid_item_id")
        emit("conversation.item.retrieved", ["item": items[index].json(audio: true)])
    }

    mutating func deleteItem(_ itemID: String) throws(RealtimeError) {
        let index = try index(of: itemID, forThe: "deleting", code: "item_delete_invalid_item_id")
        items.remove(at: index)
        emit("conversation.item.deleted", ["item_id": .string(itemID)])
        for response in responses.indices { startThinkingIfReady(at: response) }
    }

    /// Shortens a spoken item to what the far end has heard, and forgets its transcript.
    mutating func truncateItem(_ itemID: String, part: Int64, end: Int64) throws(RealtimeError) {
        let index = try index(of: itemID, forThe: "truncating", code: "item_truncate_invalid_item_id")
        guard case .message(.assistant, var parts) = items[index].content, part < Int64(parts.count),
            case .outputAudio(let milliseconds, let spoken, _) = parts[Int(part)], end > 0, milliseconds > 0
        else {
            throw RealtimeError(
                code: "unsupported_content_type", message: "Only model output audio messages can be truncated.")
        }
        guard end <= milliseconds else {
            throw .wrongValue(
                "audio_end_ms", "Audio content of \(milliseconds)ms is already shorter than \(end)ms")
        }
        let words = Self.pieces(of: spoken)
        let heard = words.prefix(Int(Double(words.count) * Double(end) / Double(milliseconds))).joined()
        parts[Int(part)] = .outputAudio(milliseconds: end, spoken: heard, transcript: nil)
        items[index].content = .message(.assistant, parts)
        emit(
            "conversation.item.truncated",
            ["item_id": .string(itemID), "content_index": .integer(part), "audio_end_ms": .integer(end)])
    }
}
